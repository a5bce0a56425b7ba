/* SPDX-License-Identifier: GPL-3.0-or-later
 * Private to this room: rules across sections, split into what holds for the whole (check.c) and for each stage's
 * program of steps (check_stage.c). */
#ifndef SIM_SCENARIO_CHECK_H
#define SIM_SCENARIO_CHECK_H

#include "sim/scenario/reader.h"

/* The stage of the one API; NONE: no process hosts one. */
uint32_t check_api_stage(const struct scenario *scenario);

/* Threads of the process run the stage. */
bool hosts_stage(const struct scenario *scenario, uint32_t process, uint32_t stage);

void check_stages(struct reader *reader);
void check_faults(struct reader *reader);
/* And how many pods, and consumers, there may be. */
void check_scalers(struct reader *reader);

#endif
