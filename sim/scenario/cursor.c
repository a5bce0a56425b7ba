/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/scenario/cursor.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/scenario/nearest.h"
#include "sim/scenario/write.h"

enum { LISTED_MAX = 12 }; /* names a message lists; of more it gives the nearest only */

static const char *const basis_names[] = { "measured", "fitted", "assumed" };

/* ---- findings ---- */

const char *cursor_pointer(const struct cursor *cursor)
{
    if (!cursor->parent) return "";
    const char *above = cursor_pointer(cursor->parent);
    struct arena *arena = cursor->reading->arena;
    return cursor->key ? json_pointer_below(above, cursor->key, arena)
                       : arena_printf(arena, "%s/%u", above, cursor->index);
}

static const char *print(struct arena *arena, const char *format, va_list args)
{
    char text[1024];
    vsnprintf(text, sizeof text, format, args);
    return arena_strdup(arena, text);
}

static struct text_place place_of(struct reading *reading, const char *pointer, bool by_key)
{
    cJSON *nearest;
    json_find(reading->json->root, pointer, &nearest, reading->arena);
    return by_key ? json_key_place(reading->json, nearest) : json_place(reading->json, nearest);
}

static void add_finding(struct reading *reading, const char *pointer, bool by_key, const char *message)
{
    finding_add(reading->findings, reading->arena, place_of(reading, pointer, by_key), pointer, "%s", message);
}

struct finding cursor_place(const struct cursor *cursor)
{
    const char *pointer = cursor_pointer(cursor);
    const struct text_place place = place_of(cursor->reading, pointer, cursor->by_key);
    return (struct finding){ .line = place.line, .column = place.column, .pointer = pointer };
}

void reading_finding(struct reading *reading, const char *pointer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_finding(reading, pointer, false, print(reading->arena, format, args));
    va_end(args);
}

void cursor_finding(const struct cursor *cursor, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_finding(cursor->reading, cursor_pointer(cursor), cursor->by_key, print(cursor->reading->arena, format, args));
    va_end(args);
}

/* "a, b, c" */
static const char *listed(struct arena *arena, const char *const *name, uint32_t n)
{
    const char *list = name[0];
    for (uint32_t i = 1; i < n; i++) list = arena_printf(arena, "%s, %s", list, name[i]);
    return list;
}

const char *name_advice(struct arena *arena, const char *word, const char *const *name, uint32_t n)
{
    const char *nearest = nearest_name(word, name, n);
    if (nearest) return arena_printf(arena, "did you mean \"%s\"?", nearest);
    if (n == 0) return "none is declared";
    if (n > LISTED_MAX)
        return arena_printf(arena, "known: %s and %u more", listed(arena, name, LISTED_MAX), n - LISTED_MAX);
    return arena_printf(arena, "known: %s", listed(arena, name, n));
}

/* ---- moving ---- */

void cursor_write(struct cursor *cursor, cJSON *value)
{
    cJSON *into = cursor->parent ? cursor->parent->out : NULL;
    if (!into || cursor->unwritten) cJSON_Delete(value);
    else if (cursor->key) cJSON_AddItemToObject(into, cursor->key, value);
    else cJSON_AddItemToArray(into, value);
}

void cursor_copy(struct cursor *cursor)
{
    if (cursor->node) cursor_write(cursor, cJSON_Duplicate(cursor->node, true));
}

static const char *const special_keys[] = { "basis", "$comment", "$schema" };

static bool is_special(const char *key)
{
    for (size_t i = 0; i < sizeof special_keys / sizeof special_keys[0]; i++)
        if (strcmp(special_keys[i], key) == 0) return true;
    return false;
}

static bool is_known(const struct cursor *object, const char *key)
{
    for (uint32_t i = 0; i < object->n_known; i++)
        if (strcmp(object->known[i], key) == 0) return true;
    return false;
}

static void know(struct cursor *object, const char *key)
{
    if (is_special(key) || is_known(object, key)) return;
    SIM_ASSERT(object->n_known < CURSOR_KEYS_MAX);
    object->known[object->n_known++] = key;
}

bool cursor_has(struct cursor *object, const char *key)
{
    know(object, key);
    return object->node && cJSON_GetObjectItemCaseSensitive(object->node, key);
}

