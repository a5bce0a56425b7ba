#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The program as its users meet it: exit codes, what goes to stdout and what to stderr, files that are complete or not
# there, full disks, closed pipes, Ctrl-C. Method: the built program and small scenarios; each check is one line.
set -u
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "${BUILD:-build}/sim" "$work/sim" || exit 1 # a rebuild meanwhile changes nothing
sim=$work/sim
report=$PWD/scenarios/report-2025-12-24.json
cd "$work" || exit 1
passed=0 failed=0

ok() { # what, then a command that must succeed
    what=$1
    shift
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "not ok: $what"; fi
}
run() { "$sim" "$@" >out 2>err </dev/null; rc=$?; }
exits() { # code, then arguments of sim
    want=$1
    shift
    run "$@"
    ok "sim $*: exit $rc, want $want: $(head -1 err)" test "$rc" -eq "$want"
}
says() { ok "err has no \"$1\": $(head -1 err)" grep -qF -- "$1" err; }
tells() { ok "out has no \"$1\", wherever it is folded" sh -c 'tr -s "\n " "  " <out | grep -qF -- "$1"' - "$1"; }
shows() { ok "out has no \"$1\"" grep -qF -- "$1" out; }
silent() { ok "$1 is not empty: $(head -1 "$1")" test ! -s "$1"; }

"$sim" schema --example >small.json
# A service of 20 ms stretched to 60 ms: one consumer cannot keep up, and a threshold fails.
sed 's/"mean": "20ms"/"mean": "60ms"/' small.json >slow.json
# Three consumers write one row without a lock, as JPA's dirty checking does: updates are lost.
grep -v '"lock": "item"\|{ "unlock": "item", "share"' small.json | sed -e 's/"style": "conditional"/"style": "absolute"/' \
    -e 's/{ "unlock": "item" }, //' -e 's/"locks".*//' -e 's/"share": 0.3/"share": 0.6/' -e 's/"consumers": 1/"consumers": 3/' \
    -e 's/"item": { "uniform": \[1, 500\] }/"item": { "value": 1 }/' -e 's/"quantity": 100 /"quantity": 100000 /' \
    -e 's/"mean": "20ms"/"mean": "60ms"/' >lost.json

# ---- commands, help, version ----
exits 0 --help; shows "Examples:"; silent err
exits 0 run --help; shows "--replications"
exits 0 -h
exits 0 --version; shows "sim "
for command in "" run check schema plot sweep init import audit explore replay compare calibrate plan; do
    exits 0 $command --help
    ok "sim $command --help has a line of over 80 columns, or blanks at an end" awk 'length > 80 || / $/ { exit 1 }' out
done
exits 2; says "command is missing"; silent out
exits 2 rnu; says "did you mean run?"
exits 2 forecast x.json; says "this version has no command"
exits 2 run
exits 2 run small.json --zebra; says "unknown option --zebra"
exits 2 run small.json --jobs 0
exits 2 run small.json --replications 5000000000; says "from 1 to 1000000"
exits 2 check small.json --plots
exits 2 run small.json another.json

# ---- commands that are printed can be typed ----
mkdir "sp ace" && cp lost.json "sp ace/it's \$x.json"
exits 4 run "sp ace/it's \$x.json" --set "/name=it's lost" --quiet --format text
first=$(grep -o 'fingerprint .*' out)
ok "the command has its words in quotes" grep -qF "sim run 'sp ace/it'\\''s \$x.json'" out
grep '^ *sim run ' out | head -1 >again.sh
PATH=$work:$PATH sh again.sh >out 2>err; rc=$?
ok "the command that repeats it: exit $rc, $first, $(grep -o 'fingerprint .*' out)" \
    test "$rc" -eq 4 -a "$(grep -o 'fingerprint .*' out)" = "$first"

# ---- audit ----
observed=${report%.json}.observations.json
exits 0 audit "$observed"; shows "a lag rises only with arrivals"; shows "murmur2"; silent err
exits 0 audit "$observed" --lang ko; shows "유입 없이는 Lag이 늘지 않음"
exits 0 audit "$observed" --format json; shows '"findings":'; shows '"consistent":'; silent err
exits 0 audit "$observed" --format markdown
exits 3 audit "$report"; says "/schema: missing"
printf '{ "schema": "sim-observations/1", "statuses": [ { "t_s": "soon" } ] }' >soon.json
exits 3 audit soon.json; says "/statuses/0/t_s"; silent out
printf '{ "schema": "sim-observations/1", "claims": { "stock_service_ms": [200, 100] } }' >claims.json
exits 3 audit claims.json; says "high is below low"
exits 1 audit no-such.json
exits 2 audit
exits 2 audit "$observed" --plots

