/* SPDX-License-Identifier: GPL-3.0-or-later
 * A lag table over time and a peak name no group: they are taken to be of the group with the greatest lag in the table
 * of offsets, as the report does that sets predicted beside observed. */
#include "sim/lab/overlay.h"

#include <math.h>
#include <string.h>

#include "sim/results/csv.h"
#include "sim/scenario/finding.h"

struct row {
    const char *kind, *label, *group, *topic;
    uint32_t partition;
    double t_s, from_s, to_s;
    int64_t value;
};

static void write_time(double s, FILE *out)
{
    if (isfinite(s)) fprintf(out, ",%.9g", s);
    else fputc(',', out);
}

static void write_row(const struct row *row, FILE *out, struct arena *arena)
{
    fprintf(out, "%s,%s,%s,%s,", row->kind, csv_field(row->label, arena), csv_field(row->group, arena),
            csv_field(row->topic, arena));
    if (row->partition != NONE) fprintf(out, "%u", row->partition);
    write_time(row->t_s, out);
    write_time(row->from_s, out);
    write_time(row->to_s, out);
    fprintf(out, ",%lld\n", (long long)row->value);
}

static struct row row_of(const char *kind, const char *label, double t_s, int64_t value)
{
    return (struct row){ kind, label, "", "", NONE, t_s, (double)NAN, (double)NAN, value };
}

/* What has no label is called by what it is, as where it is printed. */
static const char *label_or(const char *label, const char *otherwise) { return label && *label ? label : otherwise; }

static const char *status_label(const struct observed_status *status, struct arena *arena)
{
    return label_or(status->label, isfinite(status->t_s) ? arena_printf(arena, "statuses at %g s", status->t_s)
                                                         : "statuses");
}

static void write_statuses(const struct observations *observations, FILE *out, struct arena *arena)
{
    static const char *const kind[] = { "paid", "pending", "failed" };
    for (uint32_t i = 0; i < observations->n_statuses; i++) {
        const struct observed_status *status = &observations->status[i];
        const int64_t count[] = { status->paid, status->pending, status->failed };
        for (size_t k = 0; k < sizeof count / sizeof *count; k++) {
            struct row row = row_of(kind[k], status_label(status, arena), status->t_s, count[k]);
            row.from_s = status->from_s;
            row.to_s = status->to_s;
            if (count[k] >= 0) write_row(&row, out, arena);
        }
    }
}

/* The offset row of the group and topic meant where none is named; NULL without a table. */
static const struct observed_offset *most_lagging(const struct observations *observations)
{
    const struct observed_offset *most = NULL;
    for (uint32_t i = 0; i < observations->n_offsets; i++)
        if (!most || observations->offset[i].lag > most->lag) most = &observations->offset[i];
    return most;
}

static void write_trend(const struct observations *observations, const struct row *named, FILE *out,
                        struct arena *arena)
{
    for (uint32_t i = 0; i < observations->n_trend; i++) {
        const struct observed_trend *trend = &observations->trend[i];
        struct row row = *named;
        row.label = label_or(observations->trend_label, "lag over time");
        row.t_s = trend->t_s;
        for (row.partition = 0; row.partition < trend->n; row.partition++) {
            row.value = trend->lag[row.partition];
            write_row(&row, out, arena);
        }
        row.partition = NONE;
        row.value = trend->total;
        write_row(&row, out, arena);
    }
}

void overlay_write(const struct observations *observations, FILE *out, struct arena *arena)
{
    const struct observed_offset *most = most_lagging(observations);
    fputs("kind,label,group,topic,partition,t_s,from_s,to_s,value\n", out);
    write_statuses(observations, out, arena);
    const char *offsets = label_or(observations->offsets_label,
                                   arena_printf(arena, "offsets at %g s", observations->offsets_t_s));
    for (uint32_t i = 0; i < observations->n_offsets; i++) {
        const struct observed_offset *offset = &observations->offset[i];
        struct row row = row_of("lag", offsets, observations->offsets_t_s, offset->lag);
        row.group = offset->group;
        row.topic = offset->topic;
        row.partition = offset->partition;
        write_row(&row, out, arena);
    }
    struct row named = row_of("lag", label_or(observations->peak_label, "peak"), (double)NAN, observations->peak_lag);
    if (most) named.group = most->group, named.topic = most->topic;
    write_trend(observations, &named, out, arena);
    named.kind = "peak_lag";
    named.partition = observations->peak_partition;
    if (observations->has_peak) write_row(&named, out, arena);
}
