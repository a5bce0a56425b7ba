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
    *group = (struct seen_group){ .name = name, .lag = -1, .done = -1 };
    return group;
}

static void add_topic(struct seen_group *group, const char *topic)
{
    if (!topic || strcmp(topic, "several") == 0) return;
    for (uint32_t i = 0; i < group->n_topics; i++)
        if (strcmp(group->topic[i], topic) == 0) return;
    if (group->n_topics < MAX_SEEN_TOPICS) group->topic[group->n_topics++] = topic;
}

static void read_groups(struct seen *seen, const cJSON *groups)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, groups)
    {
        const char *name = cJSON_GetStringValue(at(one, "name"));
        struct seen_group *group = name ? group_named(seen, name) : NULL;
        if (!group) continue;
        add_topic(group, cJSON_GetStringValue(at(one, "topic")));
        group->partitions = (uint32_t)fmin(fmax(seen_number(one, "partitions", 0), 0), 1024);
        group->consumers = (uint32_t)fmin(fmax(seen_number(one, "consumers", 0), 0), 1024);
        group->service_s = seen_number(one, "service_s", 0);
        group->service_sigma_s = seen_number(one, "service_sigma_s", 0);
    }
}

static void read_rows(struct seen *seen, const cJSON *rows)
{
    const cJSON *row;
    cJSON_ArrayForEach(row, rows)
    {
        const char *name = cJSON_GetStringValue(at(row, "group"));
        struct seen_group *group = name ? group_named(seen, name) : NULL;
        if (!group) continue;
        add_topic(group, cJSON_GetStringValue(at(row, "topic")));
        const double lag = seen_number(row, "lag", -1), done = seen_number(row, "committed", -1);
        if (lag >= 0) group->lag = fmax(group->lag, 0) + lag;
        if (done >= 0) group->done = fmax(group->done, 0) + done;
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

bool seen_rate(const struct seen *seen, uint32_t group, const cJSON *observations, const struct load_curve *curve,
               double *rate_per_s, double *error_per_s, uint32_t *n_counts)
{
    enum { MOST = 64 };
    struct done_at count[MOST];
    const cJSON *status;
    uint32_t n = 0;
    cJSON_ArrayForEach(status, at(observations, "statuses")) if (n + 1 < MOST &&
                                                                 count_of_status(status, seen, curve, &count[n])) n++;
    const struct seen_group *one = group < seen->n_groups ? &seen->group[group] : NULL;
    if (one && one->done >= 0 && isfinite(seen->offsets_t_s)) {
        const double in_hand = fmin(BATCH * (one->consumers > 0 ? one->consumers : 1), one->lag) / 2;
        count[n++] = (struct done_at){ seen->offsets_t_s, ROW_CLOCK_S, one->done + in_hand, in_hand / sqrt(3) };
    }
    *n_counts = n;
    return load_curve_fit(curve, count, n, rate_per_s, error_per_s);
}
