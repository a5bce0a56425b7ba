/* SPDX-License-Identifier: GPL-3.0-or-later
 * The interval of a mean needs Student's t, which SQLite does not know: the table student holds t for every number of
 * runs that a point may have, and the view metric_ci joins it. WAL lets somebody read while the experiment runs; a file
 * in WAL cannot be read in a folder that one may not write to, so it leaves WAL when its writer closes it. */
#include "sim/results/store.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "sim/results/csv.h"
#include "sim/results/layout.h"
#include "sim/results/number.h"

enum { PATIENCE_MS = 10000 /* until whoever writes at this moment is done */ };
enum statement { ADD_REPLICATION, ADD_METRIC, ADD_SERIES, ADD_DRAW, STATEMENTS };

struct store {
    sqlite3 *db;
    const char *path;
    struct arena *arena;
    bool in_wal; /* the writer has put it there */
    uint32_t n_points, replications;
    unsigned char *has; /* [point * replications + replication] */
    sqlite3_stmt *statement[STATEMENTS];
};

static const char *const sql[STATEMENTS] = {
    [ADD_REPLICATION] = "INSERT INTO replication VALUES (?, ?, ?, ?, ?)",
    [ADD_METRIC] = "INSERT INTO metric VALUES (?, ?, ?, ?, ?)",
    [ADD_SERIES] = "INSERT INTO series VALUES (?, ?, ?, ?, ?)",
    [ADD_DRAW] = "INSERT INTO draw VALUES (?, ?, ?, ?)",
};

static const char schema[] =
    "CREATE TABLE experiment (experiment_id INTEGER PRIMARY KEY, version TEXT NOT NULL, scenario_sha256 TEXT NOT NULL,"
    " scenario_json TEXT NOT NULL, seed TEXT NOT NULL, replications INTEGER NOT NULL, created_utc TEXT NOT NULL);"
    "CREATE TABLE point (point_id INTEGER PRIMARY KEY, experiment_id INTEGER NOT NULL REFERENCES experiment,"
    " label TEXT NOT NULL);"
    "CREATE TABLE param (point_id INTEGER NOT NULL REFERENCES point, pointer TEXT NOT NULL, value TEXT NOT NULL,"
    " PRIMARY KEY (point_id, pointer)) WITHOUT ROWID;"
    "CREATE TABLE input (point_id INTEGER NOT NULL REFERENCES point, name TEXT NOT NULL, sha256 TEXT NOT NULL,"
    " PRIMARY KEY (point_id, name)) WITHOUT ROWID;"
    "CREATE TABLE replication (point_id INTEGER NOT NULL REFERENCES point, replication INTEGER NOT NULL,"
    " fingerprint TEXT NOT NULL, exit INTEGER NOT NULL, wall_s REAL, PRIMARY KEY (point_id, replication)) WITHOUT "
    "ROWID;"
    "CREATE TABLE metric (point_id INTEGER NOT NULL REFERENCES point, replication INTEGER NOT NULL,"
    " metric TEXT NOT NULL, value REAL, unit TEXT NOT NULL, PRIMARY KEY (point_id, replication, metric)) WITHOUT ROWID;"
    "CREATE TABLE series (point_id INTEGER NOT NULL REFERENCES point, replication INTEGER NOT NULL, name TEXT NOT NULL,"
    " t_s REAL NOT NULL, value REAL, PRIMARY KEY (point_id, replication, name, t_s)) WITHOUT ROWID;"
    "CREATE TABLE unknown (experiment_id INTEGER NOT NULL REFERENCES experiment, pointer TEXT NOT NULL,"
    " low TEXT NOT NULL, high TEXT NOT NULL, PRIMARY KEY (experiment_id, pointer)) WITHOUT ROWID;"
    "CREATE TABLE draw (point_id INTEGER NOT NULL REFERENCES point, replication INTEGER NOT NULL, pointer TEXT NOT "
    "NULL,"
    " value TEXT NOT NULL, PRIMARY KEY (point_id, replication, pointer)) WITHOUT ROWID;"
    "CREATE TABLE student (n INTEGER PRIMARY KEY, t95 REAL NOT NULL);"
    "CREATE VIEW metric_ci AS SELECT point_id, metric, unit, n, mean,"
    " CASE WHEN n > 1 THEN t95 * sqrt(sum_of_squares / (n - 1) / n) END AS half_width FROM"
    " (SELECT point_id, metric, unit, count(value) AS n, max(mean) AS mean,"
    "  sum((value - mean) * (value - mean)) AS sum_of_squares FROM"
    "  (SELECT *, avg(value) OVER (PARTITION BY point_id, metric) AS mean FROM metric)"
    "  GROUP BY point_id, metric) LEFT JOIN student USING (n);"
    "PRAGMA user_version = 1;";

