/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/results/paired.h"

#include <inttypes.h>
#include <math.h>

#include "sim/results/grid.h"
#include "sim/results/number.h"
#include "sim/results/put.h"

/* ---- statistics ---- */

/* The replications in which both are numbers, and b - a there. */
struct pairs {
    uint32_t n;
    double *a, *b, *difference;
};

static void pairs_take(struct pairs *pairs, const double *a, const double *b, uint32_t n)
{
    pairs->n = 0;
    for (uint32_t r = 0; r < n; r++) {
        if (!isfinite(a[r]) || !isfinite(b[r])) continue;
        pairs->a[pairs->n] = a[r];
        pairs->b[pairs->n] = b[r];
        pairs->difference[pairs->n++] = b[r] - a[r];
    }
}

static struct paired_difference difference_of(const struct infer_mean *mean)
{
    if (mean->n == 0) return (struct paired_difference){ (double)NAN, (double)NAN, (double)NAN, false, 0 };
    const double half = mean->n > 1 ? mean->half_width : (double)NAN;
    return (struct paired_difference){ mean->mean, mean->mean - half, mean->mean + half,
                                       fabs(mean->mean) > half, (uint32_t)mean->n };
}

void paired_metric_make(struct paired_metric *metric, const double *const *value, uint32_t n_variants,
                        uint32_t replications, double confidence, struct arena *arena)
{
    struct infer_mean *mean = arena_array(arena, struct infer_mean, n_variants);
    struct paired_difference *minus = arena_array(arena, struct paired_difference, n_variants);
    struct pairs pairs = { 0, arena_array(arena, double, replications), arena_array(arena, double, replications),
                           arena_array(arena, double, replications) };
    double apart = 0, together = 0;
    const double each = 1 - (1 - confidence) / (n_variants > 1 ? n_variants - 1 : 1);
    for (uint32_t v = 0; v < n_variants; v++) {
        mean[v] = infer_mean(value[v], replications, confidence);
        if (v == 0) continue;
        pairs_take(&pairs, value[0], value[v], replications);
        const struct infer_mean paired = infer_mean(pairs.difference, pairs.n, each);
        minus[v] = difference_of(&paired);
        if (paired.n < 2) continue;
        const double sd_a = infer_mean(pairs.a, pairs.n, confidence).sd;
        const double sd_b = infer_mean(pairs.b, pairs.n, confidence).sd;
        apart += sd_a * sd_a + sd_b * sd_b;
        together += paired.sd * paired.sd;
    }
    metric->value = mean;
    metric->minus_first = minus;
    metric->variance_ratio = together > 0 ? apart / together : (double)NAN;
}

/* ---- for people ---- */

/* True when the figure exists in some of the runs only: the cell says in how many. */
static bool difference_cell(struct grid *grid, const char *metric, const struct paired_difference *difference,
                            uint32_t n_runs)
{
    const bool in_part = difference->n > 0 && difference->n < n_runs;
    char of[32] = "";
    if (in_part) snprintf(of, sizeof of, " (%u/%u)", (unsigned)difference->n, (unsigned)n_runs);
    const struct number mean = number_of_metric(metric, fabs(difference->mean));
    const struct number half = number_of_metric(metric, difference->hi - difference->mean);
    const char *sign = !number_is_seen(mean.s) ? "" : difference->mean < 0 ? "-" : "+";
    const enum tone tone = difference->significant ? TONE_STRONG : TONE_FAINT;
    if (!isfinite(difference->mean)) grid_cell(grid, TONE_FAINT, "-");
    else if (!isfinite(difference->lo)) grid_cell(grid, TONE_PLAIN, "%s%s%s", sign, mean.s, of);
    else if (!number_is_seen(half.s))
        grid_cell(grid, tone, "%s%s%s%s", sign, mean.s, of, difference->significant ? " *" : "  ");
    else grid_cell(grid, tone, "%s%s ±%s%s%s", sign, mean.s, half.s, of, difference->significant ? " *" : "  ");
    return in_part;
}

static void metric_columns(struct grid *grid, struct page *page, const struct paired *paired)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < paired->n_metrics; i++) {
        if (!paired->metric[i].shown) continue;
        const char *head = page_format(page, "[%u]", ++n);
        grid_column(grid, ALIGN_RIGHT, head, head);
    }
}

static void legend(struct page *page, const struct paired *paired)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < paired->n_metrics; i++)
        if (paired->metric[i].shown)
            page_item(page, TONE_PLAIN, "[%u] %s", "[%u] %s", ++n, paired->metric[i].metric);
}

