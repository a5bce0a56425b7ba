/* SPDX-License-Identifier: GPL-3.0-or-later
 * A table of percentiles as CSV, a row a stage or step: columns p50_ms, p95_ms, p99_9_ms ... (two or more; the unit in
 * the name, or by --unit), and stage, step, mean_ms, n where they are known -> distributions by percentiles. */
#ifndef SIM_FOREIGN_PERCENTILES_H
#define SIM_FOREIGN_PERCENTILES_H

#include "sim/foreign/durations.h"

/* Whether the first line names two percentiles or more. */
bool percentiles_is(const struct source *source);

/* As durations_read. */
cJSON *percentiles_read(struct source *source, const struct durations_options *options);

#endif
