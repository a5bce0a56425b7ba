/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/scenario/edit.h"

#include <stdio.h>
#include <string.h>

#include "sim/scenario/nearest.h"

enum { MATCHES_MAX = 8 };

/* Where members have names of the writer's own: what is missing there is a slip, not a section left to its defaults. */
static const struct {
    const char *pointer, *what;
} named_sections[] = {
    { "/topics", "topic" },  { "/groups", "group" },           { "/tables", "table" },
    { "/locks", "lock" },    { "/stores", "store" },           { "/processes", "process" },
    { "/stages", "stage" },  { "/checkpoints", "checkpoint" }, { "/load/scenarios", "load scenario" },
    { "/flow/legs", "leg" },
};

/* Sections of values that have defaults: a file may leave them out, and a path may begin with them all the same. */
static const char *const value_sections[] = { "run", "kafka", "orders" };

/* Places that a path with dots may mean. */
struct matches {
    uint32_t n;
    const char *pointer[MATCHES_MAX];
};

static void add_match(struct matches *matches, const char *pointer)
{
    if (matches->n < MATCHES_MAX) matches->pointer[matches->n] = pointer;
    matches->n++;
}

/* ---- short paths ---- */

/* "5ms" stands for {"mean": "5ms"}. */
static bool is_constant_time(const cJSON *node, const char *key)
{
    sim_ns ns;
    return cJSON_IsString(node) && (strcmp(key, "mean") == 0 || strcmp(key, "cv") == 0) &&
           ns_parse(node->valuestring, &ns);
}

/* All readings of `path` below a node: `there` of those that exist, `settable` of those whose last key is missing. */
static void match_below(const cJSON *node, const char *pointer, const char *path, struct matches *there,
                        struct matches *settable, struct arena *arena)
{
    bool some = false;
    uint32_t index = 0;
    for (const cJSON *child = node->child; child; child = child->next, index++) {
        const char *key = child->string ? child->string : arena_printf(arena, "%u", index);
        const size_t length = strlen(key);
        if (length == 0 || strncmp(path, key, length) != 0 || (path[length] != '\0' && path[length] != '.')) continue;
        const char *below = json_pointer_below(pointer, key, arena);
        some = true;
        if (path[length] == '\0') add_match(there, below);
        else match_below(child, below, path + length + 1, there, settable, arena);
    }
    if (some || strchr(path, '.')) return;
    if (cJSON_IsObject(node) || is_constant_time(node, path))
        add_match(settable, json_pointer_below(pointer, path, arena));
}

/* The path may begin at every key of the document. */
static void match_anywhere(const cJSON *node, const char *pointer, const char *path, struct matches *there,
                           struct matches *settable, struct arena *arena)
{
    uint32_t index = 0;
    for (const cJSON *child = node->child; child; child = child->next, index++) {
        const char *key = child->string ? child->string : arena_printf(arena, "%u", index);
        if (strcmp(key, "basis") == 0) continue;
        const char *below = json_pointer_below(pointer, key, arena);
        const size_t length = strlen(key);
        if (child->string && length > 0 && strncmp(path, key, length) == 0) {
            if (path[length] == '\0') add_match(there, below);
            else if (path[length] == '.') match_below(child, below, path + length + 1, there, settable, arena);
        }
        match_anywhere(child, below, path, there, settable, arena);
    }
}

static const char *pointer_of_path(const char *path, struct arena *arena)
{
    const char *pointer = "";
    for (;;) {
        const size_t length = strcspn(path, ".");
        pointer = json_pointer_below(pointer, arena_printf(arena, "%.*s", (int)length, path), arena);
        if (path[length] == '\0') return pointer;
        path += length + 1;
    }
}

static void match_missing_section(const cJSON *root, const char *path, struct matches *settable, struct arena *arena)
{
    for (size_t i = 0; i < sizeof value_sections / sizeof value_sections[0]; i++) {
        const size_t length = strlen(value_sections[i]);
        if (strncmp(path, value_sections[i], length) != 0 || path[length] != '.') continue;
        if (!cJSON_GetObjectItemCaseSensitive(root, value_sections[i]))
            add_match(settable, pointer_of_path(path, arena));
    }
}

