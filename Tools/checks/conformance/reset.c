// Start of the conformance program on a Cortex-M7: floating point unit on, then newlib's start, which reads the command line and
// files by semihosting.
#include <stdint.h>
#include <stdlib.h>

extern uint32_t __stack[];
extern void _start(void);

__attribute__((naked, used)) void Reset(void) {
  // CPACR: full access to coprocessors 10 and 11.
  __asm volatile(
      "ldr r0, =0xE000ED88\n ldr r1, [r0]\n orr r1, r1, #0xF00000\n str r1, [r0]\n dsb\n isb\n"
      "ldr r0, =__stack\n mov sp, r0\n b _start\n");
}

// 40 words 04 18 and 1: SYS_WRITE0 and angel's exit with an error.
static void Fault(void) {
  static const char text[] = "fault\n";
  register uint32_t call __asm("r0") = 4;
  register const char *argument __asm("r1") = text;
  __asm volatile("bkpt 0xAB" : "+r"(call) : "r"(argument) : "memory");
  abort();
}

__attribute__((section(".vectors"), used)) static void *const vectors[16] = {
    __stack,
    (void *)Reset,
    (void *)Fault,
    (void *)Fault,
    (void *)Fault,
    (void *)Fault,
    (void *)Fault,
};
