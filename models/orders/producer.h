/* SPDX-License-Identifier: GPL-3.0-or-later
 * Kafka's producer in each JVM where topics linger: records wait for company, a batch for each partition.
 *
 * A batch leaves when it is full (the next record does not fit, or nothing more would), or when the first of its
 * records has waited for linger; and with it leave all the others that are open, for a request to a broker takes what
 * there is for it. A batch is in its log as a whole, after the append latency of its first record, and never before
 * the batch that left before it.
 * What a broker that is away does not take stays with its producer, which tries again until the broker is back, and
 * dies with its JVM.
 * Left out: several brokers (one request takes all), buffer.memory, max.request.size. Topics with another linger are
 * sent by another producer of the JVM.
 * Source: RecordAccumulator (append, ready, drain) and Sender of Kafka's clients. */
#ifndef MODELS_ORDERS_PRODUCER_H
#define MODELS_ORDERS_PRODUCER_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/seldom.h"
#include "sim/engine/sim.h"

struct machine;

/* delivery.timeout.ms: what the broker has not taken by then is lost. */
#define DELIVERY_TIMEOUT_NS (120 * SIM_S)

/* A record that its thread has decided to send, and then until its batch leaves: what becomes of it hangs on what
 * others send before. */
struct send {
    struct machine *machine;
    struct send *next, *before; /* before: of those that the broker has not taken */
    uint32_t order, topic, instance, life; /* life: of the instance, when it sent it */
    uint32_t waits;             /* the consumer that waits for the answer; NONE: nobody does */
    bool held;                  /* waits: the broker has not taken it at once */
    bool relayed;               /* by the relay of an outbox, which has the row until it is answered */
    sim_ns latency_ns, at_ns;   /* at_ns: in the log, without linger, if the broker is there */
    sim_handle retry;
};

struct batch {
    struct send *first, *last;
    uint32_t bytes;
    sim_ns at_ns; /* when the one that left last is in the log */
};

struct producer { sim_handle timer; }; /* 0: no batch is open */

/* What the producers of a JVM have sent, and the broker has not taken. */
struct untaken {
    struct send *first, *last; /* in the order in which they came to it */
    sim_ns arrives_ns;         /* the last record that is on its way is there */
};

struct producers {
    struct untaken *untaken;   /* by instance; NULL: a run without faults */
    uint32_t *like;            /* by topic: the first one with its linger, which names the producer */
    struct producer *producer; /* by instance and topic; NULL: nothing lingers */
    struct batch *batch;       /* by instance and log */
};

void producers_init(struct machine *machine);
/* JVMs can die: a batch's time-out is its JVM's own. */
void producers_expect_faults(struct machine *machine);
/* The record is sent now, to a partition of a topic with linger. */
void producer_takes(struct machine *machine, struct send *send, uint32_t log);
/* In a run with faults a record's log and its sender go through its way together: a life of an instance, and whether
 * it was the relay of an outbox. */
enum { SENT_LOG_BITS = 20, SENT_INSTANCE_BITS = 20, SENT_RELAYED_BIT = 63 };

static inline uint32_t sent_log(uint64_t sent) { return (uint32_t)sent & ((1u << SENT_LOG_BITS) - 1); }

/* A record of the sender leaves for the log, and is there at at_ns: the two together. */
SIM_SELDOM uint64_t producer_sends(struct machine *machine, const struct send *sender, uint32_t log, sim_ns at_ns);
/* It is there, and the broker is not: it is kept until the broker is back; or it is lost. */
SIM_SELDOM void producer_holds(struct machine *machine, uint32_t order, uint64_t sent);
/* Whether the JVM that has sent it is still there. */
bool sender_lives(const struct machine *machine, const struct send *send);
/* The JVM comes to an orderly end: what waits is sent. */
void producer_closes(struct machine *machine, uint32_t instance);
/* True: the broker is away, and something of it has not been taken. Who closes a producer waits for that. */
bool producer_waits(const struct machine *machine, uint32_t instance);
/* The JVM is gone, and what waited in it: lost, counted and noted. */
void producer_dies(struct machine *machine, uint32_t instance);

#endif
