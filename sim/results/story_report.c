/* SPDX-License-Identifier: GPL-3.0-or-later
 * One line of the story, one sentence. Who does something is a consumer of a group, or the API; where several instances
 * of a process are there, which. */
#include "sim/results/story_report.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "models/invariant.h"
#include "sim/results/chain_report.h"
#include "sim/results/meaning.h"
#include "sim/results/number.h"
#include "sim/results/page.h"
#include "sim/results/violation.h"
#include "sim/version.h"

static const char *const status_words[ORDER_STATUSES] = { "PENDING", "PAYING", "PAID", "FAILED", "CANCELLED" };

/* In the order of enum fault_kind. */
static const char *const fault_texts[FAULT_KINDS][2] = {
    { "pauses", "정지" },         { "crashes", "비정상 종료" },    { "restarts", "재시작" },
    { "is scaled", "규모 변경" }, { "does not answer", "무응답" }, { "fails over", "장애 조치" },
    { "is slow", "지연" },        { "sends twice", "중복 전송" },  { "loses messages", "메시지 유실" },
};

static const char *const cause_texts[LOSS_CAUSES][2] = {
    { "unknown", "원인 미상" },
    { "L1: the lease ended before the work did", "L1: 작업보다 lease가 먼저 끝남" },
    { "L2: the lease ended while the process stood still", "L2: 프로세스가 멈춘 사이 lease가 끝남" },
    { "L3: the process stood still, and its watchdog with it", "L3: 프로세스와 watchdog이 함께 멈춤" },
    { "L4: the watchdog could not renew", "L4: watchdog이 갱신하지 못함" },
    { "L5: the Redis that took over had not heard of the lock", "L5: 승격된 Redis에 락이 없음" },
    { "L6: Redis came back without its keys", "L6: Redis가 키 없이 재시작됨" },
    { "L7: a nested acquire cut the lease", "L7: 중첩 획득이 lease를 줄임" },
    { "L8: lock and transaction in the wrong order", "L8: 락과 트랜잭션의 순서가 잘못됨" },
    { "L9: no lock, or another one, for the same row", "L9: 같은 행에 락이 없거나 다른 락" },
};

const char *cause_words(enum loss_cause cause, enum language language)
{
    return cause_texts[cause][language == LANG_KO];
}

const char *const mishap_names[MISHAP_KINDS] = {
    "join_race", "status_overwritten", "repeated_effect", "mark_alone", "undo_first", "undo_blind", "tombstone",
    "swept", "late_answer", "late_payment", "sent_twice", "given_up", "not_sent", "unsent", "died", "missed",
    "unread",
};

/* In the order of enum mishap_kind. */
static const char *const mishap_texts[MISHAP_KINDS][2] = {
    { "a join saved what it had read before another one changed it", "조인이 그사이 바뀐 행을 읽은 값으로 저장" },
    { "a status was overwritten that is final, or that it may not follow", "바뀔 수 없는 상태를 덮어씀" },
    { "a record took effect that had done so before", "이미 반영된 이벤트가 다시 반영됨" },
    { "a record was passed over as done, and its effect never was", "반영되지 않은 이벤트를 처리된 것으로 건너뜀" },
    { "a compensation came before its action", "보상이 본 작업보다 먼저 도착" },
    { "a compensation gave back what was not taken", "차감되지 않은 것을 보상으로 되돌림" },
    { "an action came after its compensation, and was refused", "보상 뒤에 온 작업을 거절" },
    { "the sweeper cancelled the order", "스위퍼가 주문을 취소" },
    { "a leg answered ok after the order had ended", "주문 종료 후 성공 응답 도착" },
    { "payment answered ok after the order had ended", "주문 종료 후 결제 성공 도착" },
    { "the relay sent a row of the outbox again", "릴레이가 outbox 행을 다시 전송" },
    { "a record was given up after its last delivery", "마지막 전달 후 이벤트를 포기" },
    { "a producer gave a record up: the broker was away for too long", "브로커가 너무 오래 없어 producer가 이벤트를 포기" },
    { "its record waited to be sent, and died with its process", "보내기를 기다리던 이벤트가 프로세스와 함께 사라짐" },
    { "its process died in the middle of a stage", "스테이지 도중 프로세스가 종료됨" },
    { "a new group began behind the record (reset: latest)", "새 그룹이 그 이벤트 뒤에서 시작 (reset: latest)" },
    { "a record waits in its log, and no consumer of its group has its partition",
      "이벤트가 로그에 남았고 그 Partition을 맡은 Consumer가 그룹에 없음" },
};

