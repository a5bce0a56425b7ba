/* SPDX-License-Identifier: GPL-3.0-or-later
 * The plain pipeline without an event list: each record starts at the later of its own arrival and the end of the one
 * before it (Lindley's recursion; max and plus are all the arithmetic). This is the limit of what a simulator of this
 * pipeline can reach. The three stock streams are each in order of their join, so the flow manager merges them. */
#include "bench/plain.h"

#include <stdlib.h>

#include "bench/variates.h"

struct server { double free_s; };

static inline double serve(struct server *server, double arrival_s, double service_s)
{
    const double start_s = arrival_s > server->free_s ? arrival_s : server->free_s;
    return server->free_s = start_s + service_s;
}

/* ceil, which is a call on machines without SSE 4.1. */
static inline uint32_t second_after(double at_s)
{
    const uint32_t whole = (uint32_t)at_s;
    return whole + (at_s > whole);
}

/* Counts of arrivals and ends by the first whole second that sees them; summed up into queue lengths at the end. */
static inline void count(struct plain_answers *out, enum plain_queue queue, double from_s, double to_s)
{
    out->queued[queue][second_after(from_s)]++;
    out->queued[queue][second_after(to_s)]--;
}

struct stream { uint32_t n, next; uint32_t *order; double *join_s; };

static void run_legs(struct plain_answers *out, struct stream *stream, uint32_t consumers, struct variates *v)
{
    const struct lognormal stock = lognormal_of(0.027, 0.5), coupon = lognormal_of(0.002, 0.5);
    struct server stock_server[PLAIN_PARTITIONS] = { { 0.0 } }, coupon_server = { 0.0 };

    for (uint32_t i = 0; i < out->n; i++) {
        const uint32_t c = i % PLAIN_PARTITIONS % consumers;
        const double arrival_s = plain_arrival_s(i);
        const double stock_s = serve(&stock_server[c], arrival_s, draw_lognormal(v, &stock));
        const double coupon_s = serve(&coupon_server, arrival_s, draw_lognormal(v, &coupon));

        count(out, PLAIN_STOCK, arrival_s, stock_s);
        count(out, PLAIN_COUPON, arrival_s, coupon_s);
        out->completion_s[i] = -arrival_s;
        stream[c].order[stream[c].n] = i;
        stream[c].join_s[stream[c].n++] = stock_s > coupon_s ? stock_s : coupon_s;
    }
}

static struct stream *earliest(struct stream *stream, uint32_t n)
{
    struct stream *first = NULL;
    for (uint32_t c = 0; c < n; c++)
        if (stream[c].next < stream[c].n &&
            (!first || stream[c].join_s[stream[c].next] < first->join_s[first->next]))
            first = &stream[c];
    return first;
}

static void run_tail(struct plain_answers *out, struct stream *stream, uint32_t consumers, struct variates *v)
{
    const struct lognormal payment = lognormal_of(0.008, 0.5);
    struct server flow_server = { 0.0 }, payment_server = { 0.0 }, post_server = { 0.0 };

    for (struct stream *from; (from = earliest(stream, consumers)); from->next++) {
        const double join_s = from->join_s[from->next];
        const double flow_s = serve(&flow_server, join_s, 0.001 * draw_exponential(v));
        const double paid_s = serve(&payment_server, flow_s, draw_lognormal(v, &payment));
        const double end_s = serve(&post_server, paid_s, 0.001 * draw_exponential(v));

        count(out, PLAIN_FLOW, join_s, flow_s);
        count(out, PLAIN_PAYMENT, flow_s, paid_s);
        count(out, PLAIN_POST, paid_s, end_s);
        out->completion_s[from->order[from->next]] += end_s;
        out->last_end_s = end_s;
    }
}

void plain_maxplus(struct plain_answers *out, uint32_t consumers, uint32_t repeats, uint64_t seed)
{
    /* One consumer at 27 ms needs at most this long; a tenth more covers any luck. */
    const uint32_t seconds = repeats * (PROFILE_S + PROFILE_ORDERS / 30) + 60;
    struct stream stream[PLAIN_PARTITIONS];
    struct variates v;

    variates_init(&v, seed);
    *out = (struct plain_answers){ .n = repeats * PROFILE_ORDERS, .seconds = seconds };
    out->completion_s = plain_alloc(out->n, sizeof *out->completion_s);
    for (int q = 0; q < PLAIN_QUEUES; q++)
        out->queued[q] = plain_alloc(seconds, sizeof *out->queued[q]);
    for (uint32_t c = 0; c < consumers; c++)
        stream[c] = (struct stream){ .order = plain_alloc(out->n, sizeof(uint32_t)),
                                     .join_s = plain_alloc(out->n, sizeof(double)) };

    run_legs(out, stream, consumers, &v);
    run_tail(out, stream, consumers, &v);

    for (int q = 0; q < PLAIN_QUEUES; q++)
        for (uint32_t t = 1; t < seconds; t++)
            out->queued[q][t] += out->queued[q][t - 1];
    for (uint32_t c = 0; c < consumers; c++) {
        free(stream[c].order);
        free(stream[c].join_s);
    }
}
