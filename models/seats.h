/* SPDX-License-Identifier: GPL-3.0-or-later
 * A number of places that are taken one at a time and given back at a known instant: connections of a pool, commands in
 * service at a store, threads of an API, virtual users of a load generator. First come, first served; HikariCP lets a
 * newcomer overtake the queue now and then, which is left out.
 * A seat may be given back ahead of time, for an instant that still lies ahead; nothing is scheduled unless somebody
 * waits for it. Whoever waits gets it once all that happens at that instant has happened, and of several kinds of seats
 * the one of least rank is given first: neither hangs on who knew of the instant when.
 * Invariant: seats in use at any instant <= capacity. */
#ifndef MODELS_SEATS_H
#define MODELS_SEATS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/sim.h"

typedef void seats_granted(void *context, uint32_t subject);

struct seats {
    struct sim *sim;
    uint32_t rank;                /* its turn among the seats of the run */
    uint32_t capacity;
    uint32_t n_held;              /* whose end is not known yet */
    sim_ns *until;                /* min-heap: ends that lie ahead */
    uint32_t n_until;
    uint32_t *queue;              /* ring of waiting subjects */
    uint32_t queue_head, n_queue, queue_mask;
    sim_ns wake_ns;               /* when the next look at the queue is scheduled; SIM_NEVER */
    uint32_t peak;
    uint32_t n_at_once;           /* for whoever takes them: those that were there at once, and are not told yet */
    seats_granted *granted;       /* called at the instant a waiting subject gets its seat */
    void *context;
};

void seats_init(struct seats *seats, struct sim *sim, uint32_t rank, uint32_t capacity, seats_granted *granted,
                void *context);
/* Ends that lie behind now do not count any more. */
void seats_forget(struct seats *seats);
/* Seats in use now. */
static inline uint32_t seats_in_use(struct seats *seats)
{
    if (seats->n_until > 0 && seats->until[0] <= seats->sim->now_ns) seats_forget(seats);
    return seats->n_held + seats->n_until;
}
/* One that is free is taken. */
static inline void seats_sit(struct seats *seats, uint32_t in_use)
{
    seats->n_held++;
    if (in_use + 1 > seats->peak) seats->peak = in_use + 1;
}
/* Takes a seat now, or returns false and does not wait. What is free belongs to those who wait already: their turn at
 * this instant may not have come. */
static inline bool seats_try(struct seats *seats)
{
    const uint32_t in_use = seats_in_use(seats);
    if (in_use + seats->n_queue >= seats->capacity) return false;
    seats_sit(seats, in_use);
    return true;
}
/* Puts subject into the queue. */
void seats_wait(struct seats *seats, uint32_t subject);
/* Takes a seat now, or returns false and puts subject into the queue. */
static inline bool seats_take(struct seats *seats, uint32_t subject)
{
    if (seats->n_queue == 0 && seats_try(seats)) return true;
    seats_wait(seats, subject);
    return false;
}
/* A seat that nobody holds any more is in use until at_ns, or somebody waits for it. */
void seats_end(struct seats *seats, sim_ns at_ns);
/* Gives a seat back at at_ns >= now. */
static inline void seats_give(struct seats *seats, sim_ns at_ns)
{
    SIM_ASSERT_IN(seats->sim, seats->n_held > 0 && at_ns >= seats->sim->now_ns);
    seats->n_held--;
    if (at_ns > seats->sim->now_ns || seats->n_queue > 0) seats_end(seats, at_ns);
}
/* So many places more, from now on. */
void seats_widen(struct seats *seats, uint32_t more);
/* Takes the first out of the queue without a place; false when nobody waits. */
bool seats_pop(struct seats *seats, uint32_t *subject);
/* Leaves the queue; false when it was not in it. */
bool seats_leave(struct seats *seats, uint32_t subject);

#endif
