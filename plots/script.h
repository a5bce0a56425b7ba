/* SPDX-License-Identifier: GPL-3.0-or-later
 * The script of one picture: the frame that all of them share (size, title, axes, legend, colours), and the items that
 * are drawn into it. The script names its data files relative to its own folder, so that the folder can be moved and a
 * script changed and run by hand. */
#ifndef PLOTS_SCRIPT_H
#define PLOTS_SCRIPT_H

#include <stdio.h>

#include "plots/folder.h"
#include "plots/plots.h"

enum { PALETTE = 8 };

struct frame {
    const char *title, *x_label, *y_label;
    double x_to, y_to; /* axes begin at 0 */
    bool y_percent;
    bool has_time;          /* x is time since the start: the last order is marked */
    bool means;             /* y are means over bins, drawn at their middle: lines, not steps */
    const char *rate_label; /* a second axis on the right, for a rate behind the rest; NULL: none */
    double rate_to;
    bool one_replication; /* no bands: the subtitle names the one */
    bool long_legend;     /* texts of fifty letters and more */
    bool two_panels;      /* leaves room for script_second_panel; not on a terminal */
};

struct script {
    const struct folder *folder;
    const char *to;   /* folder of scripts, data and pictures */
    const char *name; /* of the picture, and of its files */
    bool korean;
    const struct plots_terminal *terminal; /* NULL: SVG and PNG */
    struct frame frame;
    FILE *out; /* into text, until the script is closed */
    char *text;
    size_t size;
    uint32_t n_items; /* of this panel */
};

/* Begins NAME.gp and writes the frame; commands may be added with fprintf until the first item. */
bool script_open(struct script *script, const struct frame *frame, struct sim_err *err);
/* Begins one item of the plot command: what follows it is up to the caller. */
FILE *script_item(struct script *script);
/* Ends an item that stands in the legend. */
void script_title(struct script *script, const char *text);
/* Ends the plot command of the upper panel and begins the lower one. */
void script_second_panel(struct script *script, const char *y_label, double y_to);
bool script_close(struct script *script, struct sim_err *err);

/* Whether a script is there and is not as it was written. */
bool script_is_changed(const char *path);

/* Sets steps of an axis between two values, fewer than `most` where that can be, and as many digits as tell its numbers
 * apart, in one line. Returns how many letters the longest of them has. */
uint32_t write_ticks(FILE *out, const char *axis, double from, double to, uint32_t most);

/* "the text in the language asked for" */
const char *script_word(const struct script *script, const char *english, const char *korean);

/* A data file NAME + suffix, as in "-observed.csv", and its closing. */
FILE *data_open(const struct script *script, const char *suffix, struct sim_err *err);
bool data_close(const struct script *script, FILE *data, const char *suffix, struct sim_err *err);

/* Colours that remain apart for the colour-blind (Okabe and Ito), the palest last; "#RRGGBB". */
const char *palette(uint32_t i);

#endif
