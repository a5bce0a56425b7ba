/* SPDX-License-Identifier: GPL-3.0-or-later
 * sim compare: variants run with common random numbers, and what the figures that all of them have say. */
#ifndef SIM_LAB_COMPARE_H
#define SIM_LAB_COMPARE_H

#include "sim/lab/probe.h"
#include "sim/results/paired.h"

struct compare {
    const struct point *point; /* the first is what the others are compared with; all are acceptable */
    uint32_t n_points, replications;
    double confidence;
    struct crew crew;
    const char *const *metric; /* shown to people */
    uint32_t n_metrics;
    bool only_metrics; /* the others are left out altogether */
};

/* False with err, or, without err, when an interrupt came first. */
bool compare_run(const struct compare *compare, struct paired *out, struct arena *arena, struct sim_err *err);

#endif
