/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: what is read out of tables of offsets is what made them: when records came, and how fast a group worked.
 * Method: tables by arithmetic, of logs and groups whose rates are known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/foreign/init.h"
#include "sim/foreign/init_observations.h"
#include "sim/foreign/offsets_csv.h"

static struct arena arena;

static int open_arena(void **state) { (void)state; arena_init(&arena); return 0; }
static int close_arena(void **state) { (void)state; arena_fini(&arena); return 0; }

static struct source source_of(const char *text, struct findings *findings)
{
    return (struct source){
        .file = "table", .text = text, .length = strlen(text), .findings = findings, .arena = &arena
    };
}

static const char *table(double t_s, const char *rows)
{
    return arena_printf(&arena, "t_s=%g\nGROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID\n%s", t_s,
                        rows);
}

static bool says(const struct source *source, const char *what)
{
    for (uint32_t i = 0; i < source->n_remarks; i++)
        if (strstr(source->remark[i], what)) return true;
    return false;
}

static const cJSON *at(const cJSON *object, const char *key) { return cJSON_GetObjectItemCaseSensitive(object, key); }

static void expect_number(const cJSON *object, const char *key, double expected)
{
    const cJSON *value = at(object, key);
    if (!cJSON_IsNumber(value) || !(fabs(value->valuedouble - expected) <= 1e-9 * fmax(1, fabs(expected))))
        fail_msg("%s: %s instead of %.10g", key, value ? cJSON_PrintUnformatted(value) : "nothing", expected);
}

/* k6: a script; NULL: none. */
static cJSON *scenario_from(const char *text, const char *start, const char *k6)
{
    struct findings findings = { 0 };
    struct source source = source_of(text, &findings), script = source_of(k6 ? k6 : "", &findings);
    cJSON *tables = offsets_read(&source, start);
    const struct init_input input = {
        .name = "made", .offsets = tables, .offsets_source = &source, .k6 = k6 ? &script : NULL, .arena = &arena
    };
    cJSON *scenario = init_scenario(&input);
    assert_non_null(scenario);
    cJSON_Delete(tables);
    return scenario;
}

/* ---- load ---- */

/* Log ends of one topic at instants. */
struct look {
    double t_s, log_end;
};

static cJSON *load_of(const struct look *look, uint32_t n, const char *start, struct source *source)
{
    struct findings findings = { 0 };
    const char *text = "";
    for (uint32_t i = 0; i < n; i++)
        text = arena_printf(&arena, "%s%s", text,
                            table(look[i].t_s, arena_printf(&arena, "g t 0 %.0f %.0f 0 c\n", look[i].log_end,
                                                            look[i].log_end)));
    *source = source_of(text, &findings);
    cJSON *made = offsets_read(source, start);
    assert_non_null(made);
    cJSON *load = cJSON_DetachItemFromObjectCaseSensitive(made, "load");
    cJSON_Delete(made);
    return load;
}

static void expect_stage(const cJSON *load, int i, double target_per_s, double duration_s)
{
    const cJSON *stage = cJSON_GetArrayItem(at(load, "stages"), i);
    expect_number(stage, "target_per_s", target_per_s);
    expect_number(stage, "duration_s", duration_s);
}

/* 10/s for a minute, 50/s for two, nothing for two. The middle two differ by less than counting noise: one piece. */
static void a_load_has_the_rates_of_its_intervals(void **state)
{
    (void)state;
    const struct look look[] = { { 0, 7000 },    { 60, 7600 },   { 120, 10590 },
                                 { 180, 13600 }, { 240, 13600 }, { 300, 13600 } };
    struct source source;
    cJSON *load = load_of(look, 6, NULL, &source);
    expect_number(load, "start_rate_per_s", 10);
    assert_int_equal(cJSON_GetArraySize(at(load, "stages")), 3);
    expect_stage(load, 0, 10, 60);
    expect_stage(load, 1, 50, 0);
    expect_stage(load, 2, 50, 120);
    assert_true(says(&source, "2 pieces of one rate each, from 10/s to 50/s"));
    assert_true(says(&source, "the load ends at 180 s"));
    cJSON_Delete(load);
}

