/* SPDX-License-Identifier: GPL-3.0-or-later
 * Two things stand between a table and what was done. Offsets are committed after a batch: a group that lags has, on
 * average, half a batch in hand that it has done and not committed. And a clock that is printed beside a table is not
 * the instant of each of its rows: some seconds either way. */
#include "sim/foreign/seen.h"

#include <math.h>
#include <string.h>

#define BATCH       500.0 /* max.poll.records where nobody has said another */
#define ROW_CLOCK_S 2.0   /* rows of one table are printed some seconds apart */

static const cJSON *at(const cJSON *object, const char *key) { return cJSON_GetObjectItemCaseSensitive(object, key); }

double seen_number(const cJSON *object, const char *key, double fallback)
{
    const cJSON *value = at(object, key);
    return cJSON_IsNumber(value) ? value->valuedouble : fallback;
}

static struct seen_group *group_named(struct seen *seen, const char *name)
{
    for (uint32_t i = 0; i < seen->n_groups; i++)
        if (strcmp(seen->group[i].name, name) == 0) return &seen->group[i];
    if (seen->n_groups == MAX_SEEN_GROUPS) return NULL;
    struct seen_group *group = &seen->group[seen->n_groups++];
    *group = (struct seen_group){ .name = name, .lag = -1 };
    return group;
}

static void add_topic(struct seen_group *group, const char *topic, uint32_t partitions)
{
    uint32_t i = 0;
    if (!topic || strcmp(topic, "several") == 0) return;
    while (i < group->n_topics && strcmp(group->topic[i], topic) != 0) i++;
    if (i == MAX_SEEN_TOPICS) return;
    if (i == group->n_topics) group->n_topics++, group->rows_of[i] = 0;
    group->topic[i] = topic;
    if (partitions > group->rows_of[i]) group->rows_of[i] = partitions;
}

static void read_groups(struct seen *seen, const cJSON *groups)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, groups)
    {
        const char *name = cJSON_GetStringValue(at(one, "name"));
        struct seen_group *group = name ? group_named(seen, name) : NULL;
        if (!group) continue;
        add_topic(group, cJSON_GetStringValue(at(one, "topic")), 0);
        group->partitions = (uint32_t)fmin(fmax(seen_number(one, "partitions", 0), 0), 1024);
        group->consumers = (uint32_t)fmin(fmax(seen_number(one, "consumers", 0), 0), 1024);
        group->service_s = seen_number(one, "service_s", 0);
        group->service_sigma_s = seen_number(one, "service_sigma_s", 0);
    }
}

/* Of one table: a group's topics, and how far behind it is. */
static void read_rows(struct seen *seen, const cJSON *rows)
{
    const cJSON *row;
    cJSON_ArrayForEach(row, rows)
    {
        const char *name = cJSON_GetStringValue(at(row, "group"));
        struct seen_group *group = name ? group_named(seen, name) : NULL;
        if (!group) continue;
        add_topic(group, cJSON_GetStringValue(at(row, "topic")), 1 + (uint32_t)seen_number(row, "partition", 0));
        const double lag = seen_number(row, "lag", -1);
        if (lag >= 0) group->lag = fmax(group->lag, 0) + lag;
    }
}

static bool is_of(const cJSON *row, const char *group)
{
    const char *name = cJSON_GetStringValue(at(row, "group"));
    return name && strcmp(name, group) == 0;
}

static double lag_of(const cJSON *table, const char *group)
{
    const cJSON *row;
    double lag = 0;
    cJSON_ArrayForEach(row, at(table, "rows")) if (is_of(row, group)) lag += seen_number(row, "lag", 0);
    return lag;
}

/* Who has caught up by the last table may have been behind before. Less than a batch is in hand, and no delay. */
static void read_earlier(struct seen *seen, const cJSON *tables)
{
    const cJSON *table;
    for (uint32_t i = 0; i < seen->n_groups; i++)
        cJSON_ArrayForEach(table, tables)
        {
            const double lag = lag_of(table, seen->group[i].name);
            if (lag >= BATCH) seen->group[i].lag = fmax(seen->group[i].lag, lag);
        }
}

void seen_read(struct seen *out, const cJSON *observations)
{
    *out = (struct seen){ 0 };
    const cJSON *offsets = at(observations, "offsets");
    out->offsets_t_s = seen_number(offsets, "t_s", (double)NAN);
    out->created = seen_number(at(observations, "load"), "orders_created", 0);
    read_groups(out, at(observations, "groups"));
    read_rows(out, at(offsets, "rows"));
    read_earlier(out, at(observations, "snapshots"));
}

