#!/bin/sh
# Runs the tests under sanitizers, each in a build of its own under .build/sanitize.
#
#   Tools/checks/sanitize.sh [memory|thread]... [-- ARGUMENTS OF SWIFT TEST]
#
# memory: the address sanitizer, and the undefined-behaviour sanitizer for the C kernels and decoders. thread: data races.
# A finding ends the test process, or the command that a test runs, with an exit code that no test accepts.
#
# Left out: tests that limit the address space, of which the sanitizers reserve terabytes, that measure memory or time, and that load
# a library before the C library, which has to be the sanitizer's.
set -e
cd "$(dirname "$0")/../.."
kinds=""
while [ $# -gt 0 ] && [ "$1" != -- ]; do kinds="$kinds $1"; shift; done
[ "$1" != -- ] || shift
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=0:exitcode=99
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1:exitcode=99
export TSAN_OPTIONS=halt_on_error=1:exitcode=99
left_out="--skip MemoryLimitTests --skip ResidentMemoryTests --skip PowerCutTests --skip BenchTests"

for kind in ${kinds:-memory thread}; do
  case $kind in
  # The toolchain has no -sanitize=undefined for Swift on Linux, and needs none there: Swift's own checks are on.
  memory) flags="--sanitize address -Xcc -fsanitize=undefined -Xcc -fno-sanitize-recover=undefined" ;;
  thread) flags="--sanitize thread" ;;
  *) echo "$0: $kind: is not a kind; there is: memory, thread" >&2; exit 64 ;;
  esac
  place="--scratch-path .build/sanitize/$kind"
  echo "== $kind"
  ${SWIFT:-swift} build $place $flags --product edgessl
  ${SWIFT:-swift} build $place $flags --product edgesslPackageTests
  ${SWIFT:-swift} test $place $flags --skip-build $left_out "$@"
done
