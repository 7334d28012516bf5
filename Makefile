# The entry points of the README. `make demo` and `make test` do all the set-up on a fresh Debian machine with Swift.

SWIFT ?= swift
PREFIX ?= /usr/local
BIN = .build/release/edgessl
APT_PACKAGES = libopenblas-dev libjpeg-dev libpng-dev pkg-config
# Streams and brokers that the tests talk to.
TEST_PACKAGES = ffmpeg mosquitto mosquitto-clients openssl
# The browser that tests the teach page.
BROWSER_PACKAGES = chromium chromium-driver python3-selenium
# Cross compilers and emulators: the checks on ARM are skipped without them.
ARM_PACKAGES = gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-arm-linux-gnueabihf libc6-dev-armhf-cross qemu-user gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm

.PHONY: deps deps-test deps-arm deps-browser build build-serve demo lint test sanitize documentation check-embedded firmware test-firmware check-conformance check-instructions check-examples test-serve bench bench-training bench-kernels install install-serve install-firmware clean shared-library arm64 test-arm64 test-arm64-command deb deps-deb test-deb test-python test-pretrain

# Installs only what is missing, and asks for root only then.
deps: PACKAGES = $(APT_PACKAGES)
deps-arm: PACKAGES = $(ARM_PACKAGES)
deps-test: PACKAGES = $(TEST_PACKAGES)
deps-browser: PACKAGES = $(BROWSER_PACKAGES)
deps-deb: PACKAGES = debootstrap lintian qemu-user-static
deps deps-test deps-arm deps-browser deps-deb:
	@missing=""; for package in $(PACKAGES); do \
	  dpkg -s $$package >/dev/null 2>&1 || missing="$$missing $$package"; done; \
	if [ -n "$$missing" ]; then \
	  echo "installing:$$missing"; sudo=$$([ $$(id -u) = 0 ] || echo sudo); \
	  $$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq $$missing; fi

# The Swift standard library is linked in: a start takes half the time, and the program runs where no Swift is installed.
build: deps
	$(SWIFT) build -c release --product edgessl --static-swift-stdlib $$(Tools/link/flags.sh)
	Tools/link/check.sh $(BIN)
	Tools/package/stamp.sh $(BIN)

# The teach page, a program of its own.
build-serve: deps
	$(SWIFT) build -c release --product edgessl-serve --static-swift-stdlib $$(Tools/link/flags.sh)

demo: build
	Examples/parts/demo.sh $(BIN)

# swift-format, clang-format, ruff and the length of lines.
lint:
	Tools/checks/lint.sh

# The two products leave out the compiler of protocol buffers, a part of a dependency that nothing here uses.
test: deps deps-test
	$(SWIFT) build --product edgessl
	$(SWIFT) build --product edgesslPackageTests
	$(SWIFT) test --skip-build
	Tools/checks/folder_arrows.py --self-test
	Tools/checks/folder_arrows.py TinyNN ModelCompiler TeachServer edgessl
	Tools/checks/check-snippets.sh
	Tools/checks/test-swift-app.sh
	$(MAKE) --jobs 2 --output-sync test-serve test-firmware

# Every method of Tools/pretrain on 200 photos, its resumption and its errors; needs PyPI, and is not part of `make test`.
test-pretrain:
	Tools/pretrain/tests/run.sh

# The tests under the address, undefined-behaviour and thread sanitizers: Documentation/reliability.md.
sanitize: deps
	Tools/checks/sanitize.sh

# The pages of the DocC catalogues under .build/documentation; the plugin is fetched for this alone.
documentation: deps
	mkdir -p .build/documentation
	for target in TinyNN FewShot FewShotHost; do EDGESSL_DOCUMENTATION=1 $(SWIFT) package --allow-writing-to-directory .build/documentation \
	  generate-documentation --target $$target --output-path .build/documentation/$$target || exit 1; done

# The proof that TinyNN and the device part of FewShot never allocate, alone; `make firmware` compiles them with the same flags.
check-embedded:
	Tools/checks/check-embedded.sh

