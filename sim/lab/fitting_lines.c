/* SPDX-License-Identifier: GPL-3.0-or-later
 * Runs at places of the ranges, and lines through what they show. */
#include "sim/lab/fitting.h"

#include <math.h>
#include <string.h>

enum { LINE_MOST = 48, SPREAD_LEAST = 16, SPREAD_EACH = 8, AGAIN_MOST = 6 };
#define SHRINK         3.0
#define VARIANCE_RATIO 8.0 /* of the variances of three or four runs and of twenty: one in a hundred is beyond */
#define KNOTS_APART    1e-7
#define GAP_MOST       0.03 /* of a range: how closely the places around a limit have to lie */

/* ---- runs ---- */

static struct point point_at(const struct fit_state *fit, const double *place)
{
    const struct calibrate *calibrate = fit->calibrate;
    struct point point = calibrate->base;
    struct study_edit *edit = arena_array(fit->arena, struct study_edit, point.n_edits + calibrate->n_values);
    if (point.n_edits > 0) memcpy(edit, point.edit, point.n_edits * sizeof *edit);
    for (uint32_t k = 0; k < calibrate->n_values; k++) {
        const struct free_value *value = &calibrate->value[k];
        const double quantity = fit->keeps_own[k] ? value->before : free_value_at(value, place[k]);
        edit[point.n_edits++] =
            (struct study_edit){ value->pointer, free_value_text(value, quantity, fit->arena) };
    }
    point.edit = edit;
    point.label = "calibration";
    return point;
}

void fitting_prepare(struct fit_state *fit, struct probe *probe, const double *place, uint32_t room)
{
    const struct point point = point_at(fit, place);
    probe_init(probe, &point, fit->calibrate->kept, PREDICTION_VALUES * fit->calibrate->targets.n, room, fit->arena);
}

bool fitting_run(struct fit_state *fit, struct probe *probe, uint32_t n_probes, uint32_t until, struct sim_err *err)
{
    uint32_t before = 0, after = 0;
    for (uint32_t i = 0; i < n_probes; i++) before += probe[i].n;
    const bool ok = probes_run(probe, n_probes, until, &fit->calibrate->crew, err);
    for (uint32_t i = 0; i < n_probes; i++) after += probe[i].n;
    fit->n_runs += after - before;
    return ok;
}

/* ---- what runs show ---- */

double fitting_shown(const struct probe *probe, uint32_t run, uint32_t figure, uint32_t which)
{
    return probe_value(probe, run, figure * PREDICTION_VALUES + which);
}

/* The mean over runs of what a figure in the middle of its window differs by from an end of it, and how well that many
 * runs know it. */
struct apart { double mean, noise; };

static struct apart apart_from(const struct probe *probe, uint32_t figure, uint32_t end, uint32_t n_runs)
{
    struct apart apart = { 0 };
    double square = 0;
    for (uint32_t r = 0; r < n_runs; r++)
        apart.mean += (fitting_shown(probe, r, figure, WATCH_AT) - fitting_shown(probe, r, figure, end)) / n_runs;
    for (uint32_t r = 0; r < n_runs; r++) {
        const double off =
            fitting_shown(probe, r, figure, WATCH_AT) - fitting_shown(probe, r, figure, end) - apart.mean;
        square += off * off;
    }
    apart.noise = n_runs > 1 ? square / (n_runs - 1) / n_runs : 0;
    return apart;
}

/* How far the middle lies beyond the nearer of both ends: a peak or a dip. What is no more than the noise of so few
 * runs is none, by the rule of `difference`. */
static double bulge(const struct apart *from, const struct apart *to, uint32_t n_runs)
{
    const struct apart *nearer = fabs(from->mean) < fabs(to->mean) ? from : to;
    if (n_runs < 3 || !(from->mean * to->mean > 0)) return 0;
    return fabs(nearer->mean) * fmax(1 - SHRINK * nearer->noise / (nearer->mean * nearer->mean), 0);
}

/* The window is two standard deviations either way: a quarter of the way that the figure goes in it, from end to end,
 * and to a peak or dip in the middle and back. */
