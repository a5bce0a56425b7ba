/* SPDX-License-Identifier: GPL-3.0-or-later
 * See fetch.h. A partition has at most one block, on its way or in the queue, so every list is as long as there are
 * partitions and nothing is allocated after fetch_init. */
#include "models/kafka/fetch.h"

#include <string.h>

#include "sim/engine/error.h"

uint32_t fetch_hash(const char *topic, uint32_t partition)
{
    uint32_t name = 0;
    for (const unsigned char *c = (const unsigned char *)topic; *c; c++) name = 31 * name + *c;
    uint32_t h = 31 * (31 + partition) + name;
    return h ^ h >> 16;
}

/* ---- the broker's session ---- */

static void session_empty(struct fetch_buffer *buffer)
{
    buffer->session[buffer->session_ends] = (struct fetch_link){ buffer->session_ends, buffer->session_ends };
    buffer->n_session = 0;
}

static inline uint32_t session_first(const struct fetch_buffer *buffer)
{
    return buffer->session[buffer->session_ends].after;
}

static inline void session_link(struct fetch_buffer *buffer, uint32_t part)
{
    struct fetch_link *ends = &buffer->session[buffer->session_ends];
    buffer->session[part] = (struct fetch_link){ ends->before, buffer->session_ends };
    buffer->session[ends->before].after = part;
    ends->before = part;
}

static inline void session_unlink(struct fetch_buffer *buffer, uint32_t part)
{
    const struct fetch_link link = buffer->session[part];
    buffer->session[link.before].after = link.after;
    buffer->session[link.after].before = link.before;
}

/* A partition that returned data moves to the end of the session. */
static inline void session_rotate(struct fetch_buffer *buffer, uint32_t part)
{
    session_unlink(buffer, part);
    session_link(buffer, part);
}

/* ---- the buffer ---- */

void fetch_init(struct fetch_buffer *buffer, uint32_t n_parts, bool list_order, struct arena *arena)
{
    memset(buffer, 0, sizeof *buffer);
    buffer->n_parts = n_parts;
    buffer->list_order = list_order;
    buffer->spent = n_parts;
    buffer->part = arena_array(arena, struct fetch_part, n_parts);
    buffer->session = arena_array(arena, struct fetch_link, n_parts + 1);
    buffer->session_ends = n_parts;
    session_empty(buffer);
    buffer->block = arena_array(arena, struct fetch_block, n_parts);
    buffer->answer = arena_array(arena, struct fetch_block, n_parts);
    buffer->segment = arena_array(arena, struct fetch_block, n_parts);
    buffer->scratch = arena_array(arena, uint32_t, n_parts);
    buffer->changed = arena_array(arena, uint32_t, n_parts);
    for (uint32_t i = 0; i < n_parts; i++) {
        buffer->part[i].changed = true; /* the first fetch asks for all */
        buffer->changed[buffer->n_changed++] = i;
    }
}

static void stale_forget(struct fetch_buffer *buffer)
{
    for (uint32_t i = 0; i < buffer->n_parts; i++) buffer->part[i].stale = false;
    buffer->n_stale = 0;
}

void fetch_reset(struct fetch_buffer *buffer, uint32_t n_parts)
{
    buffer->n_parts = buffer->spent = n_parts;
    buffer->n_changed = buffer->n_buffered = 0;
    session_empty(buffer);
    buffer->head = buffer->n_blocks = buffer->n_answer = buffer->n_segments = 0;
    buffer->unasked = 0;
    stale_forget(buffer);
    for (uint32_t i = 0; i < n_parts; i++) {
        struct fetch_part *part = &buffer->part[i];
        part->asked = part->buffered = part->in_session = false;
        part->changed = true;
        buffer->changed[buffer->n_changed++] = i;
    }
}

/* Bucket in a Java hash table that holds n entries: 16 buckets, doubled beyond a load of 3/4. */
static uint32_t bucket(uint32_t hash, uint32_t n)
{
    uint32_t buckets = 16;
    while (n * 4 > buckets * 3) buckets *= 2;
    return hash & (buckets - 1);
}

uint32_t fetch_place(uint32_t hash, uint32_t n) { return bucket(hash, n); }

/* Where a newly asked part stands among its likes: Java goes through a HashSet (a bucket in order of insertion, which
 * is that of the list), before 3.7 through the list. */
static uint64_t fresh_rank(const struct fetch_buffer *buffer, uint32_t part, uint32_t n_fresh)
{
    return (buffer->list_order ? 0 : (uint64_t)bucket(buffer->part[part].hash, n_fresh) << 32) | part;
}

static void session_append(struct fetch_buffer *buffer, uint32_t *fresh, uint32_t n_fresh)
{
    for (uint32_t i = 1; i < n_fresh; i++) {
        uint32_t part = fresh[i], j = i;
        uint64_t rank = fresh_rank(buffer, part, n_fresh);
        for (; j > 0 && fresh_rank(buffer, fresh[j - 1], n_fresh) > rank; j--) fresh[j] = fresh[j - 1];
        fresh[j] = part;
    }
    for (uint32_t i = 0; i < n_fresh; i++) {
        session_link(buffer, fresh[i]);
        buffer->n_session++;
        buffer->part[fresh[i]].in_session = true;
    }
}

