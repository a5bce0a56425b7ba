/* SPDX-License-Identifier: GPL-3.0-or-later
 * Predicted beside observed. What is not explained is printed as loudly as what is: same table, same columns, counted
 * in the same closing line. */
#include <math.h>
#include <string.h>

#include "sim/results/grid.h"
#include "sim/results/layout.h"
#include "sim/results/number.h"
#include "sim/results/report.h"

/* ---- names ---- */

static const char *short_name(struct page *page, const struct outcome *outcome, const struct prediction *prediction)
{
    const struct observations *observations = outcome->study->observations;
    const struct observed_offset *offset = prediction_row(observations, prediction);

    switch (prediction->kind) {
    case PREDICT_PAID: return page_word(page, "PAID", "성공 (PAID)");
    case PREDICT_PENDING: return page_word(page, "PENDING", "처리 중 (PENDING)");
    case PREDICT_FAILED: return page_word(page, "FAILED", "실패 (FAILED)");
    case PREDICT_LOG_END: return page_format(page, "p%u log end", (unsigned)offset->partition);
    case PREDICT_LAG: return page_format(page, "p%u LAG", (unsigned)offset->partition);
    case PREDICT_TOTAL_LAG: return page_word(page, "total LAG", "총 Lag");
    case PREDICT_LAG_SPREAD: return page_word(page, "spread of the LAGs", "LAG 최대 - 최소");
    case PREDICT_TABLE_LOG_END:
        return page_format(page, page_word(page, "%s log end", "%s log end"),
                           number_seconds(observations->snapshot[prediction->table].t_s).s);
    case PREDICT_TABLE_LAG:
        return page_format(page, page_word(page, "%s total LAG", "%s 총 Lag"),
                           number_seconds(observations->snapshot[prediction->table].t_s).s);
    case PREDICT_TREND_TOTAL:
        return page_format(page, page_word(page, "%s total LAG", "%s 총 Lag"),
                           number_seconds(observations->trend[prediction->item].t_s).s);
    case PREDICT_TREND_LARGEST:
        return page_format(page, page_word(page, "%s largest LAG", "%s 최대 LAG"),
                           number_seconds(observations->trend[prediction->item].t_s).s);
    case PREDICT_PEAK:
        if (prediction->partition == NONE)
            return page_word(page, "largest LAG", "최대 LAG");
        return page_format(page, page_word(page, "partition %u, largest LAG", "Partition %u 최대 LAG"),
                           (unsigned)prediction->partition);
    case PREDICT_TREND_ARRIVED: break;
    }
    return "";
}

static const char *when(struct page *page, const struct prediction *prediction)
{
    if (prediction->at_ns[WATCH_AT] == SIM_NEVER)
        return page_word(page, "at the end", "종료 시점");
    if (prediction->at_ns[WATCH_FROM] == prediction->at_ns[WATCH_TO])
        return page_format(page, "t = %s", number_seconds(ns_to_s(prediction->at_ns[WATCH_AT])).s);
    return page_format(page, page_word(page, "t between %g and %g s", "t = %g ~ %g초 사이"),
                       ns_to_s(prediction->at_ns[WATCH_FROM]), ns_to_s(prediction->at_ns[WATCH_TO]));
}

static const char *label_or(const char *label, const char *otherwise) { return *label ? label : otherwise; }

static bool same_topic(const struct observed_offset *a, const struct observed_offset *b)
{
    return strcmp(a->group, b->group) == 0 && strcmp(a->topic, b->topic) == 0;
}

