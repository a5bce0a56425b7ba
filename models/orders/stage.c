/* SPDX-License-Identifier: GPL-3.0-or-later
 * Stages as programs of steps: the machine that runs them under the rules of the lock server, the database and the
 * broker. A step takes its share of the stage's time, or its own; what it does to others happens at effect_at of its
 * duration (half-way: a command reaches the server, the answer comes back).
 *
 * A step that is refused (a write of 0 rows, a lock not got in time) goes on with its `otherwise` steps; without them,
 * as on a lost row lock, a deadlock or an unlock by a non-owner, the listener throws: transaction rolled back, locks
 * released, the record delivered again by the group's rules.
 * A step whose key the order lacks (no coupon) is skipped, counts as done, and still takes its share of the time. */
#include <string.h>

#include "models/kafka/murmur2.h"
#include "models/orders/flow.h"
#include "models/orders/machine.h"
#include "models/orders/pick.h"
#include "models/purpose.h"

enum outcome { OUTCOME_DONE, OUTCOME_PARKED, OUTCOME_REFUSED, OUTCOME_FAILED, OUTCOME_AGAIN };

enum { WORD_SERVICE, WORD_APPEND, WORD_LUCK, WORD_APPEND_2 };

static void thread_run(struct machine *machine, uint32_t index);

/* ---- the thread's surroundings ---- */

static uint32_t index_of(const struct machine *machine, const struct thread *thread)
{
    return (uint32_t)(thread - machine->thread);
}

static struct order *order_of(const struct machine *machine, const struct thread *thread)
{
    return order_at(&machine->orders, thread->order);
}

/* Which record this is for draws: the same for every consumer count. */
static uint64_t entity_of(const struct machine *machine, const struct thread *thread)
{
    uint64_t read = (uint64_t)thread->stage * (MAX_TOPICS + 1) + (thread->topic == NONE ? 0 : thread->topic + 1);
    return read << 32 | order_of(machine, thread)->id;
}

enum { BLOCKS_OF_ATTEMPT = 64 };

static uint32_t own_time_word(const struct machine *machine, const struct thread *thread, uint32_t word)
{
    uint32_t block = thread->attempt * BLOCKS_OF_ATTEMPT + 1 + word / 4;
    return random_block(machine->key, PURPOSE_STAGE, entity_of(machine, thread), block).word[word % 4];
}

static sim_ns duration(const struct machine *machine, const struct thread *thread, const struct plan_op *op)
{
    if (op->timeless) return 0;
    if (op->whole) return thread->time_ns;
    if (op->has_time) {
        if (op->time->draw == DRAW_CONSTANT) return op->time->constant_ns;
        return dist_draw(op->time, own_time_word(machine, thread, op->time_word));
    }
    double time_ns = (double)thread->time_ns;
    return (sim_ns)(time_ns * op->to + 0.5) - (sim_ns)(time_ns * op->from + 0.5);
}

static sim_ns until_effect(const struct plan_op *op, sim_ns duration_ns)
{
    if (op->half_way) return (duration_ns + 1) / 2;
    return (sim_ns)((double)duration_ns * op->effect_at + 0.5);
}

/* Key of a row for an order; UINT64_MAX where it lacks one. */
static uint64_t row_key(const struct order *order, enum row_key key)
{
    switch (key) {
    case ROW_ITEM: return order->item;
    case ROW_USER: return order->user;
    case ROW_COUPON: return order->coupon == NO_COUPON ? UINT64_MAX : order->coupon;
    case ROW_ORDER_ID: return order->id;
    }
    return UINT64_MAX;
}

static uint64_t key_of(const struct machine *machine, const struct thread *thread, const struct plan_op *op)
{
    const struct scenario *scenario = machine->plan->scenario;
    const struct order *order = order_of(machine, thread);
    bool lock = op->kind == STEP_LOCK || op->kind == STEP_UNLOCK;
    return row_key(order, lock ? scenario->lock[op->target].key : scenario->table[op->target].key);
}

static bool is_skipped(const struct machine *machine, const struct thread *thread, const struct plan_op *op)
{
    return op->may_lack_key && key_of(machine, thread, op) == UINT64_MAX;
}

static void on_thread(void *context, uint32_t index, uint64_t argument)
{
    struct machine *machine = context;
    (void)argument;
    machine->thread[index].seen = true;
    thread_run(machine, index);
}

/* Goes on at at_ns with the given phase of the step at pc. */
static enum outcome park(struct machine *machine, struct thread *thread, sim_ns at_ns, enum thread_phase phase)
{
    thread->phase = phase;
    sim_at(machine->sim, at_ns, SIM_CONSUMER, on_thread, machine, index_of(machine, thread), 0);
    return OUTCOME_PARKED;
}

static void command_give(struct machine *machine, struct thread *thread, const struct plan_op *op, sim_ns at_ns)
{
    if (!thread->has_command) return;
    thread->has_command = false;
    seats_give(&machine->command[op->store], at_ns);
}

/* Waits for somebody else to wake it. Its command occupies no server meanwhile: the one it waits for may need it. */
static enum outcome block(struct machine *machine, struct thread *thread)
{
    command_give(machine, thread, &machine->plan->op[thread->pc], machine->sim->now_ns);
    thread->phase = PHASE_GRANTED;
    thread->waits_since_ns = machine->sim->now_ns;
    return OUTCOME_PARKED;
}

