/* SPDX-License-Identifier: GPL-3.0-or-later
 * MSER-5. Goal: it cuts where its formula has its minimum, behind a start that differs, and says "too short" where
 * there is nothing to cut. Method: series whose start is known, and the formula written out. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "sim/engine/mser.h"
#include "sim/engine/random.h"

enum { N = 1000 };

static double noise(uint32_t i) { return random_unit(random_block(random_key(5, 0), 1, i, 0).word[0]) - 0.5; }

/* The formula as its paper has it. */
static uint32_t by_formula(const double *value, uint32_t n)
{
    double batch[N / MSER_BATCH], least = HUGE_VAL;
    uint32_t k = n / MSER_BATCH, best = 0;
    for (uint32_t i = 0; i < k; i++) {
        batch[i] = 0;
        for (uint32_t j = 0; j < MSER_BATCH; j++) batch[i] += value[i * MSER_BATCH + j] / MSER_BATCH;
    }
    for (uint32_t d = 0; d <= k / 2; d++) {
        double mean = 0, error = 0;
        for (uint32_t i = d; i < k; i++) mean += batch[i] / (k - d);
        for (uint32_t i = d; i < k; i++) error += (batch[i] - mean) * (batch[i] - mean);
        error /= (double)(k - d) * (k - d);
        if (error < least) least = error, best = d;
    }
    return best == k / 2 ? MSER_TOO_SHORT : best * MSER_BATCH;
}

static void cuts_behind_a_start_that_differs(void **state)
{
    static const uint32_t starts[] = { 0, 5, 100, 103, 250, 400 };
    double value[N];
    (void)state;
    for (size_t s = 0; s < sizeof starts / sizeof *starts; s++) {
        for (uint32_t i = 0; i < N; i++)
            value[i] = 10 + noise(i) + (i < starts[s] ? 50.0 * (starts[s] - i) / starts[s] : 0);
        uint32_t cut = mser5(value, N);
        assert_int_equal(cut, by_formula(value, N));
        assert_in_range(cut, starts[s] * 9 / 10, starts[s] + 50);
    }
}

static void a_level_series_is_left_whole(void **state)
{
    double value[N];
    (void)state;
    for (uint32_t i = 0; i < N; i++) value[i] = 3;
    assert_int_equal(mser5(value, N), 0);
}

static void what_never_settles_is_too_short(void **state)
{
    double value[N];
    (void)state;
    for (uint32_t i = 0; i < N; i++) value[i] = i + noise(i);
    assert_int_equal(mser5(value, N), MSER_TOO_SHORT);
    assert_int_equal(by_formula(value, N), MSER_TOO_SHORT);
    assert_int_equal(mser5(value, MSER_BATCH * MSER_BATCHES_MIN - 1), MSER_TOO_SHORT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_behind_a_start_that_differs),
        cmocka_unit_test(a_level_series_is_left_whole),
        cmocka_unit_test(what_never_settles_is_too_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
