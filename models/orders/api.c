/* SPDX-License-Identifier: GPL-3.0-or-later
 * The order API and who calls it: k6's executors with their virtual users, Tomcat's threads with the queue before them.
 * An iteration without a free virtual user is dropped and counted, never queued; at most one further user starts at a
 * time. A request waits for a thread, runs the API's stage, and its reply frees the virtual user.
 * Left out: the limits of sockets and accept queue (8192 + 100), time-outs of the client, network latency. */
#include "models/kafka/murmur2.h"
#include "models/orders/machine.h"
#include "models/orders/pick.h"
#include "models/purpose.h"

/* A thread of an instance that takes no more requests stops. */
static bool thread_stops(struct machine *machine, uint32_t index)
{
    struct instance *instance = &machine->processes.instance[machine->thread[index].instance];
    if (!instance->drains) return false;
    machine->thread[index].stopped = true;
    instance->n_drained++;
    machine->api.capacity--;
    return true;
}

static void thread_free(struct machine *machine, uint32_t index, sim_ns at_ns)
{
    uint32_t i = index - machine->plan->n_consumers;
    if (machine->processes.instance && thread_stops(machine, index)) return;
    if (at_ns > machine->sim->now_ns) machine->early[machine->n_early++] = (struct early){ at_ns, index };
    else machine->api_free[i / 64] |= (uint64_t)1 << i % 64;
}

/* The lowest one that is free now: who serves a request does not hang on who ran ahead. */
static uint32_t thread_take(struct machine *machine)
{
    uint32_t word = 0;
    for (uint32_t i = 0; i < machine->n_early;) {
        struct early early = machine->early[i];
        if (early.at_ns > machine->sim->now_ns) {
            i++;
            continue;
        }
        machine->early[i] = machine->early[--machine->n_early];
        thread_free(machine, early.thread, early.at_ns);
    }
    while (machine->api_free[word] == 0) word++;
    uint32_t bit = (uint32_t)__builtin_ctzll(machine->api_free[word]);
    machine->api_free[word] &= machine->api_free[word] - 1;
    return machine->plan->n_consumers + word * 64 + bit;
}

static void request_begin(struct machine *machine, uint32_t slot)
{
    uint32_t index = thread_take(machine);
    const struct process_spec *process = &machine->plan->scenario->process[machine->plan->api_process];
    request_process(machine, index, process->api_stage, slot);
}

static void on_api_thread(void *context, uint32_t slot) { request_begin(context, slot); }

void api_reply(struct machine *machine, struct thread *thread, sim_ns at_ns)
{
    struct order *order = thread->at_hand;
    if (thread->consumer != NONE || thread->replied) return;
    thread->replied = true;
    struct load_run *load = &machine->load[order->load];
    if (load->limited) seats_give(&load->vus, at_ns);
    if (at_ns <= machine->kafka.end_ns)
        tally_count(&machine->process[machine->plan->api_process].api, at_ns - order->created_ns);
}

void api_done(struct machine *machine, uint32_t index, sim_ns at_ns)
{
    struct thread *thread = &machine->thread[index];
    api_reply(machine, thread, at_ns);
    seats_give(&machine->api, at_ns);
    thread_free(machine, index, at_ns);
    order_release(machine, thread->order, at_ns);
}

static void request_failed(struct machine *machine, const struct thread *thread)
{
    struct load_run *load = &machine->load[thread->at_hand->load];
    if (thread->replied) return;
    machine->counts.requests_failed++;
    if (load->limited) seats_give(&load->vus, machine->sim->now_ns);
}

void api_failed(struct machine *machine, uint32_t index, sim_ns at_ns)
{
    struct thread *thread = &machine->thread[index];
    request_failed(machine, thread);
    thread->replied = true;
    api_done(machine, index, at_ns);
}

void api_lost(struct machine *machine, uint32_t index, bool lingers)
{
    const struct thread *thread = &machine->thread[index];
    request_failed(machine, thread);
    seats_give(&machine->api, machine->sim->now_ns);
    if (!lingers) order_release(machine, thread->order, machine->sim->now_ns);
}

/* No instance is there: the connection is refused, the virtual user has its error at once. */
static void refused(struct machine *machine, uint32_t slot)
{
    struct load_run *load = &machine->load[order_at(&machine->orders, slot)->load];
    machine->counts.requests_failed++;
    if (load->limited) seats_give(&load->vus, machine->sim->now_ns);
    order_release(machine, slot, machine->sim->now_ns);
}

static uint32_t api_threads_of(const struct machine *machine, uint32_t instance)
{
    const struct plan *plan = machine->plan;
    if (plan->api_process == NONE || plan->process_of[instance] != plan->api_process) return 0;
    return plan->scenario->process[plan->api_process].api_threads;
}

static void threads_mark(struct machine *machine, uint32_t instance, bool are_free)
{
    for (uint32_t i = 0; i < machine->n_threads - machine->plan->n_consumers; i++) {
        if (machine->thread[machine->plan->n_consumers + i].instance != instance) continue;
        machine->api_free[i / 64] &= ~((uint64_t)1 << i % 64);
        if (are_free) machine->api_free[i / 64] |= (uint64_t)1 << i % 64;
    }
}

