/* SPDX-License-Identifier: GPL-3.0-or-later
 * The faults of a scenario: when they happen, and to whom. What a fault does to a process, a server or a record is
 * known where those live (process.h, orders/crash.h, kafka/member.h, condition.h).
 *
 * A fault that has not happened yet keeps no run alive: a system that has nothing left to do ends, whatever might have
 * gone wrong later. Its consequences (the return of a process, the end of an outage) do. */
#ifndef MODELS_FAULT_H
#define MODELS_FAULT_H

#include "models/orders/machine.h"
#include "models/scaler.h"

/* One occurrence. instance: of its process; NONE. */
struct fault_time { sim_ns at_ns; uint32_t fault, instance; };

enum { FAULT_TIMES_KEPT = 256 };

struct faults {
    struct machine *machine;
    struct scalers *scalers;
    struct fault_facts *fact; /* by fault */
    uint32_t *holds;          /* by fault: drop, slow, duplicate: how often it holds by now */
    sim_ns *until_ns;         /* by fault: outage, fail-over, drop, slow, duplicate: when it is over; 0: never begun */
    const bool *slows;        /* by fault, then group: it makes its records slow (reach.h) */
    uint64_t *passed;         /* by fault: how often its step was come to, by threads that it may strike */
    uint32_t *last_instance;  /* by fault: of its process, the last time; NONE */
    struct rollout *rollout;  /* by fault; restart.c */
    uint32_t n_times;
    struct fault_time *time;  /* the first ones, FAULT_TIMES_KEPT; made with the first one */
};

void faults_init(struct faults *faults, struct machine *machine, struct scalers *scalers);
/* Schedules the first occurrence of each. */
void faults_start(struct faults *faults);
/* Until when what has happened makes records of a group slow; 0: nothing did. */
sim_ns faults_slow_until_ns(const struct faults *faults, uint32_t group);

/* ---- between fault.c and restart.c ---- */

const struct fault_spec *fault_spec(const struct faults *faults, uint32_t fault);
void restarts_init(struct faults *faults);
/* An instance that is down starts after after_ns. */
void instance_returns(struct faults *faults, uint32_t instance, sim_ns after_ns);
/* Orderly stop and start of the fault's instances. False: a restart of it is under way. */
bool restart_begin(struct faults *faults, uint32_t fault);
/* The instance has crashed: a stop that was under way is over. */
void restart_cut_short(struct faults *faults, uint32_t instance);
/* The instance is there again: the next one of a rolling restart stops. */
void restart_goes_on(struct faults *faults, uint32_t instance);
/* The group has so many consumers from now on. */
void group_scales(struct faults *faults, uint32_t group, uint32_t consumers);

#endif
