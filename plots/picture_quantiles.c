/* SPDX-License-Identifier: GPL-3.0-or-later
 * Both axes have one scale, so that the diagonal is one. It is logarithmic where durations span more than a decade or
 * so: else one stall would press all others into a corner. */
#include "plots/picture_quantiles.h"

#include <math.h>

#include "plots/files.h"
#include "plots/gnuplot.h"
#include "plots/script.h"
#include "plots/sheet.h"

#define LOG_FROM    15.0 /* longest over shortest */
#define MARKS_APART 0.04 /* of the axis: closer labels would lie over one another */

struct scale {
    double from, to, factor; /* in units */
    const char *unit;
    bool logarithmic;
};

static struct scale scale_of(const struct quantile_picture *picture)
{
    const uint32_t last = picture->n_points - 1;
    const double least = fmin(picture->measured_s[0], picture->family_s[0]);
    const double most = fmax(picture->measured_s[last], picture->family_s[last]);
    struct scale scale = { .factor = most < 2e-3 ? 1e6 : most < 20 ? 1e3 : 1 };
    scale.unit = most < 2e-3 ? "us" : most < 20 ? "ms" : "s";
    scale.logarithmic = most > LOG_FROM * least;
    const double room = scale.logarithmic ? pow(most / least, 0.04) : 0.04 * (most - least);
    scale.from = scale.factor * (scale.logarithmic ? least / room : fmax(least - room, 0));
    scale.to = scale.factor * (scale.logarithmic ? most * room : most + room);
    return scale;
}

static bool write_points(const struct quantile_picture *picture, struct sim_err *err)
{
    FILE *data = files_create(picture->to, picture->name, ".csv", err);
    if (!data) return false;
    fprintf(data, "probability,measured_s,family_s%s\n", picture->next ? ",next_s" : "");
    for (uint32_t i = 0; i < picture->n_points; i++) {
        fprintf(data, "%.9g,%.9g,%.9g", picture->probability[i], picture->measured_s[i], picture->family_s[i]);
        if (picture->next) fprintf(data, ",%.9g", picture->next_s[i]);
        fputc('\n', data);
    }
    return files_finish(data, picture->to, picture->name, ".csv", err);
}

/* How far along the axis, 0 to 1. */
static double along(const struct scale *scale, double x)
{
    return scale->logarithmic ? log(x / scale->from) / log(scale->to / scale->from)
                              : (x - scale->from) / (scale->to - scale->from);
}

/* Percentiles on the right-hand axis, where no point is. */
static void write_marks(const struct quantile_picture *picture, const struct scale *scale, FILE *out)
{
    double before = -1;
    for (uint32_t i = 0; i < picture->n_marks; i++) {
        const double y = scale->factor * picture->mark[i].measured_s, at = along(scale, y);
        if (!(at > before + MARKS_APART)) continue;
        before = at;
        fputs("  set label ", out);
        gnuplot_quote(picture->mark[i].label, out);
        fprintf(out, " at graph 1.015, first %.9g left textcolor rgb '#555555'\n", y);
        fprintf(out,
                "  set arrow from graph 0, first %.9g to graph 1, first %.9g nohead dashtype 3 linecolor '#999999'\n",
                y, y);
    }
}

static void write_axes(const struct quantile_picture *picture, const struct scale *scale, FILE *out)
{
    char text[256];
    snprintf(text, sizeof text, "%s, fitted (%s)", picture->family, scale->unit);
    sheet_text(out, "xlabel", text);
    snprintf(text, sizeof text, "measured (%s)", scale->unit);
    sheet_text(out, "ylabel", text);
    if (scale->logarithmic) fputs("  set logscale xy\n", out);
    fprintf(out, "  set xrange [%.9g:%.9g]\n  set yrange [%.9g:%.9g]\n  set format xy '%%g'\n", scale->from, scale->to,
            scale->from, scale->to);
    fputs("  set size ratio 1\n  set rmargin 9\n  set key outside bottom center horizontal noenhanced\n", out);
}

enum drawn quantiles_draw(const struct quantile_picture *picture, struct sim_err *err)
{
    const struct scale scale = scale_of(picture);
    if (!write_points(picture, err)) return DRAWN_NOT;
    FILE *out = files_create(picture->to, picture->name, ".gp", err);
    if (!out) return DRAWN_NOT;
    sheet_begin(out, picture->name, 760, 800, false);
    fputs("  set title ", out);
    gnuplot_quote(picture->title, out);
    fputs(".\"\\n\".", out);
    gnuplot_quote(picture->subtitle, out);
    fputs(" noenhanced\n", out);
    write_axes(picture, &scale, out);
    write_marks(picture, &scale, out);
    fputs("  plot x with lines linewidth 1.5 linecolor '#000000' title 'equal'", out);
    if (picture->next) {
        fprintf(out,
                ", \\\n    '%s.csv' using (%g*$4):(%g*$2) every ::1 with lines linewidth 2 linecolor '%s' title ",
                picture->name, scale.factor, scale.factor, palette(1));
        gnuplot_quote("next best: ", out);
        fputc('.', out);
        gnuplot_quote(picture->next, out);
    }
    fprintf(out,
            ", \\\n    '%s.csv' using (%g*$3):(%g*$2) every ::1 with points pointtype 7 pointsize 0.5 linecolor '%s' "
            "title ",
            picture->name, scale.factor, scale.factor, palette(0));
    gnuplot_quote(picture->family, out);
    fputc('\n', out);
    return sheet_end(out, picture->to, picture->name, err);
}
