/* SPDX-License-Identifier: GPL-3.0-or-later
 * Puts the machine together: threads, rows, locks, pools, stores, groups and the API of one run. */
#include "models/orders/machine.h"

#include <string.h>

#include "models/orders/cause.h"
#include "models/orders/crash.h"
#include "models/orders/latch.h"
#include "models/orders/outbox.h"
#include "models/orders/pick.h"
#include "models/orders/thread.h"

static void on_unread(void *context, uint32_t position, uint32_t subject, bool at_end, sim_ns at_ns)
{
    struct machine *machine = context;
    struct mishap *note = mishap_note(machine, at_end ? MISHAP_UNREAD : MISHAP_MISSED,
                                      order_at(&machine->orders, subject)->id, machine->plan->position[position].stage,
                                      SIM_NEVER);
    if (note) note->at_ns = at_ns;
}

static void on_retire(void *context, uint32_t subject, sim_ns at_ns) { order_release(context, subject, at_ns); }

/* Most rows of a table that orders can touch. */
static uint64_t orders_bound(const struct scenario *scenario)
{
    double expected = 0, margin = 16;
    for (uint32_t i = 0; i < scenario->n_loads; i++) {
        double starts = (double)load_scheduled(&scenario->load[i]);
        expected += starts;
        if (scenario->load[i].executor == LOAD_POISSON) margin += starts * 0.01 + 1000;
    }
    if (expected + margin > (double)scenario->orders.at_most) expected = (double)scenario->orders.at_most, margin = 16;
    for (uint32_t g = 0; g < scenario->n_groups; g++)
        for (uint32_t b = 0; b < scenario->group[g].n_backlog; b++)
            margin += (double)scenario->group[g].backlog[b].records;
    return (uint64_t)(expected + margin);
}

static void threads_init(struct machine *machine)
{
    const struct plan *plan = machine->plan;
    uint32_t n_api = plan->api_process == NONE ? 0 :
        plan->scenario->process[plan->api_process].api_threads * plan->scenario->process[plan->api_process].instances;
    struct arena *arena = machine->sim->arena;
    machine->n_threads = plan->n_consumers + n_api;
    machine->thread = arena_array(arena, struct thread, machine->n_threads);
    uint32_t *jvm = arena_array(arena, uint32_t, machine->n_threads);
    machine->instance_of = jvm;
    for (uint32_t i = 0; i < machine->n_threads; i++) {
        struct thread *thread = &machine->thread[i];
        bool api = i >= plan->n_consumers;
        thread->consumer = api ? NONE : i;
        thread->instance = api ? plan->first_instance[plan->api_process] +
            (i - plan->n_consumers) % plan->scenario->process[plan->api_process].instances : plan->consumer[i].instance;
        thread->pool_counts = plan->pool_counts[plan->process_of[thread->instance]];
        jvm[i] = thread->instance;
    }
    locks_init(&machine->locks, machine->sim, plan->scenario, plan->push, machine->key, machine->n_threads, jvm,
               plan->n_instances, (struct lock_calls){ on_lock, cause_overlap, machine });
    tables_init(&machine->tables, machine->sim, plan->scenario, orders_bound(plan->scenario), machine->n_threads,
                &machine->invariants, on_row, machine);
    machine->tables.weight = weight_of;
    machine->tables.victim = on_victim;
    machine->tables.awaited = latch_awaited;
    if (plan->stock_table != NONE) tables_keep_sold(&machine->tables, plan->stock_table);
    if (plan->has_fences) tables_keep_fences(&machine->tables);
    if (plan->has_views) tables_keep_past(&machine->tables);
}

static void servers_init(struct machine *machine)
{
    const struct plan *plan = machine->plan;
    const struct scenario *scenario = plan->scenario;
    struct arena *arena = machine->sim->arena;
    machine->pool = arena_array(arena, struct seats, plan->n_instances);
    for (uint32_t i = 0; i < plan->n_instances; i++)
        seats_init(&machine->pool[i], machine->sim, i, scenario->process[plan->process_of[i]].connections,
                   on_connection, machine);
    machine->command = arena_array(arena, struct seats, scenario->n_stores);
    machine->flush = arena_array(arena, struct flush, scenario->n_stores);
    for (uint32_t i = 0; i < scenario->n_stores; i++)
        seats_init(&machine->command[i], machine->sim, plan->n_instances + i, scenario->store[i].capacity, on_command,
                   machine);
    machine->process = arena_array(arena, struct process_facts, scenario->n_processes);
    for (uint32_t i = 0; i < scenario->n_processes; i++) {
        tally_init(&machine->process[i].connection_wait, arena, 0);
        tally_init(&machine->process[i].api, arena, 0);
    }
    machine->sticky = arena_array(arena, struct sticky, plan->n_instances * scenario->n_topics);
    producers_init(machine);
}

static double *ones(uint32_t n, struct arena *arena)
{
    double *factor = arena_array(arena, double, n);
    for (uint32_t i = 0; i < n; i++) factor[i] = 1;
    return factor;
}

static struct conditions *conditions_usual(const struct scenario *scenario, struct arena *arena)
{
    struct conditions *conditions = arena_new(arena, struct conditions);
    *conditions = (struct conditions){ .store_factor = ones(scenario->n_stores, arena),
                                       .stage_factor = ones(scenario->n_stages, arena),
                                       .kafka_factor = 1,
                                       .store_down_until_ns = arena_array(arena, sim_ns, scenario->n_stores),
                                       .duplicate_below = arena_array(arena, uint64_t, scenario->n_topics) };
    return conditions;
}

void machine_init(struct machine *machine, struct sim *sim, const struct plan *plan, struct random_key key,
                  const struct run_options *options)
{
    memset(machine, 0, sizeof *machine);
    machine->sim = sim;
    machine->plan = plan;
    machine->key = key;
    machine->rounds = random_rounds(key);
    machine->observer = options->observer;
    machine->step_by_step = options->step_by_step || plan->disturbed;
    machine->next_id = (uint32_t)plan->scenario->orders.first_id;
    invariants_init(&machine->invariants);
    orders_init(&machine->orders, sim->arena, options->observer && options->observer->on_order,
                options->keep_stage_times, plan->scenario->n_stages);
    machine->orders.n_refusals = plan->n_refusals;
    machine->orders.keep_looks = plan->scenario->flow.given && plan->scenario->flow.sweeper.given;
    paths_init(machine, options->verdicts_only ? 0 : orders_bound(plan->scenario));
    tally_init(&machine->completion, sim->arena, 1000000);
    words_init(machine);
    threads_init(machine);
    causes_init(machine);
    servers_init(machine);
    kafka_init(&machine->kafka, sim, plan, key, &machine->invariants,
               (struct kafka_calls){ machine, record_process, on_retire, record_give_up, on_unread },
               machine->step_by_step);
    api_init(machine);
    outboxes_init(machine);
    if (!plan->disturbed) return;
    processes_init(&machine->processes, sim, plan->n_instances);
    machine->conditions = conditions_usual(plan->scenario, sim->arena);
    crash_init(machine);
}

void machine_tell_waits(struct machine *machine)
{
    for (uint32_t i = 0; i < machine->plan->n_instances; i++) {
        tally_count_zeros(&machine->process[machine->plan->process_of[i]].connection_wait, machine->pool[i].n_at_once);
        machine->pool[i].n_at_once = 0;
    }
    if (machine->plan->orders_table != NONE)
        tally_count_zeros(&machine->tables.table[machine->plan->orders_table].fact.wait, machine->n_rows_at_once);
    machine->n_rows_at_once = 0;
}
