/* SPDX-License-Identifier: GPL-3.0-or-later
 * What happens to some orders of a run, told step by step, and the run's trail: its fingerprint at each instant at
 * which a fact came. Two runs of one plan are the same as far as their trails are.
 *
 * Told by looking at the machine between two events (sim_tap): what can be told costs nothing in a run that nobody
 * listens to, and no part of the model knows of it. What begins and ends within one event is not seen (a step that
 * takes no time is told with the next one). */
#ifndef MODELS_STORY_H
#define MODELS_STORY_H

#include "models/observer.h"
#include "sim/engine/arena.h"

enum { STORY_ORDERS = 4, TRAIL_STEPS = 8192, STORY_LINES = 4096 };

enum story_kind {
    STORY_FAULT,   /* fault: happened once more */
    STORY_CREATED, /* the order's row is committed */
    STORY_RECORD,  /* topic, partition: a record of it is in the log */
    STORY_BEGINS,  /* stage, consumer (NONE: a request), instance, attempt */
    STORY_STEP,    /* stage, step: done; value where one was read or will be written */
    STORY_REFUSED, /* stage, step */
    STORY_THROWS,  /* stage, step: the listener throws, all is rolled back */
    STORY_DIES,    /* stage, step: its process is gone */
    STORY_LOSES,   /* lock, cause, since_ns: it is not alone any more, and does not know */
    STORY_ROW,     /* table, key: the committed value goes from was to value; other_order: whose commit; 0: not known */
    STORY_STATUS,  /* from, to */
    STORY_MISHAP,  /* mishap, stage, since_ns */
    STORY_BROKEN,  /* invariant: a violation (of this order, or 0) */
};

struct story_line {
    sim_ns at_ns;
    enum story_kind kind;
    uint64_t order_id; /* 0: of no single order */
    uint32_t fault, topic, partition, stage, instance, attempt, lock, invariant;
    uint32_t consumer, group, member; /* member: which of the group's, from 0 */
    uint32_t step;                    /* from 0, as the stage's operations are numbered */
    uint32_t step_kind, table;        /* table: what the step is about: a table, a lock, a topic; NONE */
    enum loss_cause cause;
    enum mishap_kind mishap;
    enum order_status from, to;
    sim_ns since_ns; /* when the lock was got */
    uint64_t key, other_order;
    bool known; /* once: the order has the mark already */
    bool has_value;
    int64_t was, value;
};

struct trail_step {
    sim_ns at_ns;
    uint64_t fingerprint;
};

struct story {
    uint32_t n_orders; /* to watch; filled before the run */
    uint64_t order_id[STORY_ORDERS];
    uint32_t n_lines; /* the first STORY_LINES */
    struct story_line *line;
    bool cut;         /* there were more */
    uint32_t n_steps; /* the first TRAIL_STEPS */
    struct trail_step *trail;
    struct watch *watch; /* of the run; story.c */
};

/* n_orders may be 0: then only the trail, the faults and the violations are told. */
void story_init(struct story *story, const uint64_t *order_id, uint32_t n_orders, struct arena *arena);

/* ---- for pipeline.c ---- */

struct machine;
struct faults;
void story_listen(struct story *story, struct machine *machine, const struct faults *faults);
/* What came with the last event. */
void story_end(struct story *story);

#endif
