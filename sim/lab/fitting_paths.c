/* SPDX-License-Identifier: GPL-3.0-or-later
 * What lines and planes make of the places that matter, put right by runs there. An interval rests on the path of its
 * value: the places that are best for the others while it goes from limit to limit. Far from the centre, and where
 * stages wait for one another, what is straight between few places is not what a run shows. So places of each path are
 * run, and what they show beyond the lines belongs to the model from then on, wherever that value is asked about; then
 * the path is another one, and is run again, until the runs show what was expected of them. */
#include "sim/lab/fitting.h"

#include <math.h>
#include <string.h>

enum { PLACES_MOST = PATH_PLACES };
#define BEYOND       0.15 /* of the interval: how far behind a limit the last place is */
#define WIDTH_LEAST  0.01 /* of a range */
#define PLACES_APART 1e-7
#define EXPECTED     1.0  /* of the distance: what the runs may differ by from what the model had there */

void fitting_use_path(struct fit_state *fit, uint32_t k)
{
    fit->response.path = k != NONE && fit->path[k].n > 0 ? &fit->path[k] : NULL;
    fit->response.path_value = k;
}

/* ---- which places ---- */

static void add_place(struct fit_state *fit, struct way *way, uint32_t k, double at)
{
    const struct free_value *value = &fit->calibrate->value[k];
    const double place = free_value_place(value, free_value_at(value, fmin(fmax(at, 0), 1)));
    if (way->n > 0 && place - way->at[way->n - 1] < PLACES_APART) return;
    way->at[way->n++] = place;
}

static void choose_places(struct fit_state *fit, struct way *way, uint32_t k, double best,
                          const struct profile *profile)
{
    const double low = fmin(profile->low, best), high = fmax(profile->high, best);
    const double beyond = BEYOND * fmax(high - low, WIDTH_LEAST);
    way->n = 0;
    if (!profile->open_low) add_place(fit, way, k, low - beyond);
    add_place(fit, way, k, low);
    add_place(fit, way, k, (3 * low + best) / 4);
    add_place(fit, way, k, (low + best) / 2);
    add_place(fit, way, k, best);
    add_place(fit, way, k, (best + high) / 2);
    add_place(fit, way, k, (best + 3 * high) / 4);
    add_place(fit, way, k, high);
    if (!profile->open_high) add_place(fit, way, k, high + beyond);
}

/* From the best place outwards, so that each begins at its neighbour's. */
static void find_places(struct fit_state *fit, struct way *way, uint32_t k, const double *best)
{
    bool held[MINIMUM_MOST] = { false };
    uint32_t middle = 0;
    held[k] = true;
    while (middle + 1 < way->n && way->at[middle] < best[k]) middle++;
    for (uint32_t side = 0; side < 2; side++) {
        double place[MINIMUM_MOST];
        memcpy(place, best, sizeof place);
        for (uint32_t i = middle; i < way->n; i = side == 0 ? i + 1 : i - 1) {
            place[k] = way->at[i];
            distance_least(&fit->question, place, held);
            memcpy(way->place[i], place, sizeof place);
        }
    }
}

static bool run_paths(struct fit_state *fit, struct way *way, const struct profile *profile, struct probe *probe,
                      uint32_t runs, struct sim_err *err)
{
    uint32_t n = 0;
    for (uint32_t k = 0; k < fit->calibrate->n_values; k++) {
        double best[MINIMUM_MOST];
        memcpy(best, fit->best, sizeof best);
        fitting_use_path(fit, k);
        distance_least(&fit->question, best, NULL);
        choose_places(fit, &way[k], k, best[k], &profile[k]);
        find_places(fit, &way[k], k, best);
        for (uint32_t i = 0; i < way[k].n; i++) fitting_prepare(fit, &probe[n++], way[k].place[i], runs);
    }
    fitting_use_path(fit, NONE);
    return fitting_run(fit, probe, n, runs, err);
}

