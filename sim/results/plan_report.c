/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/results/plan_report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim/results/grid.h"
#include "sim/results/number.h"
#include "sim/results/put.h"

/* ---- for people: the answer ---- */

#define RISK 0.05 /* that what is called met is not (sim/lab/spending.h) */

static const char *values_text(struct page *page, const struct plan_answer *plan, const char *const *value)
{
    const char *text = "";
    for (uint32_t i = 0; i < plan->n_varied; i++)
        text = page_format(page, "%s%s%s = %s", text, *text ? ", " : "", plan->pointer[i], value[i]);
    return text;
}

static double share_of(struct plan_share share) { return share.n ? (double)share.met / share.n : (double)NAN; }

static void say_found(struct page *page, const struct plan_answer *plan)
{
    page_say(page, TONE_GOOD, "Found: %s (cost %s).", "찾음: %s (비용 %s).", values_text(page, plan, plan->value),
             number_json(plan->cost).s);
    page_say(page, TONE_PLAIN,
             "%u of %u runs meet every target; so with 95 %% confidence each target holds in at least %s of all runs.",
             "%u/%u회 실행이 모든 목표를 달성; 95 %% 신뢰도로 각 목표가 전체 실행의 최소 %s에서 성립.", plan->share.met,
             plan->share.n, number_percent(plan->confidence).s);
    if (plan->costs_nothing && plan->n_candidates > 1)
        page_say(page, TONE_PLAIN,
                 "Nothing that is varied costs anything, so none is cheaper: every target is met by %u of the %u "
                 "combinations, and this is the first of them as they were given. --cost PTR=NUMBER says what one "
                 "costs.",
                 "변경하는 값에 비용이 없어 더 싼 조합이 없음: 조합 %2$u개 중 %1$u개가 모든 목표를 달성하며, 이것은 주어진 "
                 "순서에서 첫 번째. 비용은 --cost PTR=NUMBER로 지정.", plan->n_met, plan->n_candidates);
}

/* The candidate that the plan is about. */
static bool is_unsettled(const struct plan_answer *plan)
{
    return plan->status == PLAN_UNDECIDED && plan->unsettled && !plan->depends;
}

static void say_undecided(struct page *page, const struct plan_answer *plan)
{
    const char *values = values_text(page, plan, plan->value);
    if (is_unsettled(plan)) {
        page_say(page, TONE_BAD,
                 "Undecided: no combination meets every target, and %s (cost %s) has no steady state in this run "
                 "(MSER-5): give /run/ends a later time, or see whether the system keeps up with its load at all.",
                 "미정: 모든 목표를 달성하는 조합이 없고, %s (비용 %s)은 이 실행 안에서 정상 상태에 이르지 않음 (MSER-5): "
                 "/run/ends를 늦추거나, 시스템이 부하를 따라가는지 볼 것.", values, number_json(plan->cost).s);
        return;
    }
    if (plan->depends) {
        page_say(page, TONE_BAD, "Undecided: %s (cost %s) does or does not do, depending on values that are not known.",
                 "미정: %s (비용 %s)의 성립 여부가 알려지지 않은 값에 달려 있음.", values, number_json(plan->cost).s);
        if (plan->measure_next)
            page_say(page, TONE_STRONG, "Measure next: %s.", "다음에 측정할 값: %s.", plan->measure_next);
        else if (plan->share_at_worst)
            page_say(page, TONE_PLAIN, "At the worst of them %u of %u runs meet every target.",
                     "그 값이 가장 나쁠 때 %u/%u회 실행이 모든 목표를 달성.", plan->share.met, plan->share.n);
        else
            page_say(page, TONE_PLAIN, "%u of %u runs with such values meet every target.",
                     "그런 값으로는 %u/%u회 실행이 모든 목표를 달성.", plan->share.met, plan->share.n);
        return;
    }
    if (plan->n_unknowns == 0 && plan->share.met == plan->share.n) {
        page_say(page, TONE_BAD,
                 "Undecided: %s (cost %s) meets every target in all of %u runs, but so many cannot show %s: no failure in "
                 "%.0f runs would.",
                 "미정: %s (비용 %s)은 %u회 실행 모두에서 모든 목표를 달성하지만, 이 횟수로는 %s를 보일 수 없음: 실패 없이 "
                 "%.0f회가 필요.", values, number_json(plan->cost).s, plan->share.n, number_percent(plan->confidence).s,
                 ceil(log(RISK) / log(plan->confidence)));
        return;
    }
    page_say(page, TONE_BAD,
             "Undecided: %s (cost %s) meets every target in %u of %u runs, too close to %s to say.",
             "미정: %s (비용 %s)은 %u/%u회 실행에서 모든 목표를 달성하며, %s에 너무 가까워 판단할 수 없음.", values,
             number_json(plan->cost).s, plan->share.met, plan->share.n, number_percent(plan->confidence).s);
}

