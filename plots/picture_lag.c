/* SPDX-License-Identifier: GPL-3.0-or-later
 * What waits: lag by group, by partition, and beside the true backlog. */
#include <math.h>
#include <string.h>

#include "plots/paint.h"

static const char *lag_label(const struct script *script)
{
    return script_word(script, "records (log end - committed offset)", "이벤트 수 (로그 끝 - 커밋 Offset)");
}

/* ---- the arrival rate ---- */

struct arrivals {
    struct binned binned;
    double top;
    FILE *data;
};

/* Of replication 0: the rate of a bin is that of all of it, from its beginning to its end. */
static void add_arrivals(void *context, const struct rows *rows)
{
    struct arrivals *arrivals = context;
    double start_s, length_s, growth, started = rows_number(rows, 2) - rows_number(rows, 3);
    if (rows_number(rows, 0) > 0) return;
    if (!bin_over(&arrivals->binned, rows_number(rows, 1), started, &start_s, &length_s, &growth)) return;
    const double rate = growth / length_s;
    fprintf(arrivals->data, "%.9g,%.9g\n%.9g,%.9g\n", start_s, rate, start_s + length_s, rate);
    arrivals->top = fmax(arrivals->top, rate);
}

/* Writes NAME-arrivals.csv; *top is the greatest rate. */
static bool write_arrivals(const struct script *script, double *top, struct sim_err *err)
{
    static const char *const columns[] = { "replication", "t_s", "scheduled", "dropped", NULL };
    struct arrivals arrivals = { .binned = { .bin_s = bin_s(script->folder) },
                                 .data = data_open(script, "-arrivals.csv", err) };
    if (!arrivals.data) return false;
    fputs("t_s,orders_per_s\n", arrivals.data);
    const bool ok = read_rows(script->folder, "status.csv", columns, add_arrivals, &arrivals, err);
    *top = arrivals.top;
    return data_close(script, arrivals.data, "-arrivals.csv", err) && ok;
}

/* ---- what was observed ---- */

struct lag_rows {
    const char *group; /* a curve for each of its partitions; NULL: a curve for each group */
    struct curves curves;
};

/* Whether an observation is about a curve of this picture, and which. */
static bool curve_name(const struct observed *observed, const struct lag_rows *own, char name[512])
{
    if (own->group) snprintf(name, 512, "%s-%.0f", observed->topic, observed->partition);
    else snprintf(name, 512, "%s", observed->group);
    if (own->group) return strcmp(observed->group, own->group) == 0 && !isnan(observed->partition);
    return name[0] != '\0' && isnan(observed->partition);
}

/* Which of the drawn curves stands for what was observed; PALETTE: none. */
static uint32_t curve_observed(const struct observed *observed, const struct lag_rows *own, const uint32_t *chosen,
                               uint32_t n)
{
    char name[512];
    if (!curve_name(observed, own, name)) return PALETTE;
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(own->curves.curve[chosen[i]].name, name) == 0) return i;
    return PALETTE;
}

static double observed_top(const struct folder *folder, const struct lag_rows *own)
{
    char name[512];
    double top = 0;
    for (uint32_t i = 0; i < folder->n_observed; i++)
        if (curve_name(&folder->observed[i], own, name)) top = fmax(top, folder->observed[i].value);
    return top;
}

/* Points that were observed together have one shape, each point the colour of its curve. Two sets may hold the same
 * point: the first shape is filled and small, the others are open and go around it. */
enum { SHAPES = 4 };
static const char *const shape_style[SHAPES] = { "pointtype 7 pointsize 0.9", "pointtype 4 pointsize 1.6 linewidth 2",
                                                 "pointtype 8 pointsize 1.9 linewidth 2",
                                                 "pointtype 12 pointsize 2 linewidth 2" };

struct shapes {
    uint32_t n;
    const char *label[SHAPES];
};

static uint32_t shape_of(struct shapes *shapes, const char *label)
{
    uint32_t i = 0;
    while (i < shapes->n && strcmp(shapes->label[i], label) != 0) i++;
    if (i == SHAPES) return SHAPES - 1;
    if (i == shapes->n) shapes->label[shapes->n++] = label;
    return i;
}

/* Rows of NAME-observed.csv, and the shapes in them. */
static struct shapes write_observed(const struct script *script, FILE *data, const struct lag_rows *own,
                                    const uint32_t *chosen, uint32_t n)
{
    struct shapes shapes = { 0 };
    fputs("t_s,lag,colour,shape\n", data);
    for (uint32_t i = 0; i < script->folder->n_observed; i++) {
        const struct observed *observed = &script->folder->observed[i];
        uint32_t curve = curve_observed(observed, own, chosen, n);
        if (curve < PALETTE && strcmp(observed->kind, "lag") == 0 && isfinite(observed->t_s))
            fprintf(data, "%.9g,%.9g,%u,%u\n", observed->t_s, observed->value, curve,
                    shape_of(&shapes, observed->label));
    }
    return shapes;
}

