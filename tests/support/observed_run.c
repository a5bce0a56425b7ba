/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/observed_run.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "models/pipeline.h"
#include "sim/scenario/finding.h"

enum { BIN_S = 10, SECONDS_MAX = 20000 };

struct watch {
    const struct study *study;
    const struct watching *watching;
    cJSON *statuses, *offsets, *trend;
    int64_t peak;
    uint32_t peak_partition;
    uint32_t n_seconds;
    uint64_t created[SECONDS_MAX], paid[SECONDS_MAX];
    uint64_t n_paid;
    double completion_s;
};

static bool is_among(uint32_t second, const uint32_t *list, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (list[i] == second) return true;
    return false;
}

static double percent(uint64_t part, uint64_t all) { return all ? round((double)part / (double)all * 1e4) / 100 : 0; }

static void note_status(struct watch *watch, const struct run_levels *levels, uint32_t second)
{
    const uint64_t *by = levels->orders.by_status;
    const uint64_t pending = by[ORDER_PENDING] + by[ORDER_PAYING], failed = by[ORDER_FAILED] + by[ORDER_CANCELLED];
    cJSON *one = cJSON_CreateObject();
    cJSON_AddStringToObject(one, "label", "count");
    cJSON_AddNumberToObject(one, "t_s", second);
    cJSON_AddNumberToObject(one, "paid", (double)by[ORDER_PAID]);
    cJSON_AddNumberToObject(one, "pending", (double)pending);
    cJSON_AddNumberToObject(one, "failed", (double)failed);
    cJSON_AddNumberToObject(one, "pending_percent", percent(pending, levels->orders.created));
    cJSON_AddItemToArray(watch->statuses, one);
}

static void note_offsets(struct watch *watch, const struct run_levels *levels, uint32_t second)
{
    const struct scenario *scenario = &watch->study->scenario;
    cJSON_AddNumberToObject(watch->offsets, "t_s", second);
    cJSON *rows = cJSON_AddArrayToObject(watch->offsets, "rows");
    for (uint32_t i = 0; i < levels->n_partitions; i++) {
        const struct partition_level *level = &levels->partition[i];
        if (level->log_end == 0) continue;
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "group", scenario->group[level->group].name);
        cJSON_AddStringToObject(row, "topic", scenario->topic[level->topic].name);
        cJSON_AddNumberToObject(row, "partition", level->partition);
        cJSON_AddNumberToObject(row, "committed", (double)level->committed);
        cJSON_AddNumberToObject(row, "log_end", (double)level->log_end);
        cJSON_AddNumberToObject(row, "lag", (double)level->lag);
        cJSON_AddItemToArray(rows, row);
    }
}

static bool is_first(const struct watch *watch, const struct partition_level *level)
{
    return level->group == 0 && level->topic == watch->study->scenario.group[0].read[0].topic;
}

static void note_trend(struct watch *watch, const struct run_levels *levels, uint32_t second)
{
    cJSON *row = cJSON_CreateObject(), *lag = cJSON_CreateArray();
    int64_t total = 0;
    for (uint32_t i = 0; i < levels->n_partitions; i++) {
        if (!is_first(watch, &levels->partition[i])) continue;
        cJSON_AddItemToArray(lag, cJSON_CreateNumber((double)levels->partition[i].lag));
        total += levels->partition[i].lag;
    }
    cJSON_AddNumberToObject(row, "t_s", second);
    cJSON_AddItemToObject(row, "lag", lag);
    cJSON_AddNumberToObject(row, "total", (double)total);
    cJSON_AddItemToArray(watch->trend, row);
}

static void on_sample(void *context, const struct run_levels *levels)
{
    struct watch *watch = context;
    const struct watching *watching = watch->watching;
    const uint32_t second = (uint32_t)(levels->at_ns / SIM_S);
    if (levels->at_ns % SIM_S != 0 || second >= SECONDS_MAX) return;
    watch->n_seconds = second + 1;
    watch->created[second] = levels->orders.created;
    watch->paid[second] = levels->orders.by_status[ORDER_PAID];
    for (uint32_t i = 0; i < levels->n_partitions; i++)
        if (is_first(watch, &levels->partition[i]) && levels->partition[i].lag > watch->peak) {
            watch->peak = levels->partition[i].lag;
            watch->peak_partition = levels->partition[i].partition;
        }
    if (is_among(second, watching->status_s, watching->n_statuses)) note_status(watch, levels, second);
    if (is_among(second, watching->trend_s, watching->n_trend)) note_trend(watch, levels, second);
    if (second == watching->offsets_s) note_offsets(watch, levels, second);
}

static void on_order(void *context, const struct order_fact *order)
{
    struct watch *watch = context;
    if (order->status != ORDER_PAID) return;
    watch->n_paid++;
    watch->completion_s += ns_to_s(order->ended_ns - order->created_ns);
}

