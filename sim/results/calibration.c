/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/results/calibration.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim/results/grid.h"
#include "sim/results/number.h"
#include "sim/results/put.h"
#include "sim/results/typed.h"

/* ---- for people ---- */

static struct number shown_value(const struct calibrated_value *value, double quantity)
{
    struct number text;
    if (*value->unit) return number_seconds(quantity);
    snprintf(text.s, sizeof text.s, "%.4g", quantity);
    return text;
}

static void values_table(struct page *page, const struct calibration *calibration)
{
    struct grid *grid = grid_open(page);
    grid_column(grid, ALIGN_LEFT, "value", "값");
    grid_column(grid, ALIGN_RIGHT, "fitted", "추정");
    grid_column(grid, ALIGN_RIGHT, page_format(page, "%g%%", calibration->confidence * 100),
                page_format(page, "%g%% 구간", calibration->confidence * 100));
    grid_column(grid, ALIGN_RIGHT, "before", "기존");
    for (uint32_t i = 0; i < calibration->n_values; i++) {
        const struct calibrated_value *value = &calibration->value[i];
        if (!calibrated_is_decided(value)) continue;
        grid_cell(grid, TONE_STRONG, "%s", value->pointer);
        grid_cell(grid, TONE_STRONG, "%s", shown_value(value, value->value).s);
        grid_cell(grid, TONE_PLAIN, "%s..%s", shown_value(value, value->low).s, shown_value(value, value->high).s);
        grid_cell(grid, TONE_FAINT, "%s", shown_value(value, value->before).s);
    }
    if (!grid_is_empty(grid)) grid_write(grid);
    else
        page_say(page, TONE_BAD, "The observations decide none of the values asked for.",
                 "관측값으로 결정되는 값이 없음.");
    if (!calibration->is_borne_out)
        page_say(page, TONE_BAD,
                 "Runs between the limits did not show what the fit had there: the values act together, and the limits "
                 "are rough. Try values beside them with sim run, or fit over narrower ranges.",
                 "구간 안의 실행이 추정 모델과 달랐음: 값들이 서로 얽혀 있어 구간이 정확하지 않음. sim run으로 주변 값을 "
                 "확인하거나 더 좁은 범위로 추정할 것.");
}

/* The scenario's own value, or, where the observations do not accept that, one that they do. */
static const char *what_is_kept(struct page *page, const struct calibrated_value *value)
{
    const struct number now = shown_value(value, value->value), before = shown_value(value, value->before);
    if (strcmp(now.s, before.s) == 0)
        return page_format(page, page_word(page, "%s is kept", "%s 유지"), now.s);
    return page_format(page,
                       page_word(page, "the scenario's %s is not among them, %s is taken",
                                 "시나리오의 %s은(는) 해당하지 않으므로 %s 사용"),
                       before.s, now.s);
}

static void say_undecided(struct page *page, const struct calibrated_value *value)
{
    const struct number low = shown_value(value, value->low), high = shown_value(value, value->high);
    const struct number from = shown_value(value, value->range_low), to = shown_value(value, value->range_high);
    const char *kept = what_is_kept(page, value);
    if (value->n_refuting > 0)
        page_item(page, TONE_BAD,
                  "%s: no value from %s to %s, all that was searched, explains what hangs on it (observations: %u); %s, "
                  "the scenario's own, is kept.",
                  "%s: 탐색한 %s ~ %s 범위의 어떤 값도 이 값에 좌우되는 관측값 %u개 중 하나도 설명하지 못함; 시나리오의 "
                  "%s 유지.",
                  value->pointer, from.s, to.s, value->n_refuting, shown_value(value, value->value).s);
    else if (value->open_low && value->open_high)
        page_item(page, TONE_PLAIN, "%s: anything from %s to %s, all that was searched; %s.",
                  "%s: 탐색한 %s ~ %s 범위 전체가 가능; %s.", value->pointer, from.s, to.s, kept);
    else if (value->open_low)
        page_item(page, TONE_PLAIN, "%s: anything under %s (searched from %s to %s); %s.",
                  "%s: %s 미만이면 모두 가능 (탐색 범위 %s ~ %s); %s.", value->pointer, high.s, from.s, to.s, kept);
    else
        page_item(page, TONE_PLAIN, "%s: anything above %s (searched from %s to %s); %s.",
                  "%s: %s 초과이면 모두 가능 (탐색 범위 %s ~ %s); %s.", value->pointer, low.s, from.s, to.s, kept);
}

