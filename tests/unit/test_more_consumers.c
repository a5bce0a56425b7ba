/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: what more consumers bring follows from the split alone, and each reason why they bring nothing is told by the
 * figures that make it one.
 * Oracle: splits small enough to deal out by hand; and dealing partitions out one by one, for every small split.
 * Tolerance: 1e-9 relative. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/results/bottleneck.h"
#include "sim/results/more_consumers.h"
#include "sim/results/pace.h"
#include "tests/support/own_arena.h"
#include "tests/support/small_study.h"

/* Three runs of the small study, whose stock group is said to be this one. */
struct case_of {
    struct outcome outcome;
    struct group_demand demand[2];
};

/* Its topic has so many partitions, with records as given in each. */
static struct case_of *with_records(uint32_t consumers, uint32_t partitions, const double *records)
{
    struct case_of *made = arena_new(&arena, struct case_of);

    made->outcome = small_outcome(small_study(&arena), 3, &arena);
    memcpy(made->demand, made->outcome.demand, sizeof made->demand);
    made->outcome.demand = made->demand;
    struct scenario scenario = made->outcome.study->scenario;
    struct topic_spec topic[2] = { scenario.topic[0], scenario.topic[1] };
    topic[0].partitions = partitions;
    scenario.topic = topic;
    struct group_demand *demand = &made->demand[0];
    demand->consumers = consumers;
    demand->capacity_per_s = 4;
    demand->records = 1e6;
    bottleneck_split(demand, &scenario, &scenario.group[0], records);
    return made;
}

/* The same in each. */
static struct case_of *with(uint32_t consumers, uint32_t working, uint32_t partitions, uint32_t most)
{
    double *records = arena_array(&arena, double, partitions);

    for (uint32_t i = 0; i < partitions; i++) records[i] = 1e6 / partitions;
    struct case_of *made = with_records(consumers, partitions, records);
    assert_int_equal(made->demand[0].working, working);
    assert_int_equal(made->demand[0].most_partitions, most);
    return made;
}

static char *text_of(const struct case_of *made, enum language language)
{
    char *out = arena_array(&arena, char, 1024);
    return more_consumers_text(&made->outcome, language, out, 1024);
}

/* The study with a group whose polls must not take longer than this. */
static struct study with_interval(const struct case_of *made, struct group_spec *group, sim_ns interval_ns)
{
    struct study study = *made->outcome.study;

    memcpy(group, study.scenario.group, 2 * sizeof *group);
    group[0].max_poll_interval_ns = interval_ns;
    study.scenario.group = group;
    return study;
}

/* A poll that takes too long is repeated by the next owner, and by a third one. 240 records of 0.25 s take 60 s; three
 * consumers would do 12 a second of the 10 that come, two do 6. */
static void repeats(void **state)
{
    struct group_spec group[2];
    (void)state;
    struct case_of *made = with(2, 2, 3, 2);
    const struct study study = with_interval(made, group, 60 * SIM_S);
    made->outcome.study = &study;
    made->demand[0].repeats = made->demand[0].records;
    assert_int_equal(more_consumers(&made->outcome, 0).limit, MORE_HELP);
    made->demand[0].repeats++;
    assert_int_equal(more_consumers(&made->outcome, 0).limit, MORE_REPEATS);
    assert_string_equal(text_of(made, LANG_EN),
                        "1,000,001 records were delivered again, for a poll takes longer than max.poll.interval: "
                        "max.poll.records must stay under 240 (60.0 s at 250 ms a record), and then these do 6.0/s "
                        "(166.7%); 3, with 1 partition each, would keep up (83.3%), and few wait for a poll");
    assert_non_null(strstr(text_of(made, LANG_KO), "max.poll.records를 240 미만으로"));
    assert_non_null(strstr(text_of(made, LANG_KO), "3개면 각각 Partition 1개 이하로 유입을 따라가며 (83.3%)"));
    made->demand[0].faults = true; /* after which many wait, however many consumers there are */
    assert_non_null(strstr(text_of(made, LANG_EN), "and then these do 6.0/s (166.7%), 3 could do 12.0/s"));
    made->demand[0].faults = false;
    made->demand[0].offered_per_s = 11; /* 91.7 %: now and then many wait */
    assert_int_equal(more_consumers(&made->outcome, 0).polls.enough, 0);
}