static void say_infeasible(struct page *page, const struct plan_answer *plan)
{
    page_say(page, TONE_BAD, "Infeasible: none of the %u combinations meets every target in %s of the runs.",
             "불가능: 조합 %u개 중 어느 것도 실행의 %s에서 모든 목표를 달성하지 못함.", plan->n_candidates,
             number_percent(plan->confidence).s);
    page_say(page, TONE_PLAIN, "The nearest is %s: %u of %u runs.", "가장 가까운 조합은 %s: %u/%u회 실행.",
             values_text(page, plan, plan->value), plan->share.met, plan->share.n);
}

static void say_broken(struct page *page, const struct plan_answer *plan)
{
    const struct plan_share share = plan->one_less_share;
    if (plan->one_less && plan->costs_nothing)
        page_say(page, TONE_PLAIN, "Another, %s, breaks the invariant %s (%u of %u runs meet every target).",
                 "다른 조합(%s)은 불변식 %s 위반 (%u/%u회 실행만 모든 목표 달성).",
                 values_text(page, plan, plan->one_less), plan->invariant, share.met, share.n);
    else if (plan->one_less)
        page_say(page, TONE_PLAIN, "One step less, %s, breaks the invariant %s (%u of %u runs meet every target).",
                 "한 단계 아래(%s)는 불변식 %s 위반 (%u/%u회 실행만 모든 목표 달성).",
                 values_text(page, plan, plan->one_less), plan->invariant, share.met, share.n);
    else if (plan->n_unknowns > 0)
        page_say(page, TONE_BAD, "At the worst of the unknown values the invariant %s breaks.",
                 "알려지지 않은 값이 가장 나쁠 때 불변식 %s 위반.", plan->invariant);
    else
        page_say(page, TONE_BAD, "The invariant %s breaks: sim run says how.",
                 "불변식 %s 위반: sim run이 그 경위를 보여 줌.", plan->invariant);
}

static void say_limit(struct page *page, const struct plan_answer *plan)
{
    if (plan->binding.group)
        page_say(page, TONE_PLAIN, "There the limit is %s: %s.", "그때의 한계는 %s: %s.", plan->binding.group,
                 plan->binding.words);
}

static void say_unsettled(struct page *page, const struct plan_answer *plan)
{
    if (plan->one_less)
        page_say(page, TONE_PLAIN, plan->costs_nothing ? "Another, %s, has no steady state in this run."
                                                       : "One step less, %s, has no steady state in this run.",
                 plan->costs_nothing ? "다른 조합(%s)은 이 실행 안에서 정상 상태에 이르지 않음."
                                     : "한 단계 아래(%s)는 이 실행 안에서 정상 상태에 이르지 않음.",
                 values_text(page, plan, plan->one_less));
    else if (plan->depends)
        page_say(page, TONE_BAD, "At the worst of the unknown values there is no steady state in this run.",
                 "알려지지 않은 값이 가장 나쁠 때 이 실행 안에서 정상 상태에 이르지 않음.");
    say_limit(page, plan);
}

