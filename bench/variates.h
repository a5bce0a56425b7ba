/* SPDX-License-Identifier: GPL-3.0-or-later
 * Random variates for the reference loops: xoshiro256++ (Blackman and Vigna) and the ziggurat of Marsaglia and Tsang
 * with 256 layers, for the normal and the exponential distribution. One 64-bit word makes a draw: the low byte picks
 * the layer, one bit the sign, the upper 53 bits the place; in 99 of 100 draws that is all. Drawn in turn, as fast as
 * one core can: what the simulator pays for keyed numbers shows against this. Not used by the simulator. */
#ifndef BENCH_VARIATES_H
#define BENCH_VARIATES_H

#include <math.h>
#include <stdint.h>

enum { LAYERS = 256 };

/* Layer i of a ziggurat is the box from 0 to edge[i], from height[i] up to height[i + 1]. */
struct ziggurat { double edge[LAYERS + 1], height[LAYERS + 1]; };

struct variates {
    uint64_t state[4];
    struct ziggurat normal, exponential;
};

struct lognormal { double mu, sigma; };

void variates_init(struct variates *variates, uint64_t seed);
struct lognormal lognormal_of(double mean, double cv);

/* The rest of a draw whose place lies outside the part of its layer that is all below the curve. */
double exponential_slow(struct variates *variates, uint64_t word);
double normal_slow(struct variates *variates, uint64_t word);

static inline uint64_t variates_rotate(uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }

static inline uint64_t variates_next(struct variates *variates)
{
    uint64_t *s = variates->state;
    const uint64_t result = variates_rotate(s[0] + s[3], 23) + s[0];
    const uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = variates_rotate(s[3], 45);
    return result;
}

/* In [0, 1). */
static inline double variates_place(uint64_t word) { return (double)(word >> 11) * 0x1p-53; }

/* Mean 1. */
static inline double draw_exponential(struct variates *variates)
{
    const uint64_t word = variates_next(variates);
    const double *edge = variates->exponential.edge + (word & (LAYERS - 1));
    const double x = variates_place(word) * edge[0];

    return x < edge[1] ? x : exponential_slow(variates, word);
}

static inline double draw_normal(struct variates *variates)
{
    const uint64_t word = variates_next(variates);
    const double *edge = variates->normal.edge + (word & (LAYERS - 1));
    const double x = variates_place(word) * edge[0];

    return x < edge[1] ? (word & LAYERS ? -x : x) : normal_slow(variates, word);
}

static inline double draw_lognormal(struct variates *variates, const struct lognormal *shape)
{
    return exp(shape->mu + shape->sigma * draw_normal(variates));
}

#endif
