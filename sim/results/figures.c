/* SPDX-License-Identifier: GPL-3.0-or-later
 * The one walk over all figures, in the order of summary.json (contract). A figure that does not exist in a run (the
 * median of no observation, the moment of a peak of 0, a checkpoint that a cut run never reached) is NaN: null. */
#include "sim/results/layout.h"

#include <math.h>

#include "sim/engine/error.h"
#include "sim/results/capacity.h"

static void enter(struct walk *walk, const char *key)
{
    SIM_ASSERT(walk->depth < PATH_DEPTH - 1);
    walk->part[walk->depth++] = (struct path_part){ .key = key };
}

static void enter_element(struct walk *walk, uint32_t index)
{
    SIM_ASSERT(walk->depth < PATH_DEPTH - 1);
    walk->part[walk->depth++] = (struct path_part){ .index = index };
}

static void leave(struct walk *walk) { walk->depth--; }

static void figure(struct walk *walk, const char *key, const char *unit, double value)
{
    walk->on_figure(walk, key, unit, value);
}

static void count(struct walk *walk, const char *key, uint64_t value) { figure(walk, key, "count", (double)value); }

static void label(struct walk *walk, const char *key, const char *text, uint32_t number)
{
    if (walk->on_label)
        walk->on_label(walk, key, text, number);
}

static double seconds(sim_ns ns) { return ns == SIM_NEVER ? (double)NAN : ns_to_s(ns); }
static double ratio(double part, double whole) { return whole > 0 ? part / whole : (double)NAN; }

/* ---- durations ---- */

static void percentile(struct walk *walk, const char *key, const struct tally *tally, double p)
{
    struct tally view = *tally; /* ranking may reorder the values, which nobody else reads in order */
    figure(walk, key, "s", tally_percentile_s(&view, p));
}

static void spread_of_times(struct walk *walk, const char *key, const struct tally *tally)
{
    enter(walk, key);
    figure(walk, "mean", "s", tally_mean_s(tally));
    percentile(walk, "p50", tally, 0.5);
    percentile(walk, "p95", tally, 0.95);
    percentile(walk, "p99", tally, 0.99);
    figure(walk, "max", "s", tally->n ? ns_to_s(tally->max_ns) : (double)NAN);
    leave(walk);
}

static void completion_times(struct walk *walk, const struct tally *tally)
{
    enter(walk, "completion_s");
    figure(walk, "mean", "s", tally_mean_s(tally));
    figure(walk, "min", "s", tally->n ? ns_to_s(tally->min_ns) : (double)NAN);
    percentile(walk, "p50", tally, 0.5);
    percentile(walk, "p90", tally, 0.9);
    percentile(walk, "p95", tally, 0.95);
    percentile(walk, "p99", tally, 0.99);
    percentile(walk, "p99_9", tally, 0.999);
    figure(walk, "max", "s", tally->n ? ns_to_s(tally->max_ns) : (double)NAN);
    leave(walk);
}

static void order_times(struct walk *walk, const struct scenario *scenario, const struct record *record)
{
    enter(walk, "order_time");
    count(walk, "followed", record->facts->path.n);
    for (uint32_t i = 0; i < ORDER_TIME_ROWS; i++) {
        const struct order_time *row = &record->time[i];
        enter(walk, order_time_row[i]);
        figure(walk, "completion_s", "s", row->completion_s);
        for (uint32_t p = 0; p < PATH_PARTS; p++) figure(walk, order_time_key[p], "s", row->part_s[p]);
        enter(walk, "log_wait_s");
        for (uint32_t g = 0; g < scenario->n_groups; g++)
            figure(walk, scenario->group[g].name, "s", row->part_s[PATH_PARTS + g]);
        leave(walk);
        leave(walk);
    }
    leave(walk);
}

/* ---- orders ---- */

static uint64_t failed_of(const struct order_counts *orders)
{
    return orders->by_status[ORDER_FAILED] + orders->by_status[ORDER_CANCELLED];
}

static uint64_t pending_of(const struct order_counts *orders)
{
    return orders->by_status[ORDER_PENDING] + orders->by_status[ORDER_PAYING];
}

/* known: false where the run was cut before. */
static void statuses(struct walk *walk, const struct order_counts *orders, bool known)
{
    const double created = known ? (double)orders->created : (double)NAN;
    const double paid = known ? (double)orders->by_status[ORDER_PAID] : (double)NAN;
    const double failed = known ? (double)failed_of(orders) : (double)NAN;
    const double pending = known ? (double)pending_of(orders) : (double)NAN;

    figure(walk, "created", "orders", created);
    figure(walk, "paid", "orders", paid);
    figure(walk, "failed", "orders", failed);
    figure(walk, "pending", "orders", pending);
    figure(walk, "paid_ratio", "ratio", ratio(paid, created));
    figure(walk, "failed_ratio", "ratio", ratio(failed, created));
    figure(walk, "pending_ratio", "ratio", ratio(pending, created));
}

