/* SPDX-License-Identifier: GPL-3.0-or-later
 * All settings stand inside of the loop over the two formats, after a reset: what one panel sets does not leak into the
 * next picture. */
#include "plots/script.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plots/curves.h"
#include "plots/files.h"
#include "plots/gnuplot.h"
#include "plots/rows.h"

enum { WIDTH = 1120, HEIGHT = 640 };

const char *palette(uint32_t i)
{
    static const char *const colour[PALETTE] = { "#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                                 "#E69F00", "#56B4E9", "#000000", "#F0E442" };
    return colour[i % PALETTE];
}

const char *script_word(const struct script *script, const char *english, const char *korean)
{
    return script->korean ? korean : english;
}

/* ---- files ---- */

FILE *data_open(const struct script *script, const char *suffix, struct sim_err *err)
{
    return files_create(script->to, script->name, suffix, err);
}

bool data_close(const struct script *script, FILE *data, const char *suffix, struct sim_err *err)
{
    return files_finish(data, script->to, script->name, suffix, err);
}

/* ---- the frame ---- */

static void write_quoted(FILE *out, const char *before, const char *text, const char *after)
{
    fputs(before, out);
    gnuplot_quote(text, out);
    fputs(after, out);
}

/* Whose these are, and which lines and bands there are. */
static void write_subtitle(const struct script *script)
{
    char text[512];
    uint32_t n = script->folder->n_replications;
    const char *format = "%s";
    if (n > 1 && script->frame.one_replication)
        format = script_word(script, "%s;  replication 0 of %u", "%s;  반복 0 (총 %u회)");
    else if (n > 1)
        format = script_word(script, "%s;  line: replication 0, band: least to greatest of %u replications",
                             "%s;  선: 반복 0, 띠: %u회 반복의 최소~최대");
    snprintf(text, sizeof text, format, script->folder->name, n);
    write_quoted(script->out, "    set label 2 ", text,
                 " at graph 0, screen 0.917 left font small textcolor rgb '#555555'\n");
}

static void write_formats(const struct script *script)
{
    const char *font = script->korean ? "NanumGothic" : "Helvetica";
    fprintf(script->out,
            "do for [format in 'svg png'] {\n"
            "    reset\n"
            "    set encoding utf8\n"
            "    set datafile separator comma\n"
            "    if (format eq 'svg') {\n"
            "        large = ',20'; small = ',13'\n"
            "        set terminal svg size %d, %d noenhanced font '%s,13' background rgb 'white'\n"
            "    } else {\n"
            "        large = ',16'; small = ',10.5'\n"
            "        set terminal pngcairo size %d, %d noenhanced font '%s,10.5'\n"
            "    }\n"
            "    set output '%s.'.format\n",
            WIDTH, HEIGHT, font, WIDTH, HEIGHT, script->korean ? font : "Sans", script->name);
}

/* One for both panels, so that their axes stand below one another; up to six digits fit beside the label. */
static double left_margin(double y_to)
{
    enum { FIT = 6 };
    int digits = 1;
    for (; y_to >= 10; y_to /= 10) digits++;
    return 0.085 + (digits > FIT ? 0.009 * (digits - FIT) : 0);
}

static void write_pictures_frame(const struct script *script, const struct frame *frame)
{
    FILE *out = script->out;
    write_formats(script);
    write_quoted(out, "    set label 1 ", frame->title, " at graph 0, screen 0.963 left font large\n");
    write_subtitle(script);
    /* gnuplot takes letters to be wider than they are: what it adds to a long legend is enough for another column. */
    fprintf(out, "    set key outside bottom left horizontal Left reverse samplen 2 spacing 1.3 width %d\n",
            frame->long_legend ? -6 : 2);
    fputs("    set tmargin at screen 0.865\n"
          "    set border 3 linecolor rgb '#777777'\n"
          "    set tics nomirror out scale 0.6 textcolor rgb '#333333'\n"
          "    set grid ytics linetype 1 linecolor rgb '#E2E2E2' linewidth 1\n",
          out);
    if (frame->two_panels)
        fprintf(out, "    set multiplot\n    set key off\n    set bmargin at screen 0.42\n"
                     "    set lmargin at screen %.9g\n", left_margin(frame->y_to));
    if (!frame->rate_label) return;
    fprintf(out, "    set border 11\n    set y2range [0:%.9g]\n    set y2tics textcolor rgb '#777777'\n",
            frame->rate_to);
    write_quoted(out, "    set y2label ", frame->rate_label, " textcolor rgb '#777777'\n");
}

static void write_terminal_frame(const struct script *script, const struct frame *frame)
{
    fputs("    set encoding utf8\n    set datafile separator comma\n", script->out);
    fprintf(script->out, "    set terminal dumb nofeed noenhanced size %u, %u %s\n", script->terminal->columns,
            script->terminal->rows, script->terminal->colour ? "ansi" : "mono");
    write_quoted(script->out, "    set title ", frame->title, "\n");
    fputs("    set key bmargin left horizontal maxcols 1 Left reverse\n    set lmargin 8\n    set rmargin 3\n    set "
          "border 3\n    set tics nomirror\n",
          script->out);
}

static void mark_last_order(const struct script *script)
{
    double at_s = script->folder->last_order_s;
    if (!(at_s > 0)) return;
    fprintf(script->out,
            "    set arrow 1 from first %.9g, graph 0 to first %.9g, graph 1 nohead front dashtype 3 linewidth 0.8 "
            "linecolor rgb '#888888'\n",
            at_s, at_s);
    write_quoted(script->out, "    set label 3 ", script_word(script, "last order", "마지막 주문"), "");
    fprintf(script->out, " at first %.9g, graph 1 offset 0, 0.6 %s font small textcolor rgb '#555555'\n", at_s,
            at_s < 0.93 * script->frame.x_to ? "center" : "right");
}

/* Digits as people write them: no 1e+06. */
static const char *number_format(double to) { return to < 1e5 ? "%g" : "%.0f"; }

static void write_y_axis(const struct script *script, const char *label, double to, bool percent)
{
    if (!script->terminal) write_quoted(script->out, "    set ylabel ", label, "\n");
    fprintf(script->out, "    set yrange [0:%.9g]\n", to > 0 ? to : 1);
    fprintf(script->out, "    set format y '%s'\n", percent ? "%g %%" : number_format(to));
    /* What is counted has no halves. */
    fprintf(script->out, "    set ytics %s\n", !percent && to < 9 ? "1" : "autofreq");
}

static void write_x_axis(const struct script *script, const char *label, double to)
{
    write_quoted(script->out, "    set xlabel ", label, script->terminal ? "\n" : ".\"\\n\" offset 0, 0.4\n");
    fprintf(script->out, "    set xrange [0:%.9g]\n    set format x '%s'\n", to > 0 ? to : 1, number_format(to));
}

/* ---- numbers on an axis ---- */

static uint32_t letters_of(double number, int digits)
{
    char text[400];
    return (uint32_t)snprintf(text, sizeof text, "%.*f", digits, number);
}

uint32_t write_ticks(FILE *out, const char *axis, double from, double to, uint32_t most)
{
    static const double step[] = { 1, 2, 5, 10 };
    const double smallest = (to - from) / most * (1 - 1e-9); /* ten steps of 0.1 fit into 1 */
    const int decade = (int)floor(log10(smallest));
    int i = 0;
    while (i < 3 && step[i] * pow(10, decade) < smallest) i++;
    const double step_size = step[i] * pow(10, decade);
    const int digits = decade + (i == 3) < 0 ? -decade - (i == 3) : 0;
    fprintf(out, "set %stics %.9g; set format %s '%%.%df'\n", axis, step_size, axis, digits);
    /* A scale reaches out to its next steps. */
    const uint32_t least = letters_of(floor(from / step_size) * step_size, digits);
    const uint32_t greatest = letters_of(ceil(to / step_size) * step_size, digits);
    return least > greatest ? least : greatest;
}

/* ---- the plot command ---- */

bool script_open(struct script *script, const struct frame *frame, struct sim_err *err)
{
    script->n_items = 0;
    script->frame = *frame;
    script->out = open_memstream(&script->text, &script->size);
    if (!script->out) return sim_fail(err, SIM_ERUNTIME, script->name, "out of memory for a script");
    if (script->terminal) write_terminal_frame(script, frame);
    else write_pictures_frame(script, frame);
    write_x_axis(script, frame->two_panels ? "" : frame->x_label, frame->x_to);
    write_y_axis(script, frame->y_label, frame->y_to, frame->y_percent);
    if (frame->has_time && !script->terminal) mark_last_order(script);
    return true;
}

void script_second_panel(struct script *script, const char *y_label, double y_to)
{
    const struct frame *frame = &script->frame;
    fputs("\n    unset label 1\n    unset label 2\n    unset label 3\n    set key on\n    unset bmargin\n"
          "    set tmargin at screen 0.36\n",
          script->out);
    write_x_axis(script, frame->x_label, frame->x_to);
    write_y_axis(script, y_label, y_to, false);
    script->n_items = 0;
}

FILE *script_item(struct script *script)
{
    fputs(script->n_items++ > 0 ? ", \\\n         " : "    plot ", script->out);
    return script->out;
}

void script_title(struct script *script, const char *text)
{
    char spaced[512];
    snprintf(spaced, sizeof spaced, "%s%s", script->terminal ? " " : "", text);
    write_quoted(script->out, " title ", spaced, "");
}

/* ---- the file ---- */

/* FNV-1a: tells a script that somebody has changed from one that stands as it was written. */
static uint64_t mark_of(const char *text, size_t size)
{
    uint64_t mark = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++) mark = (mark ^ (unsigned char)text[i]) * 0x100000001b3u;
    return mark;
}