# ---- schema, check ----
exits 0 schema; shows "http://json-schema.org/draft-07"
exits 0 schema --example
exits 0 check small.json; shows "acceptable"; silent err
exits 0 check small.json --format json; shows '"acceptable":'
exits 1 check no-such.json
printf '{\n  "nmae": 3\n}' >bad.json
exits 3 check bad.json; says "bad.json:2:3: /nmae"; silent out
exits 3 check bad.json --format json; shows '"line":'; says ":2:3:"
ok "findings as JSON" sh -c "tr -d ' \t\n' <out | grep -q '\"acceptable\":false,\"findings\":\[{\"line\":2,\"column\":3,\"pointer\":\"/nmae\",\"message\":'"
exits 3 check small.json --set /groups/stock-service/consumers=0
exits 3 check small.json --set '/thresholds={"orders.piad":["value>1"]}'; says "/thresholds/orders.piad/0: there is"
sed 's/"orders.oversold"/"orders.oversld"/' small.json >figure.json
for command in check run; do exits 3 $command figure.json; says "figure.json:63:101: /thresholds/orders.oversld/0: there is"; silent out; done
exits 3 check small.json --set '/thresholds={"orders.paid":["value>1e400"]}'; says "is not a threshold"
exits 0 check -- small.json
sed 's/"load": {/"load": { "discardResponseBodies": true,/' small.json >k6.json
exits 0 check k6.json; says "discardResponseBodies"
exits 0 run k6.json; says "discardResponseBodies"
exits 0 run k6.json --quiet; silent err

# ---- precision ----
same_bytes() { # two folders, but for the measurements
    diff -r -x summary.json "$1" "$2" >&2 && for dir in "$1" "$2"; do
        sed -E 's/"(wall_s|events_per_s|peak_rss_bytes)":.*//' "$dir/summary.json" >"$dir.fixed"
    done && cmp "$1.fixed" "$2.fixed"
}
exits 0 run small.json --precision orders.paid_ratio=0.02; says "precise enough after 15 replications"
exits 5 run small.json --precision completion_s.max=0.0001 --max-replications 12; says "not precise enough after 12"; shows "fingerprint"
exits 99 run slow.json --precision completion_s.max=0.0001 --max-replications 12; says "not precise enough"
exits 2 run small.json --precision orders.piad=0.1; says "nearest is orders.paid"
for bad in 0 2 x =0.1 orders.paid= orders.paid=-1; do exits 2 run small.json --precision "$bad"; done
exits 2 run small.json --max-replications 1
exits 0 run small.json --precision completion_s.p95=0.03 --out narrow --jobs 1
exits 0 run small.json --precision completion_s.p95=0.03 --out narrower --jobs 7
ok "precision stops at another place on seven threads" same_bytes narrow narrower
exits 0 run narrow/scenario.json --out narrow2
ok "scenario.json of a precise run gives other bytes" same_bytes narrow narrow2

# ---- run: exit codes ----
exits 0 run small.json; shows "fingerprint"; silent err
exits 1 run no-such.json; silent out
exits 1 run .
exits 3 run bad.json; says "bad.json:2:3"
exits 99 run slow.json; shows "MISSED"
# 40/s: 200 orders have come after 5 s, load_end is 2 min
for command in check run "sweep --vary stock-service.consumers=1,2 --replications 1 --out cut.db --force"; do
    exits 0 $command small.json --set /orders/at_most=200
    says "load_end is when the executors end, 120 s, but the last order comes by 5.00 s"; says "115 s later"
    says "(/checkpoints/end_of_load, /checkpoints/half_a_minute_later)"
