/* SPDX-License-Identifier: GPL-3.0-or-later
 * Whether a stage's steps make sense in their order, on each path: the main one, and those that leave it where a step
 * is refused. Shares add up to 1; what is locked is unlocked, what is begun is committed or rolled back, and both only
 * once there is something to unlock or commit. To unlock before the commit is allowed: to show what comes of it is what
 * this program is for. */
#include "sim/scenario/check.h"

#include <math.h>
#include <string.h>

#define SHARE_TOLERANCE             1e-9
enum { OUTBOX_MAX = 8 };
#define FINDING(walk, pointer, ...) reading_finding(&(walk)->reader->reading, (pointer), __VA_ARGS__)

struct held {
    uint32_t lock;
    const char *at;
};

struct effect_use {
    uint32_t table;
    const char *at;
};

/* State on the way through one stage; copied where a path leaves another. */
struct walk {
    struct reader *reader;
    const struct stage_spec *stage;
    struct effect_use *effects; /* of the whole scenario, by effect; at NULL: not yet */
    bool is_api, is_read;       /* run by the API, by a group */
    uint32_t n_held;
    struct held held[MAX_LOCKS_HELD];
    uint32_t open_table; /* of the transaction; NONE */
    const char *begin_at;
    bool begun_before; /* on the path that this one leaves */
    uint32_t row[MAX_TABLES], n_rows; /* tables, of what is read and written up to the end of a transaction */
    uint32_t n_inserts, n_statuses; /* of the open transaction */
    uint32_t n_outbox;
    double share;
    const char *refused_at; /* where this path left the main one; NULL: it is the main one */
};

static const char *table_name(const struct walk *walk, uint32_t table)
{
    return walk->reader->scenario->table[table].name;
}
static const char *lock_name(const struct walk *walk, uint32_t lock) { return walk->reader->scenario->lock[lock].name; }

/* ---- locks ---- */

static void note_lock(struct walk *walk, const struct step_spec *step, const char *at)
{
    if (walk->n_held == MAX_LOCKS_HELD) FINDING(walk, at, "more than %d locks held at once", MAX_LOCKS_HELD);
    else walk->held[walk->n_held++] = (struct held){ step->target, at };
}

static void note_unlock(struct walk *walk, const struct step_spec *step, const char *at)
{
    for (uint32_t i = walk->n_held; i > 0; i--) {
        if (walk->held[i - 1].lock != step->target) continue;
        walk->n_held--;
        memmove(&walk->held[i - 1], &walk->held[i], (walk->n_held - (i - 1)) * sizeof walk->held[0]);
        return;
    }
    if (step->always) return; /* a finally block unlocks whatever tryLock said: what comes of it is to be seen */
    FINDING(walk, at, "lock %s is not held here; a finally block that unlocks all the same says \"finally\": true",
            lock_name(walk, step->target));
}

/* ---- transactions ---- */

static void note_begin(struct walk *walk, const struct step_spec *step, const char *at)
{
    if (walk->open_table != NONE) {
        FINDING(walk, at, "a transaction is open already, begun at %s; one does for several tables", walk->begin_at);
        return;
    }
    walk->open_table = step->target;
    walk->begin_at = at;
    walk->begun_before = false;
    walk->n_inserts = walk->n_statuses = 0;
}

static void note_end(struct walk *walk, const struct step_spec *step, const char *at)
{
    if (walk->open_table == NONE) FINDING(walk, at, "no transaction is open here; \"begin\" one");
    else if (walk->open_table != step->target)
        FINDING(walk, at, "the open transaction was begun with %s, at %s", table_name(walk, walk->open_table),
                walk->begin_at);
    walk->open_table = NONE;
    walk->n_rows = 0;
}

static bool effect_fits(enum write_effect effect, enum row_key key)
{
    switch (effect) {
    case EFFECT_RESERVE: return key == ROW_ITEM;
    case EFFECT_USE: return key == ROW_COUPON;
    case EFFECT_DEBIT: return key == ROW_USER;
    case EFFECT_RESTORE: return key != ROW_ORDER_ID;
    }
    return false;
}

/* What an order did is remembered by effect, so an effect has one table. */
static void note_effect(struct walk *walk, const struct step_spec *step, const char *at)
{
    static const char *const fitting[EFFECTS] = { "item", "item, user or coupon", "coupon", "user" };
    const struct table_spec *table = &walk->reader->scenario->table[step->target];
    struct effect_use *use = &walk->effects[step->effect];
    if (!effect_fits(step->effect, table->key))
        FINDING(walk, at, "%s is for a table with the key %s; %s has the key %s", effect_names[step->effect],
                fitting[step->effect], table->name, row_key_names[table->key]);
    if (step->effect == EFFECT_RESTORE) return;
    if (use->at && use->table != step->target)
        FINDING(walk, at, "%s is for one table; it is done to %s at %s", effect_names[step->effect],
                table_name(walk, use->table), use->at);
    *use = (struct effect_use){ step->target, at };
}

