/* SPDX-License-Identifier: GPL-3.0-or-later
 * gnuplot as a process: started by its arguments, never through a shell, in the folder of its script. */
#ifndef PLOTS_GNUPLOT_H
#define PLOTS_GNUPLOT_H

#include <stdbool.h>
#include <stdio.h>

#include "sim/engine/error.h"

/* text as a string of gnuplot's in single quotes. Control characters become blanks. */
void gnuplot_quote(const char *text, FILE *script);

enum gnuplot_end { GNUPLOT_OK, GNUPLOT_MISSING, GNUPLOT_FAILED, GNUPLOT_HUNG };

/* For one picture. The largest take seconds; one that is not done by then waits for something that does not come. */
enum { GNUPLOT_LIMIT_S = 60 };

/* Runs `gnuplot script` in folder, for limit_s at most; what it draws to its standard output goes to stdout without the
 * blanks and empty lines around it; the errors of stdout tell when some of it was lost. GNUPLOT_FAILED with err, which
 * holds the first line of its complaint that names a line of the script, else the last one; GNUPLOT_HUNG with err, when
 * it was not done in time and has been ended; GNUPLOT_MISSING without. */
enum gnuplot_end gnuplot_run(const char *folder, const char *script, int limit_s, struct sim_err *err);

#endif
