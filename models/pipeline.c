/* SPDX-License-Identifier: GPL-3.0-or-later
 * One run: puts the parts together, samples levels, takes checkpoints, finds the end, closes the books.
 *
 * A run ends when nothing can happen any more: no event but the sampler's and those that keep no run alive, no instant
 * that waits to be applied. Its end is then the time of the last fact. Whether it has come is asked at each sample, and
 * before each event that keeps no run alive; nothing of that kind happens behind the end, however far the next sample.
 * Checkpoints that lie behind it see the state as it stays. */
#include "models/pipeline.h"

#include <string.h>

#include "models/chain.h"
#include "models/fault.h"
#include "models/kafka/member.h"
#include "models/orders/ahead.h"
#include "models/orders/cause.h"
#include "models/orders/machine.h"
#include "models/orders/sweeper.h"
#include "models/scaler.h"
#include "models/story.h"
#include "models/warm_up.h"

struct run {
    struct sim sim;
    struct machine machine;
    struct faults faults;
    struct scalers scalers;
    struct warm_up warm_up;
    const struct scenario *scenario;
    struct run_levels levels;
    struct partition_level *partition;
    int64_t *consumers, *busy;
    uint64_t *done;
    sim_ns *busy_ns, *whole_ns, *slow_until_ns;
    struct group_work *work;
    bool interrupted;
    uint32_t next_checkpoint, next_moment;
    bool cut;
};

/* Of a group, what a probe asks for. */
static void take_group(struct run *run, uint32_t group)
{
    const struct kafka *kafka = &run->machine.kafka;
    run->done[group] = kafka_done(kafka, group);
    run->whole_ns[group] = kafka_whole_ns(kafka, group);
    run->slow_until_ns[group] = faults_slow_until_ns(&run->faults, group);
    run->work[group] = kafka_work(kafka, group);
    run->levels.group_done = run->done;
    run->levels.group_whole_ns = run->whole_ns;
    run->levels.group_slow_until_ns = run->slow_until_ns;
    run->levels.group_work = run->work;
    run->levels.fault = run->faults.fact;
}

static const struct run_levels *take_levels(struct run *run, sim_ns at_ns)
{
    struct machine *machine = &run->machine;
    kafka_settle(&machine->kafka);
    for (uint32_t i = 0; i < machine->plan->n_positions; i++) kafka_level(&machine->kafka, i, &run->partition[i]);
    for (uint32_t i = 0; i < run->scenario->n_groups; i++) {
        run->consumers[i] = kafka_consumers(&machine->kafka, i);
        take_group(run, i);
        run->busy[i] = kafka_busy(&machine->kafka, i);
        run->busy_ns[i] = kafka_busy_ns(&machine->kafka, i);
    }
    run->levels.at_ns = at_ns;
    run->levels.n_partitions = machine->plan->n_positions;
    run->levels.partition = run->partition;
    run->levels.group_consumers = run->consumers;
    run->levels.group_busy = run->busy;
    run->levels.group_busy_ns = run->busy_ns;
    run->levels.n_scalers = run->scalers.n;
    run->levels.scaler = scalers_level(&run->scalers);
    run->levels.orders = ahead_counts(machine);
    if (machine->plan->stock_table != NONE)
        run->levels.orders.oversold = table_oversold(&machine->tables.table[machine->plan->stock_table]);
    return &run->levels;
}

/* What a probe asks for, and no more: it comes often, and how old the oldest record is lies in memory that nobody has
 * looked at for long. */
static const struct run_levels *take_progress(struct run *run)
{
    struct machine *machine = &run->machine;
    for (uint32_t i = 0; i < machine->plan->n_positions; i++)
        kafka_waiting(&machine->kafka, i, &run->partition[i]);
    for (uint32_t i = 0; i < run->scenario->n_groups; i++) {
        take_group(run, i);
        if (run->scenario->n_faults > 0) run->busy_ns[i] = kafka_busy_ns(&machine->kafka, i);
    }
    run->levels.at_ns = run->sim.now_ns;
    run->levels.partition = run->partition;
    run->levels.group_busy_ns = run->busy_ns;
    run->levels.orders = machine->counts;
    return &run->levels;
}

