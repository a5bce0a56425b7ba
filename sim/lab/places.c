/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/places.h"

#include <string.h>

#include "sim/scenario/finding.h"

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

/* ---- steps ---- */

enum step_draw { DRAWS_TIME, DRAWS_LUCK, DRAWS_SENDING, STEP_DRAWS };

struct place_step {
    struct place_step *next;
    const char *stage, *name, *pointer; /* name: what the step does to what, behind that of the step that led here */
    enum step_draw draw;
    uint32_t place;
    double about[2]; /* mean and CV, or how often it refuses: tells steps of one name apart */
};

/* The steps that run one after another until the record ends, and how many words of each kind came before them. */
struct walk {
    const struct scenario *scenario;
    struct place_step **tail;
    struct arena *arena;
    const char *stage;
    uint32_t n_lucks; /* of the stage, in the order in which its paths are compiled */
};

static const char *object_of(const struct scenario *scenario, const struct step_spec *step)
{
    if (step->kind == STEP_WORK) return step->label ? step->label : "";
    if (step->target == NONE) return "";
    if (step->kind == STEP_PUBLISH) return scenario->topic[step->target].name;
    if (step->kind == STEP_LOCK || step->kind == STEP_UNLOCK) return scenario->lock[step->target].name;
    return step->target < scenario->n_tables ? scenario->table[step->target].name : "";
}

static bool varies(const struct dist_spec *spec, double about[2])
{
    dist_moments(spec, &about[0], &about[1]);
    return about[1] > 0;
}

/* Where records come twice, whether this one does is drawn, too. */
static bool sends_draw(const struct scenario *scenario, const struct step_spec *step)
{
    double about[2];
    bool draw = false;
    for (uint32_t f = 0; f < scenario->n_faults; f++) draw = draw || scenario->fault[f].kind == FAULT_DUPLICATE;
    for (uint32_t t = 0; t < scenario->n_topics; t++)
        if (step->kind == STEP_JOIN || step->target == t) draw = draw || varies(&scenario->topic[t].append, about);
    return draw;
}

static void note_step(struct walk *walk, const char *name, const char *pointer, enum step_draw draw, uint32_t place,
                      const double about[2])
{
    struct place_step *step = arena_new(walk->arena, struct place_step);
    *step = (struct place_step){ NULL, walk->stage, name, pointer, draw, place, { about[0], about[1] } };
    *walk->tail = step;
    walk->tail = &step->next;
}

/* As models/plan.c numbers their words: a constant time takes a place, too, but draws nothing. before: words of each
 * kind that the path has taken by then. */
static void note_draws(struct walk *walk, const struct step_spec *step, const char *name, const char *pointer,
                       uint32_t before[STEP_DRAWS])
{
    double about[2] = { step->refuse, 0 };
    if (step->refuse * 0x1p32 >= 0.5) note_step(walk, name, pointer, DRAWS_LUCK, walk->n_lucks++, about);
    if (step->has_time && varies(&step->time, about))
        note_step(walk, name, pointer, DRAWS_TIME, before[DRAWS_TIME], about);
    before[DRAWS_TIME] += step->has_time;
    if (step->kind != STEP_JOIN && (step->kind != STEP_PUBLISH || step->outbox)) return;
    about[0] = about[1] = 0;
    if (sends_draw(walk->scenario, step))
        note_step(walk, name, pointer, DRAWS_SENDING, before[DRAWS_SENDING], about);
    before[DRAWS_SENDING]++;
}

static void walk_path(struct walk *walk, const struct step_spec *step, uint32_t n, const char *name,
                      const char *pointer, const uint32_t begun[STEP_DRAWS])
{
    const char *names[MAX_STEPS], *pointers[MAX_STEPS];
    uint32_t before[MAX_STEPS + 1][STEP_DRAWS];
    memcpy(before[0], begun, sizeof before[0]);
    for (uint32_t i = 0; i < n; i++) {
        names[i] = arena_printf(walk->arena, "%s/%d %s", name, (int)step[i].kind, object_of(walk->scenario, &step[i]));
        pointers[i] = arena_printf(walk->arena, "%s/%u", pointer, i);
        memcpy(before[i + 1], before[i], sizeof before[i]);
        note_draws(walk, &step[i], names[i], pointers[i], before[i + 1]);
    }
    for (uint32_t i = 0; i < n; i++)
        if (step[i].n_otherwise > 0)
            walk_path(walk, step[i].otherwise, step[i].n_otherwise, names[i],
                      arena_printf(walk->arena, "%s/otherwise", pointers[i]), before[i + 1]);
}

static void take_steps(struct places *out, const struct scenario *scenario, struct arena *arena)
{
    static const uint32_t none[STEP_DRAWS];
    struct walk walk = { .scenario = scenario, .tail = &out->step, .arena = arena };
    out->step = NULL;
    for (uint32_t i = 0; i < scenario->n_stages; i++) {
        const struct stage_spec *stage = &scenario->stage[i];
        walk.stage = arena_strdup(arena, stage->name);
        walk.n_lucks = 0;
        walk_path(&walk, stage->step, stage->n_steps, "", arena_printf(arena, "/stages/%s/steps", stage->name), none);
    }
}

