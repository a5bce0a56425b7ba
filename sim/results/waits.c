/* SPDX-License-Identifier: GPL-3.0-or-later
 * See waits.h. A mean that is the group's own is believed where it explains half of the waiting; else the greatest mean
 * of what the group uses, if it makes up a quarter; and where none does, commands queue at a store. */
#include "sim/results/waits.h"

/* ---- who uses what ---- */

struct use { enum shared_kind kind; uint32_t target; }; /* of a pool: its process */

static bool connects(const struct step_spec *step)
{
    switch (step->kind) {
    case STEP_CONNECTION: case STEP_BEGIN: case STEP_INSERT: case STEP_JOIN: case STEP_STATUS: return true;
    case STEP_READ: case STEP_WRITE: case STEP_FLUSH: case STEP_COMMIT: case STEP_ROLLBACK: case STEP_LOCK:
    case STEP_UNLOCK: case STEP_WORK: case STEP_PUBLISH: case STEP_REPLY: case STEP_ONCE: case STEP_KINDS: break;
    }
    return false;
}

static bool step_uses(const struct scenario *scenario, const struct step_spec *step, struct use use)
{
    switch (use.kind) {
    case SHARED_NOTHING: break;
    case SHARED_LOCK: return step->kind == STEP_LOCK && step->target == use.target;
    case SHARED_ROW: return (step->kind == STEP_WRITE || step->fenced) && step->target == use.target;
    case SHARED_POOL: return connects(step);
    case SHARED_STORE: return scenario_store_of(scenario, step) == use.target;
    }
    return false;
}

/* Steps of `otherwise` count: whoever is refused may wait there. */
static bool path_uses(const struct scenario *scenario, const struct step_spec *step, uint32_t n, struct use use)
{
    for (uint32_t i = 0; i < n; i++)
        if (step_uses(scenario, &step[i], use) ||
            path_uses(scenario, step[i].otherwise, step[i].n_otherwise, use)) return true;
    return false;
}

static bool stage_uses(const struct scenario *scenario, uint32_t stage, struct use use)
{
    return path_uses(scenario, scenario->stage[stage].step, scenario->stage[stage].n_steps, use);
}

static bool group_uses(const struct scenario *scenario, uint32_t group, struct use use)
{
    const struct group_spec *spec = &scenario->group[group];

    if (use.kind == SHARED_POOL && spec->process != use.target) return false;
    for (uint32_t r = 0; r < spec->n_reads; r++)
        if (stage_uses(scenario, spec->read[r].stage, use)) return true;
    return false;
}

static bool others_use(const struct scenario *scenario, uint32_t group, struct use use)
{
    for (uint32_t g = 0; g < scenario->n_groups; g++)
        if (g != group && group_uses(scenario, g, use)) return true;
    for (uint32_t i = 0; i < scenario->n_processes; i++) {
        const struct process_spec *process = &scenario->process[i];
        if (process->api_threads == 0 || (use.kind == SHARED_POOL && i != use.target)) continue;
        if (stage_uses(scenario, process->api_stage, use)) return true;
    }
    return false;
}

/* ---- whether anybody can be waited for ---- */

static bool step_waits(const struct scenario *scenario, const struct process_spec *process,
                       const struct step_spec *step)
{
    const uint32_t store = scenario_store_of(scenario, step);

    if (store != NONE && (scenario->store[store].capacity > 0 || scenario->store[store].group_commit)) return true;
    if (connects(step) && process->connections > 0) return true;
    switch (step->kind) {
    case STEP_LOCK: case STEP_WRITE: case STEP_FLUSH: case STEP_COMMIT: case STEP_ONCE: case STEP_JOIN: return true;
    case STEP_READ: return step->fenced;
    case STEP_CONNECTION: case STEP_BEGIN: case STEP_ROLLBACK: case STEP_UNLOCK: case STEP_INSERT: case STEP_WORK:
    case STEP_PUBLISH: case STEP_REPLY: case STEP_STATUS: case STEP_KINDS: break;
    }
    return false;
}

static bool path_waits(const struct scenario *scenario, const struct process_spec *process,
                       const struct step_spec *step, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (step_waits(scenario, process, &step[i]) ||
            path_waits(scenario, process, step[i].otherwise, step[i].n_otherwise)) return true;
    return false;
}

bool waits_can(const struct scenario *scenario, uint32_t group)
{
    const struct group_spec *spec = &scenario->group[group];

    for (uint32_t r = 0; r < spec->n_reads; r++) {
        const struct stage_spec *stage = &scenario->stage[spec->read[r].stage];
        if (path_waits(scenario, &scenario->process[spec->process], stage->step, stage->n_steps)) return true;
    }
    return false;
}

/* ---- the cause ---- */

struct search {
    const struct scenario *scenario;
    uint32_t group;
    bool own_only;
    double most_s;
    struct waits found;
};

static void weigh(struct search *search, struct use use, const char *name, double wait_s)
{
    if (!(wait_s > search->most_s) || !group_uses(search->scenario, search->group, use)) return;
    const bool of_all = others_use(search->scenario, search->group, use);
    if (of_all && search->own_only) return;
    search->most_s = wait_s;
    search->found = (struct waits){ use.kind, name, of_all };
}

static struct waits longest(const struct outcome *outcome, uint32_t group, bool own_only, double least_s)
{
    const struct scenario *scenario = &outcome->study->scenario;
    struct search search = { .scenario = scenario, .group = group, .own_only = own_only, .most_s = least_s };

    for (uint32_t i = 0; i < scenario->n_locks; i++) {
        const char *name = scenario->lock[i].name;
        weigh(&search, (struct use){ SHARED_LOCK, i }, name, outcome_mean(outcome, "locks.%s.wait_s.mean", name));
    }
    for (uint32_t i = 0; i < scenario->n_tables; i++) {
        const char *name = scenario->table[i].name;
        weigh(&search, (struct use){ SHARED_ROW, i }, name, outcome_mean(outcome, "tables.%s.wait_s.mean", name));
    }
    const uint32_t process = scenario->group[group].process;
    const char *name = scenario->process[process].name;
    weigh(&search, (struct use){ SHARED_POOL, process }, name,
          outcome_mean(outcome, "processes.%s.connection_wait_s.mean", name));
    return search.found;
}

/* What is left over: but a fault may be what it was. */
static struct waits queue_at_a_store(const struct scenario *scenario, uint32_t group)
{
    for (uint32_t i = 0; i < scenario->n_stores && scenario->n_faults == 0; i++)
        if (scenario->store[i].capacity > 0 && group_uses(scenario, group, (struct use){ SHARED_STORE, i }))
            return (struct waits){ SHARED_STORE, scenario->store[i].name, false };
    return (struct waits){ .kind = SHARED_NOTHING };
}

struct waits waits_mostly_for(const struct outcome *outcome, uint32_t group, double waiting_s)
{
    struct waits waits = longest(outcome, group, true, waiting_s / 2);

    if (waits.kind == SHARED_NOTHING) waits = longest(outcome, group, false, waiting_s / 4);
    return waits.kind == SHARED_NOTHING ? queue_at_a_store(&outcome->study->scenario, group) : waits;
}
