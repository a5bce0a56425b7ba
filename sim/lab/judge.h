/* SPDX-License-Identifier: GPL-3.0-or-later
 * Does a point meet its thresholds? It does when each of them holds in a large enough share of its replications: the
 * one-sided lower 95 % limit of Clopper and Pearson reaches the confidence asked for; it does not when the upper one of
 * any stays below it, or when an invariant breaks. In between it takes more replications.
 *
 * Several looks err more often than one does. With the looks of a plan (JUDGE_GLANCE, JUDGE_FIRST, 60, 120, 240, 400) a
 * threshold that holds in exactly the share asked for, 95 %, is called met with probability 0.10, missed with 0.11, and
 * else stays open; one that holds in 90 % is called met with 0.002, one that holds in 99 % missed with 0.0002
 * (tests/theory/test_judge.c, exact). */
#ifndef SIM_LAB_JUDGE_H
#define SIM_LAB_JUDGE_H

#include "sim/lab/probe.h"
#include "sim/lab/unknown.h"

enum { JUDGE_GLANCE = 2, JUDGE_FIRST = 10, JUDGE_MOST = 400 };
enum standing { STANDING_OPEN, STANDING_MET, STANDING_MISSED };

struct judged {
    uint32_t n, met, broken; /* replications; those that meet all; that break an invariant */
    uint32_t n_thresholds;
    uint32_t *held;          /* replications, by threshold */
    enum standing standing;
};

struct judge {
    double confidence;
    struct crew crew;
    uint32_t n_unknowns; /* replication r of a point has the r-th values of their hypercube */
    const struct unknown *unknown;
    uint32_t block;      /* of the hypercube */
    uint64_t seed;
};

/* By its counts alone. */
enum standing judge_standing(const struct judged *judged, double confidence);

/* Makes replications up to `until` and looks. *judged is zeroed before the first time; its arrays live in arena. False
 * with err, or, without err, when interrupted. */
bool judge_until(const struct judge *judge, const struct point *point, struct judged *judged, uint32_t until,
                 struct arena *arena, struct sim_err *err);
/* Looks after JUDGE_GLANCE (two misses in two runs are enough), after JUDGE_FIRST, after `least` and after twice as
 * many each time until it stands, up to JUDGE_MOST. */
bool judge_fully(const struct judge *judge, const struct point *point, struct judged *judged, uint32_t least,
                 struct arena *arena, struct sim_err *err);

/* The look after the one at so many replications, once there were `least`. */
uint32_t judge_next_look(uint32_t after);

/* The threshold that holds least often. NONE without thresholds. */
uint32_t judged_worst(const struct judged *judged);

#endif
