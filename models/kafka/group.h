/* SPDX-License-Identifier: GPL-3.0-or-later
 * Consumer groups: one thread a consumer, the poll loop of spring-kafka over Kafka's client, committed offsets.
 *
 * Modelled: assignment by the group's assignor; the fetch in flight, answered by the broker at once when there is data
 * and parked until the first append or fetch.max.wait when there is none; the prefetch of one poll ahead; batches of up
 * to max.poll.records handed to the listener record by record; commits per batch, record, time or count, with their
 * latency; late and cold starts. Three distances are kept apart: lag (log end - committed, what monitors show), client
 * lag (log end - position), backlog (log end - processed, what truly waits).
 * Crashes, rebalances in mid-run, session and poll time-outs are member.h's, and only in runs where they can happen.
 *
 * A consumer knows the future of its own private steps, so fetch answers, ends of records and commits are not events:
 * they are instants written down when they are decided and applied when somebody looks (settle). An event is scheduled
 * only where something must happen by itself. With step_by_step each of them gets an event; the facts are the same,
 * unless a parked fetch meets two appends of one instant (docs/model.md).
 *
 * Sources: ClassicKafkaConsumer, FetchCollector, AbstractFetch; KafkaMessageListenerContainer; own runs of the client.
 */
#ifndef MODELS_KAFKA_GROUP_H
#define MODELS_KAFKA_GROUP_H

#include "models/condition.h"
#include "models/invariant.h"
#include "models/kafka/fetch.h"
#include "models/kafka/topic.h"
#include "models/observer.h"
#include "models/plan.h"
#include "models/process.h"
#include "sim/engine/level.h"
#include "sim/engine/seldom.h"
#include "sim/engine/sim.h"

struct consumer;

/* What becomes of records: set by the room above. */
struct kafka_calls {
    void *context;
    /* The consumer begins with a record at its start_ns (>= now); ends with kafka_record_done or kafka_record_failed.
     * next: the subject of the record behind it, where there is one; else subject. */
    void (*process)(void *context, const struct consumer *consumer, uint32_t position, uint32_t subject, uint32_t next);
    /* No group needs the record any more since at_ns (<= now). */
    void (*retire)(void *context, uint32_t subject, sim_ns at_ns);
    /* The record in service of the consumer is given up, now. False: it goes to the group's dead-letter topic, and
     * kafka_record_passed_on tells what has become of it. */
    bool (*give_up)(void *context, uint32_t consumer, uint32_t position);
    /* The oldest record of those of a position that nobody reads: they were there before a new group that begins at the
     * latest had it, or, at_end, no consumer of its group has it. */
    void (*unread)(void *context, uint32_t position, uint32_t subject, bool at_end, sim_ns at_ns);
};

/* One group in one partition: committed <= processed <= polled <= log end. All are next offsets. */
struct position {
    uint32_t log, consumer;
    uint8_t group;
    bool touched;                        /* processed beyond commit_to */
    bool batched : 1;                    /* its topic lingers: records come several at one instant */
    bool ties : 1;                       /* so they do here, or because all appends take one time */
    bool behind;                         /* records waited at t = 0, and it has not been empty since */
    uint32_t part;                       /* its index in the consumer's fetch buffer */
    int64_t committed, processed, polled, polled_before, commit_to;
    sim_ns polled_at_ns;                 /* when polled took its value; before that it was polled_before */
};

_Static_assert(sizeof(struct position) == 64 && MAX_GROUPS <= UINT8_MAX, "one cache line; groups in a byte");

/* A record that a consumer's listener has thrown at. */
struct failing {
    int64_t offset;
    uint32_t consumer, life;       /* NONE: no record */
    uint32_t attempts, deliveries; /* that failed: since the exception changed, and in all */
    uint32_t exception;
    sim_ns passed_on_ns;           /* when it was sent to the dead-letter topic last */
};

/* What anybody in the group has done with a partition's records; only where partitions can change hands. All are next
 * offsets. */
struct delivery {
    int64_t delivered_to, done_to;
    int64_t explained_to;          /* below, a second delivery has a known reason (K4) */
    uint64_t again;                /* deliveries below delivered_to */
};

enum consumer_state { CONSUMER_OUT, CONSUMER_WAITING, CONSUMER_CALLED /* poll scheduled */, CONSUMER_BUSY };
enum fetch_state { FETCH_NONE, FETCH_SENT, FETCH_ANSWERED };