static void verdict_cell(struct grid *grid, struct page *page, const struct paired *paired, uint32_t v)
{
    const struct paired_variant *variant = &paired->variant[v];
    if (variant->broken > 0)
        grid_cell(grid, TONE_BAD, page_word(page, "BROKEN in %u", "%u회 위반"), variant->broken);
    else if (variant->n_thresholds == 0) grid_cell(grid, TONE_FAINT, "-");
    else
        grid_cell(grid, variant->met == paired->replications ? TONE_GOOD : TONE_PLAIN, "%s",
                  number_percent((double)variant->met / paired->replications).s);
}

static void values_table(struct page *page, const struct paired *paired)
{
    page_heading(page, "Values", "값");
    page_say(page, TONE_PLAIN,
             "Means over the runs, ± half of the %g %% interval; targets: share of runs that meet all thresholds, or "
             "in how many an invariant broke.",
             "실행 평균, ±는 %g %% 신뢰구간의 절반; 목표: 모든 목표를 달성한 실행 비율, 또는 불변식이 깨진 실행 수.",
             paired->confidence * 100);
    legend(page, paired);
    struct grid *grid = grid_open(page);
    grid_column(grid, ALIGN_LEFT, "variant", "변형");
    metric_columns(grid, page, paired);
    grid_column(grid, ALIGN_RIGHT, "targets", "목표");
    bool in_part = false;
    for (uint32_t v = 0; v < paired->n_variants; v++) {
        grid_cell(grid, TONE_PLAIN, "%s", paired->variant[v].name);
        for (uint32_t i = 0; i < paired->n_metrics; i++)
            if (paired->metric[i].shown)
                in_part |= grid_mean(grid, paired->metric[i].metric, &paired->metric[i].value[v], paired->replications);
        verdict_cell(grid, page, paired, v);
    }
    grid_write(grid);
    if (in_part) grid_say_parts(page);
}

static void gain_row(struct grid *grid, struct page *page, const struct paired *paired)
{
    grid_cell(grid, TONE_FAINT, "%s", page_word(page, "gain of pairing", "짝짓기 이득"));
    for (uint32_t i = 0; i < paired->n_metrics; i++) {
        if (!paired->metric[i].shown) continue;
        const double ratio = paired->metric[i].variance_ratio;
        if (isfinite(ratio)) grid_cell(grid, TONE_FAINT, "x%s  ", number_fixed(ratio, ratio < 10 ? 1 : 0).s);
        else grid_cell(grid, TONE_FAINT, "-  ");
    }
}

/* What is said of pairs does not hold then. */
static void say_moved(struct page *page, const struct paired *paired)
{
    const char *first = paired->variant[0].name, *other = paired->variant[paired->moved_in].name;
    if (!paired->moved) return;
    page_say(page, TONE_BAD,
             "Pairing is lost: %s draws other numbers in %s than in %s. Draws are keyed by the place of stages, "
             "topics, groups, stores, locks, processes and scalers in the file, by that of a step among those of its "
             "stage that have a time of their own, may refuse, or send, and by the names of Poisson loads. So these "
             "runs differ by chance, too. Put what a variant adds behind what is there, and keep the names.",
             "짝짓기가 깨짐: %s의 난수가 %s와 %s에서 다름. 난수는 파일 안에서 stages, topics, groups, stores, locks, "
             "processes, scalers의 위치, 단계 안에서 자체 시간이 있거나 거절하거나 보내는 step의 순서, 그리고 Poisson "
             "부하의 이름으로 정해지므로, 이 실행들은 우연으로도 달라짐. 추가하는 항목은 기존 항목 뒤에 두고 이름은 유지할 것.",
             paired->moved, other, first);
}

static void differences_table(struct page *page, const struct paired *paired)
{
    const uint32_t n_pairs = paired->n_variants - 1;
    page_heading(page, "Differences", "차이");
    page_say(page, TONE_PLAIN,
             "Each minus %s, run by run with the same random numbers; ± half of an interval that holds for all rows of "
             "a column together at %g %% (each at %.4g %%). * leaves 0 out: a difference that chance does not explain.",
             "각 변형에서 %s을(를) 뺀 값, 같은 난수로 실행별 비교; ±는 한 열의 모든 행에 함께 %g %%로 성립하는 "
             "신뢰구간의 절반(각 %.4g %%). *는 구간이 0을 포함하지 않음: 우연으로 설명되지 않는 차이.",
             paired->variant[0].name, paired->confidence * 100, 100 * (1 - (1 - paired->confidence) / n_pairs));
    say_moved(page, paired);
    struct grid *grid = grid_open(page);
    grid_column(grid, ALIGN_LEFT, "variant", "변형");
    metric_columns(grid, page, paired);
    bool in_part = false;
    for (uint32_t v = 1; v < paired->n_variants; v++) {
        grid_cell(grid, TONE_PLAIN, "%s", paired->variant[v].name);
        for (uint32_t i = 0; i < paired->n_metrics; i++)
            if (paired->metric[i].shown)
                in_part |= difference_cell(grid, paired->metric[i].metric, &paired->metric[i].minus_first[v],
                                           paired->replications);
    }
    gain_row(grid, page, paired);
    grid_write(grid);
    if (in_part)
        page_say(page, TONE_BAD,
                 "(k/n): k of n runs have the figure in both variants; the difference is of these alone.",
                 "(k/n): 실행 n회 중 k회에서만 두 변형 모두 값이 있으며, 차이는 그 실행만의 것.");
    page_say(page, TONE_FAINT,
             "Gain of pairing: variance of a difference of runs with numbers of their own, by that of these.",
             "짝짓기 이득: 각기 다른 난수를 쓴 실행 사이 차이의 분산을, 이 차이의 분산으로 나눈 값.");
}

