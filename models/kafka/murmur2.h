/* SPDX-License-Identifier: GPL-3.0-or-later
 * Key to partition, as Kafka's Java client does it: murmur2 of the serialised key, sign bit cleared (not abs), modulo
 * all partitions of the topic. The bytes decide: the same id as text, as a long or as JSON lands elsewhere; here keys
 * are decimal text, as StringSerializer sends them. */
#ifndef MODELS_KAFKA_MURMUR2_H
#define MODELS_KAFKA_MURMUR2_H

#include <stddef.h>
#include <stdint.h>

int32_t murmur2(const void *key, size_t length);

/* partitions >= 1 */
uint32_t murmur2_partition(const void *key, size_t length, uint32_t partitions);

/* Of the decimal text of id. */
uint32_t murmur2_partition_of_id(uint64_t id, uint32_t partitions);

#endif