const char *mishap_words(enum mishap_kind kind, enum language language)
{
    return mishap_texts[kind][language == LANG_KO];
}

/* ---- names ---- */

static const char *subject_of(const struct scenario *s, const struct fault_spec *fault)
{
    switch (fault->on) {
    case ON_PROCESS: return s->process[fault->target].name;
    case ON_GROUP: return s->group[fault->target].name;
    case ON_STORE: return s->store[fault->target].name;
    case ON_STAGE: return s->stage[fault->target].name;
    case ON_TOPIC: return s->topic[fault->target].name;
    case ON_LOCK: return s->lock[fault->target].name;
    case ON_KAFKA: break;
    }
    return "kafka";
}

const char *step_words(struct page *page, const struct scenario *s, uint32_t step_kind, uint32_t of, int to)
{
    static const char *const kinds[STEP_KINDS] = {
        "connection", "begin",  "read", "write",   "flush", "commit", "rollback", "lock",
        "unlock",     "insert", "work", "publish", "reply", "once",   "join",     "status",
    };
    const char *target = "";
    switch ((enum step_kind)step_kind) {
    case STEP_BEGIN:
    case STEP_READ:
    case STEP_WRITE:
    case STEP_FLUSH:
    case STEP_COMMIT:
    case STEP_ROLLBACK:
    case STEP_INSERT: target = s->table[of].name; break;
    case STEP_LOCK:
    case STEP_UNLOCK: target = s->lock[of].name; break;
    case STEP_PUBLISH: target = s->topic[of].name; break;
    case STEP_STATUS: target = to < 0 ? "" : status_words[to]; break;
    case STEP_CONNECTION:
    case STEP_WORK:
    case STEP_REPLY:
    case STEP_ONCE:
    case STEP_JOIN:
    case STEP_KINDS: break;
    }
    const char *kind = step_kind < STEP_KINDS ? kinds[step_kind] : "end";
    return page_format(page, "%s%s%s", kind, *target ? " " : "", target);
}

const char *doer_words(struct page *page, const struct scenario *scenario, uint32_t group, uint32_t member)
{
    if (group == NONE) return page_word(page, "the API", "API");
    return page_format(page, page_word(page, "%s, consumer %u", "%s Consumer %u"), scenario->group[group].name, member);
}

static const char *who(struct page *page, const struct scenario *s, const struct story_line *line)
{
    return doer_words(page, s, line->consumer == NONE ? NONE : line->group, line->member);
}

/* ---- lines ---- */

const char *fault_words(struct page *page, const struct scenario *scenario, uint32_t fault, uint32_t instance)
{
    const struct fault_spec *spec = &scenario->fault[fault];
    const char *which = "";
    if (spec->on == ON_PROCESS && instance != NONE)
        which = page_format(page, page_word(page, " (instance %u)", " (인스턴스 %u)"), instance);
    return page_format(page, page_word(page, "FAULT %s: %s%s %s", "장애 %s: %s%s %s"), spec->name,
                       subject_of(scenario, spec), which,
                       page_word(page, fault_texts[spec->kind][0], fault_texts[spec->kind][1]));
}

