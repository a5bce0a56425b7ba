/* SPDX-License-Identifier: GPL-3.0-or-later
 * What must hold (invariants) and what is asked for (thresholds). An invariant that held in n runs is no proof: the
 * share of runs that might still break it is bounded, and the bound is printed. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/results/chain_report.h"
#include "sim/results/grid.h"
#include "sim/results/meaning.h"
#include "sim/results/number.h"
#include "sim/results/report.h"
#include "sim/results/threshold.h"
#include "sim/results/typed.h"
#include "sim/results/violation.h"

/* ---- invariants ---- */

struct subject { char letter; const char *en, *ko; };

static const struct subject subjects[] = {
    { 'S', "stock", "재고 정합성" }, { 'C', "coupons", "쿠폰 정합성" }, { 'P', "points", "포인트 정합성" },
    { 'O', "orders", "주문 상태" }, { 'K', "Kafka offsets", "Kafka Offset" },
    { 'X', "locks, transactions", "락, 트랜잭션" }, { 'L', "Little's law", "리틀의 법칙" },
};

static const struct subject *subject_of(const char *name)
{
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
        if (subjects[i].letter == *name)
            return &subjects[i];
    return NULL;
}

static bool same_subject(const char *a, const char *b)
{
    return subject_of(a) == subject_of(b);
}

/* "S1 S2 S4" of those with this verdict, from one subject, and of one kind. */
static const char *names_with(struct page *page, const struct outcome *outcome, uint32_t first, enum verdict verdict)
{
    const struct outcome_invariant *like = &outcome->invariant[first];
    const char *names = "";

    for (uint32_t i = 0; i < outcome->n_invariants; i++) {
        const struct outcome_invariant *invariant = &outcome->invariant[i];
        if (invariant->verdict == verdict && invariant->eventual == like->eventual &&
            same_subject(invariant->name, like->name))
            names = page_format(page, "%s%s%s", names, *names ? " " : "", invariant->name);
    }
    return *names ? names : "-";
}

/* The first one of its subject and kind. */
static bool is_first(const struct outcome *outcome, uint32_t index)
{
    const struct outcome_invariant *of = &outcome->invariant[index];
    for (uint32_t i = 0; i < index; i++)
        if (outcome->invariant[i].eventual == of->eventual && same_subject(outcome->invariant[i].name, of->name))
            return false;
    return true;
}

static void rows_of(struct grid *grid, struct page *page, const struct outcome *outcome, bool eventual)
{
    const char *judged = eventual ? page_word(page, "in the end", "최종 상태") : page_word(page, "at each commit", "커밋마다");

    for (uint32_t i = 0; i < outcome->n_invariants; i++) {
        if (outcome->invariant[i].eventual != eventual || !is_first(outcome, i))
            continue;
        const struct subject *subject = subject_of(outcome->invariant[i].name);
        grid_cell(grid, TONE_PLAIN, "%s", judged);
        grid_cell(grid, TONE_PLAIN, "%s", subject ? page_word(page, subject->en, subject->ko) : "-");
        grid_cell(grid, TONE_GOOD, "%s", names_with(page, outcome, i, VERDICT_HOLDS));
        grid_cell(grid, TONE_BAD, "%s", names_with(page, outcome, i, VERDICT_BROKEN));
        grid_cell(grid, TONE_PLAIN, "%s", names_with(page, outcome, i, VERDICT_OPEN));
        judged = "";
    }
}

static void invariants_table(struct page *page, const struct outcome *outcome)
{
    struct grid *grid = grid_open(page);

    grid_column(grid, ALIGN_LEFT, "judged", "판정 시점");
    grid_column(grid, ALIGN_LEFT, "of", "항목");
    grid_column(grid, ALIGN_LEFT, "holds", "통과");
    grid_column(grid, ALIGN_LEFT, "broken", "위반");
    grid_column(grid, ALIGN_LEFT, "open", "미확정");
    rows_of(grid, page, outcome, false);
    rows_of(grid, page, outcome, true);
    grid_write(grid);
}

/* " --set PTR=VALUE" for each edit but those that the command says by itself. */
static const char *edits(struct page *page, const struct study *study)
{
    const char *text = "";
    for (uint32_t i = 0; i < study->n_edits; i++) {
        const char *at = study->edit_at[i];
        if (strcmp(at, "/run/seed") == 0 || strcmp(at, "/run/replications") == 0)
            continue;
        const char *edit = page_format(page, "%s=%s", study->edit[i].pointer, study->edit[i].value);
        text = page_format(page, "%s --set %s", text, typed_word(edit, page->arena));
    }
    return text;
}

