# `make run` starts a demo exam day; `make test` is the whole gate. `make help` lists the rest.
#
# One cargo profile (dev) and one selection of packages (--workspace) serve run, lints, docs and
# tests, so that each dependency is compiled once for checking and once for running:
# ops/decisions/0009. The program that ships is `make release`.

.DEFAULT_GOAL := help
.NOTPARALLEL:
SHELL := /bin/bash
# Where rustup puts cargo, for a shell that was opened before it was installed.
export PATH := $(PATH):$(HOME)/.cargo/bin

NSK       := target/debug/nsk
DEMO_DATA := var/demo
SCRIPTS   := ops/scripts

# What vite reads; a change in any of it rebuilds web/dist.
WEB_SOURCES := $(shell find web -type f \
	-not -path 'web/node_modules/*' -not -path 'web/dist/*' 2>/dev/null)
NPM_STAMP   := web/node_modules/.package-lock.json
WEB_STAMP   := web/node_modules/.nsk-built
INTEROP     := tests/interop/.venv/.nsk-installed

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---- use it ----

.PHONY: run
run: need-run web ## install what is missing, build, start the demo exam day (stop: Ctrl-C)
	@cargo build --workspace --bin nsk
	@exec $(NSK) demo --data $(DEMO_DATA)

.PHONY: release
release: need-run web ## build the program that ships: target/release/nsk
	cargo build --release --package gateway --bin nsk

# ---- the gate ----

.PHONY: test
test: need-test check $(INTEROP) ## everything: `make check`, then every test
	cargo test --quiet --workspace --doc
	cargo nextest run --workspace
	@$(MAKE) --no-print-directory test-centre
	@$(MAKE) --no-print-directory browser-test

.PHONY: test-centre
test-centre: need-test $(INTEROP) web ## the tests whose database may be a centre's, on PostgreSQL (not in the gate yet)
	cargo nextest run --workspace --profile centre

.PHONY: check
check: need-test fmt deny web-check lint docs ## format, lints, licences, docs, web types and tests

.PHONY: fmt
fmt:
	cargo fmt --all --check

.PHONY: deny
deny: ## dependencies: bans, licences, sources; advisories where they can be had
	cargo deny --log-level error check bans licenses sources
	@$(SCRIPTS)/advisories.sh

.PHONY: lint
lint: web ## clippy over every target, warnings are errors
	cargo clippy --workspace --all-targets -- -D warnings

.PHONY: docs
docs: web ## rustdoc, warnings are errors
	RUSTDOCFLAGS='-D warnings' cargo doc --quiet --workspace --no-deps

.PHONY: web-check
web-check: web ## types and unit tests of the pages
	npm --prefix web run --silent check
	npm --prefix web run --silent test

.PHONY: browser-test
browser-test: web ## the pages in a real browser, on a demo station of their own
	cargo build --quiet --workspace --bin nsk
	NSK=$(CURDIR)/$(NSK) npm --prefix web run --silent e2e

# ---- measure it ----

.PHONY: bench
bench: need-run web ## speed, as ratios to baselines of the same run
	cargo build --release --package gateway --package load-tests
	cargo build --release --package load-tests --features faults,sealed
	target/release/load-tests bench

# ---- keep it ----

.PHONY: web
web: $(WEB_STAMP) ## build the pages into web/dist

$(NPM_STAMP): web/package-lock.json web/package.json
	@echo 'installing the pages'\'' packages (npm ci)'
	@npm --prefix web ci --no-audit --no-fund --loglevel=error
	@touch $@

$(WEB_STAMP): $(NPM_STAMP) $(WEB_SOURCES) $(if $(wildcard web/dist/index.html),,again)
	@npm --prefix web run --silent build
	@touch $@

.PHONY: again
again:

$(INTEROP): tests/interop/package-lock.json tests/interop/requirements.txt
	@echo 'installing the clients of the interoperability tests'
	@npm --prefix tests/interop ci --no-audit --no-fund --loglevel=error
	@python3 -m venv --clear tests/interop/.venv
	@tests/interop/.venv/bin/python -m pip install --quiet --disable-pip-version-check \
		--requirement tests/interop/requirements.txt
	@touch $@

.PHONY: changelog
changelog: ## write CHANGELOG.md from the commit messages
	@$(SCRIPTS)/changelog.sh > CHANGELOG.md.new && mv CHANGELOG.md.new CHANGELOG.md

.PHONY: clean
clean: ## remove everything built (demo data in var/ stays)
	cargo clean --quiet
	rm -rf web/dist web/node_modules tests/interop/node_modules tests/interop/.venv

.PHONY: need-run need-test
need-run:
	@$(SCRIPTS)/prerequisites.sh run

need-test:
	@$(SCRIPTS)/prerequisites.sh test
