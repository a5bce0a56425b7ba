/* SPDX-License-Identifier: GPL-3.0-or-later
 * A thread's waiting and waking: parked until an event of its own, or blocked until a connection, a command slot, a row
 * or a lock becomes its own. */
#include "models/orders/thread.h"

#include "models/orders/rider.h"
#include "models/purpose.h"

static uint32_t own_time_word(const struct machine *machine, const struct thread *thread, uint32_t word)
{
    uint32_t block = thread->attempt * BLOCKS_OF_ATTEMPT + 1 + word / 4;
    return random_block(machine->key, PURPOSE_STAGE, entity_of(thread), block).word[word % 4];
}

sim_ns duration_of_own(const struct machine *machine, const struct thread *thread, const struct plan_op *op)
{
    if (op->time->draw == DRAW_CONSTANT) return op->time->constant_ns;
    return dist_draw(op->time, own_time_word(machine, thread, op->time_word));
}

/* A slow store, a slow stage. */
sim_ns duration_slowed(const struct machine *machine, const struct thread *thread, const struct plan_op *op,
                       sim_ns usual_ns)
{
    double factor = machine->conditions->stage_factor[thread->stage];
    if (op->store != NONE) factor *= machine->conditions->store_factor[op->store];
    return (sim_ns)((double)usual_ns * factor + 0.5);
}

static void on_thread(void *context, uint32_t index, uint64_t argument)
{
    struct machine *machine = context;
    struct thread *thread = &machine->thread[index];
    (void)argument;
    thread->seen = true;
    thread->clock_ns = machine->sim->now_ns; /* later than it meant to be after a pause */
    thread_goes_on(machine, thread);
}

/* Played step by step, a thread has events at ends of steps that it would run past. They must not change who comes
 * first at an instant: all up to the next step that others can see have the place that the event of that step would
 * have had, which is scheduled when the last such step is done. A place of an earlier life of the process is none. */
static SIM_SELDOM uint64_t place_by_step(struct machine *machine, struct thread *thread)
{
    const struct instance *instance = machine->processes.instance;
    const bool is_gone = instance && thread->place <= instance[thread->instance].born;
    if (thread->place == 0 || is_gone || machine->sim->shuffles) thread->place = ++machine->sim->sequence;
    return thread->place - 1;
}

static __attribute__((noinline)) void park_at_length(struct machine *machine, struct thread *thread, sim_ns at_ns,
                                                     enum thread_phase phase)
{
    const uint64_t place = machine->step_by_step ? place_by_step(machine, thread) : machine->sim->sequence++;
    thread->phase = phase;
    sim_at_place(machine->sim, at_ns, SIM_CONSUMER, place, on_thread, machine, index_of(machine, thread), 0);
}

/* Nothing is called here but to end with it: there are no registers to save, five times an order. */
void park(struct machine *machine, struct thread *thread, sim_ns at_ns, enum thread_phase phase)
{
    if (machine->step_by_step || !sim_has_slot(machine->sim)) {
        park_at_length(machine, thread, at_ns, phase);
        return;
    }
    thread->phase = phase;
    sim_at(machine->sim, at_ns, SIM_CONSUMER, on_thread, machine, index_of(machine, thread), 0);
}

static void on_answer(void *context, uint32_t index, uint64_t answer)
{
    struct machine *machine = context;
    struct thread *thread = &machine->thread[index];
    thread->seen = true;
    thread->clock_ns = machine->sim->now_ns;
    if (refuse(machine, thread, (enum outcome)answer)) thread_run(machine, thread);
}

enum outcome thread_ends_unheard(struct machine *machine, struct thread *thread)
{
    command_give(machine, thread, &machine->plan->op[thread->pc], machine->sim->now_ns);
    if (thread->rides) riders_drop(machine, thread);
    transaction_rollback(&machine->tables, &thread->transaction);
    thread->phase = PHASE_DEAD;
    return OUTCOME_PARKED;
}