static void one_rate_is_one_rate(void **state)
{
    (void)state;
    const struct look look[] = { { 0, 7 }, { 60, 607 }, { 120, 1207 }, { 180, 1207 } };
    struct source source;
    cJSON *load = load_of(look, 4, NULL, &source);
    expect_number(load, "rate_per_s", 10);
    expect_number(load, "duration_s", 120);
    assert_null(at(load, "stages"));
    cJSON_Delete(load);
}

/* --start is the load's: it lies between two tables, or before the first, of which nothing is known. */
static void a_load_begins_at_its_start(void **state)
{
    (void)state;
    const struct look look[] = { { 100, 7 }, { 160, 607 }, { 220, 3607 } };
    struct source source;
    cJSON *load = load_of(look, 3, "t_s=130", &source);
    expect_number(load, "start_rate_per_s", 20); /* 600 in the 30 s that are left */
    expect_stage(load, 0, 20, 30);
    expect_stage(load, 2, 50, 60);
    cJSON_Delete(load);
    load = load_of(look, 3, "t_s=50", &source);
    expect_number(load, "start_rate_per_s", 0);
    expect_stage(load, 0, 0, 50);
    expect_stage(load, 2, 10, 60);
    assert_true(says(&source, "nothing is known of what came before the first table that has t, at 50 s"));
    cJSON_Delete(load);
}

/* Half a second of which nothing is known is no part of what comes after it, though noise could make it so: 2/s. */
static void what_is_not_known_is_a_piece_of_its_own(void **state)
{
    (void)state;
    const struct look look[] = { { 0.5, 7 }, { 60.5, 127 }, { 120.5, 247 } };
    struct source source;
    cJSON *load = load_of(look, 3, "t_s=0", &source);
    expect_number(load, "start_rate_per_s", 0);
    expect_stage(load, 0, 0, 0.5);
    expect_stage(load, 2, 2, 120);
    assert_true(says(&source, "grew by 240 records in 120 s: 2/s, taken for the load"));
    cJSON_Delete(load);
}

/* Both grow by 6,000 in all; the second is fed by the first, a minute later. */
static void the_topic_that_grows_first_is_the_load(void **state)
{
    (void)state;
    struct findings findings = { 0 };
    struct source source = source_of(
        arena_printf(&arena, "%s%s%s", table(0, "g paid 0 0 0 0 c\ng created 0 0 0 0 c\n"),
                     table(60, "g paid 0 0 0 0 c\ng created 0 0 6000 6000 c\n"),
                     table(120, "g paid 0 0 6000 6000 c\ng created 0 6000 6000 0 c\n")), &findings);
    cJSON *made = offsets_read(&source, NULL);
    expect_number(at(made, "load"), "rate_per_s", 100);
    expect_number(at(made, "load"), "duration_s", 60);
    cJSON_Delete(made);
}

/* Three partitions, 10/s each. Partition 2 is missing until 120 s: its 600 after that come, what came before is said to
 * be unknown. A topic that no table has before: no load until then. */
static void what_comes_late_counts_from_where_it_is_seen(void **state)
{
    (void)state;
    for (int late = 2; late >= 0; late -= 2) { /* the first partition that is missing */
        struct findings findings = { 0 };
        const char *text = "";
        for (int i = 0; i <= 3; i++) {
            const char *rows = "g other 0 5 5 0 c\n";
            for (int p = 0; p < (i < 2 ? late : 3); p++)
                rows = arena_printf(&arena, "%sg created %d 0 %d 0 c\n", rows, p, 7000 + 600 * i);
            text = arena_printf(&arena, "%s%s", text, table(60 * i, rows));
        }
        struct source source = source_of(text, &findings);
        cJSON *made = offsets_read(&source, NULL);
        const cJSON *load = at(made, "load");
        expect_number(load, "start_rate_per_s", late == 2 ? 20 : 0);
        expect_stage(load, 0, late == 2 ? 20 : 0, 120);
        expect_stage(load, 2, 30, 60);
        assert_int_equal(says(&source, "1 partition of created is missing from the first table: what came there before "
                                       "the table that has it (by 120 s)"), late == 2);
        assert_int_equal(says(&source, "before the first table that has created, at 120 s: no load until"), late == 0);
        cJSON_Delete(made);
    }
}

