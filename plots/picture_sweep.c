/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/picture_sweep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "plots/curves.h"
#include "plots/files.h"
#include "plots/gnuplot.h"
#include "plots/script.h"
#include "plots/sheet.h"

enum { PANELS_MAX = 48, COLUMNS = 4 };

static void ticks(FILE *out, const char *axis, const char *const *text, uint32_t n)
{
    fprintf(out, "  set %stics noenhanced (", axis);
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0) fputs(", ", out);
        gnuplot_quote(text[i], out);
        fprintf(out, " %u", i);
    }
    fputs(")\n", out);
}

/* Curve by curve, so that each is a run of rows: a line breaks where a row is not its own. */
static bool write_dots(const struct sweep_picture *picture, struct sim_err *err)
{
    FILE *data = files_create(picture->to, picture->name, ".csv", err);
    if (!data) return false;
    fputs("x,curve,mean,half_width\n", data);
    for (uint32_t k = 0; k < picture->n_curves * picture->n_dots; k++) {
        const struct sweep_dot *dot = &picture->dot[k % picture->n_dots];
        if (dot->curve != k / picture->n_dots) continue;
        fprintf(data, "%u,%u,", dot->x, dot->curve);
        fprintf(data, isnan(dot->mean) ? "null," : "%.12g,", dot->mean);
        fprintf(data, isnan(dot->half_width) ? "0\n" : "%.12g\n", dot->half_width);
    }
    return files_finish(data, picture->to, picture->name, ".csv", err);
}

/* There are colours for so many; of more curves so many are drawn, spread evenly from the first to the last. */
static uint32_t choose_lines(const struct sweep_picture *picture, uint32_t chosen[PALETTE])
{
    const uint32_t gaps = PALETTE - 1, n = picture->n_curves < PALETTE ? picture->n_curves : PALETTE;
    for (uint32_t i = 0; i < n; i++)
        chosen[i] = n < PALETTE ? i : (uint32_t)(((uint64_t)i * (picture->n_curves - 1) + gaps / 2) / gaps);
    return n;
}

/* format: of the title, how many are drawn, and of how many. */
static void thinned_title(char *title, size_t size, const char *whole, const char *format, uint32_t n, uint32_t all)
{
    if (n < all) snprintf(title, size, format, whole, n, all);
    else snprintf(title, size, "%s", whole);
}

static void lines_title(const struct sweep_picture *picture, uint32_t n, FILE *out)
{
    static const char *const of[] = { "%1$s; %2$u of %3$u curves, spread evenly",
                                      "%1$s; 고르게 뽑은 곡선 %2$u개 (총 %3$u개)" };
    char title[512];
    thinned_title(title, sizeof title, picture->title, of[picture->korean], n, picture->n_curves);
    sheet_text(out, "title", title);
}

/* Rows of the data that are of this curve. */
static void rows_of_curve(const struct sweep_picture *picture, uint32_t curve, uint32_t *first, uint32_t *last)
{
    *first = 1, *last = 0;
    for (uint32_t k = 0; k < picture->n_dots; k++) {
        *first += picture->dot[k].curve < curve;
        *last += picture->dot[k].curve <= curve;
    }
}

