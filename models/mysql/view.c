/* SPDX-License-Identifier: GPL-3.0-or-later
 * Read views of REPEATABLE READ: a transaction goes on seeing what was committed when it read first, of whatever row of
 * a server; of another server it has another view, or none. While any view is open, a row that a commit changes keeps
 * what it held before; when the last view is closed, all that was kept is let go at once. So a run whose transactions
 * read one row each keeps nothing.
 *
 * Source: InnoDB consistent nonlocking reads (the view is made by the first read, not by BEGIN). */
#include "models/mysql/table.h"

void tables_keep_past(struct tables *tables)
{
    for (uint32_t i = 0; i < tables->scenario->n_tables; i++)
        tables->table[i].undo = arena_array(tables->sim->arena, struct undo *, tables->table[i].n_rows);
}

static uint32_t server_of(const struct tables *tables, uint32_t table)
{
    const uint32_t store = tables->table[table].spec->store;
    return store == NONE ? MAX_STORES : store;
}

void transaction_view(struct tables *tables, struct transaction *transaction, uint32_t table)
{
    const uint32_t server = server_of(tables, table);
    if (transaction->views >> server & 1) return;
    if (transaction->views == 0) tables->n_views++;
    transaction->views |= 1u << server;
    transaction->view[server] = (struct view){ .commits = tables->n_commits, .since_ns = tables->sim->now_ns };
}

void transaction_close_views(struct tables *tables, struct transaction *transaction)
{
    transaction->views = 0;
    if (--tables->n_views > 0) return;
    while (tables->kept) {
        struct undo *undo = tables->kept;
        tables->kept = undo->next_of_all;
        tables->table[undo->table].undo[undo->row] = NULL;
        undo->next_of_all = tables->free_undo;
        tables->free_undo = undo;
    }
}

void row_keep_past(struct tables *tables, uint32_t table, uint32_t row)
{
    const struct row *now = &tables->table[table].row[row];
    struct undo *undo = tables->free_undo;
    if (undo) tables->free_undo = undo->next_of_all;
    else undo = arena_new(tables->sim->arena, struct undo);
    *undo = (struct undo){ .next = tables->table[table].undo[row], .next_of_all = tables->kept,
                           .commit = tables->n_commits, .value = tables->table[table].spec->quantity + now->change,
                           .version = now->version, .table = table, .row = row };
    tables->kept = undo;
    tables->table[table].undo[row] = undo;
}

void row_in_view(const struct tables *tables, const struct transaction *transaction, struct transaction_row *touched)
{
    const uint32_t server = server_of(tables, touched->table);
    if (!(transaction->views >> server & 1)) return;
    const struct view *view = &transaction->view[server];
    const struct undo *undo = tables->table[touched->table].undo[touched->row];
    for (; undo && undo->commit > view->commits; undo = undo->next) {
        touched->seen = undo->value;
        touched->seen_version = undo->version;
    }
    touched->seen_ns = view->since_ns;
}
