/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: rows and transactions in the model (models/mysql) do what InnoDB does: the same row counts, the same reads, the
 * same waits, deadlocks and time-outs, the same values in the end.
 * Method: random interleavings of two to four connections over a few rows, one statement at a time in an order that the
 * test draws: snapshot reads, locking reads, and the four write styles, then commit or rollback. Before a statement is
 * sent the model says what will come of it: an answer, a wait for a row lock, or a deadlock; then the server must say
 * the same. A wait is right when no answer has come after a few milliseconds and one comes as soon as the model grants
 * the row. On a busy machine two statements sent that close to one another may reach the row in the other order: an
 * interleaving that went otherwise is played once more, slowly, and counts as it goes then.
 * Lock-wait time-outs take a second each in the server, so a number of them are played side by side at the end.
 * The server is MariaDB, with innodb_snapshot_isolation off, as MySQL has it.
 *
 *   mariadb_rows SOCKET INTERLEAVINGS TIMEOUTS SEED */
#include <mariadb/mysql.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "models/invariant.h"
#include "models/mysql/table.h"
#include "sim/engine/arena.h"
#include "sim/engine/sim.h"

enum { CONNECTIONS = 4, ROWS = 3, QUANTITY = 10, STATEMENTS = 24, QUIET_MS = 3, SLOW_MS = 60, PATIENCE_MS = 2000 };
enum { ERROR_DEADLOCK = 1213, ERROR_TIMEOUT = 1205 };

enum op { OP_READ, OP_READ_LOCKED, OP_CONDITIONAL, OP_VERSION, OP_ABSOLUTE, OP_COMMIT, OP_ROLLBACK, OP_KINDS };
static const char *const op_name[OP_KINDS] = { "read", "read locked", "conditional", "version", "absolute", "commit",
                                               "rollback" };

struct connection {
    MYSQL *mysql;
    struct transaction transaction;
    bool waits;                   /* the model says so */
    bool used;                    /* a statement of its transaction has been sent */
    enum op op;                   /* the one at hand */
    struct transaction_row *row;
    int64_t take;
};

/* What a statement came to. */
struct answer { bool ok; unsigned error; int64_t affected, value, version; };

struct play {
    struct arena arena;
    struct sim sim;
    struct invariants invariants;
    struct scenario scenario;
    struct table_spec spec;
    struct tables tables;
    struct connection connection[CONNECTIONS];
    uint32_t n_connections;
    uint64_t state;
    uint32_t granted[CONNECTIONS], n_granted;
    uint32_t victim;              /* of a deadlock that another connection has closed; NONE */
    bool broken, slow;
    char told[4096];
    size_t n_told;
};

static MYSQL *connections[CONNECTIONS];
static uint64_t n_of[OP_KINDS], n_waits, n_deadlocks, n_timeouts, n_conflicts, n_again, n_failed;

static uint32_t draw(struct play *play, uint32_t n)
{
    play->state = random_mix(play->state + 1);
    return (uint32_t)(play->state % n);
}

/* What happened so far, shown when it goes wrong. */
__attribute__((format(printf, 2, 3))) static void tell(struct play *play, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(play->told + play->n_told, sizeof play->told - play->n_told, format, args);
    va_end(args);
    if (n > 0 && play->n_told + (size_t)n < sizeof play->told) play->n_told += (size_t)n;
}

__attribute__((format(printf, 2, 3))) static void wrong(struct play *play, const char *format, ...)
{
    va_list args;
    if (play->broken) return;
    play->broken = true;
    if (!play->slow || n_failed++ >= 5) return;
    printf("--- this went otherwise:\n%s", play->told);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
}

static void give_up(MYSQL *mysql, const char *what)
{
    fprintf(stderr, "mariadb_rows: %s: %s\n", what, mysql_error(mysql));
    exit(1);
}

/* ---- the server ---- */

static void run_now(MYSQL *mysql, const char *sql)
{
    if (mysql_query(mysql, sql)) give_up(mysql, sql);
}

static bool has_answered(MYSQL *mysql, int within_ms)
{
    struct pollfd fd = { .fd = mysql_get_socket(mysql), .events = POLLIN };
    return poll(&fd, 1, within_ms) > 0;
}