static const char *failure_text(struct page *page, const struct plan_answer *plan)
{
    if (plan->unsettled)
        return page_word(page, "there is no steady state in this run", "이 실행 안에서 정상 상태에 이르지 않음");
    if (plan->invariant)
        return page_format(page, page_word(page, "the invariant %s breaks", "불변식 %s 위반"), plan->invariant);
    return page_format(page, page_word(page, "%s fails", "%s 미달"), plan->threshold);
}

/* It may do: to know the values better may save that step. */
static void say_less_depends(struct page *page, const struct plan_answer *plan)
{
    const char *values = values_text(page, plan, plan->one_less);
    page_say(page, TONE_BAD,
             "One step less, %s, does or does not do, depending on values that are not known: at their worst %s (%u of "
             "%u runs meet every target). A plan with %s alone (--vary) says which of them to measure.",
             "한 단계 아래(%s)의 성립 여부는 알려지지 않은 값에 달려 있음: 그 값이 가장 나쁠 때 %s (%u/%u회 실행만 모든 "
             "목표 달성). %s만 지정한 계획(--vary)이 먼저 측정할 값을 알려 줌.", values, failure_text(page, plan),
             plan->one_less_share.met, plan->one_less_share.n, values);
    say_limit(page, plan);
}

static void say_binding(struct page *page, const struct plan_answer *plan)
{
    if (plan->one_less_depends) {
        say_less_depends(page, plan);
        return;
    }
    if (plan->unsettled) say_unsettled(page, plan);
    if (plan->invariant) say_broken(page, plan);
    if (!plan->threshold) return;
    if (plan->one_less && plan->costs_nothing)
        page_say(page, TONE_PLAIN, "Another, %s, misses %s (%u of %u runs meet every target).",
                 "다른 조합(%s)은 %s 미달 (%u/%u회 실행만 모든 목표 달성).", values_text(page, plan, plan->one_less),
                 plan->threshold, plan->one_less_share.met, plan->one_less_share.n);
    else if (plan->one_less && plan->one_less_open)
        page_say(page, TONE_BAD,
                 "One step less, %s, may do as well: %u of %u runs meet every target, too close to %s to say; the "
                 "others miss %s most often.",
                 "한 단계 아래(%1$s)로도 충분할 수 있음: %2$u/%3$u회 실행이 모든 목표를 달성, %4$s에 너무 가까워 판단할 수 "
                 "없음; 나머지는 주로 %5$s 미달.", values_text(page, plan, plan->one_less), plan->one_less_share.met,
                 plan->one_less_share.n, number_percent(plan->confidence).s, plan->threshold);
    else if (plan->one_less)
        page_say(page, TONE_PLAIN, "One step less, %s, misses %s (%u of %u runs meet every target).",
                 "한 단계 아래(%s)는 %s 미달 (%u/%u회 실행만 모든 목표 달성).", values_text(page, plan, plan->one_less),
                 plan->threshold, plan->one_less_share.met, plan->one_less_share.n);
    else if (plan->n_unknowns > 0)
        page_say(page, TONE_PLAIN, "At the worst of the unknown values %s fails.",
                 "알려지지 않은 값이 가장 나쁠 때 %s 미달.", plan->threshold);
    else
        page_say(page, TONE_PLAIN, "What fails first: %s.", "가장 먼저 미달하는 목표: %s.", plan->threshold);
    say_limit(page, plan);
}

static void answer(struct page *page, const struct plan_answer *plan)
{
    page_heading(page, "Answer", "답");
    if (plan->status == PLAN_FOUND) say_found(page, plan);
    else if (plan->status == PLAN_UNDECIDED) say_undecided(page, plan);
    else say_infeasible(page, plan);
    say_binding(page, plan);
}

/* ---- for people: the conditions ---- */

static void bound_row(struct grid *grid, const struct plan_bound *bound)
{
    grid_cell(grid, TONE_PLAIN, "%s", bound->pointer);
    grid_cell(grid, bound->now ? TONE_PLAIN : TONE_FAINT, "%s", bound->now ? bound->now : "?");
    grid_cell(grid, TONE_STRONG, "%s %s", bound->below ? "<=" : ">=", bound->below ? bound->below : bound->above);
    if (isfinite(bound->room)) grid_cell(grid, TONE_PLAIN, "+%s", number_percent(bound->room - 1).s);
    else grid_cell(grid, TONE_FAINT, "-");
}

