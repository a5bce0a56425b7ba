/* SPDX-License-Identifier: GPL-3.0-or-later
 * What lies ahead is a few changes at a time, so those that have come are dropped when the space is full, or when
 * somebody looks. */
#include "models/orders/ahead.h"

#include <string.h>

enum { FIRST_CAPACITY = 64 };

void ahead_begin(struct machine *machine, sim_ns at_ns)
{
    machine->ahead.from_ns = sim_ahead(machine->sim, at_ns);
    machine->ahead.is_on = true;
}

void ahead_end(struct machine *machine)
{
    sim_back(machine->sim, machine->ahead.from_ns);
    machine->ahead.is_on = false;
}

static void drop_past(struct ahead *ahead, sim_ns now_ns)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < ahead->n; i++)
        if (ahead->change[i].at_ns > now_ns) ahead->change[kept++] = ahead->change[i];
    ahead->n = kept;
}

static void grow(struct ahead *ahead, struct arena *arena)
{
    const uint32_t capacity = ahead->capacity ? 2 * ahead->capacity : FIRST_CAPACITY;
    struct ahead_change *change = arena_array(arena, struct ahead_change, capacity);
    if (ahead->n > 0) memcpy(change, ahead->change, ahead->n * sizeof *change);
    ahead->change = change;
    ahead->capacity = capacity;
}

void ahead_note(struct machine *machine, enum order_status from, enum order_status to)
{
    struct ahead *ahead = &machine->ahead;
    if (ahead->n == ahead->capacity) {
        drop_past(ahead, ahead->from_ns);
        if (2 * ahead->n >= ahead->capacity) grow(ahead, machine->sim->arena);
    }
    ahead->change[ahead->n++] = (struct ahead_change){ machine->sim->now_ns, (uint8_t)from, (uint8_t)to };
}

bool ahead_pending(struct machine *machine)
{
    drop_past(&machine->ahead, machine->sim->now_ns);
    return machine->ahead.n > 0;
}

struct order_counts ahead_counts(struct machine *machine)
{
    struct order_counts counts = machine->counts;
    struct ahead *ahead = &machine->ahead;
    drop_past(ahead, machine->sim->now_ns);
    for (uint32_t i = 0; i < ahead->n; i++) {
        const struct ahead_change *change = &ahead->change[i];
        counts.by_status[change->to]--;
        if (change->from == ORDER_STATUSES) counts.created--;
        else counts.by_status[change->from]++;
    }
    return counts;
}
