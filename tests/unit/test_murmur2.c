/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: a key lands on the partition on which Kafka's Java client puts it. Method: the vectors of Kafka's own tests and
 * hashes computed with its compiled code, tails of every length, the sign bit, and the partitions of whole runs of ids.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "models/kafka/murmur2.h"
#include "sim/engine/random.h"

static const struct { const char *key; int32_t hash; } vectors[] = {
    {"21", -973932308}, {"foobar", -790332482}, {"a-little-bit-long-string", -985981536},
    {"a-little-bit-longer-string", -1486304829}, {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
    {"abc", 479470107}, {"1", -1993445489}, {"2", 648968168}, {"3", -1148165505}, {"4", 1514888353}, {"5", 55100550},
    {"10", 1164287326}, {"42", 417700972}, {"100", 627947253}, {"1000", 15042646}, {"40800", -1221965377},
    {"order-1", 1221710326}, {"order-2", -1055499005}, {"order-3", -849583649}, {"product-1", 368172123},
    {"coupon-1", 794495985}, {"", 275646681},
};

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        int32_t hash = murmur2(vectors[i].key, strlen(vectors[i].key));
        if (hash != vectors[i].hash) fail_msg("\"%s\": %" PRId32, vectors[i].key, hash);
    }
}

static void test_partition(void **state)
{
    static const struct { const char *key; uint32_t of[5]; } rows[] = { /* of 2, 3, 4, 6, 12 */
        {"1", {1, 0, 3, 3, 3}}, {"2", {0, 2, 0, 2, 8}}, {"3", {1, 2, 3, 5, 11}}, {"4", {1, 1, 1, 1, 1}},
        {"5", {0, 0, 2, 0, 6}}, {"10", {0, 1, 2, 4, 10}}, {"21", {0, 0, 0, 0, 0}}, {"42", {0, 1, 0, 4, 4}},
        {"40800", {1, 1, 3, 1, 7}}, {"foobar", {0, 0, 2, 0, 6}}, {"product-1", {1, 0, 3, 3, 3}},
    };
    static const uint32_t partitions[] = {2, 3, 4, 6, 12};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int p = 0; p < 5; p++)
            assert_int_equal(murmur2_partition(rows[i].key, strlen(rows[i].key), partitions[p]), rows[i].of[p]);
}

static void expect_text(uint64_t id)
{
    char text[24];
    int length = snprintf(text, sizeof text, "%" PRIu64, id);
    assert_int_equal(murmur2_partition_of_id(id, 1000003), murmur2_partition(text, (size_t)length, 1000003));
}

/* Small ids, the borders of the powers of ten and of two, and numbers of any length. */
static void test_id_is_its_text(void **state)
{
    (void)state;
    for (uint64_t id = 0; id < 20000; id++) expect_text(id);
    for (uint64_t power = 10; power < UINT64_MAX / 10; power *= 10)
        for (int64_t near = -2; near <= 2; near++) expect_text(power + (uint64_t)near);
    for (int bits = 0; bits < 64; bits++)
        for (uint64_t i = 0; i < 200; i++) expect_text(random_mix(i + 1) >> bits);
    expect_text(UINT64_MAX);
}

static void expect_counts(uint64_t last, const uint32_t *expected, uint32_t partitions)
{
    uint32_t count[16] = {0};
    for (uint64_t id = 1; id <= last; id++) count[murmur2_partition_of_id(id, partitions)]++;
    for (uint32_t p = 0; p < partitions; p++) assert_int_equal(count[p], expected[p]);
}

static void test_counts(void **state)
{
    (void)state;
    expect_counts(40730, (const uint32_t[]){13628, 13523, 13579}, 3);
    expect_counts(40800, (const uint32_t[]){13650, 13540, 13610}, 3);
}

/* Few keys skew badly: "1".."10" over 10, "1".."100" over 3. */
static void test_few_keys(void **state)
{
    (void)state;
    expect_counts(10, (const uint32_t[]){1, 0, 0, 3, 0, 0, 1, 1, 2, 2}, 10);
    expect_counts(100, (const uint32_t[]){46, 33, 21}, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors), cmocka_unit_test(test_partition), cmocka_unit_test(test_id_is_its_text),
        cmocka_unit_test(test_counts), cmocka_unit_test(test_few_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
