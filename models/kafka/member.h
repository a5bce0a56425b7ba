/* SPDX-License-Identifier: GPL-3.0-or-later
 * Membership of consumer groups, the classic protocol: who is in a group, how the coordinator learns that somebody is
 * not, and how partitions are dealt anew. Only in runs where that can happen (kafka.coordinator is set).
 *
 * Modelled: a member for each consumer, with an id that decides its place in the assignor's order (client id, then a
 * random UUID drawn at each join; the instance id where membership is static); heartbeats every heartbeat_ns with a
 * phase of their own (they are arithmetic, not events); death noticed session_timeout_ns after the last heartbeat;
 * max.poll.interval watched by the client, which leaves the group while its thread goes on with the old batch; a
 * rebalance that waits for every known member's next poll, at most rebalance_timeout_ns; the initial delay of a new
 * group, extended while members come; eager and cooperative rounds; positions from committed offsets afterwards.
 * A member that the group has dropped is called departed until it polls again: it goes on with its batch, its commits
 * are refused, and then it joins as a new member.
 *
 * Left out: KIP-848 groups (group.protocol=consumer), changes of subscriptions and of partition counts, the loss of the
 * coordinator itself. A commit that meets a rebalance between its barrier and the new assignment is accepted (the real
 * one is refused and sent again with the next). Where fetch_order is arrival a departed member stops after the record
 * in hand. A cooperative member that gives partitions up or gets some fetches the others once more.
 *
 * kafka_member_join and kafka_member_leave serve whoever starts and stops consumers in mid-run: restarts, deployments,
 * an autoscaler. A consumer must be one of the plan's (group_spec.consumers_max of them).
 *
 * Sources: GroupCoordinator, DelayedJoin; AbstractCoordinator, ConsumerCoordinator, Heartbeat. */
#ifndef MODELS_KAFKA_MEMBER_H
#define MODELS_KAFKA_MEMBER_H

#include "models/kafka/group.h"
#include "sim/engine/seldom.h"

/* One entry of the coordinator's list. A consumer that dies leaves its member behind until the session ends. */
struct member {
    struct member *next; /* in the list */
    struct kafka *kafka;
    uint32_t group, consumer, number; /* number: never the same twice in a group */
    uint64_t uuid;                    /* order among equal client ids */
    sim_ns joined_ns, phase_ns;       /* heartbeats at joined_ns + phase_ns + k * heartbeat_ns */
    sim_ns contact_ns;                /* the coordinator has heard of it then, at the latest */
    uint32_t answered;                /* the last generation whose assignment it was sent */
    bool joined;                      /* takes part in the rebalance that is under way */
    bool silent;                      /* its process is dead */
    bool removed, watched;            /* watched: an event that looks at its session is pending */
};

enum coordinator_state { GROUP_EMPTY, GROUP_PREPARING, GROUP_COMPLETING, GROUP_STABLE };

struct coordinator {
    enum coordinator_state state;
    uint32_t generation, next_number, n_members;
    uint32_t round; /* of rebalances, to know outdated events */
    struct member *member;
    sim_ns since_ns;         /* the rebalance under way began */
    sim_ns abandoned_ns;     /* spent in those after which nobody was left */
    bool struck;             /* a fault has taken a member away, and not all are back; or cold: not all have come */
    sim_ns whole_ns;         /* not struck: since when, or until when one of them stands still */
    bool delayed, more_came; /* initial delay; a member joined meanwhile */
    uint32_t *owner;         /* by partition of the group: member number; NONE */
    bool *begun;             /* by partition: has ever been assigned (reset applies once) */
};

/* In kafka_expect_faults: groups that are not cold are stable, in generation 1, with the plan's assignment; one that
 * starts late is so from then on, and of those who are there then: nobody is a member before. */
void members_init(struct kafka *kafka, struct processes *processes, const uint32_t *instance_of);

