/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: what a tool has counted of durations, and how it is played, have one mean. Method: small histograms whose sums
 * are known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/engine/ns.h"
#include "sim/foreign/durations.h"

static struct arena arena;

static int open_arena(void **state) { (void)state; arena_init(&arena); return 0; }
static int close_arena(void **state) { (void)state; arena_fini(&arena); return 0; }

static bool says(const struct source *source, const char *what)
{
    for (uint32_t i = 0; i < source->n_remarks; i++)
        if (strstr(source->remark[i], what)) return true;
    return false;
}

static const cJSON *at(const cJSON *object, const char *key) { return cJSON_GetObjectItemCaseSensitive(object, key); }

/* The first entry of what is made of a text. */
static cJSON *read_first(const char *text, const char *unit, struct source *source)
{
    struct findings findings = { 0 };
    const struct durations_options options = { .unit = unit };
    *source = (struct source){
        .file = "file", .text = text, .length = strlen(text), .findings = &findings, .arena = &arena
    };
    cJSON *made = durations_read(source, &options, NULL);
    assert_non_null(made);
    cJSON *first = cJSON_DetachItemFromArray(cJSON_GetObjectItemCaseSensitive(made, "durations"), 0);
    cJSON_Delete(made);
    return first;
}

/* Of [["50ms", 0], ["100ms", 1]]. */
static double mean_of_histogram(const cJSON *time)
{
    const cJSON *bin;
    double sum_s = 0, before_s = 0, p = 0;
    cJSON_ArrayForEach(bin, at(time, "histogram"))
    {
        sim_ns ns;
        assert_true(ns_parse(bin->child->valuestring, &ns));
        sum_s += (bin->child->next->valuedouble - p) * (before_s + ns_to_s(ns)) / 2;
        p = bin->child->next->valuedouble;
        before_s = ns_to_s(ns);
    }
    assert_true(p == 1);
    return sum_s;
}

static bool is_near(double x, double expected) { return fabs(x / expected - 1) < 1e-6; }

/* ---- Prometheus' buckets ---- */

/* 10,000 times, 9,000 of them from 50 ms to 100 ms, so many up to 1 s; what is counted beyond it is not in a bound. */
static const char *timer(int below_1_s, const char *sum)
{
    return arena_printf(&arena,
                        "t_seconds_bucket{le=\"0.05\"} 0\nt_seconds_bucket{le=\"0.1\"} 9000\n"
                        "t_seconds_bucket{le=\"0.5\"} 9000\nt_seconds_bucket{le=\"1.0\"} %d\n"
                        "t_seconds_bucket{le=\"+Inf\"} 10000\nt_seconds_count 10000\n%s",
                        below_1_s, sum);
}

static void what_is_beyond_the_last_bound_has_what_is_left_of_the_sum(void **state)
{
    (void)state;
    static const int below[] = { 9000, 9500, 10000 };
    static const char *const said[] = { "10 % are beyond the last bound, 1 s; by the sum they take 2 s",
                                        "5 % are beyond the last bound, 1 s; by the sum they take 3.25 s", NULL };
    for (int i = 0; i < 3; i++) {
        struct source source;
        /* 9,000 x 0.075 + 1,000 x 2, or 500 x 0.75 + 500 x 3.25, or 1,000 x 0.75 */
        const char *sum = i < 2 ? "t_seconds_sum 2675\n" : "t_seconds_sum 1425\n";
        cJSON *one = read_first(timer(below[i], sum), NULL, &source);
        assert_true(is_near(mean_of_histogram(at(one, "time")), i < 2 ? 0.2675 : 0.1425));
        assert_true(is_near(cJSON_GetNumberValue(at(one, "mean_s")), i < 2 ? 0.2675 : 0.1425));
        assert_string_equal(cJSON_GetStringValue(at(at(one, "time"), "basis")), "measured");
        if (said[i]) assert_true(says(&source, said[i]));
        else assert_false(says(&source, "beyond") || says(&source, "evenly"));
        cJSON_Delete(one);
    }
}

/* At the bound, then, and not as measured: without a sum, or with one that is too small for it. */
static void what_no_sum_places_is_not_measured(void **state)
{
    (void)state;
    static const char *const sum[] = { "", "t_seconds_sum 1500\n" };
    for (int i = 0; i < 2; i++) {
        struct source source;
        cJSON *one = read_first(timer(9000, sum[i]), NULL, &source);
        assert_true(is_near(mean_of_histogram(at(one, "time")), 0.1675)); /* 9,000 x 0.075 + 1,000 x 1 */
        assert_string_equal(cJSON_GetStringValue(at(at(one, "time"), "basis")), "assumed");
        assert_true(says(&source, i == 0 ? "no sum says how far they go" : "the sum leaves no more for them"));
        cJSON_Delete(one);
    }
}

static void a_mean_that_buckets_miss_is_said(void **state)
{
    (void)state;
    struct source source;
    cJSON_Delete(read_first(timer(10000, "t_seconds_sum 1100\n"), NULL, &source));
    assert_true(says(&source, "spread evenly over its buckets the mean is 142 ms, sum and count say 110 ms"));
    cJSON_Delete(read_first(timer(10000, "t_seconds_sum 500\n"), NULL, &source));
    assert_true(says(&source, "they are not of the same times"));
}

/* ---- HdrHistogram ---- */

/* The first row is the least value, of as many as it counts: 9,000 of 5 ms, and 1,000 evenly from there to 15 ms. */
static void the_row_of_percentile_0_is_the_least(void **state)
{
    (void)state;
    static const char rows[] = "  Value  Percentile TotalCount 1/(1-Percentile)\n\n 5.000 0.000000000000 9000 1.00\n"
                               " 5.000 0.900000000000 9000 10.00\n 15.000 1.000000000000 10000\n";
    struct source source;
    cJSON *one = read_first(arena_printf(&arena, "%s#[Mean    =        5.500, StdDeviation   =        1.9]\n", rows),
                            "ms", &source);
    assert_true(is_near(cJSON_GetNumberValue(at(one, "mean_s")), 0.0055));
    assert_true(is_near(cJSON_GetNumberValue(at(one, "p50_s")), 0.005));
    assert_false(says(&source, "the file says"));
    cJSON_Delete(one);
    one = read_first(arena_printf(&arena, "%s#[Mean    =        6.500, StdDeviation   =        1.9]\n", rows), "ms",
                     &source);
    assert_true(says(&source, "the mean is 5.5 ms, the file says 6.5 ms"));
    cJSON_Delete(one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_beyond_the_last_bound_has_what_is_left_of_the_sum, open_arena,
                                        close_arena),
        cmocka_unit_test_setup_teardown(what_no_sum_places_is_not_measured, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_mean_that_buckets_miss_is_said, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(the_row_of_percentile_0_is_the_least, open_arena, close_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
