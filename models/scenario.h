/* SPDX-License-Identifier: GPL-3.0-or-later
 * What one run needs, checked and read-only: filled by sim/scenario from JSON, or by hand in a test. No JSON, no file.
 * Things refer to one another by index into the arrays below; NONE says "not given". Names live as long as the arena
 * they were read into. Every duration is in ns, every distribution a dist_spec that models/plan.c compiles. */
#ifndef MODELS_SCENARIO_H
#define MODELS_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/dist.h"
#include "sim/engine/ns.h"

#define NONE UINT32_MAX

/* Limits; the reader refuses what goes beyond. */
enum {
    MAX_GROUPS = 64, MAX_TOPICS = 128, MAX_PARTITIONS = 1024, MAX_CONSUMERS = 1024, MAX_LEGS = 8, MAX_STEPS = 64,
    MAX_TABLES = 32, MAX_LOCKS = 32, MAX_STORES = 16, MAX_PROCESSES = 64, MAX_STAGES = 128, MAX_CHECKPOINTS = 64,
    MAX_LOADS = 16, MAX_TOPICS_OF_GROUP = 32, MAX_LOCKS_HELD = 8, MAX_ROWS_OF_TRANSACTION = 8, MAX_ONCE_STEPS = 16,
    MAX_INSERTS_OF_TRANSACTION = 16, MAX_STATUSES_OF_TRANSACTION = 8,
    MAX_QUANTITY = UINT16_MAX, MAX_FAULTS = 64, MAX_SCALERS = 16, MAX_POLICIES = 8
};
#define MAX_ID (UINT32_MAX - 2u) /* of an order, user, item, coupon; an amount */

/* ---- load: who sends orders, when (semantics 1) ---- */

enum load_executor {
    LOAD_RAMPING_ARRIVAL_RATE,  /* k6 */
    LOAD_CONSTANT_ARRIVAL_RATE, /* k6 */
    LOAD_POISSON,               /* exponential gaps at rate_per_s for duration */
    LOAD_BURSTS,                /* burst_size starts at one instant, every burst_every, for duration */
    LOAD_TRACE                  /* recorded start times */
};

struct load_stage { double target; sim_ns duration_ns; };

struct load_spec {
    const char *name;
    enum load_executor executor;
    sim_ns start_ns;              /* k6 startTime: offset of this executor */
    double rate;                  /* k6 startRate (ramping) or rate (constant, poisson): per time_unit */
    sim_ns time_unit_ns;
    sim_ns duration_ns;           /* constant, poisson, bursts */
    uint32_t n_stages;            /* ramping */
    const struct load_stage *stage;
    double phase;                 /* first start where the area under the rate curve is this much: 1 is k6's */
    uint32_t vus, vus_max;        /* preAllocatedVUs, maxVUs; 0: no limit on VUs (not k6) */
    sim_ns vu_init_ns;            /* time to start one VU beyond the preallocated */
    uint32_t burst_size;
    sim_ns burst_every_ns;
    uint64_t n_times;             /* trace, ascending, relative to start_ns */
    const sim_ns *time_ns;
};

/* ---- content of orders ---- */

enum pick_kind { PICK_NOTHING, PICK_CONSTANT, PICK_UNIFORM, PICK_ZIPF, PICK_HOT };

/* A whole number drawn for each order. */
struct pick_spec {
    enum pick_kind kind;
    uint64_t low, high;           /* uniform, both ends included; zipf: ranks low..high; constant: low */
    double exponent;              /* zipf: P(rank r) ~ r^-exponent */
    double share;                 /* hot: share of orders that fall on one of the hot values, evenly */
    uint32_t n_hot;
    const uint64_t *hot;          /* hot: the others are uniform over low..high */
    double given;                 /* share of orders that have the thing at all (coupon); 1 where not said */
};

struct orders_spec {
    uint64_t first_id;            /* >= 1 */
    uint64_t at_most;             /* UINT64_MAX: no limit */
    struct pick_spec user, item, quantity, amount, coupon; /* coupon PICK_NOTHING: no order has one */
};

/* ---- kafka (semantics 3, 4, 5) ---- */

