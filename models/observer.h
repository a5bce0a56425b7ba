/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a run tells while it runs, and what it leaves. Everything here is read-only for the observer and valid only
 * during the call; indices are those of struct scenario. Counts are exact; times are ns. */
#ifndef MODELS_OBSERVER_H
#define MODELS_OBSERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "models/scenario.h"
#include "sim/engine/ns.h"
#include "sim/engine/tally.h"

/* One (group, topic, partition), in the fixed order: groups, their reads, partitions. */
struct partition_level {
    uint32_t group, topic, partition;
    int64_t log_end, committed;
    int64_t lag;        /* log_end - committed */
    int64_t client_lag; /* log_end - position of the client (what poll returned last) */
    int64_t backlog;    /* records not yet processed, the one in service included */
    sim_ns lag_ns;      /* age of the oldest uncommitted record */
    uint64_t again;     /* deliveries of records that somebody had had before; where partitions never change hands, of
                           the first uncommitted one */
};

struct order_counts {
    uint64_t scheduled;  /* starts the executors would have made so far, up to at_most */
    uint64_t dropped;    /* those without a free VU */
    uint64_t requests_failed; /* an error, or no reply: its stage threw, its process died, or none was there */
    uint64_t records_lost, records_duplicated; /* by producers: the broker was away too long, or
                                                  their process died; sent twice */
    uint64_t created;    /* committed order rows, initial backlog included */
    uint64_t by_status[ORDER_STATUSES];
    uint64_t oversold;   /* units that were sold beyond the initial stock, over all rows (S5): to orders that are PAID,
                            and, of a run that is cut, to those that hold a reservation and may yet be */
};

/* One scaler (scenario.h). Consumers are those of pods that are ready. */
struct scaler_level {
    uint32_t replicas;         /* wanted now */
    /* Pods. ready + starting = replicas, unless a pod waits for the place of one that ends. */
    uint32_t starting, ready, ending;
    uint32_t consumers;
    uint32_t idle;             /* of these: own no partition now, during a rebalance as well */
    int64_t told;              /* the metric that the autoscaler was told last; -1: not asked yet */
};

/* What a group's deliveries have come to so far. Names as in group_facts; same_order_ns: all of it. */
struct group_work {
    uint64_t ended;              /* service.n */
    uint64_t failed, skipped, duplicates, evictions;
    int64_t retries;
    sim_ns backoff_ns, same_order_ns, paused_ns;
};

struct fault_facts;

struct run_levels {
    sim_ns at_ns;
    uint32_t n_partitions;
    const struct partition_level *partition;
    struct order_counts orders;
    const int64_t *group_consumers; /* that it should have, by group */
    const uint64_t *group_done;  /* records that have come to an end, each once, however often it comes, by group */
    const sim_ns *group_whole_ns; /* since when all of them have been there, by group; SIM_NEVER: one is away */
    const sim_ns *group_slow_until_ns; /* until when a fault makes their records slow, or keeps a server from
                                          answering, by group; before now: until when one did; 0: none has yet */
    const struct group_work *group_work; /* by group */
    const int64_t *group_busy;   /* consumers with a record in service, by group */
    const sim_ns *group_busy_ns; /* sum over the group's consumers of time with a record in service, from 0 to at_ns */
    uint32_t n_scalers;
    const struct scaler_level *scaler;
    const struct fault_facts *fault; /* by fault: what has happened by now */
};

/* One order that has ended. wait_ns, service_ns: by stage index, SIM_NEVER where the order never came to it;
 * NULL unless the run was opened with keep_stage_times. */
struct order_fact {
    uint64_t order_id;
    sim_ns created_ns;  /* intended arrival */
    sim_ns ended_ns;    /* SIM_NEVER for an order still open when the run ended */
    enum order_status status;
    const sim_ns *wait_ns, *service_ns;
};

struct observer {
    void *context;
    /* Each may be NULL. on_sample: at every multiple of sample_every, from 0 to the end, after all events of that
     * instant. on_order: at each terminal state; and once at the end for each order still open (ended_ns SIM_NEVER). */
    void (*on_sample)(void *context, const struct run_levels *levels);
    void (*on_checkpoint)(void *context, uint32_t checkpoint, const struct run_levels *levels);
    void (*on_order)(void *context, const struct order_fact *order);
    /* on_probe: at 0, and then at each instant that it gives back (later than now), after all events of that instant,
     * until nothing is left that could happen. It is no event of the run: it is not counted, and changes nothing. Of the
     * levels it is told at_ns; log_end, committed, backlog and again by partition; the orders' scheduled, dropped,
     * requests_failed and created; by fault what has happened; and by group done, whole_ns, slow_until_ns, work, and
     * in a run with faults busy_ns.
     * on_end: once, the levels that stay. */
    sim_ns (*on_probe)(void *context, const struct run_levels *levels);
    void (*on_end)(void *context, const struct run_levels *levels);
    /* Asked after each sample. True ends the run at once: pipeline_run gives NULL with err (SIM_ERUNTIME, "stopped").
     */
    bool (*stopped)(void *context);
    /* Instants at which it wants to see the levels, ascending, each once; on_moment: at each, after all events of that
     * instant. Of a run that ended by itself those behind its end see its end (SIM_NEVER: nothing else); of one that
     * was cut they do not come. */
    uint32_t n_moments;
    const sim_ns *moment_ns;
    void (*on_moment)(void *context, uint32_t moment, const struct run_levels *levels);
};

