/* SPDX-License-Identifier: GPL-3.0-or-later
 * What autoscalers did, and what it cost: nothing where there is none. */
#include "sim/results/grid.h"
#include "sim/results/number.h"
#include "sim/results/report.h"

static struct grid *columns(struct page *page)
{
    struct grid *grid = grid_open(page);
    grid_column(grid, ALIGN_LEFT, "SCALER", "스케일러");
    grid_column(grid, ALIGN_RIGHT, "up", "확장");
    grid_column(grid, ALIGN_RIGHT, "down", "축소");
    grid_column(grid, ALIGN_RIGHT, "first at", "첫 결정");
    grid_column(grid, ALIGN_RIGHT, "pod ready", "Pod 준비");
    grid_column(grid, ALIGN_RIGHT, "most", "최대");
    grid_column(grid, ALIGN_RIGHT, "since", "도달");
    grid_column(grid, ALIGN_RIGHT, "consumer-s", "Consumer 초");
    grid_column(grid, ALIGN_RIGHT, "idle", "유휴");
    grid_column(grid, ALIGN_RIGHT, "rebalances", "리밸런스");
    return grid;
}

static void row(struct grid *grid, const struct outcome *outcome, const struct scaler_spec *spec)
{
    const char *name = spec->name, *group = outcome->study->scenario.group[spec->group].name;
    static const struct { const char *key; bool is_time; } cells[] = {
        { "scale_ups", false },      { "scale_downs", false }, { "first_up_at_s", true },
        { "first_ready_at_s", true }, { "peak_consumers", false }, { "peak_at_s", true },
        { "consumer_s", false },     { "sampled_idle_consumer_s", false },
    };
    grid_cell(grid, TONE_PLAIN, "%s", name);
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        const double value = outcome_mean(outcome, "scalers.%s.%s", name, cells[i].key);
        grid_cell(grid, TONE_PLAIN, "%s", (cells[i].is_time ? number_seconds(value) : number_times(value)).s);
    }
    grid_cell(grid, TONE_PLAIN, "%s", number_times(outcome_mean(outcome, "groups.%s.rebalances", group)).s);
}

void report_scalers(struct page *page, const struct outcome *outcome)
{
    const struct scenario *scenario = &outcome->study->scenario;
    struct grid *grid = columns(page);
    double killed = 0;
    if (scenario->n_scalers == 0) return;
    page_heading(page, "Autoscaling", "오토스케일링");
    page_say(page, TONE_PLAIN,
             "Decisions up and down, the first one up and the first pod that came of one; the most consumers that were "
             "ready, and since when; consumer-seconds from the decision for a pod to its end, and those of them "
             "without a partition.",
             "확장/축소 결정 횟수, 첫 확장 결정과 그 Pod가 준비된 시각, 준비된 Consumer의 최대 수와 도달 시각, Pod 결정부터 "
             "종료까지의 Consumer·초와 그중 Partition 없이 유휴였던 시간.");
    for (uint32_t i = 0; i < scenario->n_scalers; i++) {
        row(grid, outcome, &scenario->scaler[i]);
        killed += outcome_mean(outcome, "scalers.%s.killed", scenario->scaler[i].name);
    }
    grid_write(grid);
    if (killed > 0)
        page_say(page, TONE_BAD, "Pods that did not end in time and were killed: %s.",
                 "제시간에 종료되지 못해 강제 종료된 Pod: %s개.", number_times(killed).s);
}
