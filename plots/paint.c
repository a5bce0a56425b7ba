/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/paint.h"

#include <math.h>
#include <string.h>

#include "plots/gnuplot.h"

enum { POINTS = 1200, BINS = 120 };

/* ---- reading ---- */

bool read_rows(const struct folder *folder, const char *file, const char *const *columns, row_fn *each, void *context,
               struct sim_err *err)
{
    struct rows rows;
    struct sim_err bad = { 0 };
    if (!rows_open(&rows, folder->path, file, columns, err)) return false;
    while (rows_next(&rows, &bad)) each(context, &rows);
    rows_close(&rows);
    return bad.code == SIM_OK || sim_fail(err, bad.code, bad.where, "%s", bad.text);
}

uint32_t stride_of(const struct folder *folder) { return (folder->n_samples + POINTS - 1) / POINTS; }

double bin_s(const struct folder *folder)
{
    static const double step[] = { 1, 2, 5 };
    double samples = 1;
    for (int i = 0; samples * BINS < folder->n_samples; i++) samples = step[i % 3] * pow(10, i / 3);
    return samples * folder->sample_s;
}

bool bin_over(struct binned *binned, double t_s, double count, double *start_s, double *length_s, double *growth)
{
    bool over = t_s > 0 && t_s - binned->from_s >= binned->bin_s * (1 - 1e-9);
    if (over) {
        *start_s = binned->from_s;
        *length_s = t_s - binned->from_s;
        *growth = count - binned->from;
    }
    if (over || t_s <= 0) {
        binned->from_s = t_s;
        binned->from = over ? count : 0; /* what comes at 0 is in the first bin */
    }
    return over;
}

/* ---- writing ---- */

bool write_curves(const struct script *script, const struct curves *curves, const char *x_name, struct sim_err *err)
{
    FILE *data = data_open(script, ".csv", err);
    if (!data) return false;
    curves_write(curves, x_name, data);
    return data_close(script, data, ".csv", err);
}

static bool has_bands(const struct script *script, const struct curves *curves)
{
    return curves->n_replications > 1 && !script->terminal;
}

bool write_levels(const struct script *script, const struct curves *curves, struct sim_err *err)
{
    if (!write_curves(script, curves, "t_s", err)) return false;
    if (!has_bands(script, curves)) return true;
    FILE *data = data_open(script, "-band.csv", err);
    if (!data) return false;
    curves_write_band(curves, "t_s", data);
    return data_close(script, data, "-band.csv", err);
}

struct frame time_frame(const struct script *script, const char *title, const char *y_label, double top)
{
    return (struct frame){ .title = title,
                           .x_label = script_word(script, "time since the start (s)", "시작 후 시간 (초)"),
                           .y_label = y_label,
                           .x_to = script->folder->end_s,
                           .y_to = top * 1.05,
                           .has_time = true };
}

static bool is_always(const struct choice *choice, const struct curve *curve)
{
    return choice->always && strcmp(curve->name, choice->always) == 0;
}

/* Whether curve a is drawn rather than curve b. */
static bool goes_before(const struct curves *curves, const struct choice *choice, uint32_t a, uint32_t b)
{
    const struct curve *one = &curves->curve[a], *other = &curves->curve[b];
    const bool by_sum = choice->by == BY_SUM || one->first_top == other->first_top;
    const double mine = by_sum ? one->first_sum : one->first_top;
    const double its = by_sum ? other->first_sum : other->first_top;
    if (is_always(choice, one) != is_always(choice, other)) return is_always(choice, one);
    return mine > its || (mine == its && a < b);
}

uint32_t choose_curves(const struct curves *curves, const struct choice *choice, uint32_t chosen[PALETTE])
{
    const bool all_zero = curves_top(curves) == 0;
    uint32_t n = 0;
    for (uint32_t c = 0; c < curves->n_curves; c++) {
        const struct curve *curve = &curves->curve[c];
        uint32_t before = 0;
        for (uint32_t other = 0; other < curves->n_curves; other++)
            before += other != c && goes_before(curves, choice, other, c);
        if (before < PALETTE && (curve->top > 0 || all_zero || is_always(choice, curve))) chosen[n++] = c;
    }
    return n;
}

