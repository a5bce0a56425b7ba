/* SPDX-License-Identifier: GPL-3.0-or-later
 * All that a scenario file says: struct scenario for a run; and what to make of runs: thresholds, observations, ranges,
 * the basis of each value. Read by study_read, checked, read-only from then on. Lives in one arena. */
#ifndef SIM_SCENARIO_STUDY_H
#define SIM_SCENARIO_STUDY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "models/scenario.h"
#include "sim/engine/arena.h"
#include "sim/engine/error.h"

enum { MAX_FINDINGS = 16 };

struct finding {
    uint32_t line, column; /* from 1, column in bytes; 0: no place in the text (a --set, an empty file) */
    const char *pointer;   /* JSON Pointer, "" for the whole document */
    const char *message;   /* "0 is below the least value 1" */
};

struct findings {
    uint32_t n; /* kept, at most MAX_FINDINGS */
    uint32_t n_all;
    struct finding finding[MAX_FINDINGS];
};

enum basis { BASIS_NONE, BASIS_MEASURED, BASIS_FITTED, BASIS_ASSUMED };
struct basis_of {
    const char *pointer;
    enum basis basis;
};

enum compare_op { OP_LT, OP_LE, OP_GT, OP_GE, OP_EQ, OP_NE };
struct threshold_spec {
    const char *metric;     /* path in summary.json, with dots: "checkpoints.load_end_30s.paid_ratio" */
    const char *expression; /* as written: "value>=0.95", or k6's "p(95)<2" on a figure with percentiles */
    const char *figure;     /* "value", "avg", "min", "med", "max", "p(95)" -> key below metric; NULL for value */
    enum compare_op op;
    double bound;
};

struct range_spec {
    const char *pointer;
    const char *low, *high; /* as written, JSON text */
};

/* What sim explore may draw: any value between two ends, or one of several. Texts are JSON. */
struct explore_range {
    const char *low, *high; /* NULL: choices */
    uint32_t n_choices;
    const char *const *choice;
};
struct explore_value {
    const char *pointer;
    bool whole; /* drawn as a whole number: it is one, and both ends are */
    struct explore_range range;
};
/* A fault whose values may be ranges, and whose time may be left open. */
struct explore_member {
    const char *key, *text; /* text NULL: the range counts */
    bool whole;
    struct explore_range range;
};
struct explore_fault {
    const char *name;
    enum fault_kind kind;
    const char *subject; /* the process, store, topic .. that it happens to */
    bool says_when; /* at, every, rate_per_h or when is given */
    bool by_step;   /* it may happen at a step */
    uint32_t n_members;
    const struct explore_member *member;
};
struct explore_spec {
    bool given;
    uint32_t most_faults; /* of one run, beside those of the scenario */
    bool ties;            /* what happens at one instant may happen in any order */
    uint32_t n_faults;
    const struct explore_fault *fault;
    uint32_t n_values;
    struct explore_value *value; /* read-only, as all of it */
};
enum { EXPLORE_FAULTS_MAX = 16 };

/* sim-observations/1 (docs/observations.md). What was counted, and, apart from it, what was only said (claims). NaN,
 * -1, "" or 0 where something was not given, as the comment says. Instants in seconds after the stated start of the
 * load. */
struct observed_status {
    const char *label;
    double t_s, from_s, to_s;                           /* NaN: not given */
    double sigma_t_s;                                   /* of the clock; NaN */
    double printed_t_s;                                 /* its printed clock after start_clock; NaN */
    double sd;                                          /* of its counts; 0: exact */
    int64_t created, paid, pending, failed;             /* -1 */
    double paid_percent, pending_percent, failed_percent; /* NaN */
};
struct observed_offset {
    const char *group, *topic;
    uint32_t partition;
    int64_t committed, log_end, lag; /* -1 for the first two */
};
/* One table of consumer groups; its rows are printed some seconds apart. */
struct observed_table {
    const char *label;
    double t_s, sigma_t_s; /* NaN */
    uint32_t n_rows;
    const struct observed_offset *row;
};
struct observed_trend {
    double t_s, sigma_t_s; /* sigma_t_s NaN */
    double clock_t_s; /* its clock after start_clock; NaN */
    uint32_t n;
    const int64_t *lag;
    int64_t total; /* -1 */
    bool marked_as_peak;
};
struct observed_group {
    const char *name;
    const char *topic;                 /* "" */
    uint32_t partitions, consumers;    /* 0: not said */
    double service_s, service_sigma_s; /* measured; NaN */
};
struct observed_ramp {
    double target_per_s, duration_s;
};
struct observed_load {
    double start_rate_per_s;
    uint32_t n_stages;
    const struct observed_ramp *stage;
    double rate_per_s, duration_s;   /* constant; NaN */
    int64_t orders_created, dropped; /* -1 */
};
struct observed_bin {
    double from_s, to_s;
    int64_t created, paid; /* -1 */
};
struct observed_completion {
    double mean_s, p50_s, p95_s, p99_s, max_s; /* NaN */
};
/* "stock_service_ms": [100, 200] of claims: a word of a group's name, and the times a record that are said of it. */
struct claimed_service {
    const char *key, *word;
    double low_s, high_s;
};
struct observed_claims {
    uint32_t n_services;
    const struct claimed_service *service;
    double producer_rate_per_s, consumer_rate_per_s, rate_window_s, catch_up_hours; /* NaN */
};
struct observations {
    const char *source, *start_clock;
    double start_of_day_s; /* of start_clock; NaN */
    struct observed_load load;
    uint32_t n_groups;
    const struct observed_group *group; /* the system as it was then */
    uint32_t n_statuses;
    const struct observed_status *status;
    double offsets_t_s, offsets_sigma_t_s; /* of the last table; NaN */
    const char *offsets_label;
    uint32_t n_offsets;
    const struct observed_offset *offset;
    uint32_t n_snapshots; /* all tables, in their order; 0 where there is only the last one, above */
    const struct observed_table *snapshot;
    bool has_peak;
    const char *peak_label;
    uint32_t peak_partition; /* NONE: not known */
    bool peak_is_of_all;     /* the largest of all partitions: which one it was is chance */
    int64_t peak_lag;
    const char *trend_label;
    uint32_t n_trend;
    const struct observed_trend *trend;
    uint64_t first_id, last_id; /* of orders; 0 */
    const char *key;            /* what the records' key is said to be; "" */
    struct observed_completion completion;
    uint32_t n_bins;
    const struct observed_bin *bin; /* throughput over time */
    struct observed_claims claims;
};

