/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/point.h"

#include <math.h>
#include <string.h>

#include "sim/lab/steady.h"
#include "sim/scenario/finding.h"

/* ---- more load ---- */

bool load_can_scale(const struct scenario *scenario)
{
    for (uint32_t i = 0; i < scenario->n_loads; i++)
        if (scenario->load[i].executor == LOAD_TRACE) return false;
    return true;
}

/* Users come whole: rounded up, or a factor that adds none would be called held. */
static uint32_t scaled(uint32_t count, double factor) { return (uint32_t)fmin(ceil(count * factor), UINT32_MAX); }

/* Orders come whole, too: what rounding adds to a burst or takes from it, the time to the next one makes up. */
static void scale_bursts(struct load_spec *load, double factor)
{
    const double exact = load->burst_size * factor;
    if (load->burst_size == 0) return;
    load->burst_size = (uint32_t)fmin(fmax(round(exact), 1), UINT32_MAX);
    load->burst_every_ns = (sim_ns)fmax(round((double)load->burst_every_ns * load->burst_size / exact), 1);
}

static void scale_one(struct load_spec *load, double factor, struct arena *arena)
{
    struct load_stage *stage = arena_array(arena, struct load_stage, load->n_stages);
    for (uint32_t i = 0; i < load->n_stages; i++)
        stage[i] = (struct load_stage){ load->stage[i].target * factor, load->stage[i].duration_ns };
    load->stage = stage;
    load->rate *= factor;
    load->vus = scaled(load->vus, factor);
    load->vus_max = scaled(load->vus_max, factor);
    scale_bursts(load, factor);
}

/* The limit on orders grows with their rate, or it would cut the load short. */
static void scale_load(struct scenario *scenario, double factor, struct arena *arena)
{
    struct load_spec *load = arena_array(arena, struct load_spec, scenario->n_loads);
    for (uint32_t i = 0; i < scenario->n_loads; i++) {
        load[i] = scenario->load[i];
        scale_one(&load[i], factor, arena);
    }
    scenario->load = load;
    if (scenario->orders.at_most != UINT64_MAX)
        scenario->orders.at_most = (uint64_t)ceil((double)scenario->orders.at_most * factor);
}

/* ---- longer work ---- */

static const struct step_spec *slow_steps(const struct step_spec *step, uint32_t n, double factor, struct arena *arena)
{
    struct step_spec *slower = arena_array(arena, struct step_spec, n);
    for (uint32_t i = 0; i < n; i++) {
        slower[i] = step[i];
        if (step[i].has_time) slower[i].time = dist_scaled(&step[i].time, factor, arena);
        if (step[i].n_otherwise > 0)
            slower[i].otherwise = slow_steps(step[i].otherwise, step[i].n_otherwise, factor, arena);
    }
    return slower;
}

static void slow_one(struct stage_spec *stage, double factor, struct arena *arena)
{
    if (stage->has_time) stage->time = dist_scaled(&stage->time, factor, arena);
    stage->step = slow_steps(stage->step, stage->n_steps, factor, arena);
}

static void slow_stages(struct scenario *scenario, uint32_t which, double factor, struct arena *arena)
{
    struct stage_spec *stage = arena_array(arena, struct stage_spec, scenario->n_stages);
    for (uint32_t i = 0; i < scenario->n_stages; i++) {
        stage[i] = scenario->stage[i];
        if (which == NONE || which == i) slow_one(&stage[i], factor, arena);
    }
    scenario->stage = stage;
}

/* ---- the desk ---- */

/* Two ways to write a pointer may be one place, and of two values there only the last would count. */
static bool varies_once(const struct point *point, const struct study *study, struct sim_err *err)
{
    const char *const *at = study->edit_at;
    const uint32_t end = point->first_varied + point->n_varied;
    for (uint32_t i = point->first_varied; i < end; i++)
        for (uint32_t k = point->first_varied; k < i; k++)
            if (strcmp(at[i], at[k]) == 0)
                return sim_fail(err, SIM_EUSAGE, NULL, "%s is varied twice: give all its values at once", at[i]);
    return true;
}

static bool read_point(struct desk *desk, const struct point *point, struct findings *findings, struct sim_err *err)
{
    const struct study_source *source = point->source;
    if (!study_read_text(&desk->study, source->text, source->length, source->file, source->folder, point->edit,
                         point->n_edits, findings, &desk->arena, err))
        return false;
    if (!varies_once(point, &desk->study, err)) return false;
    if (point->observations) desk->study.observations = point->observations;
    if (point->load_factor > 0) scale_load(&desk->study.scenario, point->load_factor, &desk->arena);
    if (point->time_factor > 0)
        slow_stages(&desk->study.scenario, point->slow_stage, point->time_factor, &desk->arena);
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
    if (!desk->point) desk->refused = point;
    return desk->point != NULL;
}

bool desk_plan(struct desk *desk, struct sim_err *err)
{
    if (desk->plan) return true;
    const struct plan *plan = plan_make(&desk->study.scenario, &desk->arena, err);
    struct sim_err unsettled = { 0 };
    if (plan && steady_settle(&desk->study, plan, &desk->arena, &unsettled)) desk->plan = plan;
    const char *label = desk->point && desk->point->label ? desk->point->label : "";
    if (unsettled.code != SIM_OK)
        sim_fail(err, unsettled.code, unsettled.where, "%s%s%s", label, *label ? ": " : "", unsettled.text);
    return desk->plan != NULL;
}

const char *point_shown(const struct point *point, struct arena *arena)
{
    return point->from ? point->from : arena_printf(arena, "%s (%s)", point->source->file, point->label);
}

void desk_fini(struct desk *desk) { arena_fini(&desk->arena); }
