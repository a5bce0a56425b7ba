/* SPDX-License-Identifier: GPL-3.0-or-later
 * A push moves the keys on the shorter side of its place: an event for the end of a service time goes to the far end,
 * one for this very instant to the front, where the last pop left room.
 * When the run is full its greatest key goes to the heap; when it is empty the least half of a run comes back. */
#include "sim/engine/queue.h"

#include <string.h>

#include "sim/engine/arena.h"
#include "sim/engine/error.h"

enum { FIRST_HEAP = 256, REFILL = QUEUE_NEAR / 2 };

void queue_init(struct queue *queue, struct arena *arena)
{
    queue->n = queue->first = queue->end = queue->n_heap = 0;
    queue->capacity = FIRST_HEAP;
    queue->arena = arena;
    queue->heap = arena_array(arena, queue_key, queue->capacity);
}

static void heap_push(struct queue *queue, queue_key key)
{
    if (queue->n_heap == queue->capacity) {
        queue_key *wider = arena_array(queue->arena, queue_key, (size_t)queue->capacity * 2);
        memcpy(wider, queue->heap, sizeof(queue_key) * queue->n_heap);
        queue->heap = wider;
        queue->capacity *= 2;
    }
    queue_key *heap = queue->heap;
    uint32_t i = queue->n_heap++;
    for (uint32_t parent; i > 0 && heap[parent = (i - 1) >> 2] > key; i = parent) heap[i] = heap[parent];
    heap[i] = key;
}

static queue_key heap_pop(struct queue *queue)
{
    queue_key *heap = queue->heap, top = heap[0], last = heap[--queue->n_heap];
    uint32_t n = queue->n_heap, i = 0;
    for (uint32_t child; (child = 4 * i + 1) < n;) {
        uint32_t least = child, end = child + 4 < n ? child + 4 : n;
        for (uint32_t j = child + 1; j < end; j++)
            if (heap[j] < heap[least]) least = j;
        if (last < heap[least]) break;
        heap[i] = heap[least];
        i = least;
    }
    heap[i] = last;
    return top;
}

/* Moves the run back to the start of its space. */
static void run_rewind(struct queue *queue)
{
    memmove(queue->near, queue->near + queue->first, (queue->end - queue->first) * sizeof(queue_key));
    queue->end -= queue->first;
    queue->first = 0;
}

void queue_push_far(struct queue *queue, queue_key key)
{
    if (queue->first == queue->end || key > queue->near[queue->end - 1]) {
        queue->n++;
        heap_push(queue, key);
    } else {
        queue_push(queue, key);
    }
}

void queue_push(struct queue *queue, queue_key key)
{
    queue->n++;
    if (queue->n_heap > 0 && key > queue->heap[0]) {
        heap_push(queue, key);
        return;
    }
    if (queue->end == QUEUE_RUN) run_rewind(queue);
    queue_key *near = queue->near;
    uint32_t i;
    bool near_front = queue->first > 0 && key < near[(queue->first + queue->end) / 2];
    if (near_front) { /* move those before it: the middle is not among them */
        for (i = --queue->first; near[i + 1] < key; i++) near[i] = near[i + 1];
    } else {
        for (i = queue->end++; i > queue->first && near[i - 1] > key; i--) near[i] = near[i - 1];
    }
    near[i] = key;
    if (queue->end - queue->first > QUEUE_NEAR) heap_push(queue, near[--queue->end]);
}

void queue_refill(struct queue *queue)
{
    SIM_ASSERT(queue->n_heap > 0);
    queue->first = queue->end = 0;
    while (queue->end < REFILL && queue->n_heap > 0) queue->near[queue->end++] = heap_pop(queue);
}