static void wake(struct machine *machine, uint32_t index)
{
    struct thread *thread = &machine->thread[index];
    sim_cancel(machine->sim, thread->timer);
    thread->timer = 0;
    thread->seen = true;
    thread->clock_ns = machine->sim->now_ns;
    thread_run(machine, index);
}

/* ---- connections and command slots ---- */

static const struct process_spec *process_of(const struct machine *machine, const struct thread *thread)
{
    return &machine->plan->scenario->process[machine->plan->process_of[thread->instance]];
}

static bool pool_counts(const struct machine *machine, const struct thread *thread)
{
    return machine->plan->pool_counts[machine->plan->process_of[thread->instance]];
}

static void connection_got(struct machine *machine, struct thread *thread, sim_ns waited_ns)
{
    thread->has_connection = true;
    tally_add(&machine->process[machine->plan->process_of[thread->instance]].connection_wait, waited_ns);
}

static void on_connection(void *context, uint32_t index)
{
    struct machine *machine = context;
    struct thread *thread = &machine->thread[index];
    connection_got(machine, thread, machine->sim->now_ns - thread->waits_since_ns);
    wake(machine, index);
}

static void connection_give(struct machine *machine, struct thread *thread, sim_ns at_ns)
{
    if (!thread->has_connection) return;
    thread->has_connection = false;
    seats_give(&machine->pool[thread->instance], at_ns);
}

static bool refuse(struct machine *machine, struct thread *thread, enum outcome why);

static void on_connection_timeout(void *context, uint32_t index, uint64_t argument)
{
    struct machine *machine = context;
    struct thread *thread = &machine->thread[index];
    (void)argument;
    if (!seats_leave(&machine->pool[thread->instance], index)) return;
    machine->process[machine->plan->process_of[thread->instance]].connections_timed_out++;
    tally_add(&machine->process[machine->plan->process_of[thread->instance]].connection_wait,
              machine->sim->now_ns - thread->waits_since_ns);
    thread->clock_ns = machine->sim->now_ns;
    thread->seen = true;
    if (refuse(machine, thread, OUTCOME_REFUSED)) thread_run(machine, index);
}

/* A connection for the step that starts at the thread's clock. */
static enum outcome connection_take(struct machine *machine, struct thread *thread)
{
    if (thread->has_connection || !pool_counts(machine, thread)) return OUTCOME_DONE;
    if (thread->clock_ns > machine->sim->now_ns) return park(machine, thread, thread->clock_ns, PHASE_START);
    if (seats_take(&machine->pool[thread->instance], index_of(machine, thread))) {
        connection_got(machine, thread, 0);
        return OUTCOME_DONE;
    }
    block(machine, thread);
    thread->phase = PHASE_START;
    thread->timer = sim_at(machine->sim, machine->sim->now_ns + process_of(machine, thread)->connection_timeout_ns,
                           SIM_TIMER, on_connection_timeout, machine, index_of(machine, thread), 0);
    return OUTCOME_PARKED;
}

static void on_command(void *context, uint32_t index)
{
    struct machine *machine = context;
    machine->thread[index].has_command = true;
    wake(machine, index);
}

/* A place among the commands that the step's store serves at once. */
static enum outcome command_take(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    if (op->store == NONE || machine->command[op->store].capacity == 0 || thread->has_command) return OUTCOME_DONE;
    if (thread->clock_ns > machine->sim->now_ns) return park(machine, thread, thread->clock_ns, PHASE_START);
    if (seats_take(&machine->command[op->store], index_of(machine, thread))) {
        thread->has_command = true;
        return OUTCOME_DONE;
    }
    block(machine, thread);
    thread->phase = PHASE_START;
    return OUTCOME_PARKED;
}

/* ---- publish ---- */

static void on_append(void *context, uint32_t order, uint64_t log)
{
    struct machine *machine = context;
    if (machine->kafka.log[log].n_readers == 0) {
        kafka_append(&machine->kafka, (uint32_t)log, order);
        order_release(machine, order);
        return;
    }
    kafka_append(&machine->kafka, (uint32_t)log, order);
}

/* Records without a key stay on one partition until batch.size bytes went there (KIP-480, KIP-794). */
static uint32_t sticky_partition(struct machine *machine, uint32_t topic)
{
    const struct topic_spec *spec = &machine->plan->scenario->topic[topic];
    struct sticky *sticky = &machine->sticky[topic];
    if (sticky->choices == 0 || sticky->bytes >= spec->batch_bytes) {
        uint32_t word = random_block(machine->key, PURPOSE_STICKY, topic, sticky->choices++).word[0];
        sticky->partition = (uint32_t)((uint64_t)word * spec->partitions >> 32);
        sticky->bytes = 0;
    }
    sticky->bytes += spec->record_bytes;
    return sticky->partition;
}

/* Nearly every topic of a pipeline has the order id as key and the same number of partitions: hashed once an order. */
static uint32_t hashed_partition(struct order *order, uint32_t partitions)
{
    if (order->hashed_over != partitions) {
        order->hashed_over = (uint16_t)partitions;
        order->hashed = (uint16_t)murmur2_partition_of_id(order->id, partitions);
    }
    return order->hashed;
}

