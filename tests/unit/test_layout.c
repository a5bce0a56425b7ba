/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: every figure of the contract has one name, whatever dots and commas the names of groups hold, and what a run
 * leaves arrives under it. Method: the hand-made study of tests/support, whose figures are known by arithmetic. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/results/csv.h"
#include "sim/results/layout.h"
#include "tests/support/small_study.h"

static struct arena arena;

static int open_arena(void **state) { (void)state; arena_init(&arena); return 0; }
static int close_arena(void **state) { (void)state; arena_fini(&arena); return 0; }

static double value_of(const struct layout *layout, const struct result *result, const char *path)
{
    const uint32_t figure = layout_find(layout, path, NULL);
    if (figure == NONE)
        fail_msg("no figure %s", path);
    return result->value[figure];
}

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static void every_path_is_unique_and_found(void **state)
{
    (void)state;
    const struct layout *layout = layout_make(small_study(&arena), &arena);
    const uint32_t n = layout_count(layout);
    const char **path = arena_array(&arena, const char *, n);

    assert_true(n > 100);
    for (uint32_t i = 0; i < n; i++) {
        path[i] = layout_path(layout, i);
        assert_int_equal(layout_find(layout, path[i], NULL), i);
        assert_true(*layout_unit(layout, i));
    }
    qsort(path, n, sizeof *path, by_text);
    for (uint32_t i = 1; i < n; i++)
        assert_string_not_equal(path[i - 1], path[i]);
}

static void parts_stay_apart(void **state)
{
    (void)state;
    const struct layout *layout = layout_make(small_study(&arena), &arena);
    const uint32_t figure = layout_find(layout, "checkpoints.half.way.groups." SMALL_STOCK ".partitions.2.lag", NULL);
    const char *const part[] = { "checkpoints", "half.way", "groups", SMALL_STOCK, "partitions", NULL, "lag" };

    for (uint32_t i = 0; i < layout->n_leaves; i++) {
        if (layout->leaf[i].figure != figure)
            continue;
        assert_int_equal(layout->leaf[i].n_parts, 7);
        for (int k = 0; k < 7; k++)
            if (part[k])
                assert_string_equal(layout->leaf[i].part[k].key, part[k]);
        assert_null(layout->leaf[i].part[5].key);
        assert_int_equal(layout->leaf[i].part[5].index, 2);
        return;
    }
    fail();
}

static void nearest_path_is_offered(void **state)
{
    (void)state;
    const struct layout *layout = layout_make(small_study(&arena), &arena);
    const char *nearest;

    assert_int_equal(layout_find(layout, "groups.stock.v2-grup.peak_lag", &nearest), NONE);
    assert_string_equal(nearest, "groups." SMALL_STOCK ".peak_lag");
    assert_int_equal(layout_find(layout, "checkpoints.lat.paid_ratio", &nearest), NONE);
    assert_string_equal(nearest, "checkpoints.late.paid_ratio");
}

static void figures_of_a_run(void **state)
{
    (void)state;
    const struct layout *layout = layout_make(small_study(&arena), &arena);
    const struct result *result = small_run(layout, 1, 0, NULL, &arena);

    assert_int_equal(result->n, layout_values(layout));
    assert_close(value_of(layout, result, "sim.end_s"), 51, 0);
    assert_close(value_of(layout, result, "sim.events"), 1001, 0);
    assert_close(value_of(layout, result, "orders.created"), 200, 0);
    assert_close(value_of(layout, result, "orders.paid_ratio"), 1, 0);
    assert_close(value_of(layout, result, "orders.peak_rate_per_s"), 10, 1e-12);
    assert_close(value_of(layout, result, "checkpoints.half.way.paid"), 39, 0);
    assert_close(value_of(layout, result, "checkpoints.half.way.pending_ratio"), 0.61, 1e-15);
    assert_close(value_of(layout, result, "checkpoints.half.way.groups." SMALL_STOCK ".lag"), 61, 0);
    assert_close(value_of(layout, result, "checkpoints.half.way.groups." SMALL_STOCK ".lag_s"), 0.01, 1e-15);
    assert_close(value_of(layout, result, "checkpoints.half.way.groups." SMALL_STOCK ".partitions.0.log_end_offset"),
                        34, 0);
    assert_close(value_of(layout, result, "checkpoints.half.way.groups." SMALL_PAY ".partitions.0.committed_offset"),
                        39, 0);
    assert_close(value_of(layout, result, "groups." SMALL_STOCK ".peak_lag"), 121, 0);
    assert_close(value_of(layout, result, "groups." SMALL_STOCK ".sampled_peak_lag"), 121, 0);
    assert_close(value_of(layout, result, "groups." SMALL_STOCK ".sampled_peak_partition_lag"), 41, 0);
    /* busy for 51 s and for 51 ms with 200 records */
    assert_close(value_of(layout, result, "groups." SMALL_STOCK ".capacity_per_s"), 200 / 51.0, 1e-12);
    assert_close(value_of(layout, result, "groups." SMALL_PAY ".capacity_per_s"), 200 / 0.051, 1e-9);
    assert_close(value_of(layout, result, "groups." SMALL_STOCK ".utilisation"), 1, 1e-12);
    assert_close(value_of(layout, result, "groups." SMALL_STOCK ".service_s.p95"), 0.25, 0);
    /* 200 orders, the i-th completes after (i + 2) tenths */
    assert_close(value_of(layout, result, "completion_s.min"), 0.2, 1e-12);
    assert_close(value_of(layout, result, "completion_s.p50"), 10.1, 1e-12);
    assert_close(value_of(layout, result, "completion_s.max"), 20.1, 1e-12);
}

