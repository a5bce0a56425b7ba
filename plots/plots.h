/* SPDX-License-Identifier: GPL-3.0-or-later
 * Pictures of a folder of results, drawn by gnuplot in a process of its own. Only result files are read (lag.csv,
 * status.csv, groups.csv, completion.csv, observed.csv, causes.csv, summary.json), so any old run can be drawn again,
 * and a fault here touches no run.
 *
 * Each picture is a script NAME.gp with its data NAME.csv, and what gnuplot makes of them: NAME.svg and NAME.png. In a
 * picture a line is replication 0, and the band around it reaches from the least to the greatest of all replications; a
 * peak in the legend is that of the line.
 *
 *   lag-by-group        committed lag of every group
 *   lag-by-partition    of the bottleneck; observed points over it, the arrival rate behind
 *   backlog-and-lag     of the bottleneck: what truly waits, and what a dashboard shows
 *   completion-time     share of the paid orders over the time they took; p50, p95, p99
 *   orders-by-status    stacked
 *   utilisation         share of each group's consumers with a record in service
 *   cause               where an invariant broke: the cause chain of the first one, one event a line */
#ifndef PLOTS_PLOTS_H
#define PLOTS_PLOTS_H

#include <stdbool.h>

#include "sim/engine/error.h"

enum drawn {
    DRAWN,
    DRAWN_SCRIPTS, /* no gnuplot on this machine: scripts and data are there, pictures are not */
    DRAWN_NOT      /* err says why */
};

/* Draws all pictures of the results in one folder into another that exists. */
enum drawn plots_draw(const char *results, const char *to, bool korean, struct sim_err *err);

/* False with err (SIM_EUSAGE) when a script in this folder has been changed since it was written. */
bool plots_unchanged(const char *folder, struct sim_err *err);

struct plots_terminal {
    unsigned columns, rows;
    bool colour;
};
/* Lag by group and completion times as characters, to the standard output. DRAWN_SCRIPTS: nothing is shown. */
enum drawn plots_show(const char *results, const struct plots_terminal *terminal, struct sim_err *err);

/* Files that plots_draw may write, by name; NULL-terminated. */
extern const char *const plots_files[];

#endif