/* What the rows from here on are taken from; NULL while it is the same as the row before. */
static const char *new_source(struct page *page, const struct outcome *outcome, const struct prediction *prediction,
                              const struct prediction *before)
{
    const struct observations *observations = outcome->study->observations;

    switch (prediction->kind) {
    case PREDICT_PAID:
    case PREDICT_PENDING:
    case PREDICT_FAILED:
        if (before && before->kind <= PREDICT_FAILED && before->item == prediction->item)
            return NULL;
        return page_format(page, "%s (%s)",
                           label_or(observations->status[prediction->item].label,
                                    page_word(page, "status count", "주문 상태 집계")),
                           when(page, prediction));
    case PREDICT_LOG_END:
    case PREDICT_LAG: /* a group of which no end of the log was noted */
    case PREDICT_TOTAL_LAG:
    case PREDICT_LAG_SPREAD:
        if (before && before->kind >= PREDICT_LOG_END && before->kind <= PREDICT_LAG_SPREAD &&
            same_topic(&observations->offset[before->item], &observations->offset[prediction->item]))
            return NULL;
        return page_format(page, "%s, %s (%s)", observations->offset[prediction->item].group,
                           observations->offset[prediction->item].topic, when(page, prediction));
    case PREDICT_TREND_TOTAL:
        return prediction->item ? NULL
                                : label_or(observations->trend_label, page_word(page, "lag over time", "Lag 추이"));
    case PREDICT_PEAK: return label_or(observations->peak_label, page_word(page, "peak", "피크"));
    default: return NULL;
    }
}

/* ---- the table ---- */

struct tally_of_verdicts { uint32_t yes, no, unknown; };

static void count_verdict(struct tally_of_verdicts *verdicts, enum explained explained)
{
    verdicts->yes += explained == EXPLAINED_YES;
    verdicts->no += explained == EXPLAINED_NO;
    verdicts->unknown += explained == EXPLAINED_UNKNOWN;
}

static void comparison_row(struct page *page, struct grid *grid, const struct outcome *outcome,
                           const struct comparison *comparison)
{
    const char *sign = comparison->residual >= 0.5 ? "+" : "";

    grid_cell(grid, TONE_PLAIN, "  %s", short_name(page, outcome, comparison->prediction));
    grid_cell(grid, TONE_PLAIN, "%s", number_count(comparison->prediction->observed).s);
    grid_cell(grid, TONE_PLAIN, "%s", number_count(comparison->predicted).s);
    if (isnan(comparison->lo))
        grid_cell(grid, TONE_PLAIN, "-");
    else
        grid_cell(grid, TONE_PLAIN, "%s..%s", number_count(comparison->lo).s, number_count(comparison->hi).s);
    grid_cell(grid, TONE_PLAIN, "%s%s", sign, number_count(comparison->residual).s);
    switch (comparison->explained) {
    case EXPLAINED_YES:
        grid_verdict(grid, true, page_word(page, "yes", "가능"));
        break;
    case EXPLAINED_NO:
        grid_verdict(grid, false, page_word(page, "NO", "불가"));
        break;
    case EXPLAINED_UNKNOWN:
        grid_cell(grid, TONE_PLAIN, "?");
        break;
    }
}

/* ---- tables before the last ---- */

static bool is_of_earlier_table(const struct prediction *prediction) { return prediction->table != NONE; }

static bool same_figure(const struct prediction *a, const struct prediction *b)
{
    return a->kind == b->kind && a->first_row == b->first_row && is_of_earlier_table(b);
}

/* In units of what one run and the clock may be off by. */
static double off_by(const struct comparison *comparison)
{
    const double reach = isnan(comparison->lo) ? 1 : (comparison->hi - comparison->lo) / 2;
    return fabs(comparison->residual) / fmax(reach, 1);
}

/* What is not explained is further off than what is. */
static bool is_further_off(const struct comparison *a, const struct comparison *b)
{
    if ((a->explained == EXPLAINED_NO) != (b->explained == EXPLAINED_NO))
        return a->explained == EXPLAINED_NO;
    return off_by(a) > off_by(b);
}

/* One figure of all these tables, from prediction i on; returns where the next begins. The row that is furthest off
 * stands for the others; a figure that is explained in all of them is counted, and not printed. */
