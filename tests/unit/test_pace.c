/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: commits and polls add to a record what they take, as often as they happen, and so do fetches that are parked
 * (the others: test_outcome.c); and what the way of a record takes in the mean, how much that varies, and how long the
 * longest is.
 * Method: polls of two records of which each fails in one of two cases, so that a poll ends after 1/2 x 1 + 1/2 x 2 =
 * 1.5 of them; of commits and polls one at a time takes a second, and the other nothing. Ways are summed by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/results/pace.h"
#include "sim/results/way_time.h"

static const struct dist_spec second = { .family = DIST_CONSTANT, .mean_s = 1 };
static const struct topic_spec topic = { .partitions = 2, .record_bytes = 512 }; /* 2,048 in a fetch */
static const struct group_read reads[] = { { 0, 0 } };
static const struct scenario scenario = { .n_topics = 1, .topic = &topic };

static struct group_spec group_of(enum commit_mode mode)
{
    return (struct group_spec){ .n_reads = 1, .read = reads, .max_poll_records = 2, .commit_mode = mode,
                                .max_partition_fetch_bytes = 1 << 20 };
}

#define assert_adds(group, partitions, record, expected) \
    do { \
        const double adds_ = pace_client_of_s(&scenario, (group), (partitions), (record)); \
        if (!(fabs(adds_ - (expected)) < 1e-9)) fail_msg("%.12g, not %.12g", adds_, (double)(expected)); \
    } while (0)

/* As they fail: without a retry; nine times, and given up; once, and then well. */
static const struct pace_record fine = { .takes_s = 1 };
static const struct pace_record given_up_at_once = { .takes_s = 1, .failed = 0.5, .given_up = 0.5 };
static const struct pace_record given_up_after_nine = { .takes_s = 1, .failed = 0.5, .again = 4.5, .given_up = 0.5 };
static const struct pace_record well_the_second_time = { .takes_s = 1, .failed = 0.5, .again = 0.5 };

/* A poll that a failure ends is committed; with retries the record that is given up ends one of its own. */
static void commits_of_polls(void **state)
{
    struct group_spec group = group_of(COMMIT_BATCH);
    (void)state;
    group.commit = second;
    assert_adds(&group, 1, &fine, 1 / 2.0);
    assert_adds(&group, 1, &given_up_at_once, 1 / 1.5);
    assert_adds(&group, 1, &given_up_after_nine, 0.5 / 1.5 + 0.5);
    assert_adds(&group, 1, &well_the_second_time, 1 / 1.5);
    group.commit_mode = COMMIT_RECORD;
    assert_adds(&group, 1, &given_up_after_nine, 1);
}

/* Three records are two polls; and 10 s since the last commit began are 9 s of polls of 2 s, or of 3 s. Four in a row
 * end after 1 + 1/2 + 1/4 + 1/8 = 1.875 where each may be tried again. */
static void commits_by_count_and_time(void **state)
{
    struct group_spec group = group_of(COMMIT_COUNT);
    (void)state;
    group.commit = second;
    group.commit_count = 3;
    assert_adds(&group, 1, &fine, 1 / 4.0);
    assert_adds(&group, 1, &well_the_second_time, 1 / 1.875);
    group.commit_mode = COMMIT_TIME;
    group.commit_time_ns = 10 * SIM_S;
    assert_adds(&group, 1, &fine, 1 / 10.0);
    const struct pace_record slower = { .takes_s = 1.5 };
    assert_adds(&group, 1, &slower, 1 / 6.0);
}

/* Each retry is a poll, and the last one, if it goes well, the beginning of the next. */
static void polls_of_retries(void **state)
{
    struct group_spec group = group_of(COMMIT_BATCH);
    (void)state;
    group.poll = second;
    assert_adds(&group, 1, &fine, 1 / 2.0);
    assert_adds(&group, 1, &well_the_second_time, 1 / 1.5);
    assert_adds(&group, 1, &given_up_after_nine, 1 / 1.5 + 4.5);
}

/* A second, and behind it three and half of the stage's own eight; for a quarter of the records five in their place,
 * and another nine for every other one of those: 9.5 in the mean, with a variance of 4.5^2. */
