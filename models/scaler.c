/* SPDX-License-Identifier: GPL-3.0-or-later
 * A pod has a slot, an instance of the process: its threads and connections are those of the slot. There are twice as
 * many slots as pods, for those that still end; where even these are taken, a new pod waits for one. */
#include "models/scaler.h"

#include "models/kafka/member.h"
#include "models/kubernetes/hpa.h"
#include "models/kubernetes/keda.h"
#include "models/orders/crash.h"
#include "models/purpose.h"

enum { FACT_SCALED = 17, FACT_POD_READY = 18, FACT_POD_GONE = 19 };
enum { WORD_POLL, WORD_SYNC }; /* of the scaler's block 0; pods have those after it */

/* How long to wait when something of the slot's former pod is still under way. */
#define RETRY_NS SIM_MS

enum pod_state { POD_FREE, POD_STARTING, POD_READY, POD_ENDING };

struct pod {
    struct scaler *scaler;
    enum pod_state state;
    uint32_t instance, first_consumer;
    uint64_t number;    /* order of creation; tells an event of the slot's former pod */
    sim_ns since_ns;    /* the decision for it */
    uint32_t n_to_leave;
    sim_handle kill;
};

struct scaler {
    struct machine *machine;
    const struct scaler_spec *spec;
    uint32_t index, pod_consumers;
    uint32_t replicas, n_owed;  /* owed: created, and waiting for a slot */
    uint32_t n_slots, n_ready;
    struct pod *pod;            /* by slot */
    uint64_t n_created;
    uint32_t n_positions, *position;
    struct keda_partition *partition;
    struct keda keda;
    struct hpa hpa;
    struct keda_metric read;    /* by KEDA's last poll */
    int64_t told;
    struct scaler_facts fact;
};

/* ---- pods ---- */

static void pod_fact(const struct pod *pod, uint32_t kind)
{
    struct sim *sim = pod->scaler->machine->sim;
    sim_fact(sim, sim->now_ns, kind, (uint64_t)pod->scaler->index << 32 | pod->number);
}

static void note_ready(struct scaler *scaler, struct pod *pod)
{
    struct scaler_facts *fact = &scaler->fact;
    const uint32_t consumers = ++scaler->n_ready * scaler->pod_consumers;
    pod->state = POD_READY;
    pod_fact(pod, FACT_POD_READY);
    if (consumers <= fact->peak_consumers) return;
    fact->peak_consumers = consumers;
    fact->peak_at_ns = scaler->machine->sim->now_ns;
}

/* Something of an earlier life of the slot is on its way: a request to join, a command at a server. */
static bool is_haunted(const struct scaler *scaler, const struct pod *pod)
{
    for (uint32_t i = 0; i < scaler->pod_consumers; i++) {
        const struct consumer *consumer = &scaler->machine->kafka.consumer[pod->first_consumer + i];
        if (consumer->asks || consumer->member || consumer->state != CONSUMER_OUT) return true;
    }
    return false;
}

/* The consumers of a slot whose JVM is down join as it starts. */
static bool pod_starts(struct scaler *scaler, const struct pod *pod)
{
    struct machine *machine = scaler->machine;
    if (is_haunted(scaler, pod)) return false;
    const bool down = process_is_down(&machine->processes, pod->instance);
    for (uint32_t i = 0; i < scaler->pod_consumers; i++) {
        if (down) machine->kafka.consumer[pod->first_consumer + i].wanted = true;
        else kafka_member_join(&machine->kafka, pod->first_consumer + i);
    }
    return !down || instance_starts(machine, pod->instance);
}

