/* SPDX-License-Identifier: GPL-3.0-or-later
 * See taken.h. */
#include "sim/results/taken.h"

#include <math.h>

#include "sim/results/bottleneck.h"
#include "sim/results/left_behind.h"
#include "sim/results/split.h"

/* Consumers are dealt to instances in turn; of an instance that is drawn, as many as the fullest has. */
static uint32_t consumers_of(const struct scenario *scenario, const struct group_spec *group, uint32_t instance)
{
    const uint32_t instances = scenario->process[group->process].instances;
    const uint32_t first = instance == NONE ? 0 : instance;
    return group->consumers / instances + (first < group->consumers % instances);
}

/* A group that has another number from then on, until it has as many again. */
static double scaled_for_s(const struct scenario *scenario, const struct fault_spec *fault, uint32_t consumers)
{
    double for_s = INFINITY;
    for (uint32_t i = 0; i < scenario->n_faults; i++) {
        const struct fault_spec *later = &scenario->fault[i];
        if (later->kind == FAULT_SCALE && later->target == fault->target && later->when == WHEN_AT &&
            later->at_ns > fault->at_ns && later->consumers >= consumers)
            for_s = fmin(for_s, ns_to_s(later->at_ns - fault->at_ns));
    }
    return for_s;
}

/* Instances that die for good do so one after the other. */
static uint32_t lost_for_good(const struct fault_spec *fault, uint32_t each, uint32_t all, double times)
{
    const double lost = fault->instance == NONE ? each * fmax(1, round(times)) : each;
    return lost < all ? (uint32_t)lost : all;
}

static sim_ns rebalance_waits_ns(const struct group_spec *group)
{
    return group->rebalance_timeout_ns > 0 ? group->rebalance_timeout_ns : group->max_poll_interval_ns;
}

/* The member that died is put out when its session has ended, or when the rebalance that began with the return has
 * waited for it for long enough. A session goes on from the last heartbeat: one that may have ended before the return
 * makes nobody wait for longer than until the next would have come. */
static void measure_session(struct taken *taken, const struct group_spec *group)
{
    const sim_ns back_ns = taken->fault->back_after_ns;

    if (taken->precedes || group->static_members || back_ns >= group->session_timeout_ns - group->heartbeat_ns) return;
    taken->session_s =
        fmin(ns_to_s(group->session_timeout_ns), ns_to_s(back_ns) + ns_to_s(rebalance_waits_ns(group)));
    taken->holds_all = group->assignor != ASSIGN_COOPERATIVE_STICKY;
}

/* How many a fault takes at a time, and for how long. */
static void measure(struct taken *taken, const struct scenario *scenario, const struct group_spec *group,
                    uint32_t group_index)
{
    const struct fault_spec *fault = taken->fault;
    const bool is_here = fault->on == ON_PROCESS && fault->target == group->process;
    const uint32_t each = is_here ? consumers_of(scenario, group, fault->instance) : 0;

    switch (fault->kind) {
    case FAULT_CRASH:
        taken->for_s = fault->comes_back ? ns_to_s(fault->back_after_ns) : (double)INFINITY;
        taken->consumers = fault->comes_back ? each : lost_for_good(fault, each, group->consumers, taken->times);
        if (fault->comes_back) measure_session(taken, group);
        break;
    case FAULT_PAUSE:
        taken->for_s = dist_mean_s(&fault->lasts);
        taken->consumers = each;
        break;
    case FAULT_RESTART:
        taken->for_s = ns_to_s(fault->back_after_ns);
        taken->consumers = !is_here || fault->instance != NONE || fault->rolling ? each : group->consumers;
        if (taken->killed) measure_session(taken, group);
        break;
    case FAULT_SCALE:
        if (fault->target != group_index || fault->consumers >= group->consumers) break;
        taken->for_s = scaled_for_s(scenario, fault, group->consumers);
        taken->consumers = group->consumers - fault->consumers;
        break;
    case FAULT_OUTAGE: case FAULT_FAILOVER: case FAULT_SLOW: case FAULT_DUPLICATE: case FAULT_DROP: case FAULT_KINDS:
        break;
    }
}

