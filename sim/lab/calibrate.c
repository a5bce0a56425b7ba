/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/calibrate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/engine/infer.h"
#include "sim/lab/profile.h"

enum {
    KNOTS_MOST = 12,
    LINE_MOST = 48,
    SPREAD_LEAST = 16,
    SPREAD_EACH = 8,
    SIDES_MOST = 12,
    AGAIN_MOST = 6,
    NEED_PLACES = 17,
    ROUNDS_MOST = 5
};
#define NEAR_BOUND 12.0 /* of the distance: what a sweep leaves in for the next */
#define SHRINK         3.0
#define VARIANCE_RATIO 8.0 /* of the variances of three or four runs and of twenty: one in a hundred is beyond */
#define KNOTS_APART 1e-7
#define GAP_MOST   0.03 /* of a range: how closely the places around a limit have to lie */

/* A sweep; runs 0: as many as asked for. */
struct sweep_plan {
    uint32_t knots, runs, centre_runs;
    double coarse;
};

/* A value that hangs on a figure of chance: where it is, and the limits that runs have set it (0, 1: none). */
struct witnessed {
    bool is;
    uint32_t figure;
    double place;
    struct box within;
};

struct fit_state {
    struct calibrate *calibrate;
    struct arena *arena;
    uint32_t n_runs; /* made so far */
    struct response response;
    struct question question;
    double best[MINIMUM_MOST];
    struct box region[MINIMUM_MOST];     /* where the next sweep looks */
    uint32_t n_knots[MINIMUM_MOST];
    double knot[MINIMUM_MOST][KNOTS_MOST];
    struct probe *centre;
    struct witnessed witnessed[MINIMUM_MOST];
};

/* ---- runs ---- */

static struct point point_at(const struct fit_state *fit, const double *place)
{
    const struct calibrate *calibrate = fit->calibrate;
    struct point point = calibrate->base;
    struct study_edit *edit = arena_array(fit->arena, struct study_edit, point.n_edits + calibrate->n_values);
    if (point.n_edits > 0) memcpy(edit, point.edit, point.n_edits * sizeof *edit);
    for (uint32_t k = 0; k < calibrate->n_values; k++) {
        const struct free_value *value = &calibrate->value[k];
        edit[point.n_edits++] = (struct study_edit){
            value->pointer, free_value_text(value, free_value_at(value, place[k]), fit->arena)
        };
    }
    point.edit = edit;
    point.label = "calibration";
    return point;
}

static void prepare(struct fit_state *fit, struct probe *probe, const double *place, uint32_t room)
{
    const struct point point = point_at(fit, place);
    probe_init(probe, &point, fit->calibrate->kept, PREDICTION_VALUES * fit->calibrate->targets.n, room, fit->arena);
}

static bool run(struct fit_state *fit, struct probe *probe, uint32_t n_probes, uint32_t until, struct sim_err *err)
{
    uint32_t before = 0, after = 0;
    for (uint32_t i = 0; i < n_probes; i++) before += probe[i].n;
    const bool ok = probes_run(probe, n_probes, until, &fit->calibrate->crew, err);
    for (uint32_t i = 0; i < n_probes; i++) after += probe[i].n;
    fit->n_runs += after - before;
    return ok;
}

/* ---- what runs show ---- */

static double shown(const struct probe *probe, uint32_t run, uint32_t figure, uint32_t which)
{
    return probe_value(probe, run, figure * PREDICTION_VALUES + which);
}

static struct sight sight_of(const struct probe *probe, uint32_t figure, uint32_t n_runs)
{
    struct sight sight = { 0 };
    double square = 0;
    for (uint32_t r = 0; r < n_runs; r++) {
        sight.mean += shown(probe, r, figure, WATCH_AT) / n_runs;
        sight.clock += (shown(probe, r, figure, WATCH_TO) - shown(probe, r, figure, WATCH_FROM)) / 4 / n_runs;
    }
    for (uint32_t r = 0; r < n_runs; r++) {
        const double off = shown(probe, r, figure, WATCH_AT) - sight.mean;
        square += off * off;
    }
    sight.variance = n_runs > 1 ? square / (n_runs - 1) : 0;
    return sight;
}

