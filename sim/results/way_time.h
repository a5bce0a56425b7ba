/* SPDX-License-Identifier: GPL-3.0-or-later
 * How long a record is on its way through the steps of a stage, by the scenario alone: the times of the steps, each
 * drawn for itself, where `refuse` sends its share of the records through `otherwise` steps in place of the rest. Steps
 * that others refuse (stock, a mark, a lock) count as not refused: how often they are is not the scenario's. */
#ifndef SIM_RESULTS_WAY_TIME_H
#define SIM_RESULTS_WAY_TIME_H

#include "models/scenario.h"

struct way_time {
    double mean_s, variance;
    double longest_s; /* the longest way that one of a run's records goes, in the mean, */
    double beyond_s;  /* and the most that one draw on any way adds to that, once in a hundred runs */
};

/* stage_s: the stage's own time, of which a step has its share. records: so many come in a run; 0: nobody asks for the
 * longest, and what one draw adds. */
struct way_time way_time(const struct step_spec *step, uint32_t n, double stage_s, double records);
/* One time more on all of them. */
void way_time_add(struct way_time *way, const struct dist_spec *time, double records);

#endif
