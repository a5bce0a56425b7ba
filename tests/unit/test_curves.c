/* SPDX-License-Identifier: GPL-3.0-or-later
 * Curves of pictures. Goal: replication 0 as the line, least and greatest of all as the band; a level of a shorter run
 * holds to the end and a rate does not; thinning keeps every so manyth point. Method: rows by hand. */
#include "plots/curves.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plots/paint.h"

static void add_run(struct curves *curves, double replication, const double *value, uint32_t n)
{
    for (uint32_t t = 0; t < n; t++) {
        curves_add(curves, replication, t, "a", value[t]);
        curves_add(curves, replication, t, "b", 10 * value[t]);
    }
}

static const double first[] = { 1, 2, 3 }, second[] = { 4, 0, 5, 6, 7 };

static void band_is_least_to_greatest(void **state)
{
    (void)state;
    struct curves curves;
    curves_init(&curves, 1);
    add_run(&curves, 0, first, 3);
    add_run(&curves, 1, second, 5);
    curves_finish(&curves, true);
    assert_int_equal(curves.n_curves, 2);
    assert_int_equal(curves.n_points, 5);
    assert_int_equal(curves.n_replications, 2);
    const double line[] = { 1, 2, 3, 3, 3 }, lo[] = { 1, 0, 3, 3, 3 }, hi[] = { 4, 2, 5, 6, 7 };
    for (int i = 0; i < 5; i++) {
        assert_true(curves.x[i] == i);
        assert_true(curves.curve[0].first[i] == line[i]);
        assert_true(curves.curve[0].lo[i] == lo[i] && curves.curve[0].hi[i] == hi[i]);
        assert_true(curves.curve[1].hi[i] == 10 * hi[i]);
    }
    assert_true(curves_top(&curves) == 70);
    curves_fini(&curves);
}

/* A level of 3 from 0 to 1 s and of 0 from then on is no slope between the two. */
static void bands_of_levels_are_steps(void **state)
{
    (void)state;
    static const double other[] = { 3, 0, 4 };
    struct curves curves;
    char *text = NULL;
    size_t size;
    curves_init(&curves, 1);
    add_run(&curves, 0, first, 3);
    add_run(&curves, 1, other, 3);
    curves_finish(&curves, true);
    FILE *out = open_memstream(&text, &size);
    curves_write_band(&curves, "t_s", out);
    fclose(out);
    assert_string_equal(text, "t_s,\"a least\",\"a greatest\",\"b least\",\"b greatest\"\n"
                              "0,1,3,10,30\n1,1,3,10,30\n1,0,2,0,20\n2,0,2,0,20\n2,3,4,30,40\n");
    assert_int_equal(curves_band_column(1), 4);
    free(text);
    curves_fini(&curves);
}

static void rates_end_with_their_run(void **state)
{
    (void)state;
    struct curves curves;
    curves_init(&curves, 1);
    add_run(&curves, 0, first, 3);
    add_run(&curves, 1, second, 5);
    curves_finish(&curves, false);
    assert_true(isnan(curves.curve[0].first[3]));
    assert_true(curves.curve[0].lo[4] == 7 && curves.curve[0].hi[4] == 7);
    curves_fini(&curves);
}

static void thinning_keeps_true_points(void **state)
{
    (void)state;
    struct curves curves;
    curves_init(&curves, 2);
    add_run(&curves, 0, second, 5);
    curves_finish(&curves, true);
    assert_int_equal(curves.n_points, 3);
    assert_true(curves.curve[0].top == 7);
    assert_true(curves.x[0] == 0 && curves.x[1] == 2 && curves.x[2] == 4);
    assert_true(curves.curve[0].first[0] == 4 && curves.curve[0].first[1] == 5 && curves.curve[0].first[2] == 7);
    curves_fini(&curves);
}

static void top_counts_points_left_out(void **state)
{
    (void)state;
    struct curves curves;
    curves_init(&curves, 4);
    add_run(&curves, 0, (const double[]){ 1, 9, 2, 0, 3 }, 5);
    curves_finish(&curves, true);
    assert_int_equal(curves.n_points, 2);
    assert_true(curves.curve[0].top == 9 && curves_top(&curves) == 90);
    curves_fini(&curves);
}

/* What stands beside a line is about the line: replication 0, the points between those drawn included. */
static void line_has_a_peak_of_its_own(void **state)
{
    (void)state;
    struct curves curves;
    curves_init(&curves, 2);
    add_run(&curves, 0, (const double[]){ 1, 3, 2 }, 3);
    add_run(&curves, 1, second, 5);
    curves_finish(&curves, true);
    assert_true(curves.curve[0].first_top == 3 && curves.curve[1].first_top == 30);
    assert_true(curves.curve[0].top == 7 && curves_top(&curves) == 70);
    curves_fini(&curves);
}

