/* SPDX-License-Identifier: GPL-3.0-or-later
 * See added.h. A fault adds to a record what it lasts, and to all that are under way at the time, whoever it is that
 * stands still: they may wait for him. Who dies, or hears no answer, leaves a lock behind until its lease ends. */
#include "sim/results/added.h"

#include <math.h>

#include "models/reach.h"
#include "sim/results/pace.h"

/* What is drawn so often is hardly ever longer. */
#define DEVIATIONS 4

static double lasts_s(const struct fault_spec *fault, double times)
{
    double mean_s, cv;
    dist_moments(&fault->lasts, &mean_s, &cv);
    return times * mean_s + DEVIATIONS * cv * mean_s * sqrt(times);
}

/* Until a lock goes to somebody else whose holder says nothing any more. */
static double longest_lease_s(const struct scenario *scenario)
{
    sim_ns lease_ns = 0, answer_ns = 0;
    for (uint32_t i = 0; i < scenario->n_locks; i++) {
        if (scenario->lock[i].lease_ns > lease_ns) lease_ns = scenario->lock[i].lease_ns;
        if (scenario->lock[i].command_timeout_ns > answer_ns) answer_ns = scenario->lock[i].command_timeout_ns;
    }
    for (uint32_t i = 0; i < scenario->n_stages; i++)
        for (uint32_t k = 0; k < scenario->stage[i].n_steps; k++)
            if (scenario->stage[i].step[k].kind == STEP_LOCK && scenario->stage[i].step[k].lease_ns > lease_ns)
                lease_ns = scenario->stage[i].step[k].lease_ns;
    return ns_to_s(lease_ns) + ns_to_s(answer_ns);
}

/* Of what takes f times as long, all but one f-th was added; and what begins at the last moment is slow to its end. */
static double slowed_s(const struct scenario *scenario, const struct fault_spec *fault, double times, double held_s)
{
    double longest_s = 0;
    if (fault->factor <= 1) return 0;
    for (uint32_t i = 0; i < scenario->n_groups; i++)
        longest_s = fmax(longest_s, pace_longest_s(scenario, &scenario->group[i]));
    return (1 - 1 / fault->factor) * held_s + (fault->factor - 1) * longest_s * times;
}

/* To the time of one consumer. held_s: of what the fault lasted. */
static double added_s(const struct scenario *scenario, const struct fault_spec *fault, double times, double held_s)
{
    switch (fault->kind) {
    case FAULT_PAUSE: return held_s;
    case FAULT_SLOW: return slowed_s(scenario, fault, times, held_s);
    case FAULT_OUTAGE: case FAULT_FAILOVER: case FAULT_DROP:
        return held_s + (fault->on == ON_KAFKA ? 0 : times * longest_lease_s(scenario));
    case FAULT_CRASH: case FAULT_RESTART: return times * longest_lease_s(scenario);
    case FAULT_SCALE: case FAULT_DUPLICATE: case FAULT_KINDS: break;
    }
    return 0;
}

/* One before the end of the warm-up is not counted, and may last. */
static double times_of(const struct scenario *scenario, const struct fault_facts *facts)
{
    return (double)facts->happened + (scenario->warm_up_ns > 0);
}

double added_by_faults_s(const struct scenario *scenario, const struct run_facts *run, uint32_t group,
                         bool is_left_out)
{
    double sum_s = 0;
    for (uint32_t i = 0; i < scenario->n_faults; i++) {
        const struct fault_spec *fault = &scenario->fault[i];
        const double times = times_of(scenario, &run->fault[i]);
        const bool is_over = is_left_out && fault_slows(scenario, fault, group);
        sum_s += added_s(scenario, fault, times, is_over ? 0 : lasts_s(fault, times));
    }
    return sum_s * scenario->group[group].consumers;
}