/* ---- what a run leaves ---- */

/* The parts that a paid order's completion time is the sum of, and after them its wait in the logs of each group, by
 * group (append latency included). Along the path that made it PAID: of two legs that which was joined last. */
enum path_time {
    PATH_ADMISSION, /* until a thread of the API had it */
    PATH_SERVICE,   /* work, commands and commits, of the API and of consumers */
    PATH_LOCK, PATH_ROW, PATH_POOL, PATH_STORE, /* waits for a lock, a row, a connection, a store's turn */
    PATH_RETRY,     /* from the first delivery of a record to the one that succeeded */
    PATH_REBALANCE, /* of the wait in logs: while the group rebalanced */
    PATH_OUTBOX,    /* of records that a relay sends: from the commit of their rows until it has */
    PATH_PARTS
};
enum { PATH_WAITS = PATH_RETRY - PATH_LOCK };

/* What every record changes comes first. */
struct group_facts {
    int64_t peak_lag, peak_backlog;                    /* sum over the group's partitions, at every change */
    int64_t peak_partition_lag;
    sim_ns peak_lag_ns;                                /* greatest age of an uncommitted record */
    uint64_t processed, polls, commits;                /* processed: each record once, whoever was first */
    sim_ns drained_at_ns;                              /* last time its backlog became 0 after the load had ended, or
                                                          the last time before; SIM_NEVER while it is not 0 */
    sim_ns peak_lag_at_ns, peak_backlog_at_ns;
    __int128 busy_ns;                                  /* sum over consumers of time with a record in service */
    __int128 sojourn_ns;                               /* sum over records of (append or t = 0 -> done, or end) */
    struct tally wait, service;                        /* append -> start; start -> done */
    uint64_t duplicates, skipped;                      /* skipped: not processed but given up, at its first end */
    uint64_t idle_consumers;                           /* consumers without a partition */
    uint64_t rebalances, evictions, sessions_expired, late_dropped;
    uint64_t unowned;                                  /* partitions that nobody has at the end, although there are
                                                          members, and no round is under way that would give them out */
    uint64_t dead_letters;                             /* sent to the dead-letter topic; a record comes there again
                                                          when it is given up again */
    int64_t retries;                                   /* of duplicates: by the error handler, of a record that it
                                                          did not have to count anew */
    uint64_t failed;                                   /* records that ended with an exception, whenever it was the
                                                          first of a count of attempts */
    __int128 failed_ns;                                /* of busy_ns: deliveries that ended with an exception */
    __int128 backoff_ns;                               /* slept after them, in consumers' threads */
    __int128 cut_ns;                                   /* of busy_ns: deliveries that came to no end, for their process
                                                          died or the run was over */
    __int128 paused_ns;                                /* of busy_ns: records that would have gone on, had their process
                                                          not stood still */
    __int128 waited_ns[PATH_WAITS];                    /* of all other deliveries: for others, from PATH_LOCK on; */
    __int128 same_order_ns[PATH_WAITS];                /* of these: for another group, or none (the API, the sweeper),
                                                          that was at work on the same order */
    const sim_ns *same_order_of_ns;                    /* by that group, n_groups: none; of all deliveries, since 0 */
    __int128 dead_letter_ns;                           /* of these: until dead letters were in their log */
    __int128 backlog_area;                             /* integral of backlog over time, records x ns */
    sim_ns rebalance_ns, longest_rebalance_ns;         /* from the first change to the new assignment */
    sim_ns caught_up_ns;                               /* by when each partition in which records waited at t = 0 has
                                                          been empty once; SIM_NEVER: not yet, or none waited */
    sim_ns worked_off_ns;                              /* the last record's end when another one came, or the run
                                                          ended, and no more than one a consumer were in the backlog,
                                                          first after its peak; SIM_NEVER: not since, or no more ever */
};

