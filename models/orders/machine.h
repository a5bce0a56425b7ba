/* SPDX-License-Identifier: GPL-3.0-or-later
 * The machine that runs stage programs: every consumer and every API request at work is a thread with a program
 * counter and a clock of its own. Shared by stage.c (steps; with thread.c, send.c, effect.c), api.c (requests),
 * status.c (what an order goes through) and machine.c (set-up).
 *
 * A thread runs ahead on its own clock through steps that nobody else can see (work, begin, the send of a record; lock,
 * write, commit, unlock, join where nobody else ever comes to them), and stops at each step that others can see or that
 * can make it wait: there an event brings the simulated time up to the thread's clock. A record takes at least one
 * event, unless its consumer goes idle with it, so a thread is never more than one record ahead. */
#ifndef MODELS_ORDERS_MACHINE_H
#define MODELS_ORDERS_MACHINE_H

#include "models/condition.h"
#include "models/kafka/group.h"
#include "models/mysql/table.h"
#include "models/orders/load.h"
#include "models/orders/mishap.h"
#include "models/orders/order.h"
#include "models/orders/path.h"
#include "models/orders/producer.h"
#include "models/orders/words.h"
#include "models/process.h"
#include "models/redis/lock.h"
#include "models/seats.h"

enum { THREAD_LOCKS = 8, OUTBOX_ROWS = 12 };

enum thread_phase {
    PHASE_START,      /* of the step at pc */
    PHASE_EFFECT,     /* the step's effect is due */
    PHASE_GRANTED,    /* what it waited for is its own: row lock, connection, command slot */
    PHASE_FLUSHED,    /* commit: the log is on disk */
    PHASE_CHECKED,    /* unlock: isHeldByCurrentThread has said yes */
    PHASE_GIVEN_UP,   /* unlock: Redis has not answered */
    PHASE_DEAD        /* its process is gone */
};

/* What every record looks at comes first, in three cache lines. */
struct thread {
    _Alignas(64) uint32_t consumer; /* NONE: an API request */
    uint32_t instance;
    uint32_t order, stage, topic, pc, attempt;
    enum thread_phase phase;
    struct order *at_hand;      /* the order itself, which stays where it is */
    sim_ns clock_ns;            /* its own time, >= now while it runs ahead */
    uint32_t publishes;
    uint8_t waits_for;          /* enum path_time while it is blocked; PATH_PARTS: it is not */
    bool duplicate;             /* the order's mark is set already: effects are skipped, answers sent again */
    bool pool_counts;           /* of its process: plan.pool_counts */
    bool has_connection;
    bool has_outer, has_command, replied, seen;
    bool rides;                 /* something rides on its transaction (rider.h): */
    bool creates;               /* the order's row is inserted, and not committed */
    uint8_t latched;            /* ORDER_LOCKED, ORDER_RESERVING ..: these rows of the order are its own */
    uint8_t awaits;             /* latch.h */

    sim_ns begun_ns, time_ns;   /* of the record; the stage's time */
    sim_ns takes_ns, after_ns;  /* the step at pc; its part after the effect */
    sim_ns resume_ns;           /* OUTCOME_LATER: when it goes on */
    uint64_t place;             /* of its next events among those of their instants, + 1; 0: not taken yet (park) */
    sim_ns sent_ns;             /* when its last record without linger is in the log: the next one is not before */
    struct random_words words;

    uint16_t once_marks;        /* to set at commit */
    uint16_t marks_after;       /* to set at the end of the record */
    uint16_t keys_due;          /* looked up in front of a transaction, which inserts them; others may as well */
    uint32_t tries;             /* of the version write at hand */
    uint32_t refused;           /* the operation + 1 that has said no to this record last; 0: none (answer.h) */
    uint32_t n_locks, n_locks_before; /* before: begin of its transaction */
    sim_handle timer;
    sim_ns waits_since_ns;
    sim_ns queued_ns;           /* for the command that it has at a store */
    uint16_t claims;            /* idempotency keys inserted in its transaction */
    uint8_t tombstones;         /* to set at commit */
    bool looked;                /* at the trapped step that it has come to */
    bool let_in;                /* its insert has waited, and goes on now (latch.h) */
    bool stopped;               /* of an API that takes no more requests */
    bool lingers;               /* its process is gone, but a command of its own is still at a server */
    bool carries;               /* the record at hand has read outside of a transaction */
    struct transaction transaction;

