/* SPDX-License-Identifier: GPL-3.0-or-later
 * Zipf: the first ranks, which get most words, stand in a table of words with a guide to it; the others are found by
 * inverting the sum of r^-s, which is its integral but for a correction (Euler and Maclaurin, at midpoints) that moves
 * the answer only next to a border between two ranks. A million ranks cost 12 KiB and no time to set up, and the answer
 * is that of the exact sum. */
#include "models/orders/pick.h"

#include <math.h>

enum { HEAD_MAX = 1024, GUIDE_BITS = 10 };

#define WORDS 0x1p32

struct pick_zipf {
    uint32_t n_head;
    const uint64_t *end;      /* by rank of the head: the first word beyond it */
    const uint16_t *guide;    /* by leading bits of the word: the least rank it may have */
    double exponent, mass;    /* mass: sum over all ranks */
    double last;              /* last rank of the head */
    double top, top_power;    /* high + 1/2, and its power exponent - 1 */
};

static bool refuse(struct sim_err *err, const char *text) { return sim_fail(err, SIM_ESCENARIO, NULL, "%s", text); }

/* ---- Zipf ---- */

/* Sum of r^-s from rank + 1 to the top. */
static double mass_above(const struct pick_zipf *zipf, double rank)
{
    double s = zipf->exponent, x = rank + 0.5, fall = log(x / zipf->top);
    double integral = (s == 1 ? -fall : -expm1((1 - s) * fall) / (1 - s)) / zipf->top_power;
    return integral + s / 24 * (pow(zipf->top, -s - 1) - pow(x, -s - 1));
}

/* Least rank beyond the head with no more than `mass` above it. */
static double rank_below(const struct pick_zipf *zipf, double mass)
{
    double s = zipf->exponent, scaled = mass * zipf->top_power;
    double fall = s == 1 ? -scaled : log1p(fmax(-1, -(1 - s) * scaled)) / (1 - s);
    double rank = zipf->top * exp(fall) - 0.5;
    double border = nearbyint(rank), reach = 1e-6 + s / (20 * zipf->last);
    double found = ceil(rank);
    if (fabs(rank - border) < reach) found = mass_above(zipf, border) <= mass ? border : border + 1;
    return fmin(fmax(found, zipf->last + 1), zipf->top - 0.5);
}

static const uint16_t *make_guide(const uint64_t *end, struct arena *arena)
{
    uint16_t *guide = arena_array(arena, uint16_t, 1 << GUIDE_BITS);
    uint16_t rank = 0;
    for (uint32_t i = 0; i < 1 << GUIDE_BITS; i++) {
        while (rank < HEAD_MAX - 1 && end[rank] <= (uint64_t)i << (32 - GUIDE_BITS)) rank++;
        guide[i] = rank;
    }
    return guide;
}

static const struct pick_zipf *make_zipf(const struct pick_spec *spec, uint64_t count, struct arena *arena)
{
    struct pick_zipf *zipf = arena_new(arena, struct pick_zipf);
    double sum[HEAD_MAX], total = 0, s = spec->exponent;
    zipf->n_head = count < HEAD_MAX ? (uint32_t)count : HEAD_MAX;
    for (uint32_t i = 0; i < zipf->n_head; i++) sum[i] = total += pow((double)(spec->low + i), -s);
    zipf->exponent = s;
    zipf->last = (double)(spec->low + zipf->n_head - 1);
    zipf->top = (double)spec->high + 0.5;
    zipf->top_power = pow(zipf->top, s - 1);
    zipf->mass = total + (count > zipf->n_head ? mass_above(zipf, zipf->last) : 0);
    uint64_t *end = arena_array(arena, uint64_t, HEAD_MAX);
    for (uint32_t i = 0; i < HEAD_MAX; i++) /* a word stands for its centre */
        end[i] = i + 1 < count && i < zipf->n_head ? (uint64_t)ceil(fmax(sum[i] / zipf->mass * WORDS - 0.5, 0))
                                                   : (uint64_t)WORDS;
    zipf->end = end;
    zipf->guide = make_guide(end, arena);
    return zipf;
}

