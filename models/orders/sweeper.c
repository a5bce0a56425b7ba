/* SPDX-License-Identifier: GPL-3.0-or-later
 * It keeps a run alive only while there is something that might come to be stuck: without a PENDING order it rests
 * until the next one is created. An order that it looked at stays in its slot until it is done with it (order.refs).
 * What a look found is a heap by the order's id: which slot an order has hangs on when others were let go, and that on
 * who looks at the logs, so it must not decide who is cancelled first. */
#include "models/orders/sweeper.h"

#include "models/orders/flow.h"
#include "models/orders/latch.h"
#include "models/orders/outbox.h"
#include "models/purpose.h"

struct sweeper {
    struct machine *machine;
    const struct sweeper_spec *spec;
    struct stuck { uint32_t id, slot; enum order_status seen; } *stuck; /* a heap, the oldest order at its top */
    uint32_t n, capacity;
    uint32_t life; /* of its instance, as it looked */
    uint32_t draws;
    bool rests;
    sim_ns waits_since_ns; /* for the row of the oldest order; SIM_NEVER: it does not */
    uint32_t waits_for;    /* instance whose statement waits */
    uint32_t undo;         /* legs of the oldest order, a bit each, to undo once the statement's answer is there */
    sim_handle timer;      /* of that */
    struct thread clerk; /* to publish from */
};

static void on_look(void *context, uint32_t subject, uint64_t argument);
static void on_cancel(void *context, uint32_t instance, uint64_t argument);
static void on_answer(void *context, uint32_t instance, uint64_t argument);

/* Orders that may be stuck, or come to be. */
static uint64_t n_open(const struct sweeper *sweeper)
{
    const uint64_t *by_status = sweeper->machine->counts.by_status;
    return by_status[ORDER_PENDING] + (sweeper->spec->paying ? by_status[ORDER_PAYING] : 0);
}

static void look_again(struct sweeper *sweeper)
{
    const sim_ns every_ns = sweeper->spec->every_ns;
    struct sim *sim = sweeper->machine->sim;
    sweeper->rests = n_open(sweeper) == 0;
    if (!sweeper->rests) sim_at(sim, (sim->now_ns / every_ns + 1) * every_ns, SIM_TIMER, on_look, sweeper, 0, 0);
}

static void rouse(struct sweeper *sweeper)
{
    if (sweeper->rests) look_again(sweeper);
}

/* It looks at the multiples of every_ns: which one is the first that finds an order older than the limit is known when
 * its row is committed, and takes less room than the instant. */
void sweeper_notes(struct machine *machine, uint32_t slot)
{
    const struct sweeper_spec *spec = &machine->plan->scenario->flow.sweeper;
    const sim_ns limit_ns = machine->sim->now_ns + spec->older_than_ns;
    *order_look_at(&machine->orders, slot) = (uint32_t)(limit_ns / spec->every_ns + 1);
    if (machine->sweeper) rouse(machine->sweeper);
}

static uint32_t instance_of(const struct sweeper *sweeper)
{
    const struct machine *machine = sweeper->machine;
    const uint32_t first = machine->plan->first_instance[sweeper->spec->process];
    for (uint32_t i = 0; i < machine->plan->scenario->process[sweeper->spec->process].instances; i++)
        if (!process_is_down(&machine->processes, first + i) && !process_is_paused(&machine->processes, first + i))
            return first + i;
    return NONE;
}

static bool is_open(const struct sweeper *sweeper, const struct order *order)
{
    if (!order->in_use || !(order->did & DID_CREATE)) return false;
    return order->status == ORDER_PENDING || (order->status == ORDER_PAYING && sweeper->spec->paying);
}

static bool is_stuck(const struct sweeper *sweeper, uint32_t slot)
{
    const struct machine *machine = sweeper->machine;
    const uint32_t look = (uint32_t)(machine->sim->now_ns / sweeper->spec->every_ns);
    return (int32_t)(look - *order_look_at(&machine->orders, slot)) >= 0;
}

/* ---- what a look found ---- */

