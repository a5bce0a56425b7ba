/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: an audit finds what contradicts and nothing else. Method: the report, whose contradictions are known; a run of
 * the simulator, whose figures are all true, and which gives no finding; and that run with one figure changed at a
 * time, which breaks one law each time, and no other. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/lab/audit.h"
#include "sim/scenario/observe.h"
#include "tests/support/observed_run.h"
#include "tests/support/own_arena.h"

#define REPORT   "scenarios/report-2025-12-24.json"
#define OBSERVED "scenarios/report-2025-12-24.observations.json"

static void audit_document(struct audit *audit, const cJSON *document)
{
    struct observations *observations = arena_new(&arena, struct observations);
    struct findings findings = { 0 };
    char *printed = cJSON_Print(document);
    const char *text = arena_strdup(&arena, printed);
    cJSON_free(printed);
    if (!observations_read_text(observations, text, strlen(text), &findings, &arena))
        fail_msg("%s: %s", findings.finding[0].pointer, findings.finding[0].message);
    audit_observations(audit, observations, LANG_EN, &arena);
}

static void print_findings(const struct audit *audit)
{
    for (uint32_t i = 0; i < audit->n_findings; i++)
        print_message("%s: %s\n", audit_law_name(audit->finding[i].law, LANG_EN), audit->finding[i].text);
}

/* ---- the report ---- */

static bool names(const struct audit_entry *entry, const char *figure)
{
    for (uint32_t i = 0; i < entry->n_figures; i++)
        if (strstr(entry->figure[i], figure)) return true;
    return false;
}

static const struct audit_entry *expect(const struct audit *audit, enum audit_law law, const char *figure,
                                        const char *other, double least, double most)
{
    for (uint32_t i = 0; i < audit->n_findings; i++) {
        const struct audit_entry *entry = &audit->finding[i];
        if (entry->law != law || !names(entry, figure) || !names(entry, other)) continue;
        if (entry->size >= least && entry->size <= most) return entry;
        fail_msg("%s: the contradiction is %g, not within %g..%g", figure, entry->size, least, most);
    }
    print_findings(audit);
    fail_msg("no finding of \"%s\" with %s and %s", audit_law_name(law, LANG_EN), figure, other);
    return NULL;
}

static void the_report(void **state)
{
    struct observations observations;
    struct findings findings = { 0 };
    struct sim_err err = { 0 };
    struct audit audit;
    (void)state;
    assert_true(observations_read(&observations, OBSERVED, &findings, &arena, &err));
    audit_observations(&audit, &observations, LANG_EN, &arena);
    expect(&audit, LAW_RISE, "/lag_trend/rows/4/total = 7900", "/lag_trend/rows/5/total = 8400", 500, 500);
    expect(&audit, LAW_PACE, "/lag_trend/rows/3", "/offsets", 8000, 12000);
    expect(&audit, LAW_THROUGHPUT, "stock_service_ms = 100..200", "committed = 12838", 70, 80);
    expect(&audit, LAW_RATE, "consumer_rate_per_s = 33", "duration_s_used_for_rates = 720", 4, 12);
    expect(&audit, LAW_DRAIN, "catch_up_at_most_hours = 3", "lag = 2566", 10000, 10800);
    expect(&audit, LAW_INSTANT, "pending = 16933", "pending = 16646", 287, 287);
    expect(&audit, LAW_PEAK, "lag = 7180", "largest entry = 6150", 1030, 1030);
    expect(&audit, LAW_PEAK, "total = 7900", "total = 8400", 500, 500);
    expect(&audit, LAW_THROUGHPUT, "payment_service_ms = 50..100", "committed = 13057", 25, 30);
    expect(&audit, LAW_THROUGHPUT, "coupon_service_ms = 10..50", "committed = 13628", 28, 31);
    expect(&audit, LAW_INSTANT, "printed_clock", "pending = 16933", 12000, 12300);
    expect(&audit, LAW_SHARES, "pending_percent = 41.58", "pending = 16933", 0.005, 0.007);
    /* a batch in hand is no contradiction */
    for (uint32_t i = 0; i < audit.n_findings; i++) assert_false(names(&audit.finding[i], "13134"));
    bool recognised = false;
    for (uint32_t i = 0; i < audit.n_consistent; i++)
        recognised = recognised ||
                     (audit.consistent[i].law == LAW_KEYS && strstr(audit.consistent[i].text, "1 to 40730") != NULL);
    assert_true(recognised);
    assert_true(fabs(audit.start_s) < 3 * audit.start_sd_s);
    assert_true(audit.pace_per_s > 42 && audit.pace_per_s < 46);
}

