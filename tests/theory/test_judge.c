/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: what a plan's looks at growing counts cost in certainty is what judge.h says. Method: exact. The law of the
 * number of runs in which one threshold holds is carried from look to look (binomial steps); at each look the share that
 * is decided leaves. No draw is made. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "sim/lab/judge.h"

struct decided { double met, missed, open; };

static double chance(uint32_t k, uint32_t n, double p)
{
    if (p >= 1) return k == n;
    return exp(lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0) + k * log(p) + (n - k) * log1p(-p));
}

/* law[k]: k held of `from`, undecided so far; moved to `until`. */
static void move_on(double *law, uint32_t from, uint32_t until, double p)
{
    double next[JUDGE_MOST + 1] = { 0 };
    for (uint32_t k = 0; k <= from; k++)
        for (uint32_t more = 0; law[k] > 0 && more <= until - from; more++)
            next[k + more] += law[k] * chance(more, until - from, p);
    memcpy(law, next, sizeof next);
}

static void look(double *law, uint32_t n, double confidence, struct decided *out)
{
    for (uint32_t k = 0; k <= n; k++) {
        const struct judged judged = { .n = n, .n_thresholds = 1, .held = &k };
        const enum standing standing = judge_standing(&judged, confidence);
        if (standing == STANDING_OPEN) continue;
        if (standing == STANDING_MET) out->met += law[k];
        else out->missed += law[k];
        law[k] = 0;
    }
}

/* As judge_fully looks, of a threshold that holds with probability p. */
static struct decided decide(double p, double confidence, uint32_t least)
{
    double law[JUDGE_MOST + 1] = { 1 };
    struct decided out = { 0 };
    uint32_t n = 0;
    const uint32_t first[] = { JUDGE_GLANCE, JUDGE_FIRST };
    for (size_t i = 0; i < 2; i++) {
        double before[JUDGE_MOST + 1];
        move_on(law, n, first[i], p);
        n = first[i];
        memcpy(before, law, sizeof before);
        look(law, n, confidence, &out);
        /* A glance only rejects: so few runs cannot be enough to meet it. */
        assert_true(out.met == 0);
    }
    for (uint32_t until = least;; until = judge_next_look(until)) {
        move_on(law, n, until, p);
        n = until;
        look(law, n, confidence, &out);
        if (until >= JUDGE_MOST) break;
    }
    for (uint32_t k = 0; k <= n; k++) out.open += law[k];
    assert_true(fabs(out.met + out.missed + out.open - 1) < 1e-9);
    return out;
}

static void test_error(void **state)
{
    (void)state;
    const struct decided at = decide(0.95, 0.95, 60), above = decide(0.99, 0.95, 60), below = decide(0.9, 0.95, 60);
    print_message("holds in 95 %% of runs, asked for 95 %%: met %.4f, missed %.4f, open %.4f\n", at.met, at.missed, at.open);
    print_message("in 99 %%: met %.4f, missed %.4f; in 90 %%: met %.4f, missed %.4f\n", above.met, above.missed, below.met,
                  below.missed);
    assert_true(fabs(at.met - 0.10) < 0.005 && fabs(at.missed - 0.11) < 0.005);
    assert_true(fabs(below.met - 0.002) < 0.0005 && fabs(above.missed - 0.0002) < 0.00005);
    assert_true(above.met > 0.999 && below.missed > 0.98);
}

/* The more often it holds, the oftener it is called met. */
static void test_monotone(void **state)
{
    (void)state;
    double before = -1;
    for (double p = 0.5; p <= 1.0001; p += 0.05) {
        const struct decided now = decide(p, 0.8, 60);
        assert_true(now.met >= before - 1e-12);
        before = now.met;
    }
    assert_true(before > 1 - 1e-9);
}

/* One broken invariant outweighs every count. */
static void test_broken(void **state)
{
    (void)state;
    uint32_t held[] = { 400 };
    struct judged judged = { .n = 400, .met = 399, .broken = 1, .n_thresholds = 1, .held = held };
    assert_int_equal(judge_standing(&judged, 0.5), STANDING_MISSED);
    judged.broken = 0;
    assert_int_equal(judge_standing(&judged, 0.5), STANDING_MET);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_error), cmocka_unit_test(test_monotone),
                                        cmocka_unit_test(test_broken) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
