/* SPDX-License-Identifier: GPL-3.0-or-later
 * Whole scenarios drawn from a seed: an order pipeline with one to three legs, its groups, topics, tables, locks,
 * processes and load, each drawn apart, some features off and others extreme, as JSON for the program's own reader.
 * The programs are right ones: whatever the times, every invariant must hold, but for what `misses` says.
 * Times are never the same twice (no constants but zero), so that no result hangs on a tie. */
#ifndef TESTS_SUPPORT_DRAWN_H
#define TESTS_SUPPORT_DRAWN_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/arena.h"

struct drawn {
    uint64_t seed;
    char *text;        /* in the arena */
    bool misses;       /* a cold group with reset latest never sees some records: what is eventual need not come */
    bool independent;  /* no order competes with another for a row, nothing times out: how an order ends is its own */
    uint64_t waiting;  /* orders that wait in logs at the start */
};

struct drawn scenario_draw(uint64_t seed, struct arena *arena);
/* One of them to which something happens: up to eight faults of every kind, at times, again and again, drawn, or at
 * steps; they end. Its programs are right ones for that as well: marks, outboxes, rows that guard themselves where a lock
 * may be lost, and patience. No fault may break an invariant, and every order ends. */
struct drawn scenario_draw_faulty(uint64_t seed, struct arena *arena);
/* One with few places at the database, in the pools and in the API, where many steps take no time: what one thread
 * gives back changes hands again and again at one instant, and who comes next must not hang on how the run is played. */
struct drawn scenario_draw_crowded(uint64_t seed, struct arena *arena);

#endif