/* A step of another name at its place is one that was put there instead; of one name, that with other numbers. */
static bool step_is_elsewhere(const struct place_step *step, const struct places *b)
{
    bool named = false, here = false, same_here = false, same_elsewhere = false;
    for (const struct place_step *other = b->step; other; other = other->next) {
        if (other->draw != step->draw || strcmp(other->stage, step->stage) != 0 || strcmp(other->name, step->name) != 0)
            continue;
        const bool same = memcmp(other->about, step->about, sizeof step->about) == 0;
        named = true;
        here |= other->place == step->place;
        same_here |= same && other->place == step->place;
        same_elsewhere |= same && other->place != step->place;
    }
    return named && (!here || (!same_here && same_elsewhere));
}

/* ---- loads ---- */

/* Of the executors only this one draws. */
static void take_loads(struct places *out, const struct scenario *scenario, struct arena *arena)
{
    out->n_loads = 0;
    out->load = arena_array(arena, const char *, scenario->n_loads);
    for (uint32_t i = 0; i < scenario->n_loads; i++)
        if (scenario->load[i].executor == LOAD_POISSON)
            out->load[out->n_loads++] = arena_strdup(arena, scenario->load[i].name);
}

static const char *load_without(const struct places *a, const struct places *b)
{
    for (uint32_t i = 0; i < a->n_loads; i++) {
        bool there = false;
        for (uint32_t k = 0; k < b->n_loads; k++) there = there || strcmp(a->load[i], b->load[k]) == 0;
        if (!there) return a->load[i];
    }
    return NULL;
}

/* Each has one that the other lacks: what comes in its stead comes at other times. */
static const char *load_renamed(const struct places *a, const struct places *b)
{
    return load_without(b, a) ? load_without(a, b) : NULL;
}

/* ---- faults ---- */

struct place_fault {
    const char *name;
    enum fault_kind kind;
};

static bool length_is_drawn(const struct fault_spec *fault)
{
    double about[2];
    switch (fault->kind) {
    case FAULT_PAUSE: case FAULT_OUTAGE: case FAULT_FAILOVER: case FAULT_SLOW: case FAULT_DUPLICATE: case FAULT_DROP:
        return varies(&fault->lasts, about);
    case FAULT_CRASH: case FAULT_RESTART: case FAULT_SCALE: case FAULT_KINDS: break;
    }
    return false;
}

/* A restart is of all instances, and at a step it is the one that comes there. */
static bool instance_is_drawn(const struct scenario *scenario, const struct fault_spec *fault)
{
    return (fault->kind == FAULT_PAUSE || fault->kind == FAULT_CRASH) && fault->when != WHEN_STEP &&
           fault->instance == NONE && scenario->process[fault->target].instances > 1;
}

static void take_faults(struct places *out, const struct scenario *scenario, struct arena *arena)
{
    out->n_faults = 0;
    out->fault = arena_array(arena, struct place_fault, scenario->n_faults);
    for (uint32_t i = 0; i < scenario->n_faults; i++) {
        const struct fault_spec *fault = &scenario->fault[i];
        if (fault->when == WHEN_RATE || length_is_drawn(fault) || instance_is_drawn(scenario, fault))
            out->fault[out->n_faults++] = (struct place_fault){ arena_strdup(arena, fault->name), fault->kind };
    }
}

static bool has_fault(const struct places *places, const char *name)
{
    for (uint32_t i = 0; i < places->n_faults; i++)
        if (strcmp(places->fault[i].name, name) == 0) return true;
    return false;
}

/* As of a load; one of another kind is no other name, but another fault. */
static const char *fault_renamed(const struct places *a, const struct places *b)
{
    for (uint32_t i = 0; i < a->n_faults; i++) {
        if (has_fault(b, a->fault[i].name)) continue;
        for (uint32_t k = 0; k < b->n_faults; k++)
            if (b->fault[k].kind == a->fault[i].kind && !has_fault(a, b->fault[k].name)) return a->fault[i].name;
    }
    return NULL;
}

/* ---- all ---- */

void places_take(struct places *out, const struct scenario *scenario, struct arena *arena)
{
    for (uint32_t kind = 0; kind < PLACE_KINDS; kind++) {
        out->n[kind] = count_of(scenario, (enum place_kind)kind);
        out->name[kind] = arena_array(arena, const char *, out->n[kind]);
        for (uint32_t i = 0; i < out->n[kind]; i++)
            out->name[kind][i] = arena_strdup(arena, name_of(scenario, (enum place_kind)kind, i));
    }
    take_steps(out, scenario, arena);
    take_loads(out, scenario, arena);
    take_faults(out, scenario, arena);
}

static bool is_elsewhere(const struct places *a, const struct places *b, uint32_t kind, uint32_t at)
{
    for (uint32_t i = 0; i < b->n[kind]; i++)
        if (strcmp(a->name[kind][at], b->name[kind][i]) == 0) return i != at;
    return false;
}

const char *places_moved(const struct places *a, const struct places *b, struct arena *arena)
{
    static const char *const list[PLACE_KINDS] = { "stages", "topics",    "groups", "stores",
                                                   "locks",  "processes", "scalers" };
    for (uint32_t kind = 0; kind < PLACE_KINDS; kind++)
        for (uint32_t i = 0; i < a->n[kind]; i++)
            if (is_elsewhere(a, b, kind, i)) return arena_printf(arena, "/%s/%s", list[kind], a->name[kind][i]);
    for (const struct place_step *step = a->step; step; step = step->next)
        if (step_is_elsewhere(step, b)) return step->pointer;
    const char *load = load_renamed(a, b);
    if (load) return arena_printf(arena, "/load/scenarios/%s", load);
    const char *fault = fault_renamed(a, b);
    return fault ? arena_printf(arena, "/faults/%s", fault) : NULL;
}