/* A row that is there already, of a run that was missing when this file was opened, is another sweep's. */
static bool failed(const struct store *store, const char *doing, struct sim_err *err)
{
    const int code = store->db ? sqlite3_errcode(store->db) : SQLITE_NOMEM;
    if (code == SQLITE_BUSY || code == SQLITE_CONSTRAINT)
        return sim_fail(err, SIM_ERUNTIME, store->path,
                        "%s: another program has the file at the same time, a second sweep perhaps; only one can fill "
                        "it. What was finished is in it; when the other has ended, --resume goes on",
                        doing);
    return sim_fail(err, SIM_ERUNTIME, store->path, "%s: %s", doing,
                    store->db ? sqlite3_errmsg(store->db) : "out of memory");
}

static bool run_sql(struct store *store, const char *text, const char *doing, struct sim_err *err)
{
    return sqlite3_exec(store->db, text, NULL, NULL, NULL) == SQLITE_OK || failed(store, doing, err);
}

static sqlite3_stmt *prepare(struct store *store, const char *text)
{
    sqlite3_stmt *statement = NULL;
    sqlite3_prepare_v2(store->db, text, -1, &statement, NULL);
    return statement;
}

static const char *text_of(sqlite3_stmt *row, int column, struct arena *arena)
{
    const unsigned char *text = sqlite3_column_text(row, column);
    return arena_strdup(arena, text ? (const char *)text : "");
}

/* Runs a statement that gives no rows, and makes it ready for the next time. */
static bool step(struct store *store, sqlite3_stmt *statement, struct sim_err *err)
{
    bool done = statement && sqlite3_step(statement) == SQLITE_DONE;
    if (!done) failed(store, "writing", err);
    if (statement) sqlite3_reset(statement);
    return done;
}

static void bind_number(sqlite3_stmt *statement, int column, double value)
{
    if (isfinite(value)) sqlite3_bind_double(statement, column, value);
    else sqlite3_bind_null(statement, column);
}

static void bind_text(sqlite3_stmt *statement, int column, const char *text)
{
    sqlite3_bind_text(statement, column, text, -1, SQLITE_TRANSIENT);
}

static void bind_count(sqlite3_stmt *statement, int column, uint32_t value)
{
    sqlite3_bind_int64(statement, column, (sqlite3_int64)value);
}

/* ---- opening ---- */

static struct store *connect(const char *path, int flags, struct arena *arena, struct sim_err *err)
{
    struct store *store = arena_new(arena, struct store);
    store->path = path;
    store->arena = arena;
    if (sqlite3_open_v2(path, &store->db, flags, NULL) == SQLITE_OK) {
        sqlite3_busy_timeout(store->db, PATIENCE_MS);
        return store;
    }
    const int reason = store->db ? sqlite3_system_errno(store->db) : 0;
    if (reason) sim_fail(err, SIM_ERUNTIME, path, "it cannot be opened: %s", strerror(reason));
    else failed(store, "opening", err);
    sqlite3_close(store->db);
    return NULL;
}

