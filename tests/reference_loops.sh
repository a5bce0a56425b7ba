#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The two reference loops of bench/ play the plain pipeline rightly: four answers for one and for three stock consumers,
# against means over 1,000 runs of five other programs, within 3 standard deviations of the difference of the means.
set -u
cd "$(dirname "$0")/.."
reference=${BUILD:-build}/bench/reference
runs=200 passed=0 failed=0

# consumers, answer, mean over the other programs, standard deviation of one run
published='
1 peak_backlog      21198    64
1 last_paid_s       561.2    2.6
1 completion_mean_s 253.33   1.40
1 completion_p99_s  571.6    2.6
3 peak_backlog      14.3     2.1
3 last_paid_s       -0.738   0.013
3 completion_mean_s 0.05945  0.00105
3 completion_p99_s  0.1908   0.0123
'
for loop in maxplus loop; do
    for consumers in 1 3; do
        answers=$("$reference" answers $loop $consumers $runs 1) || exit 1
        for name in peak_backlog last_paid_s completion_mean_s completion_p99_s; do
            if { echo "$published"; echo "$answers"; } | awk -v c=$consumers -v name=$name -v runs=$runs -v loop=$loop '
                $1 == c && $2 == name { mean = $3; sd = $4 }
                $1 == name { ours = $2; seen = 1 }
                END {
                    bound = 3 * sd * sqrt(1 / runs + 1 / 1000)
                    off = ours - mean; if (off < 0) off = -off
                    if (seen && sd > 0 && off <= bound) exit 0
                    printf "not ok: %s, C = %d, %s: %s, want %s within %g\n", loop, c, name, ours, mean, bound
                    exit 1
                }'; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
        done
    done
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