/* How a thread comes to work in a critical section that is not its own any more, or never was (semantics 7.5). */
enum loss_cause {
    LOSS_NONE,
    LOSS_LEASE,          /* L1: the lease ended before the work did */
    LOSS_PAUSE_LEASE,    /* L2: the same, while its process stood still */
    LOSS_PAUSE_WATCHDOG, /* L3: the process stood still, and its watchdog with it */
    LOSS_WATCHDOG,       /* L4: the watchdog could not renew */
    LOSS_FAILOVER,       /* L5: the new Redis had not heard of the lock */
    LOSS_RESTART,        /* L6: Redis came back without its keys */
    LOSS_NESTED_LEASE,   /* L7: a nested acquire has cut the lease */
    LOSS_ORDER,          /* L8: lock and transaction in the wrong order */
    LOSS_NO_LOCK,        /* L9: no lock, or another one, for the same row */
    LOSS_CAUSES
};

struct lock_facts {
    uint64_t acquired, contended, timed_out, expired_while_held, overlaps;
    uint64_t hand_offs, kept;   /* acquires while others waited; of these, by the thread that had just had it */
    uint64_t renewals, not_owner, orphans, no_answers, lost_messages;
    uint64_t lost[LOSS_CAUSES]; /* keys that their owner lost, L1 to L7 */
    struct tally wait, hold;
};

enum accident_kind {
    ACCIDENT_OVERLAP,           /* two threads inside one critical section */
    ACCIDENT_LOST_UPDATE        /* a write over a value that had changed since it was read */
};

/* Two critical sections that met, and why (X5). The first is the one that should have been alone. SIM_NEVER, NONE and
 * order 0 stand for what did not happen or is not known. */
/* Who did something: which of a group's consumers, in which instance of a process. group NONE: a request, of the API;
 * process NONE: not known. */
struct doer { uint32_t group, member, process, instance; };

struct accident {
    sim_ns at_ns;
    enum accident_kind kind;
    enum loss_cause cause;
    uint32_t lock, table;
    uint64_t key;
    uint64_t order_id, other_order_id;
    struct doer by, other_by;           /* who worked for them; other_by: where other_order_id is known */
    bool other_lost;                    /* the lock below was the other order's */
    sim_ns acquired_ns, lost_ns;        /* of the lock that was lost, or given back too soon */
    sim_ns read_ns;                     /* when the order read what it then wrote over */
    sim_ns other_committed_ns;          /* what it wrote over */
};

enum { ACCIDENT_KINDS = 2, ACCIDENTS_KEPT_OF_KIND = 128, ACCIDENTS_KEPT = ACCIDENTS_KEPT_OF_KIND * ACCIDENT_KINDS };

/* What a saga meets: some of it is harmless, some the cause of a broken invariant. */
enum mishap_kind {
    MISHAP_JOIN_RACE,          /* a join wrote from a row that had changed since it read it */
    MISHAP_STATUS_OVERWRITTEN, /* a status was set that may not follow the one that was there */
    MISHAP_REPEATED_EFFECT,    /* a record took effect that had done so before */
    MISHAP_MARK_ALONE,         /* a record was passed over as done, and its effect never was */
    MISHAP_UNDO_FIRST,         /* a compensation came before its action */
    MISHAP_UNDO_BLIND,         /* a compensation gave back what was not taken, or once more */
    MISHAP_TOMBSTONE,          /* an action came after its compensation, and was refused */
    MISHAP_SWEPT,              /* the sweeper cancelled an order */
    MISHAP_LATE_ANSWER,        /* a leg answered ok after the order's end */
    MISHAP_LATE_PAYMENT,       /* payment answered ok after the order's end */
    MISHAP_SENT_TWICE,         /* the outbox's relay sent a row again */
    MISHAP_GIVEN_UP,           /* a record was skipped after its last delivery */
    MISHAP_NOT_SENT,           /* a producer gave a record up: the broker was away for too long */
    MISHAP_UNSENT,             /* a record waited in its process's producer, and died with it */
    MISHAP_DIED,               /* a process died in the middle of a stage */
    MISHAP_MISSED,             /* a new group, which begins at the latest, began behind the record */
    MISHAP_UNREAD,             /* a record waits at the end, and no consumer of its group has its partition */
    MISHAP_KINDS
};

struct mishap {
    sim_ns at_ns;
    enum mishap_kind kind;
    uint64_t order_id;
    uint32_t stage;            /* NONE: outside of one */
    sim_ns since_ns;           /* join race: of the read; SIM_NEVER */
    uint32_t step_kind, target; /* given up: the step that threw last, enum step_kind, and its table, lock or topic */
};

enum { MISHAPS_KEPT_OF_KIND = 16, MISHAPS_KEPT = MISHAPS_KEPT_OF_KIND * MISHAP_KINDS };

/* ---- the cause chain of a violation (X5 of the invariants) ---- */

