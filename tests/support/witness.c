/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/witness.h"

#include <stdio.h>

#include "models/plan.h"
#include "sim/engine/random.h"

/* ---- what is told ---- */

static void mix(uint64_t *hash, uint64_t value) { *hash = random_mix(*hash ^ random_mix(value + 0x9e3779b97f4a7c15u)); }

static void mix_levels(const struct witness *witness, const struct run_levels *levels, uint64_t *hash)
{
    mix(hash, (uint64_t)levels->at_ns);
    for (uint32_t i = 0; i < levels->n_partitions; i++) {
        const struct partition_level *level = &levels->partition[i];
        mix(hash, (uint64_t)level->log_end);
        mix(hash, (uint64_t)level->committed);
        mix(hash, (uint64_t)level->client_lag);
        mix(hash, (uint64_t)level->backlog);
        mix(hash, (uint64_t)level->lag_ns);
    }
    for (uint32_t g = 0; g < witness->plan->scenario->n_groups; g++) {
        mix(hash, (uint64_t)levels->group_busy[g]);
        mix(hash, (uint64_t)levels->group_busy_ns[g]);
    }
    mix(hash, levels->orders.scheduled);
    mix(hash, levels->orders.dropped);
    mix(hash, levels->orders.created);
    for (int s = 0; s < ORDER_STATUSES; s++) mix(hash, levels->orders.by_status[s]);
}

static void on_sample(void *context, const struct run_levels *levels)
{
    struct witness *witness = context;
    uint64_t hash = witness->levels[witness->n_samples++ % WITNESS_SAMPLES];
    mix_levels(witness, levels, &hash);
    witness->levels[witness->n_samples % WITNESS_SAMPLES] = hash;
    witness->sampled_ns[witness->n_samples % WITNESS_SAMPLES] = levels->at_ns;
}

static void on_checkpoint(void *context, uint32_t checkpoint, const struct run_levels *levels)
{
    struct witness *witness = context;
    mix(&witness->checkpoints, checkpoint);
    mix_levels(witness, levels, &witness->checkpoints);
}

struct telling { struct witness *witness; const struct witness_options *options; };

static void on_order(void *context, const struct order_fact *order)
{
    struct telling *telling = context;
    struct witness *witness = telling->witness;
    uint64_t hash = order->order_id;
    mix(&hash, (uint64_t)order->created_ns);
    mix(&hash, (uint64_t)order->ended_ns);
    mix(&hash, (uint64_t)order->status);
    for (uint32_t s = 0; s < witness->plan->scenario->n_stages; s++) {
        mix(&hash, (uint64_t)order->wait_ns[s]);
        mix(&hash, (uint64_t)order->service_ns[s]);
    }
    witness->orders += hash;
    witness->n_orders++;
    witness->n_ended += order->ended_ns != SIM_NEVER;
    if (telling->options->also) telling->options->also(telling->options->context, order);
}

static void sampled(void *context, const struct run_levels *levels)
{
    on_sample(((struct telling *)context)->witness, levels);
}

static void checked(void *context, uint32_t checkpoint, const struct run_levels *levels)
{
    on_checkpoint(((struct telling *)context)->witness, checkpoint, levels);
}

bool witness_run(struct witness *witness, const struct plan *plan, uint64_t seed, uint32_t replication,
                 const struct witness_options *options, struct arena *arena, struct sim_err *err)
{
    struct telling telling = { witness, options };
    *witness = (struct witness){ .plan = plan, .keeps_levels = !options->without_samples };
    witness->observer = (struct observer){ .context = &telling, .on_order = on_order };
    if (witness->keeps_levels) {
        witness->observer.on_sample = sampled;
        witness->observer.on_checkpoint = checked;
    }
    const struct run_options run_options = { .observer = &witness->observer, .keep_stage_times = true,
                                             .step_by_step = options->step_by_step, .events_max = 20000000 };
    witness->facts = pipeline_run(plan, seed, replication, &run_options, arena, err);
    return witness->facts;
}

/* ---- comparison ---- */

struct comparison { struct arena *arena; const char *where; const char *difference; };

static void compare(struct comparison *comparison, const char *what, __int128 a, __int128 b)
{
    char text[256];
    if (a == b || comparison->difference) return;
    snprintf(text, sizeof text, "%s%s%s: %.15g and %.15g, %.15g apart", comparison->where,
             *comparison->where ? ", " : "", what, (double)a, (double)b, (double)(b - a));
    comparison->difference = arena_strdup(comparison->arena, text);
}

#define COMPARE(field) compare(comparison, #field, (__int128)a->field, (__int128)b->field)

static void compare_tally(struct comparison *comparison, const char *what, const struct tally *a, const struct tally *b)
{
    char name[128];
    const struct { const char *figure; __int128 a, b; } figures[] = {
        { "observations", a->n, b->n }, { "sum", a->sum_ns, b->sum_ns }, { "least", a->min_ns, b->min_ns },
        { "greatest", a->max_ns, b->max_ns } };
    for (uint32_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        snprintf(name, sizeof name, "%s, %s", what, figures[i].figure);
        compare(comparison, name, figures[i].a, figures[i].b);
    }
}

