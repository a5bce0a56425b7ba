/* SPDX-License-Identifier: GPL-3.0-or-later
 * Keys, and blocks for many at one go. */
#include "sim/engine/random.h"

#include "sim/engine/seldom.h"

#if defined(__SSE2__) && defined(__GNUC__)
#include <immintrin.h>
#define RANDOM_WIDE __attribute__((target("avx2")))
enum { WIDE_PAIRS = 3 };
#endif

/* Both steps are bijections of 64 bits: for one seed, no two replications share a key. The odd constant keeps seed 0,
 * which random_mix leaves at 0, from standing out. */
struct random_key random_key(uint64_t seed, uint32_t replication)
{
    uint64_t mixed = random_mix(random_mix(seed + 0x9e3779b97f4a7c15u) + replication);
    return (struct random_key){{(uint32_t)mixed, (uint32_t)(mixed >> 32)}};
}

/* FNV-1a. */
uint64_t random_entity(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; name && *name; name++) hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
    return hash;
}

static void blocks_one_by_one(const struct random_rounds *rounds, uint32_t purpose, const uint64_t *entity, uint32_t n,
                              uint32_t index, struct random_words *words)
{
    for (uint32_t i = 0; i < n; i++) words[i] = random_block_by(rounds, purpose, entity[i], index);
}

#ifdef RANDOM_WIDE
/* As random_philox, two blocks to a register, and `pairs` registers in step with one another. The last entity fills the
 * places that are left over. */
RANDOM_WIDE static SIM_ALWAYS void blocks_wide(const struct random_rounds *rounds, uint32_t purpose,
                                               const uint64_t *entity, uint32_t n, uint32_t index,
                                               struct random_words *words, const uint32_t pairs)
{
    const __m256i multiplier = _mm256_set_epi64x(PHILOX_M4x32_1, PHILOX_M4x32_0, PHILOX_M4x32_1, PHILOX_M4x32_0);
    __m256i x[WIDE_PAIRS], y[WIDE_PAIRS];
    for (uint32_t i = 0; i < pairs; i++) {
        const uint64_t a = entity[2 * i], b = entity[2 * i + 1 < n ? 2 * i + 1 : 2 * i];
        x[i] = _mm256_set_epi64x((int64_t)(b & UINT32_MAX), index, (int64_t)(a & UINT32_MAX), index);
        y[i] = _mm256_set_epi64x((int64_t)(b >> 32), purpose, (int64_t)(a >> 32), purpose);
    }
#pragma GCC unroll 2
    for (int round = 0; round < 10; round++) {
        const __m256i key = _mm256_broadcastsi128_si256(rounds->key[round]);
        for (uint32_t i = 0; i < pairs; i++) {
            const __m256i product = _mm256_mul_epu32(x[i], multiplier), apart = _mm256_xor_si256(key, y[i]);
            x[i] = _mm256_xor_si256(_mm256_shuffle_epi32(product, _MM_SHUFFLE(0, 1, 0, 3)), apart);
            y[i] = _mm256_shuffle_epi32(product, _MM_SHUFFLE(0, 0, 0, 2));
        }
    }
    for (uint32_t i = 0; i < pairs; i++) {
        const __m256i even = _mm256_shuffle_epi32(x[i], _MM_SHUFFLE(3, 1, 2, 0));
        const __m256i odd = _mm256_shuffle_epi32(y[i], _MM_SHUFFLE(3, 1, 2, 0));
        const __m256i both = _mm256_unpacklo_epi32(even, odd);
        _mm_storeu_si128((__m128i *)words[2 * i].word, _mm256_castsi256_si128(both));
        if (2 * i + 1 < n)
            _mm_storeu_si128((__m128i *)words[2 * i + 1].word, _mm256_extracti128_si256(both, 1));
    }
}

RANDOM_WIDE static void blocks_two_by_two(const struct random_rounds *rounds, uint32_t purpose, const uint64_t *entity,
                                          uint32_t n, uint32_t index, struct random_words *words)
{
    while (n > 2 * WIDE_PAIRS) {
        blocks_wide(rounds, purpose, entity, 2 * WIDE_PAIRS, index, words, WIDE_PAIRS);
        entity += 2 * WIDE_PAIRS, words += 2 * WIDE_PAIRS, n -= 2 * WIDE_PAIRS;
    }
    if (n > 4) blocks_wide(rounds, purpose, entity, n, index, words, WIDE_PAIRS);
    else if (n > 2) blocks_wide(rounds, purpose, entity, n, index, words, 2);
    else blocks_wide(rounds, purpose, entity, n, index, words, 1);
}
#endif

void random_blocks_by(const struct random_rounds *rounds, uint32_t purpose, const uint64_t *entity, uint32_t n,
                      uint32_t index, struct random_words *words)
{
#ifdef RANDOM_WIDE
    if (n > 1 && __builtin_cpu_supports("avx2")) {
        blocks_two_by_two(rounds, purpose, entity, n, index, words);
        return;
    }
#endif
    blocks_one_by_one(rounds, purpose, entity, n, index, words);
}
