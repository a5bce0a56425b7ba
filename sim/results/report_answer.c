/* SPDX-License-Identifier: GPL-3.0-or-later
 * What limits the pipeline, what would be next, and on which assumed values these answers rest: those of the limiting
 * group first. */
#include <math.h>
#include <string.h>

#include "sim/results/api_limit.h"
#include "sim/results/bottleneck.h"
#include "sim/results/more_consumers.h"
#include "sim/results/number.h"
#include "sim/results/outbox_limit.h"
#include "sim/results/report.h"

enum { ASSUMED_SHOWN = 12 };

void report_bottleneck(struct page *page, const struct outcome *outcome)
{
    char reason[2048];

    if (outcome->n_demands == 0)
        return;
    page_heading(page, "Bottleneck", "병목");
    if (*api_limit_text(outcome, page->style->language, reason, sizeof reason))
        page_say(page, TONE_STRONG, "First %s.", "먼저 %s.", reason);
    if (*outbox_limit_text(outcome, page->style->language, reason, sizeof reason))
        page_say(page, TONE_STRONG, "First the outbox of %s: %s.", "먼저 %s의 아웃박스: %s.",
                 outbox_limit_of(outcome).process, reason);
    page_say(page, TONE_STRONG, "%s: %s.", "%s: %s.", outcome->demand[0].name,
             bottleneck_reason(&outcome->demand[0], page->style->language, reason, sizeof reason));
    if (more_consumers(outcome, 0).limit != MORE_KEEPS_UP &&
        *more_consumers_text(outcome, page->style->language, reason, sizeof reason))
        page_say(page, TONE_PLAIN, "More consumers: %s.", "Consumer를 늘리면: %s.", reason);
    if (outcome->n_demands > 1 && isfinite(outcome->demand[1].pressure))
        page_say(page, TONE_PLAIN, "Next: %s: %s.", "다음 병목: %s: %s.", outcome->demand[1].name,
                 bottleneck_reason(&outcome->demand[1], page->style->language, reason, sizeof reason));
}

/* ---- assumed values ---- */

/* Does the JSON Pointer lie at or below /section/name? */
static bool below(const char *pointer, const char *section, const char *name)
{
    const size_t n_section = strlen(section), n_name = strlen(name);

    if (strncmp(pointer, section, n_section) != 0)
        return false;
    pointer += n_section;
    for (size_t i = 0; i < n_name; i++) { /* RFC 6901: ~0 is ~, ~1 is / */
        char c = *pointer++;
        if (c == '~' && (*pointer == '0' || *pointer == '1'))
            c = *pointer++ == '0' ? '~' : '/';
        if (c != name[i])
            return false;
    }
    return *pointer == '\0' || *pointer == '/';
}

static bool belongs_to(const struct scenario *scenario, uint32_t group, const char *pointer)
{
    if (below(pointer, "/groups/", scenario->group[group].name))
        return true;
    for (uint32_t i = 0; i < scenario->group[group].n_reads; i++)
        if (below(pointer, "/stages/", scenario->stage[scenario->group[group].read[i].stage].name))
            return true;
    return false;
}

/* 0: of the bottleneck; 1: of the next group; 2: of neither. */
static unsigned rank_of(const struct outcome *outcome, const char *pointer)
{
    for (unsigned rank = 0; rank < 2 && rank < outcome->n_demands; rank++)
        if (belongs_to(&outcome->study->scenario, outcome->demand[rank].group, pointer))
            return rank;
    return 2;
}

static const char *list_of_rank(struct page *page, const struct outcome *outcome, unsigned rank, enum basis basis)
{
    const char *list = "";
    unsigned shown = 0, left = 0;

    for (uint32_t i = 0; i < outcome->study->n_basis; i++) {
        const struct basis_of *value = &outcome->study->basis[i];
        if (value->basis != basis || rank_of(outcome, value->pointer) != rank)
            continue;
        if (shown == ASSUMED_SHOWN) {
            left++;
            continue;
        }
        list = page_format(page, "%s%s%s", list, *list ? ", " : "", value->pointer);
        shown++;
    }
    if (left)
        list = page_format(page, page_word(page, "%s and %u more", "%s 외 %u개"), list, left);
    return list;
}

static uint32_t count_basis(const struct outcome *outcome, enum basis basis)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < outcome->study->n_basis; i++)
        n += outcome->study->basis[i].basis == basis;
    return n;
}

static void list_item(struct page *page, const char *en, const char *ko, const char *list)
{
    if (*list)
        page_item(page, TONE_PLAIN, "%s: %s", "%s: %s", page_word(page, en, ko), list);
}

void report_assumed(struct page *page, const struct outcome *outcome)
{
    const uint32_t n_assumed = count_basis(outcome, BASIS_ASSUMED), n_fitted = count_basis(outcome, BASIS_FITTED);
    const uint32_t n_measured = count_basis(outcome, BASIS_MEASURED);

    if (outcome->study->n_basis == 0)
        return;
    page_heading(page, "What this rests on", "결과의 근거");
    page_say(page, n_assumed ? TONE_STRONG : TONE_PLAIN,
             "%u values are assumed, %u fitted, %u measured. Assumed, those of the bottleneck first:",
             "가정값 %u개, 추정값 %u개, 측정값 %u개. 가정값, 병목 그룹부터:", (unsigned)n_assumed,
             (unsigned)n_fitted, (unsigned)n_measured);
    const char *first = outcome->n_demands ? outcome->demand[0].name : "";
    const char *next = outcome->n_demands > 1 ? outcome->demand[1].name : "";
    list_item(page, page_format(page, "of %s", first), page_format(page, "%s", first),
              list_of_rank(page, outcome, 0, BASIS_ASSUMED));
    list_item(page, page_format(page, "of %s", next), page_format(page, "%s", next),
              list_of_rank(page, outcome, 1, BASIS_ASSUMED));
    list_item(page, "others", "그 밖", list_of_rank(page, outcome, 2, BASIS_ASSUMED));
}