static uint64_t draw_zipf(const struct pick *pick, uint32_t word)
{
    const struct pick_zipf *zipf = pick->zipf;
    if (word >= zipf->end[zipf->n_head - 1])
        return (uint64_t)rank_below(zipf, (WORDS - word - 0.5) / WORDS * zipf->mass);
    uint32_t i = zipf->guide[word >> (32 - GUIDE_BITS)];
    while (word >= zipf->end[i]) i++;
    return pick->low + i;
}

/* ---- the others ---- */

/* Value of a word among n, evenly. */
static uint64_t uniform(const struct pick *pick, uint64_t word, uint64_t n)
{
    return pick->low + (uint64_t)((unsigned __int128)word * pick->count / n);
}

static uint64_t draw_hot(const struct pick *pick, uint32_t word)
{
    if (word < pick->hot_below) return pick->hot[(uint64_t)word * pick->n_hot / pick->hot_below];
    return uniform(pick, word - pick->hot_below, ((uint64_t)1 << 32) - pick->hot_below);
}

uint64_t pick_draw(const struct pick *pick, uint32_t word)
{
    switch (pick->kind) {
    case PICK_NOTHING: return 0;
    case PICK_CONSTANT: return pick->low;
    case PICK_UNIFORM: return pick->low + (uint64_t)((unsigned __int128)word * pick->count >> 32);
    case PICK_ZIPF: return draw_zipf(pick, word);
    case PICK_HOT: return draw_hot(pick, word);
    }
    return 0;
}

/* ---- ranges ---- */

static bool check(const struct pick_spec *spec, struct sim_err *err)
{
    bool drawn = spec->kind == PICK_UNIFORM || spec->kind == PICK_ZIPF || spec->kind == PICK_HOT;
    if (!(spec->given >= 0 && spec->given <= 1))
        return refuse(err, "the share of orders with a value must lie between 0 and 1");
    if (drawn && spec->low > spec->high) return refuse(err, "the lowest value must not be above the highest");
    if (drawn && spec->high - spec->low == UINT64_MAX) return refuse(err, "a range of 2^64 values is too wide");
    if (spec->kind == PICK_ZIPF && (spec->low < 1 || spec->high > (uint64_t)1 << 53))
        return refuse(err, "Zipf ranks run from 1 or more to 2^53 or less");
    if (spec->kind == PICK_ZIPF && !(spec->exponent >= 0 && spec->exponent <= PICK_EXPONENT_MAX))
        return sim_fail(err, SIM_ESCENARIO, NULL, "a Zipf exponent of %g is outside 0 to %g", spec->exponent,
                        PICK_EXPONENT_MAX);
    if (spec->kind == PICK_HOT && !(spec->share >= 0 && spec->share <= 1))
        return refuse(err, "the share of the hot values must lie between 0 and 1");
    if (spec->kind == PICK_HOT && spec->share > 0 && spec->n_hot == 0)
        return refuse(err, "there must be a hot value or more");
    return true;
}

bool pick_make(struct pick *out, const struct pick_spec *spec, struct arena *arena, struct sim_err *err)
{
    *out = (struct pick){.kind = spec->kind};
    if (spec->kind == PICK_NOTHING) return true;
    if (!check(spec, err)) return false;
    out->low = spec->low;
    out->count = spec->kind == PICK_CONSTANT ? 1 : spec->high - spec->low + 1;
    out->given_below = (uint64_t)llround(spec->given * WORDS);
    if (spec->kind == PICK_HOT) {
        out->hot_below = (uint64_t)llround(spec->share * WORDS);
        out->n_hot = spec->n_hot;
        out->hot = spec->hot;
    }
    if (spec->kind == PICK_ZIPF) out->zipf = make_zipf(spec, out->count, arena);
    return true;
}
