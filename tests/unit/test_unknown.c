/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: what a plan chooses from and what it does not know are laid out as said: a hypercube has each n-th of each range
 * once a block, whatever the others do; corners are all there, each once; candidates stand in the order of their cost. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "sim/lab/candidate.h"

enum { BLOCK = 60, UNKNOWNS = 5 };

static void test_hypercube(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++)
        for (uint32_t block = 0; block < 3; block++)
            for (uint32_t u = 0; u < UNKNOWNS; u++) {
                uint32_t hit[BLOCK] = { 0 };
                for (uint32_t r = 0; r < BLOCK; r++) {
                    const double share = unknown_share(seed, u, block * BLOCK + r, BLOCK);
                    assert_true(share > 0 && share < 1);
                    hit[(uint32_t)(share * BLOCK)]++;
                }
                for (uint32_t cell = 0; cell < BLOCK; cell++) assert_int_equal(hit[cell], 1);
            }
}

/* Two unknowns do not go up together, nor against one another, and blocks differ. */
static void test_hypercube_is_shuffled(void **state)
{
    (void)state;
    double product = 0, between = 0;
    enum { SEEDS = 400 };
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        for (uint32_t r = 0; r < BLOCK; r++) {
            const double a = unknown_share(seed, 0, r, BLOCK) - 0.5, b = unknown_share(seed, 1, r, BLOCK) - 0.5;
            product += a * b;
            between += a * (unknown_share(seed, 0, BLOCK + r, BLOCK) - 0.5);
        }
    /* A correlation of SEEDS * BLOCK pairs has a standard deviation of 1 / sqrt of their number. */
    const double n = SEEDS * BLOCK, four_sd = 4 / sqrt(n);
    assert_true(fabs(product / n * 12) < four_sd);
    assert_true(fabs(between / n * 12) < four_sd);
}

static void test_corners(void **state)
{
    (void)state;
    for (uint32_t n = 1; n <= 7; n++) {
        uint32_t pattern[64];
        const uint32_t n_corners = corners_n(n);
        assert_int_equal(n_corners, n <= CORNERS_OF ? 1u << n : 2 * n + 2);
        for (uint32_t c = 0; c < n_corners; c++) {
            pattern[c] = 0;
            for (uint32_t u = 0; u < n; u++) pattern[c] |= (uint32_t)corner_is_high(n, c, u) << u;
            for (uint32_t before = 0; before < c; before++) assert_int_not_equal(pattern[before], pattern[c]);
        }
        assert_int_equal(pattern[0], 0);
        assert_int_equal(pattern[1], (1u << n) - 1);
    }
}

static void test_values(void **state)
{
    struct arena *arena = *state;
    struct sim_err err = { 0 };
    struct unknown unknown;
    assert_true(unknown_parse(&unknown, "pay.time.mean=5ms..22ms", arena, &err));
    assert_string_equal(unknown_at(&unknown, 0, arena), "5ms");
    assert_string_equal(unknown_at(&unknown, 0.5, arena), "13.5ms");
    assert_string_equal(unknown_at(&unknown, 1, arena), "22ms");
    assert_true(unknown_parse(&unknown, "pay.consumers=2..6", arena, &err));
    assert_string_equal(unknown_at(&unknown, 0.3, arena), "3.2");
    unknown.whole = true; /* a count: a fifth of the range each */
    static const char *const fifth[] = { "2", "3", "4", "5", "6" };
    for (uint32_t i = 0; i < 5; i++) {
        assert_string_equal(unknown_at(&unknown, i / 5.0 + 1e-9, arena), fifth[i]);
        assert_string_equal(unknown_at(&unknown, (i + 1) / 5.0 - 1e-9, arena), fifth[i]);
    }
    assert_string_equal(unknown_at(&unknown, 1, arena), "6");
    static const char *const wrong[] = { "pay", "=1..2", "a=1", "a=2..1", "a=1..1", "a=1..2ms", "a=x..2", "a=1..", "a=..2" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        err = (struct sim_err){ 0 };
        assert_false(unknown_parse(&unknown, wrong[i], arena, &err));
        assert_int_equal(err.code, SIM_EUSAGE);
    }
}

