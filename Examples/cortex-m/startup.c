// Start of a Cortex-M7 without an operating system: vectors, floating point unit, memory.
#include <stdint.h>

#include "semihosting.h"

extern uint32_t data_start[], data_end[], data_load[], bss_start[], bss_end[], stack_start[], stack_end[];
int main(void);

static void start(void) {
  for (uint32_t *target = data_start, *source = data_load; target < data_end;) *target++ = *source++;
  for (uint32_t *target = bss_start; target < bss_end;) *target++ = 0;
  // What of the stack was never used keeps this pattern.
  for (uint32_t *target = stack_start; (uint32_t)target < (uint32_t)__builtin_frame_address(0) - 64;) *target++ = 0x5AFE5AFEu;
  semihosting_exit(main());
}

__attribute__((naked, used)) void reset(void) {
  // CPACR: full access to the floating point unit. Flush-to-zero stays off (FPSCR is 0 after reset): the bits are those of a PC.
  __asm volatile("ldr r0, =0xE000ED88\n ldr r1, [r0]\n orr r1, r1, #0xF00000\n str r1, [r0]\n dsb\n isb\n b %c0" : : "i"(start));
}

static void fault(void) {
  semihosting_print("fault\n");
  semihosting_exit(1);
}

__attribute__((section(".vectors"), used)) static void *const vectors[16] = {
    stack_end,
    (void *)reset,
    (void *)fault,
    (void *)fault,
    (void *)fault,
    (void *)fault,
    (void *)fault,
};

// What the library asks of a C library, here without one.
void *memcpy(void *restrict target, const void *restrict source, __SIZE_TYPE__ count) {
  uint8_t *to = target;
  for (const uint8_t *from = source; count > 0; count--) *to++ = *from++;
  return target;
}

void *memmove(void *target, const void *source, __SIZE_TYPE__ count) {
  uint8_t *to = target;
  const uint8_t *from = source;
  if (to < from) return memcpy(target, source, count);
  while (count-- > 0) to[count] = from[count];
  return target;
}

void *memset(void *target, int value, __SIZE_TYPE__ count) {
  for (uint8_t *to = target; count > 0; count--) *to++ = (uint8_t)value;
  return target;
}

// The same under the names of Arm's run-time ABI: no result, and `fill` takes its arguments in another order.
#define ALIAS(name, function) __attribute__((alias(#function))) void name(void *, const void *, __SIZE_TYPE__)
static void copy(void *target, const void *source, __SIZE_TYPE__ count) { memmove(target, source, count); }
static void fill(void *target, __SIZE_TYPE__ count, int value) { memset(target, value, count); }
static void clear(void *target, __SIZE_TYPE__ count) { memset(target, 0, count); }
ALIAS(__aeabi_memcpy, copy);
ALIAS(__aeabi_memcpy4, copy);
ALIAS(__aeabi_memcpy8, copy);
ALIAS(__aeabi_memmove, copy);
ALIAS(__aeabi_memmove4, copy);
ALIAS(__aeabi_memmove8, copy);
__attribute__((alias("fill"))) void __aeabi_memset(void *, __SIZE_TYPE__, int);
__attribute__((alias("fill"))) void __aeabi_memset4(void *, __SIZE_TYPE__, int);
__attribute__((alias("fill"))) void __aeabi_memset8(void *, __SIZE_TYPE__, int);
__attribute__((alias("clear"))) void __aeabi_memclr(void *, __SIZE_TYPE__);
__attribute__((alias("clear"))) void __aeabi_memclr4(void *, __SIZE_TYPE__);
__attribute__((alias("clear"))) void __aeabi_memclr8(void *, __SIZE_TYPE__);
