/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: the printed result says what it must, in both languages, aligned on a terminal whose Hangul takes two columns,
 * within 80 columns, as text or Markdown, with colour only when asked for. Method: the study of tests/support. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <glob.h>

#include "models/invariant.h"
#include "sim/results/grid.h"
#include "sim/results/layout.h"
#include "sim/results/meaning.h"
#include "sim/results/violation.h"
#include "tests/support/small_study.h"

static struct arena arena;

static int open_arena(void **state) { (void)state; arena_init(&arena); return 0; }
static int close_arena(void **state) { (void)state; arena_fini(&arena); return 0; }

static const struct text_style english = { LANG_EN, false, false, 80 };
static const struct text_style korean = { LANG_KO, false, false, 80 };
static const struct text_style markdown = { LANG_EN, false, true, 80 };
static const struct text_style colourful = { LANG_EN, true, false, 80 };

static char *report_of(const struct outcome *outcome, const struct text_style *style)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_true(report_write(outcome, style, out));
    fclose(out);
    return text;
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void has_not(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("\"%s\" is in:\n%s", part, text);
}

/* The parts one after another. */
static void has_in_order(const char *text, const char *const *part, size_t n)
{
    const char *from = text;
    for (size_t i = 0; i < n; i++) {
        from = strstr(from, part[i]);
        if (!from)
            fail_msg("\"%s\" is not there, or not in this place:\n%s", part[i], text);
    }
}

static void width_of_text(void **state)
{
    (void)state;
    assert_int_equal(text_width(""), 0);
    assert_int_equal(text_width("PAID"), 4);
    assert_int_equal(text_width("목표"), 4);
    assert_int_equal(text_width("성공 (PAID)"), 11);
    assert_int_equal(text_width("±"), 1);
    assert_int_equal(text_width("é"), 1);
    assert_int_equal(text_width("e\xcc\x81"), 1); /* a combining accent */
    assert_int_equal(text_width("✅"), 2);
    assert_int_equal(text_width("日本"), 4);
    assert_int_equal(text_width("\xf0\x9f\x9a\xa8"), 2); /* U+1F6A8 */
}

/* A broken name must not lead beyond its end. */
static void broken_utf8_ends(void **state)
{
    (void)state;
    assert_int_equal(text_width("\xe0"), 1);
    assert_true(text_width("\xf0\x9f") <= 2);
    assert_true(text_width("a\xc3") <= 2);
}

static void a_grid_is_aligned_by_width(void **state)
{
    (void)state;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    struct page page = { out, &korean, &arena, BLOCK_NONE };
    struct grid *grid = grid_open(&page);

    grid_column(grid, ALIGN_LEFT, "item", "항목");
    grid_column(grid, ALIGN_RIGHT, "n", "건수");
    grid_column(grid, ALIGN_LEFT, "mark", "달성");
    grid_cell(grid, TONE_PLAIN, "%s", "총 주문");
    grid_cell(grid, TONE_PLAIN, "%s", "40,730");
    grid_verdict(grid, true, "달성");
    grid_line(grid, TONE_PLAIN, "%s", "a line across that is wider than its first column");
    grid_cell(grid, TONE_PLAIN, "%s", "x");
    grid_end_row(grid);
    grid_write(grid);
    fclose(out);
    assert_string_equal(text, "  항목       건수  달성\n"
                              "  총 주문  40,730  달성\n"
                              "  a line across that is wider than its first column\n"
                              "  x\n");
    free(text);
}

/* At 30 columns the heads below need 2 + 5 + 2 + 15 + 2 + 18 = 44, their words 2 + 5 + 2 + 9 + 2 + 8 = 28. */
static void heads_of_a_wide_grid_are_folded(void **state)
{
    (void)state;
    const struct text_style narrow = { LANG_EN, false, false, 30 };
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    struct page page = { out, &narrow, &arena, BLOCK_NONE };
    struct grid *grid = grid_open(&page);

    grid_column(grid, ALIGN_LEFT, "GROUP", "그룹");
    grid_column(grid, ALIGN_RIGHT, "delivered again", "재전달");
    grid_column(grid, ALIGN_RIGHT, "flow-manager-group", "flow-manager-group");
    grid_cell(grid, TONE_PLAIN, "%s", "stock");
    grid_cell(grid, TONE_PLAIN, "%s", "12");
    grid_cell(grid, TONE_PLAIN, "%s", "1.5 ms");
    grid_write(grid);
    fclose(out);
    assert_string_equal(text, "                       flow-\n"
                              "         delivered  manager-\n"
                              "  GROUP      again     group\n"
                              "  stock         12    1.5 ms\n");
    free(text);
}