struct input_file {
    const char *path; /* relative to the scenario, as written */
    const char *full_path;
    const char *copy; /* "inputs/NAME": what study.text calls it; relative to the folder where the text is written */
    char sha256[65];  /* of what is in it, lower-case hex */
};

struct study_edit {
    const char *pointer;
    const char *value;
}; /* --set PTR=VALUE: pointer or short path; JSON or bare string */

struct study {
    struct scenario scenario;
    const char *file; /* as given on the command line; "-" for stdin */
    uint32_t n_thresholds;
    const struct threshold_spec *threshold;
    const struct finding *threshold_at; /* where each stands, for what is found later; without a message */
    uint32_t n_basis;
    const struct basis_of *basis; /* one for each value that carries a basis */
    uint32_t n_calibrate;
    const struct range_spec *calibrate;
    struct explore_spec explore;
    const struct observations *observations; /* NULL when the scenario names none */
    const char *observations_path;
    uint32_t n_inputs;
    const struct input_file *input; /* files it names (observations, traces, measured values) */
    uint32_t n_edits;
    const struct study_edit *edit; /* as given, for a command that repeats the run */
    const char *const *edit_at;    /* JSON Pointer of each */
    uint32_t n_ignored;
    const char *const *ignored; /* k6 options without a meaning here */
    uint32_t n_by_load_end;
    const char *const *by_load_end; /* instants told from load_end, where the last order comes before it */
    const char *text;           /* the resolved scenario: defaults filled in, --set applied; ends with \n.
                                   Reading it again gives the same text. */
    char sha256[65];            /* of text, lower-case hex */
};

/* Reads file ("-": stdin) and applies the edits in order. False when the file cannot be read (err, SIM_ERUNTIME), an
 * edit's form is wrong or ambiguous (err, SIM_EUSAGE), or the scenario is not acceptable (err->code SIM_ESCENARIO,
 * err->text empty, and findings filled: print them with findings_print). */
bool study_read(struct study *out, const char *file, const struct study_edit *edit, uint32_t n_edits,
                struct findings *findings, struct arena *arena, struct sim_err *err);

/* The text of a scenario file, for reading it more than once: standard input is there only the first time. */
struct study_source {
    const char *file, *folder; /* as given; where relative paths start */
    const char *text;
    size_t length;
};

/* Loads a whole file ("-": stdin) into the arena. False with err (SIM_ERUNTIME). */
bool study_source_load(struct study_source *out, const char *file, struct arena *arena, struct sim_err *err);

/* The same from memory; folder is where relative paths start. */
bool study_read_text(struct study *out, const char *text, size_t length, const char *file, const char *folder,
                     const struct study_edit *edit, uint32_t n_edits, struct findings *findings, struct arena *arena,
                     struct sim_err *err);

/* A fault as it would stand in /faults/NAME. */
struct fault_text {
    const char *name, *json;
};

/* The study's faults and these behind them, read and checked as if all stood in the scenario: *out, *n_out. False with
 * findings. */
bool study_faults(const struct study *study, const struct fault_text *text, uint32_t n, const struct fault_spec **out,
                  uint32_t *n_out, struct findings *findings, struct arena *arena);

/* As if --replications had said so: the scenario, its text and its hash. */
void study_set_replications(struct study *study, uint32_t n, struct arena *arena);

/* FILE:LINE:COLUMN: POINTER: message, one a line; then how many more there were. */
void findings_print(const struct findings *findings, const char *file, FILE *out);

/* A seed as a scenario writes it in a string: a whole number from 0 to 2^64 - 1, decimal, or hexadecimal after 0x. */
bool seed_parse(const char *text, uint64_t *out);

/* Observations file alone (sim audit, calibrate). */
bool observations_read(struct observations *out, const char *file, struct findings *findings, struct arena *arena,
                       struct sim_err *err);

/* The JSON Schema (draft-07) of scenarios, and a commented skeleton that is itself a valid scenario. */
extern const char *const schema_text;
extern const char *const schema_example;

#endif
