/* SPDX-License-Identifier: GPL-3.0-or-later
 * The compiler from struct scenario to struct plan. The scenario has been checked; what is wrong here is a parameter of
 * a distribution that only its tabulation can find. */
#include "models/plan.h"

#include <math.h>
#include <string.h>

#include "models/draws.h"
#include "models/kafka/assignor.h"
#include "models/late_poll.h"
#include "models/orders/order.h"
#include "models/orders/pick.h"
#include "models/unshared.h"

struct compiler {
    const struct scenario *scenario;
    struct plan *plan;
    struct plan_op *op;
    struct plan_way *way;
    struct plan_stage *stage;
    uint32_t n_once;
    uint32_t n_lucks; /* of the stage at hand */
    bool threads_meet; /* over an order, in the stage at hand */
    struct plan_position *position;
    struct dist_cache *cache;
    struct arena *arena;
    struct sim_err *err;
};

static bool dist_compile(struct compiler *compiler, struct dist *out, const struct dist_spec *spec)
{
    return dist_make(out, spec, compiler->cache, compiler->arena, compiler->err);
}

/* ---- topics, stores, locks ---- */

static uint16_t parted_over(const struct topic_spec *topic)
{
    _Static_assert(2 * MAX_PARTITIONS < UINT16_MAX, "partitions and a bit");
    if (topic->key != KEY_ORDER_ID && topic->key != KEY_ID_MODULO) return 0;
    return (uint16_t)(2 * topic->partitions + (topic->key == KEY_ID_MODULO));
}

static bool servers_compile(struct compiler *compiler)
{
    const struct scenario *scenario = compiler->scenario;
    struct plan_topic *topic = arena_array(compiler->arena, struct plan_topic, scenario->n_topics);
    struct dist *push = arena_array(compiler->arena, struct dist, scenario->n_locks);
    struct dist *flush = arena_array(compiler->arena, struct dist, scenario->n_stores);
    for (uint32_t i = 0; i < scenario->n_topics; i++) {
        const struct topic_spec *spec = &scenario->topic[i];
        topic[i] = (struct plan_topic){ .key = spec->key, .partitions = spec->partitions,
                                        .first_log = compiler->plan->n_logs, .lingers = spec->linger_ns > 0,
                                        .parted_over = parted_over(spec),
                                        .takes_turns = spec->linger_ns > 0 || spec->key == KEY_NULL };
        compiler->plan->n_logs += spec->partitions;
        if (!dist_compile(compiler, &topic[i].append, &spec->append)) return false;
        topic[i].direct =
            topic[i].parted_over > 0 && !topic[i].takes_turns && topic[i].append.draw == DRAW_CONSTANT;
    }
    for (uint32_t i = 0; i < scenario->n_locks; i++)
        if (!dist_compile(compiler, &push[i], &scenario->lock[i].push)) return false;
    for (uint32_t i = 0; i < scenario->n_stores; i++)
        if (scenario->store[i].group_commit && !dist_compile(compiler, &flush[i], &scenario->store[i].flush))
            return false;
    struct dist *outbox = arena_array(compiler->arena, struct dist, scenario->n_processes);
    for (uint32_t i = 0; i < scenario->n_processes; i++)
        if (scenario->process[i].has_outbox && !dist_compile(compiler, &outbox[i], &scenario->process[i].outbox_send))
            return false;
    compiler->plan->outbox_send = outbox;
    if (scenario->flow.given && scenario->flow.sweeper.given) {
        struct dist *takes = arena_new(compiler->arena, struct dist);
        if (!dist_compile(compiler, takes, &scenario->flow.sweeper.takes)) return false;
        compiler->plan->sweep_takes = takes;
    }
    compiler->plan->topic = topic;
    compiler->plan->push = push;
    compiler->plan->flush = flush;
    return true;
}

static bool faults_compile(struct compiler *compiler)
{
    const struct scenario *scenario = compiler->scenario;
    struct dist *lasts = arena_array(compiler->arena, struct dist, scenario->n_faults);
    for (uint32_t i = 0; i < scenario->n_faults; i++)
        if (!dist_compile(compiler, &lasts[i], &scenario->fault[i].lasts)) return false;
    compiler->plan->fault_lasts = lasts;
    return true;
}

static bool scalers_compile(struct compiler *compiler)
{
    const struct scenario *scenario = compiler->scenario;
    struct dist *start = arena_array(compiler->arena, struct dist, scenario->n_scalers);
    for (uint32_t i = 0; i < scenario->n_scalers; i++)
        if (!dist_compile(compiler, &start[i], &scenario->scaler[i].pod_start)) return false;
    compiler->plan->pod_start = start;
    return true;
}

/* ---- processes ---- */

static uint32_t most_consumers(const struct group_spec *spec)
{
    return spec->consumers_max > spec->consumers ? spec->consumers_max : spec->consumers;
}

static uint32_t most_instances(const struct process_spec *spec)
{
    return spec->instances_max > spec->instances ? spec->instances_max : spec->instances;
}

/* Of so many, dealt to so many in turn: what the first one gets. */
static uint32_t share_of_one(uint32_t n, uint32_t among) { return (n + among - 1) / among; }

/* A transaction around a stage has a connection beside the stage's own. */
static uint32_t connections_of_thread(const struct scenario *scenario)
{
    for (uint32_t i = 0; i < scenario->n_stages; i++)
        for (uint32_t s = 0; s < scenario->stage[i].n_steps; s++)
            if (scenario->stage[i].step[s].outer) return 2;
    return 1;
}

