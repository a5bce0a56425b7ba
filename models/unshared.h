/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which steps touch only what no other thread of the whole pipeline ever touches: the lock and the rows of a stage that
 * one consumer alone plays, the join of a flow manager with one consumer, the row of an order that nobody has been told
 * of yet. Their instants matter to nobody but those who look at the whole: samples, checkpoints, the end of the run. */
#ifndef MODELS_UNSHARED_H
#define MODELS_UNSHARED_H

#include "models/plan.h"

/* Sets plan_op.unshared in `op`, which are the plan's own operations. After groups, stages and faults are compiled: a
 * plan that is disturbed has no such step. */
void unshared_mark(const struct plan *plan, struct plan_op *op);

#endif
