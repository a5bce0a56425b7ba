/* SPDX-License-Identifier: GPL-3.0-or-later
 * The client's side of membership, and sessions; see member.h. Heartbeats are computed, not played: an event happens
 * only where one of them would change something, or would be missing. */
#include "models/kafka/member.h"

#include "models/kafka/takeover.h"
#include "models/purpose.h"

static bool is_static(const struct consumer *consumer) { return consumer->spec->static_members; }

static bool is_cooperative(const struct consumer *consumer)
{
    return consumer->spec->assignor == ASSIGN_COOPERATIVE_STICKY;
}

/* ---- heartbeats ---- */

static sim_ns heartbeat_period_ns(const struct member *member)
{
    return member->kafka->consumer[member->consumer].spec->heartbeat_ns;
}

sim_ns member_heartbeat_ns(const struct member *member, sim_ns at_ns)
{
    sim_ns period_ns = heartbeat_period_ns(member), first_ns = member->joined_ns + member->phase_ns;
    if (member->silent) return SIM_NEVER;
    if (at_ns <= first_ns) return first_ns;
    return first_ns + (at_ns - first_ns + period_ns - 1) / period_ns * period_ns;
}

/* Until when its process has gone on: now, or it stands still, to be killed now perhaps. */
static sim_ns alive_until_ns(const struct member *member)
{
    const struct kafka *kafka = member->kafka;
    const struct instance *instance = &kafka->processes->instance[kafka->plan->consumer[member->consumer].instance];
    return instance->paused_until_ns >= kafka->sim->now_ns ? instance->paused_from_ns : kafka->sim->now_ns;
}

/* The last sign of life that the coordinator has by now. */
static void contact_note(struct member *member)
{
    sim_ns until_ns = alive_until_ns(member), first_ns = member->joined_ns + member->phase_ns;
    sim_ns period_ns = heartbeat_period_ns(member), last_ns = member->joined_ns;
    if (until_ns >= first_ns) last_ns = first_ns + (until_ns - first_ns) / period_ns * period_ns;
    if (last_ns > member->contact_ns) member->contact_ns = last_ns;
}

/* ---- the list's entries ---- */

static struct member *member_new(struct kafka *kafka, struct consumer *consumer)
{
    struct coordinator *coordinator = coordinator_of(kafka, consumer);
    uint32_t index = consumer->index - consumer->plan->first_consumer;
    struct random_words words =
        random_block(kafka->key, PURPOSE_MEMBER, (uint64_t)consumer->group << 32 | index, consumer->n_joins++);
    struct member *member = arena_new(kafka->sim->arena, struct member);
    *member = (struct member){ .kafka = kafka,
                               .group = consumer->group,
                               .consumer = consumer->index,
                               .number = coordinator->next_number++,
                               .joined_ns = kafka->sim->now_ns,
                               .contact_ns = kafka->sim->now_ns,
                               .uuid = (uint64_t)words.word[0] << 32 | words.word[1] };
    member->phase_ns = (sim_ns)((double)consumer->spec->heartbeat_ns * random_unit(words.word[2]));
    return member;
}

/* A static member that its consumer has left behind. */
static struct member *member_left_behind(struct kafka *kafka, const struct consumer *consumer)
{
    struct member *member = coordinator_of(kafka, consumer)->member;
    while (member && member->consumer != consumer->index) member = member->next;
    return member;
}

/* ---- what faults do to the group ---- */

void group_mends(struct kafka *kafka, uint32_t index)
{
    struct coordinator *coordinator = &kafka->coordinator[index];
    if (!coordinator->struck || coordinator->n_members != kafka_consumers(kafka, index)) return;
    for (const struct member *member = coordinator->member; member; member = member->next)
        if (member->silent) return;
    for (uint32_t i = 0; i < kafka->plan->group[index].n_positions; i++)
        if (coordinator->owner[i] == NONE) return; /* withheld until the next round: somebody has too little to do */
    coordinator->struck = false;
    if (coordinator->whole_ns < kafka->sim->now_ns) coordinator->whole_ns = kafka->sim->now_ns;
}

