/* SPDX-License-Identifier: GPL-3.0-or-later
 * An audit for people and for programs. */
#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#include "sim/lab/audit.h"
#include "sim/results/number.h"
#include "sim/results/page.h"
#include "sim/scenario/write.h"

/* ---- JSON ---- */

static void add_number(cJSON *object, const char *key, double value)
{
    if (isfinite(value)) cJSON_AddNumberToObject(object, key, value);
    else cJSON_AddNullToObject(object, key);
}

static void add_entry(cJSON *list, const struct audit_entry *entry, bool broken)
{
    cJSON *object = cJSON_CreateObject(), *figures;
    cJSON_AddStringToObject(object, "law", audit_law_name(entry->law, LANG_EN));
    figures = cJSON_AddArrayToObject(object, "figures");
    for (uint32_t i = 0; i < entry->n_figures; i++) cJSON_AddItemToArray(figures, cJSON_CreateString(entry->figure[i]));
    cJSON_AddStringToObject(object, "explanation", entry->text);
    if (broken) {
        add_number(object, "size", entry->size);
        cJSON_AddStringToObject(object, "unit", entry->unit);
        add_number(object, "sigmas", entry->sigmas);
    }
    cJSON_AddItemToArray(list, object);
}

void audit_json(const struct audit *audit, const struct calibration *model, FILE *out)
{
    struct arena arena;
    cJSON *document = cJSON_CreateObject();
    cJSON *findings = cJSON_AddArrayToObject(document, "findings");
    cJSON *consistent = cJSON_AddArrayToObject(document, "consistent");
    for (uint32_t i = 0; i < audit->n_findings; i++) add_entry(findings, &audit->finding[i], true);
    for (uint32_t i = 0; i < audit->n_consistent; i++) add_entry(consistent, &audit->consistent[i], false);
    cJSON *start = cJSON_AddObjectToObject(document, "load_start_s");
    add_number(start, "value", audit->has_start ? audit->start_s : (double)NAN);
    add_number(start, "sd", audit->has_start ? audit->start_sd_s : (double)NAN);
    cJSON *pace = cJSON_AddObjectToObject(document, "pace_per_s");
    if (audit->behind) cJSON_AddStringToObject(pace, "group", audit->behind);
    else cJSON_AddNullToObject(pace, "group");
    add_number(pace, "value", audit->pace_per_s);
    add_number(pace, "sd", audit->pace_sd_per_s);
    if (model) cJSON_AddItemToObject(document, "model", calibration_tree(model));
    arena_init(&arena);
    fputs(write_document(document, &arena), out);
    arena_fini(&arena);
    cJSON_Delete(document);
}

/* ---- text ---- */

static const char *unit_text(const struct page *page, const char *unit)
{
    static const char *const unit_ko[][2] = { { "orders", "건" }, { "records", "건" }, { "s", "초" },
                                              { "1/s", "건/초" }, { "percent", "%p" }, { "ms", "ms" } };
    for (size_t i = 0; i < sizeof unit_ko / sizeof *unit_ko; i++)
        if (page->style->language == LANG_KO && strcmp(unit_ko[i][0], unit) == 0) return unit_ko[i][1];
    return unit;
}

static const char *size_text(struct page *page, const struct audit_entry *entry)
{
    const int decimals = entry->size < 0.1 ? 4 : entry->size < 100 ? 1 : 0;
    const char *size = page_format(page, "%s %s", number_fixed(entry->size, decimals).s, unit_text(page, entry->unit));
    if (!isfinite(entry->sigmas)) return size;
    return page_format(page, page_word(page, "%s, %.1f standard deviations", "%s, 표준편차의 %.1f배"), size,
                       entry->sigmas);
}

static const char *figures_text(struct page *page, const struct audit_entry *entry)
{
    const char *text = "";
    for (uint32_t i = 0; i < entry->n_figures; i++)
        text = page_format(page, "%s%s%s", text, i ? "; " : "", entry->figure[i]);
    return text;
}

static void known(struct page *page, const struct audit *audit)
{
    if (audit->has_start)
        page_say(page, TONE_PLAIN, "Fitted to the counts: the load began at %s +- %s s of the stated start.",
                 "집계에 맞춘 부하 시작: 명시된 시작 기준 %s +- %s초.", number_fixed(audit->start_s, 0).s,
                 number_fixed(audit->start_sd_s, 0).s);
    else if (isfinite(audit->latest_s))
        page_say(page, TONE_PLAIN, "The load began at %s s of the stated start at the latest; the counts tell no more.",
                 "부하는 늦어도 명시된 시작 기준 %s초에 시작; 집계로는 그 이상 알 수 없음.",
                 number_fixed(audit->latest_s, 0).s);
    if (isfinite(audit->pace_per_s))
        page_say(page, TONE_PLAIN, "%s did %s +- %s records/s while it was behind.",
                 "%s은(는) 밀려 있는 동안 초당 %s +- %s건 처리.",
                 audit->behind ? audit->behind : page_word(page, "What fell behind", "밀린 그룹"),
                 number_rate(audit->pace_per_s).s, number_fixed(audit->pace_sd_per_s, 1).s);
}

static void findings(struct page *page, const struct audit *audit)
{
    page_heading(page, "What contradicts", "모순");
    if (audit->n_findings == 0) page_say(page, TONE_GOOD, "Nothing.", "없음.");
    for (uint32_t i = 0; i < audit->n_findings; i++) {
        const struct audit_entry *entry = &audit->finding[i];
        page_item(page, TONE_BAD, "%s: %s (%s) [%s]", "%s: %s (%s) [%s]",
                  audit_law_name(entry->law, page->style->language), entry->text, size_text(page, entry),
                  figures_text(page, entry));
    }
}

/* Law by law: the laws that hold of many figures would fill pages. */
static void consistent(struct page *page, const struct audit *audit)
{
    page_heading(page, "What agrees", "일치");
    for (enum audit_law law = 0; law < LAWS; law++) {
        uint32_t n = 0, first = 0;
        for (uint32_t i = 0; i < audit->n_consistent; i++)
            if (audit->consistent[i].law == law && n++ == 0) first = i;
        if (n == 0) continue;
        if (n == 1)
            page_item(page, TONE_PLAIN, "%s: %s", "%s: %s", audit_law_name(law, page->style->language),
                      audit->consistent[first].text);
        else
            page_item(page, TONE_PLAIN, "%s: %u times; first: %s", "%s: %u건; 첫 항목: %s",
                      audit_law_name(law, page->style->language), (unsigned)n, audit->consistent[first].text);
    }
    if (audit->n_consistent == 0) page_say(page, TONE_PLAIN, "No law could be asked.", "확인할 수 있는 법칙 없음.");
}

void audit_text(const struct audit *audit, const char *file, const struct text_style *style, FILE *out)
{
    struct arena arena;
    arena_init(&arena);
    struct page page = { out, style, &arena, BLOCK_NONE };
    page_title(&page, "Audit of %s", "%s 감사", file);
    known(&page, audit);
    findings(&page, audit);
    consistent(&page, audit);
    arena_fini(&arena);
}
