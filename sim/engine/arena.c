/* SPDX-License-Identifier: GPL-3.0-or-later
 * Chunks of memory in a list. A reset keeps the chunks and zeroes them as they are used again, so that the next run on
 * this thread pays neither for the system calls nor, where it touches less, for the clearing. */
#include "sim/engine/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* HUGE_PAGE: of x86-64 and most others; where it is wrong, a large block is merely aligned better than it need be. */
enum { CHUNK_BYTES = 1 << 20, LINE = 64, HUGE_PAGE = 1 << 21 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t size, used;  /* of data */
    size_t dirty;       /* bytes that earlier runs may have written */
    unsigned char *data;
};

void arena_init(struct arena *arena) { memset(arena, 0, sizeof *arena); }

/* A block as large as this holds rows that are looked up all over it, each time on another page: few large pages save
 * the walk to most of them. A wish; where the system does not grant it nothing else changes. */
static void want_large_pages(struct arena_chunk *chunk)
{
#ifdef MADV_HUGEPAGE
    if (chunk->size >= HUGE_PAGE) madvise(chunk->data, chunk->size & ~(size_t)(HUGE_PAGE - 1), MADV_HUGEPAGE);
#else
    (void)chunk;
#endif
}

static struct arena_chunk *chunk_open(size_t size)
{
    size_t align = size >= HUGE_PAGE ? HUGE_PAGE : LINE;
    /* calloc: fresh pages come zeroed from the system and are touched only when used. */
    struct arena_chunk *chunk = calloc(1, sizeof *chunk + size + align);
    if (!chunk) {
        fprintf(stderr, "sim: out of memory (%zu bytes more were needed); run fewer --jobs, or a smaller scenario\n",
                size);
        exit(1);
    }
    chunk->size = size;
    uintptr_t start = (uintptr_t)(chunk + 1);
    chunk->data = (unsigned char *)((start + align - 1) & ~(uintptr_t)(align - 1));
    want_large_pages(chunk);
    return chunk;
}

/* The first chunk from the current one on that has room; a new one at the end of the list if none has. */
static struct arena_chunk *chunk_with_room(struct arena *arena, size_t size)
{
    struct arena_chunk **link = arena->current ? &arena->current : &arena->first;
    while (*link && (*link)->size - (*link)->used < size) link = &(*link)->next;
    if (!*link) *link = chunk_open(size > CHUNK_BYTES / 4 ? size : CHUNK_BYTES);
    struct arena_chunk *found = *link;
    if (!arena->first) arena->first = found;
    /* A large block must not make the rest of the current chunk unusable. */
    if (!arena->current || size <= CHUNK_BYTES / 4) arena->current = found;
    return found;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t align = size >= LINE ? LINE : 16;
    size_t need = (size + align - 1) & ~(align - 1);
    if (need == 0) need = align;
    struct arena_chunk *chunk = chunk_with_room(arena, need + LINE);
    size_t start = (chunk->used + align - 1) & ~(align - 1);
    unsigned char *memory = chunk->data + start;
    chunk->used = start + need;
    if (start < chunk->dirty) memset(memory, 0, chunk->dirty - start < need ? chunk->dirty - start : need);
    arena->used_bytes += need;
    return memory;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    size_t length = strlen(text) + 1;
    return memcpy(arena_alloc(arena, length), text, length);
}

void arena_reset(struct arena *arena)
{
    for (struct arena_chunk *chunk = arena->first; chunk; chunk = chunk->next) {
        if (chunk->used > chunk->dirty) chunk->dirty = chunk->used;
        chunk->used = 0;
    }
    arena->current = arena->first;
    arena->used_bytes = 0;
}

void arena_fini(struct arena *arena)
{
    for (struct arena_chunk *chunk = arena->first, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    memset(arena, 0, sizeof *arena);
}
