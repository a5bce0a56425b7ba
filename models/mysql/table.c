/* SPDX-License-Identifier: GPL-3.0-or-later
 * Rows lie in an array by key where the table is small, else in an open hash made large enough at the start, so that
 * the index of a row never changes. */
#include "models/mysql/table.h"

#include <string.h>

#include "sim/engine/seldom.h"

enum { FACT_ROW = 4 };

static void table_init(struct table *table, const struct table_spec *spec, uint64_t touched_max, struct arena *arena)
{
    uint64_t touched = spec->rows < touched_max ? spec->rows : touched_max;
    uint64_t hashed = 16;
    while (hashed * 5 < touched * 8) hashed *= 2;
    table->spec = spec;
    bool direct = spec->rows <= hashed;
    table->mask = direct ? 0 : (uint32_t)hashed - 1;
    table->n_rows = direct ? (uint32_t)spec->rows + 1 : (uint32_t)hashed;
    table->row = arena_array(arena, struct row, table->n_rows);
    tally_init(&table->fact.wait, arena, 0);
}

void tables_init(struct tables *tables, struct sim *sim, const struct scenario *scenario, uint64_t touched_max,
                 uint32_t n_threads, struct invariants *invariants,
                 void (*granted)(void *context, uint32_t thread), void *context)
{
    *tables = (struct tables){ .sim = sim, .invariants = invariants, .scenario = scenario, .granted = granted,
                               .context = context };
    tables->table = arena_array(sim->arena, struct table, scenario->n_tables);
    for (uint32_t i = 0; i < scenario->n_tables; i++)
        table_init(&tables->table[i], &scenario->table[i], touched_max, sim->arena);
    tables->n_threads = n_threads;
    tables->next_waiter = arena_array(sim->arena, uint32_t, n_threads);
    tables->waits_for = arena_array(sim->arena, struct transaction_row *, n_threads);
    tables->waits_since_ns = arena_array(sim->arena, sim_ns, n_threads);
}

static uint32_t row_find(const struct table *table, uint64_t key)
{
    if (key > table->spec->rows || key >= UINT32_MAX) return NONE;
    if (table->mask == 0) return (uint32_t)key;
    uint32_t i = (uint32_t)random_mix(key) & table->mask;
    while (table->row[i].key != 0 && table->row[i].key != key + 1) i = (i + 1) & table->mask;
    return i;
}

void table_prefetch(const struct tables *tables, uint32_t index, uint64_t key)
{
    const struct table *table = &tables->table[index];
    if (table->mask != 0) __builtin_prefetch(&table->row[(uint32_t)random_mix(key) & table->mask], 1);
    else if (key < table->n_rows) __builtin_prefetch(&table->row[key], 1);
}

struct transaction_row *transaction_touch(struct tables *tables, struct transaction *transaction, uint32_t index,
                                          uint64_t key)
{
    struct table *table = &tables->table[index];
    uint32_t row = row_find(table, key);
    if (row == NONE || table->spec->rows == 0) return NULL;
    table->row[row].key = (uint32_t)key + 1;
    for (uint32_t i = 0; i < transaction->n_rows; i++)
        if (transaction->row[i].table == index && transaction->row[i].row == row) return &transaction->row[i];
    SIM_ASSERT_IN(tables->sim, transaction->n_rows < TRANSACTION_ROWS);
    struct transaction_row *touched = &transaction->row[transaction->n_rows++];
    *touched = (struct transaction_row){ .table = index, .row = row };
    return touched;
}

int64_t table_value(const struct tables *tables, uint32_t index, uint64_t key)
{
    const struct table *table = &tables->table[index];
    uint32_t row = row_find(table, key);
    return table->spec->quantity + (row == NONE ? 0 : table->row[row].change);
}

static struct row *row_of(struct tables *tables, const struct transaction_row *touched)
{
    return &tables->table[touched->table].row[touched->row];
}

static int64_t value_of(struct tables *tables, const struct transaction_row *touched)
{
    return tables->table[touched->table].spec->quantity + row_of(tables, touched)->change;
}

void transaction_begin(struct transaction *transaction)
{
    transaction->open = true;
    for (uint32_t i = 0; i < transaction->n_rows; i++) transaction->row[i].carried = true;
}

static bool is_in_hand(const struct transaction_row *touched) { return touched->read && !touched->carried; }

void transaction_read_locked(struct tables *tables, struct transaction_row *touched)
{
    if (is_in_hand(touched)) return;
    touched->read = true;
    touched->carried = false;
    touched->seen = value_of(tables, touched);
    touched->seen_ns = tables->sim->now_ns;
    touched->seen_version = row_of(tables, touched)->version;
}