done
exits 0 run small.json --set /orders/at_most=200 --quiet; tells "115 s later"; silent err
exits 0 sweep small.json --vary /orders/at_most=200,400,4800 --replications 1 --out cut.db --force
says "small.json (at_most=200), and so at 2 of 3 points: load_end is when the executors end, 120 s"
says "the last order comes by 5.00 s"
exits 0 compare small.json --vary /orders/at_most=4800,200 --replications 2
says "small.json (at_most=200), and so at 1 of 2 points: load_end is when"
exits 0 plan small.json --vary /orders/at_most=200,400 --replications 2 --confidence 0.1; says "and so at 2 of 2 points"
# Poisson arrivals: the 200th comes after 5 s on average, in this run at another time.
poisson='/load/scenarios/orders={"executor":"poisson","rate":40,"duration":"2m"}'
exits 0 run small.json --set /orders/at_most=200 --set "$poisson"; says "the last order comes on average at 5.00 s"
tells "its last order comes on average at 5.00 s"
exits 0 run small.json --set /orders/at_most=4800; silent err
exits 0 run slow.json --set stock-service.consumers=3
exits 4 run lost.json --set /orders/at_most=200; shows "To repeat it:"; shows "S3"
exits 4 run lost.json --set /orders/at_most=200 --set '/thresholds={"orders.paid": ["value<1"]}'; shows "MISSED"
exits 4 run lost.json --set /orders/at_most=200 --out lost --quiet
ok "a broken invariant leaves its files" test -s lost/summary.json -a -s lost/lag.csv
exits 0 run small.json --format json; shows '"schema":'; silent err
exits 0 run small.json --format markdown; shows "#"
exits 2 run small.json --set no-equals-sign
exits 2 run small.json --set mean=1ms; says "mean"
exits 3 run small.json --set /groups/nobody/consumers=3
exits 3 run small.json --set /run/seed=-1
exits 0 run small.json --seed 18446744073709551615; shows "18446744073709551615"
"$sim" run - <small.json >out 2>err; rc=$?
ok "scenario from stdin: exit $rc" test $rc -eq 0
printf '{"nmae": 3}' | "$sim" check - >out 2>err; rc=$?
ok "bad scenario from stdin: exit $rc" test $rc -eq 3
ok "no colour off a terminal" sh -c '! grep -q "$(printf "\033")" out'
run run small.json --seed 5; cp out first
run run small.json --seed 5 --jobs 2
ok "the same command prints the same" cmp -s first out
run run small.json --seed 6
ok "another seed prints something else" sh -c '! cmp -s first out'

# ---- files ----
exits 0 run small.json --replications 5 --jobs 1 --orders --out one --quiet; silent err
for file in summary.json scenario.json lag.csv status.csv groups.csv completion.csv orders.csv; do ok "one/$file is there" test -s one/$file; done
ok "nothing unfinished is left" test ! -e one/.unfinished
exits 2 run small.json --out one; says "--force"; silent out
ok "a refused run changes nothing" test -s one/orders.csv
exits 0 run small.json --replications 5 --jobs 2 --orders --out two --quiet
for file in scenario.json lag.csv status.csv groups.csv completion.csv orders.csv; do ok "$file with 1 and 2 jobs" cmp -s one/$file two/$file; done
ok "five replications are in order" test "$(cut -d, -f1 one/status.csv | tail -n +2 | uniq | tr '\n' ' ')" = "0 1 2 3 4 "
ok "an order has one row in each" test "$(grep -c ',4711,' one/orders.csv)" -eq 5
exits 0 run one/scenario.json --orders --out three --quiet
for file in scenario.json lag.csv status.csv groups.csv completion.csv orders.csv; do ok "$file from the resolved scenario" cmp -s one/$file three/$file; done
exits 0 run small.json --out one --force --quiet
ok "what is not written anew does not stay" test ! -e one/orders.csv
ok "what is written anew is" sh -c '! cmp -s one/status.csv two/status.csv'
exits 0 run small.json --orders=0.1 --out some --quiet
ok "a sample of orders: $(wc -l <some/orders.csv) rows" test "$(wc -l <some/orders.csv)" -gt 300 -a "$(wc -l <some/orders.csv)" -lt 700
exits 0 run small.json --out deep/er/down --quiet
ok "folders above are made" test -s deep/er/down/summary.json
exits 2 run small.json --out small.json
exits 2 run small.json --plots; says "--out"
exits 3 run small.json --set stok-service.consumers=2; says 'did you mean "stock-service.consumers"?'
# What a command reads it does not replace, with --force neither.
spares() { # file, then arguments that would write over it
    spared=$1
    shift
    cp "$spared" before
    exits 2 "$@" --force; says "which the command reads"; silent out
    ok "$spared is as before" cmp -s "$spared" before
}
cp "$report" fit.json
cp "${report%.json}.observations.json" .
cp "${report%.json}.observations.json" seen.json
{ echo stage,ms; for ms in 20 21 22 23 24 25 26 27 28 29; do echo reserve,$ms; done; } >steps.csv
spares small.json sweep small.json --vary stock-service.consumers=1,2 --out small.json
mkdir own && cp small.json own/scenario.json
spares own/scenario.json run own/scenario.json --set stock-service.consumers=2 --out own
for name in summary.json lag.csv observed.csv; do
    cp small.json own/$name
    spares own/$name run own/$name --out own
