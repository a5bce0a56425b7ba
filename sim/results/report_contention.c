/* SPDX-License-Identifier: GPL-3.0-or-later
 * Locks and tables, where anything happened at them but plain use. */
#include "sim/results/grid.h"
#include "sim/results/number.h"
#include "sim/results/report.h"

enum { COUNTS_MAX = 8 };

/* section.NAME.KEY for each key: shown when the mean of any is not 0. */
struct counted { const char *section, *head, *head_ko; const char *key[COUNTS_MAX], *en[COUNTS_MAX], *ko[COUNTS_MAX]; };

static const struct counted of_locks = {
    "locks", "LOCK", "락",
    { "contended", "timed_out", "expired_while_held", "overlaps" },
    { "contended", "timed out", "expired", "overlaps" },
    { "경합", "시간 초과", "만료", "중복 보유" }
};

static const struct counted of_tables = {
    "tables", "TABLE", "테이블",
    { "conflicts", "rejected", "lost_updates", "deadlocks", "lock_timeouts", "oversold" },
    { "conflicts", "rejected", "lost", "deadlocks", "timeouts", "oversold" },
    { "충돌", "거절", "갱신 손실", "교착", "시간 초과", "오버셀링" }
};

static bool is_quiet(const struct outcome *outcome, const struct counted *counted, const char *name)
{
    for (int i = 0; i < COUNTS_MAX && counted->key[i]; i++)
        if (outcome_mean(outcome, "%s.%s.%s", counted->section, name, counted->key[i]) > 0)
            return false;
    return true;
}

static void contention_row(struct grid *grid, const struct outcome *outcome, const struct counted *counted,
                           const char *name)
{
    if (is_quiet(outcome, counted, name))
        return;
    grid_cell(grid, TONE_PLAIN, "%s", name);
    for (int i = 0; i < COUNTS_MAX && counted->key[i]; i++)
        grid_cell(grid, TONE_PLAIN, "%s",
                  number_times(outcome_mean(outcome, "%s.%s.%s", counted->section, name, counted->key[i])).s);
    grid_cell(grid, TONE_PLAIN, "%s",
              number_seconds(outcome_mean(outcome, "%s.%s.wait_s.p95", counted->section, name)).s);
}

static struct grid *contention_grid(struct page *page, const struct counted *counted)
{
    struct grid *grid = grid_open(page);

    grid_column(grid, ALIGN_LEFT, counted->head, counted->head_ko);
    for (int i = 0; i < COUNTS_MAX && counted->key[i]; i++)
        grid_column(grid, ALIGN_RIGHT, counted->en[i], counted->ko[i]);
    grid_column(grid, ALIGN_RIGHT, "wait p95", "대기 p95");
    return grid;
}

/* ---- what threw, and what was left behind ---- */

static const struct { const char *key, *en, *ko; } accidents[] = {
    { "not_owner", "Unlocks of %s by a thread that did not hold it (IllegalMonitorStateException): %s.",
      "%s 락을 보유하지 않은 스레드의 해제 시도 (IllegalMonitorStateException): %s회." },
    { "no_answers", "Commands for lock %s that Redis did not answer in time, each an exception: %s.",
      "%s 락에 대한 명령 중 Redis가 제때 응답하지 않아 예외가 난 횟수: %s." },
    { "orphans", "Keys of %s held by nobody, to the end of their time to live: %s.",
      "보유자 없이 TTL이 끝날 때까지 남은 %s 락의 키: %s개." },
    { "lost_messages", "Messages to those who wait for lock %s that were lost: %s.",
      "%s 락의 대기자에게 가다 유실된 메시지: %s건." },
};
enum { ACCIDENTS = sizeof accidents / sizeof accidents[0] };

static double accidents_of(const struct outcome *outcome, const char *lock, int i)
{
    return outcome_mean(outcome, "locks.%s.%s", lock, accidents[i].key);
}