static void sift_down(struct sweeper *sweeper, uint32_t at)
{
    struct stuck *stuck = sweeper->stuck;
    const struct stuck moved = stuck[at];
    for (uint32_t child = 2 * at + 1; child < sweeper->n; child = 2 * at + 1) {
        if (child + 1 < sweeper->n && stuck[child + 1].id < stuck[child].id) child++;
        if (moved.id <= stuck[child].id) break;
        stuck[at] = stuck[child];
        at = child;
    }
    stuck[at] = moved;
}

static void stuck_grow(struct sweeper *sweeper)
{
    const uint32_t wider = sweeper->capacity ? 2 * sweeper->capacity : ORDER_CHUNK;
    struct stuck *stuck = arena_array(sweeper->machine->sim->arena, struct stuck, wider);
    for (uint32_t i = 0; i < sweeper->n; i++) stuck[i] = sweeper->stuck[i];
    sweeper->stuck = stuck;
    sweeper->capacity = wider;
}

static void stuck_note(struct sweeper *sweeper, uint32_t slot, struct order *order)
{
    if (sweeper->n == sweeper->capacity) stuck_grow(sweeper);
    order->refs++;
    sweeper->stuck[sweeper->n++] = (struct stuck){ order->id, slot, (enum order_status)order->status };
}

/* The oldest one is done with. */
static void stuck_leave(struct sweeper *sweeper)
{
    const uint32_t slot = sweeper->stuck[0].slot;
    sweeper->stuck[0] = sweeper->stuck[--sweeper->n];
    sift_down(sweeper, 0);
    order_release(sweeper->machine, slot, sweeper->machine->sim->now_ns);
}

/* ---- look, and cancel one after the other ---- */

static void go_on(struct sweeper *sweeper, uint32_t instance)
{
    struct machine *machine = sweeper->machine;
    if (sweeper->n == 0) {
        look_again(sweeper);
        return;
    }
    const uint32_t word = random_block(machine->key, PURPOSE_SWEEPER, 0, sweeper->draws++).word[0];
    sim_at(machine->sim, machine->sim->now_ns + dist_draw(machine->plan->sweep_takes, word), SIM_TIMER, on_cancel,
           sweeper, instance, 0);
}

static void on_look(void *context, uint32_t subject, uint64_t argument)
{
    struct sweeper *sweeper = context;
    struct machine *machine = sweeper->machine;
    const uint32_t instance = instance_of(sweeper);
    (void)subject;
    (void)argument;
    if (instance != NONE) sweeper->life = process_life(&machine->processes, instance);
    uint64_t left = instance == NONE ? 0 : n_open(sweeper);
    for (uint32_t slot = 0; left > 0 && slot < machine->orders.n_chunks * ORDER_CHUNK; slot++) {
        struct order *order = order_at(&machine->orders, slot);
        if (!is_open(sweeper, order)) continue;
        left--;
        if (is_stuck(sweeper, slot)) stuck_note(sweeper, slot, order);
    }
    for (uint32_t i = sweeper->n / 2; i-- > 0;) sift_down(sweeper, i);
    go_on(sweeper, instance);
}

/* By the flow's rule: what is known to be ok, or everything that has not failed. */
static uint32_t legs_to_undo(const struct flow_spec *flow, const struct order *order)
{
    uint32_t legs = 0;
    for (uint32_t i = 0; i < flow->n_legs; i++) {
        const bool ok = order->legs_ok >> i & 1, failed = order->legs_failed >> i & 1;
        if (flow->leg[i].undo != NONE && (flow->undo == UNDO_AT_ONCE ? !failed : ok)) legs |= 1u << i;
    }
    return legs;
}

static void undo_legs(struct sweeper *sweeper)
{
    const struct flow_spec *flow = &sweeper->machine->plan->scenario->flow;
    for (uint32_t i = 0; i < flow->n_legs; i++) {
        if (!(sweeper->undo >> i & 1)) continue;
        sweeper->clerk.publishes = 2; /* each append draws for itself */
        if (flow->outbox) outbox_put(sweeper->machine, &sweeper->clerk, flow->leg[i].undo);
        else publish(sweeper->machine, &sweeper->clerk, flow->leg[i].undo, sweeper->machine->sim->now_ns);
    }
}