    struct held { uint32_t lock, token; uint64_t key; sim_ns lease_ns; bool watched; } lock[THREAD_LOCKS];
    sim_ns waited_ns[PATH_WAITS]; /* in the record at hand, from PATH_LOCK on; these and: */
    sim_ns rebalanced_ns;       /* its group, since the record was sent: only of orders that are followed */
    sim_ns seen_ns;
    uint8_t seen_ok, seen_failed, seen_status; /* join: the row as it was read */
    uint8_t n_outbox, outbox[OUTBOX_ROWS]; /* topics, rows of its transaction */
    uint8_t n_inserts, insert[MAX_INSERTS_OF_TRANSACTION];   /* tables, likewise; the order itself: creates */
    uint8_t n_statuses, status[MAX_STATUSES_OF_TRANSACTION]; /* one after another, that it gives its order */
    uint8_t n_sends, send[MAX_LEGS + 1]; /* topics, once the answer to its join is there; only with faults */
    uint32_t waits_for_group;   /* while it is blocked: + 1, of another group, or n_groups of none, that has what it
                                   waits for, and is at work on the same order; 0: it is not so */
};

_Static_assert(MAX_TOPICS <= UINT8_MAX && MAX_TABLES <= UINT8_MAX, "topics and tables in a byte");

struct load_run { struct load_state state; struct seats vus; bool limited, starting_vu; };

struct sticky { uint32_t partition, bytes, choices; };

struct flush { sim_ns current_ns, next_ns; uint32_t count; };

struct machine {
    struct sim *sim;
    const struct plan *plan;
    struct random_key key;
    struct random_rounds rounds; /* of the key */
    struct invariants invariants;
    struct kafka kafka;
    struct tables tables;
    struct locks locks;
    struct orders orders;
    struct words words;
    uint32_t n_threads;
    struct thread *thread;      /* consumers first, then API */
    uint64_t *api_free;         /* a bit for each API thread */
    struct early {
        sim_ns at_ns;
        uint32_t thread;
    } * early; /* API threads that will be free, their requests ran ahead */
    uint32_t n_early;
    struct seats *pool;         /* by instance */
    struct seats *command;      /* by store */
    struct flush *flush;        /* by store */
    struct seats api;           /* threads of all instances */
    struct load_run *load;
    struct producers producers;
    struct sticky *sticky;      /* by instance and topic */
    struct send *free_send;
    uint32_t next_id;
    int64_t open_reserved;      /* reservations committed, not restored, order not paid; < 0: restored for nothing */
    struct order_counts counts;
    struct tally completion;
    struct paths paths;
    struct process_facts *process;
    struct processes processes; /* all zero in a run without faults */
    struct conditions *conditions; /* NULL in a run without faults */
    const uint32_t *instance_of; /* by thread */
    const struct observer *observer;
    struct causes *causes;      /* cause.h; NULL: nothing can be lost */
    /* A thread comes to a trapped step (plan_op.trapped). True: something happens first, and it comes once more. */
    bool (*at_step)(void *context, uint32_t thread);
    void *at_step_context;
    bool step_by_step;
    struct ahead {
        sim_ns until_ns;        /* nothing is done ahead beyond it: the end of the warm-up, then that of the run */
        sim_ns from_ns;         /* now, while the clock shows another time */
        bool is_on;
        uint32_t n, capacity;
        struct ahead_change {
            sim_ns at_ns;
            uint8_t from, to;   /* enum order_status */
        } *change;
    } ahead;                    /* ahead.h */
    struct mishaps mishaps;
    struct sweeper *sweeper;    /* NULL: none */
    struct outbox *outbox;      /* by process; NULL: none has one */
    uint32_t n_rows_at_once;    /* orders' rows that were free for whoever came (latch.h) */
    uint32_t n_awaiting;        /* threads that wait for a latch, and statements that have lost theirs: */
    struct orphan *orphan, *free_orphan; /* orphan.h */
    uint32_t n_free_orphans;
    uint32_t nested;            /* ends of records within ends of records */
};

