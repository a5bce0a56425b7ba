/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which group of a point is the most pressed (results/bottleneck.h), by a few runs of it. */
#ifndef SIM_LAB_PRESSED_H
#define SIM_LAB_PRESSED_H

#include "sim/lab/probe.h"
#include "sim/results/plan_report.h"

struct pressed {
    double pressure;         /* the greatest of all groups, offered / capacity; NaN: no group, or none with records */
    uint32_t n_groups;
    const double *of_group;  /* the same of each, in arena; 0: no records came to it */
    struct plan_limit limit; /* in arena */
};

/* False with err, or, without err, when interrupted. */
bool pressed_find(struct pressed *out, const struct point *point, const struct crew *crew, uint32_t runs,
                  enum language language, struct arena *arena, struct sim_err *err);

#endif