sim_ns kafka_whole_ns(const struct kafka *kafka, uint32_t group)
{
    sim_ns whole_ns = kafka->plan->scenario->group[group].start_ns;
    if (!kafka->coordinator) return whole_ns;
    const struct coordinator *coordinator = &kafka->coordinator[group];
    if (coordinator->struck) return SIM_NEVER;
    if (coordinator->whole_ns > whole_ns) whole_ns = coordinator->whole_ns;
    if (kafka->conditions && kafka->conditions->kafka_down_until_ns > whole_ns)
        whole_ns = kafka->conditions->kafka_down_until_ns;
    return whole_ns;
}

/* ---- sessions ---- */

static void on_session(void *context, uint32_t subject, uint64_t argument);

void member_watch(struct kafka *kafka, struct member *member, sim_ns at_ns)
{
    if (member->watched) return;
    member->watched = true;
    sim_at(kafka->sim, at_ns, SIM_SERVER, on_session, member, 0, 0);
}

/* No heartbeat for so long: the coordinator drops the member, unless there was one in the meantime. */
static void on_session(void *context, uint32_t subject, uint64_t argument)
{
    struct member *member = context;
    struct kafka *kafka = member->kafka;
    struct consumer *consumer = &kafka->consumer[member->consumer];
    sim_ns now_ns = kafka->sim->now_ns, timeout_ns = consumer->spec->session_timeout_ns;
    (void)subject;
    (void)argument;
    member->watched = false;
    if (member->removed) return;
    if (!member->silent && !process_is_paused(kafka->processes, kafka->plan->consumer[member->consumer].instance))
        return;
    if (member->joined && coordinator_of(kafka, consumer)->state == GROUP_PREPARING) member->contact_ns = now_ns;
    if (when_it_answers(kafka, now_ns) > now_ns) member->contact_ns = when_it_answers(kafka, now_ns);
    if (member->contact_ns + timeout_ns > now_ns) {
        member_watch(kafka, member, member->contact_ns + timeout_ns);
        return;
    }
    kafka->group[member->group].fact.sessions_expired++;
    kafka->coordinator[member->group].struck = true;
    if (consumer->member == member) member_departs(kafka, member);
    rebalance_removes(kafka, member);
}

static void fall_silent(struct kafka *kafka, struct member *member)
{
    contact_note(member);
    member->silent = true;
    kafka->coordinator[member->group].struck = true;
    member_watch(kafka, member, member->contact_ns + kafka->consumer[member->consumer].spec->session_timeout_ns);
}

void kafka_member_paused(struct kafka *kafka, uint32_t index, sim_ns until_ns)
{
    struct consumer *consumer = &kafka->consumer[index];
    struct coordinator *coordinator = coordinator_of(kafka, consumer);
    if (coordinator->whole_ns < until_ns) coordinator->whole_ns = until_ns;
    if (!consumer->member || consumer->member->silent) return;
    contact_note(consumer->member);
    sim_ns ends_ns = consumer->member->contact_ns + consumer->spec->session_timeout_ns;
    if (ends_ns < until_ns) member_watch(kafka, consumer->member, ends_ns);
}

static void revive(struct member *member)
{
    member->silent = false;
    member->contact_ns = member->kafka->sim->now_ns;
}

/* ---- joining ---- */

static void departure_ends(struct kafka *kafka, struct consumer *consumer)
{
    if (!consumer->departed) return;
    consumer->departed = false;
    kafka->n_departed--;
    for (uint32_t i = 0; i < consumer->n_positions; i++)
        release(kafka, &kafka->log[kafka->position[consumer->own[i]].log], kafka->sim->now_ns);
}

/* The request is at the coordinator. */
static void on_join_request(void *context, uint32_t index, uint64_t argument)
{
    struct kafka *kafka = context;
    struct consumer *consumer = &kafka->consumer[index];
    sim_ns answers_ns = when_it_answers(kafka, kafka->sim->now_ns);
    (void)argument;
    if (answers_ns > kafka->sim->now_ns) {
        sim_at(kafka->sim, answers_ns, SIM_CONSUMER, on_join_request, kafka, index, 0);
        return;
    }
    consumer->asks = false;
    if (consumer->leaving) return;
    if (!consumer->member && is_static(consumer)) consumer->member = member_left_behind(kafka, consumer);
    if (!consumer->member) consumer->member = member_new(kafka, consumer);
    bool comes_back = consumer->member->silent;
    if (consumer->state == CONSUMER_OUT) {
        consumer->must_rejoin = false;
        departure_ends(kafka, consumer);
    }
    revive(consumer->member);
    rebalance_joins(kafka, consumer->member, comes_back);
}

