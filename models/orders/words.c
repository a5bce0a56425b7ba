/* SPDX-License-Identifier: GPL-3.0-or-later
 * See words.h. */
#include "models/orders/words.h"

#include "models/orders/thread.h"
#include "models/purpose.h"

void words_init(struct machine *machine)
{
    struct words *words = &machine->words;
    words->n_reads = machine->plan->n_draws;
    words->place = arena_array(machine->sim->arena, struct record_words, (size_t)WORDS_ROWS * words->n_reads);
    for (uint32_t i = 0; i < WORDS_ROWS * words->n_reads; i++) words->place[i].order_id = i / words->n_reads + 1;
}

static SIM_ALWAYS void words_draw(const struct machine *machine, struct record_words *place, uint32_t order_id,
                                  const struct plan_draw *read)
{
    const struct plan_stage *stage = &machine->plan->stage[read->stage];
    place->words = random_block_by(&machine->rounds, PURPOSE_STAGE,
                                   entity_of_record(read->stage, read->origin, order_id), 0);
    place->time_ns = stage->has_time ? dist_draw(&stage->time, place->words.word[WORD_SERVICE]) : 0;
    place->order_id = order_id;
}

/* Not for a group that is far behind, nor for what lies behind it: the row would be another order's by then. */
void words_ahead(const struct machine *machine, const struct plan_stage *stage, uint32_t order_id)
{
    struct record_words *row = &machine->words.place[(order_id % WORDS_ROWS) * machine->words.n_reads];
    const struct plan_draw *draw = machine->plan->draw;
    uint64_t late = 0;
    for (uint32_t i = 0; i < stage->n_after; i++)
        if (machine->kafka.group[draw[stage->after[i]].group].backlog.value > WORDS_ROWS)
            late |= (uint64_t)1 << stage->after[i];
    for (uint32_t i = 0; i < stage->n_after; i++) {
        const uint32_t read = stage->after[i];
        if (row[read].order_id == order_id || (late >> read & 1) || (draw[read].behind & late)) continue;
        words_draw(machine, &row[read], order_id, &draw[read]);
    }
}

void words_missed(const struct machine *machine, struct record_words *place, uint32_t order_id,
                  const struct plan_draw *read)
{
    words_draw(machine, place, order_id, read);
    words_ahead(machine, &machine->plan->stage[read->stage], order_id);
}
