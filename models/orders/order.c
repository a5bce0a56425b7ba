/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "models/orders/order.h"

#include <string.h>

void orders_init(struct orders *orders, struct arena *arena, bool keep_times, bool keep_stages, uint32_t n_stages)
{
    memset(orders, 0, sizeof *orders);
    orders->arena = arena;
    orders->keep_times = keep_times || keep_stages;
    orders->keep_stages = keep_stages;
    orders->n_stages = n_stages;
}

static void chunk_table_grow(struct orders *orders)
{
    uint32_t wider = orders->chunk_capacity ? 2 * orders->chunk_capacity : 64;
    struct order **chunk = arena_array(orders->arena, struct order *, wider);
    struct order_times **times = arena_array(orders->arena, struct order_times *, wider);
    uint32_t **look = arena_array(orders->arena, uint32_t *, wider);
    uint32_t **refusal = arena_array(orders->arena, uint32_t *, wider);
    for (uint32_t i = 0; i < orders->n_chunks; i++) {
        chunk[i] = orders->chunk[i];
        times[i] = orders->times[i];
        look[i] = orders->look[i];
        refusal[i] = orders->refusal[i];
    }
    orders->chunk = chunk;
    orders->times = times;
    orders->look = look;
    orders->refusal = refusal;
    orders->chunk_capacity = wider;
}

static struct order_times *times_open(struct orders *orders)
{
    struct order_times *times = arena_array(orders->arena, struct order_times, ORDER_CHUNK);
    if (!orders->keep_stages) return times;
    sim_ns *ns = arena_array(orders->arena, sim_ns, (size_t)ORDER_CHUNK * orders->n_stages * 2);
    for (uint32_t i = 0; i < ORDER_CHUNK; i++, ns += 2 * (size_t)orders->n_stages) {
        times[i].wait_ns = ns;
        times[i].service_ns = ns + orders->n_stages;
    }
    return times;
}

/* The free list runs through the id of the orders that are not in use. */
static void chunk_open(struct orders *orders)
{
    if (orders->n_chunks == orders->chunk_capacity) chunk_table_grow(orders);
    struct order *chunk = arena_array(orders->arena, struct order, ORDER_CHUNK);
    uint32_t first = orders->n_chunks * ORDER_CHUNK;
    if (orders->keep_times) orders->times[orders->n_chunks] = times_open(orders);
    if (orders->keep_looks) orders->look[orders->n_chunks] = arena_array(orders->arena, uint32_t, ORDER_CHUNK);
    if (orders->n_refusals > 0)
        orders->refusal[orders->n_chunks] =
            arena_array(orders->arena, uint32_t, (size_t)ORDER_CHUNK * orders->n_refusals);
    orders->chunk[orders->n_chunks++] = chunk;
    for (uint32_t i = ORDER_CHUNK; i-- > 0;) {
        chunk[i].id = orders->free;
        orders->free = first + i + 1;
    }
}

uint32_t order_open(struct orders *orders)
{
    if (orders->free == 0) chunk_open(orders);
    uint32_t slot = orders->free - 1;
    struct order *order = order_at(orders, slot);
    orders->free = order->id;
    *order = (struct order){ .in_use = true, .coupon = NO_COUPON };
    if (orders->n_refusals > 0)
        memset(order_refusals_at(orders, slot), 0, orders->n_refusals * sizeof(uint32_t));
    if (orders->keep_times) {
        struct order_times *times = order_times_at(orders, slot);
        times->ended_ns = SIM_NEVER;
        for (uint32_t i = 0; orders->keep_stages && i < orders->n_stages; i++)
            times->wait_ns[i] = times->service_ns[i] = SIM_NEVER;
    }
    return slot;
}

void order_close(struct orders *orders, uint32_t slot)
{
    struct order *order = order_at(orders, slot);
    order->in_use = false;
    order->id = orders->free;
    orders->free = slot + 1;
}