static void join_send(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns, bool needs_id)
{
    sim_ns round_trip_ns = round_trip(kafka, consumer);
    if (consumer->asks) return;
    consumer->asks = true;
    sim_at(kafka->sim, at_ns + round_trip_ns / 2 + (needs_id ? round_trip_ns : 0), SIM_CONSUMER, on_join_request, kafka,
           consumer->index, 0);
}

static void on_start(void *context, uint32_t index, uint64_t argument)
{
    struct kafka *kafka = context;
    const struct consumer *consumer = &kafka->consumer[index];
    (void)argument;
    if (consumer->wanted && !consumer->member && !consumer->asks) kafka_member_join(kafka, index);
}

/* It leaves when it has finished its batch. */
static bool is_on_its_way_out(const struct consumer *consumer)
{
    return consumer->leaving && consumer->state != CONSUMER_OUT;
}

void kafka_member_join(struct kafka *kafka, uint32_t index)
{
    struct consumer *consumer = &kafka->consumer[index];
    consumer->wanted = true;
    consumer->returns = is_on_its_way_out(consumer);
    if (consumer->returns) return;
    SIM_ASSERT_IN(kafka->sim, !consumer->member);
    consumer->leaving = false;
    if (kafka->sim->now_ns < consumer->spec->start_ns) {
        sim_at(kafka->sim, consumer->spec->start_ns, SIM_CONSUMER, on_start, kafka, index, 0);
        return;
    }
    consumer->must_rejoin = consumer->assignment_waits = false;
    consumer->state = CONSUMER_OUT;
    consumer->n_positions = 0;
    consumer->last_commit_ns = consumer->turn_ns = kafka->sim->now_ns;
    join_send(kafka, consumer, kafka->sim->now_ns, !is_static(consumer));
}

/* ---- dropped by the group ---- */

static void on_learn(void *context, uint32_t index, uint64_t argument)
{
    (void)argument;
    member_learns(context, &((struct kafka *)context)->consumer[index]);
}

void member_departs(struct kafka *kafka, struct member *member)
{
    struct consumer *consumer = &kafka->consumer[member->consumer];
    consumer->member = NULL;
    consumer->departed = true;
    consumer->assignment_waits = false;
    kafka->n_departed++;
    consumer_settle(kafka, consumer);
    touched_forget(kafka, consumer);
    for (uint32_t i = 0; i < consumer->n_positions; i++)
        if (kafka->position[consumer->own[i]].consumer == consumer->index)
            kafka->position[consumer->own[i]].consumer = NONE;
    if (consumer->spec->fetch_order == FETCH_ARRIVAL) consumer->batch_left = 0;
    if (consumer->state != CONSUMER_BUSY)
        sim_at(kafka->sim, kafka->sim->now_ns, SIM_CONSUMER, on_learn, kafka, consumer->index, 0);
}

void member_dies(struct kafka *kafka, struct consumer *consumer)
{
    if (consumer->member) fall_silent(kafka, consumer->member);
    consumer->member = NULL;
    consumer->left = NULL;
    consumer->asks = consumer->leaving = consumer->must_rejoin = consumer->assignment_waits = false;
    consumer->returns = false;
    for (uint32_t i = 0; i < consumer->n_positions; i++)
        if (kafka->position[consumer->own[i]].consumer == consumer->index)
            kafka->position[consumer->own[i]].consumer = NONE;
    departure_ends(kafka, consumer);
}

/* ---- max.poll.interval ---- */

static void on_poll_interval(void *context, uint32_t index, uint64_t argument);

static void poll_watch(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns)
{
    consumer->poll_watched = true;
    sim_at_idle(kafka->sim, at_ns, SIM_TIMER, on_poll_interval, kafka, consumer->index, 0);
}