static void processes_compile(struct compiler *compiler)
{
    const struct scenario *scenario = compiler->scenario;
    struct plan *plan = compiler->plan;
    uint32_t *first = arena_array(compiler->arena, uint32_t, scenario->n_processes), n = 0;
    bool *counts = arena_array(compiler->arena, bool, scenario->n_processes);
    plan->api_process = NONE;
    for (uint32_t i = 0; i < scenario->n_processes; i++) {
        const struct process_spec *process = &scenario->process[i];
        uint32_t threads = process->api_threads;
        first[i] = n;
        n += most_instances(process);
        if (process->api_threads > 0) plan->api_process = i;
        for (uint32_t g = 0; g < scenario->n_groups; g++)
            if (scenario->group[g].process == i)
                threads += share_of_one(most_consumers(&scenario->group[g]), most_instances(process));
        counts[i] = process->connections > 0 && threads * connections_of_thread(scenario) > process->connections;
    }
    uint32_t *process_of = arena_array(compiler->arena, uint32_t, n);
    for (uint32_t i = 0; i < scenario->n_processes; i++)
        for (uint32_t k = 0; k < most_instances(&scenario->process[i]); k++) process_of[first[i] + k] = i;
    plan->n_instances = n;
    plan->first_instance = first;
    plan->process_of = process_of;
    plan->pool_counts = counts;
}

/* ---- groups: partitions dealt to consumers ---- */

/* Owners of the group's partitions, its topics' one after the other. */
static uint32_t *assign(struct compiler *compiler, const struct group_spec *group, uint32_t n_partitions)
{
    struct assign_topic *topic = arena_array(compiler->arena, struct assign_topic, group->n_reads);
    uint32_t *member = arena_array(compiler->arena, uint32_t, group->consumers);
    uint32_t *owner = arena_array(compiler->arena, uint32_t, n_partitions);
    for (uint32_t i = 0; i < group->n_reads; i++) {
        const struct topic_spec *spec = &compiler->scenario->topic[group->read[i].topic];
        topic[i] = (struct assign_topic){ spec->name, spec->partitions };
    }
    assign_member_order(group->consumers, member);
    assign_partitions(group->assignor, topic, group->n_reads, member, group->consumers, NULL, owner, compiler->arena);
    return owner;
}

/* The group of one topic that gives records up to this one. */
static uint32_t source_of(const struct scenario *scenario, uint32_t topic)
{
    uint32_t source = NONE;
    for (uint32_t g = 0; g < scenario->n_groups; g++) {
        if (scenario->group[g].dead_letter != topic) continue;
        if (source != NONE || scenario->group[g].n_reads > 1) return NONE;
        source = scenario->group[g].read[0].topic;
    }
    return source;
}

/* Back along the retry topics; a circle ends where it was entered. */
static uint32_t origin_of(const struct scenario *scenario, uint32_t topic, uint32_t *passed_on)
{
    *passed_on = 0;
    for (uint32_t i = 0; i < scenario->n_topics; i++) {
        uint32_t source = source_of(scenario, topic);
        if (source == NONE) break;
        topic = source;
        ++*passed_on;
    }
    return topic;
}

static void positions_compile(struct compiler *compiler, uint32_t index, struct plan_position *position)
{
    const struct group_spec *group = &compiler->scenario->group[index];
    uint32_t n = 0, n_partitions = 0;
    for (uint32_t r = 0; r < group->n_reads; r++)
        n_partitions += compiler->scenario->topic[group->read[r].topic].partitions;
    const uint32_t *owner = assign(compiler, group, n_partitions);
    for (uint32_t r = 0; r < group->n_reads; r++) {
        uint32_t topic = group->read[r].topic;
        for (uint32_t p = 0; p < compiler->scenario->topic[topic].partitions; p++, n++) {
            uint32_t member = owner[n], passed_on = 0;
            position[n] =
                (struct plan_position){ .group = index,
                                        .read = r,
                                        .stage = group->read[r].stage,
                                        .topic = topic,
                                        .origin = origin_of(compiler->scenario, topic, &passed_on),
                                        .passed_on = passed_on,
                                        .partition = p,
                                        .log = compiler->plan->topic[topic].first_log + p,
                                        .consumer = member == NONE ? NONE : compiler->plan->n_consumers + member };
        }
    }
}

/* Consumers are dealt to instances in turn, or, where a scaler starts and stops pods, pod by pod. */
static struct plan_consumer consumer_at(const struct compiler *compiler, uint32_t index, const struct plan_group *group,
                                        uint32_t member)
{
    const uint32_t process = compiler->scenario->group[index].process;
    const uint32_t instances = compiler->scenario->process[process].instances, of_pod = group->pod_consumers;
    const uint32_t instance = of_pod > 0 ? member / of_pod : member % instances;
    return (struct plan_consumer){ .group = index, .member = member,
                                   .client = of_pod > 0 ? member % of_pod : member / instances,
                                   .instance = compiler->plan->first_instance[process] + instance };
}

static void consumers_compile(struct compiler *compiler, uint32_t index, struct plan_group *group,
                              struct plan_consumer *consumer, const struct plan_position *position)
{
    const struct group_spec *spec = &compiler->scenario->group[index];
    for (uint32_t i = 0; i < group->n_consumers; i++) {
        uint32_t *owned = arena_array(compiler->arena, uint32_t, group->n_positions), n = 0;
        for (uint32_t p = 0; p < group->n_positions; p++)
            if (position[p].consumer == group->first_consumer + i) owned[n++] = group->first_position + p;
        consumer[i] = consumer_at(compiler, index, group, i);
        consumer[i].n_positions = n;
        consumer[i].position = owned;
        group->idle_consumers += n == 0 && i < spec->consumers;
    }
}

static uint32_t pod_consumers(const struct scenario *scenario, uint32_t group)
{
    for (uint32_t i = 0; i < scenario->n_scalers; i++)
        if (scenario->scaler[i].group == group)
            return scenario->group[group].consumers / scenario->process[scenario->group[group].process].instances;
    return 0;
}