done
cp "${report%/*}/explore-lease.json" own/explore.json
spares own/explore.json explore own/explore.json --runs 20 --out own
spares steps.csv import durations steps.csv --column value=ms --column stage=stage --unit ms --out steps.csv
spares seen.json init --observations seen.json --out seen.json
spares seen.json calibrate fit.json seen.json --out seen.json
spares report-2025-12-24.observations.json calibrate fit.json seen.json --out report-2025-12-24.observations.json
spares fit.json calibrate fit.json seen.json --out ./fit.json
exits 99 run slow.json --out missed --quiet
ok "a missed threshold leaves its files" test -s missed/summary.json -a -s missed/lag.csv
exits 0 run "$report" --set /orders/at_most=3000 --out observed --quiet
ok "inputs are copied" test -s observed/inputs/report-2025-12-24.observations.json
ok "observations are there for pictures" grep -q '^lag,.*,stock-service-group,order-created,1,908,,,2566$' observed/observed.csv
ok "a table without a label has a name in the legend" sh -c "$sim run ${report%/*}/measured-pipeline.json --replications 1 --out unlabelled --quiet >out && grep -q '^lag,offsets at 150 s,stock,' unlabelled/observed.csv"
exits 0 run observed/scenario.json --out again --quiet
ok "lag.csv with inputs" cmp -s observed/lag.csv again/lag.csv

# ---- disks that are full, pipes that are closed ----
"$sim" run small.json >/dev/full 2>err; rc=$?
ok "stdout on a full disk: exit $rc" test $rc -eq 1; says "standard output"
"$sim" --help >/dev/full 2>err; rc=$?
ok "help on a full disk: exit $rc" test $rc -eq 1
"$sim" run small.json >&- 2>err; rc=$?
ok "stdout closed: exit $rc" test $rc -eq 1
(sleep 0.3; "$sim" run small.json 2>err; echo $? >rc) | :
while [ ! -s rc ]; do sleep 0.1; done
ok "a closed pipe: exit $(cat rc)" test "$(cat rc)" -eq 1; says "standard output"
(ulimit -f 20; trap '' XFSZ; "$sim" run small.json --replications 3 --out limited >out 2>err); rc=$?
ok "a file at its limit: exit $rc" test $rc -eq 1; says "writing failed"
ok "no folder is left of it" test ! -e limited
"$sim" run small.json --out kept --quiet >/dev/null
(ulimit -f 20; trap '' XFSZ; "$sim" run small.json --replications 3 --out kept --force >out 2>err); rc=$?
ok "a file at its limit, with --force: exit $rc" test $rc -eq 1
ok "what was there stays" test -s kept/summary.json -a -s kept/lag.csv -a ! -e kept/.unfinished
if [ "$(id -u)" -ne 0 ]; then
    mkdir locked && chmod a-w locked
    exits 1 run small.json --out locked/x
fi

# ---- Ctrl-C ----
"$sim" run "$report" --replications 100000 --jobs 2 --out cut >out 2>err &
pid=$!
for wait in $(seq 600); do
    [ "$(cat cut/.unfinished/status.csv 2>/dev/null | wc -c)" -gt 8192 ] && break # one or more are taken
    sleep 0.1
done
kill -INT $pid
wait $pid; rc=$?
ok "interrupted: exit $rc" test $rc -eq 130; says "interrupted"
ok "what was finished is kept" test -s cut/summary.json -a -s cut/lag.csv -a ! -e cut/.unfinished
ok "and marked" grep -q '"interrupted"' cut/summary.json
n=$(sed -n 's/^[[:space:]]*"replications":[[:space:]]*\([0-9]*\).*/\1/p' cut/summary.json)
ok "rows of $n replications" test "$(cut -d, -f1 cut/status.csv | tail -n +2 | uniq | wc -l)" -eq "${n:-0}"

# ---- the bottleneck of a drain, where nothing arrives ----
exits 0 run "${report%/*}/drain.json" --quiet; shows "Next: payment-service-group"

