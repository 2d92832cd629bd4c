# Targets for people; `make help` lists them.

PACKAGE ?= fixtures/update.gz
VERSION ?= 4152.2.0
ADDRESS ?= localhost:8000
ARCH ?= x86_64
ARCHES ?= x86_64 aarch64

BINARY := $(or $(CARGO_TARGET_DIR),target)/release/serve-package
STATIC := dist/serve-package-$(ARCH)

.PHONY: build run test hostile static dist test-static test-boot documents bench reproducible clean help

build: ## Build the release binary (the default)
	cargo build --release --locked
	@echo "The binary is $(BINARY)"

run: build ## Serve a small payload, or PACKAGE=… VERSION=… ADDRESS=…
	$(BINARY) --package-file '$(PACKAGE)' --package-version '$(VERSION)' --listen-address '$(ADDRESS)'

test: ## Run all tests
	cargo test --locked --no-fail-fast

static: ## Build the static binary, or ARCH=aarch64: one file without dependencies
	dist/static.sh $(ARCH)

dist: ## Build the static binaries and pack them for release, or ARCHES=x86_64
	for arch in $(ARCHES); do dist/static.sh $$arch || exit 1; done
	dist/archive.sh

test-static: static ## Run all tests against the static binary, or ARCH=aarch64: a short one
	tests/static.sh $(STATIC)
	test $(ARCH) != "$$(uname -m)" || SERVE_PACKAGE_BINARY='$(CURDIR)/$(STATIC)' cargo test --locked --no-fail-fast --tests

test-boot: static ## Boot systemd with the units and the static binary (as root)
	tests/boot.sh $(STATIC)

documents: ## Regenerate the man pages and completions
	UPDATE=1 cargo test --locked --test documents

bench: build ## Compare it with PEER=/path/to/binary and nginx, or QUICK=1: a short run
	tests/bench/bench.py

reproducible: ## Build and pack twice, in two places, and compare every byte
	dist/reproducible.sh $(ARCHES)

hostile: build ## Perform every attack at full size: 10 minutes; or against BINARY=/path/to/binary
	HOSTILE=full SERVE_PACKAGE_BINARY='$(abspath $(BINARY))' \
		cargo test --locked --test hostile -- --nocapture --test-threads 1

clean: ## Remove what was built
	cargo clean
	rm -f dist/serve-package-x86_64 dist/serve-package-aarch64 dist/*.tar.gz dist/SHA256SUMS

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14
