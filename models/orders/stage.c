/* SPDX-License-Identifier: GPL-3.0-or-later
 * Stages as programs of steps: the machine that runs them under the rules of the lock server, the database and the
 * broker. A step takes its share of the stage's time, or its own; what it does to others happens at effect_at of its
 * duration (half-way: a command reaches the server, the answer comes back).
 *
 * A step that is refused (a write of 0 rows, a lock not got in time) goes on with its `otherwise` steps; without them,
 * as on a lost row lock, a deadlock or an unlock by a non-owner, the listener throws: transaction rolled back, locks
 * released, the record delivered again by the group's rules. It hears of "no" at the step's end.
 * A step whose key the order lacks (no coupon) is skipped, counts as done, and still takes its share of the time. */
#include "models/orders/ahead.h"
#include "models/orders/answer.h"
#include "models/orders/rider.h"
#include "models/orders/thread.h"

#include "models/purpose.h"

static bool is_skipped(const struct machine *machine, const struct thread *thread, const struct plan_op *op)
{
    return op->may_lack_key && key_of(machine, thread, op) == UINT64_MAX;
}

/* Whether another delivery may be refused before the step of this one has its effect. */
static bool may_hear_no(const struct machine *machine, const struct plan_op *op)
{
    return (op->meets || machine->conditions) && op->otherwise != NONE && machine->orders.n_refusals > 0;
}

static bool is_visible(const struct machine *machine, const struct thread *thread, const struct plan_op *op)
{
    switch ((enum op_visible)op->visible) {
    case OP_PRIVATE: return false;
    case OP_VISIBLE: return true;
    case OP_VISIBLE_IF_WRITTEN: return thread->rides || writes_pending(thread); /* a key may be waited for */
    case OP_VISIBLE_UNLESS_DUPLICATE:
        return !thread->duplicate || may_hear_no(machine, op) || answer_was_no(machine, thread, op);
    }
    return true;
}

/* When code throws, the transaction is rolled back, and finally blocks release the locks beyond the first n_locks. */
static void unwind(struct machine *machine, struct thread *thread, uint32_t n_locks)
{
    if (thread->rides) riders_drop(machine, thread);
    if (thread->transaction.open || thread->transaction.n_rows > 0)
        transaction_rollback(&machine->tables, &thread->transaction);
    while (thread->n_locks > n_locks) lock_give(machine, thread);
    connection_give(machine, thread, machine->sim->now_ns);
}

static void fail(struct machine *machine, struct thread *thread, uint32_t exception)
{
    sim_ns now_ns = machine->sim->now_ns;
    unwind(machine, thread, 0);
    outer_connection_give(machine, thread, now_ns);
    thread->once_marks = thread->keys_due = 0;
    thread->phase = PHASE_START;
    if (order_of(thread)->flags & ORDER_FOLLOWED) path_fail(machine, thread);
    if (thread->consumer != NONE) kafka_record_failed(&machine->kafka, thread->consumer, exception, now_ns);
    else api_failed(machine, index_of(machine, thread), now_ns);
}

bool refuse(struct machine *machine, struct thread *thread, enum outcome why)
{
    const struct plan_op *op = &machine->plan->op[thread->pc];
    SIM_ASSERT_IN(machine->sim, thread->clock_ns <= machine->sim->now_ns);
    const sim_ns told_ns = machine->sim->now_ns + (is_told_late(thread, op, why) ? thread->after_ns : 0);
    command_give(machine, thread, op, told_ns);
    has_waited(machine, thread);
    thread->phase = PHASE_START;
    if (why == OUTCOME_AGAIN) {
        unwind(machine, thread, thread->n_locks_before);
        uint32_t word = random_block(machine->key, PURPOSE_BACKOFF, entity_of(thread),
                                     thread->attempt * BLOCKS_OF_ATTEMPT + thread->tries).word[0];
        thread->clock_ns = told_ns + dist_draw(op->backoff, word);
        thread->pc = op->begin_op;
        return true;
    }
    thread->tries = 0;
    thread->clock_ns = told_ns;
    /* Whichever step asked, one exception says that there was no connection: it is not the answer of the step. */
    uint32_t exception = why == OUTCOME_NO_CONNECTION ? STEP_CONNECTION : op->kind;
    bool is_answer = why == OUTCOME_REFUSED || (why == OUTCOME_NO_CONNECTION && op->kind == STEP_CONNECTION);
    if (is_answer && op->otherwise != NONE) {
        answer_refused(machine, thread);
        thread->pc = op->otherwise;
        return true;
    }
    fail(machine, thread, exception);
    return false;
}

