/* SPDX-License-Identifier: GPL-3.0-or-later
 * Memory by lifetime: everything of one scenario, or of one run, lives in one arena and goes with it. This is the only
 * file of sim/engine and models that calls malloc. Out of memory ends the program with a message and exit 1: there is
 * nothing useful a simulator could do then. */
#ifndef SIM_ENGINE_ARENA_H
#define SIM_ENGINE_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *first, *current;
    size_t used_bytes;  /* handed out since the last reset */
};

void arena_init(struct arena *arena);
/* Zeroed, aligned to 64 bytes when size >= 64, else to 16. Never NULL; size 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t size);
char *arena_strdup(struct arena *arena, const char *text);
/* Forgets all contents but keeps the memory for the next run on this thread. */
void arena_reset(struct arena *arena);
void arena_fini(struct arena *arena);

#define arena_new(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define arena_array(arena, type, n) ((type *)arena_alloc((arena), sizeof(type) * (size_t)(n)))

#endif