enum link_kind {
    LINK_FAULT,       /* fault happened, to instance by.instance of a process */
    LINK_LOCKED,      /* by, for the order, got the lock */
    LINK_LOST,        /* the lock was lost: cause */
    LINK_UNLOCKED,    /* by gave it back */
    LINK_READ,        /* by read the row, or (table NONE) the join */
    LINK_COMMITTED,   /* by committed a write of the row */
    LINK_OVERWROTE,   /* by wrote over it, from what it had read */
    LINK_MISHAP       /* mishap, in stage (NONE: outside of one) */
};

struct chain_link {
    sim_ns at_ns;
    enum link_kind kind;
    uint64_t order_id;              /* 0: of no single order */
    struct doer by;
    uint32_t fault, lock, table, stage;
    uint64_t key;
    enum mishap_kind mishap;
    uint32_t step_kind, target;     /* of a record that was given up: what threw */
};

enum { CHAIN_LINKS = 8 };

/* What led to the first violation of an invariant, in the order of time. */
struct chain {
    uint32_t invariant;             /* index */
    enum loss_cause cause;          /* L1 .. L9 of a lost update; LOSS_NONE: the first mishap is the cause */
    bool of_order;                  /* its links are of the violation's own order; else: of the run */
    uint32_t n_links;
    struct chain_link link[CHAIN_LINKS];
};

struct table_facts {
    uint64_t writes, conflicts, retries, rejected, lost_updates, deadlocks, lock_timeouts, oversold;
    struct tally wait; /* for a row lock */
};

struct process_facts {
    uint64_t connections_timed_out;
    struct tally connection_wait;
    uint64_t connections_peak;
    uint64_t api_threads_peak;
    struct tally api; /* request -> reply */
    uint64_t outbox_rows;           /* written, and committed */
    uint64_t outbox_peak;           /* of them that the relay has not sent and marked yet */
    sim_ns outbox_peak_at_ns, outbox_gone_at_ns; /* gone: when the last of them was; SIM_NEVER: some are there */
};

struct fault_facts {
    uint64_t happened;
    uint64_t killed;                /* restart: instances that had not come to an orderly end in time */
    sim_ns first_at_ns, last_at_ns; /* SIM_NEVER: never */
};

enum verdict { VERDICT_HOLDS, VERDICT_BROKEN, VERDICT_OPEN /* eventual, of a run that was cut */ };

struct invariant_facts {
    const char *name;    /* "S1" ... "K9" */
    const char *meaning; /* one sentence */
    bool eventual;       /* liveness, judged at quiescence; else safety, judged at every commit */
    enum verdict verdict;
    uint64_t violations;
    sim_ns first_at_ns;  /* of the first violation: the earliest, and of one instant that of the least order */
    uint64_t first_order_id; /* 0: no single order */
    char first_what[160];    /* with the step, in words */
};

/* What a scaler has done; SIM_NEVER for what did not happen. */
struct scaler_facts {
    uint64_t ups, downs;       /* decisions for more, or fewer, pods */
    uint64_t from_zero, to_zero; /* of these: KEDA's own */
    uint64_t killed;           /* pods that did not end in time */
    uint32_t peak_replicas;    /* wanted */
    uint32_t peak_consumers;   /* of pods that were ready, */
    sim_ns peak_at_ns;         /* and since when */
    sim_ns first_up_ns;        /* the first decision for more, */
    sim_ns first_ready_ns;     /* and the first pod that came of one */
    __int128 consumer_ns;      /* sum over pods of consumers x (decision to the end of the pod, or of the run) */
};

/* A sample of the paid orders, in the order in which they were paid. */
struct path_facts { uint32_t n, n_parts; const sim_ns *completion_ns, *part; /* part: n x n_parts */ };

struct run_facts {
    sim_ns end_ns;
    sim_ns load_end_ns;
    bool cut;               /* ended by at_most or at a given time with work in flight */
    uint64_t events;
    uint64_t fingerprint;
    struct order_counts orders;
    struct tally completion;   /* intended arrival -> PAID; exact up to a million orders */
    uint32_t n_groups; const struct group_facts *group;
    const int64_t *partition_peak_lag; /* at every change, by partition of the levels */
    uint32_t n_locks; const struct lock_facts *lock;
    uint32_t n_tables; const struct table_facts *table;
    uint32_t n_processes; const struct process_facts *process;
    uint32_t n_faults; const struct fault_facts *fault;
    uint32_t n_scalers; const struct scaler_facts *scaler;
    struct path_facts path;
    uint32_t n_invariants; const struct invariant_facts *invariant;
    uint64_t by_cause[2][LOSS_CAUSES];  /* by kind of accident */
    uint32_t n_accidents; const struct accident *accident; /* the first ones of each kind, in order */
    uint64_t mishaps[MISHAP_KINDS];
    uint32_t n_mishaps; const struct mishap *mishap;       /* the first ones of each kind, in order */
    uint32_t n_chains; const struct chain *chain;          /* of broken invariants, where the cause is known */
};

#endif
