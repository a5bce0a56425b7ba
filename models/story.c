/* SPDX-License-Identifier: GPL-3.0-or-later
 * Between two events all that is watched is compared with what it was: a few orders, the threads at work on them, the
 * rows that they write, the logs. Slow, and only for runs that somebody reads. */
#include "models/story.h"

#include <string.h>

#include "models/fault.h"
#include "models/orders/machine.h"
#include "models/orders/thread.h"

enum { STORY_ROWS = STORY_ORDERS * 3 };

struct watched_order {
    uint64_t id;
    uint32_t slot;
    bool sought, is_there, created;
    enum order_status status;
};

struct watched_thread {
    bool busy;
    uint64_t order_id;
    uint32_t stage, pc, attempt;
    sim_ns begun_ns;
    sim_ns lost_ns[MAX_LOCKS];     /* by lock: the last loss that has been told, or was before */
};

struct watched_row {
    uint32_t table;
    uint64_t key;
    int64_t value;
    uint64_t *writer; /* by thread: the order; 0 */
};

struct watch {
    struct story *story;
    struct machine *machine;
    const struct faults *faults;
    uint64_t fingerprint;
    struct watched_order order[STORY_ORDERS];
    struct watched_thread *thread;
    uint32_t n_rows;
    struct watched_row row[STORY_ROWS];
    int64_t *log_end;   /* by log: told up to here */
    uint64_t *happened; /* by fault */
    uint64_t violations[INVARIANT_COUNT];
    uint32_t n_mishaps;
};

void story_init(struct story *story, const uint64_t *order_id, uint32_t n_orders, struct arena *arena)
{
    *story = (struct story){ .n_orders = n_orders < STORY_ORDERS ? n_orders : STORY_ORDERS };
    for (uint32_t i = 0; i < story->n_orders; i++) story->order_id[i] = order_id[i];
    story->line = arena_array(arena, struct story_line, STORY_LINES);
    story->trail = arena_array(arena, struct trail_step, TRAIL_STEPS);
}

static void tell(struct watch *watch, struct story_line line)
{
    struct story *story = watch->story;
    line.at_ns = watch->machine->sim->now_ns;
    if (story->n_lines < STORY_LINES) story->line[story->n_lines++] = line;
    else story->cut = true;
}

/* ---- faults, violations ---- */

static void look_at_faults(struct watch *watch)
{
    for (uint32_t i = 0; i < watch->machine->plan->scenario->n_faults; i++) {
        if (watch->faults->fact[i].happened == watch->happened[i]) continue;
        watch->happened[i] = watch->faults->fact[i].happened;
        tell(watch,
             (struct story_line){ .kind = STORY_FAULT, .fault = i, .instance = watch->faults->last_instance[i] });
    }
}

static bool is_watched(const struct watch *watch, uint64_t order_id)
{
    for (uint32_t i = 0; i < watch->story->n_orders; i++)
        if (watch->order[i].id == order_id) return true;
    return false;
}

static void look_at_violations(struct watch *watch)
{
    const struct invariant_facts *fact = watch->machine->invariants.fact;
    for (uint32_t i = 0; i < INVARIANT_COUNT; i++) {
        if (fact[i].violations == watch->violations[i]) continue;
        const bool first = watch->violations[i] == 0;
        watch->violations[i] = fact[i].violations;
        if (first)
            tell(watch,
                 (struct story_line){ .kind = STORY_BROKEN, .invariant = i, .order_id = fact[i].first_order_id });
    }
}

static void look_at_mishaps(struct watch *watch)
{
    const struct mishaps *mishaps = &watch->machine->mishaps;
    for (; watch->n_mishaps < mishaps->n; watch->n_mishaps++) {
        const struct mishap *mishap = &mishaps->kept[watch->n_mishaps];
        if (!is_watched(watch, mishap->order_id) || mishap->kind == MISHAP_DIED) continue; /* STORY_DIES says that */
        tell(watch, (struct story_line){ .kind = STORY_MISHAP, .order_id = mishap->order_id, .mishap = mishap->kind,
                                         .stage = mishap->stage, .since_ns = mishap->since_ns });
    }
}

/* ---- orders ---- */

static uint32_t slot_of(const struct machine *machine, uint64_t id)
{
    for (uint32_t slot = 0; slot < machine->orders.n_chunks * ORDER_CHUNK; slot++) {
        const struct order *order = order_at(&machine->orders, slot);
        if (order->in_use && order->id == id) return slot;
    }
    return NONE;
}