static void ways(void **state)
{
    static const struct step_spec worse = { .has_time = true, .time = { .mean_s = 9 } };
    static const struct step_spec other = { .has_time = true, .time = { .mean_s = 5 }, .refuse = 0.5,
                                            .n_otherwise = 1, .otherwise = &worse };
    const struct step_spec step[] = {
        { .has_time = true, .time = { .mean_s = 1 }, .refuse = 0.25, .n_otherwise = 1, .otherwise = &other },
        { .has_time = true, .time = { .mean_s = 3 } }, { .share = 0.5 } };
    static const struct { double records, longest_s; } table[] = {
        { 1000, 15 }, { 0.05, 8 }, { 0.05, 6 }, { 0.03, 4 } }; /* a hundredth of a record is too rare for any run */
    (void)state;
    for (uint32_t i = 0; i < sizeof table / sizeof *table; i++) {
        const bool has_stage = i < 2;
        const struct way_time way = way_time(step, 3, has_stage ? 8 : 0, table[i].records);
        const double usual_s = has_stage ? 7 : 3, apart_s = 9.5 - usual_s;
        assert_true(fabs(way.mean_s - (1 + 0.75 * usual_s + 0.25 * 9.5)) < 1e-9);
        assert_true(fabs(way.variance - (0.25 * 4.5 * 4.5 + 0.75 * 0.25 * apart_s * apart_s)) < 1e-9);
        assert_true(fabs(way.longest_s - table[i].longest_s) < 1e-9);
        assert_true(way.beyond_s == 0);
    }
}

/* From 2 to 4 s: the longest of a hundred is, in one of a hundred runs, beyond 0.9999 of all; nobody asks in the second
 * case. */
static void one_long_draw(void **state)
{
    static const struct dist_spec time = { .family = DIST_UNIFORM, .low_s = 2, .high_s = 4 };
    static const struct { double records, beyond_s; } table[] = { { 100, 0.9998 }, { 0, 0 } };
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        struct way_time way = { .mean_s = 1, .longest_s = 1 };
        way_time_add(&way, &time, table[i].records);
        assert_true(fabs(way.mean_s - 4) < 1e-9 && fabs(way.longest_s - 4) < 1e-9);
        assert_true(fabs(way.variance - 1 / 3.0) < 1e-9);
        assert_true(fabs(way.beyond_s - table[i].beyond_s) < 1e-3);
    }
}

#define assert_takes(came, partitions, expected) \
    do { \
        const double takes_ = pace_record_s(&scenario, &group, (partitions), (came), &fails_twice); \
        if (!(fabs(takes_ - (expected)) < 1e-6)) fail_msg("%.12g, not %.12g", takes_, (double)(expected)); \
    } while (0)

/* Each record fails, is fetched once more, and is given up: two deliveries of 100 ms with a fetch of 10 ms each. Where
 * a second partition has as many, it is at hand meanwhile. Of a quiet one, for which a fetch leaves with each poll,
 * nothing comes for 500 ms, and only then can another one leave: 520 ms a delivery, or two of them where two partitions
 * are at hand. What chance can make of as many is not quiet: of 100 not 51. */
static void a_quiet_partition_parks_the_fetch(void **state)
{
    static const struct pace_record fails_twice = { .takes_s = 0.2, .failed = 1, .again = 1, .given_up = 1 };
    static const struct pace_part alike[] = { { 100, 0 }, { 51, 0 } }, quiet[] = { { 1000, 0 }, { 0, 0 } },
                                  two[] = { { 1000, 0 }, { 0, 0 }, { 1000, 0 }, { 0, 0 } };
    struct group_spec group = group_of(COMMIT_BATCH);
    (void)state;
    group.fetch = (struct dist_spec){ .family = DIST_CONSTANT, .mean_s = 0.01 };
    group.fetch_max_wait_ns = 500 * SIM_MS;
    assert_takes(NULL, 1, 0.22);
    assert_takes(NULL, 2, 0.2);
    assert_takes(alike, 2, 0.2);
    assert_takes(quiet, 2, 1.04);
    assert_takes(two, 4, 0.52);
    group.fetch_max_wait_ns = 50 * SIM_MS; /* it is home before the delivery ends */
    assert_takes(quiet, 2, 0.22);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commits_of_polls), cmocka_unit_test(commits_by_count_and_time),
        cmocka_unit_test(polls_of_retries), cmocka_unit_test(a_quiet_partition_parks_the_fetch),
        cmocka_unit_test(ways), cmocka_unit_test(one_long_draw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
