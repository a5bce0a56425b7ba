/* SPDX-License-Identifier: GPL-3.0-or-later
 * Percentiles are found by counting digits of the rank's value from the top (radix selection): linear in every case,
 * and the observations stay where they are. */
#include "sim/engine/tally.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "sim/engine/error.h"

enum { FIRST_CAPACITY = 256, DIGIT_BITS = 8, DIGITS = 1 << DIGIT_BITS };

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

void tally_octave_open(struct tally *tally, uint32_t octave)
{
    SIM_ASSERT(octave < TALLY_OCTAVES);
    tally->octave[octave] = arena_array(tally->arena, uint32_t, TALLY_SUB);
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

/* Value of the given rank: narrows the leading digits until one value is left. */
static sim_ns select_exact(const struct tally *tally, uint64_t rank)
{
    uint64_t prefix = 0;
    int shift = 64 - __builtin_clzll((uint64_t)tally->max_ns | 1);
    do {
        uint64_t with_digit[DIGITS] = {0};
        int digit_shift = shift > DIGIT_BITS ? shift - DIGIT_BITS : 0;
        uint64_t mask = ((uint64_t)1 << (shift - digit_shift)) - 1;
        for (uint64_t i = 0; i < tally->n; i++) {
            uint64_t value = (uint64_t)tally->value_ns[i];
            if (value >> shift == prefix) with_digit[value >> digit_shift & mask]++;
        }
        uint64_t digit = 0;
        for (; rank > with_digit[digit]; digit++) rank -= with_digit[digit];
        prefix = prefix << (shift - digit_shift) | digit;
        shift = digit_shift;
    } while (shift > 0);
    return (sim_ns)prefix;
}

/* Middle of the bucket that holds the rank, but not outside what was seen. */
static double select_bucket(const struct tally *tally, uint64_t rank)
{
    for (int excess = 0; excess < TALLY_OCTAVES; excess++) {
        const uint32_t *row = tally->octave[excess];
        for (int sub = 0; row && sub < TALLY_SUB; sub++) {
            if (rank > row[sub]) {
                rank -= row[sub];
                continue;
            }
            double width = excess == 0 ? 1 : ldexp(1, excess - 1), low = excess == 0 ? sub : (TALLY_SUB + sub) * width;
            double middle = low + (width - 1) / 2;
            return fmin(fmax(middle, (double)tally->min_ns), (double)tally->max_ns);
        }
    }
    return (double)tally->max_ns;
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
    for (int octave = 0; octave < TALLY_OCTAVES; octave++) {
        if (!tally->octave[octave]) continue;
        mark->octave[octave] = arena_array(tally->arena, uint32_t, TALLY_SUB);
        memcpy(mark->octave[octave], tally->octave[octave], TALLY_SUB * sizeof *mark->octave[octave]);
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
    for (int octave = 0; octave < TALLY_OCTAVES; octave++)
        for (int sub = 0; mark->octave[octave] && sub < TALLY_SUB; sub++)
            tally->octave[octave][sub] -= mark->octave[octave][sub];
}