static void paragraphs_wrap_by_width(void **state)
{
    (void)state;
    const struct text_style narrow = { LANG_KO, false, false, 20 };
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    struct page page = { out, &narrow, &arena, BLOCK_NONE };

    page_say(&page, TONE_PLAIN, "%s of %s", "%2$s 중에서 %1$s 처리됨", "셋", "열 개");
    page_item(&page, TONE_PLAIN, "%s", "%s", "가나다라 마바사아 자차카");
    fclose(out);
    assert_string_equal(text, "  열 개 중에서 셋\n"
                              "  처리됨\n"
                              "  - 가나다라\n"
                              "    마바사아 자차카\n");
    free(text);
}

static void every_section_is_there(void **state)
{
    (void)state;
    static const char *const parts[] = {
        "small\n", "Replications 3, seed 7", "\nOrders by status\n", "39 (39.0%)", ">=95% MISSED", "\nConsumer lag\n",
        "CURRENT-OFFSET  LOG-END-OFFSET  LAG", SMALL_STOCK ": LAG 81, waiting 81", "\nCompletion time", "p99.9",
        "\nLocks and rows\n", "item          3", "\nConsistency (invariants)\n", "order 42: commit of " SMALL_STOCK,
        "sim run small.json --seed 7 --replications 3\n", "\nThresholds\n", "66.7%", "\nBottleneck\n",
        "Next: " SMALL_PAY, "1 idle", "\nPredicted beside observed\n",
        "Of 22 observations 14 are explained, 8 are not.",
        "No verdict on 2", "rises by 10", "marked at 80", "not the table's 90",
        "\nWhat this rests on\n", "3 values are assumed, 1 fitted, 0 measured", "seed 7  fingerprint "
    };
    const struct outcome outcome = small_outcome(small_study(&arena), 3, &arena);
    char *text = report_of(&outcome, &english);

    has_in_order(text, parts, sizeof parts / sizeof *parts);
    free(text);
}

/* One order in one of three runs has failed: a third of one in the mean, which is not none. */
static void a_count_of_few_runs(void **state)
{
    (void)state;
    const struct study *study = small_study(&arena);
    const struct layout *layout = layout_make(study, &arena);
    struct result *result[3];
    struct outcome outcome;
    for (uint32_t r = 0; r < 3; r++) result[r] = small_run(layout, r, 0, NULL, &arena);
    ((double *)result[1]->value)[layout_find(layout, "orders.failed", NULL)] = 1;
    ((double *)result[1]->value)[layout_find(layout, "orders.failed_ratio", NULL)] = 1 / 200.0;
    assert_true(outcome_make(&outcome, study, layout, result, 3, 0.95, 7, &arena, NULL));
    char *text = report_of(&outcome, &english);
    has(text, "0.33 (0.2%)");
    free(text);
}

/* The run ends at 51 s; a checkpoint at 100 s sees what has stayed since. */
static void rows_are_in_order_of_time(void **state)
{
    (void)state;
    static const char *const parts[] = { "\n  half.way  10.0 s", "\n  late      30.0 s", "\n  end       51.0 s",
                                         "\n  after      100 s" };
    const struct outcome outcome = small_outcome(small_study(&arena), 1, &arena);
    char *text = report_of(&outcome, &english);
    has_in_order(text, parts, sizeof parts / sizeof *parts);
    free(text);
}

/* 20 wait in a partition at 10 s, and of 100 that come by 25 s it gets 67 in 200: 33.5, and by chance 17.4 more.
 * Between two rows the lag may have been 70, and more than any of them says. */