static void session_drop(struct fetch_buffer *buffer, uint32_t part)
{
    session_unlink(buffer, part);
    buffer->n_session--;
    buffer->part[part].in_session = false;
}

static void buffered_set(struct fetch_buffer *buffer, uint32_t index, bool buffered)
{
    struct fetch_part *part = &buffer->part[index];
    buffer->n_buffered += buffered ? 1u : UINT32_MAX;
    part->buffered = buffered;
    if (part->changed) return;
    part->changed = true;
    buffer->changed[buffer->n_changed++] = index;
}

static void block_drop(struct fetch_buffer *buffer, uint32_t part)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < buffer->n_blocks; i++) {
        struct fetch_block block = buffer->block[(buffer->head + i) % buffer->n_parts];
        if (block.part != part) buffer->block[(buffer->head + kept++) % buffer->n_parts] = block;
    }
    buffer->n_blocks = kept;
    kept = 0;
    for (uint32_t i = 0; i < buffer->n_answer; i++)
        if (buffer->answer[i].part != part) buffer->answer[kept++] = buffer->answer[i];
    buffer->n_answer = kept;
}

void fetch_seek(struct fetch_buffer *buffer, uint32_t index, int64_t next, bool under_way)
{
    struct fetch_part *part = &buffer->part[index];
    if (under_way && part->asked && part->in_session && !part->buffered && !part->stale) {
        part->stale = true;
        part->old_next = part->next;
        buffer->n_stale++;
    }
    block_drop(buffer, index);
    if (buffer->spent == index) buffer->spent = buffer->n_parts;
    if (part->buffered) buffered_set(buffer, index, false);
    buffer->unasked += part->next - next;
    part->next = next;
}

/* A block ends where its part goes on, unless that was set to another position. One pass for many parts. */
static bool was_left(const struct fetch_buffer *buffer, const struct fetch_block *block)
{
    return block->end != buffer->part[block->part].next;
}

static void left_drop(struct fetch_buffer *buffer)
{
    uint32_t kept = 0;
    for (uint32_t i = 0, at = buffer->head, to = at; i < buffer->n_blocks; i++) {
        if (!was_left(buffer, &buffer->block[at])) {
            buffer->block[to] = buffer->block[at];
            to = to + 1 < buffer->n_parts ? to + 1 : 0;
            kept++;
        }
        at = at + 1 < buffer->n_parts ? at + 1 : 0;
    }
    buffer->n_blocks = kept;
    kept = 0;
    for (uint32_t i = 0; i < buffer->n_answer; i++)
        if (!was_left(buffer, &buffer->answer[i])) buffer->answer[kept++] = buffer->answer[i];
    buffer->n_answer = kept;
}

static void part_return(struct fetch_buffer *buffer, uint32_t index, int64_t next)
{
    struct fetch_part *part = &buffer->part[index];
    if (buffer->spent == index) buffer->spent = buffer->n_parts;
    if (part->buffered) buffered_set(buffer, index, false);
    buffer->unasked += part->next - next;
    part->next = next;
}

void fetch_return(struct fetch_buffer *buffer, uint32_t segment, int64_t next)
{
    const struct fetch_block *from = &buffer->segment[segment];
    for (uint32_t i = segment + 1; i < buffer->n_segments; i++)
        part_return(buffer, buffer->segment[i].part, buffer->segment[i].first);
    if (next < from->end) part_return(buffer, from->part, next);
    if (next < from->end || segment + 1 < buffer->n_segments) left_drop(buffer);
}

/* What a fetch under way asks from. */
static int64_t asked_from(const struct fetch_part *part) { return part->stale ? part->old_next : part->next; }

/* The broker's answer where something of it will be dropped. */
static void answer_partly(struct fetch_buffer *buffer)
{
    uint32_t n = 0;
    buffer->n_answer = 0;
    for (uint32_t index = session_first(buffer); index != buffer->session_ends; index = buffer->session[index].after) {
        struct fetch_part *part = &buffer->part[index];
        int64_t available = *part->log_end - part->next;
        if (part->stale || available == 0) continue;
        if (available > part->block_records) available = part->block_records;
        buffer->answer[buffer->n_answer++] = (struct fetch_block){ index, part->next, part->next + available };
        part->next += available;
        buffer->unasked -= available;
        buffered_set(buffer, index, true);
        buffer->scratch[n++] = index;
    }
    for (uint32_t i = 0; i < n; i++) session_rotate(buffer, buffer->scratch[i]);
    stale_forget(buffer);
}

