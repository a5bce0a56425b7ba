/* SPDX-License-Identifier: GPL-3.0-or-later
 * Several results of one study, in replication order: means and half-widths, thresholds, invariants, the bottleneck. */
#include "sim/results/result.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "sim/engine/random.h"
#include "sim/results/bottleneck.h"
#include "sim/results/layout.h"
#include "sim/results/threshold.h"

static const double *const *by_value(struct result *const *results, uint32_t n, uint32_t n_values, struct arena *arena)
{
    const double **value = arena_array(arena, const double *, n_values);
    double *cell = arena_array(arena, double, (size_t)n_values * n);

    for (uint32_t i = 0; i < n_values; i++) {
        value[i] = cell;
        for (uint32_t r = 0; r < n; r++)
            *cell++ = results[r]->value[i];
    }
    return value;
}

static const struct infer_mean *means(const struct outcome *outcome, struct arena *arena)
{
    const uint32_t n_figures = outcome->layout->n_figures;
    struct infer_mean *mean = arena_array(arena, struct infer_mean, n_figures);

    for (uint32_t i = 0; i < n_figures; i++)
        mean[i] = infer_mean(outcome->value[i], outcome->n, outcome->confidence);
    return mean;
}

static uint64_t fingerprint_of(struct result *const *results, uint32_t n)
{
    uint64_t fingerprint = n ? results[0]->fingerprint : 0;
    for (uint32_t r = 1; r < n; r++)
        fingerprint = random_mix(fingerprint) + results[r]->fingerprint;
    return fingerprint;
}

static bool judge_thresholds(struct outcome *outcome, struct arena *arena, struct sim_err *err)
{
    const struct study *study = outcome->study;
    struct outcome_threshold *verdict = arena_array(arena, struct outcome_threshold, study->n_thresholds);

    for (uint32_t i = 0; i < study->n_thresholds; i++) {
        const struct threshold_spec *spec = &study->threshold[i];
        const uint32_t figure = threshold_figure(outcome->layout, spec, err);
        if (figure == NONE)
            return false;
        uint32_t held = 0;
        for (uint32_t r = 0; r < outcome->n; r++)
            held += threshold_holds(spec, outcome->value[figure][r]);
        verdict[i] = (struct outcome_threshold){
            .spec = spec, .value = outcome->mean[figure].mean,
            .nulls = outcome->n - (uint32_t)outcome->mean[figure].n,
            .passed = threshold_holds(spec, outcome->mean[figure].mean),
            .passed_share = outcome->n ? (double)held / outcome->n : (double)NAN
        };
    }
    outcome->threshold = verdict;
    outcome->n_thresholds = study->n_thresholds;
    return true;
}

static enum verdict worse(enum verdict a, enum verdict b)
{
    if (a == VERDICT_BROKEN || b == VERDICT_BROKEN)
        return VERDICT_BROKEN;
    return a == VERDICT_OPEN || b == VERDICT_OPEN ? VERDICT_OPEN : VERDICT_HOLDS;
}

static const struct chain *chain_of(const struct result *result, uint32_t invariant)
{
    for (uint32_t i = 0; i < result->n_chains; i++)
        if (result->chain[i].invariant == invariant)
            return &result->chain[i];
    return NULL;
}

static void judge_invariants(struct outcome *outcome, struct result *const *results, struct arena *arena)
{
    const uint32_t n = outcome->n ? results[0]->n_invariants : 0;
    struct outcome_invariant *verdict = arena_array(arena, struct outcome_invariant, n);

    for (uint32_t i = 0; i < n; i++) {
        verdict[i].name = results[0]->invariant[i].name;
        verdict[i].meaning = results[0]->invariant[i].meaning;
        verdict[i].eventual = results[0]->invariant[i].eventual;
        verdict[i].verdict = VERDICT_HOLDS;
        for (uint32_t r = 0; r < outcome->n; r++) {
            const struct invariant_facts *facts = &results[r]->invariant[i];
            verdict[i].verdict = worse(verdict[i].verdict, facts->verdict);
            verdict[i].violations += facts->violations;
            if (facts->violations && !verdict[i].first) {
                verdict[i].first = facts;
                verdict[i].first_replication = results[r]->replication;
                verdict[i].chain = chain_of(results[r], i);
            }
        }
    }
    outcome->invariant = verdict;
    outcome->n_invariants = n;
}

