/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/small_study.h"

#include <math.h>
#include <string.h>

#include "sim/engine/error.h"

enum { LOAD_S = 20, END_S = 50, N_ROWS = 4 };

/* ---- the study ---- */

static const struct load_stage no_stage;
static const struct load_spec loads[] = {
    { .name = "orders", .executor = LOAD_CONSTANT_ARRIVAL_RATE, .rate = 10, .time_unit_ns = SIM_S,
      .duration_ns = LOAD_S * SIM_S, .stage = &no_stage, .phase = 1 }
};
static const struct topic_spec topics[] = { { .name = "order-created", .partitions = 3 },
                                            { .name = "pay", .partitions = 1 } };
static const struct group_read stock_reads[] = { { 0, 0 } }, pay_reads[] = { { 1, 1 } };
static const struct group_spec groups[] = {
    { .name = SMALL_STOCK, .consumers = 1, .max_poll_records = 500, .n_reads = 1, .read = stock_reads },
    { .name = SMALL_PAY, .consumers = 2, .max_poll_records = 500, .n_reads = 1, .read = pay_reads }
};
static const struct lock_spec locks[] = { { .name = "item", .store = NONE } };
static const struct table_spec tables[] = { { .name = "stock", .store = NONE } };
static const struct process_spec processes[] = { { .name = "shop", .instances = 1 } };
static const struct stage_spec stages[] = {
    { .name = "reserve", .has_time = true, .time = { .family = DIST_CONSTANT, .mean_s = 0.25 } }, { .name = "charge" }
};
static const struct checkpoint_spec checkpoints[] = { { "half.way", 10 * SIM_S }, { "late", 30 * SIM_S },
                                                      { "after", 100 * SIM_S } };

static const struct threshold_spec thresholds[] = {
    { "checkpoints.late.paid_ratio", "value>=0.95", "value", OP_GE, 0.95 },
    { "orders.failed_ratio", "value<0.05", "value", OP_LT, 0.05 },
    { "completion_s", "p(95)<1000", "p(95)", OP_LT, 1000 },
    { "groups." SMALL_STOCK ".sampled_peak_lag", "value<=121", "value", OP_LE, 121 }
};
static const struct basis_of basis[] = { { "/kafka/record_bytes", BASIS_ASSUMED },
                                         { "/stages/charge/time/mean", BASIS_ASSUMED },
                                         { "/stages/reserve/time/cv", BASIS_ASSUMED },
                                         { "/stages/reserve/time/mean", BASIS_FITTED } };

static const int64_t trend_0[] = { 20, 20, 20 }, trend_1[] = { 30, 30, 20 }, trend_2[] = { 40, 30, 20 };
static const struct observations observed = {
    .source = "by hand", .start_clock = "10:00:00",
    .n_statuses = 3,
    .status = (const struct observed_status[]){
        { .label = "count", .t_s = (double)NAN, .from_s = 20, .to_s = 24, .paid = 84, .pending = 112, .failed = 4 },
        { .label = "wrong count", .t_s = 30, .from_s = (double)NAN, .to_s = (double)NAN, .paid = 500, .pending = -1,
          .failed = -1 },
        { .label = "hours later", .t_s = (double)NAN, .from_s = (double)NAN, .to_s = (double)NAN, .paid = 200 } },
    .offsets_t_s = 30, .offsets_label = "offsets",
    .n_offsets = 4,
    .offset = (const struct observed_offset[]){
        { SMALL_STOCK, "order-created", 0, 47, 67, 20 }, { SMALL_STOCK, "order-created", 1, 37, 67, 30 },
        { SMALL_PAY, "pay", 0, 120, 120, 0 }, { "nobody-group", "pay", 0, 1, 2, 1 } },
    .has_peak = true, .peak_label = "stated maximum", .peak_partition = 1, .peak_lag = 41,
    .trend_label = "lag table",
    .n_trend = 3,
    .trend = (const struct observed_trend[]){
        { .t_s = 10, .n = 3, .lag = trend_0, .total = 60 },
        { .t_s = 25, .n = 3, .lag = trend_1, .total = 80, .marked_as_peak = true },
        { .t_s = 28, .n = 3, .lag = trend_2, .total = 90 } }
};