/* Only parts that were buffered or drained since the last fetch can join or leave the session. */
bool fetch_ask(struct fetch_buffer *buffer)
{
    uint32_t n_fresh = 0;
    if (buffer->n_buffered == buffer->n_parts) return false;
    if (buffer->n_stale > 0) stale_forget(buffer);
    for (uint32_t i = 0; i < buffer->n_changed; i++) {
        struct fetch_part *part = &buffer->part[buffer->changed[i]];
        part->asked = !part->buffered;
        part->changed = false;
        if (part->buffered && part->in_session) session_drop(buffer, buffer->changed[i]);
        else if (part->asked && !part->in_session) buffer->scratch[n_fresh++] = buffer->changed[i];
    }
    buffer->n_changed = 0;
    if (n_fresh > 0) session_append(buffer, buffer->scratch, n_fresh);
    return true;
}

void fetch_recount(struct fetch_buffer *buffer)
{
    buffer->unasked = 0;
    for (uint32_t i = 0; i < buffer->n_parts; i++) buffer->unasked += *buffer->part[i].log_end - buffer->part[i].next;
}

bool fetch_covers(const struct fetch_buffer *buffer)
{
    return buffer->n_session == buffer->n_parts - buffer->n_buffered && buffer->n_changed == 0;
}

bool fetch_has_data(const struct fetch_buffer *buffer)
{
    if (buffer->unasked == 0) return false;
    if (buffer->n_session == buffer->n_parts && buffer->n_stale == 0) return true; /* it asked for all of them */
    for (uint32_t i = session_first(buffer); i != buffer->session_ends; i = buffer->session[i].after) {
        const struct fetch_part *part = &buffer->part[i];
        if (*part->log_end > asked_from(part)) return true;
    }
    return false;
}

/* Parts with data move to the end of the session, behind the one that is the last now. Nothing more is looked at once
 * all that waits has been found. */
void fetch_answer(struct fetch_buffer *buffer)
{
    if (buffer->n_stale > 0) {
        answer_partly(buffer);
        return;
    }
    uint32_t left = buffer->n_session;
    buffer->n_answer = 0;
    for (uint32_t index = session_first(buffer), next; left > 0 && buffer->unasked > 0; index = next, left--) {
        struct fetch_part *part = &buffer->part[index];
        int64_t n = *part->log_end - part->next;
        next = buffer->session[index].after;
        if (n == 0) continue;
        if (n > part->block_records) n = part->block_records;
        buffer->answer[buffer->n_answer++] = (struct fetch_block){ index, part->next, part->next + n };
        part->next += n;
        buffer->unasked -= n;
        buffered_set(buffer, index, true);
        session_rotate(buffer, index);
    }
}

void fetch_answer_one(struct fetch_buffer *buffer, uint32_t index)
{
    struct fetch_part *part = &buffer->part[index];
    session_rotate(buffer, index);
    buffer->answer[0] = (struct fetch_block){ index, part->next, part->next + 1 };
    buffer->n_answer = 1;
    buffer->unasked = 0;
    part->next++;
    buffered_set(buffer, index, true);
}

void fetch_pass_one(struct fetch_buffer *buffer, uint32_t index)
{
    struct fetch_part *part = &buffer->part[index];
    session_rotate(buffer, index);
    buffer->segment[0] = (struct fetch_block){ index, part->next, part->next + 1 };
    buffer->n_segments = 1;
    buffer->unasked = 0;
    part->next++;
}

void fetch_arrive(struct fetch_buffer *buffer)
{
    for (uint32_t i = 0; i < buffer->n_answer; i++) {
        SIM_ASSERT(buffer->n_blocks < buffer->n_parts);
        buffer->block[(buffer->head + buffer->n_blocks++) % buffer->n_parts] = buffer->answer[i];
    }
    buffer->n_answer = 0;
}

/* Hand-out order of a poll: Java collects the records in a HashMap by partition. */
static void segments_order(struct fetch_buffer *buffer)
{
    uint32_t n = buffer->n_segments;
    for (uint32_t i = 1; i < n; i++) {
        struct fetch_block segment = buffer->segment[i];
        uint32_t b = bucket(buffer->part[segment.part].hash, n), j = i;
        for (; j > 0 && bucket(buffer->part[buffer->segment[j - 1].part].hash, n) > b; j--)
            buffer->segment[j] = buffer->segment[j - 1];
        buffer->segment[j] = segment;
    }
}

int64_t fetch_collect(struct fetch_buffer *buffer, int64_t max)
{
    int64_t taken = 0;
    if (buffer->spent < buffer->n_parts) buffered_set(buffer, buffer->spent, false);
    buffer->spent = buffer->n_parts;
    buffer->n_segments = 0;
    while (taken < max && buffer->n_blocks > 0) {
        struct fetch_block *block = &buffer->block[buffer->head];
        int64_t n = block->end - block->first < max - taken ? block->end - block->first : max - taken;
        buffer->segment[buffer->n_segments++] = (struct fetch_block){ block->part, block->first, block->first + n };
        block->first += n;
        taken += n;
        if (block->first < block->end) break;
        if (taken == max) buffer->spent = block->part;
        else buffered_set(buffer, block->part, false);
        buffer->head = (buffer->head + 1) % buffer->n_parts;
        buffer->n_blocks--;
    }
    segments_order(buffer);
    return taken;
}
