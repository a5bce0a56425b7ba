/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: rows, transactions and row locks behave as InnoDB's do as far as table.h promises, and every broken
 * conservation law is seen at the commit that breaks it. Method: random transactions of several threads beside a twin
 * that keeps rows, queues and transactions in plain arrays and looks for deadlocks by walking the whole graph; then the
 * classic accidents one by one. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "models/mysql/table.h"
#include "sim/engine/random.h"

enum { THREADS = 6, TABLES = 3, KEYS = 3, NOBODY = -1 };
enum { STOCK, POINTS, COUPONS };

static const struct table_spec specs[TABLES] = {
    { .name = "stock", .key = ROW_ITEM, .rows = 3, .quantity = 10, .store = NONE },
    { .name = "points", .key = ROW_USER, .rows = 1000000, .quantity = 7, .store = 0 },
    { .name = "coupons", .key = ROW_COUPON, .rows = 1000000000, .quantity = 1, .store = NONE },
};
static const uint64_t keys[TABLES][KEYS] = { { 1, 2, 3 }, { 1, 77, 500000 }, { 5, 999999999, 123456789 } };
static const struct scenario scenario = { .n_tables = TABLES, .table = specs };

/* ---- the real tables ---- */

struct world {
    struct arena arena;
    struct sim sim;
    struct tables tables;
    struct invariants invariants;
    struct transaction transaction[THREADS];
    bool granted[THREADS];
};

static void on_granted(void *context, uint32_t thread)
{
    struct world *world = context;
    assert_false(world->granted[thread]);
    world->granted[thread] = true;
}

static struct world *world_open(void)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    arena_init(&world->arena);
    sim_init(&world->sim, &world->arena);
    invariants_init(&world->invariants);
    tables_init(&world->tables, &world->sim, &scenario, 100, THREADS, &world->invariants, on_granted, world);
    return world;
}

static void world_close(struct world *world)
{
    arena_fini(&world->arena);
    free(world);
}

static struct transaction_row *touch(struct world *world, uint32_t thread, uint32_t table, uint32_t key)
{
    struct transaction_row *touched =
        transaction_touch(&world->tables, &world->transaction[thread], table, keys[table][key]);
    assert_non_null(touched);
    return touched;
}

static uint64_t violations(const struct world *world, enum invariant_id id)
{
    return world->invariants.fact[id].violations;
}

/* ---- the twin ---- */

struct twin_row { int64_t value, taken; uint32_t version; int owner, queue[THREADS]; uint32_t n_queue; };

struct twin_touched { bool is, read, written, absolute, lost; int64_t seen, value, take; uint32_t seen_version; };

enum op { OP_READ, OP_CONDITIONAL, OP_VERSION, OP_ABSOLUTE, OP_FOR_UPDATE, OP_COMMIT, OP_ROLLBACK, OPS };

struct twin_thread {
    struct twin_touched touched[TABLES][KEYS];
    bool waits;
    uint32_t waits_table, waits_key;
    enum op op;            /* the one it waits with */
    uint32_t table, key;
    int64_t take;
    uint32_t done;         /* in this transaction */
};

struct twin {
    struct twin_row row[TABLES][KEYS];
    struct twin_thread thread[THREADS];
    uint64_t violations[INVARIANT_COUNT], writes[TABLES], lost[TABLES], deadlocks[TABLES], timeouts[TABLES],
        waits[TABLES];
    uint64_t oversold[TABLES];
};

/* Over everybody who waits, for whom, again and again. */
static bool reaches(const struct twin *twin, int from, int to)
{
    for (int steps = 0; steps < THREADS; steps++) {
        if (from == to) return true;
        const struct twin_thread *thread = &twin->thread[from];
        if (!thread->waits) return false;
        from = twin->row[thread->waits_table][thread->waits_key].owner;
    }
    return false;
}

static enum row_answer twin_lock(struct twin *twin, int thread, uint32_t table, uint32_t key)
{
    struct twin_row *row = &twin->row[table][key];
    if (row->owner == thread) return ROW_OK;
    if (row->owner == NOBODY) {
        row->owner = thread;
        twin->waits[table]++;
        return ROW_OK;
    }
    if (reaches(twin, row->owner, thread)) {
        twin->deadlocks[table]++;
        return ROW_DEADLOCK;
    }
    row->queue[row->n_queue++] = thread;
    twin->thread[thread].waits = true;
    twin->thread[thread].waits_table = table;
    twin->thread[thread].waits_key = key;
    return ROW_WAITS;
}