static void orders_at_end(struct walk *walk, const struct record *record)
{
    const struct order_counts *orders = &record->facts->orders;

    enter(walk, "orders");
    figure(walk, "scheduled", "orders", (double)orders->scheduled);
    figure(walk, "dropped", "orders", (double)orders->dropped);
    statuses(walk, orders, true);
    figure(walk, "oversold", "count", (double)orders->oversold);
    count(walk, "requests_failed", orders->requests_failed);
    count(walk, "records_lost", orders->records_lost);
    count(walk, "records_duplicated", orders->records_duplicated);
    figure(walk, "peak_rate_per_s", "1/s", record->peak_rate_per_s);
    leave(walk);
}

/* ---- checkpoints ---- */

static void partition_at(struct walk *walk, const struct layout *layout, uint32_t row, uint32_t first,
                         const struct snapshot *at)
{
    const struct partition_row *where = &layout->row[row];
    const struct partition_level *level = &at->partition[row];

    enter_element(walk, row - first);
    label(walk, "topic", layout->study->scenario.topic[where->topic].name, 0);
    label(walk, "partition", NULL, where->partition);
    figure(walk, "log_end_offset", "records", at->taken ? (double)level->log_end : (double)NAN);
    figure(walk, "committed_offset", "records", at->taken ? (double)level->committed : (double)NAN);
    figure(walk, "lag", "records", at->taken ? (double)level->lag : (double)NAN);
    figure(walk, "backlog", "records", at->taken ? (double)level->backlog : (double)NAN);
    leave(walk);
}

static void group_at(struct walk *walk, const struct layout *layout, uint32_t group, const struct snapshot *at)
{
    const uint32_t first = layout->group_row[group], end = layout->group_row[group + 1];
    int64_t lag = 0, backlog = 0;
    sim_ns age_ns = 0;

    for (uint32_t i = first; at->taken && i < end; i++) {
        lag += at->partition[i].lag;
        backlog += at->partition[i].backlog;
        if (at->partition[i].lag_ns > age_ns)
            age_ns = at->partition[i].lag_ns;
    }
    enter(walk, layout->study->scenario.group[group].name);
    figure(walk, "lag", "records", at->taken ? (double)lag : (double)NAN);
    figure(walk, "backlog", "records", at->taken ? (double)backlog : (double)NAN);
    figure(walk, "lag_s", "s", at->taken ? ns_to_s(age_ns) : (double)NAN);
    enter(walk, "partitions");
    for (uint32_t i = first; i < end; i++)
        partition_at(walk, layout, i, first, at);
    leave(walk);
    leave(walk);
}

static void checkpoints(struct walk *walk, const struct layout *layout, const struct record *record)
{
    const struct scenario *scenario = &layout->study->scenario;

    enter(walk, "checkpoints");
    for (uint32_t i = 0; i < scenario->n_checkpoints; i++) {
        const struct snapshot *at = &record->checkpoint[i];
        enter(walk, scenario->checkpoint[i].name);
        figure(walk, "at_s", "s", ns_to_s(scenario->checkpoint[i].at_ns));
        statuses(walk, &at->orders, at->taken);
        enter(walk, "groups");
        for (uint32_t group = 0; group < scenario->n_groups; group++)
            group_at(walk, layout, group, at);
        leave(walk);
        leave(walk);
    }
    leave(walk);
}

/* ---- groups, locks, tables, processes ---- */


/* Where consumers come in mid-run, utilisation is that of all who could be there. */
static uint32_t most_consumers(const struct group_spec *spec)
{
    return spec->consumers_max > spec->consumers ? spec->consumers_max : spec->consumers;
}

/* Time of consumers that a group could work in: of the pods that a scaler has had, or all of it. A whole number, as the
 * time that they worked is: of two rounded ones the part may come out greater than the whole. */
static __int128 available_ns(const struct scenario *scenario, uint32_t group, const struct record *record,
                             sim_ns span_ns)
{
    for (uint32_t i = 0; i < scenario->n_scalers; i++)
        if (scenario->scaler[i].group == group) return record->facts->scaler[i].consumer_ns;
    return (__int128)span_ns * most_consumers(&scenario->group[group]);
}