static bool has_sum(const struct plan_answer *plan)
{
    for (uint32_t i = 0; i < plan->n_bounds; i++)
        if (plan->bound[i].of_several) return true;
    return false;
}

/* A row of another value that is not known is no such bound: with the others at their worst it would not be enough. */
static void say_together(struct page *page, const struct plan_answer *plan)
{
    const char *list = "";
    uint32_t n = 0;
    for (uint32_t i = 0; i < plan->n_bounds; i++) {
        if (!plan->bound[i].others_worst) continue;
        list = page_format(page, "%s%s%s", list, n > 0 ? ", " : "", plan->bound[i].pointer);
        n++;
    }
    if (n == 1)
        page_say(page, TONE_PLAIN,
                 "The unknown values fail only together: the bound of %s is with the others at their worst, and to keep "
                 "it is enough; no other bound here is.",
                 "알려지지 않은 값은 함께일 때만 미달: %s의 한계는 나머지가 가장 나쁠 때의 것이며, 이것만 지키면 충분; 여기의 "
                 "다른 한계는 그렇지 않음.",
                 list);
    else if (n > 1)
        page_say(page, TONE_PLAIN,
                 "The unknown values fail only together: the bound of each of %s is with the others at their worst, and "
                 "to keep one of these is enough; no other bound here is.",
                 "알려지지 않은 값은 함께일 때만 미달: %s 각각의 한계는 나머지가 가장 나쁠 때의 것이며, 그중 하나만 지키면 충분; "
                 "여기의 다른 한계는 그렇지 않음.",
                 list);
}

static void conditions(struct page *page, const struct plan_answer *plan)
{
    if (plan->n_bounds + plan->n_roomy == 0) return;
    page_heading(page, "Holds while", "성립 조건");
    if (plan->n_unknowns == 0)
        page_say(page, TONE_PLAIN, "Each with all others as they are.", "다른 값은 그대로 두고 각각.");
    else if (plan->status == PLAN_FOUND)
        page_say(page, TONE_PLAIN, "Each with all others as they are, unknown ones at their worst.",
                 "다른 값은 그대로, 알려지지 않은 값은 가장 나쁜 값으로 두고 각각.");
    else
        page_say(page, TONE_PLAIN, "Each with all others as they are, unknown ones at their best.",
                 "다른 값은 그대로, 알려지지 않은 값은 가장 좋은 값으로 두고 각각.");
    say_together(page, plan);
    struct grid *grid = grid_open(page);
    grid_column(grid, ALIGN_LEFT, "value", "값");
    grid_column(grid, ALIGN_RIGHT, "now", "현재");
    grid_column(grid, ALIGN_RIGHT, "bound", "한계");
    grid_column(grid, ALIGN_RIGHT, "room", "여유");
    for (uint32_t i = 0; i < plan->n_bounds; i++) bound_row(grid, &plan->bound[i]);
    if (plan->n_bounds > 0) grid_write(grid);
    if (has_sum(plan))
        page_say(page, TONE_FAINT, "A stage with several times: their sum, each of them longer by that room.",
                 "시간이 여럿인 단계: 그 합의 한계이며, 각 시간이 그 여유만큼 길어질 때.");
    if (plan->n_roomy > 0)
        page_say(page, TONE_FAINT, "The work of %u other %s may take %s times as long and more.",
                 "다른 %2$s %1$u개의 작업은 %3$s배 이상 길어져도 됨.", plan->n_roomy,
                 page_word(page, plan->n_roomy == 1 ? "stage" : "stages", "단계"), number_json(plan->factor_most).s);
}

