/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: a log gives back what was appended, keeps it until it is released, and no longer. Method: several logs of one
 * pool beside plain arrays, appended to and released at random, with backlogs that outgrow the ring; then the memory of
 * a long run that keeps up. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "models/kafka/topic.h"
#include "sim/engine/random.h"

enum { LOGS = 4, MOST = 40000 };

struct plain { sim_ns at_ns[MOST]; uint32_t subject[MOST]; int64_t start, end; };

static uint32_t below(uint64_t *state, uint32_t n)
{
    *state += 0x9e3779b97f4a7c15u;
    return (uint32_t)((random_mix(*state) >> 32) * n >> 32);
}

static void compare(const struct log *log, const struct plain *plain)
{
    assert_int_equal(log->start, plain->start);
    assert_int_equal(log->end, plain->end);
    for (int64_t offset = plain->start; offset < plain->end; offset++) {
        assert_int_equal(log_subject(log, offset), plain->subject[offset]);
        assert_int_equal(log_at(log, offset), plain->at_ns[offset]);
    }
}

static void append(struct log *log, struct log_pool *pool, struct plain *plain, uint32_t subject)
{
    sim_ns at_ns = (sim_ns)subject * 1000003;
    plain->at_ns[plain->end] = at_ns;
    plain->subject[plain->end++] = subject;
    log_append(log, pool, at_ns, subject);
}

static void test_against_arrays(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct arena arena;
        arena_init(&arena);
        struct log_pool pool = { NULL, &arena };
        struct log log[LOGS];
        struct plain *plain = calloc(LOGS, sizeof *plain);
        uint64_t random = seed;
        uint32_t subject = 0;
        assert_non_null(plain);
        for (uint32_t i = 0; i < LOGS; i++) {
            log_init(&log[i], 0, i, &arena);
            log[i].n_readers = 1;
        }
        for (int step = 0; step < 400; step++) {
            uint32_t i = below(&random, LOGS);
            uint32_t n = below(&random, seed % 2 ? 200 : 1500);
            for (uint32_t k = 0; k < n && plain[i].end < MOST; k++) append(&log[i], &pool, &plain[i], subject++);
            if (below(&random, 3) > 0) continue;
            int64_t kept = plain[i].end - plain[i].start;
            plain[i].start += below(&random, 4) == 0 ? kept : (int64_t)below(&random, (uint32_t)kept + 1);
            log_release(&log[i], &pool, plain[i].start);
            for (uint32_t k = 0; k < LOGS; k++) compare(&log[k], &plain[k]);
        }
        free(plain);
        arena_fini(&arena);
    }
}

/* A released block serves again: a log that is kept short needs no more memory after its first blocks. */
static void test_memory_follows_what_waits(void **state)
{
    struct arena arena;
    struct log log;
    (void)state;
    arena_init(&arena);
    struct log_pool pool = { NULL, &arena };
    log_init(&log, 0, 0, &arena);
    log.n_readers = 1;
    size_t used = 0;
    for (int64_t offset = 0; offset < 1000000; offset++) {
        log_append(&log, &pool, offset, (uint32_t)offset);
        if (offset >= 100) log_release(&log, &pool, offset - 99);
        if (offset == 10000) used = arena.used_bytes;
    }
    assert_int_equal(arena.used_bytes, used);
    assert_int_equal(log.end - log.start, 100);
    arena_fini(&arena);
}

/* Nobody reads: only the end moves. */
static void test_no_reader(void **state)
{
    struct arena arena;
    struct log log;
    (void)state;
    arena_init(&arena);
    struct log_pool pool = { NULL, &arena };
    log_init(&log, 3, 7, &arena);
    assert_int_equal(log.topic, 3);
    assert_int_equal(log.partition, 7);
    size_t used = arena.used_bytes;
    for (int i = 0; i < 100000; i++) log_append(&log, &pool, i, 1);
    assert_int_equal(log.end, 100000);
    assert_int_equal(log.start, 100000);
    assert_int_equal(arena.used_bytes, used);
    arena_fini(&arena);
}

/* Everything released at a border of blocks, in the middle of one, and an empty log written to again. */
static void test_borders(void **state)
{
    (void)state;
    for (int n = LOG_BLOCK_RECORDS - 1; n <= LOG_BLOCK_RECORDS + 1; n++) {
        struct arena arena;
        struct log log;
        struct plain *plain = calloc(1, sizeof *plain);
        assert_non_null(plain);
        arena_init(&arena);
        struct log_pool pool = { NULL, &arena };
        log_init(&log, 0, 0, &arena);
        log.n_readers = 1;
        for (int round = 0; round < 20; round++) {
            for (int i = 0; i < n; i++) append(&log, &pool, plain, (uint32_t)(round * 1000 + i));
            compare(&log, plain);
            plain->start = plain->end;
            log_release(&log, &pool, plain->start);
            compare(&log, plain);
        }
        free(plain);
        arena_fini(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_arrays), cmocka_unit_test(test_memory_follows_what_waits),
        cmocka_unit_test(test_no_reader), cmocka_unit_test(test_borders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