static void on_pod_ready(void *context, uint32_t slot, uint64_t number)
{
    struct scaler *scaler = context;
    struct sim *sim = scaler->machine->sim;
    struct pod *pod = &scaler->pod[slot];
    if (!sim_wakes(sim)) return;
    if (pod->number != number || pod->state != POD_STARTING) return;
    if (!pod_starts(scaler, pod)) {
        sim_at_idle(sim, sim->now_ns + RETRY_NS, SIM_SERVER, on_pod_ready, scaler, slot, number);
        return;
    }
    if (scaler->fact.first_ready_ns == SIM_NEVER) scaler->fact.first_ready_ns = sim->now_ns;
    note_ready(scaler, pod);
}

static struct pod *free_slot(struct scaler *scaler)
{
    for (uint32_t i = 0; i < scaler->n_slots; i++)
        if (scaler->pod[i].state == POD_FREE) return &scaler->pod[i];
    return NULL;
}

static void pod_create(struct scaler *scaler)
{
    struct machine *machine = scaler->machine;
    struct pod *pod = free_slot(scaler);
    if (!pod) {
        scaler->n_owed++;
        return;
    }
    pod->state = POD_STARTING;
    pod->number = ++scaler->n_created;
    pod->since_ns = machine->sim->now_ns;
    const uint32_t word = random_block(machine->key, PURPOSE_SCALER, scaler->index, (uint32_t)pod->number).word[0];
    const sim_ns start_ns = dist_draw(&machine->plan->pod_start[scaler->index], word);
    sim_at_idle(machine->sim, machine->sim->now_ns + start_ns, SIM_SERVER, on_pod_ready, scaler,
                (uint32_t)(pod - scaler->pod), pod->number);
}

static void pod_gone(struct pod *pod)
{
    struct scaler *scaler = pod->scaler;
    struct sim *sim = scaler->machine->sim;
    sim_cancel(sim, pod->kill);
    pod->kill = 0;
    pod->state = POD_FREE;
    pod_fact(pod, FACT_POD_GONE);
    scaler->fact.consumer_ns += (__int128)(sim->now_ns - pod->since_ns) * scaler->pod_consumers;
    if (scaler->n_owed == 0) return;
    scaler->n_owed--;
    pod_create(scaler);
}

static void on_left(void *context, uint32_t consumer)
{
    struct pod *pod = context;
    (void)consumer;
    if (--pod->n_to_leave == 0) pod_gone(pod);
}

static void on_kill(void *context, uint32_t slot, uint64_t number)
{
    struct scaler *scaler = context;
    struct pod *pod = &scaler->pod[slot];
    (void)number; /* the event is cancelled with its pod */
    pod->kill = 0;
    scaler->fact.killed++;
    instance_dies(scaler->machine, pod->instance);
    pod_gone(pod);
}

/* Each of its consumers tells when it has left; the pod itself counts until all have been asked. */
static void pod_ends(struct pod *pod)
{
    struct scaler *scaler = pod->scaler;
    struct machine *machine = scaler->machine;
    struct kafka *kafka = &machine->kafka;
    const bool down = process_is_down(&machine->processes, pod->instance);
    scaler->n_ready--;
    pod->state = POD_ENDING;
    pod->n_to_leave = 1;
    if (!down)
        pod->kill = sim_at(machine->sim, machine->sim->now_ns + scaler->spec->kill_after_ns, SIM_SERVER, on_kill,
                           scaler, (uint32_t)(pod - scaler->pod), pod->number);
    for (uint32_t i = 0; i < scaler->pod_consumers; i++) {
        kafka->consumer[pod->first_consumer + i].wanted = false;
        if (down) continue;
        pod->n_to_leave++;
        kafka_member_leave(kafka, pod->first_consumer + i, true, on_left, pod);
    }
    on_left(pod, NONE);
}

/* A pod goes before the other: it is not ready, or it is younger. */
static bool goes_before(const struct pod *a, const struct pod *b)
{
    if (a->state != b->state) return a->state == POD_STARTING;
    return a->number > b->number;
}