static bool groups_compile(struct compiler *compiler)
{
    const struct scenario *scenario = compiler->scenario;
    struct plan *plan = compiler->plan;
    uint32_t n_positions = 0, n_consumers = 0;
    for (uint32_t g = 0; g < scenario->n_groups; g++) {
        n_consumers += most_consumers(&scenario->group[g]);
        for (uint32_t r = 0; r < scenario->group[g].n_reads; r++)
            n_positions += scenario->topic[scenario->group[g].read[r].topic].partitions;
    }
    struct plan_group *group = arena_array(compiler->arena, struct plan_group, scenario->n_groups);
    struct plan_position *position = arena_array(compiler->arena, struct plan_position, n_positions);
    struct plan_consumer *consumer = arena_array(compiler->arena, struct plan_consumer, n_consumers);
    for (uint32_t g = 0; g < scenario->n_groups; g++) {
        const struct group_spec *spec = &scenario->group[g];
        group[g].first_consumer = plan->n_consumers;
        group[g].n_consumers = most_consumers(spec);
        group[g].pod_consumers = pod_consumers(scenario, g);
        group[g].first_position = plan->n_positions;
        for (uint32_t r = 0; r < spec->n_reads; r++)
            group[g].n_positions += scenario->topic[spec->read[r].topic].partitions;
        positions_compile(compiler, g, position + plan->n_positions);
        consumers_compile(compiler, g, &group[g], consumer + plan->n_consumers, position + plan->n_positions);
        plan->n_positions += group[g].n_positions;
        plan->n_consumers += group[g].n_consumers;
        if (!dist_compile(compiler, &group[g].fetch, &spec->fetch) ||
            !dist_compile(compiler, &group[g].commit, &spec->commit) ||
            !dist_compile(compiler, &group[g].poll, &spec->poll))
            return false;
    }
    plan->group = group;
    plan->position = compiler->position = position;
    plan->consumer = consumer;
    return true;
}

static void readers_compile(struct compiler *compiler)
{
    struct plan *plan = compiler->plan;
    uint32_t *n_readers = arena_array(compiler->arena, uint32_t, plan->n_logs);
    uint32_t **reader = arena_array(compiler->arena, uint32_t *, plan->n_logs);
    for (uint32_t i = 0; i < plan->n_positions; i++) n_readers[plan->position[i].log]++;
    for (uint32_t i = 0; i < plan->n_logs; i++) {
        reader[i] = arena_array(compiler->arena, uint32_t, n_readers[i]);
        n_readers[i] = 0;
    }
    for (uint32_t i = 0; i < plan->n_positions; i++)
        reader[plan->position[i].log][n_readers[plan->position[i].log]++] = i;
    plan->n_readers = n_readers;
    plan->reader = (const uint32_t *const *)reader;
}

/* ---- stages ---- */

static uint32_t count_ops(const struct step_spec *step, uint32_t n)
{
    uint32_t ops = n + 1; /* and an end */
    for (uint32_t i = 0; i < n; i++)
        if (step[i].n_otherwise > 0) ops += count_ops(step[i].otherwise, step[i].n_otherwise);
    return ops;
}

/* Whether a write of the transaction, on this path or on one that leaves it, starts from a value of the table that was
 * read before. */
static bool value_is_used(const struct step_spec *step, uint32_t from, uint32_t n, uint32_t table)
{
    for (uint32_t i = from; i < n; i++) {
        if (value_is_used(step[i].otherwise, 0, step[i].n_otherwise, table)) return true;
        if (step_ends_transaction(&step[i])) return false;
        if (step[i].kind == STEP_WRITE && step[i].target == table && step[i].style != STYLE_CONDITIONAL) return true;
    }
    return false;
}

/* A read matters when a later write of its transaction starts from the value read. */
static bool read_matters(const struct step_spec *step, uint32_t from, uint32_t n)
{
    const struct step_spec *read = &step[from];
    return value_is_used(read->otherwise, 0, read->n_otherwise, read->target) ||
           value_is_used(step, from + 1, n, read->target);
}

/* A write that starts from the value read, and reads it if no step has. */
static bool reads_itself(const struct step_spec *step)
{
    return step->kind == STEP_WRITE && (step->style == STYLE_VERSION || step->style == STYLE_ABSOLUTE);
}

/* A join for which it matters when its row was read. */
static bool reads_join_row(const struct scenario *scenario, const struct step_spec *step)
{
    return step->kind == STEP_JOIN && scenario->flow.guard != GUARD_COMPARE_AND_SET;
}

/* A store whose transactions read in a view. */
static bool has_view(const struct scenario *scenario, uint32_t table)
{
    const uint32_t store = scenario->table[table].store;
    return store == NONE || scenario->store[store].isolation != READ_COMMITTED;
}

/* A plain SELECT. Of the look-ups before an effect only one is: an INSERT of a unique key reads in no view, and what
 * lies in Redis or in a transaction of its own is not this one's. */
static bool is_snapshot_read(const struct scenario *scenario, const struct step_spec *step)
{
    if (step->kind == STEP_ONCE) return step->form == ONCE_CHECK_THEN_ACT;
    if (step->kind != STEP_READ && !reads_itself(step)) return false;
    const struct table_spec *table = &scenario->table[step->target];
    return (table->rows > 0 || table->key == ROW_ORDER_ID) && has_view(scenario, step->target);
}

/* Whether the transaction, on this path or on one that leaves it, reads rows of another table of a store yet. */
static bool view_is_used(const struct scenario *scenario, const struct step_spec *step, uint32_t from, uint32_t n,
                         uint32_t store, uint32_t table)
{
    for (uint32_t i = from; i < n; i++) {
        if (view_is_used(scenario, step[i].otherwise, 0, step[i].n_otherwise, store, table)) return true;
        if (step_ends_transaction(&step[i])) return false;
        const bool reads = reads_itself(&step[i]) || (step[i].kind == STEP_READ && read_matters(step, i, n));
        if (!reads || step[i].target == table || scenario->table[step[i].target].store != store) continue;
        if (has_view(scenario, step[i].target)) return true;
    }
    return false;
}

/* At REPEATABLE READ the first read of a transaction fixes what later ones of other rows see, at the same server. A
 * look at a mark is at the server of the table that the transaction was begun with. */
