/* SPDX-License-Identifier: GPL-3.0-or-later
 * The plain pipeline, which the reference loops and scenarios/plain-pipeline.json all play: orders arrive along the
 * report's load profile, order i where the area under the rate curve is i + 1/2; order i belongs to partition i mod 3.
 *
 *   stock (C consumers, partitions dealt out in turn, FIFO by arrival, lognormal 27 ms, CV 0.5)  --.
 *   coupon (one consumer, lognormal 2 ms, CV 0.5)                                                --+- join
 *   then one after the other, one consumer each: flow manager (exponential 1 ms), payment (lognormal 8 ms, CV 0.5),
 *   post-process (exponential 1 ms).
 *
 * Kept for each order: its completion time; and at every whole second, after all events of that instant, the number of
 * records in each of the five queues, the one in service included. No locks, no rows, no fetch or commit time. */
#ifndef BENCH_PLAIN_H
#define BENCH_PLAIN_H

#include <stdint.h>

enum plain_queue { PLAIN_STOCK, PLAIN_COUPON, PLAIN_FLOW, PLAIN_PAYMENT, PLAIN_POST, PLAIN_QUEUES };
enum { PLAIN_PARTITIONS = 3, PROFILE_ORDERS = 40800, PROFILE_S = 600 };

struct plain_answers {
    uint32_t n;                  /* orders: repeats * PROFILE_ORDERS */
    uint32_t seconds;            /* whole seconds sampled, from 0 */
    double *completion_s;        /* by order, from arrival to the end of post-process */
    double last_end_s;
    uint32_t *queued[PLAIN_QUEUES]; /* by second */
};

/* Both take 1 <= consumers <= 3. The arrays of *out belong to the caller (plain_free). */
void plain_maxplus(struct plain_answers *out, uint32_t consumers, uint32_t repeats, uint64_t seed);
void plain_loop(struct plain_answers *out, uint32_t consumers, uint32_t repeats, uint64_t seed);

/* When order i arrives, seconds; the profile follows itself without a gap. */
double plain_arrival_s(uint32_t i);
/* calloc that ends the program when there is no memory. */
void *plain_alloc(uint64_t n, uint64_t size);
void plain_free(struct plain_answers *answers);

#endif
