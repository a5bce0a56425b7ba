/* SPDX-License-Identifier: GPL-3.0-or-later
 * Pending events: a 4-ary heap of 128-bit keys. The key is (time 64 bits, priority 3, sequence 37, slot 24) from the
 * top; one comparison decides, ties included.
 * A pop leaves the root empty until the next push fills it with one sift, or the next pop closes it: most events
 * schedule one other. */
#ifndef SIM_ENGINE_QUEUE_H
#define SIM_ENGINE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct arena;

typedef unsigned __int128 queue_key;

#define QUEUE_SLOT_BITS 24
#define QUEUE_SEQUENCE_BITS 37

struct queue {
    queue_key *heap;
    uint32_t n, capacity;  /* n: keys pending */
    bool hole;             /* heap[0] is to be filled; the keys are heap[1] to heap[n] */
    struct arena *arena;
};

void queue_init(struct queue *queue, struct arena *arena);
void queue_push(struct queue *queue, queue_key key);
/* The least key. Only when n > 0. */
queue_key queue_pop(struct queue *queue);

#endif
