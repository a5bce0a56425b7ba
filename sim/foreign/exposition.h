/* SPDX-License-Identifier: GPL-3.0-or-later
 * Timers in Prometheus' text format (/actuator/prometheus): buckets, or only sum and count -> distributions. */
#ifndef SIM_FOREIGN_EXPOSITION_H
#define SIM_FOREIGN_EXPOSITION_H

#include "sim/foreign/source.h"

bool exposition_is(const struct source *source);

/* {"schema": "sim-durations/1", "durations": [...]}: a timer each, named by its labels; or NULL with findings. */
cJSON *exposition_read(struct source *source);

#endif
