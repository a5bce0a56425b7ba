/* SPDX-License-Identifier: GPL-3.0-or-later
 * Figures as members of a JSON object. NaN is null. */
#ifndef SIM_RESULTS_PUT_H
#define SIM_RESULTS_PUT_H

#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdio.h>

/* Shortest form that reads back to the same double. */
void put_number(cJSON *object, const char *key, double value);
/* As a string where a double would lose digits. */
void put_seed(cJSON *object, uint64_t seed);
/* Pretty, with a newline at its end; deletes root. */
void put_out(cJSON *root, FILE *out);

#endif
