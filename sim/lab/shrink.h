/* SPDX-License-Identifier: GPL-3.0-or-later
 * Makes a run that breaks an invariant smaller, as long as it breaks the same one: drops faults, goes back to the
 * scenario's own values and to the usual order of ties, leaves out orders, consumers and instances, makes faults
 * shorter and their numbers rounder. Greedy, over and over, until nothing more can go: the result is locally smallest,
 * not the smallest there is. */
#ifndef SIM_LAB_SHRINK_H
#define SIM_LAB_SHRINK_H

#include "models/invariant.h"
#include "sim/lab/specimen.h"

struct shrunk {
    struct specimen specimen;
    enum invariant_id invariant; /* that it breaks */
    uint32_t tries;
    bool unfinished; /* patience ended before nothing more could go */
};

/* Asked before each try; false: what is smallest by then is taken, the specimen as it was found if need be. */
struct patience {
    bool (*go_on)(void *context);
    void *context;
};

/* The specimen must break the invariant. Texts live in the arena. */
bool shrink(const struct specimen *specimen, enum invariant_id invariant, const struct patience *patience,
            struct shrunk *out, struct arena *arena, struct sim_err *err);

#endif
