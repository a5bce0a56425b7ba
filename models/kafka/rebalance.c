/* SPDX-License-Identifier: GPL-3.0-or-later
 * The coordinator's side: rounds, their barrier, and the assignment that the leader computes. See member.h.
 *
 * A round begins with the first change of the list, ends at the barrier (every member of the list has asked to join, or
 * the rebalance timeout drops those who have not), and the answers go out when the leader's assignment is back.
 * Invariant K6: who gets a partition finds it without an owner that is a member. */
#include "models/kafka/assignor.h"
#include "models/kafka/member.h"
#include "models/kafka/takeover.h"

enum { FACT_REBALANCED = 16 };

struct coordinator *coordinator_of(struct kafka *kafka, const struct consumer *consumer)
{
    return &kafka->coordinator[consumer->group];
}

static const struct group_spec *spec_of(const struct kafka *kafka, uint32_t group)
{
    return &kafka->plan->scenario->group[group];
}

static sim_ns timeout_of(const struct group_spec *spec)
{
    return spec->rebalance_timeout_ns > 0 ? spec->rebalance_timeout_ns : spec->max_poll_interval_ns;
}

/* ---- the order of member ids ---- */

/* As texts: "10" before "2". */
static int text_order(uint32_t a, uint32_t b)
{
    uint64_t wide_a = a, wide_b = b;
    uint32_t digits_a = 1, digits_b = 1;
    for (uint32_t x = a; x >= 10; x /= 10) digits_a++;
    for (uint32_t x = b; x >= 10; x /= 10) digits_b++;
    for (uint32_t i = digits_a; i < digits_b; i++) wide_a *= 10;
    for (uint32_t i = digits_b; i < digits_a; i++) wide_b *= 10;
    if (wide_a != wide_b) return wide_a < wide_b ? -1 : 1;
    return digits_a == digits_b ? 0 : digits_a < digits_b ? -1 : 1;
}

/* Clients are numbered within their process; static members have an id each. */
static bool comes_before(const struct kafka *kafka, const struct member *a, const struct member *b)
{
    const struct group_spec *spec = spec_of(kafka, a->group);
    const struct plan_consumer *of_a = &kafka->plan->consumer[a->consumer], *of_b = &kafka->plan->consumer[b->consumer];
    int order = spec->static_members ? text_order(of_a->member, of_b->member) : text_order(of_a->client, of_b->client);
    return order != 0 ? order < 0 : a->uuid != b->uuid ? a->uuid < b->uuid : a->number < b->number;
}

/* ---- the assignment ---- */

static uint32_t members_sorted(const struct kafka *kafka, const struct coordinator *coordinator,
                               const struct member **sorted)
{
    uint32_t n = 0;
    for (const struct member *member = coordinator->member; member; member = member->next) {
        uint32_t i = n++;
        for (; i > 0 && comes_before(kafka, member, sorted[i - 1]); i--) sorted[i] = sorted[i - 1];
        sorted[i] = member;
    }
    return n;
}

static const struct member *member_of(const struct coordinator *coordinator, uint32_t number)
{
    const struct member *member = coordinator->member;
    while (member && member->number != number) member = member->next;
    return member;
}

/* What each member says that it has when it asks to join. Whose process has gone since has nothing, although the
 * coordinator gave it something once. */
static void owned_by_members(const struct kafka *kafka, uint32_t index, uint32_t *before)
{
    const struct coordinator *coordinator = &kafka->coordinator[index];
    const struct plan_group *plan = &kafka->plan->group[index];
    for (uint32_t i = 0; i < plan->n_positions; i++) {
        const struct member *member = member_of(coordinator, coordinator->owner[i]);
        const bool has = member && kafka->position[plan->first_position + i].consumer == member->consumer;
        before[i] = has ? member->number : NONE;
    }
}