/* The heartbeat thread looks how long the last poll is ago. The client forgets its generation in either case, so that
 * its commits fail and its next poll joins again; a static member does not tell the group, which keeps its place until
 * its session ends. */
static void on_poll_interval(void *context, uint32_t index, uint64_t argument)
{
    struct kafka *kafka = context;
    struct consumer *consumer = &kafka->consumer[index];
    const struct instance *instance = &kafka->processes->instance[kafka->plan->consumer[index].instance];
    sim_ns now_ns = kafka->sim->now_ns, due_ns = consumer->last_poll_ns + consumer->spec->max_poll_interval_ns;
    (void)argument;
    if (!sim_wakes(kafka->sim)) return;
    consumer->poll_watched = false;
    if (consumer->state != CONSUMER_BUSY || !consumer->member || consumer->member->silent) return;
    if (instance->paused_until_ns > now_ns || due_ns > now_ns) {
        poll_watch(kafka, consumer, due_ns > instance->paused_until_ns ? due_ns : instance->paused_until_ns);
        return;
    }
    kafka->group[consumer->group].fact.evictions++;
    struct member *member = consumer->member;
    member_departs(kafka, member);
    if (is_static(consumer)) fall_silent(kafka, member);
    else rebalance_removes(kafka, member);
}

void member_polled(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns)
{
    consumer->last_poll_ns = at_ns;
    if (!consumer->poll_watched) poll_watch(kafka, consumer, at_ns + consumer->spec->max_poll_interval_ns);
}

/* ---- the turn of a poll ---- */

static void leave(struct kafka *kafka, struct consumer *consumer)
{
    struct member *member = consumer->member;
    partitions_give_up(kafka, consumer);
    departure_ends(kafka, consumer);
    consumer->state = CONSUMER_OUT;
    consumer->member = NULL;
    if (member && is_static(consumer)) fall_silent(kafka, member);
    else if (member) rebalance_removes(kafka, member);
    if (consumer->left) consumer->left(consumer->left_context, consumer->index);
    if (consumer->returns) kafka_member_join(kafka, consumer->index);
}

/* It is woken from its poll; from a commit that is under way it comes back by itself. */
static void idle_one_leaves(struct kafka *kafka, struct consumer *consumer)
{
    const sim_ns now_ns = kafka->sim->now_ns;
    if (consumer->uncommitted == 0 && consumer->poll_from_ns <= now_ns) leave(kafka, consumer);
    else poll_later(kafka, consumer, consumer->poll_from_ns > now_ns ? consumer->poll_from_ns : now_ns);
}

void kafka_member_leave(struct kafka *kafka, uint32_t index, bool for_good,
                        void (*left)(void *context, uint32_t consumer), void *context)
{
    struct consumer *consumer = &kafka->consumer[index];
    const bool has_begun = kafka->sim->now_ns >= consumer->spec->start_ns;
    consumer->wanted = !for_good;
    if (!for_good && has_begun) coordinator_of(kafka, consumer)->struck = true;
    consumer->returns = false;
    if (is_on_its_way_out(consumer) && !left) return; /* whoever asked first is told */
    consumer->leaving = true;
    consumer->left = left;
    consumer->left_context = context;
    if (consumer->state == CONSUMER_OUT) leave(kafka, consumer);
    else if (consumer->state == CONSUMER_WAITING) idle_one_leaves(kafka, consumer);
}

/* Eager: everything is given up before the request is sent, and given back by the new assignment. */
static bool rejoin(struct kafka *kafka, struct consumer *consumer)
{
    bool departed = consumer->departed;
    consumer->must_rejoin = false;
    if (is_cooperative(consumer) && !departed) {
        join_send(kafka, consumer, kafka->sim->now_ns, false);
        return false;
    }
    partitions_give_up(kafka, consumer);
    departure_ends(kafka, consumer);
    consumer->n_positions = 0;
    consumer->state = CONSUMER_OUT;
    join_send(kafka, consumer, kafka->sim->now_ns, departed);
    return true;
}

/* The listener container commits what is pending before it leaves, and before partitions are taken from it: an eager
 * member gives all of them up to join again, a cooperative one those that its new assignment lacks, if any. */
