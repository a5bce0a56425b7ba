/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/results/shown.h"

#include <string.h>

static const char *const usual[] = { "orders.paid_ratio", "completion_s.p50", "completion_s.p95" };
enum { N_USUAL = sizeof usual / sizeof usual[0] };

static bool is_among(const char *const *metric, uint32_t n, const char *path)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(metric[i], path) == 0) return true;
    return false;
}

/* Where there is nothing else. */
static void add_usual(const char **metric, uint32_t *n)
{
    for (uint32_t i = 0; *n == i && i < N_USUAL; i++) metric[(*n)++] = usual[i];
}

static bool has_all(const struct layout *layout, const char *const *asked, uint32_t n, struct sim_err *err)
{
    const char *nearest;
    for (uint32_t i = 0; i < n; i++)
        if (layout_find(layout, asked[i], &nearest) == NONE)
            return sim_fail(err, SIM_EUSAGE, NULL, "--metric: there is no figure %s in summary.json%s%s", asked[i],
                            nearest ? "; the nearest is " : "", nearest ? nearest : "");
    return true;
}

const char *const *metrics_shown(const struct study *study, const struct layout *layout, const char *const *asked,
                                 uint32_t n_asked, uint32_t *n, struct arena *arena, struct sim_err *err)
{
    const char **metric = arena_array(arena, const char *, n_asked + study->n_thresholds + N_USUAL);
    if (!has_all(layout, asked, n_asked, err)) return NULL;
    *n = 0;
    for (uint32_t i = 0; i < n_asked; i++) metric[(*n)++] = asked[i];
    for (uint32_t i = 0; n_asked == 0 && i < study->n_thresholds; i++) {
        const char *path = study->threshold[i].metric;
        if (!is_among(metric, *n, path) && layout_find(layout, path, NULL) != NONE)
            metric[(*n)++] = arena_strdup(arena, path);
    }
    add_usual(metric, n);
    return metric;
}

const char *const *metrics_of_points(const struct store_point *point, uint32_t n_points, uint32_t *n,
                                     struct arena *arena)
{
    uint32_t n_targets = 0;
    for (uint32_t p = 0; p < n_points; p++) n_targets += point[p].n_targets;
    const char **metric = arena_array(arena, const char *, n_targets + N_USUAL);
    *n = 0;
    for (uint32_t p = 0; p < n_points; p++)
        for (uint32_t i = 0; i < point[p].n_targets; i++)
            if (!is_among(metric, *n, point[p].target[i])) metric[(*n)++] = point[p].target[i];
    add_usual(metric, n);
    return metric;
}
