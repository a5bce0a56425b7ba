/* SPDX-License-Identifier: GPL-3.0-or-later
 * Redisson's lock scripts as Redis runs them, one at a time, on one key: a hash of owner and hold count with a time to
 * live. Nothing of the client is here: who waits, who renews and who is told stands in lock.c and its neighbours.
 *
 * A key that has expired is gone, and nobody is told. Owners are numbers; 0 owns nothing. Times are those at Redis.
 * Invariant X1: a key has at most one owner. Played against a real server by tests/conformance/redis_lock.c.
 *
 * Sources: RedissonLock.tryLockInnerAsync, unlockInnerAsync, RedissonBaseLock.renewExpirationAsync. */
#ifndef MODELS_REDIS_LOCK_SCRIPT_H
#define MODELS_REDIS_LOCK_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/ns.h"

struct lock_key {
    uint32_t owner, count;   /* count: how often the owner has acquired and not released */
    sim_ns expires_ns;
};

enum script_release { RELEASE_NOT_OWNER, RELEASE_HELD /* by an outer acquire still */, RELEASE_FREED };

/* True when the key has just been found expired: it has no owner any more. */
static inline bool script_expire(struct lock_key *key, sim_ns now_ns)
{
    if (key->owner == 0 || now_ns < key->expires_ns) return false;
    key->owner = key->count = 0;
    return true;
}

/* Absent, or the owner's own: counts, and overwrites the time to live whatever it was. Else false; the answer that the
 * client gets is the time to live that is left. */
static inline bool script_acquire(struct lock_key *key, uint32_t owner, sim_ns lease_ns, sim_ns now_ns)
{
    if (key->owner != 0 && key->owner != owner) return false;
    key->owner = owner;
    key->count++;
    key->expires_ns = now_ns + lease_ns;
    return true;
}

/* lease_ns: of the client's object that unlocks (internalLockLeaseTime), whatever the outer acquires had. */
static inline enum script_release script_release(struct lock_key *key, uint32_t owner, sim_ns lease_ns, sim_ns now_ns)
{
    if (key->owner != owner) return RELEASE_NOT_OWNER;
    if (--key->count > 0) {
        key->expires_ns = now_ns + lease_ns;
        return RELEASE_HELD;
    }
    key->owner = 0;
    return RELEASE_FREED;
}

static inline bool script_renew(struct lock_key *key, uint32_t owner, sim_ns timeout_ns, sim_ns now_ns)
{
    if (key->owner != owner) return false;
    key->expires_ns = now_ns + timeout_ns;
    return true;
}

#endif
