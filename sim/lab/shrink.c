/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/shrink.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "sim/lab/vary.h"
#include "sim/scenario/finding.h"
#include "sim/scenario/write.h"

enum { TRIES_MAX = 1000, ROUNDS_MAX = 8 };

struct shrinking {
    struct stand stand;
    enum invariant_id invariant;
    struct specimen best;
    uint64_t orders; /* created in the best */
    uint32_t tries;
    const struct patience *patience;
    bool unfinished;
    struct arena *arena;
};

/* ---- trying ---- */

static bool may_try(struct shrinking *shrinking)
{
    if (!shrinking->unfinished) shrinking->unfinished = !shrinking->patience->go_on(shrinking->patience->context);
    return !shrinking->unfinished && shrinking->tries < TRIES_MAX;
}

static bool breaks(struct shrinking *shrinking, const struct specimen *specimen)
{
    struct findings findings;
    struct sim_err err = { 0 };
    shrinking->tries++;
    if (!stand_open(&shrinking->stand, specimen, &findings, &err)) return false;
    const struct run_facts *facts = stand_run(&shrinking->stand, specimen, NULL, &err);
    if (!facts || facts->invariant[shrinking->invariant].verdict != VERDICT_BROKEN) return false;
    shrinking->orders = facts->orders.created;
    return true;
}

static bool still_breaks(struct shrinking *shrinking, const struct specimen *specimen)
{
    return may_try(shrinking) && breaks(shrinking, specimen);
}

/* True when the smaller one breaks it, too, and is the best from now on. */
static bool take(struct shrinking *shrinking, const struct specimen *smaller)
{
    if (!still_breaks(shrinking, smaller)) return false;
    shrinking->best = *smaller;
    return true;
}

/* ---- leaving out ---- */

static bool drop_faults(struct shrinking *shrinking)
{
    bool some = false;
    for (uint32_t i = shrinking->best.n_faults; i > 0; i--) {
        struct specimen smaller = specimen_copy(&shrinking->best, 0, shrinking->arena);
        memmove(&smaller.fault[i - 1], &smaller.fault[i], (smaller.n_faults - i) * sizeof *smaller.fault);
        smaller.n_faults--;
        some |= take(shrinking, &smaller);
    }
    return some;
}

static bool drop_values(struct shrinking *shrinking)
{
    bool some = false;
    for (uint32_t i = shrinking->best.n_values; i > 0; i--) {
        struct specimen smaller = specimen_copy(&shrinking->best, 0, shrinking->arena);
        memmove(&smaller.value[i - 1], &smaller.value[i], (smaller.n_values - i) * sizeof *smaller.value);
        smaller.n_values--;
        some |= take(shrinking, &smaller);
    }
    return some;
}

static bool drop_ties(struct shrinking *shrinking)
{
    struct specimen smaller = shrinking->best;
    smaller.ties = false;
    return shrinking->best.ties && take(shrinking, &smaller);
}

/* ---- smaller numbers of the scenario ---- */

/* The specimen with one more value, or with this one in the place of an earlier one. */
static struct specimen with_value(const struct shrinking *shrinking, const struct specimen *specimen,
                                  const char *pointer, uint64_t value)
{
    struct specimen smaller = specimen_copy(specimen, 1, shrinking->arena);
    const struct study_edit edit = { pointer, arena_printf(shrinking->arena, "%llu", (unsigned long long)value) };
    for (uint32_t i = 0; i < smaller.n_values; i++) {
        if (strcmp(smaller.value[i].pointer, pointer) != 0) continue;
        smaller.value[i] = edit;
        return smaller;
    }
    smaller.value[smaller.n_values++] = edit;
    return smaller;
}

/* The least value between low and now that still does it, by halving; breaking need not be monotone, so what is found
 * is small and not the least. */
static bool lower(struct shrinking *shrinking, const char *pointer, uint64_t low, uint64_t now)
{
    bool some = false;
    while (low < now) {
        const uint64_t middle = low + (now - low) / 2;
        const struct specimen smaller = with_value(shrinking, &shrinking->best, pointer, middle);
        if (take(shrinking, &smaller)) now = middle, some = true;
        else low = middle + 1;
    }
    return some;
}

