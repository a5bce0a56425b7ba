/* SPDX-License-Identifier: GPL-3.0-or-later
 * What became of the orders: how long they took, and which status they had when. */
#include <math.h>
#include <string.h>

#include "plots/paint.h"

/* ---- completion times ---- */

static void add_quantile(void *context, const struct rows *rows)
{
    curves_add(context, rows_number(rows, 0), rows_number(rows, 1), "completion_s", rows_number(rows, 2));
}

/* The band lies between the least and the greatest time of each share: an outline, up one side and down the other. */
static bool write_outline(const struct script *script, const struct curves *curves, struct sim_err *err)
{
    FILE *data = data_open(script, "-band.csv", err);
    if (!data) return false;
    fputs("completion_s,p\n", data);
    for (uint32_t i = 0; i < curves->n_points; i++) fprintf(data, "%.9g,%.9g\n", curves->curve[0].lo[i], curves->x[i]);
    for (uint32_t i = curves->n_points; i > 0; i--)
        fprintf(data, "%.9g,%.9g\n", curves->curve[0].hi[i - 1], curves->x[i - 1]);
    return data_close(script, data, "-band.csv", err);
}

/* An upright line; its figure stands in the legend, where nothing can lie over it. Of several replications it is their
 * mean, which the line of one of them need not meet. */
static void add_percentile(struct script *script, uint32_t colour, const char *name, double p, double s)
{
    char title[64];
    if (isnan(s)) return;
    const char *mean = script->folder->n_replications > 1 ? script_word(script, ", mean", ", 평균") : "";
    if (s < 1) snprintf(title, sizeof title, "%s  %.3g ms%s", name, 1000 * s, mean);
    else snprintf(title, sizeof title, "%s  %.3g s%s", name, s, mean);
    fprintf(script_item(script),
            "'+' using (%.9g):($0*%g) every 1:1:0:0:1 with lines dashtype 2 linewidth 1.6 linecolor rgb '%s'", s,
            100 * p, palette(colour));
    script_title(script, title);
}

/* The axis ends where nearly all is over: one straggler must not squeeze the rest. */
static double last_time(const struct curves *curves)
{
    const struct curve *curve = &curves->curve[0];
    double last = curve->hi[curves->n_points - 1];
    for (uint32_t i = 0; i < curves->n_points; i++)
        if (curves->x[i] >= 0.99) return fmin(last, 1.5 * curve->hi[i]);
    return last;
}

static bool paint_completion(struct script *script, const struct curves *curves, struct sim_err *err)
{
    struct frame frame = {
        .title = script_word(script, "Time from arrival to paid", "주문 도착부터 결제 완료(PAID)까지"),
        .x_label =
            script_word(script, "time since the intended arrival of the order (s)", "예정된 도착 이후 시간 (초)"),
        .y_label = script_word(script, "share of the paid orders", "결제된 주문의 비율"),
        .x_to = curves->n_points ? last_time(curves) * 1.04 : 1,
        .y_to = 104,
        .y_percent = true,
    };
    if (!script_open(script, &frame, err)) return false;
    if (curves->n_points == 0) {
        add_nothing(script, script_word(script, "no order was paid", "결제된 주문 없음"));
        return script_close(script, err);
    }
    if (curves->n_replications > 1 && !script->terminal)
        fprintf(script_item(script),
                "'%s-band.csv' skip 1 using 1:($2*100) with filledcurves closed fillcolor rgb '%s' "
                "fillstyle transparent solid 0.22 noborder notitle",
                script->name, palette(0));
    fprintf(script_item(script), "'%s.csv' skip 1 using 2:($1*100) with lines ", script->name);
    if (!script->terminal) fprintf(script->out, "linewidth 1.8 linecolor rgb '%s'", palette(0));
    script_title(script, script_word(script, "paid within this time", "이 시간 안에 결제됨"));
    add_percentile(script, 2, "p50", 0.50, script->folder->p50_s);
    add_percentile(script, 4, "p95", 0.95, script->folder->p95_s);
    add_percentile(script, 1, "p99", 0.99, script->folder->p99_s);
    return script_close(script, err);
}

bool picture_completion_time(struct script *script, struct sim_err *err)
{
    static const char *const columns[] = { "replication", "p", "completion_s", NULL };
    struct curves curves;
    script->name = "completion-time";
    curves_init(&curves, 1);
    bool ok = read_rows(script->folder, "completion.csv", columns, add_quantile, &curves, err);
    curves_finish(&curves, true);
    ok = ok && write_curves(script, &curves, "p", err) &&
         (curves.n_points == 0 || write_outline(script, &curves, err)) && paint_completion(script, &curves, err);
    curves_fini(&curves);
    return ok;
}

/* ---- orders by status ---- */

enum { STATUSES = 5, STATUS_COLUMN = 2 };

/* From the bottom up, and in the order of the columns asked for: what is done stands on the ground. */
static const char *const status_name[STATUSES] = { "PAID", "FAILED", "CANCELLED", "PAYING", "PENDING" };
static const char *const status_colour[STATUSES] = { "#33B18F", "#D55E00", "#CC79A7", "#56B4E9", "#F2DB62" };

