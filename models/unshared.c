/* SPDX-License-Identifier: GPL-3.0-or-later
 * Finds for each lock, each kind of row and the join whose it is: that of the one group with one consumer whose stages
 * come to it, or shared. Rows go by kind, not by table: what an order remembers of its effects (order.did) is by kind.
 * A commit also sets the marks of `once`, which whoever plays the same stage sees. A join says that payment was asked
 * for, which debits look at (P5); where they all come after it, by the topic that it sends to, they cannot tell.
 * Whatever else hangs on more than locks and rows counts as shared: a capacity, a flush that commits share, fences and
 * their tokens, a watchdog's timers, an outbox, tombstones, a sweeper, and notes of who overwrote whom (cause.h). */
#include "models/unshared.h"

#include "models/orders/cause.h"

enum { NOBODY = NONE, SHARED = NONE - 1u };

struct owners { uint32_t stage[MAX_STAGES], lock[MAX_LOCKS], kind[ROW_ORDER_ID + 1], join; };

/* A stage's operations; the main path ends with the first OP_END, and `otherwise` paths follow it. */
struct ops { uint32_t first, end; };

static struct ops ops_of(const struct plan *plan, uint32_t stage)
{
    const bool is_last = stage + 1 == plan->scenario->n_stages;
    return (struct ops){ plan->stage[stage].first_op, is_last ? plan->n_ops : plan->stage[stage + 1].first_op };
}

static void come(uint32_t *owner, uint32_t who)
{
    if (*owner == NOBODY) *owner = who;
    else if (who != NOBODY && *owner != who) *owner = SHARED;
}

/* ---- who plays what ---- */

static void stages_own(const struct plan *plan, struct owners *owners)
{
    const struct scenario *scenario = plan->scenario;
    for (uint32_t g = 0; g < scenario->n_groups; g++)
        for (uint32_t r = 0; r < scenario->group[g].n_reads; r++)
            come(&owners->stage[scenario->group[g].read[r].stage], plan->group[g].n_consumers == 1 ? g : SHARED);
    if (plan->api_process != NONE) owners->stage[scenario->process[plan->api_process].api_stage] = SHARED;
}

static bool touches_row(const struct plan_op *op) { return op->kind == STEP_READ || op->kind == STEP_WRITE; }

static uint32_t kind_of(const struct plan *plan, const struct plan_op *op)
{
    return plan->scenario->table[op->target].key;
}

static bool is_lock(const struct plan_op *op) { return op->kind == STEP_LOCK || op->kind == STEP_UNLOCK; }

static bool is_plain_lock(const struct lock_spec *lock, const struct plan_op *op)
{
    return lock->kind == LOCK_REENTRANT && !lock->watched && !op->watched;
}

static bool is_plain_row(const struct plan_op *op) { return !op->fenced && op->unknown != UNKNOWN_TOMBSTONE; }

static void op_comes(const struct plan *plan, const struct plan_op *op, uint32_t who, struct owners *owners)
{
    const struct scenario *scenario = plan->scenario;
    if (is_lock(op)) come(&owners->lock[op->target], is_plain_lock(&scenario->lock[op->target], op) ? who : SHARED);
    if (touches_row(op)) come(&owners->kind[kind_of(plan, op)], is_plain_row(op) ? who : SHARED);
    if (op->fenced) owners->lock[op->fence] = SHARED;
    if (op->kind == STEP_JOIN) come(&owners->join, who);
    if (op->kind == STEP_STATUS) owners->join = SHARED; /* it sets what joins decide on */
}

static bool debits(const struct plan *plan, uint32_t stage)
{
    for (uint32_t i = ops_of(plan, stage).first; i < ops_of(plan, stage).end; i++) {
        const struct plan_op *op = &plan->op[i];
        if (op->kind == STEP_WRITE && kind_of(plan, op) == ROW_USER && op->effect != EFFECT_RESTORE) return true;
    }
    return false;
}

/* Whether points are taken only by those who read what the join sends. */
static bool debits_come_after(const struct plan *plan)
{
    const struct scenario *scenario = plan->scenario;
    for (uint32_t g = 0; g < scenario->n_groups; g++)
        for (uint32_t r = 0; r < scenario->group[g].n_reads; r++) {
            const struct group_read *read = &scenario->group[g].read[r];
            if (read->topic != scenario->flow.then && debits(plan, read->stage)) return false;
        }
    return plan->api_process == NONE || !debits(plan, scenario->process[plan->api_process].api_stage);
}