static void twin_release(struct twin *twin, struct world *world, int thread)
{
    for (uint32_t t = 0; t < TABLES; t++)
        for (uint32_t k = 0; k < KEYS; k++) {
            struct twin_row *row = &twin->row[t][k];
            if (row->owner != thread) continue;
            row->owner = NOBODY;
            if (row->n_queue == 0) continue;
            row->owner = row->queue[0];
            memmove(row->queue, row->queue + 1, --row->n_queue * sizeof *row->queue);
            twin->thread[row->owner].waits = false;
            twin->waits[t]++;
            assert_true(world->granted[row->owner]); /* who waited first */
        }
    memset(twin->thread[thread].touched, 0, sizeof twin->thread[thread].touched);
    twin->thread[thread].done = 0;
}

static void twin_read(struct twin *twin, int thread, uint32_t table, uint32_t key)
{
    struct twin_touched *touched = &twin->thread[thread].touched[table][key];
    touched->is = true;
    if (touched->read) return;
    touched->read = true;
    touched->seen = twin->row[table][key].value;
    touched->seen_version = twin->row[table][key].version;
}

static bool twin_write(struct twin *twin, int thread, uint32_t table, uint32_t key, enum op op, int64_t take)
{
    struct twin_touched *touched = &twin->thread[thread].touched[table][key];
    const struct twin_row *row = &twin->row[table][key];
    int64_t from = touched->written ? touched->value : op == OP_CONDITIONAL ? row->value : touched->seen;
    touched->is = true;
    if (op == OP_VERSION && row->version != touched->seen_version) return false;
    if (op != OP_VERSION && from - take < 0) return false;
    touched->value = from - take;
    touched->take += take;
    touched->written = true;
    touched->absolute |= op == OP_ABSOLUTE || op == OP_FOR_UPDATE;
    return true;
}

static int64_t above(int64_t a, int64_t b) { return a > b ? a - b : 0; }

static void twin_commit_row(struct twin *twin, struct twin_touched *touched, uint32_t table, uint32_t key)
{
    static const enum invariant_id balance[] = { INVARIANT_S1, INVARIANT_P2, INVARIANT_C5 };
    static const enum invariant_id bounds[] = { INVARIANT_S2, INVARIANT_P1, INVARIANT_C5 };
    struct twin_row *row = &twin->row[table][key];
    int64_t initial = specs[table].quantity, gap = row->value + row->taken;
    twin->oversold[table] += (uint64_t)(above(row->taken + touched->take, initial) - above(row->taken, initial));
    row->value = touched->value;
    row->taken += touched->take;
    row->version++;
    twin->writes[table]++;
    if (row->value + row->taken != gap) twin->violations[balance[table]]++;
    if (row->value < 0 || row->value > initial) twin->violations[bounds[table]]++;
    if (table == COUPONS && row->taken > initial) twin->violations[INVARIANT_C1]++;
}

/* ---- both ---- */

static uint32_t below(uint64_t *state, uint32_t n)
{
    *state += 0x9e3779b97f4a7c15u;
    return (uint32_t)((random_mix(*state) >> 32) * n >> 32);
}

static void roll_back(struct world *world, struct twin *twin, uint32_t thread)
{
    transaction_rollback(&world->tables, &world->transaction[thread]);
    twin_release(twin, world, (int)thread);
}

/* True when the lock is there; else the thread waits, or has been rolled back. */
static bool lock_both(struct world *world, struct twin *twin, uint32_t thread, uint32_t table, uint32_t key)
{
    enum row_answer answer = row_lock(&world->tables, touch(world, thread, table, key), thread);
    assert_int_equal(answer, twin_lock(twin, (int)thread, table, key));
    if (answer == ROW_DEADLOCK) roll_back(world, twin, thread);
    return answer == ROW_OK;
}

/* What an entity manager holds back goes out row by row, in the order in which rows were touched. */
static bool send_all(struct world *world, struct twin *twin, uint32_t thread)
{
    struct transaction *transaction = &world->transaction[thread];
    for (uint32_t i = 0; i < transaction->n_rows; i++) {
        struct transaction_row *row = &transaction->row[i];
        if (!row->absolute) continue;
        uint32_t key = 0;
        while (world->tables.table[row->table].row[row->row].key != keys[row->table][key] + 1) key++;
        struct twin_touched *touched = &twin->thread[thread].touched[row->table][key];
        assert_true(touched->absolute);
        uint32_t table = row->table;
        if (!lock_both(world, twin, thread, table, key)) return false;
        touched->lost |= twin->row[table][key].value != touched->seen;
        touched->absolute = false;
        row_send_absolute(&world->tables, row);
    }
    return true;
}

