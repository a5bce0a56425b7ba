/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/calibrate.h"

#include <math.h>
#include <string.h>

#include "sim/lab/fitting.h"

enum { SIDES_MOST = 12, ROUNDS_MOST = 5, LIMIT_TURNS = 3, PATHS_MOST = 2, FINE_MOST = 3, KEPT_RUNS = 8 };
#define NEAR_BOUND 12.0 /* of the distance: what a sweep leaves in for the next */

/* ---- contradictions ---- */

static double units_off(struct fit_state *fit, uint32_t f, const struct sight *sight)
{
    const struct target *target = &fit->calibrate->targets.target[f];
    return (target->observed - sight->mean) / sight_noise(&fit->question, target, sight, target->observed);
}

/* True when an observation has changed sides. Where values act together one at a time leaves, the farthest: the place
 * found with it pulled others away. The last one is not asked whether it contradicts itself. */
static bool take_sides(struct fit_state *fit)
{
    struct targets *targets = &fit->calibrate->targets;
    struct sight *sight = arena_array(fit->arena, struct sight, targets->n);
    double worst = CONTRADICTS;
    uint32_t n_left = 0, leaves = NONE;
    bool changed = false;
    response_at(&fit->response, fit->best, sight);
    for (uint32_t f = 0; f < targets->n; f++) {
        enum target_use *use = &targets->target[f].use;
        const double off = fabs(units_off(fit, f, &sight[f]));
        if (*use == TARGET_CONTRADICTS && off <= CONTRADICTS) {
            *use = TARGET_DECIDES;
            changed = true;
        }
        if (!fit_is_joint(fit) && *use == TARGET_DECIDES && off > CONTRADICTS) {
            *use = TARGET_CONTRADICTS;
            changed = true;
        }
        n_left += *use == TARGET_DECIDES;
        if (*use != TARGET_DECIDES || off <= worst) continue;
        worst = off;
        leaves = f;
    }
    if (leaves == NONE || n_left < 2) return changed;
    targets->target[leaves].use = TARGET_CONTRADICTS;
    return true;
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

static const double *runs_off(struct fit_state *fit)
{
    const uint32_t n = fit->calibrate->targets.n;
    const struct probe *centre = fit->centre;
    double *off = arena_array(fit->arena, double, (size_t)centre->n * n);
    for (uint32_t r = 0; r < centre->n; r++)
        for (uint32_t f = 0; f < n; f++)
            off[(size_t)r * n + f] = fitting_shown(centre, r, f, WATCH_AT) - fit->response.at_centre[f].mean;
    return off;
}

/* ---- sweeps ---- */

static bool coarse_sweeps(struct fit_state *fit, struct sim_err *err)
{
    static const struct sweep_plan plan[] = { { 8, 1, 1, 0.1, false },
                                              { 6, 1, 1, 0.04, false },
                                              { 5, 2, 4, 0.015, false } };
    double bound[MINIMUM_MOST];
    struct profile *profile = arena_array(fit->arena, struct profile, fit->calibrate->n_values);
    for (uint32_t k = 0; k < fit->calibrate->n_values; k++) bound[k] = NEAR_BOUND;
    for (size_t i = 0; i < sizeof plan / sizeof *plan; i++) {
        if (!fitting_lines(fit, &plan[i], plan[i].runs, err)) return false;
        fitting_search(fit);
        accept(fit, profile, bound);
        look_where(fit, profile);
        fitting_keep_undecided(fit, profile);
    }
    return fitting_look_at_ends(fit, profile, profile, err);
}

/* The best place, and who contradicts it, as far as the lines show by now. */
static void settle(struct fit_state *fit)
{
    all_decide(fit);
    fitting_search(fit);
    fitting_keep_witnessed(fit);
    for (uint32_t turn = 0; turn < SIDES_MOST && take_sides(fit); turn++) {
        fitting_search(fit);
        fitting_keep_witnessed(fit);
    }
}

static struct spread spread_of(struct fit_state *fit)
{
    return (struct spread){ fit->centre->n, runs_off(fit), fit->calibrate->targets.n_clocks, fit->calibrate->seed };
}

static void bound_rise(struct fit_state *fit, double *bound)
{
    const struct spread spread = spread_of(fit);
    profile_bounds(&fit->question, fit->best, &spread, fit->calibrate->confidence, bound, fit->arena);
}

/* Where a limit is, the model may rise otherwise than at its best place: a true value there must be held as often. */
static void bound_at_limits(struct fit_state *fit, const struct profile *profile, double *bound)
{
    double at_limit[MINIMUM_MOST];
    const struct spread spread = spread_of(fit);
    for (uint32_t k = 0; k < fit->calibrate->n_values; k++) {
        const double *limit[2] = { profile[k].open_low ? NULL : profile[k].at_low,
                                   profile[k].open_high ? NULL : profile[k].at_high };
        for (uint32_t side = 0; side < 2; side++) {
            if (!limit[side]) continue;
            profile_bounds(&fit->question, limit[side], &spread, fit->calibrate->confidence, at_limit, fit->arena);
            bound[k] = fmax(bound[k], at_limit[k]);
        }
    }
}

static void widen(struct fit_state *fit, struct profile *profile, double *bound)
{
    for (uint32_t turn = 0; turn < LIMIT_TURNS; turn++) {
        bound_at_limits(fit, profile, bound);
        accept(fit, profile, bound);
    }
}

static void settle_within(struct fit_state *fit, struct profile *profile, double *bound)
{
    settle(fit);
    bound_rise(fit, bound);
    accept(fit, profile, bound);
}

/* Whether the distance still accepts an end that runs have refused. */
static bool is_needed(const struct witnessed *witnessed, const struct profile *profile)
{
    return witnessed->is && ((witnessed->within.low > 0 && profile->open_low) ||
                             (witnessed->within.high < 1 && profile->open_high));
}

/* A coarse distance accepts ends that the fine one refuses by itself. There it is the better judge: the place that a
 * witness has found, straight between few places, is not kept. */
static void settle_finely(struct fit_state *fit, struct profile *profile, double *bound)
{
    struct witnessed witnessed[MINIMUM_MOST];
    bool some = false;
    memcpy(witnessed, fit->witnessed, sizeof witnessed);
    memset(fit->witnessed, 0, sizeof fit->witnessed);
    settle_within(fit, profile, bound);
    for (uint32_t k = 0; k < fit->calibrate->n_values; k++) {
        if (!is_needed(&witnessed[k], &profile[k])) continue;
        fit->witnessed[k] = witnessed[k];
        some = true;
    }
    if (some) settle_within(fit, profile, bound);
}

/* The best place is one of those that were run: what is only thought to be better is none. Who contradicts shows at
 * the best that the model has near it. */
static void settle_on_paths(struct fit_state *fit)
{
    double shown[MINIMUM_MOST];
    all_decide(fit);
    for (uint32_t turn = 0; turn == 0 || (turn < SIDES_MOST && take_sides(fit)); turn++) {
        fitting_choose_on_paths(fit);
        memcpy(shown, fit->best, sizeof shown);
        distance_least(&fit->question, fit->best, NULL);
    }
    memcpy(fit->best, shown, sizeof shown);
    fitting_use_path(fit, NONE);
}

static void accept_on_paths(struct fit_state *fit, struct profile *profile, const double *bound)
{
    for (uint32_t k = 0; k < fit->calibrate->n_values; k++) {
        fitting_use_path(fit, k);
        profile_make(&profile[k], &fit->question, k, fit->best, bound[k]);
    }
    fitting_use_path(fit, NONE);
}

/* Where values act together, the lines have the way from limit to limit wrong. One value has no other way, of many
 * they are too many. */
static bool follow_paths(struct fit_state *fit, struct profile *profile, const double *bound, uint32_t runs,
                         bool *as_expected, struct sim_err *err)
{
    *as_expected = !fit_is_joint(fit);
    memset(fit->path, 0, sizeof fit->path);
    for (uint32_t turn = 0; turn < PATHS_MOST && !*as_expected; turn++) {
        if (!fitting_paths(fit, profile, runs, as_expected, err)) return false;
        settle_on_paths(fit);
        accept_on_paths(fit, profile, bound);
    }
    return true;
}

/* The last centre keeps its place; its lines get more places until they show each limit closely. */
static bool fine_sweep(struct fit_state *fit, struct profile *profile, const struct sweep_plan *plan,
                       struct profile *near, bool *as_expected, struct sim_err *err)
{
    enum { RUNS_SHARE = 5 };
    const uint32_t share = fit->calibrate->replications / RUNS_SHARE, runs = share > 2 ? share : 2;
    double bound[MINIMUM_MOST];
    if (!fitting_lines(fit, plan, runs, err)) return false;
    settle_finely(fit, profile, bound);
    for (uint32_t round = 0; round < ROUNDS_MOST && fitting_refine(fit, profile); round++) {
        struct probe *probe = fit->centre;
        if (!fitting_run_knots(fit, fit->response.centre, &probe, runs, err)) return false;
        fitting_take_knots(fit, probe + 1);
        settle(fit);
        accept(fit, profile, bound);
    }
    bound_rise(fit, bound);
    accept(fit, profile, bound);
    memcpy(near, profile, fit->calibrate->n_values * sizeof *near);
    widen(fit, profile, bound);
    return follow_paths(fit, profile, bound, runs, as_expected, err);
}

/* What is kept of the scenario is no more than thought to be accepted beside the rest. Runs say so; else the best place
 * that was run stays. */
static bool ask_kept(struct fit_state *fit, const struct profile *profile, const double *shown, struct sim_err *err)
{
    const uint32_t n_values = fit->calibrate->n_values, runs = fit->centre->n < KEPT_RUNS ? fit->centre->n : KEPT_RUNS;
    double accepted = -HUGE_VAL, distance = 0;
    struct probe probe;
    for (uint32_t k = 0; k < n_values; k++) accepted = fmax(accepted, profile[k].least + profile[k].bound);
    if (!fit_is_joint(fit) || memcmp(shown, fit->best, n_values * sizeof *shown) == 0) return true;
    fitting_prepare(fit, &probe, fit->best, runs);
    if (!fitting_run(fit, &probe, 1, runs, err)) return false;
    const struct sight *sight = fitting_sights_beside(fit, &probe, fit->response.at_centre);
    for (uint32_t f = 0; f < fit->calibrate->targets.n; f++) distance += distance_part(&fit->question, f, &sight[f]);
    if (distance > accepted) memcpy(fit->best, shown, sizeof fit->best);
    return true;
}

/* Where runs do not bear out what a sweep has found, the next one begins from what they show. */
static bool fine_sweeps(struct fit_state *fit, struct profile *profile, struct sim_err *err)
{
    struct profile *near = arena_array(fit->arena, struct profile, fit->calibrate->n_values);
    static const struct sweep_plan plan[] = { { .knots = 5 }, { .is_close = true } };
    bool as_expected = false;
    for (uint32_t turn = 0; turn < FINE_MOST && !as_expected; turn++) {
        if (turn > 0) look_where(fit, profile);
        if (!fine_sweep(fit, profile, &plan[turn > 0], near, &as_expected, err)) return false;
    }
    double shown[MINIMUM_MOST];
    fit->is_borne_out = as_expected;
    memcpy(shown, fit->best, sizeof shown);
    fitting_keep_undecided(fit, profile);
    return fitting_look_at_ends(fit, profile, near, err) && ask_kept(fit, profile, shown, err);
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
    return fitting_start(fit, err) && coarse_sweeps(fit, err) && fine_sweeps(fit, profile, err) &&
           fitting_answer(fit, profile, out, set, err);
}
