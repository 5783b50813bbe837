#!/usr/bin/env bash
# Makes sure that rustc can build for wasm32-unknown-unknown.
#
# Says nothing where it can. Otherwise adds the target with rustup; where rustup or its server
# is not to be had, unpacks Debian's packages into target/wasm-toolchain (best effort, nothing
# is installed) and writes target/wasm-toolchain/env, which the caller sources before cargo:
#
#     scripts/wasm-target.sh
#     if [ -f target/wasm-toolchain/env ]; then . target/wasm-toolchain/env; fi
#     cargo build --target wasm32-unknown-unknown ${SLUICE_WASM_CARGO_ARGS:-}
#
# Where nothing helps, says in one line what to do, and fails.
# SLUICE_WASM_TOOLCHAIN=debian takes Debian's packages at once.
set -euo pipefail

readonly target=wasm32-unknown-unknown
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root
readonly folder="$root/target/wasm-toolchain"

say() { printf 'wasm-target: %s\n' "$*" >&2; }

# The folder is there as well where the target is not.
is_present() {
    local libraries
    libraries=$(cd "$root" && rustc --print target-libdir --target "$target" 2>/dev/null) || return 1
    compgen -G "$libraries/libstd-*.rlib" >/dev/null
}

add_with_rustup() {
    command -v rustup >/dev/null || return 1
    say "adding $target with rustup"
    (cd "$root" && rustup target add "$target") >&2
}

# Prints the first package that another one depends on and whose name begins like this.
dependency() { apt-cache depends "$1" 2>/dev/null | grep -o "Depends: $2[0-9][0-9.]*" | cut -d ' ' -f 2 | head -n 1; }

# The packages conflict with a rustc that is installed, so they are only unpacked. They bring
# the compiler and the sources of the standard library, which cargo then builds for wasm.
unpack_debian() {
    command -v apt-get >/dev/null && command -v dpkg >/dev/null || return 1
    # The newest compiler is in the security suite, which an old index does not know.
    [ "$(id -u)" -ne 0 ] || apt-get update -qq >&2 || true
    local library llvm package
    library=$(dependency libstd-rust-web-dev libstd-rust-web-) && [ -n "$library" ] || return 1
    llvm=$(dependency "$library" libllvm) && [ -n "$llvm" ] || return 1
    say "unpacking Debian's rustc-web ($library) into target/wasm-toolchain"
    rm -rf "$folder"
    mkdir -p "$folder/packages" "$folder/debian"
    (cd "$folder/packages" &&
        apt-get download rustc-web libstd-rust-web-dev "$library" rust-web-src "$llvm" >&2) || return 1
    for package in "$folder"/packages/*.deb; do
        dpkg -x "$package" "$folder/debian" || return 1
    done
    write_env
    rm -rf "$folder/packages"
}

write_env() {
    local compiler libraries linker
    compiler=$(find_one "$folder/debian/usr" rustc) || return 1
    libraries=$(find "$folder/debian/usr/lib" \( -name 'libLLVM*.so*' -o -name 'librustc_driver*.so' \) -printf '%h\n' |
        sort -u | paste -sd :)
    # The linker that comes with rustup's toolchain, or Debian's copy of it. Never wasm-ld, which
    # rustc calls by another convention.
    linker=$(find_one "$(cd "$root" && rustc --print sysroot 2>/dev/null)" rust-lld) ||
        linker=$(find_one "$folder/debian/usr" rust-lld) || return 1
    {
        echo "# Written by scripts/wasm-target.sh. Source it before cargo."
        echo "export RUSTC='$compiler'"
        # The compiler is a stable one; building the standard library is not a stable feature.
        echo "export RUSTC_BOOTSTRAP=1"
        echo "export LD_LIBRARY_PATH='$libraries'\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
        echo "export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER='$linker'"
        # Link-time optimisation wants the standard library's bitcode.
        echo "export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS='-Cembed-bitcode=yes'"
        echo "export SLUICE_WASM_CARGO_ARGS='-Zbuild-std=std,panic_abort'"
    } >"$folder/env"
}

# Prints the program of that name in that folder.
find_one() {
    local found
    found=$(find "$1" -type f -name "$2" -perm -u+x -print -quit 2>/dev/null) && [ -n "$found" ] && printf '%s\n' "$found"
}

# Whether the unpacked compiler answers.
works() {
    # shellcheck disable=SC1091 # made by unpack_debian
    (. "$folder/env" && "$RUSTC" --version >/dev/null 2>&1)
}

if [ "${SLUICE_WASM_TOOLCHAIN:-}" != debian ]; then
    if is_present || { add_with_rustup && is_present; }; then
        rm -f "$folder/env"
        exit 0
    fi
fi
if [ -f "$folder/env" ] && works; then
    exit 0
fi
if unpack_debian && works; then
    say "plug-ins are built with Debian's compiler: source target/wasm-toolchain/env"
    exit 0
fi
rm -f "$folder/env"
say "cannot build for $target: run \`rustup target add $target\` where https://static.rust-lang.org can be reached"
exit 1