static void add_observed(struct script *script, const struct shapes *shapes, uint32_t n)
{
    char title[320];
    for (uint32_t shape = 0; shape < shapes->n; shape++) {
        for (uint32_t colour = 0; colour < n; colour++)
            fprintf(script_item(script),
                    "'%s-observed.csv' skip 1 using 1:($3==%u && $4==%u ? $2 : NaN) with points %s "
                    "linecolor rgb '%s' notitle",
                    script->name, colour, shape, shape_style[shape], palette(colour));
        fprintf(script_item(script), "NaN with points %s linecolor rgb '#555555'", shape_style[shape]);
        snprintf(title, sizeof title, "%s: %s", script_word(script, "observed", "관측"), shapes->label[shape]);
        script_title(script, title);
    }
}

static void add_observed_peaks(struct script *script, const struct lag_rows *own, const uint32_t *chosen, uint32_t n)
{
    char title[320];
    for (uint32_t i = 0; i < script->folder->n_observed; i++) {
        const struct observed *observed = &script->folder->observed[i];
        uint32_t curve = curve_observed(observed, own, chosen, n);
        if (curve == PALETTE || strcmp(observed->kind, "peak_lag") != 0) continue;
        snprintf(title, sizeof title, "%s: %s", script_word(script, "observed", "관측"), observed->label);
        fprintf(script_item(script), "%.9g with lines dashtype 2 linewidth 1.4 linecolor rgb '%s'", observed->value,
                palette(curve));
        script_title(script, title);
    }
}

static void add_arrivals_behind(struct script *script)
{
    fprintf(script_item(script),
            "'%s-arrivals.csv' skip 1 using 1:2 axes x1y2 with filledcurves y1=0 fillcolor rgb '#ECECEC' "
            "fillstyle solid 1 noborder",
            script->name);
    script_title(script, script_word(script, "arriving orders", "들어오는 주문"));
}

/* ---- lag by group, by partition ---- */

/* A terminal has no room for more than the curves. */
static bool paint_lag(struct script *script, const struct lag_rows *own, const char *title, double top_rate,
                      struct sim_err *err)
{
    const struct choice highest = { .by = BY_PEAK, .always = own->group ? NULL : script->folder->bottleneck };
    uint32_t chosen[PALETTE], n = choose_curves(&own->curves, &highest, chosen);
    const double observed = script->terminal ? 0 : observed_top(script->folder, own);
    struct frame frame = time_frame(script, title, lag_label(script), fmax(curves_top(&own->curves), observed));
    frame.long_legend = own->group && observed > 0; /* group names fill the columns as they are */
    if (top_rate > 0 && !script->terminal) frame.rate_label = script_word(script, "orders per second", "초당 주문 수");
    frame.rate_to = top_rate * 1.05;
    FILE *data = data_open(script, "-observed.csv", err);
    if (!data) return false;
    struct shapes shapes = write_observed(script, data, own, chosen, n);
    bool ok = data_close(script, data, "-observed.csv", err) && script_open(script, &frame, err);
    if (ok) {
        if (frame.rate_label) add_arrivals_behind(script);
        add_curves(script, &own->curves, &highest, 1);
        if (observed > 0) add_observed_peaks(script, own, chosen, n);
        if (observed > 0) add_observed(script, &shapes, n);
        if (script->n_items == 0)
            add_nothing(script, own->group ? script_word(script, "no partition", "Partition 없음")
                                           : script_word(script, "no group", "그룹 없음"));
        ok = script_close(script, err);
    }
    return ok;
}

/* Closes the curves. */
static bool draw_lag(struct script *script, struct lag_rows *own, const char *title, bool rows_read,
                     struct sim_err *err)
{
    double top_rate = 0;
    curves_finish(&own->curves, true);
    bool ok = rows_read && write_levels(script, &own->curves, err) && write_arrivals(script, &top_rate, err) &&
              paint_lag(script, own, title, top_rate, err);
    curves_fini(&own->curves);
    return ok;
}

static void add_group_lag(void *context, const struct rows *rows)
{
    struct lag_rows *own = context;
    curves_add(&own->curves, rows_number(rows, 0), rows_number(rows, 1), rows->field[2], rows_number(rows, 3));
}

