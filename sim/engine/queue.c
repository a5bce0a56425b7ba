/* SPDX-License-Identifier: GPL-3.0-or-later
 * A 4-ary heap: half the levels of a binary one, and the four children of a node share one cache line. */
#include "sim/engine/queue.h"

#include <string.h>

#include "sim/engine/arena.h"
#include "sim/engine/error.h"

void queue_init(struct queue *queue, struct arena *arena)
{
    queue->n = 0;
    queue->capacity = 256;
    queue->arena = arena;
    queue->heap = arena_array(arena, queue_key, queue->capacity);
}

static void queue_grow(struct queue *queue)
{
    queue_key *wider = arena_array(queue->arena, queue_key, (size_t)queue->capacity * 2);
    memcpy(wider, queue->heap, sizeof(queue_key) * queue->n);
    queue->heap = wider;
    queue->capacity *= 2;
}

void queue_push(struct queue *queue, queue_key key)
{
    if (queue->n == queue->capacity) queue_grow(queue);
    queue_key *heap = queue->heap;
    uint32_t i = queue->n++;
    while (i > 0) {
        uint32_t parent = (i - 1) >> 2;
        if (heap[parent] < key) break;
        heap[i] = heap[parent];
        i = parent;
    }
    heap[i] = key;
}

queue_key queue_pop(struct queue *queue)
{
    SIM_ASSERT(queue->n > 0);
    queue_key *heap = queue->heap, top = heap[0], last = heap[--queue->n];
    uint32_t n = queue->n, i = 0;
    for (;;) {
        uint32_t child = 4 * i + 1, least = child;
        if (child >= n) break;
        uint32_t end = child + 4 < n ? child + 4 : n;
        for (uint32_t j = child + 1; j < end; j++)
            if (heap[j] < heap[least]) least = j;
        if (last < heap[least]) break;
        heap[i] = heap[least];
        i = least;
    }
    heap[i] = last;
    return top;
}