/* What a rebalance works with comes from the run's arena: a few words for each member, and rebalances are rare. */
static void deal(struct kafka *kafka, uint32_t index)
{
    struct coordinator *coordinator = &kafka->coordinator[index];
    const struct group_spec *spec = spec_of(kafka, index);
    struct arena *arena = kafka->sim->arena;
    uint32_t n_positions = kafka->plan->group[index].n_positions, n = coordinator->n_members;
    const struct member **sorted = arena_array(arena, const struct member *, n);
    struct assign_topic *topic = arena_array(arena, struct assign_topic, spec->n_reads);
    uint32_t *number = arena_array(arena, uint32_t, n), *before = arena_array(arena, uint32_t, n_positions);
    members_sorted(kafka, coordinator, sorted);
    for (uint32_t i = 0; i < n; i++) number[i] = sorted[i]->number;
    for (uint32_t i = 0; i < spec->n_reads; i++) {
        const struct topic_spec *read = &kafka->plan->scenario->topic[spec->read[i].topic];
        topic[i] = (struct assign_topic){ read->name, read->partitions };
    }
    owned_by_members(kafka, index, before);
    bool cooperative = spec->assignor == ASSIGN_COOPERATIVE_STICKY;
    assign_partitions(spec->assignor, topic, spec->n_reads, number, n, cooperative ? before : NULL, coordinator->owner,
                      arena);
    if (cooperative) assign_withhold(number, n, before, coordinator->owner, n_positions);
}

void rebalance_begins(struct kafka *kafka, uint32_t index) { deal(kafka, index); }

/* ---- rounds ---- */

static void on_assigned(void *context, uint32_t index, uint64_t generation);

/* The leader's assignment is there: everybody is told. */
static void on_synced(void *context, uint32_t index, uint64_t round)
{
    struct kafka *kafka = context;
    struct coordinator *coordinator = &kafka->coordinator[index];
    struct group_facts *fact = &kafka->group[index].fact;
    sim_ns now_ns = kafka->sim->now_ns;
    if (coordinator->state != GROUP_COMPLETING || coordinator->round != round) return;
    deal(kafka, index);
    coordinator->state = GROUP_STABLE;
    group_mends(kafka, index);
    fact->rebalances++;
    fact->rebalance_ns += now_ns - coordinator->since_ns;
    if (now_ns - coordinator->since_ns > fact->longest_rebalance_ns)
        fact->longest_rebalance_ns = now_ns - coordinator->since_ns;
    sim_fact(kafka->sim, now_ns, FACT_REBALANCED, (uint64_t)index << 32 | coordinator->generation);
    for (struct member *member = coordinator->member; member; member = member->next) {
        struct consumer *consumer = &kafka->consumer[member->consumer];
        member->joined = false;
        if (member->silent || consumer->member != member) continue;
        sim_ns sync_ns = round_trip(kafka, consumer), offsets_ns = round_trip(kafka, consumer);
        member->answered = coordinator->generation;
        sim_at(kafka->sim, now_ns + sync_ns / 2 + offsets_ns, SIM_CONSUMER, on_assigned, kafka, consumer->index,
               coordinator->generation);
    }
}

static void complete(struct kafka *kafka, uint32_t index)
{
    struct coordinator *coordinator = &kafka->coordinator[index];
    coordinator->generation++;
    coordinator->delayed = false;
    if (coordinator->n_members == 0) {
        coordinator->abandoned_ns += kafka->sim->now_ns - coordinator->since_ns;
        coordinator->state = GROUP_EMPTY;
        return;
    }
    coordinator->state = GROUP_COMPLETING;
    for (struct member *member = coordinator->member; member; member = member->next)
        member->contact_ns = kafka->sim->now_ns;
    sim_ns leader_ns = round_trip(kafka, &kafka->consumer[coordinator->member->consumer]);
    sim_at(kafka->sim, kafka->sim->now_ns + leader_ns, SIM_SERVER, on_synced, kafka, index, coordinator->round);
}