static void commit_both(struct world *world, struct twin *twin, uint32_t thread)
{
    struct twin_thread *twin_thread = &twin->thread[thread];
    if (!send_all(world, twin, thread)) return;
    for (uint32_t t = 0; t < TABLES; t++)
        for (uint32_t k = 0; k < KEYS; k++)
            if (twin_thread->touched[t][k].lost) {
                twin->lost[t]++;
                twin->violations[INVARIANT_S3]++;
            }
    for (uint32_t t = 0; t < TABLES; t++)
        for (uint32_t k = 0; k < KEYS; k++)
            if (twin_thread->touched[t][k].written) twin_commit_row(twin, &twin_thread->touched[t][k], t, k);
    transaction_commit(&world->tables, &world->transaction[thread]);
    twin_release(twin, world, (int)thread);
}

static void write_both(struct world *world, struct twin *twin, uint32_t thread)
{
    struct twin_thread *t = &twin->thread[thread];
    struct transaction_row *touched = touch(world, thread, t->table, t->key);
    if (t->op == OP_VERSION || t->op == OP_ABSOLUTE) {
        transaction_read(&world->tables, &world->transaction[thread], touched);
        twin_read(twin, (int)thread, t->table, t->key);
    }
    if (t->op != OP_ABSOLUTE && !lock_both(world, twin, thread, t->table, t->key)) return;
    if (t->op == OP_FOR_UPDATE) {
        transaction_read_locked(&world->tables, touched);
        twin_read(twin, (int)thread, t->table, t->key);
    }
    bool done = t->op == OP_CONDITIONAL ? row_write_conditional(&world->tables, touched, t->take)
                : t->op == OP_VERSION   ? row_write_version(&world->tables, touched, t->take)
                                        : row_write_absolute(touched, t->take);
    assert_int_equal(done, twin_write(twin, (int)thread, t->table, t->key, t->op, t->take));
    if (!done) roll_back(world, twin, thread);
}

static void go_on(struct world *world, struct twin *twin, uint32_t thread)
{
    struct twin_thread *t = &twin->thread[thread];
    t->done++;
    switch (t->op) {
    case OP_READ:
        transaction_read(&world->tables, &world->transaction[thread], touch(world, thread, t->table, t->key));
        twin_read(twin, (int)thread, t->table, t->key);
        assert_int_equal(touch(world, thread, t->table, t->key)->seen, t->touched[t->table][t->key].seen);
        break;
    case OP_COMMIT: commit_both(world, twin, thread); break;
    case OP_ROLLBACK: roll_back(world, twin, thread); break;
    case OP_CONDITIONAL:
    case OP_VERSION:
    case OP_ABSOLUTE:
    case OP_FOR_UPDATE:
    case OPS: write_both(world, twin, thread);
    }
}

static void one_move(struct world *world, struct twin *twin, uint64_t *state, bool locks_well)
{
    uint32_t thread = below(state, THREADS);
    struct twin_thread *t = &twin->thread[thread];
    world->sim.now_ns += below(state, 3);
    if (t->waits) {
        if (below(state, 8) > 0) return;
        row_lock_leave(&world->tables, thread);
        struct twin_row *row = &twin->row[t->waits_table][t->waits_key];
        uint32_t k = 0;
        while (row->queue[k] != (int)thread) k++;
        memmove(row->queue + k, row->queue + k + 1, (--row->n_queue - k) * sizeof *row->queue);
        twin->timeouts[t->waits_table]++;
        twin->waits[t->waits_table]++;
        t->waits = false;
        roll_back(world, twin, thread);
        return;
    }
    if (world->granted[thread]) { /* the same step once more, with the lock */
        world->granted[thread] = false;
        go_on(world, twin, thread);
        return;
    }
    t->op = (enum op)below(state, OPS);
    if (t->done > 3) t->op = OP_COMMIT;
    if (locks_well && t->op == OP_ABSOLUTE) t->op = OP_CONDITIONAL;
    t->table = below(state, TABLES);
    t->key = below(state, KEYS);
    t->take = (int64_t)below(state, 4) - (locks_well ? 0 : 1);
    if (locks_well && t->op == OP_FOR_UPDATE && t->touched[t->table][t->key].read)
        t->op = OP_CONDITIONAL; /* read too early */
    go_on(world, twin, thread);
}

