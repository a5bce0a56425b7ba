/* SPDX-License-Identifier: GPL-3.0-or-later
 * What every step of a thread has at hand, for the files that play steps (thread.c, send.c, effect.c, stage.c): which
 * record it is, its keys and times, waiting and waking, its connection and its place among a store's commands. */
#ifndef MODELS_ORDERS_THREAD_H
#define MODELS_ORDERS_THREAD_H

#include "models/orders/machine.h"
#include "sim/engine/seldom.h"

/* How a step went. LATER: it goes on at the thread's resume_ns. PARKED: an event, or somebody else, goes on with it. */
enum outcome {
    OUTCOME_DONE,
    OUTCOME_LATER,
    OUTCOME_PARKED,
    OUTCOME_REFUSED,
    OUTCOME_FAILED,
    OUTCOME_AGAIN,
    OUTCOME_NO_CONNECTION
};

/* What the words of a record's first block are for; each attempt has blocks of its own. */
enum { WORD_SERVICE, WORD_APPEND, WORD_LUCK, WORD_APPEND_2, BLOCKS_OF_ATTEMPT = 64 };

static inline uint32_t index_of(const struct machine *machine, const struct thread *thread)
{
    return (uint32_t)(thread - machine->thread);
}

static inline struct order *order_of(const struct thread *thread) { return thread->at_hand; }

/* Which record this is for draws: the same for every consumer count. */
static inline uint64_t entity_of(const struct thread *thread)
{
    return entity_of_record(thread->stage, thread->topic, order_of(thread)->id);
}

static inline sim_ns until_effect(const struct plan_op *op, sim_ns duration_ns)
{
    if (duration_ns == 0) return 0;
    if (op->half_way) return (duration_ns + 1) / 2;
    return (sim_ns)((double)duration_ns * op->effect_at + 0.5);
}

/* Key of a row for an order; UINT64_MAX where it lacks one. */
static inline uint64_t row_key(const struct order *order, enum row_key key)
{
    switch (key) {
    case ROW_ITEM: return order->item;
    case ROW_USER: return order->user;
    case ROW_COUPON: return order->coupon == NO_COUPON ? UINT64_MAX : order->coupon;
    case ROW_ORDER_ID: return order->id;
    }
    return UINT64_MAX;
}

static inline uint64_t key_of(const struct machine *machine, const struct thread *thread, const struct plan_op *op)
{
    const struct scenario *scenario = machine->plan->scenario;
    const struct order *order = order_of(thread);
    bool lock = op->kind == STEP_LOCK || op->kind == STEP_UNLOCK;
    return row_key(order, lock ? scenario->lock[op->target].key : scenario->table[op->target].key);
}

/* ---- thread.c ---- */
/* A step's own time; and what becomes of a time while a stage or a store is slow. */
sim_ns duration_of_own(const struct machine *machine, const struct thread *thread, const struct plan_op *op);
SIM_SELDOM sim_ns duration_slowed(const struct machine *machine, const struct thread *thread, const struct plan_op *op,
                       sim_ns usual_ns);

static inline sim_ns share_of(sim_ns time_ns, const struct plan_op *op)
{
    if (op->whole) return time_ns;
    return (sim_ns)((double)time_ns * op->to + 0.5) - (sim_ns)((double)time_ns * op->from + 0.5);
}

/* How long a step takes, and what it would take if nothing were slowed. */
static inline sim_ns usual_duration(const struct machine *machine, const struct thread *thread,
                                    const struct plan_op *op)
{
    if (op->timeless) return 0;
    return op->has_time ? duration_of_own(machine, thread, op) : share_of(thread->time_ns, op);
}

static inline sim_ns duration(const struct machine *machine, const struct thread *thread, const struct plan_op *op)
{
    sim_ns usual_ns = usual_duration(machine, thread, op);
    return machine->conditions && !op->timeless ? duration_slowed(machine, thread, op, usual_ns) : usual_ns;
}
/* Others can see what the thread does now: an event of its own would bring it here, however the run is played. */
static inline void is_seen(struct thread *thread) { thread->place = 0; }
/* What a step returns that goes on at at_ns with the given phase. */
static inline enum outcome later(struct thread *thread, sim_ns at_ns, enum thread_phase phase)
{
    thread->phase = phase;
    thread->resume_ns = at_ns;
    return OUTCOME_LATER;
}
/* An event goes on at at_ns with the given phase of the step at pc. */
void park(struct machine *machine, struct thread *thread, sim_ns at_ns, enum thread_phase phase);
/* Waits for somebody else to wake it. Its command occupies no server meanwhile: the one it waits for may need it. */
enum outcome block(struct machine *machine, struct thread *thread);
/* Of the record at hand, and of its group: it waited for so long. wait: from PATH_LOCK to PATH_STORE. */
void count_wait(struct machine *machine, struct thread *thread, enum path_time wait, sim_ns waited_ns);
/* After block: another thread has what it waits for, of which each order has its own: its row, a row or a lock by its
 * id. Whoever comes later to the order does not wait for that. */
SIM_SELDOM void waits_for_order(struct machine *machine, struct thread *thread, uint32_t holder);
/* It is blocked no more: the wait counts. */
void has_waited(struct machine *machine, struct thread *thread);
/* What it waited for is its own now. */
void wake(struct machine *machine, uint32_t index);
/* The command of a thread that lingers is over, and there is nobody to hear the answer. */
SIM_SELDOM enum outcome thread_ends_unheard(struct machine *machine, struct thread *thread);
/* "No" comes back as "yes" does: the rest of the step's time is the answer's way. A lock's answer has had its own. */
bool is_told_late(const struct thread *thread, const struct plan_op *op, enum outcome answer);
/* Until the answer is there, a transaction that is to be rolled back keeps its rows; and in a paused process what a
 * server answers waits for the end of the pause. True when it does. Where `otherwise` goes on, the thread's own clock
 * knows of the answer's way (refuse). */
