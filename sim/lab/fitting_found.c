/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a fit has found: values with their limits and who decides them, predicted beside observed, and what the
 * observations that contradict would need. */
#include "sim/lab/fitting.h"

#include <math.h>
#include <string.h>

#include "sim/engine/infer.h"

enum { NEED_PLACES = 17 };

static double in_units(const struct free_value *value, double place)
{
    const double quantity = free_value_at(value, place);
    return value->is_duration ? ns_to_s((sim_ns)quantity) : quantity;
}

static double raw_units(const struct free_value *value, double quantity)
{
    return value->is_duration ? quantity / (double)SIM_S : quantity;
}

/* What the figures add to the distance beyond a limit, over what they add at the best place. */
static void weigh(struct fit_state *fit, const double *place, const double *best, double *weight)
{
    const uint32_t n = fit->calibrate->targets.n;
    struct sight *here = arena_array(fit->arena, struct sight, n), *there = arena_array(fit->arena, struct sight, n);
    double all = 0;
    response_at(&fit->response, best, here);
    response_at(&fit->response, place, there);
    for (uint32_t f = 0; f < n; f++)
        all += fmax(distance_part(&fit->question, f, &there[f]) - distance_part(&fit->question, f, &here[f]), 0);
    for (uint32_t f = 0; f < n && all > 0; f++)
        weight[f] +=
            fmax(distance_part(&fit->question, f, &there[f]) - distance_part(&fit->question, f, &here[f]), 0) / all;
}

static void find_deciders(struct fit_state *fit, uint32_t k, const struct profile *profile,
                          struct calibrated_value *out)
{
    const struct targets *targets = &fit->calibrate->targets;
    double *weight = arena_array(fit->arena, double, targets->n);
    const double least_share = 0.1 * (!profile->open_low + !profile->open_high);
    if (!profile->open_low) weigh(fit, profile->at_low, fit->best, weight);
    if (!profile->open_high) weigh(fit, profile->at_high, fit->best, weight);
    if (fit->witnessed[k].is) {
        out->decider[out->n_deciders++] = targets->target[fit->witnessed[k].figure].name;
        weight[fit->witnessed[k].figure] = 0;
    }
    for (; out->n_deciders < DECIDERS_MOST; out->n_deciders++) {
        uint32_t heaviest = 0;
        for (uint32_t f = 1; f < targets->n; f++)
            if (weight[f] > weight[heaviest]) heaviest = f;
        if (!(weight[heaviest] > least_share)) break;
        out->decider[out->n_deciders] = targets->target[heaviest].name;
        weight[heaviest] = 0;
    }
}

/* ---- what is kept ---- */

/* How many figures contradict the whole range: those that it moves by more than a contradiction is. 0 when one of them
 * is explained somewhere, or when there is none. */
static uint32_t refuting(struct fit_state *fit, uint32_t k)
{
    const struct targets *targets = &fit->calibrate->targets;
    struct sight *low = arena_array(fit->arena, struct sight, targets->n);
    struct sight *high = arena_array(fit->arena, struct sight, targets->n);
    double place[MINIMUM_MOST];
    uint32_t n = 0;
    memcpy(place, fit->best, sizeof place);
    place[k] = 0;
    response_at(&fit->response, place, low);
    place[k] = 1;
    response_at(&fit->response, place, high);
    for (uint32_t f = 0; f < targets->n; f++) {
        const struct target *target = &targets->target[f];
        const double noise = fmax(sight_noise(&fit->question, target, &low[f], target->observed),
                                  sight_noise(&fit->question, target, &high[f], target->observed));
        if (!(fabs(high[f].mean - low[f].mean) > CONTRADICTS * noise)) continue;
        if (target->use == TARGET_DECIDES) return 0;
        n += target->use == TARGET_CONTRADICTS;
    }
    return n;
}

/* What the scenario says stays: where nothing in the range is better, and beyond an end up to which all is accepted. */
static bool keeps_own(const struct fit_state *fit, uint32_t k, const struct profile *profile, uint32_t n_refuting)
{
    const struct free_value *value = &fit->calibrate->value[k];
    return n_refuting > 0 || (value->before < value->low && profile->open_low) ||
           (value->before > value->high && profile->open_high);
}

