/* SPDX-License-Identifier: GPL-3.0-or-later
 * Paths of metrics are long and screens are narrow: columns are numbered, and the numbers explained above. */
#include "sim/results/sweep_table.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim/results/grid.h"
#include "sim/results/number.h"
#include "sim/results/put.h"
#include "sim/results/tornado_table.h"

static struct infer_mean mean_of(const struct sweep_table *table, uint32_t point, const char *metric, uint32_t *n,
                                 const char **unit, struct arena *arena)
{
    double *value;
    *n = store_values(table->store, point, metric, &value, unit, arena);
    return infer_mean(value, *n, table->confidence);
}

/* ---- for people ---- */

static void legend(struct page *page, const struct sweep_table *table)
{
    for (uint32_t i = 0; i < table->n_metrics; i++)
        page_item(page, TONE_PLAIN, "[%u] %s", "[%u] %s", i + 1, table->metric[i]);
}

static void unknowns(struct page *page, const struct store_experiment *experiment)
{
    if (experiment->n_unknowns == 0) return;
    page_say(page, TONE_PLAIN,
             "Each run has a value of its own of what is known as a range only, so intervals hold that, too:",
             "범위로만 알려진 값은 실행마다 새로 뽑으므로 구간에 그 불확실성도 포함됨:");
    for (uint32_t i = 0; i < experiment->n_unknowns; i++)
        page_item(page, TONE_PLAIN, "%s: %s .. %s", "%s: %s .. %s", experiment->unknown[i].pointer,
                  experiment->unknown[i].low, experiment->unknown[i].high);
}

static void verdict_cell(struct grid *grid, struct page *page, const struct sweep_table *table, uint32_t point,
                         uint32_t n)
{
    uint32_t met = store_exits(table->store, point, 0), broken = store_exits(table->store, point, 4);
    if (broken > 0)
        grid_cell(grid, TONE_BAD, page_word(page, "%u BROKEN", "%u 위반"), broken);
    else if (table->point[point].n_targets == 0 || n == 0) grid_cell(grid, TONE_FAINT, "-");
    else
        grid_cell(grid, met == n ? TONE_GOOD : TONE_PLAIN, "%s", number_percent((double)met / n).s);
}

void sweep_table_say_unsettled(struct page *page, const struct sweep_table *table)
{
    for (uint32_t i = 0; table->n_unsettled && i < table->n_points; i++)
        if (table->n_unsettled[i] > 0)
            page_say(page, TONE_BAD, "%s: runs left out, without a steady state (MSER-5): %u.",
                     "%s: 정상 상태가 없어 (MSER-5) 제외한 실행: %u회.", table->point[i].label, table->n_unsettled[i]);
}

void sweep_table_write(const struct sweep_table *table, const struct text_style *style, FILE *out)
{
    struct arena arena;
    arena_init(&arena);
    struct page page = { out, style, &arena, BLOCK_NONE };
    page_title(&page, "%s", "%s", table->name);
    page_say(&page, TONE_PLAIN, "%u points, up to %u replications each, seed %" PRIu64 ", sim %s.",
             "지점 %u개, 각 최대 %u회 반복, seed %" PRIu64 ", sim %s.", table->n_points, table->experiment->replications,
             table->experiment->seed, table->experiment->version);
    page_heading(&page, "Points", "지점별 결과");
    page_say(&page, TONE_PLAIN,
             "Means over the runs, ± half of the %g %% interval; targets: share of runs that meet all thresholds.",
             "실행 평균, ±는 %g %% 신뢰구간의 절반; 목표: 모든 목표를 달성한 실행 비율.", table->confidence * 100);
    unknowns(&page, table->experiment);
    legend(&page, table);
    struct grid *grid = grid_open(&page);
    grid_column(grid, ALIGN_LEFT, "point", "지점");
    grid_column(grid, ALIGN_RIGHT, "runs", "실행");
    for (uint32_t i = 0; i < table->n_metrics; i++) {
        const char *head = page_format(&page, "[%u]", i + 1);
        grid_column(grid, ALIGN_RIGHT, head, head);
    }
    grid_column(grid, ALIGN_RIGHT, "targets", "목표");
    bool in_part = false;
    for (uint32_t p = 0; p < table->n_points; p++) {
        uint32_t n =
            store_exits(table->store, p, 0) + store_exits(table->store, p, 4) + store_exits(table->store, p, 99);
        grid_cell(grid, TONE_PLAIN, "%s", table->point[p].label);
        grid_cell(grid, TONE_PLAIN, "%u", n);
        for (uint32_t i = 0; i < table->n_metrics; i++) {
            uint32_t n_values;
            struct infer_mean mean = mean_of(table, p, table->metric[i], &n_values, NULL, &arena);
            in_part |= grid_mean(grid, table->metric[i], &mean, n_values);
        }
        verdict_cell(grid, &page, table, p, n);
    }
    grid_write(grid);
    if (in_part) grid_say_parts(&page);
    sweep_table_say_unsettled(&page, table);
    fputc('\n', out);
    arena_fini(&arena);
}

