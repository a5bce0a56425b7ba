/* SPDX-License-Identifier: GPL-3.0-or-later
 * Instants are compared as the controller does: a recommendation that is as old as the window counts without a
 * behavior, and does not with one. */
#include "models/kubernetes/hpa.h"

#include <math.h>

enum { LIMIT_FACTOR = 2, LIMIT_LEAST = 4 }; /* of one step up, without a behavior */

/* ---- what it remembers ---- */

static sim_ns longer(sim_ns a, sim_ns b) { return a > b ? a : b; }
static uint32_t lesser(uint32_t a, uint32_t b) { return a < b ? a : b; }
static uint32_t greater(uint32_t a, uint32_t b) { return a > b ? a : b; }

/* Room for one note a turn over so long a time. */
static void notes_init(struct hpa_notes *notes, sim_ns span_ns, sim_ns sync_ns, struct arena *arena)
{
    *notes = (struct hpa_notes){ .capacity = (uint32_t)(span_ns / sync_ns) + 2 };
    notes->note = arena_array(arena, struct hpa_note, notes->capacity);
}

static void notes_add(struct hpa_notes *notes, sim_ns at_ns, uint32_t pods)
{
    notes->note[notes->n++ % notes->capacity] = (struct hpa_note){ at_ns, pods };
}

static uint32_t notes_kept(const struct hpa_notes *notes) { return lesser(notes->n, notes->capacity); }

static int64_t sum_after(const struct hpa_notes *notes, sim_ns after_ns)
{
    int64_t pods = 0;
    for (uint32_t i = 0; i < notes_kept(notes); i++)
        if (notes->note[i].at_ns > after_ns) pods += notes->note[i].pods;
    return pods;
}

static sim_ns longest_period(const struct scale_rules *rules)
{
    sim_ns longest_ns = 0;
    for (uint32_t i = 0; i < rules->n_policies; i++) longest_ns = longer(longest_ns, rules->policy[i].period_ns);
    return longest_ns;
}

void hpa_init(struct hpa *hpa, const struct scaler_spec *spec, sim_ns now_ns, uint32_t replicas, struct arena *arena)
{
    const sim_ns window_ns =
        spec->has_behavior ? longer(spec->up.window_ns, spec->down.window_ns) : spec->downscale_window_ns;
    const sim_ns period_ns = longer(longest_period(&spec->up), longest_period(&spec->down));
    *hpa = (struct hpa){ .spec = spec, .least = spec->min_replicas > 0 ? spec->min_replicas : 1 };
    notes_init(&hpa->recommendations, window_ns, spec->sync_ns, arena);
    notes_init(&hpa->ups, period_ns, spec->sync_ns, arena);
    notes_init(&hpa->downs, period_ns, spec->sync_ns, arena);
    notes_add(&hpa->recommendations, now_ns, replicas);
}

/* ---- the metric ---- */

uint32_t hpa_desired(const struct scaler_spec *spec, uint32_t replicas, int64_t total)
{
    const double utilization = (double)(total * 1000), target = (double)(spec->lag_threshold * 1000);
    const double ratio = utilization / (target * (double)replicas);
    if (1.0 - spec->tolerance <= ratio && ratio <= 1.0 + spec->tolerance) return replicas;
    const double desired = ceil(utilization / target);
    return desired < (double)INT32_MAX ? (uint32_t)desired : INT32_MAX;
}

/* ---- without a behavior ---- */

static uint32_t stabilise_down(const struct hpa *hpa, sim_ns now_ns, uint32_t desired)
{
    const struct hpa_notes *notes = &hpa->recommendations;
    for (uint32_t i = 0; i < notes_kept(notes); i++)
        if (notes->note[i].at_ns >= now_ns - hpa->spec->downscale_window_ns)
            desired = greater(desired, notes->note[i].pods);
    return desired;
}

static uint32_t limit_step(const struct hpa *hpa, uint32_t replicas, uint32_t desired)
{
    const uint32_t most = greater(LIMIT_FACTOR * replicas, LIMIT_LEAST);
    if (desired < hpa->least) return hpa->least;
    return lesser(desired, lesser(hpa->spec->max_replicas, most));
}

/* ---- with one ---- */

