/* SPDX-License-Identifier: GPL-3.0-or-later
 * Stages: programs of steps. A step is an object with one key that says its kind, and options. */
#include "sim/scenario/reader.h"

#include <stdio.h>
#include <string.h>

enum target_kind {
    TARGET_WORD, TARGET_POOL, TARGET_TABLE, TARGET_LOCK, TARGET_TOPIC, TARGET_LABEL, TARGET_CODE, TARGET_STATUS
};

/* In the order of enum step_kind. */
static const struct step_form {
    const char *key;
    enum target_kind target;
    const char *word; /* TARGET_WORD: the only thing it may say */
    bool remote;      /* takes effect within its duration, elsewhere */
    bool refusable;   /* may carry otherwise */
    bool luck;        /* may carry refuse */
} forms[STEP_KINDS] = {
    { "connection", TARGET_POOL, NULL, true, true, false }, { "begin", TARGET_TABLE, NULL, false, false, false },
    { "read", TARGET_TABLE, NULL, true, false, true },        { "write", TARGET_TABLE, NULL, true, true, true },
    { "flush", TARGET_TABLE, NULL, true, false, false },      { "commit", TARGET_TABLE, NULL, true, false, false },
    { "rollback", TARGET_TABLE, NULL, true, false, false },   { "lock", TARGET_LOCK, NULL, true, true, false },
    { "unlock", TARGET_LOCK, NULL, true, false, false },      { "insert", TARGET_TABLE, NULL, true, false, false },
    { "work", TARGET_LABEL, NULL, false, false, true },       { "publish", TARGET_TOPIC, NULL, false, false, false },
    { "reply", TARGET_CODE, NULL, false, false, false },      { "once", TARGET_WORD, "order_id", false, true, false },
    { "join", TARGET_WORD, "order", true, false, false },     { "status", TARGET_STATUS, NULL, true, false, false },
};

static const char *const kind_names[STEP_KINDS] = {
    "connection", "begin",  "read", "write",   "flush", "commit", "rollback", "lock",
    "unlock",     "insert", "work", "publish", "reply", "once",   "join",     "status",
};

const char *const *step_kind_names(void) { return kind_names; }

static const char *const styles[] = { "conditional", "version", "absolute", "for-update" };
const char *const effect_names[EFFECTS] = { "reserve", "restore", "use", "debit" };

/* outer: of a transaction around the stage, whose own statements take another. */
static const char *const pools[] = { "pool", "outer" };
static const char *const statuses[] = { "PENDING", "PAYING", "PAID", "FAILED", "CANCELLED" };

/* The one key that says what the step does; STEP_KINDS with a finding. */
static uint32_t find_kind(struct cursor *step)
{
    const char *kinds[STEP_KINDS];
    uint32_t found = STEP_KINDS;
    for (uint32_t i = 0; i < STEP_KINDS; i++) {
        kinds[i] = forms[i].key;
        if (!cJSON_GetObjectItemCaseSensitive(step->node, forms[i].key)) continue;
        if (found < STEP_KINDS) {
            cursor_finding(step, "%s and %s in one step; a step does one thing", forms[found].key, forms[i].key);
            return STEP_KINDS;
        }
        found = i;
    }
    if (found < STEP_KINDS) return found;
    if (cursor_misspells(step, kinds, STEP_KINDS)) return STEP_KINDS;
    const char *list = kinds[0];
    for (uint32_t i = 1; i < STEP_KINDS; i++) list = arena_printf(step->reading->arena, "%s, %s", list, kinds[i]);
    cursor_finding(step, "the step does not say what it does; one of %s is needed", list);
    return STEP_KINDS;
}

