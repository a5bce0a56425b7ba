/* SPDX-License-Identifier: GPL-3.0-or-later
 * Header, sections, and the line that repeats the run. */
#include "sim/results/report.h"

#include <inttypes.h>

#include "sim/results/number.h"
#include "sim/version.h"

static const char *load_end(struct page *page, const struct scenario *scenario)
{
    const double load_end_s = ns_to_s(scenario_load_end(scenario));
    const double orders_end_s = ns_to_s(scenario_orders_end(scenario));
    if (load_end_s <= 0)
        return page_word(page, "There is no load", "부하 없음");
    if (orders_end_s < load_end_s)
        return page_format(page, page_word(page, "The load ends at %s, its last order comes %s %s (orders.at_most)",
                                           "부하 종료 %1$s, 마지막 주문 %3$s%2$s (orders.at_most)"),
                           number_seconds(load_end_s).s,
                           scenario_orders_end_varies(scenario) ? page_word(page, "on average at", "(평균)")
                                                                : page_word(page, "by", "까지"),
                           number_seconds(orders_end_s).s);
    return page_format(page, page_word(page, "The load ends at %s", "부하 종료 %s"), number_seconds(load_end_s).s);
}

static void report_head(struct page *page, const struct outcome *outcome)
{
    const struct scenario *scenario = &outcome->study->scenario;

    page_title(page, "%s", "%s", scenario->name);
    page_say(page, TONE_PLAIN, "Replications %u, seed %" PRIu64 ", sim %s. %s, the run ends at %s%s.",
             "반복 %u회, seed %" PRIu64 ", sim %s. %s, 실행 종료 %s%s.", (unsigned)outcome->n, outcome->seed,
             SIM_VERSION, load_end(page, scenario), number_seconds(outcome->end_s).s,
             outcome->cut ? page_word(page, " (cut, with work left)", " (처리 중 중단)")
                          : page_word(page, " (nothing left to do)", " (모두 처리 완료)"));
    if (scenario->warm_up_ns > 0 || scenario->find_warm_up)
        page_say(page, TONE_PLAIN,
                 "Steady state: times, waits, rates and peaks are of what comes after %s of warm-up%s.",
                 "정상 상태: 시간, 대기, 처리율, 최대값은 워밍업 %s 이후의 값%s.",
                 number_seconds(ns_to_s(scenario->warm_up_ns)).s, scenario->find_warm_up ? " (MSER-5)" : "");
    if (outcome->interrupted)
        page_say(page, TONE_BAD, "Interrupted: %u of %u replications were finished.",
                 "중단됨: 반복 %2$u회 중 %1$u회만 완료.", (unsigned)outcome->n, (unsigned)scenario->replications);
}

static void report_tail(struct page *page, const struct outcome *outcome)
{
    page_begin(page, BLOCK_HEADING);
    if (page->style->markdown)
        fprintf(page->out, "`seed %" PRIu64 "` `fingerprint %016" PRIx64 "`\n", outcome->seed, outcome->fingerprint);
    else
        fprintf(page->out, "seed %" PRIu64 "  fingerprint %016" PRIx64 "\n", outcome->seed, outcome->fingerprint);
}

bool report_write(const struct outcome *outcome, const struct text_style *style, FILE *out)
{
    struct arena arena;
    arena_init(&arena);
    struct page page = { out, style, &arena, BLOCK_NONE };

    report_head(&page, outcome);
    report_orders(&page, outcome);
    report_lag(&page, outcome);
    report_completion(&page, outcome);
    report_order_time(&page, outcome);
    report_contention(&page, outcome);
    report_scalers(&page, outcome);
    report_failures(&page, outcome);
    report_invariants(&page, outcome);
    report_thresholds(&page, outcome);
    report_bottleneck(&page, outcome);
    if (outcome->study->observations)
        report_observed(&page, outcome);
    report_assumed(&page, outcome);
    report_tail(&page, outcome);
    arena_fini(&arena);
    return !ferror(out);
}
