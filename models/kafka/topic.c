/* SPDX-License-Identifier: GPL-3.0-or-later
 * Blocks of 256 records from a shared pool: memory follows what waits, 12 bytes a record, not the length of the run. */
#include "models/kafka/topic.h"

#include <string.h>

enum { FIRST_RING = 4 };

void log_init(struct log *log, uint32_t topic, uint32_t partition, struct arena *arena)
{
    memset(log, 0, sizeof *log);
    log->topic = topic;
    log->partition = partition;
    log->ring_mask = FIRST_RING - 1;
    log->ring = arena_array(arena, struct log_block *, FIRST_RING);
}

static struct log_block *block_take(struct log_pool *pool)
{
    struct log_block *block = pool->free;
    if (!block) return arena_new(pool->arena, struct log_block);
    pool->free = block->next_free;
    return block;
}

static void ring_grow(struct log *log, struct arena *arena)
{
    uint32_t size = log->ring_mask + 1, wider_mask = 2 * size - 1;
    struct log_block **wider = arena_array(arena, struct log_block *, 2 * size);
    for (int64_t i = log->start / LOG_BLOCK_RECORDS; i * LOG_BLOCK_RECORDS < log->end; i++)
        wider[(uint64_t)i & wider_mask] = log->ring[(uint64_t)i & log->ring_mask];
    log->ring = wider;
    log->ring_mask = wider_mask;
}

/* A block for the record that comes next. */
static void block_begin(struct log *log, struct log_pool *pool, uint64_t block)
{
    if (block - (uint64_t)log->start / LOG_BLOCK_RECORDS > log->ring_mask) ring_grow(log, pool->arena);
    log->last = log->ring[block & log->ring_mask] = block_take(pool);
}

void log_append(struct log *log, struct log_pool *pool, sim_ns at_ns, uint32_t subject)
{
    if (log->n_readers == 0) {
        log->start = ++log->end;
        return;
    }
    uint64_t offset = (uint64_t)log->end, within = offset % LOG_BLOCK_RECORDS;
    if (within == 0) block_begin(log, pool, offset / LOG_BLOCK_RECORDS);
    log->last->record[within] = (struct log_record){ at_ns, subject };
    log->end++;
}

void log_release(struct log *log, struct log_pool *pool, int64_t start)
{
    uint64_t first = (uint64_t)log->start / LOG_BLOCK_RECORDS, end = (uint64_t)start / LOG_BLOCK_RECORDS;
    log->start = start;
    for (uint64_t i = first; i < end; i++) {
        struct log_block **slot = &log->ring[i & log->ring_mask];
        (*slot)->next_free = pool->free;
        pool->free = *slot;
        *slot = NULL;
    }
}
