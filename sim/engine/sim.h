/* SPDX-License-Identifier: GPL-3.0-or-later
 * The event loop. It knows time, events and their order, and nothing of what they mean.
 *
 * Order is total: (at_ns, priority, sequence), packed with the slot into one 128-bit key and compared at once
 * (docs/decisions/0001). Events scheduled for the same instant and priority run in the order in which they were
 * scheduled, but for turns, which run by rank. State hangs on struct sim: two runs can live in one process and neither
 * knows. */
#ifndef SIM_ENGINE_SIM_H
#define SIM_ENGINE_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/arena.h"
#include "sim/engine/error.h"
#include "sim/engine/ns.h"
#include "sim/engine/queue.h"
#include "sim/engine/random.h"
#include "sim/engine/seldom.h"

/* Class of actor: who comes first at one instant. SIM_TURN: of those who wait for what others give back, once all that
 * give it back at that instant have. */
enum sim_priority { SIM_FAULT, SIM_SERVER, SIM_CONSUMER, SIM_TURN, SIM_TIMER, SIM_SAMPLER };

typedef uint64_t sim_handle; /* 0: none */

typedef void sim_fn(void *context, uint32_t subject, uint64_t argument);

/* What becomes of an event whose turn has come: it runs; it waits until *until_ns (its actor is paused); it is lost
 * (its actor is dead). An event that waits keeps its handle. */
enum sim_passage { SIM_RUNS, SIM_WAITS, SIM_LOST };

struct sim_event { sim_ns at_ns; uint64_t sequence; sim_fn *fn; void *context; uint32_t subject; uint64_t argument; };

typedef enum sim_passage sim_gate(void *context, const struct sim_event *event, sim_ns *until_ns);

struct sim;

/* Nothing is pending that can make something happen: whether nothing waits to be made to happen, either. */
typedef bool sim_quiet(void *context);

/* Told between two events, after all that the first one did. */
typedef void sim_tap(void *context, const struct sim *sim);

struct sim_body {
    sim_fn *fn;       /* NULL: cancelled */
    void *context;
    uint64_t argument;
    uint32_t subject;    /* of a free slot: the next free one, or SIM_NO_SLOT */
    uint32_t generation;
};

#define SIM_NO_SLOT UINT32_MAX

struct sim {
    sim_ns now_ns;
    struct queue queue;
    struct sim_body *body;       /* by slot */
    uint32_t free_slot;          /* the one freed last; SIM_NO_SLOT: none is free */
    uint32_t n_slots;
    uint64_t sequence;           /* schedules so far */
    uint64_t n_events;           /* handlers run so far */
    uint32_t n_idle;             /* pending, but samplers or cancelled: they make nothing happen */
    uint64_t n_same_instant;     /* handlers run at now_ns; a zero-delay loop is reported, not endless */
    uint64_t fingerprint;
    sim_ns last_fact_ns;         /* latest time of a fact */
    uint64_t seed;               /* for the message of a failed assertion */
    uint32_t replication;
    bool stopped;
    uint64_t events_max;         /* of sim_run */
    bool unwatched;              /* nobody is asked before an event, or told: sim_pass may be true */
    sim_gate *gate;              /* asked before each event; NULL: all run. Set before sim_run */
    void *gate_context;
    sim_quiet *quiet;            /* asked before an event that keeps no run alive; NULL: they all happen */
    void *quiet_context;
    bool over;                   /* it has said so: no event of that kind happens any more */
    sim_tap *tap;                /* NULL: nobody listens. Set before sim_run */
    void *tap_context;
    bool shuffles;               /* sim_shuffle */
    uint64_t tie_seed;
    struct arena *arena;
};

void sim_init(struct sim *sim, struct arena *arena);

/* Doubles the number of slots. */
SIM_SELDOM void sim_slots_grow(struct sim *sim);

/* A slot is free: the next schedule need not make any. */
static inline bool sim_has_slot(const struct sim *sim) { return sim->free_slot != SIM_NO_SLOT; }

/* sim_at with a place of its own among the events of its instant and priority. */
static SIM_ALWAYS sim_handle sim_at_place(struct sim *sim, sim_ns at_ns, enum sim_priority priority, uint64_t place,
                                          sim_fn *fn, void *context, uint32_t subject, uint64_t argument)
{
    SIM_ASSERT_IN(sim, at_ns >= sim->now_ns && place < (uint64_t)1 << QUEUE_SEQUENCE_BITS);
    if (!sim_has_slot(sim)) sim_slots_grow(sim);
    uint32_t slot = sim->free_slot;
    struct sim_body *body = &sim->body[slot];
    sim->free_slot = body->subject;
    body->fn = fn;
    body->context = context;
    body->argument = argument;
    body->subject = subject;
    body->generation++;
    uint64_t low =
        (uint64_t)priority << (QUEUE_SLOT_BITS + QUEUE_SEQUENCE_BITS) | place << QUEUE_SLOT_BITS | slot;
    queue_key key = (queue_key)(uint64_t)at_ns << 64 | low;
    if (priority == SIM_SAMPLER) {
        sim->n_idle++;
        queue_push_far(&sim->queue, key);
    } else {
        queue_push(&sim->queue, key);
    }
    return (uint64_t)body->generation << 32 | slot;
}

