/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: values have the probabilities that the scenario asks for, and a greater word never gives a lesser value.
 * Method: Zipf against the sum of r^-s taken term by term, at words everywhere and around the borders between ranks;
 * the others against values worked out by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "models/orders/pick.h"
#include "sim/engine/random.h"
#include "tests/support/own_arena.h"

static struct pick make(struct pick_spec spec)
{
    struct pick pick;
    struct sim_err err = {0};
    if (!pick_make(&pick, &spec, &arena, &err)) fail_msg("refused: %s", err.text);
    return pick;
}

static void test_uniform(void **state)
{
    struct pick pick = make((struct pick_spec){.kind = PICK_UNIFORM, .low = 5, .high = 7, .given = 1});
    uint64_t count[3] = {0};
    (void)state;
    assert_true(pick_draw(&pick, 0) == 5 && pick_draw(&pick, UINT32_MAX) == 7);
    for (uint32_t i = 0; i < 3 << 16; i++) count[pick_draw(&pick, (uint32_t)(((uint64_t)i << 32) / (3 << 16))) - 5]++;
    for (int i = 0; i < 3; i++) assert_true(llabs((int64_t)count[i] - (1 << 16)) <= 1);
    pick = make((struct pick_spec){.kind = PICK_UNIFORM, .low = 1, .high = UINT64_MAX, .given = 1});
    assert_true(pick_draw(&pick, 0) == 1 && pick_draw(&pick, UINT32_MAX) > UINT64_MAX - (UINT64_MAX >> 31));
}

static void test_constant_and_nothing(void **state)
{
    struct pick constant = make((struct pick_spec){.kind = PICK_CONSTANT, .low = 42, .given = 1});
    struct pick nothing = make((struct pick_spec){.kind = PICK_NOTHING});
    (void)state;
    assert_true(pick_draw(&constant, 0) == 42 && pick_draw(&constant, UINT32_MAX) == 42);
    assert_true(pick_draw(&nothing, 12345) == 0 && !pick_given(&nothing, 0));
}

static void test_given(void **state)
{
    struct pick always = make((struct pick_spec){.kind = PICK_CONSTANT, .given = 1}),
                never = make((struct pick_spec){.kind = PICK_CONSTANT, .given = 0});
    struct pick quarter = make((struct pick_spec){.kind = PICK_CONSTANT, .given = 0.25});
    (void)state;
    assert_true(pick_given(&always, UINT32_MAX));
    assert_false(pick_given(&never, 0));
    assert_true(pick_given(&quarter, 0x3fffffff) && !pick_given(&quarter, 0x40000000));
}

/* 30 % on three hot values, evenly, in the order given; the rest uniform. */
static void test_hot(void **state)
{
    static const uint64_t hot[] = {900, 7, 100};
    struct pick pick = make(
        (struct pick_spec){.kind = PICK_HOT, .low = 1, .high = 1000, .share = 0.3, .n_hot = 3, .hot = hot, .given = 1});
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_true(pick_draw(&pick, (uint32_t)(0x1p32 * (0.1 * i + 0.001))) == hot[i]);
        assert_true(pick_draw(&pick, (uint32_t)(0x1p32 * (0.1 * i + 0.099))) == hot[i]);
    }
    assert_true(pick_draw(&pick, (uint32_t)(0x1p32 * 0.3001)) == 1);
    assert_true(pick_draw(&pick, (uint32_t)(0x1p32 * 0.65)) == 501 ||
                pick_draw(&pick, (uint32_t)(0x1p32 * 0.65)) == 500);
    assert_true(pick_draw(&pick, UINT32_MAX) == 1000);
    pick =
        make((struct pick_spec){.kind = PICK_HOT, .low = 1, .high = 9, .share = 1, .n_hot = 3, .hot = hot, .given = 1});
    assert_true(pick_draw(&pick, UINT32_MAX) == 100);
    pick = make((struct pick_spec){.kind = PICK_HOT, .low = 1, .high = 9, .share = 0, .given = 1});
    assert_true(pick_draw(&pick, 0) == 1 && pick_draw(&pick, UINT32_MAX) == 9);
}

/* ---- Zipf ---- */

/* below[i]: mass of ranks low .. low + i - 1; sums of many small terms, so in long double. */
static long double *sums(uint64_t low, uint64_t n, double exponent)
{
    long double *below = arena_array(&arena, long double, n + 1);
    for (uint64_t i = 0; i < n; i++) below[i + 1] = below[i] + (long double)pow((double)(low + i), -exponent);
    return below;
}

/* The rank's mass begins before the word's centre and does not end before it; 1e-12 of the whole for rounding. */
static void expect_rank(const struct pick *pick, const long double *below, uint64_t low, uint64_t n, uint32_t word)
{
    long double target = ((long double)word + 0.5L) / 0x1p32L * below[n], slack = 1e-12L * below[n];
    uint64_t i = pick_draw(pick, word) - low;
    if (!(i < n && below[i] <= target + slack && below[i + 1] >= target - slack))
        fail_msg("%llu ranks from %llu: word %08x gave %llu", (unsigned long long)n, (unsigned long long)low, word,
                 (unsigned long long)(low + i));
}

