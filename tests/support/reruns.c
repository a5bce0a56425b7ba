/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/reruns.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

enum { JOBS = 2 };

void reruns_open(struct reruns *reruns, const char *scenario, const struct study_edit *edit, uint32_t n_edits)
{
    struct findings findings = { 0 };
    struct sim_err err = { 0 };
    arena_init(&reruns->arena);
    if (!study_read(&reruns->study, scenario, edit, n_edits, &findings, &reruns->arena, &err)) {
        findings_print(&findings, scenario, stderr);
        fail_msg("%s: %s", err.where, err.text);
    }
    const struct replicate replicate = { .study = &reruns->study, .layout = layout_make(&reruns->study, &reruns->arena),
                                         .jobs = JOBS, .confidence = 0.95 };
    if (!replicate_run(&replicate, &reruns->replicated, &reruns->arena, &err)) fail_msg("%s: %s", err.where, err.text);
    reruns->outcome = &reruns->replicated.outcome;
    assert_int_equal(reruns->outcome->n, reruns->study.scenario.replications);
}

void reruns_close(struct reruns *reruns)
{
    replicated_fini(&reruns->replicated);
    arena_fini(&reruns->arena);
}

uint32_t reruns_figure(const struct reruns *reruns, const char *path)
{
    uint32_t figure = layout_find(reruns->outcome->layout, path, NULL);
    if (figure == NONE) fail_msg("no figure %s", path);
    return figure;
}

const double *reruns_values(const struct reruns *reruns, const char *path)
{
    return reruns->outcome->value[reruns_figure(reruns, path)];
}

double reruns_mean(const struct reruns *reruns, const char *path)
{
    return reruns->outcome->mean[reruns_figure(reruns, path)].mean;
}

void reruns_expect_near(const struct reruns *reruns, const char *path, double counted, double share)
{
    double mean = reruns_mean(reruns, path);
    print_message("%s: %g, counted %g, %+.2f %% of %g %% allowed\n", path, mean, counted, 100 * (mean / counted - 1),
                  100 * share);
    if (!(fabs(mean - counted) <= share * counted)) fail_msg("%s is too far off", path);
}

void reruns_expect_sound(const struct reruns *reruns, bool open)
{
    const struct outcome *outcome = reruns->outcome;
    assert_true(outcome->n_invariants > 0);
    for (uint32_t i = 0; i < outcome->n_invariants; i++) {
        const struct outcome_invariant *invariant = &outcome->invariant[i];
        if (invariant->verdict != VERDICT_HOLDS && !(open && invariant->verdict == VERDICT_OPEN))
            fail_msg("%s: %s", invariant->name, invariant->meaning);
    }
}
