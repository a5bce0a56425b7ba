/* SPDX-License-Identifier: GPL-3.0-or-later
 * Every occurrence has draws of its own: the gap before it, the instance, its length. They are keyed by the fault's name:
 * another fault before it in the list changes nothing of it. */
#include "models/fault.h"

#include <math.h>

#include "models/orders/crash.h"
#include "models/orders/thread.h"
#include "models/purpose.h"
#include "models/reach.h"
#include "models/redis/accident.h"

enum { WORD_GAP, WORD_INSTANCE, WORD_LENGTH };

/* How long to wait when a command of the former life is still at a server. */
#define RETURN_RETRY_NS SIM_MS

const struct fault_spec *fault_spec(const struct faults *faults, uint32_t index)
{
    return &faults->machine->plan->scenario->fault[index];
}

static struct random_words words_of(const struct faults *faults, uint32_t index, uint64_t occurrence)
{
    const uint64_t entity = random_entity(fault_spec(faults, index)->name);
    return random_block(faults->machine->key, PURPOSE_FAULT, entity, (uint32_t)occurrence);
}

static sim_ns until(const struct faults *faults, uint32_t index, uint64_t occurrence)
{
    uint32_t word = words_of(faults, index, occurrence).word[WORD_LENGTH];
    return faults->machine->sim->now_ns + dist_draw(&faults->machine->plan->fault_lasts[index], word);
}

/* ---- processes ---- */

static void on_return(void *context, uint32_t instance, uint64_t argument)
{
    struct faults *faults = context;
    struct sim *sim = faults->machine->sim;
    (void)argument;
    if (!process_is_down(&faults->machine->processes, instance)) return;
    if (instance_starts(faults->machine, instance)) restart_goes_on(faults, instance);
    else sim_at(sim, sim->now_ns + RETURN_RETRY_NS, SIM_FAULT, on_return, faults, instance, 0);
}

void instance_returns(struct faults *faults, uint32_t instance, sim_ns after_ns)
{
    struct sim *sim = faults->machine->sim;
    sim_at(sim, sim->now_ns + after_ns, SIM_FAULT, on_return, faults, instance, 0);
}

static uint32_t instance_of(const struct faults *faults, uint32_t index, uint64_t occurrence)
{
    const struct fault_spec *spec = fault_spec(faults, index);
    const struct plan *plan = faults->machine->plan;
    uint32_t n = plan->scenario->process[spec->target].instances, which = spec->instance;
    if (which == NONE) which = (uint32_t)((uint64_t)words_of(faults, index, occurrence).word[WORD_INSTANCE] * n >> 32);
    return plan->first_instance[spec->target] + which;
}

static bool crash(struct faults *faults, const struct fault_spec *spec, uint32_t instance)
{
    if (process_is_down(&faults->machine->processes, instance)) return false;
    instance_dies(faults->machine, instance);
    restart_cut_short(faults, instance);
    scalers_instance_died(faults->scalers, instance);
    if (spec->comes_back) instance_returns(faults, instance, spec->back_after_ns);
    return true;
}

/* ---- servers and records ---- */

/* Several may hold at once, one fault more than once. They are put together anew at each change: what has ended leaves
 * nothing behind, not even a rounding. */
static void impose(struct faults *faults, const struct fault_spec *changed)
{
    const struct scenario *scenario = faults->machine->plan->scenario;
    struct conditions *conditions = faults->machine->conditions;
    double factor = 1, spared = 1;
    for (uint32_t i = 0; i < scenario->n_faults; i++) {
        const struct fault_spec *spec = &scenario->fault[i];
        if (spec->kind != changed->kind || spec->on != changed->on || spec->target != changed->target) continue;
        for (uint32_t n = 0; n < faults->holds[i]; n++) {
            factor *= spec->factor;
            spared *= 1 - spec->share;
        }
    }
    if (changed->kind == FAULT_DROP) locks_drop(&faults->machine->locks, changed->target, 1 - spared);
    else if (changed->kind == FAULT_DUPLICATE)
        conditions->duplicate_below[changed->target] = (uint64_t)((1 - spared) * 0x1p32 + 0.5);
    else if (changed->on == ON_STORE) conditions->store_factor[changed->target] = factor;
    else if (changed->on == ON_STAGE) conditions->stage_factor[changed->target] = factor;
    else conditions->kafka_factor = factor;
}

static void on_relief(void *context, uint32_t index, uint64_t argument)
{
    struct faults *faults = context;
    (void)argument;
    if (!sim_wakes(faults->machine->sim)) return;
    faults->holds[index]--;
    impose(faults, fault_spec(faults, index));
}