void api_instance_down(struct machine *machine, uint32_t instance)
{
    uint32_t n = api_threads_of(machine, instance), slot;
    if (n == 0) return;
    threads_mark(machine, instance, false);
    machine->api.capacity -= n - machine->processes.instance[instance].n_drained;
    while (machine->api.capacity == 0 && seats_pop(&machine->api, &slot)) refused(machine, slot);
}

void api_instance_up(struct machine *machine, uint32_t instance)
{
    uint32_t n = api_threads_of(machine, instance);
    if (n == 0) return;
    machine->processes.instance[instance].n_drained = 0;
    threads_mark(machine, instance, true);
    seats_widen(&machine->api, n);
}

void api_instance_drains(struct machine *machine, uint32_t instance)
{
    uint32_t slot;
    machine->processes.instance[instance].drains = true;
    for (uint32_t i = 0; i < machine->n_threads - machine->plan->n_consumers; i++) {
        uint64_t bit = (uint64_t)1 << i % 64;
        if (machine->thread[machine->plan->n_consumers + i].instance != instance) continue;
        if (!(machine->api_free[i / 64] & bit)) continue;
        machine->api_free[i / 64] &= ~bit;
        thread_stops(machine, machine->plan->n_consumers + i);
    }
    while (machine->api.capacity == 0 && seats_pop(&machine->api, &slot)) refused(machine, slot);
}

bool api_instance_is_empty(const struct machine *machine, uint32_t instance)
{
    return machine->processes.instance[instance].n_drained == api_threads_of(machine, instance);
}

static void order_fill(struct machine *machine, struct order *order, uint32_t id)
{
    const struct plan *plan = machine->plan;
    order->id = id;
    if (!plan->content_counts) return;
    struct random_words words = random_block_by(&machine->rounds, PURPOSE_CONTENT, id, 0);
    order->user = (uint32_t)pick_draw(plan->user, words.word[0]);
    order->item = (uint32_t)pick_draw(plan->item, words.word[1]);
    order->quantity = (uint16_t)pick_draw(plan->quantity, words.word[2]);
    order->amount = (uint32_t)pick_draw(plan->amount, words.word[3]);
    if (!plan->orders_have_coupons) return;
    words = random_block_by(&machine->rounds, PURPOSE_CONTENT, id, 1);
    if (pick_given(plan->coupon, words.word[0])) order->coupon = (uint32_t)pick_draw(plan->coupon, words.word[1]);
}

static void on_vu_ready(void *context, uint32_t index, uint64_t argument)
{
    struct machine *machine = context;
    (void)argument;
    machine->load[index].vus.capacity++;
    machine->load[index].starting_vu = false;
}

/* No virtual user is free: the iteration is dropped, and one more user starts if there may be more. */
static void drop(struct machine *machine, uint32_t index)
{
    struct load_run *load = &machine->load[index];
    machine->counts.dropped++;
    if (load->starting_vu || load->vus.capacity >= load->state.spec->vus_max) return;
    load->starting_vu = true;
    sim_at(machine->sim, machine->sim->now_ns + load->state.spec->vu_init_ns, SIM_SERVER, on_vu_ready, machine, index,
           0);
}

static void request(struct machine *machine, uint32_t index)
{
    struct load_run *load = &machine->load[index];
    if (load->limited && !seats_try(&load->vus)) {
        drop(machine, index);
        return;
    }
    uint32_t slot = order_open(&machine->orders);
    struct order *order = order_at(&machine->orders, slot);
    order_fill(machine, order, machine->next_id++);
    order->created_ns = machine->sim->now_ns;
    order->refs = 1;
    order->load = (uint8_t)index;
    if (machine->api.capacity == 0) refused(machine, slot);
    else if (seats_take(&machine->api, slot)) request_begin(machine, slot);
}

static void load_schedule(struct machine *machine, uint32_t index);

static void on_start(void *context, uint32_t index, uint64_t argument)
{
    struct machine *machine = context;
    (void)argument;
    if (machine->counts.scheduled >= machine->plan->scenario->orders.at_most) return;
    machine->counts.scheduled++;
    load_schedule(machine, index);
    request(machine, index);
}

static void load_schedule(struct machine *machine, uint32_t index)
{
    sim_ns at_ns;
    if (machine->counts.scheduled >= machine->plan->scenario->orders.at_most) return;
    if (load_next(&machine->load[index].state, &at_ns))
        sim_at(machine->sim, at_ns, SIM_SERVER, on_start, machine, index, 0);
}

void api_init(struct machine *machine)
{
    const struct scenario *scenario = machine->plan->scenario;
    machine->load = arena_array(machine->sim->arena, struct load_run, scenario->n_loads);
    for (uint32_t i = 0; i < scenario->n_loads; i++) {
        const struct load_spec *spec = &scenario->load[i];
        struct load_run *load = &machine->load[i];
        load_open(&load->state, spec, machine->key);
        load->limited = spec->vus > 0;
        seats_init(&load->vus, machine->sim, 0, spec->vus_max > spec->vus ? spec->vus_max : spec->vus, NULL, NULL);
        load->vus.capacity = spec->vus;
    }
    uint32_t threads = machine->n_threads - machine->plan->n_consumers;
    seats_init(&machine->api, machine->sim, machine->plan->n_instances + scenario->n_stores, threads, on_api_thread,
               machine);
    machine->api_free = arena_array(machine->sim->arena, uint64_t, threads / 64 + 1);
    machine->early = arena_array(machine->sim->arena, struct early, threads);
    for (uint32_t i = 0; i < threads; i++) thread_free(machine, machine->plan->n_consumers + i, 0);
}