/* All done a little after the load's end: it may have begun at any time before, and on no time of its own. */
static void counts_that_tell_no_start(void **state)
{
    static const char all_done[] =
        "{\"schema\": \"sim-observations/1\", \"source\": \"x\", "
        "\"load\": {\"orders_created\": 6000, \"rate_per_s\": 10, \"duration_s\": 600}, "
        "\"statuses\": [{\"label\": \"a\", \"t_s\": 605, \"paid\": 6000, \"pending\": 0, "
        "\"failed\": 0}]}";
    struct observations observations;
    struct findings findings = { 0 };
    struct sim_err err = { 0 };
    struct audit audit;
    char path[] = "/tmp/sim-audit-XXXXXX";
    const int file = mkstemp(path);
    (void)state;
    assert_true(file >= 0 && write(file, all_done, sizeof all_done - 1) == sizeof all_done - 1);
    close(file);
    assert_true(observations_read(&observations, path, &findings, &arena, &err));
    unlink(path);
    audit_observations(&audit, &observations, LANG_EN, &arena);
    assert_false(audit.has_start);
    /* 605 s, known to 3 standard deviations, less 600 s */
    assert_true(audit.latest_s >= 5 && audit.latest_s < 15);
    assert_int_equal(audit.n_findings, 0);
}

/* ---- a run whose figures are all true ---- */

static const struct watching watching = { .n_statuses = 4,
                                          .status_s = { 240, 630, 640, 800 },
                                          .n_trend = 7,
                                          .trend_s = { 180, 300, 420, 540, 670, 675, 780 },
                                          .offsets_s = 800 };

static cJSON *true_figures(const struct study_edit *edit, uint32_t n_edits, uint32_t replication)
{
    struct study *study = arena_new(&arena, struct study);
    struct findings findings = { 0 };
    struct sim_err err = { 0 };
    if (!study_read(study, REPORT, edit, n_edits, &findings, &arena, &err)) {
        findings_print(&findings, REPORT, stderr);
        fail_msg("%s", err.text);
    }
    return observed_run(study, replication, &watching);
}

static void true_figures_agree(void **state)
{
    static const struct study_edit edits[][2] = {
        { { "/stages/reserve-stock/time/mean", "23.2ms" }, { "/stages/pay/time/mean", "8ms" } },
        { { "/stages/reserve-stock/time/mean", "15ms" }, { "/stages/pay/time/mean", "4ms" } },
        { { "/stages/reserve-stock/time/mean", "40ms" }, { "/stages/pay/time/cv", "1" } },
        { { "stock-service-group.consumers", "2" }, { "/stages/pay/time/mean", "14ms" } },
        { { "stock-service-group.consumers", "3" }, { "/stages/pay/time/mean", "8ms" } },
        { { "/stages/reserve-stock/time/cv", "1.5" }, { "/kafka/record_bytes", "1000" } },
    };
    (void)state;
    for (uint32_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        struct audit audit;
        cJSON *document = true_figures(edits[i], 2, i);
        audit_document(&audit, document);
        cJSON_Delete(document);
        print_findings(&audit);
        if (audit.n_findings) fail_msg("%u findings on true figures, variant %u", audit.n_findings, i);
        assert_true(audit.n_consistent > 4);
    }
}

/* ---- one figure changed at a time ---- */

static cJSON *find(cJSON *document, const char *pointer)
{
    const char *at = pointer;
    cJSON *node = document;
    while (node && *at == '/') {
        char step[64];
        const size_t n = strcspn(at + 1, "/");
        assert_true(n < sizeof step);
        memcpy(step, at + 1, n);
        step[n] = '\0';
        node =
            cJSON_IsArray(node) ? cJSON_GetArrayItem(node, atoi(step)) : cJSON_GetObjectItemCaseSensitive(node, step);
        at += n + 1;
    }
    if (!node) fail_msg("there is no %s", pointer);
    return node;
}

