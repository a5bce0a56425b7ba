/* SPDX-License-Identifier: GPL-3.0-or-later
 * The event loop. Bodies of events stay in slots; only keys move in the heap. A cancelled event stays in the heap as a
 * key whose slot has no function and is dropped when its time comes: cancels are rare, and timers short.
 *
 * A shuffled event that is not alone passes the queue twice. Its first turn gives it a place drawn among those of its
 * instant: the key's sequence becomes (1, drawn, the schedule's own). All keys of an instant and priority that have not
 * had their first turn are less than those that have, so whoever runs was drawn from all that were there. Runs in the
 * usual order pay nothing for it. */
#include "sim/engine/sim.h"

#include <string.h>

enum { FIRST_SLOTS = 256 };

static inline void slot_free(struct sim *sim, uint32_t slot)
{
    sim->body[slot].subject = sim->free_slot;
    sim->free_slot = slot;
}

/* Those from `first` on, to be taken in ascending order. */
static void slots_free(struct sim *sim, uint32_t first)
{
    for (uint32_t slot = sim->n_slots; slot-- > first;) slot_free(sim, slot);
}

void sim_init(struct sim *sim, struct arena *arena)
{
    memset(sim, 0, sizeof *sim);
    sim->arena = arena;
    queue_init(&sim->queue, arena);
    sim->n_slots = FIRST_SLOTS;
    sim->body = arena_array(arena, struct sim_body, sim->n_slots);
    sim->free_slot = SIM_NO_SLOT;
    slots_free(sim, 0);
}

void sim_slots_grow(struct sim *sim)
{
    uint32_t old = sim->n_slots;
    SIM_ASSERT_IN(sim, old < 1u << QUEUE_SLOT_BITS);
    struct sim_body *body = arena_array(sim->arena, struct sim_body, (size_t)old * 2);
    memcpy(body, sim->body, sizeof *body * old);
    sim->body = body;
    sim->n_slots = 2 * old;
    slots_free(sim, old);
}

bool sim_cancel(struct sim *sim, sim_handle handle)
{
    struct sim_body *body = &sim->body[(uint32_t)handle];
    if (handle == 0 || body->generation != (uint32_t)(handle >> 32) || !body->fn) return false;
    body->fn = NULL;
    sim->n_idle++;
    return true;
}

static bool limits_passed(const struct sim *sim, uint64_t events_max, struct sim_err *err)
{
    if (sim->n_same_instant > SIM_SAME_INSTANT_MAX)
        sim_fail(err, SIM_ERUNTIME, NULL,
                 "more than %u events at the instant %.9f s: a loop that takes no time; give its "
                 "steps a duration",
                 SIM_SAME_INSTANT_MAX, ns_to_s(sim->now_ns));
    else
        sim_fail(err, SIM_ERUNTIME, NULL, "more than %llu events at %.3f s", (unsigned long long)events_max,
                 ns_to_s(sim->now_ns));
    return false;
}

bool sim_wakes(struct sim *sim)
{
    sim->n_idle--;
    if (!sim->over && sim_is_idle(sim)) sim->over = sim->quiet && sim->quiet(sim->quiet_context);
    return !sim->over;
}

enum { DRAWN_BITS = 9 };

static uint64_t sequence_of(queue_key key)
{
    return (uint64_t)key >> QUEUE_SLOT_BITS & (((uint64_t)1 << QUEUE_SEQUENCE_BITS) - 1);
}

static bool is_drawn(queue_key key) { return sequence_of(key) >> (QUEUE_SEQUENCE_BITS - 1); }

static queue_key drawn(const struct sim *sim, queue_key key)
{
    uint64_t sequence = sequence_of(key);
    uint64_t place = random_mix(random_mix(sequence) ^ sim->tie_seed) >> (64 - DRAWN_BITS);
    uint64_t bits = ((uint64_t)1 << DRAWN_BITS | place) << (QUEUE_SEQUENCE_BITS - 1 - DRAWN_BITS);
    SIM_ASSERT_IN(sim, sequence < SIM_SHUFFLED_MAX);
    return key | (queue_key)(bits << QUEUE_SLOT_BITS);
}

