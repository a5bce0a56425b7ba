/* SPDX-License-Identifier: GPL-3.0-or-later
 * sim-observations/1: what was counted in the real system. Private to this room; see study.h for the struct. */
#ifndef SIM_SCENARIO_OBSERVE_H
#define SIM_SCENARIO_OBSERVE_H

#include "sim/scenario/study.h"

bool observations_read_text(struct observations *out, const char *text, size_t length, struct findings *findings,
                            struct arena *arena);

#endif
