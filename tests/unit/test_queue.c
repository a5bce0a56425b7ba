/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: the queue gives back the least key, ties included, whatever came in before. Method: beside it a sorted list,
 * the plainest queue there is; both get the same pushes and pops in several mixes: few and many pending, near and far,
 * many at one instant, keys below all that was popped. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "sim/engine/arena.h"
#include "sim/engine/queue.h"
#include "sim/engine/random.h"

enum { LIST_MOST = 20000 };

struct list { queue_key key[LIST_MOST]; uint32_t n; };

struct mix {
    const char *name;
    uint32_t n_steps;
    uint32_t pending;        /* about so many are pending */
    uint64_t near, far;      /* times are so much ahead of the last pop, far now and then */
    uint32_t far_percent, push_far_percent, same_percent;
};

static void list_push(struct list *list, queue_key key)
{
    uint32_t i = list->n++;
    for (; i > 0 && list->key[i - 1] < key; i--) list->key[i] = list->key[i - 1]; /* the least at the end */
    list->key[i] = key;
}

static queue_key key_of(uint64_t at, uint32_t priority, uint64_t sequence)
{
    return (queue_key)at << 64 | (uint64_t)priority << (QUEUE_SLOT_BITS + QUEUE_SEQUENCE_BITS) |
        sequence << QUEUE_SLOT_BITS | sequence % 1000;
}

static uint32_t below(uint64_t *state, uint32_t n)
{
    *state += 0x9e3779b97f4a7c15u;
    return (uint32_t)((random_mix(*state) >> 32) * n >> 32);
}

static uint64_t time_of(const struct mix *mix, uint64_t now, uint64_t *state)
{
    if (below(state, 100) < mix->same_percent) return now;
    uint64_t span = below(state, 100) < mix->far_percent ? mix->far : mix->near;
    return now + random_mix(*state) % span;
}

static void run_mix(const struct mix *mix, uint64_t seed)
{
    struct arena arena;
    struct queue queue;
    struct list *list = calloc(1, sizeof *list);
    uint64_t state = seed, now = 0, sequence = 0;
    assert_non_null(list);
    arena_init(&arena);
    queue_init(&queue, &arena);
    for (uint32_t i = 0; i < mix->n_steps || list->n > 0; i++) {
        bool fills = i < mix->n_steps && below(&state, 2 * mix->pending) >= list->n && list->n < LIST_MOST;
        if (fills) {
            queue_key key = key_of(time_of(mix, now, &state), below(&state, 5), sequence++);
            list_push(list, key);
            if (below(&state, 100) < mix->push_far_percent) queue_push_far(&queue, key);
            else queue_push(&queue, key);
        } else if (list->n > 0) {
            queue_key key = queue_pop(&queue), expected = list->key[--list->n];
            if (key != expected)
                fail_msg("%s, seed %llu, step %u: not the least", mix->name, (unsigned long long)seed, i);
            now = (uint64_t)(key >> 64);
        }
        assert_int_equal(queue.n, list->n);
    }
    arena_fini(&arena);
    free(list);
}

static void test_against_a_sorted_list(void **state)
{
    static const struct mix mixes[] = {
        { "few pending", 20000, 3, 1000000, 1000000000, 5, 0, 0 },
        { "as many as the run holds", 20000, QUEUE_NEAR, 1000000, 1000000000, 5, 0, 5 },
        { "more than the run holds", 30000, 3 * QUEUE_NEAR, 1000000, 1000000000, 20, 0, 5 },
        { "many", 60000, 5000, 1000000, 1000000000, 50, 0, 1 },
        { "samplers far ahead", 20000, 20, 1000000, 1000000000, 10, 30, 5 },
        { "samplers only", 20000, 20, 1000000, 1000000000, 10, 100, 5 },
        { "one instant", 20000, 40, 1000, 1000, 0, 10, 90 },
        { "few instants", 20000, 200, 4, 16, 50, 10, 50 },
    };
    (void)state;
    for (uint32_t m = 0; m < sizeof mixes / sizeof *mixes; m++)
        for (uint64_t seed = 1; seed <= 5; seed++) run_mix(&mixes[m], seed);
}

/* Nothing says that a key must lie behind the last one popped. */
static void test_keys_before_the_last_pop(void **state)
{
    struct arena arena;
    struct queue queue;
    (void)state;
    arena_init(&arena);
    queue_init(&queue, &arena);
    for (uint64_t at = 100; at > 0; at--) {
        queue_push(&queue, key_of(at * 10, 0, at));
        queue_push(&queue, key_of(at * 10 + 5, 0, 1000 + at));
        if (at % 2) assert_true((uint64_t)(queue_pop(&queue) >> 64) == at * 10);
    }
    queue_key last = 0;
    while (queue.n > 0) {
        queue_key key = queue_pop(&queue);
        assert_true(key > last);
        last = key;
    }
    arena_fini(&arena);
}

/* In the order of schedules at one instant and priority, by priority at one instant. */
static void test_ties(void **state)
{
    struct arena arena;
    struct queue queue;
    (void)state;
    arena_init(&arena);
    queue_init(&queue, &arena);
    for (uint64_t i = 0; i < 500; i++) queue_push(&queue, key_of(7, (uint32_t)(4 - i % 5), i));
    uint64_t previous = 0;
    for (uint32_t priority = 0; priority < 5; priority++)
        for (uint32_t k = 0; k < 100; k++) {
            uint64_t low = (uint64_t)queue_pop(&queue);
            assert_int_equal(low >> (QUEUE_SLOT_BITS + QUEUE_SEQUENCE_BITS), priority);
            assert_int_equal((low >> QUEUE_SLOT_BITS & (((uint64_t)1 << QUEUE_SEQUENCE_BITS) - 1)) % 5, 4 - priority);
            assert_true(low >= previous);
            previous = low;
        }
    assert_int_equal(queue.n, 0);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_a_sorted_list),
        cmocka_unit_test(test_keys_before_the_last_pop),
        cmocka_unit_test(test_ties),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