/* A hundred times slower: two do 0.06 a second of the 0.1 that come. */
static void repeats_of_slow_ones(void **state)
{
    struct group_spec group[2];
    (void)state;
    struct case_of *made = with(2, 2, 3, 2);
    const struct study study = with_interval(made, group, 6000 * SIM_S);
    made->outcome.study = &study;
    made->demand[0].repeats = made->demand[0].records + 1;
    made->demand[0].service_s *= 100;
    made->demand[0].offered_per_s /= 100;
    assert_non_null(strstr(text_of(made, LANG_EN), "and then these do 0.060/s (166.7%)"));
    assert_non_null(strstr(text_of(made, LANG_KO), "그러면 지금 수로 초당 0.060건 (166.7%)"));
}

/* The study with times of records that vary so much. */
static struct study with_cv(const struct case_of *made, struct group_spec *group, struct stage_spec *stage,
                            sim_ns interval_ns, double cv)
{
    struct study study = with_interval(made, group, interval_ns);
    memcpy(stage, study.scenario.stage, 2 * sizeof *stage);
    stage[0].time.family = DIST_LOGNORMAL;
    stage[0].time.cv = cv;
    study.scenario.stage = stage;
    return study;
}

/* That one of 200 takes, once in a hundred runs: 3.890592 deviations from the mean of the logarithm. */
static double longest_of_200_s(double cv)
{
    const double variance = log(1 + cv * cv);
    return 0.25 * exp(3.890592 * sqrt(variance) - variance / 2);
}

/* Where the times of records vary, a poll has room for the longest of all, and four deviations of the others. */
static void repeats_of_times_that_vary(void **state)
{
    struct group_spec group[2];
    struct stage_spec stage[2];
    double came;
    (void)state;
    struct case_of *made = with(2, 2, 3, 2);
    const struct study study = with_cv(made, group, stage, 60 * SIM_S, 0.5);
    const double longest_s = longest_of_200_s(0.5);
    made->outcome.study = &study;
    made->demand[0].repeats = made->demand[0].records + 1;
    shared_count(&made->outcome, 0, &came);
    assert_close(came, 200, 1e-9);
    const uint32_t under = more_consumers(&made->outcome, 0).polls.under;
    assert_true(longest_s + (under - 1) * 0.25 + 4 * 0.125 * sqrt(under - 1) >= 60);
    assert_true(longest_s + (under - 2) * 0.25 + 4 * 0.125 * sqrt(under - 2) < 60);
    assert_non_null(strstr(text_of(made, LANG_EN), "(60.0 s at 250 ms a record, more at times)"));
}

/* 50 ms, and one in ten 2 s more: 250 ms in the mean as before, with a deviation of 2 s x sqrt(0.1 x 0.9) = 0.6 s, and
 * one of the longer ones is in every poll. */
static void repeats_of_those_that_are_refused(void **state)
{
    static const struct step_spec otherwise = { .kind = STEP_WORK, .has_time = true,
                                                .time = { .family = DIST_CONSTANT, .mean_s = 2 } };
    static const struct step_spec step = { .kind = STEP_WORK, .has_time = true, .refuse = 0.1, .n_otherwise = 1,
                                           .time = { .family = DIST_CONSTANT, .mean_s = 0.05 },
                                           .otherwise = &otherwise };
    struct group_spec group[2];
    struct stage_spec stage[2];
    (void)state;
    struct case_of *made = with(2, 2, 3, 2);
    const struct study study = with_cv(made, group, stage, 60 * SIM_S, 0);
    made->outcome.study = &study;
    made->demand[0].repeats = made->demand[0].records + 1;
    stage[0].has_time = false;
    stage[0].n_steps = 1;
    stage[0].step = &step;
    const uint32_t under = more_consumers(&made->outcome, 0).polls.under;
    assert_true(2.05 + (under - 1) * 0.25 + 4 * 0.6 * sqrt(under - 1) >= 60);
    assert_true(2.05 + (under - 2) * 0.25 + 4 * 0.6 * sqrt(under - 2) < 60);
}

/* A record that takes longer than the interval does so again. With a CV of 1 the longest of 200 takes 4.5 s: 12 records
 * do in the mean in 3 s, and none of them may be that one. In 5 s there is room for it alone. */