bool is_told_late(const struct thread *thread, const struct plan_op *op, enum outcome answer)
{
    return thread->after_ns > 0 && ((answer == OUTCOME_REFUSED && op->kind != STEP_LOCK) || answer == OUTCOME_AGAIN);
}

bool answer_waits(struct machine *machine, struct thread *thread, enum outcome answer)
{
    const struct plan_op *op = &machine->plan->op[thread->pc];
    if (thread->lingers) {
        thread_ends_unheard(machine, thread);
        return true;
    }
    const bool on_its_way = is_told_late(thread, op, answer);
    const bool goes_on_ahead = !on_its_way || (answer == OUTCOME_REFUSED && op->otherwise != NONE);
    if (goes_on_ahead && !process_is_paused(&machine->processes, thread->instance)) return false;
    const sim_ns told_ns = machine->sim->now_ns + (on_its_way ? thread->after_ns : 0);
    thread->phase = PHASE_START;
    thread->after_ns = 0;
    sim_at(machine->sim, told_ns, SIM_CONSUMER, on_answer, machine, index_of(machine, thread), answer);
    return true;
}

enum outcome block(struct machine *machine, struct thread *thread)
{
    command_give(machine, thread, &machine->plan->op[thread->pc], machine->sim->now_ns);
    thread->phase = PHASE_GRANTED;
    thread->waits_since_ns = machine->sim->now_ns;
    thread->waits_for = machine->plan->op[thread->pc].kind == STEP_LOCK ? PATH_LOCK : PATH_ROW;
    thread->waits_for_group = 0;
    return OUTCOME_PARKED;
}

void count_wait(struct machine *machine, struct thread *thread, enum path_time wait, sim_ns waited_ns)
{
    thread->waited_ns[wait - PATH_LOCK] += waited_ns;
    if (thread->consumer != NONE) kafka_record_waited(&machine->kafka, thread->consumer, wait, waited_ns);
}

static uint32_t group_of(const struct machine *machine, const struct thread *thread)
{
    return thread->consumer == NONE ? machine->plan->scenario->n_groups
                                    : machine->kafka.consumer[thread->consumer].group;
}

/* holder NONE: nobody who works for a group. */
void waits_for_order(struct machine *machine, struct thread *thread, uint32_t holder)
{
    const uint32_t none = machine->plan->scenario->n_groups;
    const uint32_t whom = holder == NONE ? none : group_of(machine, &machine->thread[holder]);
    thread->waits_for_group = whom == group_of(machine, thread) ? 0 : whom + 1;
}

static SIM_SELDOM void has_waited_for_order(struct machine *machine, struct thread *thread, sim_ns waited_ns)
{
    const uint32_t whom = thread->waits_for_group - 1;
    thread->waits_for_group = 0;
    if (thread->consumer == NONE) return;
    kafka_record_waited_for_order(&machine->kafka, thread->consumer, (enum path_time)thread->waits_for, whom,
                                  waited_ns);
}

void has_waited(struct machine *machine, struct thread *thread)
{
    if (thread->waits_for == PATH_PARTS) return;
    const sim_ns waited_ns = machine->sim->now_ns - thread->waits_since_ns;
    count_wait(machine, thread, (enum path_time)thread->waits_for, waited_ns);
    if (thread->waits_for_group > 0) has_waited_for_order(machine, thread, waited_ns);
    thread->waits_for = PATH_PARTS;
}

void wake(struct machine *machine, uint32_t index)
{
    struct thread *thread = &machine->thread[index];
    sim_cancel(machine->sim, thread->timer);
    thread->timer = 0;
    thread->seen = true;
    has_waited(machine, thread);
    thread->clock_ns = machine->sim->now_ns;
    thread_run(machine, thread);
}

/* ---- connections and command slots ---- */

static const struct process_spec *process_of(const struct machine *machine, const struct thread *thread)
{
    return &machine->plan->scenario->process[machine->plan->process_of[thread->instance]];
}

