/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: memory from an arena is aligned, zeroed and nobody else's, now and after any number of resets, and a reset
 * keeps it for the next run. Method: random sizes, each block filled with a pattern of its own that must be there
 * untouched at the end; the same again after resets with other sizes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "sim/engine/arena.h"
#include "sim/engine/random.h"

enum { BLOCKS = 2000 };

struct block { unsigned char *memory; size_t size; };

static size_t size_of(uint64_t seed, uint32_t i)
{
    uint64_t word = random_mix(seed * 1000003 + i);
    if (word % 50 == 0) return word / 50 % 3000000; /* larger than a chunk now and then */
    return word / 50 % (word % 3 ? 100 : 5000);
}

static void check_block(const struct block *block, unsigned char expected)
{
    for (size_t i = 0; i < block->size; i++)
        if (block->memory[i] != expected)
            fail_msg("byte %zu of a block of %zu is %d", i, block->size, block->memory[i]);
}

/* Takes blocks, each zeroed and aligned, writes to them, and finds what was written. Returns bytes handed out. */
static size_t fill(struct arena *arena, uint64_t seed, uint32_t n)
{
    static struct block block[BLOCKS];
    for (uint32_t i = 0; i < n; i++) {
        block[i].size = size_of(seed, i);
        block[i].memory = arena_alloc(arena, block[i].size);
        assert_non_null(block[i].memory);
        assert_int_equal((uintptr_t)block[i].memory % (block[i].size >= 64 ? 64 : 16), 0);
        check_block(&block[i], 0);
        memset(block[i].memory, (int)(i % 255) + 1, block[i].size);
    }
    for (uint32_t i = 0; i < n; i++) check_block(&block[i], (unsigned char)(i % 255 + 1));
    return arena->used_bytes;
}

static void test_blocks(void **state)
{
    struct arena arena;
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        arena_init(&arena);
        fill(&arena, seed, BLOCKS);
        arena_fini(&arena);
    }
}

static void test_resets(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        fill(&arena, seed, seed % 3 ? BLOCKS / 10 : BLOCKS);
        arena_reset(&arena);
        assert_int_equal(arena.used_bytes, 0);
    }
    arena_fini(&arena);
}

/* The same run after a reset takes the same places: nothing more is asked of the system. */
static void test_memory_is_kept(void **state)
{
    struct arena arena;
    unsigned char *first[100], *again[100];
    (void)state;
    arena_init(&arena);
    for (uint32_t i = 0; i < 100; i++) first[i] = arena_alloc(&arena, size_of(9, i));
    size_t used = arena.used_bytes;
    arena_reset(&arena);
    for (uint32_t i = 0; i < 100; i++) again[i] = arena_alloc(&arena, size_of(9, i));
    assert_int_equal(arena.used_bytes, used);
    for (uint32_t i = 0; i < 100; i++) assert_ptr_equal(first[i], again[i]);
    arena_fini(&arena);
}

static void test_edges(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena);
    void *a = arena_alloc(&arena, 0), *b = arena_alloc(&arena, 0);
    assert_true(a && b && a != b);
    char *copy = arena_strdup(&arena, "a word");
    assert_string_equal(copy, "a word");
    assert_string_equal(arena_strdup(&arena, ""), "");
    uint64_t *array = arena_array(&arena, uint64_t, 1000);
    for (int i = 0; i < 1000; i++) assert_true(array[i] == 0);
    arena_reset(&arena);
    arena_reset(&arena);
    arena_fini(&arena);
    arena_init(&arena); /* an arena that was never used */
    arena_reset(&arena);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks), cmocka_unit_test(test_resets), cmocka_unit_test(test_memory_is_kept),
        cmocka_unit_test(test_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