static void repeats_of_one_long_record(void **state)
{
    struct group_spec group[2];
    struct stage_spec stage[2];
    (void)state;
    struct case_of *made = with(2, 2, 3, 2);
    const struct study study = with_cv(made, group, stage, 3 * SIM_S, 1);
    made->outcome.study = &study;
    made->demand[0].repeats = made->demand[0].records + 1;
    assert_close(longest_of_200_s(1), 4.51, 0.005);
    assert_int_equal(more_consumers(&made->outcome, 0).polls.under, 1);
    assert_string_equal(text_of(made, LANG_EN),
                        "no help: 1,000,001 records were delivered again, for a poll takes longer than "
                        "max.poll.interval (3.00 s), and of so many records one alone may: they take 250 ms in the "
                        "mean, and up to 4.51 s; the interval must be longer than that, and max.poll.records small");
    assert_non_null(strstr(text_of(made, LANG_KO), "평균 250 ms, 최대 4.51 s"));
    group[0].max_poll_interval_ns = 5 * SIM_S;
    assert_int_equal(more_consumers(&made->outcome, 0).polls.under, 2);
    /* three would do 12 of the 10 that come in a second; but a poll of those that come meanwhile, 10 x 4.51 s / 3, takes
     * 3.8 s in the mean, and 7.6 s at times */
    assert_int_equal(more_consumers(&made->outcome, 0).polls.enough, 0);
    group[0].max_poll_interval_ns = 8 * SIM_S;
    assert_int_equal(more_consumers(&made->outcome, 0).polls.enough, 3);
}

/* A commit of 50 ms for each poll: in a second there is time for three records, of 250 ms and a third of it. */
static void repeats_with_commits(void **state)
{
    struct group_spec group[2];
    (void)state;
    struct case_of *made = with(2, 2, 3, 2);
    const struct study study = with_interval(made, group, 1 * SIM_S);
    made->outcome.study = &study;
    made->demand[0].repeats = made->demand[0].records + 1;
    group[0].max_partition_fetch_bytes = 1 << 20;
    group[0].commit_mode = COMMIT_BATCH;
    group[0].commit = (struct dist_spec){ .family = DIST_CONSTANT, .mean_s = 0.05 };
    const struct shorter_polls polls = more_consumers(&made->outcome, 0).polls;
    assert_int_equal(polls.under, 4);
    assert_close(polls.per_s, 1 / ((0.25 + 0.05 / 3) * 2 / 3), 1e-9);
}

/* One record that takes longer than the interval goes round whatever the polls; and polls whose records fit in the mean
 * took longer for another reason. */
static void repeats_that_smaller_polls_do_not_end(void **state)
{
    struct group_spec group[2];
    (void)state;
    struct case_of *made = with(2, 2, 3, 2);
    const struct study study = with_interval(made, group, 200 * SIM_MS);
    made->outcome.study = &study;
    made->demand[0].repeats = made->demand[0].records + 1;
    assert_string_equal(text_of(made, LANG_EN), "no help: 1,000,001 records were delivered again, for one takes 250 "
                                                "ms, and max.poll.interval is 200 ms");
    group[0].max_poll_interval_ns = 200 * SIM_S;
    assert_non_null(strstr(text_of(made, LANG_EN), "max.poll.records must be smaller than 500"));
    assert_non_null(strstr(text_of(made, LANG_KO), "max.poll.records를 500보다 줄일 것"));
}

/* Sleeps of 2, 4, 8 ... 64 s and up to 2 min are part of the time between two polls. Ten records of 250 ms leave 57.5 s
 * of a minute: the seventh delivery comes 64 s after the sixth. Five hundred leave nothing. A sleep of 32 s leaves room
 * for 112 records. No poll is smaller than one record. */
