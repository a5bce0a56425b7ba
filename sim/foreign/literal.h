/* SPDX-License-Identifier: GPL-3.0-or-later
 * Plain data out of JavaScript: objects, arrays, strings, numbers and sums or products of numbers, true, false, null,
 * with comments, unquoted keys, single quotes and trailing commas; JSON is such data. A name stands for what the only
 * `const` of that name outside of all brackets gives it, if that is plain data. What is computed (a call, a variable, a
 * template with ${}) is not guessed: it is left out, and kept in a list with its place. */
#ifndef SIM_FOREIGN_LITERAL_H
#define SIM_FOREIGN_LITERAL_H

#include "sim/foreign/source.h"

enum { LITERAL_DEPTH_MAX = 32, MAX_COMPUTED = 64 };

struct computed {
    const char *pointer; /* of the value that is not data */
    const char *word;    /* how its text begins */
    size_t at;
};

struct literal {
    cJSON *root;         /* nodes keep the byte offset of their value in valueint; the caller deletes it */
    size_t end;          /* first byte behind it */
    uint32_t n_computed; /* all; the first MAX_COMPUTED are kept */
    struct computed computed[MAX_COMPUTED];
};

/* Reads the value that begins at or after byte `at`. False with a finding when it cannot be read. */
bool literal_read(struct literal *out, struct source *source, size_t at);

/* Byte of the object that a script assigns to `name` (`export const options = {`); SIZE_MAX when there is none. */
size_t literal_find(const struct source *source, const char *name);
/* Where a member of `name` (of `length` bytes) is set or deleted, or a method or function called that changes it
 * (Object.assign); SIZE_MAX: nowhere. */
size_t literal_changed_at(const struct source *source, const char *name, size_t length);

/* Byte offset of a node. */
size_t literal_at(const cJSON *node);

#endif