enum drawn sweep_lines(const struct sweep_picture *picture, struct sim_err *err)
{
    uint32_t chosen[PALETTE];
    const uint32_t n = choose_lines(picture, chosen);
    if (!write_dots(picture, err)) return DRAWN_NOT;
    FILE *out = files_create(picture->to, picture->name, ".gp", err);
    if (!out) return DRAWN_NOT;
    sheet_begin(out, picture->name, 1120, 640, picture->korean);
    lines_title(picture, n, out);
    sheet_text(out, "xlabel", picture->x_label);
    sheet_text(out, "ylabel", picture->y_label);
    fprintf(out,
            "  set xrange [-0.5:%g]\n  set yrange [0:*]\n  set offsets 0, 0, graph 0.04, 0\n  set key outside right "
            "noenhanced\n",
            picture->n_x - 0.5);
    ticks(out, "x", picture->x, picture->n_x);
    fputs("  plot ", out);
    for (uint32_t i = 0; i < n; i++) {
        static const int mark[PALETTE] = { 7, 5, 9, 13, 11, 15, 4, 6 };
        const char *colour = palette(i);
        /* Curves that meet stand side by side, so that each is seen, and its interval. */
        const double aside = 0.04 * (i - (n - 1) / 2.0);
        uint32_t first, last;
        rows_of_curve(picture, chosen[i], &first, &last);
        fprintf(out,
                "%s'%s.csv' using ($1%+g):3 every ::%u::%u with linespoints pointtype %d linewidth 2 linecolor '%s' ",
                i ? ", \\\n    " : "", picture->name, aside, first, last, mark[i], colour);
        if (picture->n_curves > 1) fputs("title ", out), gnuplot_quote(picture->curve[chosen[i]], out);
        else fputs("notitle", out);
        fprintf(out,
                ", \\\n    '%s.csv' using ($1%+g):3:4 every ::%u::%u with yerrorbars pointtype %d "
                "linewidth 2 linecolor '%s' notitle",
                picture->name, aside, first, last, mark[i], colour);
    }
    fputc('\n', out);
    return sheet_end(out, picture->to, picture->name, err);
}

/* gnuplot leaves room for four letters between the colours and the label of their scale. */
static void write_scale(const struct sweep_picture *picture, FILE *out)
{
    enum { FIT = 4 };
    double least = INFINITY, most = -INFINITY;
    for (uint32_t i = 0; i < picture->n_dots; i++) {
        least = fmin(least, picture->dot[i].mean);
        most = fmax(most, picture->dot[i].mean);
    }
    /* Of one value gnuplot makes a range around it. */
    const double room = least < most ? 0 : least == 0 ? 1 : 0.01 * fabs(least);
    uint32_t letters = 0;
    if (least <= most) fputs("  ", out), letters = write_ticks(out, "cb", least - room, most + room, 10);
    fputs("  set cblabel ", out);
    gnuplot_quote(picture->y_label, out);
    fputs(" noenhanced", out);
    if (letters > FIT)
        fprintf(out, " offset %u, 0\n  set rmargin at screen %g", letters - FIT, 0.85 - 0.0105 * (letters - FIT));
    fputc('\n', out);
}

enum drawn sweep_heat(const struct sweep_picture *picture, struct sim_err *err)
{
    if (!write_dots(picture, err)) return DRAWN_NOT;
    FILE *out = files_create(picture->to, picture->name, ".gp", err);
    if (!out) return DRAWN_NOT;
    sheet_begin(out, picture->name, 960, 640, picture->korean);
    sheet_text(out, "title", picture->title);
    sheet_text(out, "xlabel", picture->x_label);
    sheet_text(out, "ylabel", picture->curve_label);
    write_scale(picture, out);
    fprintf(out, "  set xrange [-0.5:%g]\n  set yrange [-0.5:%g]\n  unset key\n  unset grid\n", picture->n_x - 0.5,
            picture->n_curves - 0.5);
    fputs("  set palette defined (0 '#f7fbff', 1 '#6baed6')\n", out); /* pale enough for black numbers */
    ticks(out, "x", picture->x, picture->n_x);
    ticks(out, "y", picture->curve, picture->n_curves);
    fprintf(out,
            "  plot '%s.csv' using 1:2:3 every ::1 with image, \\\n"
            "    '' using 1:2:(sprintf(abs($3) < 1e4 ? '%%.4g' : '%%.0f', $3)) every ::1 with labels\n",
            picture->name);
    return sheet_end(out, picture->to, picture->name, err);
}

/* ---- tornado ---- */

#define HALF_HEIGHT 0.36 /* of a bar; rows are 1 apart */

/* From the base to the value. Where both of a row lie on the same side of the base, each has half of the height. */
static void write_bar(FILE *data, uint32_t row, uint32_t side, double base, double value, bool halved)
{
    if (isnan(value)) return;
    fprintf(data, "%u,%u,%.12g,%.12g,%g,%g\n", row, side, base, value, row - (halved && side == 0 ? 0 : HALF_HEIGHT),
            row + (halved && side == 1 ? 0 : HALF_HEIGHT));
}