void transaction_read(struct tables *tables, const struct transaction *transaction, struct transaction_row *touched)
{
    if (is_in_hand(touched)) return;
    transaction_read_locked(tables, touched);
    if (transaction->views) row_in_view(tables, transaction, touched);
}

/* ---- row locks ---- */

/* NONE: it does not wait. */
static uint32_t whom(const struct tables *tables, uint32_t waiting)
{
    const struct transaction_row *awaited = tables->waits_for[waiting];
    if (awaited) return tables->table[awaited->table].row[awaited->row].owner - 1;
    return tables->awaited ? tables->awaited(tables->context, waiting) : NONE;
}

/* True when the owner waits, over others, for something that thread holds. Of a circle that is not the thread's own the
 * victim was chosen at this very instant, and has not left yet. */
static bool closes_a_circle(const struct tables *tables, uint32_t owner, uint32_t thread)
{
    uint32_t at = owner;
    for (uint32_t n = 0; at != NONE && at != thread && n < tables->n_threads; n++) at = whom(tables, at);
    return at == thread;
}

/* The lightest transaction of the circle; among equals the one who closes it. */
uint32_t deadlock_victim(const struct tables *tables, uint32_t owner, uint32_t thread)
{
    if (!closes_a_circle(tables, owner, thread)) return NONE;
    if (!tables->weight) return thread;
    uint32_t victim = thread, least = tables->weight(tables->context, thread);
    for (uint32_t at = owner; at != thread; at = whom(tables, at)) {
        uint32_t weight = tables->weight(tables->context, at);
        if (weight >= least) continue;
        victim = at;
        least = weight;
    }
    return victim;
}

uint32_t transaction_weight(const struct transaction *transaction)
{
    uint32_t weight = 0;
    for (uint32_t i = 0; i < transaction->n_rows; i++) {
        const struct transaction_row *row = &transaction->row[i];
        weight += (uint32_t)row->locked + (row->written && !row->absolute ? 1u : 0u);
    }
    return weight;
}

enum row_answer row_lock(struct tables *tables, struct transaction_row *touched, uint32_t thread)
{
    struct row *row = row_of(tables, touched);
    if (row->owner == thread + 1 || row->owner == 0) {
        if (row->owner == 0) tally_count(&tables->table[touched->table].fact.wait, 0);
        row->owner = thread + 1;
        touched->locked = true;
        return ROW_OK;
    }
    const uint32_t victim = deadlock_victim(tables, row->owner - 1, thread);
    if (victim != NONE) tables->table[touched->table].fact.deadlocks++;
    if (victim == thread) return ROW_DEADLOCK;
    uint32_t *link = &row->waiter;
    while (*link) link = &tables->next_waiter[*link - 1];
    *link = thread + 1;
    tables->next_waiter[thread] = 0;
    tables->waits_for[thread] = touched;
    tables->waits_since_ns[thread] = tables->sim->now_ns;
    if (victim != NONE) tables->victim(tables->context, victim);
    return ROW_WAITS;
}

uint32_t row_owner(const struct tables *tables, const struct transaction_row *touched)
{
    return tables->table[touched->table].row[touched->row].owner - 1;
}

void row_lock_forget(struct tables *tables, uint32_t thread)
{
    if (!tables->waits_for[thread]) return;
    uint32_t *link = &row_of(tables, tables->waits_for[thread])->waiter;
    while (*link != thread + 1) link = &tables->next_waiter[*link - 1];
    *link = tables->next_waiter[thread];
    tables->waits_for[thread] = NULL;
}

bool row_lock_victim(struct tables *tables, uint32_t thread)
{
    if (!tables->waits_for[thread]) return false;
    struct table *table = &tables->table[tables->waits_for[thread]->table];
    row_lock_forget(tables, thread);
    tally_count(&table->fact.wait, tables->sim->now_ns - tables->waits_since_ns[thread]);
    return true;
}

void row_lock_leave(struct tables *tables, uint32_t thread)
{
    struct table *table = &tables->table[tables->waits_for[thread]->table];
    row_lock_forget(tables, thread);
    table->fact.lock_timeouts++;
    tally_count(&table->fact.wait, tables->sim->now_ns - tables->waits_since_ns[thread]);
}

/* The lock is with the next one's transaction from now on, whether that one still has a use for it or not: its end
 * gives it on. */
