/* SPDX-License-Identifier: GPL-3.0-or-later
 * Instances of processes while faults happen to them. An instance is one JVM with everything in it: the threads of its
 * groups and of its API, their timers, heartbeats, the client of the lock server.
 *
 * Up: everything goes on. Paused (a long garbage collection, a stopped machine): whatever the JVM itself would do
 * (a thread goes on, a reply is received, a timer fires) waits for the end of the pause and then happens in order; what
 * is under way at a server happens on time, and so do the servers' own clocks: leases, session time-outs. Down:
 * whatever the JVM would have done is lost, and what was meant for it does not reach the one that takes its place.
 *
 * A handler whose actor is a JVM is registered once, with how to find its instance from the event's subject; all other
 * handlers are servers'. The gate asks before each event of a run with faults; a run without them has no gate and pays
 * nothing (struct processes is all zero). */
#ifndef MODELS_PROCESS_H
#define MODELS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/sim.h"

struct instance {
    sim_ns paused_until_ns; /* <= now: not paused */
    sim_ns paused_from_ns;  /* of the last pause */
    uint64_t born;          /* events scheduled before it belong to an earlier life; UINT64_MAX: down */
    bool drains;            /* takes no new requests */
    uint32_t n_drained;     /* threads of its API that have stopped */
    uint32_t life;          /* 0, 1 .. */
};

struct actor {
    sim_fn *fn;
    const uint32_t *instance_of; /* by subject; NULL: the subject is the instance */
    /* True: this event is a server's, although the handler is shared with a JVM. NULL: never. */
    bool (*at_server)(const void *context, uint32_t subject);
    /* A pause keeps the event from at_ns to until_ns. NULL: nobody counts that. */
    void (*kept)(void *context, uint32_t subject, sim_ns at_ns, sim_ns until_ns);
};

enum { ACTOR_BUCKETS = 128 };

struct processes {
    struct sim *sim;
    uint32_t n_instances;
    struct instance *instance;         /* NULL: a run without faults */
    struct actor actor[ACTOR_BUCKETS]; /* open hash by function */
    bool disturbed;                    /* something has happened */
};

/* Before anything is scheduled. */
void processes_init(struct processes *processes, struct sim *sim, uint32_t n_instances);
/* Whose events fn's are. Nothing happens in a run without faults. */
void process_acts(struct processes *processes, sim_fn *fn, const uint32_t *instance_of,
                  bool (*at_server)(const void *context, uint32_t subject));

/* Of an actor that acts: who counts how long pauses keep its events. */
void process_tells_pauses(struct processes *processes, sim_fn *fn,
                          void (*kept)(void *context, uint32_t subject, sim_ns at_ns, sim_ns until_ns));

/* Until until_ns > now, or longer where a pause is on already. */
void process_pause(struct processes *processes, uint32_t instance, sim_ns until_ns);
void process_kill(struct processes *processes, uint32_t instance);
/* A new life begins now. */
void process_start(struct processes *processes, uint32_t instance);

static inline bool process_is_down(const struct processes *processes, uint32_t instance)
{
    return processes->instance && processes->instance[instance].born == UINT64_MAX;
}

/* Which of its lives an instance is in; what was begun in another one is lost. */
static inline uint32_t process_life(const struct processes *processes, uint32_t instance)
{
    return processes->instance ? processes->instance[instance].life : 0;
}

static inline bool process_is_paused(const struct processes *processes, uint32_t instance)
{
    return processes->instance && processes->instance[instance].paused_until_ns > processes->sim->now_ns;
}

#endif
