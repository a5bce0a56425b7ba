/* SPDX-License-Identifier: GPL-3.0-or-later
 * What two values change together. Behind a stage that is slower a stage may take what it likes, and two that share a
 * store wait for each other: there the changes along lines do not add up. So places off the lines are run as well, for
 * each pair of values on a grid of places that both lines have. As many places as there are values to pay for: two have
 * all that their lines have, many have the ends, and beyond JOINT_MOST the lines stand alone. */
#include "sim/lab/fitting.h"

#include <math.h>
#include <string.h>

enum { AXIS_MOST = KNOTS_MOST + 1 };

/* The places of a line that take part, the centre's among them; its probe is NULL, a grid has nothing there. */
struct axis {
    uint32_t n;
    double *at;
    const struct probe *knot[AXIS_MOST];
};

static uint32_t places_each(uint32_t n_values)
{
    return n_values == 2 ? KNOTS_MOST : n_values == 3 ? 3 : 2;
}

static void put_on_axis(struct axis *axis, double at, const struct probe *knot)
{
    axis->at[axis->n] = at;
    axis->knot[axis->n++] = knot;
}

/* Of the knots run, `most` evenly among them, the ends first. */
static void choose_axis(struct fit_state *fit, uint32_t k, const struct probe *knot, struct axis *axis)
{
    const uint32_t n = fit->n_knots[k], most = places_each(fit->calibrate->n_values), m = n < most ? n : most;
    const double centre = fit->response.centre[k];
    bool is_past = false;
    *axis = (struct axis){ .at = arena_array(fit->arena, double, AXIS_MOST) };
    for (uint32_t i = 0; i < m; i++) {
        const uint32_t which = m > 1 ? i * (n - 1) / (m - 1) : 0;
        if (!is_past && fit->knot[k][which] > centre) put_on_axis(axis, centre, NULL);
        is_past = is_past || fit->knot[k][which] > centre;
        put_on_axis(axis, fit->knot[k][which], &knot[which]);
    }
    if (!is_past) put_on_axis(axis, centre, NULL);
}

/* ---- what a place of a grid shows ---- */

static const struct sight *sight_on(const struct response_line *line, double at)
{
    uint32_t i = 0;
    while (i + 1 < line->n && line->at[i] < at) i++;
    return line->sight[i];
}

static double beyond_of(double both, double first, double second, double centre)
{
    const double beyond = both - first - second + centre;
    return isfinite(first) && isfinite(second) ? beyond : isfinite(both) ? 0 : beyond;
}

/* Over runs that share their random numbers, so that chance moves nothing that is not there (fitting_shrunk). */
static double mean_beyond(struct fit_state *fit, const struct probe *both, const struct probe *const *alone,
                          uint32_t figure, double *error)
{
    double *off = arena_array(fit->arena, double, both->n);
    for (uint32_t r = 0; r < both->n; r++)
        off[r] = beyond_of(fitting_shown(both, r, figure, WATCH_AT), fitting_shown(alone[0], r, figure, WATCH_AT),
                           fitting_shown(alone[1], r, figure, WATCH_AT),
                           fitting_shown(fit->centre, r, figure, WATCH_AT));
    return fitting_shrunk(off, both->n, error);
}

static struct sight *sights_beyond(struct fit_state *fit, const struct response_plane *plane, const struct probe *both,
                                   const struct probe *const *alone, const double *at, bool *is_felt)
{
    const uint32_t n = fit->calibrate->targets.n;
    const struct sight *centre = fit->response.at_centre;
    const struct sight *first = sight_on(&fit->response.line[plane->value[0]], at[0]);
    const struct sight *second = sight_on(&fit->response.line[plane->value[1]], at[1]);
    struct sight *out = arena_array(fit->arena, struct sight, n);
    for (uint32_t f = 0; f < n; f++) {
        struct sight here = fitting_sight(both, f, both->n);
        here.variance = fitting_variance_beside(here.variance, centre[f].variance, both->n);
        out[f].mean = mean_beyond(fit, both, alone, f, &out[f].error);
        out[f].variance =
            beyond_of(here.variance, first[f].variance, second[f].variance, centre[f].variance);
        out[f].clock = beyond_of(here.clock, first[f].clock, second[f].clock, centre[f].clock);
        is_felt[f] = is_felt[f] || !(out[f].mean * out[f].mean <= 0 && out[f].variance * out[f].variance <= 0);
    }
    return out;
}

