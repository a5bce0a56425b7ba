/* SPDX-License-Identifier: GPL-3.0-or-later
 * Faults. A fault is an object with one key that says its kind and what it happens to, and options; it happens at a
 * given time ("at"), again and again ("every"), drawn ("rate_per_h"), or as a thread comes to a step ("when"). */
#include "sim/scenario/reader.h"

#include <string.h>

enum option { OPTION_INSTANCE = 1, OPTION_FOR = 2, OPTION_STEP = 4 };

/* In the order of enum fault_kind. */
static const struct fault_form {
    const char *key;
    unsigned options;
} forms[FAULT_KINDS] = {
    { "pause", OPTION_INSTANCE | OPTION_FOR | OPTION_STEP },
    { "crash", OPTION_INSTANCE | OPTION_STEP },
    { "restart", OPTION_INSTANCE },
    { "scale", 0 },
    { "outage", OPTION_FOR | OPTION_STEP },
    { "failover", OPTION_FOR | OPTION_STEP },
    { "slow", OPTION_FOR | OPTION_STEP },
    { "duplicate", OPTION_FOR },
    { "drop", OPTION_FOR },
};

/* The one key that says what happens; FAULT_KINDS with a finding. */
static uint32_t find_kind(struct cursor *fault)
{
    const char *kinds[FAULT_KINDS];
    uint32_t found = FAULT_KINDS;
    for (uint32_t i = 0; i < FAULT_KINDS; i++) {
        kinds[i] = forms[i].key;
        if (!cJSON_GetObjectItemCaseSensitive(fault->node, forms[i].key)) continue;
        if (found < FAULT_KINDS) {
            cursor_finding(fault, "%s and %s in one fault; a fault does one thing", forms[found].key, forms[i].key);
            return FAULT_KINDS;
        }
        found = i;
    }
    if (found < FAULT_KINDS) return found;
    if (cursor_misspells(fault, kinds, FAULT_KINDS)) return FAULT_KINDS;
    const char *list = kinds[0];
    for (uint32_t i = 1; i < FAULT_KINDS; i++) list = arena_printf(fault->reading->arena, "%s, %s", list, kinds[i]);
    cursor_finding(fault, "the fault does not say what happens; one of %s is needed", list);
    return FAULT_KINDS;
}

/* ---- what it happens to ---- */

static bool is_word(struct cursor *fault, const char *key, const char *word)
{
    const cJSON *node = cJSON_GetObjectItemCaseSensitive(fault->node, key);
    return cJSON_IsString(node) && strcmp(node->valuestring, word) == 0;
}

/* A store, or the broker by its name. */
static void read_server(struct reader *reader, struct cursor *fault, const char *key, struct fault_spec *out)
{
    out->on = is_word(fault, key, "kafka") ? ON_KAFKA : ON_STORE;
    struct cursor at = cursor_at(fault, key, REQUIRED);
    if (out->on == ON_KAFKA) cursor_copy(&at);
    else cursor_name(&at, &reader->stores, &out->target);
}

/* Stages, stores and the broker may be slow; a name may not be both a stage's and a store's. */
static void read_slow(struct reader *reader, struct cursor *fault, struct fault_spec *out)
{
    struct cursor at = cursor_at(fault, "slow", REQUIRED);
    const char *name = "";
    if (!at.node || !cursor_text(&at, &name)) return;
    const uint32_t n_stages = reader->stages.n, n_stores = reader->stores.n;
    const uint32_t stage = names_find(&reader->stages, name), store = names_find(&reader->stores, name);
    const char **all = arena_array(fault->reading->arena, const char *, n_stages + n_stores + 1);
    for (uint32_t i = 0; i < n_stages; i++) all[i] = reader->stages.name[i];
    for (uint32_t i = 0; i < n_stores; i++) all[n_stages + i] = reader->stores.name[i];
    all[n_stages + n_stores] = "kafka";
    out->on = stage < n_stages ? ON_STAGE : store < n_stores ? ON_STORE : ON_KAFKA;
    out->target = stage < n_stages ? stage : store < n_stores ? store : NONE;
    if (stage < n_stages && store < n_stores)
        cursor_finding(&at, "%s is a stage and a store; give one of them another name", name);
    else if (out->on == ON_KAFKA && strcmp(name, "kafka") != 0)
        cursor_finding(&at, "there is no stage or store \"%.60s\"; %s", name,
                       name_advice(fault->reading->arena, name, all, n_stages + n_stores + 1));
}