void paired_write(const struct paired *paired, const struct text_style *style, FILE *out)
{
    struct arena arena;
    arena_init(&arena);
    struct page page = { out, style, &arena, BLOCK_NONE };
    page_title(&page, "%u variants side by side", "변형 %u개 비교", paired->n_variants);
    page_say(&page, TONE_PLAIN, "%u replications each, seed %" PRIu64 ".", "각 %u회 반복, seed %" PRIu64 ".",
             paired->replications, paired->seed);
    values_table(&page, paired);
    differences_table(&page, paired);
    fputc('\n', out);
    arena_fini(&arena);
}

/* ---- for programs ---- */

static void put_difference(cJSON *list, const struct paired *paired, const struct paired_metric *metric, uint32_t v)
{
    const struct paired_difference *difference = &metric->minus_first[v];
    cJSON *item = cJSON_CreateObject();
    cJSON_AddItemToArray(list, item);
    cJSON_AddStringToObject(item, "of", paired->variant[v].name);
    cJSON_AddStringToObject(item, "minus", paired->variant[0].name);
    put_number(item, "mean", difference->mean);
    put_number(item, "lo", difference->lo);
    put_number(item, "hi", difference->hi);
    cJSON_AddBoolToObject(item, "significant", difference->significant);
    put_number(item, "runs", difference->n);
}

static void put_moved(cJSON *root, const struct paired *paired)
{
    if (!paired->moved) {
        cJSON_AddNullToObject(root, "pairing_lost");
        return;
    }
    cJSON *moved = cJSON_AddObjectToObject(root, "pairing_lost");
    cJSON_AddStringToObject(moved, "part", paired->moved);
    cJSON_AddStringToObject(moved, "variant", paired->variant[paired->moved_in].name);
}

static void put_metric(cJSON *list, const struct paired *paired, const struct paired_metric *metric)
{
    cJSON *item = cJSON_CreateObject();
    cJSON_AddItemToArray(list, item);
    cJSON_AddStringToObject(item, "metric", metric->metric);
    cJSON_AddStringToObject(item, "unit", metric->unit);
    cJSON *values = cJSON_AddArrayToObject(item, "values"), *halves = cJSON_AddArrayToObject(item, "half_widths");
    cJSON *runs = cJSON_AddArrayToObject(item, "runs");
    for (uint32_t v = 0; v < paired->n_variants; v++) {
        cJSON_AddItemToArray(values, cJSON_CreateRaw(number_json(metric->value[v].mean).s));
        cJSON_AddItemToArray(halves, cJSON_CreateRaw(number_json(metric->value[v].half_width).s));
        cJSON_AddItemToArray(runs, cJSON_CreateNumber((double)metric->value[v].n));
    }
    cJSON *differences = cJSON_AddArrayToObject(item, "difference");
    for (uint32_t v = 1; v < paired->n_variants; v++) put_difference(differences, paired, metric, v);
    put_number(item, "variance_ratio", metric->variance_ratio);
}

void paired_json(const struct paired *paired, FILE *out)
{
    cJSON *root = cJSON_CreateObject();
    put_seed(root, paired->seed);
    put_number(root, "replications", paired->replications);
    put_number(root, "confidence", paired->confidence);
    put_moved(root, paired);
    cJSON *variants = cJSON_AddArrayToObject(root, "variants");
    for (uint32_t v = 0; v < paired->n_variants; v++) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddItemToArray(variants, item);
        cJSON_AddStringToObject(item, "name", paired->variant[v].name);
        put_number(item, "runs_that_meet_all_thresholds", paired->variant[v].met);
        put_number(item, "runs_with_a_broken_invariant", paired->variant[v].broken);
    }
    cJSON *metrics = cJSON_AddArrayToObject(root, "metrics");
    for (uint32_t i = 0; i < paired->n_metrics; i++) put_metric(metrics, paired, &paired->metric[i]);
    put_out(root, out);
}