/* ---- what they show ---- */

static double beside(double shown, double expected)
{
    return isfinite(expected) ? shown - expected : 0;
}

/* What the runs show beyond the lines and planes. */
static struct sight *sights_off(struct fit_state *fit, const double *place, const struct probe *probe)
{
    const uint32_t n = fit->calibrate->targets.n;
    struct sight *off = fitting_sights_beside(fit, probe, fit->response.at_centre);
    struct sight *expected = arena_array(fit->arena, struct sight, n);
    response_at(&fit->response, place, expected);
    for (uint32_t f = 0; f < n; f++)
        off[f] = (struct sight){ beside(off[f].mean, expected[f].mean), beside(off[f].variance, expected[f].variance),
                                 beside(off[f].error, expected[f].error), beside(off[f].clock, expected[f].clock) };
    return off;
}

static void take_path(struct fit_state *fit, uint32_t k, const struct way *way, const struct probe *probe)
{
    struct response_line *path = &fit->path[k];
    *path = (struct response_line){ way->n, arena_array(fit->arena, double, way->n),
                                    arena_array(fit->arena, struct sight *, way->n) };
    for (uint32_t i = 0; i < way->n; i++) {
        path->at[i] = way->at[i];
        path->sight[i] = sights_off(fit, way->place[i], &probe[i]);
    }
}

/* Whether the runs on a path bear out what the model had there so far, wherever either accepts a place. */
static bool is_as_expected(struct fit_state *fit, const struct way *way, const double *expected, double accepted)
{
    for (uint32_t i = 0; i < way->n; i++) {
        const double shown = distance_at(&fit->question, way->place[i]);
        if (fmin(shown, expected[i]) <= accepted && !(fabs(shown - expected[i]) <= EXPECTED)) return false;
    }
    return true;
}

static bool take_paths(struct fit_state *fit, const struct profile *profile, const struct way *way,
                       const struct probe *probe)
{
    bool as_expected = true;
    for (uint32_t k = 0; k < fit->calibrate->n_values; probe += way[k++].n) {
        double expected[PLACES_MOST];
        fitting_use_path(fit, k);
        for (uint32_t i = 0; i < way[k].n; i++) expected[i] = distance_at(&fit->question, way[k].place[i]);
        fitting_use_path(fit, NONE);
        take_path(fit, k, &way[k], probe);
        fitting_use_path(fit, k);
        as_expected =
            is_as_expected(fit, &way[k], expected, profile[k].least + profile[k].bound) && as_expected;
        fit->way[k] = way[k];
    }
    fitting_use_path(fit, NONE);
    return as_expected;
}

bool fitting_paths(struct fit_state *fit, const struct profile *profile, uint32_t runs, bool *as_expected,
                   struct sim_err *err)
{
    const uint32_t n_values = fit->calibrate->n_values;
    struct way *way = arena_array(fit->arena, struct way, n_values);
    struct probe *probe = arena_array(fit->arena, struct probe, (size_t)n_values * PLACES_MOST);
    if (!run_paths(fit, way, profile, probe, runs, err)) return false;
    *as_expected = take_paths(fit, profile, way, probe);
    return true;
}

/* What is only thought to be better is none: the best of the places that were run. */
void fitting_choose_on_paths(struct fit_state *fit)
{
    double least = HUGE_VAL;
    uint32_t on = 0, which = 0;
    for (uint32_t k = 0; k < fit->calibrate->n_values; k++) {
        fitting_use_path(fit, k);
        for (uint32_t i = 0; i < fit->way[k].n; i++) {
            const double distance = distance_at(&fit->question, fit->way[k].place[i]);
            if (!(distance < least)) continue;
            least = distance;
            on = k;
            which = i;
        }
    }
    memcpy(fit->best, fit->way[on].place[which], sizeof fit->best);
    fitting_use_path(fit, on);
}
