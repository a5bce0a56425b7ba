/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/folder.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plots/curves.h"
#include "plots/rows.h"

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(plots_alloc(NULL, size, 1), text, size);
}

/* ---- summary.json ---- */

static char *read_whole(const char *path, struct sim_err *err)
{
    FILE *file = fopen(path, "r");
    if (!file) return sim_fail(err, SIM_ERUNTIME, path, "cannot be read: %s", strerror(errno)), NULL;
    char *text = NULL;
    size_t size = 0, n;
    do {
        text = plots_alloc(text, size + (1 << 16) + 1, 1);
        n = fread(text + size, 1, 1 << 16, file);
        size += n;
    } while (n > 0);
    text[size] = '\0';
    bool failed = ferror(file) != 0;
    fclose(file);
    if (!failed) return text;
    free(text);
    return sim_fail(err, SIM_ERUNTIME, path, "cannot be read: %s", strerror(errno)), NULL;
}

static double number_in(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
}

static const char *text_in(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return text ? text : "";
}

/* The bottleneck that the summary names; else the group with the greatest lag. */
static const char *bottleneck_of(const cJSON *summary)
{
    const char *named = text_in(cJSON_GetObjectItemCaseSensitive(summary, "bottleneck"), "group"), *most = "";
    double most_lag = -1;
    const cJSON *group;
    cJSON_ArrayForEach(group, cJSON_GetObjectItemCaseSensitive(summary, "groups"))
    {
        if (!(number_in(group, "peak_lag") > most_lag)) continue;
        most_lag = number_in(group, "peak_lag");
        most = group->string;
    }
    return *named ? named : most;
}

static bool read_summary(struct folder *folder, struct sim_err *err)
{
    char path[ROWS_PATH_BYTES];
    snprintf(path, sizeof path, "%s/summary.json", folder->path);
    char *text = read_whole(path, err);
    if (!text) return false;
    cJSON *summary = cJSON_Parse(text);
    free(text);
    if (!summary) return sim_fail(err, SIM_ERUNTIME, path, "this is not the summary of sim run");
    const cJSON *completion = cJSON_GetObjectItemCaseSensitive(summary, "completion_s");
    folder->name = copy_text(text_in(cJSON_GetObjectItemCaseSensitive(summary, "scenario"), "name"));
    folder->bottleneck = copy_text(bottleneck_of(summary));
    folder->p50_s = number_in(completion, "p50");
    folder->p95_s = number_in(completion, "p95");
    folder->p99_s = number_in(completion, "p99");
    cJSON_Delete(summary);
    return true;
}

/* ---- status.csv: how long and how often ---- */

static bool read_extent(struct folder *folder, struct sim_err *err)
{
    static const char *const columns[] = { "replication", "t_s", "scheduled", NULL };
    struct rows rows;
    double replication = (double)NAN, scheduled = 0;
    uint32_t n = 0;
    struct sim_err bad = { 0 };
    if (!rows_open(&rows, folder->path, "status.csv", columns, err)) return false;
    while (rows_next(&rows, &bad)) {
        double t_s = rows_number(&rows, 1);
        if (rows_number(&rows, 0) != replication) {
            replication = rows_number(&rows, 0);
            folder->n_replications++;
            n = 0;
            scheduled = 0;
        }
        if (++n == 2 && folder->sample_s == 0) folder->sample_s = t_s;
        if (n > folder->n_samples) folder->n_samples = n;
        if (t_s > folder->end_s) folder->end_s = t_s;
        if (rows_number(&rows, 2) > scheduled && t_s > folder->last_order_s) folder->last_order_s = t_s;
        scheduled = rows_number(&rows, 2);
    }
    rows_close(&rows);
    return bad.code == SIM_OK || sim_fail(err, bad.code, bad.where, "%s", bad.text);
}

bool folder_has(const struct folder *folder, const char *file)
{
    char path[ROWS_PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", folder->path, file);
    return access(path, F_OK) == 0;
}

/* ---- observed.csv ---- */

static bool read_observed(struct folder *folder, struct sim_err *err)
{
    static const char *const columns[] = { "kind", "label",  "group", "topic", "partition",
                                           "t_s",  "from_s", "to_s",  "value", NULL };
    struct rows rows;
    struct sim_err bad = { 0 };
    if (!folder_has(folder, "observed.csv")) return true; /* the scenario names no observations */
    if (!rows_open(&rows, folder->path, "observed.csv", columns, err)) return false;
    while (rows_next(&rows, &bad)) {
        folder->observed = plots_alloc(folder->observed, folder->n_observed + 1, sizeof *folder->observed);
        folder->observed[folder->n_observed++] = (struct observed){
            .kind = copy_text(rows.field[0]),
            .label = copy_text(rows.field[1]),
            .group = copy_text(rows.field[2]),
            .topic = copy_text(rows.field[3]),
            .partition = rows_number(&rows, 4),
            .t_s = rows_number(&rows, 5),
            .from_s = rows_number(&rows, 6),
            .to_s = rows_number(&rows, 7),
            .value = rows_number(&rows, 8),
        };
    }
    rows_close(&rows);
    return bad.code == SIM_OK || sim_fail(err, bad.code, bad.where, "%s", bad.text);
}

bool folder_open(struct folder *folder, const char *path, struct sim_err *err)
{
    *folder = (struct folder){ .path = path };
    if (read_summary(folder, err) && read_extent(folder, err) && read_observed(folder, err)) return true;
    folder_close(folder);
    return false;
}

void folder_close(struct folder *folder)
{
    for (uint32_t i = 0; i < folder->n_observed; i++) {
        free(folder->observed[i].kind);
        free(folder->observed[i].label);
        free(folder->observed[i].group);
        free(folder->observed[i].topic);
    }
    free(folder->observed);
    free(folder->name);
    free(folder->bottleneck);
    memset(folder, 0, sizeof *folder);
}