static void row_watch(struct watch *watch, uint32_t table, uint64_t key)
{
    if (table == NONE || key == UINT64_MAX || watch->n_rows == STORY_ROWS) return;
    for (uint32_t i = 0; i < watch->n_rows; i++)
        if (watch->row[i].table == table && watch->row[i].key == key) return;
    watch->row[watch->n_rows++] =
        (struct watched_row){ .table = table,
                              .key = key,
                              .value = table_value(&watch->machine->tables, table, key),
                              .writer = arena_array(watch->machine->sim->arena, uint64_t, watch->machine->n_threads) };
}

static void order_appears(struct watch *watch, struct watched_order *watched, uint32_t slot)
{
    const struct machine *machine = watch->machine;
    const struct order *order = order_at(&machine->orders, slot);
    watched->slot = slot;
    watched->is_there = true;
    watched->created = false;
    watched->status = ORDER_PENDING;
    row_watch(watch, machine->plan->stock_table, order->item);
    row_watch(watch, machine->plan->points_table, order->user);
    row_watch(watch, machine->plan->coupon_table, row_key(order, ROW_COUPON));
}

static void look_at_order(struct watch *watch, struct watched_order *watched)
{
    const struct machine *machine = watch->machine;
    if (!watched->sought && machine->next_id > watched->id) { /* ids are given in order, and once */
        const uint32_t slot = slot_of(machine, watched->id);
        watched->sought = true;
        if (slot != NONE) order_appears(watch, watched, slot);
    }
    if (!watched->is_there) return;
    const struct order *order = order_at(&machine->orders, watched->slot);
    if (!order->in_use || order->id != watched->id) {
        watched->is_there = false;
        return;
    }
    if ((order->did & DID_CREATE) && !watched->created) {
        watched->created = true;
        tell(watch, (struct story_line){ .kind = STORY_CREATED, .order_id = watched->id });
    }
    if (order->status == watched->status) return;
    tell(watch, (struct story_line){ .kind = STORY_STATUS,
                                     .order_id = watched->id,
                                     .from = watched->status,
                                     .to = (enum order_status)order->status });
    watched->status = (enum order_status)order->status;
}

/* ---- logs ---- */

static void look_at_log(struct watch *watch, uint32_t index)
{
    const struct log *log = &watch->machine->kafka.log[index];
    int64_t from = watch->log_end[index];
    watch->log_end[index] = log->end;
    if (log->n_readers == 0) return;
    for (int64_t offset = from < log->start ? log->start : from; offset < log->end; offset++)
        for (uint32_t i = 0; i < watch->story->n_orders; i++)
            if (watch->order[i].is_there && watch->order[i].slot == log_subject(log, offset))
                tell(watch, (struct story_line){ .kind = STORY_RECORD,
                                                 .order_id = watch->order[i].id,
                                                 .topic = log->topic,
                                                 .partition = log->partition });
}

/* ---- threads ---- */

static bool is_busy(const struct machine *machine, uint32_t index)
{
    if (index < machine->plan->n_consumers) return machine->kafka.consumer[index].in_record;
    uint32_t i = index - machine->plan->n_consumers;
    return !machine->thread[index].stopped && !(machine->api_free[i / 64] >> i % 64 & 1);
}

static struct story_line line_of(const struct watch *watch, uint32_t index, const struct watched_thread *was,
                                 enum story_kind kind)
{
    const struct thread *thread = &watch->machine->thread[index];
    const struct plan *plan = watch->machine->plan;
    const struct plan_op *op = &plan->op[was->pc];
    struct story_line line = { .kind = kind,
                               .order_id = was->order_id,
                               .stage = was->stage,
                               .step = was->pc - plan->stage[was->stage].first_op,
                               .step_kind = op->kind,
                               .table = op->target,
                               .to = (enum order_status)op->status,
                               .consumer = thread->consumer,
                               .attempt = was->attempt,
                               .instance =
                                   thread->instance - plan->first_instance[plan->process_of[thread->instance]] };
    if (thread->consumer == NONE) return line;
    line.group = plan->consumer[thread->consumer].group;
    line.member = plan->consumer[thread->consumer].member;
    return line;
}