static void view_compile(struct compiler *compiler, struct plan_op *op, const struct step_spec *step, uint32_t from,
                         uint32_t n, uint32_t begun_with)
{
    const struct scenario *scenario = compiler->scenario;
    const struct step_spec *first = &step[from];
    if (begun_with == NONE || !is_snapshot_read(scenario, first)) return;
    const uint32_t table = first->kind == STEP_ONCE ? NONE : first->target;
    const uint32_t of = table == NONE ? begun_with : table, store = scenario->table[of].store;
    if (!view_is_used(scenario, first->otherwise, 0, first->n_otherwise, store, table) &&
        !view_is_used(scenario, step, from + 1, n, store, table)) return;
    _Static_assert(MAX_TABLES < UINT8_MAX, "a table + 1 in a byte");
    op->opens_view = (uint8_t)(of + 1);
    compiler->plan->has_views = true;
}

static enum op_visible visibility(const struct step_spec *step)
{
    if (step->kind == STEP_PUBLISH && step->outbox) return OP_VISIBLE;
    switch (step->kind) {
    case STEP_LOCK: case STEP_UNLOCK: case STEP_INSERT: case STEP_JOIN: case STEP_STATUS: return OP_VISIBLE;
    case STEP_WRITE: return OP_VISIBLE_UNLESS_DUPLICATE;
    case STEP_ONCE: case STEP_WORK: case STEP_READ: /* a read whose value matters, too: path_compile */
        return step->n_otherwise > 0 || step->refuse > 0 ? OP_VISIBLE : OP_PRIVATE;
    case STEP_COMMIT: case STEP_ROLLBACK: case STEP_FLUSH: return OP_VISIBLE_IF_WRITTEN;
    case STEP_CONNECTION: case STEP_BEGIN: case STEP_PUBLISH: case STEP_REPLY: case STEP_KINDS: break;
    }
    return OP_PRIVATE;
}

/* Whether a step of a transaction comes to something that an order without a coupon has as well. */
static bool is_for_all(const struct scenario *scenario, const struct step_spec *step)
{
    switch (step->kind) {
    case STEP_READ: case STEP_WRITE: return scenario->table[step->target].key != ROW_COUPON;
    case STEP_INSERT: case STEP_JOIN: case STEP_STATUS: return true;
    case STEP_PUBLISH: return step->outbox;
    case STEP_BEGIN: case STEP_FLUSH: case STEP_COMMIT: case STEP_ROLLBACK: case STEP_LOCK: case STEP_UNLOCK:
    case STEP_CONNECTION: case STEP_WORK: case STEP_REPLY: case STEP_ONCE: case STEP_KINDS: break;
    }
    return false;
}

/* Whether all that the transaction does, on this path and on those that leave it, is done to coupons: an order that has
 * none needs none of it. */
static bool is_about_coupons(const struct scenario *scenario, const struct step_spec *step, uint32_t from, uint32_t n)
{
    for (uint32_t i = from; i < n; i++) {
        if (!is_about_coupons(scenario, step[i].otherwise, 0, step[i].n_otherwise)) return false;
        if (step_ends_transaction(&step[i])) return true;
        if (is_for_all(scenario, &step[i])) return false;
    }
    return true;
}

/* about_coupons: all that the open transaction does. */
static bool may_lack_key(const struct scenario *scenario, const struct step_spec *step, bool about_coupons)
{
    switch (step->kind) {
    case STEP_BEGIN: case STEP_FLUSH: case STEP_COMMIT: case STEP_ROLLBACK:
        return about_coupons && step->target != NONE && scenario->table[step->target].key == ROW_COUPON;
    case STEP_READ: case STEP_WRITE: return scenario->table[step->target].key == ROW_COUPON;
    case STEP_LOCK: case STEP_UNLOCK: return scenario->lock[step->target].key == ROW_COUPON;
    case STEP_CONNECTION: case STEP_INSERT: case STEP_WORK: case STEP_PUBLISH: case STEP_REPLY: case STEP_ONCE:
    case STEP_JOIN: case STEP_STATUS: case STEP_KINDS: break;
    }
    return false;
}

/* Where connections come and go: explicit steps hold one to the end of the record. */
static void connections_compile(struct plan_op *op, bool explicit_connection)
{
    bool own = op->kind == STEP_INSERT || op->kind == STEP_JOIN || op->kind == STEP_STATUS;
    op->takes_connection = own || op->kind == STEP_CONNECTION || (op->kind == STEP_BEGIN && !explicit_connection);
    op->ends_connection = !explicit_connection && (own || op->kind == STEP_COMMIT || op->kind == STEP_ROLLBACK);
}

/* A lease of the step's own is a lease, whatever the lock has. */
static void lock_compile(struct plan_op *op, const struct step_spec *step, const struct lock_spec *lock)
{
    op->wait_ns = step->wait_ns < 0 ? lock->wait_ns : step->wait_ns;
    op->lease_ns = step->lease_ns < 0 ? lock->lease_ns : step->lease_ns;
    op->watched = step->lease_ns < 0 && lock->watched;
}

/* Where others may be at the same key, it counts at which instant it is looked up and set. */
static void once_compile(struct compiler *compiler, struct plan_op *op)
{
    op->once_bit = (uint16_t)(compiler->n_once++ % 16);
    if (op->meets) op->visible = OP_VISIBLE;
}

/* The distribution of a step, compiled where it is given. */
static bool step_dist(struct compiler *compiler, const struct dist **out, const struct dist_spec *spec)
{
    struct dist *dist = arena_new(compiler->arena, struct dist);
    *out = dist;
    return dist_compile(compiler, dist, spec);
}

/* What a duplicate finds done by the mark that the path has come through last: what goes with the transaction that is
 * open, or with the next one; behind a mark that is set at the end of the record, all. */
enum covered { COVERS_NOTHING, COVERS_NEXT, COVERS_TRANSACTION, COVERS_REST };

struct path {
    double share;
    uint32_t own_times, begin_op;
    uint16_t marks;
    enum covered covered;
    bool explicit_connection, outer; /* outer: a transaction around the stage */
    bool about_coupons;  /* all that the open transaction does */
    uint32_t begun_with; /* the table of the open transaction; NONE */
};

