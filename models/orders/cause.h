/* SPDX-License-Identifier: GPL-3.0-or-later
 * Why two critical sections met (X5 of the invariants): each overlap of a lock's holders and each lost update is put
 * down to one of the causes L1 to L9, with who held what when and who wrote over whom.
 *
 * An overlap has the cause by which the earlier holder lost the key. A lost update lies between a reader, who wrote
 * over a value that had changed since, and a writer, who had changed it: whoever of them was without the key at the
 * time has the cause. He lost it (L1 to L7), gave it back before his commit, or had read before he got it (L8), or
 * never asked for it (L9). That is found when the statement is sent, and counts with the commit: what is rolled back
 * is no loss. Kept only where a table is written absolutely, and only a note for each row that was lately
 * written. Left out: chains over more than two orders; the note of a row may be overwritten by another row's. */
#ifndef MODELS_ORDERS_CAUSE_H
#define MODELS_ORDERS_CAUSE_H

#include "models/orders/machine.h"

/* Whether a table is written absolutely, so that who holds what is noted. */
bool causes_are_noted(const struct plan *plan);
/* machine.causes stays NULL where nothing is noted. */
void causes_init(struct machine *machine);
/* The thread has got, or gives back, a lock. */
void cause_note_lock(struct machine *machine, const struct thread *thread, uint32_t lock, uint64_t key);
void cause_note_unlock(struct machine *machine, const struct thread *thread, uint32_t lock, uint64_t key);
/* The thread has sent a row over a value that it did not read: why is known now, and told if it commits. */
void cause_find(struct machine *machine, const struct thread *thread, const struct transaction_row *touched);
/* A transaction is about to commit: its lost updates are. */
void cause_note_commit(struct machine *machine, const struct thread *thread);
/* Two threads inside one key: the lock server's callback. */
void cause_overlap(void *machine, uint32_t thread, uint32_t loser, const struct lock_loss *loss);
/* What was found, for the facts of the run. */
void causes_report(const struct machine *machine, struct run_facts *facts);

#endif