static uint32_t partition_of(struct machine *machine, struct order *order, uint32_t topic)
{
    const struct topic_spec *spec = &machine->plan->scenario->topic[topic];
    switch (spec->key) {
    case KEY_ORDER_ID: return hashed_partition(order, spec->partitions);
    case KEY_USER: return murmur2_partition_of_id(order->user, spec->partitions);
    case KEY_ITEM: return murmur2_partition_of_id(order->item, spec->partitions);
    case KEY_ID_MODULO: return order->id % spec->partitions;
    case KEY_NULL: break;
    }
    return sticky_partition(machine, topic);
}

/* linger: the batch of a partition that is open takes the record, or a new one opens, behind the others. */
static sim_ns linger(const struct topic_spec *spec, struct sender *sender, sim_ns now_ns, sim_ns latency_ns)
{
    bool fits = now_ns <= sender->batch_closes_ns && sender->batch_bytes + spec->record_bytes <= spec->batch_bytes;
    if (sender->batch_bytes == 0 || !fits) {
        sim_ns at_ns = now_ns + spec->linger_ns + latency_ns;
        sender->batch_closes_ns = now_ns + spec->linger_ns;
        if (sender->batch_at_ns < at_ns) sender->batch_at_ns = at_ns;
        sender->batch_bytes = 0;
    }
    sender->batch_bytes += spec->record_bytes;
    return sender->batch_at_ns;
}

static sim_ns append_latency(const struct machine *machine, struct thread *thread, uint32_t topic)
{
    const struct dist *append = &machine->plan->append[topic];
    uint32_t n = thread->publishes++;
    if (append->draw == DRAW_CONSTANT) return append->constant_ns;
    if (n == 0) return dist_draw(append, thread->words.word[WORD_APPEND]);
    if (n == 1) return dist_draw(append, thread->words.word[WORD_APPEND_2]);
    return dist_draw(append, random_block(machine->key, PURPOSE_APPEND, entity_of(machine, thread), n).word[0]);
}

static void append_at(struct machine *machine, uint32_t order, uint32_t log, sim_ns at_ns)
{
    if (at_ns == machine->sim->now_ns) on_append(machine, order, log);
    else sim_at(machine->sim, at_ns, SIM_SERVER, on_append, machine, order, log);
}

static void on_send(void *context, uint32_t order, uint64_t topic)
{
    struct send *send = context;
    struct machine *machine = send->machine;
    const struct topic_spec *spec = &machine->plan->scenario->topic[topic];
    uint32_t log = machine->plan->first_log[topic] +
        partition_of(machine, order_at(&machine->orders, order), (uint32_t)topic);
    sim_ns at_ns = send->at_ns;
    if (spec->linger_ns > 0) at_ns = linger(spec, &machine->sender[log], machine->sim->now_ns, send->latency_ns);
    send->next_free = machine->free_send;
    machine->free_send = send;
    append_at(machine, order, log, at_ns);
}

/* Sticky partitions and open batches are shared: the record takes its turn when it is sent, not when its thread, which
 * may be ahead of the others, decides to send it. */
static void send_later(struct machine *machine, uint32_t order, uint32_t topic, sim_ns send_ns, struct send what)
{
    struct send *send = machine->free_send;
    if (send) machine->free_send = send->next_free;
    else send = arena_new(machine->sim->arena, struct send);
    *send = what;
    if (send_ns == machine->sim->now_ns) on_send(send, order, topic);
    else sim_at(machine->sim, send_ns, SIM_CONSUMER, on_send, send, order, topic);
}

/* A broker handles the requests of one connection one after the other: what a thread sends later is not in a log
 * earlier, even where latencies invert. */
static void publish(struct machine *machine, struct thread *thread, uint32_t topic, sim_ns send_ns)
{
    const struct topic_spec *spec = &machine->plan->scenario->topic[topic];
    struct order *order = order_of(machine, thread);
    sim_ns latency_ns = append_latency(machine, thread, topic), at_ns = send_ns + latency_ns;
    order->refs++;
    if (spec->linger_ns == 0) {
        if (at_ns < thread->sent_ns) at_ns = thread->sent_ns + 1;
        thread->sent_ns = at_ns;
    }
    if (spec->linger_ns > 0 || spec->key == KEY_NULL)
        send_later(machine, thread->order, topic, send_ns, (struct send){ machine, NULL, latency_ns, at_ns });
    else
        append_at(machine, thread->order, machine->plan->first_log[topic] + partition_of(machine, order, topic), at_ns);
}

/* ---- rows ---- */

static void on_row_timeout(void *context, uint32_t index, uint64_t argument)
{
    struct machine *machine = context;
    struct thread *thread = &machine->thread[index];
    (void)argument;
    row_lock_leave(&machine->tables, index);
    thread->timer = 0;
    thread->clock_ns = machine->sim->now_ns;
    if (refuse(machine, thread, OUTCOME_FAILED)) thread_run(machine, index);
}

static void on_row(void *context, uint32_t index) { wake(context, index); }

