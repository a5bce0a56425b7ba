/* SPDX-License-Identifier: GPL-3.0-or-later
 * Orders in flight: what an order is about, its status, and what has been done for it. An order exists from its request
 * until it is terminal and no record of it is left in any log or on its way; its slot is then used again.
 * Status (semantics of the order service): PENDING -> PAYING -> PAID | FAILED, PENDING -> FAILED | CANCELLED. */
#ifndef MODELS_ORDERS_ORDER_H
#define MODELS_ORDERS_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "models/scenario.h"
#include "sim/engine/arena.h"

#define NO_COUPON UINT32_MAX

/* Effects committed for an order. */
enum {
    DID_RESERVE = 1, DID_RESTORE = 2, DID_USE = 4, DID_RESTORE_COUPON = 8, DID_DEBIT = 16, DID_REFUND = 32,
    DID_CREATE = 64, DID_SEND_PAYMENT = 128
};

enum {
    ORDER_LOCKED = 1,     /* its own row is: by a join that has read it, or a status that is not committed */
    ORDER_PAYMENT_OK = 2, /* has been answered so */
    ORDER_PRELOADED = 4,  /* was there before the run: what it took then is not known */
    ORDER_FOLLOWED = 8,   /* path.h */
    /* The row that says so of it, or a tombstone in its place, is inserted and not committed. */
    ORDER_RESERVING = 16, ORDER_USING = 32, ORDER_DEBITING = 64,
    ORDER_CREATING = 128  /* its own row is inserted and not committed; only where two may insert it */
};

struct order {
    sim_ns created_ns;       /* intended arrival */
    uint32_t id, user, item, coupon, amount;
    uint16_t quantity;
    uint16_t refs;           /* records of it in logs or on their way, and requests at work on it */
    uint16_t once;           /* idempotency marks */
    uint8_t status;          /* enum order_status */
    uint8_t did;
    uint8_t legs_ok, legs_failed;
    uint8_t load;            /* that sent it */
    bool in_use;
    uint16_t claimed;        /* idempotency keys inserted in transactions that are still open */
    uint8_t tombstones;      /* what must not be done any more: DID_RESERVE, DID_USE, DID_DEBIT */
    uint8_t flags;
    uint16_t parted_over, part; /* the partition of its id where topics are parted so (plan_topic); 0: not asked yet */
};

/* Kept beside the order where somebody asks for it. */
struct order_times { sim_ns ended_ns, *wait_ns, *service_ns; };

enum { ORDER_CHUNK = 1024 };

struct orders {
    struct arena *arena;
    struct order **chunk;
    struct order_times **times;  /* NULL when not kept */
    uint32_t **look;             /* the sweeper's first look at which the order is stuck, modulo 2^32; NULL likewise */
    uint32_t **refusal;          /* by mark of `once`: the refused step that went with it (answer.h); NULL likewise */
    uint32_t n_chunks, chunk_capacity, n_stages;
    uint32_t n_refusals;         /* marks of an order that are kept so; 0: none */
    uint32_t free;               /* slot + 1; 0: none */
    bool keep_times, keep_stages, keep_looks;
};

void orders_init(struct orders *orders, struct arena *arena, bool keep_times, bool keep_stages, uint32_t n_stages);
uint32_t order_open(struct orders *orders);
void order_close(struct orders *orders, uint32_t slot);

static inline struct order *order_at(const struct orders *orders, uint32_t slot)
{
    return &orders->chunk[slot / ORDER_CHUNK][slot % ORDER_CHUNK];
}

static inline struct order_times *order_times_at(const struct orders *orders, uint32_t slot)
{
    return &orders->times[slot / ORDER_CHUNK][slot % ORDER_CHUNK];
}

static inline uint32_t *order_look_at(const struct orders *orders, uint32_t slot)
{
    return &orders->look[slot / ORDER_CHUNK][slot % ORDER_CHUNK];
}

static inline uint32_t *order_refusals_at(const struct orders *orders, uint32_t slot)
{
    return &orders->refusal[slot / ORDER_CHUNK][(size_t)(slot % ORDER_CHUNK) * orders->n_refusals];
}

static inline bool order_is_terminal(const struct order *order) { return order->status >= ORDER_PAID; }

#endif