/* Replication 0 only: areas of several would hide one another. */
static void add_statuses(void *context, const struct rows *rows)
{
    struct curves *curves = context;
    double replication = rows_number(rows, 0);
    if (curves->under_way && replication != curves->replication) return;
    for (uint32_t i = 0; i < STATUSES; i++)
        curves_add(curves, replication, rows_number(rows, 1), status_name[i], rows_number(rows, STATUS_COLUMN + i));
}

/* Of each point, what lies below a status: the sum of it and those before. */
static double stack(struct curves *curves)
{
    double top = 0;
    for (uint32_t i = 0; i < curves->n_points; i++) {
        double sum = 0;
        for (uint32_t c = 0; c < curves->n_curves; c++) curves->curve[c].hi[i] = sum += curves->curve[c].first[i];
        top = fmax(top, sum);
    }
    return top;
}

static bool write_stack(const struct script *script, const struct curves *curves, struct sim_err *err)
{
    FILE *data = data_open(script, ".csv", err);
    if (!data) return false;
    fputs("t_s", data);
    for (uint32_t c = 0; c < curves->n_curves; c++)
        fprintf(data, ",%s,%s stacked", curves->curve[c].name, curves->curve[c].name);
    fputc('\n', data);
    for (uint32_t i = 0; i < curves->n_points; i++) {
        fprintf(data, "%.9g", curves->x[i]);
        for (uint32_t c = 0; c < curves->n_curves; c++)
            fprintf(data, ",%.9g,%.9g", curves->curve[c].first[i], curves->curve[c].hi[i]);
        fputc('\n', data);
    }
    return data_close(script, data, ".csv", err);
}

static bool has_any(const struct curves *curves, uint32_t curve)
{
    for (uint32_t i = 0; i < curves->n_points; i++)
        if (curves->curve[curve].first[i] > 0) return true;
    return false;
}

/* Observed counts of paid orders, at their time or between two. */
static bool write_observed_paid(const struct script *script, bool *any, struct sim_err *err)
{
    FILE *data = data_open(script, "-observed.csv", err);
    if (!data) return false;
    fputs("t_s,paid,from_s,to_s\n", data);
    for (uint32_t i = 0; i < script->folder->n_observed; i++) {
        const struct observed *observed = &script->folder->observed[i];
        double from_s = observed->from_s, to_s = observed->to_s, t_s = observed->t_s;
        if (strcmp(observed->kind, "paid") != 0) continue;
        if (isnan(from_s) || isnan(to_s)) from_s = to_s = t_s;
        if (isnan(t_s)) t_s = (from_s + to_s) / 2;
        if (isnan(t_s)) continue;
        fprintf(data, "%.9g,%.9g,%.9g,%.9g\n", t_s, observed->value, from_s, to_s);
        *any = true;
    }
    return data_close(script, data, "-observed.csv", err);
}

static bool paint_statuses(struct script *script, const struct curves *curves, double top, struct sim_err *err)
{
    bool observed = false;
    struct frame frame = time_frame(script, script_word(script, "Orders by status", "상태별 주문 수"),
                                    script_word(script, "orders", "주문 수"), top);
    frame.one_replication = true;
    if (curves->n_points > 1) frame.x_to = curves->x[curves->n_points - 1];
    if (!write_observed_paid(script, &observed, err) || !script_open(script, &frame, err)) return false;
    /* The tallest first, each of the others over it; the legend then reads like the picture, from the top down. */
    for (uint32_t c = curves->n_curves; c-- > 0;)
        if (has_any(curves, c))
            fprintf(script_item(script),
                    "'%s.csv' skip 1 using 1:%u with filledcurves y1=0 fillcolor rgb '%s' fillstyle solid 1 noborder "
                    "title '%s'",
                    script->name, 3 + 2 * c, status_colour[c], curves->curve[c].name);
    if (script->n_items == 0) add_nothing(script, script_word(script, "no order was created", "생성된 주문 없음"));
    if (observed) {
        fprintf(script_item(script),
                "'%s-observed.csv' skip 1 using 1:2:3:4 with xerrorbars pointtype 7 pointsize 1 linewidth 1.5 "
                "linecolor rgb '#000000'",
                script->name);
        script_title(script, script_word(script, "observed PAID; the bar is the time in which it was counted",
                                         "관측된 PAID (가로 막대: 집계 시각의 범위)"));
    }
    return script_close(script, err);
}

bool picture_orders_by_status(struct script *script, struct sim_err *err)
{
    static const char *const columns[] = { "replication", "t_s",    "paid",    "failed",
                                           "cancelled",   "paying", "pending", NULL };
    struct curves curves;
    script->name = "orders-by-status";
    curves_init(&curves, stride_of(script->folder));
    bool ok = read_rows(script->folder, "status.csv", columns, add_statuses, &curves, err);
    curves_finish(&curves, true);
    double top = stack(&curves);
    ok = ok && write_stack(script, &curves, err) && paint_statuses(script, &curves, top, err);
    curves_fini(&curves);
    return ok;
}