static const char *thread_line(struct page *page, const struct scenario *s, const struct story_line *line)
{
    const char *at = step_words(page, s, line->step_kind, line->table, (int)line->to);
    const char *name = s->stage[line->stage].name, *by = who(page, s, line);
    switch (line->kind) {
    case STORY_BEGINS:
        if (line->attempt > 0)
            return page_format(page,
                               page_word(page, "%s begins %s again (delivery %u)", "%s: %s 재처리 시작 (%u번째 전달)"),
                               by, name, line->attempt + 1);
        return page_format(page, page_word(page, "%s begins %s", "%s: %s 시작"), by, name);
    case STORY_REFUSED: return page_format(page, page_word(page, "%s: %s is refused", "%s: %s 거절됨"), by, at);
    case STORY_THROWS:
        return page_format(page, page_word(page, "%s throws at %s; what is not committed is rolled back",
                                           "%s: %s에서 예외, 커밋되지 않은 것은 롤백"),
                           by, at);
    case STORY_DIES: return page_format(page, page_word(page, "%s dies before %s is done", "%s: %s 완료 전에 종료됨"), by, at);
    default: break;
    }
    if (line->known) return page_format(page, page_word(page, "%s: %s: done before", "%s: %s: 이미 처리됨"), by, at);
    if (!line->has_value) return page_format(page, "%s: %s", by, at);
    return page_format(page,
                       line->step_kind == STEP_READ ? page_word(page, "%s: %s sees %lld", "%s: %s 값 %lld")
                                                    : page_word(page, "%s: %s, will be %lld", "%s: %s 예정 값 %lld"),
                       by, at, (long long)line->value);
}

static const char *row_line(struct page *page, const struct scenario *s, const struct story_line *line)
{
    const char *text = page_format(
        page, page_word(page, "row %s %llu is %lld (was %lld)", "행 %s %llu: %lld (이전 %lld)"),
        s->table[line->table].name, (unsigned long long)line->key, (long long)line->value, (long long)line->was);
    if (line->other_order == 0) return text;
    return page_format(page, page_word(page, "%s, by order %llu", "%s, 주문 %llu의 쓰기"), text,
                       (unsigned long long)line->other_order);
}

static const char *line_text(struct page *page, const struct replayed *replayed, const struct story_line *line)
{
    const struct scenario *s = &replayed->study->scenario;
    switch (line->kind) {
    case STORY_FAULT: return fault_words(page, s, line->fault, line->instance);
    case STORY_CREATED: return page_format(page, page_word(page, "created, PENDING", "생성, PENDING"));
    case STORY_RECORD:
        return page_format(page, page_word(page, "record in %s, partition %u", "%s Partition %u에 기록"),
                           s->topic[line->topic].name, line->partition);
    case STORY_LOSES:
        return page_format(page,
                           page_word(page, "%s has lost lock %s (%s), held since %s s, and does not know",
                                     "%s: 락 %s 상실 (%s), 획득 %s초, 스스로는 모름"),
                           who(page, s, line), s->lock[line->lock].name,
                           cause_words(line->cause, page->style->language), number_fixed(ns_to_s(line->since_ns), 3).s);
    case STORY_ROW: return row_line(page, s, line);
    case STORY_STATUS: return page_format(page, "%s -> %s", status_words[line->from], status_words[line->to]);
    case STORY_MISHAP: {
        const char *what = mishap_words(line->mishap, page->style->language);
        if (line->since_ns == SIM_NEVER) return page_format(page, "! %s", what);
        return page_format(page, page_word(page, "! %s (read at %s s)", "! %s (읽은 시각 %s초)"), what,
                           number_fixed(ns_to_s(line->since_ns), 6).s);
    }
    case STORY_BROKEN: {
        const struct invariant_facts *fact = &replayed->facts->invariant[line->invariant];
        return page_format(page, page_word(page, "BROKEN %s: %s", "위반 %s: %s"), fact->name,
                           violation_words(page, fact->first_what));
    }
    case STORY_BEGINS:
    case STORY_STEP:
    case STORY_REFUSED:
    case STORY_THROWS:
    case STORY_DIES: break;
    }
    return thread_line(page, s, line);
}

