/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/results/tornado_table.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "sim/engine/ns.h"
#include "sim/results/grid.h"
#include "sim/results/number.h"

enum { BARS_SHOWN = 12 };

bool tornado_is(const struct store_point *point, uint32_t n_points)
{
    bool is = n_points > 1 && point[0].n_params == 0;
    for (uint32_t i = 1; i < n_points; i++) is = is && point[i].n_params == 1;
    return is;
}

/* ---- figures ---- */

/* A string without its quotes. */
static const char *bare(const char *json, struct arena *arena)
{
    char *text = arena_strdup(arena, json[0] == '"' ? json + 1 : json);
    if (json[0] == '"') text[strlen(text) - 1] = '\0';
    return text;
}

struct tornado_side tornado_side_of(struct store *store, const struct store_point *points, uint32_t point,
                                    const char *metric, double confidence, struct arena *arena)
{
    struct tornado_side side = { .value = bare(points[point].param[0].value, arena) };
    double *base, *value;
    uint32_t n_base = store_values(store, 0, metric, &base, NULL, arena);
    uint32_t n = store_values(store, point, metric, &value, NULL, arena);
    side.n_runs = n = n < n_base ? n : n_base;
    for (uint32_t r = 0; r < n; r++) {
        side.n_have += isfinite(value[r]) != 0;
        side.n_turned += (isfinite(value[r]) != 0) != (isfinite(base[r]) != 0);
        value[r] -= base[r];
    }
    side.moved = infer_mean(value, n, confidence);
    return side;
}

/* A duration in ns; NaN for what is neither number nor duration. */
static double size_of_node(const cJSON *node)
{
    sim_ns ns;
    if (cJSON_IsNumber(node)) return node->valuedouble;
    return cJSON_IsString(node) && ns_parse(node->valuestring, &ns) ? (double)ns : (double)NAN;
}

/* The next step of a JSON Pointer, decoded; returns what is behind it. */
static const char *pointer_step(const char *pointer, char *key)
{
    for (pointer++; *pointer && *pointer != '/'; pointer++)
        *key++ = *pointer != '~' ? *pointer : *++pointer == '1' ? '/' : '~';
    *key = '\0';
    return pointer;
}

static bool is_above(const char *json, const cJSON *base, const char *pointer, struct arena *arena)
{
    char *key = arena_alloc(arena, strlen(pointer) + 1);
    cJSON *value = cJSON_Parse(json);
    while (base && *pointer == '/') {
        pointer = pointer_step(pointer, key);
        base = cJSON_IsArray(base) ? cJSON_GetArrayItem(base, atoi(key)) : cJSON_GetObjectItemCaseSensitive(base, key);
    }
    const bool above = size_of_node(value) > size_of_node(base);
    cJSON_Delete(value);
    return above;
}

static double size_of(const struct tornado_side *side)
{
    return side->value && isfinite(side->moved.mean) ? fabs(side->moved.mean) : 0;
}

static int by_swing(const void *a, const void *b)
{
    const struct tornado_bar *x = a, *y = b;
    if (x->n_turned != y->n_turned) return x->n_turned > y->n_turned ? -1 : 1;
    if (x->swing > y->swing || x->swing < y->swing) return x->swing > y->swing ? -1 : 1;
    return strcmp(x->pointer, y->pointer);
}

/* Both of a value stand one after the other, low first; where there is only one, it is the high one when it is above
 * the value as it is. */
void tornado_make(struct tornado_figure *out, struct store *store, const struct store_point *point, uint32_t n_points,
                  const char *scenario_json, const char *metric, double confidence, struct arena *arena)
{
    cJSON *scenario = cJSON_Parse(scenario_json);
    double *base;
    const char *unit = "";
    const uint32_t n_base = store_values(store, 0, metric, &base, &unit, arena);
    *out = (struct tornado_figure){ .unit = unit, .base = infer_mean(base, n_base, confidence),
                                    .n_runs = n_base, .bar = arena_array(arena, struct tornado_bar, n_points) };
    for (uint32_t i = 1; i < n_points; i++) {
        const struct store_param *param = &point[i].param[0];
        const bool second = i > 1 && strcmp(point[i - 1].param[0].pointer, param->pointer) == 0;
        const bool first = i + 1 < n_points && strcmp(point[i + 1].param[0].pointer, param->pointer) == 0;
        const struct tornado_side side = tornado_side_of(store, point, i, metric, confidence, arena);
        if (second) {
            out->bar[out->n_bars - 1].high = side;
            continue;
        }
        struct tornado_bar *bar = &out->bar[out->n_bars++];
        *bar = (struct tornado_bar){ .pointer = param->pointer };
        if (!first && is_above(param->value, scenario, param->pointer, arena)) bar->high = side;
        else bar->low = side;
    }
    for (uint32_t i = 0; i < out->n_bars; i++) {
        struct tornado_bar *bar = &out->bar[i];
        bar->swing = fmax(size_of(&bar->low), size_of(&bar->high));
        bar->n_turned = bar->low.n_turned > bar->high.n_turned ? bar->low.n_turned : bar->high.n_turned;
    }
    qsort(out->bar, out->n_bars, sizeof *out->bar, by_swing);
    cJSON_Delete(scenario);
}