static struct sight *sights_of(struct fit_state *fit, const struct probe *probe)
{
    const uint32_t n = fit->calibrate->targets.n;
    struct sight *sight = arena_array(fit->arena, struct sight, n);
    for (uint32_t f = 0; f < n; f++) sight[f] = sight_of(probe, f, probe->n);
    return sight;
}

/* What a figure differs by from the centre, over runs that share their random numbers. Figures that hang on chance
 * (which partition is the worst) differ by chance as well; a search over many places would pick the lucky ones. So a
 * difference shrinks by its own noise, to nothing where it is no larger (Stein's rule with the t statistic in place of
 * z). */
static double difference(const struct fit_state *fit, const struct probe *knot, uint32_t figure, double *error)
{
    const uint32_t n = knot->n;
    double mean = 0, square = 0;
    for (uint32_t r = 0; r < n; r++)
        mean += (shown(knot, r, figure, WATCH_AT) - shown(fit->centre, r, figure, WATCH_AT)) / n;
    for (uint32_t r = 0; r < n; r++) {
        const double off = shown(knot, r, figure, WATCH_AT) - shown(fit->centre, r, figure, WATCH_AT) - mean;
        square += off * off;
    }
    *error = 0;
    if (n < 3 || !(mean * mean > 0)) return mean;
    const double noise = square / (n - 1) / n;
    if (isfinite(noise)) *error = noise;
    return isfinite(noise) ? mean * fmax(1 - SHRINK * noise / (mean * mean), 0) : mean;
}

/* Of few runs a variance counts where it is another one by more than chance would have it. */
static double variance_beside(double here, double centre, uint32_t n)
{
    if (!isfinite(centre)) return here;
    return n < 3 || (here < VARIANCE_RATIO * centre && here * VARIANCE_RATIO > centre) ? centre : here;
}

static struct sight *sights_beside(struct fit_state *fit, const struct probe *knot, const struct sight *centre)
{
    struct sight *sight = sights_of(fit, knot);
    for (uint32_t f = 0; f < fit->calibrate->targets.n; f++) {
        const double off = difference(fit, knot, f, &sight[f].error);
        if (isfinite(sight[f].mean) && isfinite(off)) sight[f].mean = centre[f].mean + off;
        sight[f].variance = variance_beside(sight[f].variance, centre[f].variance, knot->n);
    }
    return sight;
}

/* ---- the start ---- */

static double lone_distance(struct fit_state *fit, const struct probe *probe)
{
    fit->response = (struct response){ .n_figures = fit->calibrate->targets.n, .at_centre = sights_of(fit, probe) };
    return distance_at(&fit->question, NULL);
}

static bool find_start(struct fit_state *fit, struct sim_err *err)
{
    const struct calibrate *calibrate = fit->calibrate;
    const uint32_t n_values = calibrate->n_values, n_spread = SPREAD_EACH * n_values;
    const uint32_t n = 1 + (n_spread > SPREAD_LEAST ? n_spread : SPREAD_LEAST);
    double(*place)[MINIMUM_MOST] = arena_alloc(fit->arena, n * sizeof *place);
    struct probe *probe = arena_array(fit->arena, struct probe, n);
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0) minimum_spread(place[i], n_values, i - 1);
        else
            for (uint32_t k = 0; k < n_values; k++)
                place[0][k] = free_value_place(&calibrate->value[k], calibrate->value[k].before);
        prepare(fit, &probe[i], place[i], 1);
    }
    if (!run(fit, probe, n, 1, err)) return false;
    double least = HUGE_VAL;
    fit->question.runs = 1;
    fit->question.coarse = 0.1;
    for (uint32_t i = 0; i < n; i++) {
        const double distance = lone_distance(fit, &probe[i]);
        if (!(distance < least)) continue;
        least = distance;
        memcpy(fit->best, place[i], sizeof fit->best);
    }
    return true;
}

/* ---- knots ---- */