/* 15 s of nanoseconds x 1e-9 is more than 15. */
static void who_is_always_busy_is_no_more_than_that(void **state)
{
    (void)state;
    const struct layout *layout = layout_make(small_study(&arena), &arena);
    for (uint32_t cut_s = 1; cut_s < 40; cut_s++) {
        const struct result *result = small_run(layout, 0, cut_s, NULL, &arena);
        assert_close(value_of(layout, result, "groups." SMALL_STOCK ".utilisation"), 1, 0);
    }
}

static void what_does_not_exist_is_null(void **state)
{
    (void)state;
    const struct layout *layout = layout_make(small_study(&arena), &arena);
    const struct result *result = small_run(layout, 0, 0, NULL, &arena);

    assert_true(isnan(value_of(layout, result, "locks.item.wait_s.mean")));
    assert_true(isnan(value_of(layout, result, "locks.item.wait_s.max")));
    assert_true(isnan(value_of(layout, result, "groups." SMALL_PAY ".peak_lag_at_s")));
    assert_close(value_of(layout, result, "locks.item.acquired"), 0, 0);
}

/* A run that ended by itself stays as it was; one that was cut has no later moment. */
static void checkpoints_after_the_end(void **state)
{
    (void)state;
    const struct layout *layout = layout_make(small_study(&arena), &arena);
    const struct result *quiet = small_run(layout, 0, 0, NULL, &arena);
    const struct result *cut = small_run(layout, 0, 25, NULL, &arena);

    assert_close(value_of(layout, quiet, "checkpoints.after.paid"), 200, 0);
    assert_close(value_of(layout, quiet, "checkpoints.after.groups." SMALL_STOCK ".partitions.1.log_end_offset"),
                        67, 0);
    assert_true(isnan(value_of(layout, cut, "checkpoints.after.paid")));
    assert_true(isnan(value_of(layout, cut, "checkpoints.late.groups." SMALL_STOCK ".lag")));
    assert_true(isnan(value_of(layout, cut, "groups." SMALL_STOCK ".drained_at_s")));
    assert_close(value_of(layout, cut, "checkpoints.half.way.paid"), 40, 0);
}

/* ---- CSV ---- */

struct sheet { char *text; size_t size; FILE *out; };

static void sheet_open(struct sheet *sheet) { sheet->out = open_memstream(&sheet->text, &sheet->size); }

static bool has_line(const struct sheet *sheet, const char *line)
{
    const char *found = strstr(sheet->text, line);
    return found && (found == sheet->text || found[-1] == '\n') && found[strlen(line)] == '\n';
}

