/* SPDX-License-Identifier: GPL-3.0-or-later
 * Lag and backlog of each group over time in bounded memory, for pictures: every sample at first, and whenever the room
 * is used up every second point goes and from then on half as many come. What is left are levels as they were at their
 * instants, at equal distances. */
#ifndef SIM_RESULTS_THIN_H
#define SIM_RESULTS_THIN_H

#include "models/observer.h"
#include "sim/engine/arena.h"

enum { THIN_POINTS = 512 };

struct thin {
    uint32_t n_groups, n;
    uint32_t stride, left; /* one sample in so many is kept; samples to pass over before the next */
    double *t_s;           /* n of them, at most THIN_POINTS */
    int64_t *lag, *backlog; /* [group * THIN_POINTS + point] */
};

void thin_init(struct thin *thin, uint32_t n_groups, struct arena *arena);
void thin_sample(struct thin *thin, const struct run_levels *levels);

#endif