static const char first_line[] = "# Written by sim plot (%016llx). To draw again, in this folder: gnuplot ";

bool script_close(struct script *script, struct sim_err *err)
{
    if (script->frame.two_panels) fputs("\n    unset multiplot", script->out);
    fputs(script->terminal ? "\n" : "\n    unset output\n}\n", script->out);
    bool whole = fclose(script->out) == 0;
    FILE *file = whole ? data_open(script, ".gp", err) : NULL;
    if (file) {
        fprintf(file, first_line, (unsigned long long)mark_of(script->text, script->size));
        fprintf(file, "%s.gp\n", script->name);
        fwrite(script->text, 1, script->size, file);
    }
    free(script->text);
    if (!whole) return sim_fail(err, SIM_ERUNTIME, script->name, "out of memory for a script");
    return file && data_close(script, file, ".gp", err);
}

bool script_is_changed(const char *path)
{
    enum { MOST = 1 << 20 };
    FILE *file = fopen(path, "r");
    unsigned long long mark;
    if (!file) return false;
    char *text = plots_alloc(NULL, MOST, 1), *rest;
    size_t size = fread(text, 1, MOST - 1, file);
    text[size] = '\0';
    fclose(file);
    bool ours = sscanf(text, first_line, &mark) == 1 && (rest = strchr(text, '\n')) != NULL &&
                mark == mark_of(rest + 1, size - (size_t)(rest + 1 - text));
    free(text);
    return !ours;
}