static void add(cJSON *document, const char *pointer, double change)
{
    cJSON *node = find(document, pointer);
    cJSON_SetNumberHelper(node, node->valuedouble + change);
}

static void claim(cJSON *document, const char *key, double low, double high)
{
    cJSON *claims = cJSON_GetObjectItemCaseSensitive(document, "claims");
    if (!claims) claims = cJSON_AddObjectToObject(document, "claims");
    const double range[] = { low, high };
    if (low == high) cJSON_AddNumberToObject(claims, key, low);
    else cJSON_AddItemToObject(claims, key, cJSON_CreateDoubleArray(range, 2));
}

static void break_totals(cJSON *document) { add(document, "/lag_trend/rows/2/total", 7); }
static void break_shares(cJSON *document) { add(document, "/statuses/1/pending_percent", 0.5); }
static void break_conservation(cJSON *document)
{
    cJSON_DeleteItemFromObjectCaseSensitive(find(document, "/statuses/1"), "pending_percent");
    add(document, "/statuses/1/pending", 60);
}
static void break_lag(cJSON *document) { add(document, "/offsets/rows/0/lag", -10); }
static void break_instant(cJSON *document) /* the count of 630 s was printed under the table's clock */
{
    cJSON_AddStringToObject(document, "start_clock", "09:00:00");
    cJSON_AddStringToObject(find(document, "/statuses/1"), "printed_clock", "09:13:20");
}
static void break_clocks(cJSON *document) /* 20 orders that were paid at 630 s are not at 640 s */
{
    const double paid = find(document, "/statuses/1/paid")->valuedouble;
    const double off = paid - 20 - find(document, "/statuses/2/paid")->valuedouble;
    add(document, "/statuses/2/paid", off);
    add(document, "/statuses/2/pending", -off);
    cJSON_DeleteItemFromObjectCaseSensitive(find(document, "/statuses/2"), "pending_percent");
}
static void
break_rise(cJSON *document) /* 300 more, five seconds later, though the load is over: still within the pace */
{
    const double before = find(document, "/lag_trend/rows/4/total")->valuedouble;
    const double off = before + 300 - find(document, "/lag_trend/rows/5/total")->valuedouble;
    cJSON_DeleteItemFromObjectCaseSensitive(document, "peak_lag");
    add(document, "/lag_trend/rows/5/total", off);
    add(document, "/lag_trend/rows/5/lag/0", off);
}
static void break_pace(cJSON *document) /* all rows under load at a third */
{
    for (int row = 2; row < 7; row++) {
        cJSON *one = cJSON_GetArrayItem(find(document, "/lag_trend/rows"), row), *lag;
        double total = 0;
        cJSON_ArrayForEach(lag, cJSON_GetObjectItemCaseSensitive(one, "lag"))
        {
            cJSON_SetNumberHelper(lag, floor(lag->valuedouble / 3));
            total += lag->valuedouble;
        }
        cJSON_SetNumberHelper(cJSON_GetObjectItemCaseSensitive(one, "total"), total);
    }
    cJSON_DeleteItemFromObjectCaseSensitive(document, "peak_lag");
}
static void break_throughput(cJSON *document) { claim(document, "stock_service_ms", 30, 60); }
static void break_throughput_of_payment(cJSON *document) { claim(document, "payment_service_ms", 40, 60); }
static void break_rate(cJSON *document) { claim(document, "consumer_rate_per_s", 33, 33); }
static void break_producer_rate(cJSON *document) { claim(document, "producer_rate_per_s", 50, 50); }
static void break_drain(cJSON *document) { claim(document, "catch_up_at_most_hours", 2, 2); }
static void break_peak(cJSON *document) { add(document, "/peak_lag/lag", 3000); }
static void break_marked_peak(cJSON *document)
{
    cJSON_AddTrueToObject(find(document, "/lag_trend/rows/1"), "marked_as_peak");
}
static void break_little(cJSON *document) { add(document, "/completion_s/mean", 60); }
static void break_keys(cJSON *document) /* three records of partition 0 in partition 1 */
{
    add(document, "/offsets/rows/0/log_end", -3);
    add(document, "/offsets/rows/0/committed", -3);
    add(document, "/offsets/rows/1/log_end", 3);
    add(document, "/offsets/rows/1/committed", 3);
    cJSON_DeleteItemFromArray(find(document, "/offsets/rows"), 5);
    cJSON_DeleteItemFromArray(find(document, "/offsets/rows"), 4);
    cJSON_DeleteItemFromArray(find(document, "/offsets/rows"), 3);
}
static void break_log_end(cJSON *document) /* another group sees another end of the same log */
{
    add(document, "/offsets/rows/3/log_end", -2);
    add(document, "/offsets/rows/3/committed", -2);
}

