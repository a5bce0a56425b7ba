/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/trial_outcome.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "sim/results/layout.h"

struct outcome trial_outcome(struct trial *trial, struct group_facts *group, struct arena *arena)
{
    struct outcome outcome;
    const struct layout *layout = layout_make(&trial->study, arena);
    struct recorder *recorder = recorder_open(layout, 0, NULL, arena);
    const struct run_facts *facts = trial_run(trial, 0, recorder_observer(recorder));
    if (group) *group = facts->group[0];
    struct result *result[] = { recorder_close(recorder, facts, arena) };
    assert_true(outcome_make(&outcome, &trial->study, layout, result, 1, 0.95, 1, arena, NULL));
    return outcome;
}
