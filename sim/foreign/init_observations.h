/* SPDX-License-Identifier: GPL-3.0-or-later
 * The observations that init writes beside its scenario, when it had to make them itself: of offsets tables and of
 * orders. A run then shows predicted beside observed. */
#ifndef SIM_FOREIGN_INIT_OBSERVATIONS_H
#define SIM_FOREIGN_INIT_OBSERVATIONS_H

#include "sim/foreign/source.h"

/* From what offsets_read or orders_read made. A scenario of offsets begins with what waits in the first table, at the
 * committed offset that lies furthest back in each partition; the tables count from there, and rows of partitions that
 * the first one lacks are left out. NULL with one table only: the run begins with it, and nothing is left to compare.
 * What was done is remarked. The caller deletes it. */
cJSON *init_observations(const cJSON *made, struct source *remarks);

#endif