static bool write_bars(const struct sweep_tornado *tornado, struct sim_err *err)
{
    FILE *data = files_create(tornado->to, tornado->name, ".csv", err);
    if (!data) return false;
    fputs("row,side,base,value,bottom,top\n", data);
    for (uint32_t i = 0; i < tornado->n_bars; i++) {
        const uint32_t row = tornado->n_bars - 1 - i;
        const double base = tornado->base, low = tornado->bar[i].low, high = tornado->bar[i].high;
        const bool halved = (low > base && high > base) || (low < base && high < base);
        write_bar(data, row, 0, base, low, halved);
        write_bar(data, row, 1, base, high, halved);
    }
    return files_finish(data, tornado->to, tornado->name, ".csv", err);
}

/* Room on either side, so that no bar ends at the frame, also where nothing moves. */
static void around(const struct sweep_tornado *tornado, FILE *out)
{
    double least = tornado->base, most = tornado->base;
    for (uint32_t i = 0; i < tornado->n_bars; i++) {
        least = fmin(least, fmin(tornado->bar[i].low, tornado->bar[i].high));
        most = fmax(most, fmax(tornado->bar[i].low, tornado->bar[i].high));
    }
    const double room = most > least ? 0.05 * (most - least) : fmax(fabs(most), 1) * 0.05;
    fprintf(out, "  set xrange [%.12g:%.12g]\n", least - room, most + room);
}

enum drawn sweep_tornado(const struct sweep_tornado *tornado, struct sim_err *err)
{
    if (!write_bars(tornado, err)) return DRAWN_NOT;
    FILE *out = files_create(tornado->to, tornado->name, ".gp", err);
    if (!out) return DRAWN_NOT;
    sheet_begin(out, tornado->name, 1120, 180 + 34 * tornado->n_bars, tornado->korean);
    sheet_text(out, "title", tornado->title);
    sheet_text(out, "xlabel", tornado->x_label);
    fprintf(out, "  unset grid\n  set grid x linecolor '#dddddd'\n  set yrange [-0.6:%g]\n", tornado->n_bars - 0.4);
    around(tornado, out);
    fputs("  set ytics noenhanced scale 0 (", out);
    for (uint32_t i = 0; i < tornado->n_bars; i++) {
        if (i > 0) fputs(", ", out);
        gnuplot_quote(tornado->bar[i].label, out);
        fprintf(out, " %u", tornado->n_bars - 1 - i);
    }
    fprintf(out, ")\n  set key outside top right horizontal\n  set style fill solid noborder\n"
                 "  set arrow from %.12g, graph 0 to %.12g, graph 1 nohead linewidth 1.5 linecolor '#000000' front\n",
            tornado->base, tornado->base);
    static const char *const side[][2] = { { "value low", "값이 낮을 때" }, { "value high", "값이 높을 때" } };
    for (uint32_t i = 0; i < 2; i++)
        fprintf(out, "%s'%s.csv' using ($2==%u?($3+$4)/2:NaN):1:3:4:5:6 every ::1 with boxxyerror "
                     "linecolor '%s' title '%s'",
                i ? ", \\\n    " : "  plot ", tornado->name, i, palette(i), side[i][tornado->korean]);
    fputc('\n', out);
    return sheet_end(out, tornado->to, tornado->name, err);
}

/* ---- small multiples ---- */

static bool write_steps(const struct sweep_panels *panels, struct sim_err *err)
{
    FILE *data = files_create(panels->to, panels->name, ".csv", err);
    if (!data) return false;
    fputs("panel,curve,t_s,value\n", data);
    for (uint32_t i = 0; i < panels->n_steps; i++) {
        const struct sweep_step *step = &panels->step[i];
        fprintf(data, "%u,%u,%.9g,%.9g\n", step->panel, step->curve, step->t_s, step->value);
    }
    return files_finish(data, panels->to, panels->name, ".csv", err);
}

