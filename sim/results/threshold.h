/* SPDX-License-Identifier: GPL-3.0-or-later
 * k6's thresholds on figures of summary.json. A path names a figure itself ("value>=0.95"), or an object of
 * percentiles of which the expression picks one ("p(95)<2"). */
#ifndef SIM_RESULTS_THRESHOLD_H
#define SIM_RESULTS_THRESHOLD_H

#include "sim/results/number.h"
#include "sim/results/result.h"

/* The figure it is about; NONE with err (SIM_ESCENARIO) when the study has none of that name. */
uint32_t threshold_figure(const struct layout *layout, const struct threshold_spec *spec, struct sim_err *err);
/* False for NaN: what does not exist meets no target. */
bool threshold_holds(const struct threshold_spec *spec, double value);
/* How far a value may still go before it misses; below 0: by how much it does. -INFINITY for NaN. */
double threshold_room(const struct threshold_spec *spec, double value);
/* The value as people read it, with as many digits as it takes to see why it meets the target or misses it. */
struct number threshold_shown(const struct threshold_spec *spec, double value);

#endif
