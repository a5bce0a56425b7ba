/* SPDX-License-Identifier: GPL-3.0-or-later
 * Pictures of an experiment: a figure over a varied value with its intervals, a heat map over two, and the lag curves
 * of all points side by side. Each is a script NAME.gp with its data NAME.csv, and what gnuplot makes of them. Varied
 * values stand at equal distances in the order in which they were given: they may be words. What a picture says by
 * itself is in English or, where it is to be korean, in Korean; titles and labels are drawn as they come. */
#ifndef PLOTS_PICTURE_SWEEP_H
#define PLOTS_PICTURE_SWEEP_H

#include <stdint.h>

#include "plots/plots.h"

struct sweep_dot {
    uint32_t x, curve;
    double mean, half_width; /* NaN: none */
};

struct sweep_picture {
    const char *to, *name; /* folder, and the name of the picture in it */
    const char *title, *x_label, *curve_label, *y_label; /* y_label: the figure, with its unit */
    uint32_t n_x, n_curves, n_dots;
    const char *const *x;     /* varied values */
    const char *const *curve; /* what else varies; the other axis of a heat map */
    const struct sweep_dot *dot;
    bool korean;
};

/* Of more curves than there are colours, eight, so many are drawn, spread evenly over their order, and the title says
 * so; the data hold all. */
enum drawn sweep_lines(const struct sweep_picture *picture, struct sim_err *err);
enum drawn sweep_heat(const struct sweep_picture *picture, struct sim_err *err);

struct sweep_bar {
    const char *label;
    double low, high; /* the figure with the value low and high; NaN: not run */
};

/* A bar for each value, from the figure with it low to the figure with it high, around the figure as it is; two, one
 * below the other, where both move it the same way. The greatest at the top. */
struct sweep_tornado {
    const char *to, *name, *title, *x_label;
    double base;
    uint32_t n_bars;
    const struct sweep_bar *bar; /* the greatest first */
    bool korean;
};

enum drawn sweep_tornado(const struct sweep_tornado *tornado, struct sim_err *err);

struct sweep_step {
    uint32_t panel, curve;
    double t_s, value;
};

/* A panel for each point, a curve for each group; steps of one curve of one panel side by side, in time. */
struct sweep_panels {
    const char *to, *name, *title;
    uint32_t n_panels, n_curves, n_steps;
    const char *const *panel, *const *curve;
    const struct sweep_step *step;
    bool korean;
};

enum drawn sweep_small(const struct sweep_panels *panels, struct sim_err *err);

#endif
