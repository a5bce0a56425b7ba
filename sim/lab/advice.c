/* SPDX-License-Identifier: GPL-3.0-or-later
 * With unknown values, the questions about a plan that was found are asked at every corner of their ranges that was
 * tried, and the least answer is given: another group may be the first to fail in each. Those about one that depends on
 * them are asked where it does best: there it holds. */
#include "sim/lab/advice.h"

#include <math.h>
#include <string.h>

#include "sim/lab/conditions.h"
#include "sim/lab/pressed.h"
#include "sim/results/layout.h"
#include "sim/scenario/finding.h"
#include "sim/scenario/json.h"

enum { LOOKS = 3 /* runs by which groups are told apart */ };
#define SLOWER 1.2

struct adviser {
    const struct advice *advice;
    const struct candidate *chosen;
    struct point at; /* where questions are asked */
    struct conditions conditions; /* at `at` */
    /* What a plan holds while has to be true of all unknown values: at every corner that was tried, `at` first. */
    uint32_t n_everywhere;
    struct conditions *everywhere;
    struct desk desk; /* with `at` */
    struct plan_answer *out;
    struct arena *arena;
    struct sim_err *err;
};

static struct plan_share share_of(const struct judged *judged) { return (struct plan_share){ judged->met, judged->n }; }

/* ---- the most pressed group at a point; where *most is given, if it is more pressed than that ---- */

static bool find_limit(struct adviser *adviser, const struct point *point, double *most, struct plan_limit *out)
{
    struct pressed pressed;
    if (!pressed_find(&pressed, point, &adviser->conditions.crew, LOOKS, adviser->advice->language, adviser->arena,
                      adviser->err))
        return false;
    if (most && !(pressed.pressure > *most)) return true;
    if (most) *most = pressed.pressure;
    *out = pressed.limit;
    return true;
}

static bool find_next(struct adviser *adviser)
{
    double most = -1;
    for (uint32_t i = 0; i < adviser->n_everywhere; i++)
        if (!find_limit(adviser, &adviser->everywhere[i].point, &most, &adviser->out->next)) return false;
    return true;
}

/* ---- what binds ---- */

/* A step on one axis that costs nothing. */
static bool differs_in_one(const struct adviser *adviser, const struct candidate *at)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < adviser->advice->planner->n_axes; i++)
        n += strcmp(at->value[i], adviser->chosen->value[i]) != 0;
    return n == 1;
}

/* Where nothing costs anything, only what surely fails stands beside what was found. */
static bool is_less(const struct adviser *adviser, const struct candidate *at)
{
    if (at->judged.n == 0 || at->footing == FOOTING_NONE || at->footing == FOOTING_MET) return false;
    if (adviser->advice->planner->judges_all && at->footing != FOOTING_MISSED) return false;
    return at->cost < adviser->chosen->cost || differs_in_one(adviser, at);
}

/* The dearest of those before it that fail, or, where nothing costs anything, of all that do; where several cost the
 * same, the one that came nearest. */
static const struct candidate *one_less(const struct adviser *adviser)
{
    const struct planner *planner = adviser->advice->planner;
    const struct candidate *less = NULL;
    const uint32_t n = planner->judges_all ? planner->n : adviser->advice->chosen;
    for (uint32_t i = 0; i < n; i++) {
        const struct candidate *at = &planner->candidate[i];
        if (!is_less(adviser, at)) continue;
        const bool nearer = less && at->cost >= less->cost &&
                            (double)at->judged.met * less->judged.n > (double)less->judged.met * at->judged.n;
        if (!less || at->cost > less->cost || nearer) less = at;
    }
    return less;
}

static const char *threshold_text(struct adviser *adviser, uint32_t index)
{
    const struct threshold_spec *spec = &adviser->desk.study.threshold[index];
    const size_t size = strlen(spec->metric) + strlen(spec->expression) + 2;
    char *text = arena_alloc(adviser->arena, size);
    snprintf(text, size, "%s %s", spec->metric, spec->expression);
    return text;
}