static void undecided(struct page *page, const struct calibration *calibration)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < calibration->n_values; i++) n += !calibrated_is_decided(&calibration->value[i]);
    if (n == 0) return;
    page_heading(page, "What the observations cannot decide", "관측값으로 결정할 수 없는 값");
    for (uint32_t i = 0; i < calibration->n_values; i++)
        if (!calibrated_is_decided(&calibration->value[i])) say_undecided(page, &calibration->value[i]);
}

static void deciders(struct page *page, const struct calibration *calibration)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < calibration->n_values; i++) n += calibration->value[i].n_deciders;
    if (n == 0) return;
    page_heading(page, "Decided by", "결정 근거");
    for (uint32_t i = 0; i < calibration->n_values; i++) {
        const struct calibrated_value *value = &calibration->value[i];
        const char *list = "";
        for (uint32_t d = 0; d < value->n_deciders; d++)
            list = page_format(page, "%s%s%s", list, d ? "; " : "", value->decider[d]);
        if (value->n_deciders > 0) page_item(page, TONE_PLAIN, "%s: %s", "%s: %s", value->pointer, list);
    }
}

/* Where the name of what was looked at ends and that of the figure begins: "table, t = 5 s: total lag" at "t = 5 s". */
static size_t split_name(const char *name)
{
    static const char *const within[] = { ", t = ", ", partition " };
    for (size_t i = 0; i < sizeof within / sizeof *within; i++) {
        const char *at = NULL;
        for (const char *next = strstr(name, within[i]); next; next = strstr(next + 1, within[i])) at = next;
        if (at && strchr(at, ':')) return (size_t)(at - name);
    }
    const char *at = NULL;
    for (const char *next = strstr(name, ": "); next; next = strstr(next + 1, ": ")) at = next;
    return at ? (size_t)(at - name) : strlen(name);
}

/* Rows of one source stand below one line that names it: names in full do not fit beside the figures. */
static void figure_name(struct page *page, struct grid *grid, const struct calibrated_figure *figure,
                        const char *before)
{
    const size_t at = split_name(figure->name);
    const char *rest = figure->name + at + strspn(figure->name + at, ",: ");
    if (!before || split_name(before) != at || strncmp(before, figure->name, at) != 0)
        grid_line(grid, TONE_PLAIN, "%.*s", (int)at, figure->name);
    grid_cell(grid, figure->decides ? TONE_PLAIN : TONE_FAINT, "  %s", *rest ? rest : page_word(page, "lag", "lag"));
}

static void figure_row(struct page *page, struct grid *grid, const struct calibrated_figure *figure, const char *before)
{
    figure_name(page, grid, figure, before);
    grid_cell(grid, TONE_PLAIN, "%s", number_count(figure->observed).s);
    grid_cell(grid, TONE_PLAIN, "%s", number_count(figure->predicted).s);
    grid_cell(grid, TONE_PLAIN, "%s", number_count(figure->noise).s);
    if (isfinite(figure->residual)) grid_cell(grid, TONE_PLAIN, "%+.1f", figure->residual);
    else grid_cell(grid, TONE_PLAIN, "-");
    if (!isfinite(figure->residual)) grid_cell(grid, TONE_PLAIN, "%s", page_word(page, "not in it", "없음"));
    else
        grid_verdict(grid, figure->explained,
                     figure->explained ? page_word(page, "yes", "가능") : page_word(page, "NO", "불가"));
}