/* Nothing is left but samples. */
static bool is_quiet(struct run *run)
{
    return sim_is_idle(&run->sim) && !kafka_pending(&run->machine.kafka) && !scalers_await(&run->scalers) &&
           !ahead_pending(&run->machine);
}

static bool is_over(void *context) { return is_quiet(context); }

static void sample(struct run *run)
{
    const struct observer *observer = run->machine.observer;
    if (!observer) {
        kafka_settle(&run->machine.kafka);
        return;
    }
    const struct run_levels *levels = take_levels(run, run->sim.now_ns);
    if (observer->on_sample) observer->on_sample(observer->context, levels);
    run->interrupted = observer->stopped && observer->stopped(observer->context);
}

static void on_sample(void *context, uint32_t subject, uint64_t argument)
{
    struct run *run = context;
    (void)subject;
    (void)argument;
    sample(run);
    if (run->interrupted || (run->scenario->ends == END_QUIESCENT && is_quiet(run))) sim_stop(&run->sim);
    else sim_at(&run->sim, run->sim.now_ns + run->scenario->sample_every_ns, SIM_SAMPLER, on_sample, run, 0, 0);
}

/* Somebody looks, and nothing happens. */
static void on_probe(void *context, uint32_t subject, uint64_t argument)
{
    struct run *run = context;
    const struct observer *observer = run->machine.observer;
    (void)subject;
    (void)argument;
    run->sim.n_events--;
    kafka_settle(&run->machine.kafka);
    if (run->scenario->ends == END_QUIESCENT && is_quiet(run)) return;
    const sim_ns next_ns = observer->on_probe(observer->context, take_progress(run));
    sim_at(&run->sim, next_ns, SIM_SAMPLER, on_probe, run, 0, 0);
}

static void checkpoint_note(struct run *run, uint32_t index)
{
    const struct observer *observer = run->machine.observer;
    sim_ns at_ns = run->scenario->checkpoint[index].at_ns;
    const struct run_levels *levels = take_levels(run, at_ns);
    if (observer && observer->on_checkpoint) observer->on_checkpoint(observer->context, index, levels);
}

static void checkpoint_schedule(struct run *run);

static void on_checkpoint(void *context, uint32_t index, uint64_t argument)
{
    struct run *run = context;
    (void)argument;
    checkpoint_note(run, index);
    run->next_checkpoint = index + 1;
    checkpoint_schedule(run);
}

static void checkpoint_schedule(struct run *run)
{
    uint32_t next = run->next_checkpoint;
    if (next < run->scenario->n_checkpoints)
        sim_at(&run->sim, run->scenario->checkpoint[next].at_ns, SIM_SAMPLER, on_checkpoint, run, next, 0);
}

/* ---- an observer's own moments ---- */

static uint32_t moments_of(const struct run *run)
{
    return run->machine.observer ? run->machine.observer->n_moments : 0;
}

static void moment_note(struct run *run)
{
    const struct observer *observer = run->machine.observer;
    const uint32_t index = run->next_moment++;
    observer->on_moment(observer->context, index, take_levels(run, observer->moment_ns[index]));
}

static void moment_schedule(struct run *run);

/* Who looks on is no part of the run: its events are as many as they would be otherwise. */
static void on_moment(void *context, uint32_t subject, uint64_t argument)
{
    struct run *run = context;
    (void)subject;
    (void)argument;
    moment_note(run);
    run->sim.n_events--;
    moment_schedule(run);
}

static void moment_schedule(struct run *run)
{
    const uint32_t next = run->next_moment;
    if (next < moments_of(run) && run->machine.observer->moment_ns[next] < SIM_NEVER)
        sim_at(&run->sim, run->machine.observer->moment_ns[next], SIM_SAMPLER, on_moment, run, 0, 0);
}