static bool advise_binding(struct adviser *adviser)
{
    struct plan_answer *out = adviser->out;
    const struct candidate *less = out->status == PLAN_FOUND ? one_less(adviser) : adviser->chosen;
    if (!less || less->judged.met == less->judged.n) return true; /* nothing failed */
    const uint32_t worst = judged_worst(&less->judged);
    out->unsettled = less->judged.unsettled > 0;
    if (out->unsettled) out->threshold = NULL;
    else if (judged_breaks(&less->judged)) out->invariant = less->judged.invariant;
    else if (worst != NONE) out->threshold = threshold_text(adviser, worst);
    if (less != adviser->chosen) out->one_less = less->value;
    out->one_less_open = less->footing == FOOTING_OPEN;
    out->one_less_depends = out->one_less && less->footing == FOOTING_DEPENDS;
    out->one_less_share = share_of(&less->judged);
    if (out->invariant) return true; /* no group limits that */
    const struct point at =
        planner_place(adviser->advice->planner, less, less->worst == NONE ? 0 : less->worst, adviser->arena);
    return find_limit(adviser, &at, NULL, &out->binding);
}

/* ---- while what it holds ---- */

/* A duration of at most `digits` digits that is not above this one: 12871234 ns -> "12.8ms". */
static const char *rounded_down(double ns, int digits, struct arena *arena)
{
    const double unit = pow(10, floor(log10(ns)) - digits + 1);
    return quantity_text((struct quantity){ true, floor(ns / unit * (1 + 1e-12)) * unit }, arena);
}

static uint32_t count_times(const struct step_spec *step, uint32_t n)
{
    uint32_t times = 0;
    for (uint32_t i = 0; i < n; i++) times += step[i].has_time + count_times(step[i].otherwise, step[i].n_otherwise);
    return times;
}

static bool has_several_times(const struct stage_spec *stage)
{
    return stage->has_time + count_times(stage->step, stage->n_steps) > 1;
}

/* Those in `otherwise`, too: they are made longer with the others. */
static double sum_of_times_s(const struct step_spec *step, uint32_t n)
{
    double sum_s = 0;
    for (uint32_t i = 0; i < n; i++)
        sum_s += (step[i].has_time ? dist_mean_s(&step[i].time) : 0) +
                 sum_of_times_s(step[i].otherwise, step[i].n_otherwise);
    return sum_s;
}

static double stage_times_s(const struct stage_spec *stage)
{
    return (stage->has_time ? dist_mean_s(&stage->time) : 0) + sum_of_times_s(stage->step, stage->n_steps);
}

/* The step that has a time, among these and below them; `above` ends in their key. NULL: none. */
static const char *timed_step_at(struct adviser *adviser, const struct step_spec *step, uint32_t n, const char *above)
{
    const char *found = NULL;
    for (uint32_t i = 0; i < n && !found; i++) {
        const char *at = arena_printf(adviser->arena, "%s/%u", above, (unsigned)i);
        found = step[i].has_time ? at
                                 : timed_step_at(adviser, step[i].otherwise, step[i].n_otherwise,
                                                 json_pointer_below(at, "otherwise", adviser->arena));
    }
    return found;
}

/* Its times are all made longer together: where it has several, the bound is the stage's. */
static const char *work_at(struct adviser *adviser, const struct stage_spec *stage)
{
    const char *at = json_pointer_below("/stages", stage->name, adviser->arena);
    if (has_several_times(stage)) return at;
    const char *step = timed_step_at(adviser, stage->step, stage->n_steps,
                                     json_pointer_below(at, "steps", adviser->arena));
    return json_pointer_below(json_pointer_below(step ? step : at, "time", adviser->arena), "mean", adviser->arena);
}

static bool is_below(const char *pointer, const char *above)
{
    return strncmp(pointer, above, strlen(above)) == 0 && pointer[strlen(above)] == '/';
}