static void figures_table(struct page *page, const struct calibration *calibration, bool held_out)
{
    struct grid *grid = grid_open(page);
    grid_column(grid, ALIGN_LEFT, "observation", "관측 항목");
    grid_column(grid, ALIGN_RIGHT, "observed", "관측");
    grid_column(grid, ALIGN_RIGHT, "predicted", "예측");
    grid_column(grid, ALIGN_RIGHT, "noise", "잡음");
    grid_column(grid, ALIGN_RIGHT, "off by", "잔차");
    grid_column(grid, ALIGN_LEFT, "fits", "설명");
    const char *before = NULL;
    for (uint32_t i = 0; i < calibration->n_figures; i++) {
        if (calibration->figure[i].held_out != held_out) continue;
        figure_row(page, grid, &calibration->figure[i], before);
        before = calibration->figure[i].name;
    }
    grid_write(grid);
}

static void compared(struct page *page, const struct calibration *calibration)
{
    uint32_t n = 0, n_off = 0, n_by_row = 0;
    for (uint32_t i = 0; i < calibration->n_figures; i++) {
        const struct calibrated_figure *figure = &calibration->figure[i];
        if (figure->held_out || !isfinite(figure->residual)) continue;
        n++;
        n_off += !figure->explained;
        n_by_row += figure->by_its_row;
    }
    page_heading(page, "Predicted beside observed", "예측과 관측 비교");
    page_say(page, TONE_PLAIN,
             "Noise: one standard deviation of one run, with the error of the observation's clock; off by: the "
             "residual in units of it. Faint rows repeat others and decide nothing.",
             "잡음: 한 번의 실행과 관측 시각 오차를 합한 표준편차; 잔차: 그 단위로 나타낸 차이. 흐린 행은 다른 값의 반복으로, "
             "추정에 쓰지 않음.");
    figures_table(page, calibration, false);
    if (n_off == 0)
        page_say(page, TONE_GOOD, "All %u observations are explained. Chi-squared of the %u that decide: %.1f.",
                 "관측값 %u개가 모두 설명됨. 추정에 쓴 %u개의 카이제곱: %.1f.", n, calibration->n_decide,
                 calibration->chi_squared);
    else
        page_say(page, TONE_BAD,
                 "Of %u observations %u are explained, %u are not: the search found no values in the ranges that give "
                 "them beside the others. Chi-squared of the %u that decide: %.1f.",
                 "관측값 %u개 중 %u개는 설명되고 %u개는 설명되지 않음: 탐색 범위에서 나머지와 함께 설명하는 값을 찾지 못함. "
                 "추정에 쓴 %u개의 카이제곱: %.1f.",
                 n, n - n_off, n_off, calibration->n_decide, calibration->chi_squared);
    if (n_by_row > 0)
        page_say(
            page, TONE_PLAIN,
            "Of those not explained %u would be within 3 noises by themselves, but stand in a row whose total is not.",
            "설명되지 않은 값 중 %u개는 그 자체로는 잡음의 3배 이내이나, 같은 행의 합계가 설명되지 않음.", n_by_row);
}

static const struct calibrated_value *value_at(const struct calibration *calibration, const char *pointer)
{
    for (uint32_t i = 0; i < calibration->n_values; i++)
        if (strcmp(calibration->value[i].pointer, pointer) == 0) return &calibration->value[i];
    return NULL;
}

