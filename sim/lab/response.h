/* SPDX-License-Identifier: GPL-3.0-or-later
 * How the figures of a model respond to its free values, from runs along lines: one line for each value, through a
 * common centre, on which only that value differs. Between the places that were run a figure is taken to be linear in
 * the value; at a place off the lines its changes along them add up, and to that comes what two values change together,
 * where planes show it: a slow stage moves nothing behind one that is slower yet. So a search may ask anywhere near the
 * centre without running anything; what it finds becomes the next centre, and is run. */
#ifndef SIM_LAB_RESPONSE_H
#define SIM_LAB_RESPONSE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/minimum.h"

/* A figure at one place. mean NaN: the run has none there (it was cut before). */
struct sight {
    double mean;
    double variance; /* of one run */
    double error;    /* variance of what the mean differs by from the centre's: of so few runs it is not known better */
    double clock;    /* what it moves in one standard deviation of its clock, with its sign */
};

struct response_line {
    uint32_t n;                /* places, ascending, the centre's among them */
    double *at;
    struct sight **sight;      /* [place][figure] */
};

/* What two values change beyond what each of them changes alone, on a grid of places of both: nothing on the lines. */
struct response_plane {
    uint32_t value[2], n[2];
    const double *at[2];   /* ascending, the centre's among them */
    struct sight **beyond; /* [first * n[1] + second][figure] */
    const bool *is_felt;   /* by figure: it is not nothing everywhere */
};

enum { PLANES_MOST = 6 };

struct response {
    uint32_t n_values, n_figures, n_planes;
    double centre[MINIMUM_MOST];
    const struct sight *at_centre;
    struct response_line line[MINIMUM_MOST];
    const struct response_plane *plane;
    const struct response_line *path; /* what runs show beyond all that, by where one value is; NULL: nothing */
    uint32_t path_value;
};

/* Where a place lies among others: behind which of them, and how far to the next. */
struct spot {
    uint32_t interval;
    double share;
};
struct whereabouts {
    struct spot line[MINIMUM_MOST], plane[PLANES_MOST][2], path;
};
void response_locate(const struct response *response, const double *place, struct whereabouts *out);
struct sight response_sight(const struct response *response, const struct whereabouts *where, uint32_t figure);
/* All figures at a place; beyond the ends of a line it is as at its end. */
void response_at(const struct response *response, const double *place, struct sight *out);
/* From the first to the last place of each line. */
void response_box(const struct response *response, struct box *out);

#endif