/* Whether that value moves the mean of one of the stage's times: their spread does not, nor does a `refuse`. */
static bool moves_a_time(const char *pointer, const char *stage)
{
    static const char time[] = "/time", spread[] = "/cv";
    if (!is_below(pointer, stage)) return false;
    const char *at = strstr(pointer + strlen(stage), time), *end = pointer + strlen(pointer);
    if (!at || (at[strlen(time)] != '\0' && at[strlen(time)] != '/')) return false;
    return strcmp(end - strlen(spread), spread) != 0;
}

/* Whether what the stage takes is not known. */
static bool is_unknown(const struct adviser *adviser, const char *stage)
{
    const struct judge *judge = &adviser->advice->planner->judge;
    for (uint32_t u = 0; u < judge->n_unknowns; u++)
        if (moves_a_time(judge->unknown[u].at, stage)) return true;
    return false;
}

/* Whether what is unknown has told of it: the stage's only time. */
static bool is_told(const struct plan_answer *out, const char *work)
{
    for (uint32_t i = 0; i < out->n_bounds; i++)
        if (strcmp(out->bound[i].pointer, work) == 0 || is_below(work, out->bound[i].pointer)) return true;
    return false;
}

static struct plan_bound *new_bound(struct adviser *adviser, const char *pointer)
{
    struct plan_bound *bound = (struct plan_bound *)adviser->out->bound + adviser->out->n_bounds++;
    *bound = (struct plan_bound){ .pointer = pointer, .room = (double)NAN };
    return bound;
}

/* The least factor of all places; of the load where no stage is given. Most of them hold at the least so far. */
static bool least_everywhere(struct adviser *adviser, uint32_t stage, double *factor)
{
    *factor = FACTOR_MOST;
    for (uint32_t i = 0; i < adviser->n_everywhere && !isnan(*factor); i++) {
        const struct conditions *at = &adviser->everywhere[i];
        const bool ok = stage == NONE ? conditions_of_load(at, *factor, factor, adviser->err)
                                      : conditions_of_stage(at, stage, *factor, factor, adviser->err);
        if (!ok) return false;
    }
    return true;
}

/* What is not known of it has the value that it has at `at`; room is from there. */
static bool advise_stage(struct adviser *adviser, uint32_t index)
{
    const struct stage_spec *stage = &adviser->desk.study.scenario.stage[index];
    const double now_s = stage_times_s(stage);
    const char *work = work_at(adviser, stage);
    double factor;
    if (!(now_s > 0) || is_told(adviser->out, work)) return true;
    if (!least_everywhere(adviser, index, &factor)) return false;
    if (isnan(factor)) return true;
    if (factor >= FACTOR_MOST) {
        adviser->out->n_roomy++;
        return true;
    }
    struct plan_bound *bound = new_bound(adviser, work);
    bound->of_several = has_several_times(stage);
    if (!is_unknown(adviser, json_pointer_below("/stages", stage->name, adviser->arena)))
        bound->now = quantity_text((struct quantity){ true, now_s * SIM_S }, adviser->arena);
    bound->below = rounded_down(now_s * SIM_S * factor, 3, adviser->arena);
    bound->room = factor;
    return true;
}

/* How far to one end of its range it holds, from where it does. *out: NULL where it does all along. */
static bool bound_way(struct adviser *adviser, const struct conditions *conditions, const struct unknown *unknown,
                      double from, bool up, double *way, struct plan_bound **out)
{
    *out = NULL;
    if (!conditions_of_unknown(conditions, unknown, from, up, way, adviser->err)) return false;
    if (isnan(*way) || *way >= 1) return true;
    struct plan_bound *bound = new_bound(adviser, unknown->at);
    const double share = share_along(from, up, *way);
    const double value = unknown->low.value + share * (unknown->high.value - unknown->low.value);
    const char *text = unknown->low.is_duration && up && value > 0 ? rounded_down(value, 3, adviser->arena)
                                                                   : unknown_at(unknown, share, adviser->arena);
    if (up) bound->below = text;
    else bound->above = text;
    *out = bound;
    return true;
}