static void a_peak_between_two_rows(void **state)
{
    static const struct text_style wide = { LANG_EN, false, false, 400 }, wide_ko = { LANG_KO, false, false, 400 };
    (void)state;
    struct study study = *small_study(&arena);
    struct observations observations = *study.observations;
    study.observations = &observations;
    for (uint32_t i = 0; i < 2; i++) {
        observations.peak_lag = i ? 71 : 70;
        const struct outcome outcome = small_outcome(&study, 1, &arena);
        char *text = report_of(&outcome, &wide), *hangul = report_of(&outcome, &wide_ko);
        (i ? has : has_not)(text, "The stated maximum of one partition, 71, is above every entry of the table (40)");
        (i ? has : has_not)(text, "it can have been 70 at most");
        (i ? has : has_not)(hangul, "최대 70건까지만 가능");
        free(text), free(hangul);
    }
}

static unsigned widest_line(char *text)
{
    unsigned widest = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (strncmp(line, "    sim run", 11) != 0 && text_width(line) > widest)
            widest = text_width(line);
    return widest;
}

/* Three runs, of which the second lacks the figure at the path. */
static struct outcome one_without(const struct study *study, const char *path)
{
    const struct layout *layout = layout_make(study, &arena);
    struct outcome outcome;
    struct result **result = arena_array(&arena, struct result *, 3);
    for (uint32_t r = 0; r < 3; r++) result[r] = small_run(layout, r, 0, NULL, &arena);
    const uint32_t figure = layout_find(layout, path, NULL);
    assert_int_not_equal(figure, NONE);
    double *value = arena_array(&arena, double, layout_values(layout));
    memcpy(value, result[1]->value, layout_values(layout) * sizeof *value);
    value[figure] = (double)NAN;
    result[1]->value = value;
    assert_true(outcome_make(&outcome, study, layout, result, 3, 0.95, 7, &arena, NULL));
    return outcome;
}

/* Done at 50, 50.25, 50.5 s; the mean of the first and the last says nothing about the second. */
static void a_mean_of_some_runs_says_so(void **state)
{
    (void)state;
    static const char path[] = "groups." SMALL_STOCK ".drained_at_s";
    static const struct threshold_spec target[] = { { path, "value<60", "value", OP_LT, 60 } };
    struct study study = *small_study(&arena);
    study.n_thresholds = 1;
    study.threshold = target;
    const struct outcome outcome = one_without(&study, path);
    assert_int_equal(outcome_nulls(&outcome, path), 1);
    assert_int_equal(outcome.threshold[0].nulls, 1);
    char *text = report_of(&outcome, &english), *hangul = report_of(&outcome, &korean),
         *marked = report_of(&outcome, &markdown);

    has(text, "not in 1/3");
    has(text, SMALL_STOCK " is left with records in 1 of 3 runs; in the other 2");
    has(text, "<60     met (2/3 runs)    66.7%");
    has(text, path);
    has(text, "does not exist in 1 of 3 runs");
    has(hangul, "1/3회 미완료");
    has(hangul, SMALL_STOCK ": 실행 3회 중 1회에서 소진되지 않음");
    has(hangul, "달성 (2/3회)");
    has(hangul, "실행 3회 중 1회에는 값이 없음");
    has(marked, "| not in 1/3 |");
    has(marked, "| ⚠️ met (2/3 runs) |");
    has_not(marked, "✅ met");
    assert_in_range(widest_line(text), 70, 80);
    assert_in_range(widest_line(hangul), 70, 80);
    free(text), free(hangul), free(marked);
}

