/* SPDX-License-Identifier: GPL-3.0-or-later
 * The head line says which columns there are: GROUP is missing in older versions, and then stands in the line
 * "Consumer group 'x' has no active members." or nowhere. `-` is "none": an offset that was never committed, a
 * partition without a consumer. Warnings, notices and blank lines are passed over.
 *
 * Rows of one table are asked for one after another, some seconds apart; an instant is therefore known to
 * CLOCK_S at best. A group that commits after a batch has done up to a batch more than it has committed. Both make the
 * error of a service time that is taken between two tables.
 *
 * A service time is that of a consumer that had work all along: between two tables it has the same partitions, and more
 * waits there than it holds. What another did meanwhile, idle or with other partitions, is not in it. */
#include "sim/foreign/describe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/foreign/arrivals.h"
#include "sim/foreign/instant.h"
#include "sim/foreign/seen.h"
#include "models/scenario.h"
#include "sim/scenario/json.h"

#define CLOCK_S   2.0
#define LONGEST_S 1e9 /* of observations */
#define DAY_S     86400.0
#define BATCH     500.0 /* max.poll.records where nobody has said another */
#define UNEVEN    1.2   /* what a partition takes, over an even part of it, */
#define UNEVEN_SIGMAS 3.0 /* beyond the noise of counting */

enum { FIELDS_MAX = 16, SNAPSHOTS_MAX = 512, ROWS_MAX = 65536, CONSUMERS_MAX = 1024 };

struct row {
    const char *group, *topic, *consumer; /* consumer NULL: none */
    uint32_t partition;
    double committed, log_end, lag; /* -1: none */
    size_t at;                      /* of its line */
};

struct snapshot {
    double t_s;         /* NaN: not known */
    struct instant was; /* as it was printed */
    uint32_t first, n;
};

struct dump {
    struct source *source;
    uint32_t n_rows, n_snapshots, n_fields;
    struct row *row;
    struct snapshot *snapshot;
    const char *head[FIELDS_MAX];
    double last_t_s;
    struct instant last; /* as it was printed */
    bool has_time;
    const char *group; /* of a notice */
};

static uint32_t split(struct arena *arena, const char *line, size_t length, const char **field)
{
    uint32_t n = 0;
    for (size_t at = 0; at < length && n < FIELDS_MAX;) {
        while (at < length && strchr(" \t\r", line[at])) at++;
        size_t end = at;
        while (end < length && !strchr(" \t\r", line[end])) end++;
        if (end > at) field[n++] = arena_printf(arena, "%.*s", (int)(end - at), line + at);
        at = end;
    }
    return n;
}

static uint32_t column_of(const struct dump *dump, const char *name)
{
    uint32_t i = 0;
    while (i < dump->n_fields && strcmp(dump->head[i], name) != 0) i++;
    return i;
}

/* A count, or -1 for "-" (also "unknown"). */
static bool count_of(const char *text, double *out)
{
    if (strcmp(text, "-") == 0 || strcmp(text, "unknown") == 0) return *out = -1, true;
    if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0') return false;
    *out = strtod(text, NULL);
    return *out <= 9007199254740991.0;
}

static bool open_snapshot(struct dump *dump, const char *line, size_t length, size_t at)
{
    if (column_of(dump, "TOPIC") == dump->n_fields || column_of(dump, "PARTITION") == dump->n_fields ||
        column_of(dump, "CURRENT-OFFSET") == dump->n_fields || column_of(dump, "LOG-END-OFFSET") == dump->n_fields)
        return source_finding(dump->source, at, "",
                              "the head \"%.*s\" lacks TOPIC, PARTITION, CURRENT-OFFSET or LOG-END-OFFSET",
                              (int)(length < 100 ? length : 100), line);
    struct snapshot *last = dump->n_snapshots > 0 ? &dump->snapshot[dump->n_snapshots - 1] : NULL;
    /* a head for each group of one table, without a new instant between them */
    if (last && (!dump->has_time || last->t_s == dump->last_t_s)) return true;
    if (dump->n_snapshots == SNAPSHOTS_MAX)
        return source_finding(dump->source, at, "", "more than %d tables", SNAPSHOTS_MAX);
    dump->snapshot[dump->n_snapshots++] =
        (struct snapshot){
        .t_s = dump->has_time ? dump->last_t_s : (double)NAN, .was = dump->last, .first = dump->n_rows };
    return true;
}

