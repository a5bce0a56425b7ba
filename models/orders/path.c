/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "models/orders/path.h"

#include <string.h>

#include "models/kafka/member.h"
#include "models/orders/thread.h"

enum { SAMPLE = 512 }; /* orders followed in a run, at least half of it where there are as many */

/* ---- set-up ---- */

void paths_init(struct machine *machine, uint64_t expected)
{
    struct paths *paths = &machine->paths;
    struct arena *arena = machine->sim->arena;
    uint64_t share = expected;
    *paths = (struct paths){ .n_parts = PATH_PARTS + machine->plan->scenario->n_groups };
    if (expected == 0) return;
    for (; share > SAMPLE; share /= 2) paths->mask = paths->mask << 1 | 1;
    paths->capacity = (uint32_t)share + (uint32_t)share / 4 + 64;
    for (paths->n_buckets = 64; paths->n_buckets < paths->capacity; paths->n_buckets *= 2) continue;
    paths->bucket = arena_array(arena, struct path *, paths->n_buckets);
    paths->now = arena_array(arena, sim_ns, paths->n_parts);
    paths->completion_ns = arena_array(arena, sim_ns, paths->capacity);
    paths->part = arena_array(arena, sim_ns, (size_t)paths->capacity * paths->n_parts);
}

static struct path *path_new(struct machine *machine)
{
    const struct scenario *scenario = machine->plan->scenario;
    struct paths *paths = &machine->paths;
    struct arena *arena = machine->sim->arena;
    struct path *path = paths->free;
    if (path) {
        paths->free = path->next;
        return path;
    }
    path = arena_new(arena, struct path);
    path->sent_ns = arena_array(arena, sim_ns, scenario->n_topics);
    path->part = arena_array(arena, sim_ns, (size_t)scenario->n_topics * paths->n_parts);
    if (machine->kafka.coordinator)
        path->rebalanced_ns = arena_array(arena, sim_ns, (size_t)scenario->n_topics * scenario->n_groups);
    return path;
}

static struct path **bucket_of(const struct paths *paths, uint32_t slot)
{
    return &paths->bucket[slot & (paths->n_buckets - 1)];
}

static void follow(struct machine *machine, uint32_t slot)
{
    struct paths *paths = &machine->paths;
    struct path *path = path_new(machine);
    paths->n_opened++;
    path->order = slot;
    path->next = *bucket_of(paths, slot);
    *bucket_of(paths, slot) = path;
    path->n_failed = 0;
    for (uint32_t i = 0; i < machine->plan->scenario->n_topics; i++) path->sent_ns[i] = SIM_NEVER;
    order_at(&machine->orders, slot)->flags |= ORDER_FOLLOWED;
}

void path_open(struct machine *machine, struct thread *thread)
{
    const struct paths *paths = &machine->paths;
    if (paths->n_opened == paths->capacity || (random_mix(order_of(thread)->id) & paths->mask) != 0) return;
    follow(machine, thread->order);
}

/* ---- on the way ---- */

/* NULL: the order is not followed any more. */
static struct path *path_of(const struct machine *machine, const struct thread *thread)
{
    if (!(order_of(thread)->flags & ORDER_FOLLOWED)) return NULL;
    struct path *path = *bucket_of(&machine->paths, thread->order);
    while (path->order != thread->order) path = path->next;
    return path;
}

/* Where deliveries of the record at hand that failed are noted; n_failed: nowhere yet. */
static uint32_t failed_at(const struct path *path, const struct thread *thread)
{
    uint32_t i = 0;
    while (i < path->n_failed && (path->failed[i].stage != thread->stage || path->failed[i].topic != thread->topic))
        i++;
    return i;
}

/* The first delivery of the record at hand. After a rebalance one that began later may have failed already. */
static sim_ns first_begun(const struct path *path, const struct thread *thread)
{
    const uint32_t at = failed_at(path, thread);
    if (at == path->n_failed || path->failed[at].begun_ns > thread->begun_ns) return thread->begun_ns;
    return path->failed[at].begun_ns;
}

static sim_ns rebalanced_ns(const struct machine *machine, const struct path *path, const struct thread *thread)
{
    const uint32_t n_groups = machine->plan->scenario->n_groups;
    const uint32_t group = machine->kafka.consumer[thread->consumer].group;
    if (!path->rebalanced_ns) return 0;
    return kafka_rebalanced_ns(&machine->kafka, group) - path->rebalanced_ns[thread->topic * n_groups + group];
}

void path_begin(struct machine *machine, struct thread *thread)
{
    const struct path *path = path_of(machine, thread);
    memset(thread->waited_ns, 0, sizeof thread->waited_ns);
    thread->rebalanced_ns = thread->topic == NONE ? 0 : rebalanced_ns(machine, path, thread);
}

