/* SPDX-License-Identifier: GPL-3.0-or-later
 * Instants that are told from load_end, where the last order comes before it: a target that is met long after the last
 * order says little of what comes after the load. */
#ifndef SIM_RESULTS_LOAD_END_H
#define SIM_RESULTS_LOAD_END_H

#include "sim/results/result.h"

/* What is so, and what to do; empty where no instant is told so. Returns out. */
char *load_end_text(const struct study *study, enum language language, char *out, size_t size);

#endif
