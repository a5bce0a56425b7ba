/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: who has how much of a group's work, from the partitions that its assignor deals out and the records that came.
 * Oracle: splits small enough to deal out by hand. Tolerance: 1e-12. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/results/split.h"
#include "tests/support/own_arena.h"

/* Up to two topics with a stage of constant time each. */
struct house {
    struct scenario scenario;
    struct topic_spec topic[2];
    struct stage_spec stage[2];
    struct group_read read[2];
    struct group_spec group;
};

static void build(struct house *house, enum assignor assignor, uint32_t t, double t_s, uint32_t u, double u_s)
{
    *house = (struct house){ .topic = { { .name = "t", .partitions = t }, { .name = "u", .partitions = u } },
                             .read = { { 0, 0 }, { 1, 1 } } };
    for (int i = 0; i < 2; i++)
        house->stage[i] = (struct stage_spec){ .name = "s", .has_time = true,
                                               .time = { .family = DIST_CONSTANT, .mean_s = i ? u_s : t_s } };
    house->group = (struct group_spec){ .name = "g", .assignor = assignor, .max_poll_records = 500, .n_reads = u > 0 ? 2 : 1,
                                        .read = house->read };
    house->scenario = (struct scenario){ .n_topics = 2, .topic = house->topic, .n_stages = 2, .stage = house->stage,
                                         .n_groups = 1, .group = &house->group };
}

static struct split dealt(const struct house *house, uint32_t consumers, const double *records)
{
    return split_of(&house->scenario, &house->group, consumers, records, &arena);
}

#define assert_near(value, expected) assert_true(fabs((value) - (expected)) < 1e-12)

static void two_and_one(void **state)
{
    static const double records[] = { 3000, 3100, 2900 };
    struct house house;
    (void)state;
    build(&house, ASSIGN_RANGE, 3, 0.02, 0, 0);
    const struct split split = dealt(&house, 2, records), idle = dealt(&house, 5, records);
    assert_near(split.share, 2.0 / 3); /* 6,100 of 9,000 are no more than that by chance */
    assert_false(split.uneven);
    assert_int_equal(split.most, 2);
    assert_int_equal(split.owners, 2);
    assert_int_equal(split.fed, 2);
    assert_near(split.hottest, 3100.0 / 9000);
    assert_int_equal(idle.owners, 3);
    assert_near(idle.share, 1.0 / 3);
}

/* All keys fall into two partitions: whether they share a consumer is the assignor's doing. */
static void where_the_records_are(void **state)
{
    static const double first_two[] = { 500, 500, 0 }, outer_two[] = { 500, 0, 500 }, one[] = { 1000, 0, 0 };
    struct house house;
    (void)state;
    build(&house, ASSIGN_RANGE, 3, 0.02, 0, 0);
    struct split split = dealt(&house, 2, first_two);
    assert_near(split.share, 1);
    assert_true(split.uneven);
    assert_int_equal(split.fed, 1);
    assert_near(dealt(&house, 3, first_two).share, 0.5);
    split = dealt(&house, 2, outer_two); /* less than the two thirds of an even split */
    assert_near(split.share, 0.5);
    assert_true(split.uneven);
    assert_int_equal(split.fed, 2);
    split = dealt(&house, 3, one);
    assert_near(split.share, 1);
    assert_near(split.hottest, 1);
}

static void topics_dealt_in_turn(void **state)
{
    static const double records[] = { 100, 100, 100, 100, 100, 100 };
    struct house house;
    (void)state;
    build(&house, ASSIGN_ROUND_ROBIN, 3, 0.02, 3, 0.02);
    const struct split split = dealt(&house, 4, records);
    assert_int_equal(split_useful(&house.scenario, &house.group), 6);
    assert_near(split.share, 2.0 / 6);
    assert_int_equal(split.most, 2);
    assert_int_equal(dealt(&house, 6, records).most, 1);
    build(&house, ASSIGN_RANGE, 3, 0.02, 3, 0.02);
    assert_int_equal(split_useful(&house.scenario, &house.group), 3);
    assert_near(dealt(&house, 4, records).share, 1.0 / 3);
}

/* 3,000 records of 10 ms in four partitions, as many of 50 ms in one: 30 s and 150 s of work. The first of two
 * consumers has half of the one and all of the other. */
static void a_record_weighs_what_it_takes(void **state)
{
    static const double records[] = { 750, 750, 750, 750, 3000 };
    struct house house;
    (void)state;
    build(&house, ASSIGN_RANGE, 4, 0.01, 1, 0.05);
    const struct split split = dealt(&house, 2, records);
    assert_near(split.share, 165.0 / 180);
    assert_true(split.mixed);
    assert_int_equal(split.most, 2);
    build(&house, ASSIGN_RANGE, 4, 0, 1, 0.05); /* one takes no time that is known: by number */
    assert_near(dealt(&house, 2, records).share, 4500.0 / 6000);
    static const double first_only[] = { 750, 750, 750, 750, 0 };
    build(&house, ASSIGN_RANGE, 4, 0.01, 1, 0.05);
    assert_false(dealt(&house, 2, first_only).mixed);
}

/* 2 ms each, but half of the second ones are refused and take 36 ms more: 20 of 22 ms. A record that takes no time but
 * there weighs as much. */