/* A default: text that is no JSON, or is to be text whatever it looks like, is a bare string. */
static const cJSON *make_default(struct reading *reading, const char *text, bool is_text)
{
    cJSON *value = is_text ? NULL : json_value(text, reading->arena);
    if (!value) value = cJSON_CreateString(text);
    cJSON_AddItemToArray(reading->defaults, value);
    return value;
}

static struct cursor at_or(struct cursor *parent, const char *key, const char *fallback, bool is_text)
{
    struct cursor at = { .reading = parent->reading, .parent = parent, .key = key };
    know(parent, key);
    if (!parent->node) return at;
    at.node = cJSON_GetObjectItemCaseSensitive(parent->node, key);
    if (at.node || parent->inherits) return at;
    if (fallback == REQUIRED) cursor_finding(&at, "missing; the key is required");
    else if (fallback[0] != '\0') at.node = make_default(parent->reading, fallback, is_text);
    return at;
}

struct cursor cursor_at(struct cursor *parent, const char *key, const char *fallback)
{
    return at_or(parent, key, fallback, false);
}

struct cursor cursor_child(struct cursor *parent, const cJSON *child, uint32_t index)
{
    return (struct cursor){
        .reading = parent->reading, .parent = parent, .key = child->string, .index = index, .node = child
    };
}

static void copy_note(struct cursor *object, const char *key)
{
    struct cursor note = cursor_at(object, key, OPTIONAL);
    const char *text;
    if (note.node) cursor_text(&note, &text);
}

static bool begin(struct cursor *cursor, bool right_type, const char *needed, cJSON *(*create)(void))
{
    if (!cursor->node) return false;
    if (!right_type) {
        cursor_finding(cursor, "%s where %s is needed", json_type_name(cursor->node), needed);
        cursor->node = NULL;
        return false;
    }
    if (!cursor->parent || !cursor->parent->out) return true;
    cursor->out = create();
    cursor_write(cursor, cursor->out);
    return true;
}

bool cursor_is_object(struct cursor *cursor)
{
    if (!begin(cursor, cJSON_IsObject(cursor->node), "an object", cJSON_CreateObject)) return false;
    copy_note(cursor, "$schema");
    copy_note(cursor, "$comment");
    return true;
}

bool cursor_is_array(struct cursor *cursor)
{
    return begin(cursor, cJSON_IsArray(cursor->node), "an array", cJSON_CreateArray);
}

struct cursor cursor_document(struct reading *reading, cJSON *resolved)
{
    struct cursor document = { .reading = reading, .node = reading->json->root, .out = resolved };
    if (begin(&document, cJSON_IsObject(document.node), "an object", NULL)) {
        copy_note(&document, "$schema");
        copy_note(&document, "$comment");
    }
    return document;
}

struct cursor cursor_object(struct cursor *parent, const char *key, const char *fallback)
{
    struct cursor at = cursor_at(parent, key, fallback);
    cursor_is_object(&at);
    return at;
}

struct cursor cursor_array(struct cursor *parent, const char *key, const char *fallback)
{
    struct cursor at = cursor_at(parent, key, fallback);
    cursor_is_array(&at);
    return at;
}

static const cJSON *skip_special(const cJSON *child)
{
    while (child && child->string && is_special(child->string)) child = child->next;
    return child;
}

const cJSON *cursor_first(const struct cursor *parent)
{
    return parent->node ? skip_special(parent->node->child) : NULL;
}
const cJSON *cursor_next(const cJSON *child) { return skip_special(child->next); }

uint32_t cursor_size(const struct cursor *parent)
{
    uint32_t n = 0;
    for (const cJSON *child = cursor_first(parent); child; child = cursor_next(child)) n++;
    return n;
}

/* ---- basis ---- */

/* basis: "assumed" speaks of what the writer gave, not of the defaults filled in beside it: where there are such, the
 * resolved document names the keys. */
static void write_basis_of_all(const struct cursor *object, struct cursor *basis, const char *tag)
{
    cJSON *named = cJSON_CreateObject();
    for (const cJSON *child = cursor_first(object); child; child = cursor_next(child))
        cJSON_AddItemToObject(named, child->string, cJSON_CreateString(tag));
    int n_given = cJSON_GetArraySize(named), n_written = 0;
    for (const cJSON *child = object->out ? object->out->child : NULL; child; child = child->next)
        n_written += !is_special(child->string);
    if (n_given == n_written) {
        cJSON_Delete(named);
        named = cJSON_CreateString(tag);
    }
    cursor_write(basis, named);
}