static void complete_if_all_joined(struct kafka *kafka, uint32_t index)
{
    const struct coordinator *coordinator = &kafka->coordinator[index];
    if (coordinator->state != GROUP_PREPARING || coordinator->delayed) return;
    for (const struct member *member = coordinator->member; member; member = member->next)
        if (!member->joined) return;
    complete(kafka, index);
}

/* Those who have not come are dropped. */
static void on_rebalance_timeout(void *context, uint32_t index, uint64_t round)
{
    struct kafka *kafka = context;
    struct coordinator *coordinator = &kafka->coordinator[index];
    if (!sim_wakes(kafka->sim)) return;
    if (coordinator->state != GROUP_PREPARING || coordinator->round != round) return;
    struct member **link = &coordinator->member;
    while (*link) {
        struct member *member = *link;
        if (member->joined) {
            link = &member->next;
            continue;
        }
        *link = member->next;
        coordinator->n_members--;
        member->removed = true;
        kafka->group[index].fact.late_dropped++;
        if (kafka->consumer[member->consumer].member == member) member_departs(kafka, member);
    }
    complete(kafka, index);
}

static void on_told(void *context, uint32_t index, uint64_t round)
{
    struct kafka *kafka = context;
    struct consumer *consumer = &kafka->consumer[index];
    const struct coordinator *coordinator = coordinator_of(kafka, consumer);
    if (coordinator->state != GROUP_PREPARING || coordinator->round != round) return;
    if (consumer->member && !consumer->member->joined) member_learns(kafka, consumer);
}

/* The members learn of it from their next heartbeats; one that waits for an assignment, from that one's answer. */
static void prepare(struct kafka *kafka, uint32_t index)
{
    struct coordinator *coordinator = &kafka->coordinator[index];
    const struct group_spec *spec = spec_of(kafka, index);
    sim_ns now_ns = kafka->sim->now_ns;
    bool was_completing = coordinator->state == GROUP_COMPLETING;
    coordinator->state = GROUP_PREPARING;
    coordinator->round++;
    if (!was_completing) coordinator->since_ns = now_ns;
    for (struct member *member = coordinator->member; member; member = member->next) {
        struct consumer *consumer = &kafka->consumer[member->consumer];
        member->joined = false;
        if (member->silent || consumer->member != member) continue;
        sim_ns at_ns = was_completing ? now_ns + round_trip(kafka, consumer) : member_heartbeat_ns(member, now_ns);
        sim_at(kafka->sim, at_ns, SIM_CONSUMER, on_told, kafka, consumer->index, coordinator->round);
    }
    sim_at_idle(kafka->sim, now_ns + timeout_of(spec), SIM_SERVER, on_rebalance_timeout, kafka, index,
                coordinator->round);
}

/* Nobody has come for rebalance_delay_ns, or too long has passed. */
static void on_delay(void *context, uint32_t index, uint64_t round)
{
    struct kafka *kafka = context;
    struct coordinator *coordinator = &kafka->coordinator[index];
    const struct group_spec *spec = spec_of(kafka, index);
    sim_ns now_ns = kafka->sim->now_ns, left_ns = coordinator->since_ns + timeout_of(spec) - now_ns;
    if (coordinator->round != round || !coordinator->delayed) return;
    if (coordinator->generation == 0 && coordinator->more_came && left_ns > 0) {
        coordinator->more_came = false;
        sim_ns wait_ns = spec->rebalance_delay_ns < left_ns ? spec->rebalance_delay_ns : left_ns;
        sim_at(kafka->sim, now_ns + wait_ns, SIM_SERVER, on_delay, kafka, index, round);
        return;
    }
    coordinator->delayed = false;
    complete_if_all_joined(kafka, index);
}

static void begin_delayed(struct kafka *kafka, uint32_t index)
{
    struct coordinator *coordinator = &kafka->coordinator[index];
    prepare(kafka, index);
    coordinator->delayed = true;
    coordinator->more_came = false;
    sim_at(kafka->sim, kafka->sim->now_ns + spec_of(kafka, index)->rebalance_delay_ns, SIM_SERVER, on_delay, kafka,
           index, coordinator->round);
}