static void pod_delete(struct scaler *scaler)
{
    struct pod *chosen = NULL;
    if (scaler->n_owed > 0) {
        scaler->n_owed--;
        return;
    }
    for (uint32_t i = 0; i < scaler->n_slots; i++) {
        struct pod *pod = &scaler->pod[i];
        if (pod->state != POD_STARTING && pod->state != POD_READY) continue;
        if (!chosen || goes_before(pod, chosen)) chosen = pod;
    }
    SIM_ASSERT_IN(scaler->machine->sim, chosen);
    if (chosen->state == POD_STARTING) pod_gone(chosen);
    else pod_ends(chosen);
}

static void scale(struct scaler *scaler, uint32_t replicas)
{
    struct scaler_facts *fact = &scaler->fact;
    struct sim *sim = scaler->machine->sim;
    if (replicas == scaler->replicas) return;
    const bool up = replicas > scaler->replicas;
    fact->ups += up;
    fact->downs += !up;
    if (up && fact->first_up_ns == SIM_NEVER) fact->first_up_ns = sim->now_ns;
    if (replicas > fact->peak_replicas) fact->peak_replicas = replicas;
    for (; scaler->replicas < replicas; scaler->replicas++) pod_create(scaler);
    for (; scaler->replicas > replicas; scaler->replicas--) pod_delete(scaler);
    sim_fact(sim, sim->now_ns, FACT_SCALED, (uint64_t)scaler->index << 32 | replicas);
}

/* ---- what they see ---- */

static void look(struct scaler *scaler)
{
    const struct kafka *kafka = &scaler->machine->kafka;
    for (uint32_t i = 0; i < scaler->n_positions; i++) {
        struct partition_level level;
        kafka_level(kafka, scaler->position[i], &level);
        scaler->partition[i] = (struct keda_partition){
            level.log_end, kafka_has_offset(kafka, scaler->position[i]) ? level.committed : KEDA_NO_OFFSET
        };
    }
}

static struct keda_metric query(struct scaler *scaler)
{
    kafka_settle(&scaler->machine->kafka);
    look(scaler);
    return keda_query(&scaler->keda, scaler->partition);
}

/* ---- the two clocks ---- */

static void on_poll(void *context, uint32_t subject, uint64_t argument)
{
    struct scaler *scaler = context;
    struct sim *sim = scaler->machine->sim;
    (void)subject;
    (void)argument;
    if (!sim_wakes(sim)) return;
    scaler->read = query(scaler);
    const uint32_t before = scaler->replicas;
    const bool is_active = keda_is_active(&scaler->keda, scaler->read.residual);
    scale(scaler, keda_scale(&scaler->keda, sim->now_ns, before, is_active));
    scaler->fact.from_zero += before == 0 && scaler->replicas > 0;
    scaler->fact.to_zero += before > 0 && scaler->replicas == 0;
    sim_at_idle(sim, sim->now_ns + scaler->spec->polling_ns, SIM_SERVER, on_poll, scaler, 0, 0);
}

static void on_sync(void *context, uint32_t subject, uint64_t argument)
{
    struct scaler *scaler = context;
    struct sim *sim = scaler->machine->sim;
    (void)subject;
    (void)argument;
    if (!sim_wakes(sim)) return;
    if (scaler->replicas > 0) {
        scaler->told = scaler->spec->use_cached_metrics ? scaler->read.lag : query(scaler).lag;
        scale(scaler, hpa_sync(&scaler->hpa, sim->now_ns, scaler->replicas, scaler->told));
    }
    sim_at_idle(sim, sim->now_ns + scaler->spec->sync_ns, SIM_SERVER, on_sync, scaler, 0, 0);
}

void scalers_start(struct scalers *scalers)
{
    for (uint32_t i = 0; i < scalers->n; i++) {
        struct scaler *scaler = &scalers->scaler[i];
        struct machine *machine = scalers->machine;
        const struct random_words words = random_block(machine->key, PURPOSE_SCALER, i, 0);
        const double poll_phase = random_unit(words.word[WORD_POLL]), sync_phase = random_unit(words.word[WORD_SYNC]);
        sim_at_idle(machine->sim, (sim_ns)((double)scaler->spec->polling_ns * poll_phase), SIM_SERVER, on_poll, scaler,
                    0, 0);
        sim_at_idle(machine->sim, (sim_ns)((double)scaler->spec->sync_ns * sync_phase), SIM_SERVER, on_sync, scaler, 0,
                    0);
    }
}

