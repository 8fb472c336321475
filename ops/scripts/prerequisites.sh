#!/usr/bin/env bash
# Installs what a target of the Makefile needs and the machine lacks; a second run does nothing.
#   prerequisites.sh run     what building and starting `nsk` needs
#   prerequisites.sh test    that, and what the whole gate needs
# The Rust toolchain and Node.js are the user's own: they are checked, never installed.
set -euo pipefail

RUST_MIN=1.95
NODE_MIN=20.19
NEXTEST_VERSION=0.9.151
DENY_VERSION=0.20.2

die() {
    printf 'prerequisites: %s\n' "$*" >&2
    exit 1
}

at_least() { # VERSION MINIMUM
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -- "$@"
    else
        die "needs root for: $*; run that command as root, then try again"
    fi
}

check_rust() {
    command -v cargo >/dev/null ||
        die "no cargo found: install Rust $RUST_MIN or newer (https://rustup.rs), then try again"
    local have
    have=$(rustc --version | cut -d ' ' -f 2)
    at_least "$have" "$RUST_MIN" ||
        die "Rust $have is too old, $RUST_MIN is needed: rustup update stable"
}

check_node() {
    command -v npm >/dev/null ||
        die "no npm found: install Node.js $NODE_MIN or newer (https://nodejs.org), then try again"
    local have
    have=$(node --print process.versions.node)
    at_least "$have" "$NODE_MIN" ||
        die "Node.js $have is too old, $NODE_MIN is needed (https://nodejs.org)"
}

install_debian() { # PACKAGE…
    if ! command -v dpkg-query >/dev/null; then
        printf 'prerequisites: not a Debian machine, taking these for granted: %s\n' "$*" >&2
        return
    fi
    local package missing=() log policy=/usr/sbin/policy-rc.d
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    printf 'installing Debian packages: %s\n' "${missing[*]}"
    log=$(mktemp)
    # Servers are installed for their programs: no service of the system is started, and none that
    # runs is touched. A policy that the machine has already is left as it is.
    if [ -e "$policy" ]; then
        policy=
    else
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
        trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    if ! { as_root apt-get -qq update &&
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get -qq install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        die "could not install: ${missing[*]}"
    fi
    rm -f "$log"
    [ -z "$policy" ] || as_root rm -f "$policy"
    trap - EXIT
}

install_component() { # COMPONENT
    cargo "$2" --version >/dev/null 2>&1 && return
    command -v rustup >/dev/null || die "cargo $2 is missing: install the Rust component $1"
    printf 'installing the Rust component %s\n' "$1"
    rustup component add "$1"
}

# A test runner and a licence reader need no optimiser: level 1 shortens the wait.
install_cargo_tool() { # CRATE VERSION [OPTION…]
    cargo "${1#cargo-}" --version >/dev/null 2>&1 && return
    printf 'installing %s %s (compiles for some minutes, once)\n' "$1" "$2"
    CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off \
        cargo install --quiet --locked --version "$2" "${@:3}" "$1"
}

check_rust
check_node
case "${1:-}" in
run)
    install_debian build-essential pkg-config
    ;;
test)
    install_debian build-essential pkg-config chromium fonts-dejavu-core python3-venv \
        postgresql redis-server
    install_component rustfmt fmt
    install_component clippy clippy
    install_cargo_tool cargo-nextest "$NEXTEST_VERSION" \
        --no-default-features --features default-no-update
    install_cargo_tool cargo-deny "$DENY_VERSION"
    ;;
*)
    die "usage: $0 run|test"
    ;;
esac
