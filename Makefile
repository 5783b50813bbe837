# make demo   tells the story of the missing privilege in a fresh folder
# make test   runs every test, and the examples in the documentation
# make build  builds the program, to target/debug/sluice
# make bench  measures, to target/bench/summary.json (only some: BENCH="step create-0")
#
# Each does all the set-up that it needs. NEXTEST is cargo-nextest where it is installed.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export CARGO_TERM_PROGRESS_WHEN ?= never

CARGO ?= cargo
NEXTEST := $(shell $(CARGO) nextest --version >/dev/null 2>&1 && echo yes)

.PHONY: help demo test bench build guests fmt

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
	@$(CARGO) run --release --package sluice-tests --bin bench -- $(BENCH)
