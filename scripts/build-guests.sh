#!/usr/bin/env bash
# Builds the guests that the tests of the sandbox run, into target/guests/NAME.wasm.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/wasm-target.sh
if [ -f target/wasm-toolchain/env ]; then
    # shellcheck disable=SC1091 # made by wasm-target.sh
    . target/wasm-toolchain/env
fi

guests=(bench hostile probe)
packages=()
for guest in "${guests[@]}"; do
    packages+=(-p "guest-$guest")
done
# A target folder of their own: a build of the host may hold the lock of the other one.
# shellcheck disable=SC2086 # several arguments or none
cargo build --quiet --profile plugin --target wasm32-unknown-unknown --target-dir target/guests \
    "${packages[@]}" ${SLUICE_WASM_CARGO_ARGS:-}
for guest in "${guests[@]}"; do
    cp "target/guests/wasm32-unknown-unknown/plugin/${guest//-/_}.wasm" "target/guests/$guest.wasm"
done
