/* SPDX-License-Identifier: GPL-3.0-or-later
 * Observations name groups and topics; a scenario may lack some of them, or split them otherwise. What cannot be found
 * stays in the list without a prediction, so that the report can say so.
 *
 * Which partition is the worst is chance (it hangs on the rotation of fetches), so the table over time is compared by
 * its total and by its greatest partition. It names no group: it is taken to be the one with the greatest lag in the
 * offsets table, else whichever lags most.
 *
 * Of several tables of offsets the last is compared row by row, those before it by their sums: a table a minute has as
 * many rows as the rest together. Groups that the scenario lacks are named by the last.
 *
 * What is summed up of a table is predicted of the partitions that the table lists: it may lack some (a "-" where
 * nobody has committed), and one without a record is a row like the others. Where the scenario lacks a partition that
 * is listed, it splits the topic otherwise, and only the whole group can stand beside the whole table. */
#include "sim/results/observed.h"

#include <math.h>
#include <string.h>

#include "sim/results/layout.h"

/* ---- which rows ---- */

static uint32_t group_named(const struct scenario *scenario, const char *name)
{
    for (uint32_t g = 0; g < scenario->n_groups; g++)
        if (strcmp(scenario->group[g].name, name) == 0)
            return g;
    return NONE;
}

static void look_at_group(struct prediction *prediction, const struct layout *layout, uint32_t group)
{
    prediction->group = group;
    if (group == NONE)
        return;
    prediction->first_row = layout->group_row[group];
    prediction->n_rows = layout->group_row[group + 1] - layout->group_row[group];
}

static uint32_t row_listed(const struct layout *layout, uint32_t group, const struct observed_offset *offset)
{
    for (uint32_t i = layout->group_row[group]; i < layout->group_row[group + 1]; i++)
        if (layout->row[i].partition == offset->partition &&
            strcmp(layout->study->scenario.topic[layout->row[i].topic].name, offset->topic) == 0)
            return i;
    return NONE;
}

static void look_at_partition(struct prediction *prediction, const struct layout *layout,
                              const struct observed_offset *offset)
{
    prediction->group = group_named(&layout->study->scenario, offset->group);
    if (prediction->group == NONE)
        return;
    const uint32_t row = row_listed(layout, prediction->group, offset);
    if (row == NONE)
        return;
    prediction->first_row = row;
    prediction->n_rows = 1;
}

/* The rows that these n have of the group of this name. */
static void look_at_listed(struct prediction *prediction, const struct layout *layout, const char *group,
                           const struct observed_offset *offset, uint32_t n, struct arena *arena)
{
    uint32_t *row = arena_array(arena, uint32_t, n), n_rows = 0;

    look_at_group(prediction, layout, group_named(&layout->study->scenario, group));
    for (uint32_t i = 0; prediction->group != NONE && i < n; i++) {
        if (strcmp(offset[i].group, group) != 0)
            continue;
        row[n_rows] = row_listed(layout, prediction->group, &offset[i]);
        if (row[n_rows++] == NONE)
            return;
    }
    if (n_rows == 0)
        return;
    prediction->row = row;
    prediction->n_rows = n_rows;
}

/* ---- when ---- */

static sim_ns at_or_end(double t_s)
{
    sim_ns ns;
    return isfinite(t_s) && ns_from_s(t_s, &ns) ? ns : SIM_NEVER;
}

/* Before the start of the run there is nothing to see but its start. */
static double within_run(double t_s) { return t_s < 0 ? 0 : t_s; }

static void look_between(struct prediction *prediction, double from_s, double t_s, double to_s)
{
    if (!isfinite(from_s) || !isfinite(to_s))
        from_s = to_s = t_s;
    else if (!isfinite(t_s))
        t_s = (from_s + to_s) / 2;
    prediction->at_ns[WATCH_FROM] = at_or_end(within_run(from_s));
    prediction->at_ns[WATCH_AT] = at_or_end(within_run(t_s));
    prediction->at_ns[WATCH_TO] = at_or_end(within_run(to_s));
}

/* Two standard deviations of the clock either way, where one is given. */
static void look_around(struct prediction *prediction, double t_s, double sigma_t_s)
{
    look_between(prediction, t_s - 2 * sigma_t_s, t_s, t_s + 2 * sigma_t_s);
}

/* ---- the list ---- */

struct lister {
    const struct layout *layout;
    const struct observations *observations;
    struct arena *arena;
    struct prediction *out;
    uint32_t n;
};

