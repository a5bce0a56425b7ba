/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the predictions of a study (observed.h) want to see of each run, and what one run has shown them. The run stops
 * at their moments as it does at a checkpoint, so nothing of this hangs on how often it is sampled. */
#ifndef SIM_RESULTS_WATCH_H
#define SIM_RESULTS_WATCH_H

#include "sim/results/observed.h"

/* One prediction, at one moment. */
struct watch_look { sim_ns at_ns; uint32_t prediction; };

/* The same for all runs. SIM_NEVER, the end of the run, is the last moment. */
struct watch_plan {
    uint32_t n_looks; const struct watch_look *look; /* by moment, then prediction */
    uint32_t n_moments; const sim_ns *moment_ns; /* each once, ascending */
};

void watch_plan_make(struct watch_plan *plan, const struct prediction *prediction, uint32_t n, struct arena *arena);

/* ---- one run ---- */

struct watches {
    const struct layout *layout;
    uint32_t next_look;
    double *value; /* PREDICTION_VALUES of each prediction; NaN: the run did not live to see it */
};

void watches_open(struct watches *watches, const struct layout *layout, struct arena *arena);
/* moment: of the plan; each at most once, in their order. */
void watches_look(struct watches *watches, uint32_t moment, const struct run_levels *levels);
/* And what only the whole run tells. */
void watches_close(struct watches *watches, const struct run_facts *facts);

#endif
