/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: the fetch buffer follows the rules of Kafka's Java client, whatever comes in which order. Method: a twin that
 * keeps every list in full and goes through a hash table built as java.util.HashMap builds it; random appends, fetches,
 * answers, arrivals and polls are given to both, and every list is compared after each. Then the rules one by one on
 * small cases. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/kafka/fetch.h"
#include "sim/engine/random.h"
#include "tests/support/java_map.h"

enum { PARTS = 40 };

/* ---- the twin ---- */

struct list { uint32_t n; struct fetch_block block[PARTS]; };

struct twin {
    const struct fetch_buffer *buffer; /* for hashes and log ends */
    bool list_order;
    uint32_t n_parts;
    int64_t next[PARTS];
    bool asked[PARTS];
    uint32_t session[PARTS], n_session;
    bool in_flight, answered;
    struct list answer, queue, segment;
    uint32_t spent;                    /* + 1 */
};

static bool has_unread(const struct twin *twin, uint32_t part)
{
    if (twin->spent == part + 1) return true;
    for (uint32_t i = 0; i < twin->queue.n; i++)
        if (twin->queue.block[i].part == part) return true;
    for (uint32_t i = 0; i < twin->answer.n; i++)
        if (twin->answer.block[i].part == part) return true;
    return false;
}

static bool in_session(const struct twin *twin, uint32_t part)
{
    for (uint32_t i = 0; i < twin->n_session; i++)
        if (twin->session[i] == part) return true;
    return false;
}

static void session_remove(struct twin *twin, uint32_t part)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < twin->n_session; i++)
        if (twin->session[i] != part) twin->session[n++] = twin->session[i];
    twin->n_session = n;
}

static bool twin_ask(struct twin *twin)
{
    struct java_map *fresh = calloc(1, sizeof *fresh);
    uint32_t list[PARTS], n = 0;
    bool any = false;
    assert_non_null(fresh);
    for (uint32_t p = 0; p < twin->n_parts; p++) any |= !has_unread(twin, p);
    for (uint32_t p = 0; p < twin->n_parts && any; p++) {
        twin->asked[p] = !has_unread(twin, p);
        if (!twin->asked[p]) session_remove(twin, p);
        else if (!in_session(twin, p) && twin->list_order) list[n++] = p;
        else if (!in_session(twin, p)) java_map_put(fresh, twin->buffer->part[p].hash, p);
    }
    if (!twin->list_order) n = java_map_list(fresh, list);
    for (uint32_t i = 0; i < n; i++) twin->session[twin->n_session++] = list[i];
    twin->in_flight = any;
    free(fresh);
    return any;
}

static int64_t available(const struct twin *twin, uint32_t part)
{
    return *twin->buffer->part[part].log_end - twin->next[part];
}

static bool twin_has_data(const struct twin *twin)
{
    for (uint32_t i = 0; i < twin->n_session; i++)
        if (available(twin, twin->session[i]) > 0) return true;
    return false;
}

static bool twin_covers(const struct twin *twin)
{
    for (uint32_t p = 0; p < twin->n_parts; p++)
        if (!has_unread(twin, p) && !twin->asked[p]) return false;
    return true;
}

static void twin_answer(struct twin *twin)
{
    uint32_t order[PARTS], n = twin->n_session;
    memcpy(order, twin->session, sizeof order);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t p = order[i];
        int64_t records = available(twin, p), most = twin->buffer->part[p].block_records;
        if (records == 0) continue;
        if (records > most) records = most;
        twin->answer.block[twin->answer.n++] = (struct fetch_block){ p, twin->next[p], twin->next[p] + records };
        twin->next[p] += records;
        session_remove(twin, p);
        twin->session[twin->n_session++] = p;
    }
    twin->answered = true;
}

static void twin_arrive(struct twin *twin)
{
    for (uint32_t i = 0; i < twin->answer.n; i++) twin->queue.block[twin->queue.n++] = twin->answer.block[i];
    twin->answer.n = 0;
    twin->in_flight = twin->answered = false;
}

