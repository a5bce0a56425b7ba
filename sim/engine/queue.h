/* SPDX-License-Identifier: GPL-3.0-or-later
 * Pending events as 128-bit keys: (time 64 bits, priority 3, sequence 37, slot 24) from the top; one comparison
 * decides, ties included. The least keys stand in a few places, in no order; which is the how-manieth is one word of
 * nibbles. What lies further ahead waits in a 4-ary heap. Most simulations of a pipeline have fewer events pending than
 * there are places, and never touch the heap. */
#ifndef SIM_ENGINE_QUEUE_H
#define SIM_ENGINE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct arena;

typedef unsigned __int128 queue_key;

#define QUEUE_SLOT_BITS 24
#define QUEUE_SEQUENCE_BITS 37

enum { QUEUE_NEAR = 16, QUEUE_ALL_FREE = (1 << QUEUE_NEAR) - 1 };

/* Greater than any key. */
#define QUEUE_NO_KEY (~(queue_key)0)

struct queue {
    uint32_t n;                /* keys pending */
    uint32_t free;             /* a bit for each place that holds no key, but QUEUE_NO_KEY */
    uint64_t order;            /* places of the near keys, a nibble each, that of the least one lowest */
    queue_key far;             /* heap[0]; QUEUE_NO_KEY when the heap is empty */
    queue_key near[QUEUE_NEAR];
    queue_key *heap;           /* none less than any near key */
    uint32_t n_heap, capacity;
    struct arena *arena;
};

void queue_init(struct queue *queue, struct arena *arena);
void queue_push(struct queue *queue, queue_key key);
/* The same for a key that is not expected soon: kept out of the places if it can be. */
void queue_push_far(struct queue *queue, queue_key key);
/* Brings keys from the heap into the empty places. */
void queue_refill(struct queue *queue);
/* The least key. Only when n > 0. */
static inline queue_key queue_pop(struct queue *queue)
{
    if (queue->free == QUEUE_ALL_FREE) queue_refill(queue);
    const uint32_t place = queue->order & (QUEUE_NEAR - 1);
    const queue_key key = queue->near[place];
    queue->n--;
    queue->order >>= 4;
    queue->near[place] = QUEUE_NO_KEY;
    queue->free |= 1u << place;
    return key;
}

/* Less than all that are pending. May be false although it is so. */
static inline bool queue_is_least(const struct queue *queue, queue_key key)
{
    return queue->free != QUEUE_ALL_FREE && key < queue->near[queue->order & (QUEUE_NEAR - 1)];
}

/* The key that queue_pop would give. */
static inline queue_key queue_least(const struct queue *queue)
{
    if (queue->free != QUEUE_ALL_FREE) return queue->near[queue->order & (QUEUE_NEAR - 1)];
    return queue->far;
}

#endif
