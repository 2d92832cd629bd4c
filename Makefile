# Targets for people; `make help` lists them.

PACKAGE ?= fixtures/update.gz
VERSION ?= 4152.2.0
ADDRESS ?= localhost:8000

BINARY := $(or $(CARGO_TARGET_DIR),target)/release/serve-package

.PHONY: build run test clean help

build: ## Build the release binary (the default)
	cargo build --release --locked
	@echo "The binary is $(BINARY)"

run: build ## Serve a small payload, or PACKAGE=… VERSION=… ADDRESS=…
	$(BINARY) --package-file '$(PACKAGE)' --package-version '$(VERSION)' --listen-address '$(ADDRESS)'

test: ## Run all tests
	cargo test --locked

clean: ## Remove what was built
	cargo clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14
