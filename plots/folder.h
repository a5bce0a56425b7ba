/* SPDX-License-Identifier: GPL-3.0-or-later
 * What all pictures of a folder of results share: whose they are, how long the runs were, where the load ended, which
 * group is the bottleneck, what was observed. */
#ifndef PLOTS_FOLDER_H
#define PLOTS_FOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/error.h"

struct observed {
    char *kind, *label, *group, *topic;
    double partition;         /* NaN: of the whole group, or none */
    double t_s, from_s, to_s; /* NaN: not known */
    double value;
};

struct folder {
    const char *path;
    char *name;                 /* of the scenario */
    char *bottleneck;           /* group; "" when there are no groups */
    double p50_s, p95_s, p99_s; /* completion times; NaN when no order was paid */
    uint32_t n_replications;
    uint32_t n_samples;  /* of the longest replication */
    double end_s;        /* of the longest replication */
    double last_order_s; /* of the last start of an order */
    double sample_s;     /* between two samples; 0 when there is one */
    uint32_t n_observed;
    struct observed *observed;
};

bool folder_open(struct folder *folder, const char *path, struct sim_err *err);
/* Whether a file that not every run leaves is there. */
bool folder_has(const struct folder *folder, const char *file);
void folder_close(struct folder *folder);

#endif