/* ---- the list ---- */

static bool is_listed(const struct coordinator *coordinator, const struct member *member)
{
    const struct member *at = coordinator->member;
    while (at && at != member) at = at->next;
    return at;
}

void rebalance_joins(struct kafka *kafka, struct member *member, bool comes_back)
{
    struct consumer *consumer = &kafka->consumer[member->consumer];
    struct coordinator *coordinator = coordinator_of(kafka, consumer);
    bool listed = is_listed(coordinator, member);
    if (comes_back && coordinator->state == GROUP_STABLE) {
        member->answered = coordinator->generation;
        sim_at(kafka->sim, kafka->sim->now_ns + 2 * round_trip(kafka, consumer), SIM_CONSUMER, on_assigned, kafka,
               consumer->index, coordinator->generation);
        group_mends(kafka, member->group);
        return;
    }
    if (coordinator->state == GROUP_EMPTY) begin_delayed(kafka, member->group);
    else if (coordinator->state != GROUP_PREPARING) prepare(kafka, member->group);
    else coordinator->more_came = true;
    if (!listed) {
        member->next = coordinator->member;
        coordinator->member = member;
        coordinator->n_members++;
    }
    member->joined = true;
    complete_if_all_joined(kafka, member->group);
}

void rebalance_removes(struct kafka *kafka, struct member *member)
{
    struct coordinator *coordinator = &kafka->coordinator[member->group];
    struct member **link = &coordinator->member;
    while (*link && *link != member) link = &(*link)->next;
    if (!*link) return;
    *link = member->next;
    coordinator->n_members--;
    member->removed = true;
    if (coordinator->state != GROUP_PREPARING) prepare(kafka, member->group);
    complete_if_all_joined(kafka, member->group);
}

/* ---- at the client ---- */

void partitions_give_up(struct kafka *kafka, struct consumer *consumer)
{
    sim_cancel(kafka->sim, consumer->idle_turn);
    for (uint32_t i = 0; i < consumer->n_positions; i++)
        if (kafka->position[consumer->own[i]].consumer == consumer->index)
            kafka->position[consumer->own[i]].consumer = NONE;
    consumer->fetch = FETCH_NONE;
}

static bool stands_in(const uint32_t *list, uint32_t n, uint32_t index)
{
    for (uint32_t i = 0; i < n; i++)
        if (list[i] == index) return true;
    return false;
}

static void give_up_others(struct kafka *kafka, struct consumer *consumer, const uint32_t *list, uint32_t n)
{
    for (uint32_t i = 0; i < consumer->n_positions; i++)
        if (!stands_in(list, n, consumer->own[i])) kafka->position[consumer->own[i]].consumer = NONE;
}

static void owner_check(struct kafka *kafka, const struct consumer *consumer, uint32_t index)
{
    uint32_t owner = kafka->position[index].consumer;
    if (owner == NONE || owner == consumer->index) return;
    const struct log *log = &kafka->log[kafka->position[index].log];
    invariant_broken(kafka->invariants, INVARIANT_K6, kafka->sim->now_ns, 0,
                     "topic %s partition %u: assigned to consumer %u, but consumer %u still owns it",
                     kafka->plan->scenario->topic[log->topic].name, log->partition, consumer->index, owner);
}

bool assignment_takes_away(const struct kafka *kafka, const struct consumer *consumer)
{
    const struct coordinator *coordinator = &kafka->coordinator[consumer->group];
    for (uint32_t i = 0; i < consumer->n_positions; i++) {
        const uint32_t index = consumer->own[i];
        if (kafka->position[index].consumer == consumer->index &&
            coordinator->owner[index - consumer->plan->first_position] != consumer->member->number)
            return true;
    }
    return false;
}

