/* SPDX-License-Identifier: GPL-3.0-or-later
 * JSON tree -> text. What fits into a line stands in one line, the rest is broken and indented by two; so a resolved
 * scenario reads like one written by hand. The same tree gives the same text, whatever the locale. */
#ifndef SIM_SCENARIO_WRITE_H
#define SIM_SCENARIO_WRITE_H

#include <cjson/cJSON.h>

#include "sim/engine/arena.h"

enum { WRITE_COLUMNS = 120 };

/* Broken into lines, ends with \n. */
const char *write_document(const cJSON *root, struct arena *arena);
/* In one line, without \n. */
const char *write_line(const cJSON *node, struct arena *arena);
/* The shortest decimal that reads back to the same double; whole numbers without exponent below 1e15. */
const char *write_number(double number, char out[32]);

#endif
