/* SPDX-License-Identifier: GPL-3.0-or-later
 * The commands. Each does its work, prints its data to stdout and returns the exit code of the contract; an error comes
 * back in err, whose code then is the exit code. Findings about a scenario are printed where they are found. */
#ifndef SIM_COMMANDS_H
#define SIM_COMMANDS_H

#include "sim/lab/point.h"
#include "sim/options.h"
#include "sim/results/calibration.h"

enum { EXIT_INTERRUPTED = 130 };

int cmd_run(const struct options *options, struct arena *arena, struct sim_err *err);
int cmd_check(const struct options *options, struct arena *arena, struct sim_err *err);
int cmd_schema(const struct options *options, struct arena *arena, struct sim_err *err);
int cmd_init(const struct options *options, struct arena *arena, struct sim_err *err);
int cmd_import(const struct options *options, struct arena *arena, struct sim_err *err);
int cmd_audit(const struct options *options, struct arena *arena, struct sim_err *err);
/* Of the result file of a sweep. */
int cmd_plot_sweep(const struct options *options, const char *file, struct arena *arena, struct sim_err *err);
int cmd_plot(const struct options *options, struct arena *arena, struct sim_err *err);
int cmd_explore(const struct options *options, struct arena *arena, struct sim_err *err);
int cmd_replay(const struct options *options, struct arena *arena, struct sim_err *err);
/* The fit of sim calibrate alone, for an operand SCENARIO and a second OBSERVATIONS: its exit code; 0 with *found. */
int fit_scenario(const struct options *options, struct calibration *found, struct arena *arena, struct sim_err *err);
int cmd_calibrate(const struct options *options, struct arena *arena, struct sim_err *err);
int cmd_compare(const struct options *options, struct arena *arena, struct sim_err *err);
int cmd_plan(const struct options *options, struct arena *arena, struct sim_err *err);
int cmd_sweep(const struct options *options, struct arena *arena, struct sim_err *err);

/* Reads the scenario with its edits, prints findings and what is ignored to stderr, and refuses to wait for a person to
 * type one in. */
bool read_study(struct study *out, const struct options *options, struct findings *findings, struct arena *arena,
                struct sim_err *err);
/* Says which instants are told from load_end where the last order comes before it; nothing where none is. */
void note_load_end(const struct options *options, const struct study *study);
/* The same of the points of an experiment, all of which have been read without a finding. */
void note_load_end_of_points(const struct options *options, const struct point *point, uint32_t n, struct desk *desk,
                             struct arena *arena);
/* An experiment's scenario as every point of it has it: with its edits, but for the number of replications, which is no
 * part of what a point is. */
struct point base_point(const struct options *options, const struct study_source *source, struct arena *arena);
/* What messages call its file: "-" is stdin. */
const char *shown_file(const struct study *study);
/* The layout of its results; NULL, with the findings printed, when a threshold is about a figure that they lack. */
const struct layout *layout_of(const struct study *study, struct findings *findings, struct arena *arena);
/* Colour on stdout: a terminal that can, and nobody against it. */
bool use_colour(const struct options *options);
/* "sim: ..." on stderr. A note is silent with --quiet, a warning is not. */
void note(const struct options *options, const char *format, ...) __attribute__((format(printf, 2, 3)));
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Something that takes a while, on a terminal until text is NULL. */
void show_activity(const struct options *options, const char *text);

#endif
