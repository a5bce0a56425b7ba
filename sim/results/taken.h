/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a fault took of a group's consumers: figures of the group are for all of them, and those that were left did
 * less. Of several such faults the one that took most, for good before for a while; but where others took some at the
 * same time, and that left much of it behind, all of these together. A consumer that died and is back
 * before its session has ended is a new member beside a silent one, and until that is put out no rebalance ends.
 * A fault that is over before the group starts took none; of a rolling restart that goes on then those count whose turn
 * comes later. */
#ifndef SIM_RESULTS_TAKEN_H
#define SIM_RESULTS_TAKEN_H

#include "sim/results/result.h"

enum { TAKEN_WITH = 3 };

struct taken {
    const struct fault_spec *fault; /* NULL: none took any */
    const struct fault_spec *with[TAKEN_WITH]; /* that took others then: all figures are of the time that they share */
    uint32_t n_with;                /* may be more */
    bool for_good;                  /* this one or another gives some never back */
    uint32_t consumers, left;       /* that it took at a time, at most, and those that it did not */
    double at_s, for_s;             /* the first time; INFINITY: for good */
    double times;                   /* in the mean of the runs */
    bool precedes;                  /* it took them before the group started, which began without them */
    double before_s;                /* then: so much of for_s lies before that start; else 0 */
    double turns;                   /* of a rolling restart: instances, and what was left of one, that it took since the
                                       group started; else 1 */
    bool killed;                    /* by a restart, which is no orderly one then */
    double session_s;               /* back before the old session had ended: so long after the death at most; else 0 */
    bool holds_all;                 /* until then all wait, and not only who is back: no cooperative ones */
    bool is_passed_on;              /* it is not over before others have learnt of it, and have the partitions */
    double left_per_s;              /* what those that are left do then */
    double spared_per_s;            /* the same with one more, that the fault does not reach; NaN: it reaches all */
    double behind;                  /* records that can be waiting because of it, at most (left_behind.h) */
};

struct taken taken_by_fault(const struct outcome *outcome, const struct group_demand *demand);

#endif
