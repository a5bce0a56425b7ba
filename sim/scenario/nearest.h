/* SPDX-License-Identifier: GPL-3.0-or-later
 * "did you mean": the known name nearest to what was written. */
#ifndef SIM_SCENARIO_NEAREST_H
#define SIM_SCENARIO_NEAREST_H

#include <stdint.h>

/* The name with the fewest insertions, deletions, replacements and swaps of neighbours, the first among equals; NULL
 * when even that one is too far from word to be meant. */
const char *nearest_name(const char *word, const char *const *name, uint32_t n);

#endif