static bool has_capacity(const struct scenario *scenario, uint32_t store)
{
    return store != NONE && scenario->store[store].capacity > 0;
}

static bool op_compile(struct compiler *compiler, struct plan_op *op, const struct step_spec *step, struct path *path)
{
    *op = (struct plan_op){ .kind = (uint8_t)step->kind, .style = (uint8_t)step->style, .effect = (uint8_t)step->effect,
        .status = (uint8_t)step->status, .has_time = step->has_time, .target = step->target,
        .store = scenario_store_of(compiler->scenario, step), .from = path->share, .to = path->share + step->share,
        .effect_at = step->effect_at, .tries = step->tries ? step->tries : 1,
        .refuse_below = (uint64_t)(step->refuse * 0x1p32 + 0.5), .begin_op = path->begin_op, .otherwise = NONE,
        .visible = (uint8_t)visibility(step),
        .may_lack_key = may_lack_key(compiler->scenario, step, path->about_coupons),
        .reads_itself = reads_itself(step) || reads_join_row(compiler->scenario, step),
        .once_form = (uint8_t)step->form, .unknown = (uint8_t)step->unknown, .outbox = step->outbox };
    op->simple = (step->kind == STEP_WORK && op->visible == OP_PRIVATE) ||
                 (step->kind == STEP_PUBLISH && !step->outbox) || step->kind == STEP_REPLY;
    op->special = op->may_lack_key;
    op->meets = compiler->threads_meet;
    op->at_once = step->kind == STEP_PUBLISH && dist_is_zero(&compiler->plan->topic[step->target].append);
    op->half_way = step->effect_at >= 0.5 && step->effect_at <= 0.5;
    op->timeless = !step->has_time && step->share <= 0;
    op->whole = !step->has_time && step->share >= 1;
    connections_compile(op, path->explicit_connection);
    op->asks_first = op->takes_connection || op->reads_itself || has_capacity(compiler->scenario, op->store);
    if (step->kind == STEP_LOCK) lock_compile(op, step, &compiler->scenario->lock[step->target]);
    op->guard = step->guard;
    op->outer = step->outer;
    op->fenced = step->fenced;
    op->fence = step->fence;
    op->fence_current = step->fence_current;
    compiler->plan->has_fences |= step->fenced;
    op->always = step->always;
    path->share = op->to;
    if (op->refuse_below > 0) op->luck = compiler->n_lucks++;
    if (step->kind == STEP_ONCE) once_compile(compiler, op);
    if (step->has_time) {
        op->time_word = path->own_times++;
        if (!step_dist(compiler, &op->time, &step->time)) return false;
    }
    return step->kind != STEP_WRITE || step->style != STYLE_VERSION ||
           step_dist(compiler, &op->backoff, &step->backoff);
}

static bool leaves_mark(const struct step_spec *step)
{
    return step->kind == STEP_ONCE && step->form != ONCE_BUSINESS_STATE && step->form != ONCE_NONE;
}

/* What a mark comes to that no transaction of the stage takes along, on the step's own path. An INSERT commits by
 * itself, where it stands; in a transaction around the stage, or with an effect that commits by itself, at the end. */
static enum once_form form_of(const struct step_spec *step, uint32_t from, uint32_t n, const struct path *path)
{
    const enum once_form form = step[from].form;
    if (form != ONCE_SAME_TRANSACTION && form != ONCE_CHECK_THEN_ACT) return form;
    if (path->begun_with != NONE) return form;
    for (uint32_t i = from + 1; i < n; i++)
        if (step[i].kind == STEP_BEGIN) return form;
    return form == ONCE_SAME_TRANSACTION && !path->outer ? ONCE_OTHER_TRANSACTION : ONCE_SETNX_AFTER;
}

static enum covered covered_behind(const struct step_spec *step, enum once_form form, const struct path *path)
{
    if (step->kind == STEP_ONCE) {
        if (form == ONCE_NONE) return COVERS_NOTHING;
        if (form == ONCE_SETNX_AFTER) return COVERS_REST;
        return path->begun_with != NONE ? COVERS_TRANSACTION : COVERS_NEXT;
    }
    if (step->kind == STEP_BEGIN && path->covered == COVERS_NEXT) return COVERS_TRANSACTION;
    if (step_ends_transaction(step) && path->covered == COVERS_TRANSACTION) return COVERS_NOTHING;
    return path->covered;
}

/* A write is skipped by a duplicate wherever it stands. */
static bool is_covered(const struct step_spec *step, enum covered covered)
{
    return (step->kind == STEP_INSERT || step->kind == STEP_STATUS) && covered >= COVERS_TRANSACTION;
}

