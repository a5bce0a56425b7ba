/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "models/orders/rider.h"

#include "models/orders/latch.h"
#include "models/orders/outbox.h"

void rider_insert(struct machine *machine, struct thread *thread, uint32_t table)
{
    thread->rides = true;
    if (table == machine->plan->orders_table) {
        thread->creates = true;
        return;
    }
    SIM_ASSERT_IN(machine->sim, thread->n_inserts < MAX_INSERTS_OF_TRANSACTION);
    thread->insert[thread->n_inserts++] = (uint8_t)table;
}

bool rider_has_status(const struct thread *thread, enum order_status status)
{
    const uint8_t has = thread->n_statuses > 0 ? thread->status[thread->n_statuses - 1] : order_of(thread)->status;
    return has == status;
}

void rider_status(struct machine *machine, struct thread *thread, enum order_status status)
{
    SIM_ASSERT_IN(machine->sim, thread->n_statuses < MAX_STATUSES_OF_TRANSACTION);
    thread->status[thread->n_statuses++] = (uint8_t)status;
    thread->rides = true;
}

bool riders_write(const struct thread *thread)
{
    return thread->creates || thread->n_inserts > 0 || thread->n_statuses > 0 || thread->n_outbox > 0 ||
           thread->tombstones || thread->latched;
}

static void inserts_commit(struct machine *machine, struct thread *thread)
{
    const bool is_new = thread->creates && !(order_of(thread)->did & DID_CREATE); /* or another one was first */
    if (is_new) order_inserted(machine, thread->order);
    for (uint32_t i = 0; i < thread->n_inserts; i++) machine->tables.table[thread->insert[i]].fact.writes++;
}

static void statuses_commit(struct machine *machine, struct thread *thread)
{
    for (uint32_t i = 0; i < thread->n_statuses; i++)
        order_set_status(machine, thread->order, (enum order_status)thread->status[i], thread->stage);
    if (thread->n_statuses > 0 && (order_of(thread)->flags & ORDER_FOLLOWED)) path_end(machine, thread);
}

static void none_rides(struct thread *thread)
{
    thread->creates = thread->rides = false;
    thread->n_inserts = thread->n_statuses = 0;
    thread->tombstones = 0;
}

void riders_commit(struct machine *machine, struct thread *thread)
{
    inserts_commit(machine, thread);
    statuses_commit(machine, thread);
    order_of(thread)->tombstones |= thread->tombstones;
    outbox_commit(machine, thread);
    latch_release(machine, thread);
    none_rides(thread);
}

void riders_drop(struct machine *machine, struct thread *thread)
{
    outbox_drop(thread);
    latch_release(machine, thread);
    none_rides(thread);
}