static bool advise_way(struct adviser *adviser, const struct unknown *unknown, double from, bool up, double *least_way)
{
    struct plan_bound *bound;
    double way;
    if (!bound_way(adviser, &adviser->conditions, unknown, from, up, &way, &bound)) return false;
    if (!bound || way >= *least_way) return true;
    *least_way = way;
    adviser->out->measure_next = unknown->at;
    return true;
}

static bool advise_unknown(struct adviser *adviser, uint32_t index, double *least_way)
{
    const struct judge *judge = &adviser->advice->planner->judge;
    const struct candidate *chosen = adviser->chosen;
    const double from = chosen->share[(size_t)chosen->best * judge->n_unknowns + index];
    return (from >= 1 || advise_way(adviser, &judge->unknown[index], from, true, least_way)) &&
           (from <= 0 || advise_way(adviser, &judge->unknown[index], from, false, least_way));
}

/* With the others at their worst, from its other end to its own worst. */
static bool advise_one_of_all(struct adviser *adviser, uint32_t index, double *most_way)
{
    const struct planner *planner = adviser->advice->planner;
    const struct judge *judge = &planner->judge;
    const struct candidate *chosen = adviser->chosen;
    const double *worst = chosen->share + (size_t)chosen->worst * judge->n_unknowns;
    double share[UNKNOWNS_MAX], way;
    struct conditions conditions;
    struct plan_bound *bound;
    memcpy(share, worst, judge->n_unknowns * sizeof *share);
    share[index] = 1 - worst[index];
    const struct point at = point_at(&chosen->point, judge->unknown, judge->n_unknowns, share, adviser->arena);
    if (!conditions_make(&conditions, &at, judge->confidence, &judge->crew, adviser->err) ||
        !bound_way(adviser, &conditions, &judge->unknown[index], share[index], worst[index] > share[index], &way,
                   &bound))
        return false;
    if (!bound) return true;
    bound->others_worst = true;
    if (way <= *most_way) return true;
    *most_way = way;
    adviser->out->measure_next = judge->unknown[index].at;
    return true;
}

/* Values that fail only together. To keep any one of them in its bound is enough, and the likeliest to be in it is the
 * one that holds over most of its range. */
static bool advise_together(struct adviser *adviser)
{
    double most_way = -1;
    for (uint32_t u = 0; u < adviser->advice->planner->judge.n_unknowns; u++)
        if (!advise_one_of_all(adviser, u, &most_way)) return false;
    return true;
}

static bool advise_unknowns(struct adviser *adviser)
{
    double least_way = 1;
    for (uint32_t u = 0; u < adviser->advice->planner->judge.n_unknowns; u++)
        if (!advise_unknown(adviser, u, &least_way)) return false;
    return adviser->out->n_bounds > 0 || advise_together(adviser);
}

static bool advise_bounds(struct adviser *adviser)
{
    const struct judge *judge = &adviser->advice->planner->judge;
    const struct scenario *scenario = &adviser->desk.study.scenario;
    adviser->out->bound = arena_array(adviser->arena, struct plan_bound, 2 * judge->n_unknowns + scenario->n_stages);
    if (adviser->chosen->footing == FOOTING_DEPENDS && !advise_unknowns(adviser)) return false;
    if (adviser->chosen->footing == FOOTING_OPEN) return true;
    for (uint32_t i = 0; i < scenario->n_stages; i++)
        if (!advise_stage(adviser, i)) return false;
    return true;
}

/* ---- more load, slower work ---- */

static bool advise_load(struct adviser *adviser)
{
    struct plan_answer *out = adviser->out;
    const struct scenario *scenario = &adviser->desk.study.scenario;
    out->load_is_trace = !load_can_scale(scenario);
    out->no_load = scenario_load_extent(scenario).until_ns == 0;
    if (out->load_is_trace || out->no_load || out->status != PLAN_FOUND) return true;
    return least_everywhere(adviser, NONE, &out->headroom);
}

