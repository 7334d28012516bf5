#!/bin/sh
# Runs the command for AArch64 under QEMU, on $EDGESSL_PROCESSOR (default: QEMU's best).
root=$(realpath "${0%/*}/../..")/.build/arm64-command
exec qemu-aarch64 -cpu "${EDGESSL_PROCESSOR:-max}" -L "$root/sysroot" "$root/edgessl" "$@"