enum topic_key {
    KEY_ORDER_ID,
    KEY_USER,
    KEY_ITEM,
    KEY_NULL /* sticky */,
    KEY_ID_MODULO /* not Kafka: plain pipeline */
};

struct topic_spec {
    sim_ns linger_ns;
    enum topic_key key;
    uint32_t partitions;
    uint32_t record_bytes;        /* on the wire, batch overhead included */
    uint32_t batch_bytes;         /* batch.size */
    const char *name;
    struct dist_spec append;      /* send to visible in the log (acks) */
};

enum assignor { ASSIGN_RANGE, ASSIGN_ROUND_ROBIN, ASSIGN_COOPERATIVE_STICKY };
enum commit_mode { COMMIT_BATCH, COMMIT_RECORD, COMMIT_MANUAL, COMMIT_TIME, COMMIT_COUNT };
enum fetch_order {
    FETCH_JAVA,      /* Kafka's Java client from 3.7 on: newly asked partitions in HashSet order */
    FETCH_JAVA_36,   /* before 3.7: in list order */
    FETCH_ARRIVAL    /* all assigned partitions merged by append time (librdkafka about so) */
};
enum offset_reset { RESET_LATEST, RESET_EARLIEST };

struct group_read { uint32_t topic, stage; };

struct backlog_spec { uint32_t topic, partition; uint64_t records; };

/* What each record asks for comes first. */
struct group_spec {
    _Alignas(64) enum fetch_order fetch_order;
    enum commit_mode commit_mode;
    uint32_t commit_count;        /* COUNT */
    uint32_t max_poll_records;
    sim_ns commit_time_ns;        /* TIME */
    sim_ns fetch_max_wait_ns;
    sim_ns due_after_ns;          /* a record is not processed before so long after its append: a retry topic */
    const char *name;
    uint32_t consumers;           /* threads over all instances of its process */
    uint32_t consumers_max;       /* that can be started in mid-run; 0: no more than these */
    uint32_t process;
    uint32_t n_reads;
    const struct group_read *read;
    enum assignor assignor;
    uint32_t max_partition_fetch_bytes;
    struct dist_spec fetch;       /* round trip of a fetch; the broker answers half-way */
    struct dist_spec commit;      /* round trip of a commit; it takes effect half-way */
    struct dist_spec poll;        /* overhead of each poll() that returns records */
    bool cold;                    /* joins at start_ns as a new group; else stable at offset 0 from start_ns on */
    sim_ns start_ns;              /* nobody is a member before (late start) */
    enum offset_reset reset;      /* cold: where it begins */
    sim_ns rebalance_delay_ns;    /* cold: group.initial.rebalance.delay.ms */
    sim_ns session_timeout_ns, heartbeat_ns, max_poll_interval_ns; /* where members can come and go (member.h) */
    sim_ns rebalance_timeout_ns;  /* longest wait for members that do not poll; 0: max_poll_interval_ns */
    bool static_members;          /* group.instance.id */
    uint32_t deliveries;          /* attempts before a failing record is skipped and logged (semantics 6): 10 */
    sim_ns backoff_ns, backoff_max_ns; /* before the next attempt, in the consumer's thread */
    double backoff_multiplier;    /* 1: always the same, and backoff_max_ns does not bound it */
    bool reset_on_other;          /* another exception begins a new count of attempts */
    uint64_t not_retried;         /* exceptions that give the record up at once: bits, by the kind of the step */
    uint32_t dead_letter;         /* topic for records that are given up; NONE: they are logged and skipped */
    uint32_t n_backlog;           /* records waiting at t = 0 */
    const struct backlog_spec *backlog;
};

/* ---- stores, tables, locks (semantics 2, 7, 8) ---- */

enum isolation { REPEATABLE_READ, READ_COMMITTED };

/* A server whose commands share a capacity: database or Redis. */
struct store_spec {
    const char *name;
    enum isolation isolation;     /* of transactions on its tables */
    uint32_t capacity;            /* commands in service at once, the rest queue; 0: no limit */
    bool group_commit;            /* commits share flushes of the length `flush` */
    struct dist_spec flush;
};

enum row_key { ROW_ITEM, ROW_USER, ROW_COUPON, ROW_ORDER_ID };