static void say_need(struct page *page, const struct calibration *calibration, const struct calibrated_figure *figure)
{
    const struct number observed = number_count(figure->observed);
    if (!figure->need_pointer) {
        page_item(page, TONE_PLAIN, "%s = %s: none of the fitted values that are decided gives it, changed alone within its range.",
                  "%s = %s: 결정된 값 중 어느 하나만 탐색 범위 안에서 바꾸어서는 나오지 않음.", figure->name, observed.s);
        return;
    }
    const struct number need = shown_value(value_at(calibration, figure->need_pointer), figure->need);
    page_item(page, TONE_PLAIN, "%s = %s: needs %s = about %s, and then %u of the %u explained are not.",
              "%s = %s: %s = 약 %s이(가) 필요하며, 그 경우 설명되던 %u개(총 %u개 중)가 설명되지 않음.", figure->name, observed.s,
              figure->need_pointer, need.s, figure->need_lost, calibration->n_decide);
}

static void needs(struct page *page, const struct calibration *calibration)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < calibration->n_figures; i++)
        n += calibration->figure[i].decides && !calibration->figure[i].explained;
    if (n == 0) return;
    page_heading(page, "What the rest would need", "나머지가 성립하려면");
    page_say(
        page, TONE_PLAIN,
        "One model explains %u of the %u figures that stand for themselves. Each of the others alone, with one value "
        "changed:",
        "하나의 모델이 독립된 관측값 %2$u개 중 %1$u개를 설명함. 나머지 각각을 값 하나만 바꾸어 설명하려면:",
        calibration->n_decide, calibration->n_decide + n);
    for (uint32_t i = 0; i < calibration->n_figures; i++)
        if (calibration->figure[i].decides && !calibration->figure[i].explained)
            say_need(page, calibration, &calibration->figure[i]);
}

static void held_out(struct page *page, const struct calibration *calibration)
{
    uint32_t n = 0;
    double square = 0, relative = 0;
    for (uint32_t i = 0; i < calibration->n_figures; i++) {
        const struct calibrated_figure *figure = &calibration->figure[i];
        if (!figure->held_out || !isfinite(figure->residual)) continue;
        n++;
        square += figure->residual * figure->residual;
        relative += fabs(figure->observed - figure->predicted) / fmax(fabs(figure->observed), 1);
    }
    if (n == 0) return;
    page_heading(page, "Held out", "추정에서 제외한 관측값");
    figures_table(page, calibration, true);
    page_say(page, TONE_PLAIN,
             "Error on the %u left out: %.1f %% of the observed on average, %.1f noises (root mean square).",
             "제외한 %u개의 오차: 관측값 대비 평균 %.1f %%, 잡음 단위 제곱평균제곱근 %.1f.", n, 100 * relative / n,
             sqrt(square / n));
}

static void next_steps(struct page *page, const struct calibration *calibration)
{
    if (!calibration->written) return;
    page_gap(page);
    page_say(page, TONE_PLAIN, "Written: %s. Next: sim run %s --replications 20",
             "저장: %s. 다음: sim run %s --replications 20", calibration->written,
             typed_word(calibration->written, page->arena));
}

void calibration_write(const struct calibration *calibration, const struct text_style *style, FILE *out)
{
    struct arena arena;
    arena_init(&arena);
    struct page page = { out, style, &arena, BLOCK_NONE };
    page_title(&page, "%s, fitted to %s", "%s, %s에 맞춤", calibration->name, calibration->observations);
    page_say(&page, TONE_PLAIN, "%u runs, seed %" PRIu64 "; %u at the fitted values.",
             "실행 %u회, seed %" PRIu64 "; 추정값에서 %u회.", calibration->runs, calibration->seed,
             calibration->replications);
    page_heading(&page, "Fitted values", "추정값");
    values_table(&page, calibration);
    undecided(&page, calibration);
    deciders(&page, calibration);
    compared(&page, calibration);
    needs(&page, calibration);
    held_out(&page, calibration);
    next_steps(&page, calibration);
    fputc('\n', out);
    arena_fini(&arena);
}

/* ---- for programs ---- */

static void put_deciders(cJSON *item, const struct calibrated_value *value)
{
    cJSON *list = cJSON_AddArrayToObject(item, "decided_by");
    for (uint32_t d = 0; d < value->n_deciders; d++)
        cJSON_AddItemToArray(list, cJSON_CreateString(value->decider[d]));
}

