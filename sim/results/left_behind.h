/* SPDX-License-Identifier: GPL-3.0-or-later
 * How many records a fault can have left behind that took consumers of a group away: a short one is not the reason of a
 * long backlog, whatever else came after it. */
#ifndef SIM_RESULTS_LEFT_BEHIND_H
#define SIM_RESULTS_LEFT_BEHIND_H

#include "sim/results/taken.h"

/* At most, all partitions of the group having waited; INFINITY: it grows for as long as records come. */
double left_behind(const struct outcome *outcome, const struct group_demand *demand, const struct taken *taken);

#endif
