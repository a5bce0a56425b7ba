/* SPDX-License-Identifier: GPL-3.0-or-later
 * Whether what comes to a group was held up by a fault before: a broker that was away, an API that was slow, a group
 * that had lost consumers. It comes at once then, faster than orders do, and that is the fault's and not the load's. A
 * fault holds records up from when it begins until as many have come as orders have been due, by what each had brought
 * until then; where none had, for good. */
#ifndef SIM_RESULTS_HELD_UP_H
#define SIM_RESULTS_HELD_UP_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/ns.h"

/* What has come by a look, and orders that were due. */
struct held_up_at { double records, orders; };
/* That has begun since the look before, at the latest then; index NONE: none has. */
struct held_up_by { uint32_t index; sim_ns at_ns; };

struct held_up {
    struct held_up_by fault;           /* NONE: none yet */
    struct held_up_at since, before;   /* the look before it began; the last one */
    double per_order;                  /* records until then; INFINITY: no order was due yet */
    struct held_up_by later;           /* one that began while records were held up */
    double lacked;                     /* of them then */
};

struct held_up held_up_none(void);
/* At each look. True: held->fault holds up what comes now. */
bool held_up_look(struct held_up *held, struct held_up_at now, struct held_up_by begun);

#endif
