/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/judge.h"

#include <math.h>

#include "sim/results/layout.h"
#include "sim/results/threshold.h"

/* ---- counts ---- */

static enum standing stand(uint32_t held, const struct spending *looks)
{
    if (held >= looks->met_from) return STANDING_MET;
    return held < looks->missed_below ? STANDING_MISSED : STANDING_OPEN;
}

enum standing judge_standing(const struct judged *judged)
{
    enum standing standing = STANDING_MET;
    if (judged->broken > 0) return STANDING_MISSED;
    for (uint32_t i = 0; i < judged->n_thresholds; i++) {
        const enum standing of_one = stand(judged->held[i], &judged->looks);
        if (of_one == STANDING_MISSED) return STANDING_MISSED;
        if (of_one == STANDING_OPEN) standing = STANDING_OPEN;
    }
    return standing;
}

double judged_met_share(const struct judged *judged)
{
    return judged->n > 0 ? (double)judged->met / judged->n : 0;
}

uint32_t judged_worst(const struct judged *judged)
{
    uint32_t worst = NONE;
    for (uint32_t i = 0; i < judged->n_thresholds; i++)
        if (worst == NONE || judged->held[i] < judged->held[worst]) worst = i;
    return worst;
}

bool judged_unsettled(const struct judged *judged) { return judged->n > 0 && judged->unsettled == judged->n; }

bool judged_breaks(const struct judged *judged)
{
    const uint32_t worst = judged_worst(judged);
    return judged->broken > 0 && (worst == NONE || judged->broken >= judged->n - judged->held[worst]);
}

/* ---- runs ---- */

static void begin(struct judged *judged, uint32_t n_thresholds, struct arena *arena)
{
    judged->n_thresholds = n_thresholds;
    judged->held = arena_array(arena, uint32_t, n_thresholds);
    judged->room = arena_array(arena, double, n_thresholds);
    for (uint32_t i = 0; i < n_thresholds; i++) judged->room[i] = (double)INFINITY;
}

/* One probe; with unknowns one for each replication, which has values of its own. */
static struct probe *make_probes(const struct judge *judge, const struct point *point, uint32_t from, uint32_t until,
                                 const uint32_t *kept, uint32_t n_kept, uint32_t *n, struct arena *arena)
{
    const uint32_t n_more = until - from;
    *n = judge->n_unknowns > 0 ? n_more : 1;
    struct probe *probe = arena_array(arena, struct probe, *n);
    for (uint32_t i = 0; i < *n; i++) {
        double share[UNKNOWNS_MAX];
        for (uint32_t u = 0; u < judge->n_unknowns; u++)
            share[u] = unknown_share(judge->seed, u, from + i, judge->block);
        const struct point at = point_at(point, judge->unknown, judge->n_unknowns, share, arena);
        probe_init(&probe[i], &at, kept, n_kept, *n == 1 ? n_more : 1, arena);
        probe[i].first = from + i;
    }
    return probe;
}

static void count(struct judged *judged, const struct probe *probe, const struct threshold_spec *threshold)
{
    if (!judged->invariant) judged->invariant = probe->broken;
    for (uint32_t r = 0; r < probe->n; r++) {
        judged->n++;
        judged->met += probe->exit[r] == 0;
        judged->broken += probe->exit[r] == 4;
        judged->unsettled += probe->unsettled;
        for (uint32_t i = 0; i < judged->n_thresholds; i++) {
            judged->held[i] += threshold_holds(&threshold[i], probe_value(probe, r, i));
            judged->room[i] = fmin(judged->room[i], threshold_room(&threshold[i], probe_value(probe, r, i)));
        }
    }
}

static bool run_and_count(const struct judge *judge, const struct point *point, struct judged *judged, uint32_t until,
                          const struct desk *desk, struct arena *arena, struct sim_err *err)
{
    const struct study *study = &desk->study;
    uint32_t n_probes;
    uint32_t *kept = arena_array(arena, uint32_t, study->n_thresholds + 1);
    for (uint32_t i = 0; i < study->n_thresholds; i++)
        kept[i] = threshold_figure(desk->layout, &study->threshold[i], NULL);
    struct probe *probe =
        make_probes(judge, point, judged->n, until, kept, study->n_thresholds, &n_probes, arena);
    if (!probes_run(probe, n_probes, probe[0].room, &judge->crew, err)) return false;
    for (uint32_t i = 0; i < n_probes; i++) count(judged, &probe[i], study->threshold);
    return true;
}

/* Makes replications up to `until` and looks. */
static bool judge_until(const struct judge *judge, const struct point *point, struct judged *judged, uint32_t until,
                        enum look look, struct arena *arena, struct sim_err *err)
{
    struct desk desk = { 0 };
    struct findings findings = { 0 };
    struct arena own = { 0 };
    bool ok = desk_open(&desk, point, &findings, err);
    if (ok && !judged->held) begin(judged, desk.study.n_thresholds, arena);
    ok = ok && run_and_count(judge, point, judged, until, &desk, &own, err);
    if (ok) {
        spending_look(&judged->looks, judge->confidence, until, look, arena);
        judged->standing = judge_standing(judged);
    }
    desk_fini(&desk);
    arena_fini(&own);
    return ok;
}

bool judge_glance(const struct judge *judge, const struct point *point, struct judged *judged, uint32_t below,
                  struct arena *arena, struct sim_err *err)
{
    static const uint32_t glance[] = { JUDGE_GLANCE, JUDGE_FIRST };
    for (uint32_t i = 0; i < sizeof glance / sizeof glance[0] && glance[i] < below; i++) {
        if (!judge_until(judge, point, judged, glance[i], LOOK_GLANCE, arena, err)) return false;
        if (judged->standing == STANDING_MISSED) return true;
    }
    return true;
}

uint32_t judge_next_look(uint32_t after) { return after < JUDGE_MOST / 2 ? 2 * after : JUDGE_MOST; }

enum look judge_look(uint32_t n, uint32_t least)
{
    return n >= JUDGE_MOST ? LOOK_LAST : n == least ? LOOK_FIRST : LOOK_AGAIN;
}

bool judge_fully(const struct judge *judge, const struct point *point, struct judged *judged, uint32_t least,
                 struct arena *arena, struct sim_err *err)
{
    if (!judge_glance(judge, point, judged, least, arena, err)) return false;
    if (judged->standing == STANDING_MISSED) return true;
    for (uint32_t until = least;; until = judge_next_look(until)) {
        if (!judge_until(judge, point, judged, until, judge_look(until, least), arena, err)) return false;
        if (judged->standing != STANDING_OPEN || until >= JUDGE_MOST) return true;
    }
}