static void row_unlock(struct tables *tables, const struct transaction_row *touched)
{
    struct row *row = row_of(tables, touched);
    row->owner = row->waiter;
    if (row->owner == 0) return;
    uint32_t thread = row->owner - 1;
    row->waiter = tables->next_waiter[thread];
    tables->waits_for[thread]->locked = true;
    tables->waits_for[thread] = NULL;
    tally_count(&tables->table[touched->table].fact.wait, tables->sim->now_ns - tables->waits_since_ns[thread]);
    tables->granted(tables->context, thread);
}

/* ---- writes ---- */

static void write_note(struct transaction_row *touched, int64_t value, int64_t take)
{
    touched->written = true;
    touched->value = value;
    touched->take += take;
}

bool row_write_conditional(struct tables *tables, struct transaction_row *touched, int64_t take)
{
    int64_t value = touched->written ? touched->value : value_of(tables, touched);
    touched->locked = true;
    if (value - take < 0) return false;
    write_note(touched, value - take, take);
    return true;
}

bool row_write_version(struct tables *tables, struct transaction_row *touched, int64_t take)
{
    touched->locked = true;
    if (row_of(tables, touched)->version != touched->seen_version) return false;
    write_note(touched, (touched->written ? touched->value : touched->seen) - take, take);
    return true;
}

bool row_write_absolute(struct transaction_row *touched, int64_t take)
{
    int64_t value = touched->written ? touched->value : touched->seen;
    if (value - take < 0) return false;
    write_note(touched, value - take, take);
    touched->absolute = true;
    return true;
}

bool row_send_absolute(struct tables *tables, struct transaction_row *touched)
{
    touched->locked = true;
    touched->absolute = false;
    touched->lost = value_of(tables, touched) != touched->seen;
    return !touched->lost;
}

/* ---- fences ---- */

void tables_keep_fences(struct tables *tables)
{
    for (uint32_t i = 0; i < tables->scenario->n_tables; i++)
        tables->table[i].fence = arena_array(tables->sim->arena, uint32_t, tables->table[i].n_rows);
}

bool row_fence_passes(const struct tables *tables, const struct transaction_row *touched, uint32_t token)
{
    return tables->table[touched->table].fence[touched->row] <= token;
}

void row_fence_announce(struct tables *tables, const struct transaction_row *touched, uint32_t token)
{
    tables->table[touched->table].fence[touched->row] = token;
}

void row_unlock_early(struct tables *tables, struct transaction_row *touched)
{
    touched->locked = false;
    row_unlock(tables, touched);
}

/* ---- what is sold ---- */

static int64_t beyond(const struct table *table, int64_t units)
{
    return units > table->spec->quantity ? units - table->spec->quantity : 0;
}

void tables_keep_sold(struct tables *tables, uint32_t index)
{
    struct table *table = &tables->table[index];
    table->sold = arena_array(tables->sim->arena, int64_t, table->n_rows);
}

void row_sold(struct tables *tables, uint32_t index, uint64_t key, int64_t units)
{
    struct table *table = &tables->table[index];
    const uint32_t row = row_find(table, key);
    if (row == NONE || table->spec->rows == 0) return;
    table->row[row].key = (uint32_t)key + 1;
    table->fact.oversold += (uint64_t)(beyond(table, table->sold[row] + units) - beyond(table, table->sold[row]));
    table->sold[row] += units;
}

/* ---- commit ---- */

static void row_check(struct tables *tables, const struct transaction_row *touched, int64_t gap_before)
{
    static const enum invariant_id balance[] = { INVARIANT_S1, INVARIANT_P2, INVARIANT_C5 };
    static const enum invariant_id bounds[] = { INVARIANT_S2, INVARIANT_P1, INVARIANT_C5 };
    const struct table *table = &tables->table[touched->table];
    const struct row *row = row_of(tables, touched);
    uint32_t kind = table->spec->key == ROW_USER ? 1 : table->spec->key == ROW_COUPON ? 2 : 0;
    int64_t value = table->spec->quantity + row->change;
    sim_ns now_ns = tables->sim->now_ns;
    if (row->change + row->taken != gap_before)
        invariant_broken(tables->invariants, balance[kind], now_ns, touched->order_id,
                         "table %s, row %u, commit: initial %lld, now %lld, but orders hold %lld", table->spec->name,
                         row->key - 1, (long long)table->spec->quantity, (long long)value, (long long)row->taken);
    if (value < 0 || value > table->spec->quantity)
        invariant_broken(tables->invariants, bounds[kind], now_ns, touched->order_id,
                         "table %s, row %u, commit: %lld, allowed 0 to %lld", table->spec->name, row->key - 1,
                         (long long)value, (long long)table->spec->quantity);
    if (kind == 2 && row->taken > table->spec->quantity)
        invariant_broken(tables->invariants, INVARIANT_C1, now_ns, touched->order_id,
                         "table %s, coupon %u, commit: held by %lld orders", table->spec->name, row->key - 1,
                         (long long)row->taken);
}