/* ---- set-up ---- */

static void positions_init(struct scaler *scaler, struct arena *arena)
{
    const struct plan *plan = scaler->machine->plan;
    const struct plan_group *group = &plan->group[scaler->spec->group];
    scaler->position = arena_array(arena, uint32_t, group->n_positions);
    scaler->partition = arena_array(arena, struct keda_partition, group->n_positions);
    for (uint32_t i = 0; i < group->n_positions; i++) {
        const uint32_t index = group->first_position + i;
        if (scaler->spec->topic == NONE || plan->position[index].topic == scaler->spec->topic)
            scaler->position[scaler->n_positions++] = index;
    }
}

static void pods_init(struct scaler *scaler, uint32_t replicas, struct arena *arena)
{
    const struct plan *plan = scaler->machine->plan;
    const struct plan_group *group = &plan->group[scaler->spec->group];
    const uint32_t process = plan->scenario->group[scaler->spec->group].process;
    scaler->pod_consumers = group->pod_consumers;
    scaler->n_slots = group->n_consumers / group->pod_consumers;
    scaler->pod = arena_array(arena, struct pod, scaler->n_slots);
    for (uint32_t i = 0; i < scaler->n_slots; i++)
        scaler->pod[i] = (struct pod){ .scaler = scaler,
                                       .instance = plan->first_instance[process] + i,
                                       .first_consumer = group->first_consumer + i * group->pod_consumers };
    for (uint32_t i = 0; i < replicas; i++) {
        scaler->pod[i].number = ++scaler->n_created;
        note_ready(scaler, &scaler->pod[i]);
    }
}

static void scaler_init(struct scaler *scaler, struct machine *machine, uint32_t index)
{
    const struct scenario *scenario = machine->plan->scenario;
    const struct scaler_spec *spec = &scenario->scaler[index];
    const struct group_spec *group = &scenario->group[spec->group];
    struct arena *arena = machine->sim->arena;
    const uint32_t replicas = scenario->process[group->process].instances;
    *scaler = (struct scaler){ .machine = machine, .spec = spec, .index = index, .replicas = replicas, .told = -1,
                               .fact = { .peak_replicas = replicas, .peak_at_ns = SIM_NEVER,
                                         .first_up_ns = SIM_NEVER, .first_ready_ns = SIM_NEVER } };
    positions_init(scaler, arena);
    pods_init(scaler, replicas, arena);
    keda_init(&scaler->keda, spec, group->reset, scaler->n_positions, arena);
    hpa_init(&scaler->hpa, spec, 0, replicas, arena);
}

void scalers_init(struct scalers *scalers, struct machine *machine)
{
    const uint32_t n = machine->plan->scenario->n_scalers;
    struct arena *arena = machine->sim->arena;
    *scalers = (struct scalers){ .machine = machine, .n = n, .scaler = arena_array(arena, struct scaler, n),
                                 .level = arena_array(arena, struct scaler_level, n) };
    for (uint32_t i = 0; i < n; i++) scaler_init(&scalers->scaler[i], machine, i);
}

/* ---- for the others ---- */

void scalers_instance_died(struct scalers *scalers, uint32_t instance)
{
    for (uint32_t i = 0; i < scalers->n; i++)
        for (uint32_t k = 0; k < scalers->scaler[i].n_slots; k++) {
            struct pod *pod = &scalers->scaler[i].pod[k];
            if (pod->instance == instance && pod->state == POD_ENDING) pod_gone(pod);
        }
}

