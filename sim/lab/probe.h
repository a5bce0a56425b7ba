/* SPDX-License-Identifier: GPL-3.0-or-later
 * Probes: points that are run until enough is known of them: chosen values of each replication, and how it ended. A
 * probe may be given more replications later; replication r of every probe draws the same random numbers, so probes
 * pair by replication (docs/decisions/0003). */
#ifndef SIM_LAB_PROBE_H
#define SIM_LAB_PROBE_H

#include "sim/lab/batch.h"

struct probe {
    struct point point;
    uint32_t n_kept;
    const uint32_t *kept; /* indices of a result's values */
    uint32_t first;       /* number of its first replication */
    uint32_t n, room;     /* replications made; most that may be */
    double *value;        /* [replication][kept]; NaN: null */
    int *exit;            /* of each: 0, 4 or 99 (result_exit) */
    bool unsettled;       /* it has no steady state: no run was made, all values are null and all thresholds missed */
    const char *broken;   /* an invariant that broke, the first of the first replication with any; NULL: none */
};

struct crew {
    uint32_t n_threads;
    FILE *terminal; /* of the progress line; NULL: none */
};

/* Room for so many replications, of which these values are kept. */
void probe_init(struct probe *probe, const struct point *point, const uint32_t *kept, uint32_t n_kept, uint32_t room,
                struct arena *arena);
static inline double probe_value(const struct probe *probe, uint32_t replication, uint32_t kept)
{
    return probe->value[(size_t)replication * probe->n_kept + kept];
}

/* Makes replications of each probe until there are `until` of them (<= its room). False with err, or, without err, when
 * an interrupt that is held (interrupt.h) came first: the replications counted in n are whole. */
bool probes_run(struct probe *probe, uint32_t n_probes, uint32_t until, const struct crew *crew, struct sim_err *err);

#endif
