/* SPDX-License-Identifier: GPL-3.0-or-later
 * Draws are keyed by the place of a part in its scenario (docs/decisions/0003): where two scenarios have a part of one
 * name at different places, their runs draw other numbers for it and are no pairs. Within a stage a step has its place
 * among those that have a time of their own, that may refuse, or that send; and the arrivals of a load and what is
 * drawn of a fault are keyed by their names. */
#ifndef SIM_LAB_PLACES_H
#define SIM_LAB_PLACES_H

#include "models/scenario.h"
#include "sim/engine/arena.h"

enum { PLACE_KINDS = 7 };

/* What a step draws, and its place among the steps of its stage that take a word of this kind. */
struct place_step;
/* A fault of which something is drawn. */
struct place_fault;

/* The names of a scenario's parts, by kind and place; its steps, loads and faults that draw. */
struct places {
    uint32_t n[PLACE_KINDS];
    const char **name[PLACE_KINDS];
    struct place_step *step;
    uint32_t n_loads;
    const char **load;
    uint32_t n_faults;
    struct place_fault *fault;
};

/* Copied into the arena: the scenario may go. */
void places_take(struct places *out, const struct scenario *scenario, struct arena *arena);
/* The first part of a that b has at another place, or under another name: "/stages/pay", "/stages/pay/steps/0",
 * "/load/scenarios/orders", "/faults/gc"; NULL: none. */
const char *places_moved(const struct places *a, const struct places *b, struct arena *arena);

#endif
