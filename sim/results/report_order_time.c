/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where the time of an order goes: a row for each percentile of completion, a column for each part that is anything. */
#include <math.h>

#include "sim/results/grid.h"
#include "sim/results/number.h"
#include "sim/results/order_time.h"
#include "sim/results/report.h"

/* Of a part: its path below a row, and its name in the table. */
struct column { const char *under, *key, *en, *ko; };

static const struct { enum path_time part; const char *en, *ko; } told[] = {
    { PATH_ADMISSION, "admission", "API 대기" }, { PATH_SERVICE, "service", "처리" },
    { PATH_LOCK, "lock", "락 대기" },           { PATH_ROW, "row", "행 대기" },
    { PATH_POOL, "pool", "커넥션 대기" },        { PATH_STORE, "store", "저장소 대기" },
    { PATH_RETRY, "retry", "재시도" },          { PATH_REBALANCE, "rebalance", "리밸런스" },
    { PATH_OUTBOX, "outbox", "아웃박스 대기" },
};

static double part_s(const struct outcome *outcome, uint32_t row, const struct column *column)
{
    return outcome_mean(outcome, "order_time.%s.%s%s", order_time_row[row], column->under, column->key);
}

/* A hundredth of the time at any of the percentiles. */
static bool is_worth_a_column(const struct outcome *outcome, const struct column *column)
{
    for (uint32_t i = 0; i < ORDER_TIME_ROWS; i++)
        if (part_s(outcome, i, column) >= 0.01 * outcome_mean(outcome, "order_time.%s.completion_s", order_time_row[i]))
            return true;
    return false;
}

static uint32_t columns(const struct outcome *outcome, struct column *column)
{
    const struct scenario *scenario = &outcome->study->scenario;
    uint32_t n = 0;
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        column[n] = (struct column){ "", order_time_key[told[i].part], told[i].en, told[i].ko };
        n += is_worth_a_column(outcome, &column[n]);
    }
    for (uint32_t g = 0; g < scenario->n_groups; g++) {
        const char *name = scenario->group[g].name;
        column[n] = (struct column){ "log_wait_s.", name, name, name };
        n += is_worth_a_column(outcome, &column[n]);
    }
    return n;
}

/* Only a few hundred orders of a run are followed, and a row is a mean: where times differ much from one order to the
 * next, or those that are not followed took longer, it is not the percentile of all orders. */
static bool is_off(const struct outcome *outcome)
{
    for (uint32_t i = 0; i < ORDER_TIME_ROWS; i++) {
        const double of_all = outcome_mean(outcome, "completion_s.%s", order_time_row[i]);
        const double here = outcome_mean(outcome, "order_time.%s.completion_s", order_time_row[i]);
        if (fabs(here - of_all) > 0.1 * of_all) return true;
    }
    return false;
}

static bool has_backlog(const struct scenario *scenario)
{
    bool has = false;
    for (uint32_t g = 0; g < scenario->n_groups; g++) has |= scenario->group[g].n_backlog > 0;
    return has;
}

static void say_who_is_followed(struct page *page, const struct outcome *outcome)
{
    if (!is_off(outcome)) return;
    page_say(page, TONE_PLAIN,
             "A row is a mean of orders around the percentile, of a few hundred that each run follows%s: it differs from "
             "the percentile of all orders above by more than a tenth.",
             "각 행은 실행마다 추적하는 수백 건의 주문 중 해당 백분위 부근의 평균%s: 위의 전체 주문 백분위와 10%% 넘게 다름.",
             !has_backlog(&outcome->study->scenario)
                 ? ""
                 : page_word(page, ", and of those that waited in the logs at the beginning none is",
                             "이며, 시작할 때 로그에 있던 주문은 추적하지 않음"));
}

void report_order_time(struct page *page, const struct outcome *outcome)
{
    struct column column[PATH_PARTS + MAX_GROUPS];
    struct grid *grid = grid_open(page);
    if (!isfinite(outcome_mean(outcome, "order_time.p50.completion_s"))) return;
    const uint32_t n = columns(outcome, column);
    page_gap(page);
    page_say(page, TONE_PLAIN,
             "Where that time goes, of paid orders around each percentile; a column with a group's name is the wait in "
             "its logs. Parts that are nowhere a hundredth of it are left out.",
             "각 백분위 부근에서 완료된 주문의 시간 구성. 그룹 이름 열은 그 그룹의 로그에서 대기한 시간. 100분의 1 미만인 항목은 생략.");
    grid_column(grid, ALIGN_LEFT, "", "");
    grid_column(grid, ALIGN_RIGHT, "completion", "완료");
    for (uint32_t c = 0; c < n; c++) grid_column(grid, ALIGN_RIGHT, column[c].en, column[c].ko);
    for (uint32_t i = 0; i < ORDER_TIME_ROWS; i++) {
        grid_cell(grid, TONE_PLAIN, "%s", order_time_row[i]);
        grid_cell(grid, TONE_PLAIN, "%s",
                  number_seconds(outcome_mean(outcome, "order_time.%s.completion_s", order_time_row[i])).s);
        for (uint32_t c = 0; c < n; c++)
            grid_cell(grid, TONE_PLAIN, "%s", number_seconds(part_s(outcome, i, &column[c])).s);
    }
    grid_write(grid);
    say_who_is_followed(page, outcome);
}
