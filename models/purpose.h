/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a random draw is for: the `purpose` of random_block. One list, so that no two parts share a stream. The numbers
 * are part of every result: append, never renumber. */
#ifndef MODELS_PURPOSE_H
#define MODELS_PURPOSE_H

enum purpose {
    PURPOSE_LOAD = 1, /* gaps between Poisson arrivals, by load */
    PURPOSE_CONTENT,  /* user, item, quantity, amount, coupon of an order */
    PURPOSE_STAGE,    /* service times and business luck, by order and stage */
    PURPOSE_APPEND,   /* send to visible in the log */
    PURPOSE_FETCH,    /* round trip of a fetch */
    PURPOSE_COMMIT,   /* round trip of an offset commit */
    PURPOSE_POLL,     /* overhead of a poll */
    PURPOSE_LOCK,     /* message from the lock server to a waiter */
    PURPOSE_STICKY,   /* next partition of records without a key */
    PURPOSE_SAMPLE,   /* which orders go to orders.csv */
    PURPOSE_FLUSH,    /* group commit of a database */
    PURPOSE_BACKOFF,  /* sleep before the next attempt */
    PURPOSE_FAULT,    /* when a fault happens, to which instance, for how long */
    PURPOSE_LUCK,     /* business luck in a stage's second refusing step and those after it, by order and stage */
    PURPOSE_MEMBER,   /* id and heartbeat phase of a group's member, by consumer and join */
    PURPOSE_DUPLICATE, /* which records a producer appends twice */
    PURPOSE_OUTBOX,   /* the relay's time for a row */
    PURPOSE_SWEEPER,  /* its time for an order */
    PURPOSE_EXPLORE,  /* fault plans and values of a search, by run */
    PURPOSE_HYPERCUBE, /* values of an experiment that are known as a range only, by replication */
    PURPOSE_SCALER,   /* phases of its two clocks; time until a pod is ready, by scaler and pod */
};

#endif