/* 118 to 120 of 200 orders are paid at 30 s: 59.5 % of them, which is less than 59.501 %. */
static void a_missed_target_shows_why(void **state)
{
    (void)state;
    static const struct threshold_spec target[] = {
        { "checkpoints.late.paid_ratio", "value>=0.59501", "value", OP_GE, 0.59501 },
        { "orders.failed_ratio", "value<0.0000001", "value", OP_LT, 1e-7 }
    };
    struct study study = *small_study(&arena);
    study.n_thresholds = 2;
    study.threshold = target;
    const struct layout *layout = layout_make(&study, &arena);
    double *value = arena_array(&arena, double, layout_values(layout));
    struct result *result[] = { small_run(layout, 0, 0, NULL, &arena) };
    struct outcome outcome;
    memcpy(value, result[0]->value, layout_values(layout) * sizeof *value);
    value[layout_find(layout, "checkpoints.late.paid_ratio", NULL)] = 0.5950004;
    value[layout_find(layout, "orders.failed_ratio", NULL)] = 0.00000014;
    result[0]->value = value;
    assert_true(outcome_make(&outcome, &study, layout, result, 1, 0.95, 7, &arena, NULL));
    char *text = report_of(&outcome, &english), *marked = report_of(&outcome, &markdown);

    has(text, "(59.5%)");
    has(text, ">=59.501% MISSED");
    has(text, "0 (0.000014%)"); /* 0.0% would meet it */
    has(text, "<1e-05% MISSED");
    has(marked, "| 0.000014% | <0.0000001 | ❌ MISSED |");
    free(text), free(marked);
}

static void a_backlog_that_some_runs_do_not_catch_up_with(void **state)
{
    (void)state;
    struct study study = *small_study(&arena);
    struct group_spec *group = arena_array(&arena, struct group_spec, 2);
    memcpy(group, study.scenario.group, 2 * sizeof *group);
    group[0].n_backlog = 1;
    study.scenario.group = group;
    const struct outcome some = one_without(&study, "groups." SMALL_STOCK ".caught_up_at_s");
    char *text = report_of(&some, &english), *hangul = report_of(&some, &korean);

    has(text, SMALL_STOCK " does not catch up with what waited at the start in 1 of 3 runs");
    has(hangul, SMALL_STOCK ": 실행 3회 중 1회에서 시작할 때 밀려 있던 이벤트를");
    free(text), free(hangul);
}

static void assumed_values_of_the_bottleneck_first(void **state)
{
    (void)state;
    static const char *const parts[] = { "- of " SMALL_STOCK ": /stages/reserve/time/cv\n",
                                         "- of " SMALL_PAY ": /stages/charge/time/mean\n",
                                         "- others: /kafka/record_bytes\n" };
    const struct outcome outcome = small_outcome(small_study(&arena), 1, &arena);
    char *text = report_of(&outcome, &english);

    has_in_order(text, parts, sizeof parts / sizeof *parts);
    has_not(text, "/stages/reserve/time/mean"); /* fitted */
    free(text);
}

static void korean_uses_the_words_of_the_report(void **state)
{
    (void)state;
    const struct outcome outcome = small_outcome(small_study(&arena), 3, &arena);
    char *text = report_of(&outcome, &korean);

    has(text, "주문 상태별 집계");
    has(text, "Consumer Lag 분석");
    has(text, "데이터 정합성 검증");
    has(text, "재고 정합성");
    has(text, "미달성");
    has(text, "병목");
    has(text, "총 Lag");
    has_not(text, "MISSED");
    has_not(text, "TABLE"); /* nothing happened at the table */
    has_not(text, "Bottleneck");
    free(text);
}

static void every_invariant_has_its_words(void **state)
{
    const struct page in_korean = { stdout, &korean, NULL, BLOCK_NONE }, in_english = { stdout, &english, NULL, BLOCK_NONE };
    struct invariants invariants;
    (void)state;
    invariants_init(&invariants);
    for (uint32_t i = 0; i < INVARIANT_COUNT; i++) {
        const struct invariant_facts *fact = &invariants.fact[i];
        assert_string_equal(invariant_meaning(&in_english, fact->name, fact->meaning), fact->meaning);
        if (strcmp(invariant_meaning(&in_korean, fact->name, fact->meaning), fact->meaning) == 0)
            fail_msg("%s has no Korean words", fact->name);
    }
}

/* The literals of one call, put together. False when there are none. */
static bool literals_of(const char *call, char *out, size_t size)
{
    const char *end = strchr(call, ';');
    size_t n = 0;
    bool inside = false, some = false;
    for (const char *c = call; c < end; c++) {
        if (*c == '"') inside = !inside, some = true;
        else if (inside && n + 1 < size) out[n++] = *c;
    }
    out[n] = '\0';
    return some;
}