static void add_knot(struct fit_state *fit, uint32_t k, double at, double apart)
{
    const struct free_value *value = &fit->calibrate->value[k];
    const double place = free_value_place(value, free_value_at(value, fmin(fmax(at, 0), 1)));
    if (fit->n_knots[k] == KNOTS_MOST) return;
    for (uint32_t i = 0; i < fit->n_knots[k]; i++)
        if (fabs(fit->knot[k][i] - place) < apart) return;
    uint32_t i = fit->n_knots[k]++;
    for (; i > 0 && fit->knot[k][i - 1] > place; i--) fit->knot[k][i] = fit->knot[k][i - 1];
    fit->knot[k][i] = place;
}

/* A place that a line lacks so far. */
static void add_missing(struct fit_state *fit, uint32_t k, double at)
{
    const struct free_value *value = &fit->calibrate->value[k];
    const struct response_line *line = &fit->response.line[k];
    const double place = free_value_place(value, free_value_at(value, fmin(fmax(at, 0), 1)));
    for (uint32_t i = 0; i < line->n; i++)
        if (fabs(line->at[i] - place) < KNOTS_APART) return;
    add_knot(fit, k, place, KNOTS_APART);
}

/* The width of the interval of the line that holds `at`. */
static double gap_at(const struct response_line *line, double at)
{
    for (uint32_t i = 1; i < line->n; i++)
        if (at <= line->at[i]) return line->at[i] - line->at[i - 1];
    return line->n > 1 ? line->at[line->n - 1] - line->at[line->n - 2] : 1;
}

static void spread_knots(struct fit_state *fit, uint32_t k, double low, double high, uint32_t n)
{
    const double apart = fmax(0.05 * (high - low), KNOTS_APART);
    for (uint32_t i = 0; i < n; i++) {
        const double at = low + (high - low) * i / (n - 1);
        if (!(fabs(at - fit->best[k]) < apart)) add_knot(fit, k, at, apart); /* the centre is on the line anyway */
    }
}

/* Evenly over what is accepted and a bit beyond; of what is accepted up to an end of the range only that end, and what
 * lies about the other limit. */
static void choose_knots(struct fit_state *fit, uint32_t k, uint32_t n)
{
    enum { FEW = 3 };
    const struct response_line *line = &fit->response.line[k];
    const struct box region = fit->region[k];
    const double below = 0.6 * gap_at(line, region.low), above = 0.6 * gap_at(line, region.high);
    fit->n_knots[k] = 0;
    if (line->n == 0) spread_knots(fit, k, 0, 1, n);
    else if (region.low <= 0 && region.high >= 1) spread_knots(fit, k, 0, 1, FEW);
    else if (region.low <= 0) {
        spread_knots(fit, k, fmax(region.high - above, 0), fmin(region.high + above, 1), FEW);
        if (fit->best[k] > 1e-3) add_knot(fit, k, 0, 1e-3);
    } else if (region.high >= 1) {
        spread_knots(fit, k, fmax(region.low - below, 0), fmin(region.low + below, 1), FEW);
        if (fit->best[k] < 1 - 1e-3) add_knot(fit, k, 1, 1e-3);
    } else spread_knots(fit, k, fmax(region.low - below, 0), fmin(region.high + above, 1), n);
}

/* ---- a sweep ---- */

static void put_on_line(struct response_line *line, double at, struct sight *sight)
{
    uint32_t i = line->n++;
    SIM_ASSERT(line->n <= LINE_MOST);
    for (; i > 0 && line->at[i - 1] > at; i--) {
        line->at[i] = line->at[i - 1];
        line->sight[i] = line->sight[i - 1];
    }
    line->at[i] = at;
    line->sight[i] = sight;
}

static void begin_line(struct fit_state *fit, uint32_t k, struct sight *centre)
{
    fit->response.line[k] = (struct response_line){ 0, arena_array(fit->arena, double, LINE_MOST),
                                                    arena_array(fit->arena, struct sight *, LINE_MOST) };
    put_on_line(&fit->response.line[k], fit->response.centre[k], centre);
}