static void repeats_of_long_sleeps(void **state)
{
    struct group_spec group[2];
    (void)state;
    struct case_of *made = with(2, 2, 3, 2);
    const struct study study = with_interval(made, group, 60 * SIM_S);
    made->outcome.study = &study;
    made->demand[0].repeats = made->demand[0].records + 1;
    made->demand[0].slept_s = 100;
    group[0].max_poll_records = 10;
    group[0].deliveries = 10;
    group[0].backoff_ns = 2 * SIM_S;
    group[0].backoff_multiplier = 2;
    group[0].backoff_max_ns = 120 * SIM_S;
    assert_string_equal(text_of(made, LANG_EN),
                        "no help: 1,000,001 records were delivered again, for a consumer sleeps up to 120 s after a "
                        "failure, and max.poll.interval is 60.0 s: backoff_max must stay under 57.5 s, or deliveries "
                        "under 7");
    assert_non_null(strstr(text_of(made, LANG_KO), "backoff_max를 57.5 s 미만으로, 또는 deliveries를 7 미만으로 줄일 것"));
    group[0].max_poll_records = 500;
    assert_non_null(strstr(text_of(made, LANG_EN), "backoff_max (or deliveries) and max.poll.records must be so "));
    group[0].backoff_max_ns = 32 * SIM_S;
    assert_non_null(strstr(text_of(made, LANG_EN), "max.poll.records must stay under 112 (60.0 s less that sleep, at "
                                                   "250 ms a record), or backoff_max be smaller"));
    assert_non_null(strstr(text_of(made, LANG_KO), "max.poll.records를 112 미만으로"));
    group[0].max_poll_records = 1;
    group[0].backoff_multiplier = 1;
    group[0].backoff_ns = 64 * SIM_S;
    assert_non_null(strstr(text_of(made, LANG_EN), "backoff must stay under 59.8 s, or deliveries under 2"));
    made->demand[0].slept_s = 0; /* whatever made them late, it was no sleep */
    assert_non_null(strstr(text_of(made, LANG_EN), "longer than max.poll.interval: it must be longer than 60.0 s"));
    assert_non_null(strstr(text_of(made, LANG_KO), "max.poll.interval을 60.0 s보다 늘릴 것"));
}

static void two_and_one(void **state)
{
    (void)state;
    const struct case_of *made = with(2, 2, 3, 2);
    const struct more_consumers more = more_consumers(&made->outcome, 0);

    assert_int_equal(more.limit, MORE_HELP);
    assert_true(fabs(more.times_one - 1.5) < 1e-9);
    assert_int_equal(more.next, 3);
    assert_true(fabs(more.next_per_s - 8) < 1e-9); /* 4/s with two partitions on the fullest */
    assert_string_equal(text_of(made, LANG_EN), "2 consumers do 1.5 times what one would, for one has 2 of the 3 "
                                                "partitions; 3, with 1 partition each, could do 8.0/s");
    assert_non_null(strstr(text_of(made, LANG_KO), "1.5배"));
}

static void one_more_changes_nothing(void **state)
{
    (void)state;
    const struct case_of *made = with(3, 3, 5, 2); /* 2 + 2 + 1; with four 2 + 1 + 1 + 1 */
    const struct more_consumers more = more_consumers(&made->outcome, 0);

    assert_int_equal(more.limit, MORE_SPLIT);
    assert_int_equal(more.next, 5);
    assert_non_null(strstr(text_of(made, LANG_EN), "one more changes nothing; 5, with 1 partition each"));
}

static void no_partition_is_left(void **state)
{
    (void)state;
    const struct case_of *idle = with(4, 3, 3, 1), *full = with(3, 3, 3, 1);

    assert_int_equal(more_consumers(&idle->outcome, 0).limit, MORE_IDLE);
    assert_string_equal(text_of(idle, LANG_EN), "they would be idle as 1 is now: there are only 3 partitions");
    assert_int_equal(more_consumers(&full->outcome, 0).limit, MORE_PARTITIONS);
    assert_string_equal(text_of(full, LANG_EN), "one more would be idle: there are only 3 partitions");
}

/* Half of what it could do comes, and yet one began 20 s after it was due: one consumer of three partitions waits at
 * one of them for what is not due. With one for each nobody waits so, and with too few for what comes that counts. */
static void what_is_not_due_keeps_others_waiting(void **state)
{
    (void)state;
    char reason[1024];
    struct case_of *made = with(1, 1, 3, 3);
    struct group_demand *demand = &made->demand[0];
    demand->pressure = 0.5;
    demand->due_after_s = 10;
    demand->overdue_s = 20;
    assert_int_equal(more_consumers(&made->outcome, 0).limit, MORE_DUE);
    assert_string_equal(more_consumers_word(MORE_DUE), "due");
    assert_non_null(strstr(text_of(made, LANG_EN), "3, one for each partition"));
    assert_null(strstr(text_of(made, LANG_EN), "could do"));
    assert_non_null(strstr(text_of(made, LANG_KO), "Partition마다 하나씩 3개"));
    bottleneck_reason(demand, LANG_EN, reason, sizeof reason);
    assert_non_null(strstr(reason, "leaves out the wait until a record is due (10.0 s), and one began 20.0 s later"));
    demand->pressure = 1.5;
    assert_int_equal(more_consumers(&made->outcome, 0).limit, MORE_HELP);
    demand->pressure = 0.5;
    demand->overdue_s = 4;
    assert_int_equal(more_consumers(&made->outcome, 0).limit, MORE_KEEPS_UP);
    made = with(3, 3, 3, 1);
    made->demand[0].pressure = 0.5;
    made->demand[0].due_after_s = 10;
    made->demand[0].overdue_s = 20;
    assert_int_equal(more_consumers(&made->outcome, 0).limit, MORE_PARTITIONS);
}