/* A log that stands still, and a partition of which nothing is known in the first table. */
static void nothing_to_play_is_said_of_the_tables(void **state)
{
    (void)state;
    static const char *const first[] = { "g other 0 5 5 0 c\n", "g t 0 3 9 6 c\ng t 1 - 9 - c\n" };
    for (int i = 0; i < 2; i++) {
        struct findings findings = { 0 };
        struct source source = source_of(
            arena_printf(&arena, "%s%s", table(0, first[i]), table(60, "g t 0 3 9 6 c\ng t 1 3 9 6 c\n")), &findings);
        cJSON *tables = offsets_read(&source, NULL);
        const struct init_input input = {
            .name = "made", .offsets = tables, .offsets_source = &source, .arena = &arena
        };
        cJSON *scenario = init_scenario(&input);
        cJSON_Delete(tables);
        assert_null(scenario);
        assert_int_equal(findings.n, 1);
    }
}

/* A load of thirty hours by tables, one of twenty by k6: the run may take a day, or twice as long as what is seen. */
static void a_run_may_outlast_its_load(void **state)
{
    (void)state;
    static const char k6[] = "export const options = { scenarios: { o: { executor: 'constant-arrival-rate', rate: 1, "
                             "duration: '20h', preAllocatedVUs: 9 } } }";
    const char *text = arena_printf(&arena, "%s%s", table(0, "stock-group order-created 0 0 0 0 c\n"),
                                    table(108000, "stock-group order-created 0 90 100 10 c\n"));
    const char *at_most[] = { "60h", "40h", "24h" };
    for (int i = 0; i < 3; i++) {
        cJSON *scenario = i == 0 ? scenario_from(text, NULL, NULL)
                          : i == 1 ? scenario_from(table(0, "stock-group order-created 0 0 0 0 c\n"), NULL, k6)
                                   : scenario_from(table(0, "stock-group order-created 0 0 9 9 c\n"), NULL, NULL);
        assert_string_equal(cJSON_GetStringValue(at(at(scenario, "run"), "at_most")), at_most[i]);
        cJSON_Delete(scenario);
    }
}

/* What waits at --start, and what the log held then, is in the last table before it, at 0 s; those before are not of
 * the run. All before it: as one table. */
static void a_run_begins_with_the_last_table_before_its_start(void **state)
{
    (void)state;
    struct findings findings = { 0 };
    const char *text = "";
    for (int i = 0; i < 4; i++)
        text = arena_printf(&arena, "%s%s", text,
                            table(40 + 60 * i, arena_printf(&arena, "stock-group order-created 0 %d %d %d c\n",
                                                            1000 + 600 * i, 1000 + 3000 * i, 2400 * i)));
    struct source source = source_of(text, &findings);
    cJSON *made = offsets_read(&source, "t_s=100"); /* of tables at 40, 100, 160 and 220 */
    assert_int_equal(cJSON_GetArraySize(at(made, "snapshots")), 3);
    expect_number(at(made, "snapshots")->child, "t_s", 0);
    assert_true(says(&source, "the table at 0 s, the last before its start: 1 table before it is left out"));
    cJSON_Delete(made);
    const char *const start[] = { "t_s=100", "t_s=110", "t_s=300" };
    const double waiting[] = { 2400, 2400, 7200 };
    for (int i = 0; i < 3; i++) {
        cJSON *scenario = scenario_from(text, start[i], NULL);
        const cJSON *backlog = at(at(at(at(scenario, "groups"), "stock-group"), "backlog"), "order-created");
        assert_true(cJSON_GetNumberValue(cJSON_GetArrayItem(backlog, 0)) == waiting[i]);
        cJSON_Delete(scenario);
    }
}

/* ---- instants ---- */

/* Seconds after --start of the only table below a line. */
static double seconds_of(const char *line, const char *start, struct source *source)
{
    static struct findings findings;
    findings = (struct findings){ 0 };
    *source = source_of(arena_printf(&arena, "%s\nGROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG\n"
                                             "g t 0 1 5 4\n", line), &findings);
    cJSON *made = offsets_read(source, start);
    assert_non_null(made);
    const double t_s = cJSON_GetNumberValue(at(at(made, "offsets"), "t_s"));
    cJSON_Delete(made);
    return t_s;
}

