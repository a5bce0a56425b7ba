/* SPDX-License-Identifier: GPL-3.0-or-later
 * The plain pipeline as a bare event loop: one struct, one switch, a binary heap of 16-byte events whose key is
 * (time, sequence, server) in one 128-bit number. No context, no facts, no statistics but those plain.h asks for: what
 * a simulator that does more is to be measured against. */
#include "bench/plain.h"

#include <stdlib.h>

#include "bench/variates.h"

typedef unsigned __int128 event;

/* What ends, or arrives: the low byte of an event. */
enum source { STOCK_0, STOCK_1, STOCK_2, COUPON, FLOW, PAYMENT, POST, SERVERS, ARRIVAL = SERVERS, SAMPLE };

/* FIFO of order numbers; grows by doubling. */
struct fifo { uint32_t *order; uint32_t head, n, capacity; };

struct loop {
    event heap[SERVERS + 3];
    uint32_t n_events;
    uint64_t sequence, now_ns;
    uint32_t consumers, arrived, ended, second;
    struct fifo fifo[SERVERS];   /* its head is in service */
    uint8_t *leg_done;           /* by order: the first of its two legs has ended */
    struct variates v;
    struct lognormal stock, coupon, payment;
    struct plain_answers *out;
};

static void schedule(struct loop *l, uint64_t at_ns, enum source source)
{
    const event e = (event)at_ns << 64 | (l->sequence++ << 8 | source);
    uint32_t i = l->n_events++;

    for (; i > 0 && e < l->heap[(i - 1) / 2]; i = (i - 1) / 2)
        l->heap[i] = l->heap[(i - 1) / 2];
    l->heap[i] = e;
}

static event pop(struct loop *l)
{
    const event top = l->heap[0], last = l->heap[--l->n_events];
    uint32_t i = 0;

    for (uint32_t child; (child = 2 * i + 1) < l->n_events; i = child) {
        if (child + 1 < l->n_events && l->heap[child + 1] < l->heap[child])
            child++;
        if (last <= l->heap[child])
            break;
        l->heap[i] = l->heap[child];
    }
    l->heap[i] = last;
    return top;
}

static void fifo_grow(struct fifo *f)
{
    const uint32_t capacity = f->capacity ? 2 * f->capacity : 64;
    uint32_t *order = plain_alloc(capacity, sizeof *order);

    for (uint32_t i = 0; i < f->n; i++)
        order[i] = f->order[(f->head + i) & (f->capacity - 1)];
    free(f->order);
    *f = (struct fifo){ .order = order, .n = f->n, .capacity = capacity };
}

static double service_s(struct loop *l, enum source server)
{
    switch (server) {
    case COUPON: return draw_lognormal(&l->v, &l->coupon);
    case FLOW: case POST: return 0.001 * draw_exponential(&l->v);
    case PAYMENT: return draw_lognormal(&l->v, &l->payment);
    default: return draw_lognormal(&l->v, &l->stock);
    }
}

static void start(struct loop *l, enum source server)
{
    schedule(l, l->now_ns + (uint64_t)(service_s(l, server) * 1e9 + 0.5), server);
}

static void enqueue(struct loop *l, enum source server, uint32_t order)
{
    struct fifo *f = &l->fifo[server];

    if (f->n == f->capacity)
        fifo_grow(f);
    f->order[(f->head + f->n++) & (f->capacity - 1)] = order;
    if (f->n == 1)
        start(l, server);
}

static uint64_t arrival_ns(uint32_t i) { return (uint64_t)(plain_arrival_s(i) * 1e9 + 0.5); }

static void on_arrival(struct loop *l)
{
    const uint32_t i = l->arrived++;

    enqueue(l, (enum source)(STOCK_0 + i % PLAIN_PARTITIONS % l->consumers), i);
    enqueue(l, COUPON, i);
    l->out->completion_s[i] = -1e-9 * (double)l->now_ns;
    if (l->arrived < l->out->n)
        schedule(l, arrival_ns(l->arrived), ARRIVAL);
}

static void on_end(struct loop *l, enum source server)
{
    struct fifo *f = &l->fifo[server];
    const uint32_t order = f->order[f->head];

    f->head = (f->head + 1) & (f->capacity - 1);
    if (--f->n)
        start(l, server);
    if (server == POST) {
        l->out->completion_s[order] += 1e-9 * (double)l->now_ns;
        l->ended++;
    } else if (server >= FLOW) {
        enqueue(l, (enum source)(server + 1), order);
    } else if (l->leg_done[order]++) {
        enqueue(l, FLOW, order);
    }
}

/* The sampler runs a nanosecond late, which puts it behind all events of its instant. */
static void on_sample(struct loop *l)
{
    struct plain_answers *out = l->out;

    out->queued[PLAIN_STOCK][l->second] = l->fifo[STOCK_0].n + l->fifo[STOCK_1].n + l->fifo[STOCK_2].n;
    for (int q = PLAIN_COUPON; q < PLAIN_QUEUES; q++)
        out->queued[q][l->second] = l->fifo[COUPON + q - PLAIN_COUPON].n;
    if (++l->second < out->seconds && l->ended < out->n)
        schedule(l, (uint64_t)l->second * 1000000000u + 1, SAMPLE);
}

static void run(struct loop *l)
{
    while (l->n_events) {
        const event e = pop(l);
        const enum source source = (enum source)((uint64_t)e & 0xff);

        l->now_ns = (uint64_t)(e >> 64);
        switch (source) {
        case ARRIVAL: on_arrival(l); break;
        case SAMPLE: on_sample(l); break;
        default: on_end(l, source);
        }
        if (l->ended == l->out->n)
            l->out->last_end_s = 1e-9 * (double)l->now_ns, l->ended++;
    }
}

void plain_loop(struct plain_answers *out, uint32_t consumers, uint32_t repeats, uint64_t seed)
{
    struct loop *l = plain_alloc(1, sizeof *l);

    *out = (struct plain_answers){ .n = repeats * PROFILE_ORDERS,
                                   .seconds = repeats * (PROFILE_S + PROFILE_ORDERS / 30) + 60 };
    out->completion_s = plain_alloc(out->n, sizeof *out->completion_s);
    for (int q = 0; q < PLAIN_QUEUES; q++)
        out->queued[q] = plain_alloc(out->seconds, sizeof *out->queued[q]);
    l->out = out;
    l->consumers = consumers;
    l->leg_done = plain_alloc(out->n, 1);
    l->stock = lognormal_of(0.027, 0.5);
    l->coupon = lognormal_of(0.002, 0.5);
    l->payment = lognormal_of(0.008, 0.5);
    variates_init(&l->v, seed);

    schedule(l, 1, SAMPLE);
    schedule(l, arrival_ns(0), ARRIVAL);
    run(l);

    for (int s = 0; s < SERVERS; s++)
        free(l->fifo[s].order);
    free(l->leg_done);
    free(l);
}