static void read_basis(struct cursor *object)
{
    struct cursor basis = cursor_at(object, "basis", OPTIONAL);
    uint32_t tag;
    if (!basis.node) return;
    if (cJSON_IsString(basis.node)) {
        basis.unwritten = true;
        if (!cursor_enum(&basis, basis_names, 3, &tag)) return;
        basis.unwritten = false;
        write_basis_of_all(object, &basis, basis_names[tag]);
        return;
    }
    if (!cursor_is_object(&basis)) return;
    for (const cJSON *child = basis.node->child; child; child = child->next) {
        struct cursor one = cursor_child(&basis, child, 0);
        const bool given = cJSON_GetObjectItemCaseSensitive(object->node, child->string) != NULL;
        const bool filled_in = object->out && cJSON_GetObjectItemCaseSensitive(object->out, child->string);
        one.by_key = !(given || filled_in) || is_special(child->string); /* given, and no good: a finding already */
        if (one.by_key) cursor_finding(&one, "names no key of this object");
        else cursor_enum(&one, basis_names, 3, &tag);
    }
}

void cursor_close_names(struct cursor *object)
{
    if (object->node) read_basis(object);
}

void cursor_close(struct cursor *object)
{
    if (!object->node) return;
    read_basis(object);
    struct arena *arena = object->reading->arena;
    for (const cJSON *child = cursor_first(object); child; child = cursor_next(child)) {
        if (is_known(object, child->string)) continue;
        struct cursor unknown = cursor_child(object, child, 0);
        unknown.by_key = true;
        const char *special = nearest_name(child->string, special_keys, sizeof special_keys / sizeof special_keys[0]);
        const char *hint = name_advice(arena, child->string, object->known, object->n_known);
        if (special && hint[0] == 'k') hint = arena_printf(arena, "did you mean \"%s\"?", special);
        cursor_finding(&unknown, "unknown key; %s", hint);
    }
}

bool cursor_misspells(struct cursor *object, const char *const *kind, uint32_t n)
{
    for (const cJSON *child = cursor_first(object); child; child = cursor_next(child)) {
        const char *nearest = nearest_name(child->string, kind, n);
        struct cursor at = cursor_child(object, child, 0);
        if (!nearest) continue;
        at.by_key = true;
        cursor_finding(&at, "unknown key; did you mean \"%s\"?", nearest);
        return true;
    }
    return false;
}

/* ---- values ---- */

static bool wrong_type(const struct cursor *cursor, const char *needed)
{
    cursor_finding(cursor, "%s where %s is needed", json_type_name(cursor->node), needed);
    return false;
}

static bool check_range(const struct cursor *cursor, double value, double least, double most)
{
    char text[32], limit[32];
    if (value < least)
        cursor_finding(cursor, "%s is below the least value %s", write_number(value, text), write_number(least, limit));
    if (value > most)
        cursor_finding(cursor, "%s is above the greatest value %s", write_number(value, text),
                       write_number(most, limit));
    return value >= least && value <= most;
}

bool cursor_number(struct cursor *cursor, double *out, double least, double most)
{
    if (!cursor->node) return false;
    if (!cJSON_IsNumber(cursor->node)) return wrong_type(cursor, "a number");
    if (!check_range(cursor, cursor->node->valuedouble, least, most)) return false;
    *out = cursor->node->valuedouble;
    cursor_write(cursor, cJSON_CreateNumber(*out));
    return true;
}

bool cursor_whole(struct cursor *cursor, uint64_t *out, uint64_t least, uint64_t most)
{
    char text[32];
    if (!cursor->node) return false;
    if (!cJSON_IsNumber(cursor->node)) return wrong_type(cursor, "a whole number");
    double value = cursor->node->valuedouble;
    if (value != trunc(value)) {
        cursor_finding(cursor, "%s is not a whole number", write_number(value, text));
        return false;
    }
    if (!cursor_number(cursor, &value, (double)least,
                       (double)(most < (uint64_t)JSON_WHOLE_MAX ? most : (uint64_t)JSON_WHOLE_MAX)))
        return false;
    *out = (uint64_t)value;
    return true;
}