static enum outcome row_take(struct machine *machine, struct thread *thread, struct transaction_row *touched)
{
    switch (row_lock(&machine->tables, touched, index_of(machine, thread))) {
    case ROW_OK: return OUTCOME_DONE;
    case ROW_DEADLOCK: return OUTCOME_FAILED;
    case ROW_WAITS: break;
    }
    sim_ns timeout_ns = machine->plan->scenario->table[touched->table].lock_timeout_ns;
    block(machine, thread);
    thread->timer = sim_at(machine->sim, machine->sim->now_ns + timeout_ns, SIM_TIMER, on_row_timeout, machine,
                           index_of(machine, thread), 0);
    return OUTCOME_PARKED;
}

/* How much the effect takes from the row; negative gives back; 0: nothing to give back. */
static int64_t take_of(const struct machine *machine, const struct thread *thread, const struct plan_op *op)
{
    const struct order *order = order_of(machine, thread);
    switch ((enum write_effect)op->effect) {
    case EFFECT_RESERVE: return order->quantity;
    case EFFECT_USE: return 1;
    case EFFECT_DEBIT: return order->amount;
    case EFFECT_RESTORE: break;
    }
    switch (machine->plan->scenario->table[op->target].key) {
    case ROW_ITEM: return (order->did & (DID_RESERVE | DID_RESTORE)) == DID_RESERVE ? -(int64_t)order->quantity : 0;
    case ROW_USER: return (order->did & (DID_DEBIT | DID_REFUND)) == DID_DEBIT ? -(int64_t)order->amount : 0;
    case ROW_COUPON: return (order->did & (DID_USE | DID_RESTORE_COUPON)) == DID_USE ? -1 : 0;
    case ROW_ORDER_ID: break;
    }
    return 0;
}

/* What was answered once is answered so again. */
static bool has_bad_luck(const struct thread *thread, const struct plan_op *op)
{
    return !thread->duplicate && thread->words.word[WORD_LUCK] < op->refuse_below;
}

static enum outcome rejected(struct machine *machine, const struct plan_op *op)
{
    machine->tables.table[op->target].fact.rejected++;
    return OUTCOME_REFUSED;
}

static struct transaction_row *touch(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    struct transaction_row *touched = transaction_touch(&machine->tables, &thread->transaction, op->target,
                                                        key_of(machine, thread, op));
    if (touched) touched->order_id = order_of(machine, thread)->id;
    return touched;
}

/* Another transaction was faster: once more from begin, in a new one, or refused after the last try. */
static enum outcome conflict(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    struct table_facts *fact = &machine->tables.table[op->target].fact;
    fact->conflicts++;
    if (++thread->tries >= op->tries || op->begin_op == NONE) return OUTCOME_REFUSED;
    fact->retries++;
    return OUTCOME_AGAIN;
}

static enum outcome write_effect(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    int64_t take = take_of(machine, thread, op);
    if (thread->duplicate || take == 0) return OUTCOME_DONE;
    if (has_bad_luck(thread, op)) return rejected(machine, op);
    struct transaction_row *touched = touch(machine, thread, op);
    if (!touched) return rejected(machine, op);
    if (op->style == STYLE_ABSOLUTE) return row_write_absolute(touched, take) ? OUTCOME_DONE : rejected(machine, op);
    enum outcome locked = row_take(machine, thread, touched);
    if (locked != OUTCOME_DONE) return locked;
    if (op->style == STYLE_CONDITIONAL)
        return row_write_conditional(&machine->tables, touched, take) ? OUTCOME_DONE : rejected(machine, op);
    if (op->style == STYLE_FOR_UPDATE) {
        transaction_read(&machine->tables, touched);
        return row_write_absolute(touched, take) ? OUTCOME_DONE : rejected(machine, op);
    }
    if ((touched->written ? touched->value : touched->seen) - take < 0) return rejected(machine, op);
    return row_write_version(&machine->tables, touched, take) ? OUTCOME_DONE : conflict(machine, thread, op);
}

/* What the entity manager holds back goes out, row by row, each under its lock. */
static enum outcome flush_effect(struct machine *machine, struct thread *thread)
{
    for (uint32_t i = 0; i < thread->transaction.n_rows; i++) {
        struct transaction_row *row = &thread->transaction.row[i];
        if (!row->absolute) continue;
        enum outcome locked = row_take(machine, thread, row);
        if (locked != OUTCOME_DONE) return locked;
        row_send_absolute(&machine->tables, row);
    }
    return OUTCOME_DONE;
}

/* Commits share flushes of the log: the one that arrives during a flush waits for the next. */
static sim_ns flushed_ns(struct machine *machine, uint32_t store)
{
    struct flush *flush = &machine->flush[store];
    sim_ns now_ns = machine->sim->now_ns;
    if (flush->next_ns > now_ns && flush->current_ns > now_ns) return flush->next_ns;
    uint32_t word = random_block(machine->key, PURPOSE_FLUSH, store, flush->count++).word[0];
    sim_ns takes_ns = dist_draw(&machine->plan->flush[store], word);
    if (flush->next_ns > now_ns) {        /* the next one is running by now */
        flush->current_ns = flush->next_ns;
        flush->next_ns = flush->current_ns + takes_ns;
    } else if (flush->current_ns > now_ns) {
        flush->next_ns = flush->current_ns + takes_ns;
    } else {
        flush->current_ns = now_ns + takes_ns;
        return flush->current_ns;
    }
    return flush->next_ns;
}

