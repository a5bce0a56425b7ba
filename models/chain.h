/* SPDX-License-Identifier: GPL-3.0-or-later
 * Why an invariant broke (X5): the first violation of each is traced to what the run has noted on its way, and that is
 * put into the order of time: which fault happened, which lock was lost or given back when, who held it, who read what,
 * who wrote over whose write, what the order's saga met.
 *
 * Looked for at the end of a run, among the notes that concern what the invariant is about: those of the order that
 * violated it, up to the violation. Where it names no order, or that one has no note: the first lost update of the run,
 * the order of another violation, the first of what is always wrong. A fault belongs to a chain only when it is of a
 * kind that brings about the loss at hand, and happened while the lock was held; before a repeated or dead record, it
 * is the last one before it. Left out: why two orders came to be at the same row; causes that lie in more than two
 * orders. */
#ifndef MODELS_CHAIN_H
#define MODELS_CHAIN_H

#include "models/fault.h"
#include "models/observer.h"

/* Fills the chains of the facts, in arena. facts: all else is there. */
void chains_find(const struct faults *faults, struct run_facts *facts, struct arena *arena);

#endif
