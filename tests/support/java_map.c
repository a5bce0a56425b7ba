/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/java_map.h"

#include <stdlib.h>

#include "sim/engine/error.h"

uint32_t java_hash(const char *topic, uint32_t partition)
{
    int64_t name = 0, hash = 1; /* in wide integers cut to 32 bits at each step, as int does it in Java */
    for (; *topic; topic++) name = (31 * name + (unsigned char)*topic) & 0xffffffff;
    hash = (31 * hash + partition) & 0xffffffff;
    hash = (31 * hash + name) & 0xffffffff;
    return (uint32_t)(hash ^ hash >> 16);
}

static void put_into_bucket(struct java_map *map, uint32_t hash, uint32_t value)
{
    uint32_t b = hash % map->capacity, n = map->bucket[b].n++;
    map->bucket[b].hash[n] = hash;
    map->bucket[b].value[n] = value;
}

void java_map_put(struct java_map *map, uint32_t hash, uint32_t value)
{
    SIM_ASSERT(map->size < JAVA_MAP_MOST);
    if (map->capacity == 0) map->capacity = 16;
    put_into_bucket(map, hash, value);
    if (++map->size <= map->capacity * 3 / 4) return;
    struct java_map *wider = calloc(1, sizeof *wider);
    SIM_ASSERT(wider);
    wider->capacity = 2 * map->capacity;
    wider->size = map->size;
    for (uint32_t b = 0; b < map->capacity; b++)
        for (uint32_t i = 0; i < map->bucket[b].n; i++)
            put_into_bucket(wider, map->bucket[b].hash[i], map->bucket[b].value[i]);
    *map = *wider;
    free(wider);
}

uint32_t java_map_list(const struct java_map *map, uint32_t *value)
{
    uint32_t n = 0;
    for (uint32_t b = 0; b < map->capacity; b++)
        for (uint32_t i = 0; i < map->bucket[b].n; i++) value[n++] = map->bucket[b].value[i];
    return n;
}