static void test_costs(void **state)
{
    struct arena *arena = *state;
    struct sim_err err = { 0 };
    struct variation variation[2];
    struct axis axis[2];
    struct point *point, base = { 0 };
    uint32_t n;
    const char *const at[] = { "/groups/pay/consumers", "/processes/shop/connections" };
    assert_true(vary_parse(&variation[0], "pay.consumers=1..3", arena, &err));
    assert_true(vary_parse(&variation[1], "shop.connections=10,5", arena, &err));
    assert_true(points_of_grid(&base, variation, 2, &point, &n, arena, &err));
    assert_true(axes_make(axis, variation, at, 2, NULL, 0, &err));
    assert_true(axis[0].each == 1 && axis[1].each == 0); /* consumers cost one each, others nothing */
    const struct candidate *candidate = candidates_make(axis, 2, point, n, arena, &err);
    for (uint32_t i = 0; i < n; i++) assert_true(candidate[i].cost == 1 + i / 2);
    assert_string_equal(candidate[0].value[1], "10"); /* equal costs in the order of the grid */

    const struct price price = { "shop.connections", 0.5 };
    assert_true(axes_make(axis, variation, at, 2, &price, 1, &err));
    candidate = candidates_make(axis, 2, point, n, arena, &err);
    assert_string_equal(candidate[0].value[1], "5");
    assert_true(candidate[0].cost == 3.5 && candidate[n - 1].cost == 8);
    for (uint32_t i = 1; i < n; i++) assert_true(candidate[i - 1].cost <= candidate[i].cost);

    assert_true(axes_make(axis, &variation[1], &at[1], 1, NULL, 0, &err));
    assert_true(axis[0].each == 0 && axes_cost_nothing(axis, 1)); /* a connection is no consumer, whatever else is not */
}

/* Consumers and what brings them cost one each; no other count does, nor a thing of the same name elsewhere. */
static void test_what_counts_consumers(void **state)
{
    struct arena *arena = *state;
    struct sim_err err = { 0 };
    static const struct { const char *at; double each; } expected[] = {
        { "/groups/pay/consumers", 1 },           { "/processes/shop/instances", 1 },
        { "/scalers/keda/min_replica_count", 1 }, { "/scalers/keda/max_replica_count", 1 },
        { "/faults/scale-out/to", 1 },            { "/scalers/keda/lag_threshold", 0 },
        { "/stores/redis/replicas", 0 },          { "/kafka/partitions", 0 },
        { "/stages/pay/time/mean", 0 },
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        struct variation variation;
        struct axis axis;
        assert_true(vary_parse(&variation, "a.b=1..3", arena, &err));
        assert_true(axes_make(&axis, &variation, &expected[i].at, 1, NULL, 0, &err));
        assert_true(axis.each == expected[i].each);
    }
}

static void test_prices(void **state)
{
    struct arena *arena = *state;
    struct price price;
    struct sim_err err = { 0 };
    assert_true(price_parse(&price, "pay.consumers=2.5", arena, &err));
    assert_string_equal(price.pointer, "pay.consumers");
    assert_true(price.each == 2.5);
    static const char *const wrong[] = { "pay", "=1", "a=", "a=-1", "a=1x", "a=inf", "a=nan" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        err = (struct sim_err){ 0 };
        assert_false(price_parse(&price, wrong[i], arena, &err));
        assert_int_equal(err.code, SIM_EUSAGE);
    }
}

static int open_arena(void **state)
{
    static struct arena arena;
    arena_init(&arena);
    *state = &arena;
    return 0;
}

static int close_arena(void **state)
{
    arena_fini(*state);
    return 0;
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, open_arena, close_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hypercube), cmocka_unit_test(test_hypercube_is_shuffled), cmocka_unit_test(test_corners),
        WITH_ARENA(test_values), WITH_ARENA(test_costs), WITH_ARENA(test_what_counts_consumers),
        WITH_ARENA(test_prices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
