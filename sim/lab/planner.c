/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/planner.h"

#include <math.h>
#include <string.h>

#include "sim/lab/corners.h"
#include "sim/lab/pressed.h"

enum { HALVED_FROM = 9 /* candidates */, GLANCES = 8 };

/* ---- one candidate ---- */

static enum footing footing_of(enum standing standing)
{
    return standing == STANDING_MET ? FOOTING_MET : standing == STANDING_MISSED ? FOOTING_MISSED : FOOTING_OPEN;
}

struct point planner_place(const struct planner *planner, const struct candidate *candidate, uint32_t place,
                           struct arena *arena)
{
    const struct judge *judge = &planner->judge;
    const double *share = candidate->share + (size_t)place * judge->n_unknowns;
    return judge->n_unknowns == 0 ? candidate->point
                                  : point_at(&candidate->point, judge->unknown, judge->n_unknowns, share, arena);
}

/* How a candidate does there, in at least `least` runs; with 0 at a glance. */
static bool judge_place(const struct planner *planner, const struct candidate *candidate, uint32_t place,
                        uint32_t least, struct judged *judged, struct arena *arena, struct sim_err *err)
{
    const struct point at = planner_place(planner, candidate, place, arena);
    struct judge judge = planner->judge;
    judge.n_unknowns = 0;
    *judged = (struct judged){ 0 };
    return least > 0 ? judge_fully(&judge, &at, judged, least, arena, err)
                     : judge_glance(&judge, &at, judged, UINT32_MAX, arena, err);
}

/* ---- places of the unknown values ---- */

struct looking {
    struct planner *planner;
    struct candidate *candidate;
    uint32_t n, room, n_missed;
    double *share;
    struct judged *judged;
    const double **pressure; /* of each group; NULL: not asked yet */
    uint32_t n_groups;       /* known once it was asked */
    struct arena *arena;
    struct sim_err *err;
};

static void make_room(struct looking *looking)
{
    const uint32_t n_unknowns = looking->planner->judge.n_unknowns, room = looking->room > 0 ? 2 * looking->room : 64;
    double *share = arena_array(looking->arena, double, (size_t)room * n_unknowns);
    struct judged *judged = arena_array(looking->arena, struct judged, room);
    const double **pressure = arena_array(looking->arena, const double *, room);
    if (looking->n > 0) {
        memcpy(share, looking->share, (size_t)looking->n * n_unknowns * sizeof *share);
        memcpy(judged, looking->judged, looking->n * sizeof *judged);
        memcpy(pressure, looking->pressure, looking->n * sizeof *pressure);
    }
    looking->room = room;
    looking->share = share;
    looking->judged = judged;
    looking->pressure = pressure;
}

/* *place: the one with these shares, looked at once. */
static bool look_at(struct looking *looking, const double *share, uint32_t *place)
{
    struct candidate *candidate = looking->candidate;
    const size_t n_unknowns = looking->planner->judge.n_unknowns, size = n_unknowns * sizeof *share;
    for (*place = 0; *place < looking->n; ++*place)
        if (memcmp(looking->share + *place * n_unknowns, share, size) == 0) return true;
    if (looking->n == looking->room) make_room(looking);
    memcpy(looking->share + *place * n_unknowns, share, size);
    candidate->share = looking->share;
    looking->pressure[*place] = NULL;
    if (!judge_place(looking->planner, candidate, *place, 0, &looking->judged[*place], looking->arena, looking->err))
        return false;
    looking->n_missed += looking->judged[*place].standing == STANDING_MISSED;
    candidate->n_places = ++looking->n;
    return true;
}

static bool press(struct looking *looking, uint32_t place)
{
    const struct planner *planner = looking->planner;
    struct pressed pressed;
    if (looking->pressure[place]) return true;
    const struct point at = planner_place(planner, looking->candidate, place, looking->arena);
    if (!pressed_find(&pressed, &at, &planner->judge.crew, 1, LANG_EN, looking->arena, looking->err)) return false;
    looking->pressure[place] = pressed.of_group;
    looking->n_groups = pressed.n_groups;
    return true;
}

/* Of the most pressed group. */
static double most_pressed(const struct looking *looking, uint32_t place)
{
    double most = 0;
    for (uint32_t g = 0; g < looking->n_groups; g++) most = fmax(most, looking->pressure[place][g]);
    return most;
}

static bool look_at_first_corners(struct looking *looking)
{
    const uint32_t n_unknowns = looking->planner->judge.n_unknowns, n = corners_n(n_unknowns);
    for (uint32_t c = 0; c < n; c++) {
        double share[UNKNOWNS_MAX];
        uint32_t place;
        for (uint32_t u = 0; u < n_unknowns; u++) share[u] = corner_is_high(n_unknowns, c, u);
        if (!look_at(looking, share, &place)) return false;
    }
    return true;
}

/* What a threshold has left in a place; behind the thresholds come the groups, by their pressure. */
static double left_at(const struct looking *looking, uint32_t threshold, uint32_t place)
{
    const struct judged *judged = &looking->judged[place];
    return threshold < judged->n_thresholds ? judged->room[threshold]
                                            : -looking->pressure[place][threshold - judged->n_thresholds];
}