static void note_fence(struct walk *walk, const struct step_spec *step, const char *at)
{
    const struct scenario *scenario = walk->reader->scenario;
    if (!step->fenced) return;
    bool held = false;
    for (uint32_t i = 0; i < walk->n_held; i++) held |= walk->held[i].lock == step->fence;
    if (scenario->lock[step->fence].kind != LOCK_FENCED)
        FINDING(walk, at, "lock %s gives no tokens; its kind would be \"fenced\"", lock_name(walk, step->fence));
    else if (!held)
        FINDING(walk, at, "lock %s is not held here; a token comes with it", lock_name(walk, step->fence));
    if (scenario->lock[step->fence].key != scenario->table[step->target].key)
        FINDING(walk, at, "lock %s is for the key %s, table %s for the key %s", lock_name(walk, step->fence),
                row_key_names[scenario->lock[step->fence].key], table_name(walk, step->target),
                row_key_names[scenario->table[step->target].key]);
}

/* An order has one row of a table. What is read before a transaction is there in it. */
static void note_row(struct walk *walk, const struct step_spec *step, const char *at)
{
    for (uint32_t i = 0; i < walk->n_rows; i++)
        if (walk->row[i] == step->target) return;
    walk->row[walk->n_rows++] = step->target;
    if (walk->n_rows == MAX_ROWS_OF_TRANSACTION + 1)
        FINDING(walk, at, "more than %d rows read and written up to the end of a transaction",
                MAX_ROWS_OF_TRANSACTION);
}

static void note_write(struct walk *walk, const struct step_spec *step, const char *at)
{
    note_effect(walk, step, at);
    if (walk->open_table == NONE) FINDING(walk, at, "a write outside of a transaction; \"begin\" one before it");
    else if (step->style == STYLE_VERSION && walk->begun_before)
        FINDING(walk, at, "a write of style version is tried again from its \"begin\", which is not on this path");
    note_row(walk, step, at);
}

/* Whether a write of these steps may start from a value of the table that was read before. */
static bool is_written_from(const struct step_spec *step, uint32_t n, uint32_t table)
{
    for (uint32_t i = 0; i < n; i++) {
        if (step[i].kind == STEP_WRITE && step[i].target == table && step[i].style != STYLE_CONDITIONAL) return true;
        if (is_written_from(step[i].otherwise, step[i].n_otherwise, table)) return true;
    }
    return false;
}

/* A read whose value nobody uses, and that no row is told of, leaves nothing. */
static void note_read(struct walk *walk, const struct step_spec *step, const char *at)
{
    if (step->fenced || is_written_from(walk->stage->step, walk->stage->n_steps, step->target))
        note_row(walk, step, at);
}

/* What is inserted, and what becomes of the order, waits for the commit. */
static void note_rider(struct walk *walk, const struct step_spec *step, const char *at)
{
    if (walk->open_table == NONE) return;
    if (step->kind == STEP_INSERT && ++walk->n_inserts == MAX_INSERTS_OF_TRANSACTION + 1)
        FINDING(walk, at, "more than %d rows inserted in one transaction", MAX_INSERTS_OF_TRANSACTION);
    if (step->kind == STEP_STATUS && ++walk->n_statuses == MAX_STATUSES_OF_TRANSACTION + 1)
        FINDING(walk, at, "more than %d statuses in one transaction", MAX_STATUSES_OF_TRANSACTION);
}

/* ---- one step, one path ---- */

static void note_place(struct walk *walk, const struct step_spec *step, const char *at)
{
    if (step->kind == STEP_JOIN && !walk->reader->scenario->flow.given)
        FINDING(walk, at, "join needs /flow, which says what is joined");
    if (step->kind == STEP_JOIN && walk->is_api)
        FINDING(walk, at, "the API has no answer to join; a group's stage has");
    if (step->kind == STEP_JOIN && walk->open_table != NONE)
        FINDING(walk, at, "join is a transaction of its own; the one begun at %s has to end before it", walk->begin_at);
    if (step->kind == STEP_REPLY && walk->is_read)
        FINDING(walk, at, "a group has nobody to reply to; the API's stage has");
}

static void note_publish(struct walk *walk, const struct step_spec *step, const char *at)
{
    const struct scenario *s = walk->reader->scenario;
    const uint32_t stage = (uint32_t)(walk->stage - s->stage);
    if (!step->outbox) return;
    if (++walk->n_outbox == OUTBOX_MAX + 1)
        FINDING(walk, at, "more than %d records by way of the outbox in one stage", OUTBOX_MAX);
    for (uint32_t p = 0; p < s->n_processes; p++)
        if (!s->process[p].has_outbox && hosts_stage(s, p, stage))
            FINDING(walk, at, "process %s runs this stage and has no \"outbox\"", s->process[p].name);
}

static bool has_effect(const struct step_spec *step, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (step[i].kind == STEP_WRITE) return true;
    return false;
}

static void note_once(struct walk *walk, const struct step_spec *step, const char *at)
{
    if (step->form == ONCE_BUSINESS_STATE && !has_effect(walk->stage->step, walk->stage->n_steps))
        FINDING(walk, at, "the stage writes nothing by which it could know that it has done an order before");
}