static void commit_now(struct machine *machine, struct thread *thread)
{
    order_effects(machine, order_of(machine, thread), &thread->transaction);
    order_of(machine, thread)->once |= thread->once_marks;
    thread->once_marks = 0;
    thread->tries = 0;
    transaction_commit(&machine->tables, &thread->transaction);
}

static bool writes_pending(const struct thread *thread)
{
    if (thread->once_marks) return true;
    for (uint32_t i = 0; i < thread->transaction.n_rows; i++)
        if (thread->transaction.row[i].written || thread->transaction.row[i].locked) return true;
    return false;
}

static enum outcome commit_effect(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    if (!writes_pending(thread)) {
        thread->transaction.open = false;
        thread->transaction.n_rows = 0;
        return OUTCOME_DONE;
    }
    if (thread->phase != PHASE_FLUSHED) {
        enum outcome sent = flush_effect(machine, thread);
        if (sent != OUTCOME_DONE) return sent;
        if (op->store != NONE && machine->plan->scenario->store[op->store].group_commit)
            return park(machine, thread, flushed_ns(machine, op->store), PHASE_FLUSHED);
    }
    commit_now(machine, thread);
    return OUTCOME_DONE;
}

/* ---- locks ---- */

static void on_lock(void *context, uint32_t index, bool got)
{
    struct machine *machine = context;
    struct thread *thread = &machine->thread[index];
    const struct plan_op *op = &machine->plan->op[thread->pc];
    thread->clock_ns = machine->sim->now_ns;
    thread->seen = true;
    command_give(machine, thread, op, thread->clock_ns);
    if (got) {
        thread->lock[thread->n_locks].lock = op->target;
        thread->lock[thread->n_locks++].key = key_of(machine, thread, op);
        thread->pc++;
        thread->phase = PHASE_START;
    } else if (!refuse(machine, thread, OUTCOME_REFUSED)) {
        return;
    }
    thread_run(machine, index);
}

static enum outcome lock_effect(struct machine *machine, struct thread *thread, const struct plan_op *op, sim_ns takes_ns)
{
    uint64_t key = key_of(machine, thread, op);
    SIM_ASSERT_IN(machine->sim, thread->n_locks < THREAD_LOCKS);
    if (!lock_acquire(&machine->locks, op->target, key, index_of(machine, thread), takes_ns)) return block(machine, thread);
    thread->lock[thread->n_locks].lock = op->target;
    thread->lock[thread->n_locks++].key = key;
    return OUTCOME_DONE;
}

static enum outcome unlock_effect(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    uint64_t key = key_of(machine, thread, op);
    for (uint32_t i = 0; i < thread->n_locks; i++)
        if (thread->lock[i].lock == op->target && thread->lock[i].key == key) {
            thread->lock[i] = thread->lock[--thread->n_locks];
            break;
        }
    return lock_release(&machine->locks, op->target, key, index_of(machine, thread)) ? OUTCOME_DONE : OUTCOME_FAILED;
}

/* ---- join and status ---- */

static enum outcome join_effect(struct machine *machine, struct thread *thread, sim_ns ends_ns)
{
    struct order *order = order_of(machine, thread);
    struct flow_decision decision = flow_join(&machine->plan->scenario->flow, order, thread->topic);
    if (decision.changes) order_set_status(machine, thread->order, decision.status);
    if (decision.sends_payment) order->did |= DID_SEND_PAYMENT;
    for (uint32_t i = 0; i < decision.n_topics; i++) publish(machine, thread, decision.topic[i], ends_ns);
    return OUTCOME_DONE;
}

/* ---- one step ---- */

static bool is_visible(const struct thread *thread, const struct plan_op *op)
{
    switch ((enum op_visible)op->visible) {
    case OP_PRIVATE: return false;
    case OP_VISIBLE: return true;
    case OP_VISIBLE_IF_WRITTEN: return writes_pending(thread);
    case OP_VISIBLE_UNLESS_DUPLICATE: return !thread->duplicate;
    }
    return true;
}

static enum outcome effect(struct machine *machine, struct thread *thread, const struct plan_op *op, sim_ns takes_ns,
                           sim_ns ends_ns)
{
    switch ((enum step_kind)op->kind) {
    case STEP_LOCK: return lock_effect(machine, thread, op, takes_ns);
    case STEP_UNLOCK: return unlock_effect(machine, thread, op);
    case STEP_WRITE: return write_effect(machine, thread, op);
    case STEP_FLUSH: return flush_effect(machine, thread);
    case STEP_COMMIT: return commit_effect(machine, thread, op);
    case STEP_ROLLBACK:
        thread->once_marks = 0;
        transaction_rollback(&machine->tables, &thread->transaction);
        return OUTCOME_DONE;
    case STEP_READ: {
        struct transaction_row *touched = op->needs_read ? touch(machine, thread, op) : NULL;
        if (touched) transaction_read(&machine->tables, touched);
        return has_bad_luck(thread, op) ? OUTCOME_REFUSED : OUTCOME_DONE;
    }
    case STEP_INSERT: order_created(machine, thread->order); return OUTCOME_DONE;
    case STEP_JOIN: return join_effect(machine, thread, ends_ns);
    case STEP_STATUS: order_set_status(machine, thread->order, (enum order_status)op->status); return OUTCOME_DONE;
    case STEP_ONCE:
        thread->duplicate = order_of(machine, thread)->once >> op->once_bit & 1;
        thread->once_marks |= (uint16_t)(1u << op->once_bit);
        return thread->duplicate && op->otherwise != NONE ? OUTCOME_REFUSED : OUTCOME_DONE;
    case STEP_BEGIN:
        thread->transaction.open = true;
        thread->n_locks_before = thread->n_locks;
        return OUTCOME_DONE;
    case STEP_WORK: return has_bad_luck(thread, op) ? OUTCOME_REFUSED : OUTCOME_DONE;
    case STEP_CONNECTION: case STEP_PUBLISH: case STEP_REPLY: case STEP_KINDS: break;
    }
    return OUTCOME_DONE;
}

