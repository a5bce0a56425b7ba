/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/point.h"

#include "sim/lab/steady.h"

static bool read_point(struct desk *desk, const struct point *point, struct findings *findings, struct sim_err *err)
{
    const struct study_source *source = point->source;
    if (!study_read_text(&desk->study, source->text, source->length, source->file, source->folder, point->edit,
                         point->n_edits, findings, &desk->arena, err))
        return false;
    if (point->observations) desk->study.observations = point->observations;
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
