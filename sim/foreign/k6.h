/* SPDX-License-Identifier: GPL-3.0-or-later
 * k6: the options of a script (a .js file, or JSON as `k6 inspect` and handleSummary print it) and its end-of-test
 * summary (`--summary-export`, or what handleSummary is given). */
#ifndef SIM_FOREIGN_K6_H
#define SIM_FOREIGN_K6_H

#include "sim/foreign/source.h"

/* The load block {"scenarios": ...} of a scenario, or NULL with findings. The caller deletes it. */
cJSON *k6_load(struct source *source);

/* sim-observations/1 with what the load generator counted, or NULL with findings. */
cJSON *k6_observations(struct source *source);

/* Whether the file is a summary (it has metrics), not options. */
bool k6_is_summary(const struct source *source);

#endif