static void one_law_at_a_time(void **state)
{
    static const struct {
        const char *what;
        enum audit_law law;
        void (*change)(cJSON *document);
    } breaks[] = {
        { "a total", LAW_TOTALS, break_totals },
        { "a share", LAW_SHARES, break_shares },
        { "a count by state", LAW_CONSERVATION, break_conservation },
        { "a lag", LAW_LAG, break_lag },
        { "the instant of a count", LAW_INSTANT, break_instant },
        { "paid, then not", LAW_CLOCKS, break_clocks },
        { "a rise without arrivals", LAW_RISE, break_rise },
        { "a lag table at a third", LAW_PACE, break_pace },
        { "stock at 30 to 60 ms", LAW_THROUGHPUT, break_throughput },
        { "payment at 40 to 60 ms", LAW_THROUGHPUT, break_throughput_of_payment },
        { "a rate of work", LAW_RATE, break_rate },
        { "a rate of orders", LAW_RATE, break_producer_rate },
        { "two hours", LAW_DRAIN, break_drain },
        { "a peak", LAW_PEAK, break_peak },
        { "a marked peak", LAW_PEAK, break_marked_peak },
        { "a mean completion time", LAW_LITTLE, break_little },
        { "three keys", LAW_KEYS, break_keys },
        { "two ends of a log", LAW_INSTANT, break_log_end },
    };
    static const struct study_edit edit = { "/stages/reserve-stock/time/mean", "23.2ms" };
    cJSON *figures = true_figures(&edit, 1, 3);
    (void)state;
    for (uint32_t i = 0; i < sizeof breaks / sizeof *breaks; i++) {
        struct audit audit;
        cJSON *document = cJSON_Duplicate(figures, true);
        breaks[i].change(document);
        audit_document(&audit, document);
        cJSON_Delete(document);
        if (audit.n_findings == 0) fail_msg("%s: not found", breaks[i].what);
        for (uint32_t k = 0; k < audit.n_findings; k++)
            if (audit.finding[k].law != breaks[i].law) {
                print_findings(&audit);
                fail_msg("%s: breaks \"%s\", too", breaks[i].what, audit_law_name(audit.finding[k].law, LANG_EN));
            }
    }
    cJSON_Delete(figures);
}

/* ---- batches in hand ---- */

/* 100 orders/s for 100 s; `consumers` do 10/s each in batches of 500 that all end at multiples of 50 s and are
 * committed a second later. So all figures are known: done is 10 t for each, committed the last whole batches. */
enum { BATCH_S = 50, BATCH_RECORDS = 500, LOAD_S = 100, LOAD_PER_S = 100, ORDERS = LOAD_S * LOAD_PER_S };

static double least(double a, double b) { return a < b ? a : b; }

static double lag_of_batches(double consumers, double t_s)
{
    const double arrived = least(LOAD_PER_S * t_s, ORDERS);
    return arrived - least(arrived, consumers * BATCH_RECORDS * floor((t_s - 1) / BATCH_S));
}

static void add_row(cJSON *rows, double t_s, double lag, uint32_t partitions)
{
    cJSON *row = cJSON_CreateObject(), *by = cJSON_AddArrayToObject(row, "lag");
    for (uint32_t k = 0; k < partitions; k++) cJSON_AddItemToArray(by, cJSON_CreateNumber(lag / partitions));
    cJSON_AddNumberToObject(row, "t_s", t_s);
    cJSON_AddNumberToObject(row, "total", lag);
    cJSON_AddItemToArray(rows, row);
}

