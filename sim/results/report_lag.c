/* SPDX-License-Identifier: GPL-3.0-or-later
 * Consumer groups three ways side by side: committed lag, which a dashboard shows; records that truly wait; and how old
 * the oldest of them is. Then the offsets of one moment as kafka-consumer-groups prints them: of the groups that lag,
 * and of the bottleneck. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/results/grid.h"
#include "sim/results/layout.h"
#include "sim/results/number.h"
#include "sim/results/report.h"

/* ---- the whole run ---- */

/* A group that is left with records in some runs has no instant: the mean of the others would be of survivors. */
static const char *gone_at(struct page *page, const struct outcome *outcome, const char *name, bool waited)
{
    const uint32_t nulls = outcome_nulls(outcome, "groups.%s.drained_at_s", name);

    if (nulls == 0)
        return page_format(page, "%s", number_seconds(outcome_mean(outcome, "groups.%s.drained_at_s", name)).s);
    if (nulls < outcome->n)
        return page_format(page, page_word(page, "not in %u/%u", "%u/%u회 미완료"), nulls, outcome->n);
    return waited ? page_word(page, "not", "미완료") : "-";
}

static void group_row(struct page *page, struct grid *grid, const struct outcome *outcome, const char *name)
{
    const double backlog = outcome_mean(outcome, "groups.%s.peak_backlog", name);

    grid_cell(grid, TONE_PLAIN, "%s", name);
    grid_cell(grid, TONE_PLAIN, "%s", number_count(outcome_mean(outcome, "groups.%s.peak_lag", name)).s);
    grid_cell(grid, TONE_PLAIN, "%s", number_count(backlog).s);
    grid_cell(grid, TONE_PLAIN, "%s", number_seconds(outcome_mean(outcome, "groups.%s.peak_lag_s", name)).s);
    grid_cell(grid, TONE_PLAIN, "%s", gone_at(page, outcome, name, backlog > 0));
    grid_cell(grid, TONE_PLAIN, "%s", number_percent(outcome_mean(outcome, "groups.%s.utilisation", name)).s);
    grid_cell(grid, TONE_PLAIN, "%s", number_seconds(outcome_mean(outcome, "groups.%s.service_s.mean", name)).s);
}

static void groups_over_the_run(struct page *page, const struct outcome *outcome)
{
    const struct scenario *scenario = &outcome->study->scenario;
    struct grid *grid = grid_open(page);

    page_say(page, TONE_PLAIN,
             "At their greatest: LAG is what a dashboard shows (log end - committed), waiting what is truly not yet "
             "processed, oldest the age of the oldest uncommitted record.",
             "최댓값 기준: LAG는 대시보드에 보이는 값(Log-End - 커밋된 Offset), 대기는 실제 미처리 이벤트, 최장 경과는 "
             "가장 오래된 미커밋 이벤트의 경과 시간.");
    grid_column(grid, ALIGN_LEFT, "GROUP", "Consumer Group");
    grid_column(grid, ALIGN_RIGHT, "LAG", "LAG");
    grid_column(grid, ALIGN_RIGHT, "waiting", "대기");
    grid_column(grid, ALIGN_RIGHT, "oldest", "최장 경과");
    grid_column(grid, ALIGN_RIGHT, "gone at", "소진");
    grid_column(grid, ALIGN_RIGHT, "busy", "사용률");
    grid_column(grid, ALIGN_RIGHT, "service", "건당");
    for (uint32_t g = 0; g < scenario->n_groups; g++)
        group_row(page, grid, outcome, scenario->group[g].name);
    grid_write(grid);
}

/* Of groups that are done in some runs and not in others: in how many, and when there. */
static void gone_in_some_runs(struct page *page, const struct outcome *outcome)
{
    const struct scenario *scenario = &outcome->study->scenario;
    for (uint32_t g = 0; g < scenario->n_groups; g++) {
        const char *name = scenario->group[g].name;
        const uint32_t nulls = outcome_nulls(outcome, "groups.%s.drained_at_s", name);
        if (nulls == 0 || nulls == outcome->n) continue;
        page_say(page, TONE_BAD,
                 "%s is left with records in %u of %u runs; in the other %u none is left at %s (mean of these alone).",
                 "%1$s: 실행 %3$u회 중 %2$u회에서 소진되지 않음; 나머지 %4$u회만의 평균 소진 시점은 %5$s.", name, nulls,
                 outcome->n, outcome->n - nulls,
                 number_seconds(outcome_mean(outcome, "groups.%s.drained_at_s", name)).s);
    }
}