uint32_t seen_partitions(const struct seen *seen, const char *topic)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < seen->n_groups; i++) {
        const struct seen_group *group = &seen->group[i];
        for (uint32_t t = 0; t < group->n_topics; t++) {
            if (strcmp(group->topic[t], topic) != 0) continue;
            if (group->partitions > most) most = group->partitions;
            if (group->rows_of[t] > most) most = group->rows_of[t];
        }
    }
    return most;
}

uint32_t seen_behind(const struct seen *seen)
{
    uint32_t most = seen->n_groups;
    for (uint32_t i = 0; i < seen->n_groups; i++)
        if (seen->group[i].lag > 0 && (most == seen->n_groups || seen->group[i].lag > seen->group[most].lag)) most = i;
    return most;
}

/* A status whose instant is known, as a count of what was done. */
static bool count_of_status(const cJSON *status, const struct seen *seen, const struct load_curve *curve,
                            struct done_at *out)
{
    const cJSON *between = at(status, "between_s");
    const double paid = seen_number(status, "paid", -1), pending = seen_number(status, "pending", -1);
    const double failed = fmax(seen_number(status, "failed", 0), 0);
    *out = (struct done_at){ .t_s = seen_number(status, "t_s", (double)NAN), .sigma_t_s = 1, .done = -1 };
    if (cJSON_GetArraySize(between) == 2) { /* about two standard deviations either way */
        const double from = between->child->valuedouble, to = between->child->next->valuedouble;
        out->t_s = (from + to) / 2;
        out->sigma_t_s = (to - from) / 4;
    }
    if (!isfinite(out->t_s)) return false;
    const double created =
        out->t_s >= curve->end_s && seen->created > 0 ? seen->created : load_curve_arrived(curve, out->t_s);
    if (paid >= 0) out->done = paid + failed;
    else if (pending >= 0) out->done = created - pending;
    out->sigma = sqrt(fmax(out->done, 1)) * 0.3;
    return out->done >= 0;
}

static bool is_same_row(const cJSON *a, const cJSON *b)
{
    return is_of(a, cJSON_GetStringValue(at(b, "group"))) && cJSON_Compare(at(a, "topic"), at(b, "topic"), true) &&
           cJSON_Compare(at(a, "partition"), at(b, "partition"), true);
}

/* The row of the same partition, from `from` on and then from the beginning: tables have their rows in one order. */
static const cJSON *same_row(const cJSON *table, const cJSON *from, const cJSON *like)
{
    const cJSON *row = from;
    for (; row; row = row->next)
        if (is_same_row(row, like)) return row;
    cJSON_ArrayForEach(row, at(table, "rows"))
    {
        if (row == from) return NULL;
        if (is_same_row(row, like)) return row;
    }
    return NULL;
}

/* Committed since the first table, in partitions that both have; first NULL: since the log began. -1: not known. */
static double committed_since(const cJSON *first, const cJSON *table, const char *group)
{
    const cJSON *row, *its = NULL;
    double sum = -1;
    cJSON_ArrayForEach(row, at(table, "rows"))
    {
        const double now = is_of(row, group) ? seen_number(row, "committed", -1) : -1;
        if (first && now >= 0) its = same_row(first, its ? its->next : NULL, row);
        const double then = first ? seen_number(its, "committed", -1) : 0;
        if (now >= 0 && then >= 0) sum = fmax(sum, 0) + now - then;
    }
    return sum;
}

/* Whether an offset of the group is less than in the table before: it was set back, or the topic made anew. */
static bool is_set_back(const cJSON *before, const cJSON *table, const char *group)
{
    const cJSON *row, *its = NULL;
    cJSON_ArrayForEach(row, at(table, "rows"))
    {
        if (!is_of(row, group)) continue;
        its = same_row(before, its ? its->next : NULL, row);
        if (seen_number(row, "committed", INFINITY) < seen_number(its, "committed", -1) ||
            seen_number(row, "log_end", INFINITY) < seen_number(its, "log_end", -1))
            return true;
    }
    return false;
}

/* The first table across which an offset falls: what was done by then is in none from there on. NULL: there is none. */
static const cJSON *first_set_back(const cJSON *first, const char *group)
{
    for (const cJSON *table = first; table && table->next; table = table->next)
        if (is_set_back(table, table->next, group)) return table->next;
    return NULL;
}

/* Partitions of the group in which more than a little waits: a tenth of what waits where most does. */
static uint32_t partitions_behind(const cJSON *table, const char *group)
{
    const cJSON *row;
    double most = 0;
    uint32_t n = 0;
    cJSON_ArrayForEach(row, at(table, "rows")) if (is_of(row, group)) most = fmax(most, seen_number(row, "lag", 0));
    cJSON_ArrayForEach(row, at(table, "rows")) n += is_of(row, group) && seen_number(row, "lag", 0) > most / 10;
    return n;
}

