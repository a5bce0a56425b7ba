/* SPDX-License-Identifier: GPL-3.0-or-later
 * See held_up.h. */
#include "sim/results/held_up.h"

#include <math.h>

#include "models/scenario.h"

struct held_up held_up_none(void) { return (struct held_up){ .fault.index = NONE, .later.index = NONE }; }

static double lacks(const struct held_up *held, const struct held_up_at *now)
{
    const double orders = now->orders - held->since.orders, records = now->records - held->since.records;

    if (held->fault.index == NONE || !(orders > 0)) return 0;
    return fmax(0, held->per_order * orders - records);
}

/* While a fault holds records up another one may do nothing at all. */
static void begin(struct held_up *held, struct held_up_by fault)
{
    const double lacked = lacks(held, &held->before);

    if (lacked > 0) {
        held->later = fault;
        held->lacked = lacked;
        return;
    }
    held->fault = fault;
    held->since = held->before;
    held->per_order = held->before.orders > 0 ? held->before.records / held->before.orders : (double)INFINITY;
    held->later.index = NONE;
}

bool held_up_look(struct held_up *held, struct held_up_at now, struct held_up_by begun)
{
    if (begun.index != NONE) begin(held, begun);
    const double lacked = lacks(held, &now);
    if (held->later.index != NONE && lacked > 2 * held->lacked) {
        held->fault = held->later; /* most of it is held up since then */
        held->later.index = NONE;
    }
    held->before = now;
    return lacked > 0;
}