static bool commits_first(const struct kafka *kafka, const struct consumer *consumer)
{
    if (consumer->uncommitted == 0) return false;
    if (consumer->leaving) return true;
    if (consumer->assignment_waits) return assignment_takes_away(kafka, consumer);
    return !is_cooperative(consumer);
}

bool member_polls(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns)
{
    consumer->last_poll_ns = at_ns;
    if (!consumer->leaving && !consumer->departed && !consumer->must_rejoin && !consumer->assignment_waits)
        return false;
    if (at_ns == kafka->sim->now_ns && commits_first(kafka, consumer)) at_ns = commit_send(kafka, consumer, at_ns);
    if (at_ns > kafka->sim->now_ns) { /* its commit is under way */
        poll_later(kafka, consumer, at_ns);
        return true;
    }
    if (consumer->leaving) {
        leave(kafka, consumer);
        return true;
    }
    if (consumer->assignment_waits) {
        consumer->poll_from_ns = at_ns;
        assignment_take(kafka, consumer);
        wait_for_records(kafka, consumer);
        return true;
    }
    return rejoin(kafka, consumer);
}

/* Between its request and the assignment. */
static bool waits_in_vain(struct kafka *kafka, const struct consumer *consumer)
{
    if (consumer->state != CONSUMER_OUT || consumer->asks || consumer->leaving) return false;
    return !consumer->member || consumer->member->answered != coordinator_of(kafka, consumer)->generation;
}

/* From a heartbeat's answer, or from that of its request: another round began before this one was dealt. An idle
 * consumer is in a poll, and rejoins at once. */
void member_learns(struct kafka *kafka, struct consumer *consumer)
{
    consumer->must_rejoin = true;
    consumer_settle(kafka, consumer);
    if (waits_in_vain(kafka, consumer)) rejoin(kafka, consumer);
    if (consumer->state != CONSUMER_WAITING) return;
    sim_ns at_ns = consumer->poll_from_ns > kafka->sim->now_ns ? consumer->poll_from_ns : kafka->sim->now_ns;
    member_polls(kafka, consumer, at_ns);
}

sim_ns kafka_rebalanced_ns(const struct kafka *kafka, uint32_t group)
{
    const struct coordinator *coordinator = &kafka->coordinator[group];
    const sim_ns over_ns = kafka->group[group].fact.rebalance_ns + coordinator->abandoned_ns;
    if (coordinator->state == GROUP_STABLE || coordinator->state == GROUP_EMPTY) return over_ns;
    return over_ns + kafka->sim->now_ns - coordinator->since_ns;
}

bool kafka_has_offset(const struct kafka *kafka, uint32_t index)
{
    const uint32_t group = kafka->position[index].group;
    if (!kafka->plan->scenario->group[group].cold) return true;
    return kafka->coordinator[group].begun[index - kafka->plan->group[group].first_position];
}

/* ---- set-up ---- */

static void member_list(struct kafka *kafka, struct consumer *consumer)
{
    struct coordinator *coordinator = coordinator_of(kafka, consumer);
    consumer->state = CONSUMER_CALLED;
    consumer->member = member_new(kafka, consumer);
    consumer->member->next = coordinator->member;
    coordinator->member = consumer->member;
    coordinator->n_members++;
}

static void owners_as_planned(struct kafka *kafka, uint32_t index)
{
    const struct plan_group *plan = &kafka->plan->group[index];
    for (uint32_t i = 0; i < plan->n_positions; i++) {
        const uint32_t owner = kafka->plan->position[plan->first_position + i].consumer;
        kafka->coordinator[index].owner[i] = kafka->consumer[owner].member->number;
        kafka->coordinator[index].begun[i] = true;
    }
}

static void is_stable(struct coordinator *coordinator)
{
    coordinator->state = GROUP_STABLE;
    coordinator->generation = 1;
}

/* Its process is up and goes on, and nobody has told it to stop. */
static bool is_there(const struct kafka *kafka, const struct consumer *consumer)
{
    const uint32_t instance = kafka->plan->consumer[consumer->index].instance;
    return consumer->wanted && !consumer->leaving && !process_is_down(kafka->processes, instance) &&
           !process_is_paused(kafka->processes, instance);
}