/* Another event of its instant and priority is pending; without one, a place among them is a matter of course. */
static bool has_company(const struct sim *sim, queue_key key)
{
    return (queue_least(&sim->queue) ^ key) >> (QUEUE_SLOT_BITS + QUEUE_SEQUENCE_BITS) == 0;
}

void sim_shuffle(struct sim *sim, uint64_t tie_seed)
{
    sim->shuffles = true;
    sim->tie_seed = random_mix(tie_seed + 1);
}

/* Whether the event stays out: put back for later under its own handle, or dropped. */
static bool is_held(struct sim *sim, queue_key key)
{
    uint32_t slot = (uint32_t)key & ((1u << QUEUE_SLOT_BITS) - 1);
    struct sim_body *body = &sim->body[slot];
    uint64_t above_sequence = (uint64_t)key >> (QUEUE_SLOT_BITS + QUEUE_SEQUENCE_BITS) << QUEUE_SEQUENCE_BITS;
    sim_ns until_ns = 0;
    if (!body->fn) return false;
    struct sim_event event = { .at_ns = (sim_ns)(uint64_t)(key >> 64),
                               .sequence = sim->shuffles ? sequence_of(key) & (SIM_SHUFFLED_MAX - 1) : sequence_of(key),
                               .fn = body->fn, .context = body->context, .subject = body->subject,
                               .argument = body->argument };
    enum sim_passage passage = sim->gate(sim->gate_context, &event, &until_ns);
    if (passage == SIM_RUNS) return false;
    if (passage == SIM_LOST) {
        body->fn = NULL;
        slot_free(sim, slot);
        return true;
    }
    SIM_ASSERT_IN(sim, until_ns > event.at_ns);
    uint64_t low = (above_sequence | sim->sequence++) << QUEUE_SLOT_BITS | slot;
    queue_push(&sim->queue, (queue_key)(uint64_t)until_ns << 64 | low);
    return true;
}

static inline bool event_run(struct sim *sim, queue_key key, uint64_t events_max, struct sim_err *err)
{
    uint32_t slot = (uint32_t)key & ((1u << QUEUE_SLOT_BITS) - 1);
    struct sim_body *body = &sim->body[slot];
    sim_fn *fn = body->fn;
    void *context = body->context;
    uint64_t argument = body->argument;
    uint32_t subject = body->subject;
    body->fn = NULL;
    slot_free(sim, slot);
    if (!fn || ((uint64_t)key >> (QUEUE_SLOT_BITS + QUEUE_SEQUENCE_BITS)) == SIM_SAMPLER) sim->n_idle--;
    if (!fn) return true;
    sim_ns at_ns = (sim_ns)(uint64_t)(key >> 64);
    if (at_ns > sim->now_ns) {
        sim->now_ns = at_ns;
        sim->n_same_instant = 0;
    } else if (++sim->n_same_instant > SIM_SAME_INSTANT_MAX) {
        return limits_passed(sim, events_max, err);
    }
    if (++sim->n_events > events_max) return limits_passed(sim, events_max, err);
    fn(context, subject, argument);
    return true;
}

/* True: not now. */
static bool is_put_back(struct sim *sim, queue_key key)
{
    if (sim->tap) sim->tap(sim->tap_context, sim);
    if (sim->shuffles && !is_drawn(key) && has_company(sim, key)) {
        queue_push(&sim->queue, drawn(sim, key));
        return true;
    }
    return sim->gate && is_held(sim, key);
}

/* With somebody who wants to know of each event first. */
static bool run_watched(struct sim *sim, uint64_t events_max, struct sim_err *err)
{
    while (!sim->stopped && sim->queue.n > 0) {
        queue_key key = queue_pop(&sim->queue);
        if (!is_put_back(sim, key) && !event_run(sim, key, events_max, err)) return false;
    }
    return true;
}

bool sim_run(struct sim *sim, uint64_t events_max, struct sim_err *err)
{
    if (events_max == 0) events_max = UINT64_MAX;
    sim->events_max = events_max;
    sim->unwatched = !sim->gate && !sim->tap && !sim->shuffles;
    if (!sim->unwatched) return run_watched(sim, events_max, err);
    while (!sim->stopped && sim->queue.n > 0)
        if (!event_run(sim, queue_pop(&sim->queue), events_max, err)) return false;
    return true;
}
