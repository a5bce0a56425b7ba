#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# sim import and sim init as a user meets them: what they write is a scenario that runs, or observations that are read;
# it predicts what the shipped scenario predicts; nothing is overwritten. Method: the built program and small files.
set -u
cd "$(dirname "$0")/.."
top=$PWD sim=$PWD/${BUILD:-build}/sim
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
exec </dev/null
data=$top/tests/support/foreign
python=${PYTHON:-python3}
passed=0 failed=0

ok() { # what, then a command that must succeed
    what=$1
    shift
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "not ok: $what: $(head -1 err)"; fi
}
exits() { # code, then arguments of sim, which reads the caller's stdin
    want=$1
    shift
    "$sim" "$@" >out 2>err
    rc=$?
    ok "sim $*: exit $rc, want $want" test "$rc" -eq "$want"
}
# The commands that init printed do what they say: the run shows predicted beside observed, the audit accepts.
next_works() { # the scenario
    sed -n 's/^sim: next: //p' err >next.sh
    sed -n 's/^sim: then, .*another: //p' err >then.sh
    ok "init named the run of $1" test -s next.sh
    sed -i "s/--replications 20\$/--replications ${REPLICATIONS:-20}/" next.sh # fewer under sanitizers
    sh next.sh >next.out 2>&1
    rc=$?
    ok "$(cat next.sh): exit $rc" test $rc -eq 0 -o $rc -eq 99
    ok "$1: predicted stands beside observed" grep -q "^Predicted beside observed" next.out
    ok "$(cat then.sh)" sh then.sh >next.audit
}
shows() { ok "out has no $1" grep -qF -- "$1" out; }
says() { ok "err has no $1" grep -qF -- "$1" err; }

# ---- k6 ----
exits 0 import k6 "$data/script.js"
says "script.js:6:14: /scenarios/orders/tags/host is computed"
says "left out: thresholds"
shows '"maxVUs": 200'
shows '{"target": 100, "duration": 120000}'
cp out k6.json
exits 0 check k6.json
exits 0 import k6 "$data/two-scenarios.js" # as its manual writes them: let, exec, env, tags, a threshold with an object
says "scenario contacts: gracefulStop, env, tags, exec left out"
shows '"startTime": "10s"'
shows '{"target": 10, "duration": 90000}'
printf '\357\273\277{"scenarios": {"a": {"executor": "constant-arrival-rate", "rate": 10, "duration": "1m", "preAllocatedVUs": 1}}}' >bom.json
exits 0 import k6 bom.json
exits 0 import k6 "$data/constants.js" # names that a const gives plain data
shows '"maxVUs": 240'
shows '{"target": 20, "duration": "1m"}'
shows '{"target": 100, "duration": "4m"}'
exits 3 import k6 "$top/tests/bad_foreign/k6-shortcut.js" --lang ko
says "/stages: 시나리오 밖의 stages = k6 ramping-vus의 단축형"
# Time is in proportion to the stages: what is quadratic in them takes two minutes.
"$python" -c 'print("export const options = { scenarios: { o: { executor: \"ramping-arrival-rate\", preAllocatedVUs: 10, stages: [",
    "{ target: 7, duration: 1000 }, " * 80000, "] } } };")' >many.js
timeout 20 "$sim" import k6 many.js >out 2>err
ok "80,000 stages are read in time" test $? -eq 0 -a "$(grep -c '"target": 7' out)" -eq 80000
for shape in handle-summary summary-export; do
    exits 0 import k6 "$data/$shape.json"
    shows '"orders_created": 40730'
    shows '"p95": 52.25'
done

# ---- init: as the shipped scenario predicts, from the observations alone ----
cp "$top/scenarios/report-2025-12-24.observations.json" o.json
exits 0 init --observations o.json --out my.json
says "fitted: stock-service-group"
next_works my.json
exits 2 init --observations o.json --out my.json
exits 0 init --observations o.json --k6 "$data/script.js"
exits 2 init
exits 1 init --observations none.json
exits 99 run my.json --replications 3 --format json --quiet
"$sim" run "$top/scenarios/report-2025-12-24.json" --replications 3 --format json --quiet >shipped
ok "predicts like the shipped scenario" "$python" - <<'PYTHON'
import json
mine, shipped = json.load(open("out")), json.load(open("shipped"))
def at(summary, path):
    for key in path.split("/"): summary = summary[key]
    return summary
for path, of_mine in (("checkpoints/load_end_30s/paid", None), ("groups/stock-service-group/peak_lag", None),
                      ("groups/stock-service-group/drained_at_s", None), ("checkpoints/offsets/paid", None)):
    a, b = at(mine, path), at(shipped, path)
    assert abs(a - b) < 0.01 * b, (path, a, b)
