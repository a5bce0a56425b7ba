/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/places.h"

#include <stdio.h>
#include <string.h>

/* Where a draw's entity is an index of these. Loads and faults are keyed by their names, tables have no draws. */
enum place_kind { PLACE_STAGE, PLACE_TOPIC, PLACE_GROUP, PLACE_STORE, PLACE_LOCK, PLACE_PROCESS, PLACE_SCALER };

static uint32_t count_of(const struct scenario *scenario, enum place_kind kind)
{
    switch (kind) {
    case PLACE_STAGE: return scenario->n_stages;
    case PLACE_TOPIC: return scenario->n_topics;
    case PLACE_GROUP: return scenario->n_groups;
    case PLACE_STORE: return scenario->n_stores;
    case PLACE_LOCK: return scenario->n_locks;
    case PLACE_PROCESS: return scenario->n_processes;
    case PLACE_SCALER: return scenario->n_scalers;
    }
    return 0;
}

static const char *name_of(const struct scenario *scenario, enum place_kind kind, uint32_t i)
{
    switch (kind) {
    case PLACE_STAGE: return scenario->stage[i].name;
    case PLACE_TOPIC: return scenario->topic[i].name;
    case PLACE_GROUP: return scenario->group[i].name;
    case PLACE_STORE: return scenario->store[i].name;
    case PLACE_LOCK: return scenario->lock[i].name;
    case PLACE_PROCESS: return scenario->process[i].name;
    case PLACE_SCALER: return scenario->scaler[i].name;
    }
    return "";
}

void places_take(struct places *out, const struct scenario *scenario, struct arena *arena)
{
    for (uint32_t kind = 0; kind < PLACE_KINDS; kind++) {
        out->n[kind] = count_of(scenario, (enum place_kind)kind);
        out->name[kind] = arena_array(arena, const char *, out->n[kind]);
        for (uint32_t i = 0; i < out->n[kind]; i++)
            out->name[kind][i] = arena_strdup(arena, name_of(scenario, (enum place_kind)kind, i));
    }
}

static bool is_elsewhere(const struct places *a, const struct places *b, uint32_t kind, uint32_t at)
{
    for (uint32_t i = 0; i < b->n[kind]; i++)
        if (strcmp(a->name[kind][at], b->name[kind][i]) == 0) return i != at;
    return false;
}

static const char *pointer_to(const char *list, const char *name, struct arena *arena)
{
    const size_t bytes = strlen(list) + strlen(name) + 3;
    char *text = arena_alloc(arena, bytes);
    snprintf(text, bytes, "/%s/%s", list, name);
    return text;
}

const char *places_moved(const struct places *a, const struct places *b, struct arena *arena)
{
    static const char *const list[PLACE_KINDS] = { "stages", "topics",    "groups", "stores",
                                                   "locks",  "processes", "scalers" };
    for (uint32_t kind = 0; kind < PLACE_KINDS; kind++)
        for (uint32_t i = 0; i < a->n[kind]; i++)
            if (is_elsewhere(a, b, kind, i)) return pointer_to(list[kind], a->name[kind][i], arena);
    return NULL;
}
