/* SPDX-License-Identifier: GPL-3.0-or-later
 * Compiles specifications into tables. A table's nodes lie at the probabilities 2^o (1 + c / cells) 2^-33 from either
 * end, o = 0..31, and at the median. Where the shape bends too much for 32 cells an octave, judged by the second
 * differences of the nodes (the middle of a straight line over an arc is off by an eighth of them), it gets more. */
#include "sim/engine/dist.h"

#include <math.h>

#include "sim/engine/shape.h"

enum { OCTAVES = 32, CELL_BITS_MIN = 5, CELL_BITS_MAX = 8 };

/* Below this share of the mean an error counts absolutely. */
#define SMALL (1.0 / 64)

#define LONGEST_S 9e9

struct table {
    struct dist_spec key;    /* of mean 1; only for shapes of one parameter */
    uint32_t cell_bits;
    double mean;             /* of the straight lines */
    const double *side[2];
    const struct table *next;
};

struct dist_cache {
    struct arena *arena;
    const struct table *first;
};

struct dist_cache *dist_cache_open(struct arena *arena)
{
    struct dist_cache *cache = arena_new(arena, struct dist_cache);
    cache->arena = arena;
    return cache;
}

/* Made of parts with borders of their own, which a scale would move. */
static bool has_borders(enum dist_family family) { return family == DIST_MIXTURE || family == DIST_EMPIRICAL; }

/* ---- one table ---- */

static uint32_t node_count(uint32_t cell_bits) { return ((uint32_t)OCTAVES << cell_bits) + 1; }

/* Probability of node i, counted from its side's end. */
static double node_probability(uint32_t i, uint32_t cell_bits)
{
    uint32_t octave = i >> cell_bits, cell = i - (octave << cell_bits);
    return ldexp(1 + ldexp(cell, -(int)cell_bits), (int)octave - 33);
}

/* out: the nodes of both sides, one behind the other. */
static bool fill(struct table *table, const struct shape *shape, uint32_t cell_bits, double **out, struct arena *arena)
{
    uint32_t n = node_count(cell_bits);
    double *node = arena_array(arena, double, 2 * n);
    for (uint32_t i = 0; i < 2 * n; i++) {
        bool upper = i >= n;
        node[i] = shape_quantile(shape, node_probability(upper ? i - n : i, cell_bits), upper);
        if (!(node[i] >= 0 && node[i] <= LONGEST_S)) return false;
    }
    table->cell_bits = cell_bits;
    table->side[0] = node;
    table->side[1] = node + n;
    *out = node;
    return true;
}

/* Mean of the straight lines over all words. What lies outside the last nodes is 2^-33 on either side. */
static double lines_mean(const struct table *table)
{
    uint32_t n = node_count(table->cell_bits);
    double sum = 0;
    for (int side = 0; side < 2; side++) {
        const double *node = table->side[side];
        sum += node[0] * 0x1p-33;
        for (uint32_t i = 0; i + 1 < n; i++) {
            double width = node_probability(i + 1, table->cell_bits) - node_probability(i, table->cell_bits);
            sum += width * 0.5 * (node[i] + node[i + 1]);
        }
    }
    return sum;
}

static double greatest_error(const struct table *table, double mean)
{
    uint32_t n = node_count(table->cell_bits), cells = 1u << table->cell_bits;
    double greatest = 0;
    for (int side = 0; side < 2; side++) {
        const double *node = table->side[side];
        for (uint32_t i = 1; i + 1 < n; i++) {
            if (i % cells == 0) continue; /* cells on the two sides of an octave's border differ in width */
            double bend = fabs(node[i - 1] - 2 * node[i] + node[i + 1]);
            greatest = fmax(greatest, bend / 8 / fmax(node[i], SMALL * mean));
        }
    }
    return greatest;
}

/* ---- jumps ---- */

enum { HALVINGS = 40 };

/* How much of the mean hangs on a node: half of the cells beside it, and at the end what lies outside. */
static double node_weight(uint32_t i, uint32_t cell_bits)
{
    const uint32_t last = node_count(cell_bits) - 1;
    const double here = node_probability(i, cell_bits);
    const double before = i > 0 ? node_probability(i - 1, cell_bits) : -here;
    const double behind = i < last ? node_probability(i + 1, cell_bits) : here;
    return (behind - before) / 2;
}

