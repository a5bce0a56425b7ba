/* SPDX-License-Identifier: GPL-3.0-or-later
 * How many orders have arrived by an instant, and what a group of so much throughput has done of them: the fluid limit
 * of a queue. A bound for what one can expect, good enough to begin with; not a simulation. */
#ifndef SIM_FOREIGN_LOAD_CURVE_H
#define SIM_FOREIGN_LOAD_CURVE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/foreign/source.h"

enum { CURVE_POINTS = 4096 };

struct load_curve {
    double end_s;  /* the load's end */
    double step_s; /* end_s / CURVE_POINTS */
    double total;
    double peak_per_s;
    double arrived[CURVE_POINTS + 1];
};

/* Of a load block as k6_load makes it: what its constant and ramping arrival rates start. False when there is none. */
bool load_curve_make(struct load_curve *out, const cJSON *load);
/* So that the total is n: orders that the tool dropped are taken off evenly. */
void load_curve_scale(struct load_curve *curve, double n);

/* So many wait at t = 0 already: as if they came right after it. */
void load_curve_wait(struct load_curve *curve, double n);

double load_curve_arrived(const struct load_curve *curve, double t_s);
/* Done by t at no more than rate_per_s: the least over s <= t of arrived(s) + rate (t - s). */
double load_curve_done(const struct load_curve *curve, double rate_per_s, double t_s);

/* A count of what was done, and its standard deviation. */
struct done_at {
    double t_s, sigma_t_s, done, sigma;
};

/* The rate that explains the counts best (least squares, each in units of its own noise), and its standard error.
 * False when the counts only say that everything was done as it came. */
bool load_curve_fit(const struct load_curve *curve, const struct done_at *count, uint32_t n, double *rate_per_s,
                    double *error_per_s);

#endif