static uint32_t figure_of_tables(struct page *page, struct grid *grid, const struct outcome *outcome, uint32_t i,
                                 struct tally_of_verdicts *verdicts)
{
    const struct prediction *first = &outcome->layout->prediction[i];
    struct comparison worst = { 0 };
    struct tally_of_verdicts here = { 0 };
    uint32_t n = 0;

    for (; i + n < outcome->layout->n_predictions && same_figure(first, first + n); n++) {
        const struct comparison comparison = comparison_make(outcome, i + n);
        count_verdict(&here, comparison.explained);
        if (n == 0 || is_further_off(&comparison, &worst))
            worst = comparison;
    }
    verdicts->yes += here.yes;
    verdicts->no += here.no;
    verdicts->unknown += here.unknown;
    if (here.no + here.unknown > 0) {
        const struct observed_offset *row = prediction_row(outcome->study->observations, first);
        grid_line(grid, TONE_STRONG,
                  page_word(page, "%s in the tables before the last (%u of %u explained), furthest off",
                            "%1$s, 마지막 이전의 표 (%3$u개 중 %2$u개 설명됨), 차이가 가장 큰 시점"),
                  first->kind == PREDICT_TABLE_LAG ? row->group : row->topic, (unsigned)here.yes, (unsigned)n);
        comparison_row(page, grid, outcome, &worst);
    }
    return i + n;
}

/* All of them, from prediction i on; returns where the rest begins. */
static uint32_t earlier_tables(struct page *page, struct grid *grid, const struct outcome *outcome, uint32_t i,
                               struct tally_of_verdicts *verdicts)
{
    const struct layout *layout = outcome->layout;
    struct tally_of_verdicts here = { 0 };

    while (i < layout->n_predictions && is_of_earlier_table(&layout->prediction[i]))
        i = figure_of_tables(page, grid, outcome, i, &here);
    if (here.yes > 0)
        grid_line(grid, TONE_STRONG,
                  page_word(page, "the tables before the last: of %u figures %u are explained",
                            "마지막 이전의 표: 값 %u개 중 %u개가 설명됨"),
                  (unsigned)(here.yes + here.no), (unsigned)here.yes);
    verdicts->yes += here.yes;
    verdicts->no += here.no;
    verdicts->unknown += here.unknown;
    return i;
}

static struct tally_of_verdicts comparisons_table(struct page *page, const struct outcome *outcome)
{
    const struct layout *layout = outcome->layout;
    struct tally_of_verdicts verdicts = { 0 };
    struct grid *grid = grid_open(page);
    const struct prediction *before = NULL;

    grid_column(grid, ALIGN_LEFT, "", "항목");
    grid_column(grid, ALIGN_RIGHT, "observed", "관측");
    grid_column(grid, ALIGN_RIGHT, "predicted", "예측");
    grid_column(grid, ALIGN_RIGHT, page_format(page, "%g%%", outcome->confidence * 100),
                page_format(page, "%g%% 구간", outcome->confidence * 100));
    grid_column(grid, ALIGN_RIGHT, "residual", "차이");
    grid_column(grid, ALIGN_LEFT, "explained", "설명");
    for (uint32_t i = 0; i < layout->n_predictions;) {
        if (is_of_earlier_table(&layout->prediction[i])) {
            i = earlier_tables(page, grid, outcome, i, &verdicts);
            continue;
        }
        const struct comparison comparison = comparison_make(outcome, i++);
        if (isnan(comparison.prediction->observed))
            continue;
        const char *source = new_source(page, outcome, comparison.prediction, before);
        if (source)
            grid_line(grid, TONE_STRONG, "%s", source);
        count_verdict(&verdicts, comparison.explained);
        comparison_row(page, grid, outcome, &comparison);
        before = comparison.prediction;
    }
    grid_write(grid);
    return verdicts;
}