/* What must be there before the step's time starts to run. */
static enum outcome step_enter(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    if (op->takes_connection) {
        enum outcome taken = connection_take(machine, thread, op->outer);
        if (taken != OUTCOME_DONE) return taken;
    }
    enum outcome taken = command_take(machine, thread, op);
    return taken == OUTCOME_DONE && op->reads_itself ? implied_read(machine, thread, op) : taken;
}

/* Connections end with the transaction, or with the step that was one of its own. */
void step_leave(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    command_give(machine, thread, op, thread->clock_ns);
    if (op->ends_connection && !thread->transaction.open) connection_give(machine, thread, thread->clock_ns);
}

/* An outage of the database: the statement fails at once, its connection is refused or broken. */
static SIM_SELDOM bool is_away(const struct machine *machine, const struct plan_op *op)
{
    if (op->store == NONE || op->kind == STEP_LOCK || op->kind == STEP_UNLOCK) return false;
    return machine->conditions->store_down_until_ns[op->store] > machine->sim->now_ns;
}

static void step_done(struct machine *machine, struct thread *thread, const struct plan_op *op, sim_ns ends_ns)
{
    thread->phase = PHASE_START;
    thread->clock_ns = ends_ns;
    if (op->ends_connection || thread->has_command) step_leave(machine, thread, op);
    thread->pc++;
}

/* Whether nobody can tell the step's effect at at_ns from one that it has by now. What is counted at the end of the
 * warm-up and of the run must not lie beyond it. A join sends at its end, and what it notes of an order that is over
 * stands in the order of its instants. Nothing here may hang on who looks, and when: events of one instant run in the
 * order in which they were scheduled, and what is done ahead is scheduled early. */
static bool may_act_ahead(const struct machine *machine, const struct thread *thread, const struct plan_op *op,
                          sim_ns at_ns)
{
    if (at_ns >= machine->ahead.until_ns || machine->step_by_step || !machine->sim->unwatched) return false;
    return op->kind != STEP_JOIN || (thread->after_ns > 0 && order_of(thread)->status <= ORDER_PAYING);
}

/* The step's effect comes to nothing (a refusal, a lock that is not the thread's any more): the thread's own time has
 * to come for what follows from it. */
static void on_outcome(void *context, uint32_t index, uint64_t outcome)
{
    struct machine *machine = context;
    struct thread *thread = &machine->thread[index];
    thread->seen = true;
    thread->clock_ns = machine->sim->now_ns;
    if (answer_waits(machine, thread, (enum outcome)outcome) || !refuse(machine, thread, (enum outcome)outcome)) return;
    thread_run(machine, thread);
}

/* What is the thread's own needs no event (docs/decisions/0011). */
static enum outcome step_ahead(struct machine *machine, struct thread *thread, const struct plan_op *op, sim_ns at_ns)
{
    if (!may_act_ahead(machine, thread, op, at_ns)) return later(thread, at_ns, PHASE_EFFECT);
    const sim_ns ends_ns = at_ns + thread->after_ns;
    ahead_begin(machine, at_ns);
    const enum outcome done = step_effect(machine, thread, op, thread->takes_ns, ends_ns);
    ahead_end(machine);
    if (done == OUTCOME_DONE) step_done(machine, thread, op, ends_ns);
    if (done <= OUTCOME_PARKED) return done;
    sim_at(machine->sim, at_ns, SIM_CONSUMER, on_outcome, machine, index_of(machine, thread), done);
    return OUTCOME_PARKED;
}

