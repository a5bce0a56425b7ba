/* SPDX-License-Identifier: GPL-3.0-or-later
 * A foreign file while it is read: its text, what is wrong with it and where, and what its reader had to assume. Every
 * importer takes one and gives a JSON tree (a scenario or observations), or NULL with findings. */
#ifndef SIM_FOREIGN_SOURCE_H
#define SIM_FOREIGN_SOURCE_H

#include <cjson/cJSON.h>

#include "sim/scenario/finding.h"

enum { MAX_REMARKS = 64 };

struct source {
    const char *file; /* "-": stdin */
    const char *text; /* text[length] is NUL */
    size_t length;
    bool korean;      /* where a text has both languages: Korean; else English */
    struct findings *findings;
    struct arena *arena;
    uint32_t n_remarks; /* beyond MAX_REMARKS they are dropped */
    const char *remark[MAX_REMARKS];
};

/* False with err when the file cannot be read; what source_is_text says is a finding. A byte order mark is passed over. */
bool source_open(struct source *out, const char *file, struct findings *findings, struct arena *arena,
                 struct sim_err *err);

/* False with a finding where the text holds a NUL or is not UTF-8. */
bool source_is_text(struct source *source);

/* A finding at a byte of the text. Always false. */
bool source_finding(struct source *source, size_t at, const char *pointer, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
struct text_place source_place(const struct source *source, size_t at);

/* What the user should know about a result that is acceptable: assumed, left out, derived and how. */
void source_remark(struct source *source, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
