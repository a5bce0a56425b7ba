/* SPDX-License-Identifier: GPL-3.0-or-later
 * The transactional outbox (semantics 9.7): what a transaction wants to send is a row, written with everything else it
 * does, and a relay sends the rows. One relay for a process: a single thread on the first instance that is up; it looks
 * every outbox_poll, takes up to outbox_batch rows in the order of their commits, sends one after the other, and marks
 * them together at the end: whoever dies in between leaves rows that are sent again. At least once, in order of commit.
 *
 * Left out: the gap of polling by an auto-increment id (a smaller id that is committed later is passed over). */
#ifndef MODELS_ORDERS_OUTBOX_H
#define MODELS_ORDERS_OUTBOX_H

#include "models/orders/thread.h"

void outboxes_init(struct machine *machine);
/* The order wants a record in the topic: with the thread's open transaction, else at once. */
void outbox_put(struct machine *machine, struct thread *thread, uint32_t topic);
/* Whether it is the relay's thread. */
bool outbox_relays(const struct machine *machine, const struct thread *thread);
/* What the relay has sent from the instance to the topic has died with its JVM: it has not been told that it is in the
 * log, and the row is still there. */
void outbox_takes_back(struct machine *machine, uint32_t instance, uint32_t order, uint32_t topic);
/* ---- for rider.c ---- */
void outbox_commit(struct machine *machine, struct thread *thread);
void outbox_drop(struct thread *thread);

#endif
