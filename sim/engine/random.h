/* SPDX-License-Identifier: GPL-3.0-or-later
 * Keyed random numbers (docs/decisions/0003): a draw is a pure function of (seed, replication, purpose, entity, index),
 * never of the order of draws. Order 4711's payment luck is the same whatever the number of consumers: common random
 * numbers by construction. Philox4x32-10 as in Random123: a block costs a few ns where blocks overlap. */
#ifndef SIM_ENGINE_RANDOM_H
#define SIM_ENGINE_RANDOM_H

#include <stdint.h>

#include <Random123/philox.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct random_key { uint32_t word[2]; };
struct random_words { uint32_t word[4]; };

/* The key of one replication. seed and replication are mixed apart before they meet, so that (1, 2) and (2, 1), or
 * seeds equal in their low 32 bits, do not collide. */
struct random_key random_key(uint64_t seed, uint32_t replication);

/* The entity of what has a name and no number of its own: the same wherever it stands in a list. */
uint64_t random_entity(const char *name);

#ifdef __SSE2__
/* The keys of the ten rounds: for those who draw for every record, worked out once. */
struct random_rounds { __m128i key[10]; };

static inline struct random_rounds random_rounds(struct random_key key)
{
    const __m128i bump = _mm_set_epi64x(PHILOX_W32_1, PHILOX_W32_0);
    __m128i k = _mm_unpacklo_epi64(_mm_cvtsi32_si128((int)key.word[0]), _mm_cvtsi32_si128((int)key.word[1]));
    struct random_rounds rounds;
#pragma GCC unroll 10
    for (int round = 0; round < 10; round++, k = _mm_add_epi32(k, bump)) rounds.key[round] = k;
    return rounds;
}

/* Both products of a round at once: x holds words 0 and 2 of the counter, y words 1 and 3, each in the low half of its
 * lane. What gathers in the high halves is never looked at. */
static inline struct random_words random_philox(const struct random_rounds *rounds, uint32_t c0, uint32_t c1,
                                                uint32_t c2, uint32_t c3)
{
    const __m128i multiplier = _mm_set_epi64x(PHILOX_M4x32_1, PHILOX_M4x32_0);
    __m128i x = _mm_unpacklo_epi64(_mm_cvtsi32_si128((int)c0), _mm_cvtsi32_si128((int)c2));
    __m128i y = _mm_unpacklo_epi64(_mm_cvtsi32_si128((int)c1), _mm_cvtsi32_si128((int)c3));
#pragma GCC unroll 10
    for (int round = 0; round < 10; round++) {
        const __m128i product = _mm_mul_epu32(x, multiplier), apart = _mm_xor_si128(rounds->key[round], y);
        x = _mm_xor_si128(_mm_shuffle_epi32(product, _MM_SHUFFLE(0, 1, 0, 3)), apart);
        y = _mm_shuffle_epi32(product, _MM_SHUFFLE(0, 0, 0, 2));
    }
    struct random_words words;
    x = _mm_shuffle_epi32(x, _MM_SHUFFLE(3, 1, 2, 0));
    y = _mm_shuffle_epi32(y, _MM_SHUFFLE(3, 1, 2, 0));
    _mm_storeu_si128((__m128i *)words.word, _mm_unpacklo_epi32(x, y));
    return words;
}
#else
struct random_rounds { struct random_key key; };

static inline struct random_rounds random_rounds(struct random_key key) { return (struct random_rounds){ key }; }

static inline struct random_words random_philox(const struct random_rounds *rounds, uint32_t c0, uint32_t c1,
                                                uint32_t c2, uint32_t c3)
{
    philox4x32_ctr_t counter = {{c0, c1, c2, c3}};
    philox4x32_key_t philox_key = {{rounds->key.word[0], rounds->key.word[1]}};
    philox4x32_ctr_t block = philox4x32_R(10, counter, philox_key);
    return (struct random_words){{block.v[0], block.v[1], block.v[2], block.v[3]}};
}
#endif

/* Four independent 32-bit words. purpose: what the draw is for; entity: whose; index: which of its blocks. */
static inline struct random_words random_block_by(const struct random_rounds *rounds, uint32_t purpose, uint64_t entity,
                                                  uint32_t index)
{
    return random_philox(rounds, index, purpose, (uint32_t)entity, (uint32_t)(entity >> 32));
}

static inline struct random_words random_block(struct random_key key, uint32_t purpose, uint64_t entity, uint32_t index)
{
    const struct random_rounds rounds = random_rounds(key);
    return random_block_by(&rounds, purpose, entity, index);
}

/* The same for n entities, words[i] for entity[i]. No block waits for another, and where the processor has AVX2 two of
 * them are one piece of work. */
void random_blocks_by(const struct random_rounds *rounds, uint32_t purpose, const uint64_t *entity, uint32_t n,
                      uint32_t index, struct random_words *words);

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