struct table_spec {
    const char *name;
    enum row_key key;
    uint64_t rows;                /* 0: none (coupons not set up), or as many as orders (ROW_ORDER_ID) */
    int64_t quantity;             /* initial value of every row: stock, points; 1 = usable for a coupon */
    uint32_t store;               /* NONE: no shared capacity */
    sim_ns lock_timeout_ns;       /* innodb_lock_wait_timeout */
};

enum lock_kind { LOCK_REENTRANT, LOCK_FAIR, LOCK_SPIN, LOCK_FENCED };
enum lock_renewal {
    WATCHDOG_PER_CLIENT,          /* Redisson 3.44 and later: one chain of timers, outlives errors */
    WATCHDOG_PER_LOCK             /* up to 3.43: a timer for each lock, over after one error */
};

struct lock_spec {
    const char *name;
    enum row_key key;
    enum lock_kind kind;
    sim_ns wait_ns;               /* SIM_NEVER: lock(), without a bound */
    sim_ns lease_ns;              /* watched: lockWatchdogTimeout */
    bool watched;                 /* no lease: a watchdog renews every third of lease_ns */
    enum lock_renewal renewal;
    sim_ns command_timeout_ns;    /* until a command without an answer throws */
    uint32_t replicas;            /* that may be promoted; an acquire waits for the first of them; 0: none asked */
    struct dist_spec push;        /* pub/sub message to the waiting thread running again */
    uint32_t store;
};

/* ---- processes ---- */

struct process_spec {
    const char *name;
    uint32_t instances;
    uint32_t instances_max;       /* that can be started in mid-run; 0: no more than these */
    uint32_t connections;         /* pool size of each instance; 0: no pool modelled */
    sim_ns connection_timeout_ns;
    uint32_t api_threads;         /* of each instance; 0: hosts no API */
    uint32_t api_stage;
    bool has_outbox;              /* one relay for all instances */
    sim_ns outbox_poll_ns;        /* how often the relay looks */
    uint32_t outbox_batch;        /* rows of one look */
    struct dist_spec outbox_send; /* the relay's time for each row */
};

/* ---- stages ---- */

enum step_kind {
    STEP_CONNECTION, STEP_BEGIN, STEP_READ, STEP_WRITE, STEP_FLUSH, STEP_COMMIT, STEP_ROLLBACK, STEP_LOCK, STEP_UNLOCK,
    STEP_INSERT, STEP_WORK, STEP_PUBLISH, STEP_REPLY, STEP_ONCE, STEP_JOIN, STEP_STATUS, STEP_KINDS
};

enum write_style {
    STYLE_CONDITIONAL,  /* UPDATE .. SET q = q - n WHERE q >= n */
    STYLE_VERSION,      /* absolute value, WHERE version = read version; retried in a new transaction */
    STYLE_ABSOLUTE,     /* JPA dirty checking: absolute value from the cached read, sent at flush or commit */
    STYLE_FOR_UPDATE    /* SELECT .. FOR UPDATE, then the absolute value under the row lock */
};

enum write_effect {
    EFFECT_RESERVE,  /* quantity - n, of the order's item */
    EFFECT_RESTORE,  /* what this order's earlier effect on the table took, given back */
    EFFECT_USE,      /* coupon: 1 -> 0 */
    EFFECT_DEBIT     /* points - amount */
};

/* What a restore does of which it is not known that there is something to restore. */
enum restore_unknown {
    UNKNOWN_SKIPPED,    /* nothing: what was not taken is not given back */
    UNKNOWN_BLIND,      /* gives back all the same, as often as it is asked to */
    UNKNOWN_TOMBSTONE   /* nothing, and notes that the action must not come any more */
};

/* How a stage knows that it has done a record before (semantics 9.5). */
enum once_form {
    ONCE_SAME_TRANSACTION,  /* unique key, inserted in the transaction of the effect: others wait for it */
    ONCE_CHECK_THEN_ACT,    /* looked up first, inserted with the effect: two at once both pass */
    ONCE_SETNX_BEFORE,      /* in Redis, before the effect */
    ONCE_SETNX_AFTER,       /* looked up first, in Redis behind the effect */
    ONCE_OTHER_TRANSACTION, /* looked up and inserted where the step stands, in a transaction of its own */
    ONCE_BUSINESS_STATE,    /* the effect's own row is unique: no mark */
    ONCE_NONE               /* nobody looks: as without the step */
};