static void read_target(struct reader *reader, struct cursor *step, const struct step_form *form, struct step_spec *out)
{
    uint32_t word = 0, code = 0;
    switch (form->target) {
    case TARGET_WORD: read_enum_of(step, form->key, &word, REQUIRED, &form->word, 1); break;
    case TARGET_POOL:
        read_enum(step, form->key, word, REQUIRED, pools);
        out->outer = word == 1;
        break;
    case TARGET_TABLE: read_name(step, form->key, &out->target, REQUIRED, &reader->tables); break;
    case TARGET_LOCK: read_name(step, form->key, &out->target, REQUIRED, &reader->locks); break;
    case TARGET_TOPIC: read_name(step, form->key, &out->target, REQUIRED, &reader->topics); break;
    case TARGET_LABEL: read_text(step, form->key, &out->label, REQUIRED); break;
    case TARGET_CODE: read_u32(step, form->key, &code, REQUIRED, 100, 599); break;
    case TARGET_STATUS: read_enum(step, form->key, out->status, REQUIRED, statuses); break;
    }
}

void refuse_option(struct cursor *step, const char *key, const char *why)
{
    if (!cJSON_GetObjectItemCaseSensitive(step->node, key)) return;
    struct cursor at = cursor_at(step, key, OPTIONAL);
    at.by_key = true;
    cursor_finding(&at, "%s", why);
}

static void read_write_options(struct reader *reader, struct cursor *step, struct step_spec *out)
{
    static const char *const unknowns[] = { "skip", "blind", "tombstone" };
    read_enum(step, "style", out->style, "conditional", styles);
    read_enum(step, "effect", out->effect, REQUIRED, effect_names);
    if (out->effect == EFFECT_RESTORE) read_enum(step, "unknown", out->unknown, "skip", unknowns);
    else refuse_option(step, "unknown", "only a write with the effect restore may find nothing to restore");
    if (out->style != STYLE_VERSION) {
        refuse_option(step, "tries", "only a write of style version is tried again");
        refuse_option(step, "backoff", "only a write of style version is tried again");
        return;
    }
    read_u32(step, "tries", &out->tries, "3", 1, 1000); /* spring-retry's default, and its pause */
    read_dist(reader, step, "backoff", &out->backoff, "1s");
}

static void read_once_options(struct cursor *step, struct step_spec *out)
{
    static const char *const forms_of_once[] = { "same-transaction",  "check-then-act", "setnx-before", "setnx-after",
                                                 "other-transaction", "business-state", "none" };
    read_enum(step, "form", out->form, "same-transaction", forms_of_once);
}

static void read_publish_options(struct cursor *step, struct step_spec *out)
{
    static const char *const ways[] = { "producer", "outbox" };
    uint32_t way = 0;
    read_enum_of(step, "via", &way, OPTIONAL, ways, 2);
    out->outbox = way == 1;
}

/* The row compares the token of a fenced lock. */
static void read_fence(struct reader *reader, struct cursor *step, struct step_spec *out)
{
    static const char *const tokens[] = { "held", "current" };
    out->fenced = cursor_has(step, "fence");
    read_name(step, "fence", &out->fence, OPTIONAL, &reader->locks);
    uint32_t current = 0;
    if (out->fenced) read_enum_of(step, "token", &current, "held", tokens, 2);
    else refuse_option(step, "token", "a token is that of a \"fence\", which is not given");
    out->fence_current = current == 1;
}

static void read_lock_options(struct cursor *step, struct step_spec *out)
{
    out->wait_ns = out->lease_ns = -1;
    if (read_ns_or(step, "wait", "forever", &out->wait_ns, OPTIONAL, 0, LONGEST_NS)) out->wait_ns = SIM_NEVER;
    read_ns(step, "lease", &out->lease_ns, OPTIONAL, 1, LONGEST_NS);
}

static void read_timing(struct reader *reader, struct cursor *step, const struct step_form *form, struct step_spec *out)
{
    out->has_time = cursor_has(step, "time");
    read_number(step, "share", &out->share, OPTIONAL, 0, 1);
    read_dist(reader, step, "time", &out->time, OPTIONAL);
    if (out->has_time && cursor_has(step, "share"))
        cursor_finding(step, "share and time; a step has one of them, or none");
    out->effect_at = form->remote ? 0.5 : 1;
    if (form->remote) read_number(step, "at", &out->effect_at, "0.5", 0, 1);
}