static bool read_row(struct dump *dump, const char *const *field, uint32_t n, size_t at)
{
    const uint32_t group = column_of(dump, "GROUP"), topic = column_of(dump, "TOPIC"), lag = column_of(dump, "LAG");
    const uint32_t partition = column_of(dump, "PARTITION"), committed = column_of(dump, "CURRENT-OFFSET");
    const uint32_t log_end = column_of(dump, "LOG-END-OFFSET"), consumer = column_of(dump, "CONSUMER-ID");
    struct row row = { .group = group < n ? field[group] : dump->group, .lag = -1, .at = at };
    double number = -1;
    if (n <= log_end || n <= committed || n <= partition || n <= topic)
        return source_finding(dump->source, at, "", "%u fields where the head names %u", n, dump->n_fields);
    if (!row.group) row.group = "group";
    row.topic = field[topic];
    if (text_control(row.group) != 0 || text_control(row.topic) != 0)
        return source_finding(dump->source, at, "", "a control character in the name of a group or a topic");
    if (!count_of(field[partition], &number) || number > MAX_PARTITIONS - 1)
        return source_finding(dump->source, at, "", "PARTITION \"%.40s\" is no partition", field[partition]);
    if (number < 0) return true; /* a member without a partition */
    row.partition = (uint32_t)number;
    if (!count_of(field[committed], &row.committed))
        return source_finding(dump->source, at, "", "CURRENT-OFFSET \"%.40s\" is no offset", field[committed]);
    if (!count_of(field[log_end], &row.log_end))
        return source_finding(dump->source, at, "", "LOG-END-OFFSET \"%.40s\" is no offset", field[log_end]);
    if (lag < n && !count_of(field[lag], &row.lag))
        return source_finding(dump->source, at, "", "LAG \"%.40s\" is no count", field[lag]);
    if (row.committed < 0 && row.log_end == 0) row.committed = row.lag = 0; /* a new topic has nothing to commit */
    if (row.lag < 0 && row.committed >= 0 && row.log_end >= row.committed) row.lag = row.log_end - row.committed;
    if (consumer < n && strcmp(field[consumer], "-") != 0) row.consumer = field[consumer];
    if (dump->n_rows == ROWS_MAX) return source_finding(dump->source, at, "", "more than %d rows", ROWS_MAX);
    dump->row[dump->n_rows++] = row;
    dump->snapshot[dump->n_snapshots - 1].n++;
    return true;
}

/* "Consumer group 'x' has no active members.", "Warning: Consumer group 'x' is rebalancing." */
static bool read_notice(struct dump *dump, const char *line, size_t length, size_t at)
{
    const char *quote = memchr(line, '\'', length);
    const char *end = quote ? memchr(quote + 1, '\'', length - (size_t)(quote + 1 - line)) : NULL;
    struct instant instant;
    char shown[128];
    const size_t n = length < sizeof shown - 1 ? length : sizeof shown - 1;
    memcpy(shown, line, n);
    shown[n] = '\0';
    if (end && strstr(shown, "onsumer group"))
        dump->group = arena_printf(dump->source->arena, "%.*s", (int)(end - quote - 1), quote + 1);
    if (strstr(shown, "rebalanc"))
        source_remark(dump->source, "%s:%u: a group was rebalancing: its rows may name no consumers",
                      dump->source->file, source_place(dump->source, at).line);
    if (instant_read(line, length, &instant)) {
        const bool is_clock = instant.kind == INSTANT_CLOCK;
        dump->last = instant;
        if (dump->has_time && is_clock && instant.s < dump->last_t_s - 43200) instant.s += 86400; /* past midnight */
        dump->last_t_s = instant.s;
        dump->has_time = true;
    }
    return true;
}

/* "1766535130", perhaps with a fraction, or in milli-, micro- or nanoseconds, alone in its line: `date +%s`, `%s%N`. */
static bool read_epoch(const char *field, double *seconds)
{
    const size_t n = strspn(field, "0123456789"), fraction = field[n] == '.' ? strspn(field + n + 1, "0123456789") : 0;
    if (field[n + (field[n] == '.') + fraction] != '\0' || (n != 10 && n != 13 && n != 16 && n != 19)) return false;
    *seconds = instant_of_number(strtod(field, NULL));
    return true;
}

/* What `date` prints may have as many fields as a row, and a day where the partition stands. */
static bool is_row(const struct dump *dump, const char *const *field, uint32_t n, const char *line, size_t length)
{
    double unused;
    struct instant instant;
    const uint32_t partition = column_of(dump, "PARTITION"), committed = column_of(dump, "CURRENT-OFFSET");
    if (dump->n_fields == 0 || n + 3 < dump->n_fields || partition >= n || line[0] == '#') return false;
    if (!count_of(field[partition], &unused)) return false;
    return (committed < n && count_of(field[committed], &unused)) || !instant_read(line, length, &instant);
}

/* A row that a blank in a name has moved: the figures stand one to three fields behind their heads. */
static bool is_moved_row(const struct dump *dump, const char *const *field, uint32_t n)
{
    const uint32_t partition = column_of(dump, "PARTITION"), committed = column_of(dump, "CURRENT-OFFSET");
    const uint32_t log_end = column_of(dump, "LOG-END-OFFSET");
    double unused;
    if (dump->n_fields == 0) return false;
    for (uint32_t by = 1; by <= 3; by++)
        if (partition + by < n && committed + by < n && log_end + by < n && count_of(field[partition + by], &unused) &&
            count_of(field[committed + by], &unused) && count_of(field[log_end + by], &unused))
            return true;
    return false;
}

