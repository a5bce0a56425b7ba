/* SPDX-License-Identifier: GPL-3.0-or-later
 * The command line: one table of commands and one of options, from which it is read and --help (help.h) is printed.
 * `--option value` and `--option=value` mean the same; `--` ends the options; `-` is an operand (stdin). An option may
 * stand before or after the operand; of one given twice the last counts, but --set adds up. */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/arena.h"
#include "sim/engine/error.h"
#include "sim/lab/precision.h"
#include "sim/results/result.h"
#include "sim/scenario/study.h"

enum command {
    COMMAND_NONE, COMMAND_RUN, COMMAND_CHECK, COMMAND_SCHEMA, COMMAND_PLOT, COMMAND_SWEEP, COMMAND_INIT, COMMAND_IMPORT,
    COMMAND_AUDIT, COMMAND_EXPLORE, COMMAND_REPLAY, COMMAND_COMPARE, COMMAND_CALIBRATE, COMMAND_PLAN, COMMANDS
};
enum output_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_MARKDOWN };

/* Words of an option that may be given several times, in their order. */
struct option_list { uint32_t n; const char **word; };

struct options {
    enum command command; /* COMMAND_NONE only with help or version */
    struct ranks *ranks;  /* this process among others (lab/ranks.h); set by main */
    const char *program;  /* as the user called it: commands that are printed begin with it */
    bool help, version;   /* asked for: nothing else counts, and operand may be missing */
    const char *operand;  /* SCENARIO, DIR or KIND; NULL for a command without one */
    const char
        *second; /* FILE of import, OBSERVATIONS of calibrate, SCENARIO of audit (or NULL); NULL for the others */
    struct option_list more; /* operands of compare behind the first */
    uint32_t n_edits;     /* --set, --seed, --replications, in the order given */
    struct study_edit *edit;
    uint32_t n_goals; /* --precision */
    struct precision_goal *goal;
    uint32_t most_replications; /* PRECISION_MOST */
    bool caps_replications;     /* that was said */
    uint32_t jobs;     /* 0: all cores */
    double confidence; /* 0.95 */
    const char *out;   /* NULL: no files */
    enum output_format format;
    enum language language;
    bool orders;
    double orders_share; /* 1 */
    struct option_list vary;   /* PTR=VALUES */
    struct option_list unknown, cost; /* of plan: PTR=LOW..HIGH; PTR=NUMBER */
    struct option_list metric; /* paths in summary.json */
    struct option_list fit;      /* of calibrate: PTR=LOW..HIGH */
    struct option_list hold_out; /* of calibrate: words of names of observations */
    const char *points;        /* FILE.csv; NULL: none */
    const char *variants;      /* FILE.json of compare; NULL: none */
    const char *export_to;     /* FILE.csv; NULL: not wanted */
    uint32_t replications;     /* 0: --replications was not given */
    const char *observations_file, *k6_file, *orders_file, *durations_file; /* of init; NULL: none */
    struct option_list offsets; /* of init: FILEs */
    struct option_list column;  /* ROLE=NAME */
    const char *time_zone;      /* "+09:00"; NULL: not said */
    const char *unit;           /* of durations; NULL: as the column's name says */
    const char *start;          /* the instant that is t = 0; NULL: the first one in the file */
    uint32_t partitions;        /* of orders; 0: not said */
    uint64_t runs;              /* of explore; 0: not said */
    double time_s;              /* of explore: ends after so long; 0: no limit */
    bool only_first;            /* explore ends with what it finds first */
    bool plots, force, quiet, no_color, example, terminal, resume, tornado;
};

/* Reads argv[1] ... argv[argc - 1]; its texts must outlive *out. False with err (SIM_EUSAGE). */
bool options_read(struct options *out, int argc, char *const *argv, struct arena *arena, struct sim_err *err);

#endif
