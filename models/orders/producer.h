/* SPDX-License-Identifier: GPL-3.0-or-later
 * Kafka's producer in each JVM where topics linger: records wait for company, a batch for each partition.
 *
 * A batch leaves when it is full (the next record does not fit, or nothing more would), or when the first of its
 * records has waited for linger; and with it leave all the others that are open, for a request to a broker takes what
 * there is for it. A batch is in its log as a whole, after the append latency of its first record, and never before
 * the batch that left before it.
 * Left out: several brokers (one request takes all), buffer.memory, max.request.size. Topics with another linger are
 * sent by another producer of the JVM.
 * Source: RecordAccumulator (append, ready, drain) and Sender of Kafka's clients. */
#ifndef MODELS_ORDERS_PRODUCER_H
#define MODELS_ORDERS_PRODUCER_H

#include <stdint.h>

#include "sim/engine/sim.h"

struct machine;

/* delivery.timeout.ms: what the broker has not taken by then is lost. */
#define DELIVERY_TIMEOUT_NS (120 * SIM_S)

/* A record that its thread has decided to send, and then until its batch leaves: what becomes of it hangs on what
 * others send before. */
struct send {
    struct machine *machine;
    struct send *next;
    uint32_t order, topic, instance;
    uint32_t waits, life;     /* the consumer that waits for the answer, NONE: nobody does; and in which of its lives */
    sim_ns latency_ns, at_ns; /* at_ns: in the log, without linger */
};

struct batch {
    struct send *first, *last;
    uint32_t bytes;
    sim_ns at_ns; /* when the one that left last is in the log */
};

struct producer { sim_handle timer; }; /* 0: no batch is open */

struct producers {
    uint32_t *like;            /* by topic: the first one with its linger, which names the producer */
    struct producer *producer; /* by instance and topic; NULL: nothing lingers */
    struct batch *batch;       /* by instance and log */
};

void producers_init(struct machine *machine);
/* Makes a batch's time-out its JVM's own. */
void producers_actors(struct machine *machine);
/* The record is sent now, to a partition of a topic with linger. */
void producer_takes(struct machine *machine, struct send *send, uint32_t log);
/* The JVM comes to an orderly end: what waits is sent. */
void producer_closes(struct machine *machine, uint32_t instance);
/* The JVM is gone, and what waited in it: lost, counted and noted. */
void producer_dies(struct machine *machine, uint32_t instance);

#endif
