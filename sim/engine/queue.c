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

/* Puts key where the root was; size keys in the heap, the root's place included. */
static void sift_down(queue_key *heap, uint32_t size, queue_key key)
{
    uint32_t i = 0;
    for (;;) {
        uint32_t child = 4 * i + 1, least = child;
        if (child >= size) break;
        if (child + 4 <= size) { /* the common case without a loop: pairs first */
            uint32_t left = child + (heap[child + 1] < heap[child]);
            uint32_t right = child + 2 + (heap[child + 3] < heap[child + 2]);
            least = heap[right] < heap[left] ? right : left;
        } else {
            for (uint32_t j = child + 1; j < size; j++)
                if (heap[j] < heap[least]) least = j;
        }
        if (key < heap[least]) break;
        heap[i] = heap[least];
        i = least;
    }
    heap[i] = key;
}

void queue_push(struct queue *queue, queue_key key)
{
    if (queue->hole) {
        queue->hole = false;
        sift_down(queue->heap, ++queue->n, key);
        return;
    }
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
    if (queue->hole) sift_down(queue->heap, queue->n, queue->heap[queue->n]);
    queue->hole = true;
    queue->n--;
    return queue->heap[0];
}