/* What came before the thread began with the record. False: nobody has seen it being sent. */
static bool until_begun(const struct machine *machine, const struct path *path, const struct thread *thread,
                        sim_ns *part)
{
    const struct paths *paths = &machine->paths;
    if (thread->topic == NONE) {
        memset(part, 0, paths->n_parts * sizeof *part);
        part[PATH_ADMISSION] = thread->begun_ns - order_of(thread)->created_ns;
        return true;
    }
    const sim_ns sent_ns = path->sent_ns[thread->topic], first_ns = first_begun(path, thread);
    if (sent_ns == SIM_NEVER) return false;
    const sim_ns wait_ns = first_ns - sent_ns;
    const sim_ns rebalanced = thread->rebalanced_ns < wait_ns ? thread->rebalanced_ns : wait_ns;
    memcpy(part, path->part + (size_t)thread->topic * paths->n_parts, paths->n_parts * sizeof *part);
    part[PATH_REBALANCE] += rebalanced;
    part[PATH_PARTS + machine->kafka.consumer[thread->consumer].group] += wait_ns - rebalanced;
    part[PATH_RETRY] += thread->begun_ns - first_ns;
    return true;
}

/* Into paths.now: up to at_ns. */
static bool until_now(struct machine *machine, const struct path *path, const struct thread *thread, sim_ns at_ns)
{
    sim_ns *part = machine->paths.now, service_ns = at_ns - thread->begun_ns;
    if (!until_begun(machine, path, thread, part)) return false;
    for (uint32_t i = 0; i < PATH_WAITS; i++) {
        part[PATH_LOCK + i] += thread->waited_ns[i];
        service_ns -= thread->waited_ns[i];
    }
    part[PATH_SERVICE] += service_ns;
    return true;
}

static void note_sent(struct machine *machine, struct path *path, uint32_t topic, sim_ns at_ns)
{
    const uint32_t n_groups = machine->plan->scenario->n_groups;
    path->sent_ns[topic] = at_ns;
    for (uint32_t g = 0; path->rebalanced_ns && g < n_groups; g++)
        path->rebalanced_ns[topic * n_groups + g] = kafka_rebalanced_ns(&machine->kafka, g);
}

void path_send(struct machine *machine, const struct thread *thread, uint32_t topic, sim_ns at_ns)
{
    const struct paths *paths = &machine->paths;
    struct path *path = path_of(machine, thread);
    if (!path || path->sent_ns[topic] != SIM_NEVER || !until_now(machine, path, thread, at_ns)) return;
    memcpy(path->part + (size_t)topic * paths->n_parts, paths->now, paths->n_parts * sizeof(sim_ns));
    note_sent(machine, path, topic, at_ns);
}

void path_relay(struct machine *machine, const struct thread *relay, uint32_t topic, sim_ns written_ns)
{
    const sim_ns now_ns = machine->sim->now_ns;
    struct path *path = path_of(machine, relay);
    if (!path || path->sent_ns[topic] != written_ns) return; /* another row of the order was there first */
    path->part[(size_t)topic * machine->paths.n_parts + PATH_OUTBOX] += now_ns - written_ns;
    note_sent(machine, path, topic, now_ns);
}

void path_fail(struct machine *machine, const struct thread *thread)
{
    struct path *path = path_of(machine, thread);
    if (!path) return;
    const sim_ns first_ns = first_begun(path, thread);
    const uint32_t i = failed_at(path, thread);
    if (i == PATH_FAILED_MAX) return;
    if (i == path->n_failed) path->n_failed++;
    path->failed[i].stage = thread->stage;
    path->failed[i].topic = thread->topic;
    path->failed[i].begun_ns = first_ns;
}

void path_end(struct machine *machine, struct thread *thread)
{
    struct paths *paths = &machine->paths;
    struct path *path = path_of(machine, thread);
    const sim_ns now_ns = machine->sim->now_ns;
    const struct order *order = order_of(thread);
    if (!path || order->status != ORDER_PAID) return;
    if (paths->n < paths->capacity && until_now(machine, path, thread, now_ns)) {
        paths->completion_ns[paths->n] = now_ns - order->created_ns;
        memcpy(paths->part + (size_t)paths->n * paths->n_parts, paths->now, paths->n_parts * sizeof(sim_ns));
        paths->n++;
    }
    path_close(machine, thread->order);
}

void path_close(struct machine *machine, uint32_t slot)
{
    struct paths *paths = &machine->paths;
    struct path **at = bucket_of(paths, slot);
    while ((*at)->order != slot) at = &(*at)->next;
    struct path *path = *at;
    order_at(&machine->orders, slot)->flags &= (uint8_t)~ORDER_FOLLOWED;
    *at = path->next;
    path->next = paths->free;
    paths->free = path;
}
