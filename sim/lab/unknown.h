/* SPDX-License-Identifier: GPL-3.0-or-later
 * Values that are known only as a range: --unknown PTR=LOW..HIGH. Each replication has a value of each of them, drawn
 * by a Latin hypercube (McKay, Beckman and Conover 1979): of the n replications of a block, one falls into each n-th of
 * each range, and which of one range meets which of another is a shuffle. The draws hang on the seed, the block and the
 * unknown, as everything does (docs/decisions/0003).
 *
 * The corners of the box that the ranges span show what the thin middle of a sample may miss. */
#ifndef SIM_LAB_UNKNOWN_H
#define SIM_LAB_UNKNOWN_H

#include "sim/lab/vary.h"

enum { UNKNOWNS_MAX = 16, CORNERS_OF = 4 /* unknowns at most whose corners are all tried */ };

struct unknown {
    const char *pointer; /* as given */
    const char *at;      /* its JSON Pointer, once it is known */
    struct quantity low, high;
    bool whole;          /* a count: only whole numbers are acceptable there; known once `at` is */
};

/* "PTR=LOW..HIGH". False with err (SIM_EUSAGE). */
bool unknown_parse(struct unknown *out, const char *text, struct arena *arena, struct sim_err *err);
/* Whether the point, whose last n_varied edits are varied values, is acceptable with all of them low and with all of
 * them high, and none of them is varied; where each stands is known from then on. False with err and findings, on the
 * desk. */
bool unknowns_settle(struct unknown *unknown, uint32_t n, const struct point *point, uint32_t n_varied,
                     struct desk *desk, struct findings *findings, struct arena *arena, struct sim_err *err);
/* The value at a share 0..1 of the range, as JSON. A range of counts has whole values, each of an equal share. */
const char *unknown_at(const struct unknown *unknown, double share, struct arena *arena);

/* Where in its range unknown i is in this replication, for blocks of `block` replications: in (0, 1). */
double unknown_share(uint64_t seed, uint32_t unknown, uint32_t replication, uint32_t block);

/* How many corners n unknowns have that are tried first: all, up to CORNERS_OF; else all low, all high, and one against
 * all others either way. */
uint32_t corners_n(uint32_t n);
/* Whether unknown i is high there. Corner 0 is all low, corner 1 all high. */
bool corner_is_high(uint32_t n, uint32_t corner, uint32_t unknown);

/* The point with a value at its share for each unknown; label and base as they are. */
struct point point_at(const struct point *base, const struct unknown *unknown, uint32_t n, const double *share,
                      struct arena *arena);
/* The point with one more edit. */
struct point point_with(const struct point *base, const char *pointer, const char *value, struct arena *arena);

#endif
