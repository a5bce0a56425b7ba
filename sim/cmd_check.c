/* SPDX-License-Identifier: GPL-3.0-or-later
 * sim check: everything that sim run would find before its first event, and no run. */
#include <cjson/cJSON.h>
#include <stdlib.h>

#include "models/pipeline.h"
#include "sim/commands.h"
#include "sim/results/result.h"
#include "sim/scenario/finding.h"

/* What only shows when the scenario is put together: thresholds on figures that there are not, distributions that
 * cannot be. */
static bool put_together(const struct study *study, struct findings *findings, struct arena *arena)
{
    struct sim_err err = { 0 };
    if (!layout_of(study, findings, arena)) return false;
    if (plan_make(&study->scenario, arena, &err)) return true;
    finding_add(findings, arena, (struct text_place){ 0 }, err.where, "%s", err.text);
    findings_print(findings, study->file, stderr);
    return false;
}

static bool print_json(bool acceptable, const struct findings *findings)
{
    cJSON *document = cJSON_CreateObject();
    cJSON_AddBoolToObject(document, "acceptable", acceptable);
    cJSON *list = cJSON_AddArrayToObject(document, "findings");
    for (uint32_t i = 0; i < findings->n; i++) {
        const struct finding *finding = &findings->finding[i];
        cJSON *entry = cJSON_CreateObject();
        cJSON_AddNumberToObject(entry, "line", finding->line);
        cJSON_AddNumberToObject(entry, "column", finding->column);
        cJSON_AddStringToObject(entry, "pointer", finding->pointer);
        cJSON_AddStringToObject(entry, "message", finding->message);
        cJSON_AddItemToArray(list, entry);
    }
    char *text = cJSON_Print(document);
    if (text) puts(text);
    cJSON_free(text);
    cJSON_Delete(document);
    return text != NULL;
}

static void print_text(const struct study *study)
{
    const struct scenario *scenario = &study->scenario;
    uint32_t n_assumed = 0;
    for (uint32_t i = 0; i < study->n_basis; i++) n_assumed += study->basis[i].basis == BASIS_ASSUMED;
    printf("%s: acceptable (groups: %u, topics: %u, stages: %u, thresholds: %u, values assumed: %u)\n",
           shown_file(study), scenario->n_groups, scenario->n_topics, scenario->n_stages, study->n_thresholds,
           n_assumed);
}

int cmd_check(const struct options *options, struct arena *arena, struct sim_err *err)
{
    struct study study;
    struct findings findings = { 0 };
    bool acceptable = read_study(&study, options, &findings, arena, err) && put_together(&study, &findings, arena);
    if (err->code != SIM_OK && err->code != SIM_ESCENARIO) return (int)err->code;
    if (options->format == FORMAT_JSON && !print_json(acceptable, &findings))
        return sim_fail(err, SIM_ERUNTIME, NULL, "out of memory for the findings"), SIM_ERUNTIME;
    if (options->format == FORMAT_TEXT && acceptable) print_text(&study);
    return acceptable ? 0 : SIM_ESCENARIO;
}