static void a_zone_may_stand_behind_a_blank(void **state)
{
    (void)state;
    static const char *const line[] = { "2025-12-24T09:05:00+09:00",  "2025-12-24 09:05:00 +0900",
                                        "2025-12-24 09:05:00 +09:00", "2025-12-24 09:05:00.000 +09",
                                        "2025-12-24 00:05:00 UTC",    "2025-12-23 19:05:00 -0500",
                                        "2025-12-24 00:05:00Z",       "2025-12-24 00:05:00 - stock" };
    struct source source;
    for (size_t i = 0; i < sizeof line / sizeof *line; i++)
        assert_true(seconds_of(line[i], "2025-12-23T23:55:00Z", &source) == 600);
    assert_true(says(&source, "has no zone"));
    seconds_of(line[0], "2025-12-23T23:55:00Z", &source);
    assert_false(says(&source, "has no zone"));
}

/* 20 records/s between two looks a minute apart, since 1970 in any unit; and the same above tables. */
static void the_size_of_a_number_tells_its_unit(void **state)
{
    (void)state;
    static const char *const zeros[] = { "", ".000", "000", "000000", "000000000" };
    for (size_t i = 0; i < sizeof zeros / sizeof *zeros; i++) {
        struct findings findings = { 0 };
        struct source source = source_of(
            arena_printf(&arena, "time,group,topic,partition,committed,log_end\n1766535130%s,g,t,0,0,1000\n"
                                 "1766535190%s,g,t,0,600,2200\n", zeros[i], zeros[i]), &findings);
        cJSON *made = offsets_read(&source, NULL);
        assert_non_null(made);
        expect_number(at(made, "offsets"), "t_s", 60);
        expect_number(at(made, "load"), "rate_per_s", 20);
        cJSON_Delete(made);
        const char *line = arena_printf(&arena, "1766535190%s", zeros[i]);
        assert_true(seconds_of(line, "2025-12-24T00:12:10Z", &source) == 60);
    }
}

/* Clock times: a load that begins at 23:50, a table in the same night; and the other way round. */
static void midnight_may_lie_between_the_start_and_a_table(void **state)
{
    (void)state;
    struct source source;
    assert_true(seconds_of("00:05:00", "23:50:00", &source) == 900);
    assert_true(says(&source, "the first table is taken for one of the day after, 900 s after the start"));
    assert_true(seconds_of("23:50:00", "00:05:00", &source) == -900);
    assert_true(says(&source, "one of the day before, 900 s before the start"));
    assert_true(seconds_of("09:05:00", "10:00:00", &source) == -3300);
    assert_true(seconds_of("22:00:00", "08:00:00", &source) == 14 * 3600);
    assert_false(says(&source, "clock times"));
    assert_true(seconds_of("t_s=86000", "t_s=0", &source) == 86000);
    struct findings findings = { 0 };
    source = source_of("23:55:00\nGROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG\ng t 0 1 5 4\n"
                       "00:10:00\nGROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG\ng t 0 2 5 3\n", &findings);
    cJSON *made = offsets_read(&source, "00:05:00");
    expect_number(at(made, "offsets"), "t_s", 300);
    cJSON_Delete(made);
}

static void a_clock_of_twelve_hours_has_its_half(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        double clock_s;
    } of[] = { { "Thu Dec 25 02:15:00 PM KST 2025", 14.25 * 3600 },  { "Thu Dec 25 02:15:00 AM KST 2025", 2.25 * 3600 },
               { "Thu Dec 25 12:05:00 PM KST 2025", 43500 },         { "Thu Dec 25 12:05:00 AM KST 2025", 300 },
               { "02:15:00.500 p.m.", 14.25 * 3600 + 0.5 },          { "2025. 12. 25. (목) 오후 02:15:00 KST", 51300 },
               { "2025. 12. 25. (목) 오전 02:15:00 KST", 8100 },     { "14:15:00 AMQP", 51300 },
               { "Thu Dec 25 14:15:00 PM KST 2025", 51300 } };
    struct source source;
    for (size_t i = 0; i < sizeof of / sizeof *of; i++)
        assert_true(seconds_of(of[i].line, "01:00:00", &source) == of[i].clock_s - 3600);
    assert_true(seconds_of("2025-12-24 02:15:00 PM +0900", "2025-12-24T05:15:00Z", &source) == 0);
}

