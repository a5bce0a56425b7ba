/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which value moves which result: the scenario as it is, and each value that is assumed a fifth lower and a fifth
 * higher, all others as they are. A value whose range is given (--unknown) stands at its two ends instead. */
#ifndef SIM_LAB_TORNADO_H
#define SIM_LAB_TORNADO_H

#include "sim/lab/unknown.h"

/* The first point is the base; then two of each value, low before high, but for one that the scenario cannot have. A
 * count that cannot be broken is rounded, and moves by one at least. */
struct tornado_points {
    struct point *point;
    uint32_t n_points;
    uint32_t n_unvaried; /* assumed values that are 0, or have no other near that the scenario can have */
    const char *const *unvaried; /* their JSON Pointers */
};

/* False with err: a range that is not acceptable (with findings), or nothing to vary (SIM_EUSAGE). */
bool points_of_tornado(const struct point *base, const struct unknown *unknown, uint32_t n_unknowns,
                       struct tornado_points *out, struct findings *findings, struct arena *arena, struct sim_err *err);

#endif