enum order_status { ORDER_PENDING, ORDER_PAYING, ORDER_PAID, ORDER_FAILED, ORDER_CANCELLED, ORDER_STATUSES };

struct step_spec {
    enum step_kind kind;
    uint32_t target;              /* table, lock, topic; NONE */
    const char *label;            /* work: its name; for reports */
    double share;                 /* of the stage's time; 0 where it has none */
    bool has_time;                /* own distribution instead of a share */
    struct dist_spec time;
    double effect_at;             /* where in its duration a remote step takes effect: 0.5 */
    enum write_style style;
    enum write_effect effect;
    sim_ns wait_ns, lease_ns;     /* lock: its own; -1: the lock's */
    bool outer;                   /* connection: of a transaction around the stage; its transactions take a second */
    bool guard;                   /* unlock: asks isHeldByCurrentThread first */
    bool always;                  /* unlock: in a finally block, got or not */
    bool fenced;                  /* write, read: the row compares the token of the lock `fence` */
    uint32_t fence;
    bool fence_current;           /* asks for the token now, and does not use the one that came with the lock */
    uint32_t tries;               /* version: attempts in all before it is refused */
    struct dist_spec backoff;     /* version: sleep before the next attempt */
    enum restore_unknown unknown; /* write with effect restore */
    enum once_form form;          /* once */
    bool outbox;                  /* publish: a row of the process's outbox, with the transaction */
    double refuse;                /* probability of a business refusal, by the order's own luck */
    enum order_status status;     /* STEP_STATUS */
    uint32_t n_otherwise;         /* steps that replace the rest when this one is refused; 0: see glossary, refusal */
    const struct step_spec *otherwise;
};

struct stage_spec {
    const char *name;
    bool has_time;                /* one draw for each record, dealt to the steps by share */
    struct dist_spec time;
    uint32_t n_steps;
    const struct step_spec *step;
};

/* ---- saga (semantics 9, 10) ---- */

/* How the join's transaction treats the row between its read and its commit (semantics 9.3). */
enum flow_guard {
    GUARD_COMPARE_AND_SET, /* one conditional UPDATE: decides on what is there when it commits */
    GUARD_ROW_LOCK,        /* SELECT .. FOR UPDATE: whoever comes second waits */
    GUARD_NONE,            /* reads, and writes its own answer and what it decided from the read */
    GUARD_WHOLE_ROW        /* reads, and saves the whole row as it read it, with its own answer */
};

enum flow_undo {
    UNDO_ANSWERED,         /* a leg is undone when it is known to be ok, now or later */
    UNDO_AT_ONCE           /* all legs are undone with the decision, whatever they have answered */
};

struct sweeper_spec {
    bool given;
    uint32_t process;      /* whose timer it is */
    sim_ns every_ns, older_than_ns;
    struct dist_spec takes; /* for each order */
    bool guarded;          /* compare-and-set on the status; else it overwrites what it has read before */
    bool paying;           /* takes PAYING for stuck, too */
};

struct leg_spec { const char *name; uint32_t ok, failed, undo; /* topics; failed, undo may be NONE */ };

struct flow_spec {
    bool given;
    enum flow_guard guard;
    uint32_t n_legs;
    const struct leg_spec *leg;
    enum flow_undo undo;
    bool outbox;              /* what a join sends are rows of the outbox; else it sends after its commit */
    uint32_t then, then_ok, then_failed; /* topics: sent when all legs are ok; its answers (may be NONE) */
    uint32_t then_undo;       /* topic: asks for a payment back that came too late; NONE */
    struct sweeper_spec sweeper;
};

/* ---- faults ---- */

