/* SPDX-License-Identifier: GPL-3.0-or-later
 * See reach.h. */
#include "models/reach.h"

static bool step_meets(const struct scenario *scenario, const struct step_spec *step, const struct fault_spec *fault)
{
    if (fault->on == ON_LOCK) return step->kind == STEP_LOCK && step->target == fault->target;
    return scenario_store_of(scenario, step) == fault->target;
}

/* Steps of `otherwise` count: whoever is refused may come there. */
static bool path_meets(const struct scenario *scenario, const struct step_spec *step, uint32_t n,
                       const struct fault_spec *fault)
{
    for (uint32_t i = 0; i < n; i++)
        if (step_meets(scenario, &step[i], fault) ||
            path_meets(scenario, step[i].otherwise, step[i].n_otherwise, fault)) return true;
    return false;
}

static bool stage_meets(const struct scenario *scenario, uint32_t stage, const struct fault_spec *fault)
{
    switch (fault->on) {
    case ON_STAGE: return stage == fault->target;
    case ON_STORE: case ON_LOCK:
        return path_meets(scenario, scenario->stage[stage].step, scenario->stage[stage].n_steps, fault);
    case ON_KAFKA: return true;
    case ON_PROCESS: case ON_GROUP: case ON_TOPIC: break;
    }
    return false;
}

bool fault_slows(const struct scenario *scenario, const struct fault_spec *fault, uint32_t group)
{
    const struct group_spec *spec = &scenario->group[group];

    for (uint32_t i = 0; i < spec->n_reads; i++)
        if (stage_meets(scenario, spec->read[i].stage, fault)) return true;
    return false;
}