static void grows_and_takes_late_curves(void **state)
{
    (void)state;
    struct curves curves;
    curves_init(&curves, 1);
    for (uint32_t t = 0; t < 5000; t++) curves_add(&curves, 0, t, "a", t);
    for (uint32_t t = 0; t < 5000; t++) {
        curves_add(&curves, 1, t, "a", 0);
        curves_add(&curves, 1, t, "late", 3);
    }
    curves_finish(&curves, true);
    assert_int_equal(curves.n_points, 5000);
    assert_true(curves.curve[0].hi[4999] == 4999 && curves.curve[0].lo[4999] == 0);
    assert_true(isnan(curves.curve[1].first[10]) && curves.curve[1].lo[10] == 3);
    curves_fini(&curves);
}

/* Ten curves of one peak: all are at 1 until they end, the last one longest. */
static void curves_of_one_peak(struct curves *curves)
{
    curves_init(curves, 1);
    for (uint32_t t = 0; t < 20; t++)
        for (uint32_t c = 0; c < 10; c++)
            curves_add(curves, 0, t, (char[]){ (char)('a' + c), '\0' }, t < 8 + c ? 1 : 0);
    curves_finish(curves, true);
}

static void of_many_the_longest_are_drawn(void **state)
{
    (void)state;
    struct curves curves;
    uint32_t chosen[PALETTE];
    curves_of_one_peak(&curves);
    const struct choice longest = { .by = BY_SUM };
    assert_int_equal(choose_curves(&curves, &longest, chosen), PALETTE);
    for (uint32_t i = 0; i < PALETTE; i++) assert_int_equal(chosen[i], 2 + i);
    curves_fini(&curves);
}

/* The bottleneck is what a picture is looked at for. */
static void of_many_the_named_one_is_drawn(void **state)
{
    (void)state;
    struct curves curves;
    uint32_t chosen[PALETTE];
    curves_of_one_peak(&curves);
    const struct choice named = { .by = BY_SUM, .always = "a" }; /* the shortest */
    assert_int_equal(choose_curves(&curves, &named, chosen), PALETTE);
    assert_int_equal(chosen[0], 0);
    assert_int_equal(chosen[1], 3);
    curves_fini(&curves);
}

/* Of ten levels the eight whose lines peak highest, whatever another replication did. */
static void of_many_the_highest_lines_are_drawn(void **state)
{
    (void)state;
    struct curves curves;
    uint32_t chosen[PALETTE];
    curves_init(&curves, 1);
    for (uint32_t r = 0; r < 2; r++)
        for (uint32_t c = 0; c < 10; c++)
            curves_add(&curves, r, 0, (char[]){ (char)('a' + c), '\0' }, r == 0 ? 1 + c : 100 - c);
    curves_finish(&curves, true);
    const struct choice highest = { .by = BY_PEAK };
    assert_int_equal(choose_curves(&curves, &highest, chosen), PALETTE);
    for (uint32_t i = 0; i < PALETTE; i++) assert_int_equal(chosen[i], 2 + i);
    curves_fini(&curves);
}

static char *written(const struct curves *curves)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    curves_write(curves, "t_s", out);
    fclose(out);
    return text;
}

static void writes_columns_as_it_says(void **state)
{
    (void)state;
    struct curves curves;
    curves_init(&curves, 1);
    curves_add(&curves, 0, 0.5, "say \"a\"", 1);
    curves_finish(&curves, true);
    char *text = written(&curves);
    assert_string_equal(text, "t_s,\"say \"\"a\"\"\"\n0.5,1\n");
    assert_int_equal(curves_column(&curves, 0), 2);
    free(text);
    curves_fini(&curves);

    curves_init(&curves, 1);
    add_run(&curves, 0, first, 1);
    add_run(&curves, 1, second, 1);
    curves_finish(&curves, true);
    text = written(&curves);
    assert_string_equal(text,
                        "t_s,\"a\",\"a least\",\"a greatest\",\"b\",\"b least\",\"b greatest\"\n0,1,1,4,10,10,40\n");
    assert_int_equal(curves_column(&curves, 1), 5);
    free(text);
    curves_fini(&curves);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(band_is_least_to_greatest),   cmocka_unit_test(rates_end_with_their_run),
        cmocka_unit_test(bands_of_levels_are_steps),
        cmocka_unit_test(thinning_keeps_true_points),  cmocka_unit_test(top_counts_points_left_out),
        cmocka_unit_test(grows_and_takes_late_curves), cmocka_unit_test(writes_columns_as_it_says),
        cmocka_unit_test(line_has_a_peak_of_its_own),  cmocka_unit_test(of_many_the_longest_are_drawn),
        cmocka_unit_test(of_many_the_named_one_is_drawn), cmocka_unit_test(of_many_the_highest_lines_are_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