static bool lower_orders(struct shrinking *shrinking)
{
    if (!still_breaks(shrinking, &shrinking->best)) return false; /* counts the orders of the best */
    return shrinking->orders > 1 && lower(shrinking, "/orders/at_most", 1, shrinking->orders);
}

/* The last orders alone, with the content and the luck that they had: one, two, four .. of them. */
static bool skip_orders(struct shrinking *shrinking)
{
    struct findings findings;
    struct sim_err err = { 0 };
    if (!stand_open(&shrinking->stand, &shrinking->best, &findings, &err)) return false;
    const uint64_t first = shrinking->stand.study.scenario.orders.first_id;
    if (!still_breaks(shrinking, &shrinking->best)) return false; /* counts the orders of the best */
    const uint64_t n = shrinking->orders;
    for (uint64_t left = 1; left < n; left *= 2) {
        const struct specimen later = with_value(shrinking, &shrinking->best, "/orders/first_id", first + n - left);
        const struct specimen smaller = with_value(shrinking, &later, "/orders/at_most", left);
        if (take(shrinking, &smaller)) return true;
    }
    return false;
}

/* Consumers and instances. */
static bool lower_crowds(struct shrinking *shrinking)
{
    struct findings findings;
    struct sim_err err = { 0 };
    bool some = false;
    if (!stand_open(&shrinking->stand, &shrinking->best, &findings, &err)) return false;
    struct arena *arena = shrinking->arena;
    const struct scenario *s = &shrinking->stand.study.scenario;
    const uint32_t n_groups = s->n_groups, n_processes = s->n_processes;
    const char **pointer = arena_array(arena, const char *, n_groups + n_processes);
    uint32_t *now = arena_array(arena, uint32_t, n_groups + n_processes), n = 0;
    for (uint32_t i = 0; i < n_groups; i++) {
        pointer[n] = arena_printf(arena, "/groups/%s/consumers", s->group[i].name);
        now[n++] = s->group[i].consumers;
    }
    for (uint32_t i = 0; i < n_processes; i++) {
        pointer[n] = arena_printf(arena, "/processes/%s/instances", s->process[i].name);
        now[n++] = s->process[i].instances;
    }
    for (uint32_t i = 0; i < n; i++)
        if (now[i] > 1) some |= lower(shrinking, pointer[i], 1, now[i]);
    return some;
}

/* ---- shorter and rounder faults ---- */

static struct specimen with_fault(const struct shrinking *shrinking, uint32_t index, const cJSON *fault)
{
    struct specimen smaller = specimen_copy(&shrinking->best, 0, shrinking->arena);
    smaller.fault[index].json = write_line(fault, shrinking->arena);
    return smaller;
}

static bool try_number(struct shrinking *shrinking, uint32_t index, cJSON *fault, cJSON *member, struct quantity value)
{
    const struct quantity before = { cJSON_IsString(member), member->valuedouble };
    char *old = before.is_duration ? arena_strdup(shrinking->arena, member->valuestring) : NULL;
    const char *text = quantity_text(value, shrinking->arena);
    if (before.is_duration) cJSON_SetValuestring(member, text);
    else cJSON_SetNumberHelper(member, value.value);
    const struct specimen smaller = with_fault(shrinking, index, fault);
    if ((!old || strcmp(old, text) != 0) && take(shrinking, &smaller)) return true;
    if (old) cJSON_SetValuestring(member, old);
    else cJSON_SetNumberHelper(member, before.value);
    return false;
}

/* The value rounded to ever more digits, from none; the first that does it. */
static bool round_member(struct shrinking *shrinking, uint32_t index, cJSON *fault, cJSON *member)
{
    struct quantity value = { false, member->valuedouble };
    if (!cJSON_IsNumber(member) && !(cJSON_IsString(member) && quantity_parse(member->valuestring, &value)))
        return false;
    if (!(value.value > 0)) return false;
    for (int digits = 1; digits <= 2; digits++) {
        const double unit = pow(10, floor(log10(value.value)) + 1 - digits);
        const struct quantity rounder = { value.is_duration, round(value.value / unit) * unit };
        if (fabs(rounder.value - value.value) <= 1e-9 * value.value) return false;
        if (rounder.value > 0 && try_number(shrinking, index, fault, member, rounder)) return true;
    }
    return false;
}

