/* SPDX-License-Identifier: GPL-3.0-or-later
 * The files of one picture, side by side in one folder: NAME.gp, NAME.csv and others, which we write, and NAME.svg and
 * NAME.png, which gnuplot makes of them. */
#ifndef PLOTS_FILES_H
#define PLOTS_FILES_H

#include <stdbool.h>
#include <stdio.h>

#include "sim/engine/error.h"

/* The file NAME + suffix in folder `to`, for writing; NULL with err. */
FILE *files_create(const char *to, const char *name, const char *suffix, struct sim_err *err);
/* Closes it; false with err when any write to it has failed. */
bool files_finish(FILE *file, const char *to, const char *name, const char *suffix, struct sim_err *err);

/* Whether both pictures are whole: gnuplot does not notice a full disk. False with err; then neither is left. */
bool files_drawn(const char *to, const char *name, struct sim_err *err);

#endif