/* Lists who is there; who stands still joins when it goes on. True: they are those of the plan. */
static bool members_come(struct kafka *kafka, const struct plan_group *plan, uint32_t n_planned)
{
    bool as_planned = true;
    for (uint32_t i = 0; i < plan->n_consumers; i++) {
        struct consumer *consumer = &kafka->consumer[plan->first_consumer + i];
        const bool there = is_there(kafka, consumer);
        as_planned &= there == (i < n_planned);
        if (there) member_list(kafka, consumer);
        else if (!consumer->leaving)
            sim_at(kafka->sim, kafka->sim->now_ns, SIM_CONSUMER, on_start, kafka, consumer->index, 0);
    }
    return as_planned;
}

static void first_poll(struct kafka *kafka, struct consumer *consumer)
{
    consumer->poll_from_ns = consumer->last_commit_ns = consumer->turn_ns = kafka->sim->now_ns;
    wait_for_records(kafka, consumer);
}

/* The start of a group that starts late. */
static void on_group_start(void *context, uint32_t index, uint64_t argument)
{
    struct kafka *kafka = context;
    const struct plan_group *plan = &kafka->plan->group[index];
    struct coordinator *coordinator = &kafka->coordinator[index];
    (void)argument;
    const bool as_planned = members_come(kafka, plan, kafka->plan->scenario->group[index].consumers);
    coordinator->struck = coordinator->n_members != kafka_consumers(kafka, index);
    if (coordinator->n_members == 0) return;
    is_stable(coordinator);
    if (as_planned) owners_as_planned(kafka, index);
    else rebalance_begins(kafka, index);
    for (uint32_t i = 0; i < plan->n_consumers; i++) {
        struct consumer *consumer = &kafka->consumer[plan->first_consumer + i];
        if (consumer->member) assignment_take(kafka, consumer);
    }
    for (uint32_t i = 0; i < plan->n_consumers; i++) {
        struct consumer *consumer = &kafka->consumer[plan->first_consumer + i];
        if (consumer->member) first_poll(kafka, consumer);
    }
}

static void nobody_yet(struct kafka *kafka, struct consumer *consumer)
{
    for (uint32_t k = 0; k < consumer->n_positions; k++) kafka->position[consumer->own[k]].consumer = NONE;
    consumer->n_positions = 0;
}

static void group_init(struct kafka *kafka, uint32_t index)
{
    const struct plan_group *plan = &kafka->plan->group[index];
    const struct group_spec *spec = &kafka->plan->scenario->group[index];
    struct coordinator *coordinator = &kafka->coordinator[index];
    const bool is_late = !spec->cold && spec->start_ns > 0;
    coordinator->owner = arena_array(kafka->sim->arena, uint32_t, plan->n_positions);
    coordinator->begun = arena_array(kafka->sim->arena, bool, plan->n_positions);
    coordinator->struck = spec->cold;
    for (uint32_t i = 0; i < plan->n_positions; i++) coordinator->owner[i] = NONE;
    for (uint32_t i = 0; i < spec->consumers; i++) {
        struct consumer *consumer = &kafka->consumer[plan->first_consumer + i];
        consumer->wanted = true;
        if (spec->cold || is_late) nobody_yet(kafka, consumer);
        else member_list(kafka, consumer);
        if (spec->cold) sim_at(kafka->sim, spec->start_ns, SIM_CONSUMER, on_start, kafka, consumer->index, 0);
    }
    if (is_late) sim_at(kafka->sim, spec->start_ns, SIM_SERVER, on_group_start, kafka, index, 0);
    if (spec->cold || is_late) return;
    is_stable(coordinator);
    owners_as_planned(kafka, index);
}

void members_init(struct kafka *kafka, struct processes *processes, const uint32_t *instance_of)
{
    uint32_t n_groups = kafka->plan->scenario->n_groups;
    kafka->coordinator = arena_array(kafka->sim->arena, struct coordinator, n_groups);
    for (uint32_t i = 0; i < n_groups; i++) group_init(kafka, i);
    process_acts(processes, on_join_request, instance_of, NULL);
    process_acts(processes, on_learn, instance_of, NULL);
    process_acts(processes, on_start, instance_of, NULL);
    rebalance_actors(processes, instance_of);
}