void on_connection(void *context, uint32_t index)
{
    struct machine *machine = context;
    struct thread *thread = &machine->thread[index];
    connection_got(thread, machine->plan->op[thread->pc].outer);
    tally_count(&machine->process[machine->plan->process_of[thread->instance]].connection_wait,
                machine->sim->now_ns - thread->waits_since_ns);
    if (!process_is_paused(&machine->processes, thread->instance)) {
        wake(machine, index);
        return;
    }
    sim_cancel(machine->sim, thread->timer);
    thread->timer = 0;
    has_waited(machine, thread);
    thread->clock_ns = machine->sim->now_ns;
    park(machine, thread, thread->clock_ns, PHASE_START);
}

static void on_connection_timeout(void *context, uint32_t index, uint64_t argument)
{
    struct machine *machine = context;
    struct thread *thread = &machine->thread[index];
    (void)argument;
    if (!seats_leave(&machine->pool[thread->instance], index)) return;
    machine->process[machine->plan->process_of[thread->instance]].connections_timed_out++;
    tally_count(&machine->process[machine->plan->process_of[thread->instance]].connection_wait,
              machine->sim->now_ns - thread->waits_since_ns);
    thread->clock_ns = machine->sim->now_ns;
    thread->seen = true;
    if (refuse(machine, thread, OUTCOME_NO_CONNECTION)) thread_run(machine, thread);
}

enum outcome connection_wait(struct machine *machine, struct thread *thread)
{
    seats_wait(&machine->pool[thread->instance], index_of(machine, thread));
    block(machine, thread);
    thread->waits_for = PATH_POOL;
    thread->phase = PHASE_START;
    thread->timer = sim_at(machine->sim, machine->sim->now_ns + process_of(machine, thread)->connection_timeout_ns,
                           SIM_TIMER, on_connection_timeout, machine, index_of(machine, thread), 0);
    return OUTCOME_PARKED;
}

void on_command(void *context, uint32_t index)
{
    struct machine *machine = context;
    struct thread *thread = &machine->thread[index];
    thread->has_command = true;
    thread->queued_ns = machine->sim->now_ns - thread->waits_since_ns;
    wake(machine, index);
}

enum outcome command_take(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    if (op->store == NONE || machine->command[op->store].capacity == 0 || thread->has_command) return OUTCOME_DONE;
    if (thread->clock_ns > machine->sim->now_ns) return later(thread, thread->clock_ns, PHASE_START);
    is_seen(thread);
    if (seats_take(&machine->command[op->store], index_of(machine, thread))) {
        thread->has_command = true;
        return OUTCOME_DONE;
    }
    block(machine, thread);
    thread->waits_for = PATH_STORE;
    thread->phase = PHASE_START;
    return OUTCOME_PARKED;
}

void command_give(struct machine *machine, struct thread *thread, const struct plan_op *op, sim_ns at_ns)
{
    if (!thread->has_command) return;
    thread->has_command = false;
    thread->queued_ns = 0;
    seats_give(&machine->command[op->store], at_ns);
}

static void on_kept(void *context, uint32_t index, sim_ns at_ns, sim_ns until_ns)
{
    struct machine *machine = context;
    const uint32_t consumer = machine->thread[index].consumer;
    if (consumer != NONE) kafka_record_paused(&machine->kafka, consumer, at_ns, until_ns);
}

void thread_actors(struct machine *machine, bool (*at_server)(const void *context, uint32_t subject))
{
    process_acts(&machine->processes, on_thread, machine->instance_of, at_server);
    process_acts(&machine->processes, on_answer, machine->instance_of, NULL);
    process_acts(&machine->processes, on_connection_timeout, machine->instance_of, NULL);
    process_tells_pauses(&machine->processes, on_thread, on_kept);
    process_tells_pauses(&machine->processes, on_answer, on_kept);
}
