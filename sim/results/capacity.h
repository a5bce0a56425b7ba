/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a group could do, in one run, with all its consumers at work: what one of them does over the share of the work on
 * the fullest one. */
#ifndef SIM_RESULTS_CAPACITY_H
#define SIM_RESULTS_CAPACITY_H

#include "sim/results/layout.h"

/* Records per second; NaN: it processed none, or they take no time. */
double capacity_per_s(const struct scenario *scenario, const struct run_facts *run,
                      const struct group_samples *samples, uint32_t group);

#endif
