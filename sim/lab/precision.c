/* SPDX-License-Identifier: GPL-3.0-or-later
 * Mean and squares are carried along by Welford's rule: the rule is asked after every replication, and must not cost
 * more the more there are. */
#include "sim/lab/precision.h"

#include <math.h>
#include <string.h>

#include "sim/results/threshold.h"

/* ---- goals ---- */

static void add_aim(struct precision *precision, const struct layout *layout, uint32_t figure, double width,
                    bool by_name, struct arena *arena)
{
    const char *path = layout_path(layout, figure);
    uint32_t i = 0;
    while (i < precision->n_aims && strcmp(precision->aim[i].path, path) != 0) i++;
    if (i < precision->n_aims && !by_name) return;
    if (i == precision->n_aims) precision->n_aims++;
    precision->aim[i] = (struct precision_aim){ .path = arena_strdup(arena, path),
                                                .is_share = strcmp(layout_unit(layout, figure), "ratio") == 0,
                                                .width = width };
}

static bool add_metric(struct precision *precision, const struct layout *layout, const struct precision_goal *goal,
                       struct arena *arena, struct sim_err *err)
{
    const char *nearest;
    uint32_t figure = layout_find(layout, goal->metric, &nearest);
    if (figure == NONE)
        return sim_fail(err, SIM_EUSAGE, NULL, "--precision: there is no figure \"%s\"%s%s", goal->metric,
                        nearest ? "; the nearest is " : "", nearest ? nearest : "");
    add_aim(precision, layout, figure, goal->width, true, arena);
    return true;
}

static bool add_thresholds(struct precision *precision, const struct layout *layout, double width, uint32_t n,
                           const struct study *study, struct arena *arena, struct sim_err *err)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t figure = threshold_figure(layout, &study->threshold[i], err);
        if (figure == NONE) return false;
        add_aim(precision, layout, figure, width, false, arena);
    }
    return true;
}

bool precision_init(struct precision *precision, const struct precision_goal *goal, uint32_t n_goals, uint32_t least,
                    double confidence, const struct study *study, const struct layout *layout, struct arena *arena,
                    struct sim_err *err)
{
    *precision = (struct precision){ .confidence = confidence, .least = least };
    precision->aim = arena_array(arena, struct precision_aim, n_goals + study->n_thresholds);
    for (uint32_t i = 0; i < n_goals; i++)
        if (goal[i].metric && !add_metric(precision, layout, &goal[i], arena, err)) return false;
    double of_thresholds = (double)NAN;
    for (uint32_t i = 0; i < n_goals; i++)
        if (!goal[i].metric) of_thresholds = goal[i].width;
    if (isnan(of_thresholds))
        return n_goals > 0 ||
               add_thresholds(precision, layout, (double)NAN, study->n_thresholds > 0, study, arena, err);
    if (study->n_thresholds == 0)
        return sim_fail(err, SIM_EUSAGE, NULL,
                        "--precision %g is about the figures of the thresholds, and this scenario has none; name a "
                        "figure, as in --precision completion_s.p95=%g",
                        of_thresholds, of_thresholds);
    return add_thresholds(precision, layout, of_thresholds, study->n_thresholds, study, arena, err);
}

/* ---- widths ---- */

static double half_width(const struct precision *precision, const struct precision_aim *aim)
{
    if (aim->n < 2) return (double)NAN;
    return infer_t(precision->confidence, aim->n) * sqrt(aim->squares / (double)(aim->n - 1) / (double)aim->n);
}

static double allowed(const struct precision_aim *aim)
{
    return aim->is_share ? aim->width : aim->width / (1 + aim->width) * fabs(aim->mean);
}

/* Half-width in parts of what is allowed: above 1 is too wide, and so is what nobody knows or has a goal for. */
static double strain(const struct precision *precision, const struct precision_aim *aim)
{
    double half = half_width(precision, aim);
    if (isnan(half) || isnan(aim->width)) return HUGE_VAL;
    return half > 0 ? half / allowed(aim) : 0;
}

static const struct precision_aim *worst(const struct precision *precision)
{
    const struct precision_aim *worst = NULL;
    for (uint32_t i = 0; i < precision->n_aims; i++)
        if (!worst || strain(precision, &precision->aim[i]) > strain(precision, worst)) worst = &precision->aim[i];
    return worst;
}

/* ---- the rule ---- */

static void take_value(struct precision_aim *aim, double value)
{
    if (!isfinite(value)) return;
    double from_mean = value - aim->mean;
    aim->n++;
    aim->mean += from_mean / (double)aim->n;
    aim->squares += from_mean * (value - aim->mean);
}

static bool holds(const struct precision *precision)
{
    for (uint32_t i = 0; i < precision->n_aims; i++)
        if (!(strain(precision, &precision->aim[i]) <= 1)) return false;
    return precision->n_aims > 0;
}

static void taken(struct precision *precision)
{
    precision->n++;
    precision->held_for = precision->n >= PRECISION_LEAST && holds(precision) ? precision->held_for + 1 : 0;
}

void precision_take(struct precision *precision, const struct layout *layout, const struct result *result)
{
    for (uint32_t i = 0; i < precision->n_aims; i++) {
        uint32_t figure = layout_find(layout, precision->aim[i].path, NULL);
        if (figure != NONE) take_value(&precision->aim[i], result->value[figure]);
    }
    taken(precision);
}

void precision_take_values(struct precision *precision, const double *value)
{
    for (uint32_t i = 0; i < precision->n_aims; i++) take_value(&precision->aim[i], value[i]);
    taken(precision);
}

bool precision_enough(const struct precision *precision)
{
    uint32_t ahead = precision->n / 20;
    return precision->n >= precision->least &&
           precision->held_for > (ahead > PRECISION_LOOK_AHEAD ? ahead : PRECISION_LOOK_AHEAD);
}

double precision_expected(const struct precision *precision)
{
    const struct precision_aim *farthest = worst(precision);
    if (!farthest) return 0;
    double times = strain(precision, farthest);
    if (!isfinite(times)) return 0;
    return fmax(precision->n * times * times, precision->least) + PRECISION_LOOK_AHEAD;
}

/* A line is short: of a long path its last word. */
static const char *brief(const char *path)
{
    enum { LONGEST = 24 };
    const char *dot = strrchr(path, '.');
    return strlen(path) > LONGEST && dot ? dot + 1 : path;
}

char *precision_line(const struct precision *precision, char *out, size_t size)
{
    const struct precision_aim *farthest = worst(precision);
    out[0] = '\0';
    if (!farthest || isnan(half_width(precision, farthest))) return out;
    const char *path = brief(farthest->path);
    double half = half_width(precision, farthest);
    if (isnan(farthest->width)) snprintf(out, size, "%s %.4g +-%.2g", path, farthest->mean, half);
    else snprintf(out, size, "%s %.4g +-%.2g (+-%.2g asked)", path, farthest->mean, half, allowed(farthest));
    return out;
}