/* A partition is one consumer's. */
static uint32_t working_of(uint32_t consumers, uint32_t partitions)
{
    return partitions > 0 && partitions < consumers ? partitions : consumers;
}

uint32_t seen_working(const struct seen_group *group, const cJSON *observations, uint32_t consumers)
{
    const cJSON *table;
    uint32_t most = partitions_behind(at(observations, "offsets"), group->name);
    cJSON_ArrayForEach(table, at(observations, "snapshots"))
    {
        const uint32_t n = partitions_behind(table, group->name);
        if (n > most && lag_of(table, group->name) >= BATCH) most = n;
    }
    return working_of(consumers, most);
}

/* Half a batch for each consumer that has work, on average. */
static double in_hand(const cJSON *table, const struct seen_group *group)
{
    const uint32_t consumers = group->consumers > 0 ? group->consumers : 1;
    const uint32_t working = working_of(consumers, partitions_behind(table, group->name));
    return fmin(BATCH * working, lag_of(table, group->name)) / 2;
}

/* A table as a count of what the group has done since the first; a batch in hand then was done before. */
static bool count_of_table(const cJSON *first, const cJSON *table, const struct seen_group *group, struct done_at *out)
{
    const double committed = committed_since(first, table, group->name), now = in_hand(table, group);
    const double then = first ? in_hand(first, group) : 0;
    *out = (struct done_at){ seen_number(table, "t_s", (double)NAN), ROW_CLOCK_S, fmax(committed + now - then, 0),
                             hypot(now, then) / sqrt(3) };
    return committed >= 0 && isfinite(out->t_s);
}

/* The same where nobody knows what the log held before: what has come and does not wait is done. */
static bool count_of_lag(const cJSON *table, const struct seen_group *group, const struct load_curve *curve,
                         struct done_at *out)
{
    const double t_s = seen_number(table, "t_s", (double)NAN), now = in_hand(table, group);
    if (!(t_s > 0)) return false;
    const double done = load_curve_arrived(curve, t_s) - lag_of(table, group->name);
    *out = (struct done_at){ t_s, ROW_CLOCK_S, fmax(done + now, 0), now / sqrt(3) };
    return done >= 0;
}

/* Of many tables that find the group behind, evenly spaced ones; where none does, of the last. None from where an
 * offset falls on. */
static uint32_t count_tables(const cJSON *tables, const cJSON *last, const struct seen_group *group,
                             struct done_at *count, uint32_t most)
{
    const cJSON *table, *first = cJSON_GetArraySize(tables) > 1 ? tables->child : NULL;
    const cJSON *end = first_set_back(first, group->name);
    uint32_t behind = 0, nth = 0, n = 0;
    for (table = first ? first->next : NULL; table != end; table = table->next)
        behind += lag_of(table, group->name) >= BATCH;
    if (behind == 0) return most > 0 && !end && count_of_table(first, last, group, count);
    const uint32_t every = (behind + most - 1) / most;
    for (table = first->next; table != end; table = table->next)
        if (lag_of(table, group->name) >= BATCH && nth++ % every == 0 && n < most &&
            count_of_table(first, table, group, &count[n]))
            n++;
    return n;
}

bool seen_rate(const struct seen *seen, uint32_t group, const cJSON *observations, const struct load_curve *curve,
               double *rate_per_s, double *error_per_s, uint32_t *n_counts)
{
    enum { MOST = 64 };
    struct done_at count[MOST];
    struct load_curve own = *curve;
    const cJSON *status, *tables = at(observations, "snapshots"), *last = at(observations, "offsets");
    uint32_t n = 0;
    cJSON_ArrayForEach(status, at(observations, "statuses")) if (n + 1 < MOST &&
                                                                 count_of_status(status, seen, curve, &count[n])) n++;
    if (group < seen->n_groups) {
        const struct seen_group *one = &seen->group[group];
        if (seen->has_past) n += count_of_lag(last, one, curve, &count[n]);
        else n += count_tables(tables, last, one, &count[n], MOST - n);
        const double waiting = cJSON_GetArraySize(tables) > 1 ? lag_of(tables->child, one->name) : 0;
        load_curve_wait(&own, waiting);
        for (uint32_t i = 0; i < n && waiting > 0; i++) /* with work before the load it may be faster than the load */
            if (count[i].t_s > 0) own.peak_per_s = fmax(own.peak_per_s, 2 * count[i].done / count[i].t_s);
    }
    *n_counts = n;
    return load_curve_fit(&own, count, n, rate_per_s, error_per_s);
}