static struct calibrated_value value_found(struct fit_state *fit, uint32_t k, const struct profile *profile)
{
    const struct free_value *value = &fit->calibrate->value[k];
    struct calibrated_value out = {
        .pointer = value->pointer, .unit = value->is_duration ? "s" : "", .before = raw_units(value, value->before),
        .value = in_units(value, fit->best[k]), .low = in_units(value, profile->low),
        .high = in_units(value, profile->high), .open_low = profile->open_low, .open_high = profile->open_high,
        .range_low = raw_units(value, value->low), .range_high = raw_units(value, value->high)
    };
    if (out.open_low && out.open_high) out.n_refuting = refuting(fit, k);
    fit->keeps_own[k] = keeps_own(fit, k, profile, out.n_refuting);
    if (fit->keeps_own[k]) out.value = out.before;
    find_deciders(fit, k, profile, &out);
    return out;
}

/* A row of a table is printed at once: where no model gives its total, a part of it that one gives is none of that
 * row's. */
static void judge_rows(const struct targets *targets, struct calibrated_figure *figure)
{
    for (uint32_t f = 0; f < targets->n; f++) {
        const uint32_t whole = targets->target[f].whole;
        if (whole == NONE || !figure[f].explained || figure[whole].explained || figure[whole].held_out) continue;
        figure[f].explained = false;
        figure[f].by_its_row = true;
    }
}

static struct calibrated_figure *figures_found(struct fit_state *fit, const struct probe *probe,
                                               struct calibration *out)
{
    const struct targets *targets = &fit->calibrate->targets;
    const double wide = infer_t(fit->calibrate->confidence, probe->n);
    struct calibrated_figure *figure = arena_array(fit->arena, struct calibrated_figure, targets->n);
    fit->question.runs = probe->n;
    for (uint32_t f = 0; f < targets->n; f++) {
        const struct target *target = &targets->target[f];
        const struct sight sight = fitting_sight(probe, f, probe->n);
        const bool seen = target->use != TARGET_UNSEEN && isfinite(sight.mean);
        const double noise = seen ? sight_noise(&fit->question, target, &sight, target->observed) : (double)NAN;
        figure[f] = (struct calibrated_figure){
            .name = target->name, .observed = target->observed, .predicted = seen ? sight.mean : (double)NAN,
            .lo = fmax(0, sight.mean - wide * noise), .hi = sight.mean + wide * noise, .noise = noise,
            .residual = (target->observed - sight.mean) / noise,
            .decides = target->use == TARGET_DECIDES || target->use == TARGET_CONTRADICTS,
            .held_out = target->use == TARGET_HELD_OUT
        };
        figure[f].explained = fabs(figure[f].residual) <= CONTRADICTS;
        if (!seen) figure[f].lo = figure[f].hi = figure[f].residual = (double)NAN;
        if (!figure[f].decides || !figure[f].explained) continue;
        out->chi_squared += figure[f].residual * figure[f].residual;
        out->n_decide++;
    }
    judge_rows(targets, figure);
    out->n_figures = targets->n;
    out->figure = figure;
    return figure;
}

/* ---- what the rest would need ---- */

/* A line over the whole range of a value through the place found, one run a place: coarse, as the question is. */
struct long_line {
    const double *at;
    struct probe *probe;
};

static bool run_long_line(struct fit_state *fit, uint32_t k, struct long_line *line, struct sim_err *err)
{
    double *at = arena_array(fit->arena, double, NEED_PLACES);
    *line = (struct long_line){ at, arena_array(fit->arena, struct probe, NEED_PLACES) };
    for (uint32_t i = 0; i < NEED_PLACES; i++) {
        double place[MINIMUM_MOST];
        memcpy(place, fit->best, sizeof place);
        place[k] = at[i] = i / (NEED_PLACES - 1.0);
        fitting_prepare(fit, &line->probe[i], place, 1);
    }
    return fitting_run(fit, line->probe, NEED_PLACES, 1, err);
}