static void group_over_time(struct walk *walk, const struct scenario *scenario, const struct record *record,
                            uint32_t index, sim_ns span_ns)
{
    const struct group_spec *spec = &scenario->group[index];
    const struct group_facts *facts = &record->facts->group[index];
    const struct group_samples *samples = &record->group[index];

    enter(walk, spec->name);
    figure(walk, "peak_lag", "records", (double)facts->peak_lag);
    figure(walk, "peak_lag_at_s", "s", facts->peak_lag ? seconds(facts->peak_lag_at_ns) : (double)NAN);
    figure(walk, "peak_backlog", "records", (double)facts->peak_backlog);
    figure(walk, "peak_backlog_at_s", "s", facts->peak_backlog ? seconds(facts->peak_backlog_at_ns) : (double)NAN);
    figure(walk, "peak_partition_lag", "records", (double)facts->peak_partition_lag);
    figure(walk, "peak_lag_s", "s", seconds(facts->peak_lag_ns));
    figure(walk, "sampled_peak_lag", "records", (double)samples->peak_lag);
    figure(walk, "sampled_peak_backlog", "records", (double)samples->peak_backlog);
    figure(walk, "sampled_peak_partition_lag", "records", (double)samples->peak_partition_lag);
    figure(walk, "drained_at_s", "s", seconds(facts->drained_at_ns));
    figure(walk, "worked_off_at_s", "s", seconds(facts->worked_off_ns));
    if (spec->n_backlog > 0) figure(walk, "caught_up_at_s", "s", seconds(facts->caught_up_ns));
    count(walk, "processed", facts->processed);
    count(walk, "duplicates", facts->duplicates);
    count(walk, "retries", facts->retries > 0 ? (uint64_t)facts->retries : 0);
    count(walk, "skipped", facts->skipped);
    count(walk, "dead_letters", facts->dead_letters);
    figure(walk, "backoff_s", "s", (double)facts->backoff_ns * 1e-9);
    count(walk, "rebalances", facts->rebalances);
    figure(walk, "rebalance_s", "s", ns_to_s(facts->rebalance_ns));
    figure(walk, "longest_rebalance_s", "s", facts->rebalances ? ns_to_s(facts->longest_rebalance_ns) : (double)NAN);
    count(walk, "evictions", facts->evictions);
    count(walk, "sessions_expired", facts->sessions_expired);
    count(walk, "late_dropped", facts->late_dropped);
    count(walk, "unowned_partitions", facts->unowned);
    count(walk, "polls", facts->polls);
    count(walk, "commits", facts->commits);
    count(walk, "idle_consumers", facts->idle_consumers);
    figure(walk, "utilisation", "ratio",
           ratio((double)facts->busy_ns, (double)available_ns(scenario, index, record, span_ns)));
    figure(walk, "throughput_per_s", "1/s", ratio((double)facts->processed, ns_to_s(span_ns)));
    figure(walk, "peak_rate_per_s", "1/s", samples->peak_rate_per_s);
    figure(walk, "largest_partition_share", "ratio", samples->split.hottest);
    figure(walk, "capacity_per_s", "1/s", capacity_per_s(scenario, record->facts, samples, index));
    spread_of_times(walk, "wait_s", &facts->wait);
    spread_of_times(walk, "service_s", &facts->service);
    leave(walk);
}

static void lock_over_time(struct walk *walk, const char *name, const struct lock_facts *facts)
{
    enter(walk, name);
    count(walk, "acquired", facts->acquired);
    count(walk, "contended", facts->contended);
    count(walk, "timed_out", facts->timed_out);
    count(walk, "expired_while_held", facts->expired_while_held);
    count(walk, "overlaps", facts->overlaps);
    count(walk, "not_owner", facts->not_owner);
    count(walk, "no_answers", facts->no_answers);
    count(walk, "orphans", facts->orphans);
    count(walk, "lost_messages", facts->lost_messages);
    count(walk, "hand_offs", facts->hand_offs);
    count(walk, "kept", facts->kept);
    spread_of_times(walk, "wait_s", &facts->wait);
    spread_of_times(walk, "hold_s", &facts->hold);
    leave(walk);
}

static void table_over_time(struct walk *walk, const char *name, const struct table_facts *facts)
{
    enter(walk, name);
    count(walk, "writes", facts->writes);
    count(walk, "conflicts", facts->conflicts);
    count(walk, "retries", facts->retries);
    count(walk, "rejected", facts->rejected);
    count(walk, "lost_updates", facts->lost_updates);
    count(walk, "deadlocks", facts->deadlocks);
    count(walk, "lock_timeouts", facts->lock_timeouts);
    count(walk, "oversold", facts->oversold);
    spread_of_times(walk, "wait_s", &facts->wait);
    leave(walk);
}