/* Whether the step's end is not yet the thread's next step: it is to come, or what the step did at a server has come
 * about while nobody there could hear of it. */
static bool ends_in_an_event(const struct machine *machine, const struct thread *thread, sim_ns ends_ns)
{
    return ends_ns > machine->sim->now_ns || thread->lingers ||
           process_is_paused(&machine->processes, thread->instance);
}

/* by_step: each step gets an event. Only where it does can there be faults. */
static SIM_ALWAYS enum outcome step(struct machine *machine, struct thread *thread, const struct plan_op *op,
                                    const bool by_step)
{
    sim_ns now_ns = machine->sim->now_ns;
    bool visible = true;
    if (by_step && machine->conditions && is_away(machine, op)) return OUTCOME_FAILED;
    if (thread->phase == PHASE_START) {
        enum outcome entered = op->asks_first ? step_enter(machine, thread, op) : OUTCOME_DONE;
        if (entered != OUTCOME_DONE) return entered;
        thread->takes_ns = by_step ? duration(machine, thread, op) : usual_duration(machine, thread, op);
        sim_ns before_ns = until_effect(op, thread->takes_ns);
        thread->after_ns = thread->takes_ns - before_ns;
        visible = is_visible(machine, thread, op);
        if (visible && thread->clock_ns + before_ns > now_ns)
            return op->unshared ? step_ahead(machine, thread, op, thread->clock_ns + before_ns)
                                : later(thread, thread->clock_ns + before_ns, PHASE_EFFECT);
    }
    if (by_step && visible) is_seen(thread);
    sim_ns takes_ns = thread->takes_ns, ends_ns = visible ? now_ns + thread->after_ns : thread->clock_ns + takes_ns;
    enum outcome done = step_effect(machine, thread, op, takes_ns, ends_ns);
    if (done != OUTCOME_DONE) return done;
    step_done(machine, thread, op, ends_ns);
    if (by_step && ends_in_an_event(machine, thread, ends_ns)) return later(thread, ends_ns, PHASE_START);
    return OUTCOME_DONE;
}

/* Where there are faults a send is its process's own until it leaves: it waits for its instant, which a dead one does
 * not come to, and a paused one late. */
static SIM_SELDOM enum outcome send_in_time(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    if (thread->phase == PHASE_START) {
        const sim_ns takes_ns = duration(machine, thread, op), before_ns = until_effect(op, takes_ns);
        thread->after_ns = takes_ns - before_ns;
        if (before_ns > 0) return later(thread, thread->clock_ns + before_ns, PHASE_EFFECT);
    }
    publish(machine, thread, op->target, thread->clock_ns);
    thread->phase = PHASE_START;
    thread->clock_ns += thread->after_ns;
    thread->pc++;
    return thread->after_ns > 0 ? later(thread, thread->clock_ns, PHASE_START) : OUTCOME_DONE;
}

/* Work, publish, reply: only the thread's own clock moves. A send that is in the log at once needs no event of its own
 * if the thread comes up to it first. */
static SIM_ALWAYS enum outcome simple_step(struct machine *machine, struct thread *thread, const struct plan_op *op,
                                           const bool by_step)
{
    if (by_step && machine->conditions && op->kind == STEP_PUBLISH) return send_in_time(machine, thread, op);
    sim_ns takes_ns = by_step ? duration(machine, thread, op) : usual_duration(machine, thread, op);
    if (op->kind == STEP_PUBLISH) {
        if (op->at_once && !thread->seen && thread->clock_ns > machine->sim->now_ns)
            return later(thread, thread->clock_ns, PHASE_START);
        publish(machine, thread, op->target, thread->clock_ns + until_effect(op, takes_ns));
    } else if (op->kind == STEP_REPLY) {
        api_reply(machine, thread, thread->clock_ns);
    }
    thread->clock_ns += takes_ns;
    thread->pc++;
    if (by_step && takes_ns > 0) return later(thread, thread->clock_ns, PHASE_START);
    return OUTCOME_DONE;
}