static int64_t twin_collect(struct twin *twin, int64_t max)
{
    struct java_map *map = calloc(1, sizeof *map);
    struct fetch_block by_part[PARTS];
    uint32_t order[PARTS];
    int64_t taken = 0;
    assert_non_null(map);
    twin->spent = 0;
    while (taken < max && twin->queue.n > 0) {
        struct fetch_block *head = &twin->queue.block[0];
        int64_t n = head->end - head->first < max - taken ? head->end - head->first : max - taken;
        by_part[head->part] = (struct fetch_block){ head->part, head->first, head->first + n };
        java_map_put(map, twin->buffer->part[head->part].hash, head->part);
        head->first += n;
        taken += n;
        if (head->first < head->end) break;
        if (taken == max) twin->spent = head->part + 1;
        memmove(head, head + 1, (--twin->queue.n) * sizeof *head);
    }
    twin->segment.n = java_map_list(map, order);
    for (uint32_t i = 0; i < twin->segment.n; i++) twin->segment.block[i] = by_part[order[i]];
    free(map);
    return taken;
}

/* ---- both side by side ---- */

struct pair {
    struct arena arena;
    struct fetch_buffer buffer;
    struct twin twin;
    int64_t log_end[PARTS];
    uint64_t state;
};

static uint32_t below(struct pair *pair, uint32_t n)
{
    pair->state += 0x9e3779b97f4a7c15u;
    return (uint32_t)((random_mix(pair->state) >> 32) * n >> 32);
}

static void pair_open(struct pair *pair, uint32_t n_parts, bool list_order, uint64_t seed)
{
    memset(pair, 0, sizeof *pair);
    arena_init(&pair->arena);
    pair->state = seed;
    fetch_init(&pair->buffer, n_parts, list_order, &pair->arena);
    pair->twin = (struct twin){ .buffer = &pair->buffer, .list_order = list_order, .n_parts = n_parts };
    uint32_t n_topics = 1 + below(pair, 4);
    for (uint32_t p = 0; p < n_parts; p++) {
        char name[32];
        snprintf(name, sizeof name, "topic-%u", (uint32_t)seed % 7 + p % n_topics);
        pair->log_end[p] = pair->twin.next[p] = pair->buffer.part[p].next = below(pair, 5);
        pair->buffer.part[p].log_end = &pair->log_end[p];
        pair->buffer.part[p].block_records = 1 + below(pair, 20);
        pair->buffer.part[p].hash = fetch_hash(name, p / n_topics);
    }
    fetch_recount(&pair->buffer);
}

static void compare_block(const struct fetch_block *block, const struct fetch_block *expected)
{
    assert_int_equal(block->part, expected->part);
    assert_int_equal(block->first, expected->first);
    assert_int_equal(block->end, expected->end);
}

/* Both ways around the ring. */
static void compare_session(const struct fetch_buffer *buffer, const uint32_t *expected, uint32_t n)
{
    uint32_t forth = buffer->session_ends, back = buffer->session_ends;
    assert_int_equal(buffer->n_session, n);
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(forth = buffer->session[forth].after, expected[i]);
        assert_int_equal(back = buffer->session[back].before, expected[n - 1 - i]);
    }
    assert_int_equal(buffer->session[forth].after, buffer->session_ends);
    assert_int_equal(buffer->session[back].before, buffer->session_ends);
}

static void compare(const struct pair *pair)
{
    const struct fetch_buffer *buffer = &pair->buffer;
    const struct twin *twin = &pair->twin;
    compare_session(buffer, twin->session, twin->n_session);
    assert_int_equal(buffer->n_blocks, twin->queue.n);
    for (uint32_t i = 0; i < twin->queue.n; i++)
        compare_block(&buffer->block[(buffer->head + i) % buffer->n_parts], &twin->queue.block[i]);
    assert_int_equal(buffer->n_answer, twin->answer.n);
    for (uint32_t i = 0; i < twin->answer.n; i++) compare_block(&buffer->answer[i], &twin->answer.block[i]);
    assert_int_equal(buffer->n_segments, twin->segment.n);
    for (uint32_t i = 0; i < twin->segment.n; i++) compare_block(&buffer->segment[i], &twin->segment.block[i]);
    for (uint32_t p = 0; p < twin->n_parts; p++) {
        assert_int_equal(buffer->part[p].next, twin->next[p]);
        if (twin->in_flight) assert_int_equal(buffer->part[p].asked, twin->asked[p]);
    }
    if (!twin->in_flight || twin->answered) return;
    assert_int_equal(fetch_has_data(buffer), twin_has_data(twin));
    assert_int_equal(fetch_covers(buffer), twin_covers(twin));
}

