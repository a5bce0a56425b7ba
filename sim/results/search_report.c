/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/results/search_report.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/results/grid.h"
#include "sim/results/meaning.h"
#include "sim/results/number.h"
#include "sim/results/put.h"
#include "sim/results/typed.h"
#include "sim/results/violation.h"
#include "sim/version.h"

double search_upper_limit_95(const struct search *search)
{
    return infer_share_upper(search->broken, search->runs - search->open, 0.95);
}

/* ---- for people ---- */

static void head(struct page *page, const struct search *search)
{
    page_title(page, "%s", "%s", search->name);
    page_say(page, TONE_PLAIN,
             "Search for a broken invariant: %s runs, seeds %" PRIu64 " to %" PRIu64 "%s, %s runs a second, sim %s.",
             "정합성 위반 탐색: 실행 %s회, seed %" PRIu64 " ~ %" PRIu64 "%s, 초당 %s회, sim %s.",
             number_count((double)search->runs).s, search->first_seed,
             search->first_seed + (search->span ? search->span - 1 : 0),
             search->runs < search->span ? page_word(page, " in part", " 중 일부") : "",
             number_count(search->runs_per_s).s, SIM_VERSION);
    if (search->interrupted)
        page_say(page, TONE_BAD, "Interrupted: what was found until then is kept.", "중단됨: 그때까지의 결과만 표시.");
}

static void verdict(struct page *page, const struct search *search)
{
    const struct number limit = number_limit(search_upper_limit_95(search));
    page_heading(page, "Consistency (invariants)", "데이터 정합성 검증");
    if (search->runs == 0) {
        page_say(page, TONE_PLAIN, "No run was made.", "실행 없음.");
    } else if (search->open == search->runs) {
        page_say(page, TONE_PLAIN,
                 "No invariant broke on the way in %s runs, but none of them came to its end: what must hold in the end "
                 "was not judged.",
                 "실행 %s회의 진행 중 위반 없음. 단, 모두 끝나기 전에 잘려 최종 상태는 판정되지 않음.",
                 number_count((double)search->runs).s);
    } else if (search->broken == 0) {
        page_say(
            page, TONE_GOOD,
            "No invariant broke in %s runs. That proves nothing; with 95 %% confidence fewer than %s of the runs "
            "that this search draws break one.",
            "실행 %s회에서 위반 없음. 증명은 아니며, 95 %% 신뢰 수준에서 이 탐색이 뽑는 실행 중 위반 비율은 %s 미만.",
            number_count((double)search->runs).s, limit.s);
    } else {
        page_say(page, TONE_BAD, "%s of %s runs broke an invariant; what broke first in each:",
                 "실행 %2$s회 중 %1$s회에서 위반; 각 실행에서 처음 위반된 항목:",
                 number_count((double)search->broken).s, number_count((double)search->runs).s);
    }
    if (search->open > 0 && search->open < search->runs)
        page_say(page, TONE_PLAIN,
                 "%s of the runs did not come to their end: what must hold in the end was not judged there, and the "
                 "share of the runs that break one is of the others.",
                 "실행 중 %s회는 끝나기 전에 잘려 최종 상태는 판정되지 않음; 위반 비율은 나머지 실행 기준.",
                 number_count((double)search->open).s);
}

static const char *order_of(struct page *page, const struct search_violation *violation)
{
    if (violation->order_id == 0) return "";
    return page_format(page, page_word(page, ", order %" PRIu64, ", 주문 ID %" PRIu64), violation->order_id);
}

static void violation_write(struct page *page, const struct search *search, const struct search_violation *violation)
{
    page_item(page, TONE_BAD, "%s, %s: seed %" PRIu64 ", at %s s%s: %s", "%s, %s: seed %" PRIu64 ", %s초%s: %s",
              violation->invariant, invariant_meaning(page, violation->invariant, violation->meaning), violation->seed,
              number_fixed(ns_to_s(violation->at_ns), 3).s, order_of(page, violation),
              violation_words(page, violation->what));
    page_say(page, TONE_PLAIN, "%s: faults %u (of %u), orders %s%s.", "%s: 장애 %u건 (처음 %u건), 주문 %s건%s.",
             violation->unfinished ? page_word(page, "Ended before it was made as small as it gets",
                                               "축소를 끝내지 못한 계획")
                                   : page_word(page, "Smallest plan found", "축소한 최소 계획"),
             violation->n_faults, violation->faults_before, number_count((double)violation->orders).s,
             violation->ties ? page_word(page, ", ties drawn", ", 동시 사건 순서 추첨") : "");
    for (uint32_t i = 0; i < violation->n_faults; i++)
        page_code(page, "%s: %s", violation->fault[i].name, violation->fault[i].json);
    for (uint32_t i = 0; i < violation->n_values; i++)
        page_code(page, "%s=%s", violation->value[i].pointer, violation->value[i].value);
    if (violation->capsule) page_code(page, "sim replay %s", typed_word(violation->capsule, page->arena));
    else
        page_say(page, TONE_PLAIN, "To keep it as a capsule, which tells its story: add --out DIR.",
                 "이 실행을 캡슐로 남기고 경위를 보려면 --out DIR 추가.");
    (void)search;
}

