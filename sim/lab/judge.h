/* SPDX-License-Identifier: GPL-3.0-or-later
 * Does a point meet its thresholds? It does when each of them holds in so many of its replications as come about with a
 * probability of 5 % at most where it holds in less than the share of all that is asked for; it does not when any holds
 * in so few as come about with 5 % at most where it holds in more, or when an invariant breaks. In between it takes
 * more replications.
 *
 * The 5 % are those of all looks together (spending.h). With the looks of a plan (JUDGE_GLANCE, JUDGE_FIRST, 60, 120,
 * 240, 400) a threshold that holds in exactly the share asked for, 95 %, is called met with probability 0.0499, missed
 * with 0.045, and else stays open; one that holds in 90 % is called met with 0.002, one that holds in 99 % missed with
 * 0.0002 (tests/theory/test_judge.c, exact). Met: 60 of 60, 237 of 240, 391 of 400. */
#ifndef SIM_LAB_JUDGE_H
#define SIM_LAB_JUDGE_H

#include "sim/lab/probe.h"
#include "sim/lab/spending.h"
#include "sim/lab/unknown.h"

enum { JUDGE_GLANCE = 2, JUDGE_FIRST = 10, JUDGE_MOST = 400 };
enum standing { STANDING_OPEN, STANDING_MET, STANDING_MISSED };

struct judged {
    uint32_t n, met, broken; /* replications; those that meet all; that break an invariant */
    uint32_t unsettled;      /* those that there are none of, since there is no steady state: they miss all */
    uint32_t n_thresholds;
    const char *invariant;   /* one that broke; NULL: none */
    uint32_t *held;          /* replications, by threshold */
    double *room;            /* by threshold: what it had left in the run that came nearest to missing it */
    struct spending looks;
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

/* By its counts and the last look. */
enum standing judge_standing(const struct judged *judged);

/* Looks after JUDGE_GLANCE (two misses in two runs are enough) and after JUDGE_FIRST, as far as these are below `below`
 * runs, and until it is missed. *judged is zeroed before the first time; its arrays live in arena. False with err, or,
 * without err, when interrupted. */
bool judge_glance(const struct judge *judge, const struct point *point, struct judged *judged, uint32_t below,
                  struct arena *arena, struct sim_err *err);
/* Glances, and looks after `least` and after twice as many each time until it stands, up to JUDGE_MOST; after `least`
 * alone where that is as many. */
bool judge_fully(const struct judge *judge, const struct point *point, struct judged *judged, uint32_t least,
                 struct arena *arena, struct sim_err *err);

/* The look after the one at so many replications, once there were `least`. */
uint32_t judge_next_look(uint32_t after);
enum look judge_look(uint32_t n, uint32_t least);

/* Of the replications, those that meet all; 0 where there are none. */
double judged_met_share(const struct judged *judged);
/* Whether there is a steady state in none of them. */
bool judged_unsettled(const struct judged *judged);
/* Whether an invariant breaks in as many replications as any threshold misses in, or more. */
bool judged_breaks(const struct judged *judged);
/* The threshold that holds least often. NONE without thresholds. */
uint32_t judged_worst(const struct judged *judged);

#endif
