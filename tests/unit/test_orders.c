/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: what is read out of a table of orders is what made it: who waits, who has failed, and how fast the others were
 * paid. Method: tables by arithmetic. */
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
#include "sim/foreign/orders.h"

static struct arena arena;

static int open_arena(void **state) { (void)state; arena_init(&arena); return 0; }
static int close_arena(void **state) { (void)state; arena_fini(&arena); return 0; }

static struct source source_of(const char *text, struct findings *findings)
{
    return (struct source){
        .file = "table", .text = text, .length = strlen(text), .findings = findings, .arena = &arena
    };
}

static bool says(const struct source *source, const char *what)
{
    for (uint32_t i = 0; i < source->n_remarks; i++)
        if (strstr(source->remark[i], what)) return true;
    return false;
}

static const cJSON *at(const cJSON *object, const char *key) { return cJSON_GetObjectItemCaseSensitive(object, key); }

static double number(const cJSON *object, const char *key) { return cJSON_GetNumberValue(at(object, key)); }

static cJSON *read_table(const char *text, struct source *source)
{
    static const struct orders_options options = { 0 };
    struct findings findings = { 0 };
    *source = source_of(text, &findings);
    cJSON *out = orders_read(source, &options);
    assert_non_null(out);
    return out;
}

/* The time of the stock group in the scenario that init makes, and what it rests on. */
static const char *stock_time(const cJSON *observations, const char *key)
{
    struct findings findings = { 0 };
    char *text = cJSON_PrintUnformatted(observations);
    struct source source = source_of(text, &findings);
    const struct init_input input = { .name = "made", .observations = &source, .arena = &arena };
    cJSON *scenario = init_scenario(&input);
    assert_non_null(scenario);
    const cJSON *time = at(at(at(scenario, "stages"), "reserve-stock"), "time");
    const char *out = cJSON_GetStringValue(strcmp(key, "basis") == 0 ? at(at(time, "basis"), "mean") : at(time, key));
    out = out ? arena_strdup(&arena, out) : "";
    cJSON_Delete(scenario);
    free(text);
    return out;
}

/* ---- who waits ---- */

enum state { NO_STATES, STATES };

/* 10/s for 600 s, each paid 0.3 s after it came; of ten one fails, and is never paid. */
static const char *failing(enum state states)
{
    char *bytes = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&bytes, &length);
    fprintf(out, "id,created_at,paid_at%s\n", states == STATES ? ",status" : "");
    for (int i = 0; i < 6000; i++) {
        fprintf(out, "%d,%.1f,", i + 1, 1766535000 + i * 0.1);
        if (i % 10 != 7) fprintf(out, "%.1f", 1766535000.3 + i * 0.1);
        fprintf(out, "%s\n", states != STATES ? "" : i % 10 == 7 ? ",PAYMENT_FAILED" : ",PAID");
    }
    fclose(out);
    const char *text = arena_strdup(&arena, bytes);
    free(bytes);
    return text;
}

static void who_has_failed_does_not_wait(void **state)
{
    (void)state;
    for (int states = NO_STATES; states <= STATES; states++) {
        struct source source;
        const cJSON *one;
        cJSON *made = read_table(failing(states), &source);
        assert_false(says(&source, "one was paid"));
        assert_true(says(&source, states == STATES ? "600 orders that were not paid have ended, by the column status"
                                                   : "orders without a payment are taken to have failed"));
        cJSON_ArrayForEach(one, at(made, "throughput")) assert_null(at(one, "order_s"));
        cJSON_ArrayForEach(one, at(made, "statuses"))
        {
            assert_true(number(one, "pending") <= 6); /* three of each 0.3 s, and who has not been passed for long */
            assert_true(fabs(number(one, "failed") - number(one, "t_s")) <= 2); /* one a second */
        }
        assert_string_equal(stock_time(made, "basis"), "assumed");
        cJSON_Delete(made);
    }
}

/* All are paid 0.3 s after they came: nobody was behind, and no pace is fitted. */
static void who_keeps_up_has_no_pace(void **state)
{
    (void)state;
    const char *text = "id,created_at,paid_at\n";
    for (int i = 0; i < 200; i++)
        text = arena_printf(&arena, "%s%d,%.1f,%.1f\n", text, i + 1, 1766535000.0 + i, 1766535000.3 + i);
    struct source source;
    cJSON *made = read_table(text, &source);
    assert_string_equal(stock_time(made, "basis"), "assumed");
    cJSON_Delete(made);
}

