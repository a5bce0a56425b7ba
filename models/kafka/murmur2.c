/* SPDX-License-Identifier: GPL-3.0-or-later
 * MurmurHash2, 32 bit, with the seed of Kafka's client. Ids below 10^8 are hashed without a text in memory: their
 * digits are found side by side in one register. That is worth having because every record that is sent asks for it. */
#include "models/kafka/murmur2.h"

#define SEED 0x9747b28cu
#define FACTOR 0x5bd1e995u

static uint32_t with_block(uint32_t hash, uint32_t block)
{
    block *= FACTOR;
    block ^= block >> 24;
    return hash * FACTOR ^ block * FACTOR;
}

/* tail: the last one to three bytes, the first of them lowest. */
static uint32_t with_tail(uint32_t hash, uint32_t tail) { return (hash ^ tail) * FACTOR; }

static uint32_t finished(uint32_t hash)
{
    hash ^= hash >> 13;
    hash *= FACTOR;
    return hash ^ hash >> 15;
}

int32_t murmur2(const void *key, size_t length)
{
    const uint8_t *at = key;
    uint32_t hash = SEED ^ (uint32_t)length, tail = 0;
    for (; length >= 4; at += 4, length -= 4)
        hash = with_block(hash, at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24);
    for (size_t i = 0; i < length; i++) tail |= (uint32_t)at[i] << (8 * i);
    if (length > 0) hash = with_tail(hash, tail);
    return (int32_t)finished(hash);
}

uint32_t murmur2_partition(const void *key, size_t length, uint32_t partitions)
{
    return ((uint32_t)murmur2(key, length) & 0x7fffffffu) % partitions;
}

/* The eight decimal digits of a number below 10^8, one a byte, the first in the lowest: halves of four digits, quarters
 * of two, then single ones, each division by multiplying and shifting in all lanes at once. */
static uint64_t digits_of(uint32_t number)
{
    uint64_t fours = number / 10000 | (uint64_t)(number % 10000) << 32;
    uint64_t hundreds = fours * 10486 >> 20 & 0x0000007f0000007f;
    uint64_t twos = hundreds | (fours - 100 * hundreds) << 16;
    uint64_t tens = twos * 103 >> 10 & 0x000f000f000f000f;
    return tens | (twos - 10 * tens) << 8;
}

static uint32_t hash_of_small_id(uint32_t id)
{
    uint64_t digits = digits_of(id);
    uint32_t zeros = id > 0 ? (uint32_t)__builtin_ctzll(digits) / 8 : 7, length = 8 - zeros;
    uint64_t text = (digits | 0x3030303030303030) >> (8 * zeros);
    uint32_t hash = SEED ^ length;
    for (; length >= 4; length -= 4, text >>= 32) hash = with_block(hash, (uint32_t)text);
    if (length > 0) hash = with_tail(hash, (uint32_t)text);
    return finished(hash);
}

uint32_t murmur2_partition_of_id(uint64_t id, uint32_t partitions)
{
    char text[20];
    char *const end = text + sizeof text, *start = end;
    if (id < 100000000) return (hash_of_small_id((uint32_t)id) & 0x7fffffffu) % partitions;
    do {
        *--start = (char)('0' + id % 10);
        id /= 10;
    } while (id > 0);
    return murmur2_partition(start, (size_t)(end - start), partitions);
}
