/* SPDX-License-Identifier: GPL-3.0-or-later
 * Of a long sample not every duration is a point: evenly spaced ranks, and all of the longest, for it is the tail that
 * a fit misses first. A duration of rank i of n is beside the fit's quantile of (i - 1/2) / n (Hazen). */
#include "sim/draw_durations.h"

#include <math.h>
#include <stdio.h>

#include "plots/picture_quantiles.h"
#include "sim/commands.h"

enum { PICTURES_MOST = 32, EVEN = 200, LONGEST = 30, NAME_BYTES = 64 };

static uint32_t choose_ranks(uint32_t n, uint32_t rank[EVEN + LONGEST])
{
    uint32_t n_ranks = 0;
    const uint32_t even = n > EVEN + LONGEST ? EVEN : 0, rest = even > 0 ? n - LONGEST : 0;
    for (uint32_t i = 0; i < even; i++) rank[n_ranks++] = (uint32_t)((uint64_t)i * rest / even);
    for (uint32_t i = rest; i < n; i++) rank[n_ranks++] = i;
    return n_ranks;
}

/* The least AIC but for the best; FIT_FAMILIES: there is none. */
static enum fit_family runner_up(const struct durations_fitted *fitted)
{
    enum fit_family next = FIT_FAMILIES;
    for (enum fit_family f = 0; f < FIT_FAMILIES; f++)
        if (f != fitted->best && fitted->fit[f].ok &&
            (next == FIT_FAMILIES || fitted->fit[f].aic < fitted->fit[next].aic))
            next = f;
    return next;
}

/* "qq-01-stock-lock": letters and digits of the name, so that it is one for any file system and for gnuplot. */
static void file_name(uint32_t i, const char *name, char out[NAME_BYTES])
{
    int used = snprintf(out, NAME_BYTES, "qq-%02u-", i + 1);
    for (; *name && used < NAME_BYTES - 1; name++) {
        const bool plain =
            (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') || (*name >= '0' && *name <= '9');
        out[used++] = '-';
        if (plain) out[used - 1] = *name;
    }
    out[used] = '\0';
}

static void describe_fit(const struct durations_fitted *fitted, enum fit_family next, char *out, size_t size)
{
    const struct fit *best = &fitted->fit[fitted->best];
    const int used = snprintf(out, size, "Kolmogorov-Smirnov %.3g, Anderson-Darling %.3g", best->ks, best->ad);
    if (next < FIT_FAMILIES && used > 0 && (size_t)used < size)
        snprintf(out + used, size - (size_t)used, "; AIC %.4g below the next", fitted->fit[next].aic - best->aic);
}

static enum drawn draw_one(const struct durations_fitted *fitted, uint32_t i, const struct output *output,
                           struct sim_err *err)
{
    static const struct {
        const char *label;
        double p;
    } marks[] = { { "p50", 0.5 }, { "p95", 0.95 }, { "p99", 0.99 }, { "p99.9", 0.999 } };
    enum { MARKS = sizeof marks / sizeof *marks };
    uint32_t rank[EVEN + LONGEST];
    const uint32_t n = choose_ranks(fitted->n, rank);
    double *point = arena_array(output->arena, double, 4 * n);
    double *p = point, *measured = point + n, *family = point + 2 * n, *other = point + 3 * n;
    const enum fit_family next = runner_up(fitted);
    struct quantile_mark mark[MARKS];
    char name[NAME_BYTES], title[256], subtitle[256];
    for (uint32_t k = 0; k < n; k++) {
        p[k] = (rank[k] + 0.5) / fitted->n;
        measured[k] = fitted->sorted_s[rank[k]];
        family[k] = fit_quantile(&fitted->fit[fitted->best], p[k]);
        if (next < FIT_FAMILIES) other[k] = fit_quantile(&fitted->fit[next], p[k]);
    }
    for (uint32_t m = 0; m < MARKS; m++)
        mark[m] =
            (struct quantile_mark){ marks[m].label, fitted->sorted_s[(uint32_t)(marks[m].p * (fitted->n - 1) + 0.5)] };
    file_name(i, fitted->name, name);
    snprintf(title, sizeof title, "%.80s: %u durations beside the fitted %s", fitted->name, fitted->n,
             fit_name(fitted->best));
    describe_fit(fitted, next, subtitle, sizeof subtitle);
    const struct quantile_picture picture = {
        output->staging, name, title, subtitle, n, p, measured, fit_name(fitted->best),
        next < FIT_FAMILIES ? fit_name(next) : NULL, family, other, MARKS, mark
    };
    return quantiles_draw(&picture, err);
}

bool draw_durations(const struct options *options, const struct durations_shown *shown, struct output *output,
                    struct sim_err *err)
{
    static const char *const nothing_stale[] = { NULL };
    enum drawn drawn = DRAWN;
    uint32_t n = 0, left = 0;
    show_activity(options, "drawing pictures");
    for (uint32_t i = 0; i < shown->n && drawn != DRAWN_NOT; i++) {
        if (shown->fitted[i]->best == FIT_FAMILIES || n == PICTURES_MOST) left++;
        else drawn = draw_one(shown->fitted[i], n++, output, err);
    }
    show_activity(options, NULL);
    if (drawn == DRAWN_NOT || !output_commit(output, nothing_stale, err)) return false;
    if (left > 0) warn("%u stages and steps have no picture: %d are the most, and what no family fits has none", left,
                       PICTURES_MOST);
    if (drawn == DRAWN_SCRIPTS)
        warn("there is no gnuplot here, so no pictures were drawn; their data and scripts are in %s, and gnuplot "
             "NAME.gp "
             "in it draws one (Debian, Ubuntu: gnuplot-nox)",
             output->dir);
    else note(options, "%u pictures in %s", n, output->dir);
    return true;
}
