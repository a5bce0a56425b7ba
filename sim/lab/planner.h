/* SPDX-License-Identifier: GPL-3.0-or-later
 * sim plan's search: the cheapest candidate that meets the thresholds.
 *
 * Candidates are judged from the cheapest up, and the first that stands is it; most of those that do not are seen to
 * fail at a glance of two runs. Where one value is varied over many steps, the search halves them instead, as if what
 * costs more were better, and then glances at cheaper ones here and there: where one of these does not fail, nothing
 * was won and all are judged in turn.
 *
 * With unknown values a candidate stands when it does so over a hypercube of them, in the worst corner of their ranges
 * and in each that is the worst for one of the thresholds (corners.h); it depends on them when only some fail. Of more
 * unknown values than CORNERS_OF not all corners can be tried: where none of the first (unknown.h) fails, the search
 * goes on from the worst of them, one value flipped at a time while that makes it worse: for each threshold by what it
 * has left, and for each group by how pressed it is, which says where to go while no threshold feels anything yet. The
 * most pressed group alone does not: it may be as pressed whatever is flipped, and another one the first to fail. A
 * candidate that fails in all corners is looked at in a few places between them before it is said to miss. */
#ifndef SIM_LAB_PLANNER_H
#define SIM_LAB_PLANNER_H

#include "sim/lab/candidate.h"

struct planner {
    struct judge judge;
    uint32_t least; /* replications before a candidate is said to meet its thresholds */
    bool judges_all; /* no candidate is cheaper than another: none is passed over */
    uint32_t n_axes;
    uint32_t n;
    struct candidate *candidate; /* cheapest first */
};

/* The cheapest that meets them, of equal costs the first; else the cheapest that depends; else the cheapest that is
 * open; else the one that came nearest: its footing says which. NONE with err, or, without err, when interrupted.
 * *halved: some were passed over, on the supposition that what costs more is better. */
uint32_t planner_search(struct planner *planner, bool *halved, struct arena *arena, struct sim_err *err);

/* The candidate at one of its places; as it is without unknown values. */
struct point planner_place(const struct planner *planner, const struct candidate *candidate, uint32_t place,
                           struct arena *arena);

#endif
