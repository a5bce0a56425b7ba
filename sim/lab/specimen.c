/* SPDX-License-Identifier: GPL-3.0-or-later
 * Every run is step by step: runs that differ in their faults alone then differ in nothing else. */
#include "sim/lab/specimen.h"

#include <string.h>

#include "models/plan.h"
#include "sim/scenario/finding.h"

/* A run that makes more is given up: some plans end in storms that never end. */
enum { EVENTS_MAX = 20000000 };

bool stand_open(struct stand *stand, const struct specimen *specimen, struct findings *findings, struct sim_err *err)
{
    const struct study_source *source = specimen->source;
    arena_reset(&stand->shared);
    stand->plan = NULL;
    struct arena *arena = &stand->shared;
    struct study_edit *edit =
        arena_array(arena, struct study_edit, specimen->n_edits + specimen->n_values + specimen->n_faults);
    uint32_t n = 0;
    for (uint32_t i = 0; i < specimen->n_edits; i++) edit[n++] = specimen->edit[i];
    for (uint32_t i = 0; i < specimen->n_values; i++) edit[n++] = specimen->value[i];
    for (uint32_t i = 0; i < specimen->n_faults; i++)
        edit[n++] =
            (struct study_edit){ arena_printf(arena, "/faults/%s", specimen->fault[i].name), specimen->fault[i].json };
    if (!study_read_text(&stand->study, source->text, source->length, source->file, source->folder, edit, n, findings,
                         arena, err))
        return false;
    stand->plan = plan_make(&stand->study.scenario, arena, err);
    return stand->plan != NULL;
}

static const struct run_facts *run(struct stand *stand, const struct plan *plan, const struct specimen *specimen,
                                   struct story *story, struct sim_err *err)
{
    const struct run_options options = { .verdicts_only = true,
                                         .step_by_step = true,
                                         .events_max = EVENTS_MAX,
                                         .shuffles = specimen->ties,
                                         .tie_seed = specimen->seed,
                                         .story = story };
    return pipeline_run(plan, specimen->seed, 0, &options, &stand->own, err);
}

const struct run_facts *stand_run(struct stand *stand, const struct specimen *specimen, struct story *story,
                                  struct sim_err *err)
{
    arena_reset(&stand->own);
    return run(stand, stand->plan, specimen, story, err);
}

bool stand_accepts(struct stand *stand, const struct fault_text *fault, uint32_t n_faults)
{
    struct findings findings;
    const struct fault_spec *all;
    uint32_t n_all;
    return study_faults(&stand->study, fault, n_faults, &all, &n_all, &findings, &stand->own);
}

const struct run_facts *stand_run_faults(struct stand *stand, const struct specimen *specimen, struct sim_err *err)
{
    struct findings findings;
    struct scenario *scenario = arena_new(&stand->own, struct scenario);
    *scenario = stand->study.scenario;
    if (!study_faults(&stand->study, specimen->fault, specimen->n_faults, &scenario->fault, &scenario->n_faults,
                      &findings, &stand->own)) {
        sim_fail(err, SIM_ESCENARIO, findings.finding[0].pointer, "a fault that was drawn is none: %s",
                 findings.finding[0].message);
        return NULL;
    }
    const struct plan *plan = plan_with_faults(stand->plan, scenario, &stand->own, err);
    return plan ? run(stand, plan, specimen, NULL, err) : NULL;
}

void stand_fini(struct stand *stand)
{
    arena_fini(&stand->shared);
    arena_fini(&stand->own);
    arena_fini(&stand->kept);
}

const struct invariant_facts *first_broken(const struct run_facts *facts)
{
    const struct invariant_facts *first = NULL;
    for (uint32_t i = 0; i < facts->n_invariants; i++) {
        const struct invariant_facts *fact = &facts->invariant[i];
        if (fact->verdict == VERDICT_BROKEN && (!first || fact->first_at_ns < first->first_at_ns)) first = fact;
    }
    return first;
}

struct specimen specimen_copy(const struct specimen *specimen, uint32_t n_more, struct arena *arena)
{
    struct specimen copy = *specimen;
    copy.kind = NULL;
    copy.value = arena_array(arena, struct study_edit, specimen->n_values + n_more);
    copy.fault = arena_array(arena, struct fault_text, specimen->n_faults + n_more);
    if (copy.n_values > 0) memcpy(copy.value, specimen->value, copy.n_values * sizeof *copy.value);
    if (copy.n_faults > 0) memcpy(copy.fault, specimen->fault, copy.n_faults * sizeof *copy.fault);
    return copy;
}