# ---- pictures ----
pictures() { find "$1/plots" -name "*.$2" -size +1k | wc -l; }
exits 0 run "$report" --set /orders/at_most=3000 --replications 2 --out drawn --plots --quiet; silent err
ok "six pictures as SVG and PNG" test "$(pictures drawn svg) $(pictures drawn png)" = "6 6"
exits 0 run "$report" --set /orders/at_most=3000 --replications 2 --jobs 1 --out redrawn --plots --quiet
ok "observed totals" test "$(grep -c '^[0-9]*,[0-9]*,0,0$' drawn/plots/lag-by-group-observed.csv)" -eq 7
for p in 0 1 2; do
    peak=$(awk -F, -v p=$p '$1 == 0 && $3 == "stock-service-group" && $5 == p && $8 > most { most = $8 } END { print most }' drawn/lag.csv)
    ok "line $p peaks at $peak; the legend: $(grep -o "created-$p  (peak [^)]*" drawn/plots/lag-by-partition.gp)" \
        grep -q "'order-created-$p  (peak $peak, replication 0)'" drawn/plots/lag-by-partition.gp
done
ok "the band of a level has its steps" grep -q "'lag-by-group-band.csv' skip 1 using 1:2:3 with filledcurves" drawn/plots/lag-by-group.gp
ok "that of means has none" grep -q "'utilisation.csv' skip 1 using 1:(\$3\*100):(\$4\*100) with filledcurves" drawn/plots/utilisation.gp
ok "percentiles of several runs are means" grep -q "'p99  [0-9.]* m*s, mean'" drawn/plots/completion-time.gp
ok "equal pictures" diff -r drawn/plots redrawn/plots
rm -rf redrawn/plots
exits 0 plot redrawn
ok "equal pictures, drawn again" diff -r drawn/plots redrawn/plots
exits 0 plot redrawn --lang ko
ok "other words in Korean" sh -c '! cmp -s drawn/plots/utilisation.svg redrawn/plots/utilisation.svg'
echo "set title 'mine'" >>redrawn/plots/utilisation.gp
exits 2 plot redrawn; says "changed"
for records in 100 400000 4500000 45000000; do
    exits 0 run small.json --set /run/ends=1s --set "/groups/stock-service/backlog={\"order-created\": [$records]}" \
        --set /kafka/partitions=1 --set /orders/at_most=10 --set /thresholds={} --set /checkpoints={} --out wide --plots --force --quiet
    ok "both panels have their label beside numbers of $records" test "$(grep -c 'rotate(270)' wide/plots/backlog-and-lag.svg)" -eq 2
