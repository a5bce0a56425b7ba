/* SPDX-License-Identifier: GPL-3.0-or-later
 * Ends of ranges that the distance accepts.
 *
 * The distance takes figures for normal about their mean. What hangs on chance need not be: the least spread that the
 * lags of partitions ever have may be far from none. So where the distance accepts a value up to an end of its range,
 * runs there are asked themselves, of the figure that moves most on the way to it: when what was observed lies beyond
 * all of so many runs that chance has it there in as few cases as the confidence leaves to one side (Barnard's Monte
 * Carlo test, exact for any distribution), the end is refused, and halving finds the limit. The value then is where
 * that figure's mean is what was observed, by runs at places of the range that was accepted: the distance, which
 * accepts what is refused, is no judge of it. Coarse sweeps ask as well, so that the fine one looks at the right place;
 * an end that is refused by the fine distance itself needs no witness any more (calibrate.c). */
#include "sim/lab/fitting.h"

#include <math.h>
#include <string.h>

enum { HALVINGS = 3, FIRST_RUNS = 4, LINE_PLACES = 5, LINE_RUNS = 8 };
#define MOVES 0.3 /* standard deviations: what moves less cannot tell the places apart */

struct witness {
    uint32_t figure;
    double side; /* +1: it rises on the way to the end, -1: it falls; 0: there is none */
};

/* The most that another value moves each figure while it goes through what is accepted of it, in standard deviations:
 * it might make up for that much. */
static double *moved_by_others(struct fit_state *fit, uint32_t k, const struct profile *profile)
{
    const uint32_t n = fit->calibrate->targets.n;
    struct sight *low = arena_array(fit->arena, struct sight, n), *high = arena_array(fit->arena, struct sight, n);
    double *most = arena_array(fit->arena, double, n), place[MINIMUM_MOST];
    for (uint32_t l = 0; l < fit->calibrate->n_values; l++) {
        if (l == k || !fit_is_joint(fit)) continue;
        memcpy(place, fit->best, sizeof place);
        place[l] = profile[l].low;
        response_at(&fit->response, place, low);
        place[l] = profile[l].high;
        response_at(&fit->response, place, high);
        for (uint32_t f = 0; f < n; f++)
            most[f] = fmax(most[f], fabs(high[f].mean - low[f].mean) / sqrt(low[f].variance + high[f].variance));
    }
    return most;
}

/* The figure that moves most from one end of what is accepted to the other, and that no other value moves as far. */
static struct witness find_witness(struct fit_state *fit, const double *end, const double *other, const double *others)
{
    const struct targets *targets = &fit->calibrate->targets;
    struct sight *here = arena_array(fit->arena, struct sight, targets->n);
    struct sight *there = arena_array(fit->arena, struct sight, targets->n);
    struct witness witness = { 0 };
    double most = MOVES;
    response_at(&fit->response, other, here);
    response_at(&fit->response, end, there);
    for (uint32_t f = 0; f < targets->n; f++) {
        const struct target *target = &targets->target[f];
        const bool hangs_on_chance = here[f].variance > here[f].clock * here[f].clock + target->sd * target->sd;
        const double moved = (there[f].mean - here[f].mean) / sqrt(here[f].variance + there[f].variance);
        if (target->use != TARGET_DECIDES || !hangs_on_chance || !(fabs(moved) > most) || !(fabs(moved) > others[f]))
            continue;
        most = fabs(moved);
        witness = (struct witness){ f, moved > 0 ? 1 : -1 };
    }
    return witness;
}

/* How many of the runs from first on do not lie beyond what was observed, by more than its clock and count may err. */
static uint32_t runs_reaching(const struct fit_state *fit, const struct probe *probe, const struct witness *witness,
                              uint32_t first)
{
    const struct target *target = &fit->calibrate->targets.target[witness->figure];
    const struct sight sight = fitting_sight(probe, witness->figure, probe->n);
    const double errs = sqrt(sight.clock * sight.clock + target->sd * target->sd);
    uint32_t n = 0;
    for (uint32_t r = first; r < probe->n; r++)
        n += !(witness->side * (fitting_shown(probe, r, witness->figure, WATCH_AT) - target->observed) > errs);
    return n;
}