static struct prediction *add(struct lister *lister, enum predicted_kind kind, uint32_t item, int64_t observed,
                              double t_s, double sigma_t_s)
{
    struct prediction *prediction = &lister->out[lister->n++];

    *prediction = (struct prediction){
        .kind = kind, .item = item, .table = NONE, .group = NONE, .partition = NONE, .observed = (double)observed
    };
    look_around(prediction, t_s, sigma_t_s);
    return prediction;
}

static void add_statuses(struct lister *lister)
{
    const enum predicted_kind kind[] = { PREDICT_PAID, PREDICT_PENDING, PREDICT_FAILED };

    for (uint32_t i = 0; i < lister->observations->n_statuses; i++) {
        const struct observed_status *status = &lister->observations->status[i];
        const int64_t counted[] = { status->paid, status->pending, status->failed };
        for (size_t k = 0; k < sizeof kind / sizeof *kind; k++)
            if (counted[k] >= 0)
                look_between(add(lister, kind[k], i, counted[k], status->t_s, (double)NAN), status->from_s,
                             status->t_s, status->to_s);
    }
}

/* Sum, greatest and least lag of the offset rows of one group; how many rows. */
struct lag_rows { int64_t total, most, least; uint32_t n; };

static struct lag_rows rows_of(const struct observations *observations, const char *group)
{
    struct lag_rows rows = { 0, 0, INT64_MAX, 0 };

    for (uint32_t i = 0; i < observations->n_offsets; i++) {
        const struct observed_offset *offset = &observations->offset[i];
        if (strcmp(offset->group, group) != 0)
            continue;
        rows.n++;
        rows.total += offset->lag;
        rows.most = offset->lag > rows.most ? offset->lag : rows.most;
        rows.least = offset->lag < rows.least ? offset->lag : rows.least;
    }
    return rows;
}

static bool is_last_of_group(const struct observations *observations, uint32_t row)
{
    for (uint32_t i = row + 1; i < observations->n_offsets; i++)
        if (strcmp(observations->offset[i].group, observations->offset[row].group) == 0)
            return false;
    return true;
}

static void add_offsets(struct lister *lister)
{
    const struct observations *observations = lister->observations;
    const double t_s = observations->offsets_t_s, sigma_t_s = observations->offsets_sigma_t_s;

    for (uint32_t i = 0; i < observations->n_offsets; i++) {
        const struct observed_offset *offset = &observations->offset[i];
        if (offset->log_end >= 0)
            look_at_partition(add(lister, PREDICT_LOG_END, i, offset->log_end, t_s, sigma_t_s), lister->layout, offset);
        look_at_partition(add(lister, PREDICT_LAG, i, offset->lag, t_s, sigma_t_s), lister->layout, offset);
        const struct lag_rows rows = rows_of(observations, offset->group);
        if (rows.n < 2 || !is_last_of_group(observations, i))
            continue;
        struct prediction *total = add(lister, PREDICT_TOTAL_LAG, i, rows.total, t_s, sigma_t_s);
        look_at_listed(total, lister->layout, offset->group, observations->offset, observations->n_offsets,
                       lister->arena);
        struct prediction *spread = add(lister, PREDICT_LAG_SPREAD, i, rows.most - rows.least, t_s, sigma_t_s);
        look_at_listed(spread, lister->layout, offset->group, observations->offset, observations->n_offsets,
                       lister->arena);
    }
}

/* ---- tables before the last ---- */

static uint32_t earlier_tables(const struct observations *observations)
{
    return observations->n_offsets && observations->n_snapshots ? observations->n_snapshots - 1
                                                                : observations->n_snapshots;
}

/* Where the run begins there is nothing to predict. */
static bool is_within(const struct observed_table *table) { return table->t_s > 0; }

static void add_table_lags(struct lister *lister, uint32_t group)
{
    const char *name = lister->layout->study->scenario.group[group].name;

    for (uint32_t k = 0; k < earlier_tables(lister->observations); k++) {
        const struct observed_table *table = &lister->observations->snapshot[k];
        uint32_t first = NONE;
        int64_t total = 0;
        for (uint32_t i = 0; i < table->n_rows; i++) {
            if (strcmp(table->row[i].group, name) != 0)
                continue;
            first = first == NONE ? i : first;
            total += table->row[i].lag;
        }
        if (first == NONE || !is_within(table))
            continue;
        struct prediction *sum = add(lister, PREDICT_TABLE_LAG, first, total, table->t_s, table->sigma_t_s);
        look_at_listed(sum, lister->layout, name, table->row, table->n_rows, lister->arena);
        sum->table = k;
    }
}