/* ---- service times ---- */

static cJSON *scenario_of(const char *text) { return scenario_from(text, NULL, NULL); }

static const char *mean_of(const char *text, const char *stage)
{
    cJSON *scenario = scenario_of(text);
    const char *mean = cJSON_GetStringValue(at(at(at(at(scenario, "stages"), stage), "time"), "mean"));
    mean = mean ? arena_strdup(&arena, mean) : "";
    cJSON_Delete(scenario);
    return mean;
}

/* Three partitions, one consumer, nothing waits at first. */
static const char *stock(double base, double done, double lag)
{
    const char *rows = "";
    for (int p = 0; p < 3; p++)
        rows = arena_printf(&arena, "%sstock-group order-created %d %.0f %.0f %.0f c\n", rows, p, base + done / 3,
                            base + (done + lag) / 3, lag / 3);
    return rows;
}

/* 12,000 committed and half a batch of 500 in hand after 600 s: 48.98 ms a record, whatever the log held before. */
static void a_pace_does_not_hang_on_the_age_of_the_log(void **state)
{
    (void)state;
    const double base[] = { 0, 1000, 4000, 6000, 1e6 };
    for (size_t i = 0; i < sizeof base / sizeof *base; i++)
        assert_string_equal(mean_of(arena_printf(&arena, "%s%s", table(0, stock(base[i], 0, 0)),
                                                 table(600, stock(base[i], 12000, 18000))), "reserve-stock"),
                            "48.98ms");
}

/* Behind in one table only, that in the middle: 6,000 and half a batch in 300 s. By the last all is done. */
static void who_was_behind_before_the_last_table_has_a_pace(void **state)
{
    (void)state;
    assert_string_equal(mean_of(arena_printf(&arena, "%s%s%s", table(0, stock(600, 0, 0)),
                                             table(300, stock(600, 6000, 24000)),
                                             table(1600, stock(600, 30000, 0))), "reserve-stock"), "48ms");
}

/* `-` where nothing was ever committed: of a log without a record that is 0, as it is when a test begins afresh. */
static void a_new_topic_begins_at_nothing(void **state)
{
    (void)state;
    const char *fresh = "stock-group order-created 0 - 0 - c\nstock-group order-created 1 - 0 - c\n"
                        "stock-group order-created 2 - 0 - c\n";
    assert_string_equal(mean_of(arena_printf(&arena, "%s%s", table(0, fresh), table(600, stock(0, 12000, 18000))),
                                "reserve-stock"), "48.98ms");
}

/* A k6 script of 50/s and one table, at its end: 30,000 have come and 18,000 wait, of a log that is a million older. */
static void one_table_in_the_course_of_a_load(void **state)
{
    (void)state;
    static const char k6[] = "export const options = { scenarios: { o: { executor: 'constant-arrival-rate', rate: 50, "
                             "duration: '10m', preAllocatedVUs: 9 } } }";
    cJSON *scenario = scenario_from(table(600, stock(1e6, 12000, 18000)), "t_s=0", k6);
    const cJSON *time = at(at(at(scenario, "stages"), "reserve-stock"), "time");
    assert_string_equal(cJSON_GetStringValue(at(time, "mean")), "48.98ms");
    assert_null(at(at(at(scenario, "groups"), "stock-group"), "backlog"));
    cJSON_Delete(scenario);
}

/* 300 wait at first, less than a batch: 150 of them are taken to be done. */
static void what_waited_at_first_is_work_as_well(void **state)
{
    (void)state;
    const char *text = arena_printf(&arena, "%s%s", table(0, stock(600, 0, 300)), table(600, stock(600, 12000, 18300)));
    assert_string_equal(mean_of(text, "reserve-stock"), "49.59ms"); /* 12,100 in 600 s */
}

/* Behind from 100 s to 400 s, 20 records/s of 50 that come: 50 ms a record. Partition 2, of a log that is 50,000 older,
 * has no committed offset (or no row) before 200 s: the pace is that of the tables that have all three. */
