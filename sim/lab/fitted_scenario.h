/* SPDX-License-Identifier: GPL-3.0-or-later
 * A new scenario from an old one: its text with some values set, each with what it rests on. All else says what it
 * said, comments too; only lines may break elsewhere. */
#ifndef SIM_LAB_FITTED_SCENARIO_H
#define SIM_LAB_FITTED_SCENARIO_H

#include <cjson/cJSON.h>

#include "sim/lab/point.h"

struct fitted_edit {
    struct study_edit edit; /* pointer: a JSON Pointer */
    const char *basis;      /* "fitted", "assumed" */
};

/* The base's edits are applied first. observations: the file to name, relative to the new scenario; NULL: none is
 * named. The caller owns it. NULL with err, or with findings. */
cJSON *fitted_scenario(const struct point *base, const struct fitted_edit *edit, uint32_t n, const char *observations,
                       struct findings *findings, struct arena *arena, struct sim_err *err);

#endif
