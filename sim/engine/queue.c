/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where a new key belongs is a matter of chance, and a search for it a branch that nobody can foretell. So a push
 * compares with every place, which costs a few steps that do not wait for one another, and puts the new key's place
 * among the nibbles. Places are taken from below: with few keys pending only the lower half is looked at.
 * When all places are taken the greatest key goes to the heap; when all are free the least of the heap come back. */
#include "sim/engine/queue.h"

#include <string.h>

#include "sim/engine/arena.h"
#include "sim/engine/error.h"
#include "sim/engine/seldom.h"

enum { FIRST_HEAP = 256, HALF = QUEUE_NEAR / 2, ROOMY = 3 * QUEUE_NEAR / 4, LAST_NIBBLE = 4 * (QUEUE_NEAR - 1) };

void queue_init(struct queue *queue, struct arena *arena)
{
    queue->n = queue->n_heap = 0;
    queue->free = QUEUE_ALL_FREE;
    queue->order = 0;
    queue->far = QUEUE_NO_KEY;
    for (uint32_t i = 0; i < QUEUE_NEAR; i++) queue->near[i] = QUEUE_NO_KEY;
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
    queue->far = heap[0];
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
    queue->far = n > 0 ? heap[0] : QUEUE_NO_KEY;
    return top;
}

static queue_key greatest(const struct queue *queue)
{
    const uint32_t n_near = QUEUE_NEAR - (uint32_t)__builtin_popcount(queue->free);
    return queue->near[queue->order >> 4 * (n_near - 1) & (QUEUE_NEAR - 1)];
}

void queue_push_far(struct queue *queue, queue_key key)
{
    if (queue->free == QUEUE_ALL_FREE || key > greatest(queue)) {
        queue->n++;
        heap_push(queue, key);
    } else {
        queue_push(queue, key);
    }
}

/* Makes a free place of the greatest key's. */
static SIM_SELDOM void spill(struct queue *queue)
{
    const uint32_t place = (uint32_t)(queue->order >> LAST_NIBBLE);
    heap_push(queue, queue->near[place]);
    queue->near[place] = QUEUE_NO_KEY;
    queue->order &= ((uint64_t)1 << LAST_NIBBLE) - 1;
    queue->free = 1u << place;
}

/* The least of the heap, which is greater than all that are near. */
static void bring_back(struct queue *queue)
{
    const uint32_t n_near = QUEUE_NEAR - (uint32_t)__builtin_popcount(queue->free);
    const uint32_t place = (uint32_t)__builtin_ctz(queue->free);
    queue->near[place] = heap_pop(queue);
    queue->order |= (uint64_t)place << 4 * n_near;
    queue->free &= queue->free - 1;
}

/* The key belongs behind one of the heap: while there is room, those before it come back. Without that, keys that a
 * crowd has driven into the heap would draw others after them long after it is gone. False: there is no room. */
static __attribute__((noinline)) bool is_near(struct queue *queue, queue_key key)
{
    while (key > queue->far && __builtin_popcount(queue->free) > QUEUE_NEAR - ROOMY)
        bring_back(queue);
    return key < queue->far;
}

static SIM_ALWAYS void place(struct queue *queue, queue_key key)
{
    uint32_t rank = 0;
#pragma GCC unroll 8
    for (uint32_t i = 0; i < HALF; i++) rank += queue->near[i] < key;
    if (queue->free >> HALF != QUEUE_ALL_FREE >> HALF)
#pragma GCC unroll 8
        for (uint32_t i = HALF; i < QUEUE_NEAR; i++) rank += queue->near[i] < key;
    const uint32_t at = (uint32_t)__builtin_ctz(queue->free);
    const uint64_t less = queue->order & (((uint64_t)1 << 4 * rank) - 1);
    queue->near[at] = key;
    queue->free &= queue->free - 1;
    queue->order = less | (uint64_t)at << 4 * rank | (queue->order - less) << 4;
}

/* A key that lies behind one of the heap, or finds no free place. Never in line, as heap_push. */
static __attribute__((noinline)) void push_aside(struct queue *queue, queue_key key)
{
    if (!is_near(queue, key) || (queue->free == 0 && key > greatest(queue))) {
        heap_push(queue, key);
        return;
    }
    if (queue->free == 0) spill(queue);
    place(queue, key);
}

void queue_push(struct queue *queue, queue_key key)
{
    queue->n++;
    if (key > queue->far || queue->free == 0) push_aside(queue, key);
    else place(queue, key);
}

void queue_refill(struct queue *queue)
{
    SIM_ASSERT(queue->n_heap > 0);
    queue->order = 0;
    for (uint32_t n = 0; n < HALF && queue->n_heap > 0; n++) bring_back(queue);
}