bool picture_lag_by_group(struct script *script, struct sim_err *err)
{
    static const char *const columns[] = { "replication", "t_s", "group", "lag", NULL };
    struct lag_rows own = { .group = NULL };
    script->name = "lag-by-group";
    curves_init(&own.curves, stride_of(script->folder));
    const bool ok = read_rows(script->folder, "groups.csv", columns, add_group_lag, &own, err);
    return draw_lag(script, &own, script_word(script, "Lag by consumer group", "Consumer 그룹별 Lag"), ok, err);
}

static void add_partition_lag(void *context, const struct rows *rows)
{
    struct lag_rows *own = context;
    char name[512];
    if (strcmp(rows->field[2], own->group) != 0) return;
    snprintf(name, sizeof name, "%s-%s", rows->field[3], rows->field[4]);
    curves_add(&own->curves, rows_number(rows, 0), rows_number(rows, 1), name, rows_number(rows, 5));
}

bool picture_lag_by_partition(struct script *script, struct sim_err *err)
{
    static const char *const columns[] = { "replication", "t_s", "group", "topic", "partition", "lag", NULL };
    struct lag_rows own = { .group = script->folder->bottleneck };
    char title[320];
    script->name = "lag-by-partition";
    snprintf(title, sizeof title, script_word(script, "Lag by partition of %s", "%s Partition별 Lag"), own.group);
    curves_init(&own.curves, stride_of(script->folder));
    const bool ok = read_rows(script->folder, "lag.csv", columns, add_partition_lag, &own, err);
    return draw_lag(script, &own, title, ok, err);
}

/* ---- backlog beside lag ---- */

enum { CURVE_LAG, CURVE_BACKLOG, CURVE_DIFFERENCE };

static void add_backlog(void *context, const struct rows *rows)
{
    struct lag_rows *own = context;
    double replication = rows_number(rows, 0), t_s = rows_number(rows, 1), lag = rows_number(rows, 3),
           backlog = rows_number(rows, 4);
    if (strcmp(rows->field[2], own->group) != 0) return;
    curves_add(&own->curves, replication, t_s, "lag", lag);
    curves_add(&own->curves, replication, t_s, "backlog", backlog);
    curves_add(&own->curves, replication, t_s, "lag - backlog", lag - backlog);
}

static bool paint_backlog(struct script *script, const struct lag_rows *own, struct sim_err *err)
{
    char title[320];
    const char *lag_title = script_word(script, "lag: not yet committed", "Lag: 아직 커밋되지 않음");
    const char *backlog_title = script_word(script, "backlog: not yet processed", "백로그: 아직 처리되지 않음");
    snprintf(title, sizeof title, script_word(script, "Backlog and committed lag of %s", "%s의 백로그와 커밋 Lag"),
             own->group);
    struct frame frame =
        time_frame(script, title, script_word(script, "records", "이벤트 수"), curves_top(&own->curves));
    frame.two_panels = own->curves.n_curves > 0;
    if (!script_open(script, &frame, err)) return false;
    if (own->curves.n_curves == 0) {
        add_nothing(script, script_word(script, "no group", "그룹 없음"));
        return script_close(script, err);
    }
    add_band(script, &own->curves, CURVE_LAG, 1, 1);
    add_band(script, &own->curves, CURVE_BACKLOG, 0, 1);
    add_line(script, &own->curves, CURVE_LAG, 1, 1, lag_title);
    add_line(script, &own->curves, CURVE_BACKLOG, 0, 1, backlog_title);
    script_second_panel(script, script_word(script, "difference", "차이"),
                        1.1 * own->curves.curve[CURVE_DIFFERENCE].top);
    add_legend(script, "lines linewidth 1.8 linecolor rgb '#D55E00'", lag_title);
    add_legend(script, "lines linewidth 1.8 linecolor rgb '#0072B2'", backlog_title);
    add_band(script, &own->curves, CURVE_DIFFERENCE, 2, 1);
    add_line(script, &own->curves, CURVE_DIFFERENCE, 2, 1,
             script_word(script, "processed, not yet committed", "처리되었으나 커밋되지 않음"));
    return script_close(script, err);
}

bool picture_backlog_and_lag(struct script *script, struct sim_err *err)
{
    static const char *const columns[] = { "replication", "t_s", "group", "lag", "backlog", NULL };
    struct lag_rows own = { .group = script->folder->bottleneck };
    script->name = "backlog-and-lag";
    curves_init(&own.curves, stride_of(script->folder));
    bool ok = read_rows(script->folder, "groups.csv", columns, add_backlog, &own, err);
    curves_finish(&own.curves, true);
    ok = ok && write_levels(script, &own.curves, err) && paint_backlog(script, &own, err);
    curves_fini(&own.curves);
    return ok;
}