static bool read_line(struct dump *dump, const char *line, size_t length, size_t at)
{
    const char *field[FIELDS_MAX];
    const uint32_t n = split(dump->source->arena, line, length, field);
    if (n == 0) return true;
    bool head = false;
    for (uint32_t i = 0; i < n; i++)
        head |= strcmp(field[i], "CURRENT-OFFSET") == 0 || strcmp(field[i], "LOG-END-OFFSET") == 0;
    if (head) {
        memcpy(dump->head, field, sizeof field);
        dump->n_fields = n;
        return open_snapshot(dump, line, length, at);
    }
    if (n == 1 && read_epoch(field[0], &dump->last_t_s)) {
        dump->last = (struct instant){ dump->last_t_s, INSTANT_DATE, true };
        return dump->has_time = true;
    }
    if (is_row(dump, field, n, line, length)) return read_row(dump, field, n, at);
    struct instant instant;
    if (is_moved_row(dump, field, n) && !instant_read(line, length, &instant))
        return source_finding(dump->source, at, "",
                              "the figures of this row do not stand below their heads: a name with a blank in it looks "
                              "like two; write it without (%.60s-%.60s)",
                              field[0], field[1]);
    return read_notice(dump, line, length, at);
}

/* ---- tables as a whole ---- */

static int by_name_and_partition(const struct row *x, const struct row *y)
{
    int order = strcmp(x->group, y->group);
    if (order == 0) order = strcmp(x->topic, y->topic);
    return order != 0 ? order : (x->partition > y->partition) - (x->partition < y->partition);
}

static int by_place(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    const int order = by_name_and_partition(x, y);
    return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

/* Rows of a table in order of their places. */
static struct row *sorted_rows(const struct dump *dump, const struct snapshot *snapshot)
{
    struct row *row = arena_array(dump->source->arena, struct row, snapshot->n + 1);
    memcpy(row, &dump->row[snapshot->first], snapshot->n * sizeof *row);
    qsort(row, snapshot->n, sizeof *row, by_place);
    return row;
}

/* Two tables with nothing between them that tells them apart would be one, with every record counted twice. */
static bool rows_differ(const struct dump *dump, const struct snapshot *snapshot)
{
    const struct row *row = sorted_rows(dump, snapshot);
    for (uint32_t i = 1; i < snapshot->n; i++)
        if (by_name_and_partition(&row[i - 1], &row[i]) == 0)
            return source_finding(dump->source, row[i].at, "",
                                  "%s, %s, partition %u a second time, without an instant between; put a line with "
                                  "`date -Is` before each table",
                                  row[i].group, row[i].topic, row[i].partition);
    return true;
}

static void name_uncommitted(const struct dump *dump, const struct snapshot *snapshot)
{
    const struct row *first = NULL;
    uint32_t n = 0;
    for (uint32_t i = 0; i < snapshot->n; i++) {
        const struct row *row = &dump->row[snapshot->first + i];
        if (row->lag >= 0) continue;
        if (!first) first = row;
        n++;
    }
    if (first)
        source_remark(dump->source,
                      "%u partition%s without a committed offset (-), as %s, %s, partition %u, left out: what waits "
                      "there is not known",
                      n, n == 1 ? "" : "s", first->group, first->topic, first->partition);
}

static bool falls_log_end(const struct row *before, const struct row *after)
{
    return after->log_end >= 0 && after->log_end < before->log_end;
}

/* Whether an offset of a later table is less than it was. */
static bool falls(const struct row *before, const struct row *after)
{
    return (after->committed >= 0 && after->committed < before->committed) || falls_log_end(before, after);
}

static void name_fall(const struct dump *dump, const struct row *before, const struct row *after)
{
    const bool log_end = falls_log_end(before, after);
    source_remark(dump->source,
                  "%s:%u: the %s of %s, %s, partition %u falls from %.0f to %.0f: the topic was made anew, or the "
                  "group set back; no pace is taken across it",
                  dump->source->file, source_place(dump->source, after->at).line,
                  log_end ? "log end" : "committed offset", after->group, after->topic, after->partition,
                  log_end ? before->log_end : before->committed, log_end ? after->log_end : after->committed);
}

static void name_falling(const struct dump *dump)
{
    const struct row *before = NULL;
    uint32_t n_before = 0, n_falls = 0;
    for (uint32_t s = 0; s < dump->n_snapshots; s++) {
        const uint32_t n = dump->snapshot[s].n;
        const struct row *now = sorted_rows(dump, &dump->snapshot[s]);
        for (uint32_t i = 0, k = 0; i < n; i++) {
            while (k < n_before && by_name_and_partition(&before[k], &now[i]) < 0) k++;
            if (k == n_before || by_name_and_partition(&before[k], &now[i]) != 0) continue;
            if (!falls(&before[k], &now[i])) continue;
            if (n_falls++ == 0) name_fall(dump, &before[k], &now[i]);
        }
        before = now;
        n_before = n;
    }
    if (n_falls > 1) source_remark(dump->source, "%u offsets in all fall from one table to the next", n_falls);
}

/* ---- observations ---- */

static cJSON *rows_json(const struct dump *dump, const struct snapshot *snapshot)
{
    cJSON *rows = cJSON_CreateArray();
    for (uint32_t i = 0; i < snapshot->n; i++) {
        const struct row *row = &dump->row[snapshot->first + i];
        if (row->lag < 0) continue; /* nothing was ever committed */
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "group", row->group);
        cJSON_AddStringToObject(one, "topic", row->topic);
        cJSON_AddNumberToObject(one, "partition", row->partition);
        if (row->committed >= 0) cJSON_AddNumberToObject(one, "committed", row->committed);
        if (row->log_end >= 0) cJSON_AddNumberToObject(one, "log_end", row->log_end);
        cJSON_AddNumberToObject(one, "lag", row->lag);
        cJSON_AddItemToArray(rows, one);
    }
    return rows;
}

