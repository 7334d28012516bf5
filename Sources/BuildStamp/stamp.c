#include "BuildStamp.h"

// Volatile, because what the compiler sees here is not what the program will hold.
__attribute__((section("edgessl_stamp"), used)) static const volatile char stamp[BUILD_STAMP_BYTES] = "unknown";

const char *build_stamp(void) { return (const char *)stamp; }