/* What a group had waiting at t = 0: when it was gone, for groups that had something. */
static void backlogs_of_the_start(struct page *page, const struct outcome *outcome)
{
    const struct scenario *scenario = &outcome->study->scenario;
    for (uint32_t g = 0; g < scenario->n_groups; g++) {
        const char *name = scenario->group[g].name;
        const double at_s = outcome_mean(outcome, "groups.%s.caught_up_at_s", name);
        const double half_s = outcome_half_width(outcome, "groups.%s.caught_up_at_s", name);
        char within[80] = "";
        if (!(scenario->group[g].n_backlog > 0)) continue;
        if (outcome->n > 1 && isfinite(half_s)) snprintf(within, sizeof within, " ±%s", number_seconds(half_s).s);
        const uint32_t nulls = outcome_nulls(outcome, "groups.%s.caught_up_at_s", name);
        if (isfinite(at_s) && nulls > 0)
            page_say(page, TONE_BAD,
                     "%s does not catch up with what waited at the start in %u of %u runs; in the other %u it has at "
                     "%s%s (mean of these alone).",
                     "%1$s: 실행 %3$u회 중 %2$u회에서 시작할 때 밀려 있던 이벤트를 따라잡지 못함; 나머지 %4$u회만의 평균 "
                     "시점은 %5$s%6$s.",
                     name, nulls, outcome->n, outcome->n - nulls, number_seconds(at_s).s, within);
        else if (isfinite(at_s))
            page_say(page, TONE_PLAIN, "%s has caught up at %s%s: each partition that had records waiting at the start "
                     "has been empty by then.",
                     "%s: %s%s에 따라잡음 (시작할 때 밀려 있던 모든 Partition이 한 번은 빈 시점).", name,
                     number_seconds(at_s).s, within);
        else
            page_say(page, TONE_BAD, "%s does not catch up with what waited at the start.",
                     "%s: 시작할 때 밀려 있던 이벤트를 따라잡지 못함.", name);
    }
}

/* ---- one moment ---- */

/* The moment of the observed offsets if a checkpoint stands there, else the last checkpoint; NULL without any. */
static const struct checkpoint_spec *moment(const struct outcome *outcome)
{
    const struct scenario *scenario = &outcome->study->scenario;
    const struct observations *observations = outcome->study->observations;
    sim_ns observed_ns;

    if (observations && observations->n_offsets && ns_from_s(observations->offsets_t_s, &observed_ns))
        for (uint32_t i = 0; i < scenario->n_checkpoints; i++)
            if (scenario->checkpoint[i].at_ns == observed_ns)
                return &scenario->checkpoint[i];
    return scenario->n_checkpoints ? &scenario->checkpoint[scenario->n_checkpoints - 1] : NULL;
}

struct offsets { double log_end, committed, lag, backlog; };

static struct offsets offsets_at(const struct outcome *outcome, const struct checkpoint_spec *checkpoint,
                                 uint32_t row)
{
    const struct layout *layout = outcome->layout;
    const uint32_t group = layout->row[row].group;
    char place[1024];

    snprintf(place, sizeof place, "checkpoints.%s.groups.%s.partitions.%u", checkpoint->name,
             outcome->study->scenario.group[group].name, (unsigned)(row - layout->group_row[group]));
    const struct offsets offsets = {
        outcome_mean(outcome, "%s.log_end_offset", place), outcome_mean(outcome, "%s.committed_offset", place),
        outcome_mean(outcome, "%s.lag", place), outcome_mean(outcome, "%s.backlog", place)
    };
    return offsets;
}

static void offsets_row(struct grid *grid, const char *group, const char *topic, const char *partition,
                        const struct offsets *offsets)
{
    if (group)
        grid_cell(grid, TONE_PLAIN, "%s", group);
    grid_cell(grid, TONE_PLAIN, "%s%s", group ? "" : "  ", topic);
    grid_cell(grid, TONE_PLAIN, "%s", partition);
    grid_cell(grid, TONE_PLAIN, "%s", number_count(round(offsets->log_end) - round(offsets->lag)).s);
    grid_cell(grid, TONE_PLAIN, "%s", number_count(offsets->log_end).s);
    grid_cell(grid, offsets->lag >= 0.5 ? TONE_STRONG : TONE_PLAIN, "%s", number_count(offsets->lag).s);
    grid_cell(grid, TONE_PLAIN, "%s", number_count(offsets->backlog).s);
}