/* The present number, moved into what both windows allow. */
static uint32_t stabilise_both(const struct hpa *hpa, sim_ns now_ns, uint32_t replicas, uint32_t desired)
{
    const struct hpa_notes *notes = &hpa->recommendations;
    uint32_t up = desired, down = desired;
    for (uint32_t i = 0; i < notes_kept(notes); i++) {
        if (notes->note[i].at_ns > now_ns - hpa->spec->up.window_ns) up = lesser(up, notes->note[i].pods);
        if (notes->note[i].at_ns > now_ns - hpa->spec->down.window_ns) down = greater(down, notes->note[i].pods);
    }
    return lesser(greater(replicas, up), down);
}

static int64_t proposal(const struct scale_policy *policy, int64_t at_start, bool up)
{
    if (!policy->percent) return up ? at_start + policy->value : at_start - (int64_t)policy->value;
    const double share = (double)policy->value / 100;
    return up ? (int64_t)ceil((double)at_start * (1 + share)) : (int64_t)((double)at_start * (1 - share));
}

/* How far one step may go: the boldest of the policies, or the most careful one. */
static int64_t limit_by_policies(const struct hpa *hpa, sim_ns now_ns, uint32_t replicas, bool up)
{
    const struct scale_rules *rules = up ? &hpa->spec->up : &hpa->spec->down;
    const bool wants_greater = up == (rules->select == SELECT_MAX);
    int64_t limit = wants_greater ? INT64_MIN : INT64_MAX;
    if (rules->select == SELECT_DISABLED) return replicas;
    for (uint32_t i = 0; i < rules->n_policies; i++) {
        const sim_ns from_ns = now_ns - rules->policy[i].period_ns;
        const int64_t at_start =
            (int64_t)replicas - sum_after(&hpa->ups, from_ns) + sum_after(&hpa->downs, from_ns);
        const int64_t proposed = proposal(&rules->policy[i], at_start, up);
        if (wants_greater ? proposed > limit : proposed < limit) limit = proposed;
    }
    return limit;
}

static uint32_t limit_rate(const struct hpa *hpa, sim_ns now_ns, uint32_t replicas, uint32_t desired)
{
    if (desired == replicas) return desired;
    const bool up = desired > replicas;
    int64_t limit = limit_by_policies(hpa, now_ns, replicas, up);
    if (up ? limit < replicas : limit > replicas) limit = replicas;
    if (up && limit > hpa->spec->max_replicas) limit = hpa->spec->max_replicas;
    if (!up && limit < hpa->least) limit = hpa->least;
    return up ? lesser(desired, (uint32_t)limit) : greater(desired, (uint32_t)limit);
}

/* ---- a turn ---- */

static uint32_t normalise(struct hpa *hpa, sim_ns now_ns, uint32_t replicas, uint32_t desired)
{
    const bool has_behavior = hpa->spec->has_behavior;
    const uint32_t stable = has_behavior ? stabilise_both(hpa, now_ns, replicas, desired)
                                         : stabilise_down(hpa, now_ns, desired);
    notes_add(&hpa->recommendations, now_ns, desired);
    return has_behavior ? limit_rate(hpa, now_ns, replicas, stable) : limit_step(hpa, replicas, stable);
}

bool hpa_grows(const struct hpa *hpa, uint32_t replicas, int64_t total)
{
    const struct scaler_spec *spec = hpa->spec;
    if (replicas == 0 || replicas >= spec->max_replicas) return false;
    if (replicas < hpa->least) return true;
    if (spec->has_behavior && spec->up.select == SELECT_DISABLED) return false;
    return hpa_desired(spec, replicas, total) > replicas;
}

uint32_t hpa_sync(struct hpa *hpa, sim_ns now_ns, uint32_t replicas, int64_t total)
{
    uint32_t next;
    if (replicas == 0) return 0;
    if (replicas > hpa->spec->max_replicas) next = hpa->spec->max_replicas;
    else if (replicas < hpa->least) next = hpa->least;
    else next = normalise(hpa, now_ns, replicas, hpa_desired(hpa->spec, replicas, total));
    if (next > replicas) notes_add(&hpa->ups, now_ns, next - replicas);
    if (next < replicas) notes_add(&hpa->downs, now_ns, replicas - next);
    return next;
}
