/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which corner of the unknown values is the worst for a candidate, by a few runs of each. Most corners of a candidate
 * that is any good hold in all of these, and what tells them apart is how near they come to missing: a threshold's
 * figure in the nearest of the runs, as a share of the most that any corner has left of it. The shares of several
 * thresholds are put beside one another; one that has the same room in all corners says nothing of them. All runs are
 * paired, so a value that moves no figure leaves it the same to the last bit. */
#ifndef SIM_LAB_CORNERS_H
#define SIM_LAB_CORNERS_H

#include "sim/lab/judge.h"

struct corners {
    uint32_t n;
    const struct judged *judged; /* of each corner, over the same runs or until it is missed */
};

/* Below 0: a does worse than b; 0: nothing tells them apart. */
int corners_compare(const struct corners *corners, uint32_t a, uint32_t b);

/* The first of those that do worst, and best. */
uint32_t corners_worst(const struct corners *corners);
uint32_t corners_best(const struct corners *corners);

/* Some threshold comes nearest to missing there, if not all of them. */
bool corners_is_worst_of_one(const struct corners *corners, uint32_t corner);

#endif