/* Steps of one path, its end, then the paths that replace its rest. */
static bool path_compile(struct compiler *compiler, const struct step_spec *step, uint32_t n, struct path path)
{
    uint32_t first = compiler->plan->n_ops;
    struct path at_step[MAX_STEPS];
    compiler->plan->n_ops += n + 1;
    for (uint32_t i = 0; i < n; i++) {
        struct plan_op *op = &compiler->op[first + i];
        if (step[i].kind == STEP_BEGIN) path.begin_op = first + i;
        if (step[i].kind == STEP_BEGIN) path.about_coupons = is_about_coupons(compiler->scenario, step, i + 1, n);
        if (!op_compile(compiler, op, &step[i], &path)) return false;
        if (step[i].kind == STEP_ONCE) op->once_form = (uint8_t)form_of(step, i, n, &path);
        op->covered = is_covered(&step[i], path.covered);
        path.covered = covered_behind(&step[i], (enum once_form)op->once_form, &path);
        if (leaves_mark(&step[i])) path.marks |= (uint16_t)(1u << op->once_bit);
        compiler->way[first + i].marks = path.marks;
        op->needs_read = step[i].kind == STEP_READ && read_matters(step, i, n);
        path.outer |= step[i].outer;
        if (step[i].kind == STEP_BEGIN) path.begun_with = step[i].target;
        if (step_ends_transaction(&step[i])) path.begun_with = NONE;
        op->rides = path.begun_with != NONE && step[i].kind == STEP_STATUS;
        op->anew = path.begun_with == NONE && !path.outer && step[i].kind == STEP_READ;
        view_compile(compiler, op, step, i, n, path.begun_with);
        if (op->needs_read || op->opens_view || op->fenced) op->visible = OP_VISIBLE;
        at_step[i] = path;
    }
    compiler->op[first + n] = (struct plan_op){ .kind = OP_END, .special = true, .target = NONE, .store = NONE,
                                                .otherwise = NONE, .meets = compiler->threads_meet };
    for (uint32_t i = 0; i < n; i++) {
        if (step[i].n_otherwise == 0) continue;
        compiler->op[first + i].otherwise = compiler->plan->n_ops;
        struct path replaced = { .own_times = at_step[i].own_times, .begin_op = NONE,
                                 .explicit_connection = path.explicit_connection,
                                 .outer = at_step[i].outer, .about_coupons = at_step[i].about_coupons,
                                 .begun_with = at_step[i].begun_with, .marks = at_step[i].marks,
                                 .covered = step[i].kind == STEP_ONCE ? COVERS_NOTHING : at_step[i].covered };
        if (!path_compile(compiler, step[i].otherwise, step[i].n_otherwise, replaced)) return false;
        compiler->way[first + i].otherwise_end = compiler->plan->n_ops;
    }
    return true;
}

/* The effects that writes of these steps have, as an order remembers them. */
static uint8_t effects_of(const struct scenario *scenario, const struct step_spec *step, uint32_t n)
{
    static const uint8_t restored[] = { [ROW_ITEM] = DID_RESTORE, [ROW_USER] = DID_REFUND,
                                        [ROW_COUPON] = DID_RESTORE_COUPON, [ROW_ORDER_ID] = 0 };
    static const uint8_t done[] = {
        [EFFECT_RESERVE] = DID_RESERVE, [EFFECT_USE] = DID_USE, [EFFECT_DEBIT] = DID_DEBIT
    };
    uint8_t did = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (step[i].kind != STEP_WRITE) continue;
        did |= step[i].effect == EFFECT_RESTORE ? restored[scenario->table[step[i].target].key] : done[step[i].effect];
    }
    return did;
}

/* Joins publish what the flow says, so their append latencies count too. */
static bool stage_draws(const struct compiler *compiler, const struct plan_stage *stage, uint32_t first)
{
    if (stage->has_time && stage->time.draw != DRAW_CONSTANT) return true;
    for (uint32_t i = first; i < compiler->plan->n_ops; i++) {
        const struct plan_op *op = &compiler->op[i];
        if (op->refuse_below > 0) return true;
        if (op->kind == STEP_PUBLISH && compiler->plan->topic[op->target].append.draw != DRAW_CONSTANT) return true;
        for (uint32_t t = 0; op->kind == STEP_JOIN && t < compiler->scenario->n_topics; t++)
            if (compiler->plan->topic[t].append.draw != DRAW_CONSTANT) return true;
    }
    return false;
}

static enum stage_lead stage_lead(const struct plan_op *op)
{
    const struct plan_op *work = &op[0], *next = &op[1];
    if (work->kind != STEP_WORK || !work->simple || !work->whole || work->special || next->special) return LEAD_NONE;
    if (next->at_once) return LEAD_SENDS;
    return !next->simple && next->takes_connection ? LEAD_CONNECTS : LEAD_NONE;
}

/* Where a compensation may leave a tombstone, the action's row and the tombstone have one unique key. */
static void keys_mark(struct compiler *compiler)
{
    const struct table_spec *table = compiler->scenario->table;
    bool has_tombstones[ROW_ORDER_ID + 1] = { false };
    for (uint32_t i = 0; i < compiler->plan->n_ops; i++) {
        const struct plan_op *op = &compiler->op[i];
        if (op->kind == STEP_WRITE && op->unknown == UNKNOWN_TOMBSTONE) has_tombstones[table[op->target].key] = true;
    }
    for (uint32_t i = 0; i < compiler->plan->n_ops; i++) {
        struct plan_op *op = &compiler->op[i];
        op->keyed = op->kind == STEP_WRITE && has_tombstones[table[op->target].key] &&
                    (op->effect != EFFECT_RESTORE || op->unknown == UNKNOWN_TOMBSTONE);
    }
}

/* Whether a mark may be set by a delivery that is refused: behind its `once`, where a refusal leads on. */
static bool refusals_have_marks(const struct compiler *compiler)
{
    for (uint32_t i = 0; i < compiler->plan->n_ops; i++) {
        const struct plan_op *op = &compiler->op[i];
        const bool is_asked = op->kind == STEP_WRITE || op->refuse_below > 0;
        if (is_asked && op->otherwise != NONE && compiler->way[i].marks) return true;
    }
    return false;
}

/* How many threads of a group may be at an order in a stage at once. Records of it that a topic holds are in one
 * partition, and with one consumer, unless they have no key. */
static uint32_t most_at_once(const struct scenario *scenario, const struct group_spec *group, uint32_t stage)
{
    uint32_t n = 0;
    for (uint32_t r = 0; r < group->n_reads; r++) {
        const struct topic_spec *topic = &scenario->topic[group->read[r].topic];
        if (group->read[r].stage == stage) n += topic->key == KEY_NULL && topic->partitions > 1 ? 2 : 1;
    }
    return n < most_consumers(group) ? n : most_consumers(group);
}

/* Whether threads may be at an order in a stage at once, though none of them has been taken for dead. */
static bool threads_meet(const struct compiler *compiler, uint32_t stage)
{
    const struct scenario *scenario = compiler->scenario;
    const uint32_t api = compiler->plan->api_process;
    uint32_t n = api != NONE && scenario->process[api].api_stage == stage;
    for (uint32_t g = 0; g < scenario->n_groups; g++) n += most_at_once(scenario, &scenario->group[g], stage);
    return n > 1;
}

