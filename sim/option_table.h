/* SPDX-License-Identifier: GPL-3.0-or-later
 * The two tables of the command line: what commands there are, and which options each of them has. */
#ifndef SIM_OPTION_TABLE_H
#define SIM_OPTION_TABLE_H

#include <stddef.h>

#include "sim/options.h"

struct command_spec {
    const char *name, *operand, *does, *examples;
    const char *exits;  /* what its exit codes mean, of those of the contract */
    const char *second; /* a second operand; NULL: there is none */
    bool may_lack;      /* the second one may be missing */
    bool many;          /* as many operands as there are */
};

/* By enum command. */
extern const struct command_spec command_table[COMMANDS];

/* Reads an option's argument. False with err (SIM_EUSAGE). */
typedef bool set_fn(struct options *options, const char *value, struct arena *arena, struct sim_err *err);

enum argument { ARGUMENT_NONE, ARGUMENT_NEEDED, ARGUMENT_OPTIONAL /* only as --option=value */ };

struct option_spec {
    const char *name;
    char letter;
    enum argument argument;
    const char *argument_name;
    unsigned commands; /* bits, 1 << enum command */
    set_fn *set;       /* NULL: sets the bool at flag_at */
    size_t flag_at;
    const char *help;
};

enum { OPTION_ROWS_MAX = 128 };

/* An option may stand there several times, with another meaning for other commands. */
extern const struct option_spec option_table[];
extern const size_t option_table_rows;

/* "OPTION: "VALUE" is not ALLOWED"; returns false. */
bool option_refuse(struct sim_err *err, const char *option, const char *value, const char *allowed);

/* Another word behind those that are there; true. */
bool option_add(struct option_list *list, const char *value);

#endif