static double clock_error(const struct probe *probe, uint32_t figure, uint32_t n_runs)
{
    const struct apart from = apart_from(probe, figure, WATCH_FROM, n_runs);
    const struct apart to = apart_from(probe, figure, WATCH_TO, n_runs);
    const double moved = from.mean - to.mean, there_and_back = 2 * bulge(&from, &to, n_runs);
    return (moved + copysign(there_and_back, moved)) / 4;
}

struct sight fitting_sight(const struct probe *probe, uint32_t figure, uint32_t n_runs)
{
    struct sight sight = { .clock = clock_error(probe, figure, n_runs) };
    double square = 0;
    for (uint32_t r = 0; r < n_runs; r++) sight.mean += fitting_shown(probe, r, figure, WATCH_AT) / n_runs;
    for (uint32_t r = 0; r < n_runs; r++) {
        const double off = fitting_shown(probe, r, figure, WATCH_AT) - sight.mean;
        square += off * off;
    }
    sight.variance = n_runs > 1 ? square / (n_runs - 1) : 0;
    return sight;
}

static struct sight *sights_of(struct fit_state *fit, const struct probe *probe)
{
    const uint32_t n = fit->calibrate->targets.n;
    struct sight *sight = arena_array(fit->arena, struct sight, n);
    for (uint32_t f = 0; f < n; f++) sight[f] = fitting_sight(probe, f, probe->n);
    return sight;
}

/* Figures that hang on chance (which partition is the worst) differ by chance as well; a search over many places would
 * pick the lucky ones. So a difference shrinks by its own noise, to nothing where it is no larger (Stein's rule with
 * the t statistic in place of z). */
double fitting_shrunk(const double *off, uint32_t n, double *error)
{
    double mean = 0, square = 0;
    for (uint32_t r = 0; r < n; r++) mean += off[r] / n;
    for (uint32_t r = 0; r < n; r++) square += (off[r] - mean) * (off[r] - mean);
    *error = 0;
    if (n < 3 || !(mean * mean > 0)) return mean;
    const double noise = square / (n - 1) / n;
    if (isfinite(noise)) *error = noise;
    return isfinite(noise) ? mean * fmax(1 - SHRINK * noise / (mean * mean), 0) : mean;
}

/* What a figure differs by from the centre, over runs that share their random numbers. */
static double difference(const struct fit_state *fit, const struct probe *knot, uint32_t figure, double *error)
{
    double *off = arena_array(fit->arena, double, knot->n);
    for (uint32_t r = 0; r < knot->n; r++)
        off[r] = fitting_shown(knot, r, figure, WATCH_AT) - fitting_shown(fit->centre, r, figure, WATCH_AT);
    return fitting_shrunk(off, knot->n, error);
}

/* Of few runs a variance counts where it is another one by more than chance would have it. */
double fitting_variance_beside(double here, double centre, uint32_t n)
{
    if (!isfinite(centre)) return here;
    return n < 3 || (here < VARIANCE_RATIO * centre && here * VARIANCE_RATIO > centre) ? centre : here;
}

struct sight *fitting_sights_beside(struct fit_state *fit, const struct probe *knot, const struct sight *centre)
{
    struct sight *sight = sights_of(fit, knot);
    for (uint32_t f = 0; f < fit->calibrate->targets.n; f++) {
        const double off = difference(fit, knot, f, &sight[f].error);
        if (isfinite(sight[f].mean) && isfinite(off)) sight[f].mean = centre[f].mean + off;
        sight[f].variance = fitting_variance_beside(sight[f].variance, centre[f].variance, knot->n);
    }
    return sight;
}

/* ---- the start ---- */

static double lone_distance(struct fit_state *fit, const struct probe *probe)
{
    fit->response = (struct response){ .n_figures = fit->calibrate->targets.n, .at_centre = sights_of(fit, probe) };
    return distance_at(&fit->question, NULL);
}

bool fitting_start(struct fit_state *fit, struct sim_err *err)
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
        fitting_prepare(fit, &probe[i], place[i], 1);
    }
    if (!fitting_run(fit, probe, n, 1, err)) return false;
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

