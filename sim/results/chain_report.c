/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/results/chain_report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim/results/csv.h"
#include "sim/results/number.h"
#include "sim/results/put.h"
#include "sim/results/story_report.h"

/* In the order of enum link_kind; a mishap has its own name. */
static const char *const events[] = { "fault", "locked", "lost_lock", "unlocked", "read", "committed", "overwrote" };

static const struct chain_link *first_mishap(const struct chain *chain)
{
    for (uint32_t i = 0; i < chain->n_links; i++)
        if (chain->link[i].kind == LINK_MISHAP) return &chain->link[i];
    return NULL;
}

const char *chain_cause(const struct chain *chain, enum language language)
{
    const struct chain_link *mishap = first_mishap(chain);
    if (chain->cause == LOSS_NONE && mishap) return mishap_words(mishap->mishap, language);
    return cause_words(chain->cause, language);
}

static const char *row_words(struct page *page, const struct scenario *s, const struct chain_link *link)
{
    if (link->table == NONE) return page_word(page, "the order's join row", "주문의 조인 행");
    return page_format(page, "%s %" PRIu64, s->table[link->table].name, link->key);
}

static const char *link_words(struct page *page, const struct scenario *s, const struct chain_link *link)
{
    const char *by = link->by.process == NONE ? link->stage == NONE ? "" : s->stage[link->stage].name
                                              : doer_words(page, s, link->by.group, link->by.member);
    const char *lock = link->lock == NONE ? "" : s->lock[link->lock].name;
    switch (link->kind) {
    case LINK_FAULT: return fault_words(page, s, link->fault, link->by.instance);
    case LINK_LOCKED: return page_format(page, page_word(page, "%s gets lock %s", "%s: 락 %s 획득"), by, lock);
    case LINK_LOST:
        return page_format(page, page_word(page, "%s loses lock %s, and does not know", "%s: 락 %s 상실, 스스로는 모름"),
                           by, lock);
    case LINK_UNLOCKED: return page_format(page, page_word(page, "%s gives lock %s back", "%s: 락 %s 해제"), by, lock);
    case LINK_READ: return page_format(page, page_word(page, "%s reads %s", "%s: %s 읽음"), by, row_words(page, s, link));
    case LINK_COMMITTED:
        return page_format(page, page_word(page, "%s commits a write of %s", "%s: %s 쓰기 커밋"), by,
                           row_words(page, s, link));
    case LINK_OVERWROTE:
        return page_format(page, page_word(page, "%s writes over it, from what it had read",
                                           "%s: 앞서 읽은 값으로 그 위에 덮어씀"), by);
    case LINK_MISHAP: break;
    }
    const char *what = mishap_words(link->mishap, page->style->language);
    if (link->mishap == MISHAP_GIVEN_UP && link->step_kind < STEP_KINDS)
        what = page_format(page, page_word(page, "%s: %s threw", "%s: %s에서 예외"), what,
                           step_words(page, s, link->step_kind, link->target, -1));
    return *by ? page_format(page, "%s: %s", by, what) : what;
}

void chain_write(struct page *page, const struct scenario *scenario, const struct chain *chain)
{
    const bool markdown = page->style->markdown;
    page_begin(page, BLOCK_CODE);
    if (markdown) fputs("```\n", page->out);
    for (uint32_t i = 0; i < chain->n_links; i++) {
        const struct chain_link *link = &chain->link[i];
        const char *order = link->order_id ? page_format(page, "%" PRIu64, link->order_id) : "";
        page_hang(page, page_format(page, "%12.6f  %6s  ", ns_to_s(link->at_ns), order),
                  link_words(page, scenario, link));
    }
    if (markdown) fputs("```\n", page->out);
}

/* ---- JSON ---- */

