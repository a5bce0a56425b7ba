/* SPDX-License-Identifier: GPL-3.0-or-later
 * Orders by status at each checkpoint and at the end, with the targets that the thresholds set for them; and how long
 * an order takes. */
#include <math.h>
#include <string.h>

#include "sim/results/grid.h"
#include "sim/results/load_end.h"
#include "sim/results/number.h"
#include "sim/results/report.h"
#include "sim/results/threshold.h"

/* ---- targets ---- */

/* What is asked of the ratio at this path; NULL: nothing is. */
static const struct outcome_threshold *target_of(const struct outcome *outcome, const char *path)
{
    for (uint32_t i = 0; i < outcome->n_thresholds; i++)
        if (strcmp(outcome->threshold[i].spec->metric, path) == 0)
            return &outcome->threshold[i];
    return NULL;
}

/* Below the row: what a threshold asks of the ratio at this path, and whether it is met. */
static void target_cell(struct grid *grid, struct page *page, const struct outcome *outcome, const char *path)
{
    static const char *const op[] = { [OP_LT] = "<", [OP_LE] = "<=", [OP_GT] = ">", [OP_GE] = ">=", [OP_EQ] = "==",
                                      [OP_NE] = "!=" };
    const struct outcome_threshold *target = target_of(outcome, path);

    if (target)
        threshold_verdict(grid, page, outcome, target, /* .15: 99.99995 is not 100 */
                          page_format(page, "%s%.15g%% ", op[target->spec->op], target->spec->bound * 100));
    else
        grid_cell(grid, TONE_PLAIN, "%s", "");
}

static bool has_target(const struct outcome *outcome, const char *place)
{
    const size_t length = strlen(place);

    for (uint32_t i = 0; i < outcome->n_thresholds; i++) {
        const char *metric = outcome->threshold[i].spec->metric;
        if (strncmp(metric, place, length) == 0 && (strcmp(metric + length, ".paid_ratio") == 0 ||
                                                    strcmp(metric + length, ".pending_ratio") == 0 ||
                                                    strcmp(metric + length, ".failed_ratio") == 0))
            return true;
    }
    return false;
}

/* ---- rows ---- */

static void count_cell(struct grid *grid, struct page *page, const struct outcome *outcome, const char *place,
                       const char *status)
{
    const double count = outcome_mean(outcome, "%s.%s", place, status);
    const double ratio = outcome_mean(outcome, "%s.%s_ratio", place, status);
    const struct outcome_threshold *target = target_of(outcome, page_format(page, "%s.%s_ratio", place, status));

    grid_cell(grid, TONE_PLAIN, "%s (%s)", number_times(count).s,
              target ? threshold_shown(target->spec, ratio).s : number_percent(ratio).s);
}

/* place: "orders" or "checkpoints.NAME". */
static void status_rows(struct page *page, struct grid *grid, const struct outcome *outcome, const char *place,
                        const char *name, double at_s)
{
    grid_cell(grid, TONE_STRONG, "%s", name);
    grid_cell(grid, TONE_PLAIN, "%s", number_seconds(at_s).s);
    grid_cell(grid, TONE_PLAIN, "%s", number_count(outcome_mean(outcome, "%s.created", place)).s);
    count_cell(grid, page, outcome, place, "paid");
    count_cell(grid, page, outcome, place, "pending");
    count_cell(grid, page, outcome, place, "failed");
    if (!has_target(outcome, place))
        return;
    grid_cell(grid, TONE_FAINT, "  %s", page_word(page, "target", "목표"));
    grid_cell(grid, TONE_PLAIN, "%s", "");
    grid_cell(grid, TONE_PLAIN, "%s", "");
    target_cell(grid, page, outcome, page_format(page, "%s.paid_ratio", place));
    target_cell(grid, page, outcome, page_format(page, "%s.pending_ratio", place));
    target_cell(grid, page, outcome, page_format(page, "%s.failed_ratio", place));
}

