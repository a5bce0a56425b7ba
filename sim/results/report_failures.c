/* SPDX-License-Identifier: GPL-3.0-or-later
 * What went wrong and what it did to the groups: faults that happened, rebalances, records delivered again or given up,
 * requests without a reply. Nothing where nothing of it was. */
#include "sim/results/grid.h"
#include "sim/results/number.h"
#include "sim/results/report.h"

/* ---- faults ---- */

static void report_faults(struct page *page, const struct outcome *outcome)
{
    const struct scenario *scenario = &outcome->study->scenario;
    struct grid *grid = grid_open(page);
    grid_column(grid, ALIGN_LEFT, "FAULT", "장애");
    grid_column(grid, ALIGN_RIGHT, "times", "횟수");
    grid_column(grid, ALIGN_RIGHT, "first", "처음");
    grid_column(grid, ALIGN_RIGHT, "last", "마지막");
    for (uint32_t i = 0; i < scenario->n_faults; i++) {
        const char *name = scenario->fault[i].name;
        grid_cell(grid, TONE_PLAIN, "%s", name);
        grid_cell(grid, TONE_PLAIN, "%s", number_times(outcome_mean(outcome, "faults.%s.happened", name)).s);
        grid_cell(grid, TONE_PLAIN, "%s", number_seconds(outcome_mean(outcome, "faults.%s.first_at_s", name)).s);
        grid_cell(grid, TONE_PLAIN, "%s", number_seconds(outcome_mean(outcome, "faults.%s.last_at_s", name)).s);
    }
    if (!grid_is_empty(grid)) grid_write(grid);
    for (uint32_t i = 0; i < scenario->n_faults; i++) {
        const double killed = outcome_mean(outcome, "faults.%s.killed", scenario->fault[i].name);
        if (killed > 0)
            page_say(page, TONE_PLAIN, "Instances that %s had to kill, for they did not end in time: %s.",
                     "%s: 제때 종료되지 않아 강제 종료된 인스턴스 %s개.", scenario->fault[i].name, number_times(killed).s);
    }
}

/* ---- groups ---- */

static const struct { const char *key, *en, *ko; } counts[] = {
    { "rebalances", "rebalances", "리밸런스" }, { "evictions", "poll too late", "poll 지연 퇴출" },
    { "sessions_expired", "sessions lost", "세션 만료" }, { "duplicates", "delivered again", "재전달" },
    { "skipped", "given up", "포기" }, { "dead_letters", "dead letters", "DLT" },
};
enum { REBALANCES, COUNTS = sizeof counts / sizeof counts[0] };

static bool is_quiet(const struct outcome *outcome, const char *group)
{
    for (int i = 0; i < COUNTS; i++)
        if (outcome_mean(outcome, "groups.%s.%s", group, counts[i].key) > 0) return false;
    return true;
}

/* What happened to no group has no column. */
static bool is_shown(const struct outcome *outcome, int count)
{
    const struct scenario *scenario = &outcome->study->scenario;
    for (uint32_t i = 0; i < scenario->n_groups; i++)
        if (outcome_mean(outcome, "groups.%s.%s", scenario->group[i].name, counts[count].key) > 0) return true;
    return false;
}

static void group_row(struct grid *grid, const struct outcome *outcome, const char *group)
{
    grid_cell(grid, TONE_PLAIN, "%s", group);
    for (int i = 0; i < COUNTS; i++)
        if (is_shown(outcome, i))
            grid_cell(grid, TONE_PLAIN, "%s",
                      number_times(outcome_mean(outcome, "groups.%s.%s", group, counts[i].key)).s);
    if (is_shown(outcome, REBALANCES))
        grid_cell(grid, TONE_PLAIN, "%s",
                  number_seconds(outcome_mean(outcome, "groups.%s.longest_rebalance_s", group)).s);
}

