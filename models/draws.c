/* SPDX-License-Identifier: GPL-3.0-or-later
 * See draws.h. What an order comes to is followed from stage to stage along what is published where nothing is
 * refused. */
#include "models/draws.h"

/* Draws and stages that have a bit; beyond them nothing is drawn ahead. */
enum { BITS = 64 };

static uint32_t draw_of(struct plan *plan, struct plan_draw *draw, const struct plan_position *position)
{
    if (!plan->stage[position->stage].draws || position->passed_on > 0) return NONE;
    for (uint32_t i = 0; i < plan->n_draws; i++)
        if (draw[i].stage == position->stage && draw[i].origin == position->origin) return i;
    const struct plan_stage *stage = &plan->stage[position->stage];
    draw[plan->n_draws] = (struct plan_draw){ .stage = position->stage, .origin = position->origin,
                                              .group = position->group, .time = stage->has_time ? &stage->time : NULL,
                                              .entity = entity_of_record(position->stage, position->origin, 0) };
    return plan->n_draws++;
}

/* What lies behind a stage, while it is collected. */
struct behind { const struct plan *plan; uint64_t stages, draws; };

static void behind_stage(struct behind *behind, uint32_t stage);

static void behind_topic(struct behind *behind, uint32_t topic)
{
    for (uint32_t i = 0; i < behind->plan->n_positions; i++) {
        const struct plan_position *position = &behind->plan->position[i];
        if (position->topic != topic || position->partition > 0) continue;
        if (position->draw < BITS) behind->draws |= (uint64_t)1 << position->draw;
        behind_stage(behind, position->stage);
    }
}

static void behind_stage(struct behind *behind, uint32_t stage)
{
    const struct plan *plan = behind->plan;
    if (stage >= BITS || behind->stages >> stage & 1) return;
    behind->stages |= (uint64_t)1 << stage;
    for (const struct plan_op *op = &plan->op[plan->stage[stage].first_op]; op->kind != OP_END; op++) {
        if (op->kind == STEP_PUBLISH) behind_topic(behind, op->target);
        if (op->kind == STEP_JOIN && plan->scenario->flow.then != NONE) behind_topic(behind, plan->scenario->flow.then);
    }
}

static uint64_t behind_of(const struct plan *plan, uint32_t stage)
{
    struct behind behind = { plan, 0, 0 };
    behind_stage(&behind, stage);
    return behind.draws;
}

/* Those that have more behind them come later. */
static void after_find(const struct plan *plan, const struct plan_draw *draw, uint64_t behind, struct plan_stage *stage,
                       struct arena *arena)
{
    uint32_t *after = arena_array(arena, uint32_t, BITS);
    for (uint32_t i = 0; i < plan->n_draws && i < BITS; i++) {
        if (!(behind >> i & 1)) continue;
        uint32_t k = stage->n_after++;
        for (; k > 0 && __builtin_popcountll(draw[after[k - 1]].behind) > __builtin_popcountll(draw[i].behind); k--)
            after[k] = after[k - 1];
        after[k] = i;
    }
    stage->after = after;
}

/* Bits of the draws that each one lies behind, and of those that are over when it begins. */
static void order_find(const struct plan *plan, struct plan_draw *draw)
{
    const uint32_t n = plan->n_draws < BITS ? plan->n_draws : BITS;
    for (uint32_t k = 0; k < n; k++) draw[k].behind |= (uint64_t)1 << k;
    for (uint32_t k = 0; k < n; k++) {
        const uint64_t behind = behind_of(plan, draw[k].stage);
        for (uint32_t i = 0; i < n; i++) draw[i].behind |= (behind >> i & 1) << k;
    }
    for (uint32_t i = 0; i < n; i++) {
        draw[i].past = draw[i].behind;
        for (uint32_t k = 0; k < n; k++) draw[i].past |= (uint64_t)(draw[k].group == draw[i].group) << k;
    }
}

const struct plan_draw *draws_find(struct plan *plan, struct plan_position *position, struct plan_stage *stage,
                                   struct arena *arena)
{
    struct plan_draw *draw = arena_array(arena, struct plan_draw, plan->n_positions);
    for (uint32_t i = 0; i < plan->n_positions; i++) position[i].draw = draw_of(plan, draw, &position[i]);
    order_find(plan, draw);
    for (uint32_t i = 0; i < plan->scenario->n_stages; i++)
        after_find(plan, draw, behind_of(plan, i), &stage[i], arena);
    return draw;
}
