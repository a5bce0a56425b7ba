/* SPDX-License-Identifier: GPL-3.0-or-later
 * Orderly stops: deployments, and groups that get another number of consumers.
 *
 * SIGTERM: each consumer finishes the batch in hand, commits and leaves its group; then the API takes no more requests
 * and ends those in service; then its producer sends what lingers in it, and waits for a broker that is away; then the
 * process is gone. What has not come to its end after kill_after (the container's shutdown timeout, the pod's grace
 * period) is killed, and that is a crash. A process that crashes meanwhile has stopped. Another SIGTERM changes nothing
 * but when it is killed at the latest. A rolling restart stops the next instance when the one before works again. */
#include "models/fault.h"
#include "models/kafka/member.h"
#include "models/orders/crash.h"

/* How often a process that ends looks whether its last request is done, and its last record sent. */
#define DRAIN_LOOK_NS SIM_MS

struct rollout {
    bool under_way;
    uint32_t n_instances_left; /* after the one that stops now */
    struct stop *stop;         /* by instance of the process */
};

struct stop {
    struct faults *faults;
    uint32_t fault, instance, n_consumers_left;
    bool stopping;
    bool awaited; /* the rollout waits for its return, and for nobody else's */
    sim_handle kill;
};

void restarts_init(struct faults *faults)
{
    const struct scenario *scenario = faults->machine->plan->scenario;
    struct arena *arena = faults->machine->sim->arena;
    faults->rollout = arena_array(arena, struct rollout, scenario->n_faults);
    for (uint32_t i = 0; i < scenario->n_faults; i++) {
        const struct fault_spec *spec = &scenario->fault[i];
        if (spec->kind != FAULT_RESTART) continue;
        uint32_t n = scenario->process[spec->target].instances;
        faults->rollout[i].stop = arena_array(arena, struct stop, n);
        for (uint32_t k = 0; k < n; k++)
            faults->rollout[i].stop[k] = (struct stop){
                .faults = faults, .fault = i, .instance = faults->machine->plan->first_instance[spec->target] + k
            };
    }
}

/* ---- one instance ---- */

/* The stop of this instance in the rollout of a fault; NULL where the fault is none of its process. */
static struct stop *stop_of(struct faults *faults, uint32_t fault, uint32_t instance)
{
    const struct plan *plan = faults->machine->plan;
    const struct fault_spec *spec = fault_spec(faults, fault);
    if (spec->kind != FAULT_RESTART || plan->process_of[instance] != spec->target) return NULL;
    return &faults->rollout[fault].stop[instance - plan->first_instance[spec->target]];
}

static bool is_stopping(struct faults *faults, uint32_t instance)
{
    for (uint32_t i = 0; i < faults->machine->plan->scenario->n_faults; i++) {
        const struct stop *stop = stop_of(faults, i, instance);
        if (stop && stop->stopping) return true;
    }
    return false;
}

/* The process is gone, and comes back as its deployment says. */
static void gone(struct stop *stop)
{
    struct faults *faults = stop->faults;
    stop->stopping = false;
    sim_cancel(faults->machine->sim, stop->kill);
    instance_returns(faults, stop->instance, fault_spec(faults, stop->fault)->back_after_ns);
}

/* For everybody who wants it to stop. */
static void end(struct stop *stop)
{
    instance_dies(stop->faults->machine, stop->instance);
    restart_cut_short(stop->faults, stop->instance);
}

static void on_kill(void *context, uint32_t subject, uint64_t argument)
{
    struct stop *stop = context;
    (void)subject;
    (void)argument;
    stop->kill = 0;
    if (!stop->stopping) return;
    stop->faults->fact[stop->fault].killed++;
    end(stop);
}

/* Its last request has ended, and a producer that is closed waits until the broker has what it sent. */
static bool is_done(struct machine *machine, uint32_t instance)
{
    if (!api_instance_is_empty(machine, instance)) return false;
    producer_closes(machine, instance);
    return !producer_waits(machine, instance);
}

static void on_drain(void *context, uint32_t subject, uint64_t argument)
{
    struct stop *stop = context;
    struct machine *machine = stop->faults->machine;
    (void)subject;
    (void)argument;
    if (!stop->stopping) return;
    if (!is_done(machine, stop->instance)) {
        sim_at(machine->sim, machine->sim->now_ns + DRAIN_LOOK_NS, SIM_FAULT, on_drain, stop, 0, 0);
        return;
    }
    end(stop);
}

