# The entry points of the README. `make demo` and `make test` do all the set-up on a fresh Debian machine with Swift.

SWIFT ?= swift
PREFIX ?= /usr/local
BIN = .build/release/edgessl
APT_PACKAGES = libopenblas-dev libjpeg-dev libpng-dev pkg-config

.PHONY: deps build demo test check-embedded bench install clean

# Installs only what is missing, and asks for root only then.
deps:
	@missing=""; for package in $(APT_PACKAGES); do \
	  dpkg -s $$package >/dev/null 2>&1 || missing="$$missing $$package"; done; \
	if [ -n "$$missing" ]; then \
	  echo "installing:$$missing"; sudo=$$([ $$(id -u) = 0 ] || echo sudo); \
	  $$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq $$missing; fi

# The Swift standard library is linked in: a start takes half the time, and the program runs where no Swift is installed.
build: deps
	$(SWIFT) build -c release --product edgessl --static-swift-stdlib

demo: build
	Tools/demo.sh $(BIN)

# The two products leave out the compiler of protocol buffers, a part of a dependency that nothing here uses.
test: deps check-embedded
	$(SWIFT) build --product edgessl
	$(SWIFT) build --product edgesslPackageTests
	$(SWIFT) test --skip-build
	Tools/test-swift-app.sh

# The proof that TinyNN and the device part of FewShot never allocate.
check-embedded:
	Tools/check-embedded.sh

bench: build
	Benchmarks/run.sh

install: build
	install -D $(BIN) $(DESTDIR)$(PREFIX)/bin/edgessl
	install -D -m 644 models/edge-s/edge-s.tnn $(DESTDIR)$(PREFIX)/share/edgessl/models/edge-s/edge-s.tnn

clean:
	rm -rf .build