/* The statement on the oldest order takes effect. */
static void cancel(struct sweeper *sweeper, uint32_t instance)
{
    struct machine *machine = sweeper->machine;
    const struct stuck *stuck = &sweeper->stuck[0];
    const uint32_t slot = stuck->slot;
    struct order *order = order_at(&machine->orders, slot);
    const enum order_status was = (enum order_status)order->status;
    const bool as_seen = was == stuck->seen;
    sweeper->undo = 0;
    if (sweeper->spec->guarded && !as_seen) return;
    sweeper->undo = legs_to_undo(&machine->plan->scenario->flow, order);
    sweeper->clerk.instance = instance;
    thread_takes(machine, &sweeper->clerk, slot);
    mishap_note(machine, MISHAP_SWEPT, order->id, NONE, SIM_NEVER);
    order_overwrite_status(machine, slot, ORDER_CANCELLED, NONE);
    if (was != ORDER_CANCELLED && machine->plan->orders_table != NONE)
        machine->tables.table[machine->plan->orders_table].fact.writes++; /* no stage's, which status.c counts */
}

/* ---- the row of an order that a transaction has ---- */

sim_ns sweeper_waits_since(const struct machine *machine, uint32_t slot)
{
    const struct sweeper *sweeper = machine->sweeper;
    if (!sweeper || sweeper->waits_since_ns == SIM_NEVER || sweeper->stuck[0].slot != slot) return SIM_NEVER;
    return sweeper->waits_since_ns;
}

static void waits_no_more(struct sweeper *sweeper)
{
    latch_count_wait(sweeper->machine, ORDER_LOCKED, sweeper->waits_since_ns);
    sweeper->waits_since_ns = SIM_NEVER;
    sweeper->machine->n_awaiting--;
}

static void on_row_timeout(void *context, uint32_t instance, uint64_t argument)
{
    struct sweeper *sweeper = context;
    struct machine *machine = sweeper->machine;
    (void)argument;
    waits_no_more(sweeper);
    machine->tables.table[machine->plan->orders_table].fact.lock_timeouts++;
    stuck_leave(sweeper);
    go_on(sweeper, instance);
}

/* True when it has to wait. */
static bool waits_for_row(struct sweeper *sweeper, uint32_t instance)
{
    struct machine *machine = sweeper->machine;
    const uint32_t table = machine->plan->orders_table;
    if (!(order_at(&machine->orders, sweeper->stuck[0].slot)->flags & ORDER_LOCKED)) return false;
    sweeper->waits_since_ns = machine->sim->now_ns;
    sweeper->waits_for = instance;
    sweeper->timer = 0;
    machine->n_awaiting++;
    if (table != NONE)
        sweeper->timer =
            sim_at(machine->sim, machine->sim->now_ns + machine->plan->scenario->table[table].lock_timeout_ns,
                   SIM_TIMER, on_row_timeout, sweeper, instance, 0);
    return true;
}

static bool is_gone(const struct sweeper *sweeper, uint32_t instance)
{
    const struct processes *processes = &sweeper->machine->processes;
    return process_is_down(processes, instance) || process_life(processes, instance) != sweeper->life;
}

/* Of a process that is gone another instance looks anew. */
static void drop_all(struct sweeper *sweeper, uint32_t instance)
{
    while (sweeper->n > 0) stuck_leave(sweeper);
    go_on(sweeper, instance);
}

static void cancelled(struct sweeper *sweeper, uint32_t instance)
{
    undo_legs(sweeper);
    latch_pass_on(sweeper->machine, sweeper->stuck[0].slot, ORDER_LOCKED);
    stuck_leave(sweeper);
    go_on(sweeper, instance);
}