void api_start(struct machine *machine)
{
    for (uint32_t i = 0; i < machine->plan->scenario->n_loads; i++) load_schedule(machine, i);
}

/* ---- orders that wait at t = 0 ---- */

/* What has happened to an order whose record waits on this topic. */
static void preload_state(struct machine *machine, uint32_t slot, uint32_t topic)
{
    const struct flow_spec *flow = &machine->plan->scenario->flow;
    struct order *order = order_at(&machine->orders, slot);
    bool waits_for_payment = flow->given && topic == flow->then;
    order_created(machine, slot);
    for (uint32_t i = 0; flow->given && i < flow->n_legs; i++) order->legs_ok |= (uint8_t)(1u << i);
    if (!waits_for_payment) return;
    order->did |= DID_SEND_PAYMENT;
    order_set_status(machine, slot, ORDER_PAYING, NONE);
}

/* The leg whose stage has the record still before it has not answered yet. True when that stage uses the coupon. */
static bool preload_open_leg(struct machine *machine, struct order *order, uint32_t group, uint32_t topic)
{
    bool uses_coupon = false;
    const struct scenario *scenario = machine->plan->scenario;
    for (uint32_t r = 0; r < scenario->group[group].n_reads; r++) {
        if (scenario->group[group].read[r].topic != topic) continue;
        const struct plan_stage *stage = &machine->plan->stage[scenario->group[group].read[r].stage];
        for (const struct plan_op *op = &machine->plan->op[stage->first_op]; op->kind != OP_END; op++) {
            uses_coupon |= op->kind == STEP_WRITE && op->effect == EFFECT_USE;
            for (uint32_t i = 0; i < scenario->flow.n_legs; i++)
                if (op->kind == STEP_PUBLISH && op->target == scenario->flow.leg[i].ok)
                    order->legs_ok &= (uint8_t)~(1u << i);
        }
    }
    return uses_coupon;
}

static uint64_t backlog_of(const struct group_spec *group, uint32_t topic, uint32_t partition)
{
    for (uint32_t i = 0; i < group->n_backlog; i++)
        if (group->backlog[i].topic == topic && group->backlog[i].partition == partition)
            return group->backlog[i].records;
    return 0;
}

static uint64_t preload_wanted(const struct scenario *scenario, uint32_t topic, uint32_t partition)
{
    uint64_t wanted = 0;
    for (uint32_t g = 0; g < scenario->n_groups; g++) {
        uint64_t records = backlog_of(&scenario->group[g], topic, partition);
        if (records > wanted) wanted = records;
    }
    return wanted;
}

/* One order that waits; the k-th last of its partition waits for every group whose backlog reaches back that far. */
static void preload_order(struct machine *machine, uint32_t id, uint32_t topic, uint32_t partition, uint64_t from_end)
{
    const struct scenario *scenario = machine->plan->scenario;
    uint32_t slot = order_open(&machine->orders);
    struct order *order = order_at(&machine->orders, slot);
    order_fill(machine, order, id);
    order->flags |= ORDER_PRELOADED;
    preload_state(machine, slot, topic);
    bool uses_coupon = false;
    for (uint32_t g = 0; g < scenario->n_groups; g++)
        if (backlog_of(&scenario->group[g], topic, partition) >= from_end && topic != scenario->flow.then)
            uses_coupon |= preload_open_leg(machine, order, g, topic);
    if (!uses_coupon) order->coupon = NO_COUPON; /* what was done about it lies before the run */
    order->refs = 1;
    kafka_preload(&machine->kafka, machine->plan->topic[topic].first_log + partition, slot);
}

/* Ids run from first_id; each goes to the partition its key hashes to while that one still lacks records. */
static void preload_topic(struct machine *machine, uint32_t topic)
{
    const struct scenario *scenario = machine->plan->scenario;
    const struct topic_spec *spec = &scenario->topic[topic];
    uint64_t *left = arena_array(machine->sim->arena, uint64_t, spec->partitions), open = 0;
    for (uint32_t p = 0; p < spec->partitions; p++) open += left[p] = preload_wanted(scenario, topic, p);
    while (open > 0) {
        uint32_t id = machine->next_id++;
        uint32_t p = spec->key == KEY_ID_MODULO ? id % spec->partitions : murmur2_partition_of_id(id, spec->partitions);
        if (left[p] == 0) continue;
        preload_order(machine, id, topic, p, left[p]--);
        open--;
    }
}

void api_preload(struct machine *machine)
{
    for (uint32_t t = 0; t < machine->plan->scenario->n_topics; t++) preload_topic(machine, t);
}
