/* SPDX-License-Identifier: GPL-3.0-or-later
 * Measured durations: a CSV file (a row a record, one or several columns of durations, perhaps with a stage and a step)
 * or an HdrHistogram (.hgrm) -> distributions. Each is given as the scenario language has it, twice: empirical, and as
 * the family that fits best. */
#ifndef SIM_FOREIGN_DURATIONS_H
#define SIM_FOREIGN_DURATIONS_H

#include "sim/foreign/source.h"

struct durations_options {
    uint32_t n_roles;
    const char *const *role; /* "value=lock_ms" (repeatable), "stage=group", "step=name", "at=t_start_ms" */
    const char *unit;        /* "ms"; NULL: as a column's name ends (_ms, _s ...) */
};

/* {"schema": "sim-durations/1", "durations": [...]}, or NULL with findings. The caller deletes it. */
cJSON *durations_read(struct source *source, const struct durations_options *options);

#endif