const struct study *small_study(struct arena *arena)
{
    struct study *study = arena_new(arena, struct study);

    study->scenario = (struct scenario){
        .name = "small", .seed = 7, .replications = 3, .sample_every_ns = SIM_S, .at_most_ns = 3600 * SIM_S,
        .n_loads = 1, .load = loads, .n_topics = 2, .topic = topics, .n_groups = 2, .group = groups,
        .n_locks = 1, .lock = locks, .n_tables = 1, .table = tables, .n_processes = 1, .process = processes,
        .n_stages = 2, .stage = stages, .n_checkpoints = 3, .checkpoint = checkpoints
    };
    study->file = "small.json";
    study->n_thresholds = sizeof thresholds / sizeof *thresholds;
    study->threshold = thresholds;
    study->n_basis = sizeof basis / sizeof *basis;
    study->basis = basis;
    study->observations = &observed;
    memset(study->sha256, 'a', 64);
    return study;
}

/* ---- a run by arithmetic ---- */

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

struct moment {
    struct partition_level row[N_ROWS];
    int64_t consumers[2], busy[2];
    uint64_t done[2];
    sim_ns busy_ns[2], whole_ns[2], slow_until_ns[2];
    struct group_work work[2];
    struct run_levels levels;
};

static void moment_at(struct moment *moment, sim_ns at_ns, int64_t late)
{
    const int64_t created = 10 * least(at_ns, LOAD_S * SIM_S) / SIM_S;
    const int64_t done = most(0, least(4 * at_ns / SIM_S - late, created));

    *moment = (struct moment){ .consumers = { 1, 2 }, .busy = { done < created, 0 },
                                .done = { (uint64_t)done, (uint64_t)done },
                                .busy_ns = { at_ns, at_ns / 1000 } };
    for (uint32_t p = 0; p < 3; p++) {
        const int64_t arrived = (created + 2 - p) / 3, committed = (done + 2 - p) / 3;
        moment->row[p] = (struct partition_level){ 0, 0, p, arrived, committed, arrived - committed, 0,
                                                   arrived - committed, arrived > committed ? at_ns / 1000 : 0, 0 };
    }
    moment->row[3] = (struct partition_level){ 1, 1, 0, done, done, 0, 0, 0, 0, 0 };
    moment->levels = (struct run_levels){
        .at_ns = at_ns, .n_partitions = N_ROWS, .partition = moment->row,
        .orders = { .scheduled = (uint64_t)created, .created = (uint64_t)created },
        .group_consumers = moment->consumers, .group_busy = moment->busy, .group_busy_ns = moment->busy_ns,
        .group_done = moment->done, .group_whole_ns = moment->whole_ns, .group_slow_until_ns = moment->slow_until_ns,
        .group_work = moment->work
    };
    moment->levels.orders.by_status[ORDER_PAID] = (uint64_t)done;
    moment->levels.orders.by_status[ORDER_PENDING] = (uint64_t)(created - done);
}

/* The observer's own moments up to until_ns, each with its levels; where all is over, with those of the end. */
static uint32_t tell_moments(const struct observer *observer, uint32_t next, sim_ns until_ns, sim_ns end_ns,
                             int64_t late)
{
    struct moment moment;

    for (; next < observer->n_moments && observer->moment_ns[next] <= until_ns; next++) {
        moment_at(&moment, least(observer->moment_ns[next], end_ns), late);
        observer->on_moment(observer->context, next, &moment.levels);
    }
    return next;
}

static void tell_orders(const struct observer *observer, struct tally *completion, int64_t late)
{
    const sim_ns wait_ns[] = { SIM_S / 2, SIM_NEVER }, service_ns[] = { SIM_MS, SIM_NEVER };

    for (int64_t i = 0; i < 10 * LOAD_S; i++) {
        const sim_ns created_ns = i * SIM_S / 10, ended_ns = created_ns + (i + 1 + late) * 100 * SIM_MS;
        const struct order_fact order = { (uint64_t)i + 1, created_ns, ended_ns, ORDER_PAID, wait_ns, service_ns };
        tally_add(completion, ended_ns - created_ns);
        if (observer->on_order)
            observer->on_order(observer->context, &order);
    }
}

static const struct invariant_facts *invariants(int64_t late, bool cut, struct arena *arena)
{
    struct invariant_facts *facts = arena_array(arena, struct invariant_facts, 3);

    facts[0] = (struct invariant_facts){ .name = "S1", .meaning = "stock is conserved" };
    facts[1] = (struct invariant_facts){ .name = "O2", .meaning = "every order ends", .eventual = true,
                                         .verdict = cut ? VERDICT_OPEN : VERDICT_HOLDS };
    facts[2] = (struct invariant_facts){ .name = "K1", .meaning = "committed offsets do not fall" };
    if (late == 2) {
        facts[2].verdict = VERDICT_BROKEN;
        facts[2].violations = 5;
        facts[2].first_at_ns = 1500 * SIM_MS;
        facts[2].first_order_id = 42;
        strcpy(facts[2].first_what, "commit of " SMALL_STOCK);
    }
    return facts;
}

