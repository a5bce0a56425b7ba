#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Scenario, seed and version fix every byte that a run leaves, but for the three measurements in summary.json. Each
# scenario is run again, with one and with two jobs, from another folder, and from its own resolved scenario.json.
# WIDE=1: also as built by gcc and by clang, at -O2 and at -O3, into build/CC-SPEED/.
set -u
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "${BUILD:-build}/sim" "$work/sim" || exit 1 # a rebuild meanwhile changes nothing
sim=$work/sim
passed=0 failed=0

run() { # program, scenario, out, options ...
    program=$1 scenario=$2 out=$3
    shift 3
    "$program" run "$scenario" --replications 3 --orders --quiet --out "$out" "$@" >"$out.txt" 2>"$out.err"
    code=$?
    case $code in 0|99) ;; *) echo "$program run $scenario: exit $code"; cat "$out.err" ;; esac
    echo $code >"$out.code"
    [ ! -e "$out/summary.json" ] ||
        sed -E 's/"(wall_s|events_per_s|peak_rss_bytes)":[[:space:]]*[-+.0-9e]+/"\1": 0/g' "$out/summary.json" >"$out/summary.json.fixed"
    rm -f "$out/summary.json"
}

same() { # what, one folder, other folder
    if [ -s "$2/lag.csv" ] && [ -s "$2/summary.json.fixed" ] && diff -r "$2" "$3" >"$work/difference" &&
        cmp -s "$2.code" "$3.code"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "not ok: $1"
        head -5 "$work/difference" | cut -c 1-200
    fi
}

fingerprint() { sed -n 's/.*"fingerprint":[[:space:]]*"\{0,1\}\([0-9a-zA-Z]*\).*/\1/p' "$1/summary.json.fixed"; }

here=$PWD
for name in report-2025-12-24 declines plain-pipeline; do
    base=$work/$name
    run "$sim" scenarios/$name.json "$base-1" --jobs 1
    run "$sim" scenarios/$name.json "$base-2" --jobs 2
    same "$name: one job and two" "$base-1" "$base-2"
    cd "$work" || exit 1
    run "$sim" "$here/scenarios/$name.json" "$base-3"
    cd "$here" || exit 1
    same "$name: from another folder" "$base-1" "$base-3"
    run "$sim" "$base-1/scenario.json" "$base-4"
    same "$name: from its resolved scenario" "$base-1" "$base-4"
done
# A comparison that could not fail would prove nothing.
run "$sim" scenarios/declines.json "$work/other" --seed 2
if diff -r "$work/declines-1" "$work/other" >/dev/null; then failed=$((failed + 1)); echo "not ok: seed 2 is as seed 1"; else passed=$((passed + 1)); fi

if [ "${WIDE:-0}" = 1 ]; then
    version=$("$sim" --version | sed 's/^sim //')
    builds='gcc-release gcc-O3 clang-release clang-O3'
    for one in $builds; do
        make --no-print-directory CC="${one%-*}" MODE="${one#*-}" BUILD="build/$one" VERSION_TEXT="$version" all \
            >"$work/make.txt" 2>&1 || { cat "$work/make.txt"; exit 1; }
    done
    for name in report-2025-12-24 declines hot-item plain-pipeline; do
        run build/gcc-release/sim scenarios/$name.json "$work/$name-gcc-release"
        for one in ${builds#* }; do
            run "build/$one/sim" scenarios/$name.json "$work/$name-$one"
            same "$name: $one, fingerprint $(fingerprint "$work/$name-$one")" "$work/$name-gcc-release" "$work/$name-$one"
        done
    done
fi
echo "$passed passed, $failed failed"
[ $failed = 0 ]