static void compare(const struct world *world, const struct twin *twin)
{
    for (uint32_t t = 0; t < TABLES; t++) {
        const struct table *table = &world->tables.table[t];
        for (uint32_t i = 0; i < table->n_rows; i++) {
            const struct row *row = &table->row[i];
            if (row->key == 0) continue;
            uint32_t k = 0;
            while (keys[t][k] + 1 != row->key) k++;
            assert_int_equal(specs[t].quantity + row->change, twin->row[t][k].value);
            assert_int_equal(row->taken, twin->row[t][k].taken);
            assert_int_equal(row->version, twin->row[t][k].version);
            assert_int_equal((int)row->owner - 1, twin->row[t][k].owner);
        }
        assert_int_equal(table->fact.writes, twin->writes[t]);
        assert_int_equal(table->fact.lost_updates, twin->lost[t]);
        assert_int_equal(table->fact.deadlocks, twin->deadlocks[t]);
        assert_int_equal(table->fact.lock_timeouts, twin->timeouts[t]);
        assert_int_equal(table->fact.wait.n, twin->waits[t]);
        assert_int_equal(table_oversold(table), twin->oversold[t]);
    }
    for (int i = 0; i < INVARIANT_COUNT; i++)
        assert_int_equal(world->invariants.fact[i].violations, twin->violations[i]);
}

static void test_against_the_twin(void **state)
{
    uint64_t seen_deadlocks = 0, seen_lost = 0, seen_timeouts = 0, seen_oversold = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct world *world = world_open();
        struct twin *twin = calloc(1, sizeof *twin);
        uint64_t random = seed;
        assert_non_null(twin);
        for (uint32_t t = 0; t < TABLES; t++)
            for (uint32_t k = 0; k < KEYS; k++)
                twin->row[t][k] = (struct twin_row){ .value = specs[t].quantity, .owner = NOBODY };
        for (int i = 0; i < 2000; i++) {
            one_move(world, twin, &random, seed % 2);
            compare(world, twin);
        }
        for (uint32_t t = 0; t < TABLES; t++) {
            seen_deadlocks += twin->deadlocks[t];
            seen_lost += twin->lost[t];
            seen_timeouts += twin->timeouts[t];
            seen_oversold += twin->oversold[t];
        }
        /* Without absolute values from a read before the lock nothing is lost. */
        if (seed % 2) assert_int_equal(twin->violations[INVARIANT_S3] + twin->violations[INVARIANT_S1], 0);
        free(twin);
        world_close(world);
    }
    assert_true(seen_deadlocks > 100 && seen_lost > 100 && seen_timeouts > 100 && seen_oversold > 0);
}

/* ---- the classic accidents ---- */

/* Two read 10 and write what is left of it: both orders are reserved, the row went down once. */
static void test_lost_update(void **state)
{
    struct world *world = world_open();
    (void)state;
    for (uint32_t thread = 0; thread < 2; thread++)
        transaction_read(&world->tables, &world->transaction[thread], touch(world, thread, STOCK, 0));
    for (uint32_t thread = 0; thread < 2; thread++) {
        struct transaction_row *row = touch(world, thread, STOCK, 0);
        row->order_id = 41 + thread;
        assert_true(row_write_absolute(row, 3));
        assert_int_equal(row_lock(&world->tables, row, thread), ROW_OK);
        row_send_absolute(&world->tables, row);
        transaction_commit(&world->tables, &world->transaction[thread]);
        if (thread == 0) assert_int_equal(violations(world, INVARIANT_S3) + violations(world, INVARIANT_S1), 0);
    }
    assert_int_equal(world->tables.table[STOCK].fact.lost_updates, 1);
    assert_int_equal(violations(world, INVARIANT_S3), 1);
    assert_int_equal(violations(world, INVARIANT_S1), 1);
    assert_int_equal(world->invariants.fact[INVARIANT_S3].first_order_id, 42);
    assert_int_equal(violations(world, INVARIANT_S2), 0); /* hidden: the quantity looks healthy */
    world_close(world);
}

/* The second one's statement is sent, and then rolled back: the row holds what the first one wrote, and nothing is
 * lost. A third that commits over both reads loses the one update that there is. */
static void test_a_rolled_back_update_loses_nothing(void **state)
{
    struct world *world = world_open();
    (void)state;
    for (uint32_t thread = 0; thread < 3; thread++) {
        struct transaction_row *row = touch(world, thread, STOCK, 0);
        transaction_read(&world->tables, &world->transaction[thread], row);
        assert_true(row_write_absolute(row, 3));
    }
    for (uint32_t thread = 0; thread < 3; thread++) {
        struct transaction_row *row = touch(world, thread, STOCK, 0);
        assert_int_equal(row_lock(&world->tables, row, thread), ROW_OK);
        assert_int_equal(row_send_absolute(&world->tables, row), thread == 0);
        if (thread == 1) transaction_rollback(&world->tables, &world->transaction[thread]);
        else transaction_commit(&world->tables, &world->transaction[thread]);
        assert_int_equal(world->tables.table[STOCK].fact.lost_updates, thread == 2);
        assert_int_equal(violations(world, INVARIANT_S3), thread == 2);
        assert_int_equal(violations(world, INVARIANT_S1), thread == 2);
    }
    world_close(world);
}