static void unknowns(struct page *page, const struct plan_answer *plan)
{
    if (plan->n_unknowns == 0) return;
    page_heading(page, "Not known", "알려지지 않은 값");
    for (uint32_t i = 0; i < plan->n_unknowns; i++)
        page_item(page, TONE_PLAIN, "%s: anything from %s to %s", "%s: %s에서 %s 사이", plan->unknown[i].pointer,
                  plan->unknown[i].low, plan->unknown[i].high);
    const uint32_t all = UINT32_C(1) << plan->n_unknowns;
    if (plan->n_corners < all)
        page_say(page, TONE_FAINT,
                 "Of the %u corners of these ranges %u were tried: all low, all high, one against all others, and, "
                 "where none of these fails, from the worst on with one value flipped at a time.",
                 "이 범위의 모서리 %u개 중 %u개를 시도: 모두 낮음, 모두 높음, 하나만 반대, 그리고 그중 미달이 없으면 가장 "
                 "나쁜 것부터 값을 하나씩 뒤집으며.", all, plan->n_corners);
}

static void load_room(struct page *page, const struct plan_answer *plan)
{
    if (plan->load_is_trace)
        page_say(page, TONE_FAINT, "A recorded trace cannot be multiplied: no headroom is given.",
                 "기록된 트레이스는 배율을 바꿀 수 없어 부하 여유를 제시하지 않음.");
    else if (plan->no_load)
        page_say(page, TONE_FAINT, "No order comes that could be multiplied, only a backlog: no headroom is given.",
                 "배율을 바꿀 주문 유입이 없고 밀린 주문만 있어 부하 여유를 제시하지 않음.");
    else if (plan->headroom >= plan->factor_most)
        page_say(page, TONE_PLAIN, "The targets hold at %s times the load and more.",
                 "부하가 %s배 이상이 되어도 목표가 성립.", number_json(plan->factor_most).s);
    else if (isfinite(plan->headroom))
        page_say(page, TONE_PLAIN, "The targets hold up to %s times the load.", "부하 %s배까지 목표가 성립.",
                 number_fixed(floor(plan->headroom * 100) / 100, 2).s);
}

static void slower(struct page *page, const struct plan_answer *plan)
{
    if (plan->slower.n == 0) return;
    page_say(page, plan->slower.met == plan->slower.n ? TONE_PLAIN : TONE_BAD,
             "With all work a fifth slower, as %s might be under more load: %u of %u runs meet every target.",
             "%s이(가) 부하로 느려져 모든 작업이 20 %% 길어지면: %u/%u회 실행이 모든 목표를 달성.", plan->store,
             plan->slower.met, plan->slower.n);
}

static void next(struct page *page, const struct plan_answer *plan)
{
    if (plan->status == PLAN_INFEASIBLE || is_unsettled(plan)) return;
    page_heading(page, "What comes next", "다음 한계");
    if (plan->next.group)
        page_say(page, TONE_PLAIN, "Next bottleneck: %s: %s.", "다음 병목: %s: %s.", plan->next.group,
                 plan->next.words);
    load_room(page, plan);
    slower(page, plan);
}

/* ---- for people: the rest ---- */

static const char *verdict_word(const struct page *page, const char *verdict)
{
    if (strcmp(verdict, "met") == 0) return page_word(page, "met", "달성");
    if (strcmp(verdict, "missed") == 0) return page_word(page, "missed", "미달");
    if (strcmp(verdict, "unsettled") == 0) return page_word(page, "no steady state", "정상 상태 없음");
    return strcmp(verdict, "open") == 0 ? page_word(page, "open", "미정") : page_word(page, "depends", "조건부");
}