static void read_target(struct reader *reader, struct cursor *fault, struct fault_spec *out)
{
    const char *key = forms[out->kind].key;
    switch (out->kind) {
    case FAULT_PAUSE:
    case FAULT_CRASH:
    case FAULT_RESTART: read_name(fault, key, &out->target, REQUIRED, &reader->processes); break;
    case FAULT_SCALE:
        out->on = ON_GROUP;
        read_name(fault, key, &out->target, REQUIRED, &reader->groups);
        break;
    case FAULT_OUTAGE: read_server(reader, fault, key, out); break;
    case FAULT_FAILOVER:
        out->on = ON_STORE;
        read_name(fault, key, &out->target, REQUIRED, &reader->stores);
        break;
    case FAULT_SLOW: read_slow(reader, fault, out); break;
    case FAULT_DUPLICATE:
        out->on = ON_TOPIC;
        read_name(fault, key, &out->target, REQUIRED, &reader->topics);
        break;
    case FAULT_DROP:
        out->on = ON_LOCK;
        read_name(fault, key, &out->target, REQUIRED, &reader->locks);
        break;
    case FAULT_KINDS: break;
    }
}

static void read_instance(struct reader *reader, struct cursor *fault, struct fault_spec *out)
{
    const uint32_t n = out->target == NONE ? 1 : reader->scenario->process[out->target].instances;
    read_u32(fault, "instance", &out->instance, OPTIONAL, 0, n - 1);
}

/* ---- when ---- */

/* An instant under a key; "load_end+30s" as well. */
static void read_time(struct reader *reader, struct cursor *fault, const char *key, const char *fallback, sim_ns *out)
{
    struct cursor at = cursor_at(fault, key, fallback);
    if (at.node) read_instant(reader, &at, out);
}

/* A step by its place in "steps", from 0, or by what it is: the label of a work step, or the first of its kind. */
static void read_step_of(struct reader *reader, struct cursor *when, struct fault_spec *out)
{
    const struct stage_spec *stage = &reader->scenario->stage[out->stage];
    struct cursor at = cursor_at(when, "step", REQUIRED);
    if (cJSON_IsNumber(at.node)) {
        uint64_t index = 0;
        if (cursor_whole(&at, &index, 0, stage->n_steps - 1)) out->step = (uint32_t)index;
        return;
    }
    const char *names[MAX_STEPS];
    for (uint32_t i = 0; i < stage->n_steps; i++) {
        const char *name = step_name(&stage->step[i]);
        names[i] = name ? name : ""; /* a work step whose label could not be read: a finding already */
    }
    struct names steps = { .what = "step", .n = stage->n_steps, .name = names };
    cursor_name(&at, &steps, &out->step);
}

static void read_step(struct reader *reader, struct cursor *fault, struct fault_spec *out)
{
    static const char *const phases[] = { "before", "after" };
    uint32_t phase = 0;
    struct cursor when = cursor_object(fault, "when", REQUIRED);
    out->stage = NONE;
    read_name(&when, "stage", &out->stage, REQUIRED, &reader->stages);
    if (out->stage != NONE) read_step_of(reader, &when, out);
    read_enum_of(&when, "phase", &phase, "after", phases, 2);
    out->step += phase;
    if (cursor_has(&when, "order")) read_u64(&when, "order", &out->order_id, REQUIRED, 1, MAX_ID);
    else read_u64(&when, "nth", &out->nth, "1", 1, WHOLE_MAX);
    if (out->order_id > 0 && cursor_has(&when, "nth"))
        cursor_finding(&when, "nth and order; it is the nth time, or the time of that order");
    cursor_close(&when);
}

static void read_when(struct reader *reader, struct cursor *fault, struct fault_spec *out)
{
    static const char *const keys[] = { "at", "every", "rate_per_h", "when" };
    uint32_t n = 0;
    const bool by_step = forms[out->kind].options & OPTION_STEP;
    for (uint32_t i = 0; i < (by_step ? 4u : 3u); i++)
        if (cursor_has(fault, keys[i])) out->when = (enum fault_when)i, n++;
    if (n != 1) {
        cursor_finding(fault, "when it happens is said by one of at, every, rate_per_h%s; %s", by_step ? ", when" : "",
                       n > 1 ? "here are several" : "here is none");
        return;
    }
    out->until_ns = SIM_NEVER;
    switch (out->when) {
    case WHEN_AT: read_time(reader, fault, "at", REQUIRED, &out->at_ns); return;
    case WHEN_STEP: read_step(reader, fault, out); return;
    case WHEN_EVERY: read_ns(fault, "every", &out->every_ns, REQUIRED, SIM_MS, LONGEST_NS); break;
    case WHEN_RATE: read_number(fault, "rate_per_h", &out->rate_per_h, REQUIRED, 1e-6, 1e6); break;
    }
    read_time(reader, fault, "from", "0s", &out->from_ns);
    read_time(reader, fault, "until", OPTIONAL, &out->until_ns);
}