static struct answer receive(MYSQL *mysql)
{
    struct answer answer = { .ok = mysql_read_query_result(mysql) == 0 };
    if (!answer.ok) {
        answer.error = mysql_errno(mysql);
        return answer;
    }
    MYSQL_RES *result = mysql_store_result(mysql);
    if (!result) {
        answer.affected = (int64_t)mysql_affected_rows(mysql);
        return answer;
    }
    MYSQL_ROW row = mysql_fetch_row(result);
    if (row) {
        answer.value = atoll(row[0]);
        answer.version = atoll(row[1]);
    }
    mysql_free_result(result);
    return answer;
}

static void send_statement(struct play *play, struct connection *connection)
{
    char sql[200];
    const struct transaction_row *row = connection->row;
    int key = row ? (int)play->tables.table[0].row[row->row].key - 1 : 0;
    long long take = connection->take;
    switch (connection->op) {
    case OP_READ: snprintf(sql, sizeof sql, "SELECT q, v FROM stock WHERE id = %d", 2 * key); break;
    case OP_READ_LOCKED: snprintf(sql, sizeof sql, "SELECT q, v FROM stock WHERE id = %d FOR UPDATE", 2 * key); break;
    case OP_CONDITIONAL:
        snprintf(sql, sizeof sql, "UPDATE stock SET q = q - %lld, v = v + 1 WHERE id = %d AND q >= %lld", take, 2 * key,
                 take);
        break;
    case OP_VERSION:
        snprintf(sql, sizeof sql, "UPDATE stock SET q = %lld, v = v + 1 WHERE id = %d AND v = %u",
                 (long long)row->seen - take, 2 * key, row->seen_version);
        break;
    case OP_ABSOLUTE:
        snprintf(sql, sizeof sql, "UPDATE stock SET q = %lld, v = v + 1 WHERE id = %d", (long long)row->seen - take,
                 2 * key);
        break;
    case OP_COMMIT: snprintf(sql, sizeof sql, "COMMIT"); break;
    case OP_ROLLBACK:
    case OP_KINDS: snprintf(sql, sizeof sql, "ROLLBACK"); break;
    }
    tell(play, "  %d: %s\n", (int)(connection - play->connection), sql);
    if (mysql_send_query(connection->mysql, sql, strlen(sql))) give_up(connection->mysql, sql);
}

/* ---- what the model says, beside what the server says ---- */

static void expect(struct play *play, const struct connection *connection, const char *what, int64_t model,
                   int64_t server)
{
    if (model != server)
        wrong(play, "%s of connection %d: %s is %lld in the model, %lld at the server", op_name[connection->op],
              (int)(connection - play->connection), what, (long long)model, (long long)server);
}

static void after_end(struct play *play, struct connection *connection);

/* The statement has its row lock, or needs none: what it does, and what the server has answered. */
static void finish(struct play *play, struct connection *connection)
{
    struct tables *tables = &play->tables;
    struct transaction_row *row = connection->row;
    bool first = row && !row->read;
    if (!has_answered(connection->mysql, PATIENCE_MS)) {
        for (uint32_t i = 0; i < play->n_connections; i++)
            if (play->connection[i].waits && has_answered(play->connection[i].mysql, 0))
                tell(play, "  %u: has answered, and waits in the model\n", i);
        wrong(play, "no answer to the %s of connection %d", op_name[connection->op],
              (int)(connection - play->connection));
        return;
    }
    struct answer answer = receive(connection->mysql);
    tell(play, "  %d: %s, %lld rows, value %lld, version %lld\n", (int)(connection - play->connection),
         answer.ok ? "ok" : mysql_error(connection->mysql), (long long)answer.affected, (long long)answer.value,
         (long long)answer.version);
    if (!answer.ok) {
        wrong(play, "error %u where the model has none", answer.error);
        return;
    }
    switch (connection->op) {
    case OP_READ:
        transaction_read(tables, &connection->transaction, row);
        expect(play, connection, "the value", row->seen, answer.value);
        expect(play, connection, "the version", row->seen_version, answer.version);
        break;
    case OP_READ_LOCKED:
        transaction_read_locked(tables, row);
        if (!first) break; /* the entity manager keeps what it has */
        expect(play, connection, "the value", row->seen, answer.value);
        expect(play, connection, "the version", row->seen_version, answer.version);
        break;
    case OP_CONDITIONAL:
        expect(play, connection, "the row count", row_write_conditional(tables, row, connection->take),
               answer.affected);
        break;
    case OP_VERSION: {
        bool written = row_write_version(tables, row, connection->take);
        n_conflicts += !written;
        expect(play, connection, "the row count", written, answer.affected);
        break;
    }
    case OP_ABSOLUTE:
        row_send_absolute(tables, row);
        expect(play, connection, "the row count", 1, answer.affected);
        break;
    case OP_COMMIT:
    case OP_ROLLBACK: after_end(play, connection); break;
    case OP_KINDS: break;
    }
}

