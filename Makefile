# make demo   tells the story of the missing privilege in a fresh folder
# make test   runs every test, and the examples in the documentation
# make build  builds the program, to target/debug/sluice
# make bench  measures, to target/bench/summary.json (only some: BENCH="step create-0")
# make soak   works on an organisation for an hour, kills who works, and looks for what is lost, to target/soak/summary.json (SOAK=SECONDS)
# make fuzz   lets a fuzzer look for inputs that make the host fail (only some, for so long: TARGETS="filter row" SECONDS=60)
#
# Each does all the set-up that it needs. NEXTEST is cargo-nextest where it is installed.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export CARGO_TERM_PROGRESS_WHEN ?= never

CARGO ?= cargo
NEXTEST := $(shell $(CARGO) nextest --version >/dev/null 2>&1 && echo yes)

TARGETS ?= wasm solution import filter fetchxml row call
SECONDS ?= 600

.PHONY: help demo test bench build guests fmt fuzz soak

help:
	@sed -n 's/^# //p' $(firstword $(MAKEFILE_LIST))

guests:
	@echo "── building the plug-ins and the guests of the tests for wasm"
	@scripts/wasm-target.sh
	@scripts/build-plugins.sh
	@scripts/build-guests.sh

build: guests
	@echo "── building the program"
	@$(CARGO) build --workspace --all-targets

demo: build
	@echo "── the story"
	@target/debug/demo

fmt:
	$(CARGO) fmt --all

test: build
	@echo "── tests"
ifeq ($(NEXTEST),yes)
	@$(CARGO) nextest run --workspace --no-fail-fast
else
	@$(CARGO) test --workspace --all-targets --no-fail-fast
endif
	@echo "── examples in the documentation"
	@$(CARGO) test --workspace --doc --quiet

bench: guests
	@echo "── measuring, in a release build; the first time takes minutes"
	@$(CARGO) build --release --bin sluice --bin bench
	@target/release/bench $(BENCH)

soak: build
	@echo "── soaking"
	@target/debug/soak

# By hand, for hours. What is found lies in fuzz/artifacts; fuzz/corpus grows from run to run.
fuzz: build
	@$(CARGO) install cargo-fuzz --version 0.13.2 --locked --quiet --root target/tools
	@target/debug/seeds fuzz/corpus
	@for target in $(TARGETS); do \
		PATH="$$PWD/target/tools/bin:$$PATH" $(CARGO) fuzz run --sanitizer none $$target -- -max_total_time=$(SECONDS) -rss_limit_mb=4096; \
	done