/* At the place that does worst then. */
static bool run_slower(struct adviser *adviser, const struct conditions *at)
{
    struct plan_share share = { 0 };
    struct plan_share *least = &adviser->out->slower;
    struct point slower = at->point;
    struct probe probe;
    slower.time_factor = SLOWER;
    slower.slow_stage = NONE;
    probe_init(&probe, &slower, NULL, 0, HOLDS_MOST, adviser->arena);
    if (!probes_run(&probe, 1, HOLDS_MOST, &at->crew, adviser->err)) return false;
    for (uint32_t r = 0; r < probe.n; r++) share.met += probe.exit[r] == 0;
    share.n = probe.n;
    if (least->n == 0 || share.met < least->met) *least = share;
    return true;
}

static bool advise_slower(struct adviser *adviser)
{
    const struct scenario *scenario = &adviser->desk.study.scenario;
    for (uint32_t i = 0; i < scenario->n_stores && !adviser->out->store; i++)
        if (scenario->store[i].capacity > 0)
            adviser->out->store = arena_strdup(adviser->arena, scenario->store[i].name);
    if (!adviser->out->store || adviser->out->status != PLAN_FOUND) return true;
    for (uint32_t i = 0; i < adviser->n_everywhere; i++)
        if (!run_slower(adviser, &adviser->everywhere[i])) return false;
    return true;
}

/* ---- what is known without a run ---- */

static bool is_bounded(const struct plan_answer *out, const char *pointer)
{
    for (uint32_t i = 0; i < out->n_bounds; i++) {
        const char *at = out->bound[i].pointer;
        if (strcmp(at, pointer) == 0 || (out->bound[i].of_several && is_below(pointer, at))) return true;
    }
    return false;
}

/* Those that a bound is about first. */
static void list_assumed(struct adviser *adviser)
{
    const struct study *study = &adviser->desk.study;
    struct plan_answer *out = adviser->out;
    const char **assumed = arena_array(adviser->arena, const char *, study->n_basis);
    for (int bounded = 1; bounded >= 0; bounded--)
        for (uint32_t i = 0; i < study->n_basis; i++)
            if (study->basis[i].basis == BASIS_ASSUMED && is_bounded(out, study->basis[i].pointer) == (bounded == 1))
                assumed[out->n_assumed++] = arena_strdup(adviser->arena, study->basis[i].pointer);
    out->assumed = assumed;
}

static void list_tried(struct adviser *adviser)
{
    static const char *const word[] = { [FOOTING_OPEN] = "open", [FOOTING_MISSED] = "missed",
                                        [FOOTING_DEPENDS] = "depends", [FOOTING_MET] = "met" };
    const struct planner *planner = adviser->advice->planner;
    struct plan_tried *tried = arena_array(adviser->arena, struct plan_tried, planner->n);
    for (uint32_t i = 0; i < planner->n; i++) {
        const struct candidate *at = &planner->candidate[i];
        if (at->footing == FOOTING_NONE) continue;
        adviser->out->n_met += at->footing == FOOTING_MET;
        const bool unsettled = at->footing == FOOTING_MISSED && judged_unsettled(&at->judged);
        const struct plan_share none = { 0 }, share = unsettled ? none : share_of(&at->judged);
        tried[adviser->out->n_tried++] =
            (struct plan_tried){ at->value, at->cost, share, unsettled ? "unsettled" : word[at->footing] };
    }
    adviser->out->tried = tried;
    adviser->out->n_candidates = planner->n;
}

static void list_unknowns(struct adviser *adviser)
{
    const struct judge *judge = &adviser->advice->planner->judge;
    struct plan_unknown *unknown = arena_array(adviser->arena, struct plan_unknown, judge->n_unknowns);
    for (uint32_t u = 0; u < judge->n_unknowns; u++)
        unknown[u] = (struct plan_unknown){ judge->unknown[u].at, unknown_at(&judge->unknown[u], 0, adviser->arena),
                                            unknown_at(&judge->unknown[u], 1, adviser->arena) };
    adviser->out->unknown = unknown;
    adviser->out->n_unknowns = judge->n_unknowns;
}

