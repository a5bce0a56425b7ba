/* SPDX-License-Identifier: GPL-3.0-or-later
 * Processes on other machines that run jobs for this one, by MPI (make MPI=1; without it a program is alone, rank 0 of
 * 1). Rank 0 does all that a program does; a thread of its workers stands for each other rank: it sends a job, waits,
 * and hands on what comes back. The others do nothing but serve. All run the same program on the same files.
 *
 * A rank that dies takes the others with it, as MPI has it: what rank 0 has stored by then stays stored.
 * Messages are bytes as they lie in memory: all ranks are machines of one kind. */
#ifndef SIM_LAB_RANKS_H
#define SIM_LAB_RANKS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/engine/arena.h"
#include "sim/engine/error.h"

struct ranks;

struct ranks *ranks_open(int *argc, char ***argv, struct arena *arena, struct sim_err *err);
uint32_t ranks_me(const struct ranks *ranks);
uint32_t ranks_n(const struct ranks *ranks);
/* code is the exit code to come. Rank 0 sends the others home; of an interrupted program nobody waits for anybody. */
void ranks_close(struct ranks *ranks, int code);

/* Rank 0, one thread for each rank: sends `size` bytes (at least one) and waits for the answer, in the arena. NULL
 * without err when *stop is set meanwhile; with err when the rank answers that it cannot. */
void *ranks_ask(struct ranks *ranks, uint32_t rank, const void *job, size_t size, const atomic_bool *stop,
                size_t *answer_size, struct arena *arena, struct sim_err *err);

/* The others: waits for a job of this size. False when there is none any more. */
bool ranks_next(struct ranks *ranks, void *job, size_t size);
void ranks_answer(struct ranks *ranks, const void *answer, size_t size);
/* Instead of an answer: why not. */
void ranks_refuse(struct ranks *ranks, const struct sim_err *err);

#endif
