/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "models/seats.h"

#include <string.h>

enum { FIRST_QUEUE = 16 };

void seats_init(struct seats *seats, struct sim *sim, uint32_t rank, uint32_t capacity, seats_granted *granted,
                void *context)
{
    memset(seats, 0, sizeof *seats);
    seats->sim = sim;
    seats->rank = rank;
    seats->capacity = capacity;
    seats->until = arena_array(sim->arena, sim_ns, capacity);
    seats->queue = arena_array(sim->arena, uint32_t, FIRST_QUEUE);
    seats->queue_mask = FIRST_QUEUE - 1;
    seats->wake_ns = SIM_NEVER;
    seats->granted = granted;
    seats->context = context;
}

static void until_push(struct seats *seats, sim_ns at_ns)
{
    uint32_t i = seats->n_until++;
    for (; i > 0 && seats->until[(i - 1) / 2] > at_ns; i = (i - 1) / 2) seats->until[i] = seats->until[(i - 1) / 2];
    seats->until[i] = at_ns;
}

static void until_pop(struct seats *seats)
{
    sim_ns last_ns = seats->until[--seats->n_until];
    uint32_t i = 0;
    for (uint32_t child; (child = 2 * i + 1) < seats->n_until; i = child) {
        if (child + 1 < seats->n_until && seats->until[child + 1] < seats->until[child]) child++;
        if (seats->until[child] >= last_ns) break;
        seats->until[i] = seats->until[child];
    }
    seats->until[i] = last_ns;
}

void seats_forget(struct seats *seats)
{
    while (seats->n_until > 0 && seats->until[0] <= seats->sim->now_ns) until_pop(seats);
}

static void on_seat(void *context, uint32_t subject, uint64_t argument);

/* Somebody waits: look again when the next known end comes. */
static void wake_schedule(struct seats *seats)
{
    if (seats->n_queue == 0 || seats->n_until == 0 || seats->until[0] >= seats->wake_ns) return;
    seats->wake_ns = seats->until[0];
    sim_at_turn(seats->sim, seats->wake_ns, seats->rank, on_seat, seats, 0, (uint64_t)seats->wake_ns);
}

static void on_seat(void *context, uint32_t subject, uint64_t argument)
{
    struct seats *seats = context;
    (void)subject;
    if ((sim_ns)argument == seats->wake_ns) seats->wake_ns = SIM_NEVER;
    for (uint32_t in_use, first; (in_use = seats_in_use(seats)) < seats->capacity && seats_pop(seats, &first);) {
        seats_sit(seats, in_use);
        seats->granted(seats->context, first);
    }
    wake_schedule(seats);
}

void seats_widen(struct seats *seats, uint32_t more)
{
    seats->capacity += more;
    on_seat(seats, 0, (uint64_t)seats->wake_ns);
}

bool seats_pop(struct seats *seats, uint32_t *subject)
{
    if (seats->n_queue == 0) return false;
    *subject = seats->queue[seats->queue_head];
    seats->queue_head = (seats->queue_head + 1) & seats->queue_mask;
    seats->n_queue--;
    return true;
}

static void queue_grow(struct seats *seats)
{
    uint32_t size = seats->queue_mask + 1;
    uint32_t *wider = arena_array(seats->sim->arena, uint32_t, 2 * size);
    for (uint32_t i = 0; i < seats->n_queue; i++) wider[i] = seats->queue[(seats->queue_head + i) & seats->queue_mask];
    seats->queue = wider;
    seats->queue_head = 0;
    seats->queue_mask = 2 * size - 1;
}

void seats_wait(struct seats *seats, uint32_t subject)
{
    if (seats->n_queue > seats->queue_mask) queue_grow(seats);
    seats->queue[(seats->queue_head + seats->n_queue++) & seats->queue_mask] = subject;
    wake_schedule(seats);
}

void seats_end(struct seats *seats, sim_ns at_ns)
{
    until_push(seats, at_ns);
    wake_schedule(seats);
}

bool seats_leave(struct seats *seats, uint32_t subject)
{
    for (uint32_t i = 0; i < seats->n_queue; i++) {
        if (seats->queue[(seats->queue_head + i) & seats->queue_mask] != subject) continue;
        for (; i + 1 < seats->n_queue; i++)
            seats->queue[(seats->queue_head + i) & seats->queue_mask] =
                seats->queue[(seats->queue_head + i + 1) & seats->queue_mask];
        seats->n_queue--;
        return true;
    }
    return false;
}