static void a_record_weighs_what_it_takes_when_refused(void **state)
{
    static const double records[] = { 1000, 1000 };
    struct step_spec otherwise = { .kind = STEP_WORK, .has_time = true,
                                   .time = { .family = DIST_CONSTANT, .mean_s = 0.036 } };
    struct step_spec step = { .kind = STEP_WORK, .has_time = true, .refuse = 0.5, .n_otherwise = 1,
                              .time = { .family = DIST_CONSTANT, .mean_s = 0.002 }, .otherwise = &otherwise };
    struct house house;
    (void)state;
    build(&house, ASSIGN_ROUND_ROBIN, 1, 0.002, 1, 0);
    house.stage[1].has_time = false;
    house.stage[1].n_steps = 1;
    house.stage[1].step = &step;
    assert_near(dealt(&house, 2, records).share, 20. / 22);
    step.has_time = false;
    assert_near(dealt(&house, 2, records).share, 18. / 20);
}

/* A commit of 10 ms after each record makes 1 ms and 10 ms of work 11 and 20: of 31 the one with the long ones has 20.
 * One a second costs both the same part of their time: 10 ms of 1,000 short ones, or of 100 long ones. */
static void a_record_weighs_its_commit(void **state)
{
    static const double records[] = { 1000, 1000 };
    struct house house;
    (void)state;
    build(&house, ASSIGN_ROUND_ROBIN, 1, 0.001, 1, 0.01);
    house.group.commit_mode = COMMIT_RECORD;
    house.group.commit = (struct dist_spec){ .family = DIST_CONSTANT, .mean_s = 0.01 };
    assert_near(dealt(&house, 2, records).share, 20.0 / 31);
    house.group.commit_mode = COMMIT_TIME;
    house.group.commit_time_ns = 1010 * SIM_MS;
    assert_near(dealt(&house, 2, records).share, 10.0 / 11);
}

/* Range deals each topic by itself: the first consumer has the one partition of both, and a fetch brings of both. */
static void a_fetch_brings_of_all_topics(void **state)
{
    static const double records[] = { 1000, 1000 };
    struct house house;
    (void)state;
    build(&house, ASSIGN_RANGE, 1, 0.001, 1, 0.001);
    const struct split split = dealt(&house, 4, records);
    assert_int_equal(split.most, 1);
    assert_int_equal(split.fetched, 2);
}

/* Two of three partitions, or one, beside as many to which nothing comes. Each record fails twice, in 10 ms, and a
 * fetch of 10 ms can leave when the one that was parked for 500 ms is home: in 520 ms two deliveries, or one. Of 1 / 0.52 and
 * 1 / 1.04 the mean is 1.5 / 1.04; the one with two thirds of the records does 2 / 1.04, and the other half as many. */
static void a_lean_one_has_less_at_hand(void **state)
{
    static const double records[] = { 1000, 1000, 1000, 0, 0, 0 };
    static const struct pace_record fails_twice = { .takes_s = 0.02, .failed = 1, .again = 1, .given_up = 1 };
    struct house house;
    (void)state;
    build(&house, ASSIGN_RANGE, 3, 0.01, 3, 0.01);
    house.group.fetch = (struct dist_spec){ .family = DIST_CONSTANT, .mean_s = 0.01 };
    house.group.fetch_max_wait_ns = 500 * SIM_MS;
    house.group.max_partition_fetch_bytes = 1 << 20;
    house.topic[0].record_bytes = house.topic[1].record_bytes = 512;
    const struct split two = dealt(&house, 2, records), three = dealt(&house, 3, records);
    assert_int_equal(two.lean.owners, 1);
    assert_near(two.lean.share, 1.0 / 3);
    assert_int_equal(three.lean.owners, 0);
    struct split_pace pace = split_pace(&house.scenario, &house.group, &two, &fails_twice);
    assert_true(fabs(pace.record_s - 1.04 / 1.5) < 1e-6);
    assert_true(fabs(pace.group - 2 / 1.5) < 1e-6);
    pace = split_pace(&house.scenario, &house.group, &three, &fails_twice);
    assert_true(fabs(pace.record_s - 1.04) < 1e-6);
    assert_near(pace.group, 1);
}

static void nobody_and_nothing(void **state)
{
    static const double none[3];
    struct house house;
    (void)state;
    build(&house, ASSIGN_COOPERATIVE_STICKY, 3, 0.02, 0, 0);
    assert_true(isnan(dealt(&house, 0, none).share));
    const struct split split = dealt(&house, 2, none);
    assert_near(split.share, 2.0 / 3);
    assert_int_equal(split.fed, 2);
    assert_true(isnan(split.hottest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_and_one), cmocka_unit_test(where_the_records_are),
        cmocka_unit_test(topics_dealt_in_turn), cmocka_unit_test(a_record_weighs_what_it_takes),
        cmocka_unit_test(a_record_weighs_what_it_takes_when_refused),
        cmocka_unit_test(a_record_weighs_its_commit), cmocka_unit_test(a_fetch_brings_of_all_topics),
        cmocka_unit_test(a_lean_one_has_less_at_hand),
        cmocka_unit_test(nobody_and_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