static void rows_of_the_files(void **state)
{
    (void)state;
    const struct layout *layout = layout_make(small_study(&arena), &arena);
    struct sheet lag, orders, status, groups, completion;
    sheet_open(&lag), sheet_open(&orders), sheet_open(&status), sheet_open(&groups), sheet_open(&completion);
    const struct recorder_files files = { .lag = lag.out, .orders = orders.out, .orders_share = 1,
                                          .status = status.out, .groups = groups.out, .completion = completion.out };
    lag_csv_header(lag.out);
    orders_csv_header(layout, orders.out);
    small_run(layout, 2, 0, &files, &arena);
    fclose(lag.out), fclose(orders.out), fclose(status.out), fclose(groups.out), fclose(completion.out);

    assert_true(has_line(&lag, "replication,t_s,group,topic,partition,log_end_offset,committed_offset,lag,backlog,"
                               "lag_s"));
    assert_true(has_line(&lag, "2,10," SMALL_STOCK ",order-created,0,34,13,21,21,0.01"));
    assert_true(has_line(&lag, "2,10,\"" SMALL_PAY "\",pay,0,38,38,0,0,0"));
    assert_true(has_line(&orders, "replication,order_id,created_s,status,ended_s,completion_s,reserve.wait_s,"
                                  "reserve.service_s,charge.wait_s,charge.service_s"));
    assert_true(has_line(&orders, "2,2,0.100000000,PAID,0.5,0.4,0.5,0.001,,"));
    assert_true(has_line(&status, "2,10,100,0,100,62,0,38,0,0"));
    assert_true(has_line(&groups, "2,10," SMALL_STOCK ",1,1,10,62,62,0.01"));
    assert_true(has_line(&groups, "2,10,\"" SMALL_PAY "\",2,0,0.01,0,0,0"));
    assert_true(has_line(&completion, "2,0,0.3"));
    assert_true(has_line(&completion, "2,0.005,0.3"));
    assert_true(has_line(&completion, "2,0.5,10.2"));
    assert_true(has_line(&completion, "2,1,20.2"));
    free(lag.text), free(orders.text), free(status.text), free(groups.text), free(completion.text);
}

static size_t lines(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void a_sample_of_orders_is_the_same_in_every_replication(void **state)
{
    (void)state;
    const struct layout *layout = layout_make(small_study(&arena), &arena);
    struct sheet sheet[2];

    for (uint32_t r = 0; r < 2; r++) {
        sheet_open(&sheet[r]);
        const struct recorder_files files = { .orders = sheet[r].out, .orders_share = 0.25 };
        small_run(layout, r, 0, &files, &arena);
        fclose(sheet[r].out);
    }
    /* 200 orders, a quarter: 50, standard deviation 6 */
    assert_in_range(lines(sheet[0].text), 30, 70);
    assert_int_equal(lines(sheet[0].text), lines(sheet[1].text));
    assert_int_equal(strtol(sheet[0].text + 2, NULL, 10), strtol(sheet[1].text + 2, NULL, 10));
    free(sheet[0].text), free(sheet[1].text);
}

static void numbers_of_a_csv(void **state)
{
    (void)state;
    struct sheet sheet;
    sheet_open(&sheet);
    struct csv *csv = csv_open(sheet.out, &arena);

    csv_int(csv, INT64_MIN), csv_char(csv, ' ');
    csv_int(csv, INT64_MAX), csv_char(csv, ' ');
    csv_seconds(csv, 0), csv_char(csv, ' ');
    csv_seconds(csv, 1035 * SIM_S), csv_char(csv, ' ');
    csv_seconds(csv, 1500 * SIM_MS), csv_char(csv, ' ');
    csv_seconds(csv, 1), csv_char(csv, ' ');
    csv_seconds(csv, -1), csv_char(csv, ' ');
    csv_seconds(csv, SIM_NEVER), csv_char(csv, ' ');
    csv_seconds_full(csv, 20 * SIM_S);
    csv_flush(csv);
    fclose(sheet.out);
    assert_string_equal(sheet.text, "-9223372036854775808 9223372036854775807 0 1035 1.5 0.000000001 -0.000000001 "
                                    "9223372036.854775807 20.000000000");
    free(sheet.text);
    assert_null(csv_open(NULL, &arena));
    assert_string_equal(csv_field("a \"b\"\n", &arena), "\"a \"\"b\"\"\n\"");
}

static void a_long_file_passes_the_buffer(void **state)
{
    (void)state;
    struct sheet sheet;
    char *text = calloc(3 * CSV_BUFFER + 1, 1);
    memset(text, 'x', 3 * CSV_BUFFER);
    sheet_open(&sheet);
    struct csv *csv = csv_open(sheet.out, &arena);

    for (int i = 0; i < 30000; i++)
        csv_int(csv, 123456);
    csv_text(csv, text, 3 * CSV_BUFFER);
    csv_int(csv, 7);
    csv_flush(csv);
    fclose(sheet.out);
    assert_int_equal(sheet.size, 30000 * 6 + 3 * CSV_BUFFER + 1);
    for (size_t i = 0; i < 30000; i++)
        assert_memory_equal(sheet.text + 6 * i, "123456", 6);
    assert_int_equal(sheet.text[sheet.size - 1], '7');
    free(sheet.text), free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_path_is_unique_and_found, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(parts_stay_apart, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(nearest_path_is_offered, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(figures_of_a_run, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(who_is_always_busy_is_no_more_than_that, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(what_does_not_exist_is_null, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(checkpoints_after_the_end, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(rows_of_the_files, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_sample_of_orders_is_the_same_in_every_replication, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(numbers_of_a_csv, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_long_file_passes_the_buffer, open_arena, close_arena)
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