static void add_load(cJSON *document, const struct scenario *scenario, uint64_t created)
{
    cJSON *load = cJSON_AddObjectToObject(document, "load"), *stages = cJSON_AddArrayToObject(load, "stages");
    const struct load_spec *one = &scenario->load[0];
    const double unit_s = ns_to_s(one->time_unit_ns);
    assert_int_equal(one->executor, LOAD_RAMPING_ARRIVAL_RATE);
    cJSON_AddNumberToObject(load, "start_rate_per_s", one->rate / unit_s);
    for (uint32_t i = 0; i < one->n_stages; i++) {
        cJSON *stage = cJSON_CreateObject();
        cJSON_AddNumberToObject(stage, "target_per_s", one->stage[i].target / unit_s);
        cJSON_AddNumberToObject(stage, "duration_s", ns_to_s(one->stage[i].duration_ns));
        cJSON_AddItemToArray(stages, stage);
    }
    cJSON_AddNumberToObject(load, "orders_created", (double)created);
}

static void add_system(cJSON *document, const struct scenario *scenario)
{
    cJSON *groups = cJSON_AddArrayToObject(document, "groups");
    for (uint32_t g = 0; g < scenario->n_groups; g++) {
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "name", scenario->group[g].name);
        cJSON_AddNumberToObject(one, "partitions", scenario->topic[scenario->group[g].read[0].topic].partitions);
        cJSON_AddNumberToObject(one, "consumers", scenario->group[g].consumers);
        cJSON_AddItemToArray(groups, one);
    }
}

/* Created and paid by bins; what was there at the end of a bin is in it. */
static void add_bins(cJSON *document, const struct watch *watch, const struct run_facts *facts)
{
    cJSON *bins = cJSON_AddArrayToObject(document, "throughput");
    uint64_t created = 0, paid = 0;
    for (uint32_t from = 0; from < watch->n_seconds; from += BIN_S) {
        const bool last = from + BIN_S >= watch->n_seconds;
        const uint64_t to_created = last ? facts->orders.created : watch->created[from + BIN_S];
        const uint64_t to_paid = last ? facts->orders.by_status[ORDER_PAID] : watch->paid[from + BIN_S];
        cJSON *one = cJSON_CreateObject();
        cJSON_AddNumberToObject(one, "from_s", from);
        cJSON_AddNumberToObject(one, "to_s", from + BIN_S);
        cJSON_AddNumberToObject(one, "created", (double)(to_created - created));
        cJSON_AddNumberToObject(one, "paid", (double)(to_paid - paid));
        cJSON_AddItemToArray(bins, one);
        created = to_created;
        paid = to_paid;
    }
}

static void add_ids(cJSON *document, const struct scenario *scenario, uint64_t created)
{
    cJSON *orders = cJSON_AddObjectToObject(document, "orders");
    cJSON_AddNumberToObject(orders, "first_id", (double)scenario->orders.first_id);
    cJSON_AddNumberToObject(orders, "last_id", (double)(scenario->orders.first_id + created - 1));
    cJSON_AddStringToObject(orders, "key", "order id as decimal text");
}

cJSON *observed_run(const struct study *study, uint32_t replication, const struct watching *watching)
{
    struct arena shared, own;
    struct sim_err err = { 0 };
    struct watch *watch = calloc(1, sizeof *watch);
    cJSON *document = cJSON_CreateObject();
    assert_non_null(watch);
    arena_init(&shared);
    arena_init(&own);
    const struct plan *plan = plan_make(&study->scenario, &shared, &err);
    if (!plan) fail_msg("%s", err.text);
    cJSON_AddStringToObject(document, "schema", "sim-observations/1");
    watch->study = study;
    watch->watching = watching;
    watch->statuses = cJSON_AddArrayToObject(document, "statuses");
    watch->offsets = cJSON_AddObjectToObject(document, "offsets");
    watch->trend = cJSON_AddArrayToObject(cJSON_AddObjectToObject(document, "lag_trend"), "rows");
    const struct observer observer = { .context = watch, .on_sample = on_sample, .on_order = on_order };
    const struct run_options options = { .observer = &observer };
    const struct run_facts *facts = pipeline_run(plan, study->scenario.seed, replication, &options, &own, &err);
    if (!facts) fail_msg("%s", err.text);
    add_load(document, &study->scenario, facts->orders.created);
    add_system(document, &study->scenario);
    add_bins(document, watch, facts);
    add_ids(document, &study->scenario, facts->orders.created);
    if (!cJSON_GetObjectItemCaseSensitive(watch->offsets, "rows")) /* the run was over by then */
        cJSON_DeleteItemFromObjectCaseSensitive(document, "offsets");
    cJSON *peak = cJSON_AddObjectToObject(document, "peak_lag");
    cJSON_AddNumberToObject(peak, "partition", watch->peak_partition);
    cJSON_AddBoolToObject(peak, "of_all", true);
    cJSON_AddNumberToObject(peak, "lag", (double)watch->peak);
    cJSON_AddNumberToObject(cJSON_AddObjectToObject(document, "completion_s"), "mean",
                            watch->n_paid ? watch->completion_s / (double)watch->n_paid : 0);
    arena_fini(&own);
    arena_fini(&shared);
    free(watch);
    return document;
}