/* Runs the chosen knots on lines through `centre`, the first of *probe, which is for the caller to have prepared. */
static bool run_knots(struct fit_state *fit, const double *centre, struct probe **probe, uint32_t runs,
                      struct sim_err *err)
{
    const uint32_t n_values = fit->calibrate->n_values;
    struct probe *own = arena_array(fit->arena, struct probe, 1 + (size_t)n_values * KNOTS_MOST);
    uint32_t n = 1;
    own[0] = **probe;
    for (uint32_t k = 0; k < n_values; k++)
        for (uint32_t i = 0; i < fit->n_knots[k]; i++) {
            double place[MINIMUM_MOST];
            memcpy(place, centre, sizeof place);
            place[k] = fit->knot[k][i];
            prepare(fit, &own[n++], place, runs);
        }
    *probe = own;
    /* The centre of a refined line has its runs already. */
    return own[0].n >= runs ? run(fit, own + 1, n - 1, runs, err) : run(fit, own, n, runs, err);
}

static void knots_to_lines(struct fit_state *fit, const struct probe *probe)
{
    for (uint32_t k = 0; k < fit->calibrate->n_values; k++)
        for (uint32_t i = 0; i < fit->n_knots[k]; i++)
            put_on_line(&fit->response.line[k], fit->knot[k][i],
                        sights_beside(fit, probe++, fit->response.at_centre));
}

static bool run_lines(struct fit_state *fit, const struct sweep_plan *plan, uint32_t runs, struct sim_err *err)
{
    const uint32_t n_values = fit->calibrate->n_values;
    const uint32_t centre_runs = plan->centre_runs > 0 ? plan->centre_runs : fit->calibrate->replications;
    struct probe centre, *probe = &centre;
    for (uint32_t k = 0; k < n_values; k++) choose_knots(fit, k, plan->knots);
    prepare(fit, &centre, fit->best, centre_runs);
    if (!run_knots(fit, fit->best, &probe, runs, err) || !run(fit, probe, 1, centre_runs, err)) return false;
    struct sight *at_centre = sights_of(fit, probe);
    fit->centre = probe;
    fit->response =
        (struct response){ .n_values = n_values, .n_figures = fit->calibrate->targets.n, .at_centre = at_centre };
    memcpy(fit->response.centre, fit->best, sizeof fit->best);
    for (uint32_t k = 0; k < n_values; k++) begin_line(fit, k, at_centre);
    knots_to_lines(fit, probe + 1);
    fit->question.runs = centre_runs;
    fit->question.coarse = plan->coarse;
    return true;
}

/* From the centre, and from each place that was run. */
static void search(struct fit_state *fit)
{
    const uint32_t n_values = fit->calibrate->n_values;
    double best[MINIMUM_MOST], least = HUGE_VAL;
    for (uint32_t k = 0; k <= n_values; k++) {
        const uint32_t n = k < n_values ? fit->response.line[k].n : 1;
        for (uint32_t i = 0; i < n; i++) {
            double place[MINIMUM_MOST];
            memcpy(place, fit->response.centre, sizeof place);
            if (k < n_values) place[k] = fit->response.line[k].at[i];
            const double distance = distance_least(&fit->question, place, NULL);
            if (!(distance < least)) continue;
            least = distance;
            memcpy(best, place, sizeof best);
        }
    }
    /* A simplex that has shrunk in a bent valley begins again. */
    for (uint32_t again = 0; again < AGAIN_MOST; again++) {
        const double before = least;
        least = distance_least(&fit->question, best, NULL);
        if (!(least < before - 0.01)) break;
    }
    memcpy(fit->best, best, sizeof best);
}

/* ---- contradictions ---- */

static double units_off(struct fit_state *fit, uint32_t f, const struct sight *sight)
{
    const struct target *target = &fit->calibrate->targets.target[f];
    return (target->observed - sight->mean) / sight_noise(&fit->question, target, sight, target->observed);
}

/* True when an observation has changed sides. */
static bool take_sides(struct fit_state *fit)
{
    struct targets *targets = &fit->calibrate->targets;
    struct sight *sight = arena_array(fit->arena, struct sight, targets->n);
    bool changed = false;
    response_at(&fit->response, fit->best, sight);
    for (uint32_t f = 0; f < targets->n; f++) {
        enum target_use *use = &targets->target[f].use;
        if (*use != TARGET_DECIDES && *use != TARGET_CONTRADICTS) continue;
        const enum target_use side =
            fabs(units_off(fit, f, &sight[f])) > CONTRADICTS ? TARGET_CONTRADICTS : TARGET_DECIDES;
        changed = changed || side != *use;
        *use = side;
    }
    return changed;
}

