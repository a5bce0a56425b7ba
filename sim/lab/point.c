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

/* What all points have anew, nobody needs to set: who does means something else. */
static bool varies_unset(const struct point *point, const struct study *study, struct sim_err *err)
{
    const char *const *at = study->edit_at;
    if (point->may_override) return true;
    for (uint32_t i = point->first_varied; i < point->first_varied + point->n_varied; i++)
        for (uint32_t k = 0; k < point->first_varied; k++) {
            const size_t length = strlen(at[i]);
            if (strncmp(at[i], at[k], length) != 0 || (at[k][length] != '\0' && at[k][length] != '/')) continue;
            return sim_fail(err, SIM_EUSAGE, NULL,
                            "%s is varied, so what is set at %s counts in no point; leave out one of the two", at[i],
                            at[k]);
        }
    return true;
}

static void choose_warm_up(struct scenario *scenario, const struct point *point)
{
    switch (point->warm_up) {
    case WARM_UP_OWN: return;
    case WARM_UP_GIVEN:
        if (scenario->find_warm_up || scenario->warm_up_ns > 0) scenario->warm_up_ns = point->warm_up_ns;
        return;
    case WARM_UP_UNFOUND: scenario->find_warm_up = false; return;
    }
}

static bool read_point(struct desk *desk, const struct point *point, struct findings *findings, struct sim_err *err)
{
    const struct study_source *source = point->source;
    if (!study_read_text(&desk->study, source->text, source->length, source->file, source->folder, point->edit,
                         point->n_edits, findings, &desk->arena, err))
        return false;
    if (!varies_once(point, &desk->study, err) || !varies_unset(point, &desk->study, err)) return false;
    if (point->observations) desk->study.observations = point->observations;
    choose_warm_up(&desk->study.scenario, point);
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
    desk->settled = point->warm_up != WARM_UP_OWN;
    desk->unsettled = (struct sim_err){ 0 };
    desk->point = read_point(desk, point, findings, err) ? point : NULL;
    if (!desk->point) desk->refused = point;
    return desk->point != NULL;
}

static const char *point_name(const struct point *point) { return point->label ? point->label : point->source->file; }

bool desk_plan(struct desk *desk, struct sim_err *err)
{
    struct sim_err short_of = { 0 };
    if (desk->plan) return true;
    if (!desk->settled && !steady_has_samples(&desk->study.scenario, &short_of))
        return sim_fail(err, short_of.code, NULL, "%s: %s", point_name(desk->point), short_of.text);
    desk->plan = plan_make(&desk->study.scenario, &desk->arena, err);
    return desk->plan != NULL;
}

bool desk_settle(struct desk *desk, struct sim_err *err)
{
    const struct sim_err *why = &desk->unsettled;
    if (!desk->settled && why->code == SIM_OK)
        desk->settled = steady_settle(&desk->study, desk->plan, &desk->arena, &desk->unsettled);
    return desk->settled || (why->code != SIM_OK && sim_fail(err, why->code, why->where, "%s", why->text));
}

/* ---- one warm-up for all ---- */

static bool settle_one(struct desk *desk, const struct point *point, struct sim_err *err)
{
    struct findings findings = { 0 };
    struct sim_err unsettled = { 0 };
    if (!desk_open(desk, point, &findings, err) || !desk_plan(desk, err)) return false;
    return desk_settle(desk, &unsettled) ||
           (unsettled.code != SIM_OK && sim_fail(err, unsettled.code, unsettled.where, "%s: %s",
                                                 point_name(point), unsettled.text));
}

/* The longest of all; those that have a steady state are marked. *any: a warm-up had to be found. */
static bool longest_warm_up(struct desk *desk, struct point *point, uint32_t n, bool lenient, bool *any,
                            sim_ns *longest_ns, struct sim_err *err)
{
    for (uint32_t i = 0; i < n; i++) {
        struct sim_err said = { 0 };
        const bool settled = settle_one(desk, &point[i], &said);
        const struct scenario *scenario = &desk->study.scenario;
        if (!settled && !(lenient && said.code == SIM_EIMPRECISE))
            return said.code != SIM_OK && sim_fail(err, said.code, said.where, "%s", said.text);
        *any |= scenario->find_warm_up;
        if (!settled) continue;
        point[i].warm_up = WARM_UP_GIVEN;
        if (scenario->warm_up_ns > *longest_ns) *longest_ns = scenario->warm_up_ns;
    }
    return true;
}

/* What is left of its run has to be longer than nothing. */
static bool takes_warm_up(struct desk *desk, const struct point *point, struct sim_err *err)
{
    struct findings findings = { 0 };
    char longest[48], end[48];
    desk->point = NULL; /* it lies there with another warm-up */
    if (!desk_open(desk, point, &findings, err)) return false;
    const struct scenario *scenario = &desk->study.scenario;
    if (scenario->warm_up_ns == 0 || scenario->warm_up_ns < scenario->end_ns) return true;
    return sim_fail(err, SIM_EIMPRECISE, NULL,
                    "%s: the warm-up of all that is compared is the longest, %s, and that is not before its end, %s "
                    "(/run/ends)",
                    point_name(point), ns_format(scenario->warm_up_ns, longest, sizeof longest),
                    ns_format(scenario->end_ns, end, sizeof end));
}

bool points_share_warm_up(struct point *point, uint32_t n, bool lenient, sim_ns *longest_ns, struct sim_err *err)
{
    struct desk desk = { 0 };
    bool any = false;
    *longest_ns = 0;
    bool ok = longest_warm_up(&desk, point, n, lenient, &any, longest_ns, err);
    for (uint32_t i = 0; i < n; i++) {
        if (point[i].warm_up != WARM_UP_GIVEN) continue;
        if (!any) point[i].warm_up = WARM_UP_OWN;
        point[i].warm_up_ns = *longest_ns;
        ok = ok && (!any || takes_warm_up(&desk, &point[i], err));
    }
    if (!any) *longest_ns = 0;
    desk_fini(&desk);
    return ok;
}

const char *point_shown(const struct point *point, struct arena *arena)
{
    return point->from ? point->from : arena_printf(arena, "%s (%s)", point->source->file, point->label);
}

void desk_fini(struct desk *desk) { arena_fini(&desk->arena); }
