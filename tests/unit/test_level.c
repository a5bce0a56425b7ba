/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: the integral of a level is exact, in whatever order its changes are told. Method: rectangles between changes
 * sorted by time, summed by hand; the same changes told backwards, and beyond 64 bits. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "sim/engine/level.h"
#include "sim/engine/random.h"

enum { CHANGES = 500 };

struct change { sim_ns at_ns; int64_t by; };

static void tell(struct level *level, struct change change)
{
    if (change.by == 1) level_rise(level, change.at_ns);
    else if (change.by == -1) level_fall(level, change.at_ns);
    else level_add(level, change.at_ns, change.by);
}

static void test_any_order(void **state)
{
    struct change change[CHANGES];
    __int128 area = 0;
    int64_t value = 0;
    sim_ns at_ns = 0;
    (void)state;
    for (uint32_t i = 0; i < CHANGES; i++) {
        const struct random_words words = random_block(random_key(3, 0), 1, i, 0);
        const sim_ns next_ns = at_ns + (sim_ns)words.word[0] * 1000;
        change[i] = (struct change){ next_ns, words.word[1] % 3 ? (int64_t)(words.word[1] % 5) - 2 : 1 };
        area += (__int128)value * (next_ns - at_ns);
        value += change[i].by;
        at_ns = next_ns;
    }
    struct level forth = { 0 }, back = { 0 };
    for (uint32_t i = 0; i < CHANGES; i++) {
        tell(&forth, change[i]);
        tell(&back, change[CHANGES - 1 - i]);
    }
    area += (__int128)value * 77;
    assert_true(level_area(&forth, at_ns + 77) == area);
    assert_true(level_area(&back, at_ns + 77) == area);
    assert_int_equal(forth.value, value);
}

/* A hundred million records that wait for ten years: 3e25. */
static void test_beyond_64_bits(void **state)
{
    struct level level = { 0 };
    const sim_ns year_ns = 365LL * 24 * 3600 * SIM_S;
    (void)state;
    level_add(&level, year_ns, 100000000);
    assert_true(level_area(&level, 11 * year_ns) == (__int128)10 * year_ns * 100000000);
    level_add(&level, 2 * year_ns, -200000000);
    assert_true(level_area(&level, 5 * year_ns) == (__int128)-2 * year_ns * 100000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_any_order), cmocka_unit_test(test_beyond_64_bits) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