/* What ns_parse refuses: no duration, or one of more nanoseconds than there are numbers for. */
static bool refuse_ns(const struct cursor *cursor, sim_ns least, sim_ns most)
{
    const char *text = cursor->node->valuestring;
    char limit[48];
    if (!ns_is_duration(text))
        cursor_finding(cursor, "\"%.60s\" is not a duration; write \"150ms\", \"2s\" or \"1m30s\"", text);
    else if (*text == '-')
        cursor_finding(cursor, "%.60s is below the least value %s", text, ns_format(least, limit, sizeof limit));
    else cursor_finding(cursor, "%.60s is above the greatest value %s", text, ns_format(most, limit, sizeof limit));
    return false;
}

bool cursor_ns(struct cursor *cursor, sim_ns *out, sim_ns least, sim_ns most)
{
    sim_ns ns;
    char text[48], limit[48];
    if (!cursor->node) return false;
    if (cJSON_IsNumber(cursor->node)) {
        cursor_finding(cursor, "%s has no unit; write a duration such as \"%sms\"",
                       write_number(cursor->node->valuedouble, text), text);
        return false;
    }
    if (!cJSON_IsString(cursor->node)) return wrong_type(cursor, "a duration such as \"150ms\"");
    if (!ns_parse(cursor->node->valuestring, &ns)) return refuse_ns(cursor, least, most);
    if (ns < least)
        cursor_finding(cursor, "%s is below the least value %s", ns_format(ns, text, sizeof text),
                       ns_format(least, limit, sizeof limit));
    if (ns > most)
        cursor_finding(cursor, "%s is above the greatest value %s", ns_format(ns, text, sizeof text),
                       ns_format(most, limit, sizeof limit));
    if (ns < least || ns > most) return false;
    *out = ns;
    cursor_write(cursor, cJSON_CreateString(ns_format(ns, text, sizeof text)));
    return true;
}

bool cursor_text(struct cursor *cursor, const char **out)
{
    if (!cursor->node) return false;
    if (!cJSON_IsString(cursor->node)) return wrong_type(cursor, "a string");
    *out = arena_strdup(cursor->reading->arena, cursor->node->valuestring);
    cursor_write(cursor, cJSON_CreateString(*out));
    return true;
}

bool cursor_enum(struct cursor *cursor, const char *const *name, uint32_t n, uint32_t *out)
{
    struct arena *arena = cursor->reading->arena;
    if (!cursor->node) return false;
    if (!cJSON_IsString(cursor->node))
        return wrong_type(cursor, arena_printf(arena, "one of %s", listed(arena, name, n)));
    const char *word = cursor->node->valuestring;
    for (uint32_t i = 0; i < n; i++) {
        if (strcmp(name[i], word) != 0) continue;
        *out = i;
        cursor_write(cursor, cJSON_CreateString(word));
        return true;
    }
    const char *nearest = nearest_name(word, name, n);
    cursor_finding(cursor, "\"%.60s\" is not one of %s%s", word, listed(arena, name, n),
                   nearest ? arena_printf(arena, "; did you mean \"%s\"?", nearest) : "");
    return false;
}

uint32_t names_find(const struct names *names, const char *name)
{
    for (uint32_t i = 0; i < names->n; i++)
        if (strcmp(names->name[i], name) == 0) return i;
    return names->n;
}

bool cursor_name(struct cursor *cursor, struct names *names, uint32_t *out)
{
    if (!cursor->node || names->unread) return false;
    if (!cJSON_IsString(cursor->node))
        return wrong_type(cursor, arena_printf(cursor->reading->arena, "the name of a %s", names->what));
    const char *word = cursor->node->valuestring;
    uint32_t i = names_find(names, word);
    if (i == names->n) {
        cursor_finding(cursor, "there is no %s \"%.100s\"; %s", names->what, word,
                       name_advice(cursor->reading->arena, word, names->name, names->n));
        names->unread = names->n == 0;
        return false;
    }
    *out = i;
    cursor_write(cursor, cJSON_CreateString(word));
    return true;
}

/* ---- reading lines ---- */

void read_number(struct cursor *object, const char *key, double *out, const char *fallback, double least, double most)
{
    struct cursor at = cursor_at(object, key, fallback);
    cursor_number(&at, out, least, most);
}