enum fault_kind {
    FAULT_PAUSE,     /* an instance of a process stands still: garbage collection, a stopped machine */
    FAULT_CRASH,     /* an instance dies, and may come back */
    FAULT_RESTART,   /* instances stop in an orderly way and start again: a deployment */
    FAULT_SCALE,     /* a group has another number of consumers from then on */
    FAULT_OUTAGE,    /* a store or the broker does not answer */
    FAULT_FAILOVER,  /* a store is away, and comes back as another one that may have missed something */
    FAULT_SLOW,      /* times are multiplied */
    FAULT_DUPLICATE, /* records are appended twice */
    FAULT_DROP,      /* messages to those who wait for a lock are lost */
    FAULT_KINDS
};

enum fault_object { ON_PROCESS, ON_GROUP, ON_STORE, ON_KAFKA, ON_STAGE, ON_TOPIC, ON_LOCK };

enum fault_when {
    WHEN_AT,     /* at at_ns */
    WHEN_EVERY,  /* at from_ns and every every_ns after it, before until_ns */
    WHEN_RATE,   /* drawn: exponential gaps from from_ns on, before until_ns */
    WHEN_STEP    /* as a thread comes to a step: the nth time, or for an order */
};

struct fault_spec {
    const char *name;
    enum fault_kind kind;
    enum fault_object on;
    uint32_t target;              /* index of what it is on; NONE for ON_KAFKA */
    uint32_t instance; /* of a process; NONE: drawn each time, whichever comes with WHEN_STEP; restart: all */
    enum fault_when when;
    sim_ns at_ns, from_ns, until_ns, every_ns;
    double rate_per_h;
    uint32_t stage, step;         /* WHEN_STEP: before this one of the stage's steps, from 0; n_steps: at its end */
    uint64_t nth, order_id;       /* nth from 1; 0: order_id counts */
    struct dist_spec lasts;       /* pause, outage, fail-over, slow, duplicate, drop */
    bool comes_back;              /* crash */
    sim_ns back_after_ns;         /* crash, restart: from the end of the old life to the new one */
    bool rolling;                 /* restart: one instance after the other */
    sim_ns kill_after_ns;         /* restart: longest time for the orderly end */
    uint32_t consumers;           /* scale */
    double factor, share;         /* slow; duplicate, drop */
    sim_ns lost_ns;               /* fail-over: what was written last and the new one lacks */
    bool answers_only;            /* outage: commands take effect, their answers are lost */
    bool loses_keys;              /* outage: a lock server that comes back empty */
};

/* ---- autoscaling (semantics 11) ---- */

enum scale_select { SELECT_MAX, SELECT_MIN, SELECT_DISABLED };

struct scale_policy {
    bool percent;                 /* of the pods at the start of the period; else so many pods */
    uint32_t value;
    sim_ns period_ns;
};

/* behavior.scaleUp or .scaleDown of a HorizontalPodAutoscaler, filled in as Kubernetes does. */
struct scale_rules {
    sim_ns window_ns;             /* stabilizationWindowSeconds */
    enum scale_select select;     /* selectPolicy */
    uint32_t n_policies;
    struct scale_policy policy[MAX_POLICIES];
};

/* A ScaledObject of KEDA with one trigger of the type apache-kafka, and the autoscaler that KEDA makes of it. It scales
 * the process of the group, which hosts nothing else: consumers / instances of the scenario run in each pod. */
struct scaler_spec {
    const char *name;
    uint32_t group;
    uint32_t topic;               /* NONE: all that the group reads */
    uint64_t lag_threshold, activation_lag_threshold;
    bool allow_idle_consumers, limit_to_partitions_with_lag, exclude_persistent_lag, even_distribution;
    bool zero_on_invalid_offset;
    uint32_t min_replicas, max_replicas;
    sim_ns polling_ns, cooldown_ns;
    bool use_cached_metrics;      /* the autoscaler gets what KEDA's last poll has read */
    sim_ns sync_ns;
    double tolerance;
    sim_ns downscale_window_ns;   /* of the controller: where there is no behavior */
    bool has_behavior;
    struct scale_rules up, down;
    struct dist_spec pod_start;   /* from the decision to the consumers' first request to join */
    sim_ns kill_after_ns;         /* terminationGracePeriodSeconds */
};

/* Pods of one scaler at a time: those that are wanted, and those that still end. */
static inline uint32_t scaler_slots(const struct scaler_spec *spec) { return 2 * spec->max_replicas; }

