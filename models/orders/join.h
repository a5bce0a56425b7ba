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
void join_actors(struct machine *machine);

#endif
