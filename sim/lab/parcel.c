/* SPDX-License-Identifier: GPL-3.0-or-later
 * The structs as they lie in memory, then the arrays behind their pointers. */
#include "sim/lab/parcel.h"

#include <string.h>

struct label {
    struct result result;
    bool has_thin;
    struct thin thin;
};

static size_t thin_bytes(const struct thin *thin)
{
    return THIN_POINTS * (sizeof *thin->t_s + thin->n_groups * (sizeof *thin->lag + sizeof *thin->backlog));
}

static size_t parcel_bytes(const struct label *label)
{
    return sizeof *label + label->result.n * sizeof *label->result.value +
           label->result.n_invariants * sizeof *label->result.invariant +
           label->result.n_chains * sizeof *label->result.chain +
           (label->has_thin ? thin_bytes(&label->thin) : 0);
}

static void *put(char **at, const void *bytes, size_t size)
{
    void *place = *at;
    if (size > 0) memcpy(place, bytes, size);
    *at += size;
    return place;
}

void *parcel_make(const struct result *result, const struct thin *thin, size_t *size, struct arena *arena)
{
    struct label label;
    memset(&label, 0, sizeof label); /* no byte of the process's own between the members */
    label.result = *result;
    label.has_thin = thin != NULL;
    if (thin) label.thin = *thin;
    *size = parcel_bytes(&label);
    void *parcel = arena_alloc(arena, *size);
    char *at = parcel;
    put(&at, &label, sizeof label);
    put(&at, result->value, result->n * sizeof *result->value);
    put(&at, result->invariant, result->n_invariants * sizeof *result->invariant);
    put(&at, result->chain, result->n_chains * sizeof *result->chain);
    if (!thin) return parcel;
    put(&at, thin->t_s, THIN_POINTS * sizeof *thin->t_s);
    put(&at, thin->lag, thin->n_groups * THIN_POINTS * sizeof *thin->lag);
    put(&at, thin->backlog, thin->n_groups * THIN_POINTS * sizeof *thin->backlog);
    return parcel;
}

static void *get(const char **at, size_t size, struct arena *arena)
{
    void *copy = arena_alloc(arena, size + 1);
    memcpy(copy, *at, size);
    *at += size;
    return copy;
}

static void get_result(const char **at, struct result *result, struct arena *arena)
{
    struct invariant_facts *invariant;
    result->value = get(at, result->n * sizeof *result->value, arena);
    result->invariant = invariant = get(at, result->n_invariants * sizeof *invariant, arena);
    result->chain = get(at, result->n_chains * sizeof *result->chain, arena);
    for (uint32_t i = 0; i < result->n_invariants; i++) invariant[i].name = invariant[i].meaning = NULL;
}

bool parcel_open(const void *bytes, size_t size, struct result **result, struct thin **thin, struct arena *arena)
{
    const char *at = bytes;
    if (size < sizeof(struct label)) return false;
    struct label *label = get(&at, sizeof *label, arena);
    if (size != parcel_bytes(label)) return false;
    *result = &label->result;
    *thin = label->has_thin ? &label->thin : NULL;
    get_result(&at, *result, arena);
    if (!*thin) return true;
    const size_t n = (size_t)label->thin.n_groups * THIN_POINTS;
    label->thin.t_s = get(&at, THIN_POINTS * sizeof *label->thin.t_s, arena);
    label->thin.lag = get(&at, n * sizeof *label->thin.lag, arena);
    label->thin.backlog = get(&at, n * sizeof *label->thin.backlog, arena);
    return true;
}
