/* SPDX-License-Identifier: GPL-3.0-or-later
 * sim import durations --plots: a Q-Q picture for each stage and step. */
#ifndef SIM_DRAW_DURATIONS_H
#define SIM_DRAW_DURATIONS_H

#include "sim/foreign/durations.h"
#include "sim/lab/output.h"
#include "sim/options.h"

/* Draws into the output, and commits it. False with err; a missing gnuplot is a warning, scripts and data are kept. */
bool draw_durations(const struct options *options, const struct durations_shown *shown, struct output *output,
                    struct sim_err *err);

#endif
