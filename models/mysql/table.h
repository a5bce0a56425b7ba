/* SPDX-License-Identifier: GPL-3.0-or-later
 * Rows and transactions as InnoDB keeps them, as far as one number a row goes: stock of an item, points of a user,
 * a coupon (1 free, 0 used). A row holds its change from the initial value, so that a table of a million rows costs
 * nothing until they are touched.
 *
 * Modelled: exclusive row locks held from the write to the end of commit, first come first served, with time-out and
 * deadlock: of those in the circle the lightest transaction is rolled back, at once (rows locked + rows changed; among
 * equals the one who closes it). Snapshot reads: at REPEATABLE READ the first read of a transaction, of whatever row,
 * fixes what it sees of all rows of that server (view.c), at READ COMMITTED each read sees what is committed by then;
 * the first read of a row is what the entity manager goes on showing. Version columns; absolute writes from a cached
 * value, with the lost updates they cause.
 * Left out: gap locks, foreign keys, SERIALIZABLE.
 *
 * Invariants, checked at each commit: value = initial - effects committed (S1, S3, C5, P2), 0 <= value <= initial
 * (S2, C5, P1), a coupon has at most one holder (C1). */
#ifndef MODELS_MYSQL_TABLE_H
#define MODELS_MYSQL_TABLE_H

#include "models/invariant.h"
#include "models/observer.h"
#include "sim/engine/sim.h"

enum { TRANSACTION_ROWS = 8 };

struct row {
    uint32_t key;       /* + 1; 0: never touched */
    uint32_t version;
    int64_t change;     /* committed value - initial */
    int64_t taken;      /* sum of committed effects, by account: what orders took and did not give back */
    uint32_t owner;     /* thread + 1 that holds the X lock; 0: none */
    uint32_t waiter;    /* thread + 1 that waits first; 0: none */
};

struct table {
    const struct table_spec *spec;
    struct row *row;
    uint32_t mask;      /* rows - 1 of the hash; 0: direct, row = key */
    uint32_t n_rows;    /* of the array */
    uint64_t n_commits; /* committed row changes */
    struct table_facts fact;
    uint32_t *fence;    /* by row: the greatest token that has written or announced itself; NULL: none is compared */
    struct undo **undo; /* by row: what it held before, the latest first; NULL: nobody reads the past */
    int64_t *sold;      /* by row: units that are sold to orders; NULL: what they took counts as sold */
};

/* What a transaction did to one row. */
struct transaction_row {
    uint32_t table, row;
    bool locked, read, written, absolute; /* absolute: not sent before flush or commit */
    bool lost;           /* sent over a value that it did not read: what is lost if it commits */
    bool carried;        /* what the code has read before the transaction, or outside of any: the next read is anew */
    int64_t seen;        /* value read, and when */
    sim_ns seen_ns;
    uint32_t seen_version;
    uint32_t token;      /* of a fenced write; 0: none */
    int64_t value;       /* value to commit */
    int64_t take;        /* its effect: > 0 taken, < 0 given back */
    uint64_t order_id;
};

/* What a transaction sees of a server. */
struct view {
    uint64_t commits;   /* that it sees; later ones it does not */
    sim_ns since_ns;
};

struct transaction {
    bool open;
    uint32_t n_rows;
    uint32_t views;     /* servers at which it has one, as bits */
    struct transaction_row row[TRANSACTION_ROWS];
    struct view view[MAX_STORES + 1]; /* by server: a store, or the one of tables that have none */
};

enum row_answer { ROW_OK, ROW_WAITS, ROW_DEADLOCK };

/* What a row held before a commit. */
struct undo {
    struct undo *next, *next_of_all;
    uint64_t commit;    /* that changed it */
    int64_t value;
    uint32_t version, table, row;
};

struct tables {
    struct sim *sim;
    struct invariants *invariants;
    const struct scenario *scenario;
    struct table *table;
    uint32_t *next_waiter;    /* by thread: + 1 */
    struct transaction_row **waits_for; /* by thread; NULL: does not wait */
    sim_ns *waits_since_ns;
    uint32_t n_threads;
    /* Whom a thread waits for that waits for no row, but for a key that was inserted; NONE: nobody. NULL: there are no
     * such keys. */
    uint32_t (*awaited)(void *context, uint32_t thread);
    uint64_t n_commits;       /* of transactions */
    uint32_t n_views;         /* transactions that have one; without any, nothing is kept */
    struct undo *kept, *free_undo;
    void (*granted)(void *context, uint32_t thread);
    /* In a deadlock: how much a thread's transaction weighs; it is rolled back while it waits. NULL: whoever closes the
     * circle is the victim. */
    uint32_t (*weight)(void *context, uint32_t thread);
    void (*victim)(void *context, uint32_t thread);
    void *context;
};

/* touched_max: most rows of one table that a run can touch. */
void tables_init(struct tables *tables, struct sim *sim, const struct scenario *scenario, uint64_t touched_max,
                 uint32_t n_threads, struct invariants *invariants,
                 void (*granted)(void *context, uint32_t thread), void *context);