static bool is_loud(const struct story_line *line)
{
    return line->kind == STORY_FAULT || line->kind == STORY_LOSES || line->kind == STORY_MISHAP ||
           line->kind == STORY_BROKEN;
}

static void lines_write(struct page *page, const struct replayed *replayed)
{
    page_begin(page, BLOCK_CODE);
    const bool markdown = page->style->markdown;
    if (markdown) fputs("```\n", page->out);
    for (uint32_t i = 0; i < replayed->story->n_lines; i++) {
        const struct story_line *line = &replayed->story->line[i];
        const char *order = line->order_id ? page_format(page, "%" PRIu64, line->order_id) : "";
        const char *text =
            page_format(page, "%12.6f  %6s  %s", ns_to_s(line->at_ns), order, line_text(page, replayed, line));
        page_print(page, line->kind == STORY_BROKEN ? TONE_BAD : is_loud(line) ? TONE_STRONG : TONE_PLAIN, text);
        fputc('\n', page->out);
    }
    if (markdown) fputs("```\n", page->out);
}

/* ---- the cause chain ---- */

static bool is_told(const struct story *story, uint64_t order_id)
{
    for (uint32_t i = 0; i < story->n_orders; i++)
        if (story->order_id[i] == order_id) return true;
    return false;
}

static const struct chain *chain_of(const struct replayed *replayed)
{
    const struct run_facts *facts = replayed->facts;
    for (uint32_t i = 0; i < facts->n_chains; i++)
        if (&facts->invariant[facts->chain[i].invariant] == replayed->broken) return &facts->chain[i];
    return NULL;
}

static void cause_write(struct page *page, const struct replayed *replayed)
{
    const struct chain *chain = chain_of(replayed);
    if (!chain) return;
    page_heading(page, "Cause", "원인");
    page_say(page, TONE_STRONG, "%s.", "%s.", chain_cause(chain, page->style->language));
    chain_write(page, &replayed->study->scenario, chain);
}

static const char *written_by_another(struct page *page, const struct replayed *replayed)
{
    if (strcmp(replayed->version, SIM_VERSION) == 0) return "";
    return page_format(page, page_word(page, " The capsule is of sim %s.", " 캡슐은 sim %s에서 작성됨."),
                       replayed->version);
}

bool story_write(const struct replayed *replayed, const struct text_style *style, FILE *out)
{
    struct arena arena;
    arena_init(&arena);
    struct page page = { out, style, &arena, BLOCK_NONE };
    const struct invariant_facts *broken = replayed->broken;
    page_title(&page, "%s", "%s", replayed->study->scenario.name);
    page_say(&page, TONE_BAD, "%s, %s: broken at %s s: %s", "%s, %s: %s초에 위반: %s", broken->name,
             invariant_meaning(&page, broken->name, broken->meaning),
             number_fixed(ns_to_s(broken->first_at_ns), 6).s, violation_words(&page, broken->first_what));
    page_say(&page, TONE_PLAIN, "Seed %" PRIu64 ", faults: %u, orders: %s; the same run to the last fact, sim %s.%s",
             "seed %" PRIu64 ", 장애 %u건, 주문 %s건; 마지막 사실까지 동일한 실행, sim %s.%s", replayed->seed,
             replayed->study->scenario.n_faults, number_count((double)replayed->facts->orders.created).s, SIM_VERSION,
             written_by_another(&page, replayed));
    cause_write(&page, replayed);
    page_heading(&page, "Story (seconds, order, what happened)", "경위 (초, 주문, 사건)");
    lines_write(&page, replayed);
    if (replayed->story->cut)
        page_say(&page, TONE_PLAIN, "There is more: only the first %d lines are told.", "이후 생략: 처음 %d줄만 표시.",
                 STORY_LINES);
    arena_fini(&arena);
    return !ferror(out);
}

/* ---- JSON ---- */