static bool had_accidents(const struct outcome *outcome)
{
    const struct scenario *scenario = &outcome->study->scenario;
    for (uint32_t l = 0; l < scenario->n_locks; l++)
        for (int i = 0; i < ACCIDENTS; i++)
            if (accidents_of(outcome, scenario->lock[l].name, i) > 0) return true;
    return false;
}

static void report_accidents(struct page *page, const struct outcome *outcome)
{
    const struct scenario *scenario = &outcome->study->scenario;
    for (uint32_t l = 0; l < scenario->n_locks; l++)
        for (int i = 0; i < ACCIDENTS; i++) {
            const char *name = scenario->lock[l].name;
            const double times = accidents_of(outcome, name, i);
            if (times > 0)
                page_say(page, TONE_BAD, accidents[i].en, accidents[i].ko, name, number_times(times).s);
        }
}

/* ---- why ---- */

static const struct { const char *name, *en, *ko; } causes[LOSS_CAUSES] = {
    { "unknown", "not known", "알 수 없음" },
    { "L1", "the lease ended before the work did", "작업보다 먼저 끝난 lease" },
    { "L2", "the lease ended while the process stood still", "프로세스가 멈춘 사이 끝난 lease" },
    { "L3", "the watchdog stood still with its process", "프로세스와 함께 멈춘 watchdog" },
    { "L4", "the watchdog could not renew", "갱신에 실패한 watchdog" },
    { "L5", "the Redis that took over did not know the lock", "락을 모르는 새 Redis (failover)" },
    { "L6", "Redis came back without its keys", "키 없이 재시작한 Redis" },
    { "L7", "a nested acquire cut the lease", "중첩 획득으로 짧아진 lease" },
    { "L8", "lock and transaction in the wrong order", "락과 트랜잭션의 순서 오류" },
    { "L9", "no lock, or another one, for the row", "락이 없거나 다른 락" },
};

static void report_causes(struct page *page, const struct outcome *outcome)
{
    struct grid *grid = grid_open(page);
    grid_column(grid, ALIGN_LEFT, "CAUSE", "원인");
    grid_column(grid, ALIGN_RIGHT, "overlaps", "중복 보유");
    grid_column(grid, ALIGN_RIGHT, "lost", "갱신 손실");
    grid_column(grid, ALIGN_LEFT, "WHY", "설명");
    for (int i = 0; i < LOSS_CAUSES; i++) {
        const double overlaps = outcome_mean(outcome, "causes.overlaps.%s", causes[i].name);
        const double lost = outcome_mean(outcome, "causes.lost_updates.%s", causes[i].name);
        if (!(overlaps > 0) && !(lost > 0)) continue;
        grid_cell(grid, TONE_PLAIN, "%s", causes[i].name);
        grid_cell(grid, TONE_PLAIN, "%s", number_times(overlaps).s);
        grid_cell(grid, TONE_PLAIN, "%s", number_times(lost).s);
        grid_cell(grid, TONE_PLAIN, "%s", page_word(page, causes[i].en, causes[i].ko));
    }
    if (!grid_is_empty(grid)) grid_write(grid);
}

void report_contention(struct page *page, const struct outcome *outcome)
{
    const struct scenario *scenario = &outcome->study->scenario;
    struct grid *locks = contention_grid(page, &of_locks), *tables = contention_grid(page, &of_tables);

    for (uint32_t i = 0; i < scenario->n_locks; i++)
        contention_row(locks, outcome, &of_locks, scenario->lock[i].name);
    for (uint32_t i = 0; i < scenario->n_tables; i++)
        contention_row(tables, outcome, &of_tables, scenario->table[i].name);
    if (grid_is_empty(locks) && grid_is_empty(tables) && !had_accidents(outcome))
        return;
    page_heading(page, "Locks and rows", "락과 DB 경합");
    if (!grid_is_empty(locks))
        grid_write(locks);
    if (!grid_is_empty(tables))
        grid_write(tables);
    report_accidents(page, outcome);
    report_causes(page, outcome);
}