void assignment_take(struct kafka *kafka, struct consumer *consumer)
{
    struct coordinator *coordinator = coordinator_of(kafka, consumer);
    const struct plan_group *plan = consumer->plan;
    uint32_t *list = arena_array(kafka->sim->arena, uint32_t, plan->n_positions), n = 0, kept = 0, n_before = 0;
    consumer->assignment_waits = false;
    for (uint32_t i = 0; i < plan->n_positions; i++) {
        uint32_t index = plan->first_position + i;
        bool own = kafka->position[index].consumer == consumer->index;
        n_before += own;
        if (coordinator->owner[i] != consumer->member->number) continue;
        kept += own;
        owner_check(kafka, consumer, index);
        if (!coordinator->begun[i]) position_begin(kafka, index);
        coordinator->begun[i] = true;
        list[n++] = index;
    }
    if (kept < n_before) give_up_others(kafka, consumer, list, n);
    consumer_assign(kafka, consumer, list, n);
    if (kept < n_before) member_learns(kafka, consumer);
}

/* The assignment and the committed offsets are at the client. */
static void on_assigned(void *context, uint32_t index, uint64_t generation)
{
    struct kafka *kafka = context;
    struct consumer *consumer = &kafka->consumer[index];
    if (!consumer->member || coordinator_of(kafka, consumer)->generation != generation) return;
    consumer_settle(kafka, consumer);
    if (consumer->state == CONSUMER_BUSY || consumer->state == CONSUMER_CALLED) {
        consumer->assignment_waits = true; /* cooperative: it is at work, and looks at its next poll */
        return;
    }
    if (consumer->state == CONSUMER_WAITING) { /* in a poll, or it will be when its commit is there */
        sim_ns at_ns = consumer->poll_from_ns > kafka->sim->now_ns ? consumer->poll_from_ns : kafka->sim->now_ns;
        consumer->assignment_waits = true;
        member_polls(kafka, consumer, at_ns);
        return;
    }
    consumer->poll_from_ns = kafka->sim->now_ns;
    assignment_take(kafka, consumer);
    wait_for_records(kafka, consumer);
}

void rebalance_actors(struct processes *processes, const uint32_t *instance_of)
{
    process_acts(processes, on_told, instance_of, NULL);
    process_acts(processes, on_assigned, instance_of, NULL);
}

/* ---- at the end ---- */

/* A cooperative round that takes partitions away is followed by one that gives them out, once who has had them has
 * given them up. */
static bool round_follows(const struct kafka *kafka, uint32_t group)
{
    const struct plan_group *plan = &kafka->plan->group[group];
    for (uint32_t i = 0; i < plan->n_consumers; i++) {
        const struct consumer *consumer = &kafka->consumer[plan->first_consumer + i];
        if (consumer->asks || consumer->must_rejoin || consumer->assignment_waits) return true;
    }
    return false;
}

static uint32_t unowned(const struct kafka *kafka, uint32_t group)
{
    const struct coordinator *coordinator = &kafka->coordinator[group];
    const struct plan_group *plan = &kafka->plan->group[group];
    uint32_t n = 0;
    if (round_follows(kafka, group)) return 0;
    for (uint32_t i = 0; i < plan->n_positions; i++)
        n += coordinator->owner[i] == NONE && kafka->position[plan->first_position + i].consumer == NONE;
    return n;
}

void members_check(struct kafka *kafka, sim_ns end_ns)
{
    for (uint32_t g = 0; g < kafka->plan->scenario->n_groups; g++) {
        const struct coordinator *coordinator = &kafka->coordinator[g];
        const bool withholds = spec_of(kafka, g)->assignor == ASSIGN_COOPERATIVE_STICKY;
        if (coordinator->state != GROUP_STABLE) continue;
        for (uint32_t i = 0; i < kafka->plan->group[g].n_positions; i++)
            if (!member_of(coordinator, coordinator->owner[i]) && !(withholds && coordinator->owner[i] == NONE))
                invariant_broken(kafka->invariants, INVARIANT_K6, end_ns, 0, "group %s: partition %u has no member",
                                 spec_of(kafka, g)->name, i);
        kafka->group[g].fact.unowned = unowned(kafka, g);
    }
}