static cJSON *accident_json(const struct replayed *replayed, const struct accident *accident)
{
    cJSON *node = cJSON_CreateObject();
    const struct scenario *s = &replayed->study->scenario;
    char cause[3] = "";
    memcpy(cause, cause_words(accident->cause, LANG_EN), accident->cause == LOSS_NONE ? 0 : 2);
    cJSON_AddRawToObject(node, "t_s", number_json(ns_to_s(accident->at_ns)).s);
    cJSON_AddStringToObject(node, "kind", accident->kind == ACCIDENT_OVERLAP ? "overlap" : "lost_update");
    cJSON_AddStringToObject(node, "cause", cause);
    if (accident->lock == NONE) cJSON_AddNullToObject(node, "lock");
    else cJSON_AddStringToObject(node, "lock", s->lock[accident->lock].name);
    cJSON_AddRawToObject(node, "order_id", number_json((double)accident->order_id).s);
    cJSON_AddRawToObject(node, "other_order_id", number_json((double)accident->other_order_id).s);
    return node;
}

static cJSON *mishap_json(const struct mishap *mishap)
{
    cJSON *node = cJSON_CreateObject();
    cJSON_AddRawToObject(node, "t_s", number_json(ns_to_s(mishap->at_ns)).s);
    cJSON_AddStringToObject(node, "kind", mishap_names[mishap->kind]);
    cJSON_AddStringToObject(node, "cause", mishap_words(mishap->kind, LANG_EN));
    cJSON_AddRawToObject(node, "order_id", number_json((double)mishap->order_id).s);
    return node;
}

bool story_json(const struct replayed *replayed, FILE *out)
{
    struct arena arena;
    arena_init(&arena);
    const struct text_style style = { .language = LANG_EN, .width = 80 };
    struct page page = { out, &style, &arena, BLOCK_NONE };
    cJSON *root = cJSON_CreateObject();
    cJSON_AddBoolToObject(root, "repeated", true);
    cJSON_AddStringToObject(root, "version", SIM_VERSION);
    cJSON_AddStringToObject(root, "capsule_version", replayed->version);
    cJSON_AddStringToObject(root, "invariant", replayed->broken->name);
    cJSON_AddRawToObject(root, "t_s", number_json(ns_to_s(replayed->broken->first_at_ns)).s);
    if (replayed->broken->first_order_id)
        cJSON_AddRawToObject(root, "order_id", number_json((double)replayed->broken->first_order_id).s);
    else cJSON_AddNullToObject(root, "order_id");
    cJSON_AddStringToObject(root, "what", replayed->broken->first_what);
    cJSON_AddItemToObject(root, "cause", chain_json(&replayed->study->scenario, chain_of(replayed)));
    cJSON *causes = cJSON_AddArrayToObject(root, "causes"), *story = cJSON_AddArrayToObject(root, "story");
    for (uint32_t i = 0; i < replayed->facts->n_accidents; i++)
        if (is_told(replayed->story, replayed->facts->accident[i].order_id))
            cJSON_AddItemToArray(causes, accident_json(replayed, &replayed->facts->accident[i]));
    for (uint32_t i = 0; i < replayed->facts->n_mishaps; i++)
        if (is_told(replayed->story, replayed->facts->mishap[i].order_id))
            cJSON_AddItemToArray(causes, mishap_json(&replayed->facts->mishap[i]));
    for (uint32_t i = 0; i < replayed->story->n_lines; i++) {
        const struct story_line *line = &replayed->story->line[i];
        cJSON *node = cJSON_CreateObject();
        cJSON_AddRawToObject(node, "t_s", number_json(ns_to_s(line->at_ns)).s);
        if (line->order_id) cJSON_AddRawToObject(node, "order_id", number_json((double)line->order_id).s);
        else cJSON_AddNullToObject(node, "order_id");
        cJSON_AddStringToObject(node, "what", line_text(&page, replayed, line));
        cJSON_AddItemToArray(story, node);
    }
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    if (text) fprintf(out, "%s\n", text);
    cJSON_free(text);
    arena_fini(&arena);
    return text && !ferror(out);
}