/* One run that reaches what was observed settles it: more are made only while there is none. */
static bool is_refused(struct fit_state *fit, const double *place, const struct witness *witness, bool *refused,
                       struct sim_err *err)
{
    const uint32_t runs = (uint32_t)ceil(2 / (1 - fit->calibrate->confidence) - 1e-6) - 1;
    struct probe probe;
    fitting_prepare(fit, &probe, place, runs);
    *refused = true;
    for (uint32_t until = FIRST_RUNS; *refused && probe.n < runs; until *= 2) {
        const uint32_t first = probe.n;
        if (!fitting_run(fit, &probe, 1, until < runs ? until : runs, err)) return false;
        *refused = runs_reaching(fit, &probe, witness, first) == 0;
    }
    return true;
}

/* With value k there, the others where they make the best of it: what they can make up for refuses nothing. */
static void place_at(struct fit_state *fit, uint32_t k, double at, double *place)
{
    bool held[MINIMUM_MOST] = { false };
    held[k] = true;
    memcpy(place, fit->best, sizeof fit->best);
    place[k] = at;
    if (!fit_is_joint(fit)) return;
    fitting_use_path(fit, k);
    distance_least(&fit->question, place, held);
    fitting_use_path(fit, NONE);
}

/* From low to high, the first place at which the witness's mean in new runs, straight between the places run, is what
 * was observed. */
static bool find_by_witness(struct fit_state *fit, uint32_t k, const struct witness *witness, double low, double high,
                            double *found, struct sim_err *err)
{
    struct probe probe[LINE_PLACES];
    double place[MINIMUM_MOST], at[LINE_PLACES], off[LINE_PLACES];
    for (uint32_t i = 0; i < LINE_PLACES; i++) {
        at[i] = low + (high - low) * i / (LINE_PLACES - 1);
        place_at(fit, k, at[i], place);
        fitting_prepare(fit, &probe[i], place, LINE_RUNS);
    }
    if (!fitting_run(fit, probe, LINE_PLACES, LINE_RUNS, err)) return false;
    *found = (low + high) / 2;
    for (uint32_t i = 0; i < LINE_PLACES; i++)
        off[i] = fitting_sight(&probe[i], witness->figure, LINE_RUNS).mean -
                 fit->calibrate->targets.observed[witness->figure];
    for (uint32_t i = 0; i + 1 < LINE_PLACES; i++) {
        if (!(off[i] * off[i + 1] <= 0) || !(fabs(off[i] - off[i + 1]) > 0)) continue;
        *found = at[i] + off[i] / (off[i] - off[i + 1]) * (at[i + 1] - at[i]);
        break;
    }
    return true;
}

/* Where the end is refused: the limit, and the value that is then decided. */
static bool look_at_end(struct fit_state *fit, uint32_t k, const struct profile *all, const struct profile *near,
                        bool is_low, struct sim_err *err)
{
    const struct profile *profile = &all[k];
    double inside[MINIMUM_MOST], beyond[MINIMUM_MOST], place[MINIMUM_MOST];
    place_at(fit, k, is_low ? profile->low : profile->high, beyond);
    place_at(fit, k, is_low ? near->high : near->low, inside);
    const struct witness witness = find_witness(fit, beyond, inside, moved_by_others(fit, k, all));
    bool refused = false;
    inside[k] = is_low ? profile->high : profile->low;
    if (!(fabs(witness.side) > 0)) return true;
    if (!is_refused(fit, beyond, &witness, &refused, err)) return false;
    if (!refused) return true;
    struct witnessed *found = &fit->witnessed[k];
    if (!find_by_witness(fit, k, &witness, profile->low, profile->high, &inside[k], err)) return false;
    if (!found->is) *found = (struct witnessed){ true, witness.figure, inside[k], { 0, 1 } };
    for (uint32_t i = 0; i < HALVINGS; i++) {
        bool here;
        place_at(fit, k, (inside[k] + beyond[k]) / 2, place);
        if (!is_refused(fit, place, &witness, &here, err)) return false;
        (here ? beyond : inside)[k] = place[k];
    }
    *(is_low ? &found->within.low : &found->within.high) = beyond[k];
    return true;
}

