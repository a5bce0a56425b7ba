/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where the time of an order goes, for a sample of the orders. The path of an order is the chain of records and stages
 * that led to PAID: of two legs the one that was joined last. Each record that is sent carries how the time until then
 * is made up, whoever begins with it adds the wait since, so the parts of a paid order sum up to its completion time,
 * to the nanosecond, whatever happened on the way.
 *
 * A few hundred orders of a run are followed, chosen by their number: it costs the others a look at a flag. */
#ifndef MODELS_ORDERS_PATH_H
#define MODELS_ORDERS_PATH_H

#include "models/observer.h"
#include "models/orders/order.h"
#include "sim/engine/seldom.h"

struct machine;
struct thread;

enum { PATH_FAILED_MAX = 8 };

struct path {
    uint32_t order;              /* slot */
    sim_ns *sent_ns;             /* by topic: when a record of it was sent there first; SIM_NEVER: not yet */
    sim_ns *part;                /* by topic: how its time until then is made up */
    sim_ns *rebalanced_ns;       /* by topic and group: what the group had spent in rebalances by then */
    uint32_t n_failed;           /* deliveries that failed: where, and when the first of them began */
    struct { uint32_t stage, topic; sim_ns begun_ns; } failed[PATH_FAILED_MAX];
    struct path *next;           /* of its bucket, or in no use */
};

struct paths {
    uint64_t mask;               /* orders are followed whose mixed number has none of these bits */
    uint32_t n_parts;            /* PATH_PARTS, and the wait in the logs of each group */
    uint32_t n_opened, capacity;
    struct path **bucket;
    uint32_t n_buckets; /* by slot; a power of two: a pointer for each order would be 8 bytes each */
    struct path *free;
    sim_ns *now;                 /* room for the parts of one */
    uint32_t n; sim_ns *completion_ns, *part; /* of those that are paid */
};

/* expected: orders of the run, roughly; 0: none is followed. */
void paths_init(struct machine *machine, uint64_t expected);
/* A request begins: perhaps its order is followed from now on. */
void path_open(struct machine *machine, struct thread *thread);
/* The thread has begun with a record of an order that is followed, or with its request. */
SIM_SELDOM void path_begin(struct machine *machine, struct thread *thread);
/* It sends a record to a topic at at_ns. */
SIM_SELDOM void path_send(struct machine *machine, const struct thread *thread, uint32_t topic, sim_ns at_ns);
/* The relay's thread sends a row that was written at written_ns: until now the order has waited for that. */
SIM_SELDOM void path_relay(struct machine *machine, const struct thread *relay, uint32_t topic, sim_ns written_ns);
/* Its listener has thrown. */
SIM_SELDOM void path_fail(struct machine *machine, const struct thread *thread);
/* It has set the status: if that was PAID, the path ends here. */
SIM_SELDOM void path_end(struct machine *machine, struct thread *thread);
/* The order leaves, paid or not. */
SIM_SELDOM void path_close(struct machine *machine, uint32_t slot);

#endif