static void what_keeps_up_needs_nobody(void **state)
{
    (void)state;
    struct case_of *made = with(4, 3, 3, 1);

    made->demand[0].pressure = 0.99;
    made->demand[0].peak_backlog = 5 * made->demand[0].capacity_per_s;
    assert_int_equal(more_consumers(&made->outcome, 0).limit, MORE_KEEPS_UP);
    made->demand[0].peak_backlog += 1;
    assert_int_equal(more_consumers(&made->outcome, 0).limit, MORE_IDLE);
}

static void they_wait_for_one_another(void **state)
{
    (void)state;
    struct case_of *made = with(2, 2, 3, 2);

    made->demand[0].service_s = 1;
    made->demand[0].waits_s = 0.5; /* two that share one server which is never free */
    assert_int_equal(more_consumers(&made->outcome, 0).limit, MORE_WAITING);
    assert_non_null(strstr(text_of(made, LANG_EN), "of 1.00 s a record 500 ms are waiting"));
    made->demand[0].waits_s = 0.3;
    assert_int_equal(more_consumers(&made->outcome, 0).limit, MORE_HELP);
    assert_non_null(strstr(text_of(made, LANG_EN), "could do 8.0/s at most; of 1.00 s a record 300 ms are waiting"));
}

/* One of whose time half is waiting waits for others: with one more, each waits as long, or longer. */
static void one_waits_for_others(void **state)
{
    (void)state;
    struct case_of *made = with(1, 1, 3, 3);

    made->demand[0].service_s = 1;
    made->demand[0].waits_s = 0.5;
    assert_int_equal(more_consumers(&made->outcome, 0).limit, MORE_HELP);
    assert_non_null(strstr(text_of(made, LANG_EN), "could do 6.0/s at most; of 1.00 s a record 500 ms are waiting"));
    assert_null(strstr(text_of(made, LANG_EN), "one another"));
}

/* 1 ms that is dealt to the steps, and a step of 20 ms: all of it is work. */
static void a_step_with_a_time_of_its_own(void **state)
{
    static const struct step_spec step[] = {
        { .kind = STEP_WORK, .has_time = true, .time = { .family = DIST_CONSTANT, .mean_s = 0.02 } },
        { .kind = STEP_WORK, .share = 1 }
    };
    struct stage_spec stage[2];
    (void)state;
    struct scenario scenario = small_study(&arena)->scenario;
    memcpy(stage, scenario.stage, sizeof stage);
    stage[0].time.mean_s = 0.001;
    stage[0].n_steps = 2;
    stage[0].step = step;
    scenario.stage = stage;
    assert_close(pace_alone_s(&scenario, &scenario.group[0], 0), 0.021, 1e-9);
    stage[0].has_time = false;
    assert_close(pace_alone_s(&scenario, &scenario.group[0], 0), 0.02, 1e-9);
}

/* 2 ms, then half of them the stage's own 4 ms, and half 36 ms before that: 2 + (4 + 40) / 2. */
static void a_step_that_is_refused(void **state)
{
    static const struct step_spec otherwise[] = {
        { .kind = STEP_WORK, .has_time = true, .time = { .family = DIST_CONSTANT, .mean_s = 0.036 } },
        { .kind = STEP_WORK, .share = 1 }
    };
    static const struct step_spec step[] = {
        { .kind = STEP_WORK, .has_time = true, .time = { .family = DIST_CONSTANT, .mean_s = 0.002 }, .refuse = 0.5,
          .n_otherwise = 2, .otherwise = otherwise },
        { .kind = STEP_WORK, .share = 1 }
    };
    struct stage_spec stage[2];
    (void)state;
    struct scenario scenario = small_study(&arena)->scenario;
    memcpy(stage, scenario.stage, sizeof stage);
    stage[0].has_time = true;
    stage[0].time = (struct dist_spec){ .family = DIST_CONSTANT, .mean_s = 0.004 };
    stage[0].n_steps = 2;
    stage[0].step = step;
    scenario.stage = stage;
    assert_close(pace_alone_s(&scenario, &scenario.group[0], 0), 0.002 + (0.004 + 0.04) / 2, 1e-9);
    assert_close(pace_stage_alone_s(&stage[0]), 0.006, 1e-9);
    assert_close(pace_least_s(&scenario, &scenario.group[0]), 0.002 + 0.004, 1e-9);
}