static void tried(struct page *page, const struct plan_answer *plan)
{
    page_heading(page, "Tried", "시도");
    struct grid *grid = grid_open(page);
    for (uint32_t i = 0; i < plan->n_varied; i++) grid_column(grid, ALIGN_RIGHT, plan->pointer[i], plan->pointer[i]);
    grid_column(grid, ALIGN_RIGHT, "cost", "비용");
    grid_column(grid, ALIGN_RIGHT, "runs", "실행");
    grid_column(grid, ALIGN_RIGHT, "all targets met", "모든 목표 달성");
    grid_column(grid, ALIGN_LEFT, "verdict", "판정");
    for (uint32_t t = 0; t < plan->n_tried; t++) {
        const struct plan_tried *row = &plan->tried[t];
        for (uint32_t i = 0; i < plan->n_varied; i++) grid_cell(grid, TONE_PLAIN, "%s", row->value[i]);
        grid_cell(grid, TONE_PLAIN, "%s", number_json(row->cost).s);
        grid_cell(grid, TONE_PLAIN, "%u", row->share.n);
        grid_cell(grid, TONE_PLAIN, "%s", number_percent(share_of(row->share)).s);
        grid_cell(grid, strcmp(row->verdict, "met") == 0 ? TONE_GOOD : TONE_PLAIN, "%s",
                  verdict_word(page, row->verdict));
    }
    grid_write(grid);
    if (plan->n_unknowns > 0)
        page_say(page, TONE_FAINT, "Those that depend or miss: in the worst corner of the unknown values.",
                 "조건부와 미달: 알려지지 않은 값의 가장 나쁜 조합에서.");
    if (plan->halved)
        page_say(page, TONE_FAINT,
                 "Not all %u were run: the search halves them, supposing that what costs more is better; glances at "
                 "cheaper ones did not contradict that.",
                 "%u개를 모두 실행하지는 않음: 비용이 클수록 낫다고 보고 반씩 좁혔으며, 더 싼 후보를 살펴본 결과 이와 "
                 "어긋나지 않음.", plan->n_candidates);
}

static void assumed(struct page *page, const struct plan_answer *plan)
{
    enum { SHOWN = 12 };
    const char *list = "";
    if (plan->n_assumed == 0) return;
    page_heading(page, "What this rests on", "결과의 근거");
    for (uint32_t i = 0; i < plan->n_assumed && i < SHOWN; i++)
        list = page_format(page, "%s%s%s", list, *list ? ", " : "", plan->assumed[i]);
    if (plan->n_assumed > SHOWN)
        list = page_format(page, page_word(page, "%s and %u more", "%s 외 %u개"), list, plan->n_assumed - SHOWN);
    if (plan->n_bounds > 0)
        page_say(page, TONE_PLAIN, "%u values are assumed, those the bounds above are about first: %s.",
                 "가정값 %u개, 위의 한계가 다루는 값부터: %s.", plan->n_assumed, list);
    else
        page_say(page, TONE_PLAIN, "%u values are assumed: %s.", "가정값 %u개: %s.", plan->n_assumed, list);
    page_say(page, TONE_PLAIN,
             "Service times are taken not to grow with the load, but for what stores with a capacity make of it.",
             "서비스 시간은 용량이 지정된 저장소의 영향을 제외하면 부하에 따라 늘지 않는다고 가정.");
}

void plan_write(const struct plan_answer *plan, const struct text_style *style, FILE *out)
{
    struct arena arena;
    arena_init(&arena);
    struct page page = { out, style, &arena, BLOCK_NONE };
    page_title(&page, "Plan for %s", "%s 계획", plan->name);
    page_say(&page, TONE_PLAIN, "Seed %" PRIu64 ", confidence %s.", "Seed %" PRIu64 ", 신뢰도 %s.", plan->seed,
             number_percent(plan->confidence).s);
    answer(&page, plan);
    conditions(&page, plan);
    unknowns(&page, plan);
    next(&page, plan);
    tried(&page, plan);
    assumed(&page, plan);
    fputc('\n', out);
    arena_fini(&arena);
}

/* ---- JSON ---- */

/* A value as it was given: JSON, or else a bare string. */
static cJSON *value_json(const char *text)
{
    cJSON *value = cJSON_ParseWithOpts(text, NULL, true);
    return value ? value : cJSON_CreateString(text);
}

static void put_values(cJSON *parent, const struct plan_answer *plan, const char *const *value)
{
    cJSON *values = cJSON_AddObjectToObject(parent, "values");
    for (uint32_t i = 0; i < plan->n_varied; i++)
        cJSON_AddItemToObject(values, plan->pointer[i], value_json(value[i]));
}

