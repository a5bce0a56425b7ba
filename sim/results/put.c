/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/results/put.h"

#include <inttypes.h>

#include "sim/results/number.h"

void put_number(cJSON *object, const char *key, double value)
{
    cJSON_AddRawToObject(object, key, number_json(value).s);
}

void put_seed(cJSON *object, uint64_t seed)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, seed);
    if (seed <= UINT64_C(1) << 53) cJSON_AddRawToObject(object, "seed", text);
    else cJSON_AddStringToObject(object, "seed", text);
}

void put_out(cJSON *root, FILE *out)
{
    char *text = cJSON_Print(root);
    fprintf(out, "%s\n", text);
    cJSON_free(text);
    cJSON_Delete(root);
}