/* The same with versions: the second is refused, and nothing is lost. */
static void test_version_conflict(void **state)
{
    struct world *world = world_open();
    (void)state;
    for (uint32_t thread = 0; thread < 2; thread++)
        transaction_read(&world->tables, &world->transaction[thread], touch(world, thread, STOCK, 0));
    assert_int_equal(row_lock(&world->tables, touch(world, 0, STOCK, 0), 0), ROW_OK);
    assert_true(row_write_version(&world->tables, touch(world, 0, STOCK, 0), 3));
    assert_int_equal(row_lock(&world->tables, touch(world, 1, STOCK, 0), 1), ROW_WAITS); /* for the winner's commit */
    transaction_commit(&world->tables, &world->transaction[0]);
    assert_true(world->granted[1]);
    assert_int_equal(row_lock(&world->tables, touch(world, 1, STOCK, 0), 1), ROW_OK);
    assert_false(row_write_version(&world->tables, touch(world, 1, STOCK, 0), 3));
    transaction_rollback(&world->tables, &world->transaction[1]);
    assert_int_equal(violations(world, INVARIANT_S1) + violations(world, INVARIANT_S3), 0);
    assert_int_equal(world->tables.table[STOCK].row[1].owner, 0);
    world_close(world);
}

/* An entity changed twice in one transaction keeps both changes, in every style. */
static void test_two_writes_of_one_row(void **state)
{
    (void)state;
    for (int style = 0; style < 3; style++) {
        struct world *world = world_open();
        struct transaction_row *row = touch(world, 0, STOCK, 1);
        transaction_read(&world->tables, &world->transaction[0], row);
        assert_int_equal(row_lock(&world->tables, row, 0), ROW_OK);
        for (int i = 0; i < 2; i++)
            assert_true(style == 0 ? row_write_conditional(&world->tables, row, 2) :
                        style == 1 ? row_write_version(&world->tables, row, 2) : row_write_absolute(row, 2));
        if (style == 2) row_send_absolute(&world->tables, row);
        transaction_commit(&world->tables, &world->transaction[0]);
        transaction_read(&world->tables, &world->transaction[1], touch(world, 1, STOCK, 1));
        assert_int_equal(touch(world, 1, STOCK, 1)->seen, 6);
        assert_int_equal(violations(world, INVARIANT_S1), 0);
        world_close(world);
    }
}

/* The first read is what a transaction goes on seeing. */
static void test_snapshot(void **state)
{
    struct world *world = world_open();
    (void)state;
    transaction_read(&world->tables, &world->transaction[0], touch(world, 0, STOCK, 0));
    assert_int_equal(row_lock(&world->tables, touch(world, 1, STOCK, 0), 1), ROW_OK);
    assert_true(row_write_conditional(&world->tables, touch(world, 1, STOCK, 0), 4));
    transaction_commit(&world->tables, &world->transaction[1]);
    transaction_read(&world->tables, &world->transaction[0], touch(world, 0, STOCK, 0));
    assert_int_equal(touch(world, 0, STOCK, 0)->seen, 10);
    transaction_rollback(&world->tables, &world->transaction[0]);
    transaction_read(&world->tables, &world->transaction[0], touch(world, 0, STOCK, 0));
    assert_int_equal(touch(world, 0, STOCK, 0)->seen, 6);
    world_close(world);
}

static void take(struct world *world, uint32_t thread, uint32_t table, uint32_t key, int64_t n)
{
    assert_int_equal(row_lock(&world->tables, touch(world, thread, table, key), thread), ROW_OK);
    assert_true(row_write_conditional(&world->tables, touch(world, thread, table, key), n));
    transaction_commit(&world->tables, &world->transaction[thread]);
}

static int64_t read_now(struct world *world, uint32_t thread, uint32_t table, uint32_t key)
{
    struct transaction_row *touched = touch(world, thread, table, key);
    transaction_read(&world->tables, &world->transaction[thread], touched);
    return touched->seen;
}

/* At REPEATABLE READ the first read fixes what later ones of other rows see, whoever commits what in between; a view
 * that was opened later sees more. Each view is checked against what stood there when it was opened. */
