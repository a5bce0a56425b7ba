/* SPDX-License-Identifier: GPL-3.0-or-later
 * A place in the document, and typed reads from it. A cursor knows its path, so no reader writes a path by hand; and it
 * writes what it reads: each read puts the value, in its canonical form and with its default filled in, into the
 * resolved document. One line says all there is to say of a key:
 *
 *   read_u32(&group, "max_poll_records", &out->max_poll_records, "500", 1, 1000000);
 *
 * fallback is the text of the default, JSON or else a bare string (as in --set), or REQUIRED, or OPTIONAL: then *out
 * stays as it is and nothing is written. What is wrong becomes a finding, *out stays as it is, and reading goes on.
 * Below a value of the wrong type every read is silent: one fault, one finding. */
#ifndef SIM_SCENARIO_CURSOR_H
#define SIM_SCENARIO_CURSOR_H

#include "sim/engine/ns.h"
#include "sim/scenario/json.h"

#define REQUIRED   NULL
#define OPTIONAL   ""
#define LONGEST_NS (10000 * 3600 * SIM_S) /* no duration of a scenario is longer */
enum { CURSOR_KEYS_MAX = 72, NAME_LENGTH_MAX = 100 };

/* One document being read, and the one that is written. */
struct reading {
    struct json *json;
    struct findings *findings;
    struct arena *arena;
    cJSON *defaults; /* an array that owns the nodes made from fallbacks */
};

struct cursor {
    struct reading *reading;
    const struct cursor *parent; /* NULL: the document itself */
    const char *key;             /* where it hangs on its parent: a key, or */
    uint32_t index;              /* an index, when key is NULL */
    const cJSON *node;           /* NULL: absent, or of the wrong type */
    cJSON *out;                  /* of objects and arrays: the same in the resolved document; NULL: it is not written */
    bool by_key;                 /* findings are about the key, not the value */
    bool unwritten;              /* the value is read, the caller writes it */
    bool inherits;               /* an absent key is OPTIONAL whatever the reading line says */
    uint32_t n_known;
    const char *known[CURSOR_KEYS_MAX];
};

/* The names of a section: what other sections refer to. index is the order of the text. */
struct names {
    const char *what; /* "topic" */
    uint32_t n;
    const char *const *name;
    bool unread; /* the section is no object, or there is none: a finding already; no name is looked up */
};

/* ---- moving ---- */

/* resolved: where to write, an object; NULL: nowhere. */
struct cursor cursor_document(struct reading *reading, cJSON *resolved);
/* The value at a key; node is NULL when it is absent. */
struct cursor cursor_at(struct cursor *parent, const char *key, const char *fallback);
struct cursor cursor_object(struct cursor *parent, const char *key, const char *fallback);
struct cursor cursor_array(struct cursor *parent, const char *key, const char *fallback);
/* The child of an object or array whose members have no fixed keys. */
struct cursor cursor_child(struct cursor *parent, const cJSON *child, uint32_t index);
/* For a cursor that may be several things: says that it is an object (array), begins to write it. */
bool cursor_is_object(struct cursor *cursor);
bool cursor_is_array(struct cursor *cursor);

/* Members of an object but $schema, $comment and basis, which belong to every object; items of an array. */
const cJSON *cursor_first(const struct cursor *parent);
const cJSON *cursor_next(const cJSON *child);
uint32_t cursor_size(const struct cursor *parent);

/* All keys of an object have been read: the others are unknown. Reads basis. */
void cursor_close(struct cursor *object);
/* For an object with names of the writer's own. */
void cursor_close_names(struct cursor *object);
/* Whether a key of an object that has none of these is nearly one of them; with a finding. */
bool cursor_misspells(struct cursor *object, const char *const *kind, uint32_t n);
/* Whether the key is there; marks it known. */
bool cursor_has(struct cursor *object, const char *key);

/* ---- findings ---- */

const char *cursor_pointer(const struct cursor *cursor);
/* Where a finding that comes later would be; without a message. */
struct finding cursor_place(const struct cursor *cursor);
void cursor_finding(const struct cursor *cursor, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* At a pointer made elsewhere: the place is that of the value, or of its nearest ancestor in the text. */
void reading_finding(struct reading *reading, const char *pointer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What a message says behind a name that is not known: the nearest one, or what there is. */
const char *name_advice(struct arena *arena, const char *word, const char *const *name, uint32_t n);

/* ---- values under a cursor: true when *out was set ---- */

bool cursor_number(struct cursor *cursor, double *out, double least, double most);
bool cursor_whole(struct cursor *cursor, uint64_t *out, uint64_t least, uint64_t most);
bool cursor_ns(struct cursor *cursor, sim_ns *out, sim_ns least, sim_ns most);
bool cursor_text(struct cursor *cursor, const char **out);
bool cursor_enum(struct cursor *cursor, const char *const *name, uint32_t n, uint32_t *out);
/* Where there are no names at all, that is one fault: the first who looks one up has the finding. */
bool cursor_name(struct cursor *cursor, struct names *names, uint32_t *out);
/* Copies the value unread. */
void cursor_copy(struct cursor *cursor);
/* Writes `value` (and takes it) where the cursor stands. */
void cursor_write(struct cursor *cursor, cJSON *value);

/* ---- reading lines ---- */

void read_number(struct cursor *object, const char *key, double *out, const char *fallback, double least, double most);
void read_u64(struct cursor *object, const char *key, uint64_t *out, const char *fallback, uint64_t least,
              uint64_t most);
void read_u32(struct cursor *object, const char *key, uint32_t *out, const char *fallback, uint32_t least,
              uint32_t most);
void read_ns(struct cursor *object, const char *key, sim_ns *out, const char *fallback, sim_ns least, sim_ns most);
/* A duration; true: a word in its place. */
bool read_ns_or(struct cursor *object, const char *key, const char *word, sim_ns *out, const char *fallback,
                sim_ns least, sim_ns most);
void read_bool(struct cursor *object, const char *key, bool *out, const char *fallback);
/* The default of a text is that text, whatever it looks like. */
void read_text(struct cursor *object, const char *key, const char **out, const char *fallback);
void read_name(struct cursor *object, const char *key, uint32_t *out, const char *fallback, struct names *names);
void read_enum_of(struct cursor *object, const char *key, uint32_t *out, const char *fallback, const char *const *name,
                  uint32_t n);
/* out: an lvalue of an enum type; names: an array in the order of the enum. */
#define read_enum(object, key, out, fallback, names)                                                                   \
    do {                                                                                                               \
        uint32_t value_ = (uint32_t)(out);                                                                             \
        read_enum_of((object), (key), &value_, (fallback), (names), sizeof(names) / sizeof(names)[0]);                 \
        (out) = value_;                                                                                                \
    } while (0)

/* The names of a section of the document, checked: at most `most` of them. */
struct names names_of_section(struct cursor *document, const char *key, const char *what, uint32_t most);
/* Index, or names->n. */
uint32_t names_find(const struct names *names, const char *name);

#endif
