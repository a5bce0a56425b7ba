/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which orders a sample of orders.csv holds depends on the order's id alone, so that every replication and every
 * variant of a scenario shows the same ones. */
#include "sim/results/series.h"

#include <math.h>
#include <stdlib.h>

#include "sim/engine/random.h"

void series_open(struct series *series, const struct layout *layout, uint32_t replication,
                 const struct recorder_files *files, struct arena *arena)
{
    *series = (struct series){ .layout = layout, .replication = replication };
    if (!files)
        return;
    series->lag = csv_open(files->lag, arena);
    series->orders = csv_open(files->orders, arena);
    series->status = csv_open(files->status, arena);
    series->groups = csv_open(files->groups, arena);
    series->scalers = csv_open(files->scalers, arena);
    series->completion = csv_open(files->completion, arena);
    series->orders_share = files->orders_share;
}

/* ---- headers ---- */

void lag_csv_header(FILE *out)
{
    fputs("replication,t_s,group,topic,partition,log_end_offset,committed_offset,lag,backlog,lag_s\n", out);
}

void status_csv_header(FILE *out)
{
    fputs("replication,t_s,scheduled,dropped,created,pending,paying,paid,failed,cancelled\n", out);
}

void groups_csv_header(FILE *out)
{
    fputs("replication,t_s,group,consumers,busy,busy_s,lag,backlog,lag_s\n", out);
}

void scalers_csv_header(FILE *out)
{
    fputs("replication,t_s,scaler,group,replicas,starting,ready,ending,consumers,idle,told,lag\n", out);
}

void completion_csv_header(FILE *out) { fputs("replication,p,completion_s\n", out); }

void orders_csv_header(const struct layout *layout, FILE *out)
{
    const struct scenario *scenario = &layout->study->scenario;

    fputs("replication,order_id,created_s,status,ended_s,completion_s", out);
    struct arena scratch;
    arena_init(&scratch);
    for (uint32_t i = 0; i < scenario->n_stages; i++) {
        const size_t size = strlen(scenario->stage[i].name) + 16;
        char *column = arena_alloc(&scratch, size);
        snprintf(column, size, "%s.wait_s", scenario->stage[i].name);
        fprintf(out, ",%s", csv_field(column, &scratch));
        snprintf(column, size, "%s.service_s", scenario->stage[i].name);
        fprintf(out, ",%s", csv_field(column, &scratch));
    }
    arena_fini(&scratch);
    fputc('\n', out);
}

/* ---- samples ---- */

static void row_start(struct csv *csv, const struct series *series, sim_ns at_ns)
{
    csv_int(csv, series->replication);
    csv_char(csv, ',');
    csv_seconds(csv, at_ns);
}

static void lag_rows(const struct series *series, const struct run_levels *levels)
{
    struct csv *csv = series->lag;

    for (uint32_t i = 0; i < levels->n_partitions; i++) {
        const struct partition_level *level = &levels->partition[i];
        const struct partition_row *row = &series->layout->row[i];
        row_start(csv, series, levels->at_ns);
        csv_text(csv, row->csv, row->csv_length);
        csv_int(csv, level->log_end);
        csv_comma_int(csv, level->committed);
        csv_comma_int(csv, level->lag);
        csv_comma_int(csv, level->backlog);
        csv_char(csv, ',');
        csv_seconds(csv, level->lag_ns);
        csv_char(csv, '\n');
    }
}

static void status_row(const struct series *series, const struct run_levels *levels)
{
    struct csv *csv = series->status;
    const struct order_counts *orders = &levels->orders;

    row_start(csv, series, levels->at_ns);
    csv_comma_int(csv, (int64_t)orders->scheduled);
    csv_comma_int(csv, (int64_t)orders->dropped);
    csv_comma_int(csv, (int64_t)orders->created);
    for (int status = 0; status < ORDER_STATUSES; status++)
        csv_comma_int(csv, (int64_t)orders->by_status[status]);
    csv_char(csv, '\n');
}

/* Where a scaler starts and stops them, those of its ready pods. */
static int64_t consumers_now(const struct scenario *scenario, uint32_t group, const struct run_levels *levels)
{
    for (uint32_t i = 0; i < scenario->n_scalers; i++)
        if (scenario->scaler[i].group == group) return levels->scaler[i].consumers;
    return levels->group_consumers[group];
}

static void group_rows(const struct series *series, const struct run_levels *levels, const struct group_sum *sum)
{
    const struct scenario *scenario = &series->layout->study->scenario;
    struct csv *csv = series->groups;

    for (uint32_t g = 0; g < scenario->n_groups; g++) {
        row_start(csv, series, levels->at_ns);
        csv_char(csv, ',');
        csv_text(csv, series->layout->group_csv[g], strlen(series->layout->group_csv[g]));
        csv_comma_int(csv, consumers_now(scenario, g, levels));
        csv_comma_int(csv, levels->group_busy[g]);
        csv_char(csv, ',');
        csv_seconds(csv, levels->group_busy_ns[g]);
        csv_comma_int(csv, sum[g].lag);
        csv_comma_int(csv, sum[g].backlog);
        csv_char(csv, ',');
        csv_seconds(csv, sum[g].age_ns);
        csv_char(csv, '\n');
    }
}