/* Those who were granted a row go on, in the order of the grants. */
static void go_on(struct play *play)
{
    for (uint32_t i = 0; i < play->n_granted && !play->broken; i++) {
        struct connection *connection = &play->connection[play->granted[i]];
        connection->waits = false;
        finish(play, connection);
    }
    play->n_granted = 0;
}

static void on_granted(void *context, uint32_t thread)
{
    struct play *play = context;
    play->granted[play->n_granted++] = thread;
}

static void after_end(struct play *play, struct connection *connection)
{
    if (connection->op == OP_COMMIT) transaction_commit(&play->tables, &connection->transaction);
    else transaction_rollback(&play->tables, &connection->transaction);
    connection->used = false;
    go_on(play);
}

/* The server must have found the deadlock, and rolled the model's victim back. */
static void deadlock(struct play *play, struct connection *connection)
{
    n_deadlocks++;
    if (!has_answered(connection->mysql, PATIENCE_MS)) {
        wrong(play, "in a deadlock the model rolls connection %d back, the server another one",
              (int)(connection - play->connection));
        return;
    }
    struct answer answer = receive(connection->mysql);
    tell(play, "  %d: error %u\n", (int)(connection - play->connection), answer.error);
    if (answer.error != ERROR_DEADLOCK) wrong(play, "a deadlock in the model, and error %u", answer.error);
    row_lock_forget(&play->tables, (uint32_t)(connection - play->connection));
    transaction_rollback(&play->tables, &connection->transaction);
    connection->used = connection->waits = false;
    go_on(play);
}

static uint32_t weight(void *context, uint32_t thread)
{
    return transaction_weight(&((struct play *)context)->connection[thread].transaction);
}

static void on_victim(void *context, uint32_t thread) { ((struct play *)context)->victim = thread; }

static void expect_silence(struct play *play)
{
    for (uint32_t i = 0; i < play->n_connections; i++)
        if (play->connection[i].waits && has_answered(play->connection[i].mysql, 0)) {
            struct answer answer = receive(play->connection[i].mysql);
            wrong(play, "connection %u waits in the model, and has answered with error %u, %lld rows", i, answer.error,
                  (long long)answer.affected);
            play->connection[i].waits = false;
        }
}

static void statement(struct play *play, struct connection *connection)
{
    uint32_t index = (uint32_t)(connection - play->connection);
    bool locks = connection->op != OP_READ && connection->op != OP_COMMIT && connection->op != OP_ROLLBACK;
    n_of[connection->op]++;
    play->sim.now_ns += SIM_MS;
    if (connection->op == OP_READ) transaction_view(&play->tables, &connection->transaction, connection->row->table);
    if (connection->op == OP_ABSOLUTE) row_write_absolute(connection->row, connection->take);
    send_statement(play, connection);
    connection->used = true;
    switch (locks ? row_lock(&play->tables, connection->row, index) : ROW_OK) {
    case ROW_OK: finish(play, connection); break;
    case ROW_DEADLOCK: deadlock(play, connection); break;
    case ROW_WAITS:
        n_waits++;
        connection->waits = true;
        if (play->victim == NONE) has_answered(connection->mysql, play->slow ? SLOW_MS : QUIET_MS);
        else deadlock(play, &play->connection[play->victim]);
        play->victim = NONE;
        break;
    }
    expect_silence(play);
}