void read_u64(struct cursor *object, const char *key, uint64_t *out, const char *fallback, uint64_t least,
              uint64_t most)
{
    struct cursor at = cursor_at(object, key, fallback);
    cursor_whole(&at, out, least, most);
}

void read_u32(struct cursor *object, const char *key, uint32_t *out, const char *fallback, uint32_t least,
              uint32_t most)
{
    uint64_t value = *out;
    read_u64(object, key, &value, fallback, least, most);
    *out = (uint32_t)value;
}

void read_ns(struct cursor *object, const char *key, sim_ns *out, const char *fallback, sim_ns least, sim_ns most)
{
    struct cursor at = cursor_at(object, key, fallback);
    cursor_ns(&at, out, least, most);
}

bool read_ns_or(struct cursor *object, const char *key, const char *word, sim_ns *out, const char *fallback,
                sim_ns least, sim_ns most)
{
    struct cursor at = cursor_at(object, key, fallback);
    if (at.node && cJSON_IsString(at.node) && strcmp(at.node->valuestring, word) == 0) {
        cursor_copy(&at);
        return true;
    }
    if (at.node && cJSON_IsString(at.node) && !ns_is_duration(at.node->valuestring))
        cursor_finding(&at, "\"%.60s\" is neither \"%s\" nor a duration such as \"10s\"", at.node->valuestring, word);
    else cursor_ns(&at, out, least, most);
    return false;
}

void read_bool(struct cursor *object, const char *key, bool *out, const char *fallback)
{
    struct cursor at = cursor_at(object, key, fallback);
    if (!at.node) return;
    if (!cJSON_IsBool(at.node)) {
        wrong_type(&at, "true or false");
        return;
    }
    *out = cJSON_IsTrue(at.node);
    cursor_write(&at, cJSON_CreateBool(*out));
}

void read_text(struct cursor *object, const char *key, const char **out, const char *fallback)
{
    struct cursor at = at_or(object, key, fallback, true);
    if (!cursor_text(&at, out)) return;
    const uint32_t control = text_control(*out);
    if (control != 0) cursor_finding(&at, "a control character, U+%04X, in a text that is printed", control);
}

void read_name(struct cursor *object, const char *key, uint32_t *out, const char *fallback, struct names *names)
{
    struct cursor at = cursor_at(object, key, fallback);
    cursor_name(&at, names, out);
}

void read_enum_of(struct cursor *object, const char *key, uint32_t *out, const char *fallback, const char *const *name,
                  uint32_t n)
{
    struct cursor at = cursor_at(object, key, fallback);
    cursor_enum(&at, name, n, out);
}

/* ---- names ---- */

/* Names go into CSV columns, metric paths and pointers: letters, digits, . _ - and what is beyond ASCII. */
static bool is_name(const char *text)
{
    size_t characters = 0;
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        characters += (*c & 0xc0) != 0x80;
        bool letter = (*c | 0x20) >= 'a' && (*c | 0x20) <= 'z';
        if (!letter && !(*c >= '0' && *c <= '9') && *c < 0x80 && !strchr("._-", *c)) return false;
    }
    return characters >= 1 && characters <= NAME_LENGTH_MAX && text_control(text) == 0;
}

struct names names_of_section(struct cursor *document, const char *key, const char *what, uint32_t most)
{
    const cJSON *section = document->node ? cJSON_GetObjectItemCaseSensitive(document->node, key) : NULL;
    struct cursor at = {
        .reading = document->reading, .parent = document, .key = key, .node = cJSON_IsObject(section) ? section : NULL
    };
    struct names names = { .what = what, .unread = section && !at.node };
    const char **name = arena_array(document->reading->arena, const char *, cursor_size(&at));
    for (const cJSON *child = cursor_first(&at); child; child = cursor_next(child)) {
        struct cursor one = cursor_child(&at, child, 0);
        one.by_key = true;
        if (!is_name(child->string))
            cursor_finding(&one, "not a name; a name is 1 to %d letters, digits, dots, hyphens or underscores",
                           NAME_LENGTH_MAX);
        name[names.n++] = arena_strdup(document->reading->arena, child->string);
    }
    if (names.n > most) cursor_finding(&at, "%u of them; at most %u are simulated", names.n, most);
    names.name = name;
    return names;
}
