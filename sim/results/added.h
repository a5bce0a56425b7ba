/* SPDX-License-Identifier: GPL-3.0-or-later
 * What faults can have added to the time that a group's records took, at most: what they took without them lies between
 * that and the time they took. */
#ifndef SIM_RESULTS_ADDED_H
#define SIM_RESULTS_ADDED_H

#include "models/observer.h"
#include "sim/scenario/study.h"

/* Consumers x time, of one run. is_left_out: what was done while a fault made records slow is; what is left of that is
 * what comes after it. */
double added_by_faults_s(const struct scenario *scenario, const struct run_facts *run, uint32_t group,
                         bool is_left_out);

#endif