/* One that is over at once slows nobody. */
static void keep_until(struct faults *faults, uint32_t index, sim_ns until_ns)
{
    if (until_ns > faults->machine->sim->now_ns && until_ns > faults->until_ns[index])
        faults->until_ns[index] = until_ns;
}

static void impose_until(struct faults *faults, uint32_t index, sim_ns until_ns)
{
    keep_until(faults, index, until_ns);
    faults->holds[index]++;
    impose(faults, fault_spec(faults, index));
    sim_at_idle(faults->machine->sim, until_ns, SIM_FAULT, on_relief, faults, index, 0);
}

/* The lock server's keys are gone, or old ones are back, when it answers again. */
static void on_keys(void *context, uint32_t index, uint64_t argument)
{
    struct faults *faults = context;
    const struct fault_spec *spec = fault_spec(faults, index);
    (void)argument;
    if (spec->kind == FAULT_FAILOVER) locks_failover(&faults->machine->locks, spec->target, spec->lost_ns);
    else locks_restart(&faults->machine->locks, spec->target);
}

static void outage(struct faults *faults, uint32_t index, sim_ns until_ns)
{
    const struct fault_spec *spec = fault_spec(faults, index);
    struct conditions *conditions = faults->machine->conditions;
    sim_ns *down_until_ns =
        spec->on == ON_KAFKA ? &conditions->kafka_down_until_ns : &conditions->store_down_until_ns[spec->target];
    if (until_ns > *down_until_ns) *down_until_ns = until_ns;
    keep_until(faults, index, until_ns);
    if (spec->on == ON_KAFKA) return;
    locks_outage(&faults->machine->locks, spec->target, until_ns, spec->answers_only);
    if (spec->kind == FAULT_FAILOVER || spec->loses_keys)
        sim_at(faults->machine->sim, until_ns, SIM_FAULT, on_keys, faults, index, 0);
}

/* ---- what happens ---- */

/* instance: NONE where the fault's own choice counts. */
static bool happen(struct faults *faults, uint32_t index, uint64_t occurrence, uint32_t instance)
{
    const struct fault_spec *spec = fault_spec(faults, index);
    if (instance == NONE && spec->on == ON_PROCESS) instance = instance_of(faults, index, occurrence);
    if (spec->on == ON_PROCESS)
        faults->last_instance[index] = instance - faults->machine->plan->first_instance[spec->target];
    switch (spec->kind) {
    case FAULT_PAUSE:
        if (process_is_down(&faults->machine->processes, instance)) return false;
        instance_pauses(faults->machine, instance, until(faults, index, occurrence));
        return true;
    case FAULT_CRASH: return crash(faults, spec, instance);
    case FAULT_RESTART: return restart_begin(faults, index);
    case FAULT_SCALE: group_scales(faults, spec->target, spec->consumers); return true;
    case FAULT_OUTAGE:
    case FAULT_FAILOVER: outage(faults, index, until(faults, index, occurrence)); return true;
    case FAULT_DROP:
    case FAULT_SLOW:
    case FAULT_DUPLICATE: impose_until(faults, index, until(faults, index, occurrence)); return true;
    case FAULT_KINDS: break;
    }
    return false;
}

static void keep_time(struct faults *faults, uint32_t index)
{
    struct sim *sim = faults->machine->sim;
    if (faults->n_times == FAULT_TIMES_KEPT) return;
    if (!faults->time) faults->time = arena_array(sim->arena, struct fault_time, FAULT_TIMES_KEPT);
    faults->time[faults->n_times++] = (struct fault_time){ sim->now_ns, index, faults->last_instance[index] };
}

static void note(struct faults *faults, uint32_t index, uint64_t occurrence, uint32_t instance)
{
    struct fault_facts *fact = &faults->fact[index];
    if (!happen(faults, index, occurrence, instance)) return;
    fact->last_at_ns = faults->machine->sim->now_ns;
    if (fact->happened++ == 0) fact->first_at_ns = fact->last_at_ns;
    keep_time(faults, index);
}

/* ---- when ---- */

static void on_fault(void *context, uint32_t index, uint64_t occurrence);

