#!/usr/bin/env bash
# The PostgreSQL server of one test run: started by nextest before the tests of the profile
# `centre` (.config/nextest.toml), ended when nextest has ended, whatever way. Each test makes a
# database of its own on it.
set -euo pipefail

scripts=$(dirname "$(realpath "$0")")
nextest=$PPID
dir=$(mktemp -d)
url=$("$scripts/private-postgres.sh" start "$dir" --no-fsync)
printf 'NSK_TEST_POSTGRES=%s\n' "$url" >>"$NEXTEST_ENV"
# shellcheck disable=SC2016 # expanded by the shell that is started
setsid bash -c '
    while [ -e "/proc/$1/exe" ]; do sleep 1; done
    "$2/private-postgres.sh" stop "$3" && rm -rf "$3"
' watch "$nextest" "$scripts" "$dir" </dev/null >/dev/null 2>&1 &