/* ---- one interleaving ---- */

static bool fits(const struct connection *connection, enum op op, const struct transaction_row *row)
{
    switch (op) {
    case OP_READ: return !row->read && !row->written;
    case OP_READ_LOCKED: return !row->written;
    case OP_CONDITIONAL: return !row->written && !row->read; /* one that was read is an entity: written as such */
    case OP_VERSION: return row->read && !row->written && row->seen > 0;
    case OP_ABSOLUTE: return row->read && !row->written && row->seen > 0;
    case OP_COMMIT:
    case OP_ROLLBACK: return connection->used;
    case OP_KINDS: break;
    }
    return false;
}

static void next_statement(struct play *play, struct connection *connection)
{
    static const enum op mix[] = { OP_READ,        OP_READ,    OP_READ_LOCKED, OP_CONDITIONAL,
                                   OP_CONDITIONAL, OP_VERSION, OP_VERSION,     OP_ABSOLUTE,
                                   OP_ABSOLUTE,    OP_COMMIT,  OP_COMMIT,      OP_ROLLBACK };
    for (int tries = 0; tries < 20; tries++) {
        connection->op = mix[draw(play, sizeof mix / sizeof *mix)];
        connection->row = NULL;
        if (connection->op < OP_COMMIT)
            connection->row = transaction_touch(&play->tables, &connection->transaction, 0, 1 + draw(play, ROWS));
        connection->take = 1 + draw(play, 4);
        if (connection->row && connection->row->read && connection->row->seen < connection->take)
            connection->take = connection->row->seen;
        if (!fits(connection, connection->op, connection->row)) continue;
        statement(play, connection);
        return;
    }
}

static void play_open(struct play *play, uint64_t seed, uint32_t n_connections)
{
    memset(play, 0, sizeof *play);
    arena_init(&play->arena);
    sim_init(&play->sim, &play->arena);
    play->spec = (struct table_spec){ .name = "stock", .key = ROW_ITEM, .rows = ROWS, .quantity = QUANTITY,
                                      .store = NONE, .lock_timeout_ns = 50 * SIM_S };
    play->scenario = (struct scenario){ .n_tables = 1, .table = &play->spec };
    play->state = random_mix(seed);
    play->n_connections = n_connections;
    invariants_init(&play->invariants);
    tables_init(&play->tables, &play->sim, &play->scenario, ROWS, CONNECTIONS, &play->invariants, on_granted, play);
    tables_keep_past(&play->tables);
    play->tables.weight = weight;
    play->tables.victim = on_victim;
    play->victim = NONE;
    for (uint32_t i = 0; i < n_connections; i++) play->connection[i].mysql = connections[i];
    run_now(connections[0], "UPDATE stock SET q = 10, v = 0");
    run_now(connections[0], "COMMIT");
}

static struct connection *free_connection(struct play *play)
{
    uint32_t from = draw(play, play->n_connections);
    for (uint32_t i = 0; i < play->n_connections; i++) {
        struct connection *connection = &play->connection[(from + i) % play->n_connections];
        if (!connection->waits) return connection;
    }
    return NULL;
}

/* Whoever does not wait commits, until nobody is left. */
static void end_all(struct play *play)
{
    for (uint32_t i = 0; i < 4 * CONNECTIONS && !play->broken; i++) {
        struct connection *connection = &play->connection[i % play->n_connections];
        if (connection->waits || !connection->used) continue;
        connection->op = OP_COMMIT;
        connection->row = NULL;
        statement(play, connection);
    }
}

static void compare_rows(struct play *play)
{
    for (uint32_t key = 1; key <= ROWS && !play->broken; key++) {
        char sql[80];
        snprintf(sql, sizeof sql, "SELECT q, v FROM stock WHERE id = %u", 2 * key);
        if (mysql_send_query(connections[0], sql, strlen(sql))) give_up(connections[0], sql);
        struct answer answer = receive(connections[0]);
        const struct row *row = &play->tables.table[0].row[key];
        if (answer.value != QUANTITY + row->change || answer.version != row->version)
            wrong(play, "row %u ends as %lld, version %u in the model, as %lld, version %lld at the server", key,
                  (long long)(QUANTITY + row->change), row->version, (long long)answer.value,
                  (long long)answer.version);
    }
    run_now(connections[0], "COMMIT");
}