static void all_decide(struct fit_state *fit)
{
    struct targets *targets = &fit->calibrate->targets;
    for (uint32_t f = 0; f < targets->n; f++)
        if (targets->target[f].use == TARGET_CONTRADICTS) targets->target[f].use = TARGET_DECIDES;
}

/* ---- intervals ---- */

static void accept(struct fit_state *fit, struct profile *profile, const double *bound)
{
    for (uint32_t k = 0; k < fit->calibrate->n_values; k++)
        profile_make(&profile[k], &fit->question, k, fit->best, bound[k]);
}

static bool is_range_end(double place) { return place <= 0 || place >= 1; }

/* Where the next sweep looks. */
static void look_where(struct fit_state *fit, const struct profile *profile)
{
    struct box box[MINIMUM_MOST];
    response_box(&fit->response, box);
    for (uint32_t k = 0; k < fit->calibrate->n_values; k++) {
        const double width = box[k].high - box[k].low;
        fit->region[k] = (struct box){ profile[k].low, profile[k].high };
        if (profile[k].open_low) fit->region[k].low = fmax(box[k].low - width, 0);
        if (profile[k].open_high) fit->region[k].high = fmin(box[k].high + width, 1);
    }
}

/* What the observations leave open stays as the scenario says, where they accept that; what a witness has decided,
 * where that has it. */
static void keep_undecided(struct fit_state *fit, const struct profile *profile)
{
    bool held[MINIMUM_MOST] = { false };
    struct box box[MINIMUM_MOST];
    response_box(&fit->response, box);
    for (uint32_t k = 0; k < fit->calibrate->n_values; k++) {
        const struct free_value *value = &fit->calibrate->value[k];
        const double before = free_value_place(value, value->before);
        held[k] = ((profile[k].open_low && is_range_end(box[k].low)) ||
                   (profile[k].open_high && is_range_end(box[k].high))) &&
                  before >= profile[k].low && before <= profile[k].high;
        if (held[k]) fit->best[k] = before;
        if (!fit->witnessed[k].is) continue;
        held[k] = true;
        fit->best[k] = fit->witnessed[k].place;
    }
    distance_least(&fit->question, fit->best, held);
}

static const double *runs_off(struct fit_state *fit)
{
    const uint32_t n = fit->calibrate->targets.n;
    const struct probe *centre = fit->centre;
    double *off = arena_array(fit->arena, double, (size_t)centre->n * n);
    for (uint32_t r = 0; r < centre->n; r++)
        for (uint32_t f = 0; f < n; f++)
            off[(size_t)r * n + f] = shown(centre, r, f, WATCH_AT) - fit->response.at_centre[f].mean;
    return off;
}

/* ---- ends that the distance accepts ---- */

/* The distance takes figures for normal about their mean. What hangs on chance need not be: the least spread that the
 * lags of partitions ever have may be far from none. So where the distance accepts a value up to an end of its range,
 * runs there are asked themselves, of the figure that moves most on the way to it: when what was observed lies beyond
 * all of so many runs that chance has it there in as few cases as the confidence leaves to one side (Barnard's Monte
 * Carlo test, exact for any distribution), the end is refused, and halving finds the limit. The value then is where
 * that figure's mean is what was observed, by runs at places of the range that was accepted: the distance, which
 * accepts what is refused, is no judge of it. */
enum { HALVINGS = 3, FIRST_RUNS = 4, LINE_PLACES = 5, LINE_RUNS = 8 };
#define MOVES 0.3 /* standard deviations: what moves less cannot tell the places apart */

struct witness {
    uint32_t figure;
    double side; /* +1: it rises on the way to the end, -1: it falls; 0: there is none */
};