static bool is_rolling(const struct fault_spec *fault)
{
    return fault->kind == FAULT_RESTART && fault->rolling && fault->instance == NONE;
}

/* When it has given back the last one that it took, whatever drawn pauses are. */
static double over_s(const struct taken *taken, const struct scenario *scenario)
{
    const struct fault_spec *fault = taken->fault;
    return ns_to_s(fault->at_ns) +
        taken->for_s * (is_rolling(fault) ? scenario->process[fault->target].instances : 1);
}

/* Nobody is a member of a group before it starts, not even at that instant: whoever is there then is dealt all. */
static bool precedes(const struct fault_spec *fault, const struct group_spec *group)
{
    return fault->when == WHEN_AT && group->start_ns > 0 && fault->at_ns <= group->start_ns;
}

/* Of a rolling restart that has begun before the group starts it goes on with the next one in turn, or with what is
 * left of the last. */
static void roll_on(struct taken *taken, double all, double each_s)
{
    const double over = taken->before_s / each_s, next = ceil(over);
    const bool is_last = next >= all;

    taken->precedes = is_last;
    taken->turns = is_last ? 1 : all - over;
    taken->at_s += (is_last ? all - 1 : next) * each_s;
    taken->before_s = is_last ? taken->before_s - (all - 1) * each_s : 0;
}

static void find_turns(struct taken *taken, const struct scenario *scenario, const struct group_spec *group)
{
    const struct fault_spec *fault = taken->fault;
    const double each_s = ns_to_s(fault->back_after_ns);

    taken->turns = is_rolling(fault) ? scenario->process[fault->target].instances : 1;
    if (!taken->precedes) return;
    taken->before_s = ns_to_s(group->start_ns - fault->at_ns);
    if (is_rolling(fault) && each_s > 0) roll_on(taken, taken->turns, each_s);
}

/* Who leaves in good order tells the group; of who vanishes it learns when the session has ended. A static member's
 * partitions wait for it as long. */
static bool is_passed_on(const struct taken *taken, const struct group_spec *group)
{
    const enum fault_kind kind = taken->fault->kind;
    if (taken->precedes) return true;
    if (kind == FAULT_SCALE || (kind == FAULT_RESTART && !taken->killed && !group->static_members)) return true;
    return taken->for_s > ns_to_s(group->session_timeout_ns);
}

/* A fault before the end of the warm-up is not counted, and has taken what it took. */
static double times_of(const struct outcome *outcome, const struct fault_spec *fault)
{
    const double counted = outcome_mean(outcome, "faults.%s.happened", fault->name);
    if (counted > 0 || fault->when != WHEN_AT) return counted;
    return ns_to_s(fault->at_ns) < ns_to_s(outcome->study->scenario.warm_up_ns);
}

/* A restart that kills is a crash, but for those who have left before: their sessions do not end. */
static bool is_killed(const struct outcome *outcome, const struct fault_spec *fault, const struct group_spec *group)
{
    if (fault->kind != FAULT_RESTART) return false;
    if (fault->kill_after_ns == 0) return true;
    if (!(outcome_mean(outcome, "faults.%s.killed", fault->name) > 0)) return false;
    return outcome_mean(outcome, "groups.%s.sessions_expired", group->name) > 0 ||
           rebalance_waits_ns(group) < group->session_timeout_ns;
}

static double first_at_s(const struct outcome *outcome, const struct fault_spec *fault)
{
    if (fault->when == WHEN_AT) return ns_to_s(fault->at_ns);
    return outcome_mean(outcome, "faults.%s.first_at_s", fault->name);
}

/* Consumers x time, each time. */
static double lost_s(const struct taken *taken, const struct group_spec *group)
{
    const uint32_t held = taken->holds_all ? group->consumers : taken->consumers;
    return taken->consumers * (taken->for_s - taken->before_s) + held * fmax(0, taken->session_s - taken->for_s);
}

