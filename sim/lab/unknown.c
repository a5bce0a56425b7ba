/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/unknown.h"

#include <math.h>
#include <string.h>

#include "models/purpose.h"
#include "sim/engine/random.h"

/* ---- ranges ---- */

bool unknown_parse(struct unknown *out, const char *text, struct arena *arena, struct sim_err *err)
{
    char *copy = arena_strdup(arena, text), *equals = strchr(copy, '='), *dots = equals ? strstr(equals, "..") : NULL;
    if (!dots || equals == copy)
        return sim_fail(err, SIM_EUSAGE, NULL, "--unknown: \"%s\" is not of the form PTR=LOW..HIGH, as in "
                                               "/stages/pay/time/mean=5ms..22ms", text);
    *equals = *dots = '\0';
    *out = (struct unknown){ .pointer = copy };
    if (!quantity_parse(equals + 1, &out->low) || !quantity_parse(dots + 2, &out->high))
        return sim_fail(err, SIM_EUSAGE, NULL, "--unknown: in \"%s\" a bound is neither a number nor a duration", text);
    if (out->low.is_duration != out->high.is_duration)
        return sim_fail(err, SIM_EUSAGE, NULL, "--unknown: in \"%s\" one bound has a unit and one has not", text);
    return out->low.value < out->high.value ||
           sim_fail(err, SIM_EUSAGE, NULL, "--unknown: \"%s\" does not go up from its first bound to its second", text);
}

const char *unknown_at(const struct unknown *unknown, double share, struct arena *arena)
{
    const double low = unknown->low.value, high = unknown->high.value;
    struct quantity value = { unknown->low.is_duration, low + share * (high - low) };
    if (unknown->whole) value.value = fmin(floor(low + share * (high - low + 1)), high);
    return quantity_text(value, arena);
}

/* ---- the hypercube ---- */

static uint32_t below(uint32_t word, uint32_t n) { return (uint32_t)(((uint64_t)word * n) >> 32); }

/* The cell of a position within its block: Fisher and Yates' shuffle, of which only one entry is asked for. Blocks are
 * small, so it is made anew each time. */
static uint32_t shuffled(struct random_key key, uint32_t unknown, uint32_t at, uint32_t n)
{
    uint32_t cell = at;
    /* Swaps n-1 .. 1 of positions i and j <= i, followed for one position: where does its entry come from? */
    for (uint32_t i = 1; i < n; i++) {
        const uint32_t j = below(random_block(key, PURPOSE_HYPERCUBE, i, 2 * unknown).word[0], i + 1);
        if (cell == i) cell = j;
        else if (cell == j) cell = i;
    }
    return cell;
}

double unknown_share(uint64_t seed, uint32_t unknown, uint32_t replication, uint32_t block)
{
    const struct random_key key = random_key(seed, replication / block);
    const uint32_t at = replication % block;
    const double within = random_unit(random_block(key, PURPOSE_HYPERCUBE, at, 2 * unknown + 1).word[0]);
    return (shuffled(key, unknown, at, block) + within) / block;
}

/* ---- corners ---- */

uint32_t corners_n(uint32_t n) { return n <= CORNERS_OF ? UINT32_C(1) << n : 2 * n + 2; }

bool corner_is_high(uint32_t n, uint32_t corner, uint32_t unknown)
{
    if (corner < 2) return corner == 1;
    if (n > CORNERS_OF) { /* one against all others */
        const bool odd_one = (corner - 2) / 2 == unknown;
        return (corner % 2 == 1) != odd_one;
    }
    /* The other patterns of n bits, in their order: 1 .. 2^n - 2. */
    return ((corner - 1) >> unknown & 1) != 0;
}

/* ---- points ---- */

struct point point_with(const struct point *base, const char *pointer, const char *value, struct arena *arena)
{
    struct point point = *base;
    struct study_edit *edit = arena_array(arena, struct study_edit, base->n_edits + 1);
    if (base->n_edits > 0) memcpy(edit, base->edit, base->n_edits * sizeof *edit);
    edit[point.n_edits++] = (struct study_edit){ pointer, value };
    point.edit = edit;
    return point;
}

struct point point_at(const struct point *base, const struct unknown *unknown, uint32_t n, const double *share,
                      struct arena *arena)
{
    struct point point = *base;
    for (uint32_t i = 0; i < n; i++)
        point = point_with(&point, unknown[i].pointer, unknown_at(&unknown[i], share[i], arena), arena);
    return point;
}

static bool is_edited(const struct study *study, const char *at, uint32_t from, uint32_t until)
{
    for (uint32_t i = from; i < until; i++)
        if (strcmp(study->edit_at[i], at) == 0) return true;
    return false;
}

static bool is_whole(const struct quantity *quantity)
{
    return !quantity->is_duration && !(fabs(quantity->value - round(quantity->value)) > 0);
}

/* Where a number between two whole ones is not acceptable, the place holds a count; or the ends are not either. */
static bool takes_whole_only(const struct unknown *unknown, const struct point *point, struct desk *desk,
                             struct arena *arena)
{
    if (!is_whole(&unknown->low) || !is_whole(&unknown->high)) return false;
    struct findings findings = { 0 };
    struct sim_err err = { 0 };
    const struct quantity between = { false, unknown->low.value + 0.5 };
    const struct point at = point_with(point, unknown->pointer, quantity_text(between, arena), arena);
    const bool taken = desk_open(desk, &at, &findings, &err);
    desk->point = NULL; /* `at` does not outlive this */
    return !taken;
}

bool unknowns_settle(struct unknown *unknown, uint32_t n, const struct point *point, uint32_t n_varied,
                     struct desk *desk, struct findings *findings, struct arena *arena, struct sim_err *err)
{
    for (uint32_t u = 0; u < n; u++) unknown[u].whole = takes_whole_only(&unknown[u], point, desk, arena);
    for (uint32_t high = 0; high < 2 && n > 0; high++) {
        double share[UNKNOWNS_MAX];
        for (uint32_t u = 0; u < n; u++) share[u] = high;
        const struct point at = point_at(point, unknown, n, share, arena);
        if (!desk_open(desk, &at, findings, err) || !desk_plan(desk, err)) {
            desk->refused = point; /* `at` does not outlive this */
            return false;
        }
        for (uint32_t u = 0; u < n; u++) {
            unknown[u].at = arena_strdup(arena, desk->study.edit_at[point->n_edits + u]);
            if (is_edited(&desk->study, unknown[u].at, point->n_edits - n_varied, point->n_edits + u))
                return sim_fail(err, SIM_EUSAGE, NULL, "--unknown: %s is varied, or unknown twice", unknown[u].at);
            if (is_edited(&desk->study, unknown[u].at, 0, point->n_edits - n_varied))
                return sim_fail(err, SIM_EUSAGE, NULL,
                                "--unknown: %s has a value of its own in each run, so what is set there counts in none; "
                                "leave out one of the two", unknown[u].at);
        }
        desk->point = NULL; /* `at` does not outlive this */
    }
    return true;
}