static bool is_key_of_effect(const struct plan_op *op)
{
    return op->kind == STEP_ONCE && op->once_form == ONCE_BUSINESS_STATE;
}

/* The row of an effect is unique whichever stage inserts it: those from `first` on share the key of stages before. */
static void effect_keys_share(struct compiler *compiler, uint32_t first)
{
    for (uint32_t i = first; i < compiler->plan->n_ops; i++) {
        struct plan_op *op = &compiler->op[i];
        if (!is_key_of_effect(op)) continue;
        for (uint32_t k = 0; k < first; k++) {
            struct plan_op *before = &compiler->op[k];
            if (!is_key_of_effect(before) || !(before->once_did & op->once_did)) continue;
            op->once_bit = before->once_bit;
            op->meets = before->meets = true;
            op->visible = before->visible = OP_VISIBLE;
        }
    }
}

static void meets_another(struct plan_op *op)
{
    op->meets = true;
    op->visible = OP_VISIBLE;
}

/* The effect of a business state may be another stage's, whatever that one asks: threads meet there, and whether it is
 * there by now needs the look's own instant. */
static void effect_looks_mark(struct compiler *compiler)
{
    const uint32_t n_stages = compiler->scenario->n_stages;
    for (uint32_t s = 0; s < n_stages; s++) {
        const uint32_t end = s + 1 == n_stages ? compiler->plan->n_ops : compiler->stage[s + 1].first_op;
        for (uint32_t i = compiler->stage[s].first_op; i < end; i++)
            for (uint32_t other = 0; is_key_of_effect(&compiler->op[i]) && other < n_stages; other++)
                if (other != s && (compiler->op[compiler->stage[other].first_op].once_did & compiler->op[i].once_did))
                    meets_another(&compiler->op[i]);
    }
}

static bool stages_compile(struct compiler *compiler)
{
    const struct scenario *scenario = compiler->scenario;
    uint32_t n_ops = 0;
    for (uint32_t i = 0; i < scenario->n_stages; i++)
        n_ops += count_ops(scenario->stage[i].step, scenario->stage[i].n_steps);
    compiler->op = arena_array(compiler->arena, struct plan_op, n_ops);
    compiler->way = arena_array(compiler->arena, struct plan_way, n_ops);
    compiler->stage = arena_array(compiler->arena, struct plan_stage, scenario->n_stages);
    for (uint32_t i = 0; i < scenario->n_stages; i++) {
        const struct stage_spec *spec = &scenario->stage[i];
        struct plan_stage *stage = &compiler->stage[i];
        stage->first_op = compiler->plan->n_ops;
        stage->has_time = spec->has_time;
        if (spec->has_time && !dist_compile(compiler, &stage->time, &spec->time)) return false;
        bool explicit_connection = false;
        for (uint32_t s = 0; s < spec->n_steps; s++)
            explicit_connection |= spec->step[s].kind == STEP_CONNECTION && !spec->step[s].outer;
        uint32_t first = compiler->plan->n_ops;
        compiler->n_lucks = 0;
        compiler->threads_meet = threads_meet(compiler, i);
        if (!path_compile(compiler, spec->step, spec->n_steps,
                          (struct path){ .begin_op = NONE, .explicit_connection = explicit_connection,
                                         .begun_with = NONE }))
            return false;
        stage->draws = stage_draws(compiler, stage, first);
        stage->lead = stage_lead(&compiler->op[first]);
        for (struct plan_op *op = &compiler->op[first]; op->kind != OP_END; op++)
            op->sends_last = op->simple && op->at_once && op->timeless && !op->special && op[1].kind == OP_END;
        for (uint32_t op = first; op < compiler->plan->n_ops; op++)
            compiler->op[op].once_did = effects_of(scenario, spec->step, spec->n_steps);
        effect_keys_share(compiler, first);
        stage->table = NONE;
        for (uint32_t s = 0; s < spec->n_steps && stage->table == NONE; s++)
            if (spec->step[s].kind == STEP_WRITE) stage->table = spec->step[s].target;
    }
    if (compiler->n_once > 16)
        return sim_fail(compiler->err, SIM_ESCENARIO, NULL, "%u `once` steps; at most 16 are kept apart",
                        compiler->n_once);
    keys_mark(compiler);
    effect_looks_mark(compiler);
    compiler->plan->op = compiler->op;
    compiler->plan->way = compiler->way;
    compiler->plan->n_refusals = refusals_have_marks(compiler) ? compiler->n_once : 0;
    compiler->plan->stage = compiler->stage;
    return true;
}

/* ---- orders ---- */

static const struct pick *pick_compile(struct compiler *compiler, const struct pick_spec *spec)
{
    struct pick *pick = arena_new(compiler->arena, struct pick);
    return pick_make(pick, spec, compiler->arena, compiler->err) ? pick : NULL;
}

/* The table that effects of this kind go to, if it has rows. */
static uint32_t table_of_effect(const struct compiler *compiler, enum write_effect effect)
{
    for (uint32_t i = 0; i < compiler->plan->n_ops; i++)
        if (compiler->op[i].kind == STEP_WRITE && compiler->op[i].effect == effect &&
            compiler->scenario->table[compiler->op[i].target].rows > 0) return compiler->op[i].target;
    return NONE;
}

/* Without a load nobody inserts orders, and their rows are in the first table that goes by order. */
static uint32_t orders_table(const struct compiler *compiler)
{
    const struct scenario *scenario = compiler->scenario;
    uint32_t api = compiler->plan->api_process;
    if (api != NONE) {
        const struct stage_spec *stage = &scenario->stage[scenario->process[api].api_stage];
        for (uint32_t i = 0; i < stage->n_steps; i++)
            if (stage->step[i].kind == STEP_INSERT && scenario->table[stage->step[i].target].key == ROW_ORDER_ID)
                return stage->step[i].target;
    }
    for (uint32_t i = 0; i < scenario->n_tables; i++)
        if (scenario->table[i].key == ROW_ORDER_ID) return i;
    return NONE;
}