/* Those at the end, and behind it, where all stays as it is. */
static void moments_finish(struct run *run, sim_ns end_ns)
{
    while (run->next_moment < moments_of(run) &&
           (!run->cut || run->machine.observer->moment_ns[run->next_moment] <= end_ns))
        moment_note(run);
}

/* ---- from start to end ---- */

static void on_warm(void *context, uint32_t subject, uint64_t argument)
{
    struct run *run = context;
    (void)subject;
    (void)argument;
    warm_up_end(&run->warm_up, &run->machine, &run->scalers, take_levels(run, run->sim.now_ns));
    run->machine.ahead.until_ns = scenario_end(run->scenario);
}

static void on_end(void *context, uint32_t subject, uint64_t argument)
{
    struct run *run = context;
    (void)subject;
    (void)argument;
    if (run->sim.now_ns % run->scenario->sample_every_ns == 0) sample(run); /* the sampler's turn comes after this */
    kafka_settle(&run->machine.kafka);
    run->cut = !is_quiet(run);
    sim_stop(&run->sim);
}

static struct run *run_open(const struct plan *plan, uint64_t seed, uint32_t replication,
                            const struct run_options *options, struct arena *arena)
{
    struct run *run = arena_new(arena, struct run);
    run->scenario = plan->scenario;
    sim_init(&run->sim, arena);
    run->sim.seed = seed;
    run->sim.replication = replication;
    machine_init(&run->machine, &run->sim, plan, random_key(seed, replication), options);
    scalers_init(&run->scalers, &run->machine);
    faults_init(&run->faults, &run->machine, &run->scalers);
    if (run->scenario->ends == END_QUIESCENT) run->sim.quiet = is_over, run->sim.quiet_context = run;
    if (options->shuffles) sim_shuffle(&run->sim, options->tie_seed);
    if (options->story) story_listen(options->story, &run->machine, &run->faults);
    run->partition = arena_array(arena, struct partition_level, plan->n_positions);
    run->consumers = arena_array(arena, int64_t, plan->scenario->n_groups);
    run->busy = arena_array(arena, int64_t, plan->scenario->n_groups);
    run->busy_ns = arena_array(arena, sim_ns, plan->scenario->n_groups);
    run->done = arena_array(arena, uint64_t, plan->scenario->n_groups);
    run->whole_ns = arena_array(arena, sim_ns, plan->scenario->n_groups);
    run->slow_until_ns = arena_array(arena, sim_ns, plan->scenario->n_groups);
    run->work = arena_array(arena, struct group_work, plan->scenario->n_groups);
    return run;
}

static void run_start(struct run *run)
{
    const struct scenario *scenario = run->scenario;
    sim_ns end_ns = scenario_end(scenario);
    api_preload(&run->machine);
    kafka_start(&run->machine.kafka);
    api_start(&run->machine);
    faults_start(&run->faults);
    scalers_start(&run->scalers);
    sweeper_start(&run->machine);
    run->machine.ahead.until_ns = scenario->warm_up_ns > 0 ? scenario->warm_up_ns : end_ns;
    sim_at(&run->sim, 0, SIM_SAMPLER, on_sample, run, 0, 0);
    if (run->machine.observer && run->machine.observer->on_probe)
        sim_at(&run->sim, 0, SIM_SAMPLER, on_probe, run, 0, 0);
    checkpoint_schedule(run);
    moment_schedule(run);
    if (scenario->warm_up_ns > 0) sim_at(&run->sim, scenario->warm_up_ns, SIM_SAMPLER, on_warm, run, 0, 0);
    if (end_ns < SIM_NEVER) sim_at(&run->sim, end_ns, SIM_SAMPLER, on_end, run, 0, 0);
}

static void locks_check(struct run *run, sim_ns end_ns)
{
    struct machine *machine = &run->machine;
    if (machine->locks.n_inside > 0)
        invariant_broken(&machine->invariants, INVARIANT_X4, end_ns, 0, "%u locks are still held",
                         machine->locks.n_inside);
    for (uint32_t i = 0; i < machine->plan->n_instances; i++)
        if (seats_in_use(&machine->pool[i]) > 0)
            invariant_broken(&machine->invariants, INVARIANT_X4, end_ns, 0, "%u connections are still out",
                             seats_in_use(&machine->pool[i]));
}

