/* SPDX-License-Identifier: GPL-3.0-or-later
 * --help, from the tables of option_table.h: what a command does, how it is called, its options, its exit codes; no
 * line wider than a terminal of 80 columns. */
#ifndef SIM_HELP_H
#define SIM_HELP_H

#include <stdio.h>

#include "sim/options.h"

/* Help on one command; on the program for COMMAND_NONE. */
void help_print(enum command command, FILE *out);

#endif