/* The figure that moves most from one end of what is accepted to the other. */
static struct witness find_witness(struct fit_state *fit, const double *end, const double *other)
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
        if (target->use != TARGET_DECIDES || !hangs_on_chance || !(fabs(moved) > most)) continue;
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
    const struct sight sight = sight_of(probe, witness->figure, probe->n);
    const double errs = sqrt(sight.clock * sight.clock + target->sd * target->sd);
    uint32_t n = 0;
    for (uint32_t r = first; r < probe->n; r++)
        n += !(witness->side * (shown(probe, r, witness->figure, WATCH_AT) - target->observed) > errs);
    return n;
}

/* One run that reaches what was observed settles it: more are made only while there is none. */
static bool is_refused(struct fit_state *fit, const double *place, const struct witness *witness, bool *refused,
                       struct sim_err *err)
{
    const uint32_t runs = (uint32_t)ceil(2 / (1 - fit->calibrate->confidence) - 1e-6) - 1;
    struct probe probe;
    prepare(fit, &probe, place, runs);
    *refused = true;
    for (uint32_t until = FIRST_RUNS; *refused && probe.n < runs; until *= 2) {
        const uint32_t first = probe.n;
        if (!run(fit, &probe, 1, until < runs ? until : runs, err)) return false;
        *refused = runs_reaching(fit, &probe, witness, first) == 0;
    }
    return true;
}

/* From low to high, the first place at which the witness's mean in new runs, straight between the places run, is what
 * was observed. */
static bool find_by_witness(struct fit_state *fit, uint32_t k, const struct witness *witness, double low, double high,
                            double *found, struct sim_err *err)
{
    struct probe probe[LINE_PLACES];
    double place[MINIMUM_MOST], at[LINE_PLACES], off[LINE_PLACES];
    memcpy(place, fit->best, sizeof place);
    for (uint32_t i = 0; i < LINE_PLACES; i++) {
        place[k] = at[i] = low + (high - low) * i / (LINE_PLACES - 1);
        prepare(fit, &probe[i], place, LINE_RUNS);
    }
    if (!run(fit, probe, LINE_PLACES, LINE_RUNS, err)) return false;
    *found = (low + high) / 2;
    for (uint32_t i = 0; i < LINE_PLACES; i++)
        off[i] =
            sight_of(&probe[i], witness->figure, LINE_RUNS).mean - fit->calibrate->targets.observed[witness->figure];
    for (uint32_t i = 0; i + 1 < LINE_PLACES; i++) {
        if (!(off[i] * off[i + 1] <= 0) || !(fabs(off[i] - off[i + 1]) > 0)) continue;
        *found = at[i] + off[i] / (off[i] - off[i + 1]) * (at[i + 1] - at[i]);
        break;
    }
    return true;
}

/* Where the end is refused: the limit, and the value that is then decided. */
static bool look_at_end(struct fit_state *fit, uint32_t k, const struct profile *profile, bool is_low,
                        struct sim_err *err)
{
    double inside[MINIMUM_MOST], beyond[MINIMUM_MOST], place[MINIMUM_MOST];
    memcpy(inside, fit->best, sizeof inside);
    memcpy(beyond, fit->best, sizeof beyond);
    memcpy(place, fit->best, sizeof place);
    beyond[k] = is_low ? profile->low : profile->high;
    inside[k] = is_low ? profile->high : profile->low;
    const struct witness witness = find_witness(fit, beyond, inside);
    bool refused = false;
    if (!(fabs(witness.side) > 0)) return true;
    if (!is_refused(fit, beyond, &witness, &refused, err)) return false;
    if (!refused) return true;
    struct witnessed *found = &fit->witnessed[k];
    if (!find_by_witness(fit, k, &witness, profile->low, profile->high, &inside[k], err)) return false;
    if (!found->is) *found = (struct witnessed){ true, witness.figure, inside[k], { 0, 1 } };
    for (uint32_t i = 0; i < HALVINGS; i++) {
        bool here;
        place[k] = (inside[k] + beyond[k]) / 2;
        if (!is_refused(fit, place, &witness, &here, err)) return false;
        (here ? beyond : inside)[k] = place[k];
    }
    *(is_low ? &found->within.low : &found->within.high) = beyond[k];
    return true;
}