static void append(struct pair *pair, uint32_t part)
{
    pair->log_end[part]++;
    fetch_note(&pair->buffer);
}

/* The short ways must be the same as the long one where they may be taken. */
static void answer(struct pair *pair)
{
    uint32_t only = PARTS, n = 0;
    for (uint32_t p = 0; p < pair->twin.n_parts; p++)
        if (available(&pair->twin, p) > 0) only = p, n += (uint32_t)available(&pair->twin, p);
    bool passes = fetch_is_clear(&pair->buffer) && n == 1 && pair->twin.asked[only];
    if (passes && below(pair, 2)) {
        fetch_pass_one(&pair->buffer, only);
        twin_answer(&pair->twin);
        twin_arrive(&pair->twin);
        assert_int_equal(twin_collect(&pair->twin, 2), 1);
        twin_ask(&pair->twin);
        return;
    }
    if (n == 1 && pair->twin.asked[only] && below(pair, 2)) fetch_answer_one(&pair->buffer, only);
    else fetch_answer(&pair->buffer);
    twin_answer(&pair->twin);
}

static void one_move(struct pair *pair)
{
    struct twin *twin = &pair->twin;
    uint32_t move = below(pair, 10);
    if (move < 4) {
        for (uint32_t i = below(pair, 4); i > 0; i--) append(pair, below(pair, twin->n_parts));
    } else if (move < 6 && !twin->in_flight) {
        assert_int_equal(fetch_ask(&pair->buffer), twin_ask(twin));
    } else if (move < 7 && twin->in_flight && !twin->answered) {
        answer(pair);
    } else if (move < 8 && twin->answered) {
        fetch_arrive(&pair->buffer);
        twin_arrive(twin);
    } else if (twin->queue.n > 0 || below(pair, 4) == 0) {
        int64_t max = below(pair, 5) == 0 ? 0 : 1 + below(pair, 25);
        if (max == 0 && twin->queue.n > 0) max = 1;
        assert_int_equal(fetch_collect(&pair->buffer, max), twin_collect(twin, max));
    }
    compare(pair);
}

static void test_against_the_twin(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct pair *pair = malloc(sizeof *pair);
        assert_non_null(pair);
        pair_open(pair, 1 + (uint32_t)(random_mix(seed) % (seed % 4 ? 8 : PARTS)), seed % 3 == 0, seed);
        for (int i = 0; i < 1000; i++) one_move(pair);
        arena_fini(&pair->arena);
        free(pair);
    }
}

/* ---- rule by rule ---- */

/* String.hashCode of "hello" is 99162322; "Aa" and "BB" collide at 2112. */
static void test_hash(void **state)
{
    (void)state;
    uint32_t h = 31 * 31 + 99162322;
    assert_int_equal(fetch_hash("hello", 0), h ^ h >> 16);
    h = 31 * (31 + 2) + 99162322;
    assert_int_equal(fetch_hash("hello", 2), h ^ h >> 16);
    assert_int_equal(fetch_hash("Aa", 1), fetch_hash("BB", 1));
    assert_int_equal(fetch_hash("", 0), 961);
    assert_true(fetch_hash("AaAaBB", 3) == fetch_hash("BBAaAa", 3));
    static const char *const topics[] = { "order-created", "stock-reserved", "x", "a.topic_with-a-rather-long.name" };
    for (uint32_t t = 0; t < 4; t++)
        for (uint32_t p = 0; p < 1000; p += 37) assert_int_equal(fetch_hash(topics[t], p), java_hash(topics[t], p));
}

static struct pair small;