/* The consumer's thread starts, and asks to join; not before its group's start_ns, nor before it has left where it was
 * asked to. */
void kafka_member_join(struct kafka *kafka, uint32_t consumer);
/* Orderly: the batch in hand is finished and committed, then LeaveGroup. left (may be NULL) is told, at once where
 * there is nothing to finish, and nobody else is: one at a time. A static member does not tell the group. for_good: it
 * is not there when its process starts again, until it is asked to join. */
void kafka_member_leave(struct kafka *kafka, uint32_t consumer, bool for_good,
                        void (*left)(void *context, uint32_t consumer), void *context);
/* Time that the group has spent in rebalances so far. Only in runs in which members can change. */
sim_ns kafka_rebalanced_ns(const struct kafka *kafka, uint32_t group);
/* Since when all consumers of the group have been there: it has started, no fault has kept one of them away since, that
 * is its process is up and goes on, it is a member with its partitions, and the broker answers. SIM_NEVER: one is away;
 * later than now: until then. What a group does to itself
 * (a poll that takes too long) is no fault. */
sim_ns kafka_whole_ns(const struct kafka *kafka, uint32_t group);
/* Whether the group has ever committed an offset for the position. */
bool kafka_has_offset(const struct kafka *kafka, uint32_t position);
/* The consumer's process died: nobody tells the group. */
void member_dies(struct kafka *kafka, struct consumer *consumer);
/* The consumer's process is paused until until_ns: no heartbeats meanwhile. */
void kafka_member_paused(struct kafka *kafka, uint32_t consumer, sim_ns until_ns);

/* The consumer is about to poll at at_ns. True: it rejoins, leaves or gives partitions up first, and somebody else goes
 * on with it. */
SIM_SELDOM bool member_polls(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns);
/* A poll has returned records: the next one must come within max.poll.interval. */
SIM_SELDOM void member_polled(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns);

/* ---- rebalance.c, for member.c ---- */

struct coordinator *coordinator_of(struct kafka *kafka, const struct consumer *consumer);
/* The request of a member is at the coordinator: it takes part in the round that is under way, or begins one.
 * comes_back: a static member whose process had gone; in a stable group it gets its partitions back and nobody else
 * notices. */
void rebalance_joins(struct kafka *kafka, struct member *member, bool comes_back);
/* Out of the list, for good. */
void rebalance_removes(struct kafka *kafka, struct member *member);
/* At the end: in a stable group every partition has one member, or a cooperative round has taken it away (counted where
 * no other follows). */
void members_check(struct kafka *kafka, sim_ns end_ns);
/* A group that begins, without a round: whoever is in the list gets partitions of it. */
void rebalance_begins(struct kafka *kafka, uint32_t group);
void rebalance_actors(struct processes *processes, const uint32_t *instance_of);
/* The present generation's assignment lacks a partition that the consumer has. */
bool assignment_takes_away(const struct kafka *kafka, const struct consumer *consumer);
/* What was assigned to the consumer in the present generation becomes its own, from the committed offsets. Where it has
 * to give partitions up first (cooperative), it joins again. */
void assignment_take(struct kafka *kafka, struct consumer *consumer);
/* Nobody but a departed member works on the consumer's partitions any more. */
void partitions_give_up(struct kafka *kafka, struct consumer *consumer);

/* ---- member.c, for rebalance.c ---- */

/* The group's partitions are dealt: is everybody there again whom a fault had taken away? */
void group_mends(struct kafka *kafka, uint32_t group);

/* The next heartbeat at or after at_ns; of a silent member: SIM_NEVER. */
sim_ns member_heartbeat_ns(const struct member *member, sim_ns at_ns);
/* The group has dropped a member whose thread is alive. */
void member_departs(struct kafka *kafka, struct member *member);
/* The client has learnt that it must join again. */
void member_learns(struct kafka *kafka, struct consumer *consumer);
void member_watch(struct kafka *kafka, struct member *member, sim_ns at_ns);

#endif