/* Checkpoints are in order of time; the end may come before some of them. */
static void rows_by_time(struct page *page, struct grid *grid, const struct outcome *outcome)
{
    const struct scenario *scenario = &outcome->study->scenario;
    bool has_ended = false;

    for (uint32_t i = 0; i <= scenario->n_checkpoints; i++) {
        const struct checkpoint_spec *checkpoint = i < scenario->n_checkpoints ? &scenario->checkpoint[i] : NULL;
        if (!has_ended && (!checkpoint || ns_to_s(checkpoint->at_ns) > outcome->end_s)) {
            status_rows(page, grid, outcome, "orders", page_word(page, "end", "종료"), outcome->end_s);
            has_ended = true;
        }
        if (checkpoint)
            status_rows(page, grid, outcome, page_format(page, "checkpoints.%s", checkpoint->name), checkpoint->name,
                        ns_to_s(checkpoint->at_ns));
    }
}

static void told_from_load_end(struct page *page, const struct study *study)
{
    char text[2048];
    if (*load_end_text(study, page->style->language, text, sizeof text)) page_say(page, TONE_BAD, "%s", "%s", text);
}

void report_orders(struct page *page, const struct outcome *outcome)
{
    struct grid *grid = grid_open(page);

    page_heading(page, "Orders by status", "주문 상태별 집계");
    grid_column(grid, ALIGN_LEFT, "at", "시점");
    grid_column(grid, ALIGN_RIGHT, "time", "시간");
    grid_column(grid, ALIGN_RIGHT, "orders", "주문");
    grid_column(grid, ALIGN_RIGHT, "PAID", "성공 (PAID)");
    /* a terminal has no room for both words */
    grid_column(grid, ALIGN_RIGHT, "PENDING", page->style->markdown ? "처리 중 (PENDING)" : "처리 중");
    grid_column(grid, ALIGN_RIGHT, "FAILED", page->style->markdown ? "실패 (FAILED)" : "실패");
    rows_by_time(page, grid, outcome);
    grid_write(grid);
    told_from_load_end(page, outcome->study);
    const double dropped = outcome_mean(outcome, "orders.dropped");
    const double oversold = outcome_mean(outcome, "orders.oversold");
    if (dropped > 0)
        page_say(page, TONE_BAD, "%s of %s scheduled starts were dropped: no free VU.",
                 "예정된 요청 %2$s건 중 %1$s건 누락: 가용 VU 없음.", number_times(dropped).s,
                 number_count(outcome_mean(outcome, "orders.scheduled")).s);
    if (oversold > 0)
        page_say(page, TONE_BAD, "Oversold: %s unit%s.", "재고 오버셀링: %s건%s.", number_times(oversold).s,
                 page_word(page, oversold > 1 || oversold < 1 ? "s" : "", ""));
}

/* ---- how long ---- */

void report_completion(struct page *page, const struct outcome *outcome)
{
    static const char *const key[] = { "mean", "min", "p50", "p90", "p95", "p99", "p99_9", "max" };
    static const char *const head[] = { "mean", "min", "p50", "p90", "p95", "p99", "p99.9", "max" };
    static const char *const head_ko[] = { "평균", "최소", "p50", "p90", "p95", "p99", "p99.9", "최대" };
    struct grid *grid = grid_open(page);

    page_heading(page, "Completion time (due time of the request to PAID)", "주문 완료 시간 (요청 예정 시각부터 PAID까지)");
    if (!isfinite(outcome_mean(outcome, "completion_s.mean"))) {
        page_say(page, TONE_PLAIN, "No order was paid.", "완료된 주문 없음.");
        return;
    }
    if (outcome->n > 1)
        grid_column(grid, ALIGN_LEFT, "", "");
    for (size_t i = 0; i < sizeof key / sizeof *key; i++)
        grid_column(grid, ALIGN_RIGHT, head[i], head_ko[i]);
    if (outcome->n > 1)
        grid_cell(grid, TONE_PLAIN, "%s", page_word(page, "mean of runs", "평균"));
    for (size_t i = 0; i < sizeof key / sizeof *key; i++)
        grid_cell(grid, TONE_PLAIN, "%s", number_seconds(outcome_mean(outcome, "completion_s.%s", key[i])).s);
    if (outcome->n > 1) {
        grid_cell(grid, TONE_FAINT, "± (%g%%)", outcome->confidence * 100);
        for (size_t i = 0; i < sizeof key / sizeof *key; i++)
            grid_cell(grid, TONE_FAINT, "%s",
                      number_seconds(outcome_half_width(outcome, "completion_s.%s", key[i])).s);
    }
    grid_write(grid);
}