static void broken_one(struct page *page, const struct outcome *outcome, const struct outcome_invariant *invariant)
{
    const struct invariant_facts *first = invariant->first;
    const char *order = "";

    if (!first)
        return;
    if (first->first_order_id)
        order = page_format(page, page_word(page, ", order %" PRIu64, ", 주문 ID %" PRIu64), first->first_order_id);
    page_item(page, TONE_BAD, "%s, %s: violated %s time%s, first in replication %u at %s s%s: %s. To repeat it:",
              "%s, %s: 위반 %s건%s, 최초 발생은 반복 %u의 %s초%s: %s. 재현 명령:", invariant->name,
              invariant_meaning(page, invariant->name, invariant->meaning),
              number_count((double)invariant->violations).s,
              page_word(page, invariant->violations == 1 ? "" : "s", ""), (unsigned)invariant->first_replication,
              number_fixed(ns_to_s(first->first_at_ns), 3).s, order, violation_words(page, first->first_what));
    page_code(page, "sim run %s --seed %" PRIu64 " --replications %u%s", typed_word(outcome->study->file, page->arena),
              outcome->seed, (unsigned)invariant->first_replication + 1, edits(page, outcome->study));
}

/* The chain of the first violation; of several with the same one, of the first. */
static void cause_of(struct page *page, const struct outcome *outcome, uint32_t index)
{
    const struct chain *chain = outcome->invariant[index].chain;

    if (!chain) {
        page_say(page, TONE_PLAIN, "Cause: none of those that are traced (docs/model.md, invariants).",
                 "원인: 추적 대상에 없음 (docs/model.md의 불변식).");
        return;
    }
    for (uint32_t i = 0; i < index; i++)
        if (chain_same(outcome->invariant[i].chain, chain)) {
            page_say(page, TONE_PLAIN, "Cause: as of %s.", "원인: %s와 같음.", outcome->invariant[i].name);
            return;
        }
    page_say(page, TONE_STRONG, "Cause: %s.%s", "원인: %s.%s", chain_cause(chain, page->style->language),
             chain->of_order ? "" : page_word(page, " The first one in that run:", " 그 실행에서 처음 일어난 것:"));
    chain_write(page, &outcome->study->scenario, chain);
}

/* Safety and liveness apart: what went wrong on the way, and what was not right in the end. */
static void verdict_say(struct page *page, const struct outcome *outcome)
{
    const struct outcome_verdict *safety = &outcome->safety, *liveness = &outcome->liveness;

    page_say(page, safety->broken ? TONE_BAD : TONE_GOOD,
             "Safety, judged at every commit: %u of %u broken (in %u of %u runs).",
             "안전성(모든 커밋 시점에 판정): %2$u개 중 %1$u개 위반 (실행 %4$u회 중 %3$u회).", safety->broken,
             safety->invariants, safety->runs_broken, safety->runs_judged);
    page_say(page, liveness->broken ? TONE_BAD : liveness->open ? TONE_PLAIN : TONE_GOOD,
             "Liveness, judged when faults are over and nothing is in flight: %u of %u broken (in %u of %u runs)%s.",
             "활성(장애가 끝나고 처리 중인 것이 없을 때 판정): %2$u개 중 %1$u개 위반 (실행 %4$u회 중 %3$u회)%5$s.",
             liveness->broken, liveness->invariants, liveness->runs_broken, liveness->runs_judged,
             liveness->open ? page_format(page, page_word(page, ", %u not known", ", %u개 미확정"), liveness->open) : "");
}

