#ifndef SEMIHOSTING_H
#define SEMIHOSTING_H

#include <stddef.h>
#include <stdint.h>

// Output through a debugger or QEMU (Arm, "Semihosting for AArch32 and AArch64"). On a board, replace these by a serial port.
static inline uint32_t semihosting_call(uint32_t operation, const void *argument) {
  register uint32_t call __asm("r0") = operation;
  register const void *block __asm("r1") = argument;
  __asm volatile("bkpt 0xAB" : "+r"(call) : "r"(block) : "memory");
  return call;
}

static inline void semihosting_print(const char *text) { semihosting_call(0x04, text); }

static inline void semihosting_exit(int code) {
  // SYS_EXIT_EXTENDED with ADP_Stopped_ApplicationExit.
  const uint32_t block[2] = {0x20026, (uint32_t)code};
  semihosting_call(0x20, block);
  for (;;) {
  }
}

#endif