static double on_line(const struct long_line *line, uint32_t figure, double place)
{
    const double scaled = place * (NEED_PLACES - 1);
    const uint32_t i = scaled < NEED_PLACES - 1 ? (uint32_t)scaled : NEED_PLACES - 2;
    const double from = fitting_shown(&line->probe[i], 0, figure, WATCH_AT),
                 to = fitting_shown(&line->probe[i + 1], 0, figure, WATCH_AT);
    return from + (scaled - i) * (to - from);
}

/* The place nearest the one found at which the figure would be what was observed; NaN: there is none. */
static double place_needed(const struct fit_state *fit, const struct long_line *line, uint32_t k, uint32_t figure)
{
    const double observed = fit->calibrate->targets.observed[figure];
    double nearest = (double)NAN;
    for (uint32_t i = 0; i + 1 < NEED_PLACES; i++) {
        const double from = on_line(line, figure, line->at[i]) - observed;
        const double to = on_line(line, figure, line->at[i + 1]) - observed;
        if (!isfinite(from) || !isfinite(to) || from * to > 0 || !(fabs(from - to) > 0)) continue;
        const double place = line->at[i] + from / (from - to) * (line->at[i + 1] - line->at[i]);
        if (!(fabs(place - fit->best[k]) >= fabs(nearest - fit->best[k]))) nearest = place;
    }
    return nearest;
}

static uint32_t lost_at(const struct long_line *line, double place, const struct calibrated_figure *figure, uint32_t n)
{
    uint32_t lost = 0;
    for (uint32_t f = 0; f < n; f++)
        lost += figure[f].decides && figure[f].explained &&
                !(fabs(figure[f].observed - on_line(line, f, place)) <= CONTRADICTS * figure[f].noise);
    return lost;
}

/* Of the values that are decided, by what is there in every run, the one that loses the fewest others. */
static bool find_needs(struct fit_state *fit, const struct calibrated_value *value, struct calibrated_figure *figure,
                       uint32_t n_figures, struct sim_err *err)
{
    for (uint32_t k = 0; k < fit->calibrate->n_values; k++) {
        struct long_line line;
        if (!calibrated_is_decided(&value[k]) || fit->witnessed[k].is) continue;
        if (!run_long_line(fit, k, &line, err)) return false;
        for (uint32_t f = 0; f < n_figures; f++) {
            if (!figure[f].decides || figure[f].explained) continue;
            const double place = place_needed(fit, &line, k, f);
            if (!isfinite(place)) continue;
            const uint32_t lost = lost_at(&line, place, figure, n_figures);
            if (figure[f].need_pointer && figure[f].need_lost <= lost) continue;
            figure[f].need_pointer = value[k].pointer;
            figure[f].need = in_units(&fit->calibrate->value[k], place);
            figure[f].need_lost = lost;
        }
    }
    return true;
}

bool fitting_answer(struct fit_state *fit, const struct profile *profile, struct calibration *out,
                   struct study_edit **set, struct sim_err *err)
{
    const struct calibrate *calibrate = fit->calibrate;
    struct probe probe;
    struct calibrated_value *value = arena_array(fit->arena, struct calibrated_value, calibrate->n_values);
    for (uint32_t k = 0; k < calibrate->n_values; k++) value[k] = value_found(fit, k, &profile[k]);
    fitting_prepare(fit, &probe, fit->best, calibrate->replications);
    if (!fitting_run(fit, &probe, 1, calibrate->replications, err)) return false;
    *out = (struct calibration){ .seed = calibrate->seed, .replications = calibrate->replications,
                                 .confidence = calibrate->confidence, .n_values = calibrate->n_values,
                                 .value = value, .is_borne_out = fit->is_borne_out };
    struct calibrated_figure *figure = figures_found(fit, &probe, out);
    if (!find_needs(fit, value, figure, out->n_figures, err)) return false;
    out->runs = fit->n_runs;
    *set = arena_array(fit->arena, struct study_edit, calibrate->n_values);
    memcpy(*set, probe.point.edit + calibrate->base.n_edits, calibrate->n_values * sizeof **set);
    return true;
}