/* A cell that rises by more than a straight line may be off, and more than both of its neighbours. */
static bool is_jump(const double *node, uint32_t i, uint32_t n, double mean)
{
    const double rise = fabs(node[i + 1] - node[i]);
    const double before = i > 0 ? fabs(node[i] - node[i - 1]) : 0;
    const double behind = i + 2 < n ? fabs(node[i + 2] - node[i + 1]) : 0;
    const double beside = fmax(before, behind), value = fmin(node[i], node[i + 1]);
    return rise - beside > 8 * DIST_TABLE_ERROR * fmax(value, SMALL * mean);
}

/* Share of cell i, from its outer end, that lies before the step. */
static double step_in_cell(const struct shape *shape, const double *node, uint32_t i, uint32_t cell_bits, bool upper)
{
    const double from = node_probability(i, cell_bits), width = node_probability(i + 1, cell_bits) - from;
    const double middle = (node[i] + node[i + 1]) / 2;
    double low = 0, high = 1;
    for (int k = 0; k < HALVINGS; k++) {
        const double half = (low + high) / 2, value = shape_quantile(shape, from + width * half, upper);
        if ((value > middle) == (node[i] > middle)) low = half;
        else high = half;
    }
    return (low + high) / 2;
}

/* A straight line over a step has the mean of a step in the middle of the cell. Where it is not there, the node on its
 * nearer side is moved towards the other one, not past it. */
static void settle_jumps(double *node, uint32_t cell_bits, const struct shape *shape, double mean, bool upper)
{
    const uint32_t n = node_count(cell_bits);
    for (uint32_t i = 0; i + 1 < n; i++) {
        if (!is_jump(node, i, n, mean)) continue;
        const double width = node_probability(i + 1, cell_bits) - node_probability(i, cell_bits);
        const double lost = width * (0.5 - step_in_cell(shape, node, i, cell_bits, upper)); /* times the rise */
        const uint32_t moved = lost > 0 ? i : i + 1;
        node[moved] += lost / node_weight(moved, cell_bits) * (node[i + 1] - node[i]);
        i++; /* the cell behind has a node that may have been moved */
    }
}

/* Twice the cells make a quarter of the error. A fifth of DIST_TABLE_ERROR is left to what the second differences miss,
 * and to the scale, which moves every quantile to keep the mean. */
static uint32_t cell_bits_for(double error)
{
    uint32_t bits = CELL_BITS_MIN;
    for (; bits < CELL_BITS_MAX && error > 0.8 * DIST_TABLE_ERROR; bits++) error /= 4;
    return bits;
}

static bool tabulate(struct table *table, const struct dist_spec *spec, struct arena *arena, struct sim_err *err)
{
    struct shape shape;
    double mean, second, *node;
    if (!shape_make(&shape, spec, arena, err)) return false;
    shape_moments(spec, &mean, &second);
    bool ok = fill(table, &shape, CELL_BITS_MIN, &node, arena);
    if (ok) {
        uint32_t bits = cell_bits_for(greatest_error(table, mean));
        ok = bits == CELL_BITS_MIN || fill(table, &shape, bits, &node, arena);
    }
    if (!ok)
        return sim_fail(err, SIM_ESCENARIO, NULL, "the quantiles of this distribution cannot be computed, or pass %g s",
                        LONGEST_S);
    table->mean = lines_mean(table);
    if (!has_borders(spec->family)) return true;
    settle_jumps(node, table->cell_bits, &shape, mean, false);
    settle_jumps(node + node_count(table->cell_bits), table->cell_bits, &shape, mean, true);
    table->mean = mean; /* so nothing is scaled */
    return true;
}

/* ---- shapes that many means share ---- */

static bool has_one_parameter(enum dist_family family)
{
    return family == DIST_EXPONENTIAL || family == DIST_LOGNORMAL || family == DIST_GAMMA || family == DIST_WEIBULL ||
           family == DIST_ERLANG || family == DIST_UNIFORM;
}

/* spec scaled to mean 1. */
static struct dist_spec key_of(const struct dist_spec *spec, double mean_s)
{
    struct dist_spec key = {.family = spec->family, .mean_s = 1};
    if (spec->family == DIST_UNIFORM) {
        key.low_s = spec->low_s / mean_s;
        key.high_s = spec->high_s / mean_s;
    } else if (spec->family == DIST_ERLANG) {
        key.stages = spec->stages;
    } else if (spec->family != DIST_EXPONENTIAL) {
        key.cv = spec->cv;
    }
    return key;
}

static bool same_key(const struct dist_spec *a, const struct dist_spec *b)
{
    return a->family == b->family && a->cv == b->cv && a->stages == b->stages && a->low_s == b->low_s &&
           a->high_s == b->high_s;
}

