/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/compare.h"

#include <string.h>

#include "sim/lab/places.h"
#include "sim/results/layout.h"

struct common {
    uint32_t n;           /* figures of the first point that all points have */
    const char **path, **unit;
    uint32_t **index;     /* [point][figure] */
    uint32_t *n_thresholds; /* by point */
    uint64_t seed;
    struct places places; /* of the first point's parts */
    const char *moved;    /* the first part that draws otherwise in a point; NULL: none */
    uint32_t moved_in;    /* that point */
};

static bool is_asked(const struct compare *compare, const char *path)
{
    for (uint32_t i = 0; i < compare->n_metrics; i++)
        if (strcmp(compare->metric[i], path) == 0) return true;
    return false;
}

static void take_first(struct common *common, const struct compare *compare, const struct layout *layout,
                       struct arena *arena)
{
    common->path = arena_array(arena, const char *, layout->n_figures);
    common->unit = arena_array(arena, const char *, layout->n_figures);
    for (uint32_t i = 0; i < layout->n_figures; i++) {
        if (compare->only_metrics && !is_asked(compare, layout->figure[i].path)) continue;
        common->path[common->n] = arena_strdup(arena, layout->figure[i].path);
        common->unit[common->n++] = arena_strdup(arena, layout->figure[i].unit);
    }
}

/* Keeps what this point has, too; its indices are those of all that were kept so far. */
static void take_point(struct common *common, uint32_t point, const struct layout *layout)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < common->n; i++) {
        const uint32_t figure = layout_find(layout, common->path[i], NULL);
        if (figure == NONE) continue;
        for (uint32_t p = 0; p < point; p++) common->index[p][n] = common->index[p][i];
        common->path[n] = common->path[i];
        common->unit[n] = common->unit[i];
        common->index[point][n++] = figure;
    }
    common->n = n;
}

static void find_moved(struct common *common, uint32_t point, const struct scenario *scenario, struct arena *arena)
{
    struct places places;
    if (common->moved) return;
    places_take(&places, scenario, arena);
    if (point == 0) common->places = places;
    common->moved = places_moved(&common->places, &places, arena);
    common->moved_in = point;
}

static bool find_common(struct common *common, const struct compare *compare, struct arena *arena, struct sim_err *err)
{
    struct desk desk = { 0 };
    struct findings findings = { 0 };
    bool ok = true;
    common->index = arena_array(arena, uint32_t *, compare->n_points);
    common->n_thresholds = arena_array(arena, uint32_t, compare->n_points);
    for (uint32_t p = 0; p < compare->n_points && ok; p++) {
        ok = desk_open(&desk, &compare->point[p], &findings, err);
        if (!ok) break;
        if (p == 0) take_first(common, compare, desk.layout, arena);
        if (p == 0) common->seed = desk.study.scenario.seed;
        common->n_thresholds[p] = desk.study.n_thresholds;
        common->index[p] = arena_array(arena, uint32_t, common->n + 1);
        take_point(common, p, desk.layout);
        find_moved(common, p, &desk.study.scenario, arena);
    }
    desk_fini(&desk);
    return ok;
}

static void count_exits(struct paired_variant *variant, const struct probe *probe)
{
    for (uint32_t r = 0; r < probe->n; r++) {
        variant->met += probe->exit[r] == 0;
        variant->broken += probe->exit[r] == 4;
    }
}

static void make_metric(struct paired_metric *metric, const struct compare *compare, const struct probe *probe,
                        uint32_t kept, struct arena *arena)
{
    const double **value = arena_array(arena, const double *, compare->n_points);
    for (uint32_t p = 0; p < compare->n_points; p++) {
        double *column = arena_array(arena, double, compare->replications);
        for (uint32_t r = 0; r < compare->replications; r++) column[r] = probe_value(&probe[p], r, kept);
        value[p] = column;
    }
    paired_metric_make(metric, value, compare->n_points, compare->replications, compare->confidence, arena);
}

/* A figure that was asked for by name must be one of every variant's. */
static bool has_all_asked(const struct common *common, const struct compare *compare, struct sim_err *err)
{
    for (uint32_t m = 0; compare->only_metrics && m < compare->n_metrics; m++) {
        bool found = false;
        for (uint32_t i = 0; i < common->n; i++) found |= strcmp(common->path[i], compare->metric[m]) == 0;
        if (!found)
            return sim_fail(err, SIM_EUSAGE, NULL, "--metric: not every variant has the figure %s; nothing to compare",
                            compare->metric[m]);
    }
    return true;
}

bool compare_run(const struct compare *compare, struct paired *out, struct arena *arena, struct sim_err *err)
{
    struct common common = { 0 };
    if (!find_common(&common, compare, arena, err) || !has_all_asked(&common, compare, err)) return false;
    struct probe *probe = arena_array(arena, struct probe, compare->n_points);
    for (uint32_t p = 0; p < compare->n_points; p++)
        probe_init(&probe[p], &compare->point[p], common.index[p], common.n, compare->replications, arena);
    if (!probes_run(probe, compare->n_points, compare->replications, &compare->crew, err)) return false;
    struct paired_variant *variant = arena_array(arena, struct paired_variant, compare->n_points);
    struct paired_metric *metric = arena_array(arena, struct paired_metric, common.n);
    for (uint32_t p = 0; p < compare->n_points; p++) {
        variant[p] = (struct paired_variant){ .name = compare->point[p].label, .n_thresholds = common.n_thresholds[p] };
        count_exits(&variant[p], &probe[p]);
    }
    for (uint32_t i = 0; i < common.n; i++) {
        metric[i] = (struct paired_metric){ .metric = common.path[i], .unit = common.unit[i],
                                            .shown = is_asked(compare, common.path[i]) };
        make_metric(&metric[i], compare, probe, i, arena);
    }
    *out = (struct paired){ common.seed, compare->replications, compare->n_points, common.n, compare->confidence,
                            variant, metric, common.moved, common.moved_in };
    return true;
}
