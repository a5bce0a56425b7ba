/* SPDX-License-Identifier: GPL-3.0-or-later
 * Real logs have a past: an offset of 12,838 after a run that began at 12,000. The simulated ones begin with the run.
 */
#include "sim/foreign/init_observations.h"

#include <math.h>
#include <string.h>

#include "sim/foreign/seen.h"

static const cJSON *at(const cJSON *object, const char *key) { return cJSON_GetObjectItemCaseSensitive(object, key); }

static bool is_same(const cJSON *a, const cJSON *b, const char *key)
{
    const char *text = cJSON_GetStringValue(at(a, key)), *other = cJSON_GetStringValue(at(b, key));
    return text && other && strcmp(text, other) == 0;
}

static bool is_same_partition(const cJSON *a, const cJSON *b)
{
    return is_same(a, b, "topic") &&
           cJSON_GetNumberValue(at(a, "partition")) == cJSON_GetNumberValue(at(b, "partition"));
}

/* The least committed offset of the row's partition among these rows, of any group; infinite: there is none. */
static double origin_of(const cJSON *rows, const cJSON *row)
{
    double origin = INFINITY;
    const cJSON *other;
    cJSON_ArrayForEach(other, rows) if (is_same_partition(other, row) && cJSON_IsNumber(at(other, "committed")))
        origin = fmin(origin, at(other, "committed")->valuedouble);
    return origin;
}

static void count_from(cJSON *row, const char *key, double origin)
{
    const cJSON *offset = at(row, key);
    if (offset) cJSON_ReplaceItemInObjectCaseSensitive(row, key, cJSON_CreateNumber(offset->valuedouble - origin));
}

/* How many rows are left out: where the run begins is not known of their partitions. */
static uint32_t shift_table(cJSON *table, const cJSON *first_rows)
{
    uint32_t n_left_out = 0;
    cJSON *rows = cJSON_GetObjectItemCaseSensitive(table, "rows");
    for (cJSON *row = rows->child, *next; row; row = next) {
        const double origin = origin_of(first_rows, row), committed = cJSON_GetNumberValue(at(row, "committed"));
        const double log_end = cJSON_GetNumberValue(at(row, "log_end")); /* NaN: not said */
        next = row->next;
        if (isfinite(origin) && !(committed < origin) && !(log_end < origin)) {
            count_from(row, "committed", origin);
            count_from(row, "log_end", origin);
        } else {
            cJSON_Delete(cJSON_DetachItemViaPointer(rows, row));
            n_left_out++;
        }
    }
    return n_left_out;
}

cJSON *init_observations(const cJSON *made, struct source *remarks)
{
    const cJSON *tables = at(made, "snapshots");
    if (!tables) return at(made, "statuses") ? cJSON_Duplicate(made, true) : NULL;
    cJSON *out = cJSON_Duplicate(made, true), *table;
    const cJSON *first_rows = at(tables->child, "rows");
    shift_table(cJSON_GetObjectItemCaseSensitive(out, "offsets"), first_rows);
    uint32_t n_left_out = 0;
    cJSON_ArrayForEach(table, cJSON_GetObjectItemCaseSensitive(out, "snapshots")) n_left_out +=
        shift_table(table, first_rows);
    source_remark(remarks, "in the observations beside the scenario, offsets count from those that were committed in "
                           "the table at %g s, where the run begins", seen_number(tables->child, "t_s", 0));
    if (n_left_out > 0)
        source_remark(remarks,
                      "%u rows are not compared: that table has no committed offset of their partitions, or "
                      "theirs is less",
                      n_left_out);
    return out;
}
