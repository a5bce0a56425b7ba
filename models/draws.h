/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which records of an order draw random words, and which of them come after which: what orders/words.h needs to draw
 * ahead. */
#ifndef MODELS_DRAWS_H
#define MODELS_DRAWS_H

#include "models/plan.h"
#include "sim/engine/arena.h"

/* Sets plan.n_draws, plan_position.draw, and plan_stage.n_after and after; position and stage are the plan's own. After
 * groups and stages are compiled. Returns what plan.draw shall be. */
const struct plan_draw *draws_find(struct plan *plan, struct plan_position *position, struct plan_stage *stage,
                                   struct arena *arena);

#endif