static void owners_find(const struct plan *plan, struct owners *owners)
{
    const struct scenario *scenario = plan->scenario;
    for (uint32_t i = 0; i < MAX_STAGES; i++) owners->stage[i] = NOBODY;
    for (uint32_t i = 0; i < MAX_LOCKS; i++) owners->lock[i] = NOBODY;
    for (uint32_t i = 0; i <= ROW_ORDER_ID; i++) owners->kind[i] = NOBODY;
    owners->join = scenario->flow.guard == GUARD_COMPARE_AND_SET && !scenario->flow.outbox && debits_come_after(plan) ?
        NOBODY : SHARED;
    stages_own(plan, owners);
    for (uint32_t s = 0; s < scenario->n_stages; s++)
        for (uint32_t i = ops_of(plan, s).first; i < ops_of(plan, s).end; i++)
            op_comes(plan, &plan->op[i], owners->stage[s], owners);
}

/* ---- which steps that leaves ---- */

/* A commit shows all that its transaction has done, and what rides on it. */
static bool commits_are_own(const struct plan *plan, uint32_t stage, const struct owners *owners)
{
    if (owners->stage[stage] == SHARED) return false;
    for (uint32_t i = ops_of(plan, stage).first; i < ops_of(plan, stage).end; i++) {
        const struct plan_op *op = &plan->op[i];
        if (touches_row(op) && owners->kind[kind_of(plan, op)] == SHARED) return false;
        if (op->kind == STEP_INSERT || op->kind == STEP_JOIN || op->rides) return false;
        if (op->kind == STEP_PUBLISH && op->outbox) return false;
    }
    return true;
}

static bool is_unshared(const struct plan *plan, const struct plan_op *op, const struct owners *owners,
                        bool own_commits)
{
    switch ((enum step_kind)op->kind) {
    case STEP_LOCK: case STEP_UNLOCK: return owners->lock[op->target] != SHARED;
    case STEP_READ: case STEP_WRITE: return owners->kind[kind_of(plan, op)] != SHARED;
    case STEP_COMMIT: case STEP_ROLLBACK: case STEP_FLUSH: return own_commits;
    case STEP_JOIN: return owners->join != SHARED;
    case STEP_WORK: return op->refuse_below == 0 || !op->meets; /* else another's answer counts */
    case STEP_CONNECTION: case STEP_BEGIN: case STEP_INSERT: case STEP_PUBLISH: case STEP_REPLY: case STEP_ONCE:
    case STEP_STATUS: case STEP_KINDS: break;
    }
    return false;
}

static bool has_plain_store(const struct scenario *scenario, const struct plan_op *op)
{
    return op->store == NONE || (scenario->store[op->store].capacity == 0 && !scenario->store[op->store].group_commit);
}

/* Nobody knows of the order before a record of it is sent, unless somebody else inserts it. */
static void inserts_mark(const struct plan *plan, uint32_t stage, struct plan_op *op)
{
    for (uint32_t i = plan->stage[stage].first_op; op[i].kind != OP_END; i++) {
        if (op[i].kind == STEP_PUBLISH || op[i].kind == STEP_JOIN) return;
        if (op[i].kind == STEP_INSERT) op[i].unshared = !op[i].keyed && has_plain_store(plan->scenario, &op[i]);
    }
}

void unshared_mark(const struct plan *plan, struct plan_op *op)
{
    const struct scenario *scenario = plan->scenario;
    struct owners owners;
    for (uint32_t i = 0; i < plan->n_ops; i++) op[i].unshared = false;
    if (plan->disturbed || scenario->flow.sweeper.given || causes_are_noted(plan)) return;
    owners_find(plan, &owners);
    for (uint32_t s = 0; s < scenario->n_stages; s++) {
        const bool own_commits = commits_are_own(plan, s, &owners);
        for (uint32_t i = ops_of(plan, s).first; i < ops_of(plan, s).end; i++)
            op[i].unshared = is_unshared(plan, &op[i], &owners, own_commits) && has_plain_store(scenario, &op[i]);
        inserts_mark(plan, s, op);
    }
}
