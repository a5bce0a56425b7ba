/* SPDX-License-Identifier: GPL-3.0-or-later
 * MurmurHash2, 32 bit, with the seed of Kafka's client. Blocks are read byte by byte: the result is the same on any
 * machine, and compilers make one load of it. */
#include "models/kafka/murmur2.h"

#define SEED 0x9747b28cu
#define FACTOR 0x5bd1e995u

int32_t murmur2(const void *key, size_t length)
{
    const uint8_t *at = key;
    uint32_t hash = SEED ^ (uint32_t)length;
    size_t tail = length % 4;
    for (const uint8_t *end = at + (length - tail); at < end; at += 4) {
        uint32_t block = at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
        block *= FACTOR;
        block ^= block >> 24;
        hash = hash * FACTOR ^ block * FACTOR;
    }
    if (tail == 3) hash ^= (uint32_t)at[2] << 16;
    if (tail >= 2) hash ^= (uint32_t)at[1] << 8;
    if (tail >= 1) hash = (hash ^ at[0]) * FACTOR;
    hash ^= hash >> 13;
    hash *= FACTOR;
    return (int32_t)(hash ^ hash >> 15);
}

uint32_t murmur2_partition(const void *key, size_t length, uint32_t partitions)
{
    return ((uint32_t)murmur2(key, length) & 0x7fffffffu) % partitions;
}

uint32_t murmur2_partition_of_id(uint64_t id, uint32_t partitions)
{
    char text[20];
    char *const end = text + sizeof text, *start = end;
    do {
        *--start = (char)('0' + id % 10);
        id /= 10;
    } while (id > 0);
    return murmur2_partition(start, (size_t)(end - start), partitions);
}
