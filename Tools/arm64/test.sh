#!/bin/sh
# Runs the command's own tests, which `make test` has built, on the command for AArch64 under QEMU. Skipped, loudly, where that could
# not be built.
#
# Left out: what limits the size of files or memory, or reads how much memory is taken, which under QEMU are QEMU's; and what puts
# a library or a program of this machine into the command or beside it (libmosquitto, LD_PRELOAD, edgessl-serve).
set -e
cd "$(dirname "$0")/../.."
skip() { echo "SKIPPED: the command's tests on AArch64: $1"; exit 0; }
command -v qemu-aarch64 > /dev/null || skip "no qemu-aarch64 (make deps-arm)"
[ -x .build/arm64-command/edgessl ] || skip "no .build/arm64-command/edgessl"
left='MemoryLimitTests|ResidentMemoryTests|outputsThatCannotBeWritten|badOutputs|manyPhotosStreamWithinTheBudget|memoryStaysTheSame|BuildVersionTests|PowerCutTests|ServeTests|WatchBrokerTests'
EDGESSL_COMMAND=$PWD/Tools/arm64/emulated.sh swift test --skip-build --filter '^edgesslTests\.' --skip "$left"