static bool ready(struct store *store, struct sim_err *err)
{
    store->in_wal = true;
    return run_sql(store, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", "opening for writing", err);
}

static bool ready_to_add(struct store *store, struct sim_err *err)
{
    for (int i = 0; i < STATEMENTS; i++) {
        store->statement[i] = prepare(store, sql[i]);
        if (!store->statement[i]) return failed(store, "opening for writing", err);
    }
    store->has = arena_array(store->arena, unsigned char, (size_t)store->n_points * store->replications);
    sqlite3_stmt *row = prepare(store, "SELECT point_id, replication FROM replication");
    while (row && sqlite3_step(row) == SQLITE_ROW) {
        sqlite3_int64 point = sqlite3_column_int64(row, 0), replication = sqlite3_column_int64(row, 1);
        if (point >= 0 && point < store->n_points && replication >= 0 && replication < store->replications)
            store->has[(size_t)point * store->replications + (size_t)replication] = 1;
    }
    return sqlite3_finalize(row) == SQLITE_OK || failed(store, "reading", err);
}

static bool add_experiment(struct store *store, const struct store_experiment *experiment, struct sim_err *err)
{
    char seed[24];
    sqlite3_stmt *add = prepare(store, "INSERT INTO experiment VALUES (1, ?, ?, ?, ?, ?,"
                                       " strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))");
    snprintf(seed, sizeof seed, "%" PRIu64, experiment->seed);
    if (add) {
        bind_text(add, 1, experiment->version);
        bind_text(add, 2, experiment->scenario_sha256);
        bind_text(add, 3, experiment->scenario_json);
        bind_text(add, 4, seed);
        bind_count(add, 5, experiment->replications);
    }
    bool ok = step(store, add, err);
    sqlite3_finalize(add);
    return ok;
}

static bool add_points(struct store *store, const struct store_point *point, uint32_t n_points, struct sim_err *err)
{
    sqlite3_stmt *add = prepare(store, "INSERT INTO point VALUES (?, 1, ?)");
    sqlite3_stmt *add_param = prepare(store, "INSERT INTO param VALUES (?, ?, ?)");
    bool ok = add && add_param;
    for (uint32_t i = 0; ok && i < n_points; i++) {
        bind_count(add, 1, i);
        bind_text(add, 2, point[i].label);
        ok = step(store, add, err);
        for (uint32_t p = 0; ok && p < point[i].n_params; p++) {
            bind_count(add_param, 1, i);
            bind_text(add_param, 2, point[i].param[p].pointer);
            bind_text(add_param, 3, point[i].param[p].value);
            ok = step(store, add_param, err);
        }
    }
    sqlite3_finalize(add);
    sqlite3_finalize(add_param);
    return ok || failed(store, "writing", err);
}

static bool add_inputs(struct store *store, const struct store_point *point, uint32_t n_points, struct sim_err *err)
{
    sqlite3_stmt *add = prepare(store, "INSERT INTO input VALUES (?, ?, ?)");
    bool ok = add != NULL;
    for (uint32_t i = 0; ok && i < n_points; i++)
        for (uint32_t k = 0; ok && k < point[i].n_inputs; k++) {
            bind_count(add, 1, i);
            bind_text(add, 2, point[i].input[k].name);
            bind_text(add, 3, point[i].input[k].sha256);
            ok = step(store, add, err);
        }
    sqlite3_finalize(add);
    return ok || failed(store, "writing", err);
}

static bool add_unknowns(struct store *store, const struct store_experiment *experiment, struct sim_err *err)
{
    sqlite3_stmt *add = prepare(store, "INSERT INTO unknown VALUES (1, ?, ?, ?)");
    bool ok = add != NULL;
    for (uint32_t i = 0; ok && i < experiment->n_unknowns; i++) {
        bind_text(add, 1, experiment->unknown[i].pointer);
        bind_text(add, 2, experiment->unknown[i].low);
        bind_text(add, 3, experiment->unknown[i].high);
        ok = step(store, add, err);
    }
    sqlite3_finalize(add);
    return ok || failed(store, "writing", err);
}

static bool add_student(struct store *store, uint32_t replications, struct sim_err *err)
{
    sqlite3_stmt *add = prepare(store, "INSERT OR IGNORE INTO student VALUES (?, ?)");
    bool ok = add != NULL;
    for (uint32_t n = 2; ok && n <= replications; n++) {
        bind_count(add, 1, n);
        sqlite3_bind_double(add, 2, infer_t(0.95, n));
        ok = step(store, add, err);
    }
    sqlite3_finalize(add);
    return ok || failed(store, "writing", err);
}

static bool begin(struct store *store, const struct store_experiment *experiment, const struct store_point *point,
                  uint32_t n_points, struct sim_err *err)
{
    store->n_points = n_points;
    store->replications = experiment->replications;
    return run_sql(store, "BEGIN IMMEDIATE", "writing", err) && run_sql(store, schema, "writing", err) &&
           add_experiment(store, experiment, err) && add_points(store, point, n_points, err) &&
           add_inputs(store, point, n_points, err) && add_unknowns(store, experiment, err) &&
           add_student(store, experiment->replications, err) && run_sql(store, "COMMIT", "writing", err) &&
           ready_to_add(store, err);
}

/* What WAL holds goes into the file first, so a kill in between loses nothing. Where somebody reads at this moment, or
 * the disk is full, SQLite refuses: the file stays in WAL, as complete as ever. */
static void leave_wal(struct store *store)
{
    if (!store->in_wal) return;
    sqlite3_busy_timeout(store->db, 0); /* a reader may stay for hours */
    sqlite3_exec(store->db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
}

static struct store *close_failed(struct store *store)
{
    for (int i = 0; i < STATEMENTS; i++) sqlite3_finalize(store->statement[i]);
    leave_wal(store);
    sqlite3_close(store->db);
    return NULL;
}

struct store *store_create(const char *path, const struct store_experiment *experiment, const struct store_point *point,
                           uint32_t n_points, struct arena *arena, struct sim_err *err)
{
    static const char *const besides[] = { "", "-wal", "-shm", "-journal" };
    for (size_t i = 0; i < sizeof besides / sizeof *besides; i++) {
        char name[4096];
        snprintf(name, sizeof name, "%s%s", path, besides[i]);
        unlink(name);
    }
    struct store *store = connect(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, arena, err);
    if (!store || (ready(store, err) && begin(store, experiment, point, n_points, err))) return store;
    return close_failed(store);
}

/* ---- reading what is there ---- */

static int64_t number_of(struct store *store, const char *text)
{
    sqlite3_stmt *row = prepare(store, text);
    int64_t value = row && sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int64(row, 0) : -1;
    sqlite3_finalize(row);
    return value;
}

static bool read_unknowns(struct store *store, struct store_experiment *out, struct sim_err *err)
{
    const int64_t n = number_of(store, "SELECT count(*) FROM unknown");
    if (n < 0) return failed(store, "reading", err);
    struct store_unknown *unknown = arena_array(store->arena, struct store_unknown, n);
    sqlite3_stmt *row = prepare(store, "SELECT pointer, low, high FROM unknown ORDER BY pointer");
    out->unknown = unknown;
    while (row && out->n_unknowns < n && sqlite3_step(row) == SQLITE_ROW)
        unknown[out->n_unknowns++] =
            (struct store_unknown){ text_of(row, 0, store->arena), text_of(row, 1, store->arena),
                                    text_of(row, 2, store->arena) };
    return sqlite3_finalize(row) == SQLITE_OK || failed(store, "reading", err);
}

/* A file that a killed sweep left in WAL, in a folder that may not be written to, is refused only when it is read. */
static bool cannot_read(const struct store *store, struct sim_err *err)
{
    switch (sqlite3_errcode(store->db)) {
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
        return sim_fail(err, SIM_ERUNTIME, store->path,
                        "it cannot be read here: its sweep was stopped in the middle or is not over, and then its "
                        "folder must be writable; copy it, with %s-wal where that exists, to a folder that is",
                        store->path);
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ERROR:
    case SQLITE_NOTADB:
        return sim_fail(err, SIM_ERUNTIME, store->path, "this is no result file of sim sweep");
    }
    return failed(store, "reading", err);
}

static bool read_experiment(struct store *store, struct store_experiment *out, struct sim_err *err)
{
    sqlite3_stmt *row = prepare(store, "SELECT version, scenario_sha256, scenario_json, seed, replications"
                                       " FROM experiment WHERE experiment_id = 1");
    bool ok = row && sqlite3_step(row) == SQLITE_ROW;
    if (ok) {
        out->version = text_of(row, 0, store->arena);
        out->scenario_sha256 = text_of(row, 1, store->arena);
        out->scenario_json = text_of(row, 2, store->arena);
        out->seed = strtoull(text_of(row, 3, store->arena), NULL, 10);
        out->replications = (uint32_t)sqlite3_column_int64(row, 4);
    }
    if (!ok) cannot_read(store, err);
    sqlite3_finalize(row);
    return ok && read_unknowns(store, out, err);
}

static bool read_points(struct store *store, struct store_point **point, uint32_t *n_points, struct sim_err *err)
{
    int64_t n = number_of(store, "SELECT count(*) FROM point"),
            n_params = number_of(store, "SELECT count(*) FROM param");
    if (n < 0 || n_params < 0) return failed(store, "reading", err);
    struct store_param *param = arena_array(store->arena, struct store_param, n_params);
    *point = arena_array(store->arena, struct store_point, n);
    *n_points = 0;
    sqlite3_stmt *row = prepare(store, "SELECT point_id, label, pointer, value FROM point LEFT JOIN param"
                                       " USING (point_id) ORDER BY point_id, pointer");
    int64_t last = -1;
    while (row && sqlite3_step(row) == SQLITE_ROW) {
        if (sqlite3_column_int64(row, 0) != last)
            (*point)[(*n_points)++] =
                (struct store_point){ .label = text_of(row, 1, store->arena), .param = param };
        last = sqlite3_column_int64(row, 0);
        if (sqlite3_column_type(row, 2) == SQLITE_NULL) continue;
        *param++ = (struct store_param){ text_of(row, 2, store->arena), text_of(row, 3, store->arena) };
        (*point)[*n_points - 1].n_params++;
    }
    return sqlite3_finalize(row) == SQLITE_OK || failed(store, "reading", err);
}

struct store *store_open(const char *path, struct store_experiment *experiment, struct store_point **point,
                         uint32_t *n_points, struct arena *arena, struct sim_err *err)
{
    struct store *store = connect(path, SQLITE_OPEN_READWRITE, arena, err);
    if (!store) return NULL;
    if (!read_experiment(store, experiment, err) || !read_points(store, point, n_points, err))
        return close_failed(store);
    store->n_points = *n_points;
    store->replications = experiment->replications;
    return store;
}

static bool same_params(const struct store_point *a, const struct store_point *b)
{
    if (a->n_params != b->n_params) return false;
    for (uint32_t i = 0; i < a->n_params; i++) {
        bool found = false;
        for (uint32_t k = 0; k < b->n_params && !found; k++)
            found = strcmp(a->param[i].pointer, b->param[k].pointer) == 0 &&
                    strcmp(a->param[i].value, b->param[k].value) == 0;
        if (!found) return false;
    }
    return true;
}

static bool same_points(const struct store_point *a, uint32_t n_a, const struct store_point *b, uint32_t n_b)
{
    if (n_a != n_b) return false;
    for (uint32_t i = 0; i < n_a; i++)
        if (!same_params(&a[i], &b[i])) return false;
    return true;
}

static bool differs(const struct store *store, const char *what, struct sim_err *err)
{
    return sim_fail(err, SIM_EUSAGE, store->path,
                    "it holds another experiment: its %s differs; resume with what it was begun with, or write to "
                    "another file",
                    what);
}

static bool same_unknowns(const struct store_experiment *a, const struct store_experiment *b)
{
    if (a->n_unknowns != b->n_unknowns) return false;
    for (uint32_t i = 0; i < a->n_unknowns; i++) {
        bool found = false;
        for (uint32_t k = 0; k < b->n_unknowns && !found; k++)
            found = strcmp(a->unknown[i].pointer, b->unknown[k].pointer) == 0 &&
                    strcmp(a->unknown[i].low, b->unknown[k].low) == 0 &&
                    strcmp(a->unknown[i].high, b->unknown[k].high) == 0;
        if (!found) return false;
    }
    return true;
}

static bool is_same(const struct store *store, const struct store_experiment *there,
                    const struct store_experiment *here, struct sim_err *err)
{
    if (strcmp(there->version, here->version) != 0) return differs(store, "version of sim", err);
    if (there->seed != here->seed) return differs(store, "seed", err);
    if (strcmp(there->scenario_sha256, here->scenario_sha256) != 0) return differs(store, "scenario", err);
    return same_unknowns(there, here) || differs(store, "list of unknown values", err);
}

/* The text of a scenario has no more than the names of its files. What a point does not name is no row of it: then the
 * text differs, or the point's values. */
static bool same_inputs(struct store *store, const struct store_point *point, uint32_t n_points,
                        struct sim_err *err)
{
    sqlite3_stmt *row = prepare(store, "SELECT sha256 FROM input WHERE point_id = ? AND name = ?");
    const struct store_input *other = NULL;
    for (uint32_t i = 0; row && i < n_points; i++)
        for (uint32_t k = 0; !other && k < point[i].n_inputs; k++) {
            bind_count(row, 1, i);
            bind_text(row, 2, point[i].input[k].name);
            const bool same = sqlite3_step(row) == SQLITE_ROW &&
                              strcmp((const char *)sqlite3_column_text(row, 0), point[i].input[k].sha256) == 0;
            if (!same) other = &point[i].input[k];
            sqlite3_reset(row);
        }
    if (sqlite3_finalize(row) != SQLITE_OK || !row) return failed(store, "reading", err);
    return !other || differs(store, other->name, err);
}

static bool extend(struct store *store, uint32_t replications, struct sim_err *err)
{
    char text[96];
    store->replications = replications;
    snprintf(text, sizeof text, "UPDATE experiment SET replications = %u WHERE replications < %u", replications,
             replications);
    return run_sql(store, text, "writing", err) && add_student(store, replications, err);
}

struct store *store_resume(const char *path, const struct store_experiment *experiment, const struct store_point *point,
                           uint32_t n_points, struct arena *arena, struct sim_err *err)
{
    struct store_experiment there = { 0 };
    struct store_point *stored;
    uint32_t n_stored;
    struct store *store = connect(path, SQLITE_OPEN_READWRITE, arena, err);
    if (!store) return NULL;
    /* Killed before its first transaction: a file without tables. */
    if (number_of(store, "SELECT count(*) FROM sqlite_master") == 0)
        return ready(store, err) && begin(store, experiment, point, n_points, err) ? store : close_failed(store);
    bool ok = ready(store, err) && read_experiment(store, &there, err) && is_same(store, &there, experiment, err) &&
              read_points(store, &stored, &n_stored, err) &&
              (same_points(stored, n_stored, point, n_points) || differs(store, "list of points", err)) &&
              same_inputs(store, point, n_points, err);
    store->n_points = n_points;
    store->replications = there.replications;
    if (ok && experiment->replications > there.replications) ok = extend(store, experiment->replications, err);
    return ok && ready_to_add(store, err) ? store : close_failed(store);
}

bool store_close(struct store *store, struct sim_err *err)
{
    for (int i = 0; i < STATEMENTS; i++) sqlite3_finalize(store->statement[i]);
    leave_wal(store);
    return sqlite3_close(store->db) == SQLITE_OK || failed(store, "closing", err);
}

/* ---- one replication ---- */

bool store_has(const struct store *store, uint32_t point, uint32_t replication)
{
    return replication < store->replications && store->has[(size_t)point * store->replications + replication];
}

static bool add_replication(struct store *store, uint32_t point, const struct result *result, int exit,
                            struct sim_err *err)
{
    char fingerprint[17];
    sqlite3_stmt *add = store->statement[ADD_REPLICATION];
    snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64, result->fingerprint);
    bind_count(add, 1, point);
    bind_count(add, 2, result->replication);
    bind_text(add, 3, fingerprint);
    sqlite3_bind_int(add, 4, exit);
    sqlite3_bind_double(add, 5, result->wall_s);
    return step(store, add, err);
}

static bool add_metrics(struct store *store, uint32_t point, const struct layout *layout, const struct result *result,
                        struct sim_err *err)
{
    sqlite3_stmt *add = store->statement[ADD_METRIC];
    for (uint32_t i = 0; i < layout_count(layout); i++) {
        bind_count(add, 1, point);
        bind_count(add, 2, result->replication);
        bind_text(add, 3, layout_path(layout, i));
        bind_number(add, 4, result->value[i]);
        bind_text(add, 5, layout_unit(layout, i));
        if (!step(store, add, err)) return false;
    }
    return true;
}

static bool add_curve(struct store *store, uint32_t point, uint32_t replication, const char *name,
                      const struct thin *thin, const int64_t *value, struct sim_err *err)
{
    sqlite3_stmt *add = store->statement[ADD_SERIES];
    for (uint32_t i = 0; i < thin->n; i++) {
        bind_count(add, 1, point);
        bind_count(add, 2, replication);
        bind_text(add, 3, name);
        sqlite3_bind_double(add, 4, thin->t_s[i]);
        sqlite3_bind_double(add, 5, (double)value[i]);
        if (!step(store, add, err)) return false;
    }
    return true;
}

static bool add_curves(struct store *store, uint32_t point, uint32_t replication, const struct layout *layout,
                       const struct thin *thin, struct sim_err *err)
{
    char name[512];
    for (uint32_t g = 0; thin && g < thin->n_groups; g++) {
        const char *group = layout->study->scenario.group[g].name;
        snprintf(name, sizeof name, "lag.%s", group);
        if (!add_curve(store, point, replication, name, thin, &thin->lag[g * THIN_POINTS], err)) return false;
        snprintf(name, sizeof name, "backlog.%s", group);
        if (!add_curve(store, point, replication, name, thin, &thin->backlog[g * THIN_POINTS], err)) return false;
    }
    return true;
}

static bool add_draws(struct store *store, uint32_t point, uint32_t replication, const struct store_param *draw,
                      uint32_t n_draws, struct sim_err *err)
{
    sqlite3_stmt *add = store->statement[ADD_DRAW];
    for (uint32_t i = 0; i < n_draws; i++) {
        bind_count(add, 1, point);
        bind_count(add, 2, replication);
        bind_text(add, 3, draw[i].pointer);
        bind_text(add, 4, draw[i].value);
        if (!step(store, add, err)) return false;
    }
    return true;
}

bool store_add(struct store *store, uint32_t point, const struct layout *layout, const struct result *result, int exit,
               const struct thin *thin, const struct store_param *draw, uint32_t n_draws, struct sim_err *err)
{
    if (!run_sql(store, "BEGIN IMMEDIATE", "writing", err)) return false;
    bool ok = add_replication(store, point, result, exit, err) && add_metrics(store, point, layout, result, err) &&
              add_curves(store, point, result->replication, layout, thin, err) &&
              add_draws(store, point, result->replication, draw, n_draws, err);
    if (!ok) {
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
        return false;
    }
    if (!run_sql(store, "COMMIT", "writing", err)) return false;
    store->has[(size_t)point * store->replications + result->replication] = 1;
    return true;
}

/* ---- questions ---- */

uint32_t store_values(struct store *store, uint32_t point, const char *metric, double **value, const char **unit,
                      struct arena *arena)
{
    uint32_t n = 0;
    sqlite3_stmt *row = prepare(store, "SELECT m.value, m.unit FROM replication r JOIN metric m USING (point_id,"
                                       " replication) WHERE r.point_id = ? AND m.metric = ? ORDER BY r.replication");
    *value = arena_array(arena, double, store->replications);
    if (!row) return 0;
    bind_count(row, 1, point);
    bind_text(row, 2, metric);
    while (n < store->replications && sqlite3_step(row) == SQLITE_ROW) {
        if (n == 0 && unit) *unit = text_of(row, 1, arena);
        (*value)[n++] = sqlite3_column_type(row, 0) == SQLITE_NULL ? (double)NAN : sqlite3_column_double(row, 0);
    }
    sqlite3_finalize(row);
    return n;
}

uint32_t store_curves(struct store *store, struct store_step **step, struct arena *arena)
{
    const int64_t most = number_of(store, "SELECT count(*) FROM series");
    const char *name = "";
    uint32_t n = 0;
    sqlite3_stmt *row = prepare(store, "SELECT point_id, replication, name, t_s, value FROM series"
                                       " ORDER BY point_id, replication, name, t_s");
    *step = arena_array(arena, struct store_step, most > 0 ? most : 0);
    for (; row && n < most && sqlite3_step(row) == SQLITE_ROW; n++) {
        if (strcmp(name, (const char *)sqlite3_column_text(row, 2)) != 0) name = text_of(row, 2, arena);
        (*step)[n] =
            (struct store_step){ (uint32_t)sqlite3_column_int64(row, 0), (uint32_t)sqlite3_column_int64(row, 1), name,
                                 sqlite3_column_double(row, 3), sqlite3_column_double(row, 4) };
    }
    sqlite3_finalize(row);
    return n;
}

uint32_t store_exits(struct store *store, uint32_t point, int exit)
{
    char text[96];
    snprintf(text, sizeof text, "SELECT count(*) FROM replication WHERE point_id = %u AND exit = %d", point, exit);
    int64_t n = number_of(store, text);
    return n > 0 ? (uint32_t)n : 0;
}

/* ---- tidy CSV ---- */

/* A JSON text as a cell: strings without their quotes, as readers of CSV expect them. */
static const char *cell_of(const char *json, struct arena *arena)
{
    size_t length = strlen(json);
    char *plain = arena_strdup(arena, json);
    if (length >= 2 && json[0] == '"' && !strchr(json, '\\')) {
        plain[length - 1] = '\0';
        plain++;
    }
    return csv_field(plain, arena);
}

static const char *value_of(const struct store_point *point, const char *pointer)
{
    for (uint32_t i = 0; i < point->n_params; i++)
        if (strcmp(point->param[i].pointer, pointer) == 0) return point->param[i].value;
    return "";
}

static const char *with_cell(const char *cells, const char *cell, struct arena *arena)
{
    const size_t size = strlen(cells) + strlen(cell) + 2;
    char *longer = arena_alloc(arena, size);
    snprintf(longer, size, "%s,%s", cells, cell);
    return longer;
}

static const char *row_start(uint32_t index, const struct store_point *names, const struct store_point *point,
                             struct arena *arena)
{
    char *number = arena_alloc(arena, 16);
    snprintf(number, 16, "%u", index);
    const char *cells = with_cell(number, csv_field(point->label, arena), arena);
    for (uint32_t i = 0; i < names->n_params; i++)
        cells = with_cell(cells, cell_of(value_of(point, names->param[i].pointer), arena), arena);
    return cells;
}

/* The places of unknown values, in their order; what a run drew for each stands in columns of its own. */
static const char **unknown_places(struct store *store, uint32_t *n, struct arena *arena)
{
    const int64_t most = number_of(store, "SELECT count(*) FROM unknown");
    const char **place = arena_array(arena, const char *, most > 0 ? most : 0);
    sqlite3_stmt *row = prepare(store, "SELECT pointer FROM unknown ORDER BY pointer");
    for (*n = 0; row && *n < most && sqlite3_step(row) == SQLITE_ROW; ++*n) place[*n] = text_of(row, 0, arena);
    sqlite3_finalize(row);
    return place;
}

static const char *drawn_cells(struct store *store, uint32_t point, int replication, struct arena *arena)
{
    const char *cells = "";
    sqlite3_stmt *row = prepare(store, "SELECT value FROM unknown LEFT JOIN (SELECT pointer, value FROM draw"
                                       " WHERE point_id = ? AND replication = ?) USING (pointer) ORDER BY pointer");
    if (!row) return cells;
    bind_count(row, 1, point);
    sqlite3_bind_int(row, 2, replication);
    while (sqlite3_step(row) == SQLITE_ROW)
        cells = with_cell(cells, cell_of(text_of(row, 0, arena), arena), arena);
    sqlite3_finalize(row);
    return cells;
}

static bool export_metrics(struct store *store, uint32_t index, const char *start, FILE *out, struct arena *arena)
{
    const char *drawn = "";
    int replication = -1;
    sqlite3_stmt *row = prepare(store, "SELECT replication, metric, unit, value FROM metric WHERE point_id = ?"
                                       " ORDER BY replication, metric");
    if (!row) return false;
    bind_count(row, 1, index);
    while (sqlite3_step(row) == SQLITE_ROW) {
        const char *metric = csv_field((const char *)sqlite3_column_text(row, 1), arena);
        bool is_null = sqlite3_column_type(row, 3) == SQLITE_NULL;
        if (sqlite3_column_int(row, 0) != replication) {
            replication = sqlite3_column_int(row, 0);
            drawn = drawn_cells(store, index, replication, arena);
        }
        fprintf(out, "%s%s,%d,%s,%s,%s\n", start, drawn, replication, metric,
                (const char *)sqlite3_column_text(row, 2),
                is_null ? "" : number_json(sqlite3_column_double(row, 3)).s);
    }
    return sqlite3_finalize(row) == SQLITE_OK;
}

bool store_export(struct store *store, FILE *out, struct sim_err *err)
{
    struct store_point *point;
    uint32_t n_points, n_places;
    struct arena rows;
    if (!read_points(store, &point, &n_points, err)) return false;
    fputs("point_id,label", out);
    for (uint32_t i = 0; n_points > 0 && i < point[0].n_params; i++)
        fprintf(out, ",%s", csv_field(point[0].param[i].pointer, store->arena));
    const char **place = unknown_places(store, &n_places, store->arena);
    for (uint32_t i = 0; i < n_places; i++) fprintf(out, ",%s", csv_field(place[i], store->arena));
    fputs(",replication,metric,unit,value\n", out);
    arena_init(&rows);
    bool ok = true;
    for (uint32_t i = 0; ok && i < n_points; i++) {
        arena_reset(&rows);
        ok = export_metrics(store, i, row_start(i, &point[0], &point[i], &rows), out, &rows);
    }
    arena_fini(&rows);
    return ok || failed(store, "reading", err);
}