static void expect_zipf(uint64_t low, uint64_t n, double exponent)
{
    struct pick pick =
        make((struct pick_spec){.kind = PICK_ZIPF, .low = low, .high = low + n - 1, .exponent = exponent, .given = 1});
    long double *below = sums(low, n, exponent);
    uint64_t last = 0;
    for (uint32_t i = 0; i <= 1 << 16; i++) {
        uint32_t word = i < 1 << 16 ? i << 16 | (uint32_t)(random_mix(i + 1) & 0xffff) : UINT32_MAX;
        expect_rank(&pick, below, low, n, word);
        assert_true(pick_draw(&pick, word) >= last);
        last = pick_draw(&pick, word);
    }
    for (uint64_t i = 1; i < n; i += 1 + n / 3000) { /* the words on either side of a border */
        uint32_t border = (uint32_t)fminl(below[i] / below[n] * 0x1p32L, 0x1p32L - 1);
        for (uint32_t word = border > 2 ? border - 2 : 0; word < border && word < UINT32_MAX; word++) {
            expect_rank(&pick, below, low, n, word);
            assert_true(pick_draw(&pick, word) <= pick_draw(&pick, word + 1));
        }
    }
    arena_reset(&arena);
}

static void test_zipf(void **state)
{
    static const double exponents[] = {0, 0.5, 0.99, 1, 1.01, 1.5, 2, 3.5, 20};
    static const struct {
        uint64_t low, n;
    } ranges[] = {{1, 1}, {1, 2}, {1, 1000}, {1, 1024}, {1, 1025}, {1, 1026}, {1, 200000}, {5000, 30000}};
    (void)state;
    for (size_t e = 0; e < sizeof exponents / sizeof exponents[0]; e++)
        for (size_t r = 0; r < sizeof ranges / sizeof ranges[0]; r++)
            expect_zipf(ranges[r].low, ranges[r].n, exponents[e]);
}

/* A million ranks, and 2^53, need no table of that size; the ends are where they belong. */
static void test_zipf_of_many(void **state)
{
    struct pick pick =
        make((struct pick_spec){.kind = PICK_ZIPF, .low = 1, .high = 1000000, .exponent = 1, .given = 1});
    (void)state;
    assert_true(pick_draw(&pick, 0) == 1);
    assert_true(pick_draw(&pick, UINT32_MAX) == 1000000);
    assert_true(arena.used_bytes < 1 << 16);
    double euler = 0.57721566490153286, half = (log(1e6 + 0.5) + euler) / 2; /* H(n) = ln(n + 1/2) + gamma + O(1/n^2) */
    double median = (double)pick_draw(&pick, 1u << 31);
    assert_true(fabs(median - (exp(half - euler) - 0.5)) <= 1);
    pick =
        make((struct pick_spec){.kind = PICK_ZIPF, .low = 1, .high = (uint64_t)1 << 53, .exponent = 0.8, .given = 1});
    for (uint32_t i = 0; i < 1u << 16; i++)
        assert_true(pick_draw(&pick, i << 16) <= pick_draw(&pick, i << 16 | 0xffff));
    assert_true(pick_draw(&pick, UINT32_MAX) <= (uint64_t)1 << 53);
}

/* ---- refusals ---- */

static void test_refusals(void **state)
{
    const struct pick_spec specs[] = {
        {.kind = PICK_UNIFORM, .low = 2, .high = 1, .given = 1},
        {.kind = PICK_UNIFORM, .low = 0, .high = UINT64_MAX, .given = 1},
        {.kind = PICK_UNIFORM, .low = 1, .high = 2, .given = 1.5},
        {.kind = PICK_UNIFORM, .low = 1, .high = 2, .given = (double)NAN},
        {.kind = PICK_ZIPF, .low = 0, .high = 2, .exponent = 1, .given = 1},
        {.kind = PICK_ZIPF, .low = 1, .high = 2, .exponent = -1, .given = 1},
        {.kind = PICK_ZIPF, .low = 1, .high = 2, .exponent = 21, .given = 1},
        {.kind = PICK_ZIPF, .low = 1, .high = UINT64_MAX, .exponent = 1, .given = 1},
        {.kind = PICK_HOT, .low = 1, .high = 2, .share = -0.1, .given = 1},
        {.kind = PICK_HOT, .low = 1, .high = 2, .share = 0.1, .given = 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        struct pick pick;
        struct sim_err err = {0};
        if (pick_make(&pick, &specs[i], &arena, &err)) fail_msg("specification %zu was accepted", i);
        assert_int_equal(err.code, SIM_ESCENARIO);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uniform),  cmocka_unit_test(test_constant_and_nothing),
        cmocka_unit_test(test_given),    cmocka_unit_test(test_hot),
        cmocka_unit_test(test_zipf),     cmocka_unit_test(test_zipf_of_many),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