static void put_value(cJSON *list, const struct calibrated_value *value)
{
    cJSON *item = cJSON_CreateObject();
    cJSON_AddItemToArray(list, item);
    cJSON_AddStringToObject(item, "pointer", value->pointer);
    put_number(item, "value", value->value);
    put_number(item, "lo", value->low);
    put_number(item, "hi", value->high);
    cJSON_AddStringToObject(item, "unit", value->unit);
    put_number(item, "before", value->before);
    put_deciders(item, value);
}

/* Both limits, as far as there are any: none for a value of which every place searched is accepted. */
static void put_undetermined(cJSON *list, const struct calibrated_value *value)
{
    cJSON *item = cJSON_CreateObject();
    cJSON_AddItemToArray(list, item);
    cJSON_AddStringToObject(item, "pointer", value->pointer);
    if (!value->open_high) put_number(item, "below", value->high);
    if (!value->open_low) put_number(item, "above", value->low);
    cJSON_AddStringToObject(item, "unit", value->unit);
    put_number(item, "kept", value->value);
    if (value->n_refuting > 0) cJSON_AddBoolToObject(item, "explains_nothing", true);
    put_deciders(item, value);
}

static void put_figure(cJSON *list, const struct calibrated_figure *figure)
{
    cJSON *item = cJSON_CreateObject();
    cJSON_AddItemToArray(list, item);
    cJSON_AddStringToObject(item, "name", figure->name);
    put_number(item, "observed", figure->observed);
    put_number(item, "predicted", figure->predicted);
    put_number(item, "lo", figure->lo);
    put_number(item, "hi", figure->hi);
    put_number(item, "noise", figure->noise);
    put_number(item, "residual", figure->residual);
    cJSON_AddStringToObject(item, "verdict", !isfinite(figure->residual) ? "not in the scenario"
                                             : figure->explained         ? "explained"
                                                                         : "contradicts");
    if (figure->by_its_row) cJSON_AddBoolToObject(item, "by_its_row", true);
    if (figure->need_pointer) {
        cJSON *need = cJSON_AddObjectToObject(item, "needs");
        cJSON_AddStringToObject(need, "pointer", figure->need_pointer);
        put_number(need, "value", figure->need);
        put_number(need, "explained_no_longer", figure->need_lost);
    }
    cJSON_AddStringToObject(item, "use", figure->held_out ? "held out" : figure->decides ? "decides" : "repeats");
}

cJSON *calibration_tree(const struct calibration *calibration)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "scenario", calibration->name);
    put_seed(root, calibration->seed);
    put_number(root, "runs", calibration->runs);
    put_number(root, "replications", calibration->replications);
    put_number(root, "confidence", calibration->confidence);
    cJSON *fitted = cJSON_AddArrayToObject(root, "fitted");
    for (uint32_t i = 0; i < calibration->n_values; i++)
        if (calibrated_is_decided(&calibration->value[i])) put_value(fitted, &calibration->value[i]);
    cJSON *figures = cJSON_AddArrayToObject(root, "observations");
    for (uint32_t i = 0; i < calibration->n_figures; i++) put_figure(figures, &calibration->figure[i]);
    cJSON *open = cJSON_AddArrayToObject(root, "undetermined");
    for (uint32_t i = 0; i < calibration->n_values; i++)
        if (!calibrated_is_decided(&calibration->value[i])) put_undetermined(open, &calibration->value[i]);
    put_number(root, "chi_squared", calibration->chi_squared);
    put_number(root, "deciding", calibration->n_decide);
    if (!calibration->is_borne_out) cJSON_AddFalseToObject(root, "borne_out");
    return root;
}

void calibration_json(const struct calibration *calibration, FILE *out) { put_out(calibration_tree(calibration), out); }