static void a_partition_that_commits_late_is_not_work(void **state)
{
    (void)state;
    for (int rows = 0; rows < 2; rows++) {
        const char *text = table(0, "stock-group order-created 0 50000 50000 0 c\n");
        for (int i = 1; i <= 4; i++) {
            const char *late = rows == 1 ? "" : "stock-group order-created 2 - 60000 - c\n";
            const char *third = arena_printf(&arena, "stock-group order-created 2 %d %d %d c\n", 50000 + 1000 * i,
                                             50000 + 2000 * i, 1000 * i);
            const char *all = "";
            for (int p = 0; p < 2; p++)
                all = arena_printf(&arena, "%sstock-group order-created %d %d %d %d c\n", all, p, 50000 + 500 * i,
                                   50000 + 1500 * i, 1000 * i);
            text = arena_printf(&arena, "%s%s", text,
                                table(100 * i, arena_printf(&arena, "%s%s", all, i < 2 ? late : third)));
        }
        assert_string_equal(mean_of(text, "reserve-stock"), "50ms"); /* 2 x 1,000 + 2,000 in 200 s */
    }
}

/* One consumer, one partition, 20 records/s of 60 that come: 50 ms. Between 300 s and 400 s the offsets fall: the group
 * is set back by 5,000, or the topic made anew. What was committed across it is not what was done. */
static void no_pace_is_taken_across_a_fall(void **state)
{
    (void)state;
    for (int anew = 0; anew < 2; anew++) {
        const char *text = "";
        for (int i = 0; i <= 5; i++) {
            const int back = i < 4 ? 0 : anew ? 50000 : 5000, done = 50000 + 2000 * i - back;
            const int end = 50000 + 6000 * i - (anew ? back : 0);
            const char *row = arena_printf(&arena, "stock-group order-created 0 %d %d %d c\n", done, end, end - done);
            text = arena_printf(&arena, "%s%s", text, table(100 * i, row));
        }
        assert_string_equal(mean_of(text, "reserve-stock"), "50ms"); /* from 100 s to 300 s */
    }
}

/* Rows of a group's consumers: one a partition, or one for all. */
static const char *row_of(int partition, double committed, double log_end, int consumer)
{
    return arena_printf(&arena, "stock-group order-created %d %.0f %.0f %.0f c%d\n", partition, committed, log_end,
                        log_end - committed, consumer);
}

/* One of three consumers works, 40 records/s of 100 that come: 25 ms. The others have nothing to do, and their time is
 * not in it. That one partition takes nearly all is said. */
static void an_idle_consumer_has_no_pace(void **state)
{
    (void)state;
    struct findings findings = { 0 };
    const char *text = "";
    for (int i = 0; i < 3; i++) {
        const double t_s = 300 * i;
        text = arena_printf(&arena, "%s%s", text,
                            table(t_s, arena_printf(&arena, "%s%s%s", row_of(0, 40 * t_s, 5000 + 100 * t_s, 0),
                                                    row_of(1, t_s, t_s, 1), row_of(2, t_s, t_s, 2))));
    }
    assert_string_equal(mean_of(text, "reserve-stock"), "25ms");
    struct source source = source_of(text, &findings);
    cJSON *made = offsets_read(&source, NULL);
    expect_number(at(made, "groups")->child, "consumers", 3);
    assert_true(says(&source, "committed 24000 records: with 1 consumer 25.00 ms a record"));
    assert_true(says(&source, "of the 3 consumers of stock-group that the tables name, that is of 1"));
    assert_true(says(&source, "partition 0 of order-created took 98.0 % of its records"));
    cJSON_Delete(made);
}

/* The same without a table under lag before the last: 12,000 and half a batch in 300 s, by one of three. */
static void a_fitted_pace_is_of_those_that_had_work(void **state)
{
    (void)state;
    const char *rows = arena_printf(&arena, "%s%s%s", row_of(0, 0, 0, 0), row_of(1, 0, 0, 1), row_of(2, 0, 0, 2));
    const char *later = arena_printf(&arena, "%s%s%s", row_of(0, 12000, 30000, 0), row_of(1, 300, 300, 1),
                                     row_of(2, 300, 300, 2));
    const char *mean = mean_of(arena_printf(&arena, "%s%s", table(0, rows), table(300, later)), "reserve-stock");
    assert_true(fabs(strtod(mean, NULL) - 300e3 / 12850) < 0.5);
}