static cJSON *table_of(const struct dump *dump, const struct snapshot *snapshot)
{
    cJSON *table = cJSON_CreateObject();
    cJSON_AddStringToObject(table, "label",
                            arena_printf(dump->source->arena, "consumer groups, %s", dump->source->file));
    if (isfinite(snapshot->t_s)) cJSON_AddNumberToObject(table, "t_s", snapshot->t_s);
    if (isfinite(snapshot->t_s)) cJSON_AddNumberToObject(table, "sigma_t_s", CLOCK_S);
    cJSON_AddItemToObject(table, "rows", rows_json(dump, snapshot));
    return table;
}

/* A group's rows with a committed offset, in order of their places. */
struct rows {
    uint32_t n;
    const struct row *row;
    double committed, lag; /* sums */
};

static bool is_row_of(const struct row *row, const char *group, const char *consumer)
{
    return row->committed >= 0 && strcmp(row->group, group) == 0 &&
           (!consumer || (row->consumer && strcmp(row->consumer, consumer) == 0));
}

/* consumer NULL: of all of them. */
static struct rows rows_of(const struct dump *dump, const struct snapshot *snapshot, const char *group,
                           const char *consumer)
{
    struct rows out = { 0 };
    const struct row *all = &dump->row[snapshot->first];
    for (uint32_t i = 0; i < snapshot->n; i++) out.n += is_row_of(&all[i], group, consumer);
    struct row *row = arena_array(dump->source->arena, struct row, out.n + 1);
    out.row = row;
    for (uint32_t i = 0; i < snapshot->n; i++) {
        if (!is_row_of(&all[i], group, consumer)) continue;
        out.committed += all[i].committed;
        out.lag += fmax(all[i].lag, 0);
        *row++ = all[i];
    }
    qsort(row - out.n, out.n, sizeof *row, by_place);
    return out;
}

/* How many partitions the group has in all: with a committed offset, in any table. */
static uint32_t partitions_of_group(const struct dump *dump, const char *group)
{
    const struct rows all = rows_of(dump, &(struct snapshot){ .n = dump->n_rows }, group, NULL);
    uint32_t n = all.n > 0;
    for (uint32_t i = 1; i < all.n; i++) n += by_name_and_partition(&all.row[i - 1], &all.row[i]) != 0;
    return n;
}

/* The consumers that a table names; seen: of CONSUMERS_MAX. */
static uint32_t consumers_of(const struct dump *dump, const struct snapshot *snapshot, const char *group,
                             const char **seen)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < snapshot->n; i++) {
        const struct row *row = &dump->row[snapshot->first + i];
        uint32_t k = 0;
        if (strcmp(row->group, group) != 0 || !row->consumer) continue;
        while (k < n && strcmp(seen[k], row->consumer) != 0) k++;
        if (k == n && n < CONSUMERS_MAX) seen[n++] = row->consumer;
    }
    return n;
}

/* As of the last table that names any: one that was rebalancing may name none. */
static uint32_t last_consumers_of(const struct dump *dump, const char *group)
{
    const char *consumer[CONSUMERS_MAX];
    uint32_t n = 0;
    for (uint32_t s = dump->n_snapshots; s-- > 0 && n == 0;)
        n = consumers_of(dump, &dump->snapshot[s], group, consumer);
    return n;
}

