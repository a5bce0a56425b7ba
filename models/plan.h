/* SPDX-License-Identifier: GPL-3.0-or-later
 * A scenario made ready to run: distributions tabulated, names turned into flat arrays, step programs into operations,
 * partitions dealt to consumers. Read-only; shared by all replications on all threads. */
#ifndef MODELS_PLAN_H
#define MODELS_PLAN_H

#include "models/pipeline.h"
#include "models/scenario.h"

struct pick; /* orders/pick.h */

/* One operation of a stage: a step with its place in the stage's time. Two cache lines; the first holds what the loop
 * over steps looks at. */
struct plan_op {
    uint8_t kind;            /* enum step_kind, or OP_END */
    uint8_t visible;         /* enum op_visible */
    bool special;            /* looked at before it is played: trapped, may_lack_key, or OP_END */
    bool trapped;            /* a fault may happen before it */
    bool may_lack_key;       /* its key is the coupon, which an order may not have */
    bool simple;             /* work, publish or reply: private, asks nothing of a server */
    bool at_once;            /* publish: what is sent is in the log at once */
    bool timeless;           /* takes no time */
    bool has_time;           /* own time instead of a share */
    bool whole;              /* takes all of the stage's time */
    bool half_way;           /* effect_at is 1/2 */
    bool asks_first;         /* for a connection, a place at its store, or the row that it reads itself */
    bool takes_connection;   /* begins a transaction of its own, or the stage's */
    bool ends_connection;    /* and gives it back, unless a transaction is open around it */
    bool reads_itself;       /* version or absolute write: reads the row first if no read step did */
    bool needs_read;         /* read: a later write of this transaction uses the value */
    uint8_t opens_view;      /* read, once: a table + 1, at whose server later reads of its transaction see nothing that
                              * is committed after it; 0: none do */
    bool unshared;           /* what it touches is its thread's own (unshared.h) */
    uint8_t style, effect, status;
    bool fenced : 1, fence_current : 1; /* write, read */
    bool sends_last : 1;     /* publish: at_once, without a time of its own, and then the stage ends */
    bool rides : 1;          /* status: its transaction's commit shows it */
    bool keyed : 1;          /* write: inserts the row that says so of its order, where a tombstone may stand; insert:
                                the order, where another thread may insert it as well */
    bool meets : 1;          /* threads come to it with one order, though nobody was taken for dead */
    bool anew : 1;           /* read: in no transaction, so that it sees the row as it is, read before or not */
    bool covered : 1;        /* insert, status: done when the mark before it was set, so a duplicate skips it */
    bool guard, always;      /* unlock */
    bool outer;              /* connection: beside that of the stage's own transactions */
    bool watched;            /* lock: without a lease */
    bool outbox;             /* publish: through the outbox */
    uint8_t once_form;       /* enum once_form: what it comes to where it stands */
    uint32_t target;
    uint32_t store;          /* whose capacity it uses; NONE */
    uint32_t luck;           /* which of the order's luck words in this stage it takes */
    double from, to;         /* shares of the stage's time before and after it */
    uint64_t refuse_below;   /* refused when the order's luck word is below; 0: never */
    double effect_at;
    const struct dist *time, *backoff; /* NULL where it has none */
    sim_ns wait_ns, lease_ns; /* lock */
    uint32_t time_word;      /* which of the record's own-time words it takes */
    uint32_t tries;
    uint32_t fence;          /* the lock whose token counts */
    uint32_t begin_op;       /* of its transaction; NONE */
    uint32_t otherwise;      /* first operation of the steps that replace the rest; NONE */
    uint16_t once_bit;       /* idempotency mark */
    uint8_t once_did;        /* business state: effects of the stage, any of which says that it was done */
    uint8_t unknown;         /* write: enum restore_unknown */
};

_Static_assert(sizeof(struct plan_op) == 128, "two cache lines");

enum { OP_END = STEP_KINDS };

/* Whether others can see a step, or it can make the thread wait for them: then it needs the simulated time. */
enum op_visible { OP_PRIVATE, OP_VISIBLE, OP_VISIBLE_IF_WRITTEN, OP_VISIBLE_UNLESS_DUPLICATE };

/* A stage whose time is all work, and comes first. What is next needs its instant: a record that is in its log at once,
 * or a connection, where the pool can make it wait. */
enum stage_lead { LEAD_NONE, LEAD_SENDS, LEAD_CONNECTS };

struct plan_stage {
    uint32_t first_op;
    bool has_time;
    struct dist time;
    uint32_t table;          /* whose row it writes first; NONE */
    bool draws;              /* something in it depends on the record's random words */
    enum stage_lead lead;
    uint32_t n_after;        /* draws (plan.draw, the first 64) of the stages that its order's records come to yet */
    const uint32_t *after;   /* where nothing is refused, in about this order */
};

