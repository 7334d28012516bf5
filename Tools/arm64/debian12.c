// What the Swift library of Debian unstable takes from a C library younger than Debian 12's (2.36), so that the command runs there,
// too. Linked into the command for AArch64; nothing else sees these functions.
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The same functions but for binary literals such as 0b1, which C23 has; nothing here reads any.
#define OLD(type, name, parameters, arguments)            \
  extern type old_##name parameters;                      \
  __asm__(".symver old_" #name ", " #name "@GLIBC_2.17"); \
  type __isoc23_##name parameters { return old_##name arguments; }
OLD(long, strtol, (const char *text, char **end, int base), (text, end, base))
OLD(long long, strtoll, (const char *text, char **end, int base), (text, end, base))
OLD(unsigned long, strtoul, (const char *text, char **end, int base), (text, end, base))

extern int old_vsscanf(const char *, const char *, va_list);
__asm__(".symver old_vsscanf, vsscanf@GLIBC_2.17");
int __isoc23_sscanf(const char *text, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int count = old_vsscanf(text, format, arguments);
  va_end(arguments);
  return count;
}

// 2.38's no longer set errno.
extern double old_fmod(double, double);
extern float old_fmodf(float, float);
__asm__(".symver old_fmod, fmod@GLIBC_2.17");
__asm__(".symver old_fmodf, fmodf@GLIBC_2.17");
double fmod(double x, double y) { return old_fmod(x, y); }
float fmodf(float x, float y) { return old_fmodf(x, y); }

size_t strlcpy(char *target, const char *source, size_t size) {
  size_t length = strlen(source);
  if (size > 0) {
    size_t copied = length < size ? length : size - 1;
    memcpy(target, source, copied);
    target[copied] = 0;
  }
  return length;
}

size_t strlcat(char *target, const char *source, size_t size) {
  size_t start = strnlen(target, size);
  return start + strlcpy(target + start, source, size - start);
}
