#!/bin/sh
# Tries the packages of `make deb` on bare Debian systems: ARCHITECTURE... of amd64, arm64 (default: both). Each is installed into
# a fresh debootstrap root of Debian $SUITE (default bookworm, Debian 12; arm64 is run by QEMU through binfmt_misc), teaches and answers
# there with the bytes of this machine's command, serves the teach page, links and runs a C program, and is removed; nothing of it may
# stay.
# Takes minutes, of which most is debootstrap's, so it is no part of .ci/run. Needs root, debootstrap, lintian, qemu-user-static.
set -e
cd "$(dirname "$0")/../.."
packages=$PWD/.build/packages
parts=$PWD/Examples/parts
here=$PWD/.build/release/edgessl
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
[ "$(id -u)" = 0 ] || { echo "$0: must be root: debootstrap and chroot" >&2; exit 77; }

fail() { echo "$0: $1" >&2; exit 1; }

# All files but what any installation changes: the package manager's own records and the loader's cache.
contents() {
  (cd "$root" && find . -xdev \( -path ./proc -o -path ./dev -o -path ./sys -o -path ./var/lib/dpkg -o -path ./var/log \
    -o -path ./var/cache/ldconfig -o -path ./etc/ld.so.cache \) -prune -o -printf '%p %m %s\n' | grep -vE '^\./(etc|run|var/cache)? ' | LC_ALL=C sort)
  chroot "$root" dpkg-query --show
}

# An emulator for programs of AArch64, as the kernel starts them; gone again at the end.
emulate() {
  [ -x /usr/bin/qemu-aarch64-static ] || { echo "SKIPPED: the package for arm64: no qemu-aarch64-static" >&2; return 1; }
  binfmt=/proc/sys/fs/binfmt_misc
  [ -e $binfmt/register ] || mount -t binfmt_misc binfmt_misc $binfmt || { echo "SKIPPED: the package for arm64: no binfmt_misc" >&2; return 1; }
  [ ! -e $binfmt/qemu-aarch64 ] && [ ! -e $binfmt/edgessl-aarch64 ] || return 0
  magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
  mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
  printf '%s' ":edgessl-aarch64:M::$magic:$mask:/usr/bin/qemu-aarch64-static:F" > $binfmt/register
  trap stop_emulation EXIT
}
stop_emulation() { [ ! -e /proc/sys/fs/binfmt_misc/edgessl-aarch64 ] || echo -1 > /proc/sys/fs/binfmt_misc/edgessl-aarch64; }

try() {
  architecture=$1 suite=$2 triplet=$3 compiler=$4 foreign=$5
  package=$(ls "$packages"/edgessl_*_"$architecture".deb 2> /dev/null) || { echo "SKIPPED: no package for $architecture (make deb)"; return; }
  lintian --fail-on error "$package"
  root=$packages/root-$architecture
  base=$packages/debian-$suite-$architecture.tar
  if [ ! -e "$base" ]; then
    rm -rf "$root"
    debootstrap --arch="$architecture" --variant=minbase $foreign "$suite" "$root" "$mirror" > "$packages/debootstrap.log" ||
      { tail -n 5 "$packages/debootstrap.log" >&2; fail "debootstrap of $suite for $architecture failed"; }
    [ -z "$foreign" ] || chroot "$root" /debootstrap/debootstrap --second-stage > "$packages/debootstrap.log"
    tar -cf "$base" -C "$root" .
  fi
  rm -rf "$root"
  mkdir "$root"
  tar -xf "$base" -C "$root"
  contents > "$packages/before.txt"

  # Swift reads its arguments there.
  mount -t proc proc "$root/proc"
  trap 'umount "$root/proc"; stop_emulation' EXIT
  cp "$package" "$root/tmp/edgessl.deb"
  chroot "$root" dpkg -i /tmp/edgessl.deb > "$packages/install.log" || { cat "$packages/install.log" >&2; fail "cannot be installed"; }
  chroot "$root" edgessl --version
  cp -r "$parts" "$root/tmp/parts"
  chroot "$root" sh -e -c 'cd /tmp
    edgessl adapt parts/support -o task.tnn 2> messages
    edgessl classify parts/query/*/01.jpg --model task.tnn --json 2>> messages | sed "s/,\"milliseconds.*//" > answers
    edgessl models --json > models
    bash -n /usr/share/bash-completion/completions/edgessl
    test -f /usr/share/man/man1/edgessl-adapt.1.gz' || { cat "$root/tmp/messages" >&2; fail "edgessl fails in $suite"; }
  (cd "$packages" && "$here" adapt "$parts/support" -o here.tnn 2> /dev/null > /dev/null)
  cmp "$packages/here.tnn" "$root/tmp/task.tnn" || fail "the task learned on $suite for $architecture differs"
  [ "$(grep -c '"unknown":false' "$root/tmp/answers")" = 5 ] || { cat "$root/tmp/answers" >&2; fail "other answers than for five parts"; }

  chroot "$root" edgessl serve --folder /tmp/teach --listen 127.0.0.1:8911 2> "$packages/serve.log" &
  server=$! tries=0
  until board=$(curl -sf http://127.0.0.1:8911/api/board); do
    tries=$((tries + 1))
    [ $tries -lt 60 ] || { cat "$packages/serve.log" >&2; fail "the teach page does not answer"; }
    sleep 1
  done
  kill $server
  wait $server || fail "the teach page's server ended with $?"
  case $board in '{"revision":'*) ;; *) fail "the teach page answers $board" ;; esac

  printf '#include <tinynn.h>\n#include <stdio.h>\nint main(void) { printf("tinynn.h %%x\\n", tinynn_version()); return tinynn_version() != TINYNN_VERSION; }\n' > "$packages/program.c"
  flags=$(PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_LIBDIR=$root/usr/lib/$triplet/pkgconfig pkg-config --cflags --libs tinynn)
  "$compiler" "$packages/program.c" $flags -o "$root/tmp/program"
  chroot "$root" /tmp/program
  llvm-readelf --needed-libs "$root/tmp/program" | grep -q libtinynn.so.1 || fail "the program does not use libtinynn.so.1"
  if command -v systemd-analyze > /dev/null; then
    systemd-analyze verify --root="$root" edgessl-watch.service edgessl-serve.service 2> "$packages/unit.log" || cat "$packages/unit.log"
  fi

  chroot "$root" dpkg --purge edgessl > /dev/null
  rm -r "$root"/tmp/*
  umount "$root/proc"
  trap stop_emulation EXIT
  contents > "$packages/after.txt"
  diff "$packages/before.txt" "$packages/after.txt" || fail "files stay after the package is removed"
  rm -r "$root"
  echo "$package: installed, tried and removed on Debian $suite, $architecture"
}

for architecture in ${@:-amd64 arm64}; do
  case $architecture in
    amd64) try amd64 "${SUITE:-bookworm}" x86_64-linux-gnu gcc "" ;;
    arm64) if emulate; then try arm64 "${SUITE:-bookworm}" aarch64-linux-gnu aarch64-linux-gnu-gcc --foreign; fi ;;
    *) echo "$0: unknown architecture $architecture (amd64, arm64)" >&2; exit 64 ;;
  esac
done
