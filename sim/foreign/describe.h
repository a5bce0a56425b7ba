/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tables as `kafka-consumer-groups.sh --describe` prints them, one or several below one another, each with a line
 * before it that holds its instant (what `date` or `date -Is` prints, a clock time, or t_s=908) -> observations. */
#ifndef SIM_FOREIGN_DESCRIBE_H
#define SIM_FOREIGN_DESCRIBE_H

#include "sim/foreign/source.h"

/* start: the instant that is t = 0, as an ISO date with time or a clock time; NULL: that of the first table.
 * NULL with findings. The caller deletes the result. */
cJSON *describe_read(struct source *source, const char *start);

#endif
