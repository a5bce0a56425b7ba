/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where a run notes what its sagas meet (observer.h): counted by kind, the first ones kept. */
#ifndef MODELS_ORDERS_MISHAP_H
#define MODELS_ORDERS_MISHAP_H

#include "models/observer.h"

struct mishaps {
    uint64_t count[MISHAP_KINDS];
    uint32_t n;
    struct mishap *kept; /* MISHAPS_KEPT, so many of each kind; made with the first one */
};

struct machine;

/* stage: NONE outside of one. since_ns: SIM_NEVER where it means nothing. The note, or NULL: there are enough. */
struct mishap *mishap_note(struct machine *machine, enum mishap_kind kind, uint64_t order_id, uint32_t stage,
                           sim_ns since_ns);

#endif
