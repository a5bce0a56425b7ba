/* SPDX-License-Identifier: GPL-3.0-or-later
 * Several curves over the same points, from rows in the order of replications: of each point the value of replication
 * 0, and the least and greatest of all. A replication that ends before another keeps its last value, where it is asked
 * to. */
#ifndef PLOTS_CURVES_H
#define PLOTS_CURVES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct curve {
    char *name;
    double *first, *lo, *hi; /* by point; NaN: nothing there */
    double top;              /* greatest of all values, of points left out, too; 0 if none is above it */
    double first_top;        /* the same of replication 0 */
    double first_sum;        /* and the sum of its values: how high and how long */
    double last;             /* of the replication under way */
    double *end;             /* last value, by replication that is over */
};

struct curves {
    uint32_t stride; /* of the points of a replication, every so manyth is kept */
    uint32_t n_points, capacity;
    double *x;
    uint32_t n_curves;
    struct curve *curve;
    uint32_t n_replications;
    /* the replication under way */
    bool under_way;
    double replication, last_x;
    uint32_t n_seen;  /* its points so far, those left out included */
    uint32_t guess;   /* the curve whose turn it should be */
    uint32_t *length; /* points, by replication that is over */
};

void curves_init(struct curves *curves, uint32_t stride);
void curves_fini(struct curves *curves);

/* x ascends within a replication. */
void curves_add(struct curves *curves, double replication, double x, const char *name, double value);
/* After the last row. keep_last: a level stays what it is when its run ends; a rate does not. */
void curves_finish(struct curves *curves, bool keep_last);

/* Greatest top of all. */
double curves_top(const struct curves *curves);
/* Header and rows: x, then for each curve its value, and where there are several replications the least and greatest.
 */
void curves_write(const struct curves *curves, const char *x_name, FILE *out);
/* The column of a curve's value in that file, from 1; the least and greatest are the two behind it. */
uint32_t curves_column(const struct curves *curves, uint32_t curve);

/* The bands of levels, which hold until they change, so that straight lines between the rows are steps: x, then for
 * each curve the least and greatest; each point again where the next one begins. */
void curves_write_band(const struct curves *curves, const char *x_name, FILE *out);
/* The column of a curve's least value in that file, from 1; the greatest is the one behind it. */
uint32_t curves_band_column(uint32_t curve);

/* malloc that cannot fail: a message and exit 1. */
void *plots_alloc(void *old, size_t n, size_t size);

#endif