assert len(mine["observations"]) == len(shipped["observations"]) > 40
for a, b in zip(mine["observations"], shipped["observations"]):
    assert a["name"] == b["name"] and abs(a["predicted"] - b["predicted"]) <= max(5, 0.02 * b["predicted"]), (a, b)
PYTHON

# ---- init: the scenario names its observations, wherever they lie ----
mkdir -p lies/elsewhere "new's place"
mv o.json lies/elsewhere
exits 0 init --observations lies/elsewhere/o.json --out "new's place/my.json"
next_works "new's place/my.json"
ok "a copy lies beside it" cmp lies/elsewhere/o.json "new's place/my.observations.json"
rm "new's place/my.json"
exits 2 init --observations lies/elsewhere/o.json --out "new's place/my.json"
says "my.observations.json: is there already; --force replaces it"
ok "neither file without the other" test ! -e "new's place/my.json"
exits 0 init --observations - --out from-stdin.json --force <lies/elsewhere/o.json
ok "stdin is kept" cmp lies/elsewhere/o.json from-stdin.observations.json
mv lies/elsewhere/o.json .

# ---- durations: a table of percentiles ----
printf 'stage,p50_ms,p99_ms,p95_ms,mean_ms,n\nstock,20,45,34,21.3,1000\ncoupon,4,9,7,9.9,500\n' >p.csv
exits 0 import durations p.csv
shows '"p95": "34ms"'
says "coupon: through these percentiles the mean is 4.2"
exits 0 init --k6 "$data/script.js" --durations p.csv --out p.json
ok "the stage has those percentiles" grep -q '"p99": "45ms"' p.json
printf 'p50,p99\n20,45\n' >q.csv
exits 0 import durations q.csv --unit ms
shows '"p50": "20ms"'

# ---- offsets: two tables under lag give a service time ----
exits 0 import offsets "$data/describe.txt"
says "23.18 ms a record, standard error 0.53 ms" # 240 s for 10,355 records
shows '"service_s": 0.0231'
ok "what two tables say of themselves holds" sh -c '"$0" audit - <out | grep -q "^  Nothing"' "$sim"
sed 's/"service_s": 0.023[0-9]*/"service_s": 0.04/' out >slower
exits 0 audit slower
shows "least 9,855 records between 0 s" # all but a batch
sed 's/created \([0-2]\)\( .*\)consumer-1-0b8c/created \1\2consumer-\1-0b8c/' "$data/describe.txt" >three.txt
exits 0 import offsets three.txt
says "with 3 consumers 69.53 ms a record, standard error 2.51 ms" # a batch of each, one independent of the others
exits 0 init --offsets "$data/describe.txt" --out off.json
next_works off.json
sed -n '/rebalancing/,$p' "$data/describe.txt" >one.txt # one table: what waits goes
exits 0 init --offsets one.txt --out drain.json
says "no load: the scenario plays how long what waits in the table takes to go"
exits 0 run drain.json --quiet
# ---- offsets: as people take them: several groups, each with its own head and warnings, and any clock between ----
table() { # committed offset of the first partition
    printf "\nWarning: Consumer group 'stock' is rebalancing.\n\nGROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID\n"
    printf "stock orders 0 $1 9000 $((9000 - $1)) c-1-uuid /10.0.0.5 c-1\nstock orders 1 - 800 - c-1-uuid /10.0.0.5 c-1\n"
    printf "\nConsumer group 'coupon' has no active members.\n\nGROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID\n"
    printf 'coupon orders 0 9000 9000 0 - - -\n'
}
for clock in '%s' '1766535%s0' '1766535%s0123' '2025-12-24T09:1%s:00+09:00' '2025-12-24 09:1%s:00,123' 'Wed Dec 24 09:1%s:00 KST 2025' \
    'Wed Dec 24 09:1%s:00 AM KST 2025' '2025. 12. 24. (수) 09:1%s:00 KST'; do
    case $clock in
    %s) first=t_s=0 second=t_s=120 ;;
    1766*) first=$(printf "$clock" 00) second=$(printf "$clock" 12) ;;
    *) first=$(printf "$clock" 2) second=$(printf "$clock" 4) ;;
    esac
    { echo "$first"; table 1000; echo "$second"; table 5000; } | sed 's/$/\r/' >clock.txt
    exits 0 import offsets clock.txt
    says "stock was behind from 0 s to 120 s and committed 4000 records"
    says "1 partition without a committed offset (-), as stock, orders, partition 1, left out"
    ok "$clock: two groups" test "$(grep -c '"name": ' out)" -eq 2
done

