/* SPDX-License-Identifier: GPL-3.0-or-later
 * Partition logs: what producers append and groups read. A record is an opaque 32-bit subject with the instant at which
 * it became visible (high watermark = log end: one broker, or replicas that follow within the append latency).
 * Records are kept while some reading group has not committed them; a topic that nobody reads keeps only its log end.
 * Left out: retention by time or size, compaction, transactions.
 * Invariant: start <= committed of every reader <= end. */
#ifndef MODELS_KAFKA_TOPIC_H
#define MODELS_KAFKA_TOPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/arena.h"
#include "sim/engine/ns.h"

enum { LOG_BLOCK_RECORDS = 256 };

/* Packed: most often one cache line, and nothing between two of them. */
struct __attribute__((packed, aligned(4))) log_record { sim_ns at_ns; uint32_t subject; };

struct log_block {
    struct log_block *next_free;
    struct log_record record[LOG_BLOCK_RECORDS];
};

struct log {
    _Alignas(64) int64_t start;   /* offsets kept: [start, end) */
    int64_t end;
    struct log_block *last;       /* of the record appended last */
    struct log_block **ring;      /* block of offset o: ring[(o / LOG_BLOCK_RECORDS) & ring_mask] */
    uint32_t ring_mask;
    uint32_t topic, partition;
    uint16_t n_readers;
    bool fetched;                 /* by a client with a fetch in flight: to be settled before the log grows */
    const uint32_t *reader;       /* positions (group.h) that read it */
};

/* Blocks that no log uses at the moment. */
struct log_pool { struct log_block *free; struct arena *arena; };

void log_init(struct log *log, uint32_t topic, uint32_t partition, struct arena *arena);
/* Adds a record. In a log without readers only the end moves. */
void log_append(struct log *log, struct log_pool *pool, sim_ns at_ns, uint32_t subject);
/* Forgets the records below `start`; their blocks go back to the pool. */
void log_release(struct log *log, struct log_pool *pool, int64_t start);

/* Where a record stands. Offsets are not negative: unsigned, so that a shift and a mask find the place. */
static inline const struct log_record *log_record_at(const struct log *log, uint64_t offset)
{
    return &log->ring[offset / LOG_BLOCK_RECORDS & log->ring_mask]->record[offset % LOG_BLOCK_RECORDS];
}

static inline uint32_t log_subject(const struct log *log, int64_t offset)
{
    return log_record_at(log, (uint64_t)offset)->subject;
}

static inline sim_ns log_at(const struct log *log, int64_t offset)
{
    return log_record_at(log, (uint64_t)offset)->at_ns;
}

#endif
