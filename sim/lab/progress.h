/* SPDX-License-Identifier: GPL-3.0-or-later
 * One line on a terminal that says how far a study is: replications done, simulated time and its rate, time left.
 * Nothing is shown of a study that is over at once. */
#ifndef SIM_LAB_PROGRESS_H
#define SIM_LAB_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/engine/arena.h"
#include "sim/engine/ns.h"

struct progress {
    FILE *terminal; /* NULL: shows nothing */
    uint32_t n_replications, n_workers;
    double n_expected; /* of those replications */
    _Atomic sim_ns *now_ns; /* by worker: time of its run; 0 between runs */
    double start_s;
    uint32_t done;
    double done_sim_s; /* simulated by those done */
    double run_s;      /* length of a run as far as known */
    char interval[160]; /* how wide the interval is by now; empty: not known */
    bool shown;
};

/* expected_s: what a run will at least last. terminal NULL: nothing is ever shown. */
void progress_init(struct progress *progress, FILE *terminal, uint32_t n_replications, uint32_t n_workers,
                   double expected_s, struct arena *arena);
void progress_note_done(struct progress *progress, double end_s);
/* The replications that it will probably take, where that is fewer than there may be; 0: nobody knows. */
void progress_expect(struct progress *progress, double n_replications);
void progress_show(struct progress *progress);
/* Clears the line. */
void progress_fini(struct progress *progress);

/* What progress_show prints, without control characters; for tests. elapsed_s > 0. Returns out. */
char *progress_line(const struct progress *progress, double elapsed_s, char *out, size_t size);

#endif
