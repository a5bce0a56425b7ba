#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Every text in tests/bad_foreign/ is refused by `sim import KIND` with exit 3; KIND is what its name begins with. What
# is said stands in findings.txt: a line for each file, first finding only.
set -u
cd "$(dirname "$0")/.."
SIM=${SIM:-${BUILD:-build}/sim}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

for file in tests/bad_foreign/*-*.*; do
    kind=${file##*/}
    "$SIM" import "${kind%%-*}" "$file" --quiet >"$work/out" 2>"$work/err"
    code=$?
    head -1 "$work/err" >"$work/first"
    if [ $code = 3 ] && [ ! -s "$work/out" ] && grep -qxF -f "$work/first" tests/bad_foreign/findings.txt; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "not ok: $file: exit $code: $(cat "$work/first")"
    fi
done
[ "$(ls tests/bad_foreign/*-*.* | wc -l)" = "$(wc -l <tests/bad_foreign/findings.txt)" ] || {
    failed=$((failed + 1))
    echo "not ok: findings.txt has not one line for each file"
}
echo "$passed passed, $failed failed"
[ $failed = 0 ]
