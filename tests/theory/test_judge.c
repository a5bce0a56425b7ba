/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: a plan's looks at growing counts err together in no more than the 5 % that one may, and as judge.h says.
 * Method: exact. The law of the number of runs in which one threshold holds is carried from look to look (binomial
 * steps); at each look the share that is decided leaves. No draw is made. */
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

static void look(double *law, uint32_t n, const struct spending *looks, struct decided *out)
{
    for (uint32_t k = 0; k <= n; k++) {
        const struct judged judged = { .n = n, .n_thresholds = 1, .held = &k, .looks = *looks };
        const enum standing standing = judge_standing(&judged);
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
    struct spending looks = { 0 };
    struct arena arena;
    uint32_t n = 0;
    const uint32_t first[] = { JUDGE_GLANCE, JUDGE_FIRST };
    arena_init(&arena);
    for (size_t i = 0; i < 2 && first[i] < least; i++) {
        move_on(law, n, first[i], p);
        n = first[i];
        spending_look(&looks, confidence, n, LOOK_GLANCE, &arena);
        look(law, n, &looks, &out);
        /* A glance only rejects: so few runs cannot be enough to meet it. */
        assert_true(out.met == 0);
    }
    for (uint32_t until = least;; until = judge_next_look(until)) {
        move_on(law, n, until, p);
        n = until;
        spending_look(&looks, confidence, n, judge_look(n, least), &arena);
        look(law, n, &looks, &out);
        if (until >= JUDGE_MOST) break;
    }
    for (uint32_t k = 0; k <= n; k++) out.open += law[k];
    assert_true(fabs(out.met + out.missed + out.open - 1) < 1e-9);
    arena_fini(&arena);
    return out;
}

static void test_error(void **state)
{
    (void)state;
    const struct decided at = decide(0.95, 0.95, 60), above = decide(0.99, 0.95, 60), below = decide(0.9, 0.95, 60);
    print_message("holds in 95 %% of runs, asked for 95 %%: met %.4f, missed %.4f, open %.4f\n", at.met, at.missed,
                  at.open);
    print_message("in 99 %%: met %.4f, missed %.4f; in 90 %%: met %.4f, missed %.4f\n", above.met, above.missed,
                  below.met, below.missed);
    assert_true(fabs(at.met - 0.0499) < 0.0001 && fabs(at.missed - 0.0454) < 0.0005);
    assert_true(fabs(below.met - 0.002) < 0.0005 && fabs(above.missed - 0.0002) < 0.00005);
    assert_true(above.met > 0.99 && below.missed > 0.95);
}

/* What holds in just too few of all runs is called met in 5 of 100 plans at most, what holds in just enough missed in
 * as many: for whatever share is asked for, and however many runs to begin with. */
static void test_risk(void **state)
{
    (void)state;
    const double share[] = { 0.05, 0.3, 0.5, 0.8, 0.9, 0.95, 0.97, 0.99, 0.999 };
    const uint32_t least[] = { 1, 2, 5, 10, 11, 20, 59, 60, 100, 200, 399, 400 };
    for (size_t s = 0; s < sizeof share / sizeof share[0]; s++)
        for (size_t l = 0; l < sizeof least / sizeof least[0]; l++) {
            const struct decided at = decide(share[s], share[s], least[l]);
            const struct decided under = decide(0.98 * share[s], share[s], least[l]);
            assert_true(at.met <= 0.05 + 1e-9 && at.missed <= 0.05 + 1e-9);
            assert_true(under.met <= at.met + 1e-12);
        }
}

/* The counts that decide, for 95 % (0.95^59 = 0.0485, 0.95^58 = 0.0510): a first look takes as few as one alone. */
static void test_counts(void **state)
{
    (void)state;
    const struct { uint32_t n; enum look look; uint32_t met_from, missed_below; } expected[] = {
        { 2, LOOK_GLANCE, 3, 1 },    { 10, LOOK_GLANCE, 11, 8 }, { 60, LOOK_FIRST, 60, 53 },
        { 120, LOOK_AGAIN, 120, 109 }, { 240, LOOK_AGAIN, 237, 220 }, { 400, LOOK_LAST, 391, 370 } };
    struct spending looks = { 0 }, alone[2] = { 0 };
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        spending_look(&looks, 0.95, expected[i].n, expected[i].look, &arena);
        assert_int_equal(looks.met_from, expected[i].met_from);
        assert_int_equal(looks.missed_below, expected[i].missed_below);
    }
    spending_look(&alone[0], 0.95, 59, LOOK_FIRST, &arena);
    assert_int_equal(alone[0].met_from, 59);
    spending_look(&alone[1], 0.95, 58, LOOK_FIRST, &arena);
    assert_int_equal(alone[1].met_from, 59); /* not to be had */
    arena_fini(&arena);
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
    struct arena arena;
    arena_init(&arena);
    spending_look(&judged.looks, 0.5, 400, LOOK_LAST, &arena);
    assert_int_equal(judge_standing(&judged), STANDING_MISSED);
    judged.broken = 0;
    assert_int_equal(judge_standing(&judged), STANDING_MET);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_error), cmocka_unit_test(test_risk),
                                        cmocka_unit_test(test_counts), cmocka_unit_test(test_monotone),
                                        cmocka_unit_test(test_broken) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
