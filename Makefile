# Two commands are enough: `make run` (build CDS and watch it build itself) and `make test`.
# Build products live outside the checkout, so that a second run is quick.
SHELL := /bin/bash
export CARGO_TARGET_DIR ?= $(HOME)/.cache/cds/target
export PATH := $(HOME)/.cache/cds/node/bin:$(HOME)/.cargo/bin:$(PATH)
SEEDS ?= 2000
FUZZ_SECONDS ?= $(if $(filter command line environment,$(origin SECONDS)),$(SECONDS),60)

.PHONY: run test chaos web screenshots build bench sim fuzz lint setup setup-test setup-web generate clean

run: setup setup-web            ## Build, start everything, import CDS's own workflow, run it, follow it.
	@scripts/run

test: setup setup-test setup-web ## Install what the tests need, run everything, close with the counts.
	@scripts/test

chaos: setup setup-test ## Kill everything at random under load, and check: make chaos SECONDS=600 SEED=1
	cargo build --locked --bin cds --bin cdsctl
	CDS_CHAOS_SECONDS=$(FUZZ_SECONDS) CDS_CHAOS_SEED=$(SEED) CDS_BIN_DIR=$(CARGO_TARGET_DIR)/debug \
	  cargo test --locked -p cds-testkit --test it -- --nocapture --test-threads=1 chaos:: hooks:: away::

web: setup-web        ## The web UI (web/dist), which the next build of cds holds.
	cd web && npm ci && npm run build

screenshots: setup-web ## docs/screenshots anew, in Chromium against the binaries built before.
	cd web && npm ci && npm run screenshots

build: setup          ## Optimised `cds` and `cdsctl` in bin/.
	cargo build --release --locked --bin cds --bin cdsctl
	@# Not written through the links that `make run` leaves there, nor over a program that runs.
	@mkdir -p bin && cp --remove-destination $(CARGO_TARGET_DIR)/release/cds $(CARGO_TARGET_DIR)/release/cdsctl bin/

bench: setup setup-test setup-web ## Measure; a table, and target/bench/results.json. make bench ONLY='local log'
	@scripts/bench $(ONLY)

sim: setup            ## Simulate faults: make sim SEEDS=100000
	cargo run --release --locked -p cds-sim -- --seeds $(SEEDS)

fuzz: setup           ## Fuzz every parser, a minute each: make fuzz SECONDS=600 TARGET=yaml
	@scripts/fuzz $(FUZZ_SECONDS) $(TARGET)

lint: setup           ## Format, clippy, dependency rules, house rules.
	@scripts/lint

generate: setup       ## Write openapi.json and the other generated files anew.
	cargo run --locked -p xtask -- generate

setup:
	@scripts/setup build

setup-test:
	@scripts/setup test

setup-web:
	@scripts/setup web

clean:
	rm -rf bin target && cargo clean