/* Why threads met in a critical section, and why updates were lost: L1 to L9 of the model's table. */
static void causes(struct walk *walk, const struct run_facts *facts)
{
    static const char *const kind[] = { "overlaps", "lost_updates" };
    static const char *const name[LOSS_CAUSES] = { "unknown", "L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "L9" };
    enter(walk, "causes");
    for (uint32_t k = 0; k < 2; k++) {
        enter(walk, kind[k]);
        for (uint32_t i = 0; i < LOSS_CAUSES; i++) count(walk, name[i], facts->by_cause[k][i]);
        leave(walk);
    }
    leave(walk);
}

static void outbox_over_time(struct walk *walk, const struct process_facts *facts)
{
    enter(walk, "outbox");
    count(walk, "rows", facts->outbox_rows);
    count(walk, "peak_rows", facts->outbox_peak);
    figure(walk, "peak_at_s", "s", facts->outbox_peak > 0 ? ns_to_s(facts->outbox_peak_at_ns) : (double)NAN);
    figure(walk, "gone_at_s", "s", facts->outbox_peak > 0 ? seconds(facts->outbox_gone_at_ns) : (double)NAN);
    leave(walk);
}

static void process_over_time(struct walk *walk, const struct process_spec *spec, const struct process_facts *facts)
{
    enter(walk, spec->name);
    count(walk, "connections_peak", facts->connections_peak);
    count(walk, "connections_timed_out", facts->connections_timed_out);
    spread_of_times(walk, "connection_wait_s", &facts->connection_wait);
    count(walk, "api_threads_peak", facts->api_threads_peak);
    spread_of_times(walk, "api_s", &facts->api);
    if (spec->has_outbox) outbox_over_time(walk, facts);
    leave(walk);
}

static void fault_over_time(struct walk *walk, const char *name, const struct fault_facts *facts)
{
    enter(walk, name);
    count(walk, "happened", facts->happened);
    count(walk, "killed", facts->killed);
    figure(walk, "first_at_s", "s", facts->happened ? ns_to_s(facts->first_at_ns) : (double)NAN);
    figure(walk, "last_at_s", "s", facts->happened ? ns_to_s(facts->last_at_ns) : (double)NAN);
    leave(walk);
}

static void scaler_over_time(struct walk *walk, const struct scaler_spec *spec, const struct record *record,
                             uint32_t index)
{
    const struct scaler_facts *facts = &record->facts->scaler[index];

    enter(walk, spec->name);
    count(walk, "scale_ups", facts->ups);
    count(walk, "scale_downs", facts->downs);
    count(walk, "from_zero", facts->from_zero);
    count(walk, "to_zero", facts->to_zero);
    count(walk, "killed", facts->killed);
    count(walk, "peak_replicas", facts->peak_replicas);
    count(walk, "peak_consumers", facts->peak_consumers);
    figure(walk, "peak_at_s", "s", seconds(facts->peak_at_ns));
    figure(walk, "first_up_at_s", "s", seconds(facts->first_up_ns));
    figure(walk, "first_ready_at_s", "s", seconds(facts->first_ready_ns));
    figure(walk, "consumer_s", "s", (double)facts->consumer_ns * 1e-9);
    figure(walk, "sampled_idle_consumer_s", "s", record->scaler[index].idle_s);
    leave(walk);
}

void figures_walk(struct walk *walk, const struct layout *layout, const struct record *record)
{
    const struct scenario *scenario = &layout->study->scenario;
    const struct run_facts *facts = record->facts;
    const double end_s = ns_to_s(facts->end_ns), warm_up_s = ns_to_s(scenario->warm_up_ns);

    walk->depth = 0;
    enter(walk, "sim");
    figure(walk, "end_s", "s", end_s);
    if (scenario->warm_up_ns > 0 || scenario->find_warm_up)
        figure(walk, "warm_up_s", "s", warm_up_s);
    count(walk, "events", facts->events);
    leave(walk);
    orders_at_end(walk, record);
    checkpoints(walk, layout, record);
    completion_times(walk, &facts->completion);
    order_times(walk, scenario, record);
    enter(walk, "groups");
    for (uint32_t i = 0; i < scenario->n_groups; i++)
        group_over_time(walk, scenario, record, i, facts->end_ns - scenario->warm_up_ns);
    leave(walk);
    enter(walk, "locks");
    for (uint32_t i = 0; i < scenario->n_locks; i++)
        lock_over_time(walk, scenario->lock[i].name, &facts->lock[i]);
    leave(walk);
    causes(walk, facts);
    enter(walk, "tables");
    for (uint32_t i = 0; i < scenario->n_tables; i++)
        table_over_time(walk, scenario->table[i].name, &facts->table[i]);
    leave(walk);
    enter(walk, "processes");
    for (uint32_t i = 0; i < scenario->n_processes; i++)
        process_over_time(walk, &scenario->process[i], &facts->process[i]);
    leave(walk);
    enter(walk, "faults");
    for (uint32_t i = 0; i < scenario->n_faults; i++)
        fault_over_time(walk, scenario->fault[i].name, &facts->fault[i]);
    leave(walk);
    enter(walk, "scalers");
    for (uint32_t i = 0; i < scenario->n_scalers; i++)
        scaler_over_time(walk, &scenario->scaler[i], record, i);
    leave(walk);
}