/* 20/s for 200 s and one every 100 ms, paid or (each tenth) not: 100 ms, whatever became of them. The table ends at
 * 300 s, while the last 1,000 wait: those that nobody has passed. */
static void a_pace_is_of_all_that_were_worked_on(void **state)
{
    (void)state;
    for (int states = NO_STATES; states <= STATES; states++) {
        char *bytes = NULL;
        size_t length = 0;
        FILE *out = open_memstream(&bytes, &length);
        fprintf(out, "id,created_at,paid_at%s\n", states == STATES ? ",status" : "");
        for (int i = 0; i < 4000; i++) {
            const bool waits = i >= 3000, fails = i % 10 == 7;
            fprintf(out, "%d,%.2f,", i + 1, 1766535000 + i * 0.05);
            if (!waits && !fails) fprintf(out, "%.1f", 1766535000.1 + i * 0.1);
            fprintf(out, "%s\n", states != STATES ? "" : waits ? ",PENDING" : fails ? ",CANCELLED" : ",PAID");
        }
        fclose(out);
        struct source source;
        cJSON *made = read_table(bytes, &source);
        const cJSON *last = cJSON_GetArrayItem(at(made, "statuses"), 7);
        assert_true(says(&source, "one was paid, or failed, every 100."));
        assert_true(fabs(number(last, "pending") - 1000) <= 12);
        assert_true(fabs(strtod(stock_time(made, "mean"), NULL) - 100) < 1);
        cJSON_Delete(made);
        free(bytes);
    }
}

/* Of two partitions one is ten times slower: that the other passes its orders says nothing of them. */
static void a_slow_partition_waits(void **state)
{
    (void)state;
    char *bytes = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&bytes, &length);
    fprintf(out, "id,created_at,paid_at\n");
    for (int i = 0; i < 2000; i++) { /* 10/s, each second one of the slow one, which pays one a second */
        const double created = i * 0.1, paid = i % 2 ? i / 2 + 1.0 : created + 0.05;
        fprintf(out, "%d,%.2f,", i + 1, 1766535000 + created);
        if (paid <= 200) fprintf(out, "%.2f", 1766535000 + paid);
        fprintf(out, "\n");
    }
    fclose(out);
    struct source source;
    cJSON *made = read_table(bytes, &source);
    assert_false(says(&source, "failed"));
    assert_true(fabs(number(cJSON_GetArrayItem(at(made, "statuses"), 7), "pending") - 800) <= 2);
    cJSON_Delete(made);
    free(bytes);
}

/* ---- instants ---- */

/* Created at midnight in London, paid 50 s later in Seoul. */
static void a_zone_may_stand_behind_a_blank(void **state)
{
    (void)state;
    static const char *const paid[] = { "2025-12-24 09:00:50 +0900", "2025-12-24 09:00:50 +09:00",
                                        "2025-12-24T09:00:50+09", "2025-12-24 00:00:50 UTC", "2025-12-24 00:00:50Z" };
    for (size_t i = 0; i < sizeof paid / sizeof *paid; i++) {
        struct source source;
        cJSON *made = read_table(arena_printf(&arena, "id,created_at,paid_at\n1,2025-12-24T00:00:00Z,%s\n"
                                                      "2,2025-12-24T00:00:01Z,\n", paid[i]), &source);
        assert_true(number(at(made, "completion_s"), "mean") == 50);
        assert_false(says(&source, "without a zone"));
        cJSON_Delete(made);
    }
}

/* Paid 50 s after it was created, since 1970 in any unit. */
static void the_size_of_a_number_tells_its_unit(void **state)
{
    (void)state;
    static const char *const zeros[] = { "", ".000", "000", "000000", "000000000" };
    for (size_t i = 0; i < sizeof zeros / sizeof *zeros; i++) {
        struct source source;
        const char *z = zeros[i];
        cJSON *made = read_table(arena_printf(&arena, "id,created_at,paid_at\n1,1766535130%s,1766535180%s\n"
                                                      "2,1766535131%s,\n", z, z, z), &source);
        assert_true(number(at(made, "completion_s"), "mean") == 50);
        cJSON_Delete(made);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_has_failed_does_not_wait, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(who_keeps_up_has_no_pace, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_pace_is_of_all_that_were_worked_on, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_slow_partition_waits, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_zone_may_stand_behind_a_blank, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(the_size_of_a_number_tells_its_unit, open_arena, close_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