static void test_views(void **state)
{
    struct world *world = world_open();
    (void)state;
    tables_keep_past(&world->tables);
    transaction_view(&world->tables, &world->transaction[0], STOCK); /* stock 0: 10, stock 1: 10 */
    take(world, 2, STOCK, 0, 1);
    take(world, 2, STOCK, 0, 1);
    transaction_view(&world->tables, &world->transaction[1], STOCK); /* 8, 10 */
    take(world, 2, STOCK, 0, 3);
    take(world, 2, STOCK, 1, 4);
    assert_int_equal(read_now(world, 0, STOCK, 0), 10);
    assert_int_equal(read_now(world, 0, STOCK, 1), 10);
    assert_int_equal(read_now(world, 1, STOCK, 0), 8);
    assert_int_equal(read_now(world, 1, STOCK, 1), 10);
    assert_int_equal(read_now(world, 2, STOCK, 1), 6);
    assert_int_equal(touch(world, 1, STOCK, 0)->seen_version, 2);
    /* A locking read sees the present, but not where the entity manager has the row already. */
    transaction_rollback(&world->tables, &world->transaction[1]);
    transaction_view(&world->tables, &world->transaction[1], STOCK);
    take(world, 2, STOCK, 0, 1);
    transaction_read_locked(&world->tables, touch(world, 1, STOCK, 0));
    assert_int_equal(touch(world, 1, STOCK, 0)->seen, 4);
    transaction_rollback(&world->tables, &world->transaction[0]);
    transaction_rollback(&world->tables, &world->transaction[1]);
    transaction_rollback(&world->tables, &world->transaction[2]);
    assert_int_equal(world->tables.n_views, 0);
    assert_null(world->tables.kept); /* and nothing is kept for nobody */
    transaction_view(&world->tables, &world->transaction[0], STOCK);
    take(world, 2, STOCK, 0, 1);
    assert_int_equal(read_now(world, 0, STOCK, 0), 4);
    transaction_rollback(&world->tables, &world->transaction[0]);
    /* What was kept of one row is used again for another one: the first must not see it. */
    transaction_view(&world->tables, &world->transaction[0], STOCK);
    take(world, 2, STOCK, 1, 1);
    assert_int_equal(read_now(world, 0, STOCK, 0), 3);
    assert_int_equal(read_now(world, 0, STOCK, 1), 6);
    transaction_rollback(&world->tables, &world->transaction[0]);
    world_close(world);
}

/* A view is one of a server: what a transaction reads at another one it sees as it is when it reads first there. */
static void test_views_of_two_servers(void **state)
{
    struct world *world = world_open();
    (void)state;
    tables_keep_past(&world->tables);
    transaction_view(&world->tables, &world->transaction[0], STOCK);
    take(world, 2, STOCK, 0, 1);
    take(world, 2, POINTS, 0, 1);
    assert_int_equal(read_now(world, 0, POINTS, 0), 6);
    transaction_view(&world->tables, &world->transaction[0], POINTS);
    take(world, 2, POINTS, 1, 2);
    take(world, 2, STOCK, 1, 2);
    transaction_view(&world->tables, &world->transaction[0], STOCK); /* is there already */
    assert_int_equal(read_now(world, 0, POINTS, 1), 7);
    assert_int_equal(read_now(world, 0, STOCK, 0), 10);
    assert_int_equal(read_now(world, 0, STOCK, 1), 10);
    assert_int_equal(world->tables.n_views, 1);
    transaction_rollback(&world->tables, &world->transaction[0]);
    assert_int_equal(world->tables.n_views, 0);
    assert_null(world->tables.kept);
    world_close(world);
}

/* A row refuses tokens older than the greatest that has written, or announced itself; a rollback leaves no token. */
static void test_fences(void **state)
{
    struct world *world = world_open();
    (void)state;
    tables_keep_fences(&world->tables);
    struct transaction_row *row = touch(world, 0, STOCK, 0);
    assert_int_equal(row_lock(&world->tables, row, 0), ROW_OK);
    assert_true(row_fence_passes(&world->tables, row, 7));
    row->token = 7;
    assert_true(row_write_conditional(&world->tables, row, 1));
    transaction_rollback(&world->tables, &world->transaction[0]);
    row = touch(world, 0, STOCK, 0);
    assert_true(row_fence_passes(&world->tables, row, 1));
    assert_int_equal(row_lock(&world->tables, row, 0), ROW_OK);
    row->token = 5;
    assert_true(row_write_conditional(&world->tables, row, 1));
    transaction_commit(&world->tables, &world->transaction[0]);
    row = touch(world, 1, STOCK, 0);
    assert_false(row_fence_passes(&world->tables, row, 4));
    assert_true(row_fence_passes(&world->tables, row, 5));
    assert_int_equal(row_lock(&world->tables, row, 1), ROW_OK);
    row_fence_announce(&world->tables, row, 9);
    row_unlock_early(&world->tables, row);
    assert_int_equal(row_lock(&world->tables, touch(world, 0, STOCK, 0), 0), ROW_OK); /* free again at once */
    assert_false(row_fence_passes(&world->tables, touch(world, 0, STOCK, 0), 8));
    assert_true(row_fence_passes(&world->tables, touch(world, 0, STOCK, 1), 1));      /* and no other row knows */
    transaction_rollback(&world->tables, &world->transaction[0]);
    transaction_rollback(&world->tables, &world->transaction[1]);
    world_close(world);
}

