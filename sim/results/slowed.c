/* SPDX-License-Identifier: GPL-3.0-or-later
 * See slowed.h. */
#include "sim/results/slowed.h"

#include <math.h>

#include "models/reach.h"
#include "sim/results/layout.h"

/* ---- what it reaches ---- */

/* Consumers are dealt to instances in turn: the first ones have some. */
static bool lives_in(const struct group_spec *group, const struct fault_spec *fault)
{
    const uint32_t most = group->consumers_max > group->consumers ? group->consumers_max : group->consumers;
    return fault->target == group->process && (fault->instance == NONE || fault->instance < most);
}

/* What is quicker made nothing longer; and a slow broker takes the client's time, which is not a record's. */
static bool reaches(const struct scenario *scenario, uint32_t group, const struct fault_spec *fault)
{
    switch (fault->on) {
    case ON_PROCESS: return fault->kind == FAULT_PAUSE && lives_in(&scenario->group[group], fault);
    case ON_STAGE: case ON_STORE: case ON_LOCK:
        return (fault->kind != FAULT_SLOW || fault->factor > 1) && fault_slows(scenario, fault, group);
    case ON_GROUP: case ON_KAFKA: case ON_TOPIC: break;
    }
    return false;
}

/* ---- when ---- */

struct span { double from_s, to_s; };

/* From the first one to the end of the last. One before the end of the warm-up is not counted, and may last. */
static struct span span_of(const struct outcome *outcome, const struct fault_spec *fault)
{
    const double lasts_s = dist_mean_s(&fault->lasts), warm_s = ns_to_s(outcome->study->scenario.warm_up_ns);
    const double at_s = ns_to_s(fault->at_ns);

    if (outcome_mean(outcome, "faults.%s.happened", fault->name) > 0)
        return (struct span){ outcome_mean(outcome, "faults.%s.first_at_s", fault->name),
                              outcome_mean(outcome, "faults.%s.last_at_s", fault->name) + lasts_s };
    if (fault->when == WHEN_AT && at_s < warm_s && at_s + lasts_s > warm_s)
        return (struct span){ at_s, at_s + lasts_s };
    return (struct span){ INFINITY, INFINITY };
}

/* From the first record that it can have, to the last. */
static struct span work_of(const struct outcome *outcome, uint32_t group)
{
    const struct group_spec *spec = &outcome->study->scenario.group[group];
    const double came_s = spec->n_backlog > 0 ? 0 : ns_to_s(outcome->layout->load_from_ns);
    const bool is_done = outcome_nulls(outcome, "groups.%s.drained_at_s", spec->name) == 0;

    return (struct span){ fmax(ns_to_s(spec->start_ns), came_s),
                          is_done ? outcome_mean(outcome, "groups.%s.drained_at_s", spec->name)
                                  : (double)INFINITY };
}

bool slowed_by_fault(const struct outcome *outcome, uint32_t group)
{
    const struct scenario *scenario = &outcome->study->scenario;
    const struct span work = work_of(outcome, group);

    for (uint32_t i = 0; i < scenario->n_faults; i++) {
        if (!reaches(scenario, group, &scenario->fault[i])) continue;
        const struct span fault = span_of(outcome, &scenario->fault[i]);
        if (fault.from_s < work.to_s && fault.to_s > work.from_s) return true;
    }
    return false;
}