/* after_ns: the occurrence before; the start of its time for the first one. */
static void schedule(struct faults *faults, uint32_t index, uint64_t occurrence, sim_ns after_ns)
{
    const struct fault_spec *spec = fault_spec(faults, index);
    sim_ns at_ns = spec->at_ns;
    if (spec->when == WHEN_EVERY) at_ns = occurrence == 0 ? spec->from_ns : after_ns + spec->every_ns;
    if (spec->when == WHEN_RATE) {
        double unit = random_unit(words_of(faults, index, occurrence).word[WORD_GAP]);
        at_ns = after_ns + (sim_ns)(-log(unit) / spec->rate_per_h * 3600e9);
    }
    if (spec->when == WHEN_AT ? occurrence > 0 : at_ns >= spec->until_ns) return;
    sim_at_idle(faults->machine->sim, at_ns, SIM_FAULT, on_fault, faults, index, occurrence);
}

static void on_fault(void *context, uint32_t index, uint64_t occurrence)
{
    struct faults *faults = context;
    if (!sim_wakes(faults->machine->sim)) return;
    note(faults, index, occurrence, NONE);
    schedule(faults, index, occurrence + 1, faults->machine->sim->now_ns);
}

/* The thread that came to the step waits behind this event. */
static void on_step_fault(void *context, uint32_t index, uint64_t instance)
{
    note(context, index, 0, (uint32_t)instance);
}

/* A fault of a process counts what its own threads do, and of one instance what that one's do. */
static bool is_its_own(const struct machine *machine, const struct fault_spec *spec, uint32_t instance)
{
    const struct plan *plan = machine->plan;
    if (spec->on != ON_PROCESS) return true;
    return plan->process_of[instance] == spec->target &&
           (spec->instance == NONE || plan->first_instance[spec->target] + spec->instance == instance);
}

static bool at_step(void *context, uint32_t thread_index)
{
    struct faults *faults = context;
    const struct machine *machine = faults->machine;
    const struct thread *thread = &machine->thread[thread_index];
    bool happens = false;
    for (uint32_t i = 0; i < machine->plan->scenario->n_faults; i++) {
        const struct fault_spec *spec = fault_spec(faults, i);
        if (spec->when != WHEN_STEP || thread->pc != machine->plan->stage[spec->stage].first_op + spec->step) continue;
        if (!is_its_own(machine, spec, thread->instance)) continue;
        bool now = spec->nth > 0 ? ++faults->passed[i] == spec->nth
                                 : order_of(thread)->id == spec->order_id && faults->passed[i]++ == 0;
        if (!now) continue;
        sim_at(machine->sim, machine->sim->now_ns, SIM_FAULT, on_step_fault, faults, i, thread->instance);
        happens = true;
    }
    return happens;
}

static const bool *who_is_slowed(const struct scenario *scenario, struct arena *arena)
{
    bool *slows = arena_array(arena, bool, scenario->n_faults * scenario->n_groups);
    for (uint32_t i = 0; i < scenario->n_faults; i++)
        for (uint32_t g = 0; g < scenario->n_groups; g++)
            slows[i * scenario->n_groups + g] = fault_slows(scenario, &scenario->fault[i], g);
    return slows;
}

sim_ns faults_slow_until_ns(const struct faults *faults, uint32_t group)
{
    const struct scenario *scenario = faults->machine->plan->scenario;
    sim_ns until_ns = 0;
    for (uint32_t i = 0; i < scenario->n_faults; i++)
        if (faults->slows[i * scenario->n_groups + group] && faults->until_ns[i] > until_ns)
            until_ns = faults->until_ns[i];
    return until_ns;
}

void faults_init(struct faults *faults, struct machine *machine, struct scalers *scalers)
{
    const struct scenario *scenario = machine->plan->scenario;
    faults->machine = machine;
    faults->scalers = scalers;
    faults->fact = arena_array(machine->sim->arena, struct fault_facts, scenario->n_faults);
    faults->holds = arena_array(machine->sim->arena, uint32_t, scenario->n_faults);
    faults->until_ns = arena_array(machine->sim->arena, sim_ns, scenario->n_faults);
    faults->slows = who_is_slowed(scenario, machine->sim->arena);
    faults->passed = arena_array(machine->sim->arena, uint64_t, scenario->n_faults);
    faults->last_instance = arena_array(machine->sim->arena, uint32_t, scenario->n_faults);
    for (uint32_t i = 0; i < scenario->n_faults; i++)
        faults->fact[i].first_at_ns = faults->fact[i].last_at_ns = SIM_NEVER, faults->last_instance[i] = NONE;
    machine->at_step = at_step;
    machine->at_step_context = faults;
    restarts_init(faults);
}

void faults_start(struct faults *faults)
{
    const struct scenario *scenario = faults->machine->plan->scenario;
    for (uint32_t i = 0; i < scenario->n_faults; i++)
        if (scenario->fault[i].when != WHEN_STEP) schedule(faults, i, 0, scenario->fault[i].from_ns);
}