static bool refuse_ambiguous(const char *path, const struct matches *matches, struct arena *arena, struct sim_err *err)
{
    const char *list = matches->pointer[0];
    for (uint32_t i = 1; i < matches->n && i < MATCHES_MAX; i++)
        list = arena_printf(arena, "%s, %s", list, matches->pointer[i]);
    return sim_fail(err, SIM_EUSAGE, NULL, "\"%s\" may mean %s%s; write the one that is meant", path, list,
                    matches->n > MATCHES_MAX ? " or others" : "");
}

/* Of the names in the scenario's sections, the one that the path's first word nearly is; "" where none is near. */
static const char *nearest_start(cJSON *root, const char *path, struct arena *arena)
{
    char word[128];
    const char *best[sizeof named_sections / sizeof named_sections[0]];
    uint32_t n_best = 0;
    snprintf(word, sizeof word, "%.*s", (int)strcspn(path, "."), path);
    for (size_t i = 0; i < sizeof named_sections / sizeof named_sections[0]; i++) {
        cJSON *above;
        const cJSON *section = json_find(root, named_sections[i].pointer, &above, arena);
        if (!section) continue;
        const char **name = arena_array(arena, const char *, cJSON_GetArraySize(section));
        uint32_t n = 0;
        for (const cJSON *child = section->child; child; child = child->next)
            if (child->string) name[n++] = child->string;
        const char *nearest = nearest_name(word, name, n);
        if (nearest) best[n_best++] = nearest;
    }
    const char *nearest = nearest_name(word, best, n_best);
    return nearest ? arena_printf(arena, "; did you mean \"%s%s\"?", nearest, path + strcspn(path, ".")) : "";
}

/* The pointer a path stands for; NULL with err, or with a finding. */
static const char *resolve(struct reading *reading, const char *path, struct sim_err *err)
{
    struct matches there = { 0 }, settable = { 0 };
    match_anywhere(reading->json->root, "", path, &there, &settable, reading->arena);
    match_missing_section(reading->json->root, path, &settable, reading->arena);
    const struct matches *matches = there.n > 0 ? &there : &settable;
    if (matches->n == 1) return matches->pointer[0];
    if (matches->n > 1) refuse_ambiguous(path, matches, reading->arena, err);
    else
        finding_add(reading->findings, reading->arena, (struct text_place){ 0, 0 }, path,
                    "no place in this scenario is called so; write a JSON Pointer such as /groups/NAME/consumers%s",
                    nearest_start(reading->json->root, path, reading->arena));
    return NULL;
}

/* ---- setting ---- */

static bool missing_name(struct reading *reading, const cJSON *section, const char *above, const char *pointer,
                         const char *key)
{
    for (size_t i = 0; i < sizeof named_sections / sizeof named_sections[0]; i++) {
        if (strcmp(named_sections[i].pointer, above) != 0) continue;
        const char **name = arena_array(reading->arena, const char *, cJSON_GetArraySize(section));
        uint32_t n = 0;
        for (const cJSON *child = section->child; child; child = child->next)
            if (child->string[0] != '$' && strcmp(child->string, "basis") != 0) name[n++] = child->string;
        finding_add(reading->findings, reading->arena, (struct text_place){ 0, 0 }, pointer,
                    "there is no %s \"%s\"; %s", named_sections[i].what, key,
                    name_advice(reading->arena, key, name, n));
        return true;
    }
    return false;
}

static cJSON *replace(cJSON *parent, cJSON *old, const char *key, cJSON *value)
{
    if (!old) cJSON_AddItemToObject(parent, key, value);
    else if (cJSON_IsArray(parent)) cJSON_ReplaceItemViaPointer(parent, old, value);
    else cJSON_ReplaceItemInObjectCaseSensitive(parent, key, value);
    return value;
}

