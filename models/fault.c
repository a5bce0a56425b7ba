/* SPDX-License-Identifier: GPL-3.0-or-later
 * Every occurrence has draws of its own: the gap before it, the instance, its length. */
#include "models/fault.h"

#include "models/orders/crash.h"
#include "models/purpose.h"

#include <math.h>

enum { WORD_GAP, WORD_INSTANCE, WORD_LENGTH };

/* How long to wait when a command of the former life is still at a server. */
#define RETURN_RETRY_NS SIM_MS

static const struct fault_spec *spec_of(const struct faults *faults, uint32_t index)
{
    return &faults->machine->plan->scenario->fault[index];
}

static struct random_words words_of(const struct faults *faults, uint32_t index, uint64_t occurrence)
{
    return random_block(faults->machine->key, PURPOSE_FAULT, index, (uint32_t)occurrence);
}

/* ---- what happens ---- */

static uint32_t instance_of(const struct faults *faults, uint32_t index, uint64_t occurrence)
{
    const struct fault_spec *spec = spec_of(faults, index);
    const struct plan *plan = faults->machine->plan;
    uint32_t n = plan->scenario->process[spec->target].instances, which = spec->instance;
    if (which == NONE) which = (uint32_t)((uint64_t)words_of(faults, index, occurrence).word[WORD_INSTANCE] * n >> 32);
    return plan->first_instance[spec->target] + which;
}

static sim_ns length_ns(const struct faults *faults, uint32_t index, uint64_t occurrence)
{
    return dist_draw(&faults->machine->plan->fault_lasts[index], words_of(faults, index, occurrence).word[WORD_LENGTH]);
}

static void on_return(void *context, uint32_t instance, uint64_t argument)
{
    struct faults *faults = context;
    struct sim *sim = faults->machine->sim;
    (void)argument;
    if (!instance_starts(faults->machine, instance))
        sim_at(sim, sim->now_ns + RETURN_RETRY_NS, SIM_FAULT, on_return, faults, instance, 0);
}

static bool pause(struct faults *faults, uint32_t index, uint64_t occurrence)
{
    uint32_t instance = instance_of(faults, index, occurrence);
    struct processes *processes = &faults->machine->processes;
    if (process_is_down(processes, instance)) return false;
    process_pause(processes, instance, faults->machine->sim->now_ns + length_ns(faults, index, occurrence));
    return true;
}

static bool crash(struct faults *faults, uint32_t index, uint64_t occurrence)
{
    uint32_t instance = instance_of(faults, index, occurrence);
    const struct fault_spec *spec = spec_of(faults, index);
    struct sim *sim = faults->machine->sim;
    if (process_is_down(&faults->machine->processes, instance)) return false;
    instance_dies(faults->machine, instance);
    if (spec->comes_back) sim_at(sim, sim->now_ns + spec->back_after_ns, SIM_FAULT, on_return, faults, instance, 0);
    return true;
}

static bool happen(struct faults *faults, uint32_t index, uint64_t occurrence)
{
    switch (spec_of(faults, index)->kind) {
    case FAULT_PAUSE: return pause(faults, index, occurrence);
    case FAULT_CRASH: return crash(faults, index, occurrence);
    case FAULT_KINDS: break;
    }
    return false;
}

/* ---- when ---- */

static void on_fault(void *context, uint32_t index, uint64_t occurrence);

/* after_ns: the occurrence before; the start of its time for the first one. */
static void schedule(struct faults *faults, uint32_t index, uint64_t occurrence, sim_ns after_ns)
{
    const struct fault_spec *spec = spec_of(faults, index);
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
    struct fault_facts *fact = &faults->fact[index];
    sim_ns now_ns = faults->machine->sim->now_ns;
    sim_woke(faults->machine->sim);
    if (happen(faults, index, occurrence)) {
        if (fact->happened++ == 0) fact->first_at_ns = now_ns;
        fact->last_at_ns = now_ns;
    }
    schedule(faults, index, occurrence + 1, now_ns);
}

void faults_init(struct faults *faults, struct machine *machine)
{
    const struct scenario *scenario = machine->plan->scenario;
    faults->machine = machine;
    faults->fact = arena_array(machine->sim->arena, struct fault_facts, scenario->n_faults);
    for (uint32_t i = 0; i < scenario->n_faults; i++)
        faults->fact[i].first_at_ns = faults->fact[i].last_at_ns = SIM_NEVER;
}

void faults_start(struct faults *faults)
{
    const struct scenario *scenario = faults->machine->plan->scenario;
    for (uint32_t i = 0; i < scenario->n_faults; i++) schedule(faults, i, 0, scenario->fault[i].from_ns);
}
