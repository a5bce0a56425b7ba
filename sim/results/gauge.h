/* SPDX-License-Identifier: GPL-3.0-or-later
 * What each group does while it has enough to do, and how fast records come to it, in one run. It looks when it pleases,
 * about once in 256 records of the run: what is found must not hang on how often somebody wants a row of lag.csv. */
#ifndef SIM_RESULTS_GAUGE_H
#define SIM_RESULTS_GAUGE_H

#include "sim/results/layout.h"

struct gauge;

/* group: by group of the scenario; the fields that group_samples says are the gauge's are filled in. */
struct gauge *gauge_open(const struct layout *layout, struct group_samples *group, struct arena *arena);
/* These are the levels now. Returns when to come again. */
sim_ns gauge_look(struct gauge *gauge, const struct run_levels *levels);
/* These are the levels that stay: what came, and what was dropped, since it looked last counts. */
void gauge_end(struct gauge *gauge, const struct run_levels *levels);
/* After that: the group_samples are complete then. */
void gauge_close(struct gauge *gauge);
/* Greatest rate of orders, by their intended arrivals: that of the load where it is known and none was dropped, else as
 * that of records. */
double gauge_peak_rate_per_s(const struct gauge *gauge);

#endif
