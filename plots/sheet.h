/* SPDX-License-Identifier: GPL-3.0-or-later
 * A picture by itself, not of a folder of results: its script NAME.gp, its data NAME.csv, and what gnuplot makes of
 * them, NAME.svg and NAME.png, side by side in one folder. All settings stand inside of the loop over the two formats:
 * what one sets does not leak into the next. */
#ifndef PLOTS_SHEET_H
#define PLOTS_SHEET_H

#include <stdio.h>

#include "plots/plots.h"

/* Begins a script of this size in pixels. korean: in letters that have Hangul. */
void sheet_begin(FILE *out, const char *name, unsigned width, unsigned height, bool korean);
/* `set title 'TEXT'`, or another label. */
void sheet_text(FILE *out, const char *what, const char *text);
/* Ends the script, closes it and draws. */
enum drawn sheet_end(FILE *out, const char *to, const char *name, struct sim_err *err);

#endif
