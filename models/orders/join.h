/* SPDX-License-Identifier: GPL-3.0-or-later
 * The flow manager's transaction: it reads the order's join row as the step begins, and commits at the step's
 * effect_at. What lies between is the window of semantics 9.3: two answers of one order whose windows overlap meet
 * there, and the flow's guard says what comes of it. */
#ifndef MODELS_ORDERS_JOIN_H
#define MODELS_ORDERS_JOIN_H

#include "models/orders/thread.h"

/* The read, under guards for which it matters when it is. */
enum outcome join_enter(struct machine *machine, struct thread *thread);
/* The commit: applies what flow_join decides. ends_ns: when the answer is there, and what is to be sent goes out. */
enum outcome join_effect(struct machine *machine, struct thread *thread, sim_ns ends_ns);
/* Whether what the join at hand has at the server takes place without its process. One that has waited for the row of
 * its order has but its UPDATE there: that commits by itself under compare-and-set, and not where it is of one
 * transaction with the read before it or with the rows of an outbox. */
SIM_SELDOM bool join_is_sent(const struct machine *machine, const struct thread *thread);
bool join_commits_itself(const struct machine *machine);
/* One that commits by itself takes place on the row as it is now, and nobody is left to send what follows from it. */
SIM_SELDOM void join_unheard(struct machine *machine, uint32_t order, uint32_t stage, uint32_t topic);
void join_actors(struct machine *machine);

#endif
