/* SPDX-License-Identifier: GPL-3.0-or-later
 * A folder of results that is complete or not there. Everything is written into a folder ".unfinished" inside of it,
 * and moved to its own name when all of it is on its way to the disk, summary.json last: under a final name there is
 * never half a file. Every write is checked when its file is closed. */
#ifndef SIM_LAB_OUTPUT_H
#define SIM_LAB_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "sim/engine/arena.h"
#include "sim/engine/error.h"

struct output {
    const char *dir;     /* as given */
    const char *staging; /* dir/.unfinished */
    bool made_dir;
    struct arena *arena; /* of names */
};

/* Makes dir, and the folders above it. What is there already is refused (SIM_EUSAGE) without force; with it, what an
 * interrupted program left unfinished goes. The arena must outlive *out. */
bool output_open(struct output *out, const char *dir, bool force, struct arena *arena, struct sim_err *err);

/* dir/.unfinished/name. Lives in the arena. */
const char *output_path(const struct output *output, const char *name);
/* A folder in it, "plots". */
bool output_make_folder(const struct output *output, const char *name, struct sim_err *err);

/* A file in it for writing; NULL with err. Close it with sim_file_close. */
FILE *output_create(const struct output *output, const char *name, struct sim_err *err);
/* Copies a whole file into it. */
bool output_copy(const struct output *output, const char *from, const char *name, struct sim_err *err);

/* Files of the folder, as it was before, whose names are such: for output_commit. NULL with err. */
const char *const *output_names(const struct output *output, bool (*is_such)(const char *name), struct sim_err *err);

/* Moves everything to its place. Names that this program might have written before and has not written now (stale
 * ones, relative to dir, ending with NULL) are removed first. */
bool output_commit(struct output *output, const char *const *stale, struct sim_err *err);
/* Removes what is unfinished, and dir when output_open made it. Harmless after output_commit. */
void output_abandon(struct output *output);

/* Appends the rest of `from` to `to`; a failed write to `to` shows when it is closed. False: from cannot be read. */
bool file_append(FILE *to, FILE *from, const char *from_name, struct sim_err *err);

#endif