/* ---- planes ---- */

static void begin_plane(struct fit_state *fit, struct response_plane *plane, const struct axis *axis, uint32_t first,
                        uint32_t second)
{
    *plane = (struct response_plane){ .value = { first, second }, .n = { axis[first].n, axis[second].n },
                                      .at = { axis[first].at, axis[second].at } };
    plane->beyond = arena_array(fit->arena, struct sight *, (size_t)plane->n[0] * plane->n[1]);
}

static uint32_t prepare_plane(struct fit_state *fit, const struct response_plane *plane, const struct axis *axis,
                              struct probe *probe, uint32_t runs)
{
    const struct axis *first = &axis[plane->value[0]], *second = &axis[plane->value[1]];
    uint32_t n = 0;
    for (uint32_t i = 0; i < first->n; i++)
        for (uint32_t j = 0; j < second->n; j++) {
            double place[MINIMUM_MOST];
            if (!first->knot[i] || !second->knot[j]) continue;
            memcpy(place, fit->response.centre, sizeof place);
            place[plane->value[0]] = first->at[i];
            place[plane->value[1]] = second->at[j];
            fitting_prepare(fit, &probe[n++], place, runs);
        }
    return n;
}

static uint32_t take_plane(struct fit_state *fit, struct response_plane *plane, const struct axis *axis,
                           const struct probe *probe)
{
    const struct axis *first = &axis[plane->value[0]], *second = &axis[plane->value[1]];
    struct sight *nothing = arena_array(fit->arena, struct sight, fit->calibrate->targets.n);
    bool *is_felt = arena_array(fit->arena, bool, fit->calibrate->targets.n);
    uint32_t n = 0;
    for (uint32_t i = 0; i < first->n; i++)
        for (uint32_t j = 0; j < second->n; j++) {
            const struct probe *alone[2] = { first->knot[i], second->knot[j] };
            const double at[2] = { first->at[i], second->at[j] };
            plane->beyond[i * second->n + j] =
                alone[0] && alone[1] ? sights_beyond(fit, plane, &probe[n++], alone, at, is_felt) : nothing;
        }
    plane->is_felt = is_felt;
    return n;
}

bool fitting_planes(struct fit_state *fit, const struct probe *knot, uint32_t runs, struct sim_err *err)
{
    const uint32_t n_values = fit->calibrate->n_values;
    struct axis axis[JOINT_MOST];
    uint32_t n = 0, n_probes = 0, taken = 0, n_places = 0;
    if (!fit_is_joint(fit)) return true;
    for (uint32_t k = 0; k < n_values; knot += fit->n_knots[k++]) choose_axis(fit, k, knot, &axis[k]);
    struct response_plane *plane = arena_array(fit->arena, struct response_plane, PLANES_MOST);
    for (uint32_t k = 0; k < n_values; k++)
        for (uint32_t l = k + 1; l < n_values; l++) {
            if (axis[k].n < 2 || axis[l].n < 2) continue;
            begin_plane(fit, &plane[n++], axis, k, l);
            n_places += axis[k].n * axis[l].n;
        }
    struct probe *probe = arena_array(fit->arena, struct probe, n_places + 1);
    for (uint32_t p = 0; p < n; p++) n_probes += prepare_plane(fit, &plane[p], axis, probe + n_probes, runs);
    if (!fitting_run(fit, probe, n_probes, runs, err)) return false;
    for (uint32_t p = 0; p < n; p++) taken += take_plane(fit, &plane[p], axis, probe + taken);
    fit->response.plane = plane;
    fit->response.n_planes = n;
    return true;
}