/* Of the topic's partitions, all of which a table must have: from row i of the first group that reads it there. */
static void add_table_log_end(struct lister *lister, const struct prediction *topic, const char *name, uint32_t k)
{
    const struct observed_table *table = &lister->observations->snapshot[k];
    uint32_t first = NONE, n = 0;
    int64_t total = 0;

    for (uint32_t i = 0; i < table->n_rows; i++) {
        const struct observed_offset *row = &table->row[i];
        if (strcmp(row->topic, name) != 0 || (first != NONE && strcmp(row->group, table->row[first].group) != 0))
            continue;
        if (row->log_end < 0)
            return;
        first = first == NONE ? i : first;
        total += row->log_end;
        n++;
    }
    if (n != topic->n_rows || !is_within(table))
        return;
    struct prediction *sum = add(lister, PREDICT_TABLE_LOG_END, first, total, table->t_s, table->sigma_t_s);
    sum->group = topic->group;
    sum->first_row = topic->first_row;
    sum->n_rows = topic->n_rows;
    sum->table = k;
}

/* Several groups may read a topic; it has one log. */
static bool is_read_before(const struct layout *layout, uint32_t row)
{
    for (uint32_t i = 0; i < row; i++)
        if (layout->row[i].topic == layout->row[row].topic)
            return true;
    return false;
}

static void add_table_log_ends(struct lister *lister)
{
    const struct layout *layout = lister->layout;

    for (uint32_t g = 0; earlier_tables(lister->observations) && g < layout->study->scenario.n_groups; g++)
        for (uint32_t i = layout->group_row[g]; i < layout->group_row[g + 1]; i++) {
            struct prediction topic = { .group = g, .first_row = i };
            if (is_read_before(layout, i))
                continue;
            while (i + topic.n_rows < layout->group_row[g + 1] &&
                   layout->row[i + topic.n_rows].topic == layout->row[i].topic)
                topic.n_rows++;
            for (uint32_t k = 0; k < earlier_tables(lister->observations); k++)
                add_table_log_end(lister, &topic, layout->study->scenario.topic[layout->row[i].topic].name, k);
        }
}

static void add_earlier_tables(struct lister *lister)
{
    add_table_log_ends(lister);
    for (uint32_t g = 0; g < lister->layout->study->scenario.n_groups; g++)
        add_table_lags(lister, g);
}

static uint32_t lagging_group(const struct layout *layout, const struct observations *observations)
{
    int64_t most = 0;
    uint32_t group = NONE;

    for (uint32_t i = 0; i < observations->n_offsets; i++) {
        const struct lag_rows rows = rows_of(observations, observations->offset[i].group);
        if (rows.total > most) {
            most = rows.total;
            group = group_named(&layout->study->scenario, observations->offset[i].group);
        }
    }
    return group;
}

static void add_peak(struct lister *lister)
{
    if (!lister->observations->has_peak)
        return;
    struct prediction *peak =
        add(lister, PREDICT_PEAK, 0, lister->observations->peak_lag, (double)NAN, (double)NAN);
    look_at_group(peak, lister->layout, lagging_group(lister->layout, lister->observations));
    if (!lister->observations->peak_is_of_all)
        peak->partition = lister->observations->peak_partition;
}

int64_t trend_total(const struct observed_trend *trend)
{
    int64_t total = trend->n ? 0 : -1;

    if (trend->total >= 0)
        return trend->total;
    for (uint32_t k = 0; k < trend->n; k++)
        total += trend->lag[k];
    return total;
}

static void add_trend(struct lister *lister)
{
    const uint32_t group = lagging_group(lister->layout, lister->observations);

    for (uint32_t i = 0; i < lister->observations->n_trend; i++) {
        const struct observed_trend *trend = &lister->observations->trend[i];
        const double t_s = trend->t_s, sigma_t_s = trend->sigma_t_s;
        int64_t most = 0;
        for (uint32_t k = 0; k < trend->n; k++)
            most = trend->lag[k] > most ? trend->lag[k] : most;
        if (trend_total(trend) >= 0)
            look_at_group(add(lister, PREDICT_TREND_TOTAL, i, trend_total(trend), t_s, sigma_t_s), lister->layout,
                          group);
        if (trend->n)
            look_at_group(add(lister, PREDICT_TREND_LARGEST, i, most, t_s, sigma_t_s), lister->layout, group);
        struct prediction *arrived = add(lister, PREDICT_TREND_ARRIVED, i, 0, t_s, sigma_t_s);
        look_at_group(arrived, lister->layout, group);
        arrived->observed = (double)NAN;
    }
}

