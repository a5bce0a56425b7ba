/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: the worst corner of the unknown values is the one that comes nearest to missing, and nothing that all corners
 * have alike hides it. Method: rooms written by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/lab/corners.h"

enum { CORNERS = 4, THRESHOLDS = 2 };

/* Ten runs in each corner, of which so many meet both; what the two thresholds have left there. */
static struct corners corners_of(struct judged *judged, const uint32_t *met, double (*room)[THRESHOLDS])
{
    for (uint32_t c = 0; c < CORNERS; c++)
        judged[c] = (struct judged){ .n = 10, .met = met[c], .n_thresholds = THRESHOLDS, .room = room[c] };
    return (struct corners){ CORNERS, judged };
}

static const uint32_t all_met[CORNERS] = { 10, 10, 10, 10 };

/* A share paid of 1 leaves 0.05 of its bound everywhere, less than what the time leaves in any corner. */
static void what_is_alike_says_nothing(void **state)
{
    double room[CORNERS][THRESHOLDS] = { { 0.05, 0.34 }, { 0.05, 0.30 }, { 0.05, 0.08 }, { 0.05, 0.04 } };
    struct judged judged[CORNERS];
    const struct corners corners = corners_of(judged, all_met, room);
    (void)state;
    assert_int_equal(corners_worst(&corners), 3);
    assert_int_equal(corners_best(&corners), 0);
    assert_true(corners_compare(&corners, 3, 2) < 0 && corners_compare(&corners, 0, 1) > 0);
    assert_true(corners_is_worst_of_one(&corners, 3));
    for (uint32_t c = 0; c < 3; c++) assert_false(corners_is_worst_of_one(&corners, c));
}

/* What has nothing left, or too little, everywhere is no limit to what the time has left. */
static void nor_what_is_missed_alike(void **state)
{
    double none[CORNERS][THRESHOLDS] = { { 0, 0.34 }, { 0, 0.30 }, { 0, 0.08 }, { 0, 0.04 } };
    double less[CORNERS][THRESHOLDS] = { { -2, 0.34 }, { -2, 0.30 }, { -2, 0.08 }, { -2, 0.04 } };
    struct judged judged[CORNERS];
    const struct corners of_none = corners_of(judged, all_met, none);
    (void)state;
    assert_int_equal(corners_worst(&of_none), 3);
    assert_int_equal(corners_best(&of_none), 0);
    const struct corners of_less = corners_of(judged, all_met, less);
    assert_int_equal(corners_worst(&of_less), 3);
    assert_int_equal(corners_best(&of_less), 0);
}

/* Of its 30 records the first has 20 left, 2/3; of its 0.4 s the second 0.1 s, 1/4, in another corner. */
static void shares_of_several_are_compared(void **state)
{
    double room[CORNERS][THRESHOLDS] = { { 20, 0.4 }, { 30, 0.4 }, { 25, 0.1 }, { 30, 0.2 } };
    struct judged judged[CORNERS];
    const struct corners corners = corners_of(judged, all_met, room);
    (void)state;
    assert_int_equal(corners_worst(&corners), 2);
    assert_int_equal(corners_best(&corners), 1);
    assert_true(corners_is_worst_of_one(&corners, 0) && corners_is_worst_of_one(&corners, 2));
    assert_false(corners_is_worst_of_one(&corners, 1) || corners_is_worst_of_one(&corners, 3));
}

/* A run that misses counts before any room; a figure that there is not is the worst. */
static void misses_come_first(void **state)
{
    const uint32_t met[CORNERS] = { 10, 9, 10, 9 };
    double room[CORNERS][THRESHOLDS] = { { 1, 1 }, { 1, -0.5 }, { 1, 0.1 }, { 1, -(double)INFINITY } };
    struct judged judged[CORNERS];
    const struct corners corners = corners_of(judged, met, room);
    (void)state;
    assert_int_equal(corners_worst(&corners), 3);
    assert_true(corners_compare(&corners, 1, 2) < 0);
    assert_int_equal(corners_best(&corners), 0);
}

static void alike_in_all(void **state)
{
    double room[CORNERS][THRESHOLDS] = { { 0, 2 }, { 0, 2 }, { 0, 2 }, { 0, 2 } };
    struct judged judged[CORNERS];
    const struct corners corners = corners_of(judged, all_met, room);
    (void)state;
    for (uint32_t c = 1; c < CORNERS; c++) assert_int_equal(corners_compare(&corners, c, 0), 0);
    assert_int_equal(corners_worst(&corners), 0);
    assert_false(corners_is_worst_of_one(&corners, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_alike_says_nothing), cmocka_unit_test(nor_what_is_missed_alike),
        cmocka_unit_test(shares_of_several_are_compared), cmocka_unit_test(misses_come_first),
        cmocka_unit_test(alike_in_all)
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