static const struct table *find_or_tabulate(struct dist_cache *cache, const struct dist_spec *spec, double mean_s,
                                            struct sim_err *err)
{
    bool shared = has_one_parameter(spec->family);
    struct dist_spec key = shared ? key_of(spec, mean_s) : *spec;
    for (const struct table *table = cache->first; shared && table; table = table->next)
        if (same_key(&table->key, &key)) return table;
    struct table *table = arena_new(cache->arena, struct table);
    table->key = key;
    if (!tabulate(table, &table->key, cache->arena, err)) return NULL;
    if (shared) {
        table->next = cache->first;
        cache->first = table;
    }
    return table;
}

/* ---- the compiled form ---- */

static bool make_constant(struct dist *out, struct sim_err *err)
{
    out->draw = DRAW_CONSTANT;
    out->cv = 0;
    if (out->mean_s <= LONGEST_S && ns_from_s(out->mean_s, &out->constant_ns)) return true;
    return sim_fail(err, SIM_ESCENARIO, NULL, "a time of %g s is too long", out->mean_s);
}

static bool make_values(struct dist *out, const struct dist_spec *spec, struct arena *arena, struct sim_err *err)
{
    sim_ns *value_ns = arena_array(arena, sim_ns, spec->n_values);
    for (uint32_t i = 0; i < spec->n_values; i++)
        if (spec->value_s[i] > LONGEST_S || !ns_from_s(spec->value_s[i], &value_ns[i]))
            return sim_fail(err, SIM_ESCENARIO, NULL, "a time of %g s is too long", spec->value_s[i]);
    out->draw = DRAW_VALUES;
    out->n_values = spec->n_values;
    out->value_ns = value_ns;
    return true;
}

static bool make_table(struct dist *out, const struct dist_spec *spec, struct dist_cache *cache, struct sim_err *err)
{
    const struct table *table = find_or_tabulate(cache, spec, out->mean_s, err);
    if (!table) return false;
    out->draw = DRAW_TABLE;
    out->cell_bits = table->cell_bits;
    out->scale_ns = out->mean_s / table->mean * 1e9;
    out->side[0] = table->side[0];
    out->side[1] = table->side[1];
    if (table->side[1][0] * out->scale_ns <= LONGEST_S * 1e9) return true;
    return sim_fail(err, SIM_ESCENARIO, NULL, "the longest time of this distribution passes %g s", LONGEST_S);
}

bool dist_make(struct dist *out, const struct dist_spec *spec, struct dist_cache *cache, struct arena *arena,
               struct sim_err *err)
{
    struct shape checked;
    *out = (struct dist){0};
    if (!shape_make(&checked, spec, arena, err)) return false;
    dist_moments(spec, &out->mean_s, &out->cv);
    if (out->cv == 0) return make_constant(out, err);
    if (spec->family == DIST_EMPIRICAL && spec->n_points == 0) return make_values(out, spec, arena, err);
    return make_table(out, spec, cache, err);
}

void dist_moments(const struct dist_spec *spec, double *mean_s, double *cv)
{
    double second;
    shape_moments(spec, mean_s, &second);
    double variance = second - *mean_s * *mean_s;
    *cv = variance > 0 && *mean_s > 0 ? sqrt(variance) / *mean_s : 0;
}

double dist_mean_s(const struct dist_spec *spec)
{
    double mean_s, second;
    shape_moments(spec, &mean_s, &second);
    return mean_s;
}

/* ---- scaling ---- */

struct dist_spec dist_scaled(const struct dist_spec *spec, double factor, struct arena *arena)
{
    struct dist_spec scaled = *spec;
    struct dist_spec *part = arena_array(arena, struct dist_spec, spec->n_parts);
    double *value_s = arena_array(arena, double, spec->n_values);
    struct dist_point *point = arena_array(arena, struct dist_point, spec->n_points);
    for (uint32_t i = 0; i < spec->n_parts; i++) part[i] = dist_scaled(&spec->part[i], factor, arena);
    for (uint32_t i = 0; i < spec->n_values; i++) value_s[i] = spec->value_s[i] * factor;
    for (uint32_t i = 0; i < spec->n_points; i++)
        point[i] = (struct dist_point){ spec->point[i].p, spec->point[i].s * factor };
    scaled.mean_s *= factor;
    scaled.low_s *= factor;
    scaled.high_s *= factor;
    scaled.part = part;
    scaled.value_s = value_s;
    scaled.point = point;
    return scaled;
}
