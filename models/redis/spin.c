/* SPDX-License-Identifier: GPL-3.0-or-later
 * RedissonSpinLock: no subscription; a refused thread sleeps 1, 2, 4 ... 128 ms, a little more by chance after each
 * failure, and asks again, so that a lock that is free may stay so for up to 128 ms. The end of its patience is looked
 * at after each refusal, never during a sleep.
 *
 * Sources: RedissonSpinLock, LockOptions.ExponentialBackOffPolicy. */
#include "models/purpose.h"
#include "models/redis/entry.h"

enum { FIRST_SLEEP_MS = 1, MULTIPLIER = 2, LONGEST_SLEEP_MS = 128 };

static void on_awake(void *context, uint32_t thread, uint64_t argument)
{
    (void)argument;
    try_send(context, thread);
}

void spin_refused(struct locks *locks, uint32_t thread)
{
    struct lock_waiter *waiter = &locks->waiter[thread];
    sim_ns sleep_ns = waiter->sleep_ns, longest_ns = LONGEST_SLEEP_MS * SIM_MS;
    if (sleep_ns < longest_ns) {
        uint64_t entity = (uint64_t)3 << 62 | (uint64_t)waiter->call.lock << 32 | thread;
        uint32_t word = random_block(locks->random, PURPOSE_LOCK, entity, waiter->tries).word[0];
        uint32_t more_ms = (uint32_t)((uint64_t)word * ++waiter->fails >> 32);
        waiter->sleep_ns = sleep_ns * MULTIPLIER + more_ms * SIM_MS;
        if (waiter->sleep_ns > longest_ns) waiter->sleep_ns = longest_ns;
    }
    sim_at(locks->sim, locks->sim->now_ns + sleep_ns, SIM_TIMER, on_awake, locks, thread, 0);
}

void spin_begin(struct locks *locks, uint32_t thread)
{
    locks->waiter[thread].sleep_ns = FIRST_SLEEP_MS * SIM_MS;
    locks->waiter[thread].fails = 0;
    spin_refused(locks, thread);
}

void spin_actors(struct locks *locks, struct processes *processes)
{
    process_acts(processes, on_awake, locks->jvm, NULL);
}