/* When code throws, the transaction is rolled back, and finally blocks release the locks beyond the first n_locks. */
static void unwind(struct machine *machine, struct thread *thread, uint32_t n_locks)
{
    if (thread->transaction.open || thread->transaction.n_rows > 0)
        transaction_rollback(&machine->tables, &thread->transaction);
    while (thread->n_locks > n_locks) {
        thread->n_locks--;
        lock_release(&machine->locks, thread->lock[thread->n_locks].lock, thread->lock[thread->n_locks].key,
                     index_of(machine, thread));
    }
    connection_give(machine, thread, machine->sim->now_ns);
}

static void fail(struct machine *machine, struct thread *thread)
{
    sim_ns now_ns = machine->sim->now_ns;
    unwind(machine, thread, 0);
    thread->once_marks = 0;
    thread->phase = PHASE_START;
    if (thread->consumer != NONE) kafka_record_failed(&machine->kafka, thread->consumer, now_ns);
    else api_done(machine, index_of(machine, thread), now_ns);
}

/* Sends the thread where a step that did not succeed leads. False: the listener has thrown; whatever follows, another
 * delivery of the record or the next one, has begun already. */
static bool refuse(struct machine *machine, struct thread *thread, enum outcome why)
{
    const struct plan_op *op = &machine->plan->op[thread->pc];
    SIM_ASSERT_IN(machine->sim, thread->clock_ns <= machine->sim->now_ns);
    command_give(machine, thread, op, machine->sim->now_ns);
    thread->phase = PHASE_START;
    if (why == OUTCOME_AGAIN) {
        unwind(machine, thread, thread->n_locks_before);
        uint32_t word = random_block(machine->key, PURPOSE_BACKOFF, entity_of(machine, thread),
                                     thread->attempt * BLOCKS_OF_ATTEMPT + thread->tries).word[0];
        thread->clock_ns = machine->sim->now_ns + dist_draw(op->backoff, word);
        thread->pc = op->begin_op;
        return true;
    }
    thread->tries = 0;
    thread->clock_ns = machine->sim->now_ns;
    if (why == OUTCOME_REFUSED && op->otherwise != NONE) {
        thread->pc = op->otherwise;
        return true;
    }
    fail(machine, thread);
    return false;
}

/* The read that a version or absolute write makes for itself where no read step came before. */
static enum outcome implied_read(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    if (thread->duplicate || take_of(machine, thread, op) == 0) return OUTCOME_DONE;
    struct transaction_row *touched = touch(machine, thread, op);
    if (!touched || touched->read) return OUTCOME_DONE;
    if (thread->clock_ns > machine->sim->now_ns) return park(machine, thread, thread->clock_ns, PHASE_START);
    transaction_read(&machine->tables, touched);
    return OUTCOME_DONE;
}

/* What must be there before the step's time starts to run. */
static enum outcome step_enter(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    if (op->takes_connection) {
        enum outcome taken = connection_take(machine, thread);
        if (taken != OUTCOME_DONE) return taken;
    }
    enum outcome taken = command_take(machine, thread, op);
    return taken == OUTCOME_DONE && op->reads_itself ? implied_read(machine, thread, op) : taken;
}

/* Connections end with the transaction, or with the step that was one of its own. */
static void step_leave(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    command_give(machine, thread, op, thread->clock_ns);
    if (op->ends_connection && !thread->transaction.open) connection_give(machine, thread, thread->clock_ns);
}

static enum outcome step(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    sim_ns now_ns = machine->sim->now_ns;
    bool visible = true;
    if (thread->phase == PHASE_START) {
        enum outcome entered = step_enter(machine, thread, op);
        if (entered != OUTCOME_DONE) return entered;
        thread->takes_ns = duration(machine, thread, op);
        sim_ns before_ns = until_effect(op, thread->takes_ns);
        thread->after_ns = thread->takes_ns - before_ns;
        visible = is_visible(thread, op);
        if (visible && thread->clock_ns + before_ns > now_ns)
            return park(machine, thread, thread->clock_ns + before_ns, PHASE_EFFECT);
    }
    sim_ns takes_ns = thread->takes_ns, ends_ns = visible ? now_ns + thread->after_ns : thread->clock_ns + takes_ns;
    enum outcome done = effect(machine, thread, op, takes_ns, ends_ns);
    if (done != OUTCOME_DONE) return done;
    thread->phase = PHASE_START;
    thread->clock_ns = ends_ns;
    step_leave(machine, thread, op);
    thread->pc++;
    if (machine->step_by_step && takes_ns > 0) return park(machine, thread, ends_ns, PHASE_START);
    return OUTCOME_DONE;
}