exits 0 import offsets "$data/range.json" # the same of a range query: 43 records/s
says "23.26 ms a record"
shows '{"rate_per_s": 10, "duration_s": 240}'
sed 1d out >of-json
exits 0 import offsets "$data/range.csv" # the same series as CSV, as the query says them
sed 1d out >of-csv
ok "the CSV of the series holds what its JSON does" sh -c 'grep -v foreign/range of-json >a; grep -v foreign/range of-csv >b; test -s a && cmp a b'
"$sim" run "$top/scenarios/skeleton.json" --quiet --out own-run >/dev/null
exits 0 import offsets own-run/lag.csv # what sim itself leaves
ok "its last table is the end of its log" sh -c 'python3 -c "
import csv, json
o = json.load(open(\"out\"))
rows = [r for r in csv.DictReader(open(\"own-run/lag.csv\"))]
end = {(r[\"topic\"], int(r[\"partition\"])): int(r[\"log_end_offset\"]) for r in rows}
assert {(r[\"topic\"], r[\"partition\"]): r[\"log_end\"] for r in o[\"offsets\"][\"rows\"]} == end"'
for t in 100 220; do # a group that reads two topics: each order is in both, and is one order
    echo "t_s=$t"
    echo "GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID"
    for topic in reserved used; do echo "flow $topic 0 $((t * 100)) $((t * 100)) 0 c-1-uuid /10.0.0.5 c-1"; done
done >joins.txt
exits 0 import offsets joins.txt
says "the log of reserved grew by 12000 records in 120 s: 100/s"
exits 0 init --offsets "$data/range.json" --out range.scenario
next_works range.scenario
exits 0 run range.scenario --format json --quiet
ok "log ends count from the first table: 6,300 a partition" "$python" -c 'import json
of = json.load(open("out"))["checkpoints"]["offsets"]["groups"]["stock-service-group"]["partitions"]
named = json.load(open("range.scenario.observations.json"))["offsets"]["rows"]
of = [p["log_end_offset"] for p in of if p["topic"] == "order-created"]
assert [r["log_end"] for r in named] == [6300] * 3 and all(abs(end - 6300) < 80 for end in of), of'
rows() { echo "t_s=$1"; printf "GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG\ng t 0 $2 $3 $(($3 - $2))\n"; }
{ rows 0 500 900; rows 60 400 950; rows 120 420 940; } >falls.txt
{ rows 0 500 900; rows 60 700 900; } >still.txt
exits 0 init --offsets still.txt
says "what waits in the table at 0 s, where the run begins, takes to go"
exits 0 init --offsets "$data/range.json" --k6 "$data/script.js"
says "orders arrive as the k6 script says (--k6); when the tables have them arrive is not used"
exits 0 import offsets falls.txt
says "falls.txt:6: the committed offset of g, t, partition 0 falls from 500 to 400"
says "2 offsets in all fall from one table to the next"
# A table a minute, as sim's own run of the report leaves them: its ramp, its end and its greatest lag.
"$sim" run "$top/scenarios/report-2025-12-24.json" --quiet --format json --out minutes >own
awk -F, 'NR == 1 || $2 % 60 == 8' minutes/lag.csv >minutes.csv
exits 0 init --offsets minutes.csv --out minutes.json
says "taken for the load: 7 pieces of one rate each"
exits 0 run minutes.json --replications 2 --format json --quiet
ok "peak and counts of every table are those of the run" "$python" - <<'PYTHON'
import json
made, own = json.load(open("out")), json.load(open("own"))
peaks = [run["groups"]["stock-service-group"]["peak_lag"] for run in (made, own)]
assert abs(peaks[0] / peaks[1] - 1) < 0.05, peaks
tables = [one for one in made["observations"] if one["name"].startswith("order-created, t = ")]
assert len(tables) >= 14 and all(abs(one["residual"]) <= 5 + 0.002 * one["observed"] for one in tables), tables
PYTHON
# A pace that the tables give between 300 s and 600 s, and that is wrong before: the second table shows it.
{ rows 0 0 0; rows 300 3000 30000; rows 600 20000 30000; } >paces.txt
exits 0 init --offsets paces.txt --out paces.json
exits 0 run paces.json --replications 3 --quiet
shows "g in the tables before the last (0 of 1 explained), furthest off"
exits 0 run paces.json --replications 3 --quiet --lang ko
shows "g, 마지막 이전의 표 (1개 중 0개 설명됨)"
printf 'GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG\ninvoices bills 0 10 15 5\n' >own.txt
exits 0 init --offsets own.txt --out own.json # no group of the usual pipeline
exits 0 run own.json --quiet
exits 2 init --observations o.json --offsets own.txt

# ---- durations ----
exits 0 import durations "$data/steps.csv" --column stage=group --column value=lock_ms --column at=t_start --unit ms
shows '"stage": "stock"'
shows '"step": "lock"'
exits 0 import durations "$data/latency.hgrm" --unit ms
shows '"autocorrelation": null'
exits 0 import durations "$data/listener.prom"
shows '["25ms", 0.75]'
shows '"mean_s": 0.0235'
exits 3 import durations "$data/steps.csv" --column value=locks_ms
exits 2 import durations "$data/steps.csv" --column vlaue=lock_ms
exits 3 import durations "$data/steps.csv" --column stage=group # of several columns none is the durations
says "8 columns may be durations: lock_ms, select_ms, pause_ms,"
says "--column value=lock_ms --column value=select_ms"
exits 0 init --k6 "$data/script.js" --durations "$data/steps.csv" --column stage=group --column value=lock_ms --unit ms --out d.json
says "stock lock"
exits 0 check d.json

# ---- durations: Q-Q pictures: draws of two families lie on the diagonal ----
"$python" -c 'import random
draw = random.Random(3)
print("stage,step,took_ms")
for i in range(2000): print("stock,lock,%.4f\npay,it%%s 100%% \"q\",%.4f" % (draw.lognormvariate(1.2, 0.4), draw.weibullvariate(5, 3)))' >took.csv
exits 2 import durations took.csv --plots
says "needs --out FILE"
exits 2 import orders took.csv --out fits.json --plots
exits 0 import durations took.csv --column stage=stage --column step=step --out fits.json --plots
first=fits-plots/qq-01-stock-lock second=fits-plots/qq-02-pay-it-s-100---q-
ok "measured and fitted quantiles agree" "$python" - $first.csv $second.csv <<'PYTHON'
import csv, sys
for file in sys.argv[1:]:
    rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(open(file))]
    assert len(rows) == 230 and rows[-1]["probability"] == 1999.5 / 2000
    assert rows == sorted(rows, key=lambda row: row["measured_s"])
    body = [row for row in rows if 0.05 < row["probability"] < 0.95]
    assert len(body) > 150 and all(abs(row["family_s"] / row["measured_s"] - 1) < 0.04 for row in body)
PYTHON
if command -v gnuplot >/dev/null; then
    says "2 pictures in fits-plots"
    for picture in $first $second; do
        ok "$picture is drawn" test -s $picture.svg -a -s $picture.png
        ok "$picture.gp draws without complaint" test -z "$(cd fits-plots && gnuplot -d "$(basename $picture).gp" 2>&1)"
    done
fi
rm fits.json
exits 2 import durations took.csv --column stage=stage --out fits.json --plots
ok "no file beside pictures that may not be replaced" test ! -e fits.json
PATH=/nonexistent "$sim" import durations took.csv --out bare.json --plots >out 2>err
ok "no gnuplot is no error" test $? -eq 0 -a -s bare.json -a -s bare-plots/qq-01-took.gp -a -s bare-plots/qq-01-took.csv
says "no gnuplot here"
exits 2 import durations "$data/listener.prom" --out prom.json --plots
says "no single durations"

# ---- orders: 10/s for 40 s, one paid every 200 ms ----
exits 0 import orders "$data/orders.csv" --time-zone +09:00
says "one was paid every 200.00 ms"
shows '"orders_created": 400'
# Exported while orders wait, within a bin: 50/s for 100 s, one paid every 40 ms, and the last of those at 123.4 s.
"$python" -c 'print("id,created_at,paid_at")
for i in range(5000): print(i + 1, 1766535000 + i / 50, 1766535000 + (i + 1) / 25 if (i + 1) / 25 < 123.41 else "", sep=",")' >cut.csv
exits 0 import orders cut.csv
says "after the last order, every 40.00 ms (from 535)"
exits 0 init --orders "$data/orders.csv" --time-zone +09:00 --out ord.json
says "works 5.0"
next_works ord.json
ok "the counts of orders are explained" grep -q "Of 16 observations 16 are explained" next.out
ok "the table of orders agrees with itself" grep -q "^  Nothing" next.audit
exits 2 import orders "$data/orders.csv" --time-zone Seoul
# As spreadsheets and databases write them: a mark, quotes, zones of all forms, blank lines, NULL, other names.
printf '\357\273\277"no";"at";"paid"\r\n"1";"2025-12-24T09:00:00.250+09:00";"2025-12-24T00:00:01Z"\r\n\r\n' >sheet.csv
printf '"2";"2025-12-24T09:00:02+0900";""\r\n"3";"2025-12-24 09:00:03.5+09";NULL\r\n"4";"2025-12-24 00:00:04Z";\\N\r\n' >>sheet.csv
exits 0 import orders sheet.csv --column id=no --column created=at --column paid=paid
shows '"orders_created": 4'
shows '"mean": 0.75'
shows '{"from_s": 0, "to_s": 1, "created": 1, "paid": 1}'
echo "$passed passed, $failed failed"
[ $failed = 0 ]