/* ---- options ---- */

static void read_scale(struct reader *reader, struct cursor *fault, struct fault_spec *out)
{
    read_u32(fault, "to", &out->consumers, REQUIRED, 0, MAX_CONSUMERS);
    if (out->target == NONE) return;
    struct group_spec *group = &reader->group[out->target];
    if (out->consumers > group->consumers_max) group->consumers_max = out->consumers;
}

static void read_restart(struct cursor *fault, struct fault_spec *out)
{
    read_ns(fault, "back_after", &out->back_after_ns, "20s", 0, LONGEST_NS);
    read_ns(fault, "kill_after", &out->kill_after_ns, "10s", 0, LONGEST_NS); /* spring-kafka's shutdownTimeout */
    read_bool(fault, "rolling", &out->rolling, "true");
}

static void read_options(struct reader *reader, struct cursor *fault, struct fault_spec *out)
{
    switch (out->kind) {
    case FAULT_CRASH:
        out->comes_back = cursor_has(fault, "back_after");
        read_ns(fault, "back_after", &out->back_after_ns, OPTIONAL, 0, LONGEST_NS);
        break;
    case FAULT_RESTART: read_restart(fault, out); break;
    case FAULT_SCALE: read_scale(reader, fault, out); break;
    case FAULT_OUTAGE:
        if (out->on == ON_KAFKA) break;
        read_bool(fault, "answers_only", &out->answers_only, "false");
        read_bool(fault, "loses_keys", &out->loses_keys, "false");
        break;
    case FAULT_FAILOVER: read_ns(fault, "lost", &out->lost_ns, "0s", 0, LONGEST_NS); break;
    case FAULT_SLOW: read_number(fault, "factor", &out->factor, REQUIRED, 1e-3, 1e6); break;
    case FAULT_DUPLICATE:
    case FAULT_DROP: read_number(fault, "share", &out->share, "1", 0, 1); break;
    case FAULT_PAUSE:
    case FAULT_KINDS: break;
    }
}

static void read_fault(struct reader *reader, struct cursor *fault, struct fault_spec *out)
{
    const uint32_t kind = find_kind(fault);
    if (kind == FAULT_KINDS) return;
    out->kind = (enum fault_kind)kind;
    read_target(reader, fault, out);
    if (forms[kind].options & OPTION_INSTANCE) read_instance(reader, fault, out);
    read_when(reader, fault, out);
    if (forms[kind].options & OPTION_FOR) read_dist(reader, fault, "for", &out->lasts, REQUIRED);
    read_options(reader, fault, out);
    cursor_close(fault);
}

void read_fault_list(struct reader *reader, struct cursor *faults, const struct names *names, struct fault_spec *out)
{
    uint32_t n = 0;
    for (const cJSON *child = cursor_first(faults); child; child = cursor_next(child)) {
        struct cursor one = cursor_child(faults, child, n);
        out[n].name = names->name[n];
        out[n].target = out[n].instance = NONE;
        if (cursor_is_object(&one)) read_fault(reader, &one, &out[n]);
        n++;
    }
}

void read_faults(struct reader *reader, struct cursor *document)
{
    struct names names = names_of_section(document, "faults", "fault", MAX_FAULTS);
    struct cursor faults = cursor_object(document, "faults", OPTIONAL);
    if (!faults.node) return;
    struct fault_spec *out = arena_array(reader->reading.arena, struct fault_spec, names.n);
    read_fault_list(reader, &faults, &names, out);
    cursor_close_names(&faults);
    reader->scenario->n_faults = names.n;
    reader->scenario->fault = out;
}

const char *fault_word(enum fault_kind kind) { return forms[kind].key; }

bool fault_has_step(enum fault_kind kind) { return forms[kind].options & OPTION_STEP; }
