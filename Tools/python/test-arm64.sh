#!/bin/sh
# Tries the package on AArch64 as Debian $SUITE (default bookworm, Debian 12) has it: its wheel is installed by pip into a fresh
# debootstrap root beside Debian's own Python, NumPy, Pillow and pytest, run there by QEMU. Embeddings, task files, answers and a
# trained tail (Tools/python/bits.py) are compared with this machine's, bit for bit, and the tests are run; ARGUMENT...: of pytest,
# instead of all. The estimator's tests are skipped: it needs scikit-learn 1.6, younger than Debian 12's.
# Takes too long for .ci/run. Needs root, debootstrap, qemu-user-static, gcc-aarch64-linux-gnu.
set -e
cd "$(dirname "$0")/../.."
here=$PWD/.build/python/arm64
suite=${SUITE:-bookworm}
root=$here/root
base=$here/debian-$suite.tar

skip() { echo "SKIPPED: the Python package on AArch64: $1"; exit 0; }
fail() { echo "$0: $1" >&2; exit 1; }

[ "$(id -u)" = 0 ] || skip "must be root: debootstrap and chroot"
for tool in debootstrap qemu-aarch64-static aarch64-linux-gnu-gcc; do
  command -v $tool > /dev/null || skip "no $tool (debootstrap, qemu-user-static, gcc-aarch64-linux-gnu)"
done
. Tools/python/environment.sh
machine=$(uname -m)
Tools/python/build-wheel.sh "$machine" aarch64
wheel=$(ls -t .build/python/dist/edgessl-*aarch64.whl | head -n 1)

# The emulator, as the kernel starts it; an entry that was made here goes again at the end.
binfmt=/proc/sys/fs/binfmt_misc
registered=
[ -e $binfmt/register ] || mount -t binfmt_misc binfmt_misc $binfmt 2> /dev/null || skip "no binfmt_misc"
finish() {
  umount "$root/proc" 2> /dev/null || true
  if [ -n "$registered" ]; then echo -1 > $binfmt/edgessl-aarch64; fi
}
trap finish EXIT
if [ ! -e $binfmt/qemu-aarch64 ] && [ ! -e $binfmt/edgessl-aarch64 ]; then
  magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
  mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
  printf '%s' ":edgessl-aarch64:M::$magic:$mask:/usr/bin/qemu-aarch64-static:F" > $binfmt/register
  registered=yes
fi

# The packages are unpacked here and not configured: under the emulator that takes far longer than the tests.
mkdir -p "$here/debs"
umount "$root/proc" 2> /dev/null || true
if [ ! -e "$base" ]; then
  rm -rf "$root"
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
  debootstrap --arch=arm64 --variant=minbase --foreign --cache-dir="$here/debs" \
    --include=python3-numpy,python3-pil,python3-pip,python3-pytest "$suite" "$root" "$mirror" > "$here/debootstrap.log" ||
    { tail -n 5 "$here/debootstrap.log" >&2; fail "debootstrap failed"; }
  for package in "$root"/var/cache/apt/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C "$root"
  done
  # What configuration would have linked.
  for library in blas/libblas.so.3 lapack/liblapack.so.3; do ln -sf $library "$root/usr/lib/aarch64-linux-gnu/"; done
  rm -f "$root/dev/null" "$root/dev/urandom"
  mknod -m 666 "$root/dev/null" c 1 3
  mknod -m 666 "$root/dev/urandom" c 1 9
  tar -cf "$base.part" -C "$root" --exclude=./var/cache .
  mv "$base.part" "$base"
fi
rm -rf "$root"
mkdir "$root"
tar -xf "$base" -C "$root"
mount -t proc proc "$root/proc"

# As the tests find the repository: python/tests, and what they read of it.
mkdir -p "$root/work/python" "$root/work/Sources/CInterfaceHeader" "$root/work/Documentation" "$root/work/Tools"
cp -R python/tests "$root/work/python/"
cp -R Sources/CInterfaceHeader/include "$root/work/Sources/CInterfaceHeader/"
cp -R Examples models "$root/work/"
cp -R Documentation/python.md "$root/work/Documentation/"
cp -R Tools/python "$root/work/Tools/"
cp "$wheel" "$root/tmp/"
chroot "$root" python3 -m pip install --quiet --no-index --no-deps --break-system-packages --root-user-action=ignore \
  "/tmp/$(basename "$wheel")"
chroot "$root" python3 -c 'import platform, numpy, PIL, edgessl
print(platform.machine(), "Python", platform.python_version(), "NumPy", numpy.__version__, "Pillow", PIL.__version__)'

pixels=$here/pixels.npz
"$python" Tools/python/bits.py --pixels "$pixels"
cp "$pixels" "$root/tmp/pixels.npz"
PYTHONPATH=.build/python/tree-$machine/src "$python" Tools/python/bits.py "$pixels" "$here/bits-here.txt"
chroot "$root" sh -c 'cd /work && python3 Tools/python/bits.py /tmp/pixels.npz /tmp/bits.txt'
diff "$here/bits-here.txt" "$root/tmp/bits.txt" || fail "AArch64 (>) has other bits than this machine (<)"
echo "the same bits on AArch64: $(wc -l < "$here/bits-here.txt") checksums of embeddings, files, answers"

chroot "$root" sh -c 'cd /work/python/tests && exec python3 -m pytest -q -p no:cacheprovider -rs "$@"' sh "${@:-.}"
echo "the wheel $(basename "$wheel") was installed and tested on Debian $suite, arm64"