/* Column `column` of the data, in gnuplot's words. */
static const char *value_of(uint32_t column, double factor, char text[48])
{
    if (factor == 1) snprintf(text, 48, "%u", column);
    else snprintf(text, 48, "($%u*%g)", column, factor);
    return text;
}

void add_band(struct script *script, const struct curves *curves, uint32_t curve, uint32_t colour, double factor)
{
    char lo[48], hi[48];
    if (!has_bands(script, curves)) return;
    const bool means = script->frame.means;
    const uint32_t least = means ? curves_column(curves, curve) + 1 : curves_band_column(curve);
    fprintf(script_item(script),
            "'%s%s.csv' skip 1 using 1:%s:%s with filledcurves fillcolor rgb '%s' fillstyle transparent "
            "solid 0.16 noborder notitle",
            script->name, means ? "" : "-band", value_of(least, factor, lo), value_of(least + 1, factor, hi),
            palette(colour));
}

void add_line(struct script *script, const struct curves *curves, uint32_t curve, uint32_t colour, double factor,
              const char *title)
{
    char value[48];
    FILE *out = script_item(script);
    fprintf(out, "'%s.csv' skip 1 using 1:%s ", script->name, value_of(curves_column(curves, curve), factor, value));
    fprintf(out, "with %s", script->terminal || script->frame.means ? "lines" : "steps");
    if (!script->terminal) fprintf(out, " linecolor rgb '%s' linewidth 1.5", palette(colour));
    script_title(script, title);
}

void add_legend(struct script *script, const char *style, const char *title)
{
    fprintf(script_item(script), "NaN with %s", style);
    script_title(script, title);
}

/* "stock  (peak 812)"; of several replications, whose it is: a table beside the picture has their mean. */
static void write_peak(const struct script *script, const struct curves *curves, const char *name, double peak,
                       char title[320])
{
    if (curves->n_replications > 1)
        snprintf(title, 320, script_word(script, "%s  (peak %.9g, replication 0)", "%s  (최대 %.9g, 반복 0)"), name, peak);
    else snprintf(title, 320, script_word(script, "%s  (peak %.9g)", "%s  (최대 %.9g)"), name, peak);
}

/* Says of the curves that are not drawn how many they are, and how high the highest line would go. */
static void add_rest(struct script *script, const struct curves *curves, const struct choice *choice,
                     const uint32_t *chosen, uint32_t n, double factor)
{
    char title[320];
    double top = 0, line_top = 0;
    const uint32_t n_rest = curves->n_curves - n;
    for (uint32_t c = 0, i = 0; c < curves->n_curves; c++) {
        if (i < n && chosen[i] == c) {
            i++;
            continue;
        }
        top = fmax(top, curves->curve[c].top);
        line_top = fmax(line_top, curves->curve[c].first_top);
    }
    if (top == 0) snprintf(title, sizeof title, script_word(script, "%u more, always 0", "그 밖의 %u개, 항상 0"), n_rest);
    else if (choice->by == BY_SUM)
        snprintf(title, sizeof title, script_word(script, "%u more, not drawn", "그 밖의 %u개, 생략"), n_rest);
    else
        snprintf(title, sizeof title,
                 script_word(script, "%u more, not drawn  (highest peak %.9g)", "그 밖의 %u개, 생략  (그중 최대 %.9g)"),
                 n_rest, factor * line_top);
    add_legend(script, "lines linecolor rgb 'white'", title);
}

void add_curves(struct script *script, const struct curves *curves, const struct choice *choice, double factor)
{
    char title[320];
    uint32_t chosen[PALETTE], n = choose_curves(curves, choice, chosen);
    for (uint32_t i = 0; i < n; i++) add_band(script, curves, chosen[i], i, factor);
    for (uint32_t i = 0; i < n; i++) {
        const struct curve *curve = &curves->curve[chosen[i]];
        write_peak(script, curves, curve->name, factor * curve->first_top, title);
        add_line(script, curves, chosen[i], i, factor, choice->by == BY_PEAK ? title : curve->name);
    }
    if (n < curves->n_curves) add_rest(script, curves, choice, chosen, n, factor);
}

void add_nothing(struct script *script, const char *why)
{
    fputs("    set label 4 ", script->out);
    gnuplot_quote(why, script->out);
    fputs(" at graph 0.5, graph 0.5 center\n", script->out);
    fputs("-1 notitle", script_item(script)); /* gnuplot wants something to draw; this lies below the axis */
}
