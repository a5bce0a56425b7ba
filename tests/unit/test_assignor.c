/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: partitions go to the members to which Kafka's assignors give them, fresh and in transition. Method: tables made
 * with Kafka's own compiled assignors, written as text; then balance and stickiness over many random groups, where no
 * table exists. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "models/kafka/assignor.h"
#include "sim/engine/random.h"
#include "tests/support/own_arena.h"

enum { MOST = 64 };

static const struct assign_topic one[] = {{"t", 3}}, two[] = {{"t", 3}, {"u", 3}};

/* "02|1|-" : what each member has; of two topics the second's partitions are 345. */
static const char *text_of(const uint32_t *owner, uint32_t n_partitions, uint32_t n_members)
{
    static char text[MOST];
    char *at = text;
    for (uint32_t m = 0; m < n_members; m++) {
        char *start = at;
        for (uint32_t p = 0; p < n_partitions; p++)
            if (owner[p] == m) *at++ = (char)('0' + p);
        if (at == start) *at++ = '-';
        *at++ = '|';
    }
    at[-1] = '\0';
    return text;
}

static void expect_fresh(enum assignor assignor, const struct assign_topic *topic, uint32_t n_topics,
                         uint32_t consumers, const char *expected)
{
    uint32_t owner[MOST], member[MOST];
    assign_member_order(consumers, member);
    assign_partitions(assignor, topic, n_topics, member, consumers, NULL, owner, &arena);
    assert_string_equal(text_of(owner, 3 * n_topics, consumers), expected);
}

static void test_one_topic(void **state)
{
    static const char *const range[] = {"012", "01|2", "0|1|2", "0|1|2|-", "0|1|2|-|-"};
    static const char *const dealt[] = {"012", "02|1", "0|1|2", "0|1|2|-", "0|1|2|-|-"};
    (void)state;
    for (uint32_t c = 1; c <= 5; c++) {
        expect_fresh(ASSIGN_RANGE, one, 1, c, range[c - 1]);
        expect_fresh(ASSIGN_ROUND_ROBIN, one, 1, c, dealt[c - 1]);
        expect_fresh(ASSIGN_COOPERATIVE_STICKY, one, 1, c, dealt[c - 1]);
    }
}

static void test_two_topics(void **state)
{
    static const char *const range[] = {"012345", "0134|25", "03|14|25", "03|14|25|-", "03|14|25|-|-"};
    static const char *const dealt[] = {"012345", "024|135", "03|14|25", "04|15|2|3", "05|1|2|3|4"};
    (void)state;
    for (uint32_t c = 1; c <= 5; c++) {
        expect_fresh(ASSIGN_RANGE, two, 2, c, range[c - 1]);
        expect_fresh(ASSIGN_ROUND_ROBIN, two, 2, c, dealt[c - 1]);
        expect_fresh(ASSIGN_COOPERATIVE_STICKY, two, 2, c, dealt[c - 1]);
    }
}

/* Topics count by name, whatever the order in which they are given: dealt out are t0 t1 t2 u0 u1, numbered 2 3 4 0 1.
 */
static void test_topics_by_name(void **state)
{
    static const struct assign_topic reversed[] = {{"u", 2}, {"t", 3}};
    (void)state;
    uint32_t owner[MOST], member[] = {0, 1};
    assign_partitions(ASSIGN_ROUND_ROBIN, reversed, 2, member, 2, NULL, owner, &arena);
    assert_string_equal(text_of(owner, 5, 2), "124|03");
}

static void test_member_order(void **state)
{
    static const uint32_t twelve[] = {0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9};
    uint32_t member[1024];
    (void)state;
    assign_member_order(12, member);
    assert_memory_equal(member, twelve, sizeof twelve);
    assign_member_order(1024, member);
    static const uint32_t start[] = {0, 1, 10, 100, 1000, 1001}, end[] = {998, 999};
    assert_memory_equal(member, start, sizeof start);
    assert_memory_equal(member + 1022, end, sizeof end);
    assign_member_order(1, member);
    assert_int_equal(member[0], 0);
}

/* 12 consumers of 12 partitions: consumer 10 is the third by text. */
static void test_order_matters(void **state)
{
    static const struct assign_topic topic[] = {{"t", 12}};
    uint32_t owner[MOST], member[MOST];
    (void)state;
    assign_member_order(12, member);
    assign_partitions(ASSIGN_RANGE, topic, 1, member, 12, NULL, owner, &arena);
    assert_int_equal(owner[2], 10);
    assert_int_equal(owner[4], 2);
}

/* ---- cooperative transitions ---- */

struct transition { const char *first, *second; uint32_t withheld; };

static struct transition move(uint32_t n_topics, uint32_t *owner, const uint32_t *member, uint32_t n_members,
                              uint32_t shown)
{
    static char texts[2][MOST];
    uint32_t before[MOST], n = 3 * n_topics;
    memcpy(before, owner, n * sizeof *owner);
    assign_partitions(ASSIGN_COOPERATIVE_STICKY, two, n_topics, member, n_members, before, owner, &arena);
    struct transition transition = {texts[0], texts[1], assign_withhold(member, n_members, before, owner, n)};
    strcpy(texts[0], text_of(owner, n, shown));
    memcpy(before, owner, n * sizeof *owner);
    assign_partitions(ASSIGN_COOPERATIVE_STICKY, two, n_topics, member, n_members, before, owner, &arena);
    assert_int_equal(assign_withhold(member, n_members, before, owner, n), 0);
    strcpy(texts[1], text_of(owner, n, shown));
    return transition;
}