static void put_text(cJSON *object, const char *key, const char *text)
{
    if (text) cJSON_AddStringToObject(object, key, text);
    else cJSON_AddNullToObject(object, key);
}

static void put_binding(cJSON *root, const struct plan_answer *plan)
{
    if (!plan->threshold && !plan->invariant && !plan->unsettled) {
        cJSON_AddNullToObject(root, "binding");
        return;
    }
    cJSON *binding = cJSON_AddObjectToObject(root, "binding");
    put_text(binding, "threshold", plan->threshold);
    if (plan->unsettled) cJSON_AddFalseToObject(binding, "steady_state");
    if (plan->invariant) cJSON_AddStringToObject(binding, "invariant", plan->invariant);
    put_text(binding, "group", plan->binding.group);
    put_text(binding, "reason", plan->binding.reason);
    if (!plan->one_less) return;
    put_values(binding, plan, plan->one_less);
    cJSON_AddBoolToObject(binding, "decided", !plan->one_less_open && !plan->one_less_depends);
}

static void put_bounds(cJSON *root, const struct plan_answer *plan)
{
    cJSON *list = cJSON_AddArrayToObject(root, "holds_while");
    for (uint32_t i = 0; i < plan->n_bounds; i++) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddItemToArray(list, item);
        cJSON_AddStringToObject(item, "pointer", plan->bound[i].pointer);
        if (plan->bound[i].now) cJSON_AddItemToObject(item, "now", value_json(plan->bound[i].now));
        cJSON_AddItemToObject(item, plan->bound[i].below ? "below" : "above",
                              value_json(plan->bound[i].below ? plan->bound[i].below : plan->bound[i].above));
        if (plan->bound[i].others_worst) cJSON_AddStringToObject(item, "unknown_others", "worst");
    }
}

static void put_next(cJSON *root, const struct plan_answer *plan)
{
    if (!plan->next.group) {
        cJSON_AddNullToObject(root, "next_bottleneck");
        return;
    }
    cJSON *next = cJSON_AddObjectToObject(root, "next_bottleneck");
    cJSON_AddStringToObject(next, "group", plan->next.group);
    put_text(next, "reason", plan->next.reason);
}

static void put_tried(cJSON *root, const struct plan_answer *plan)
{
    cJSON *list = cJSON_AddArrayToObject(root, "tried");
    for (uint32_t t = 0; t < plan->n_tried; t++) {
        const struct plan_tried *row = &plan->tried[t];
        cJSON *item = cJSON_CreateObject();
        cJSON_AddItemToArray(list, item);
        put_values(item, plan, row->value);
        put_number(item, "cost", row->cost);
        put_number(item, "runs", row->share.n);
        put_number(item, "passed_share", share_of(row->share));
        cJSON_AddStringToObject(item, "verdict", row->verdict);
    }
}

void plan_json(const struct plan_answer *plan, FILE *out)
{
    static const char *const status[] = { [PLAN_FOUND] = "found", [PLAN_UNDECIDED] = "undecided",
                                          [PLAN_INFEASIBLE] = "infeasible" };
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "status", status[plan->status]);
    put_seed(root, plan->seed);
    if (plan->status == PLAN_INFEASIBLE) cJSON_AddNullToObject(root, "values");
    else put_values(root, plan, plan->value);
    put_number(root, "cost", plan->status == PLAN_INFEASIBLE ? (double)NAN : plan->cost);
    put_number(root, "confidence", plan->confidence);
    put_number(root, "runs", plan->share.n);
    put_number(root, "passed_share", share_of(plan->share));
    put_binding(root, plan);
    put_bounds(root, plan);
    cJSON *list = cJSON_AddArrayToObject(root, "assumed");
    for (uint32_t i = 0; i < plan->n_assumed; i++)
        cJSON_AddItemToArray(list, cJSON_CreateString(plan->assumed[i]));
    put_text(root, "measure_next", plan->measure_next);
    put_next(root, plan);
    put_number(root, "headroom", plan->headroom);
    put_number(root, "passed_share_if_a_fifth_slower", share_of(plan->slower));
    put_tried(root, plan);
    put_out(root, out);
}
