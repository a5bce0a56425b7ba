/* SPDX-License-Identifier: GPL-3.0-or-later
 * How the figures of a model respond to its free values, from runs along lines: one line for each value, through a
 * common centre, on which only that value differs. Between the places that were run a figure is taken to be linear in
 * the value; at a place off the lines its changes along them add up. So a search may ask anywhere near the centre
 * without running anything; what it finds becomes the next centre, and is run. */
#ifndef SIM_LAB_RESPONSE_H
#define SIM_LAB_RESPONSE_H

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

struct response {
    uint32_t n_values, n_figures;
    double centre[MINIMUM_MOST];
    const struct sight *at_centre;
    struct response_line line[MINIMUM_MOST];
};

/* Where a place lies on each line: behind which of its places, and how far to the next. */
struct spot {
    uint32_t interval;
    double share;
};
void response_locate(const struct response *response, const double *place, struct spot *out);
struct sight response_sight(const struct response *response, const struct spot *spot, uint32_t figure);
/* All figures at a place; beyond the ends of a line it is as at its end. */
void response_at(const struct response *response, const double *place, struct sight *out);
/* From the first to the last place of each line. */
void response_box(const struct response *response, struct box *out);

#endif