/* Only where somebody wants orders one by one. */
static SIM_SELDOM void note_times(struct machine *machine, const struct thread *thread)
{
    if (thread->clock_ns > machine->kafka.end_ns) return;
    struct order_times *times = order_times_at(&machine->orders, thread->order);
    const struct consumer *consumer = thread->consumer == NONE ? NULL : &machine->kafka.consumer[thread->consumer];
    sim_ns since_ns = order_of(thread)->created_ns;
    if (consumer) since_ns = consumer->appended_ns;
    sim_ns *wait_ns = &times->wait_ns[thread->stage], *service_ns = &times->service_ns[thread->stage];
    *wait_ns = (*wait_ns == SIM_NEVER ? 0 : *wait_ns) + thread->begun_ns - since_ns;
    *service_ns = (*service_ns == SIM_NEVER ? 0 : *service_ns) + thread->clock_ns - thread->begun_ns;
}

static void thread_end(struct machine *machine, struct thread *thread)
{
    if (thread->has_connection || thread->has_outer) {
        connection_give(machine, thread, thread->clock_ns);
        outer_connection_give(machine, thread, thread->clock_ns);
    }
    if (thread->marks_after) {
        if (thread->refused) answer_keep(machine, thread, thread->marks_after & (uint16_t)~order_of(thread)->once);
        order_of(thread)->once |= thread->marks_after;
    }
    if (machine->orders.keep_stages) note_times(machine, thread);
    if (thread->consumer == NONE) {
        api_done(machine, index_of(machine, thread), thread->clock_ns);
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

/* Whether the end of the record sets a mark before its time, where others may look at it. */
static bool marks_ahead(const struct machine *machine, const struct thread *thread, const struct plan_op *op)
{
    return op->meets && thread->marks_after && thread->clock_ns > machine->sim->now_ns;
}

/* A fault that waits for this step happens first; the thread's own event comes behind it. */
static SIM_SELDOM bool is_trapped(struct machine *machine, struct thread *thread)
{
    if (thread->looked || !machine->at_step(machine->at_step_context, index_of(machine, thread))) {
        thread->looked = false;
        return false;
    }
    thread->looked = true;
    park(machine, thread, machine->sim->now_ns, PHASE_START);
    return true;
}

/* What a special operation leads to: its step is played, the next one's turn has come, the thread goes on later, or it
 * does not go on. */
enum turn { TURN_STEP, TURN_NEXT, TURN_LATER, TURN_OVER };

static SIM_ALWAYS enum turn special_turn(struct machine *machine, struct thread *thread, const struct plan_op *op,
                                         const bool by_step)
{
    if (by_step && op->trapped && thread->phase == PHASE_START && is_trapped(machine, thread)) return TURN_OVER;
    if (op->kind == OP_END) {
        if (!may_end(machine, thread) || marks_ahead(machine, thread, op)) {
            later(thread, thread->clock_ns, PHASE_START);
            return TURN_LATER;
        }
        thread_end(machine, thread);
        return TURN_OVER;
    }
    if (!is_skipped(machine, thread, op)) return TURN_STEP;
    thread->clock_ns += duration(machine, thread, op);
    thread->pc++;
    if (!by_step || thread->clock_ns == machine->sim->now_ns) return TURN_NEXT;
    later(thread, thread->clock_ns, PHASE_START);
    return TURN_LATER;
}

/* The thread goes on at resume_ns. Where nothing else happens before, it does so without an event. */
static bool resumes(struct machine *machine, struct thread *thread, bool is_last)
{
    if (!is_last || !sim_pass(machine->sim, thread->resume_ns, SIM_CONSUMER)) {
        park(machine, thread, thread->resume_ns, thread->phase);
        return false;
    }
    thread->seen = true;
    thread->clock_ns = thread->resume_ns;
    return true;
}

static SIM_ALWAYS void run(struct machine *machine, struct thread *thread, const bool is_last, const bool by_step)
{
    for (;;) {
        const struct plan_op *op = &machine->plan->op[thread->pc];
        if (by_step && thread->clock_ns > machine->sim->now_ns) { /* an answer on its way, a sleep before another try */
            later(thread, thread->clock_ns, PHASE_START);
            if (!resumes(machine, thread, is_last)) return;
        }
        if (op->special) {
            enum turn turn = special_turn(machine, thread, op, by_step);
            if (turn == TURN_OVER) return;
            if (turn == TURN_NEXT) continue;
            if (turn == TURN_LATER) {
                if (!resumes(machine, thread, is_last)) return;
                continue;
            }
        }
        enum outcome outcome = op->simple ? simple_step(machine, thread, op, by_step) :
                                            step(machine, thread, op, by_step);
        if (outcome == OUTCOME_DONE || (outcome == OUTCOME_LATER && resumes(machine, thread, is_last))) continue;
        if (outcome <= OUTCOME_PARKED) return;
        if (answer_waits(machine, thread, outcome) || !refuse(machine, thread, outcome)) return;
    }
}

static __attribute__((noinline)) void run_by_step(struct machine *machine, struct thread *thread, bool is_last)
{
    run(machine, thread, is_last, true);
}

/* is_last: nothing else is left to do at this instant by whoever calls. */
static __attribute__((noinline)) void run_ahead(struct machine *machine, struct thread *thread, bool is_last)
{
    run(machine, thread, is_last, false);
}

void thread_run(struct machine *machine, struct thread *thread)
{
    if (machine->step_by_step) run_by_step(machine, thread, false);
    else run_ahead(machine, thread, false);
}

/* A record whose last step is what its instant was for: no need for the loop. */
static SIM_ALWAYS void send_and_end(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    publish(machine, thread, op->target, thread->clock_ns);
    thread->pc++;
    thread_end(machine, thread);
}

void thread_goes_on(struct machine *machine, struct thread *thread)
{
    const struct plan_op *op = &machine->plan->op[thread->pc];
    if (machine->step_by_step) run_by_step(machine, thread, true);
    else if (op->sends_last) send_and_end(machine, thread, op);
    else run_ahead(machine, thread, true);
}

/* The words of the record, and the time of its stage. Luck is the order's own, however often a record is delivered. */
static void own_words(const struct machine *machine, struct thread *thread, const struct plan_stage *stage)
{
    uint64_t entity = entity_of(thread);
    thread->words = random_block_by(&machine->rounds, PURPOSE_STAGE, entity, thread->attempt * BLOCKS_OF_ATTEMPT);
    thread->time_ns = stage->has_time ? dist_draw(&stage->time, thread->words.word[WORD_SERVICE]) : 0;
    if (thread->attempt == 0) return;
    thread->words.word[WORD_LUCK] = random_block_by(&machine->rounds, PURPOSE_STAGE, entity, 0).word[WORD_LUCK];
}

static SIM_SELDOM void begin_by_step(struct machine *machine, struct thread *thread)
{
    if (machine->nested == 0) /* else it goes on from its last record */
        thread->place = thread->consumer == NONE ? 0 : machine->kafka.consumer[thread->consumer].place;
    if (thread->clock_ns > machine->sim->now_ns || process_is_paused(&machine->processes, thread->instance))
        park(machine, thread, thread->clock_ns, PHASE_START);
    else run_by_step(machine, thread, false);
}

/* Work, and then what needs its instant: known without a look at the steps. */
static SIM_ALWAYS bool works_first(const struct machine *machine, struct thread *thread, const struct plan_stage *stage)
{
    if (stage->lead == LEAD_NONE || (stage->lead == LEAD_CONNECTS && !thread->pool_counts)) return false;
    const sim_ns done_ns = thread->clock_ns + thread->time_ns;
    if (done_ns <= machine->sim->now_ns) return false;
    thread->clock_ns = done_ns;
    thread->pc++;
    return true;
}

static SIM_ALWAYS void words_take(struct machine *machine, struct thread *thread, const struct plan_stage *stage,
                                  uint32_t draw)
{
    if (!stage->draws) {
        thread->time_ns = stage->has_time ? stage->time.constant_ns : 0;
    } else if (draw != NONE && thread->attempt == 0) {
        const struct record_words *own = words_known(machine, &machine->words, order_of(thread)->id, draw);
        thread->words = own->words;
        thread->time_ns = own->time_ns;
    } else {
        own_words(machine, thread, stage);
    }
}

/* What the record before has read outside of a transaction, and no end of one has let go. */
static SIM_SELDOM void let_go(struct machine *machine, struct thread *thread)
{
    thread->carries = false;
    transaction_close(&machine->tables, &thread->transaction);
}

/* The thread turns to an order's stage. */
static SIM_ALWAYS void begin(struct machine *machine, struct thread *thread, const struct plan_stage *stage,
                             uint32_t order, sim_ns start_ns)
{
    thread_takes(machine, thread, order);
    thread->pc = stage->first_op;
    thread->phase = PHASE_START;
    thread->clock_ns = thread->begun_ns = start_ns;
    thread->duplicate = thread->seen = thread->replied = false;
    thread->once_marks = thread->marks_after = thread->keys_due = 0;
    thread->publishes = thread->tries = thread->refused = 0;
    thread->waits_for = PATH_PARTS;
    if (thread->carries) let_go(machine, thread);
}

static SIM_ALWAYS void set_out(struct machine *machine, struct thread *thread, const struct plan_stage *stage)
{
    if (order_of(thread)->flags & ORDER_FOLLOWED) path_begin(machine, thread);
    if (machine->step_by_step) begin_by_step(machine, thread);
    else if (works_first(machine, thread, stage)) park(machine, thread, thread->clock_ns, PHASE_START);
    else run_ahead(machine, thread, false);
}

void request_process(struct machine *machine, uint32_t index, uint32_t stage, uint32_t order)
{
    const struct plan_stage *plan = &machine->plan->stage[stage];
    struct thread *thread = &machine->thread[index];
    begin(machine, thread, plan, order, machine->sim->now_ns);
    thread->stage = stage;
    thread->topic = NONE;
    thread->attempt = 0;
    thread->sent_ns = 0;
    words_take(machine, thread, plan, NONE);
    words_ahead(machine, plan, order_of(thread)->id);
    path_open(machine, thread);
    set_out(machine, thread, plan);
}

/* Attempts at what was passed on to a retry topic are numbered from here on, for draws of their own. */
enum { PASSED_ON = 1024 };

void record_process(void *context, const struct consumer *consumer, uint32_t position, uint32_t order, uint32_t next)
{
    struct machine *machine = context;
    const struct plan_position *plan = &machine->plan->position[position];
    const struct plan_stage *stage = &machine->plan->stage[plan->stage];
    struct thread *thread = &machine->thread[consumer->index];
    if (next != order) __builtin_prefetch(order_at(&machine->orders, next));
    begin(machine, thread, stage, order, consumer->start_ns);
    if (stage->table != NONE)
        table_prefetch(&machine->tables, stage->table,
                       row_key(order_of(thread), machine->plan->scenario->table[stage->table].key));
    thread->stage = plan->stage;
    thread->topic = plan->origin;
    thread->attempt = consumer->attempt + plan->passed_on * PASSED_ON;
    words_take(machine, thread, stage, plan->draw);
    set_out(machine, thread, stage);
}