static bool is_worse(const struct taken *a, const struct taken *b, const struct group_spec *group)
{
    if (!b->fault || isinf(a->for_s) != isinf(b->for_s)) return !b->fault || isinf(a->for_s);
    if (isinf(a->for_s)) return a->consumers > b->consumers;
    return lost_s(a, group) * a->times > lost_s(b, group) * b->times;
}

static double pace_of(const struct outcome *outcome, const struct group_demand *demand, uint32_t consumers)
{
    struct arena scratch;

    if (consumers == 0) return 0;
    arena_init(&scratch);
    const double *records = bottleneck_records(outcome, demand->group, &scratch);
    const struct group_spec *group = &outcome->study->scenario.group[demand->group];
    const double share = split_of(&outcome->study->scenario, group, consumers, records, &scratch).share;
    arena_fini(&scratch);
    return demand->capacity_per_s * demand->fullest_share / share * bottleneck_quicker(outcome, demand, consumers);
}

/* ---- faults that take consumers away at the same time ---- */

static double until_s(const struct taken *taken) { return ns_to_s(taken->fault->at_ns) + taken->for_s; }

static bool takes_all(const struct taken *taken, const struct group_spec *group)
{
    return taken->consumers == group->consumers;
}

/* Of faults that come again and again, or in turn, nobody knows what else is away then; and of one that draws whom it
 * strikes not whether that one is away already. */
static bool may_meet(const struct taken *taken, const struct group_spec *group)
{
    const struct fault_spec *fault = taken->fault;
    if (fault->when != WHEN_AT || taken->precedes) return false;
    return fault->kind == FAULT_SCALE || fault->instance != NONE || takes_all(taken, group);
}

/* A group that scales keeps the first. Returns how many more are away. */
static uint32_t take(const struct taken *taken, bool *away, const struct scenario *scenario,
                     const struct group_spec *group)
{
    const bool is_scale = taken->fault->kind == FAULT_SCALE, all = takes_all(taken, group);
    const uint32_t every = is_scale || all ? 1 : scenario->process[group->process].instances;
    const uint32_t first = is_scale ? taken->fault->consumers : all ? 0 : taken->fault->instance;
    uint32_t more = 0;

    for (uint32_t i = first; i < group->consumers; i += every) {
        more += !away[i];
        away[i] = true;
    }
    return more;
}

/* Whoever is back first ends the time of all. */
static void join(struct taken *all, const struct taken *one, uint32_t more)
{
    const double until = fmin(all->at_s + all->for_s, until_s(one));
    if (all->n_with < TAKEN_WITH) all->with[all->n_with] = one->fault;
    all->n_with++;
    all->consumers += more;
    all->at_s = fmax(all->at_s, ns_to_s(one->fault->at_ns));
    all->for_s = isinf(until) ? until : until - all->at_s;
    all->times = fmin(all->times, one->times);
    all->session_s = fmax(all->session_s, one->session_s);
    all->killed |= one->killed;
    all->holds_all |= one->holds_all;
}

static bool is_away_at(const struct taken *taken, const struct group_spec *group, double at_s)
{
    return may_meet(taken, group) && ns_to_s(taken->fault->at_ns) <= at_s && at_s < until_s(taken);
}

static struct taken away_at(double at_s, const struct taken *each, uint32_t n, const struct scenario *scenario,
                            const struct group_spec *group, struct arena *scratch)
{
    bool *away = arena_array(scratch, bool, group->consumers);
    struct taken all = { .fault = NULL };

    for (uint32_t i = 0; i < n; i++) {
        if (!is_away_at(&each[i], group, at_s)) continue;
        const uint32_t more = take(&each[i], away, scenario, group);
        if (more > 0 && all.fault) join(&all, &each[i], more);
        else if (more > 0) all = each[i];
    }
    return all;
}

