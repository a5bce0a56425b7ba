/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which value moves which result: the scenario as it is, and each value that is assumed a fifth lower and a fifth
 * higher, all others as they are. A value whose range is given (--unknown) stands at its two ends instead. */
#ifndef SIM_LAB_TORNADO_H
#define SIM_LAB_TORNADO_H

#include "sim/lab/unknown.h"

/* The first point is the base; then two of each value, low before high, but for one that the scenario cannot have. A
 * count that cannot be broken is rounded; a side that rounding leaves where it was is left out, as a value of 0 is.
 * False with err: a range that is not acceptable (with findings), or nothing to vary (SIM_EUSAGE). */
bool points_of_tornado(const struct point *base, const struct unknown *unknown, uint32_t n_unknowns,
                       struct point **point, uint32_t *n_points, struct findings *findings, struct arena *arena,
                       struct sim_err *err);

#endif