const struct prediction *predictions_make(const struct layout *layout, uint32_t *n, struct arena *arena)
{
    const struct observations *observations = layout->study->observations;

    *n = 0;
    if (!observations)
        return NULL;
    const size_t most = 3 * (size_t)observations->n_statuses + 4 * (size_t)observations->n_offsets + 1 +
                        3 * (size_t)observations->n_trend +
                        (size_t)observations->n_snapshots *
                            (layout->study->scenario.n_topics + layout->study->scenario.n_groups);
    struct lister lister = { layout, observations, arena, arena_array(arena, struct prediction, most), 0 };
    add_statuses(&lister);
    add_offsets(&lister);
    add_earlier_tables(&lister);
    add_peak(&lister);
    add_trend(&lister);
    *n = lister.n;
    return lister.out;
}

/* ---- values ---- */

struct lag_view { int64_t total, most, least, arrived; };

static struct lag_view view_of(const struct prediction *prediction, const struct partition_level *partition)
{
    struct lag_view view = { 0, 0, INT64_MAX, 0 };

    for (uint32_t i = 0; i < prediction->n_rows; i++) {
        const struct partition_level *level = &partition[prediction->row ? prediction->row[i]
                                                                         : prediction->first_row + i];
        view.arrived += level->log_end;
        view.total += level->lag;
        view.most = level->lag > view.most ? level->lag : view.most;
        view.least = level->lag < view.least ? level->lag : view.least;
    }
    return view;
}

const struct observed_offset *prediction_row(const struct observations *observations,
                                             const struct prediction *prediction)
{
    return prediction->table == NONE ? &observations->offset[prediction->item]
                                     : &observations->snapshot[prediction->table].row[prediction->item];
}

bool prediction_takes(const struct prediction *peak, const struct partition_row *row)
{
    return (peak->group == NONE || peak->group == row->group) &&
           (peak->partition == NONE || peak->partition == row->partition);
}

/* Of the group that lags most at this moment, where the observations do not say which. */
static double trend_value(const struct layout *layout, const struct prediction *prediction,
                          const struct partition_level *partition)
{
    struct lag_view most = { 0 };

    for (uint32_t g = 0; g < layout->study->scenario.n_groups; g++) {
        struct prediction of_group = { .kind = prediction->kind };
        if (prediction->group != NONE && prediction->group != g)
            continue;
        look_at_group(&of_group, layout, g);
        const struct lag_view view = view_of(&of_group, partition);
        if (view.total >= most.total)
            most = view;
    }
    return (double)(prediction->kind == PREDICT_TREND_TOTAL ? most.total
                    : prediction->kind == PREDICT_TREND_LARGEST ? most.most : most.arrived);
}

double prediction_value(const struct layout *layout, const struct prediction *prediction,
                        const struct order_counts *orders, const struct partition_level *partition)
{
    const uint64_t *by_status = orders->by_status;
    const struct partition_level *row = &partition[prediction->first_row];

    switch (prediction->kind) {
    case PREDICT_PAID: return (double)by_status[ORDER_PAID];
    case PREDICT_PENDING: return (double)(by_status[ORDER_PENDING] + by_status[ORDER_PAYING]);
    case PREDICT_FAILED: return (double)(by_status[ORDER_FAILED] + by_status[ORDER_CANCELLED]);
    case PREDICT_TREND_TOTAL:
    case PREDICT_TREND_LARGEST:
    case PREDICT_TREND_ARRIVED: return trend_value(layout, prediction, partition);
    case PREDICT_LOG_END: return prediction->n_rows ? (double)row->log_end : (double)NAN;
    case PREDICT_LAG: return prediction->n_rows ? (double)row->lag : (double)NAN;
    case PREDICT_TOTAL_LAG:
        return prediction->n_rows ? (double)view_of(prediction, partition).total : (double)NAN;
    case PREDICT_LAG_SPREAD: {
        const struct lag_view view = view_of(prediction, partition);
        return view.least <= view.most ? (double)(view.most - view.least) : (double)NAN;
    }
    case PREDICT_TABLE_LOG_END: return (double)view_of(prediction, partition).arrived;
    case PREDICT_TABLE_LAG: return (double)view_of(prediction, partition).total;
    case PREDICT_PEAK: break;
    }
    return (double)NAN;
}