/* What has no steady state in this run may have one in a longer run: it is not infeasible. */
static enum plan_status status_of(const struct candidate *chosen)
{
    if (chosen->footing == FOOTING_MET) return PLAN_FOUND;
    return chosen->footing == FOOTING_MISSED && !judged_unsettled(&chosen->judged) ? PLAN_INFEASIBLE : PLAN_UNDECIDED;
}

static void describe(struct adviser *adviser)
{
    const struct planner *planner = adviser->advice->planner;
    const char **pointer = arena_array(adviser->arena, const char *, planner->n_axes);
    for (uint32_t i = 0; i < planner->n_axes; i++) pointer[i] = adviser->advice->axis[i].at;
    *adviser->out = (struct plan_answer){
        .name = arena_strdup(adviser->arena, adviser->desk.study.scenario.name),
        .seed = adviser->desk.study.scenario.seed,
        .confidence = planner->judge.confidence,
        .status = status_of(adviser->chosen),
        .depends = adviser->chosen->footing == FOOTING_DEPENDS,
        .n_varied = planner->n_axes,
        .pointer = pointer,
        .value = adviser->chosen->value,
        .cost = adviser->chosen->cost,
        .costs_nothing = planner->judges_all,
        .share = share_of(&adviser->chosen->judged),
        .share_at_worst = adviser->chosen->judged_at_worst,
        .factor_most = FACTOR_MOST,
        .headroom = (double)NAN,
        .halved = adviser->advice->halved,
        .n_corners = adviser->chosen->n_corners,
    };
    list_tried(adviser);
    list_unknowns(adviser);
}

/* ---- all of it ---- */

static bool advise(struct adviser *adviser)
{
    struct findings findings = { 0 };
    if (!desk_open(&adviser->desk, &adviser->at, &findings, adviser->err)) return false;
    describe(adviser);
    if (!advise_binding(adviser)) return false;
    if (adviser->chosen->footing != FOOTING_MISSED &&
        (!find_next(adviser) || !advise_bounds(adviser) || !advise_load(adviser) ||
         !advise_slower(adviser)))
        return false;
    list_assumed(adviser);
    return true;
}

static bool make_everywhere(struct adviser *adviser)
{
    const struct planner *planner = adviser->advice->planner;
    const struct candidate *chosen = adviser->chosen;
    const uint32_t n = chosen->footing == FOOTING_MET ? chosen->n_corners : 0;
    adviser->everywhere = arena_array(adviser->arena, struct conditions, n + 1);
    adviser->everywhere[adviser->n_everywhere++] = adviser->conditions;
    for (uint32_t c = 0; c < n; c++) {
        const struct point at = planner_place(planner, chosen, c, adviser->arena);
        struct conditions *there = &adviser->everywhere[adviser->n_everywhere];
        if (c == chosen->worst) continue;
        if (!conditions_make(there, &at, planner->judge.confidence, &planner->judge.crew, adviser->err)) return false;
        adviser->n_everywhere++;
    }
    return true;
}

bool advice_make(const struct advice *advice, struct plan_answer *out, struct arena *arena, struct sim_err *err)
{
    const struct planner *planner = advice->planner;
    const struct candidate *chosen = &planner->candidate[advice->chosen];
    struct adviser adviser = { .advice = advice, .chosen = chosen, .out = out, .arena = arena, .err = err };
    const uint32_t corner = chosen->footing == FOOTING_DEPENDS ? chosen->best : chosen->worst;
    adviser.at = planner_place(planner, chosen, corner == NONE ? 0 : corner, arena);
    const bool ok =
        conditions_make(&adviser.conditions, &adviser.at, planner->judge.confidence, &planner->judge.crew, err) &&
        make_everywhere(&adviser) && advise(&adviser);
    desk_fini(&adviser.desk);
    return ok;
}