/* Most at a time, and of as many for longest. */
static struct taken most_together(const struct taken *each, uint32_t n, const struct scenario *scenario,
                                  const struct group_spec *group, struct arena *scratch)
{
    struct taken most = { .fault = NULL };
    for (uint32_t i = 0; i < n; i++) {
        if (!may_meet(&each[i], group)) continue;
        const struct taken all = away_at(ns_to_s(each[i].fault->at_ns), each, n, scenario, group, scratch);
        if (all.n_with == 0) continue;
        if (all.consumers > most.consumers || (all.consumers == most.consumers && all.for_s > most.for_s)) most = all;
    }
    return most;
}

/* ---- the worst ---- */

/* Of what the worst left behind alone: faults whose common time left so much are told together. */
#define MOST 0.5

static const struct taken *each_of(const struct outcome *outcome, const struct group_demand *demand, uint32_t *n,
                                   struct arena *scratch)
{
    const struct scenario *scenario = &outcome->study->scenario;
    const struct group_spec *group = &scenario->group[demand->group];
    struct taken *each = arena_array(scratch, struct taken, scenario->n_faults);

    *n = 0;
    for (uint32_t i = 0; i < scenario->n_faults; i++) {
        const struct fault_spec *fault = &scenario->fault[i];
        struct taken taken = { .fault = fault, .times = times_of(outcome, fault),
                               .killed = is_killed(outcome, fault, group), .precedes = precedes(fault, group) };
        const bool began_before = taken.precedes;
        taken.at_s = first_at_s(outcome, fault);
        find_turns(&taken, scenario, group);
        measure(&taken, scenario, group, demand->group);
        if (began_before && over_s(&taken, scenario) <= ns_to_s(group->start_ns)) continue;
        if (taken.times > 0 && taken.consumers > 0) each[(*n)++] = taken;
    }
    return each;
}

static bool all_are_passed_on(const struct taken *taken, const struct group_spec *group)
{
    struct taken one = *taken;
    bool passed_on = is_passed_on(&one, group);
    for (uint32_t i = 0; i < taken->n_with && i < TAKEN_WITH; i++) {
        one.fault = taken->with[i];
        passed_on &= is_passed_on(&one, group);
    }
    return passed_on;
}

/* With a number that is told, one more would be one more that it takes. */
static bool scales(const struct taken *taken)
{
    bool found = taken->fault->kind == FAULT_SCALE;
    for (uint32_t i = 0; i < taken->n_with && i < TAKEN_WITH; i++) found |= taken->with[i]->kind == FAULT_SCALE;
    return found;
}

static void find_left(struct taken *taken, const struct outcome *outcome, const struct group_demand *demand)
{
    const struct group_spec *group = &outcome->study->scenario.group[demand->group];
    const bool reaches_all = taken->n_with == 0 && takes_all(taken, group);
    taken->left = group->consumers - taken->consumers;
    taken->is_passed_on = all_are_passed_on(taken, group);
    taken->left_per_s = pace_of(outcome, demand, taken->left);
    taken->spared_per_s = reaches_all || scales(taken) ? (double)NAN : pace_of(outcome, demand, taken->left + 1);
    taken->behind = left_behind(outcome, demand, taken);
}

struct taken taken_by_fault(const struct outcome *outcome, const struct group_demand *demand)
{
    const struct scenario *scenario = &outcome->study->scenario;
    const struct group_spec *group = &scenario->group[demand->group];
    struct taken worst = { .fault = NULL };
    struct arena scratch;
    uint32_t n;

    if (demand->scaler || scenario->n_faults == 0) return worst;
    arena_init(&scratch);
    const struct taken *each = each_of(outcome, demand, &n, &scratch);
    for (uint32_t i = 0; i < n; i++)
        if (is_worse(&each[i], &worst, group)) worst = each[i];
    struct taken together = most_together(each, n, scenario, group, &scratch);
    arena_fini(&scratch);
    if (!worst.fault) return worst;
    worst.for_good = together.for_good = isinf(worst.for_s);
    find_left(&worst, outcome, demand);
    if (!(together.consumers > worst.consumers)) return worst;
    find_left(&together, outcome, demand);
    const bool tells_more = together.behind >= MOST * worst.behind;
    together.behind = fmax(together.behind, worst.behind);
    return tells_more ? together : worst;
}