/* Work, publish, reply: only the thread's own clock moves. A send that is in the log at once needs no event of its own
 * if the thread comes up to it first. */
static enum outcome simple_step(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    sim_ns takes_ns = duration(machine, thread, op);
    if (op->kind == STEP_PUBLISH) {
        const struct dist *append = &machine->plan->append[op->target];
        if (!thread->seen && thread->clock_ns > machine->sim->now_ns && append->draw == DRAW_CONSTANT &&
            append->constant_ns == 0) return park(machine, thread, thread->clock_ns, PHASE_START);
        publish(machine, thread, op->target, thread->clock_ns + until_effect(op, takes_ns));
    } else if (op->kind == STEP_REPLY) {
        api_reply(machine, thread, thread->clock_ns);
    }
    thread->clock_ns += takes_ns;
    thread->pc++;
    if (machine->step_by_step && takes_ns > 0) return park(machine, thread, thread->clock_ns, PHASE_START);
    return OUTCOME_DONE;
}

static void note_times(struct machine *machine, const struct thread *thread)
{
    if (!machine->orders.keep_stages || thread->clock_ns > machine->kafka.end_ns) return;
    struct order_times *times = order_times_at(&machine->orders, thread->order);
    const struct consumer *consumer = thread->consumer == NONE ? NULL : &machine->kafka.consumer[thread->consumer];
    sim_ns since_ns = order_of(machine, thread)->created_ns;
    if (consumer) since_ns = log_at(&machine->kafka.log[machine->kafka.position[consumer->record_position].log],
                                    consumer->record_offset);
    sim_ns *wait_ns = &times->wait_ns[thread->stage], *service_ns = &times->service_ns[thread->stage];
    *wait_ns = (*wait_ns == SIM_NEVER ? 0 : *wait_ns) + thread->begun_ns - since_ns;
    *service_ns = (*service_ns == SIM_NEVER ? 0 : *service_ns) + thread->clock_ns - thread->begun_ns;
}

static void thread_end(struct machine *machine, uint32_t index)
{
    struct thread *thread = &machine->thread[index];
    connection_give(machine, thread, thread->clock_ns);
    note_times(machine, thread);
    if (thread->consumer == NONE) {
        api_done(machine, index, thread->clock_ns);
        return;
    }
    machine->nested++;
    kafka_record_done(&machine->kafka, thread->consumer, thread->clock_ns);
    machine->nested--;
}

enum { NESTED_MAX = 8 };

/* A consumer must neither run ahead without end nor call itself for record after record: a record that has had no event
 * needs one at its end, unless the consumer goes idle with it. A request ends when it likes. */
static bool may_end(const struct machine *machine, const struct thread *thread)
{
    if (thread->seen || thread->consumer == NONE) return true;
    if (machine->nested >= NESTED_MAX) return false;
    if (thread->clock_ns == machine->sim->now_ns) return true;
    return !machine->step_by_step && kafka_goes_idle(&machine->kafka, thread->consumer);
}

static void thread_run(struct machine *machine, uint32_t index)
{
    struct thread *thread = &machine->thread[index];
    for (;;) {
        const struct plan_op *op = &machine->plan->op[thread->pc];
        if (op->kind == OP_END) {
            if (may_end(machine, thread)) thread_end(machine, index);
            else park(machine, thread, thread->clock_ns, PHASE_START);
            return;
        }
        if (is_skipped(machine, thread, op)) {
            thread->clock_ns += duration(machine, thread, op);
            thread->pc++;
            continue;
        }
        enum outcome outcome = op->simple ? simple_step(machine, thread, op) : step(machine, thread, op);
        if (outcome == OUTCOME_PARKED) return;
        if (outcome != OUTCOME_DONE && !refuse(machine, thread, outcome)) return;
    }
}

/* Luck is the order's own, however often a record is delivered. */
static void words_draw(const struct machine *machine, struct thread *thread)
{
    uint64_t entity = entity_of(machine, thread);
    thread->words = random_block(machine->key, PURPOSE_STAGE, entity, thread->attempt * BLOCKS_OF_ATTEMPT);
    if (thread->attempt == 0) return;
    thread->words.word[WORD_LUCK] = random_block(machine->key, PURPOSE_STAGE, entity, 0).word[WORD_LUCK];
}

void thread_begin(struct machine *machine, uint32_t index, uint32_t stage, uint32_t order, uint32_t topic,
                  uint32_t attempt, sim_ns start_ns)
{
    const struct plan_stage *plan = &machine->plan->stage[stage];
    struct thread *thread = &machine->thread[index];
    thread->order = order;
    thread->stage = stage;
    thread->topic = topic;
    thread->attempt = attempt;
    thread->pc = plan->first_op;
    thread->phase = PHASE_START;
    thread->clock_ns = thread->begun_ns = start_ns;
    thread->duplicate = thread->seen = thread->replied = false;
    thread->once_marks = 0;
    thread->publishes = thread->tries = 0;
    if (plan->draws) words_draw(machine, thread);
    if (thread->consumer == NONE) thread->sent_ns = 0;
    thread->time_ns = plan->has_time ? dist_draw(&plan->time, thread->words.word[WORD_SERVICE]) : 0;
    thread_run(machine, index);
}

