/* SPDX-License-Identifier: GPL-3.0-or-later
 * Measured durations: a CSV file (a row a record, one or several columns of durations, perhaps with a stage and a step)
 * or an HdrHistogram (.hgrm) -> distributions. Each is given as the scenario language has it, twice: empirical, and as
 * the family that fits best. */
#ifndef SIM_FOREIGN_DURATIONS_H
#define SIM_FOREIGN_DURATIONS_H

#include "sim/engine/fit.h"
#include "sim/foreign/source.h"

struct durations_options {
    uint32_t n_roles;
    const char *const *role; /* "value=lock_ms" (repeatable), "stage=group", "step=name", "at=t_start_ms" */
    const char *unit;        /* "ms"; NULL: as a column's name ends (_ms, _s ...) */
};

/* The durations of one stage's step beside the families fitted to them, for a picture. Lives in the source's arena. */
struct durations_fitted {
    const char *name; /* "stock lock" */
    uint32_t n;
    const double *sorted_s;
    enum fit_family best; /* FIT_FAMILIES: none could be fitted */
    struct fit fit[FIT_FAMILIES];
};

enum { DURATIONS_MOST = 256 }; /* stages and steps of a file */

/* Without any where the file holds no single durations (percentiles, Prometheus' text). */
struct durations_shown {
    uint32_t n;
    struct durations_fitted *fitted[DURATIONS_MOST];
};

/* {"schema": "sim-durations/1", "durations": [...]}, or NULL with findings. The caller deletes it. *shown is filled in
 * as well; it may be NULL. */
cJSON *durations_read(struct source *source, const struct durations_options *options, struct durations_shown *shown);

#endif
