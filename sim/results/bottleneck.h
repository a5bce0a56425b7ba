/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which group limits the pipeline, why, and which would be next. Pressure is what the load's greatest rate asks of a
 * group over what it can do (capacity.h). */
#ifndef SIM_RESULTS_BOTTLENECK_H
#define SIM_RESULTS_BOTTLENECK_H

#include "sim/results/result.h"

/* All groups of the study: first those that hold the others back, then those that were behind for a time, then those
 * that keep up, the most pressed of them first. */
const struct group_demand *bottleneck_rank(const struct outcome *outcome, struct arena *arena);
/* One sentence with the figures, without the group's name. Returns out. */
char *bottleneck_reason(const struct group_demand *demand, enum language language, char *out, size_t size);
/* Records that came to each partition of a group, in the mean of the runs. */
const double *bottleneck_records(const struct outcome *outcome, uint32_t group, struct arena *arena);
/* How the records fall to demand->consumers consumers, and how many would relieve the fullest one: the fields of the
 * demand from working to next_share but for what is seen of the group's pace. records: by partition, as split_of. */
void bottleneck_split(struct group_demand *demand, const struct scenario *scenario, const struct group_spec *group,
                      const double *records);
/* The fullest consumer's share of the work is that of its partitions: one topic, evenly filled. */
bool bottleneck_split_is_by_partitions(const struct group_demand *demand);
/* In most runs it comes no further with some of its records (stuck.h). */
bool bottleneck_is_stuck(const struct group_demand *demand);
/* It is, or more waited than it could do in a few seconds. */
bool bottleneck_fell_behind(const struct group_demand *demand);
/* The load's VUs, and no group before it, keep clearly more from coming. */
bool bottleneck_lacks_vus(const struct group_demand *demand);
/* Its records take clearly longer than they would with nothing to wait for, and there is something. */
bool bottleneck_waits_inside(const struct group_demand *demand);
/* Most of what it does it has done before, for its polls come too late, or it is stuck by that. */
bool bottleneck_goes_round(const struct group_demand *demand);

#endif
