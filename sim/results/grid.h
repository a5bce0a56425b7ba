/* SPDX-License-Identifier: GPL-3.0-or-later
 * A table on a page: columns first, then cells row by row, then it is printed, aligned by display width or as a
 * Markdown table. */
#ifndef SIM_RESULTS_GRID_H
#define SIM_RESULTS_GRID_H

#include "sim/results/page.h"

enum align { ALIGN_LEFT, ALIGN_RIGHT };

struct grid;

struct grid *grid_open(struct page *page);
void grid_column(struct grid *grid, enum align align, const char *en, const char *ko);
void grid_cell(struct grid *grid, enum tone tone, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Whether a target is met, or an observation explained: with a mark in Markdown. */
void grid_verdict(struct grid *grid, bool good, const char *word);
/* The mean of a figure of summary.json, by its path, +- its half-width where that shows at these digits; " (3/12)"
 * where it exists in 3 of the n_runs runs only. True where that had to be said. */
bool grid_mean(struct grid *grid, const char *path, const struct infer_mean *mean, uint32_t n_runs);
/* What "(3/12)" means, below the table. */
void grid_say_parts(struct page *page);
/* Leaves the other cells of this row empty. */
void grid_end_row(struct grid *grid);
/* A line across all columns; the row must be at its start. */
void grid_line(struct grid *grid, enum tone tone, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool grid_is_empty(const struct grid *grid); /* no cell so far */
void grid_write(struct grid *grid);

#endif
