/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/point.h"

#include <math.h>
#include <string.h>

#include "sim/lab/steady.h"

/* The load times a factor: rates, bursts and the number of orders. A recorded trace stays as it was recorded. */
static void scale_load(struct scenario *scenario, double factor, struct arena *arena)
{
    struct load_spec *load = arena_array(arena, struct load_spec, scenario->n_loads);
    if (scenario->n_loads > 0) memcpy(load, scenario->load, sizeof *load * scenario->n_loads);
    for (uint32_t i = 0; i < scenario->n_loads; i++) {
        struct load_stage *stage = arena_array(arena, struct load_stage, load[i].n_stages);
        for (uint32_t s = 0; s < load[i].n_stages; s++) {
            stage[s] = load[i].stage[s];
            stage[s].target *= factor;
        }
        load[i].stage = stage;
        load[i].rate *= factor;
        load[i].burst_size = (uint32_t)llround((double)load[i].burst_size * factor);
    }
    scenario->load = load;
    if (scenario->orders.at_most != UINT64_MAX)
        scenario->orders.at_most = (uint64_t)llround((double)scenario->orders.at_most * factor);
}

static bool read_point(struct desk *desk, const struct point *point, struct findings *findings, struct sim_err *err)
{
    const struct study_source *source = point->source;
    if (!study_read_text(&desk->study, source->text, source->length, source->file, source->folder, point->edit,
                         point->n_edits, findings, &desk->arena, err))
        return false;
    if (point->load_factor > 0) scale_load(&desk->study.scenario, point->load_factor, &desk->arena);
    desk->layout = layout_make(&desk->study, &desk->arena);
    for (uint32_t i = 0; i < desk->study.n_thresholds; i++)
        if (!layout_has_threshold(desk->layout, i, err)) return false;
    return true;
}

bool desk_open(struct desk *desk, const struct point *point, struct findings *findings, struct sim_err *err)
{
    if (desk->point == point) return true;
    arena_reset(&desk->arena);
    desk->plan = NULL;
    desk->point = read_point(desk, point, findings, err) ? point : NULL;
    return desk->point != NULL;
}

bool desk_plan(struct desk *desk, struct sim_err *err)
{
    if (desk->plan) return true;
    const struct plan *plan = plan_make(&desk->study.scenario, &desk->arena, err);
    if (plan && steady_settle(&desk->study, plan, &desk->arena, err)) desk->plan = plan;
    return desk->plan != NULL;
}

void desk_fini(struct desk *desk) { arena_fini(&desk->arena); }
