#!/usr/bin/env bash
# Builds the plug-ins that ship, each to target/plugins/NAME.wasm: a core module that
# `sluice plugin push` turns into a component.
#
# SLUICE_GUEST_TARGET is the folder that cargo builds in (target/guests): another one than
# the host's, because a build inside a build would wait for the lock of its own folder.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

scripts/wasm-target.sh
if [ -f target/wasm-toolchain/env ]; then
    # shellcheck disable=SC1091 # made by wasm-target.sh
    . target/wasm-toolchain/env
fi

guests="${SLUICE_GUEST_TARGET:-target/guests}"
mkdir -p target/plugins

for manifest in plugins/*/Cargo.toml; do
    name=$(basename "$(dirname "$manifest")")
    # As a cdylib only: beside an rlib, which the tests use, cargo leaves out link-time
    # optimisation, and the file is five times as large.
    # shellcheck disable=SC2086 # none, or one argument
    cargo rustc --quiet --package "sluice-plugin-$name" --lib --crate-type cdylib \
        --profile plugin --target wasm32-unknown-unknown --target-dir "$guests" ${SLUICE_WASM_CARGO_ARGS:-}
    built="$guests/wasm32-unknown-unknown/plugin/${name//-/_}.wasm"
    if ! cmp --silent "$built" "target/plugins/$name.wasm"; then
        cp "$built" "target/plugins/$name.wasm"
    fi
done