/* Refused after 3 ms, or thrown out; but not for having been done before, which few are. */
static void the_soonest_that_is_done(void **state)
{
    static const struct step_spec otherwise[] = { { .kind = STEP_STATUS } };
    static const struct step_spec writes = { .kind = STEP_WRITE, .share = 0.75, .n_otherwise = 1,
                                             .otherwise = otherwise };
    static const struct step_spec once = { .kind = STEP_ONCE, .n_otherwise = 1, .otherwise = otherwise };
    static const struct step_spec throws = { .kind = STEP_WORK, .refuse = 0.1 }, works = { .kind = STEP_WORK };
    struct step_spec step[2];
    struct stage_spec stage[2];
    (void)state;
    struct scenario scenario = small_study(&arena)->scenario;
    memcpy(stage, scenario.stage, sizeof stage);
    stage[0].has_time = true;
    stage[0].time = (struct dist_spec){ .family = DIST_CONSTANT, .mean_s = 0.004 };
    stage[0].n_steps = 2;
    stage[0].step = step;
    scenario.stage = stage;
    step[0] = once, step[1] = writes; /* 1 ms is nobody's, and of who goes on */
    assert_close(pace_least_s(&scenario, &scenario.group[0]), 0.003, 1e-9);
    step[0] = throws;
    assert_close(pace_least_s(&scenario, &scenario.group[0]), 0, 1e-9);
    step[0] = once, step[1] = works;
    assert_close(pace_least_s(&scenario, &scenario.group[0]), 0.004, 1e-9);
}

static void expect_reason(const struct group_demand *demand, const char *en, const char *ko)
{
    char reason[1024];
    bottleneck_reason(demand, LANG_EN, reason, sizeof reason);
    if (!strstr(reason, en)) fail_msg("no '%s' in '%s'", en, reason);
    bottleneck_reason(demand, LANG_KO, reason, sizeof reason);
    if (!strstr(reason, ko)) fail_msg("no '%s' in '%s'", ko, reason);
}

/* What takes longer than the scenario says is a wait where one was counted, a fault's where one came upon it, and else
 * the chance of drawn times, of which there is nothing to say. */
static void what_a_record_is_made_up_of(void **state)
{
    (void)state;
    struct case_of *made = with(2, 2, 3, 2);
    struct group_demand *demand = &made->demand[0];

    demand->service_s = 1;
    demand->alone_s = 0.7;
    demand->faults = true;
    expect_reason(demand, "at 1.00 s a record (one of them has", "건당 1.00 s로 초당 4.0건을 처리 (한");
    demand->slowed = true;
    assert_null(strstr(text_of(made, LANG_EN), "waiting"));
    assert_null(strstr(text_of(made, LANG_EN), "at most"));
    expect_reason(demand, "at 1.00 s a record (700 ms of work, the rest is a fault's)",
                  "(작업 자체는 700 ms, 나머지는 장애로 인한 지연)");
    demand->tries_again = true;
    expect_reason(demand, "of work, the rest is a fault's or of writes tried again)",
                  ", 나머지는 장애로 인한 지연 또는 쓰기 재시도)");
    demand->slowed = false;
    expect_reason(demand, "of work, the rest is of writes tried again)", ", 나머지는 쓰기 재시도)");
    demand->slowed = true;
    demand->tries_again = false;
    demand->waits_s = 0.2; /* 800 ms are left, and 770 ms were the scenario's and chance */
    assert_non_null(strstr(text_of(made, LANG_EN), "of 1.00 s a record 200 ms are waiting"));
    expect_reason(demand, "(700 ms of work, 200 ms of waits for locks, rows or servers, the rest is a fault's)",
                  "(작업 자체는 700 ms, 락, 행, 서버 대기 200 ms, 나머지는 장애로 인한 지연)");
    demand->waits_s = 0.25; /* 750 ms are not */
    expect_reason(demand, "(750 ms of work, the rest waits for locks, rows or servers)",
                  "(작업 자체는 750 ms, 나머지는 락, 행, 서버 대기)");
    demand->letter_s = 0.15;
    expect_reason(demand,
                  "(600 ms of work, 250 ms of waits for locks, rows or servers, the rest until dead letters are sent)",
                  "(작업 자체는 600 ms, 락, 행, 서버 대기 250 ms, 나머지는 dead letter 전송 대기)");
}