/* As it might be printed: 7 for each conversion. */
static void print_form(const char *form, char *out)
{
    for (; *form; form++) {
        *out++ = *form == '%' ? '7' : *form;
        if (*form == '%') form += strcspn(form, "sudg");
    }
    *out = '\0';
}

/* A form that a more general one swallows keeps its words as the value of that one's conversion. */
static bool has_english(const char *text)
{
    static const char *const taken_over[] = { "lag", "backlog", "position", "log", "end", "consumer", "version",
                                              "Topic", "Partition", "Consumer", "Offset" };
    for (const char *at = text; *at;) {
        char word[64];
        const size_t capital = *at >= 'A' && *at <= 'Z';
        const size_t small = strspn(at + capital, "abcdefghijklmnopqrstuvwxyz"), n = small > 0 ? capital + small : 0;
        bool known = n == 0;
        snprintf(word, sizeof word, "%.*s", (int)n, at);
        for (size_t i = 0; i < sizeof taken_over / sizeof *taken_over; i++)
            known = known || strcmp(word, taken_over[i]) == 0;
        if (!known) return true;
        at += n > 0 ? n : 1;
    }
    return false;
}

static uint32_t check_violations(const char *source, struct page *page)
{
    static const char *const calls[] = { "invariant_broken(", "effect_broken(", "effect_once(" };
    uint32_t n = 0;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        for (const char *at = strstr(source, calls[i]); at; at = strstr(at + 1, calls[i])) {
            char form[512], text[512];
            if (!literals_of(at, form, sizeof form)) continue;
            print_form(form, text);
            if (strcmp(violation_words(page, text), text) == 0) fail_msg("\"%s\" has no Korean words", form);
            if (has_english(violation_words(page, text)))
                fail_msg("\"%s\" is half English: %s", form, violation_words(page, text));
            n++;
        }
    return n;
}

