/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/fitted_scenario.h"

#include <string.h>

#include "sim/scenario/edit.h"

static cJSON *holder_of(cJSON *root, const char *pointer, const char **key, struct arena *arena)
{
    cJSON *node = root, *holder = root;
    while (node && *pointer) {
        holder = node;
        *key = json_pointer_step(&pointer, arena);
        node = json_child(holder, *key);
    }
    return holder;
}

/* A basis of the whole object becomes one of each of its members, so that one of them can have another. */
static void name_members(cJSON *holder, cJSON *basis)
{
    cJSON *named = cJSON_CreateObject();
    for (const cJSON *child = holder->child; child; child = child->next)
        if (strcmp(child->string, "basis") != 0 && child->string[0] != '$')
            cJSON_AddStringToObject(named, child->string, basis->valuestring);
    cJSON_ReplaceItemInObjectCaseSensitive(holder, "basis", named);
}

static void mark(cJSON *root, const char *pointer, const char *word, struct arena *arena)
{
    const char *key = "";
    cJSON *holder = holder_of(root, pointer, &key, arena);
    cJSON *basis = cJSON_GetObjectItemCaseSensitive(holder, "basis");
    if (!cJSON_IsObject(holder)) return; /* an item of an array has none */
    if (cJSON_IsString(basis)) name_members(holder, basis);
    if (!basis) cJSON_AddObjectToObject(holder, "basis");
    basis = cJSON_GetObjectItemCaseSensitive(holder, "basis");
    cJSON_DeleteItemFromObjectCaseSensitive(basis, key);
    cJSON_AddStringToObject(basis, key, word);
}

static void name_observations(cJSON *root, const char *file)
{
    if (!file) cJSON_DeleteItemFromObjectCaseSensitive(root, "observations");
    else if (cJSON_GetObjectItemCaseSensitive(root, "observations"))
        cJSON_ReplaceItemInObjectCaseSensitive(root, "observations", cJSON_CreateString(file));
    else cJSON_AddStringToObject(root, "observations", file);
}

static bool apply_all(struct reading *reading, const struct point *base, const struct fitted_edit *edit, uint32_t n,
                      struct sim_err *err)
{
    const char *at;
    for (uint32_t i = 0; i < base->n_edits; i++)
        if (!edit_apply(reading, &base->edit[i], &at, err)) return false;
    for (uint32_t i = 0; i < n; i++) {
        if (!edit_apply(reading, &edit[i].edit, &at, err)) return false;
        mark(reading->json->root, edit[i].edit.pointer, edit[i].basis, reading->arena);
    }
    return true;
}

cJSON *fitted_scenario(const struct point *base, const struct fitted_edit *edit, uint32_t n, const char *observations,
                       struct findings *findings, struct arena *arena, struct sim_err *err)
{
    const struct study_source *source = base->source;
    struct json json;
    struct reading reading = { .json = &json, .findings = findings, .arena = arena,
                               .defaults = cJSON_CreateArray() };
    cJSON *out = NULL;
    if (json_open(&json, source->text, source->length, findings, arena) &&
        apply_all(&reading, base, edit, n, err) && findings->n_all == 0) {
        name_observations(json.root, observations);
        out = cJSON_Duplicate(json.root, true);
    }
    cJSON_Delete(reading.defaults);
    json_close(&json);
    return out;
}