/* One topic of a group: partition by partition, or in one row when none of them lags. Nothing for a topic that never
 * had a record. */
static void topic_rows(struct page *page, struct grid *grid, const struct outcome *outcome,
                       const struct checkpoint_spec *checkpoint, uint32_t first, uint32_t n)
{
    const struct scenario *scenario = &outcome->study->scenario;
    const struct partition_row *row = &outcome->layout->row[first];
    const char *group = page->style->markdown ? scenario->group[row->group].name : NULL;
    const char *topic = scenario->topic[row->topic].name;
    struct offsets sum = { 0 };
    bool lags = false;

    for (uint32_t i = 0; i < n; i++) {
        const struct offsets offsets = offsets_at(outcome, checkpoint, first + i);
        sum.log_end += offsets.log_end;
        sum.committed += offsets.committed;
        sum.lag += offsets.lag;
        sum.backlog += offsets.backlog;
        lags = lags || offsets.lag >= 0.5;
    }
    if (!(sum.log_end > 0))
        return;
    if (!lags && n > 1) {
        offsets_row(grid, group, topic, page_format(page, "0-%u", (unsigned)(n - 1)), &sum);
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct offsets offsets = offsets_at(outcome, checkpoint, first + i);
        offsets_row(grid, group, topic, page_format(page, "%u", (unsigned)i), &offsets);
    }
}

static void group_rows(struct page *page, struct grid *grid, const struct outcome *outcome,
                       const struct checkpoint_spec *checkpoint, uint32_t group)
{
    const struct scenario *scenario = &outcome->study->scenario;
    const char *name = scenario->group[group].name;
    const double lag = outcome_mean(outcome, "checkpoints.%s.groups.%s.lag", checkpoint->name, name);
    const double backlog = outcome_mean(outcome, "checkpoints.%s.groups.%s.backlog", checkpoint->name, name);
    const double age_s = outcome_mean(outcome, "checkpoints.%s.groups.%s.lag_s", checkpoint->name, name);

    grid_line(grid, TONE_STRONG,
              page_word(page, "%s: LAG %s, waiting %s, oldest %s", "%s: 총 Lag %s, 대기 %s, 최장 경과 %s"), name,
              number_count(lag).s, number_count(backlog).s, number_seconds(age_s).s);
    if (lag < 0.5 && group != outcome->demand[0].group)
        return;
    for (uint32_t i = outcome->layout->group_row[group]; i < outcome->layout->group_row[group + 1];) {
        const uint32_t n = scenario->topic[outcome->layout->row[i].topic].partitions;
        topic_rows(page, grid, outcome, checkpoint, i, n);
        i += n;
    }
}

static void offsets_of_a_moment(struct page *page, const struct outcome *outcome,
                                const struct checkpoint_spec *checkpoint)
{
    struct grid *grid = grid_open(page);

    page_gap(page);
    page_say(page, TONE_STRONG, "At %s (%s)", "%s 시점 (%s)", checkpoint->name,
             number_seconds(ns_to_s(checkpoint->at_ns)).s);
    if (page->style->markdown)
        grid_column(grid, ALIGN_LEFT, "GROUP", "Consumer Group");
    grid_column(grid, ALIGN_LEFT, "TOPIC", "Topic");
    grid_column(grid, ALIGN_RIGHT, "PARTITION", "Partition");
    grid_column(grid, ALIGN_RIGHT, "CURRENT-OFFSET", "Current Offset");
    grid_column(grid, ALIGN_RIGHT, "LOG-END-OFFSET", "Log-End Offset");
    grid_column(grid, ALIGN_RIGHT, "LAG", "LAG");
    grid_column(grid, ALIGN_RIGHT, "waiting", "대기");
    for (uint32_t g = 0; g < outcome->study->scenario.n_groups; g++)
        group_rows(page, grid, outcome, checkpoint, g);
    grid_write(grid);
}

void report_lag(struct page *page, const struct outcome *outcome)
{
    if (outcome->study->scenario.n_groups == 0)
        return;
    page_heading(page, "Consumer lag", "Consumer Lag 분석");
    groups_over_the_run(page, outcome);
    gone_in_some_runs(page, outcome);
    backlogs_of_the_start(page, outcome);
    const struct checkpoint_spec *checkpoint = moment(outcome);
    if (checkpoint)
        offsets_of_a_moment(page, outcome, checkpoint);
}