/* Values that a witness has decided go back to where it has them, and the others follow. */
static void keep_witnessed(struct fit_state *fit)
{
    bool held[MINIMUM_MOST] = { false }, some = false;
    for (uint32_t k = 0; k < fit->calibrate->n_values; k++) {
        held[k] = fit->witnessed[k].is;
        some = some || held[k];
        if (held[k]) fit->best[k] = fit->witnessed[k].place;
    }
    if (some) distance_least(&fit->question, fit->best, held);
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

static bool look_at_ends(struct fit_state *fit, struct profile *profile, struct sim_err *err)
{
    struct box box[MINIMUM_MOST];
    response_box(&fit->response, box);
    for (uint32_t k = 0; k < fit->calibrate->n_values; k++) {
        const struct profile *one = &profile[k];
        if (fit->witnessed[k].is) continue;
        if (one->open_low && is_range_end(box[k].low) && !look_at_end(fit, k, one, true, err)) return false;
        if (one->open_high && is_range_end(box[k].high) && !look_at_end(fit, k, one, false, err)) return false;
    }
    limit_witnessed(fit, profile);
    keep_undecided(fit, profile);
    return true;
}

static bool coarse_sweeps(struct fit_state *fit, struct sim_err *err)
{
    static const struct sweep_plan plan[] = { { 8, 1, 1, 0.1 }, { 6, 1, 1, 0.04 }, { 5, 2, 4, 0.015 } };
    double bound[MINIMUM_MOST];
    struct profile *profile = arena_array(fit->arena, struct profile, fit->calibrate->n_values);
    for (uint32_t k = 0; k < fit->calibrate->n_values; k++) bound[k] = NEAR_BOUND;
    for (size_t i = 0; i < sizeof plan / sizeof *plan; i++) {
        if (!run_lines(fit, &plan[i], plan[i].runs, err)) return false;
        search(fit);
        accept(fit, profile, bound);
        look_where(fit, profile);
        keep_undecided(fit, profile);
    }
    return look_at_ends(fit, profile, err);
}

/* Places about a limit that lies between two far ones, and beyond a line that ends where all is still accepted. */
static bool refine(struct fit_state *fit, const struct profile *profile)
{
    bool some = false;
    for (uint32_t k = 0; k < fit->calibrate->n_values; k++) {
        const struct response_line *line = &fit->response.line[k];
        const double limit[2] = { profile[k].at_low[k], profile[k].at_high[k] };
        const bool open[2] = { profile[k].open_low, profile[k].open_high };
        fit->n_knots[k] = 0;
        for (uint32_t end = 0; end < 2 && line->n + 4 <= LINE_MOST; end++) {
            const double last = line->at[end == 0 ? 0 : line->n - 1], gap = gap_at(line, limit[end]);
            const double out = (end == 0 ? -0.5 : 0.5) * fmax(line->at[line->n - 1] - line->at[0], GAP_MOST);
            if (open[end] && !is_range_end(last)) {
                add_missing(fit, k, last + out);
                add_missing(fit, k, last + 2 * out);
            }
            if (open[end] || gap <= GAP_MOST) continue;
            for (uint32_t i = 0; i + 1 < line->n; i++)
                if (line->at[i] <= limit[end] && limit[end] <= line->at[i + 1]) {
                    add_missing(fit, k, line->at[i] + gap / 3);
                    add_missing(fit, k, line->at[i] + 2 * gap / 3);
                    break;
                }
        }
        some = some || fit->n_knots[k] > 0;
    }
    return some;
}

/* The best place, and who contradicts it, as far as the lines show by now. */
static void settle(struct fit_state *fit)
{
    all_decide(fit);
    search(fit);
    keep_witnessed(fit);
    for (uint32_t turn = 0; turn < SIDES_MOST && take_sides(fit); turn++) {
        search(fit);
        keep_witnessed(fit);
    }
}

static void bound_rise(struct fit_state *fit, double *bound)
{
    const struct spread spread = { fit->centre->n, runs_off(fit), fit->calibrate->targets.n_clocks,
                                   fit->calibrate->seed };
    profile_bounds(&fit->question, fit->best, &spread, fit->calibrate->confidence, bound, fit->arena);
}

/* The last centre keeps its place; its lines get more places until they show each limit closely. */
static bool fine_sweep(struct fit_state *fit, struct profile *profile, struct sim_err *err)
{
    enum { RUNS_SHARE = 5 };
    static const struct sweep_plan plan = { .knots = 5 };
    const uint32_t share = fit->calibrate->replications / RUNS_SHARE, runs = share > 2 ? share : 2;
    double bound[MINIMUM_MOST];
    if (!run_lines(fit, &plan, runs, err)) return false;
    settle(fit);
    bound_rise(fit, bound);
    accept(fit, profile, bound);
    for (uint32_t round = 0; round < ROUNDS_MOST && refine(fit, profile); round++) {
        struct probe *probe = fit->centre;
        if (!run_knots(fit, fit->response.centre, &probe, runs, err)) return false;
        knots_to_lines(fit, probe + 1);
        settle(fit);
        accept(fit, profile, bound);
    }
    bound_rise(fit, bound);
    accept(fit, profile, bound);
    keep_undecided(fit, profile);
    return look_at_ends(fit, profile, err);
}

/* ---- the answer ---- */

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

static struct calibrated_value value_found(struct fit_state *fit, uint32_t k, const struct profile *profile)
{
    const struct free_value *value = &fit->calibrate->value[k];
    struct calibrated_value out = {
        .pointer = value->pointer, .unit = value->is_duration ? "s" : "", .before = raw_units(value, value->before),
        .value = in_units(value, fit->best[k]), .low = in_units(value, profile->low),
        .high = in_units(value, profile->high), .open_low = profile->open_low, .open_high = profile->open_high,
        .range_low = raw_units(value, value->low), .range_high = raw_units(value, value->high)
    };
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
        const struct sight sight = sight_of(probe, f, probe->n);
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
        prepare(fit, &line->probe[i], place, 1);
    }
    return run(fit, line->probe, NEED_PLACES, 1, err);
}