/* Values that a witness has decided go back to where it has them. True when there are any. */
static bool hold_witnessed(struct fit_state *fit, bool *held)
{
    bool some = false;
    for (uint32_t k = 0; k < fit->calibrate->n_values; k++) {
        held[k] = fit->witnessed[k].is;
        some = some || held[k];
        if (held[k]) fit->best[k] = fit->witnessed[k].place;
    }
    return some;
}

void fitting_keep_witnessed(struct fit_state *fit)
{
    bool held[MINIMUM_MOST];
    if (hold_witnessed(fit, held)) distance_least(&fit->question, fit->best, held);
}

static bool is_left_open(const struct profile *profile, const struct box *box, double before)
{
    return ((profile->open_low && is_range_end(box->low)) || (profile->open_high && is_range_end(box->high))) &&
           before >= profile->low && before <= profile->high;
}

/* What the observations leave open stays as the scenario says, where they accept that beside what is kept already: of
 * two that each may be anything while the other gives what was observed, only one can be. What a witness has decided
 * stays where that has it. */
void fitting_keep_undecided(struct fit_state *fit, const struct profile *profile)
{
    bool held[MINIMUM_MOST];
    struct box box[MINIMUM_MOST];
    response_box(&fit->response, box);
    hold_witnessed(fit, held);
    if (fit_is_joint(fit)) distance_least(&fit->question, fit->best, held);
    for (uint32_t k = 0; k < fit->calibrate->n_values; k++) {
        const struct free_value *value = &fit->calibrate->value[k];
        const double before = free_value_place(value, value->before);
        double place[MINIMUM_MOST];
        if (held[k] || !is_left_open(&profile[k], &box[k], before)) continue;
        memcpy(place, fit->best, sizeof place);
        place[k] = before;
        held[k] = true;
        if (!fit_is_joint(fit)) {
            fit->best[k] = before;
            continue;
        }
        fitting_use_path(fit, k);
        const double least = distance_at(&fit->question, fit->best);
        if (distance_least(&fit->question, place, held) <= least + profile[k].bound)
            memcpy(fit->best, place, sizeof fit->best);
        else held[k] = false;
    }
    fitting_use_path(fit, NONE);
    if (!fit_is_joint(fit)) distance_least(&fit->question, fit->best, held);
}

static void limit_witnessed(const struct fit_state *fit, struct profile *profile)
{
    for (uint32_t k = 0; k < fit->calibrate->n_values; k++) {
        const struct witnessed *found = &fit->witnessed[k];
        if (found->is && found->within.low > 0 && profile[k].low < found->within.low) {
            profile[k].low = profile[k].at_low[k] = found->within.low;
            profile[k].open_low = false;
        }
        if (found->is && found->within.high < 1 && profile[k].high > found->within.high) {
            profile[k].high = profile[k].at_high[k] = found->within.high;
            profile[k].open_high = false;
        }
    }
}

bool fitting_look_at_ends(struct fit_state *fit, struct profile *profile, const struct profile *near,
                          struct sim_err *err)
{
    struct box box[MINIMUM_MOST];
    response_box(&fit->response, box);
    for (uint32_t k = 0; k < fit->calibrate->n_values; k++) {
        const struct profile *one = &profile[k];
        if (fit->witnessed[k].is) continue;
        if (one->open_low && is_range_end(box[k].low) && !look_at_end(fit, k, profile, &near[k], true, err))
            return false;
        if (one->open_high && is_range_end(box[k].high) && !look_at_end(fit, k, profile, &near[k], false, err))
            return false;
    }
    limit_witnessed(fit, profile);
    fitting_keep_undecided(fit, profile);
    return true;
}