static void coverage_write(struct page *page, const struct search *search)
{
    const char *never = "";
    struct grid *grid = grid_open(page);
    page_heading(page, "Coverage", "도달 범위");
    page_say(page, TONE_PLAIN, "Runs in which it was reached; what was never reached was not tested.",
             "도달한 실행 수; 도달하지 못한 것은 검증되지 않음.");
    grid_column(grid, ALIGN_LEFT, "reached", "도달");
    grid_column(grid, ALIGN_RIGHT, "runs", "실행");
    grid_column(grid, ALIGN_RIGHT, "share", "비율");
    for (uint32_t i = 0; i < search->n_coverage; i++) {
        if (search->coverage_runs[i] == 0) {
            never = page_format(page, "%s%s%s", never, *never ? ", " : "", search->coverage_name[i]);
            continue;
        }
        grid_cell(grid, TONE_PLAIN, "%s", search->coverage_name[i]);
        grid_cell(grid, TONE_PLAIN, "%s", number_count((double)search->coverage_runs[i]).s);
        grid_cell(grid, TONE_PLAIN, "%s", number_percent((double)search->coverage_runs[i] / (double)search->runs).s);
    }
    if (!grid_is_empty(grid)) grid_write(grid);
    if (*never) page_say(page, TONE_PLAIN, "Never reached: %s.", "미도달: %s.", never);
}

bool search_write(const struct search *search, const struct text_style *style, FILE *out)
{
    struct arena arena;
    arena_init(&arena);
    struct page page = { out, style, &arena, BLOCK_NONE };
    head(&page, search);
    verdict(&page, search);
    for (uint32_t i = 0; i < search->n_violations; i++) violation_write(&page, search, &search->violation[i]);
    coverage_write(&page, search);
    arena_fini(&arena);
    return !ferror(out);
}

/* ---- JSON ---- */

static cJSON *violation_json(const struct search_violation *violation)
{
    cJSON *node = cJSON_CreateObject();
    cJSON_AddStringToObject(node, "invariant", violation->invariant);
    put_seed(node, violation->seed);
    if (violation->capsule) cJSON_AddStringToObject(node, "capsule", violation->capsule);
    else cJSON_AddNullToObject(node, "capsule");
    put_number(node, "faults", violation->n_faults);
    put_number(node, "orders", (double)violation->orders);
    put_number(node, "t_s", ns_to_s(violation->at_ns));
    if (violation->order_id) put_number(node, "order_id", (double)violation->order_id);
    else cJSON_AddNullToObject(node, "order_id");
    cJSON_AddStringToObject(node, "what", violation->what);
    cJSON_AddBoolToObject(node, "ties", violation->ties);
    if (violation->unfinished) cJSON_AddTrueToObject(node, "unfinished");
    cJSON *plan = cJSON_AddObjectToObject(node, "plan"), *values = cJSON_AddObjectToObject(node, "values");
    for (uint32_t i = 0; i < violation->n_faults; i++)
        cJSON_AddRawToObject(plan, violation->fault[i].name, violation->fault[i].json);
    for (uint32_t i = 0; i < violation->n_values; i++)
        cJSON_AddRawToObject(values, violation->value[i].pointer, violation->value[i].value);
    return node;
}

bool search_json(const struct search *search, FILE *out)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "version", SIM_VERSION);
    put_seed(root, search->first_seed);
    put_number(root, "runs", (double)search->runs);
    put_number(root, "broken", (double)search->broken);
    put_number(root, "open", (double)search->open);
    cJSON *violations = cJSON_AddArrayToObject(root, "violations");
    for (uint32_t i = 0; i < search->n_violations; i++)
        cJSON_AddItemToArray(violations, violation_json(&search->violation[i]));
    cJSON *coverage = cJSON_AddObjectToObject(root, "coverage");
    for (uint32_t i = 0; i < search->n_coverage; i++)
        put_number(coverage, search->coverage_name[i], (double)search->coverage_runs[i]);
    put_number(root, "upper_limit_95", search_upper_limit_95(search));
    if (search->interrupted) cJSON_AddTrueToObject(root, "interrupted");
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    if (!text) return false;
    fprintf(out, "%s\n", text);
    cJSON_free(text);
    return !ferror(out);
}