/* The observations are of a system that this scenario is a change of: then they are no test of it. */
static bool is_another_system(struct page *page, const struct outcome *outcome)
{
    const struct observations *observations = outcome->study->observations;
    const struct scenario *scenario = &outcome->study->scenario;
    bool another = false;

    for (uint32_t i = 0; i < observations->n_groups; i++)
        for (uint32_t g = 0; g < scenario->n_groups; g++) {
            const struct observed_group *group = &observations->group[i];
            if (group->consumers == 0 || group->consumers == scenario->group[g].consumers ||
                strcmp(group->name, scenario->group[g].name) != 0)
                continue;
            another = true;
            page_say(page, TONE_PLAIN,
                     "Not compared: the observed system ran %s with %u consumer(s), this scenario does with %u.",
                     "비교하지 않음: 관측된 시스템의 %s Consumer는 %u개, 이 시나리오는 %u개.", group->name,
                     (unsigned)group->consumers, (unsigned)scenario->group[g].consumers);
        }
    return another;
}

static void closing_line(struct page *page, const struct tally_of_verdicts *verdicts)
{
    if (verdicts->yes + verdicts->no)
        page_say(page, verdicts->no ? TONE_BAD : TONE_GOOD,
                 "Of %u observations %u are explained, %u are not. The interval is that of one run, widened where the "
                 "time of a count is not known exactly.",
                 "관측값 %u개 중 %u개는 설명되고 %u개는 설명되지 않음. 구간은 한 번의 실행에 대한 예측 구간이며, 집계 시각이 "
                 "불확실한 만큼 넓혔음.",
                 (unsigned)(verdicts->yes + verdicts->no), (unsigned)verdicts->yes, (unsigned)verdicts->no);
    if (verdicts->unknown)
        page_say(page, TONE_PLAIN,
                 "No verdict on %u: that takes two or more replications (--replications 20) that last until then, and "
                 "a group and topic of that name in the scenario.",
                 "%u개는 판정 보류: 그 시각까지 이어지는 반복 2회 이상(--replications 20)과 시나리오에 같은 이름의 그룹과 "
                 "Topic이 필요.",
                 (unsigned)verdicts->unknown);
}

/* A table of orders has the instant at which the row was created, a run the one at which the request was due: what lies
 * between is the API's, and nobody counted it. So these stand side by side, and are not judged. */
static void observed_completion(struct page *page, const struct outcome *outcome)
{
    const struct observed_completion *seen = &outcome->study->observations->completion;
    const struct { const char *name; double seen_s; } figure[] = {
        { "mean", seen->mean_s }, { "p50", seen->p50_s }, { "p95", seen->p95_s }, { "p99", seen->p99_s },
        { "max", seen->max_s } };
    const char *list = "";

    for (size_t i = 0; i < sizeof figure / sizeof *figure; i++) {
        const double predicted_s = outcome_mean(outcome, "completion_s.%s", figure[i].name);
        if (!isfinite(figure[i].seen_s) || !isfinite(predicted_s))
            continue;
        list = page_format(page, page_word(page, "%s%s%s %s (%s predicted)", "%s%s%s %s (예측 %s)"), list,
                           *list ? ", " : "", figure[i].name, number_seconds(figure[i].seen_s).s,
                           number_seconds(predicted_s).s);
    }
    if (*list)
        page_say(page, TONE_PLAIN,
                 "Completion times as observed: %s. They are not judged: they may begin where an order's row was "
                 "created, ours begin when its request was due.",
                 "관측된 완료 시간: %s. 판정하지 않음: 관측은 주문 행이 생성된 시점부터일 수 있고, 예측은 요청 예정 "
                 "시각부터 잼.", list);
}

void report_observed(struct page *page, const struct outcome *outcome)
{
    page_heading(page, "Predicted beside observed", "예측과 관측 비교");
    if (is_another_system(page, outcome))
        return;
    const struct tally_of_verdicts verdicts = comparisons_table(page, outcome);
    closing_line(page, &verdicts);
    observed_completion(page, outcome);
    report_trend(page, outcome);
}
