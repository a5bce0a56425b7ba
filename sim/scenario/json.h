/* SPDX-License-Identifier: GPL-3.0-or-later
 * JSON text -> tree whose nodes know their place. cJSON builds the tree. What cJSON lets through is refused before, by
 * a strict scan of the text: duplicate keys, 01, 1., 1e400, numbers longer than JSON_NUMBER_MAX, raw control
 * characters, NUL (also as \u0000), lone surrogates, bad UTF-8, a byte order mark, text after the document, deep
 * nesting.
 *
 * The scan notes the byte offset of each value and key, in the order of the text. That is also the order of the tree,
 * so the number of a node finds its place. The number is kept in the node's valueint, which cJSON calls deprecated and
 * this program never reads as a value. Nodes that come from elsewhere (an edit, a default) have number 0: no place. */
#ifndef SIM_SCENARIO_JSON_H
#define SIM_SCENARIO_JSON_H

#include <cjson/cJSON.h>

#include "sim/scenario/finding.h"

enum { JSON_DEPTH_MAX = 64, JSON_NUMBER_MAX = 63, JSON_KEYS_MAX = 1024 /* in one object */ };
#define JSON_WHOLE_MAX 9007199254740991.0 /* 2^53 - 1: above it a double no longer tells neighbours apart */

struct json_span {
    uint32_t key, value;
}; /* byte offsets; key is value's where there is no key */

struct json {
    const char *text;
    size_t length;
    cJSON *root;
    struct json_span *span; /* by number; [0] is unused */
    uint32_t n_spans, capacity;
};

/* text must end with a NUL at text[length] and live as long as *out. False with findings when it is not acceptable.
 * json_close in any case. */
bool json_open(struct json *out, const char *text, size_t length, struct findings *findings, struct arena *arena);
void json_close(struct json *json);

/* A value on its own (of an edit, a default), all nodes without a place; NULL when it is not strict JSON. The caller
 * owns it. */
cJSON *json_value(const char *text, struct arena *arena);

bool json_is_utf8(const char *text);

struct text_place json_place(const struct json *json, const cJSON *node);
struct text_place json_key_place(const struct json *json, const cJSON *node);

/* JSON Pointers (RFC 6901): "" or /step/step, with ~0 for ~ and ~1 for /. */
bool json_pointer_ok(const char *pointer);
/* The first step, decoded; moves *pointer behind it. Only where one is left. */
char *json_pointer_step(const char **pointer, struct arena *arena);
const char *json_pointer_below(const char *pointer, const char *key, struct arena *arena);

/* The child by key, or by index in an array; NULL. */
cJSON *json_child(const cJSON *node, const char *key);
/* The node at a pointer; NULL where there is none, and then *nearest is its last ancestor that exists. */
cJSON *json_find(cJSON *root, const char *pointer, cJSON **nearest, struct arena *arena);

/* "a string", "a number", ... */
const char *json_type_name(const cJSON *node);

/* The first control character of UTF-8 text, which would break a line or move a terminal's cursor; 0: there is none. */
uint32_t text_control(const char *text);

#endif