static void on_left(void *context, uint32_t consumer)
{
    struct stop *stop = context;
    struct machine *machine = stop->faults->machine;
    (void)consumer;
    if (--stop->n_consumers_left > 0) return;
    api_instance_drains(machine, stop->instance);
    sim_at(machine->sim, machine->sim->now_ns, SIM_FAULT, on_drain, stop, 0, 0);
}

static void stop_begin(struct stop *stop)
{
    struct machine *machine = stop->faults->machine;
    const struct fault_spec *spec = fault_spec(stop->faults, stop->fault);
    stop->awaited = true;
    if (process_is_down(&machine->processes, stop->instance)) {
        instance_returns(stop->faults, stop->instance, spec->back_after_ns);
        return;
    }
    const bool knows = is_stopping(stop->faults, stop->instance);
    stop->stopping = true;
    stop->kill = sim_at(machine->sim, machine->sim->now_ns + spec->kill_after_ns, SIM_FAULT, on_kill, stop, 0, 0);
    if (knows || spec->kill_after_ns == 0) return; /* SIGKILL: nobody is left to say that he leaves */
    stop->n_consumers_left = 1; /* itself, until all have been told */
    for (uint32_t i = 0; i < machine->plan->n_consumers; i++) {
        if (machine->thread[i].instance != stop->instance || !machine->kafka.consumer[i].wanted) continue;
        stop->n_consumers_left++;
        kafka_member_leave(&machine->kafka, i, false, on_left, stop);
    }
    on_left(stop, NONE);
}

/* ---- all of them ---- */

static void on_next(void *context, uint32_t which, uint64_t fault)
{
    struct faults *faults = context;
    stop_begin(&faults->rollout[fault].stop[which]);
}

static void stop_soon(struct faults *faults, uint32_t fault, uint32_t which)
{
    sim_at(faults->machine->sim, faults->machine->sim->now_ns, SIM_FAULT, on_next, faults, which, fault);
}

bool restart_begin(struct faults *faults, uint32_t fault)
{
    const struct fault_spec *spec = fault_spec(faults, fault);
    struct rollout *rollout = &faults->rollout[fault];
    uint32_t n = faults->machine->plan->scenario->process[spec->target].instances;
    if (rollout->under_way) return false;
    rollout->under_way = true;
    rollout->n_instances_left = spec->instance == NONE ? n - 1 : 0;
    if (spec->instance != NONE) {
        stop_soon(faults, fault, spec->instance);
    } else if (spec->rolling) {
        stop_soon(faults, fault, 0);
    } else {
        for (uint32_t i = 0; i < n; i++) stop_soon(faults, fault, i);
    }
    return true;
}

void restart_cut_short(struct faults *faults, uint32_t instance)
{
    for (uint32_t i = 0; i < faults->machine->plan->scenario->n_faults; i++) {
        struct stop *stop = stop_of(faults, i, instance);
        if (stop && stop->stopping) gone(stop);
    }
}

void restart_goes_on(struct faults *faults, uint32_t instance)
{
    for (uint32_t i = 0; i < faults->machine->plan->scenario->n_faults; i++) {
        struct rollout *rollout = &faults->rollout[i];
        struct stop *stop = stop_of(faults, i, instance);
        if (!stop || !stop->awaited) continue;
        stop->awaited = false;
        rollout->under_way = rollout->n_instances_left > 0;
        if (!rollout->under_way) continue;
        rollout->n_instances_left--;
        if (fault_spec(faults, i)->rolling) stop_soon(faults, i, (uint32_t)(stop - rollout->stop) + 1);
    }
}

void group_scales(struct faults *faults, uint32_t group, uint32_t consumers)
{
    struct machine *machine = faults->machine;
    struct kafka *kafka = &machine->kafka;
    const struct plan_group *plan = &machine->plan->group[group];
    for (uint32_t i = 0; i < plan->n_consumers; i++) {
        struct consumer *consumer = &kafka->consumer[plan->first_consumer + i];
        bool down = process_is_down(&machine->processes, machine->instance_of[consumer->index]);
        if (i < consumers && !consumer->wanted) {
            consumer->wanted = true;
            if (!down) kafka_member_join(kafka, consumer->index);
        } else if (i >= consumers && consumer->wanted) {
            consumer->wanted = false;
            if (!down) kafka_member_leave(kafka, consumer->index, true, NULL, NULL);
        }
    }
}
