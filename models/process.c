/* SPDX-License-Identifier: GPL-3.0-or-later
 * The gate before the events of a run with faults. An event that was scheduled before its instance's present life began
 * belongs to a dead one: the sequence number of its schedule tells, so nothing has to be cancelled at a crash. */
#include "models/process.h"

#include <string.h>

static struct actor *slot_of(struct processes *processes, sim_fn *fn)
{
    uint32_t i = (uint32_t)random_mix((uint64_t)(uintptr_t)fn) % ACTOR_BUCKETS;
    while (processes->actor[i].fn && processes->actor[i].fn != fn) i = (i + 1) % ACTOR_BUCKETS;
    return &processes->actor[i];
}

static enum sim_passage gate(void *context, const struct sim_event *event, sim_ns *until_ns)
{
    struct processes *processes = context;
    if (!processes->disturbed) return SIM_RUNS;
    const struct actor *actor = slot_of(processes, event->fn);
    if (!actor->fn) return SIM_RUNS;
    const struct instance *instance =
        &processes->instance[actor->instance_of ? actor->instance_of[event->subject] : event->subject];
    /* A thread is at a server in its present life: what is left of an earlier one is nowhere. */
    const bool is_old = event->sequence < instance->born && instance->born != UINT64_MAX;
    if (!is_old && actor->at_server && actor->at_server(event->context, event->subject)) return SIM_RUNS;
    if (event->sequence < instance->born) return SIM_LOST;
    if (instance->paused_until_ns <= event->at_ns) return SIM_RUNS;
    *until_ns = instance->paused_until_ns;
    if (actor->kept) actor->kept(event->context, event->subject, event->at_ns, *until_ns);
    return SIM_WAITS;
}

void processes_init(struct processes *processes, struct sim *sim, uint32_t n_instances)
{
    memset(processes, 0, sizeof *processes);
    processes->sim = sim;
    processes->n_instances = n_instances;
    processes->instance = arena_array(sim->arena, struct instance, n_instances);
    sim->gate = gate;
    sim->gate_context = processes;
}

void process_acts(struct processes *processes, sim_fn *fn, const uint32_t *instance_of,
                  bool (*at_server)(const void *context, uint32_t subject))
{
    if (!processes->instance) return;
    uint32_t n = 0;
    for (uint32_t i = 0; i < ACTOR_BUCKETS; i++) n += processes->actor[i].fn != NULL;
    SIM_ASSERT_IN(processes->sim, n < ACTOR_BUCKETS / 2);
    *slot_of(processes, fn) = (struct actor){ fn, instance_of, at_server, NULL };
}

void process_tells_pauses(struct processes *processes, sim_fn *fn,
                          void (*kept)(void *context, uint32_t subject, sim_ns at_ns, sim_ns until_ns))
{
    if (processes->instance) slot_of(processes, fn)->kept = kept;
}

void process_pause(struct processes *processes, uint32_t instance, sim_ns until_ns)
{
    struct instance *at = &processes->instance[instance];
    processes->disturbed = true;
    if (at->paused_until_ns <= processes->sim->now_ns) at->paused_from_ns = processes->sim->now_ns;
    if (until_ns > at->paused_until_ns) at->paused_until_ns = until_ns;
}

void process_kill(struct processes *processes, uint32_t instance)
{
    struct instance *at = &processes->instance[instance];
    processes->disturbed = true;
    at->born = UINT64_MAX;
    if (at->paused_until_ns > processes->sim->now_ns) at->paused_until_ns = processes->sim->now_ns;
    at->drains = false;
}

void process_start(struct processes *processes, uint32_t instance)
{
    processes->instance[instance].born = processes->sim->sequence;
    processes->instance[instance].life++;
}
