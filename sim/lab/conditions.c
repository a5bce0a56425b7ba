/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/conditions.h"

#include <math.h>

#define FINE (1.0 / 128)
#define FIRST_STRIDE (1.0 / 8)

bool conditions_hold(const struct conditions *conditions, const struct point *point, bool *holds, struct sim_err *err)
{
    static const uint32_t look[] = { HOLDS_GLANCE, HOLDS_LEAST, HOLDS_MOST };
    const uint32_t missed_most = (uint32_t)(HOLDS_MOST * (1 - conditions->confidence) + 1e-9);
    struct arena arena;
    struct probe probe;
    uint32_t missed = 0;
    bool ok = true;
    arena_init(&arena);
    probe_init(&probe, point, NULL, 0, HOLDS_MOST, &arena);
    for (size_t i = 0; ok && i < sizeof look / sizeof look[0]; i++) {
        const uint32_t before = probe.n;
        ok = probes_run(&probe, 1, look[i], &conditions->crew, err);
        for (uint32_t r = before; r < probe.n; r++) missed += probe.exit[r] != 0;
        if (missed > missed_most || (missed == 0 && look[i] >= HOLDS_LEAST)) break;
    }
    *holds = ok && missed <= missed_most;
    arena_fini(&arena);
    return ok;
}

bool conditions_make(struct conditions *out, const struct point *point, double confidence, const struct crew *crew,
                     struct sim_err *err)
{
    *out = (struct conditions){ *point, confidence, *crew, false };
    return conditions_hold(out, point, &out->hold, err);
}

/* ---- one question, asked along a way ---- */

struct way {
    enum { WAY_LOAD, WAY_STAGE, WAY_UNKNOWN } kind;
    uint32_t stage;
    const struct unknown *unknown;
    double from; /* share of its range */
    bool up;
};

static bool holds_at(const struct conditions *conditions, const struct way *way, double at, bool *holds,
                     struct sim_err *err)
{
    struct arena arena;
    struct point point = conditions->point;
    arena_init(&arena);
    if (way->kind == WAY_LOAD) point.load_factor = pow(FACTOR_MOST, at);
    if (way->kind == WAY_STAGE) {
        point.time_factor = pow(FACTOR_MOST, at);
        point.slow_stage = way->stage;
    }
    if (way->kind == WAY_UNKNOWN)
        point = point_with(&point, way->unknown->pointer,
                           unknown_at(way->unknown, share_along(way->from, way->up, at), &arena), &arena);
    const bool ok = conditions_hold(conditions, &point, holds, err);
    arena_fini(&arena);
    return ok;
}

/* Between a place where they hold and one where they do not. */
static bool halve(const struct conditions *conditions, const struct way *way, double good, double bad, double *far,
                  struct sim_err *err)
{
    while (bad - good > FINE) {
        const double middle = (good + bad) / 2;
        bool holds;
        if (!holds_at(conditions, way, middle, &holds, err)) return false;
        if (holds) good = middle;
        else bad = middle;
    }
    *far = good;
    return true;
}

/* How far along the way, 0 .. end, they hold. The end is looked at first: two runs tell most of the ends that fail.
 * Then in growing strides from the beginning, since far out runs are long; the whole way of the load is the longest. */
static bool walk(const struct conditions *conditions, const struct way *way, double end, double *far,
                 struct sim_err *err)
{
    const bool end_first = way->kind != WAY_LOAD || end < 1;
    double good = 0;
    bool holds = false;
    *far = conditions->hold ? end : (double)NAN;
    if (!conditions->hold) return true;
    if (end_first && !holds_at(conditions, way, end, &holds, err)) return false;
    if (holds) return true;
    for (double stride = FIRST_STRIDE; stride < end; stride *= 2) {
        if (!holds_at(conditions, way, stride, &holds, err)) return false;
        if (!holds) return halve(conditions, way, good, stride, far, err);
        good = stride;
    }
    if (!end_first && !holds_at(conditions, way, end, &holds, err)) return false;
    return holds && !end_first ? true : halve(conditions, way, good, end, far, err);
}

static bool factor_of(const struct conditions *conditions, const struct way *way, double most, double *factor,
                      struct sim_err *err)
{
    double far;
    const double end = most < FACTOR_MOST ? log(most) / log(FACTOR_MOST) : 1;
    if (!walk(conditions, way, end, &far, err)) return false;
    *factor = isnan(far) ? far : far < end ? pow(FACTOR_MOST, far) : most;
    return true;
}

bool conditions_of_load(const struct conditions *conditions, double most, double *factor, struct sim_err *err)
{
    const struct way way = { .kind = WAY_LOAD };
    return factor_of(conditions, &way, most, factor, err);
}

bool conditions_of_stage(const struct conditions *conditions, uint32_t stage, double most, double *factor,
                         struct sim_err *err)
{
    const struct way way = { .kind = WAY_STAGE, .stage = stage };
    return factor_of(conditions, &way, most, factor, err);
}

bool conditions_of_unknown(const struct conditions *conditions, const struct unknown *unknown, double from, bool up,
                           double *far, struct sim_err *err)
{
    const struct way way = { .kind = WAY_UNKNOWN, .unknown = unknown, .from = from, .up = up };
    return walk(conditions, &way, 1, far, err);
}
