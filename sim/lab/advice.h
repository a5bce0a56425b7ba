/* SPDX-License-Identifier: GPL-3.0-or-later
 * From the candidate that a plan's search chose to what its user is told: why not one step less, while what it holds,
 * how much room the load has, what limits it next, on which values it rests. */
#ifndef SIM_LAB_ADVICE_H
#define SIM_LAB_ADVICE_H

#include "sim/lab/planner.h"
#include "sim/results/plan_report.h"

struct advice {
    const struct planner *planner;
    const struct axis *axis;
    uint32_t chosen; /* candidate */
    bool halved;
    enum language language; /* of the sentences for people */
};

/* Runs what is needed; *out lives in arena. False with err, or, without err, when interrupted. */
bool advice_make(const struct advice *advice, struct plan_answer *out, struct arena *arena, struct sim_err *err);

#endif