/* In the order in which a record comes by them, so that it touches few cache lines. */
struct consumer {
    _Alignas(64) const struct group_spec *spec;
    const struct plan_group *plan;
    const uint32_t *position;
    uint32_t index, group;
    enum consumer_state state;
    enum fetch_state fetch;
    sim_ns poll_from_ns;           /* waiting: since when it polls */
    sim_ns arrive_ns;              /* fetch: at the broker */
    sim_ns half_ns;                /* of the fetch in flight */

    uint64_t place;                /* step by step: of what the poll that is called leads to, + 1 (park); 0: none yet */
    sim_ns start_ns;               /* of the record in service; and: */
    sim_ns appended_ns;
    int64_t record_offset;
    uint32_t record_position, attempt;
    bool in_record, done_pending, commit_pending;
    bool departed;                 /* at work on a batch of partitions that are no longer its own */
    bool at_once;                  /* FETCH_ARRIVAL: fetch, poll and commit take no time, after a batch or a record */
    int64_t batch_left;            /* the batch in hand */
    uint64_t uncommitted;          /* processed since the last commit */
    sim_ns last_commit_ns;         /* COMMIT_TIME: or the last turn at which the time had come */

    int64_t unread;                /* FETCH_ARRIVAL: records appended and not taken yet */
    sim_ns cutoff_ns;              /* FETCH_ARRIVAL: records appended later belong to a later batch */
    uint32_t only_unread;          /* the position of the one that is unread; NONE when that is not known */
    uint32_t n_positions;
    sim_handle idle_turn;          /* COMMIT_TIME: when the poll that waits gives up, if something is uncommitted */
    sim_ns commit_at_ns;
    uint32_t *touched;             /* positions processed since the last commit */
    uint32_t n_touched;
    uint32_t segment;              /* of the batch in hand */
    sim_ns ready_ns;               /* answer: at the client */

    struct fetch_buffer buffer;
    /* the record before the one in service while its end still lies ahead */
    struct done { uint32_t position; bool given_up; int64_t offset; sim_ns appended_ns, start_ns, at_ns; } done;
    uint32_t n_fetches, n_commits, n_polls;
    struct random_words fetch_words, commit_words, poll_words;
    /* membership (member.h) */
    uint32_t *own;                 /* position, where partitions can change hands */
    struct member *member;         /* NULL: not in the group */
    uint32_t n_joins;
    bool wanted;                   /* should run when its process does */
    bool asks;                     /* a request to join is under way */
    bool must_rejoin, assignment_waits, leaving; /* looked at when it polls */
    bool returns;                  /* asked to join while it was leaving: does so when it has left */
    bool poll_watched;             /* an event that looks at max.poll.interval is pending */
    sim_ns last_poll_ns;
    sim_ns turn_ns;                /* COMMIT_TIME: when the loop began its last poll, as far as turns are worked out */
    sim_ns waited_from_ns;         /* the delivery that has waited last began then; -1: none has */
    sim_ns waited_ns[PATH_WAITS];  /* and so long, from PATH_LOCK on; */
    sim_ns same_order_ns[PATH_WAITS]; /* of it as in group_facts */
    sim_ns paused_until_ns;        /* the record in service goes on then; else past */
    void (*left)(void *context, uint32_t consumer);
    void *left_context;
};

struct coordinator; /* member.h */

struct group {
    _Alignas(64) struct level backlog;
    int64_t lag;
    sim_ns due_ns;                 /* earliest instant that waits to be applied */
    sim_ns last_done_ns;           /* the last record left the backlog */
    uint32_t n_behind;             /* positions that are behind */
    uint32_t few_next;             /* one more than at work, where what waited at the peak is not worked off; else 0 */
    struct group_facts fact;       /* until the end busy_ns and sojourn_ns lack what is in its tallies */
    sim_ns caught_up_ns;           /* the last of the positions that are not behind */
    uint32_t most_consumers;       /* that it can have at a time */
    uint64_t missed;               /* appended before a cold group with reset latest had joined */
    sim_ns *same_order_of_ns;      /* the fact's */
};

struct kafka {
    struct sim *sim;
    const struct plan *plan;
    struct random_key key;
    struct invariants *invariants;
    struct kafka_calls calls;
    struct log *log;
    struct log_pool pool;
    struct position *position;
    int64_t *peak_lag;             /* by position; apart, as a position fills its cache line */
    struct group *group;
    struct consumer *consumer;
    sim_ns end_ns;                 /* of the run, at the latest: a poll that lies behind it is not counted */
    bool step_by_step;
    bool polls_matter;             /* somebody must know when a poll returns: groups that commit by time, members */
    bool hands_matter;             /* and when a record begins: due_after, a failure seen, partitions change hands */
    const struct processes *processes; /* of a run with faults; NULL */
    const struct conditions *conditions; /* NULL likewise */
    struct delivery *delivery;     /* by position; NULL: partitions never change hands */
    struct coordinator *coordinator; /* by group; NULL likewise */
    uint32_t n_departed;
    struct failing *failing;       /* by position */
    bool failures_seen;
};