/* The oldest one is cancelled, unless its transaction makes that wait. */
static void take_oldest(struct sweeper *sweeper, uint32_t instance)
{
    if (is_gone(sweeper, instance)) {
        drop_all(sweeper, instance);
        return;
    }
    if (waits_for_row(sweeper, instance)) return;
    latch_at_once(sweeper->machine);
    cancel(sweeper, instance);
    cancelled(sweeper, instance);
}

static struct order *oldest(const struct sweeper *sweeper)
{
    return order_at(&sweeper->machine->orders, sweeper->stuck[0].slot);
}

static void when_resumed(struct sweeper *sweeper, uint32_t instance, enum sim_priority at, sim_fn *fn)
{
    struct machine *machine = sweeper->machine;
    sim_at(machine->sim, machine->processes.instance[instance].paused_until_ns, at, fn, sweeper, instance, 0);
}

/* Its statement has had the row since it was woken, whoever else came at this instant. It commits by itself at the
 * server, whatever its process does by now, and only what is sent behind it is the JVM's. With an outbox the commit
 * is: until then its transaction has the row, and goes with its client. */
static void on_row_free(void *context, uint32_t instance, uint64_t argument)
{
    struct sweeper *sweeper = context;
    struct machine *machine = sweeper->machine;
    const bool gone = is_gone(sweeper, instance), paused = process_is_paused(&machine->processes, instance);
    const bool needs_client = machine->plan->scenario->flow.outbox;
    (void)argument;
    if (paused && !gone && needs_client) {
        when_resumed(sweeper, instance, SIM_SERVER, on_row_free);
        return;
    }
    oldest(sweeper)->flags &= (uint8_t)~ORDER_LOCKED;
    if (!gone || !needs_client) cancel(sweeper, instance);
    if (!gone && !paused) {
        cancelled(sweeper, instance);
        return;
    }
    latch_pass_on(machine, sweeper->stuck[0].slot, ORDER_LOCKED);
    if (gone) drop_all(sweeper, instance);
    else when_resumed(sweeper, instance, SIM_TIMER, on_answer);
}

/* The statement's, in the JVM's time. */
static void on_answer(void *context, uint32_t instance, uint64_t argument)
{
    struct sweeper *sweeper = context;
    (void)argument;
    if (is_gone(sweeper, instance)) drop_all(sweeper, instance);
    else if (process_is_paused(&sweeper->machine->processes, instance))
        when_resumed(sweeper, instance, SIM_TIMER, on_answer);
    else cancelled(sweeper, instance);
}

void sweeper_wakes(struct machine *machine)
{
    struct sweeper *sweeper = machine->sweeper;
    waits_no_more(sweeper);
    oldest(sweeper)->flags |= ORDER_LOCKED;
    sim_cancel(machine->sim, sweeper->timer);
    sim_at(machine->sim, machine->sim->now_ns, SIM_SERVER, on_row_free, sweeper, sweeper->waits_for, 0);
}

/* A process that stands still goes on where it was. */
static void on_cancel(void *context, uint32_t instance, uint64_t argument)
{
    struct sweeper *sweeper = context;
    struct machine *machine = sweeper->machine;
    (void)argument;
    if (process_is_paused(&machine->processes, instance)) {
        when_resumed(sweeper, instance, SIM_TIMER, on_cancel);
        return;
    }
    take_oldest(sweeper, instance);
}

void sweeper_start(struct machine *machine)
{
    const struct scenario *scenario = machine->plan->scenario;
    if (!scenario->flow.given || !scenario->flow.sweeper.given) return;
    struct sweeper *sweeper = arena_new(machine->sim->arena, struct sweeper);
    machine->sweeper = sweeper;
    sweeper->machine = machine;
    sweeper->spec = &scenario->flow.sweeper;
    sweeper->clerk.consumer = NONE;
    sweeper->clerk.topic = NONE;
    sweeper->clerk.stage = scenario->n_stages + 1; /* a stage of its own, for draws */
    sweeper->rests = true;
    sweeper->waits_since_ns = SIM_NEVER;
    rouse(sweeper); /* for orders that were there before */
}
