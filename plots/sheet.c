/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/sheet.h"

#include "plots/files.h"
#include "plots/gnuplot.h"

void sheet_text(FILE *out, const char *what, const char *text)
{
    fprintf(out, "  set %s ", what);
    gnuplot_quote(text, out);
    fputs(" noenhanced\n", out);
}

void sheet_begin(FILE *out, const char *name, unsigned width, unsigned height, bool korean)
{
    const char *font = korean ? "NanumGothic" : "sans";
    fprintf(out,
            "# gnuplot %s.gp draws it again.\n"
            "do for [format in 'svg png'] {\n"
            "  reset\n"
            "  if (format eq 'svg') { set terminal svg size %u,%u font '%s,14' background '#ffffff' }\n"
            "  else { set terminal pngcairo size %u,%u font '%s,11' background '#ffffff' }\n"
            "  set output '%s.'.format\n"
            "  set datafile separator comma\n"
            "  set datafile missing 'null'\n"
            "  set grid y linecolor '#dddddd'\n",
            name, width, height, font, width, height, font, name);
}

enum drawn sheet_end(FILE *out, const char *to, const char *name, struct sim_err *err)
{
    char script[128];
    fputs("  unset output\n}\n", out);
    if (!files_finish(out, to, name, ".gp", err)) return DRAWN_NOT;
    snprintf(script, sizeof script, "%s.gp", name);
    switch (gnuplot_run(to, script, GNUPLOT_LIMIT_S, err)) {
    case GNUPLOT_OK: return files_drawn(to, name, err) ? DRAWN : DRAWN_NOT;
    case GNUPLOT_MISSING: return DRAWN_SCRIPTS;
    case GNUPLOT_HUNG: case GNUPLOT_FAILED: break;
    }
    return DRAWN_NOT;
}