static uint32_t read_steps(struct reader *reader, struct cursor *object, const char *key, const char *fallback,
                           const struct step_spec **out, uint32_t *n_all);

static void read_step(struct reader *reader, struct cursor *step, struct step_spec *out, uint32_t *n_all)
{
    out->target = NONE;
    uint32_t kind = find_kind(step);
    if (kind == STEP_KINDS) return;
    const struct step_form *form = &forms[kind];
    out->kind = (enum step_kind)kind;
    read_target(reader, step, form, out);
    if (out->kind == STEP_WRITE) read_write_options(reader, step, out);
    if (out->kind == STEP_WRITE || out->kind == STEP_READ) read_fence(reader, step, out);
    if (out->kind == STEP_LOCK) read_lock_options(step, out);
    if (out->kind == STEP_ONCE) read_once_options(step, out);
    if (out->kind == STEP_PUBLISH) read_publish_options(step, out);
    if (out->kind == STEP_UNLOCK) {
        read_bool(step, "guard", &out->guard, OPTIONAL);
        read_bool(step, "finally", &out->always, OPTIONAL);
    }
    read_timing(reader, step, form, out);
    if (form->luck) read_number(step, "refuse", &out->refuse, OPTIONAL, 0, 1);
    if (form->refusable || out->refuse > 0)
        out->n_otherwise = read_steps(reader, step, "otherwise", OPTIONAL, &out->otherwise, n_all);
    else
        refuse_option(step, "otherwise",
                      form->luck ? "this step is refused only where \"refuse\" is above 0"
                                 : "this step is never refused");
    cursor_close(step);
}

/* n_all: steps of the stage so far, those of otherwise included. */
static uint32_t read_steps(struct reader *reader, struct cursor *object, const char *key, const char *fallback,
                           const struct step_spec **out, uint32_t *n_all)
{
    struct cursor steps = cursor_array(object, key, fallback);
    uint32_t n = cursor_size(&steps), i = 0;
    if (!steps.node) return 0;
    if (n == 0) cursor_finding(&steps, "no steps; at least one is needed");
    struct step_spec *step = arena_array(reader->reading.arena, struct step_spec, n);
    for (const cJSON *child = cursor_first(&steps); child; child = cursor_next(child), i++) {
        struct cursor one = cursor_child(&steps, child, i);
        if (++*n_all == MAX_STEPS + 1)
            cursor_finding(&one, "step %u of the stage; at most %d are run", *n_all, MAX_STEPS);
        if (*n_all <= MAX_STEPS && cursor_is_object(&one)) read_step(reader, &one, &step[i], n_all);
    }
    *out = step;
    return n;
}

const char *step_name(const struct step_spec *step)
{
    return step->kind == STEP_WORK ? step->label : forms[step->kind].key;
}

void read_stages(struct reader *reader, struct cursor *document)
{
    struct cursor stages = cursor_object(document, "stages", "{}");
    struct stage_spec *out = arena_array(reader->reading.arena, struct stage_spec, reader->stages.n);
    uint32_t n = 0;
    for (const cJSON *child = cursor_first(&stages); child; child = cursor_next(child)) {
        struct cursor one = cursor_child(&stages, child, n);
        uint32_t n_all = 0;
        out[n].name = reader->stages.name[n];
        cursor_is_object(&one);
        out[n].has_time = cursor_has(&one, "time");
        read_dist(reader, &one, "time", &out[n].time, OPTIONAL);
        out[n].n_steps = read_steps(reader, &one, "steps", REQUIRED, &out[n].step, &n_all);
        cursor_close(&one);
        n++;
    }
    cursor_close_names(&stages);
    reader->scenario->n_stages = n;
    reader->scenario->stage = out;
}

