/* SPDX-License-Identifier: GPL-3.0-or-later
 * Steady state: what happens before an instant is warm-up, and does not count. The counts go on, so that whatever
 * else looks at them (invariants, Little's law) sees the whole run; at the end of the run, what they were at the
 * instant is taken off again. Peaks start anew from what there is at the instant.
 *
 * Left whole: order counts, units oversold, peaks of pools and API threads, Little's two sums, accidents, faults. */
#ifndef MODELS_WARM_UP_H
#define MODELS_WARM_UP_H

#include "models/orders/machine.h"
#include "models/scaler.h"

struct warm_up {
    bool over; /* false: there is none, or the run has not come to its end */
    struct tally completion;
    struct group_facts *group;
    struct lock_facts *lock;
    struct table_facts *table;
    struct process_facts *process;
    const struct scaler_facts *scaler;
};

/* levels: at this instant, with everything applied that came before. */
void warm_up_end(struct warm_up *warm_up, struct machine *machine, struct scalers *scalers,
                 const struct run_levels *levels);

/* The arrays behind facts are those of the run and may be changed. */
void warm_up_take_off(const struct warm_up *warm_up, const struct scenario *scenario, struct run_facts *facts);

#endif
