/* SPDX-License-Identifier: GPL-3.0-or-later
 * See words.h. */
#include "models/orders/words.h"

#include "models/orders/thread.h"
#include "models/purpose.h"

enum { LOOK_EVERY = 16, AT_ONE_GO = 16 };

void words_init(struct machine *machine)
{
    struct words *words = &machine->words;
    words->n_reads = machine->plan->n_draws;
    words->place = arena_array(machine->sim->arena, struct record_words, (size_t)WORDS_ROWS * words->n_reads);
    for (uint32_t i = 0; i < WORDS_ROWS * words->n_reads; i++) words->place[i].order_id = i / words->n_reads + 1;
}

/* Draws that are to be made at one go. What finds no room is drawn when its record begins. */
struct drawing {
    uint32_t n;
    uint32_t read[AT_ONE_GO];
    uint64_t entity[AT_ONE_GO];
};

static SIM_ALWAYS void drawing_add(struct drawing *drawing, const struct plan_draw *draw, uint32_t read,
                                    uint32_t order_id)
{
    drawing->read[drawing->n] = read;
    drawing->entity[drawing->n++] = draw[read].entity | order_id;
}

/* First all words, then all times: each is a chain of steps that wait for one another, and the chains do not. */
static SIM_ALWAYS void draw(const struct machine *machine, const struct drawing *drawing, struct record_words *row,
                            uint32_t order_id)
{
    struct random_words words[AT_ONE_GO];
    random_blocks_by(&machine->rounds, PURPOSE_STAGE, drawing->entity, drawing->n, 0, words);
    for (uint32_t i = 0; i < drawing->n; i++) {
        struct record_words *place = &row[drawing->read[i]];
        const struct dist *time = machine->plan->draw[drawing->read[i]].time;
        place->words = words[i];
        place->time_ns = time ? dist_draw(time, words[i].word[WORD_SERVICE]) : 0;
        place->order_id = order_id;
    }
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

static struct record_words *row_of(const struct machine *machine, uint32_t order_id)
{
    return &machine->words.place[(order_id % WORDS_ROWS) * machine->words.n_reads];
}

/* Adds what comes after a stage, and draws. */
static SIM_ALWAYS void draw_after(struct machine *machine, struct drawing *drawing, const struct plan_stage *stage,
                                  uint32_t order_id, uint64_t late)
{
    struct record_words *row = row_of(machine, order_id);
    const struct plan_draw *read = machine->plan->draw;
    for (uint32_t i = 0; i < stage->n_after && drawing->n < AT_ONE_GO; i++) {
        const uint32_t at = stage->after[i];
        if (!(read[at].behind & late) && row[at].order_id != order_id) drawing_add(drawing, read, at, order_id);
    }
    draw(machine, drawing, row, order_id);
}

void words_ahead(struct machine *machine, const struct plan_stage *stage, uint32_t order_id)
{
    struct drawing drawing;
    drawing.n = 0;
    draw_after(machine, &drawing, stage, order_id, late_reads(machine));
}

void words_missed(struct machine *machine, uint32_t order_id, uint32_t read)
{
    const struct plan_draw *draw = machine->plan->draw;
    struct drawing drawing;
    drawing.n = 0;
    drawing_add(&drawing, draw, read, order_id);
    draw_after(machine, &drawing, &machine->plan->stage[draw[read].stage], order_id,
               late_reads(machine) & ~draw[read].past);
}