/* From here on nobody can have back what somebody else had written. Since the statement the row has been locked. */
static SIM_SELDOM void update_lost(struct tables *tables, const struct transaction_row *touched)
{
    struct table *table = &tables->table[touched->table];
    table->fact.lost_updates++;
    invariant_broken(tables->invariants, INVARIANT_S3, tables->sim->now_ns, touched->order_id,
                     "table %s, row %u: writes %lld from a read of %lld, but the row holds %lld by now",
                     table->spec->name, row_of(tables, touched)->key - 1, (long long)touched->value,
                     (long long)touched->seen, (long long)value_of(tables, touched));
}

static void row_commit(struct tables *tables, const struct transaction_row *touched)
{
    struct table *table = &tables->table[touched->table];
    struct row *row = row_of(tables, touched);
    int64_t gap_before = row->change + row->taken;
    if (touched->lost) update_lost(tables, touched);
    if (tables->n_views > 0) row_keep_past(tables, touched->table, touched->row);
    if (!table->sold)
        table->fact.oversold += (uint64_t)(beyond(table, row->taken + touched->take) - beyond(table, row->taken));
    row->change = touched->value - table->spec->quantity;
    row->taken += touched->take;
    if (touched->token) table->fence[touched->row] = touched->token;
    row->version++;
    table->n_commits++;
    table->fact.writes++;
    sim_fact(tables->sim, tables->sim->now_ns, FACT_ROW,
             (uint64_t)touched->table << 56 ^ (uint64_t)row->key << 24 ^ (uint64_t)row->version);
    row_check(tables, touched, gap_before);
}

void transaction_close(struct tables *tables, struct transaction *transaction)
{
    if (transaction->views) transaction_close_views(tables, transaction);
    transaction->open = false;
    transaction->n_rows = 0;
}

void transaction_commit(struct tables *tables, struct transaction *transaction)
{
    tables->n_commits++;
    for (uint32_t i = 0; i < transaction->n_rows; i++)
        if (transaction->row[i].written) row_commit(tables, &transaction->row[i]);
    for (uint32_t i = 0; i < transaction->n_rows; i++)
        if (transaction->row[i].locked) row_unlock(tables, &transaction->row[i]);
    transaction_close(tables, transaction);
}

void transaction_rollback(struct tables *tables, struct transaction *transaction)
{
    for (uint32_t i = 0; i < transaction->n_rows; i++)
        if (transaction->row[i].locked) row_unlock(tables, &transaction->row[i]);
    transaction_close(tables, transaction);
}

uint64_t table_oversold(const struct table *table) { return table->fact.oversold; }

uint64_t table_gap(const struct table *table)
{
    uint64_t gap = 0;
    for (uint32_t i = 0; i < table->n_rows; i++) {
        const int64_t off = table->row[i].change + table->row[i].taken;
        gap += (uint64_t)(off < 0 ? -off : off);
    }
    return gap;
}

uint64_t table_sold_gap(const struct table *table)
{
    uint64_t gap = 0;
    for (uint32_t i = 0; i < table->n_rows && table->sold; i++) {
        const int64_t off = table->row[i].change + table->sold[i];
        gap += (uint64_t)(off < 0 ? -off : off);
    }
    return gap;
}

void tables_finish(struct tables *tables, sim_ns end_ns)
{
    for (uint32_t t = 0; t < tables->scenario->n_tables; t++) {
        const struct table *table = &tables->table[t];
        uint64_t versions = 0;
        for (uint32_t i = 0; i < table->n_rows; i++) {
            const struct row *row = &table->row[i];
            if (row->key == 0) continue;
            versions += row->version;
            if (row->owner != 0)
                invariant_broken(tables->invariants, INVARIANT_X4, end_ns, 0, "table %s, row %u: still locked",
                                 table->spec->name, row->key - 1);
        }
        if (versions != table->n_commits)
            invariant_broken(tables->invariants, INVARIANT_C4, end_ns, 0,
                             "table %s: versions add up to %llu, %llu commits", table->spec->name,
                             (unsigned long long)versions, (unsigned long long)table->n_commits);
    }
}