static uint32_t weight(void *context, uint32_t thread)
{
    return transaction_weight(&((struct world *)context)->transaction[thread]);
}

static uint32_t victim;
static void on_victim(void *context, uint32_t thread)
{
    (void)context;
    victim = thread;
}

/* The lighter of two is rolled back although the heavier one closes the circle, which then waits and is granted. */
static void test_lightest_victim(void **state)
{
    struct world *world = world_open();
    (void)state;
    world->tables.weight = weight;
    world->tables.victim = on_victim;
    victim = NONE;
    assert_int_equal(row_lock(&world->tables, touch(world, 0, STOCK, 0), 0), ROW_OK);
    assert_true(row_write_conditional(&world->tables, touch(world, 0, STOCK, 0), 1));
    assert_int_equal(row_lock(&world->tables, touch(world, 1, STOCK, 1), 1), ROW_OK);
    assert_int_equal(row_lock(&world->tables, touch(world, 1, STOCK, 0), 1), ROW_WAITS);
    assert_int_equal(row_lock(&world->tables, touch(world, 0, STOCK, 1), 0), ROW_WAITS);
    assert_int_equal(victim, 1);
    /* Before the victim has left, at the same instant, somebody else comes to the circle, and is not part of it. */
    assert_int_equal(row_lock(&world->tables, touch(world, 2, STOCK, 0), 2), ROW_WAITS);
    assert_true(row_lock_victim(&world->tables, 1));
    transaction_rollback(&world->tables, &world->transaction[1]);
    assert_true(world->granted[0]);
    transaction_commit(&world->tables, &world->transaction[0]);
    assert_true(world->granted[2]);
    world_close(world);
}

/* Two rows in opposite order: who closes the circle is the victim, the other goes on. */
static void test_deadlock(void **state)
{
    struct world *world = world_open();
    (void)state;
    assert_int_equal(row_lock(&world->tables, touch(world, 0, STOCK, 0), 0), ROW_OK);
    assert_int_equal(row_lock(&world->tables, touch(world, 1, POINTS, 1), 1), ROW_OK);
    assert_int_equal(row_lock(&world->tables, touch(world, 2, COUPONS, 2), 2), ROW_OK);
    assert_int_equal(row_lock(&world->tables, touch(world, 0, POINTS, 1), 0), ROW_WAITS);
    assert_int_equal(row_lock(&world->tables, touch(world, 1, COUPONS, 2), 1), ROW_WAITS);
    assert_int_equal(row_lock(&world->tables, touch(world, 2, STOCK, 0), 2), ROW_DEADLOCK);
    transaction_rollback(&world->tables, &world->transaction[2]);
    assert_true(world->granted[1]);
    assert_false(world->granted[0]);
    assert_int_equal(world->tables.table[STOCK].fact.deadlocks, 1);
    world_close(world);
}

/* First come, first served; who gives up leaves no gap. */
static void test_queue_and_time_out(void **state)
{
    struct world *world = world_open();
    (void)state;
    assert_int_equal(row_lock(&world->tables, touch(world, 0, STOCK, 0), 0), ROW_OK);
    for (uint32_t thread = 1; thread < 5; thread++)
        assert_int_equal(row_lock(&world->tables, touch(world, thread, STOCK, 0), thread), ROW_WAITS);
    world->sim.now_ns = 50;
    row_lock_leave(&world->tables, 2);
    static const uint32_t order[] = { 1, 3, 4 };
    transaction_commit(&world->tables, &world->transaction[0]);
    for (int i = 0; i < 3; i++) {
        assert_true(world->granted[order[i]]);
        assert_int_equal(row_lock(&world->tables, touch(world, order[i], STOCK, 0), order[i]), ROW_OK);
        world->sim.now_ns += 10;
        transaction_rollback(&world->tables, &world->transaction[order[i]]);
    }
    assert_false(world->granted[2]);
    const struct table_facts *fact = &world->tables.table[STOCK].fact;
    assert_int_equal(fact->lock_timeouts, 1);
    assert_int_equal(fact->wait.n, 5);
    assert_int_equal((int64_t)fact->wait.sum_ns, 0 + 50 + 50 + 60 + 70);
    world_close(world);
}

