/* SPDX-License-Identifier: GPL-3.0-or-later
 * sim plan: the cheapest combination of the varied values that meets the thresholds, and while what. */
#include <string.h>
#include <unistd.h>

#include "sim/commands.h"
#include "sim/lab/advice.h"
#include "sim/lab/interrupt.h"
#include "sim/lab/workers.h"

enum { REPLICATIONS = 60, TEXT_COLUMNS = 80 };

struct planning {
    const struct options *options;
    struct study_source source;
    struct point base;
    struct axis *axis;
    struct unknown *unknown;
    struct planner planner;
    struct desk desk;
    struct findings findings;
};

/* ---- what is asked ---- */

static bool read_unknowns(struct planning *planning, struct arena *arena, struct sim_err *err)
{
    const struct options *options = planning->options;
    planning->unknown = arena_array(arena, struct unknown, options->unknown.n);
    if (options->unknown.n > UNKNOWNS_MAX)
        return sim_fail(err, SIM_EUSAGE, NULL, "%u unknown values are more than the %d that a plan can carry through",
                        options->unknown.n, UNKNOWNS_MAX);
    for (uint32_t i = 0; i < options->unknown.n; i++)
        if (!unknown_parse(&planning->unknown[i], options->unknown.word[i], arena, err)) return false;
    return true;
}

static bool read_prices(const struct options *options, struct price *price, struct arena *arena, struct sim_err *err)
{
    for (uint32_t i = 0; i < options->cost.n; i++)
        if (!price_parse(&price[i], options->cost.word[i], arena, err)) return false;
    return true;
}

/* The scenario as it is, with something to aim at. */
static bool read_base(struct planning *planning, struct arena *arena, struct sim_err *err)
{
    const struct options *options = planning->options;
    if (!study_source_load(&planning->source, options->operand, arena, err)) return false;
    planning->base = base_point(options, &planning->source, arena);
    if (!desk_open(&planning->desk, &planning->base, &planning->findings, err)) return false;
    planning->planner.judge.seed = planning->desk.study.scenario.seed;
    if (planning->desk.study.n_thresholds > 0) return true;
    return sim_fail(err, SIM_ESCENARIO, options->operand,
                    "/thresholds: there are none, so there is nothing to plan for; "
                    "as in \"thresholds\": {\"checkpoints.load_end_30s.paid_ratio\": [\"value>=0.95\"]}");
}

/* Every candidate is acceptable before the first run; where its values stand is known from then on. */
static bool check_points(struct planning *planning, const struct point *point, uint32_t n, const char **at,
                         uint32_t n_axes, struct arena *arena, struct sim_err *err)
{
    for (uint32_t i = 0; i < n; i++) {
        if (!desk_open(&planning->desk, &point[i], &planning->findings, err) || !desk_plan(&planning->desk, err))
            return false;
        for (uint32_t k = 0; k < n_axes && i == 0; k++)
            at[k] = arena_strdup(arena, planning->desk.study.edit_at[point[i].n_edits - n_axes + k]);
    }
    note_load_end_of_points(planning->options, point, n, &planning->desk, arena);
    return unknowns_settle(planning->unknown, planning->options->unknown.n, &point[0], n_axes, &planning->desk,
                           &planning->findings, arena, err);
}

static bool make_candidates(struct planning *planning, struct arena *arena, struct sim_err *err)
{
    const struct options *options = planning->options;
    struct planner *planner = &planning->planner;
    const uint32_t n_axes = options->vary.n;
    struct variation *variation = arena_array(arena, struct variation, n_axes);
    struct price *price = arena_array(arena, struct price, options->cost.n);
    const char **at = arena_array(arena, const char *, n_axes);
    struct point *point;
    planning->axis = arena_array(arena, struct axis, n_axes);
    for (uint32_t i = 0; i < n_axes; i++)
        if (!vary_parse(&variation[i], options->vary.word[i], arena, err)) return false;
    if (!read_unknowns(planning, arena, err) || !read_prices(options, price, arena, err) ||
        !points_of_grid(&planning->base, variation, n_axes, &point, &planner->n, arena, err) ||
        !check_points(planning, point, planner->n, at, n_axes, arena, err) ||
        !axes_make(planning->axis, variation, at, n_axes, price, options->cost.n, err))
        return false;
    planner->n_axes = n_axes;
    planner->judges_all = axes_cost_nothing(planning->axis, n_axes);
    planner->candidate = candidates_make(planning->axis, n_axes, point, planner->n, arena, err);
    return planner->candidate != NULL;
}

static bool read_all(struct planning *planning, struct arena *arena, struct sim_err *err)
{
    const struct options *options = planning->options;
    struct planner *planner = &planning->planner;
    if (!read_base(planning, arena, err) || !make_candidates(planning, arena, err)) return false;
    planner->least = options->replications ? options->replications : REPLICATIONS;
    planner->judge.confidence = options->confidence;
    planner->judge.crew = (struct crew){ options->jobs ? options->jobs : workers_cores(),
                                         !options->quiet && isatty(STDERR_FILENO) ? stderr : NULL };
    planner->judge.n_unknowns = options->unknown.n;
    planner->judge.unknown = planning->unknown;
    planner->judge.block = planner->least;
    return true;
}

/* ---- the plan ---- */

static void print(const struct options *options, const struct plan_answer *answer)
{
    const struct text_style style = { options->language, use_colour(options), options->format == FORMAT_MARKDOWN,
                                      TEXT_COLUMNS };
    if (options->format == FORMAT_JSON) plan_json(answer, stdout);
    else plan_write(answer, &style, stdout);
}

static bool search(struct planning *planning, struct plan_answer *answer, struct arena *arena, struct sim_err *err)
{
    struct advice advice = { .planner = &planning->planner, .axis = planning->axis,
                             .language = planning->options->language };
    advice.chosen = planner_search(&planning->planner, &advice.halved, arena, err);
    return advice.chosen != NONE && advice_make(&advice, answer, arena, err);
}

static int run_plan(struct planning *planning, struct arena *arena, struct sim_err *err)
{
    static const int code[] = { [PLAN_FOUND] = 0, [PLAN_UNDECIDED] = 5, [PLAN_INFEASIBLE] = 99 };
    struct plan_answer answer;
    struct interrupt interrupt;
    if (!read_all(planning, arena, err)) {
        if (planning->findings.n_all > 0) findings_print(&planning->findings, planning->options->operand, stderr);
        return (int)err->code;
    }
    interrupt_hold(&interrupt);
    const bool ok = search(planning, &answer, arena, err);
    interrupt_release(&interrupt);
    if (ok) {
        print(planning->options, &answer);
        return code[answer.status];
    }
    if (err->code == SIM_OK) warn("interrupted before the plan was made; nothing is kept");
    return err->code == SIM_OK ? EXIT_INTERRUPTED : (int)err->code;
}

int cmd_plan(const struct options *options, struct arena *arena, struct sim_err *err)
{
    struct planning planning = { .options = options };
    int code = run_plan(&planning, arena, err);
    desk_fini(&planning.desk);
    return code;
}