static void compare_group(struct comparison *comparison, const struct group_facts *a, const struct group_facts *b)
{
    COMPARE(processed);
    COMPARE(duplicates);
    COMPARE(skipped);
    COMPARE(polls);
    COMPARE(commits);
    COMPARE(idle_consumers);
    COMPARE(drained_at_ns);
    COMPARE(peak_lag);
    COMPARE(peak_lag_at_ns);
    COMPARE(peak_backlog);
    COMPARE(peak_backlog_at_ns);
    COMPARE(worked_off_ns);
    COMPARE(peak_partition_lag);
    COMPARE(peak_lag_ns);
    COMPARE(busy_ns);
    COMPARE(failed_ns);
    COMPARE(cut_ns);
    COMPARE(dead_letter_ns);
    COMPARE(waited_ns[0]);
    COMPARE(waited_ns[1]);
    COMPARE(waited_ns[2]);
    COMPARE(waited_ns[3]);
    COMPARE(backlog_area);
    COMPARE(sojourn_ns);
    compare_tally(comparison, "wait", &a->wait, &b->wait);
    compare_tally(comparison, "service", &a->service, &b->service);
}

static void compare_lock(struct comparison *comparison, const struct lock_facts *a, const struct lock_facts *b)
{
    COMPARE(acquired);
    COMPARE(contended);
    COMPARE(timed_out);
    COMPARE(expired_while_held);
    COMPARE(overlaps);
    compare_tally(comparison, "wait", &a->wait, &b->wait);
    compare_tally(comparison, "hold", &a->hold, &b->hold);
}

static void compare_table(struct comparison *comparison, const struct table_facts *a, const struct table_facts *b)
{
    COMPARE(writes);
    COMPARE(conflicts);
    COMPARE(retries);
    COMPARE(rejected);
    COMPARE(lost_updates);
    COMPARE(deadlocks);
    COMPARE(lock_timeouts);
    COMPARE(oversold);
    compare_tally(comparison, "wait", &a->wait, &b->wait);
}

static void compare_process(struct comparison *comparison, const struct process_facts *a, const struct process_facts *b)
{
    COMPARE(connections_timed_out);
    COMPARE(connections_peak);
    COMPARE(api_threads_peak);
    compare_tally(comparison, "connection wait", &a->connection_wait, &b->connection_wait);
    compare_tally(comparison, "api", &a->api, &b->api);
}

static void compare_run(struct comparison *comparison, const struct run_facts *a, const struct run_facts *b)
{
    COMPARE(orders.scheduled);
    COMPARE(orders.dropped);
    COMPARE(orders.created);
    for (int s = 0; s < ORDER_STATUSES; s++) COMPARE(orders.by_status[s]);
    COMPARE(orders.oversold);
    COMPARE(cut);
    COMPARE(end_ns);
    COMPARE(load_end_ns);
    compare_tally(comparison, "completion", &a->completion, &b->completion);
}

static uint64_t levels_to_the_end(const struct witness *witness)
{
    uint64_t n = witness->n_samples, least = n > WITNESS_SAMPLES / 2 ? n - WITNESS_SAMPLES / 2 : 0;
    while (n > least && witness->sampled_ns[n % WITNESS_SAMPLES] > witness->facts->end_ns) n--;
    return witness->levels[n % WITNESS_SAMPLES];
}

const char *witness_difference(const struct witness *one, const struct witness *other, struct arena *arena)
{
    struct comparison difference = { .arena = arena, .where = "" }, *comparison = &difference;
    const struct run_facts *a = one->facts, *b = other->facts;
    const struct scenario *scenario = one->plan->scenario;
    compare_run(comparison, a, b);
    for (uint32_t i = 0; i < a->n_groups; i++) {
        comparison->where = scenario->group[i].name;
        compare_group(comparison, &a->group[i], &b->group[i]);
    }
    for (uint32_t i = 0; i < a->n_locks; i++) {
        comparison->where = scenario->lock[i].name;
        compare_lock(comparison, &a->lock[i], &b->lock[i]);
    }
    for (uint32_t i = 0; i < a->n_tables; i++) {
        comparison->where = scenario->table[i].name;
        compare_table(comparison, &a->table[i], &b->table[i]);
    }
    for (uint32_t i = 0; i < a->n_processes; i++) {
        comparison->where = scenario->process[i].name;
        compare_process(comparison, &a->process[i], &b->process[i]);
    }
    for (uint32_t i = 0; i < a->n_invariants; i++) {
        comparison->where = a->invariant[i].name;
        compare(comparison, "verdict", a->invariant[i].verdict, b->invariant[i].verdict);
        compare(comparison, "violations", a->invariant[i].violations, b->invariant[i].violations);
        /* What must hold in the end is judged when the last that was in flight has gone, as far as has been told. */
        if (a->invariant[i].eventual) continue;
        compare(comparison, "first violation", a->invariant[i].first_at_ns, b->invariant[i].first_at_ns);
    }
    comparison->where = "";
    compare(comparison, "orders told", (__int128)one->n_orders, (__int128)other->n_orders);
    compare(comparison, "hash of the orders told", one->orders, other->orders);
    if (one->keeps_levels && other->keeps_levels) {
        compare(comparison, "hash of the samples", levels_to_the_end(one), levels_to_the_end(other));
        compare(comparison, "hash of the checkpoints", one->checkpoints, other->checkpoints);
    }
    compare(comparison, "fingerprint", a->fingerprint, b->fingerprint);
    return comparison->difference;
}
