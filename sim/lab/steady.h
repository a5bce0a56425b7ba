/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where the warm-up of a steady-state scenario ends ("warm_up": "auto"). Ten runs of the scenario, replications 0 to 9,
 * are sampled: the orders under way, and the backlog of each group. Each series is averaged over the runs, instant by
 * instant (Welch 1983), and MSER-5 finds its warm-up; the longest counts. A series that has none in its first half says
 * that the run is too short, or that the system never settles: then there is no answer, rather than a guess.
 *
 * Left out: that other things (a lock's waiting line) may settle later than what waits in logs. */
#ifndef SIM_LAB_STEADY_H
#define SIM_LAB_STEADY_H

#include "models/pipeline.h"
#include "sim/scenario/study.h"

enum { STEADY_RUNS = 10 };

/* Whether a run has samples enough for a warm-up that is to be found; else false with err (SIM_EIMPRECISE). */
bool steady_has_samples(const struct scenario *scenario, struct sim_err *err);

/* Sets study->scenario.warm_up_ns where it is to be found; plan is the study's. False with err (SIM_EIMPRECISE: too
 * short), or without when an interrupt that is held has come. arena: for the study's life. */
bool steady_settle(struct study *study, const struct plan *plan, struct arena *arena, struct sim_err *err);

#endif
