/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/pressed.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/lab/replicate.h"
#include "sim/results/bottleneck.h"
#include "sim/results/outbox_limit.h"

static void take(struct pressed *out, const struct outcome *outcome, enum language language, struct arena *arena)
{
    enum { SENTENCE = 1024 };
    char *reason = arena_alloc(arena, SENTENCE), *words = arena_alloc(arena, SENTENCE);
    out->n_groups = outcome->study->scenario.n_groups;
    double *of_group = arena_array(arena, double, out->n_groups);
    for (uint32_t i = 0; i < outcome->n_demands; i++)
        if (!isnan(outcome->demand[i].pressure)) of_group[outcome->demand[i].group] = outcome->demand[i].pressure;
    out->of_group = of_group;
    if (outcome->n_demands == 0) return;
    const struct group_demand *first = &outcome->demand[0];
    /* not that of the first: it may have fallen behind with much in reserve */
    for (uint32_t i = 0; i < outcome->n_demands; i++) out->pressure = fmax(out->pressure, outcome->demand[i].pressure);
    out->limit.group = arena_strdup(arena, first->name);
    out->limit.reason = bottleneck_reason(first, LANG_EN, reason, SENTENCE);
    out->limit.words = bottleneck_reason(first, language, words, SENTENCE);
}

/* What its relay holds back comes before all groups. */
static void take_outbox(struct pressed *out, const struct outcome *outcome, enum language language,
                        struct arena *arena)
{
    enum { SENTENCE = 1024 };
    const struct outbox_limit limit = outbox_limit_of(outcome);
    char *reason = arena_alloc(arena, SENTENCE), *words = arena_alloc(arena, SENTENCE);
    if (!limit.process) return;
    const size_t size = strlen(limit.process) + sizeof " (outbox)";
    char *name = arena_alloc(arena, size);
    snprintf(name, size, "%s (outbox)", limit.process);
    out->pressure = fmax(out->pressure, limit.asked_per_s / limit.most_per_s);
    out->limit.group = name;
    out->limit.reason = outbox_limit_text(outcome, LANG_EN, reason, SENTENCE);
    out->limit.words = outbox_limit_text(outcome, language, words, SENTENCE);
}

static bool find(struct pressed *out, const struct point *point, const struct crew *crew, uint32_t runs,
                 enum language language, struct arena *arena, struct sim_err *err)
{
    struct desk desk = { 0 };
    struct findings findings = { 0 };
    struct arena own = { 0 };
    struct replicated replicated = { 0 };
    *out = (struct pressed){ .pressure = (double)NAN };
    bool ok = desk_open(&desk, point, &findings, err);
    if (ok) {
        study_set_replications(&desk.study, runs, &desk.arena);
        const struct replicate replicate = { .study = &desk.study, .layout = desk.layout, .jobs = crew->n_threads,
                                             .confidence = 0.95, .terminal = crew->terminal };
        ok = replicate_run(&replicate, &replicated, &own, err) && !replicated.outcome.interrupted;
    }
    if (ok) {
        take(out, &replicated.outcome, language, arena);
        take_outbox(out, &replicated.outcome, language, arena);
    }
    replicated_fini(&replicated);
    arena_fini(&own);
    desk_fini(&desk);
    return ok;
}

/* Where a point has no steady state the whole run counts: the group that keeps it from one is the most pressed. */
bool pressed_find(struct pressed *out, const struct point *point, const struct crew *crew, uint32_t runs,
                  enum language language, struct arena *arena, struct sim_err *err)
{
    struct sim_err said = { 0 };
    if (find(out, point, crew, runs, language, arena, &said)) return true;
    if (said.code != SIM_EIMPRECISE)
        return said.code != SIM_OK && sim_fail(err, said.code, said.where, "%s", said.text);
    struct point whole = *point;
    whole.warm_up = WARM_UP_UNFOUND;
    return find(out, &whole, crew, runs, language, arena, err);
}