static bool halve_member(struct shrinking *shrinking, uint32_t index, cJSON *fault, cJSON *member)
{
    struct quantity value;
    bool some = false;
    if (!cJSON_IsString(member)) return false;
    while (quantity_parse(member->valuestring, &value) && value.is_duration && value.value > 2e6) {
        value.value = value.value > 2e9 ? floor(value.value / 2e9) * 1e9 : floor(value.value / 2e6) * 1e6;
        if (!try_number(shrinking, index, fault, member, value)) break;
        some = true;
    }
    return some;
}

/* As it is at the beginning, or at its strongest. */
static bool set_member(struct shrinking *shrinking, uint32_t index, cJSON *fault, const char *key,
                       struct quantity value)
{
    cJSON *member = cJSON_GetObjectItemCaseSensitive(fault, key);
    if (!member || cJSON_IsString(member) != value.is_duration) return false;
    if (!value.is_duration && member->valuedouble >= value.value) return false;
    return try_number(shrinking, index, fault, member, value);
}

/* A fault at the nth time of a step: an earlier time. */
static bool simplify_when(struct shrinking *shrinking, uint32_t index, cJSON *fault)
{
    cJSON *when = cJSON_GetObjectItemCaseSensitive(fault, "when");
    cJSON *nth = when ? cJSON_GetObjectItemCaseSensitive(when, "nth") : NULL;
    bool some = false;
    while (nth && nth->valuedouble > 1) {
        const struct quantity half = { false, floor(nth->valuedouble / 2) };
        if (!try_number(shrinking, index, fault, nth, half)) break;
        some = true;
    }
    return some;
}

static bool simplify_faults(struct shrinking *shrinking)
{
    bool some = false;
    for (uint32_t i = 0; i < shrinking->best.n_faults; i++) {
        cJSON *fault = cJSON_Parse(shrinking->best.fault[i].json);
        if (!fault) continue;
        some |= simplify_when(shrinking, i, fault);
        some |= set_member(shrinking, i, fault, "at", (struct quantity){ true, 0 });
        some |= set_member(shrinking, i, fault, "share", (struct quantity){ false, 1 });
        for (cJSON *member = fault->child; member; member = member->next) {
            some |= halve_member(shrinking, i, fault, member);
            some |= round_member(shrinking, i, fault, member);
        }
        cJSON_Delete(fault);
    }
    return some;
}

/* ---- all of it ---- */

static void shrink_all(struct shrinking *shrinking)
{
    bool some = true;
    while (drop_faults(shrinking) | drop_values(shrinking)) continue; /* before values are lowered, and stay so */
    for (uint32_t round = 0; some && round < ROUNDS_MAX; round++) {
        some = drop_faults(shrinking);
        some |= drop_ties(shrinking);
        some |= lower_orders(shrinking);
        some |= skip_orders(shrinking);
        some |= lower_crowds(shrinking);
        some |= simplify_faults(shrinking);
    }
}

bool shrink(const struct specimen *specimen, enum invariant_id invariant, const struct patience *patience,
            struct shrunk *out, struct arena *arena, struct sim_err *err)
{
    struct shrinking shrinking = { .invariant = invariant, .patience = patience, .arena = arena };
    shrinking.best = specimen_copy(specimen, 0, arena);
    const bool repeats = !may_try(&shrinking) || breaks(&shrinking, &shrinking.best);
    if (repeats) shrink_all(&shrinking);
    stand_fini(&shrinking.stand);
    *out = (struct shrunk){ shrinking.best, invariant, shrinking.tries, shrinking.unfinished };
    return repeats || sim_fail(err, SIM_ERUNTIME, NULL,
                               "the run with seed %llu breaks nothing when it is repeated; please report this",
                               (unsigned long long)specimen->seed);
}
