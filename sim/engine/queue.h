/* SPDX-License-Identifier: GPL-3.0-or-later
 * Pending events as 128-bit keys: (time 64 bits, priority 3, sequence 37, slot 24) from the top; one comparison
 * decides, ties included. The least keys stand sorted in a short run, where a pop is one step and a push mostly moves a
 * few neighbours; what lies further ahead waits in a 4-ary heap. Most simulations of a pipeline have fewer events
 * pending than the run is long, and never touch the heap. */
#ifndef SIM_ENGINE_QUEUE_H
#define SIM_ENGINE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct arena;

typedef unsigned __int128 queue_key;

#define QUEUE_SLOT_BITS 24
#define QUEUE_SEQUENCE_BITS 37

enum { QUEUE_NEAR = 32, QUEUE_RUN = 256 };

struct queue {
    uint32_t n;                /* keys pending */
    uint32_t first, end;       /* the sorted run: near[first] is the least of all, near[end - 1] its greatest */
    queue_key near[QUEUE_RUN]; /* at most QUEUE_NEAR keys, moving to the right as they are popped and pushed; near[0] is
                                  0, less than any: a search from the right ends there */
    queue_key *heap;           /* none less than the run's greatest */
    uint32_t n_heap, capacity;
    struct arena *arena;
};

void queue_init(struct queue *queue, struct arena *arena);
void queue_push(struct queue *queue, queue_key key);
/* The same for a key that is not expected soon: kept out of the run if it can be. */
void queue_push_far(struct queue *queue, queue_key key);
/* Brings keys from the heap into the empty run. */
void queue_refill(struct queue *queue);
/* The least key. Only when n > 0. */
static inline queue_key queue_pop(struct queue *queue)
{
    if (queue->first == queue->end) queue_refill(queue);
    queue->n--;
    return queue->near[queue->first++];
}

/* Less than all that are pending. May be false although it is so. */
static inline bool queue_is_least(const struct queue *queue, queue_key key)
{
    return queue->first != queue->end && key < queue->near[queue->first];
}

#endif