/* One more takes the second partition of the fullest one, and would make it 8/s; a lock that all orders have for 0.25 s
 * allows four. */
static void what_they_share(void **state)
{
    static const struct step_spec steps[] = {
        { .kind = STEP_LOCK, .wait_ns = -1, .share = 0 },
        { .kind = STEP_WORK, .share = 1 },
        { .kind = STEP_UNLOCK, .share = 0 },
    };
    (void)state;
    struct case_of *made = with(2, 2, 3, 2);
    struct study study = *made->outcome.study;
    struct stage_spec stage[2] = { study.scenario.stage[0], study.scenario.stage[1] };
    struct lock_spec lock = { .name = "item", .wait_ns = SIM_NEVER, .store = NONE };
    stage[0].step = steps;
    stage[0].n_steps = 3;
    study.scenario.stage = stage;
    study.scenario.lock = &lock;
    study.scenario.orders.item = (struct pick_spec){ .kind = PICK_CONSTANT, .low = 1, .high = 1, .given = 1 };
    made->outcome.study = &study;
    assert_int_equal(more_consumers(&made->outcome, 0).limit, MORE_SHARED);
    assert_string_equal(text_of(made, LANG_EN), "little help: 4.0/s at most, for one key of lock item has 100.0% of "
                                                "the orders");
    assert_non_null(strstr(text_of(made, LANG_KO), "락 item의 한 키에 주문의 100.0% 집중, 많아야 초당 4.0건"));
    study.scenario.orders.item.given = 0.7;
    assert_int_equal(more_consumers(&made->outcome, 0).limit, MORE_HELP);
    assert_non_null(strstr(text_of(made, LANG_EN), "3, with 1 partition each, could do 5.7/s at most, for one key of "
                                                   "lock item has 70.0% of the orders"));
    study.scenario.orders.item.given = 0.4;
    assert_non_null(strstr(text_of(made, LANG_EN), "could do 8.0/s at most"));
    study.scenario.orders.item.given = 0.2;
    assert_null(strstr(text_of(made, LANG_EN), "at most"));
}

/* A place at the store for each of three consumers, or more, keeps none of them from waiting: 8/s have two of them. The
 * requests of 10 orders a second have one, and so has the other group, which can do them. */
static void what_others_use(void **state)
{
    static const struct step_spec writes = { .kind = STEP_WRITE, .share = 1, .style = STYLE_CONDITIONAL };
    struct store_spec store = { .name = "db" };
    struct stage_spec stage[2];
    (void)state;
    struct case_of *made = with(2, 2, 3, 2);
    struct study study = *made->outcome.study;
    struct table_spec table = study.scenario.table[0];
    struct process_spec process = study.scenario.process[0];
    for (int i = 0; i < 2; i++)
        stage[i] = (struct stage_spec){ .name = "s", .has_time = true, .n_steps = 1, .step = &writes,
                                        .time = { .family = DIST_CONSTANT, .mean_s = i ? 0.1 : 0.25 } };
    table.store = 0;
    study.scenario.stage = stage;
    study.scenario.table = &table;
    study.scenario.process = &process;
    study.scenario.store = &store;
    study.scenario.n_stores = 1;
    made->outcome.study = &study;
    made->demand[1].offered_per_s = 0;
    store.capacity = 3;
    assert_non_null(strstr(text_of(made, LANG_EN), "could do 8.0/s at most"));
    store.capacity = 5;
    assert_null(strstr(text_of(made, LANG_EN), "at most"));
    process.api_threads = 1;
    process.api_stage = 1;
    assert_non_null(strstr(text_of(made, LANG_EN), "could do 8.0/s at most"));
    store.capacity = 7;
    assert_null(strstr(text_of(made, LANG_EN), "at most"));
    made->demand[1].offered_per_s = 10;
    assert_non_null(strstr(text_of(made, LANG_EN), "could do 8.0/s at most"));
    const struct shared_use use = shared_in_use(&made->outcome, 0, 8);
    assert_close(use.own, 2 / 7.0, 1e-9);
    assert_close(use.all, 4 / 7.0, 1e-9);
}