/* ---- for people ---- */

const char *tornado_parts(const struct tornado_side *side, struct arena *arena)
{
    char text[32];
    if (!side->value || side->moved.n == side->n_runs) return "";
    snprintf(text, sizeof text, " (%u/%u)", (unsigned)side->n_have, (unsigned)side->n_runs);
    return arena_strdup(arena, text);
}

/* True when not all runs have the figure both ways: the cell says how many have it with this value. */
static bool side_cells(struct grid *grid, struct page *page, const char *metric, const struct tornado_side *side)
{
    if (!side->value) {
        grid_cell(grid, TONE_FAINT, "-");
        grid_cell(grid, TONE_FAINT, "-");
        return false;
    }
    const char *of = tornado_parts(side, page->arena);
    const double half_width = side->moved.n > 1 ? side->moved.half_width : (double)NAN;
    const enum tone tone = side->n_turned > 0 || fabs(side->moved.mean) > half_width ? TONE_PLAIN : TONE_FAINT;
    const struct number mean = number_of_metric(metric, fabs(side->moved.mean)),
                        half = number_of_metric(metric, half_width);
    const char *sign = !number_is_seen(mean.s) ? "" : side->moved.mean < 0 ? "-" : "+";
    grid_cell(grid, TONE_FAINT, "%s", side->value);
    if (side->moved.n == 0) grid_cell(grid, tone, "-%s", of);
    else if (isfinite(half_width) && number_is_seen(half.s))
        grid_cell(grid, tone, "%s%s ±%s%s", sign, mean.s, half.s, of);
    else grid_cell(grid, tone, "%s%s%s", sign, mean.s, of);
    return *of != '\0';
}

static bool base_line(struct page *page, const struct tornado_figure *figure, const char *metric)
{
    const bool in_part = figure->base.n < figure->n_runs;
    const char *of = in_part ? page_format(page, " (%u/%u)", (unsigned)figure->base.n, figure->n_runs) : "";
    page_say(page, TONE_PLAIN, "As it is: %s%s.", "현재: %s%s.", number_of_metric(metric, figure->base.mean).s, of);
    return in_part;
}

/* Those that make the figure come or go stand first, and all of them are shown. */
static uint32_t shown_bars(const struct tornado_figure *figure, const char *metric)
{
    uint32_t n = 0;
    while (n < figure->n_bars && figure->bar[n].n_turned > 0) n++;
    while (n < figure->n_bars && n < BARS_SHOWN &&
           number_is_seen(number_of_metric(metric, figure->bar[n].swing).s))
        n++;
    return n;
}

/* Of the values that are not in the table, after n that are. What exists in no run as it is has nothing to move by. */
static void say_others(struct page *page, const struct tornado_figure *figure, const char *metric, uint32_t n)
{
    if (n == figure->n_bars) return;
    if (figure->base.n == 0)
        page_say(page, TONE_FAINT, "With %u other values that were varied it does not exist, either.",
                 "변경한 다른 값 %u개에서도 값이 없음.", figure->n_bars - n);
    else if (n == 0)
        page_say(page, TONE_FAINT, "None of the %u values that were varied moves it.",
                 "변경한 값 %u개 중 이를 움직이는 것은 없음.", figure->n_bars);
    else
        page_say(page, TONE_FAINT, "%u other values that were varied move it by no more than %s.",
                 "변경한 다른 값 %u개는 %s 이하로만 움직임.", figure->n_bars - n,
                 number_of_metric(metric, figure->bar[n].swing).s);
}

