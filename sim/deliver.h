/* SPDX-License-Identifier: GPL-3.0-or-later
 * A document that a command makes: to stdout, or with --out to a new file that is complete or not there. */
#ifndef SIM_DELIVER_H
#define SIM_DELIVER_H

#include <cjson/cJSON.h>

#include "sim/foreign/source.h"
#include "sim/options.h"

/* Takes the document. False with err: SIM_EUSAGE where the file exists (without --force), SIM_ERUNTIME. */
bool deliver(const struct options *options, cJSON *document, struct arena *arena, struct sim_err *err);

/* Another file beside the one of --out, under the same conditions. */
bool deliver_beside(const struct options *options, const char *path, const char *text, struct arena *arena,
                    struct sim_err *err);
/* Whether a file to be written is none of those that the command reads: what its options name, and with a study what
 * its scenario names, by whatever name. --force replaces results, not what they were made from. */
bool deliver_spares(const struct options *options, const struct study *study, const char *path, struct sim_err *err);

/* The same for files of a folder of results, all that may be written or taken away there; the names end with NULL. */
bool deliver_spares_all(const struct options *options, const struct study *study, const char *folder,
                        const char *const *name, struct arena *arena, struct sim_err *err);

/* Whether a file to be written is spared, and --force is given or nothing is there yet; asked before the first of
 * several files is written. */
bool deliver_is_free(const struct options *options, const char *path, struct sim_err *err);

/* Whether a new scenario is acceptable: a value that came in from outside may be out of range. Findings, about the new
 * text, go to stderr. */
bool deliver_runs(const struct options *options, const cJSON *scenario, struct arena *arena, struct sim_err *err);

/* How a scenario written to --out (without: to the current folder) names this file; NULL where it cannot: a scenario
 * names files below its own folder only. */
const char *deliver_path(const struct options *options, const char *file, struct arena *arena);

/* Where the pictures of a file go: FILE-plots, without this ending of FILE. */
const char *deliver_plots_folder(const char *file, const char *ending, struct arena *arena);

/* What the source's reader assumed, on stderr; and its findings, if any. False when there are some. */
bool deliver_remarks(const struct options *options, const struct source *source);

#endif
