/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the death of a process does to its threads, to what they hold and to those who wait for them; and its return. */
#ifndef MODELS_ORDERS_CRASH_H
#define MODELS_ORDERS_CRASH_H

#include "models/orders/machine.h"

/* Before the run starts, in a run with faults: whose the handlers of this room are. */
void crash_init(struct machine *machine);
/* Nothing of the instance goes on until until_ns. */
void instance_pauses(struct machine *machine, uint32_t instance, sim_ns until_ns);
/* kill -9, a lost machine: threads vanish, the database rolls back their open transactions and frees their connections
 * at once (the sockets are closed), locks stay until their time to live ends, requests in service fail. A command that
 * has been sent and commits by itself (commit, join, lock, unlock, an insert or status outside of a transaction) still
 * takes place on time, or when the row that it waits for is free (orphan.h), and a transaction around it is rolled back
 * all the same. */
void instance_dies(struct machine *machine, uint32_t instance);
/* False: something of its former life is still under way; ask again. */
bool instance_starts(struct machine *machine, uint32_t instance);

#endif
