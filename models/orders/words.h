/* SPDX-License-Identifier: GPL-3.0-or-later
 * The random words of records, and the service times they mean, worked out before the records begin. A record has the
 * same words whenever they are drawn, so when is only a matter of speed: the time of a record that begins decides which
 * event is next, and everything waits for it, while draws for several records do not wait for one another
 * (docs/decisions/0003).
 *
 * An order has a row here until another one takes it; whoever does not find its words there draws them. Only of first
 * deliveries: another attempt has words of its own. */
#ifndef MODELS_ORDERS_WORDS_H
#define MODELS_ORDERS_WORDS_H

#include "models/plan.h"
#include "sim/engine/random.h"
#include "sim/engine/seldom.h"

struct machine;

enum { WORDS_ROWS = 32 }; /* orders that are between two stages at one time are seldom more */

struct record_words {
    struct random_words words;
    sim_ns time_ns;      /* of the stage */
    uint32_t order_id;   /* whose they are; one that has no place in this row: nobody's */
};

struct words {
    uint32_t n_reads;            /* plan.n_draws */
    struct record_words *place;  /* by row and read */
    uint64_t late;               /* by read: its group is far behind */
    uint32_t n_looks;
};

void words_init(struct machine *machine);
/* A request begins with its stage: draws for all that usually comes after it, at one go. Not for a group that is far
 * behind, nor for what lies behind it: the row would be another order's by then. */
void words_ahead(struct machine *machine, const struct plan_stage *stage, uint32_t order_id);
/* A record begins, and its words are not there: the same, for them and for what usually comes after them. */
void words_missed(struct machine *machine, uint32_t order_id, uint32_t read);

/* Of the first delivery of an order's record to a read (plan_position.draw). Valid until the next call. */
static SIM_ALWAYS const struct record_words *words_known(struct machine *machine, const struct words *words,
                                                         uint32_t order_id, uint32_t read)
{
    struct record_words *place = &words->place[(order_id % WORDS_ROWS) * words->n_reads + read];
    if (place->order_id != order_id) words_missed(machine, order_id, read);
    return place;
}

#endif
