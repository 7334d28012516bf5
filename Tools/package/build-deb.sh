#!/bin/sh
# Builds Debian packages: ARCHITECTURE... of amd64, arm64 (default: both), as .build/packages/edgessl_VERSION_ARCHITECTURE.deb: the
# command and the teach page's server, the shipped encoders, man pages and completions that the argument parser makes, tinynn.h with its
# static and shared library, and systemd units. `make deb` has built what goes in; arm64 is skipped, loudly, where it was not built.
# The maintainer is who made the commit, or DEBFULLNAME and DEBEMAIL, as for other tools of Debian.
#
# The youngest C library that a program or library in the package needs is read from its symbol versions and becomes the package's
# dependency; nothing else is needed. The bytes of a package follow from the commit alone.
set -e
cd "$(dirname "$0")/../.."
version=$(sed -n 's/.*static let number = "\(.*\)"$/\1/p' Sources/edgessl/Console/BuildVersion.swift)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2> /dev/null || date +%s)
export SOURCE_DATE_EPOCH
date=$(LC_ALL=C date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%d)
maintainer="${DEBFULLNAME:-$(git log -1 --format=%cn)} <${DEBEMAIL:-$(git log -1 --format=%ce)}>"
native=.build/release/edgessl # for the texts, which are the same for every architecture
umask 022

# `put FILE FOLDER [NAME]`: a file of the package that is no program.
put() { install -D -m 644 "$1" "$root/$2/${3:-$(basename "$1")}"; }

build() {
  architecture=$1 machine=$2 programs=$3
  triplet=$machine-linux-gnu
  libraries=usr/lib/$triplet
  built=.build/firmware/$machine
  root=.build/packages/$architecture
  rm -rf "$root"

  for program in edgessl edgessl-serve; do
    install -D "$programs/$program" "$root/usr/bin/$program"
    llvm-objcopy --strip-all --remove-section=.comment "$root/usr/bin/$program"
  done
  for file in models/accuracy.txt models/*/*.tnn; do put $file usr/share/edgessl/"$(dirname $file)"; done

  "$native" --experimental-dump-help | Tools/package/man_pages.py "$version" "$date" "$root/usr/share/man/man1"
  "$native" --generate-completion-script bash > .build/packages/completion && put .build/packages/completion usr/share/bash-completion/completions edgessl
  "$native" --generate-completion-script zsh > .build/packages/completion && put .build/packages/completion usr/share/zsh/vendor-completions _edgessl
  "$native" --generate-completion-script fish > .build/packages/completion && put .build/packages/completion usr/share/fish/vendor_completions.d edgessl.fish

  put Sources/CInterfaceHeader/include/tinynn.h usr/include
  put $built/libtinynn.a $libraries
  llvm-objcopy --strip-debug "$root/$libraries/libtinynn.a"
  put $built/libtinynn.so $libraries libtinynn.so.1
  ln -s libtinynn.so.1 "$root/$libraries/libtinynn.so"
  sed "s|@PREFIX@|/usr|; s|^Libs: .*|Libs: -L\${prefix}/lib/$triplet -ltinynn|" Tools/firmware/tinynn.pc.in > .build/packages/tinynn.pc
  put .build/packages/tinynn.pc $libraries/pkgconfig

  # Not started by themselves: they need the camera's address first, and watch a task file.
  for unit in edgessl-watch edgessl-serve; do
    sed -e 's|/usr/local/bin|/usr/bin|; /sudo cp /d; s|Examples/camera/watch.env|/usr/share/doc/edgessl/examples/watch.env|' \
      -e 's|Documentation/|/usr/share/doc/edgessl/|' Examples/camera/$unit.service > .build/packages/unit
    put .build/packages/unit usr/lib/systemd/system $unit.service
  done
  put Examples/camera/watch.env usr/share/doc/edgessl/examples
  put Documentation/camera.md usr/share/doc/edgessl
  put Documentation/teach-page.md usr/share/doc/edgessl
  put Tools/package/copyright usr/share/doc/edgessl
  cat > .build/packages/changelog << END
edgessl ($version) unstable; urgency=medium

  * Built of commit $(git rev-parse --short=12 HEAD 2> /dev/null || echo unknown).

 -- $maintainer  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
END
  put .build/packages/changelog usr/share/doc/edgessl
  gzip -9n "$root"/usr/share/man/man1/*.1 "$root/usr/share/doc/edgessl/changelog"
  put Tools/package/lintian-overrides usr/share/lintian/overrides edgessl

  needs=$(for file in "$root"/usr/bin/* "$root/$libraries/libtinynn.so.1"; do llvm-readelf --version-info "$file"; done |
    grep -oE 'GLIBC_[0-9.]+' | sort -uV | tail -n 1)
  install -d "$root/DEBIAN"
  echo "libtinynn 1 edgessl (>= $version)" > "$root/DEBIAN/shlibs"
  { echo "libtinynn.so.1 edgessl #MINVER#"
    llvm-nm --dynamic --defined-only "$root/$libraries/libtinynn.so.1" | awk '$2 == "T" { print $3 }' | sed "s/@@/@/; s/\$/ $version/; s/^/ /"
  } | sed 's/#MINVER#/(>= '"$version"')/' > "$root/DEBIAN/symbols"
  echo "activate-noawait ldconfig" > "$root/DEBIAN/triggers"
  (cd "$root" && find usr -type f | LC_ALL=C sort | xargs md5sum > DEBIAN/md5sums)
  cat > "$root/DEBIAN/control" << END
Package: edgessl
Version: $version
Architecture: $architecture
Maintainer: $maintainer
Installed-Size: $(du -sk --apparent-size "$root/usr" | cut -f 1)
Depends: libc6 (>= ${needs#GLIBC_})
Suggests: ffmpeg, libmosquitto1, libopenblas0
Section: science
Priority: optional
Description: learn to recognise new things from a handful of photos
 The command learns classes from a few photos each, on the device, answers
 which class a photo shows or that it is unknown, and states its memory before
 it runs. Three encoders come with it.
 .
 The library classifies, learns and trains in memory that the caller gives
 (tinynn.h, pkg-config tinynn).
END
  find "$root" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  package=.build/packages/edgessl_${version}_$architecture.deb
  dpkg-deb --root-owner-group -Zxz --build "$root" "$package" > /dev/null
  echo "$package: $(wc -c < "$package") bytes, needs libc6 ${needs#GLIBC_} or later"
}

mkdir -p .build/packages
for architecture in ${@:-amd64 arm64}; do
  case $architecture in
    amd64) build amd64 x86_64 .build/release ;;
    arm64)
      if [ -x .build/arm64-command/edgessl-serve ]; then build arm64 aarch64 .build/arm64-command
      else echo "SKIPPED: the package for arm64: no .build/arm64-command/edgessl-serve (Tools/arm64/build.sh edgessl edgessl-serve)"; fi ;;
    *) echo "$0: unknown architecture $architecture (amd64, arm64)" >&2; exit 64 ;;
  esac
done
