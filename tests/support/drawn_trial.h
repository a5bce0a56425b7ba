/* SPDX-License-Identifier: GPL-3.0-or-later
 * Properties over drawn scenarios: one seed after the other is drawn, read, planned and given to a check, which runs it
 * as often as it likes. What is wrong is told in words that live with the scenario; the first such leaves the scenario
 * in a file and the command that repeats it, an abort within the models too. */
#ifndef TESTS_SUPPORT_DRAWN_TRIAL_H
#define TESTS_SUPPORT_DRAWN_TRIAL_H

#include "tests/support/drawn.h"
#include "tests/support/trial.h"
#include "tests/support/witness.h"

enum { DRAWN_MEMORIES = 4 };

/* One scenario under test, with memory for what is compared. */
struct drawn_trial {
    struct drawn drawn;
    struct trial trial;
    struct arena own[DRAWN_MEMORIES], words;
    uint64_t seed;
    const char *coincidence; /* what differed by chance */
};

struct drawn_seeds {
    uint64_t first, n;
    const char *program;
};

/* PROGRAM [FIRST_SEED [HOW_MANY]]; without arguments the n seeds from 1 on. */
struct drawn_seeds drawn_seeds_of(int argc, char **argv, uint64_t n);
/* How many seeds went wrong. check: NULL when all is right, else what is not. */
uint64_t drawn_seeds_check(const struct drawn_seeds *seeds, struct drawn (*draw)(uint64_t seed, struct arena *arena),
                           const char *(*check)(void *context, struct drawn_trial *at), void *context);

/* ---- for checks: NULL, or what is wrong ---- */

const char *drawn_words(struct drawn_trial *at, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *drawn_run(struct drawn_trial *at, int memory, struct witness *out, struct witness_options options);
/* Another run, in memory 1, is not the same as the plain one. */
const char *drawn_run_differs(struct drawn_trial *at, const struct witness *plain, const char *how,
                              struct witness_options options);
/* Two runs on two threads at once, in memories 1 and 2, are not. */
const char *drawn_threads_differ(struct drawn_trial *at, const struct witness *plain);

#endif