/* Rows and locks go by it, writes take it, keys of records may be it. */
static bool content_counts(const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->n_ops; i++)
        if (plan->op[i].kind == STEP_WRITE || plan->op[i].kind == STEP_READ || plan->op[i].kind == STEP_LOCK)
            return true;
    for (uint32_t i = 0; i < plan->scenario->n_topics; i++)
        if (plan->topic[i].key == KEY_USER || plan->topic[i].key == KEY_ITEM) return true;
    return plan->orders_have_coupons;
}

static bool inserts_order(const struct plan *plan, const struct plan_op *op)
{
    return op->kind == STEP_INSERT && op->target == plan->orders_table;
}

static bool is_read_by_a_group(const struct scenario *scenario, uint32_t stage)
{
    for (uint32_t g = 0; g < scenario->n_groups; g++)
        for (uint32_t r = 0; r < scenario->group[g].n_reads; r++)
            if (scenario->group[g].read[r].stage == stage) return true;
    return false;
}

/* A request inserts its own order, and nobody else does: one that a group inserts others may insert as well. */
static void orders_mark(struct compiler *compiler)
{
    const struct plan *plan = compiler->plan;
    bool by_groups = false;
    for (uint32_t s = 0; s < compiler->scenario->n_stages; s++) {
        const uint32_t end = s + 1 == compiler->scenario->n_stages ? plan->n_ops : plan->stage[s + 1].first_op;
        for (uint32_t i = plan->stage[s].first_op; i < end && is_read_by_a_group(compiler->scenario, s); i++)
            by_groups |= inserts_order(plan, &compiler->op[i]);
    }
    for (uint32_t i = 0; by_groups && i < plan->n_ops; i++)
        if (inserts_order(plan, &compiler->op[i])) compiler->op[i].keyed = true;
}

static bool orders_compile(struct compiler *compiler)
{
    const struct orders_spec *orders = &compiler->scenario->orders;
    struct plan *plan = compiler->plan;
    plan->user = pick_compile(compiler, &orders->user);
    plan->item = pick_compile(compiler, &orders->item);
    plan->quantity = pick_compile(compiler, &orders->quantity);
    plan->amount = pick_compile(compiler, &orders->amount);
    plan->coupon = pick_compile(compiler, &orders->coupon);
    plan->orders_have_coupons = orders->coupon.kind != PICK_NOTHING;
    plan->content_counts = content_counts(plan);
    plan->stock_table = table_of_effect(compiler, EFFECT_RESERVE);
    plan->coupon_table = table_of_effect(compiler, EFFECT_USE);
    plan->points_table = table_of_effect(compiler, EFFECT_DEBIT);
    plan->orders_table = orders_table(compiler);
    orders_mark(compiler);
    return plan->user && plan->item && plan->quantity && plan->amount && plan->coupon;
}

/* ---- what can go wrong ---- */

double plan_longest_backoff_s(const struct group_spec *spec)
{
    const double first_s = ns_to_s(spec->backoff_ns);
    if (spec->deliveries < 2) return 0;
    if (spec->backoff_multiplier == 1) return first_s;
    return fmin(first_s * pow(spec->backoff_multiplier, spec->deliveries - 2), ns_to_s(spec->backoff_max_ns));
}

/* A thread that comes to a step where a fault waits looks at it first. */
static void traps_set(const struct scenario *scenario, const struct plan *plan, struct plan_op *op)
{
    for (uint32_t i = 0; i < scenario->n_faults; i++) {
        const struct fault_spec *fault = &scenario->fault[i];
        if (fault->when != WHEN_STEP) continue;
        struct plan_op *trap = &op[plan->stage[fault->stage].first_op + fault->step];
        trap->trapped = trap->special = true;
    }
}

/* Where nothing of that can happen, a thread may run ahead through steps that nobody else can see. */
static void disturbances_compile(struct compiler *compiler)
{
    const struct scenario *scenario = compiler->scenario;
    struct plan *plan = compiler->plan;
    plan->disturbed = scenario->n_faults > 0 || scenario->n_scalers > 0;
    for (uint32_t g = 0; g < scenario->n_groups; g++) {
        const struct group_spec *spec = &scenario->group[g];
        plan->disturbed |= spec->cold || (spec->max_poll_interval_ns > 0 && late_poll_is_possible(plan, g));
    }
    traps_set(scenario, plan, compiler->op);
    unshared_mark(plan, compiler->op);
}

const struct plan *plan_make(const struct scenario *scenario, struct arena *arena, struct sim_err *err)
{
    struct plan *plan = arena_new(arena, struct plan);
    struct compiler compiler = {
        .scenario = scenario, .plan = plan, .cache = dist_cache_open(arena), .arena = arena, .err = err
    };
    plan->scenario = scenario;
    processes_compile(&compiler);
    if (!faults_compile(&compiler) || !scalers_compile(&compiler)) return NULL;
    if (!servers_compile(&compiler) || !groups_compile(&compiler)) return NULL;
    readers_compile(&compiler);
    if (!stages_compile(&compiler) || !orders_compile(&compiler)) return NULL;
    compiler.plan->draw = draws_find(compiler.plan, compiler.position, compiler.stage, compiler.arena);
    disturbances_compile(&compiler);
    return plan;
}

const struct plan *plan_with_faults(const struct plan *plan, const struct scenario *scenario, struct arena *arena,
                                    struct sim_err *err)
{
    struct plan *own = arena_new(arena, struct plan);
    struct plan_op *op = arena_array(arena, struct plan_op, plan->n_ops);
    struct compiler compiler = {
        .scenario = scenario, .plan = own, .op = op, .cache = dist_cache_open(arena), .arena = arena, .err = err
    };
    *own = *plan;
    memcpy(op, plan->op, plan->n_ops * sizeof *op);
    for (uint32_t i = 0; i < plan->n_ops; i++) op[i].trapped = false;
    own->scenario = scenario;
    own->op = op;
    if (!faults_compile(&compiler)) return NULL;
    disturbances_compile(&compiler);
    return own;
}