static int open_small(void **state)
{
    (void)state;
    pair_open(&small, 3, true, 1);
    for (uint32_t p = 0; p < 3; p++) {
        small.log_end[p] = small.buffer.part[p].next = 0;
        small.buffer.part[p].block_records = 10;
        small.buffer.part[p].hash = 2 - p; /* buckets in the opposite order of the list */
    }
    fetch_recount(&small.buffer);
    return 0;
}

static int close_small(void **state)
{
    (void)state;
    arena_fini(&small.arena);
    return 0;
}

static void fill(uint32_t part, int n)
{
    for (int i = 0; i < n; i++) append(&small, part);
}

static void expect_segment(uint32_t i, uint32_t part, int64_t first, int64_t end)
{
    const struct fetch_block *segment = &small.buffer.segment[i];
    assert_true(i < small.buffer.n_segments);
    assert_int_equal(segment->part, part);
    assert_int_equal(segment->first, first);
    assert_int_equal(segment->end, end);
}

static void fetch(void)
{
    fetch_answer(&small.buffer);
    fetch_arrive(&small.buffer);
}

/* One poll drains the head block, goes on with the next, and never waits to fill up. */
static void test_blocks_in_turn(void **state)
{
    struct fetch_buffer *buffer = &small.buffer;
    (void)state;
    fill(0, 25);
    fill(1, 4);
    assert_true(fetch_ask(buffer));
    fetch(); /* 0: 0-9, 1: 0-3 */
    assert_int_equal(fetch_collect(buffer, 8), 8);
    expect_segment(0, 0, 0, 8);
    assert_true(fetch_ask(buffer)); /* 0 and 1 have unread data: only 2 is asked for */
    assert_false(buffer->part[0].asked || buffer->part[1].asked);
    assert_true(buffer->part[2].asked);
    assert_false(fetch_has_data(buffer));
    assert_true(fetch_covers(buffer));
    assert_int_equal(fetch_collect(buffer, 8), 6);
    assert_int_equal(buffer->n_segments, 2);
    expect_segment(0, 1, 0, 4); /* handed out by bucket, not by arrival */
    expect_segment(1, 0, 8, 10);
    assert_false(fetch_covers(buffer)); /* the fetch in flight asks for less than what is drained by now */
    assert_int_equal(fetch_collect(buffer, 8), 0);
}

/* A block whose last record fills the last slot of a poll counts as buffered until the next poll. */
static void test_last_slot(void **state)
{
    struct fetch_buffer *buffer = &small.buffer;
    (void)state;
    fill(0, 5);
    fetch_ask(buffer);
    fetch();
    assert_int_equal(fetch_collect(buffer, 5), 5);
    fetch_ask(buffer);
    assert_false(buffer->part[0].asked);
    assert_true(buffer->part[1].asked && buffer->part[2].asked);
    fetch_answer(buffer);
    fetch_arrive(buffer);
    assert_int_equal(fetch_collect(buffer, 5), 0);
    fetch_ask(buffer);
    assert_true(buffer->part[0].asked);
}

/* Partitions that returned data go to the end of the broker's list; newly asked ones behind them. */
static void test_session_rotates(void **state)
{
    struct fetch_buffer *buffer = &small.buffer;
    (void)state;
    fill(0, 1);
    fill(2, 1);
    fetch_ask(buffer);
    static const uint32_t listed[] = { 0, 1, 2 }, rotated[] = { 1, 0, 2 };
    compare_session(buffer, listed, 3);
    fetch();
    compare_session(buffer, rotated, 3);
    fetch_collect(buffer, 100);
    fill(1, 1);
    fill(0, 1);
    fetch_ask(buffer);
    fetch_answer(buffer);
    assert_int_equal(buffer->n_answer, 2);
    assert_int_equal(buffer->answer[0].part, 1);
    assert_int_equal(buffer->answer[1].part, 0);
}

/* From 3.7 on newly asked partitions come in the order of a HashSet. */
static void test_hash_set_order(void **state)
{
    static const uint32_t by_bucket[] = { 2, 1, 0 };
    (void)state;
    small.buffer.list_order = false;
    fetch_ask(&small.buffer);
    compare_session(&small.buffer, by_bucket, 3);
}

