#!/usr/bin/env bash
# Prints CHANGELOG.md: the lines of commit bodies that begin with `+`, `-` or `*`, by day.
# A line may run on: continuation lines are indented by two spaces.
set -euo pipefail

if [ "$(git rev-parse --is-shallow-repository 2>/dev/null || echo none)" != false ]; then
    echo 'changelog: needs the whole git history (git fetch --unshallow)' >&2
    exit 1
fi

cat <<'HEAD'
# Changelog

Made by `make changelog` from the commit messages; not edited by hand.
`+` is new, `*` is changed, `-` is gone.
HEAD

git log --no-merges --date=format:%Y-%m-%d --format='@%cd%n%b' | awk '
    /^@[0-9]/     { day = substr($0, 2); keep = 0; next }
    /^[-+*] /     { if (day != shown) { printf "\n## %s\n\n", day; shown = day }
                    keep = 1; printf "- `%s` %s\n", substr($0, 1, 1), substr($0, 3); next }
    keep && /^  / { print; next }
                  { keep = 0 }'
