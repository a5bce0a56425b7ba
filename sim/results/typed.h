/* SPDX-License-Identifier: GPL-3.0-or-later
 * Words of commands that are printed to be typed: in quotes where a shell would take them apart. */
#ifndef SIM_RESULTS_TYPED_H
#define SIM_RESULTS_TYPED_H

#include "sim/engine/arena.h"

/* The text itself, or a quoted copy in the arena. */
const char *typed_word(const char *text, struct arena *arena);

#endif