static void note_step(struct walk *walk, const struct step_spec *step, const char *at)
{
    switch (step->kind) {
    case STEP_LOCK: note_lock(walk, step, at); break;
    case STEP_UNLOCK: note_unlock(walk, step, at); break;
    case STEP_BEGIN: note_begin(walk, step, at); break;
    case STEP_WRITE:
        note_fence(walk, step, at);
        note_write(walk, step, at);
        break;
    case STEP_READ:
        note_fence(walk, step, at);
        note_read(walk, step, at);
        break;
    case STEP_FLUSH:
        if (walk->open_table == NONE) FINDING(walk, at, "no transaction is open here whose changes could be sent");
        break;
    case STEP_COMMIT:
    case STEP_ROLLBACK: note_end(walk, step, at); break;
    case STEP_JOIN:
    case STEP_REPLY: note_place(walk, step, at); break;
    case STEP_PUBLISH: note_publish(walk, step, at); break;
    case STEP_ONCE: note_once(walk, step, at); break;
    case STEP_INSERT:
    case STEP_STATUS: note_rider(walk, step, at); break;
    case STEP_CONNECTION:
    case STEP_WORK:
    case STEP_KINDS: break;
    }
}

static void note_share(struct walk *walk, const struct step_spec *step, const char *at)
{
    const bool is_first = walk->share == 0;
    walk->share += step->share;
    if (is_first && step->share > 0 && !walk->stage->has_time)
        FINDING(walk, arena_printf(walk->reader->reading.arena, "%s/share", at),
                "a share of the stage's time, but the stage has none; give it \"time\"");
}

static void path_ends(struct walk *walk)
{
    struct arena *arena = walk->reader->reading.arena;
    const char *when = walk->refused_at ? arena_printf(arena, " when %s is refused", walk->refused_at) : "";
    for (uint32_t i = 0; i < walk->n_held; i++)
        FINDING(walk, walk->held[i].at, "lock %s is never released%s; add {\"unlock\": \"%s\"}",
                lock_name(walk, walk->held[i].lock), when, lock_name(walk, walk->held[i].lock));
    if (walk->open_table != NONE)
        FINDING(walk, walk->begin_at, "the transaction does not end%s; add {\"%s\": \"%s\"}", when,
                walk->refused_at ? "rollback" : "commit", table_name(walk, walk->open_table));
    if (!walk->stage->has_time) return;
    if (!walk->refused_at && fabs(walk->share - 1) > SHARE_TOLERANCE)
        FINDING(walk, arena_printf(arena, "/stages/%s/steps", walk->stage->name),
                "the shares of the stage's time add up to %.10g, not to 1", walk->share);
    if (walk->refused_at && walk->share > 1 + SHARE_TOLERANCE)
        FINDING(walk, walk->refused_at,
                "with its \"otherwise\" the shares of the stage's time add up to %.10g, more than 1", walk->share);
}

static void walk_steps(struct walk *walk, const struct step_spec *step, uint32_t n, const char *pointer)
{
    struct arena *arena = walk->reader->reading.arena;
    for (uint32_t i = 0; i < n; i++) {
        const char *at = arena_printf(arena, "%s/%u", pointer, i);
        note_share(walk, &step[i], at);
        if (step[i].n_otherwise > 0) { /* refused: as before the step, but for the time it took */
            struct walk *branch = arena_new(arena, struct walk);
            *branch = *walk;
            branch->refused_at = at;
            branch->begun_before = walk->open_table != NONE;
            walk_steps(branch, step[i].otherwise, step[i].n_otherwise, arena_printf(arena, "%s/otherwise", at));
        }
        note_step(walk, &step[i], at);
    }
    path_ends(walk);
}

static uint32_t count_once(const struct step_spec *step, uint32_t n)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++)
        count += (step[i].kind == STEP_ONCE) + count_once(step[i].otherwise, step[i].n_otherwise);
    return count;
}

void check_stages(struct reader *reader)
{
    const struct scenario *s = reader->scenario;
    struct effect_use effects[EFFECTS] = { { 0 } };
    uint32_t n_once = 0;
    for (uint32_t k = 0; k < s->n_stages; k++) {
        struct walk walk = { .reader = reader,
                             .stage = &s->stage[k],
                             .effects = effects,
                             .is_api = check_api_stage(s) == k,
                             .open_table = NONE };
        for (uint32_t g = 0; g < s->n_groups; g++)
            for (uint32_t r = 0; r < s->group[g].n_reads; r++) walk.is_read |= s->group[g].read[r].stage == k;
        walk_steps(&walk, s->stage[k].step, s->stage[k].n_steps,
                   arena_printf(reader->reading.arena, "/stages/%s/steps", s->stage[k].name));
        n_once += count_once(s->stage[k].step, s->stage[k].n_steps);
    }
    if (n_once > MAX_ONCE_STEPS)
        reading_finding(&reader->reading, "/stages", "%u steps \"once\"; at most %d are remembered for each order",
                        n_once, MAX_ONCE_STEPS);
}