static double on_line(const struct long_line *line, uint32_t figure, double place)
{
    const double scaled = place * (NEED_PLACES - 1);
    const uint32_t i = scaled < NEED_PLACES - 1 ? (uint32_t)scaled : NEED_PLACES - 2;
    const double from = shown(&line->probe[i], 0, figure, WATCH_AT),
                 to = shown(&line->probe[i + 1], 0, figure, WATCH_AT);
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

static bool answer(struct fit_state *fit, const struct profile *profile, struct calibration *out,
                   struct study_edit **set, struct sim_err *err)
{
    const struct calibrate *calibrate = fit->calibrate;
    struct probe probe;
    struct calibrated_value *value = arena_array(fit->arena, struct calibrated_value, calibrate->n_values);
    for (uint32_t k = 0; k < calibrate->n_values; k++) value[k] = value_found(fit, k, &profile[k]);
    prepare(fit, &probe, fit->best, calibrate->replications);
    if (!run(fit, &probe, 1, calibrate->replications, err)) return false;
    *out = (struct calibration){ .seed = calibrate->seed, .replications = calibrate->replications,
                                 .confidence = calibrate->confidence, .n_values = calibrate->n_values,
                                 .value = value };
    struct calibrated_figure *figure = figures_found(fit, &probe, out);
    if (!find_needs(fit, value, figure, out->n_figures, err)) return false;
    out->runs = fit->n_runs;
    *set = arena_array(fit->arena, struct study_edit, calibrate->n_values);
    memcpy(*set, probe.point.edit + calibrate->base.n_edits, calibrate->n_values * sizeof **set);
    return true;
}

bool calibrate_run(struct calibrate *calibrate, struct calibration *out, struct study_edit **set, struct arena *arena,
                   struct sim_err *err)
{
    struct fit_state *fit = arena_new(arena, struct fit_state);
    struct profile *profile = arena_array(arena, struct profile, calibrate->n_values);
    fit->calibrate = calibrate;
    fit->arena = arena;
    fit->question = (struct question){ .response = &fit->response, .target = calibrate->targets.target,
                                       .observed = calibrate->targets.observed };
    return find_start(fit, err) && coarse_sweeps(fit, err) && fine_sweep(fit, profile, err) &&
           answer(fit, profile, out, set, err);
}
