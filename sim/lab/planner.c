/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/planner.h"

#include "sim/lab/corners.h"
#include "sim/lab/pressed.h"

enum { HALVED_FROM = 9 /* candidates */, GLANCES = 8 };

/* ---- one candidate ---- */

static enum footing footing_of(enum standing standing)
{
    return standing == STANDING_MET ? FOOTING_MET : standing == STANDING_MISSED ? FOOTING_MISSED : FOOTING_OPEN;
}

struct point planner_corner(const struct planner *planner, const struct candidate *candidate, uint32_t corner,
                            struct arena *arena)
{
    const struct judge *judge = &planner->judge;
    double share[UNKNOWNS_MAX];
    for (uint32_t u = 0; u < judge->n_unknowns; u++) share[u] = corner_is_high(judge->n_unknowns, corner, u);
    return point_at(&candidate->point, judge->unknown, judge->n_unknowns, share, arena);
}

/* How a candidate does there, in at least `least` runs; with 0 at a glance. */
static bool judge_corner(const struct planner *planner, const struct candidate *candidate, uint32_t corner,
                         uint32_t least, struct judged *judged, struct arena *arena, struct sim_err *err)
{
    const struct point at = planner_corner(planner, candidate, corner, arena);
    struct judge judge = planner->judge;
    judge.n_unknowns = 0;
    *judged = (struct judged){ 0 };
    return least > 0 ? judge_fully(&judge, &at, judged, least, arena, err)
                     : judge_glance(&judge, &at, judged, UINT32_MAX, arena, err);
}

/* Where corners do alike in every figure, the most pressed of them is the worst. */
static bool find_worst(struct planner *planner, struct candidate *candidate, const struct corners *corners,
                       struct arena *arena, struct sim_err *err)
{
    const uint32_t worst = corners_worst(corners);
    double most = -1;
    uint32_t n = 0;
    for (uint32_t c = 0; c < corners->n; c++) n += corners_compare(corners, c, worst) == 0;
    candidate->worst = worst;
    for (uint32_t c = 0; n > 1 && c < corners->n; c++) {
        if (corners_compare(corners, c, worst) != 0) continue;
        const struct point at = planner_corner(planner, candidate, c, arena);
        struct pressed pressed;
        if (!pressed_find(&pressed, &at, &planner->judge.crew, 1, LANG_EN, arena, err)) return false;
        if (pressed.pressure > most) most = pressed.pressure, candidate->worst = c;
    }
    return true;
}

/* Where it fails and where it does not. What is kept of a candidate that fails somewhere are its runs at the worst. */
static bool look_at_corners(struct planner *planner, struct candidate *candidate, struct corners *corners,
                            struct arena *arena, struct sim_err *err)
{
    const uint32_t n = corners_n(planner->judge.n_unknowns);
    struct judged *judged = arena_array(arena, struct judged, n);
    uint32_t n_missed = 0;
    for (uint32_t c = 0; c < n; c++) {
        if (!judge_corner(planner, candidate, c, 0, &judged[c], arena, err)) return false;
        n_missed += judged[c].standing == STANDING_MISSED;
    }
    *corners = (struct corners){ n, judged };
    candidate->best = corners_best(corners);
    candidate->worst = corners_worst(corners);
    candidate->judged = judged[candidate->worst];
    if (n_missed > 0) candidate->footing = n_missed == n ? FOOTING_MISSED : FOOTING_DEPENDS;
    return n_missed > 0 || find_worst(planner, candidate, corners, arena, err);
}

/* A corner by itself; the candidate is no better than it is there. */
static bool judge_at(struct planner *planner, struct candidate *candidate, uint32_t corner, struct arena *arena,
                     struct sim_err *err)
{
    struct judged judged;
    if (!judge_corner(planner, candidate, corner, planner->least, &judged, arena, err)) return false;
    if (judged.standing == STANDING_MET) return true;
    candidate->footing = judged.standing == STANDING_MISSED ? FOOTING_DEPENDS : FOOTING_OPEN;
    candidate->worst = corner;
    candidate->judged = judged;
    return true;
}

/* No corner fails outright: the whole range, then the worst corner by itself, and each that is the worst for some
 * threshold. */
