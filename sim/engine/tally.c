/* SPDX-License-Identifier: GPL-3.0-or-later
 * Exact percentiles: the histogram tells the leading bits of the rank's value, and mostly few observations share them;
 * among those it is found by counting digits from the top (radix selection). Linear in every case, and the observations
 * stay where they are. */
#include "sim/engine/tally.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "sim/engine/error.h"

enum { FIRST_CAPACITY = 256, DIGIT_BITS = 8, DIGITS = 1 << DIGIT_BITS, FEW = 1024 };

void tally_init(struct tally *tally, struct arena *arena, uint64_t exact_max)
{
    *tally = (struct tally){.arena = arena, .exact_max = exact_max, .exact = exact_max > 0, .min_ns = SIM_NEVER};
}

static void store_grow(struct tally *tally)
{
    if (tally->n >= tally->exact_max) {
        tally->exact = false;
        tally->value_ns = NULL;
        return;
    }
    uint64_t capacity = tally->capacity > 0 ? 2 * tally->capacity : FIRST_CAPACITY;
    if (capacity > tally->exact_max) capacity = tally->exact_max;
    sim_ns *larger = arena_array(tally->arena, sim_ns, capacity);
    if (tally->n > 0) memcpy(larger, tally->value_ns, tally->n * sizeof *larger);
    tally->value_ns = larger;
    tally->capacity = capacity;
}

void tally_keep(struct tally *tally, sim_ns ns)
{
    if (tally->n == tally->capacity) store_grow(tally);
    if (tally->exact) tally->value_ns[tally->n] = ns;
}

static uint32_t octave_floor(uint64_t bucket) { return (uint32_t)bucket & ~(uint32_t)(TALLY_SUB - 1); }

void tally_widen(struct tally *tally, uint64_t bucket)
{
    SIM_ASSERT(bucket < (uint64_t)TALLY_OCTAVES * TALLY_SUB);
    uint32_t first = octave_floor(bucket), end = first + TALLY_SUB;
    if (tally->n_buckets > 0 && tally->first < first) first = tally->first;
    if (tally->n_buckets > 0 && tally->first + tally->n_buckets > end) end = tally->first + tally->n_buckets;
    uint32_t *wider = arena_array(tally->arena, uint32_t, end - first);
    if (tally->n_buckets > 0)
        memcpy(wider + (tally->first - first), tally->count, tally->n_buckets * sizeof *wider);
    tally->count = wider;
    tally->first = first;
    tally->n_buckets = end - first;
}

void tally_count_zeros(struct tally *tally, uint32_t n)
{
    if (n == 0) return;
    tally_count(tally, 0);
    tally->count[0 - tally->first] += n - 1;
    tally->n += n - 1;
}

double tally_mean_s(const struct tally *tally)
{
    return tally->n > 0 ? (double)tally->sum_ns / (double)tally->n / 1e9 : (double)NAN;
}

/* ceil(p n), from 1 to n. A p such as 0.07 is no binary fraction: a product a few ulp above a whole number is that
 * number. */
static uint64_t nearest_rank(double p, uint64_t n)
{
    double rank = ceil(p * (double)n * (1 - 4 * DBL_EPSILON));
    if (!(rank >= 1)) return 1;
    return rank >= (double)n ? n : (uint64_t)rank;
}

/* Index of the bucket that holds the rank; leaves the rank within it. n_buckets: beyond the last one. */
static uint32_t index_of_rank(const struct tally *tally, uint64_t *rank)
{
    uint32_t i = 0;
    for (; i < tally->n_buckets && *rank > tally->count[i]; i++) *rank -= tally->count[i];
    return i;
}

/* Value of the given rank among those that begin with prefix: narrows the digits behind it until one value is left. */
static sim_ns select_radix(const sim_ns *value_ns, uint64_t n, uint64_t rank, uint64_t prefix, int shift)
{
    while (shift > 0) {
        uint64_t with_digit[DIGITS] = {0};
        int digit_shift = shift > DIGIT_BITS ? shift - DIGIT_BITS : 0;
        uint64_t mask = ((uint64_t)1 << (shift - digit_shift)) - 1;
        for (uint64_t i = 0; i < n; i++) {
            uint64_t value = (uint64_t)value_ns[i];
            if (value >> shift == prefix) with_digit[value >> digit_shift & mask]++;
        }
        uint64_t digit = 0;
        for (; rank > with_digit[digit]; digit++) rank -= with_digit[digit];
        prefix = prefix << (shift - digit_shift) | digit;
        shift = digit_shift;
    }
    return (sim_ns)prefix;
}

/* A bucket of the histogram is a prefix of its values: all bits but the last octave - 1. */
static sim_ns select_exact(const struct tally *tally, uint64_t rank)
{
    sim_ns few_ns[FEW];
    const uint32_t i = index_of_rank(tally, &rank);
    SIM_ASSERT(i < tally->n_buckets);
    const uint32_t octave = (tally->first + i) / TALLY_SUB, sub = (tally->first + i) % TALLY_SUB;
    const int shift = octave > 0 ? (int)octave - 1 : 0;
    const uint64_t prefix = (uint64_t)sub + (octave > 0 ? TALLY_SUB : 0);
    if (tally->count[i] > FEW) return select_radix(tally->value_ns, tally->n, rank, prefix, shift);
    uint64_t n = 0;
    for (uint64_t v = 0; n < tally->count[i]; v++)
        if ((uint64_t)tally->value_ns[v] >> shift == prefix) few_ns[n++] = tally->value_ns[v];
    return select_radix(few_ns, n, rank, prefix, shift);
}

/* Middle of the bucket that holds the rank, but not outside what was seen. */
static double select_bucket(const struct tally *tally, uint64_t rank)
{
    const uint32_t i = index_of_rank(tally, &rank);
    if (i == tally->n_buckets) return (double)tally->max_ns;
    const uint32_t octave = (tally->first + i) / TALLY_SUB, sub = (tally->first + i) % TALLY_SUB;
    double width = octave == 0 ? 1 : ldexp(1, (int)octave - 1), low = octave == 0 ? sub : (TALLY_SUB + sub) * width;
    double middle = low + (width - 1) / 2;
    return fmin(fmax(middle, (double)tally->min_ns), (double)tally->max_ns);
}

double tally_percentile_s(const struct tally *tally, double p)
{
    if (tally->n == 0) return (double)NAN;
    uint64_t rank = nearest_rank(p, tally->n);
    return (tally->exact ? (double)select_exact(tally, rank) : select_bucket(tally, rank)) / 1e9;
}

void tally_mark(struct tally *tally, struct tally *mark)
{
    *mark = *tally;
    if (tally->n_buckets > 0) {
        mark->count = arena_array(tally->arena, uint32_t, tally->n_buckets);
        memcpy(mark->count, tally->count, tally->n_buckets * sizeof *mark->count);
    }
    tally->min_ns = SIM_NEVER;
    tally->max_ns = 0;
}

/* Exact values stand in the order in which they came. */
void tally_since(struct tally *tally, const struct tally *mark)
{
    tally->n -= mark->n;
    tally->sum_ns -= mark->sum_ns;
    if (tally->exact) tally->value_ns += mark->n;
    tally->capacity = tally->n;
    for (uint32_t i = 0; i < mark->n_buckets; i++) tally->count[mark->first - tally->first + i] -= mark->count[i];
}