static void figure_table(struct page *page, const struct tornado_figure *figure, const char *metric)
{
    const uint32_t n = shown_bars(figure, metric);
    page_heading(page, "%s", "%s", metric);
    bool in_part = base_line(page, figure, metric);
    struct grid *grid = grid_open(page);
    grid_column(grid, ALIGN_LEFT, "value", "값");
    grid_column(grid, ALIGN_RIGHT, "low", "낮음");
    grid_column(grid, ALIGN_RIGHT, "moves it by", "변화");
    grid_column(grid, ALIGN_RIGHT, "high", "높음");
    grid_column(grid, ALIGN_RIGHT, "moves it by", "변화");
    for (uint32_t i = 0; i < n; i++) {
        grid_cell(grid, TONE_PLAIN, "%s", figure->bar[i].pointer);
        in_part |= side_cells(grid, page, metric, &figure->bar[i].low);
        in_part |= side_cells(grid, page, metric, &figure->bar[i].high);
    }
    if (n > 0) grid_write(grid);
    if (in_part)
        page_say(page, TONE_BAD,
                 "(k/n): the figure exists in k of n runs; a move is of the runs that have it both ways.",
                 "(k/n): 실행 n회 중 k회에 값이 있으며, 변화는 양쪽 모두 값이 있는 실행만의 것.");
    say_others(page, figure, metric, n);
}

static void say_unvaried(struct page *page, const struct sweep_table *table)
{
    enum { SHOWN = 12 };
    const char *list = "";
    if (table->n_unvaried == 0) return;
    for (uint32_t i = 0; i < table->n_unvaried && i < SHOWN; i++)
        list = page_format(page, "%s%s%s", list, *list ? ", " : "", table->unvaried[i]);
    if (table->n_unvaried > SHOWN)
        list = page_format(page, page_word(page, "%s and %u more", "%s 외 %u개"), list, table->n_unvaried - SHOWN);
    page_heading(page, "Not varied", "변경하지 않은 값");
    page_say(page, TONE_PLAIN,
             "%u assumed values are 0, or have no other near that this scenario can have; --unknown PTR=LOW..HIGH "
             "gives one a range: %s.",
             "가정값 %u개는 0이거나 이 시나리오가 허용하는 가까운 다른 값이 없음. 범위는 --unknown PTR=LOW..HIGH로 지정: %s.",
             table->n_unvaried, list);
}

/* The same exit as of any sweep: where they break, the moves are of runs that went wrong. */
static void say_broken(struct page *page, const struct sweep_table *table)
{
    uint32_t runs = 0, points = 0, first = 0;
    for (uint32_t i = 0; i < table->n_points; i++) {
        const uint32_t broken = store_exits(table->store, i, 4);
        if (broken > 0 && points++ == 0) first = i;
        runs += broken;
    }
    if (points == 0) return;
    const struct store_param *param = first > 0 ? &table->point[first].param[0] : NULL;
    page_heading(page, "Broken invariants", "불변식 위반");
    page_say(page, TONE_BAD,
             "Invariants break in %u run%s, at %u of the %u points; the first of them: %s%s%s. sim run with --set of "
             "that value, and --seed and --replications as here, says which and why.",
             "불변식 위반: 실행 %1$u회%2$s, 지점 %4$u개 중 %3$u개; 그 첫 번째: %5$s%6$s%7$s. 그 값을 --set으로 주고 같은 --seed와 "
             "--replications로 sim run을 실행하면 위반한 불변식과 원인을 볼 수 있음.",
             runs, page_word(page, runs == 1 ? "" : "s", ""), points, table->n_points,
             param ? param->pointer : page_word(page, "as it is", "현재 값"), param ? "=" : "",
             param ? param->value : "");
}

void tornado_write(const struct sweep_table *table, const struct text_style *style, FILE *out)
{
    struct arena arena;
    arena_init(&arena);
    struct page page = { out, style, &arena, BLOCK_NONE };
    page_title(&page, "%s: which value moves what", "%s: 무엇이 결과를 움직이는가", table->name);
    page_say(
        &page, TONE_PLAIN,
        "Each assumed value a fifth lower and higher, a count by one at least (or at the ends of its range), all "
        "others as they are; the same random numbers; ± half of the %g %% interval. %u points, seed %" PRIu64
        ", sim %s.",
        "가정값을 하나씩 20 %%(개수는 최소 1) 낮추고 높이거나 주어진 범위의 양 끝에 두고, 나머지는 그대로; 같은 난수; ±는 %g %% "
        "신뢰구간의 절반. 지점 %u개, seed %" PRIu64 ", sim %s.",
        table->confidence * 100, table->n_points, table->experiment->seed, table->experiment->version);
    for (uint32_t i = 0; i < table->n_metrics; i++) {
        struct tornado_figure figure;
        tornado_make(&figure, table->store, table->point, table->n_points, table->experiment->scenario_json,
                     table->metric[i], table->confidence, &arena);
        figure_table(&page, &figure, table->metric[i]);
    }
    say_broken(&page, table);
    sweep_table_say_unsettled(&page, table);
    say_unvaried(&page, table);
    fputc('\n', out);
    arena_fini(&arena);
}