# libtinynn.a for devices, without allocation, with a table of sizes: Documentation/firmware.md.
firmware:
	Tools/firmware/build-firmware.sh
	Tools/firmware/check-firmware.sh

# libtinynn.so for x86-64 and, with the C library of `make deps-arm`, AArch64: for Python and for C programs on hosts.
shared-library:
	Tools/package/build-shared.sh x86_64 $$(! command -v aarch64-linux-gnu-gcc > /dev/null || echo aarch64)

# The libraries' promises, the same bits on every target, instruction counts on ARM, and the examples under emulation. After `make test` has built the command.
test-firmware: firmware
	$(MAKE) --jobs 2 --output-sync check-conformance check-instructions check-examples
check-conformance:
	Tools/checks/check-conformance.sh
check-instructions:
	Tools/firmware/instruction-count/run.sh --check
check-examples:
	Tools/firmware/test-firmware-examples.sh

# The teach page in a real browser; skipped, loudly, where there is none to be had. Selenium is for Debian's own Python.
test-serve:
	$(MAKE) deps-browser || echo "SKIPPED: make deps-browser"
	$(SWIFT) build --product edgessl
	$(SWIFT) build --product edgessl-serve
	/usr/bin/python3 Tools/checks/teach-page/test.py --command .build/debug/edgessl

# The command for AArch64 Linux, cross-compiled with Debian's Swift 6.2: .build/arm64-command/edgessl. Skipped, loudly, without Debian.
arm64:
	Tools/arm64/build.sh || [ $$? = 75 ]

# The same bytes as this machine's command gives, under QEMU. After `make test` has built the command.
test-arm64: arm64
	Tools/arm64/compare.sh

# And the command's own tests under QEMU. After `make test` has built command and tests; no part of .ci/run.
test-arm64-command: test-arm64
	Tools/arm64/test.sh

# .build/packages/edgessl_VERSION_{amd64,arm64}.deb: Documentation/install.md.
deb: build build-serve shared-library
	Tools/arm64/build.sh edgessl edgessl-serve || [ $$? = 75 ]
	Tools/package/build-deb.sh

# Installs, tries and removes them on bare Debian systems (debootstrap, lintian, qemu-user-static; root). Minutes, so no part of .ci/run.
test-deb: deps-deb
	Tools/package/test-deb.sh

# The package in python/: its wheel, installed and tested under each Python from 3.10 on that is here; skipped where PyPI is not reached.
test-python:
	Tools/python/test-python.sh

bench: build
	Benchmarks/run.sh

# A step of training beside PyTorch; float and int8 kernels beside OpenBLAS.
bench-training: build
	Benchmarks/training/run.sh

bench-kernels: deps
	Benchmarks/kernels/run.sh

install: build
	install -D $(BIN) $(DESTDIR)$(PREFIX)/bin/edgessl
	for file in models/accuracy.txt models/*/*.tnn models/*/LICENSE*; do install -D -m 644 $$file $(DESTDIR)$(PREFIX)/share/edgessl/$$file; done

install-serve: install build-serve
	install -D .build/release/edgessl-serve $(DESTDIR)$(PREFIX)/bin/edgessl-serve

# libtinynn.a and tinynn.h for this machine's own C programs, and what pkg-config needs to find them.
install-firmware:
	Tools/firmware/build-firmware.sh $$(uname -m)
	install -D -m 644 .build/firmware/$$(uname -m)/libtinynn.a $(DESTDIR)$(PREFIX)/lib/libtinynn.a
	install -D -m 644 .build/firmware/include/tinynn.h $(DESTDIR)$(PREFIX)/include/tinynn.h
	sed 's|@PREFIX@|$(PREFIX)|' Tools/firmware/tinynn.pc.in > .build/firmware/tinynn.pc
	install -D -m 644 .build/firmware/tinynn.pc $(DESTDIR)$(PREFIX)/lib/pkgconfig/tinynn.pc

clean:
	rm -rf .build
