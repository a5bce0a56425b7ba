/* SPDX-License-Identifier: GPL-3.0-or-later
 * A push moves the keys on the shorter side of its place: an event for the end of a service time goes to the far end,
 * one for this very instant to the front, where the last pop left room.
 * When the run is full its greatest key goes to the heap; when it is empty the least half of a run comes back. */
#include "sim/engine/queue.h"

#include <string.h>

#include "sim/engine/arena.h"
#include "sim/engine/error.h"
#include "sim/engine/seldom.h"

enum { FIRST_HEAP = 256, REFILL = QUEUE_NEAR / 2, START = 1 };

void queue_init(struct queue *queue, struct arena *arena)
{
    queue->n = queue->n_heap = 0;
    queue->first = queue->end = START;
    queue->near[0] = 0;
    queue->capacity = FIRST_HEAP;
    queue->arena = arena;
    queue->heap = arena_array(arena, queue_key, queue->capacity);
}

static SIM_SELDOM void heap_grow(struct queue *queue)
{
    queue_key *wider = arena_array(queue->arena, queue_key, (size_t)queue->capacity * 2);
    memcpy(wider, queue->heap, sizeof(queue_key) * queue->n_heap);
    queue->heap = wider;
    queue->capacity *= 2;
}

/* Never in line: where the run suffices, queue_push shall not pay for the registers of this. */
static __attribute__((noinline)) void heap_push(struct queue *queue, queue_key key)
{
    if (queue->n_heap == queue->capacity) heap_grow(queue);
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
static SIM_SELDOM void run_rewind(struct queue *queue)
{
    uint32_t n = queue->end - queue->first;
    memmove(queue->near + START, queue->near + queue->first, n * sizeof(queue_key));
    queue->first = START;
    queue->end = START + n;
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

/* Half of the key decides all but ties. */
static uint64_t instant(queue_key key) { return (uint64_t)(key >> 64); }

void queue_push(struct queue *queue, queue_key key)
{
    queue->n++;
    if (queue->n_heap > 0 && key > queue->heap[0]) {
        heap_push(queue, key);
        return;
    }
    if (queue->first == queue->end) queue->first = queue->end = START;
    else if (queue->end == QUEUE_RUN) run_rewind(queue);
    queue_key *middle = &queue->near[(queue->first + queue->end) / 2], *place;
    const uint64_t at = instant(key);
    if (queue->first > START && key < *middle) { /* move those before it: the middle is not among them */
        for (place = &queue->near[--queue->first]; instant(place[1]) < at; place++) place[0] = place[1];
        for (; place[1] < key; place++) place[0] = place[1];
    } else { /* those behind it, back to the middle or the start at the most */
        for (place = &queue->near[queue->end++]; instant(place[-1]) > at; place--) place[0] = place[-1];
        for (; place[-1] > key; place--) place[0] = place[-1];
    }
    *place = key;
    if (queue->end - queue->first > QUEUE_NEAR) heap_push(queue, queue->near[--queue->end]);
}

void queue_refill(struct queue *queue)
{
    SIM_ASSERT(queue->n_heap > 0);
    queue->first = queue->end = START;
    while (queue->end < START + REFILL && queue->n_heap > 0) queue->near[queue->end++] = heap_pop(queue);
}