void report_invariants(struct page *page, const struct outcome *outcome)
{
    const struct outcome_verdict *all = &outcome->all;

    if (outcome->n_invariants == 0)
        return;
    page_heading(page, "Consistency (invariants)", "데이터 정합성 검증");
    if (all->verdict == VERDICT_HOLDS)
        page_say(
            page, TONE_GOOD,
            "All %u hold (runs: %u): %u at every commit (safety), %u when faults are over and nothing is in flight "
            "(liveness). That proves nothing: with 95 %% confidence fewer than %s of runs break one.",
            "%u개 모두 통과 (실행 %u회): 모든 커밋 시점 %u개(안전성), 장애가 끝나고 처리 중인 것이 없을 때 %u개(활성). "
            "증명은 아니며, 95 %% 신뢰 수준에서 위반 실행 비율은 %s 미만.",
            all->invariants, outcome->n, outcome->safety.invariants, outcome->liveness.invariants,
            number_limit(all->upper_limit_95).s);
    else
        verdict_say(page, outcome);
    invariants_table(page, outcome);
    if (all->open)
        page_say(page, TONE_PLAIN, "Open: the run was cut before it was quiet; what must hold in the end is not known.",
                 "미확정: 모두 처리되기 전에 실행이 끝나 최종 상태를 알 수 없음.");
    for (uint32_t i = 0; i < outcome->n_invariants; i++) {
        if (outcome->invariant[i].verdict != VERDICT_BROKEN)
            continue;
        broken_one(page, outcome, &outcome->invariant[i]);
        cause_of(page, outcome, i);
    }
}

/* ---- thresholds ---- */

/* The contract judges by the mean, which leaves out the runs that lack the figure; what is met by some runs only must
 * not look like what is met. */
void threshold_verdict(struct grid *grid, struct page *page, const struct outcome *outcome,
                       const struct outcome_threshold *threshold, const char *target)
{
    const char *word = threshold->passed ? page_word(page, "met", "달성") : page_word(page, "MISSED", "미달성");

    if (threshold->passed && threshold->nulls > 0)
        grid_cell(grid, TONE_BAD, page_word(page, "%s%s%s (%u/%u runs)", "%s%s%s (%u/%u회)"),
                  page->style->markdown ? "⚠️ " : "", target, word, outcome->n - threshold->nulls, outcome->n);
    else
        grid_verdict(grid, threshold->passed, page_format(page, "%s%s", target, word));
}

/* A metric with several thresholds is told of once. */
static void figures_that_are_missing(struct page *page, const struct outcome *outcome)
{
    for (uint32_t i = 0; i < outcome->n_thresholds; i++) {
        const struct outcome_threshold *threshold = &outcome->threshold[i];
        if (threshold->nulls == 0 || threshold->nulls == outcome->n)
            continue;
        if (i > 0 && strcmp(threshold[-1].spec->metric, threshold->spec->metric) == 0)
            continue;
        page_say(page, TONE_BAD,
                 "%s does not exist in %u of %u runs: its result, and so its verdict, is the mean of the other %u "
                 "alone. The last column is the share of all runs that meet it.",
                 "%1$s: 실행 %3$u회 중 %2$u회에는 값이 없음. 결과와 달성 여부는 나머지 %4$u회만의 평균이며, 충족률은 "
                 "모든 실행 기준.",
                 threshold->spec->metric, threshold->nulls, outcome->n, outcome->n - threshold->nulls);
    }
}

void report_thresholds(struct page *page, const struct outcome *outcome)
{
    struct grid *grid = grid_open(page);

    if (outcome->n_thresholds == 0)
        return;
    page_heading(page, "Thresholds", "목표 달성 여부");
    grid_column(grid, ALIGN_LEFT, "figure", "항목");
    grid_column(grid, ALIGN_RIGHT, "result", "결과");
    grid_column(grid, ALIGN_LEFT, "target", "목표");
    grid_column(grid, ALIGN_LEFT, "verdict", "달성 여부");
    if (outcome->n > 1)
        grid_column(grid, ALIGN_RIGHT, "of runs", "충족률");
    for (uint32_t i = 0; i < outcome->n_thresholds; i++) {
        const struct outcome_threshold *threshold = &outcome->threshold[i];
        grid_cell(grid, TONE_PLAIN, "%s", threshold->spec->metric);
        grid_cell(grid, TONE_PLAIN, "%s", threshold_shown(threshold->spec, threshold->value).s);
        /* "value" alone says nothing */
        grid_cell(grid, TONE_PLAIN, "%s",
                  threshold->spec->expression + (strncmp(threshold->spec->expression, "value", 5) == 0 ? 5 : 0));
        threshold_verdict(grid, page, outcome, threshold, "");
        if (outcome->n > 1)
            grid_cell(grid, TONE_PLAIN, "%s", number_percent(threshold->passed_share).s);
    }
    grid_write(grid);
    figures_that_are_missing(page, outcome);
}
