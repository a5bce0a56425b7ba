/* SPDX-License-Identifier: GPL-3.0-or-later
 * sim calibrate: the values of a scenario that explain what was counted on the real system.
 *
 *   1. Points spread over all ranges, and the scenario's own, run once each: the nearest is the first centre.
 *   2. Sweeps: lines through the centre (response.h), a search on what they show, the place found is the next centre;
 *      each sweep is finer, with more runs a place. All runs share their random numbers (docs/decisions/0003).
 *   3. What is more than CONTRADICTS noises from the model decides no longer, and the rest is fitted again, until
 *      nothing changes sides.
 *   4. Intervals by profile.h; of several values by runs on the way from limit to limit (fitting_paths.c): where those
 *      show something else than the lines, another fine sweep begins from what they show. A value without an upper or
 *      lower limit in its range keeps what the scenario says of it, if the observations accept that.
 *   5. Runs at the place found: predicted beside observed.
 * Nothing depends on the number of threads. */
#ifndef SIM_LAB_CALIBRATE_H
#define SIM_LAB_CALIBRATE_H

#include "sim/lab/free_value.h"
#include "sim/lab/probe.h"
#include "sim/lab/targets.h"
#include "sim/results/calibration.h"

#define CONTRADICTS 3.0 /* noises */

struct calibrate {
    struct point base; /* with observations */
    uint32_t n_values;
    const struct free_value *value;
    struct targets targets;
    const uint32_t *kept; /* PREDICTION_VALUES watched values of each target */
    uint64_t seed;
    uint32_t replications; /* >= 2 (few tell little of the noise), at the place found */
    double confidence;
    struct crew crew;
};

/* Fills all but name, observations and written. set: the fitted values as edits of the scenario, one a value. False
 * with err, or, without err, when an interrupt came first. */
bool calibrate_run(struct calibrate *calibrate, struct calibration *out, struct study_edit **set, struct arena *arena,
                   struct sim_err *err);

#endif