static void scaler_rows(const struct series *series, const struct run_levels *levels, const struct group_sum *sum)
{
    const struct scenario *scenario = &series->layout->study->scenario;
    struct csv *csv = series->scalers;

    for (uint32_t i = 0; i < scenario->n_scalers; i++) {
        const struct scaler_level *level = &levels->scaler[i];
        const char *group = series->layout->group_csv[scenario->scaler[i].group];
        row_start(csv, series, levels->at_ns);
        csv_char(csv, ',');
        csv_text(csv, series->layout->scaler_csv[i], strlen(series->layout->scaler_csv[i]));
        csv_char(csv, ',');
        csv_text(csv, group, strlen(group));
        csv_comma_int(csv, level->replicas);
        csv_comma_int(csv, level->starting);
        csv_comma_int(csv, level->ready);
        csv_comma_int(csv, level->ending);
        csv_comma_int(csv, level->consumers);
        csv_comma_int(csv, level->idle);
        csv_char(csv, ',');
        if (level->told >= 0)
            csv_int(csv, level->told);
        csv_comma_int(csv, sum[scenario->scaler[i].group].lag);
        csv_char(csv, '\n');
    }
}

void series_sample(struct series *series, const struct run_levels *levels, const struct group_sum *sum)
{
    if (series->lag)
        lag_rows(series, levels);
    if (series->status)
        status_row(series, levels);
    if (series->groups)
        group_rows(series, levels, sum);
    if (series->scalers)
        scaler_rows(series, levels, sum);
}

/* ---- orders ---- */

static const char *const status_name[ORDER_STATUSES] = {
    [ORDER_PENDING] = "PENDING", [ORDER_PAYING] = "PAYING", [ORDER_PAID] = "PAID",
    [ORDER_FAILED] = "FAILED",   [ORDER_CANCELLED] = "CANCELLED"
};

static bool in_sample(uint64_t order_id, double share)
{
    return share >= 1 || random_unit((uint32_t)(random_mix(order_id) >> 32)) < share;
}

/* ",1.5", or "," for a time that never was. */
static void optional_seconds(struct csv *csv, sim_ns ns)
{
    csv_char(csv, ',');
    if (ns != SIM_NEVER)
        csv_seconds(csv, ns);
}

void series_order(struct series *series, const struct order_fact *order)
{
    struct csv *csv = series->orders;

    if (!csv || !in_sample(order->order_id, series->orders_share))
        return;
    csv_int(csv, series->replication);
    csv_comma_int(csv, (int64_t)order->order_id);
    csv_char(csv, ',');
    csv_seconds_full(csv, order->created_ns);
    csv_char(csv, ',');
    csv_text(csv, status_name[order->status], strlen(status_name[order->status]));
    optional_seconds(csv, order->ended_ns);
    optional_seconds(csv, order->status == ORDER_PAID ? order->ended_ns - order->created_ns : SIM_NEVER);
    for (uint32_t i = 0; i < series->layout->study->scenario.n_stages; i++) {
        optional_seconds(csv, order->wait_ns ? order->wait_ns[i] : SIM_NEVER);
        optional_seconds(csv, order->service_ns ? order->service_ns[i] : SIM_NEVER);
    }
    csv_char(csv, '\n');
}

/* ---- completion times ---- */

static int by_length(const void *a, const void *b)
{
    const sim_ns x = *(const sim_ns *)a, y = *(const sim_ns *)b;
    return (x > y) - (x < y);
}

/* Nearest rank. The whole distribution is wanted, so sorting once beats two hundred selections. */
static sim_ns completion_at(struct tally *tally, bool sorted, uint32_t per_mille)
{
    if (per_mille == 0)
        return tally->min_ns;
    if (sorted)
        return tally->value_ns[(tally->n * per_mille + 999) / 1000 - 1];
    return (sim_ns)llround(tally_percentile_s(tally, per_mille / 1000.0) * 1e9);
}

static void completion_rows(const struct series *series, const struct tally *completion)
{
    struct tally tally = *completion; /* nobody else reads its values in order */
    const bool exact = tally.n > 0 && tally.exact;
    struct csv *csv = series->completion;

    if (exact)
        qsort(tally.value_ns, tally.n, sizeof *tally.value_ns, by_length);
    for (uint32_t per_mille = 0; tally.n > 0 && per_mille <= 1000; per_mille += per_mille < 990 ? 5 : 1) {
        csv_int(csv, series->replication);
        csv_char(csv, ',');
        csv_seconds(csv, per_mille * SIM_MS); /* p, with as many digits as it needs */
        csv_char(csv, ',');
        csv_seconds(csv, completion_at(&tally, exact, per_mille));
        csv_char(csv, '\n');
    }
}

void series_close(struct series *series, const struct run_facts *facts)
{
    struct csv *const file[] = { series->lag, series->orders, series->status, series->groups,
                                 series->scalers, series->completion };

    if (series->completion)
        completion_rows(series, &facts->completion);
    for (size_t i = 0; i < sizeof file / sizeof *file; i++)
        if (file[i])
            csv_flush(file[i]);
}
