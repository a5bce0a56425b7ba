/* SPDX-License-Identifier: GPL-3.0-or-later
 * How many records an order brings to each group when all that waits has gone its way. A run that is cut, or a group
 * that is behind, holds back what the groups behind it would get: what has come to these is too few by as much. */
#ifndef SIM_RESULTS_PASSAGE_H
#define SIM_RESULTS_PASSAGE_H

#include "sim/results/result.h"

/* By group, in the mean of the runs; 0: none came. */
const double *passage_per_order(const struct outcome *outcome, struct arena *arena);
/* What a group delivered again, in the mean of the runs, where polls came too late; else 0. Of that the error handler's
 * retries are none. */
double passage_repeats(const struct outcome *outcome, const char *group);

#endif