/* One scale for all panels, so that they can be compared at a glance. */
static void same_scale(const struct sweep_panels *panels, FILE *out)
{
    double t_s = 1, value = 1;
    for (uint32_t i = 0; i < panels->n_steps; i++) {
        t_s = fmax(t_s, panels->step[i].t_s);
        value = fmax(value, panels->step[i].value);
    }
    fprintf(out, "  set xrange [0:%g]\n  set yrange [0:%g]\n", t_s, value * 1.05);
}

/* The last cell has no curve, so that no legend hides one. */
static void legend_cell(const struct sweep_panels *panels, FILE *out)
{
    fputs("  unset title\n  unset xlabel\n  unset border\n  unset tics\n  unset grid\n"
          "  set key center center noenhanced samplen 2\n  plot ",
          out);
    for (uint32_t c = 0; c < panels->n_curves; c++) {
        fprintf(out, "%sNaN with lines linewidth 2 linecolor '%s' title ", c ? ", " : "", palette(c));
        gnuplot_quote(panels->curve[c], out);
    }
    fputc('\n', out);
}

/* There is room for so many; those with the greatest values are drawn, in their order. */
static uint32_t choose_panels(const struct sweep_panels *panels, uint32_t chosen[PANELS_MAX])
{
    double *peak = plots_alloc(NULL, panels->n_panels + 1, sizeof *peak);
    uint32_t n = 0;
    for (uint32_t p = 0; p < panels->n_panels; p++) peak[p] = 0;
    for (uint32_t i = 0; i < panels->n_steps; i++)
        peak[panels->step[i].panel] = fmax(peak[panels->step[i].panel], panels->step[i].value);
    for (uint32_t p = 0; p < panels->n_panels; p++) {
        uint32_t before = 0;
        for (uint32_t other = 0; other < panels->n_panels; other++)
            before += peak[other] > peak[p] || (other < p && !(peak[other] < peak[p]));
        if (before < PANELS_MAX) chosen[n++] = p;
    }
    free(peak);
    return n;
}

static void panels_title(const struct sweep_panels *panels, uint32_t n, FILE *out)
{
    static const char *const of[] = { "%1$s; the %2$u of %3$u points with the greatest lag",
                                      "%1$s; Lag이 가장 큰 지점 %2$u개 (총 %3$u개)" };
    char title[512];
    thinned_title(title, sizeof title, panels->title, of[panels->korean], n, panels->n_panels);
    gnuplot_quote(title, out);
}

enum drawn sweep_small(const struct sweep_panels *panels, struct sim_err *err)
{
    uint32_t chosen[PANELS_MAX];
    const uint32_t n = choose_panels(panels, chosen);
    const uint32_t cells = n + 1, columns = cells < COLUMNS ? cells : COLUMNS, rows = (cells + columns - 1) / columns;
    if (!write_steps(panels, err)) return DRAWN_NOT;
    FILE *out = files_create(panels->to, panels->name, ".gp", err);
    if (!out) return DRAWN_NOT;
    sheet_begin(out, panels->name, 320 * columns + 40, 240 * rows + 100, panels->korean);
    same_scale(panels, out);
    fprintf(out, "  set multiplot layout %u,%u title ", rows, columns);
    panels_title(panels, n, out);
    fprintf(out, " noenhanced\n  set xlabel '%s'\n", panels->korean ? "t (초)" : "t (s)");
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t p = chosen[i];
        sheet_text(out, "title", panels->panel[p]);
        fputs("  plot ", out);
        for (uint32_t c = 0; c < panels->n_curves; c++) {
            fprintf(out,
                    "%s'%s.csv' using ($1==%u&&$2==%u?$3:NaN):4 every ::1 with steps linewidth 1.5 linecolor '%s' ",
                    c ? ", \\\n    " : "", panels->name, p, c, palette(c));
            fputs("notitle", out);
        }
        fputc('\n', out);
    }
    legend_cell(panels, out);
    fputs("  unset multiplot\n", out);
    return sheet_end(out, panels->to, panels->name, err);
}
