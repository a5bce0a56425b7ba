/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: draws are Philox4x32-10 to the bit, keys do not collide, and words that differ in any one of key, purpose,
 * entity, index or place are independent as far as simple tests see. Method: Random123's known answers, all keys of a
 * grid compared, chi-squared on nibbles and correlations of neighbours, with bounds at about five standard deviations.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "sim/engine/random.h"

static void test_known_answers(void **state)
{
    struct random_words zero = random_block((struct random_key){{0, 0}}, 0, 0, 0);
    struct random_words ones =
        random_block((struct random_key){{UINT32_MAX, UINT32_MAX}}, UINT32_MAX, UINT64_MAX, UINT32_MAX);
    /* counter 243f6a88 85a308d3 13198a2e 03707344, key a4093822 299f31d0: the digits of pi, Random123's third vector */
    struct random_words pi =
        random_block((struct random_key){{0xa4093822, 0x299f31d0}}, 0x85a308d3, 0x0370734413198a2e, 0x243f6a88);
    static const uint32_t zero_words[] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
    static const uint32_t ones_words[] = {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd};
    static const uint32_t pi_words[] = {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1};
    (void)state;
    assert_memory_equal(zero.word, zero_words, sizeof zero_words);
    assert_memory_equal(ones.word, ones_words, sizeof ones_words);
    assert_memory_equal(pi.word, pi_words, sizeof pi_words);
}

/* Many at one go are the same as one at a time, whatever their number, and none is written beyond it. */
static void test_blocks(void **state)
{
    enum { MOST = 20 };
    const struct random_rounds rounds = random_rounds(random_key(7, 3));
    uint64_t entity[MOST];
    (void)state;
    for (uint32_t i = 0; i < MOST; i++) entity[i] = random_mix(i + 1);
    for (uint32_t n = 0; n <= MOST; n++) {
        struct random_words words[MOST + 1] = {0};
        random_blocks_by(&rounds, 0x80000001, entity, n, n + 0x80000000, words);
        for (uint32_t i = 0; i < n; i++) {
            const struct random_words one = random_block_by(&rounds, 0x80000001, entity[i], n + 0x80000000);
            assert_memory_equal(words[i].word, one.word, sizeof one.word);
        }
        for (uint32_t i = 0; i < 4; i++) assert_int_equal(words[n].word[i], 0);
    }
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void test_keys_differ(void **state)
{
    enum { SEEDS = 300, REPLICATIONS = 300, N = 3 * SEEDS * REPLICATIONS };
    static uint64_t keys[N];
    size_t n = 0;
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        for (uint32_t replication = 0; replication < REPLICATIONS; replication++) {
            uint64_t seeds[] = {seed, (seed + 1) << 32 | 7, UINT64_MAX - seed};
            for (int i = 0; i < 3; i++) {
                struct random_key key = random_key(seeds[i], replication);
                keys[n++] = (uint64_t)key.word[1] << 32 | key.word[0];
            }
        }
    }
    qsort(keys, n, sizeof keys[0], compare);
    for (size_t i = 1; i < n; i++) assert_true(keys[i] != keys[i - 1]);
}

enum dimension { BY_INDEX, BY_ENTITY, BY_ENTITY_HIGH, BY_PURPOSE, BY_REPLICATION, BY_SEED, DIMENSIONS };

static struct random_words block_along(enum dimension dimension, uint32_t i)
{
    struct random_key key = random_key(dimension == BY_SEED ? i : 1, dimension == BY_REPLICATION ? i : 0);
    uint64_t entity = dimension == BY_ENTITY ? i : dimension == BY_ENTITY_HIGH ? (uint64_t)i << 32 : 4711;
    return random_block(key, dimension == BY_PURPOSE ? i : 1, entity, dimension == BY_INDEX ? i : 0);
}

/* Nibbles evenly spread; words of neighbours, and words of one block, uncorrelated. */
static void test_independence(void **state)
{
    enum { N = 50000 };
    (void)state;
    for (enum dimension d = 0; d < DIMENSIONS; d++) {
        double nibble[8][16] = {{0}}, mean = 0, neighbour = 0, within = 0;
        struct random_words last = block_along(d, 0);
        for (uint32_t i = 1; i <= N; i++) {
            struct random_words words = block_along(d, i);
            for (int b = 0; b < 8; b++) nibble[b][words.word[i % 4] >> (4 * b) & 15]++;
            mean += random_unit(words.word[0]) - 0.5;
            neighbour += (random_unit(words.word[0]) - 0.5) * (random_unit(last.word[0]) - 0.5);
            within += (random_unit(words.word[1]) - 0.5) * (random_unit(words.word[3]) - 0.5);
            last = words;
        }
        for (int b = 0; b < 8; b++) {
            double chi_squared = 0;
            for (int v = 0; v < 16; v++)
                chi_squared += (nibble[b][v] - N / 16.0) * (nibble[b][v] - N / 16.0) / (N / 16.0);
            assert_true(chi_squared > 2 && chi_squared < 50); /* 15 degrees of freedom: both tails below 1e-4 */
        }
        assert_true(fabs(mean) < 5 * sqrt(N / 12.0));
        assert_true(fabs(neighbour) < 5 * sqrt(N) / 12);
        assert_true(fabs(within) < 5 * sqrt(N) / 12);
    }
}

static void test_unit(void **state)
{
    (void)state;
    assert_true(random_unit(0) > 0);
    assert_true(random_unit(UINT32_MAX) < 1);
    assert_true(random_unit(UINT32_MAX) == 1 - random_unit(0));
    assert_true(random_unit(0x7fffffff) + random_unit(0x80000000) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers), cmocka_unit_test(test_blocks), cmocka_unit_test(test_keys_differ),
        cmocka_unit_test(test_independence), cmocka_unit_test(test_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