/* Runs fn(context, subject, argument) at at_ns (>= now). */
static inline sim_handle sim_at(struct sim *sim, sim_ns at_ns, enum sim_priority priority, sim_fn *fn, void *context,
                                uint32_t subject, uint64_t argument)
{
    return sim_at_place(sim, at_ns, priority, sim->sequence++, fn, context, subject, argument);
}

/* The same for whoever waits, as a SIM_TURN: those of one instant run by rank, whoever was scheduled first. When
 * somebody knows of an instant may hang on how the run is played; who comes first at it must not. */
static inline sim_handle sim_at_turn(struct sim *sim, sim_ns at_ns, uint32_t rank, sim_fn *fn, void *context,
                                     uint32_t subject, uint64_t argument)
{
    return sim_at_place(sim, at_ns, SIM_TURN, sim->shuffles ? sim->sequence++ : rank, fn, context, subject, argument);
}

/* The event that would be scheduled so would be the next one: then it counts as run, it is at_ns now, and the caller
 * goes on as its handler. Only as the last thing that a handler does. */
static inline bool sim_pass(struct sim *sim, sim_ns at_ns, enum sim_priority priority)
{
    SIM_ASSERT_IN(sim, at_ns >= sim->now_ns);
    queue_key key = (queue_key)(uint64_t)at_ns << 64 | (uint64_t)priority << (QUEUE_SLOT_BITS + QUEUE_SEQUENCE_BITS) |
        sim->sequence << QUEUE_SLOT_BITS;
    if (!sim->unwatched || !queue_is_least(&sim->queue, key) || sim->stopped) return false;
    if (at_ns == sim->now_ns || sim->n_events >= sim->events_max)
        return false; /* endless loops are the loop's business */
    sim->sequence++;
    sim->now_ns = at_ns;
    sim->n_same_instant = 0;
    sim->n_events++;
    return true;
}
/* Between the two the clock shows at_ns (>= now): for what happens then, known now, where nobody can see before at_ns
 * that it has happened already. What is scheduled meanwhile is scheduled as of then. Returns the time to go back to. */
static inline sim_ns sim_ahead(struct sim *sim, sim_ns at_ns)
{
    const sim_ns now_ns = sim->now_ns;
    SIM_ASSERT_IN(sim, at_ns >= now_ns && sim->unwatched);
    sim->now_ns = at_ns;
    return now_ns;
}
static inline void sim_back(struct sim *sim, sim_ns now_ns) { sim->now_ns = now_ns; }
/* False when the event has run or was cancelled already. Not for a sampler's event. */
bool sim_cancel(struct sim *sim, sim_handle handle);

/* The same for an event that keeps no run alive: what may yet go wrong in a system that has nothing left to do. Its
 * handler asks sim_wakes first, and returns where the answer is no: the run had come to its end before, whether or not
 * a sampler has seen that yet. Not for sim_cancel. */
static inline void sim_at_idle(struct sim *sim, sim_ns at_ns, enum sim_priority priority, sim_fn *fn, void *context,
                               uint32_t subject, uint64_t argument)
{
    sim_at(sim, at_ns, priority, fn, context, subject, argument);
    sim->n_idle++;
}
SIM_SELDOM bool sim_wakes(struct sim *sim);

/* Runs until nothing is scheduled or sim_stop is called. False with err when one instant holds more than
 * SIM_SAME_INSTANT_MAX events, or n_events passes events_max (0: no limit). */
#define SIM_SAME_INSTANT_MAX 50000000u
bool sim_run(struct sim *sim, uint64_t events_max, struct sim_err *err);
/* Nothing is pending that can make something happen. */
static inline bool sim_is_idle(const struct sim *sim) { return sim->queue.n == sim->n_idle; }
static inline void sim_stop(struct sim *sim) { sim->stopped = true; }

/* Before sim_run: events of one instant and priority run in an order drawn from the seed, not in that of their
 * schedules: an outcome that hangs on the usual order shows. At most SIM_SHUFFLED_MAX schedules in such a run. */
#define SIM_SHUFFLED_MAX ((uint64_t)1 << 27)
void sim_shuffle(struct sim *sim, uint64_t tie_seed);

/* A fact that became visible: (when, kind, subject). The fingerprint is the sum over facts of a mix of the three: it
 * does not depend on the order in which facts of one run are told, so that an optimisation which learns of a fact
 * late, but with its right time, leaves it equal (docs/decisions/0010). */
static inline void sim_fact(struct sim *sim, sim_ns at_ns, uint32_t kind, uint64_t subject)
{
    uint64_t mixed = ((uint64_t)at_ns * 0x9e3779b97f4a7c15u) ^ ((subject * 64 + kind) * 0xd1342543de82ef95u);
    if (at_ns > sim->last_fact_ns) sim->last_fact_ns = at_ns;
    mixed = (mixed ^ mixed >> 32) * 0xbf58476d1ce4e5b9u;
    sim->fingerprint += mixed ^ mixed >> 29;
}

#endif