/* An answer holds what is in the log when the broker answers, at least one batch, at most the partition's bytes. */
static void test_answer_is_fixed(void **state)
{
    struct fetch_buffer *buffer = &small.buffer;
    (void)state;
    fetch_ask(buffer);
    assert_false(fetch_has_data(buffer));
    fill(1, 3);
    assert_true(fetch_has_data(buffer));
    fetch_answer(buffer);
    fill(1, 50);
    fetch_arrive(buffer);
    assert_int_equal(fetch_collect(buffer, 100), 3);
    fetch_ask(buffer);
    fetch();
    assert_int_equal(fetch_collect(buffer, 100), 10);
    expect_segment(0, 1, 3, 13);
}

/* ---- what goes back ---- */

static void expect_same_blocks(const struct fetch_buffer *one, const struct fetch_buffer *other)
{
    assert_int_equal(one->n_blocks, other->n_blocks);
    assert_int_equal(one->n_answer, other->n_answer);
    for (uint32_t i = 0; i < one->n_blocks; i++)
        compare_block(&one->block[(one->head + i) % one->n_parts], &other->block[(other->head + i) % other->n_parts]);
    for (uint32_t i = 0; i < one->n_answer; i++) compare_block(&one->answer[i], &other->answer[i]);
}

static void expect_same(const struct fetch_buffer *one, const struct fetch_buffer *other)
{
    expect_same_blocks(one, other);
    assert_int_equal(one->unasked, other->unasked);
    assert_int_equal(one->spent, other->spent);
    assert_int_equal(one->n_buffered, other->n_buffered);
    for (uint32_t p = 0; p < one->n_parts; p++) {
        assert_int_equal(one->part[p].next, other->part[p].next);
        assert_int_equal(one->part[p].buffered, other->part[p].buffered);
    }
}

static void open_full(struct pair *pair, uint64_t seed)
{
    pair_open(pair, 2 + (uint32_t)(random_mix(seed) % (PARTS - 2)), true, seed);
    for (uint32_t p = 0; p < pair->buffer.n_parts; p++)
        while (pair->log_end[p] < pair->buffer.part[p].next + 5000) append(pair, p);
}

/* A poll, and a fetch behind it that is answered. */
static void poll_full(struct fetch_buffer *buffer, int64_t max, bool arrives)
{
    fetch_arrive(buffer);
    fetch_collect(buffer, max);
    if (!fetch_ask(buffer)) return;
    fetch_answer(buffer);
    if (arrives) fetch_arrive(buffer);
}

/* In one pass, or part by part. */
static void test_return_is_many_seeks(void **state)
{
    (void)state;
    static struct pair one, other;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        open_full(&one, seed), open_full(&other, seed);
        poll_full(&one.buffer, 0, true), poll_full(&other.buffer, 0, true);
        for (uint64_t i = 0; i < 50; i++) {
            const uint64_t drawn = random_mix(seed * 1000 + i);
            const int64_t max = 1 + (int64_t)(drawn % 60);
            poll_full(&one.buffer, max, drawn & 64), poll_full(&other.buffer, max, drawn & 64);
            if (one.buffer.n_segments == 0) continue;
            const uint32_t from = (uint32_t)(drawn >> 8) % one.buffer.n_segments;
            const struct fetch_block block = one.buffer.segment[from];
            const int64_t next = block.first + (int64_t)(drawn >> 40) % (block.end - block.first + 1);
            fetch_return(&one.buffer, from, next);
            for (uint32_t s = from + 1; s < other.buffer.n_segments; s++)
                fetch_seek(&other.buffer, other.buffer.segment[s].part, other.buffer.segment[s].first, false);
            if (next < block.end) fetch_seek(&other.buffer, block.part, next, false);
            expect_same(&one.buffer, &other.buffer);
        }
        arena_fini(&one.arena), arena_fini(&other.arena);
    }
}

#define SMALL(test) cmocka_unit_test_setup_teardown(test, open_small, close_small)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_return_is_many_seeks),
        cmocka_unit_test(test_against_the_twin), cmocka_unit_test(test_hash), SMALL(test_blocks_in_turn),
        SMALL(test_last_slot), SMALL(test_session_rotates), SMALL(test_hash_set_order), SMALL(test_answer_is_fixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