/* Of the safety invariants, of the liveness invariants, or of all. */
static struct outcome_verdict verdict_of(const struct outcome *outcome, struct result *const *results, bool safety,
                                         bool liveness)
{
    struct outcome_verdict all = { .verdict = VERDICT_HOLDS };

    for (uint32_t i = 0; i < outcome->n_invariants; i++) {
        const struct outcome_invariant *invariant = &outcome->invariant[i];
        if (invariant->eventual ? !liveness : !safety)
            continue;
        all.invariants++;
        all.broken += invariant->verdict == VERDICT_BROKEN;
        all.open += invariant->verdict == VERDICT_OPEN;
        all.verdict = worse(all.verdict, invariant->verdict);
    }
    for (uint32_t r = 0; r < outcome->n; r++) {
        bool broken = false, open = false;
        for (uint32_t i = 0; i < results[r]->n_invariants; i++) {
            if (results[r]->invariant[i].eventual ? !liveness : !safety)
                continue;
            broken |= results[r]->invariant[i].verdict == VERDICT_BROKEN;
            open |= results[r]->invariant[i].verdict == VERDICT_OPEN;
        }
        all.runs_broken += broken;
        all.runs_judged += broken || !open;
    }
    all.upper_limit_95 = infer_share_upper(all.runs_broken, all.runs_judged, 0.95);
    return all;
}

static void name_bottleneck(struct outcome *outcome, struct arena *arena)
{
    char reason[1024];

    outcome->demand = bottleneck_rank(outcome, arena);
    outcome->n_demands = outcome->study->scenario.n_groups;
    if (outcome->n_demands == 0)
        return;
    outcome->bottleneck_group = outcome->demand[0].name;
    outcome->bottleneck_reason =
        arena_strdup(arena, bottleneck_reason(&outcome->demand[0], LANG_EN, reason, sizeof reason));
}

bool outcome_make(struct outcome *out, const struct study *study, const struct layout *layout,
                  struct result *const *results, uint32_t n, double confidence, uint64_t seed, struct arena *arena,
                  struct sim_err *err)
{
    *out = (struct outcome){ .layout = layout, .study = study, .seed = seed, .n = n, .confidence = confidence };
    out->fingerprint = fingerprint_of(results, n);
    out->value = by_value(results, n, layout_values(layout), arena);
    out->mean = means(out, arena);
    for (uint32_t r = 0; r < n; r++) {
        out->events += results[r]->events;
        out->end_s += ns_to_s(results[r]->end_ns) / n;
        out->cut = out->cut || results[r]->cut;
    }
    judge_invariants(out, results, arena);
    out->safety = verdict_of(out, results, true, false);
    out->liveness = verdict_of(out, results, false, true);
    out->all = verdict_of(out, results, true, true);
    name_bottleneck(out, arena);
    return judge_thresholds(out, arena, err);
}

static const struct infer_mean *mean_at(const struct outcome *outcome, const char *path_format, va_list arguments)
{
    char path[1024];

    vsnprintf(path, sizeof path, path_format, arguments);
    const uint32_t figure = layout_find(outcome->layout, path, NULL);
    return figure == NONE ? NULL : &outcome->mean[figure];
}

double outcome_mean(const struct outcome *outcome, const char *path_format, ...)
{
    va_list arguments;
    va_start(arguments, path_format);
    const struct infer_mean *mean = mean_at(outcome, path_format, arguments);
    va_end(arguments);
    return mean ? mean->mean : (double)NAN;
}

double outcome_half_width(const struct outcome *outcome, const char *path_format, ...)
{
    va_list arguments;
    va_start(arguments, path_format);
    const struct infer_mean *mean = mean_at(outcome, path_format, arguments);
    va_end(arguments);
    return mean ? mean->half_width : (double)NAN;
}

uint32_t outcome_nulls(const struct outcome *outcome, const char *path_format, ...)
{
    va_list arguments;
    va_start(arguments, path_format);
    const struct infer_mean *mean = mean_at(outcome, path_format, arguments);
    va_end(arguments);
    return outcome->n - (mean ? (uint32_t)mean->n : 0);
}

int outcome_exit(const struct outcome *outcome)
{
    for (uint32_t i = 0; i < outcome->n_invariants; i++)
        if (outcome->invariant[i].verdict == VERDICT_BROKEN)
            return 4;
    for (uint32_t i = 0; i < outcome->n_thresholds; i++)
        if (!outcome->threshold[i].passed)
            return 99;
    return 0;
}