/* One consumer for 600 s, four from then on, each 40 records/s: 25 ms in either. */
static void a_pace_ends_where_the_consumers_change(void **state)
{
    (void)state;
    static const double t_s[] = { 0, 300, 600, 660, 960 }, done[] = { 0, 3000, 6000, 8400, 20400 };
    for (int n = 4; n <= 5; n++) { /* the four are in one table, or in two */
        struct findings findings = { 0 };
        const char *text = "";
        for (int i = 0; i < n; i++) {
            const char *rows = "";
            for (int p = 0; p < 4; p++)
                rows = arena_printf(&arena, "%s%s", rows, row_of(p, done[i], 30000 + 30 * t_s[i], i < 3 ? 0 : p));
            text = arena_printf(&arena, "%s%s", text, table(t_s[i], rows));
        }
        assert_string_equal(mean_of(text, "reserve-stock"), "25ms");
        struct source source = source_of(text, &findings);
        cJSON *made = offsets_read(&source, NULL);
        assert_true(says(&source, "the tables name from 1 to 4 consumers of stock-group; the last change is seen at "
                                  "660 s"));
        cJSON_Delete(made);
    }
}

/* The last table names no consumer: the two of before are there yet, and the pace is of two. */
static void a_table_without_consumers_is_no_lone_consumer(void **state)
{
    (void)state;
    struct findings findings = { 0 };
    const char *text = "";
    for (int i = 0; i < 4; i++) {
        const char *rows = i < 3 ? arena_printf(&arena, "%s%s", row_of(0, 4000 * i, 9000 + 6000 * i, 0),
                                                row_of(1, 4000 * i, 9000 + 6000 * i, 1))
                                 : "stock-group order-created 0 8500 27500 19000 -\n"
                                   "stock-group order-created 1 8500 27500 19000 -\n";
        text = arena_printf(&arena, "%s%s", text, table(100 * i, rows));
    }
    struct source source = source_of(text, &findings);
    cJSON *made = offsets_read(&source, NULL);
    expect_number(at(made, "groups")->child, "consumers", 2);
    expect_number(at(made, "groups")->child, "service_s", 0.025);
    cJSON_Delete(made);
}

/* What no table says of consumers is not measured of one: three may have done it, each in three times as long. */
static void a_pace_of_unknown_consumers_is_not_measured(void **state)
{
    (void)state;
    for (int named = 0; named < 2; named++) {
        const char *text = "";
        for (int i = 0; i < 2; i++)
            text = arena_printf(&arena, "%s%s", text,
                                table(100 * i, arena_printf(&arena, "stock-group order-created 0 %d 9000 %d %s\n",
                                                            4000 * i, 9000 - 4000 * i, named ? "c" : "-")));
        cJSON *scenario = scenario_of(text);
        const cJSON *time = at(at(at(scenario, "stages"), "reserve-stock"), "time");
        assert_string_equal(cJSON_GetStringValue(at(time, "mean")), "25ms");
        assert_string_equal(cJSON_GetStringValue(at(at(time, "basis"), "mean")), named ? "measured" : "fitted");
        cJSON_Delete(scenario);
    }
}

/* Behind in single tables only, none of which makes a stretch with another: the counts before the fall are what the
 * pace is fitted to. 2,000 and half a batch in 100 s: 44.44 ms. */
static void no_count_is_taken_after_a_fall(void **state)
{
    (void)state;
    static const char *const after[] = { "stock-group order-created 0 1000 9000 8000 c\n",  /* made anew */
                                         "stock-group order-created 0 51500 59000 7500 c\n" }; /* set back */
    for (int i = 0; i < 2; i++)
        assert_string_equal(mean_of(arena_printf(&arena, "%s%s%s",
                                                 table(0, "stock-group order-created 0 50000 50000 0 c\n"),
                                                 table(100, "stock-group order-created 0 52000 59000 7000 c\n"),
                                                 table(200, after[i])), "reserve-stock"), "44.44ms");
}