static void expect_move(struct transition transition, const char *first, const char *second, uint32_t withheld)
{
    assert_string_equal(transition.first, first);
    assert_string_equal(transition.second, second);
    assert_int_equal(transition.withheld, withheld);
}

static const uint32_t members[] = {0, 1, 2, 3, 4};

static void test_transitions(void **state)
{
    uint32_t from_one[] = {0, 0, 0}, fresh_two[] = {0, 1, 0}, three[] = {0, 1, 2}, leaving[] = {0, 1, 2};
    (void)state;
    expect_move(move(1, from_one, members, 2, 2), "01|-", "01|2", 1);   /* not the fresh 02|1 */
    expect_move(move(1, fresh_two, members, 3, 3), "0|1|-", "0|1|2", 1);
    expect_move(move(1, three, members, 4, 4), "0|1|2|-", "0|1|2|-", 0);
    expect_move(move(1, leaving, members, 2, 3), "02|1|-", "02|1|-", 0); /* member 2 gone: given at once */
}

/* The growing group keeps what it built: 1, 2, 3 members with two topics, then the first one leaves. */
static void test_a_history(void **state)
{
    uint32_t owner[MOST] = {0};
    (void)state;
    expect_move(move(2, owner, members, 2, 2), "013|-", "013|245", 3); /* kept by partition, then topic: t0 u0 t1 */
    expect_move(move(2, owner, members, 3, 3), "03|24|-", "03|24|15", 2);
    expect_move(move(2, owner, members + 1, 2, 3), "-|024|135", "-|024|135", 0);
}

/* Members at the least number wait for one more in the order in which they came to it. */
static void test_one_more_in_order_of_arrival(void **state)
{
    static const struct assign_topic topic[] = {{"t", 5}};
    uint32_t before[] = {NONE, NONE, NONE, 1, 1}, owner[5], member[] = {0, 1};
    (void)state;
    assign_partitions(ASSIGN_COOPERATIVE_STICKY, topic, 1, member, 2, before, owner, &arena);
    assert_string_equal(text_of(owner, 5, 2), "01|234");
}

/* ---- properties ---- */

static uint32_t held_by(const uint32_t *owner, uint32_t n, uint32_t member)
{
    uint32_t count = 0;
    for (uint32_t p = 0; p < n; p++) count += owner[p] == member;
    return count;
}

static void expect_balanced(const uint32_t *owner, uint32_t n, const uint32_t *member, uint32_t n_members)
{
    uint32_t sum = 0;
    for (uint32_t m = 0; m < n_members; m++) {
        uint32_t held = held_by(owner, n, member[m]);
        assert_true(held == n / n_members || held == n / n_members + 1);
        sum += held;
    }
    assert_int_equal(sum, n);
}

/* Random groups change at random: always balanced, never more moves than balance asks, two rounds suffice. */
static void test_random_changes(void **state)
{
    static const char *const names[] = {"c", "a", "b"};
    (void)state;
    for (uint32_t trial = 0; trial < 2000; trial++) {
        struct random_words words = random_block((struct random_key){{7, 7}}, 0, trial, 0);
        struct assign_topic topic[3];
        uint32_t owner[MOST], before[MOST], member[MOST], n_topics = 1 + words.word[0] % 3, n = 0;
        for (uint32_t t = 0; t < n_topics; t++)
            n += (topic[t] = (struct assign_topic){names[t], 1 + (words.word[1] >> (4 * t)) % 7}).partitions;
        uint32_t old_members = 1 + words.word[2] % 8, new_members = 1 + words.word[3] % 8,
                 shift = words.word[3] >> 16 & 3;
        for (uint32_t m = 0; m < MOST; m++) member[m] = m;
        assign_partitions(ASSIGN_COOPERATIVE_STICKY, topic, n_topics, member, old_members, NULL, before, &arena);
        expect_balanced(before, n, member, old_members);
        assign_partitions(ASSIGN_COOPERATIVE_STICKY, topic, n_topics, member + shift, new_members, before, owner,
                          &arena);
        expect_balanced(owner, n, member + shift, new_members);
        for (uint32_t p = 0; p < n; p++) /* who lost a partition had more than the least */
            if (owner[p] != before[p] && before[p] >= shift && before[p] < shift + new_members)
                assert_true(held_by(before, n, before[p]) > n / new_members);
        assign_withhold(member + shift, new_members, before, owner, n);
        memcpy(before, owner, n * sizeof *owner);
        assign_partitions(ASSIGN_COOPERATIVE_STICKY, topic, n_topics, member + shift, new_members, before, owner,
                          &arena);
        expect_balanced(owner, n, member + shift, new_members);
        assert_int_equal(assign_withhold(member + shift, new_members, before, owner, n), 0);
        arena_reset(&arena);
    }
}

static void test_nobody(void **state)
{
    uint32_t owner[] = {5, 5, 5};
    (void)state;
    assign_partitions(ASSIGN_RANGE, one, 1, NULL, 0, NULL, owner, &arena);
    for (int p = 0; p < 3; p++) assert_int_equal(owner[p], NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_topic), cmocka_unit_test(test_two_topics), cmocka_unit_test(test_topics_by_name),
        cmocka_unit_test(test_member_order), cmocka_unit_test(test_order_matters), cmocka_unit_test(test_transitions),
        cmocka_unit_test(test_a_history), cmocka_unit_test(test_one_more_in_order_of_arrival),
        cmocka_unit_test(test_random_changes), cmocka_unit_test(test_nobody),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