/* After a difference nothing is known of who waits for whom: all begin anew. */
static void connect_all(const char *socket)
{
    for (int i = 0; i < CONNECTIONS; i++) {
        if (connections[i]) mysql_close(connections[i]);
        connections[i] = mysql_init(NULL);
        if (!mysql_real_connect(connections[i], NULL, "root", NULL, "conformance", 0, socket, 0))
            give_up(connections[i], "connect");
        run_now(connections[i], "SET autocommit = 0, innodb_lock_wait_timeout = 50");
        run_now(connections[i], "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    }
}

static bool play_one(const char *socket, uint64_t seed, bool slow)
{
    static struct play play;
    play_open(&play, seed, 2 + (uint32_t)(random_mix(seed) % 3));
    play.slow = slow;
    for (uint32_t i = 0; i < STATEMENTS && !play.broken; i++) {
        struct connection *connection = free_connection(&play);
        if (connection) next_statement(&play, connection);
    }
    end_all(&play);
    if (!play.broken) compare_rows(&play);
    else connect_all(socket);
    arena_fini(&play.arena);
    return !play.broken;
}

/* ---- lock-wait time-outs, side by side ---- */

/* One takes a row; the other has changed a second row and waits for the first: after a second its statement fails, its
 * transaction goes on, and commits what it had. */
struct pair { struct play play; MYSQL *holder, *waiter; };

static MYSQL *connect_pair(const char *socket)
{
    MYSQL *mysql = mysql_init(NULL);
    if (!mysql_real_connect(mysql, NULL, "root", NULL, "conformance", 0, socket, 0)) give_up(mysql, "connect");
    run_now(mysql, "SET autocommit = 0, innodb_lock_wait_timeout = 1");
    return mysql;
}

static void pair_begin(struct pair *pair, const char *socket, int id)
{
    char sql[120];
    pair->holder = connect_pair(socket);
    pair->waiter = connect_pair(socket);
    snprintf(sql, sizeof sql, "INSERT INTO pairs VALUES (%d, 10), (%d, 10)", 2 * id, 2 * id + 1);
    run_now(pair->holder, sql);
    run_now(pair->holder, "COMMIT");
    snprintf(sql, sizeof sql, "UPDATE pairs SET q = q - 1 WHERE id = %d", 2 * id);
    run_now(pair->holder, sql);
    snprintf(sql, sizeof sql, "UPDATE pairs SET q = q - 2 WHERE id = %d", 2 * id + 1);
    run_now(pair->waiter, sql);
    snprintf(sql, sizeof sql, "UPDATE pairs SET q = q - 3 WHERE id = %d", 2 * id);
    if (mysql_send_query(pair->waiter, sql, strlen(sql))) give_up(pair->waiter, sql);
}

static void model_of_pair(int64_t value[2])
{
    struct play play = { 0 };
    struct transaction holder = { 0 }, waiter = { 0 };
    arena_init(&play.arena);
    sim_init(&play.sim, &play.arena);
    play.spec = (struct table_spec){ .name = "pairs", .key = ROW_ITEM, .rows = 2, .quantity = 10, .store = NONE };
    play.scenario = (struct scenario){ .n_tables = 1, .table = &play.spec };
    invariants_init(&play.invariants);
    tables_init(&play.tables, &play.sim, &play.scenario, 2, 2, &play.invariants, on_granted, &play);
    struct transaction_row *row = transaction_touch(&play.tables, &holder, 0, 1);
    row_lock(&play.tables, row, 0);
    row_write_conditional(&play.tables, row, 1);
    row = transaction_touch(&play.tables, &waiter, 0, 2);
    row_lock(&play.tables, row, 1);
    row_write_conditional(&play.tables, row, 2);
    if (row_lock(&play.tables, transaction_touch(&play.tables, &waiter, 0, 1), 1) == ROW_WAITS)
        row_lock_leave(&play.tables, 1);
    transaction_commit(&play.tables, &waiter);
    transaction_commit(&play.tables, &holder);
    for (int i = 0; i < 2; i++) value[i] = 10 + play.tables.table[0].row[1 + i].change;
    arena_fini(&play.arena);
}

static void pair_end(struct pair *pair, int id, const int64_t model[2])
{
    pair->play.slow = true; /* a difference counts at once */
    struct answer answer = receive(pair->waiter);
    n_timeouts++;
    if (answer.error != ERROR_TIMEOUT) wrong(&pair->play, "pair %d: error %u, not %d", id, answer.error, ERROR_TIMEOUT);
    run_now(pair->waiter, "COMMIT");
    run_now(pair->holder, "COMMIT");
    for (int i = 0; i < 2; i++) {
        char sql[120];
        snprintf(sql, sizeof sql, "SELECT q, 0 FROM pairs WHERE id = %d", 2 * id + i);
        if (mysql_send_query(pair->holder, sql, strlen(sql))) give_up(pair->holder, sql);
        int64_t value = receive(pair->holder).value;
        if (value != model[i])
            wrong(&pair->play, "pair %d, row %d: %lld in the model, %lld at the server", id, i, (long long)model[i],
                  (long long)value);
    }
    mysql_close(pair->holder);
    mysql_close(pair->waiter);
}

static void play_timeouts(const char *socket, int n)
{
    struct pair *pair = calloc((size_t)n + 1, sizeof *pair);
    int64_t model[2];
    model_of_pair(model);
    for (int i = 0; i < n; i++) pair_begin(&pair[i], socket, i);
    for (int i = 0; i < n; i++) pair_end(&pair[i], i, model);
    free(pair);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "mariadb_rows SOCKET INTERLEAVINGS TIMEOUTS SEED\n");
        return 2;
    }
    uint64_t n = strtoull(argv[2], NULL, 10), seed = strtoull(argv[4], NULL, 10);
    MYSQL *setup = mysql_init(NULL);
    if (!mysql_real_connect(setup, NULL, "root", NULL, NULL, 0, argv[1], 0)) give_up(setup, "connect");
    run_now(setup, "DROP DATABASE IF EXISTS conformance");
    run_now(setup, "CREATE DATABASE conformance");
    run_now(setup, "USE conformance");
    /* Two rows fill a page, and one of them is nobody's: so each row has a page, and its locks, of its own. */
    run_now(setup, "CREATE TABLE stock (id INT PRIMARY KEY, q INT NOT NULL, v INT NOT NULL, "
                   "a CHAR(250) NOT NULL DEFAULT 'a', b VARCHAR(7700) NOT NULL) "
                   "ENGINE=InnoDB CHARACTER SET latin1 ROW_FORMAT=COMPACT");
    run_now(setup, "CREATE TABLE pairs (id INT PRIMARY KEY, q INT NOT NULL) ENGINE=InnoDB");
    run_now(setup, "INSERT INTO stock (id, q, v, b) "
                   "SELECT seq, 10, 0, REPEAT('b', 7700) FROM seq_2_to_7");
    mysql_close(setup);
    connect_all(argv[1]);
    for (uint64_t i = 0; i < n; i++)
        if (!play_one(argv[1], random_mix(seed) + i, false)) {
            n_again++;
            play_one(argv[1], random_mix(seed) + i, true);
        }
    play_timeouts(argv[1], atoi(argv[3]));
    printf("%llu interleavings:", (unsigned long long)n);
    for (int i = 0; i < OP_KINDS; i++) printf(" %s %llu,", op_name[i], (unsigned long long)n_of[i]);
    printf(" %llu waits, %llu deadlocks, %llu conflicts, %llu time-outs; %llu played again\n",
           (unsigned long long)n_waits, (unsigned long long)n_deadlocks, (unsigned long long)n_conflicts,
           (unsigned long long)n_timeouts, (unsigned long long)n_again);
    printf("%llu passed, %llu failed\n", (unsigned long long)(n + n_timeouts - n_failed),
           (unsigned long long)n_failed);
    return n_failed > 0;
}