/* Copies what the parts have counted, and checks what holds only at the end. */
static const struct run_facts *run_close(struct run *run)
{
    struct machine *machine = &run->machine;
    const struct scenario *scenario = run->scenario;
    struct arena *arena = run->sim.arena;
    struct run_facts *facts = arena_new(arena, struct run_facts);
    sim_ns end_ns = run->cut || scenario->ends == END_AT ? run->sim.now_ns : run->sim.last_fact_ns;
    while (run->next_checkpoint < scenario->n_checkpoints) checkpoint_note(run, run->next_checkpoint++);
    moments_finish(run, end_ns);
    if (machine->observer && machine->observer->on_end)
        machine->observer->on_end(machine->observer->context, take_levels(run, end_ns));
    kafka_finish(&machine->kafka, end_ns, run->cut);
    orders_finish(machine, end_ns, run->cut);
    machine_tell_waits(machine);
    if (!run->cut) {
        tables_finish(&machine->tables, end_ns);
        locks_check(run, end_ns);
    } else {
        invariants_cut(&machine->invariants);
    }
    struct group_facts *group = arena_array(arena, struct group_facts, scenario->n_groups);
    for (uint32_t i = 0; i < scenario->n_groups; i++) group[i] = machine->kafka.group[i].fact;
    struct table_facts *table = arena_array(arena, struct table_facts, scenario->n_tables);
    for (uint32_t i = 0; i < scenario->n_tables; i++) table[i] = machine->tables.table[i].fact;
    for (uint32_t i = 0; i < machine->plan->n_instances; i++) {
        struct process_facts *process = &machine->process[machine->plan->process_of[i]];
        if (machine->pool[i].peak > process->connections_peak) process->connections_peak = machine->pool[i].peak;
    }
    if (machine->plan->api_process != NONE)
        machine->process[machine->plan->api_process].api_threads_peak = machine->api.peak;
    *facts = (struct run_facts){
        .end_ns = end_ns, .load_end_ns = scenario_load_end(scenario), .cut = run->cut, .events = run->sim.n_events,
        .fingerprint = run->sim.fingerprint, .orders = machine->counts, .completion = machine->completion,
        .n_groups = scenario->n_groups, .group = group, .partition_peak_lag = machine->kafka.peak_lag,
        .n_locks = scenario->n_locks, .lock = machine->locks.fact,
        .n_tables = scenario->n_tables, .table = table, .n_processes = scenario->n_processes,
        .process = machine->process, .n_faults = scenario->n_faults, .fault = run->faults.fact,
        .n_scalers = scenario->n_scalers, .scaler = scalers_finish(&run->scalers, end_ns),
        .path = { machine->paths.n, machine->paths.n_parts, machine->paths.completion_ns, machine->paths.part },
        .n_invariants = INVARIANT_COUNT, .invariant = machine->invariants.fact };
    causes_report(machine, facts);
    memcpy(facts->mishaps, machine->mishaps.count, sizeof facts->mishaps);
    facts->n_mishaps = machine->mishaps.n;
    facts->mishap = machine->mishaps.kept;
    chains_find(&run->faults, facts, arena);
    warm_up_take_off(&run->warm_up, scenario, facts);
    return facts;
}

const struct run_facts *pipeline_run(const struct plan *plan, uint64_t seed, uint32_t replication,
                                     const struct run_options *options, struct arena *arena, struct sim_err *err)
{
    static const struct run_options plain;
    if (!options) options = &plain;
    struct run *run = run_open(plan, seed, replication, options, arena);
    run_start(run);
    if (!sim_run(&run->sim, options->events_max, err)) return NULL;
    if (run->interrupted) {
        sim_fail(err, SIM_ERUNTIME, NULL, "stopped");
        return NULL;
    }
    if (options->story) story_end(options->story);
    return run_close(run);
}
