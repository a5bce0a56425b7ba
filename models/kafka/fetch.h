/* SPDX-License-Identifier: GPL-3.0-or-later
 * The fetch buffer of one Java consumer: which partitions a fetch asks for, in which order an answer's blocks come, and
 * which records a poll hands out. Follows the behaviour seen on Kafka 3.7.1's KafkaConsumer (classic protocol):
 *
 *  - At most one fetch is in flight. It asks for exactly the partitions without unread data in the buffer.
 *  - The answer holds one block for each asked partition with data: min(available, whole batches in
 *    max.partition.fetch.bytes), at least one. Blocks come in the order of the broker's session list: partitions that
 *    are not asked leave it, newly asked ones are appended (from 3.7 on in HashSet order, before in list order), those
 *    that returned data move to its end.
 *  - A poll takes from the head block and goes on with the next one until it has max.poll.records; it never waits to
 *    fill up. A block whose last record fills the last slot of a poll counts as buffered until the next poll.
 *  - The records of one poll are handed out partition by partition in HashMap order, each in offset order.
 *
 * No clock and no network here: poll.c says when. Left out: fetch.max.bytes (50 MB over all partitions). */
#ifndef MODELS_KAFKA_FETCH_H
#define MODELS_KAFKA_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/arena.h"

struct fetch_part {
    const int64_t *log_end;  /* of its partition, read when an answer is made */
    int64_t next;            /* next offset to ask for */
    int64_t block_records;   /* most records in one answer */
    uint32_t hash;           /* of (topic, partition) as Java's HashMap spreads it */
    int64_t old_next;        /* stale: where the fetch under way asks from */
    bool stale;              /* the position was set while a fetch for it is under way: what that brings is dropped */
    bool asked, buffered, in_session, changed; /* changed: buffered or drained since the last fetch left */
};

struct fetch_block { uint32_t part; int64_t first, end; };

/* Neighbours in the broker's session list, a ring. */
struct fetch_link { uint32_t before, after; };

struct fetch_buffer {
    int64_t unasked;         /* records in the logs beyond what was asked for and answered, over all parts */
    uint32_t n_parts;
    uint32_t n_changed, n_buffered, n_stale;
    uint32_t head, n_blocks, n_answer, n_segments;
    uint32_t spent;          /* part whose block filled the last slot of the last poll; n_parts: none */
    uint32_t session_ends, n_session;
    bool list_order;         /* client before 3.7 */
    struct fetch_part *part;
    struct fetch_link *session; /* the broker's list, by part; the last entry: its two ends */
    struct fetch_block *segment; /* of the last poll, in hand-out order */
    struct fetch_block *answer; /* on its way */
    struct fetch_block *block;  /* unread, in order; from head */
    uint32_t *changed;       /* parts to look at when the next fetch leaves */
    uint32_t *scratch;
};

/* Java's hash of a TopicPartition, spread as HashMap does. */
uint32_t fetch_hash(const char *topic, uint32_t partition);
/* Where a poll of records of n partitions has those of this one in the order in which it hands them out. */
uint32_t fetch_place(uint32_t hash, uint32_t n);

void fetch_init(struct fetch_buffer *buffer, uint32_t n_parts, bool list_order, struct arena *arena);

/* As after fetch_init, for the first n parts (n up to those it was made for): nothing is buffered or under way. The
 * caller sets what a part is and where it begins. */
void fetch_reset(struct fetch_buffer *buffer, uint32_t n_parts);

/* The consumer's position in a part is set: what is buffered or answered of it is dropped, and so is what a fetch under
 * way brings. Everything from `next` on is to be asked for again. */
void fetch_seek(struct fetch_buffer *buffer, uint32_t part, int64_t next, bool under_way);
/* What the last poll took from `next` in this segment on goes back: the same as fetch_seek of each part of it, where
 * what is under way has been answered. */
void fetch_return(struct fetch_buffer *buffer, uint32_t segment, int64_t next);
/* True when a fetch under way brings something that will be dropped: another one must follow it. */
static inline bool fetch_is_stale(const struct fetch_buffer *buffer) { return buffer->n_stale > 0; }

/* Marks what a fetch that leaves now asks for. False: nothing to ask, no fetch leaves. */
bool fetch_ask(struct fetch_buffer *buffer);
/* A record was appended to a partition, after its log_end moved. */
static inline void fetch_note(struct fetch_buffer *buffer) { buffer->unasked++; }
/* The consumer's positions were set: counts anew what lies beyond them. */
void fetch_recount(struct fetch_buffer *buffer);
/* True when the fetch in flight asks for every partition without unread data. */
bool fetch_covers(const struct fetch_buffer *buffer);
/* True when a partition asked for has records. */
bool fetch_has_data(const struct fetch_buffer *buffer);
/* The broker answers: fixes the content. */
void fetch_answer(struct fetch_buffer *buffer);
/* The same where the one record that waits is in the given part, which was asked for. */
void fetch_answer_one(struct fetch_buffer *buffer, uint32_t part);
/* True when nothing is buffered and the fetch in flight asks for every partition. */
static inline bool fetch_is_clear(const struct fetch_buffer *buffer)
{
    return buffer->n_blocks == 0 && buffer->n_buffered == 0 && buffer->n_changed == 0;
}
/* For the only record that waits when that is so: the same as fetch_answer_one, fetch_arrive, fetch_collect (one record
 * into segment) and fetch_ask. */
void fetch_pass_one(struct fetch_buffer *buffer, uint32_t part);
/* The answer has arrived: its blocks go to the back of the queue. */
void fetch_arrive(struct fetch_buffer *buffer);
/* Takes up to max records into buffer->segment; returns their number. */
int64_t fetch_collect(struct fetch_buffer *buffer, int64_t max);

#endif