/* The order that the thread works for from now on. */
static inline void thread_takes(const struct machine *machine, struct thread *thread, uint32_t order)
{
    thread->order = order;
    thread->at_hand = order_at(&machine->orders, order);
}

/* ---- machine.c ---- */
void machine_init(struct machine *machine, struct sim *sim, const struct plan *plan, struct random_key key,
                  const struct run_options *options);
/* Connections and orders' rows that were there at once are only counted, until somebody wants to know how long one
 * waits. */
void machine_tell_waits(struct machine *machine);
/* ---- stage.c ---- */
/* A thread of the API begins with the request of an order, now. */
void request_process(struct machine *machine, uint32_t thread, uint32_t stage, uint32_t order);
/* A consumer begins with a record: kafka_calls.process. */
void record_process(void *machine, const struct consumer *consumer, uint32_t position, uint32_t order, uint32_t next);

/* ---- give_up.c ---- */
/* A consumer gives the record in service up, now: kafka_calls.give_up. */
bool record_give_up(void *machine, uint32_t consumer, uint32_t position);

/* ---- api.c ---- */
void api_init(struct machine *machine);
/* Schedules the first start of every load. */
void api_start(struct machine *machine);
void api_reply(struct machine *machine, struct thread *thread, sim_ns at_ns);
void api_done(struct machine *machine, uint32_t thread, sim_ns at_ns);
/* The stage of a request has thrown: an error is its reply. */
void api_failed(struct machine *machine, uint32_t thread, sim_ns at_ns);
/* The thread of a request dies with it: no reply, the virtual user gets an error. lingers: its command takes effect
 * yet, and the order is let go when the instance starts again. */
void api_lost(struct machine *machine, uint32_t thread, bool lingers);
/* The threads of an instance are out of reach, or back; without any, connections are refused. */
void api_instance_down(struct machine *machine, uint32_t instance);
/* Takes no new requests; those in service end. */
void api_instance_drains(struct machine *machine, uint32_t instance);
bool api_instance_is_empty(const struct machine *machine, uint32_t instance);
void api_instance_up(struct machine *machine, uint32_t instance);
/* Orders that wait in logs at t = 0. */
void api_preload(struct machine *machine);

/* ---- status.c ---- */
void order_created(struct machine *machine, uint32_t slot);
/* The same, as a row that is written. */
void order_inserted(struct machine *machine, uint32_t slot);
/* stage: where it happens, for the words of a violation; NONE: at the start of the run. */
void order_set_status(struct machine *machine, uint32_t slot, enum order_status status, uint32_t stage);
/* Whatever it was before; what may not be is noted, and done. */
void order_overwrite_status(struct machine *machine, uint32_t slot, enum order_status status, uint32_t stage);
/* What a transaction that a stage commits has done for an order. */
void order_effects(struct machine *machine, struct order *order, const struct transaction *transaction, uint32_t stage);
/* No record or request of the order is left. */
void order_unheld(struct machine *machine, uint32_t slot, sim_ns at_ns);
/* One record or request less, at at_ns. */
static inline void order_release(struct machine *machine, uint32_t slot, sim_ns at_ns)
{
    struct order *order = order_at(&machine->orders, slot);
    SIM_ASSERT_IN(machine->sim, order->refs > 0); /* an order that is closed has none */
    if (--order->refs == 0) order_unheld(machine, slot, at_ns);
}
/* Full scan at the end of a run. */
void orders_finish(struct machine *machine, sim_ns end_ns, bool cut);

#endif