static cJSON *figures_of_batches(uint32_t consumers, const double *row_s, uint32_t n_rows)
{
    static const double status_s[] = { 40, 100, 150 };
    cJSON *document = cJSON_CreateObject(), *load = cJSON_AddObjectToObject(document, "load");
    cJSON_AddStringToObject(document, "schema", "sim-observations/1");
    cJSON_AddNumberToObject(load, "rate_per_s", LOAD_PER_S);
    cJSON_AddNumberToObject(load, "duration_s", LOAD_S);
    cJSON_AddNumberToObject(load, "orders_created", ORDERS);
    cJSON *groups = cJSON_AddArrayToObject(document, "groups"), *group = cJSON_CreateObject();
    cJSON_AddItemToArray(groups, group);
    cJSON_AddStringToObject(group, "name", "stock");
    cJSON_AddNumberToObject(group, "partitions", consumers);
    cJSON_AddNumberToObject(group, "consumers", consumers);
    cJSON *statuses = cJSON_AddArrayToObject(document, "statuses");
    for (size_t i = 0; i < sizeof status_s / sizeof *status_s; i++) {
        cJSON *status = cJSON_CreateObject();
        const double arrived = least(LOAD_PER_S * status_s[i], ORDERS), done = 10 * consumers * status_s[i];
        cJSON_AddItemToArray(statuses, status);
        cJSON_AddNumberToObject(status, "t_s", status_s[i]);
        cJSON_AddNumberToObject(status, "paid", done);
        cJSON_AddNumberToObject(status, "pending", arrived - done);
    }
    cJSON *rows = cJSON_AddArrayToObject(cJSON_AddObjectToObject(document, "lag_trend"), "rows");
    for (uint32_t i = 0; i < n_rows; i++) add_row(rows, row_s[i], lag_of_batches(consumers, row_s[i]), consumers);
    return document;
}

static void expect_findings(cJSON *document, uint32_t n)
{
    struct audit audit;
    audit_document(&audit, document);
    cJSON_Delete(document);
    if (audit.n_findings == n) return;
    print_findings(&audit);
    fail_msg("%u findings, not %u", audit.n_findings, n);
}

/* Five consumers have up to 2500 records done and not committed, five times what one has. */
static void a_batch_in_hand_of_each_consumer(void **state)
{
    static const double row_s[] = { 50, 75, 100, 125, 150 };
    (void)state;
    expect_findings(figures_of_batches(5, row_s, 5), 0);
    cJSON *document = figures_of_batches(5, row_s, 4);
    add_row(find(document, "/lag_trend/rows"), 150, lag_of_batches(5, 150) + 1500, 5); /* but not eight times */
    expect_findings(document, 2); /* by the pace, and as a rise without arrivals */
}

/* At 200 s all is done, the last 500 of each consumer are not committed; a minute later there is nothing in hand. */
static void a_batch_in_hand_when_all_is_done(void **state)
{
    static const double row_s[] = { 100, 150, 200, 260 };
    (void)state;
    assert_true(lag_of_batches(5, 200) >= 2500 && lag_of_batches(5, 260) <= 0);
    expect_findings(figures_of_batches(5, row_s, 4), 0);
    cJSON *document = figures_of_batches(5, row_s, 3);
    add_row(find(document, "/lag_trend/rows"), 300, 1000, 5);
    expect_findings(document, 1);
}

/* A file that says nothing is audited, too. */
static void nothing_to_say(void **state)
{
    struct audit audit;
    cJSON *document = cJSON_CreateObject();
    (void)state;
    cJSON_AddStringToObject(document, "schema", "sim-observations/1");
    audit_document(&audit, document);
    assert_int_equal(audit.n_findings, 0);
    assert_int_equal(audit.n_consistent, 0);
    cJSON_Delete(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_report), cmocka_unit_test(counts_that_tell_no_start),
        cmocka_unit_test(true_figures_agree),
        cmocka_unit_test(one_law_at_a_time),
        cmocka_unit_test(a_batch_in_hand_of_each_consumer),
        cmocka_unit_test(a_batch_in_hand_when_all_is_done),
        cmocka_unit_test(nothing_to_say),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