/* ---- flow ---- */

static void read_legs(struct reader *reader, struct cursor *flow, struct flow_spec *out)
{
    struct names names = names_of_section(flow, "legs", "leg", MAX_LEGS);
    struct cursor legs = cursor_object(flow, "legs", REQUIRED);
    struct leg_spec *leg = arena_array(reader->reading.arena, struct leg_spec, names.n);
    uint32_t n = 0;
    if (legs.node && names.n == 0) cursor_finding(&legs, "no legs; a flow joins one or more");
    for (const cJSON *child = cursor_first(&legs); child; child = cursor_next(child)) {
        struct cursor one = cursor_child(&legs, child, n);
        leg[n] = (struct leg_spec){ .name = names.name[n], .ok = NONE, .failed = NONE, .undo = NONE };
        cursor_is_object(&one);
        read_name(&one, "ok", &leg[n].ok, REQUIRED, &reader->topics);
        read_name(&one, "failed", &leg[n].failed, OPTIONAL, &reader->topics);
        read_name(&one, "undo", &leg[n].undo, OPTIONAL, &reader->topics);
        cursor_close(&one);
        n++;
    }
    cursor_close_names(&legs);
    out->n_legs = n;
    out->leg = leg;
}

static void read_sweeper(struct reader *reader, struct cursor *flow, struct flow_spec *out)
{
    static const char *const guards[] = { "compare-and-set", "none" };
    uint32_t guard = 0;
    struct cursor sweeper = cursor_object(flow, "sweeper", OPTIONAL);
    out->sweeper.process = NONE; /* that of the join: check_flow */
    if (!sweeper.node) return;
    out->sweeper.given = true;
    read_ns(&sweeper, "every", &out->sweeper.every_ns, "10s", SIM_MS, LONGEST_NS);
    read_ns(&sweeper, "older_than", &out->sweeper.older_than_ns, REQUIRED, 0, LONGEST_NS);
    read_dist(reader, &sweeper, "time", &out->sweeper.takes, "1ms");
    read_enum_of(&sweeper, "guard", &guard, "compare-and-set", guards, 2);
    out->sweeper.guarded = guard == 0;
    read_bool(&sweeper, "paying", &out->sweeper.paying, "false");
    read_name(&sweeper, "process", &out->sweeper.process, OPTIONAL, &reader->processes);
    cursor_close(&sweeper);
}

void read_flow(struct reader *reader, struct cursor *document)
{
    static const char *const guards[] = { "compare-and-set", "row-lock", "none", "whole-row" };
    static const char *const undos[] = { "answered", "at-once" };
    static const char *const ways[] = { "after-commit", "outbox" };
    uint32_t way = 0;
    struct flow_spec *out = &reader->scenario->flow;
    *out = (struct flow_spec){ .then = NONE, .then_ok = NONE, .then_failed = NONE, .then_undo = NONE };
    struct cursor flow = cursor_object(document, "flow", OPTIONAL);
    if (!flow.node) return;
    out->given = true;
    read_enum(&flow, "guard", out->guard, "compare-and-set", guards);
    read_enum(&flow, "undo", out->undo, "answered", undos);
    read_enum_of(&flow, "sends", &way, "after-commit", ways, 2);
    out->outbox = way == 1;
    read_legs(reader, &flow, out);
    read_sweeper(reader, &flow, out);
    struct cursor then = cursor_object(&flow, "then", REQUIRED);
    read_name(&then, "publish", &out->then, REQUIRED, &reader->topics);
    read_name(&then, "ok", &out->then_ok, OPTIONAL, &reader->topics);
    read_name(&then, "failed", &out->then_failed, OPTIONAL, &reader->topics);
    read_name(&then, "undo", &out->then_undo, OPTIONAL, &reader->topics);
    cursor_close(&then);
    cursor_close(&flow);
}
