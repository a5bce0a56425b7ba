/* SPDX-License-Identifier: GPL-3.0-or-later
 * Whose records a fault makes slow while it lasts: by what the stages of a group use. */
#ifndef MODELS_REACH_H
#define MODELS_REACH_H

#include "models/scenario.h"

/* Or quick, by a factor below one. Consumers that it stops or takes away are not slow: they are not there
 * (kafka/member.h). */
bool fault_slows(const struct scenario *scenario, const struct fault_spec *fault, uint32_t group);

#endif