SIM_SELDOM bool answer_waits(struct machine *machine, struct thread *thread, enum outcome answer);
/* Registers whose the handlers of thread.c are. */
void thread_actors(struct machine *machine, bool (*at_server)(const void *context, uint32_t subject));
/* outer: the connection of a transaction around the stage, which the thread has beside the one of its own. */
static SIM_ALWAYS void connection_got(struct thread *thread, bool outer)
{
    *(outer ? &thread->has_outer : &thread->has_connection) = true;
}
/* No connection is free; and the pool's callback. */
enum outcome connection_wait(struct machine *machine, struct thread *thread);
/* A connection for the step that starts at the thread's clock. */
static SIM_ALWAYS enum outcome connection_take(struct machine *machine, struct thread *thread, bool outer)
{
    if (!thread->pool_counts || (outer ? thread->has_outer : thread->has_connection)) return OUTCOME_DONE;
    if (thread->clock_ns > machine->sim->now_ns) return later(thread, thread->clock_ns, PHASE_START);
    is_seen(thread);
    struct seats *pool = &machine->pool[thread->instance];
    if (pool->n_queue > 0 || !seats_try(pool)) return connection_wait(machine, thread);
    pool->n_at_once++;
    connection_got(thread, outer);
    return OUTCOME_DONE;
}
static inline void connection_give(struct machine *machine, struct thread *thread, sim_ns at_ns)
{
    if (!thread->has_connection) return;
    thread->has_connection = false;
    seats_give(&machine->pool[thread->instance], at_ns);
}
static inline void outer_connection_give(struct machine *machine, struct thread *thread, sim_ns at_ns)
{
    if (!thread->has_outer) return;
    thread->has_outer = false;
    seats_give(&machine->pool[thread->instance], at_ns);
}
void on_connection(void *machine, uint32_t index);
/* A place among the commands that the step's store serves at once; the store's callback. */
enum outcome command_take(struct machine *machine, struct thread *thread, const struct plan_op *op);
void command_give(struct machine *machine, struct thread *thread, const struct plan_op *op, sim_ns at_ns);
void on_command(void *machine, uint32_t index);

/* ---- send.c ---- */
/* The thread sends a record of its order at send_ns (>= now). */
void publish(struct machine *machine, struct thread *thread, uint32_t topic, sim_ns send_ns);
/* The record is in the log at at_ns (>= now). sent: the log, in a run with faults with the sender (producer_sends). */
void append_at(struct machine *machine, uint32_t order, uint64_t sent, sim_ns at_ns);
struct send *send_new(struct machine *machine);
void send_free(struct machine *machine, struct send *send);
/* How long the next record that the thread sends is on its way into a log of the topic. */
sim_ns append_latency(const struct machine *machine, struct thread *thread, uint32_t topic);

/* ---- give_up.c ---- */
/* A record whose thread waits for the answer leaves its producer, and is at the broker at at_ns. */
void dead_letter_leaves(struct machine *machine, struct send *send, uint32_t log, sim_ns at_ns);
/* Registers whose the handlers of give_up.c are. */
void give_up_actors(struct machine *machine);

/* ---- effect.c ---- */
/* What the step at hand does to others, now; ends_ns: when the step ends. */
enum outcome step_effect(struct machine *machine, struct thread *thread, const struct plan_op *op, sim_ns takes_ns,
                         sim_ns ends_ns);
/* The read that a version or absolute write makes for itself where no read step came before. */
enum outcome implied_read(struct machine *machine, struct thread *thread, const struct plan_op *op);
bool writes_pending(const struct thread *thread);
/* What the thread was told of its order's own row (latch.h); where it has to wait, the table's time-out runs. */
SIM_SELDOM enum outcome order_row_awaited(struct machine *machine, struct thread *thread, enum outcome latched);

/* ---- lock_step.c; kept out of the loop over steps, which is the hotter place ---- */
__attribute__((noinline)) enum outcome lock_effect(struct machine *machine, struct thread *thread,
                                                   const struct plan_op *op, sim_ns takes_ns);
__attribute__((noinline)) enum outcome unlock_effect(struct machine *machine, struct thread *thread,
                                                     const struct plan_op *op);
/* Callbacks of rows and locks. */
void on_row(void *machine, uint32_t index);
void on_victim(void *machine, uint32_t index);
uint32_t weight_of(void *machine, uint32_t index);
void on_lock(void *machine, uint32_t index, enum lock_answer answer);
/* A lock less, as a finally block gives it back. */
void lock_give(struct machine *machine, struct thread *thread);
/* The token that the thread shows for a row: its own, or the one that Redis gives whoever asks now. */
uint32_t token_of(const struct machine *machine, const struct thread *thread, const struct plan_op *op);

/* ---- stage.c ---- */
/* A step is over: gives back what it held for itself. */
void step_leave(struct machine *machine, struct thread *thread, const struct plan_op *op);
void thread_run(struct machine *machine, struct thread *thread);
/* The same where nothing else is left to do for the event at hand: the thread may take the simulated time with it. */
void thread_goes_on(struct machine *machine, struct thread *thread);
/* Sends the thread where a step that did not succeed leads. False: the listener has thrown; whatever follows, another
 * delivery of the record or the next one, has begun already. */
SIM_SELDOM bool refuse(struct machine *machine, struct thread *thread, enum outcome why);

#endif
