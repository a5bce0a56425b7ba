/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which figures a table shows: those asked for, else what the thresholds are about, else the share paid and the
 * completion times. */
#ifndef SIM_RESULTS_SHOWN_H
#define SIM_RESULTS_SHOWN_H

#include "sim/results/result.h"
#include "sim/results/store.h"

/* Paths, in the arena. NULL with err (SIM_EUSAGE) for one asked for that the study has not, named with its nearest. */
const char *const *metrics_shown(const struct study *study, const struct layout *layout, const char *const *asked,
                                 uint32_t n_asked, uint32_t *n, struct arena *arena, struct sim_err *err);
/* Of a sweep: the figures that the thresholds of any point are about, else the usual ones. */
const char *const *metrics_of_points(const struct store_point *point, uint32_t n_points, uint32_t *n,
                                     struct arena *arena);

#endif