static const struct run_facts *facts_of(const struct moment *end, int64_t late, bool cut, struct arena *arena)
{
    struct run_facts *facts = arena_new(arena, struct run_facts);
    struct group_facts *group = arena_array(arena, struct group_facts, 2);
    struct lock_facts *lock = arena_new(arena, struct lock_facts);

    lock->contended = 3;
    for (int g = 0; g < 2; g++) {
        tally_init(&group[g].wait, arena, 1000);
        tally_init(&group[g].service, arena, 1000);
        group[g].processed = 200;
        group[g].busy_ns = end->busy_ns[g];
        for (int i = 0; i < 200; i++) tally_add(&group[g].service, g ? SIM_MS : 250 * SIM_MS);
        group[g].drained_at_ns = cut && g == 0 ? SIM_NEVER : end->levels.at_ns;
    }
    group[0].peak_lag = group[0].peak_backlog = 120 + late;
    group[0].peak_lag_at_ns = group[0].peak_backlog_at_ns = LOAD_S * SIM_S;
    group[0].peak_partition_lag = 40 + late;
    group[0].peak_lag_ns = 30 * SIM_S;
    group[1].idle_consumers = 1;
    int64_t *partition_peak_lag = arena_array(arena, int64_t, N_ROWS);
    partition_peak_lag[0] = 40 + late;
    partition_peak_lag[1] = 37 + late;
    partition_peak_lag[2] = 36 + late;
    facts->partition_peak_lag = partition_peak_lag;
    facts->end_ns = end->levels.at_ns;
    facts->load_end_ns = LOAD_S * SIM_S;
    facts->cut = cut;
    facts->events = 1000 + (uint64_t)late;
    facts->fingerprint = 0x1234 + (uint64_t)late;
    facts->orders = end->levels.orders;
    facts->n_groups = 2;
    facts->group = group;
    facts->n_locks = facts->n_tables = facts->n_processes = 1;
    facts->lock = lock;
    facts->table = arena_new(arena, struct table_facts);
    facts->process = arena_new(arena, struct process_facts);
    facts->n_invariants = 3;
    facts->invariant = invariants(late, cut, arena);
    tally_init(&facts->completion, arena, 1000);
    return facts;
}

struct result *small_run(const struct layout *layout, uint32_t replication, uint32_t cut_s,
                         const struct recorder_files *files, struct arena *arena)
{
    const int64_t late = replication, end_s = cut_s ? cut_s : END_S + 1;
    struct recorder *recorder = recorder_open(layout, replication, files, arena);
    const struct observer *observer = recorder_observer(recorder);
    struct moment moment;
    uint32_t next_moment = 0;

    for (int64_t t_s = 0; t_s <= end_s; t_s++) {
        next_moment = tell_moments(observer, next_moment, t_s * SIM_S, end_s * SIM_S, late);
        moment_at(&moment, t_s * SIM_S, late);
        for (uint32_t c = 0; c < 3; c++)
            if (checkpoints[c].at_ns == moment.levels.at_ns)
                observer->on_checkpoint(observer->context, c, &moment.levels);
        observer->on_sample(observer->context, &moment.levels);
        observer->on_probe(observer->context, &moment.levels);
    }
    if (!cut_s)
        tell_moments(observer, next_moment, SIM_NEVER, end_s * SIM_S, late);
    observer->on_end(observer->context, &moment.levels);
    const struct run_facts *facts = facts_of(&moment, late, cut_s > 0, arena);
    struct tally completion = facts->completion;
    tell_orders(observer, &completion, late);
    struct run_facts told = *facts;
    told.completion = completion;
    return recorder_close(recorder, &told, arena);
}

struct outcome small_outcome(const struct study *study, uint32_t n, struct arena *arena)
{
    const struct layout *layout = layout_make(study, arena);
    struct result **result = arena_array(arena, struct result *, n);
    struct outcome outcome;
    struct sim_err err = { 0 };

    for (uint32_t r = 0; r < n; r++)
        result[r] = small_run(layout, r, 0, NULL, arena);
    const bool ok = outcome_make(&outcome, study, layout, result, n, 0.95, study->scenario.seed, arena, &err);
    SIM_ASSERT(ok);
    return outcome;
}
