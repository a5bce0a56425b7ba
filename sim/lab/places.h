/* SPDX-License-Identifier: GPL-3.0-or-later
 * Draws are keyed by the place of a part in its scenario (docs/decisions/0003): where two scenarios have a part of one
 * name at different places, their runs draw other numbers for it and are no pairs. */
#ifndef SIM_LAB_PLACES_H
#define SIM_LAB_PLACES_H

#include "models/scenario.h"
#include "sim/engine/arena.h"

enum { PLACE_KINDS = 7 };

/* The names of a scenario's parts, by kind and place. */
struct places {
    uint32_t n[PLACE_KINDS];
    const char **name[PLACE_KINDS];
};

/* Copied into the arena: the scenario may go. */
void places_take(struct places *out, const struct scenario *scenario, struct arena *arena);
/* The first part that both have, at another place: "/stages/pay"; NULL: none. */
const char *places_moved(const struct places *a, const struct places *b, struct arena *arena);

#endif