static void name_changing_consumers(const struct dump *dump, const char *group)
{
    const char *consumer[CONSUMERS_MAX];
    uint32_t before = 0, least = UINT32_MAX, most = 0;
    double changed_s = 0;
    for (uint32_t s = 0; s < dump->n_snapshots; s++) {
        const uint32_t n = consumers_of(dump, &dump->snapshot[s], group, consumer);
        if (n == 0) continue;
        if (before > 0 && n != before) changed_s = dump->snapshot[s].t_s;
        if (n < least) least = n;
        if (n > most) most = n;
        before = n;
    }
    if (most > least)
        source_remark(dump->source,
                      "the tables name from %u to %u consumers of %s; the last change is seen at %g s. What is made of "
                      "them has the last count, %u, all along",
                      least, most, group, changed_s, before);
}

static bool same_partitions(const struct rows *before, const struct rows *after)
{
    bool same = before->n == after->n;
    for (uint32_t i = 0; i < after->n && same; i++)
        same = by_name_and_partition(&before->row[i], &after->row[i]) == 0;
    return same;
}

/* Of two tables that have the same partitions. */
static bool any_falls(const struct rows *before, const struct rows *after)
{
    for (uint32_t i = 0; i < after->n; i++)
        if (falls(&before->row[i], &after->row[i])) return true;
    return false;
}

struct stretch {
    double from_s, to_s, done;
};

/* The longest time for which a consumer was behind all along, with the same partitions; consumer NULL: one that is not
 * named, with all of them. At either end stands a table that has_all the group's partitions: what one of them did that
 * is not in the first would be its whole age. An offset that falls ends it: what was done by then is not in what was
 * committed after. */
static struct stretch longest_behind(const struct dump *dump, const char *group, const char *consumer,
                                     const bool *has_all)
{
    struct stretch best = { 0 };
    struct rows before = { 0 };
    double from_s = 0, committed = 0;
    bool is_open = false;
    for (uint32_t s = 0; s < dump->n_snapshots; s++) {
        const double t_s = dump->snapshot[s].t_s;
        const struct rows rows = rows_of(dump, &dump->snapshot[s], group, consumer);
        if (rows.lag < BATCH) is_open = false;
        if (rows.lag < BATCH || !has_all[s]) continue;
        if (!is_open || !same_partitions(&before, &rows) || any_falls(&before, &rows))
            from_s = t_s, committed = rows.committed;
        else if (t_s - from_s > best.to_s - best.from_s)
            best = (struct stretch){ from_s, t_s, rows.committed - committed };
        is_open = true;
        before = rows;
    }
    return best;
}

/* What those did that were behind, each in its longest stretch. */
struct work {
    uint32_t n, n_named; /* consumers; n_named: in all, 0: no table names any */
    double from_s, to_s, seconds, done;
};

static void add_stretch(struct work *work, const struct stretch *stretch)
{
    if (!(stretch->to_s > stretch->from_s) || !(stretch->done > 0)) return;
    work->from_s = work->n > 0 ? fmin(work->from_s, stretch->from_s) : stretch->from_s;
    work->to_s = fmax(work->to_s, stretch->to_s);
    work->seconds += stretch->to_s - stretch->from_s;
    work->done += stretch->done;
    work->n++;
}

static struct work work_of(const struct dump *dump, const char *group)
{
    const char *consumer[CONSUMERS_MAX];
    const uint32_t partitions = partitions_of_group(dump, group);
    bool *has_all = arena_array(dump->source->arena, bool, dump->n_snapshots);
    for (uint32_t s = 0; s < dump->n_snapshots; s++)
        has_all[s] = rows_of(dump, &dump->snapshot[s], group, NULL).n >= partitions;
    struct work work = { .to_s = -INFINITY };
    work.n_named = consumers_of(dump, &(struct snapshot){ .n = dump->n_rows }, group, consumer);
    for (uint32_t i = 0; i < (work.n_named > 0 ? work.n_named : 1); i++) {
        const struct stretch stretch = longest_behind(dump, group, work.n_named > 0 ? consumer[i] : NULL, has_all);
        add_stretch(&work, &stretch);
    }
    return work;
}

static void say_service(const struct dump *dump, const char *group, const struct work *work, double service_s,
                        double sigma_s)
{
    const uint32_t n = work->n;
    const char *s = n == 1 ? "" : "s", *figures = arena_printf(dump->source->arena,
        "%.2f ms a record, standard error %.2f ms (clock of a table %g s, a batch of %.0f in hand%s at either end)",
        service_s * 1e3, sigma_s * 1e3, CLOCK_S, BATCH, n == 1 ? "" : " of each");
    if (work->seconds > (n - 1e-9) * (work->to_s - work->from_s))
        source_remark(dump->source,
                      "%s was behind from %g s to %g s and committed %.0f records: with %u consumer%s%s %s", group,
                      work->from_s, work->to_s, work->done, n, s, work->n_named > 0 ? "" : " (assumed)", figures);
    else
        source_remark(dump->source,
                      "%u consumers of %s were behind between %g s and %g s, each for a time of its own (%g s in all), "
                      "and committed %.0f records: %s",
                      n, group, work->from_s, work->to_s, work->seconds, work->done, figures);
    if (work->n_named > n)
        source_remark(dump->source,
                      "of the %u consumers of %s that the tables name, that is of %u; the others never had %.0f "
                      "records waiting in two tables, in the same partitions",
                      work->n_named, group, n, BATCH);
}

