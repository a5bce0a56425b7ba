/* SPDX-License-Identifier: GPL-3.0-or-later
 * Several looks at growing counts err more often than one does: asked with 5 % each time, the looks of a plan called a
 * threshold met that holds in just too few runs with 10 %. So they share the 5 % (RISK): what a look may decide is what
 * the looks before it have left. The chance of each count of those that are undecided is carried from look to look,
 * exactly, for a threshold that holds in just the share asked for: where it holds less often, it is called met less
 * often yet; where more often, missed less often.
 *
 * To say met, the first look that may takes what a single one would (60 of 60 runs for 95 %), each later one half of
 * what is left, the last one all; to say missed, each takes half of what is left, the last one all. */
#ifndef SIM_LAB_SPENDING_H
#define SIM_LAB_SPENDING_H

#include "sim/engine/arena.h"

#define SPENDING_RISK 0.05 /* either way, of all looks together */

enum look {
    LOOK_GLANCE, /* may say missed only */
    LOOK_FIRST,  /* that may say met */
    LOOK_AGAIN,
    LOOK_LAST,
};

/* Zeroed before the first look. */
struct spending {
    uint32_t n;            /* runs at the last look */
    double *law;           /* by the runs in which it held: the chance of so many, and of being undecided */
    double met, missed;    /* chance that was spent */
    uint32_t met_from;     /* at the last look: from so many on it is met, */
    uint32_t missed_below; /* below so many it is missed */
};

/* A look after so many runs, more than at the one before; share, in (0, 1): asked for, the same at each. */
void spending_look(struct spending *spending, double share, uint32_t n, enum look look, struct arena *arena);

#endif