static struct grid *group_grid(struct page *page, const struct outcome *outcome)
{
    const struct scenario *scenario = &outcome->study->scenario;
    struct grid *grid = grid_open(page);
    grid_column(grid, ALIGN_LEFT, "GROUP", "그룹");
    for (int i = 0; i < COUNTS; i++)
        if (is_shown(outcome, i)) grid_column(grid, ALIGN_RIGHT, counts[i].en, counts[i].ko);
    if (is_shown(outcome, REBALANCES)) grid_column(grid, ALIGN_RIGHT, "longest", "최장");
    for (uint32_t i = 0; i < scenario->n_groups; i++)
        if (!is_quiet(outcome, scenario->group[i].name)) group_row(grid, outcome, scenario->group[i].name);
    return grid;
}

static void report_unowned(struct page *page, const struct outcome *outcome)
{
    const struct scenario *scenario = &outcome->study->scenario;
    for (uint32_t i = 0; i < scenario->n_groups; i++) {
        const double unowned = outcome_mean(outcome, "groups.%s.unowned_partitions", scenario->group[i].name);
        if (unowned > 0)
            page_say(page, TONE_BAD,
                     "Partitions of %s that nobody has at the end, although it has members: %s. They were taken away "
                     "for another member, and the round that would have given them out never began; the next "
                     "rebalance gives them out.",
                     "%s: 멤버가 있는데도 끝에 아무도 맡지 않은 Partition %s개. 다른 멤버에게 넘기려고 회수했으나 나눠 줄 라운드가 "
                     "시작되지 않았고, 다음 리밸런스 때 배정됨.",
                     scenario->group[i].name, number_times(unowned).s);
    }
}

/* ---- pools ---- */

static double connections_missed(const struct outcome *outcome)
{
    double sum = 0;
    for (uint32_t i = 0; i < outcome->study->scenario.n_processes; i++)
        sum += outcome_mean(outcome, "processes.%s.connections_timed_out", outcome->study->scenario.process[i].name);
    return sum;
}

static void report_pools(struct page *page, const struct outcome *outcome)
{
    const struct scenario *scenario = &outcome->study->scenario;
    for (uint32_t i = 0; i < scenario->n_processes; i++) {
        const struct process_spec *process = &scenario->process[i];
        double missed = outcome_mean(outcome, "processes.%s.connections_timed_out", process->name);
        if (!(missed > 0)) continue;
        struct number times = number_times(missed), wait = number_seconds(ns_to_s(process->connection_timeout_ns));
        page_say(page, TONE_BAD, "Threads of %s that had no connection of its pool of %u after %s: %s times.",
                 "%s의 커넥션 풀(%u개)에서 %s 안에 커넥션을 얻지 못한 횟수: %s.", process->name,
                 (unsigned)process->connections, wait.s, times.s);
    }
}

void report_failures(struct page *page, const struct outcome *outcome)
{
    const double refused = outcome_mean(outcome, "orders.requests_failed");
    const double lost = outcome_mean(outcome, "orders.records_lost");
    const double twice = outcome_mean(outcome, "orders.records_duplicated");
    struct grid *groups = group_grid(page, outcome);
    if (outcome->study->scenario.n_faults == 0 && grid_is_empty(groups) && !(refused > 0) &&
        !(connections_missed(outcome) > 0))
        return;
    page_heading(page, "What went wrong", "장애와 재처리");
    report_faults(page, outcome);
    if (!grid_is_empty(groups)) grid_write(groups);
    report_unowned(page, outcome);
    report_pools(page, outcome);
    if (refused > 0)
        page_say(page, TONE_PLAIN, "Requests that failed (an error, or the connection refused or broken): %s.",
                 "실패한 요청(오류 응답, 연결 거부 또는 끊김): %s건.", number_times(refused).s);
    if (twice > 0)
        page_say(page, TONE_PLAIN, "Records that producers sent twice: %s.", "producer가 두 번 보낸 이벤트: %s건.",
                 number_times(twice).s);
    if (lost > 0)
        page_say(page, TONE_BAD,
                 "Records that producers lost (the broker was away for too long, or their process died before they "
                 "were sent): %s.",
                 "producer가 잃은 이벤트(브로커가 너무 오래 없었거나, 보내기 전에 프로세스가 종료됨): %s건.",
                 number_times(lost).s);
}