static void add_service(const struct dump *dump, const char *group, cJSON *out)
{
    const struct work work = work_of(dump, group);
    if (work.n == 0) return;
    const double service_s = work.seconds / work.done;
    /* the clocks of a table are wrong for all alike */
    const double relative =
        hypot(work.n * CLOCK_S * sqrt(2) / work.seconds, BATCH * sqrt(work.n / 6.0) / work.done);
    cJSON_AddNumberToObject(out, "service_s", service_s);
    cJSON_AddNumberToObject(out, "service_sigma_s", service_s * relative);
    say_service(dump, group, &work, service_s, service_s * relative);
}

static uint32_t partitions_of_topic(const struct dump *dump, const struct snapshot *snapshot, const struct row *like)
{
    uint32_t partitions = 0;
    for (uint32_t i = 0; i < snapshot->n; i++) {
        const struct row *row = &dump->row[snapshot->first + i];
        if (strcmp(row->group, like->group) == 0 && strcmp(row->topic, like->topic) == 0 &&
            row->partition + 1 > partitions)
            partitions = row->partition + 1;
    }
    return partitions;
}

/* Of each topic that the group reads, "several" of them perhaps; 0 where they differ: the rows say it then. */
static uint32_t partitions_of(const struct dump *dump, const struct snapshot *snapshot, const char *group,
                              const char **topic)
{
    uint32_t partitions = 0;
    const char *before = "", *first = *topic;
    for (uint32_t i = 0; i < snapshot->n; i++) {
        const struct row *row = &dump->row[snapshot->first + i];
        if (strcmp(row->group, group) != 0 || strcmp(row->topic, before) == 0) continue;
        before = row->topic;
        if (strcmp(row->topic, first) != 0) *topic = "several";
        const uint32_t its = partitions_of_topic(dump, snapshot, row);
        if (partitions > 0 && its != partitions) return *topic = "several", 0;
        partitions = its;
    }
    return partitions;
}

static void add_groups(const struct dump *dump, cJSON *out)
{
    const struct snapshot *last = &dump->snapshot[dump->n_snapshots - 1];
    cJSON *groups = cJSON_AddArrayToObject(out, "groups"), *one;
    for (uint32_t i = 0; i < last->n; i++) {
        const struct row *row = &dump->row[last->first + i];
        bool there = false;
        cJSON_ArrayForEach(one, groups) there |=
            strcmp(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one, "name")), row->group) == 0;
        if (there) continue;
        const char *topic = row->topic;
        const uint32_t partitions = partitions_of(dump, last, row->group, &topic);
        const uint32_t consumers = last_consumers_of(dump, row->group);
        one = cJSON_CreateObject();
        cJSON_AddItemToArray(groups, one);
        cJSON_AddStringToObject(one, "name", row->group);
        cJSON_AddStringToObject(one, "topic", topic);
        if (partitions > 0) cJSON_AddNumberToObject(one, "partitions", partitions);
        if (consumers > 0) cJSON_AddNumberToObject(one, "consumers", consumers);
        name_changing_consumers(dump, row->group);
        if (dump->n_snapshots > 1) add_service(dump, row->group, one);
    }
}

struct looks {
    const char *topic; /* NULL: none */
    uint32_t first;    /* table that has the topic */
    uint32_t n_late;   /* partitions that it lacks, and a later one has */
    double late_t_s;   /* of the last such */
    struct arrived_by *by;
    double *grew;      /* of each partition */
    bool *is_there;
};

static struct looks new_looks(const struct dump *dump)
{
    return (struct looks){ .by = arena_array(dump->source->arena, struct arrived_by, dump->n_snapshots),
                           .grew = arena_array(dump->source->arena, double, MAX_PARTITIONS),
                           .is_there = arena_array(dump->source->arena, bool, MAX_PARTITIONS) };
}

/* In the arrays of others, of another topic. */
static struct looks looks_over(const struct looks *used, const char *topic, uint32_t first)
{
    for (uint32_t p = 0; p < MAX_PARTITIONS; p++) used->grew[p] = 0, used->is_there[p] = false;
    return (struct looks){ .topic = topic, .first = first, .by = used->by, .grew = used->grew,
                           .is_there = used->is_there };
}

/* What had come into a topic by each table: into each partition since the first table that has it, as nothing is known
 * of what came before. A log that falls is one that somebody made anew; it stays where it was. */
