/* SPDX-License-Identifier: GPL-3.0-or-later
 * A Q-Q picture: measured durations over those that a fitted family has at the same probability. Where the points are
 * on the diagonal, the family is right; where they leave it, it is too short or too long by what can be read off. */
#ifndef PLOTS_PICTURE_QUANTILES_H
#define PLOTS_PICTURE_QUANTILES_H

#include <stdint.h>

#include "plots/plots.h"

struct quantile_mark {
    const char *label; /* "p95" */
    double measured_s;
};

struct quantile_picture {
    const char *to, *name;         /* folder, and the name of the picture in it */
    const char *title, *subtitle;
    uint32_t n_points;             /* ascending, all durations above 0 */
    const double *probability, *measured_s;
    const char *family, *next;     /* the fit that is judged, and the runner-up; next NULL: there is none */
    const double *family_s, *next_s;
    uint32_t n_marks;              /* ascending */
    const struct quantile_mark *mark;
};

enum drawn quantiles_draw(const struct quantile_picture *picture, struct sim_err *err);

#endif
