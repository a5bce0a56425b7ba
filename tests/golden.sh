#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What every shipped scenario prints, against what it printed when somebody last looked at it (tests/golden/NAME.txt): a
# figure that moves shows as a line that differs. And what README.md shows of the program's output is what it prints.
# UPDATE=1 writes tests/golden anew; the commit then says which number moved and why that is right.
set -u
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "${BUILD:-build}/sim" "$work/sim" || exit 1
passed=0 failed=0

verdict() { # what, 0 or 1, file that tells more
    if [ "$2" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "not ok: $1"; head -40 "$3"; fi
}

# The result without the paragraph that names the version.
answer() { # scenario, options ...
    "$work/sim" run "$@" --quiet --no-color 2>"$work/err" | sed '2,/^$/d'
}

for file in scenarios/*.json; do
    case $file in *.observations.json|*.schema.json) continue ;; esac
    name=$(basename "$file" .json)
    answer "$file" --replications 2 >"$work/$name.txt"
    if [ "${UPDATE:-0}" = 1 ]; then cp "$work/$name.txt" "tests/golden/$name.txt"; fi
    [ -s "$work/$name.txt" ] && diff -u "tests/golden/$name.txt" "$work/$name.txt" >"$work/difference"
    verdict "$name prints something else than tests/golden/$name.txt" $? "$work/difference"
done

# Lines of the README's block, in order, with "[...]" for what is left out.
awk '/^\$ build\/sim run scenarios\/report/ { on = 1; next } /^```/ { on = 0 } on' README.md >"$work/readme"
answer scenarios/report-2025-12-24.json --replications 20 >"$work/report"
awk 'NR == FNR { said[++n] = $0; next }
     $0 == "[...]" { gap = 1; next }
     { if (gap || FNR == 1) while (at < n && said[at + 1] != $0) at++
       if (said[++at] != $0) { print "README.md shows: " $0; print "sim printed:     " said[at]; exit 1 }
       gap = 0; lines++ }
     END { if (lines < 10) exit 1 }' "$work/report" "$work/readme" >"$work/difference"
verdict "README.md shows what the program does not print" $? "$work/difference"

echo "$passed passed, $failed failed"
[ $failed = 0 ]
