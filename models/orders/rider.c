/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "models/orders/rider.h"

#include "models/orders/latch.h"
#include "models/orders/outbox.h"

bool riders_write(const struct thread *thread)
{
    return thread->creates || thread->n_outbox > 0 || thread->tombstones || thread->latched;
}

void riders_commit(struct machine *machine, struct thread *thread)
{
    if (thread->creates) order_created(machine, thread->order);
    order_of(thread)->tombstones |= thread->tombstones;
    outbox_commit(machine, thread);
    latch_release(machine, thread);
    thread->creates = thread->rides = false;
    thread->tombstones = 0;
}

void riders_drop(struct machine *machine, struct thread *thread)
{
    outbox_drop(thread);
    latch_release(machine, thread);
    thread->creates = thread->rides = false;
    thread->tombstones = 0;
}
