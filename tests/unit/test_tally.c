/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: sums and percentiles are exact as long as the observations are kept, and within the stated error afterwards.
 * Method: random observations of many magnitudes against a sorted copy, ranks worked out by hand, the step over
 * exact_max, and sums beyond 64 bits. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "sim/engine/random.h"
#include "sim/engine/tally.h"
#include "tests/support/own_arena.h"

static int compare(const void *a, const void *b)
{
    sim_ns x = *(const sim_ns *)a, y = *(const sim_ns *)b;
    return x < y ? -1 : x > y;
}

static void test_empty(void **state)
{
    struct tally tally;
    (void)state;
    tally_init(&tally, &arena, 10);
    assert_true(isnan(tally_mean_s(&tally)));
    assert_true(isnan(tally_percentile_s(&tally, 0.5)));
}

/* p is decimal: 0.07 of 100 is rank 7 though 0.07 * 100 is above 7 in binary. */
static void test_nearest_rank(void **state)
{
    struct tally tally;
    (void)state;
    tally_init(&tally, &arena, 1000);
    for (int i = 100; i >= 1; i--) tally_add(&tally, i * SIM_S);
    for (int i = 1; i <= 100; i++) {
        assert_true(tally_percentile_s(&tally, i / 100.0) == (double)i);
        assert_true(tally_percentile_s(&tally, (i - 0.5) / 100.0) == (double)i);
    }
    assert_true(tally_percentile_s(&tally, 0.951) == 96);
    assert_true(tally_percentile_s(&tally, 1e-9) == 1);
    assert_true(tally_mean_s(&tally) == 50.5);
}

/* n observations between 0 and 2^bits, some equal. */
static void fill(struct tally *tally, sim_ns *copy, uint64_t n, int bits)
{
    for (uint64_t i = 0; i < n; i++) {
        uint64_t random = random_mix(i * 64 + (uint64_t)bits + 1);
        copy[i] = bits == 0 ? 0 : (sim_ns)(random >> (64 - bits));
        if (i % 7 == 0) copy[i] = copy[i / 2];
        tally_add(tally, copy[i]);
    }
    qsort(copy, n, sizeof *copy, compare);
}

static void test_exact(void **state)
{
    enum { N = 3001 };
    static sim_ns sorted[N];
    (void)state;
    for (int bits = 0; bits <= 63; bits++) {
        struct tally tally;
        tally_init(&tally, &arena, N);
        fill(&tally, sorted, N, bits);
        __int128 sum = 0;
        for (int i = 0; i < N; i++) sum += sorted[i];
        assert_true(tally.sum_ns == sum);
        assert_true(tally.n == N && tally.min_ns == sorted[0] && tally.max_ns == sorted[N - 1]);
        for (uint64_t rank = 1; rank <= N; rank += rank < 5 ? 1 : 37) {
            double p = ((double)rank - 0.5) / N;
            assert_true(tally_percentile_s(&tally, p) == ns_to_s(sorted[rank - 1]));
        }
        assert_true(tally_percentile_s(&tally, 1) == ns_to_s(sorted[N - 1]));
    }
}

/* All in one bucket of the histogram: the value's own digits decide. */
static void test_crowded(void **state)
{
    enum { N = 5000 };
    static sim_ns sorted[N];
    struct tally tally;
    (void)state;
    tally_init(&tally, &arena, N);
    for (int i = 0; i < N; i++) {
        sorted[i] = ((sim_ns)1 << 40) + (sim_ns)(random_mix((uint64_t)i) >> 36);
        tally_add(&tally, sorted[i]);
    }
    qsort(sorted, N, sizeof *sorted, compare);
    for (int rank = 1; rank <= N; rank += 37)
        assert_true(tally_percentile_s(&tally, (rank - 0.5) / N) == ns_to_s(sorted[rank - 1]));
}

static void test_histogram(void **state)
{
    enum { N = 20000 };
    static sim_ns sorted[N];
    (void)state;
    for (int bits = 0; bits <= 63; bits++) {
        struct tally tally;
        tally_init(&tally, &arena, bits % 2 == 0 ? 0 : 1000); /* never kept; kept, then dropped */
        fill(&tally, sorted, N, bits);
        assert_null(tally.value_ns);
        for (uint64_t rank = 1; rank <= N; rank += 97) {
            double exact = ns_to_s(sorted[rank - 1]), found = tally_percentile_s(&tally, ((double)rank - 0.5) / N);
            if (!(fabs(found - exact) <= TALLY_HISTOGRAM_ERROR * exact))
                fail_msg("%d bits, rank %llu", bits, (unsigned long long)rank);
            if (sorted[rank - 1] < 256 && !(fabs(found - exact) < 1e-18)) fail_msg("%g for %g", found, exact);
        }
        assert_true(tally_percentile_s(&tally, 1) <= ns_to_s(sorted[N - 1]));
    }
}

/* The observation after the last that fits changes the method, not the answer beyond its error. */
static void test_passing_exact_max(void **state)
{
    struct tally tally;
    (void)state;
    tally_init(&tally, &arena, 300);
    for (int i = 1; i <= 300; i++) tally_add(&tally, i * SIM_MS + 1);
    assert_non_null(tally.value_ns);
    assert_true(tally_percentile_s(&tally, 0.5) == 0.150000001);
    tally_add(&tally, 301 * SIM_MS);
    assert_null(tally.value_ns);
    assert_true(fabs(tally_percentile_s(&tally, 0.5) / 0.151 - 1) <= TALLY_HISTOGRAM_ERROR);
    assert_true(tally.n == 301 && tally_percentile_s(&tally, 1) <= 0.301);
}

/* A thousand times almost 2^63: the sum stays exact. */
static void test_wide_sum(void **state)
{
    struct tally tally;
    (void)state;
    tally_init(&tally, &arena, 0);
    for (int i = 0; i < 1000; i++) tally_add(&tally, INT64_MAX - i);
    assert_true(tally.sum_ns == (__int128)INT64_MAX * 1000 - 499500);
    assert_true(fabs(tally_mean_s(&tally) / 9.223372036854775e9 - 1) < 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty), cmocka_unit_test(test_nearest_rank), cmocka_unit_test(test_exact),
        cmocka_unit_test(test_crowded), cmocka_unit_test(test_histogram), cmocka_unit_test(test_passing_exact_max),
        cmocka_unit_test(test_wide_sum),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