static bool judge_range(struct planner *planner, struct candidate *candidate, const struct corners *corners,
                        struct arena *arena, struct sim_err *err)
{
    const uint32_t worst = candidate->worst;
    candidate->judged = (struct judged){ 0 };
    if (!judge_fully(&planner->judge, &candidate->point, &candidate->judged, planner->least, arena, err)) return false;
    candidate->footing = footing_of(candidate->judged.standing);
    if (candidate->footing == FOOTING_MISSED) candidate->footing = FOOTING_DEPENDS;
    if (candidate->footing != FOOTING_MET) return true;
    if (!judge_at(planner, candidate, worst, arena, err)) return false;
    for (uint32_t c = 0; c < corners->n && candidate->footing != FOOTING_DEPENDS; c++)
        if (c != worst && corners_is_worst_of_one(corners, c) && !judge_at(planner, candidate, c, arena, err))
            return false;
    return true;
}

static bool judge_candidate(struct planner *planner, struct candidate *candidate, struct arena *arena,
                            struct sim_err *err)
{
    if (candidate->footing != FOOTING_NONE) return true;
    candidate->judged = (struct judged){ 0 };
    if (planner->judge.n_unknowns > 0) {
        struct corners corners;
        if (!look_at_corners(planner, candidate, &corners, arena, err)) return false;
        return candidate->footing != FOOTING_NONE || judge_range(planner, candidate, &corners, arena, err);
    }
    if (!judge_fully(&planner->judge, &candidate->point, &candidate->judged, planner->least, arena, err)) return false;
    candidate->footing = footing_of(candidate->judged.standing);
    return true;
}

/* ---- the search ---- */

static bool scan(struct planner *planner, struct arena *arena, struct sim_err *err)
{
    for (uint32_t i = 0; i < planner->n; i++) {
        if (!judge_candidate(planner, &planner->candidate[i], arena, err)) return false;
        if (planner->candidate[i].footing == FOOTING_MET && !planner->judges_all) break;
    }
    return true;
}

static bool halve(struct planner *planner, uint32_t *found, struct arena *arena, struct sim_err *err)
{
    uint32_t misses = 0, meets = planner->n - 1; /* the answer is in [misses, meets] */
    *found = NONE;
    if (!judge_candidate(planner, &planner->candidate[meets], arena, err)) return false;
    if (planner->candidate[meets].footing != FOOTING_MET) return true;
    while (misses < meets) {
        const uint32_t middle = misses + (meets - misses) / 2;
        if (!judge_candidate(planner, &planner->candidate[middle], arena, err)) return false;
        if (planner->candidate[middle].footing == FOOTING_MET) meets = middle;
        else misses = middle + 1;
    }
    *found = meets;
    return true;
}

/* Cheaper ones that nobody has looked at, spread evenly: does each fail at a first look? */
static bool glance_below(struct planner *planner, uint32_t found, bool *all_fail, struct arena *arena,
                         struct sim_err *err)
{
    const uint32_t n = found < GLANCES ? found : GLANCES;
    *all_fail = true;
    for (uint32_t i = 0; i < n && *all_fail; i++) {
        struct candidate *candidate = &planner->candidate[(uint64_t)found * i / n];
        if (!judge_candidate(planner, candidate, arena, err)) return false;
        *all_fail = candidate->footing == FOOTING_MISSED;
    }
    return true;
}

/* Of those that did not meet them: the most hopeful footing, then the greatest share of runs, then, among those that
 * fail, the one that has most of everything: what costs more is nearer. */
static uint32_t choose(const struct planner *planner)
{
    static const int rank[] = { [FOOTING_NONE] = 0, [FOOTING_MISSED] = 1, [FOOTING_OPEN] = 2, [FOOTING_DEPENDS] = 3,
                                [FOOTING_MET] = 4 };
    uint32_t best = 0;
    for (uint32_t i = 1; i < planner->n; i++) {
        const struct candidate *a = &planner->candidate[best], *b = &planner->candidate[i];
        const bool nearer = a->footing == FOOTING_MISSED && b->footing == FOOTING_MISSED &&
                            judged_met_share(&b->judged) >= judged_met_share(&a->judged);
        if (rank[b->footing] > rank[a->footing] || nearer) best = i;
    }
    return best;
}

uint32_t planner_search(struct planner *planner, bool *halved, struct arena *arena, struct sim_err *err)
{
    uint32_t found = NONE;
    bool all_fail = false;
    *halved = false;
    if (planner->n_axes == 1 && planner->n >= HALVED_FROM && !planner->judges_all) {
        if (!halve(planner, &found, arena, err)) return NONE;
        if (found != NONE && !glance_below(planner, found, &all_fail, arena, err)) return NONE;
        *halved = all_fail && found > GLANCES;
    }
    if (!all_fail && !scan(planner, arena, err)) return NONE;
    return choose(planner);
}