/* ---- set-up ---- */

static void on_process(void *context, uint32_t consumer, uint32_t position, uint32_t subject, uint32_t attempt,
                       sim_ns start_ns)
{
    struct machine *machine = context;
    const struct plan_position *plan = &machine->plan->position[position];
    const struct log *log = &machine->kafka.log[plan->log];
    int64_t next = machine->kafka.consumer[consumer].record_offset + 1;
    if (next < log->end) __builtin_prefetch(order_at(&machine->orders, log_subject(log, next)));
    uint32_t table = machine->plan->stage[plan->stage].table;
    if (table != NONE) {
        const struct order *order = order_at(&machine->orders, subject);
        table_prefetch(&machine->tables, table, row_key(order, machine->plan->scenario->table[table].key));
    }
    thread_begin(machine, consumer, plan->stage, subject, plan->topic, attempt, start_ns);
}

static void on_retire(void *context, uint32_t subject) { order_release(context, subject); }

/* Most rows of a table that orders can touch. */
static uint64_t orders_bound(const struct scenario *scenario)
{
    double expected = 0, margin = 16;
    for (uint32_t i = 0; i < scenario->n_loads; i++) {
        double starts = (double)load_scheduled(&scenario->load[i]);
        expected += starts;
        if (scenario->load[i].executor == LOAD_POISSON) margin += starts * 0.01 + 1000;
    }
    if (expected + margin > (double)scenario->orders.at_most) expected = (double)scenario->orders.at_most, margin = 16;
    for (uint32_t g = 0; g < scenario->n_groups; g++)
        for (uint32_t b = 0; b < scenario->group[g].n_backlog; b++) margin += (double)scenario->group[g].backlog[b].records;
    return (uint64_t)(expected + margin);
}

static void threads_init(struct machine *machine)
{
    const struct plan *plan = machine->plan;
    uint32_t n_api = plan->api_process == NONE ? 0 :
        plan->scenario->process[plan->api_process].api_threads * plan->scenario->process[plan->api_process].instances;
    struct arena *arena = machine->sim->arena;
    machine->n_threads = plan->n_consumers + n_api;
    machine->thread = arena_array(arena, struct thread, machine->n_threads);
    uint32_t *jvm = arena_array(arena, uint32_t, machine->n_threads);
    for (uint32_t i = 0; i < machine->n_threads; i++) {
        struct thread *thread = &machine->thread[i];
        bool api = i >= plan->n_consumers;
        thread->consumer = api ? NONE : i;
        thread->instance = api ? plan->first_instance[plan->api_process] +
            (i - plan->n_consumers) % plan->scenario->process[plan->api_process].instances : plan->consumer[i].instance;
        jvm[i] = thread->instance;
    }
    locks_init(&machine->locks, machine->sim, plan->scenario, plan->push, machine->key, machine->n_threads, jvm, on_lock, machine);
    tables_init(&machine->tables, machine->sim, plan->scenario, orders_bound(plan->scenario), machine->n_threads,
                &machine->invariants, on_row, machine);
}

static void servers_init(struct machine *machine)
{
    const struct plan *plan = machine->plan;
    const struct scenario *scenario = plan->scenario;
    struct arena *arena = machine->sim->arena;
    machine->pool = arena_array(arena, struct seats, plan->n_instances);
    for (uint32_t i = 0; i < plan->n_instances; i++)
        seats_init(&machine->pool[i], machine->sim, scenario->process[plan->process_of[i]].connections, on_connection, machine);
    machine->command = arena_array(arena, struct seats, scenario->n_stores);
    machine->flush = arena_array(arena, struct flush, scenario->n_stores);
    for (uint32_t i = 0; i < scenario->n_stores; i++)
        seats_init(&machine->command[i], machine->sim, scenario->store[i].capacity, on_command, machine);
    machine->process = arena_array(arena, struct process_facts, scenario->n_processes);
    for (uint32_t i = 0; i < scenario->n_processes; i++) {
        tally_init(&machine->process[i].connection_wait, arena, 0);
        tally_init(&machine->process[i].api, arena, 0);
    }
    machine->sender = arena_array(arena, struct sender, plan->n_logs);
    machine->sticky = arena_array(arena, struct sticky, scenario->n_topics);
}

void machine_init(struct machine *machine, struct sim *sim, const struct plan *plan, struct random_key key,
                  const struct run_options *options)
{
    memset(machine, 0, sizeof *machine);
    machine->sim = sim;
    machine->plan = plan;
    machine->key = key;
    machine->observer = options->observer;
    machine->step_by_step = options->step_by_step;
    machine->next_id = (uint32_t)plan->scenario->orders.first_id;
    invariants_init(&machine->invariants);
    orders_init(&machine->orders, sim->arena, options->observer && options->observer->on_order,
                options->keep_stage_times, plan->scenario->n_stages);
    tally_init(&machine->completion, sim->arena, 1000000);
    threads_init(machine);
    servers_init(machine);
    kafka_init(&machine->kafka, sim, plan, key, &machine->invariants,
               (struct kafka_calls){ machine, on_process, on_retire }, options->step_by_step);
    api_init(machine);
}