/* An object where there was nothing, or a constant time; NULL with a finding where nothing can be put. */
static cJSON *make_object(struct reading *reading, cJSON *parent, cJSON *old, const char *above, const char *pointer,
                          const char *key, const char *next_key)
{
    if (old && is_constant_time(old, next_key)) {
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "mean", old->valuestring);
        return replace(parent, old, key, object);
    }
    if (!old && cJSON_IsObject(parent) && missing_name(reading, parent, above, pointer, key)) return NULL;
    if (!old && cJSON_IsObject(parent)) return replace(parent, NULL, key, cJSON_CreateObject());
    finding_add(reading->findings, reading->arena, (struct text_place){ 0, 0 }, pointer,
                "there is nothing here that could have a \"%s\"", next_key);
    return NULL;
}

static void set(struct reading *reading, const char *pointer, cJSON *value)
{
    struct arena *arena = reading->arena;
    cJSON *node = reading->json->root;
    const char *at = pointer, *above = "";
    char *key = json_pointer_step(&at, arena);
    while (*at != '\0') {
        const char *here = arena_printf(arena, "%.*s", (int)(at - pointer), pointer);
        char *next_key = json_pointer_step(&at, arena);
        cJSON *child = json_child(node, key);
        if (!cJSON_IsObject(child) && !cJSON_IsArray(child))
            child = make_object(reading, node, child, above, here, key, next_key);
        if (!child) {
            cJSON_Delete(value);
            return;
        }
        node = child;
        above = here;
        key = next_key;
    }
    cJSON *old = json_child(node, key);
    if (old || cJSON_IsObject(node)) {
        replace(node, old, key, value);
        return;
    }
    cJSON_Delete(value);
    finding_add(reading->findings, arena, (struct text_place){ 0, 0 }, pointer,
                "there is no item %s; there are %d, counted from 0", key, cJSON_GetArraySize(node));
}

static cJSON *parse_value(const char *text, struct arena *arena, struct sim_err *err)
{
    cJSON *value = json_value(text, arena);
    if (value) return value;
    if (text[0] != '\0' && strchr("{[\"", text[0]))
        sim_fail(err, SIM_EUSAGE, NULL, "the value %s begins like JSON, but is not, or has a key twice", text);
    else if (!json_is_utf8(text)) sim_fail(err, SIM_EUSAGE, NULL, "the value is not UTF-8");
    else value = cJSON_CreateString(text);
    return value;
}

static bool check_form(const char *pointer, struct sim_err *err)
{
    const size_t length = strlen(pointer);
    if (pointer[0] == '/') {
        return json_pointer_ok(pointer) ||
               sim_fail(err, SIM_EUSAGE, NULL, "\"%s\" is not a JSON Pointer: ~ is written ~0, / in a name ~1",
                        pointer);
    }
    if (length == 0) return sim_fail(err, SIM_EUSAGE, NULL, "a place to set is missing; write PTR=VALUE");
    if (strchr(pointer, '/')) return sim_fail(err, SIM_EUSAGE, NULL, "\"%s\": a JSON Pointer begins with /", pointer);
    if (pointer[0] == '.' || pointer[length - 1] == '.' || strstr(pointer, ".."))
        return sim_fail(err, SIM_EUSAGE, NULL, "\"%s\": a key is missing beside a dot", pointer);
    return json_is_utf8(pointer) || sim_fail(err, SIM_EUSAGE, NULL, "a place to set is not UTF-8");
}

bool edit_apply(struct reading *reading, const struct study_edit *edit, const char **at, struct sim_err *err)
{
    struct sim_err own = { 0 };
    *at = NULL;
    if (!err) err = &own;
    if (!check_form(edit->pointer, err)) return false;
    const char *pointer = edit->pointer[0] == '/' ? edit->pointer : resolve(reading, edit->pointer, err);
    if (!pointer) return err->code == SIM_OK;
    cJSON *value = parse_value(edit->value, reading->arena, err);
    if (value) set(reading, pointer, value);
    if (value) *at = pointer;
    return value;
}
