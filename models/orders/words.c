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

static SIM_ALWAYS void draw(const struct machine *machine, struct record_words *place, uint32_t order_id,
                            const struct plan_draw *read)
{
    place->words = random_block_by(&machine->rounds, PURPOSE_STAGE, read->entity | order_id, 0);
    place->order_id = order_id;
}

static SIM_ALWAYS void convert(struct record_words *place, const struct plan_draw *read)
{
    place->time_ns = read->time ? dist_draw(read->time, place->words.word[WORD_SERVICE]) : 0;
}

/* Not for a group that is far behind, nor for what lies behind it: the row would be another order's by then. First all
 * words, then all times: each is a chain of steps that wait for one another, and the chains do not. */
void words_ahead(const struct machine *machine, const struct plan_stage *stage, uint32_t order_id)
{
    struct record_words *row = &machine->words.place[(order_id % WORDS_ROWS) * machine->words.n_reads];
    const struct plan_draw *draws = machine->plan->draw;
    uint64_t late = 0;
    uint32_t wanted[64], n = 0;
    for (uint32_t i = 0; i < stage->n_after; i++) {
        const uint32_t read = stage->after[i];
        const bool is_late = machine->kafka.group[draws[read].group].backlog.value > WORDS_ROWS;
        late |= (uint64_t)is_late << read;
        if (is_late || (draws[read].behind & late) || row[read].order_id == order_id) continue;
        draw(machine, &row[read], order_id, &draws[read]);
        wanted[n++] = read;
    }
    for (uint32_t i = 0; i < n; i++) convert(&row[wanted[i]], &draws[wanted[i]]);
}

void words_missed(const struct machine *machine, struct record_words *place, uint32_t order_id,
                  const struct plan_draw *read)
{
    draw(machine, place, order_id, read);
    convert(place, read);
    words_ahead(machine, &machine->plan->stage[read->stage], order_id);
}