/* What the transaction shows of the row that the step is about. */
static void add_value(const struct machine *machine, uint32_t index, const struct plan_op *op, struct story_line *line)
{
    const struct transaction *transaction = &machine->thread[index].transaction;
    if (op->kind != STEP_READ && op->kind != STEP_WRITE) return;
    for (uint32_t i = 0; i < transaction->n_rows; i++) {
        const struct transaction_row *row = &transaction->row[i];
        if (row->table != op->target || !(op->kind == STEP_READ ? row->read : row->written)) continue;
        line->has_value = true;
        line->value = op->kind == STEP_READ ? row->seen : row->value;
    }
}

static void step_done(struct watch *watch, uint32_t index, const struct watched_thread *at)
{
    const struct plan_op *op = &watch->machine->plan->op[at->pc];
    struct story_line line = line_of(watch, index, at, STORY_STEP);
    if (op->kind == OP_END) return;
    add_value(watch->machine, index, op, &line);
    line.known = op->kind == STEP_ONCE && watch->machine->thread[index].duplicate;
    tell(watch, line);
}

/* From where the thread was to where it is: straight on, or through a refusal. */
static void steps_done(struct watch *watch, uint32_t index, struct watched_thread *was, uint32_t pc)
{
    const struct plan_op *op = watch->machine->plan->op;
    while (was->pc != pc && op[was->pc].kind != OP_END) {
        uint32_t otherwise = op[was->pc].otherwise;
        if (otherwise != NONE && pc >= otherwise && was->pc < otherwise) {
            tell(watch, line_of(watch, index, was, STORY_REFUSED));
            was->pc = otherwise;
            continue;
        }
        if (pc < was->pc) break; /* a write that is tried again */
        step_done(watch, index, was);
        was->pc++;
    }
    was->pc = pc;
}

/* The record is over: done to its end, given up, or its process died. */
static void record_over(struct watch *watch, uint32_t index, struct watched_thread *was)
{
    const struct machine *machine = watch->machine;
    const struct plan_op *op = machine->plan->op;
    const struct thread *thread = &machine->thread[index];
    was->busy = false;
    if (op[was->pc].kind == OP_END) return;
    if (process_is_down(&machine->processes, thread->instance)) {
        tell(watch, line_of(watch, index, was, STORY_DIES));
        return;
    }
    const bool again = order_at(&machine->orders, thread->order)->id == was->order_id && thread->stage == was->stage &&
                       thread->attempt > was->attempt;
    const bool given_up = thread->begun_ns == was->begun_ns && op[thread->pc].kind != OP_END;
    if (given_up) steps_done(watch, index, was, thread->pc);
    if (again || given_up) {
        tell(watch, line_of(watch, index, was, STORY_THROWS));
        return;
    }
    if (thread->begun_ns == was->begun_ns) steps_done(watch, index, was, thread->pc);
    while (op[was->pc].kind != OP_END) {
        step_done(watch, index, was);
        was->pc++;
    }
}

static void look_at_loss(struct watch *watch, uint32_t index, struct watched_thread *was, uint32_t lock)
{
    const struct lock_loss *loss = lock_loss_of(&watch->machine->locks, lock, index);
    if (loss->at_ns == was->lost_ns[lock] || loss->cause == LOSS_NONE) return;
    was->lost_ns[lock] = loss->at_ns;
    if (loss->at_ns < was->begun_ns) return;
    struct story_line line = line_of(watch, index, was, STORY_LOSES);
    line.lock = loss->lock;
    line.key = loss->key;
    line.cause = loss->cause;
    line.since_ns = loss->acquired_ns;
    tell(watch, line);
}

static void look_at_losses(struct watch *watch, uint32_t index, struct watched_thread *was)
{
    for (uint32_t i = 0; i < watch->machine->plan->scenario->n_locks; i++) look_at_loss(watch, index, was, i);
}

