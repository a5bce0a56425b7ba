/* SPDX-License-Identifier: GPL-3.0-or-later
 * See words.h. */
#include "models/orders/words.h"

#include "models/orders/thread.h"
#include "models/purpose.h"

enum { LOOK_EVERY = 16 };

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

/* Groups that are far behind: looked for now and then, which no result hangs on. */
static uint64_t late_reads(struct machine *machine)
{
    struct words *words = &machine->words;
    if (words->n_looks++ % LOOK_EVERY > 0) return words->late;
    words->late = 0;
    for (uint32_t i = 0; i < words->n_reads && i < 64; i++)
        if (machine->kafka.group[machine->plan->draw[i].group].backlog.value > WORDS_ROWS)
            words->late |= (uint64_t)1 << i;
    return words->late;
}

/* First all words, then all times: each is a chain of steps that wait for one another, and the chains do not. */
static SIM_ALWAYS void draw_after(struct machine *machine, const struct plan_stage *stage, uint32_t order_id,
                                  uint64_t late)
{
    struct record_words *row = &machine->words.place[(order_id % WORDS_ROWS) * machine->words.n_reads];
    const struct plan_draw *read = machine->plan->draw;
    for (uint32_t i = 0; i < stage->n_after; i++) {
        const uint32_t at = stage->after[i];
        if (!(read[at].behind & late) && row[at].order_id != order_id) draw(machine, &row[at], order_id, &read[at]);
    }
    for (uint32_t i = 0; i < stage->n_after; i++)
        if (row[stage->after[i]].order_id == order_id) convert(&row[stage->after[i]], &read[stage->after[i]]);
}

void words_ahead(struct machine *machine, const struct plan_stage *stage, uint32_t order_id)
{
    draw_after(machine, stage, order_id, late_reads(machine));
}

void words_missed(struct machine *machine, struct record_words *place, uint32_t order_id,
                  const struct plan_draw *read)
{
    draw(machine, place, order_id, read);
    convert(place, read);
    draw_after(machine, &machine->plan->stage[read->stage], order_id, late_reads(machine) & ~read->past);
}