/* Whoever gets a row and has no use for it any more gives it on at the end of its transaction, as all do. */
static void test_a_grant_that_is_not_taken_up(void **state)
{
    struct world *world = world_open();
    (void)state;
    assert_int_equal(row_lock(&world->tables, touch(world, 0, STOCK, 0), 0), ROW_OK);
    for (uint32_t thread = 1; thread < 4; thread++)
        assert_int_equal(row_lock(&world->tables, touch(world, thread, STOCK, 0), thread), ROW_WAITS);
    transaction_commit(&world->tables, &world->transaction[0]);
    transaction_rollback(&world->tables, &world->transaction[1]);
    assert_true(world->granted[2]);
    transaction_commit(&world->tables, &world->transaction[2]);
    assert_true(world->granted[3]);
    transaction_rollback(&world->tables, &world->transaction[3]);
    assert_int_equal(row_lock(&world->tables, touch(world, 4, STOCK, 0), 4), ROW_OK);
    transaction_rollback(&world->tables, &world->transaction[4]);
    tables_finish(&world->tables, 9);
    assert_int_equal(violations(world, INVARIANT_X4), 0);
    world_close(world);
}

/* What is given back twice inflates the row; a coupon used twice has two holders. */
static void test_bounds(void **state)
{
    struct world *world = world_open();
    (void)state;
    assert_int_equal(row_lock(&world->tables, touch(world, 0, STOCK, 0), 0), ROW_OK);
    assert_true(row_write_conditional(&world->tables, touch(world, 0, STOCK, 0), -2));
    assert_false(row_write_conditional(&world->tables, touch(world, 0, STOCK, 0), 13));
    transaction_commit(&world->tables, &world->transaction[0]);
    assert_int_equal(violations(world, INVARIANT_S2), 1);
    assert_int_equal(violations(world, INVARIANT_S1), 0);
    for (uint32_t thread = 0; thread < 2; thread++)
        transaction_read(&world->tables, &world->transaction[thread], touch(world, thread, COUPONS, 0));
    for (uint32_t thread = 0; thread < 2; thread++) {
        struct transaction_row *row = touch(world, thread, COUPONS, 0);
        assert_true(row_write_absolute(row, 1));
        assert_int_equal(row_lock(&world->tables, row, thread), ROW_OK);
        row_send_absolute(&world->tables, row);
        transaction_commit(&world->tables, &world->transaction[thread]);
    }
    assert_int_equal(violations(world, INVARIANT_C1), 1);
    assert_int_equal(violations(world, INVARIANT_C5), 1);
    assert_int_equal(table_oversold(&world->tables.table[COUPONS]), 1);
    world_close(world);
}

static void test_no_such_row(void **state)
{
    static const struct table_spec empty = { .name = "coupons", .key = ROW_COUPON, .rows = 0, .store = NONE };
    const struct scenario without = { .n_tables = 1, .table = &empty };
    struct world *world = world_open();
    (void)state;
    assert_null(transaction_touch(&world->tables, &world->transaction[0], STOCK, 4));
    assert_null(transaction_touch(&world->tables, &world->transaction[0], POINTS, 1000001));
    assert_non_null(transaction_touch(&world->tables, &world->transaction[0], POINTS, 1000000));
    tables_init(&world->tables, &world->sim, &without, 100, THREADS, &world->invariants, on_granted, world);
    assert_null(transaction_touch(&world->tables, &world->transaction[1], 0, 0));
    assert_null(transaction_touch(&world->tables, &world->transaction[1], 0, 1));
    world_close(world);
}

/* At the end: a row that somebody still holds is found, and versions count commits. */
static void test_finish(void **state)
{
    struct world *world = world_open();
    (void)state;
    assert_int_equal(row_lock(&world->tables, touch(world, 0, POINTS, 2), 0), ROW_OK);
    assert_true(row_write_conditional(&world->tables, touch(world, 0, POINTS, 2), 1));
    tables_finish(&world->tables, 9);
    assert_int_equal(violations(world, INVARIANT_X4), 1);
    transaction_commit(&world->tables, &world->transaction[0]);
    invariants_init(&world->invariants);
    tables_finish(&world->tables, 9);
    assert_int_equal(violations(world, INVARIANT_X4) + violations(world, INVARIANT_C4), 0);
    world_close(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_the_twin),   cmocka_unit_test(test_lost_update),
        cmocka_unit_test(test_a_rolled_back_update_loses_nothing),
        cmocka_unit_test(test_version_conflict),   cmocka_unit_test(test_two_writes_of_one_row),
        cmocka_unit_test(test_snapshot), cmocka_unit_test(test_views), cmocka_unit_test(test_fences),
        cmocka_unit_test(test_views_of_two_servers),
        cmocka_unit_test(test_lightest_victim),           cmocka_unit_test(test_deadlock),
        cmocka_unit_test(test_queue_and_time_out), cmocka_unit_test(test_a_grant_that_is_not_taken_up),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_no_such_row),        cmocka_unit_test(test_finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