static void look_at_topic(const struct dump *dump, const char *topic, struct looks *out)
{
    double most[MAX_PARTITIONS];
    for (uint32_t p = 0; p < MAX_PARTITIONS; p++) most[p] = -1;
    *out = looks_over(out, topic, dump->n_snapshots);
    for (uint32_t s = 0; s < dump->n_snapshots; s++) {
        const struct snapshot *snapshot = &dump->snapshot[s];
        bool counted[MAX_PARTITIONS] = { false }; /* each group that reads the topic has its rows */
        out->by[s] = (struct arrived_by){ .t_s = snapshot->t_s, .records = s > 0 ? out->by[s - 1].records : 0 };
        for (uint32_t i = 0; i < snapshot->n; i++) {
            const struct row *row = &dump->row[snapshot->first + i];
            double *end = &most[row->partition];
            if (row->log_end < 0 || counted[row->partition] || strcmp(row->topic, topic) != 0) continue;
            counted[row->partition] = true;
            if (out->first == dump->n_snapshots) out->first = s;
            out->is_there[row->partition] = true;
            if (*end >= 0) out->grew[row->partition] += fmax(row->log_end - *end, 0);
            if (*end >= 0) out->by[s].records += fmax(row->log_end - *end, 0);
            else if (s > out->first && snapshot->t_s > 0) out->n_late++, out->late_t_s = snapshot->t_s;
            *end = fmax(*end, row->log_end);
        }
    }
}

/* Keys that are spread evenly give each partition the same, but for counting noise; a fifth more is what matters. */
static void name_uneven(const struct dump *dump, const struct looks *looks)
{
    double sum = 0;
    uint32_t n = 0, most = 0;
    for (uint32_t p = 0; p < MAX_PARTITIONS; p++) {
        sum += looks->grew[p];
        if (looks->grew[p] > looks->grew[most]) most = p;
        if (looks->is_there[p]) n++;
    }
    const double even = sum / fmax(n, 1);
    if (looks->grew[most] > UNEVEN * even && looks->grew[most] > even + UNEVEN_SIGMAS * sqrt(even))
        source_remark(dump->source,
                      "partition %u of %.80s took %.1f %% of its records, where %.1f %% would be even: keys are not "
                      "spread evenly over the partitions, but in what sim init makes of them they are: what waits, and "
                      "who keeps up, will differ",
                      most, looks->topic, 100 * looks->grew[most] / sum, 100.0 / n);
}

/* Records times the seconds since they came. What is published on the way comes later than what it is published for. */
static double area_of(const struct arrived_by *by, uint32_t n)
{
    double area = 0;
    for (uint32_t i = 1; i < n; i++) area += (by[i - 1].records + by[i].records) / 2 * (by[i].t_s - by[i - 1].t_s);
    return area;
}

/* When records arrived: of the topic whose log grew most, and first. */
static bool add_load(const struct dump *dump, cJSON *out)
{
    const uint32_t n = dump->n_snapshots;
    const struct snapshot *last = &dump->snapshot[n - 1];
    struct looks one = new_looks(dump), best = new_looks(dump);
    const char *before = "";
    double most = 0;
    for (uint32_t i = 0; i < last->n; i++) {
        const struct row *row = &dump->row[last->first + i];
        if (strcmp(row->topic, before) == 0) continue;
        before = row->topic;
        look_at_topic(dump, row->topic, &one);
        const double area = area_of(one.by, n);
        if (!(area > most)) continue;
        const struct looks worse = best;
        most = area;
        best = one;
        one = worse;
    }
    if (!best.topic) return true;
    if (best.n_late > 0)
        source_remark(dump->source,
                      "%u partition%s of %.80s %s missing from the first table: what came there before the table that "
                      "has %s (by %g s) is not known, and not in the load",
                      best.n_late, best.n_late == 1 ? "" : "s", best.topic, best.n_late == 1 ? "is" : "are",
                      best.n_late == 1 ? "it" : "them all", best.late_t_s);
    name_uneven(dump, &best);
    return arrivals_add_load(dump->source, best.topic, best.by + best.first, n - best.first, out);
}

/* Dates of which one says its zone and the other does not may be hours apart that nobody sees. */
static void compare_zones(const struct dump *dump, const struct instant *start)
{
    const struct instant *table = &dump->snapshot[0].was;
    if (start->kind != INSTANT_DATE || table->kind != INSTANT_DATE || start->has_zone == table->has_zone) return;
    source_remark(dump->source,
                  "%s no zone, and is taken as it stands beside %s, in UTC; give both with their zone",
                  start->has_zone ? "the instant of a table has" : "--start has",
                  start->has_zone ? "--start" : "the tables");
}

/* Of clock times nobody says the day. A table may be taken up to half a day before the start, and else after it: that
 * of 00:05 is of the night in which a load began at 23:50; and one of 23:50 is of just before a start at 00:05. */
