/* SPDX-License-Identifier: GPL-3.0-or-later
 * The key of a replication. Both steps are bijections of 64 bits: for one seed, no two replications share a key. The
 * odd constant keeps seed 0, which random_mix leaves at 0, from standing out. */
#include "sim/engine/random.h"

struct random_key random_key(uint64_t seed, uint32_t replication)
{
    uint64_t mixed = random_mix(random_mix(seed + 0x9e3779b97f4a7c15u) + replication);
    return (struct random_key){{(uint32_t)mixed, (uint32_t)(mixed >> 32)}};
}

/* FNV-1a. */
uint64_t random_entity(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; name && *name; name++) hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
    return hash;
}