done
pause=${report%/*}/lease-shorter-than-pause.json
exits 4 run "$pause" --out oversold --plots --quiet; silent err
ok "and a seventh where an invariant broke" test "$(pictures oversold svg) $(pictures oversold png)" = "7 7"
ok "with the events behind it" test "$(grep -c '^S1,0,[0-9.]*,[0-9]*,[a-z_]*,.*,L2: ' oversold/causes.csv)" -eq 6
exits 0 plot oversold --lang ko; ok "in Korean" grep -q '위반의 원인' oversold/plots/cause.gp
exits 0 run "$pause" --set /stages/reserve-stock/steps/4/style=conditional --out oversold --plots --force --quiet
ok "none is left where none broke" test ! -e oversold/causes.csv -a ! -e oversold/plots/cause.svg
# A chain of one event has texts on one side only, and gnuplot 5.4 crashes on labels of which none is drawn.
exits 4 run "${report%/*}/poison-record.json" --set /orders/at_most=7000 --out poison --plots --quiet; silent err
ok "a chain of one event is drawn" test "$(wc -l <poison/causes.csv) $(pictures poison svg)" = "2 7"
exits 4 run "${report%/*}/poison-record.json" --set /orders/at_most=7000 --out poison --force --quiet
ok "pictures of the old run beside the new one: $(ls poison/plots 2>/dev/null)" test ! -e poison/plots
# What is told apart by microseconds is told apart after 500 s, too.
exits 4 run "${report%/*}/wrong-order-a.json" --set /load/scenarios/sale/startTime=500s --set /checkpoints={} \
    --set /thresholds={} --out late --plots --quiet
grep -o '>500[.0-9]*<' late/plots/cause.svg >ticks
ok "equal numbers on the axis" test -z "$(uniq -d ticks)" -a "$(wc -l <ticks)" -gt 2
exits 0 plot redrawn --force
for script in drawn/plots/*.gp; do
    name=$(basename "$script" .gp)
    rm -f "drawn/plots/$name.svg"
    ok "$name.gp draws without complaint" test -z "$(cd drawn/plots && LC_ALL=C.UTF-8 gnuplot -d "$name.gp" 2>&1)"
    ok "$name.svg as before" cmp -s "drawn/plots/$name.svg" "redrawn/plots/$name.svg"
done
"$sim" plot drawn --terminal >/dev/full 2>err; rc=$?
ok "full disk on stdout of a picture: exit $rc" test $rc -eq 1; says "standard output"
mkdir tmp
TMPDIR=$work/tmp "$sim" plot drawn --terminal >out 2>err; rc=$?
ok "pictures in a terminal: exit $rc" test $rc -eq 0; shows "Lag by consumer group"; silent err
ok "a title first, no feeds, no blanks at the ends of lines" sh -c \
    '[ "$(head -1 out | tr -d " ")" = Lagbyconsumergroup ] && ! grep -q "$(printf "\f")" out && ! grep -q " $" out'
ok "lines of 80 columns: $(wc -L <out)" test "$(wc -L <out)" -le 80
ok "one empty line, between the two" test "$(grep -c '^$' out)" -eq 1
ok "their scripts are left: $(ls tmp/* 2>/dev/null | head -1)" test -z "$(ls tmp)"
exits 1 plot no-such-folder
exits 1 plot small.json
mkdir empty
exits 1 plot empty; says "summary.json"
ok "an empty folder stays empty" test -z "$(ls -A empty)"
PATH=/nonexistent "$sim" run small.json --out bare --plots >out 2>err; rc=$?
ok "no gnuplot: exit $rc" test $rc -eq 0; says "no gnuplot"
ok "scripts and data are kept" test "$(find bare/plots -name '*.gp' | wc -l)" -eq 6 -a -s bare/plots/lag-by-group.csv
PATH=/nonexistent "$sim" plot bare >out 2>err; rc=$?
ok "sim plot without gnuplot: exit $rc" test $rc -eq 1
mkdir tools && printf '#!/bin/sh\necho "line 1: broken" >&2\nexit 1\n' >tools/gnuplot && chmod +x tools/gnuplot
PATH=$work/tools:$PATH "$sim" run small.json --out broken --plots >out 2>err; rc=$?
ok "a gnuplot that fails: exit $rc" test $rc -eq 1; says "line 1: broken"
ok "but the results are kept" test -s broken/summary.json -a -s broken/lag.csv
ok "and the scripts and data of all pictures" test "$(find broken/plots -name '*.gp' | wc -l)" -eq 6 -a -s broken/plots/utilisation.csv

printf '#!/bin/sh\necho "a first line" >&2\necho "  gnuplot: error while loading libgd.so.3" >&2\nexit 127\n' >tools/gnuplot
PATH=$work/tools:$PATH "$sim" plot drawn --force >out 2>err; rc=$?
ok "one that fails before it has read anything: exit $rc" test $rc -eq 1; says ": gnuplot: error while loading libgd.so.3"
printf '#!/bin/sh\nprintf "plot x y\\n      ^\\n\\"a.gp\\" line 7: x is undefined\\nand more\\n" >&2\nexit 1\n' >tools/gnuplot
PATH=$work/tools:$PATH "$sim" plot drawn --force >out 2>err; rc=$?
ok "one that names the line: exit $rc" test $rc -eq 1; says '"a.gp" line 7: x is undefined'
# A full disk is nothing to gnuplot: it ends well, and the picture is half.
printf '#!/bin/sh\necho half >"${2%%.gp}.svg"\n' >tools/gnuplot
vary="sweep small.json --vary stock-service.consumers=1,2 --replications 1"
PATH=$work/tools:$PATH "$sim" $vary --out half.db --plots --quiet >out 2>err; rc=$?
ok "half a picture of a sweep: exit $rc" test $rc -eq 1; says "did not finish this picture"
ok "none is left: $(find . -path './half*' -name '*.svg')" test -z "$(find . -path './half*' -name '*.svg')"
PATH=/nonexistent "$sim" $vary --out none.db --plots --quiet >out 2>err; rc=$?
ok "a sweep without gnuplot: exit $rc" test $rc -eq 0; says "no gnuplot"; says "none-plots"
ok "its scripts and data are kept" test -n "$(find none-plots -name '*.gp')" -a -n "$(find none-plots -name '*.csv')"
exits 1 $vary --out cut.db --force --quiet --export no-such-folder/cut.csv; says "no-such-folder/cut.csv: cannot be written"
"$sim" run small.json --format json >/dev/full 2>err
ok "a full disk is told as such" grep -q "No space left on device" err

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