static cJSON *link_json(struct page *page, const struct scenario *s, const struct chain_link *link)
{
    cJSON *node = cJSON_CreateObject();
    const bool known = link->by.process != NONE, consumer = known && link->by.group != NONE;
    put_number(node, "t_s", ns_to_s(link->at_ns));
    put_number(node, "order_id", link->order_id ? (double)link->order_id : (double)NAN);
    if (consumer) cJSON_AddStringToObject(node, "group", s->group[link->by.group].name);
    else cJSON_AddNullToObject(node, "group");
    put_number(node, "consumer", consumer ? link->by.member : (double)NAN);
    put_number(node, "instance", link->by.instance == NONE ? (double)NAN : link->by.instance);
    cJSON_AddStringToObject(node, "event", link->kind == LINK_MISHAP ? mishap_names[link->mishap] : events[link->kind]);
    cJSON_AddStringToObject(node, "what", link_words(page, s, link));
    return node;
}

static const char *name_of(const struct chain *chain, char label[3])
{
    const struct chain_link *mishap = first_mishap(chain);
    if (chain->cause == LOSS_NONE) return mishap ? mishap_names[mishap->mishap] : "unknown";
    memcpy(label, cause_words(chain->cause, LANG_EN), 2); /* "L8: ..." */
    label[2] = '\0';
    return label;
}

cJSON *chain_json(const struct scenario *scenario, const struct chain *chain)
{
    static const struct text_style style = { .language = LANG_EN, .width = 80 };
    char label[3];
    if (!chain) return cJSON_CreateNull();
    struct arena arena;
    arena_init(&arena);
    struct page page = { NULL, &style, &arena, BLOCK_NONE };
    cJSON *node = cJSON_CreateObject();
    cJSON_AddStringToObject(node, "name", name_of(chain, label));
    cJSON_AddStringToObject(node, "what", chain_cause(chain, LANG_EN));
    cJSON_AddBoolToObject(node, "of_order", chain->of_order);
    cJSON *links = cJSON_AddArrayToObject(node, "chain");
    for (uint32_t i = 0; i < chain->n_links; i++)
        cJSON_AddItemToArray(links, link_json(&page, scenario, &chain->link[i]));
    arena_fini(&arena);
    return node;
}

/* ---- CSV ---- */

static bool is_told(const struct outcome *outcome, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++)
        if (chain_same(outcome->invariant[i].chain, outcome->invariant[index].chain)) return true;
    return false;
}

static void link_csv(const struct outcome *outcome, const struct outcome_invariant *invariant,
                     const struct chain_link *link, FILE *out, struct arena *arena)
{
    static const struct text_style style[] = { { .language = LANG_EN, .width = 80 },
                                               { .language = LANG_KO, .width = 80 } };
    fprintf(out, "%s,%" PRIu32 ",%s,%s,%s", invariant->name, invariant->first_replication,
            number_json(ns_to_s(link->at_ns)).s, link->order_id ? number_json((double)link->order_id).s : "",
            link->kind == LINK_MISHAP ? mishap_names[link->mishap] : events[link->kind]);
    for (size_t i = 0; i < 2; i++) {
        struct page page = { NULL, &style[i], arena, BLOCK_NONE };
        fprintf(out, ",%s", csv_field(link_words(&page, &outcome->study->scenario, link), arena));
    }
    for (size_t i = 0; i < 2; i++)
        fprintf(out, ",%s", csv_field(chain_cause(invariant->chain, style[i].language), arena));
    fputc('\n', out);
}

void causes_csv(const struct outcome *outcome, FILE *out)
{
    struct arena arena;
    arena_init(&arena);
    fputs("invariant,replication,t_s,order_id,event,what,what_ko,cause,cause_ko\n", out);
    for (uint32_t i = 0; i < outcome->n_invariants; i++) {
        const struct chain *chain = outcome->invariant[i].chain;
        if (!chain || is_told(outcome, i)) continue;
        for (uint32_t k = 0; k < chain->n_links; k++)
            link_csv(outcome, &outcome->invariant[i], &chain->link[k], out, &arena);
    }
    arena_fini(&arena);
}

bool chain_same(const struct chain *a, const struct chain *b)
{
    if (!a || !b || a->n_links != b->n_links || a->cause != b->cause) return false;
    for (uint32_t i = 0; i < a->n_links; i++)
        if (a->link[i].at_ns != b->link[i].at_ns || a->link[i].kind != b->link[i].kind ||
            a->link[i].order_id != b->link[i].order_id)
            return false;
    return true;
}