/* Closer to the best place from either side, and what is accepted. */
static void crowd_knots(struct fit_state *fit, uint32_t k, double low, double high)
{
    const double best = fit->best[k], down = best - low, up = high - best;
    static const double share[] = { 1, 0.3, 0.06 };
    for (size_t i = 0; i < sizeof share / sizeof *share; i++) {
        const double apart = fmax(0.02 * (high - low), KNOTS_APART);
        if (down * share[i] > apart) add_knot(fit, k, best - down * share[i], apart);
        if (up * share[i] > apart) add_knot(fit, k, best + up * share[i], apart);
    }
}

/* Evenly over what is accepted and a bit beyond; of what is accepted up to an end of the range only that end, and what
 * lies about the other limit. */
static void choose_knots(struct fit_state *fit, uint32_t k, const struct sweep_plan *plan)
{
    enum { FEW = 3 };
    const struct response_line *line = &fit->response.line[k];
    const struct box region = fit->region[k];
    const double below = 0.6 * gap_at(line, region.low), above = 0.6 * gap_at(line, region.high);
    fit->n_knots[k] = 0;
    if (plan->is_close) crowd_knots(fit, k, fmax(region.low - below, 0), fmin(region.high + above, 1));
    else if (line->n == 0) spread_knots(fit, k, 0, 1, plan->knots);
    else if (region.low <= 0 && region.high >= 1) spread_knots(fit, k, 0, 1, FEW);
    else if (region.low <= 0) {
        spread_knots(fit, k, fmax(region.high - above, 0), fmin(region.high + above, 1), FEW);
        if (fit->best[k] > 1e-3) add_knot(fit, k, 0, 1e-3);
    } else if (region.high >= 1) {
        spread_knots(fit, k, fmax(region.low - below, 0), fmin(region.low + below, 1), FEW);
        if (fit->best[k] < 1 - 1e-3) add_knot(fit, k, 1, 1e-3);
    } else spread_knots(fit, k, fmax(region.low - below, 0), fmin(region.high + above, 1), plan->knots);
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
bool fitting_run_knots(struct fit_state *fit, const double *centre, struct probe **probe, uint32_t runs,
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
            fitting_prepare(fit, &own[n++], place, runs);
        }
    *probe = own;
    /* The centre of a refined line has its runs already. */
    return own[0].n >= runs ? fitting_run(fit, own + 1, n - 1, runs, err) : fitting_run(fit, own, n, runs, err);
}

void fitting_take_knots(struct fit_state *fit, const struct probe *probe)
{
    for (uint32_t k = 0; k < fit->calibrate->n_values; k++)
        for (uint32_t i = 0; i < fit->n_knots[k]; i++)
            put_on_line(&fit->response.line[k], fit->knot[k][i],
                        fitting_sights_beside(fit, probe++, fit->response.at_centre));
}

bool fitting_lines(struct fit_state *fit, const struct sweep_plan *plan, uint32_t runs, struct sim_err *err)
{
    const uint32_t n_values = fit->calibrate->n_values;
    const uint32_t centre_runs = plan->centre_runs > 0 ? plan->centre_runs : fit->calibrate->replications;
    struct probe centre, *probe = &centre;
    for (uint32_t k = 0; k < n_values; k++) choose_knots(fit, k, plan);
    fitting_prepare(fit, &centre, fit->best, centre_runs);
    if (!fitting_run_knots(fit, fit->best, &probe, runs, err)) return false;
    if (!fitting_run(fit, probe, 1, centre_runs, err)) return false;
    struct sight *at_centre = sights_of(fit, probe);
    fit->centre = probe;
    fit->response =
        (struct response){ .n_values = n_values, .n_figures = fit->calibrate->targets.n, .at_centre = at_centre };
    memcpy(fit->response.centre, fit->best, sizeof fit->best);
    for (uint32_t k = 0; k < n_values; k++) begin_line(fit, k, at_centre);
    fitting_take_knots(fit, probe + 1);
    fit->question.runs = centre_runs;
    fit->question.coarse = plan->coarse;
    return fitting_planes(fit, probe + 1, runs, err);
}

/* From the centre, and from each place that was run. */
void fitting_search(struct fit_state *fit)
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

/* Places about a limit that lies between two far ones, and beyond a line that ends where all is still accepted. */
bool fitting_refine(struct fit_state *fit, const struct profile *profile)
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