/* The place beside one, on the other side of an unknown value; its pressure is asked where that is what counts. */
static bool look_beside(struct looking *looking, uint32_t from, uint32_t unknown, uint32_t threshold, uint32_t *place)
{
    const uint32_t n_unknowns = looking->planner->judge.n_unknowns;
    double share[UNKNOWNS_MAX];
    memcpy(share, looking->share + (size_t)from * n_unknowns, n_unknowns * sizeof *share);
    share[unknown] = 1 - share[unknown];
    return look_at(looking, share, place) &&
           (threshold < looking->judged[*place].n_thresholds || press(looking, *place));
}

static bool descend(struct looking *looking, uint32_t threshold)
{
    const uint32_t n_unknowns = looking->planner->judge.n_unknowns;
    uint32_t at = 0, unmoved = 0;
    for (uint32_t c = 0; c < looking->n; c++) {
        if (threshold >= looking->judged[c].n_thresholds && !press(looking, c)) return false;
        if (left_at(looking, threshold, c) < left_at(looking, threshold, at)) at = c;
    }
    for (uint32_t u = 0; unmoved < n_unknowns && looking->n_missed == 0; u = (u + 1) % n_unknowns, unmoved++) {
        uint32_t beside;
        if (!look_beside(looking, at, u, threshold, &beside)) return false;
        if (left_at(looking, threshold, beside) < left_at(looking, threshold, at)) at = beside, unmoved = 0;
    }
    return true;
}

/* Where not all corners are looked at: towards the worst, until one fails. */
static bool look_for_worse(struct looking *looking)
{
    const uint32_t n_thresholds = looking->judged[0].n_thresholds;
    if (looking->planner->judge.n_unknowns <= CORNERS_OF) return true;
    for (uint32_t t = 0; t < n_thresholds && looking->n_missed == 0; t++)
        if (!descend(looking, t)) return false;
    if (looking->n_missed == 0 && !press(looking, 0)) return false;
    for (uint32_t g = 0; g < looking->n_groups && looking->n_missed == 0; g++)
        if (!descend(looking, n_thresholds + g)) return false;
    return true;
}

/* Ends of ranges may fail, each for a reason of its own, and what lies between them may not. */
static bool look_between(struct looking *looking)
{
    const struct judge *judge = &looking->planner->judge;
    for (uint32_t r = 0; r < JUDGE_FIRST; r++) {
        double share[UNKNOWNS_MAX];
        uint32_t place;
        for (uint32_t u = 0; u < judge->n_unknowns; u++) share[u] = unknown_share(judge->seed, u, r, JUDGE_FIRST);
        if (!look_at(looking, share, &place)) return false;
    }
    return true;
}

/* Where corners do alike in every figure, the most pressed of them is the worst. */
static bool find_worst(struct looking *looking, const struct corners *corners)
{
    const uint32_t worst = corners_worst(corners);
    double most = -1;
    uint32_t n = 0;
    for (uint32_t c = 0; c < corners->n; c++) n += corners_compare(corners, c, worst) == 0;
    looking->candidate->worst = worst;
    for (uint32_t c = 0; n > 1 && c < corners->n; c++) {
        if (corners_compare(corners, c, worst) != 0) continue;
        if (!press(looking, c)) return false;
        if (most_pressed(looking, c) > most) most = most_pressed(looking, c), looking->candidate->worst = c;
    }
    return true;
}

/* Where it fails and where it does not. What is kept of a candidate that fails somewhere are its runs at the worst. */
static bool look_at_corners(struct planner *planner, struct candidate *candidate, struct corners *corners,
                            struct arena *arena, struct sim_err *err)
{
    struct looking looking = { .planner = planner, .candidate = candidate, .arena = arena, .err = err };
    if (!look_at_first_corners(&looking) || !look_for_worse(&looking)) return false;
    candidate->n_corners = looking.n;
    *corners = (struct corners){ looking.n, looking.judged };
    candidate->worst = corners_worst(corners);
    if (looking.n_missed == looking.n && !look_between(&looking)) return false;
    const struct corners places = { looking.n, looking.judged };
    candidate->best = corners_best(&places);
    candidate->judged = looking.judged[candidate->worst];
    candidate->judged_at_worst = true;
    if (looking.n_missed > 0)
        candidate->footing = looking.n_missed == looking.n ? FOOTING_MISSED : FOOTING_DEPENDS;
    return looking.n_missed > 0 || find_worst(&looking, corners);
}

/* A corner by itself; the candidate is no better than it is there. */
static bool judge_at(struct planner *planner, struct candidate *candidate, uint32_t corner, struct arena *arena,
                     struct sim_err *err)
{
    struct judged judged;
    if (!judge_place(planner, candidate, corner, planner->least, &judged, arena, err)) return false;
    if (judged.standing == STANDING_MET) return true;
    candidate->footing = judged.standing == STANDING_MISSED ? FOOTING_DEPENDS : FOOTING_OPEN;
    candidate->worst = corner;
    candidate->judged = judged;
    candidate->judged_at_worst = true;
    return true;
}

/* No corner fails outright: the whole range, then the worst corner by itself, and each that is the worst for some
 * threshold. */
static bool judge_range(struct planner *planner, struct candidate *candidate, const struct corners *corners,
                        struct arena *arena, struct sim_err *err)
{
    const uint32_t worst = candidate->worst;
    candidate->judged = (struct judged){ 0 };
    candidate->judged_at_worst = false;
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