/* A third of the records in one of 20 partitions, with which the first consumer has others: of 5 consumers 3 more, of 7
 * two more, of 20 none. */
static void a_hot_partition(void **state)
{
    static const double two[] = { 12, 8 };
    double records[20];
    (void)state;
    for (int i = 0; i < 20; i++) records[i] = i == 0 ? 33500 : 3500;
    const struct case_of *shared = with_records(5, 20, records), *alone = with_records(20, 20, records);
    const struct more_consumers more = more_consumers(&shared->outcome, 0);

    assert_close(shared->demand[0].fullest_share, 0.44, 1e-12);
    assert_int_equal(more.limit, MORE_SPLIT);
    assert_int_equal(more.next, 7);
    assert_int_equal(more.next_most, 3);
    assert_close(more.next_per_s, 4 * 0.44 / 0.405, 1e-9);
    assert_non_null(strstr(text_of(shared, LANG_EN), "5 consumers do 2.3 times what one would, for one gets 44.0%"));
    assert_int_equal(more_consumers(&alone->outcome, 0).limit, MORE_HOT);
    assert_non_null(strstr(text_of(alone, LANG_EN), "one partition has 33.5% of the records"));
    assert_int_equal(more_consumers(&with_records(2, 2, two)->outcome, 0).limit, MORE_PARTITIONS); /* chance */
}

static void the_group_behind(void **state)
{
    (void)state;
    struct case_of *made = with(2, 2, 3, 2);

    assert_null(strstr(text_of(made, LANG_EN), "in the way"));
    made->demand[1].pressure = 1.2;
    assert_non_null(strstr(text_of(made, LANG_EN), "; then " SMALL_PAY " is in the way (120.0%)"));
}

static uint32_t fullest_dealt(uint32_t partitions, uint32_t consumers)
{
    uint32_t has[32] = { 0 }, most = 0;

    for (uint32_t p = 0; p < partitions; p++)
        if (++has[p % consumers] > most) most = has[p % consumers];
    return most;
}

static void every_small_split(void **state)
{
    (void)state;
    for (uint32_t partitions = 1; partitions <= 16; partitions++)
        for (uint32_t n = 1; n <= partitions; n++) {
            const uint32_t most = fullest_dealt(partitions, n);
            uint32_t next = n + 1;
            while (next <= partitions && fullest_dealt(partitions, next) == most) next++;
            const struct case_of *made = with(n, n, partitions, most);
            const struct more_consumers more = more_consumers(&made->outcome, 0);
            assert_int_equal(more.next, next <= partitions ? next : 0);
            if (more.next) assert_int_equal(more.next_most, fullest_dealt(partitions, next));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_and_one),
        cmocka_unit_test(repeats),
        cmocka_unit_test(repeats_of_slow_ones),
        cmocka_unit_test(repeats_of_times_that_vary), cmocka_unit_test(repeats_of_long_sleeps),
        cmocka_unit_test(repeats_of_those_that_are_refused), cmocka_unit_test(repeats_of_one_long_record), cmocka_unit_test(repeats_with_commits),
        cmocka_unit_test(repeats_that_smaller_polls_do_not_end),
        cmocka_unit_test(one_more_changes_nothing),
        cmocka_unit_test(no_partition_is_left),
        cmocka_unit_test(what_is_not_due_keeps_others_waiting),
        cmocka_unit_test(what_keeps_up_needs_nobody),
        cmocka_unit_test(they_wait_for_one_another), cmocka_unit_test(one_waits_for_others),
        cmocka_unit_test(a_step_with_a_time_of_its_own),
        cmocka_unit_test(a_step_that_is_refused), cmocka_unit_test(the_soonest_that_is_done),
        cmocka_unit_test(what_a_record_is_made_up_of),
        cmocka_unit_test(what_they_share), cmocka_unit_test(what_others_use),
        cmocka_unit_test(a_hot_partition),
        cmocka_unit_test(the_group_behind),
        cmocka_unit_test(every_small_split),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