void kafka_init(struct kafka *kafka, struct sim *sim, const struct plan *plan, struct random_key key,
                struct invariants *invariants, struct kafka_calls calls, bool step_by_step);
/* After kafka_init: faults can happen. instance_of: by consumer. */
void kafka_expect_faults(struct kafka *kafka, struct processes *processes, const struct conditions *conditions,
                         const uint32_t *instance_of);
/* A record that lies in the log at t = 0, before kafka_start. */
void kafka_preload(struct kafka *kafka, uint32_t log, uint32_t subject);
/* Positions of the groups (initial backlogs included) and the first polls. */
void kafka_start(struct kafka *kafka);
/* A record becomes visible now. */
void kafka_append(struct kafka *kafka, uint32_t log, uint32_t subject);
/* The listener returns at done_ns (>= now) for the record in service. */
void kafka_record_done(struct kafka *kafka, uint32_t consumer, sim_ns done_ns);
/* The same for one that was given up (retry.c). */
SIM_SELDOM void kafka_record_given_up(struct kafka *kafka, uint32_t consumer, sim_ns done_ns);
/* The dead letter that the consumer waits for is in its log at at_ns (now), or could not be sent. */
SIM_SELDOM void kafka_record_passed_on(struct kafka *kafka, uint32_t consumer, bool arrived, sim_ns at_ns);
/* The listener throws at failed_ns (now): the error handler's turn (retry.c). exception: of which kind, less than 64. */
void kafka_record_failed(struct kafka *kafka, uint32_t consumer, uint32_t exception, sim_ns failed_ns);
/* The record in service has waited for so long. wait: from PATH_LOCK to PATH_STORE. */
void kafka_record_waited(struct kafka *kafka, uint32_t consumer, enum path_time wait, sim_ns waited_ns);
/* Of what it has waited, so long for that group at work on the same order; n_groups: for none. */
SIM_SELDOM void kafka_record_waited_for_order(struct kafka *kafka, uint32_t consumer, enum path_time wait,
                                              uint32_t group, sim_ns waited_ns);
/* The record in service would have gone on at at_ns, and does so at until_ns: its process stands still. */
SIM_SELDOM void kafka_record_paused(struct kafka *kafka, uint32_t consumer, sim_ns at_ns, sim_ns until_ns);
/* What of that lies behind now is not to be: its process has died, or the run is over. */
SIM_SELDOM void forget_pause(struct kafka *kafka, struct consumer *consumer, sim_ns now_ns);
/* The delivery that began then comes to no good end, and what it has waited does not count (retry.c). */
SIM_SELDOM void forget_waits(struct kafka *kafka, struct consumer *consumer, sim_ns from_ns);
/* The record in service is the last one that is known to the consumer, and nothing of it waits to be applied. */
bool kafka_goes_idle(const struct kafka *kafka, uint32_t consumer);
/* The consumer's process dies, or is there again. */
void kafka_consumer_dies(struct kafka *kafka, uint32_t consumer);
void kafka_consumer_starts(struct kafka *kafka, uint32_t consumer);
/* Applies all that is due by now. */
void kafka_settle(struct kafka *kafka);
/* True when an instant after now still waits to be applied. */
bool kafka_pending(const struct kafka *kafka);
/* After kafka_settle. */
void kafka_level(const struct kafka *kafka, uint32_t position, struct partition_level *out);
/* Of the levels log_end, committed, backlog and again, for who looks often: likewise. */
void kafka_waiting(const struct kafka *kafka, uint32_t position, struct partition_level *level);
/* Consumers that the group should have now: as the scenario says, or as a fault or a scaler has made it. */
int64_t kafka_consumers(const struct kafka *kafka, uint32_t group);
/* Records that the group has brought to an end, each once. After kafka_settle. */
uint64_t kafka_done(const struct kafka *kafka, uint32_t group);
struct group_work kafka_work(const struct kafka *kafka, uint32_t group);
/* Consumers with a record in service now. */
int64_t kafka_busy(const struct kafka *kafka, uint32_t group);
/* Sum over the group's consumers of the time with a record in service, up to now. */
sim_ns kafka_busy_ns(const struct kafka *kafka, uint32_t group);
/* Checks at the end of a run, and completes the facts. */
void kafka_finish(struct kafka *kafka, sim_ns end_ns, bool cut);

#endif