/* The formats are those of the models' sources: a new one is seen to lack its words. */
static void every_violation_has_korean_words(void **state)
{
    struct page in_korean = { stdout, &korean, &arena, BLOCK_NONE };
    struct page in_english = { stdout, &english, &arena, BLOCK_NONE };
    glob_t found;
    uint32_t n = 0;
    (void)state;
    assert_int_equal(glob("models/*.c", 0, NULL, &found), 0);
    assert_int_equal(glob("models/*/*.c", GLOB_APPEND, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        enum { SOURCE_MAX = 1 << 16 };
        static char source[SOURCE_MAX];
        FILE *file = fopen(found.gl_pathv[i], "r");
        assert_non_null(file);
        const size_t size = fread(source, 1, SOURCE_MAX - 1, file);
        assert_true(size < SOURCE_MAX - 1);
        source[size] = '\0';
        fclose(file);
        n += check_violations(source, &in_korean);
    }
    globfree(&found);
    assert_in_range(n, 50, 100);
    assert_string_equal(violation_words(&in_korean, "18 reservations of orders that are not paid"),
                        "결제되지 않은 주문의 예약 18건");
    assert_string_equal(violation_words(&in_korean, "still PENDING, and nothing is left to happen"),
                        "아직 PENDING이며, 더 일어날 일이 없음");
    assert_string_equal(violation_words(&in_korean, "pay, commit: points debited twice"), "pay, 커밋: 포인트가 두 번 차감됨");
    assert_string_equal(
        violation_words(&in_korean, "table stock, row 6: writes 93 from a read of 94, but the row holds 92 by now"),
        "테이블 stock, 행 6: 94을(를) 읽고 93을(를) 쓰지만, 행의 현재 값은 92");
    assert_string_equal(
        violation_words(&in_korean, "table stock, row 1, commit: initial 3000, now 2997, but orders hold 4"),
        "테이블 stock, 행 1, 커밋: 초기값 3000, 현재 2997, 그러나 주문들의 보유는 4");
    assert_string_equal(violation_words(&in_korean, "topic orders partition 0: from 12 back to 10"),
                        "Topic orders Partition 0: 12에서 10(으)로 되돌아감");
    assert_string_equal(violation_words(&in_korean, "pay: from FAILED to PAID"), "pay: FAILED에서 PAID(으)로 변경");
    assert_string_equal(violation_words(&in_korean, "words that nobody knows"), "words that nobody knows");
    assert_string_equal(violation_words(&in_english, "paid and compensated"), "paid and compensated");
}

static void eighty_columns_are_enough(void **state)
{
    (void)state;
    const struct text_style *const style[] = { &english, &korean };
    const struct outcome outcome = small_outcome(small_study(&arena), 3, &arena);

    for (int i = 0; i < 2; i++) {
        char *text = report_of(&outcome, style[i]);
        assert_in_range(widest_line(text), 70, 80);
        free(text);
    }
}

static void no_line_ends_in_blanks(void **state)
{
    (void)state;
    const struct outcome outcome = small_outcome(small_study(&arena), 3, &arena);
    char *text = report_of(&outcome, &english);

    has_not(text, " \n");
    has_not(text, "\n\n\n");
    free(text);
}

static void colour_only_when_asked_for(void **state)
{
    (void)state;
    const struct outcome outcome = small_outcome(small_study(&arena), 3, &arena);
    char *plain = report_of(&outcome, &english), *bright = report_of(&outcome, &colourful);

    has_not(plain, "\033");
    has(bright, "\033[31m>=95% MISSED\033[0m");
    free(plain), free(bright);
}

static void markdown_has_real_tables(void **state)
{
    (void)state;
    const struct outcome outcome = small_outcome(small_study(&arena), 3, &arena);
    char *text = report_of(&outcome, &markdown);

    has(text, "# small\n\n");
    has(text, "\n## Orders by status\n\n| at | time | orders | PAID | PENDING | FAILED |\n"
              "|---|---:|---:|---:|---:|---:|\n");
    has(text, "| ❌ >=95% MISSED |");
    has(text, "| " SMALL_STOCK " | order-created | 0 | 40 | 67 | **27** | 27 |");
    has(text, "```\nsim run small.json --seed 7 --replications 3\n```");
    has_not(text, "\n\n\n");
    free(text);
}

static void another_system_is_not_compared(void **state)
{
    (void)state;
    static const struct observed_group group[] = { { .name = SMALL_STOCK, .consumers = 3 }, { .name = SMALL_PAY } };
    struct study study = *small_study(&arena);
    struct observations observations = *study.observations;
    observations.n_groups = 2;
    observations.group = group;
    study.observations = &observations;
    const struct outcome outcome = small_outcome(&study, 3, &arena);
    char *text = report_of(&outcome, &english);

    has(text, "Not compared: the observed system ran " SMALL_STOCK " with 3 consumer(s)");
    has_not(text, "residual");
    free(text);
}

/* The second group gets 4 records/s from the first until 50 s, long after the load's end at 20 s: that its lag rises by
 * 10 between 25 s and 28 s breaks no law, nor that of 112 orders that are open at 22 s only 40 wait for it at 25 s,
 * where a pace of (112 - 30) / 8 s would have left 81. And a table of totals has no entry of one partition that a
 * stated maximum could be above. */
static const struct observed_offset behind[] = { { SMALL_STOCK, "order-created", 0, 67, 67, 0 },
                                                 { SMALL_PAY, "pay", 0, 90, -1, 30 } };
static const struct observed_trend totals[] = { { .t_s = 25, .total = 40 }, { .t_s = 28, .total = 50 } };

static struct outcome outcome_of_a_group_behind(struct study *study, struct observations *seen)
{
    *study = *small_study(&arena);
    *seen = *study->observations;
    seen->n_offsets = 2;
    seen->offset = behind;
    seen->n_trend = 2;
    seen->trend = totals;
    study->observations = seen;
    return small_outcome(study, 3, &arena);
}

static void a_group_that_others_feed_breaks_no_law(void **state)
{
    (void)state;
    struct study study;
    struct observations seen;
    const struct outcome outcome = outcome_of_a_group_behind(&study, &seen);
    char *text = report_of(&outcome, &markdown);

    has(text, "No contradiction found.");
    free(text);

    /* The first group gets nothing after 20 s, and there each of these is one. */
    static const struct observed_offset in_front[] = { { SMALL_STOCK, "order-created", 0, 37, 67, 30 } };
    static const int64_t lag_25[] = { 40 }, lag_28[] = { 50 };
    static const struct observed_trend entries[] = { { .t_s = 25, .n = 1, .lag = lag_25, .total = 40 },
                                                     { .t_s = 28, .n = 1, .lag = lag_28, .total = 50 } };
    seen.n_offsets = 1;
    seen.offset = in_front;
    seen.trend = entries;
    seen.peak_lag = 500;
    const struct outcome bad = small_outcome(&study, 3, &arena);
    text = report_of(&bad, &markdown);
    has(text, "Between 25 s and 28 s its lag rises by 10");
    has(text, "On that line 81 wait at 25 s;");
    has(text, "The stated maximum of one partition, 500, is above every entry of the table (50)");
    free(text);
}

/* The second group's table has no ends of its log: its lag stands under its own name, not under the first one's. */
static void rows_without_a_log_end_have_their_heading(void **state)
{
    (void)state;
    struct study study;
    struct observations seen;
    const struct outcome outcome = outcome_of_a_group_behind(&study, &seen);
    char *text = report_of(&outcome, &english);
    static const char *const rows[] = { SMALL_STOCK ", order-created (t = 30.0 s)", "p0 log end", "p0 LAG",
                                        SMALL_PAY ", pay (t = 30.0 s)", "p0 LAG" };

    has_in_order(text, rows, sizeof rows / sizeof *rows);
    free(text);
}

static void the_command_repeats_edits(void **state)
{
    (void)state;
    static const struct study_edit edit[] = { { "stock.consumers", "3" }, { "run.replications", "20" },
                                               { "/name", "it's" } };
    static const char *const edit_at[] = { "/groups/stock/consumers", "/run/replications", "/name" };
    struct study study = *small_study(&arena);
    study.n_edits = 3;
    study.edit = edit;
    study.edit_at = edit_at;
    const struct outcome outcome = small_outcome(&study, 3, &arena);
    char *text = report_of(&outcome, &english);

    has(text, "sim run small.json --seed 7 --replications 3 --set stock.consumers=3 --set '/name=it'\\''s'\n");
    free(text);
}

static void a_study_with_nothing_in_it(void **state)
{
    (void)state;
    struct study study = *small_study(&arena);
    study.scenario.n_checkpoints = study.scenario.n_groups = study.scenario.n_locks = study.scenario.n_tables = 0;
    study.scenario.n_processes = 0;
    study.n_thresholds = study.n_basis = 0;
    study.observations = NULL;
    const struct layout *layout = layout_make(&study, &arena);
    const struct run_facts facts = { .end_ns = SIM_S };
    struct recorder *recorder = recorder_open(layout, 0, NULL, &arena);
    struct result *result = recorder_close(recorder, &facts, &arena);
    struct outcome outcome;
    assert_true(outcome_make(&outcome, &study, layout, &result, 1, 0.95, 1, &arena, NULL));
    char *text = report_of(&outcome, &english);

    has(text, "No order was paid.");
    has_not(text, "Consumer lag");
    has_not(text, "Bottleneck");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(width_of_text),
        cmocka_unit_test(broken_utf8_ends),
        cmocka_unit_test_setup_teardown(a_grid_is_aligned_by_width, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(heads_of_a_wide_grid_are_folded, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(paragraphs_wrap_by_width, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_peak_between_two_rows, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(rows_are_in_order_of_time, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_count_of_few_runs, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(every_section_is_there, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_mean_of_some_runs_says_so, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_missed_target_shows_why, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_backlog_that_some_runs_do_not_catch_up_with, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(assumed_values_of_the_bottleneck_first, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(korean_uses_the_words_of_the_report, open_arena, close_arena),
        cmocka_unit_test(every_invariant_has_its_words),
        cmocka_unit_test_setup_teardown(every_violation_has_korean_words, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(eighty_columns_are_enough, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(no_line_ends_in_blanks, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(colour_only_when_asked_for, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(markdown_has_real_tables, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(another_system_is_not_compared, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_group_that_others_feed_breaks_no_law, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(rows_without_a_log_end_have_their_heading, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(the_command_repeats_edits, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_study_with_nothing_in_it, open_arena, close_arena)
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
