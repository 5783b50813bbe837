#!/usr/bin/env bash
# Checks that every dependency has a licence that deny.toml allows and comes from the package
# registry. Reads only what cargo has on disk. Advisories need a network; say so.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if cargo deny --version >/dev/null 2>&1; then
    exec cargo deny --offline check licenses sources bans
fi
cargo run --quiet --package sluice-tests --bin licences