/* The group's consumers are where a pod is ready and its JVM is there: one that has crashed is ready, and does nothing
 * until it comes back, which keeps the run alive by itself. */
static bool is_served(const struct scaler *scaler)
{
    const struct processes *processes = &scaler->machine->processes;
    for (uint32_t i = 0; i < scaler->n_slots; i++)
        if (scaler->pod[i].state == POD_READY && !process_is_down(processes, scaler->pod[i].instance)) return true;
    return false;
}

static int64_t lag_of(const struct scaler *scaler)
{
    int64_t lag = 0;
    for (uint32_t i = 0; i < scaler->n_positions; i++) {
        struct partition_level level;
        kafka_level(&scaler->machine->kafka, scaler->position[i], &level);
        lag += level.lag;
    }
    return lag;
}

/* Records wait that nobody serves, and a pod is on its way or will be: KEDA starts the first one, the autoscaler those
 * beyond. */
static bool awaits(struct scaler *scaler)
{
    if (is_served(scaler) || lag_of(scaler) == 0) return false;
    if (scaler->replicas > scaler->n_ready) return true;
    look(scaler);
    const struct keda_metric metric = keda_would_read(&scaler->keda, scaler->partition);
    if (scaler->replicas == 0) return keda_is_active(&scaler->keda, metric.residual);
    return hpa_grows(&scaler->hpa, scaler->replicas, metric.lag);
}

bool scalers_await(struct scalers *scalers)
{
    for (uint32_t i = 0; i < scalers->n; i++)
        if (awaits(&scalers->scaler[i])) return true;
    return false;
}

static struct scaler_level level_of(const struct scaler *scaler)
{
    const struct consumer *consumer = scaler->machine->kafka.consumer;
    struct scaler_level level = { .replicas = scaler->replicas, .ready = scaler->n_ready, .told = scaler->told,
                                  .consumers = scaler->n_ready * scaler->pod_consumers };
    for (uint32_t i = 0; i < scaler->n_slots; i++) {
        const struct pod *pod = &scaler->pod[i];
        level.starting += pod->state == POD_STARTING;
        level.ending += pod->state == POD_ENDING;
        for (uint32_t k = 0; pod->state == POD_READY && k < scaler->pod_consumers; k++)
            level.idle += consumer[pod->first_consumer + k].n_positions == 0;
    }
    return level;
}

const struct scaler_level *scalers_level(struct scalers *scalers)
{
    for (uint32_t i = 0; i < scalers->n; i++) scalers->level[i] = level_of(&scalers->scaler[i]);
    return scalers->level;
}

const struct scaler_facts *scalers_finish(struct scalers *scalers, sim_ns end_ns)
{
    struct scaler_facts *fact = arena_array(scalers->machine->sim->arena, struct scaler_facts, scalers->n);
    for (uint32_t i = 0; i < scalers->n; i++) {
        const struct scaler *scaler = &scalers->scaler[i];
        fact[i] = scaler->fact;
        for (uint32_t k = 0; k < scaler->n_slots; k++)
            if (scaler->pod[k].state != POD_FREE && scaler->pod[k].since_ns < end_ns)
                fact[i].consumer_ns += (__int128)(end_ns - scaler->pod[k].since_ns) * scaler->pod_consumers;
    }
    return fact;
}

const struct scaler_facts *scalers_begin_anew(struct scalers *scalers)
{
    const sim_ns now_ns = scalers->machine->sim->now_ns;
    const struct scaler_facts *before = scalers_finish(scalers, now_ns);
    for (uint32_t i = 0; i < scalers->n; i++) {
        struct scaler *scaler = &scalers->scaler[i];
        scaler->fact.peak_replicas = scaler->replicas;
        scaler->fact.peak_consumers = scaler->n_ready * scaler->pod_consumers;
        scaler->fact.peak_at_ns = now_ns;
        scaler->fact.first_up_ns = scaler->fact.first_ready_ns = SIM_NEVER;
    }
    return before;
}