/* The row of a key in the transaction, taken up if it is new there. NULL: the table has no such row. */
struct transaction_row *transaction_touch(struct tables *tables, struct transaction *transaction, uint32_t table,
                                          uint64_t key);
/* Asks the memory for the row of a key that will be touched soon: rows of a large table are seldom in the cache. */
void table_prefetch(const struct tables *tables, uint32_t table, uint64_t key);
/* Opens it. What the code has read before, it has in its hands still, but no entity of this transaction. */
void transaction_begin(struct transaction *transaction);
/* Snapshot read, in the transaction's view where it has one: the first one of a row counts. */
void transaction_read(struct tables *tables, const struct transaction *transaction, struct transaction_row *touched);
/* Locking read: what is committed now, under the lock; but an entity that was read before stays as it was. */
void transaction_read_locked(struct tables *tables, struct transaction_row *touched);

/* ---- view.c ---- */
/* Some transaction will read in a view: rows keep what they held before. */
void tables_keep_past(struct tables *tables);
/* From now on the transaction sees nothing that is committed later at the server of the table. */
void transaction_view(struct tables *tables, struct transaction *transaction, uint32_t table);
void transaction_close_views(struct tables *tables, struct transaction *transaction);
/* Before a commit changes a row. */
void row_keep_past(struct tables *tables, uint32_t table, uint32_t row);
/* The row as it stands in the transaction's view of its server, if there is one. */
void row_in_view(const struct tables *tables, const struct transaction *transaction, struct transaction_row *touched);

/* Rows locked and rows changed, as InnoDB weighs them. */
uint32_t transaction_weight(const struct transaction *transaction);
/* The thread is about to wait for the owner of something: who is to be rolled back, because that closes a circle of
 * waits; NONE: it closes none. */
uint32_t deadlock_victim(const struct tables *tables, uint32_t owner, uint32_t thread);
/* The X lock for this thread, now; ROW_WAITS: granted() will be called. ROW_DEADLOCK: the thread is the victim. */
enum row_answer row_lock(struct tables *tables, struct transaction_row *touched, uint32_t thread);
/* Stops waiting, as the victim of a deadlock. False: it does not wait any more. */
bool row_lock_victim(struct tables *tables, uint32_t thread);
/* Stops waiting (lock wait time-out). */
/* The thread is gone: out of the queue it may stand in, without a time-out. */
/* Of one that waits: the thread that has the row. */
uint32_t row_owner(const struct tables *tables, const struct transaction_row *touched);
void row_lock_forget(struct tables *tables, uint32_t thread);
void row_lock_leave(struct tables *tables, uint32_t thread);

/* UPDATE .. SET q = q - take WHERE q - take >= 0, under the lock. False: 0 rows. */
bool row_write_conditional(struct tables *tables, struct transaction_row *touched, int64_t take);
/* UPDATE .. SET q = seen - take WHERE version = seen, under the lock. False: 0 rows, a conflict. */
bool row_write_version(struct tables *tables, struct transaction_row *touched, int64_t take);
/* The entity changes in memory; SQL goes out at flush or commit. False: not enough in the value seen. */
bool row_write_absolute(struct transaction_row *touched, int64_t take);
/* UPDATE .. SET q = value, under the lock: what JPA sends for a dirty entity. False: the row does not hold the value
 * seen any more, and with the commit an update is lost. */
bool row_send_absolute(struct tables *tables, struct transaction_row *touched);

/* Rows keep the tokens of fenced locks. */
void tables_keep_fences(struct tables *tables);
/* .. AND fence <= token, under the lock. False: 0 rows, somebody with a newer token has written. */
bool row_fence_passes(const struct tables *tables, const struct transaction_row *touched, uint32_t token);
/* The row notes the token at once; the lock that was taken for it alone goes back (row_unlock_early). */
void row_fence_announce(struct tables *tables, const struct transaction_row *touched, uint32_t token);
/* The row is free before its transaction ends. */
void row_unlock_early(struct tables *tables, struct transaction_row *touched);

/* Ends a transaction that has written and locked nothing. */
void transaction_close(struct tables *tables, struct transaction *transaction);
/* Makes all writes visible, releases the locks, checks the rows. */
void transaction_commit(struct tables *tables, struct transaction *transaction);
void transaction_rollback(struct tables *tables, struct transaction *transaction);

/* From now on what is oversold goes by what is sold of the table (row_sold), not by what is taken. */
void tables_keep_sold(struct tables *tables, uint32_t table);
/* So many units more are sold of the row of a key; negative: fewer. */
void row_sold(struct tables *tables, uint32_t table, uint64_t key, int64_t units);

/* The committed value of a row now. */
int64_t table_value(const struct tables *tables, uint32_t table, uint64_t key);
/* Units sold beyond the initial quantity, over all rows of the table, at this instant. */
uint64_t table_oversold(const struct table *table);
/* By how much committed values differ from initial - sold, over all rows, either way. */
uint64_t table_sold_gap(const struct table *table);
/* By how much committed values differ from initial - taken, over all rows, either way. */
uint64_t table_gap(const struct table *table);
/* Full scan of touched rows at the end. */
void tables_finish(struct tables *tables, sim_ns end_ns);

#endif
