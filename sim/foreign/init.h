/* SPDX-License-Identifier: GPL-3.0-or-later
 * A runnable scenario out of what there is. The pipeline is the usual one (usual_pipeline.json: the API, stock and
 * coupon side by side, the flow manager, payment, what follows), with the names that the observations have; each value
 * is tagged measured, fitted or assumed. */
#ifndef SIM_FOREIGN_INIT_H
#define SIM_FOREIGN_INIT_H

#include "sim/foreign/source.h"

struct init_input {
    const char *name;
    struct source *observations;   /* NULL: none; text of sim-observations/1 */
    const char *observations_path; /* as the scenario names it; NULL: it cannot */
    struct source *k6;             /* NULL: none */
    const cJSON *offsets; /* observations made of offsets tables or orders; NULL: none. With observations: not both */
    struct source *offsets_source; /* where they are from */
    const cJSON *durations;        /* sim-durations/1, as durations_read makes it; NULL: none */
    struct arena *arena;
};

/* The scenario, or NULL with findings in the source that is at fault. Remarks go to the same sources. The caller
 * deletes it. */
cJSON *init_scenario(const struct init_input *input);

#endif
