/* SPDX-License-Identifier: GPL-3.0-or-later
 * What is wrong with a text, and where. Findings are kept in the order in which they are found, MAX_FINDINGS of them;
 * the others are counted. */
#ifndef SIM_SCENARIO_FINDING_H
#define SIM_SCENARIO_FINDING_H

#include "sim/scenario/study.h"

struct text_place {
    uint32_t line, column;
}; /* from 1, column in bytes; 0: no place in the text */

/* pointer may live shorter than the findings. */
void finding_add(struct findings *findings, struct arena *arena, struct text_place place, const char *pointer,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));

/* By place in the text; those without a place come last. */
void findings_sort(struct findings *findings);

/* snprintf into the arena. */
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