static void look_at_thread(struct watch *watch, uint32_t index)
{
    const struct machine *machine = watch->machine;
    const struct thread *thread = &machine->thread[index];
    struct watched_thread *was = &watch->thread[index];
    const bool busy = is_busy(machine, index);
    if (was->busy && (!busy || thread->begun_ns != was->begun_ns || thread->attempt != was->attempt))
        record_over(watch, index, was);
    if (was->busy) {
        if (thread->pc != was->pc) steps_done(watch, index, was, thread->pc);
        look_at_losses(watch, index, was);
        return;
    }
    if (!busy) return;
    uint64_t id = order_at(&machine->orders, thread->order)->id;
    if (!is_watched(watch, id) || (thread->begun_ns == was->begun_ns && thread->attempt == was->attempt &&
                                   thread->stage == was->stage && was->order_id == id))
        return;
    *was = (struct watched_thread){ true,
                                    id,
                                    thread->stage,
                                    machine->plan->stage[thread->stage].first_op,
                                    thread->attempt,
                                    thread->begun_ns,
                                    { 0 } };
    for (uint32_t i = 0; i < machine->plan->scenario->n_locks; i++)
        was->lost_ns[i] = lock_loss_of(&machine->locks, i, index)->at_ns;
    tell(watch, line_of(watch, index, was, STORY_BEGINS));
    if (thread->pc != was->pc) steps_done(watch, index, was, thread->pc);
}

/* ---- rows ---- */

/* The order for which a thread's transaction has written the row; 0: it has not. */
static uint64_t writer_of(const struct machine *machine, const struct transaction *transaction,
                          const struct watched_row *watched)
{
    for (uint32_t k = 0; k < transaction->n_rows; k++) {
        const struct transaction_row *row = &transaction->row[k];
        if (row->written && row->table == watched->table &&
            machine->tables.table[row->table].row[row->row].key == watched->key + 1)
            return row->order_id;
    }
    return 0;
}

/* A value that changed was committed by a thread that had written it before, and has not now. */
static void look_at_row(struct watch *watch, struct watched_row *watched)
{
    const struct machine *machine = watch->machine;
    uint64_t by = 0;
    for (uint32_t i = 0; i < machine->n_threads; i++) {
        uint64_t writer = writer_of(machine, &machine->thread[i].transaction, watched);
        if (watched->writer[i] != 0 && writer == 0) by = watched->writer[i];
        watched->writer[i] = writer;
    }
    int64_t value = table_value(&machine->tables, watched->table, watched->key);
    if (value == watched->value) return;
    tell(watch, (struct story_line){ .kind = STORY_ROW,
                                     .table = watched->table,
                                     .key = watched->key,
                                     .was = watched->value,
                                     .value = value,
                                     .has_value = true,
                                     .other_order = by });
    watched->value = value;
}

/* ---- all of it ---- */

static void look(struct watch *watch)
{
    struct story *story = watch->story;
    const struct sim *sim = watch->machine->sim;
    if (sim->fingerprint != watch->fingerprint && story->n_steps < TRAIL_STEPS)
        story->trail[story->n_steps++] = (struct trail_step){ sim->now_ns, sim->fingerprint };
    watch->fingerprint = sim->fingerprint;
    look_at_faults(watch);
    if (story->n_orders > 0) {
        for (uint32_t i = 0; i < story->n_orders; i++) look_at_order(watch, &watch->order[i]);
        for (uint32_t i = 0; i < watch->machine->n_threads; i++) look_at_thread(watch, i);
        for (uint32_t i = 0; i < watch->n_rows; i++) look_at_row(watch, &watch->row[i]);
        for (uint32_t i = 0; i < watch->machine->plan->n_logs; i++) look_at_log(watch, i);
    }
    look_at_mishaps(watch);
    look_at_violations(watch);
}

static void on_tap(void *context, const struct sim *sim)
{
    (void)sim;
    look(context);
}

void story_listen(struct story *story, struct machine *machine, const struct faults *faults)
{
    struct arena *arena = machine->sim->arena;
    struct watch *watch = arena_new(arena, struct watch);
    story->watch = watch;
    *watch = (struct watch){ .story = story, .machine = machine, .faults = faults };
    watch->thread = arena_array(arena, struct watched_thread, machine->n_threads);
    watch->log_end = arena_array(arena, int64_t, machine->plan->n_logs);
    watch->happened = arena_array(arena, uint64_t, machine->plan->scenario->n_faults);
    for (uint32_t i = 0; i < story->n_orders; i++) watch->order[i].id = story->order_id[i];
    for (uint32_t i = 0; i < machine->n_threads; i++) watch->thread[i].begun_ns = SIM_NEVER;
    machine->sim->tap = on_tap;
    machine->sim->tap_context = watch;
}

void story_end(struct story *story) { look(story->watch); }