/* A topic made anew, of which a group still says what it committed before: its log ends before the run begins. */
static void no_offset_is_from_before_the_run(void **state)
{
    (void)state;
    struct findings findings = { 0 };
    struct source source = source_of(
        arena_printf(&arena, "%s%s", table(0, "g t 0 1000 1000 0 c\ng t 1 1000 1000 0 c\n"),
                     table(60, "g t 0 1500 400 0 c\ng t 1 1500 1600 100 c\n")), &findings);
    cJSON *made = offsets_read(&source, NULL), *beside = init_observations(made, &source);
    const cJSON *rows = at(at(beside, "offsets"), "rows");
    assert_int_equal(cJSON_GetArraySize(rows), 1);
    expect_number(rows->child, "partition", 1);
    expect_number(rows->child, "log_end", 600);
    cJSON_Delete(beside);
    cJSON_Delete(made);
}

/* ---- partitions ---- */

/* Three partitions that the API fills, one behind them: each topic has its own, and what waits has its place. */
static void topics_have_partitions_of_their_own(void **state)
{
    (void)state;
    cJSON *scenario = scenario_of(table(0, "stock-group order-created 0 100 700 600 c\n"
                                           "stock-group order-created 1 100 100 0 c\n"
                                           "stock-group order-created 2 100 100 0 c\n"
                                           "payment-group process-payment 0 50 50 0 c\n"));
    const cJSON *topics = at(scenario, "topics"), *created = at(topics, "order-created");
    expect_number(at(scenario, "kafka"), "partitions", 3);
    assert_string_equal(cJSON_GetStringValue(at(at(at(scenario, "kafka"), "basis"), "partitions")), "assumed");
    expect_number(created, "partitions", 3);
    assert_string_equal(cJSON_GetStringValue(at(at(created, "basis"), "partitions")), "measured");
    expect_number(at(topics, "process-payment"), "partitions", 1);
    assert_null(at(at(topics, "stock-reserved"), "partitions"));
    assert_int_equal(
        cJSON_GetArraySize(at(at(at(at(scenario, "groups"), "stock-group"), "backlog"), "order-created")), 3);
    cJSON_Delete(scenario);
}

/* Of a group that reads topics of two and of one partition, each as it is. Groups of no known part. */
static void a_group_reads_topics_that_differ(void **state)
{
    (void)state;
    cJSON *scenario = scenario_of(table(0, "mailer mails 0 5 5 0 c\n"
                                           "mailer mails 1 5 5 0 c\n"
                                           "mailer bounces 0 5 9 4 c\n"));
    expect_number(at(at(scenario, "topics"), "mails"), "partitions", 2);
    expect_number(at(at(scenario, "topics"), "bounces"), "partitions", 1);
    cJSON_Delete(scenario);
}

/* All alike: one count, measured, and no topic has its own. */
static void one_count_of_partitions_is_kafkas(void **state)
{
    (void)state;
    cJSON *scenario = scenario_of(table(0, stock(0, 300, 300)));
    assert_string_equal(cJSON_GetStringValue(at(at(at(scenario, "kafka"), "basis"), "partitions")), "measured");
    assert_null(at(at(at(scenario, "topics"), "order-created"), "partitions"));
    cJSON_Delete(scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_load_has_the_rates_of_its_intervals, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(one_rate_is_one_rate, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_load_begins_at_its_start, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_run_begins_with_the_last_table_before_its_start, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(what_comes_late_counts_from_where_it_is_seen, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(nothing_to_play_is_said_of_the_tables, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_run_may_outlast_its_load, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(what_is_not_known_is_a_piece_of_its_own, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(the_topic_that_grows_first_is_the_load, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_zone_may_stand_behind_a_blank, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(midnight_may_lie_between_the_start_and_a_table, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(the_size_of_a_number_tells_its_unit, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_clock_of_twelve_hours_has_its_half, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_pace_does_not_hang_on_the_age_of_the_log, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(who_was_behind_before_the_last_table_has_a_pace, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(what_waited_at_first_is_work_as_well, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_new_topic_begins_at_nothing, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(one_table_in_the_course_of_a_load, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_partition_that_commits_late_is_not_work, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(no_pace_is_taken_across_a_fall, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(no_count_is_taken_after_a_fall, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_pace_of_unknown_consumers_is_not_measured, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(an_idle_consumer_has_no_pace, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_fitted_pace_is_of_those_that_had_work, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_pace_ends_where_the_consumers_change, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_table_without_consumers_is_no_lone_consumer, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(no_offset_is_from_before_the_run, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(topics_have_partitions_of_their_own, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_group_reads_topics_that_differ, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(one_count_of_partitions_is_kafkas, open_arena, close_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