struct checkpoint_spec { const char *name; sim_ns at_ns; };

enum run_end { END_QUIESCENT, END_AT };

struct scenario {
    const char *name;
    uint64_t seed;
    uint32_t replications;
    enum run_end ends;
    sim_ns end_ns;                /* END_AT */
    sim_ns at_most_ns;            /* cap of a run that ends when quiet */
    sim_ns sample_every_ns;
    sim_ns warm_up_ns;            /* times, waits, rates and peaks are of what comes after it */
    bool find_warm_up;            /* it is still to be found, from runs of the scenario itself */
    uint32_t n_loads; const struct load_spec *load;
    struct orders_spec orders;
    uint32_t n_topics; const struct topic_spec *topic;
    uint32_t n_groups; const struct group_spec *group;
    uint32_t n_stores; const struct store_spec *store;
    uint32_t n_tables; const struct table_spec *table;
    uint32_t n_locks; const struct lock_spec *lock;
    uint32_t n_processes; const struct process_spec *process;
    uint32_t n_stages; const struct stage_spec *stage;
    struct flow_spec flow;
    uint32_t n_faults; const struct fault_spec *fault;
    uint32_t n_scalers; const struct scaler_spec *scaler;
    uint32_t n_checkpoints; const struct checkpoint_spec *checkpoint; /* ascending in time */
};

/* When the last executor ends (k6: startTime + durations), with no order after it. */
sim_ns scenario_load_end(const struct scenario *scenario);

/* From when on no order comes, by the executors' rates: when there are at_most orders, or at the load's end. */
sim_ns scenario_orders_end(const struct scenario *scenario);
/* Whether that is on average only: where the limit on orders ends the load, and gaps between them are drawn. */
bool scenario_orders_end_varies(const struct scenario *scenario);

/* From when to when orders are started, by the executors' rates: until the run ends or there are at_most orders. Both
 * 0: none is. */
struct load_extent { sim_ns from_ns, until_ns; };
struct load_extent scenario_load_extent(const struct scenario *scenario);

/* From the first time to the last at which the executors' rates come to nine tenths of the most that they come to at
 * once; a burst counts as if it came over the time to the next one. With a trace, whose rate is not known, as long as
 * orders are started. Both 0: none is. */
struct load_extent scenario_load_height(const struct scenario *scenario);

/* Greatest rate at which the executors start orders in any window of this length, by their rates, until the run ends or
 * there are at_most orders; NaN where one of them is a trace, whose rate is not known. */
double scenario_peak_rate_per_s(const struct scenario *scenario, sim_ns window_ns);

/* How many starts the executors' rates make from 0 on until then, whatever is drawn, by the same windows; NaN with a
 * trace. It is asked for later and later instants: spans that are over are not looked at again. */
struct load_rates;
struct load_rates *load_rates_make(const struct scenario *scenario, sim_ns window_ns, struct arena *arena);
double load_rates_starts(struct load_rates *rates, sim_ns until_ns);

/* When a run ends at the latest: nothing that lies behind it happens. */
static inline sim_ns scenario_end(const struct scenario *scenario)
{
    return scenario->ends == END_AT ? scenario->end_ns : scenario->at_most_ns;
}

static inline bool step_ends_transaction(const struct step_spec *step)
{
    return step->kind == STEP_COMMIT || step->kind == STEP_ROLLBACK;
}

/* The store whose command a step is; NONE: it is none of any. */
static inline uint32_t scenario_store_of(const struct scenario *scenario, const struct step_spec *step)
{
    switch (step->kind) {
    case STEP_READ: case STEP_WRITE: case STEP_COMMIT: case STEP_INSERT: case STEP_FLUSH: case STEP_ROLLBACK:
        return step->target == NONE ? NONE : scenario->table[step->target].store;
    case STEP_LOCK: case STEP_UNLOCK: return scenario->lock[step->target].store;
    case STEP_CONNECTION: case STEP_BEGIN: case STEP_WORK: case STEP_PUBLISH: case STEP_REPLY: case STEP_ONCE:
    case STEP_JOIN: case STEP_STATUS: case STEP_KINDS: break;
    }
    return NONE;
}

#endif
