/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "models/warm_up.h"

#define TAKE_OFF(fact, at_end, member) ((fact)->member -= (at_end)->member)

/* ---- the instant ---- */

static void group_end(struct group_facts *at_end, struct kafka *kafka, const struct run_levels *levels, uint32_t index)
{
    struct group *group = &kafka->group[index];
    struct group_facts *fact = &group->fact;
    *at_end = *fact;
    at_end->busy_ns = levels->group_busy_ns[index];
    tally_mark(&fact->wait, &at_end->wait);
    tally_mark(&fact->service, &at_end->service);
    fact->peak_lag = group->lag;
    fact->peak_backlog = group->backlog.value;
    fact->peak_lag_at_ns = fact->peak_backlog_at_ns = levels->at_ns;
    fact->worked_off_ns = SIM_NEVER;
    group->few_next = fact->peak_backlog > 0 ? group->most_consumers + 1 : 0;
    fact->peak_lag_ns = 0;
    for (uint32_t i = 0; i < levels->n_partitions; i++) {
        const struct partition_level *level = &levels->partition[i];
        if (level->group != index) continue;
        kafka->peak_lag[i] = level->lag;
        if (level->lag_ns > fact->peak_lag_ns) fact->peak_lag_ns = level->lag_ns;
    }
}

void warm_up_end(struct warm_up *warm_up, struct machine *machine, struct scalers *scalers,
                 const struct run_levels *levels)
{
    const struct scenario *scenario = machine->plan->scenario;
    struct arena *arena = machine->sim->arena;
    warm_up->over = true;
    warm_up->group = arena_array(arena, struct group_facts, scenario->n_groups);
    warm_up->lock = arena_array(arena, struct lock_facts, scenario->n_locks);
    warm_up->table = arena_array(arena, struct table_facts, scenario->n_tables);
    warm_up->process = arena_array(arena, struct process_facts, scenario->n_processes);
    warm_up->scaler = scalers_begin_anew(scalers);
    tally_mark(&machine->completion, &warm_up->completion);
    machine_tell_waits(machine);
    for (uint32_t i = 0; i < scenario->n_groups; i++)
        group_end(&warm_up->group[i], &machine->kafka, levels, i);
    for (uint32_t i = 0; i < scenario->n_locks; i++) {
        warm_up->lock[i] = machine->locks.fact[i];
        tally_mark(&machine->locks.fact[i].wait, &warm_up->lock[i].wait);
        tally_mark(&machine->locks.fact[i].hold, &warm_up->lock[i].hold);
    }
    for (uint32_t i = 0; i < scenario->n_tables; i++) {
        warm_up->table[i] = machine->tables.table[i].fact;
        tally_mark(&machine->tables.table[i].fact.wait, &warm_up->table[i].wait);
    }
    for (uint32_t i = 0; i < scenario->n_processes; i++) {
        warm_up->process[i] = machine->process[i];
        tally_mark(&machine->process[i].connection_wait, &warm_up->process[i].connection_wait);
        tally_mark(&machine->process[i].api, &warm_up->process[i].api);
    }
}

/* ---- the end of the run ---- */

static void group_take_off(struct group_facts *fact, const struct group_facts *at_end)
{
    TAKE_OFF(fact, at_end, processed);
    TAKE_OFF(fact, at_end, duplicates);
    TAKE_OFF(fact, at_end, retries);
    TAKE_OFF(fact, at_end, failed);
    TAKE_OFF(fact, at_end, skipped);
    TAKE_OFF(fact, at_end, polls);
    TAKE_OFF(fact, at_end, commits);
    TAKE_OFF(fact, at_end, busy_ns);
    TAKE_OFF(fact, at_end, failed_ns);
    TAKE_OFF(fact, at_end, backoff_ns);
    TAKE_OFF(fact, at_end, cut_ns);
    TAKE_OFF(fact, at_end, paused_ns);
    TAKE_OFF(fact, at_end, dead_letter_ns);
    for (uint32_t i = 0; i < PATH_WAITS; i++) {
        TAKE_OFF(fact, at_end, waited_ns[i]);
        TAKE_OFF(fact, at_end, same_order_ns[i]);
    }
    tally_since(&fact->wait, &at_end->wait);
    tally_since(&fact->service, &at_end->service);
}

static void lock_take_off(struct lock_facts *fact, const struct lock_facts *at_end)
{
    TAKE_OFF(fact, at_end, acquired);
    TAKE_OFF(fact, at_end, contended);
    TAKE_OFF(fact, at_end, timed_out);
    TAKE_OFF(fact, at_end, expired_while_held);
    TAKE_OFF(fact, at_end, overlaps);
    TAKE_OFF(fact, at_end, hand_offs);
    TAKE_OFF(fact, at_end, kept);
    TAKE_OFF(fact, at_end, renewals);
    TAKE_OFF(fact, at_end, not_owner);
    TAKE_OFF(fact, at_end, orphans);
    TAKE_OFF(fact, at_end, no_answers);
    TAKE_OFF(fact, at_end, lost_messages);
    for (uint32_t i = 0; i < LOSS_CAUSES; i++) TAKE_OFF(fact, at_end, lost[i]);
    tally_since(&fact->wait, &at_end->wait);
    tally_since(&fact->hold, &at_end->hold);
}

static void table_take_off(struct table_facts *fact, const struct table_facts *at_end)
{
    TAKE_OFF(fact, at_end, writes);
    TAKE_OFF(fact, at_end, conflicts);
    TAKE_OFF(fact, at_end, retries);
    TAKE_OFF(fact, at_end, rejected);
    TAKE_OFF(fact, at_end, lost_updates);
    TAKE_OFF(fact, at_end, deadlocks);
    TAKE_OFF(fact, at_end, lock_timeouts);
    tally_since(&fact->wait, &at_end->wait);
}

static void scaler_take_off(struct scaler_facts *fact, const struct scaler_facts *at_end)
{
    TAKE_OFF(fact, at_end, ups);
    TAKE_OFF(fact, at_end, downs);
    TAKE_OFF(fact, at_end, from_zero);
    TAKE_OFF(fact, at_end, to_zero);
    TAKE_OFF(fact, at_end, killed);
    TAKE_OFF(fact, at_end, consumer_ns);
}

void warm_up_take_off(const struct warm_up *warm_up, const struct scenario *scenario, struct run_facts *facts)
{
    if (!warm_up->over) return;
    tally_since(&facts->completion, &warm_up->completion);
    for (uint32_t i = 0; i < scenario->n_groups; i++)
        group_take_off((struct group_facts *)&facts->group[i], &warm_up->group[i]);
    for (uint32_t i = 0; i < scenario->n_locks; i++)
        lock_take_off((struct lock_facts *)&facts->lock[i], &warm_up->lock[i]);
    for (uint32_t i = 0; i < scenario->n_tables; i++)
        table_take_off((struct table_facts *)&facts->table[i], &warm_up->table[i]);
    for (uint32_t i = 0; i < scenario->n_scalers; i++)
        scaler_take_off((struct scaler_facts *)&facts->scaler[i], &warm_up->scaler[i]);
    for (uint32_t i = 0; i < scenario->n_processes; i++) {
        struct process_facts *fact = (struct process_facts *)&facts->process[i];
        TAKE_OFF(fact, &warm_up->process[i], connections_timed_out);
        tally_since(&fact->connection_wait, &warm_up->process[i].connection_wait);
        tally_since(&fact->api, &warm_up->process[i].api);
    }
}
