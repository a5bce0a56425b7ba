/* SPDX-License-Identifier: GPL-3.0-or-later
 * What is told of one run of a trial. */
#ifndef TESTS_SUPPORT_TRIAL_OUTCOME_H
#define TESTS_SUPPORT_TRIAL_OUTCOME_H

#include "sim/results/result.h"
#include "tests/support/trial.h"

/* Of its first replication, in the arena; good while the trial is open. group: NULL, or what is counted of its first
 * group. */
struct outcome trial_outcome(struct trial *trial, struct group_facts *group, struct arena *arena);

#endif