/* ---- for programs ---- */

/* Of a tornado: against the scenario as it is, run by run. */
static void put_move(cJSON *metric, const struct sweep_table *table, uint32_t index, struct arena *arena)
{
    const struct infer_mean moved =
        tornado_side_of(table->store, table->point, index, metric->string, table->confidence, arena).moved;
    cJSON *moves = cJSON_AddObjectToObject(metric, "moves_by");
    put_number(moves, "n", (double)moved.n);
    put_number(moves, "mean", moved.mean);
    put_number(moves, "half_width", moved.half_width);
}

static void put_point(cJSON *list, const struct sweep_table *table, uint32_t index, struct arena *arena)
{
    const struct store_point *point = &table->point[index];
    cJSON *item = cJSON_CreateObject(), *values = cJSON_CreateObject();
    cJSON_AddItemToArray(list, item);
    cJSON_AddNumberToObject(item, "point_id", index);
    cJSON_AddStringToObject(item, "label", point->label);
    cJSON_AddItemToObject(item, "values", values);
    for (uint32_t i = 0; i < point->n_params; i++)
        cJSON_AddRawToObject(values, point->param[i].pointer, point->param[i].value);
    cJSON *exits = cJSON_AddObjectToObject(item, "runs_by_exit");
    put_number(exits, "0", store_exits(table->store, index, 0));
    put_number(exits, "4", store_exits(table->store, index, 4));
    put_number(exits, "99", store_exits(table->store, index, 99));
    if (table->n_unsettled) put_number(item, "runs_without_steady_state", table->n_unsettled[index]);
    cJSON *metrics = cJSON_AddObjectToObject(item, "metrics");
    for (uint32_t i = 0; i < table->n_metrics; i++) {
        uint32_t n;
        const char *unit = "";
        struct infer_mean mean = mean_of(table, index, table->metric[i], &n, &unit, arena);
        cJSON *metric = cJSON_AddObjectToObject(metrics, table->metric[i]);
        cJSON_AddStringToObject(metric, "unit", unit);
        put_number(metric, "n", (double)mean.n);
        put_number(metric, "mean", mean.mean);
        put_number(metric, "half_width", mean.half_width);
        if (table->unvaried && index > 0) put_move(metric, table, index, arena);
    }
}

void sweep_table_json(const struct sweep_table *table, FILE *out)
{
    struct arena arena;
    arena_init(&arena);
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "scenario", table->name);
    cJSON_AddStringToObject(root, "scenario_sha256", table->experiment->scenario_sha256);
    cJSON_AddStringToObject(root, "version", table->experiment->version);
    put_number(root, "confidence", table->confidence);
    cJSON *points = cJSON_AddArrayToObject(root, "points");
    for (uint32_t i = 0; i < table->n_points; i++) put_point(points, table, i, &arena);
    if (table->unvaried) {
        cJSON *unvaried = cJSON_AddArrayToObject(root, "not_varied");
        for (uint32_t i = 0; i < table->n_unvaried; i++)
            cJSON_AddItemToArray(unvaried, cJSON_CreateString(table->unvaried[i]));
    }
    put_out(root, out);
    arena_fini(&arena);
}