static void find_day(const struct dump *dump, struct instant *start)
{
    const struct snapshot *first = &dump->snapshot[0];
    if (start->kind != INSTANT_CLOCK || first->was.kind != INSTANT_CLOCK) return;
    const double after_s = first->t_s - start->s;
    const int days = after_s < -DAY_S / 2 ? 1 : after_s > DAY_S * 3 / 4 ? -1 : 0; /* of the table */
    start->s -= days * DAY_S;
    if (days != 0)
        source_remark(dump->source,
                      "--start and the tables are clock times: the first table is taken for one of the day %s, %g s %s "
                      "the start; with dates there is no doubt",
                      days > 0 ? "after" : "before", fabs(first->t_s - start->s),
                      first->t_s < start->s ? "before" : "after");
}

static bool place_in_time(struct dump *dump, const char *start)
{
    struct instant zero = { .s = dump->snapshot[0].t_s };
    for (uint32_t s = 0; s < dump->n_snapshots && dump->n_snapshots > 1; s++)
        if (!isfinite(dump->snapshot[s].t_s))
            return source_finding(dump->source, 0, "",
                                  "table %u of %u has no instant; put a line with `date -Is` before each", s + 1,
                                  dump->n_snapshots);
    if (start && !instant_read(start, strlen(start), &zero))
        return source_finding(dump->source, 0, "", "--start %.40s is no instant; write 2025-12-24T08:57:02 or 08:57:02",
                              start);
    if (start) compare_zones(dump, &zero);
    if (start) find_day(dump, &zero);
    for (uint32_t s = 0; s < dump->n_snapshots; s++) {
        dump->snapshot[s].t_s -= zero.s;
        if (start && fabs(dump->snapshot[s].t_s) > 86400 * 7)
            return source_finding(dump->source, 0, "",
                                  "--start %.40s is more than a week from the tables; give it as they "
                                  "have it (with a date, or a clock time only)",
                                  start);
        if (fabs(dump->snapshot[s].t_s) > LONGEST_S)
            return source_finding(dump->source, 0, "", "table %u is %g s from t = 0: no clock is right for both", s + 1,
                                  dump->snapshot[s].t_s);
        if (s > 0 && !(dump->snapshot[s].t_s > dump->snapshot[s - 1].t_s))
            return source_finding(dump->source, 0, "", "table %u is not later than the one before it", s + 1);
    }
    return true;
}

/* The table that says what the log held when the load began, and what waited: the last at or before t = 0. */
static uint32_t table_of_start(const struct dump *dump)
{
    uint32_t s = 0;
    while (s + 1 < dump->n_snapshots && dump->snapshot[s + 1].t_s <= 0) s++;
    if (s > 0)
        source_remark(dump->source,
                      "the load begins with the table at %g s, the last before its start: %u table%s before it %s left "
                      "out, but for service times",
                      dump->snapshot[s].t_s, s, s == 1 ? "" : "s", s == 1 ? "is" : "are");
    return s;
}

/* One table alone is `offsets` and no more. */
static void add_tables(const struct dump *dump, cJSON *out)
{
    const uint32_t start = table_of_start(dump);
    cJSON_AddItemToObject(out, "offsets", table_of(dump, &dump->snapshot[dump->n_snapshots - 1]));
    if (start + 1 == dump->n_snapshots) return;
    cJSON *tables = cJSON_AddArrayToObject(out, "snapshots");
    for (uint32_t s = start; s < dump->n_snapshots; s++)
        cJSON_AddItemToArray(tables, table_of(dump, &dump->snapshot[s]));
}

cJSON *describe_read(struct source *source, const char *start)
{
    struct dump dump = { .source = source };
    dump.row = arena_array(source->arena, struct row, ROWS_MAX);
    dump.snapshot = arena_array(source->arena, struct snapshot, SNAPSHOTS_MAX);
    for (size_t at = 0; source->text[at] != '\0';) {
        const size_t length = strcspn(source->text + at, "\n");
        if (!read_line(&dump, source->text + at, length, at)) return NULL;
        at += length + (source->text[at + length] == '\n');
    }
    if (dump.n_rows == 0)
        return source_finding(source, 0, "",
                              "no table of kafka-consumer-groups.sh --describe: a head with TOPIC, PARTITION, "
                              "CURRENT-OFFSET, LOG-END-OFFSET, and rows below it"),
               NULL;
    for (uint32_t s = 0; s < dump.n_snapshots; s++)
        if (!rows_differ(&dump, &dump.snapshot[s])) return NULL;
    if (!place_in_time(&dump, start)) return NULL;
    name_falling(&dump);
    name_uncommitted(&dump, &dump.snapshot[dump.n_snapshots - 1]);
    cJSON *out = cJSON_CreateObject();
    cJSON_AddStringToObject(out, "schema", "sim-observations/1");
    cJSON_AddStringToObject(out, "source", arena_printf(source->arena, "kafka-consumer-groups.sh, %s", source->file));
    if (dump.n_snapshots > 1 && !add_load(&dump, out)) return cJSON_Delete(out), NULL;
    add_groups(&dump, out);
    add_tables(&dump, out);
    return out;
}
