/* SPDX-License-Identifier: GPL-3.0-or-later
 * Keyed random numbers (docs/decisions/0003): a draw is a pure function of (seed, replication, purpose, entity, index),
 * never of the order of draws. Order 4711's payment luck is the same whatever the number of consumers: common random
 * numbers by construction. Philox4x32-10 from Random123, in line: a block costs a few ns where blocks overlap. */
#ifndef SIM_ENGINE_RANDOM_H
#define SIM_ENGINE_RANDOM_H

#include <stdint.h>

#include <Random123/philox.h>

struct random_key { uint32_t word[2]; };
struct random_words { uint32_t word[4]; };

/* The key of one replication. seed and replication are mixed apart before they meet, so that (1, 2) and (2, 1), or
 * seeds equal in their low 32 bits, do not collide. */
struct random_key random_key(uint64_t seed, uint32_t replication);

/* Four independent 32-bit words. purpose: what the draw is for; entity: whose; index: which of its blocks. */
static inline struct random_words random_block(struct random_key key, uint32_t purpose, uint64_t entity, uint32_t index)
{
    philox4x32_ctr_t counter = {{index, purpose, (uint32_t)entity, (uint32_t)(entity >> 32)}};
    philox4x32_key_t philox_key = {{key.word[0], key.word[1]}};
    philox4x32_ctr_t block = philox4x32_R(10, counter, philox_key);
    return (struct random_words){{block.v[0], block.v[1], block.v[2], block.v[3]}};
}

/* Centre of the word's cell in (0, 1): never 0, never 1. */
static inline double random_unit(uint32_t word) { return ((double)word + 0.5) * 0x1p-32; }

/* 64-bit mixing function (a bijection); for fingerprints and hash tables. */
static inline uint64_t random_mix(uint64_t x)
{
    x ^= x >> 30; x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27; x *= 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

#endif