/* Which of an order's records it is, for draws: read by a stage from a topic (where it came from at first; NONE: the
 * request). */
static inline uint64_t entity_of_record(uint32_t stage, uint32_t topic, uint32_t order_id)
{
    uint64_t read = (uint64_t)stage * (MAX_TOPICS + 1) + (topic == NONE ? 0 : topic + 1);
    return read << 32 | order_id;
}

/* origin: the topic that a record came from at first, where this one holds what was given up (a retry topic), after
 * being passed on so many times; else topic. */
struct plan_position {
    uint32_t group, read, stage, topic, partition, log, consumer, origin, passed_on;
    uint32_t draw;                  /* index into plan.draw; NONE: no words of first deliveries */
};

/* A stage that draws, for records that came from a topic at first, in a group (the first, where several have both).
 * behind: a bit for each draw whose stage an order has been through by then. */
struct plan_draw {
    uint32_t stage, origin, group;
    const struct dist *time; /* of the stage; NULL */
    uint64_t entity;         /* entity_of_record of order 0 */
    uint64_t behind;         /* its own bit included */
    uint64_t past;           /* known to be over when it begins: a bit for each draw behind it, and of its group */
};

struct plan_group {
    struct dist fetch, commit, poll;
    uint32_t first_consumer, n_consumers, first_position, n_positions;
    uint32_t idle_consumers;
    uint32_t pod_consumers;         /* of each instance, where a scaler starts and stops them; 0: none does */
};

/* client: its number among the clients of its group in one instance (Spring numbers those of a container). */
struct plan_consumer { uint32_t group, member, instance, client, n_positions; const uint32_t *position; };

/* What each send looks at. */
struct plan_topic {
    struct dist append;
    enum topic_key key;
    uint32_t partitions, first_log;
    uint16_t parted_over;    /* equal where equal ids have equal partitions; 0: not by the order id */
    bool takes_turns;        /* sticky partitions or linger: where a record goes hangs on what others send before */
    bool lingers;
    bool direct;             /* by the order id, without linger, and always as long on its way: nothing to draw or ask */
};

/* What lies before and behind a step: the marks of the steps `once` that its path has come through, as bits, and the
 * end of the operations that its `otherwise` leads to. */
struct plan_way { uint16_t marks; uint32_t otherwise_end; };

struct plan {
    const struct scenario *scenario;
    bool disturbed; /* faults, pods that come and go, members that join or are evicted: every step is an event */
    uint32_t n_logs, n_positions, n_consumers, n_ops, n_instances;
    const struct plan_topic *topic;
    const struct dist *push;        /* by lock */
    const struct dist *flush;       /* by store */
    const struct dist *outbox_send; /* by process */
    const struct dist *sweep_takes; /* NULL: no sweeper */
    const struct dist *fault_lasts; /* by fault */
    const struct dist *pod_start;   /* by scaler */
    const struct plan_position *position;
    uint32_t n_draws;
    const struct plan_draw *draw;
    const uint32_t *n_readers;      /* by log */
    const uint32_t *const *reader;  /* by log: positions */
    const struct plan_group *group;
    const struct plan_consumer *consumer;
    const struct plan_stage *stage;
    const struct plan_op *op;
    const struct plan_way *way;     /* by operation */
    uint32_t n_refusals;            /* marks that a refusal can go with: all, or 0 */
    const uint32_t *first_instance; /* by process */
    const uint32_t *process_of;     /* by instance */
    const bool *pool_counts;        /* by process: more threads than connections, so the pool can make them wait */
    uint32_t api_process;           /* NONE: no load */
    const struct pick *user, *item, *quantity, *amount, *coupon;
    bool orders_have_coupons;
    bool content_counts;            /* somebody looks at an order's user, item, quantity, amount or coupon */
    bool has_fences;                /* some row compares tokens */
    bool has_views;                 /* some transaction reads more than one row */
    uint32_t stock_table, coupon_table, points_table; /* NONE */
    uint32_t orders_table;          /* where the API inserts orders; NONE */
};

/* The longest sleep after a failure, of all that a group's back-off and deliveries allow. */
double plan_longest_backoff_s(const struct group_spec *spec);

/* The same plan for a scenario that differs in its faults alone (none of them a FAULT_SCALE that the first one lacks):
 * cheap, for many fault plans of one pipeline. Both plans and the scenario must outlive it. NULL with err. */
const struct plan *plan_with_faults(const struct plan *plan, const struct scenario *scenario, struct arena *arena,
                                    struct sim_err *err);

#endif
