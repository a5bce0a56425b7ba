/* SPDX-License-Identifier: GPL-3.0-or-later
 * java.util.HashMap as far as its order goes: buckets of linked lists, 16 at first, doubled beyond a load of 3/4; an
 * iterator goes through them one after the other. Built as Java builds it, slowly, to check what is done faster. */
#ifndef TESTS_SUPPORT_JAVA_MAP_H
#define TESTS_SUPPORT_JAVA_MAP_H

#include <stdint.h>

enum { JAVA_MAP_MOST = 64 };

struct java_map {
    uint32_t capacity, size;
    struct { uint32_t n, hash[JAVA_MAP_MOST], value[JAVA_MAP_MOST]; } bucket[2 * JAVA_MAP_MOST];
};

/* hashCode of a TopicPartition, spread as HashMap does it. */
uint32_t java_hash(const char *topic, uint32_t partition);

/* Of an empty map all bytes are 0. The value is not in it yet. */
void java_map_put(struct java_map *map, uint32_t hash, uint32_t value);
/* All values in the order of an iterator; returns their number. */
uint32_t java_map_list(const struct java_map *map, uint32_t *value);

#endif
