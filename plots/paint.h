/* SPDX-License-Identifier: GPL-3.0-or-later
 * What several pictures need: result rows to curves, curves to data files and to lines with bands.
 * Levels are drawn as steps, because they hold until they change. Long runs are thinned: every so manyth sample, not a
 * mean, so that each point is a true one. Of many curves the greatest are drawn; the data hold all. */
#ifndef PLOTS_PAINT_H
#define PLOTS_PAINT_H

#include "plots/curves.h"
#include "plots/rows.h"
#include "plots/script.h"

/* The pictures: each writes its data and its script, whose name it sets. */
typedef bool picture_fn(struct script *script, struct sim_err *err);
picture_fn picture_lag_by_group, picture_lag_by_partition, picture_backlog_and_lag, picture_completion_time,
    picture_orders_by_status, picture_utilisation, picture_cause;

/* Every row of a file, by the columns asked for. */
typedef void row_fn(void *context, const struct rows *rows);
bool read_rows(const struct folder *folder, const char *file, const char *const *columns, row_fn *each, void *context,
               struct sim_err *err);

/* For curves_init: how many samples make a point. */
uint32_t stride_of(const struct folder *folder);

/* What a count grows by, over bins of time of a length that reads well. */
struct binned {
    double bin_s, from_s, from;
};
double bin_s(const struct folder *folder);
/* Takes the count at t_s; t_s 0 begins anew. True when a bin is over: it began at *start_s, and the count has grown by
 * *growth in *length_s. */
bool bin_over(struct binned *binned, double t_s, double count, double *start_s, double *length_s, double *growth);

/* NAME.csv */
bool write_curves(const struct script *script, const struct curves *curves, const char *x_name, struct sim_err *err);
/* Of levels over time: NAME.csv, and where there are several replications NAME-band.csv, which add_band draws then. */
bool write_levels(const struct script *script, const struct curves *curves, struct sim_err *err);
/* A frame over the time of the run. */
struct frame time_frame(const struct script *script, const char *title, const char *y_label, double top);
/* Of more curves than there are colours, those whose lines are greatest are drawn: by their peaks, or, where many reach
 * the same height, by their sums. */
enum choose_by { BY_PEAK, BY_SUM };
struct choice {
    enum choose_by by;
    const char *always; /* drawn however small it is; NULL: none */
};
/* Which these are, in the order of the file; curve chosen[i] has the colour palette(i). Returns how many. */
uint32_t choose_curves(const struct curves *curves, const struct choice *choice, uint32_t chosen[PALETTE]);
/* Their bands and lines, of levels, or of means where the frame says so; by peak, with the peak of each line in the
 * legend. factor multiplies y. */
void add_curves(struct script *script, const struct curves *curves, const struct choice *choice, double factor);
void add_line(struct script *script, const struct curves *curves, uint32_t curve, uint32_t colour, double factor,
              const char *title);
void add_band(struct script *script, const struct curves *curves, uint32_t curve, uint32_t colour, double factor);
/* A line of the legend that draws nothing; style as for gnuplot's with. */
void add_legend(struct script *script, const char *style, const char *title);
/* Says in the middle of an empty picture why it is empty; instead of items. */
void add_nothing(struct script *script, const char *why);

#endif
