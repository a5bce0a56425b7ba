/* SPDX-License-Identifier: GPL-3.0-or-later
 * Whether a fault may have made records of a group take longer: one that reaches what its stages do, that happened, and
 * that did so while the group had work. What others make it wait for is counted as a wait (waits.h), and so is what a
 * broker keeps a dead letter. */
#ifndef SIM_RESULTS_SLOWED_H
#define SIM_RESULTS_SLOWED_H

#include "sim/results/result.h"

bool slowed_by_fault(const struct outcome *outcome, uint32_t group);

#endif
