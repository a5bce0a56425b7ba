/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a plan chooses from: every combination of the varied values, in the order of what they cost. */
#ifndef SIM_LAB_CANDIDATE_H
#define SIM_LAB_CANDIDATE_H

#include "sim/lab/judge.h"

enum { AXES_MAX = 16 };

/* --cost PTR=NUMBER: what one of it costs. */
struct price {
    const char *pointer; /* as given */
    double each;
};

struct axis {
    struct variation variation;
    const char *at; /* its JSON Pointer */
    double each;    /* cost of one; of a second for durations */
};

/* How a candidate stands with values that are unknown. */
enum footing {
    FOOTING_NONE,    /* not judged */
    FOOTING_OPEN,    /* more replications than there may be would be needed */
    FOOTING_MISSED,
    FOOTING_DEPENDS, /* on the unknown values */
    FOOTING_MET,
};

struct candidate {
    struct point point;
    const char *const *value; /* by axis, JSON text */
    uint32_t order;           /* in the grid */
    double cost;
    enum footing footing;
    struct judged judged;
    bool judged_at_worst;     /* with unknown values: in the worst place alone, not over their ranges */
    /* Where it was looked at with unknown values: shares of their ranges, [place][unknown]. The corners come first. */
    uint32_t n_places, n_corners;
    const double *share;
    uint32_t best, worst;     /* places where it does best and worst (corners.h); without unknown values NONE */
};

/* "PTR=NUMBER". False with err (SIM_EUSAGE). */
bool price_parse(struct price *out, const char *text, struct arena *arena, struct sim_err *err);

/* The axes with what each costs: a price that is given, else 1 for one that counts consumers, or instances or pods that
 * bring them, else 0. at: resolved pointer of each. False with err (SIM_EUSAGE) for a price of what is not varied. */
bool axes_make(struct axis *axis, const struct variation *variation, const char *const *at, uint32_t n,
               const struct price *price, uint32_t n_prices, struct sim_err *err);

/* Then no candidate is cheaper than another. */
bool axes_cost_nothing(const struct axis *axis, uint32_t n);

/* Candidates from the points of the grid of the axes, cheapest first; equal costs in the order of the grid. NULL with
 * err (SIM_EUSAGE) for a value that costs something and is no number. */
struct candidate *candidates_make(const struct axis *axis, uint32_t n_axes, const struct point *point, uint32_t n,
                                  struct arena *arena, struct sim_err *err);

#endif
