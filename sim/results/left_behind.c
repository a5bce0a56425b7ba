/* SPDX-License-Identifier: GPL-3.0-or-later
 * See left_behind.h. */
#include "sim/results/left_behind.h"

#include <math.h>

/* What is drawn is hardly ever longer. */
#define DEVIATIONS 4

static double longest_s(const struct taken *taken)
{
    double mean_s, cv;
    if (taken->fault->kind != FAULT_PAUSE) return taken->for_s;
    dist_moments(&taken->fault->lasts, &mean_s, &cv);
    return taken->for_s + DEVIATIONS * cv * mean_s;
}

/* When those that are left have what it had; INFINITY: not before it is back. Who leaves in good order tells them. */
static double passed_on_s(const struct taken *taken, const struct group_spec *group)
{
    const bool leaves = taken->fault->kind == FAULT_SCALE ||
        (taken->fault->kind == FAULT_RESTART && !taken->killed && !group->static_members);
    if (leaves || taken->precedes) return 0;
    return longest_s(taken) > ns_to_s(group->session_timeout_ns) ? ns_to_s(group->session_timeout_ns)
                                                                  : (double)INFINITY;
}

/* Whoever leaves, or is put out, or comes back as somebody else. */
static bool makes_rebalances(const struct taken *taken, const struct group_spec *group)
{
    return taken->is_passed_on || taken->session_s > 0 || longest_s(taken) > ns_to_s(group->session_timeout_ns) ||
        longest_s(taken) > ns_to_s(group->max_poll_interval_ns);
}

/* While nobody does what it did, each time; rebalances are those of the whole run. */
static double waits_s(const struct outcome *outcome, const struct taken *taken, const struct group_spec *group)
{
    const double away_s = fmax(fmin(longest_s(taken), passed_on_s(taken, group)), taken->session_s);
    const double times = taken->turns * taken->times;
    if (!makes_rebalances(taken, group) || !(times > 0)) return away_s;
    return away_s + outcome_mean(outcome, "groups.%s.rebalance_s", group->name) / fmax(1, times);
}

/* What those that are left do not keep up with from then on. */
static double grows(const struct group_demand *demand, const struct taken *taken, const struct group_spec *group)
{
    const double lacks_per_s = demand->offered_per_s - taken->left_per_s;
    const double for_s = longest_s(taken) - taken->before_s - passed_on_s(taken, group);
    return lacks_per_s > 0 && for_s > 0 ? lacks_per_s * for_s : 0;
}

/* How many of them add up: of those that come at fixed times one, where it is worked off before the next, by all that
 * are there again until then. */
static double times_of(const struct taken *taken, const struct group_demand *demand, const struct group_spec *group,
                       double once)
{
    const struct fault_spec *fault = taken->fault;
    const double spare_per_s = demand->capacity_per_s - demand->offered_per_s;
    const double each = taken->turns;
    const double between_s = ns_to_s(fault->every_ns) - each * fmin(longest_s(taken), passed_on_s(taken, group));
    const bool is_over = fault->when == WHEN_EVERY && each * once < spare_per_s * between_s;
    return each * (is_over ? fmin(1, taken->times) : taken->times);
}

double left_behind(const struct outcome *outcome, const struct group_demand *demand, const struct taken *taken)
{
    const struct group_spec *group = &outcome->study->scenario.group[demand->group];
    const double once = demand->offered_per_s * waits_s(outcome, taken, group) + grows(demand, taken, group);

    return once * times_of(taken, demand, group, once);
}
