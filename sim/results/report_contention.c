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
                  number_count(outcome_mean(outcome, "%s.%s.%s", counted->section, name, counted->key[i])).s);
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

void report_contention(struct page *page, const struct outcome *outcome)
{
    const struct scenario *scenario = &outcome->study->scenario;
    struct grid *locks = contention_grid(page, &of_locks), *tables = contention_grid(page, &of_tables);

    for (uint32_t i = 0; i < scenario->n_locks; i++)
        contention_row(locks, outcome, &of_locks, scenario->lock[i].name);
    for (uint32_t i = 0; i < scenario->n_tables; i++)
        contention_row(tables, outcome, &of_tables, scenario->table[i].name);
    if (grid_is_empty(locks) && grid_is_empty(tables))
        return;
    page_heading(page, "Locks and rows", "락과 DB 경합");
    if (!grid_is_empty(locks))
        grid_write(locks);
    if (!grid_is_empty(tables))
        grid_write(tables);
}
