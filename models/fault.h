/* SPDX-License-Identifier: GPL-3.0-or-later
 * The faults of a scenario: when they happen, and to whom. What a fault does to a process, a server or a record is
 * known where those live (process.h, orders/crash.h, condition.h).
 *
 * A fault that has not happened yet keeps no run alive: a system that has nothing left to do ends, whatever might have
 * gone wrong later. Its consequences (the return of a process) do. */
#ifndef MODELS_FAULT_H
#define MODELS_FAULT_H

#include "models/orders/machine.h"

struct faults {
    struct machine *machine;
    struct fault_facts *fact; /* by fault */
};

void faults_init(struct faults *faults, struct machine *machine);
/* Schedules the first occurrence of each. */
void faults_start(struct faults *faults);

#endif
