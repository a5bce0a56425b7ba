/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/results/thin.h"

void thin_init(struct thin *thin, uint32_t n_groups, struct arena *arena)
{
    *thin = (struct thin){ .n_groups = n_groups, .stride = 1 };
    thin->t_s = arena_array(arena, double, THIN_POINTS);
    thin->lag = arena_array(arena, int64_t, (size_t)n_groups * THIN_POINTS);
    thin->backlog = arena_array(arena, int64_t, (size_t)n_groups * THIN_POINTS);
}

static void halve(struct thin *thin)
{
    thin->n = THIN_POINTS / 2;
    thin->stride *= 2;
    for (uint32_t i = 0; i < thin->n; i++) {
        thin->t_s[i] = thin->t_s[2 * i];
        for (uint32_t g = 0; g < thin->n_groups; g++) {
            thin->lag[g * THIN_POINTS + i] = thin->lag[g * THIN_POINTS + 2 * i];
            thin->backlog[g * THIN_POINTS + i] = thin->backlog[g * THIN_POINTS + 2 * i];
        }
    }
}

void thin_sample(struct thin *thin, const struct run_levels *levels)
{
    if (thin->left > 0) {
        thin->left--;
        return;
    }
    if (thin->n == THIN_POINTS) halve(thin);
    thin->left = thin->stride - 1;
    uint32_t i = thin->n++;
    thin->t_s[i] = ns_to_s(levels->at_ns);
    for (uint32_t g = 0; g < thin->n_groups; g++)
        thin->lag[g * THIN_POINTS + i] = thin->backlog[g * THIN_POINTS + i] = 0;
    for (uint32_t p = 0; p < levels->n_partitions; p++) {
        thin->lag[levels->partition[p].group * THIN_POINTS + i] += levels->partition[p].lag;
        thin->backlog[levels->partition[p].group * THIN_POINTS + i] += levels->partition[p].backlog;
    }
}
