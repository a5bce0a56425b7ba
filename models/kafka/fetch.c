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

void fetch_init(struct fetch_buffer *buffer, uint32_t n_parts, bool list_order, struct arena *arena)
{
    memset(buffer, 0, sizeof *buffer);
    buffer->n_parts = n_parts;
    buffer->list_order = list_order;
    buffer->spent = n_parts;
    buffer->part = arena_array(arena, struct fetch_part, n_parts);
    buffer->session = arena_array(arena, uint32_t, n_parts);
    buffer->block = arena_array(arena, struct fetch_block, n_parts);
    buffer->answer = arena_array(arena, struct fetch_block, n_parts);
    buffer->segment = arena_array(arena, struct fetch_block, n_parts);
    buffer->scratch = arena_array(arena, uint32_t, n_parts);
}

/* Bucket in a Java hash table that holds n entries: 16 buckets, doubled beyond a load of 3/4. */
static uint32_t bucket(uint32_t hash, uint32_t n)
{
    uint32_t buckets = 16;
    while (n * 4 > buckets * 3) buckets *= 2;
    return hash & (buckets - 1);
}

static void session_append(struct fetch_buffer *buffer, uint32_t *fresh, uint32_t n_fresh)
{
    if (!buffer->list_order) /* stable insertion sort by bucket: within a bucket Java keeps insertion order */
        for (uint32_t i = 1; i < n_fresh; i++) {
            uint32_t part = fresh[i], b = bucket(buffer->part[part].hash, n_fresh), j = i;
            for (; j > 0 && bucket(buffer->part[fresh[j - 1]].hash, n_fresh) > b; j--) fresh[j] = fresh[j - 1];
            fresh[j] = part;
        }
    for (uint32_t i = 0; i < n_fresh; i++) {
        buffer->session[buffer->n_session++] = fresh[i];
        buffer->part[fresh[i]].in_session = true;
    }
}

bool fetch_ask(struct fetch_buffer *buffer)
{
    uint32_t n_asked = 0, n_kept = 0, n_fresh = 0;
    for (uint32_t i = 0; i < buffer->n_parts; i++) {
        struct fetch_part *part = &buffer->part[i];
        part->asked = !part->buffered;
        n_asked += part->asked;
    }
    if (n_asked == 0) return false;
    for (uint32_t i = 0; i < buffer->n_session; i++) {
        uint32_t part = buffer->session[i];
        if (buffer->part[part].asked) buffer->session[n_kept++] = part;
        else buffer->part[part].in_session = false;
    }
    buffer->n_session = n_kept;
    for (uint32_t i = 0; i < buffer->n_parts; i++)
        if (buffer->part[i].asked && !buffer->part[i].in_session) buffer->scratch[n_fresh++] = i;
    session_append(buffer, buffer->scratch, n_fresh);
    return true;
}

bool fetch_covers(const struct fetch_buffer *buffer)
{
    for (uint32_t i = 0; i < buffer->n_parts; i++)
        if (!buffer->part[i].buffered && !buffer->part[i].asked) return false;
    return true;
}

bool fetch_has_data(const struct fetch_buffer *buffer)
{
    for (uint32_t i = 0; i < buffer->n_session; i++) {
        const struct fetch_part *part = &buffer->part[buffer->session[i]];
        if (*part->log_end > part->next) return true;
    }
    return false;
}

void fetch_answer(struct fetch_buffer *buffer)
{
    uint32_t n_kept = 0, n_moved = 0;
    buffer->n_answer = 0;
    for (uint32_t i = 0; i < buffer->n_session; i++) {
        uint32_t index = buffer->session[i];
        struct fetch_part *part = &buffer->part[index];
        int64_t n = *part->log_end - part->next;
        if (n > part->block_records) n = part->block_records;
        if (n == 0) {
            buffer->session[n_kept++] = index;
            continue;
        }
        buffer->answer[buffer->n_answer++] = (struct fetch_block){ index, part->next, part->next + n };
        part->next += n;
        part->buffered = true;
        buffer->scratch[n_moved++] = index;
    }
    memcpy(buffer->session + n_kept, buffer->scratch, n_moved * sizeof *buffer->session);
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
    if (buffer->spent < buffer->n_parts) buffer->part[buffer->spent].buffered = false;
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
        else buffer->part[block->part].buffered = false;
        buffer->head = (buffer->head + 1) % buffer->n_parts;
        buffer->n_blocks--;
    }
    segments_order(buffer);
    return taken;
}
