/* SPDX-License-Identifier: GPL-3.0-or-later
 * sim plot: pictures of a folder of results, drawn again. Pictures and their data are replaced, because the results say
 * what is in them; a script that somebody has changed is not, without --force. */
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plots/plots.h"
#include "sim/commands.h"
#include "sim/lab/interrupt.h"
#include "sim/lab/output.h"

static struct plots_terminal terminal_of(const struct options *options)
{
    struct plots_terminal terminal = { .columns = 80, .rows = 24, .colour = use_colour(options) };
    struct winsize size;
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40 &&
        size.ws_row >= 12) {
        terminal.columns = size.ws_col;
        terminal.rows = size.ws_row - 1u; /* one line for the prompt */
    }
    return terminal;
}

static bool no_gnuplot(struct sim_err *err)
{
    return sim_fail(err, SIM_ERUNTIME, NULL, "there is no gnuplot here; install it (Debian, Ubuntu: gnuplot-nox)");
}

static bool draw_again(const struct options *options, struct output *output, struct arena *arena, struct sim_err *err)
{
    static const char *const nothing_stale[] = { NULL };
    size_t size = strlen(output->dir) + sizeof "/plots";
    char *there = arena_alloc(arena, size);
    snprintf(there, size, "%s/plots", output->dir);
    if (!options->force && !plots_unchanged(there, err)) return false;
    if (!output_make_folder(output, "plots", err)) return false;
    show_activity(options, "drawing pictures");
    enum drawn drawn = plots_draw(options->operand, output_path(output, "plots"), options->language == LANG_KO, err);
    show_activity(options, NULL);
    if (drawn == DRAWN_SCRIPTS) return no_gnuplot(err);
    return drawn == DRAWN && output_commit(output, nothing_stale, err);
}

static bool check_folder(const char *dir, struct sim_err *err)
{
    struct stat status;
    if (stat(dir, &status) != 0)
        return sim_fail(err, SIM_ERUNTIME, dir, "there is no such folder; sim run --out makes one");
    if (!S_ISDIR(status.st_mode))
        return sim_fail(err, SIM_ERUNTIME, dir,
                        "this is no folder; in a terminal sim plot shows the folder of a run (sim run --out)");
    return true;
}

int cmd_plot(const struct options *options, struct arena *arena, struct sim_err *err)
{
    struct stat status;
    if (!options->terminal && stat(options->operand, &status) == 0 && S_ISREG(status.st_mode)) {
        return cmd_plot_sweep(options, options->operand, arena, err);
    }
    if (!check_folder(options->operand, err)) return (int)err->code;
    if (options->metric.n > 0)
        return sim_fail(err, SIM_EUSAGE, NULL,
                        "--metric is for the file of a sweep; the pictures of a run are all drawn"), (int)err->code;
    if (options->terminal) {
        if (options->language != LANG_EN) warn("pictures in a terminal are in English");
        const struct plots_terminal terminal = terminal_of(options);
        if (plots_show(options->operand, &terminal, err) == DRAWN_SCRIPTS) no_gnuplot(err);
        return (int)err->code;
    }
    struct output output;
    struct interrupt interrupt;
    if (!output_open(&output, options->operand, true, arena, err)) return (int)err->code;
    interrupt_hold(&interrupt);
    bool ok = draw_again(options, &output, arena, err);
    bool interrupted = !ok && interrupt_asked();
    output_abandon(&output);
    interrupt_release(&interrupt);
    if (interrupted) return *err = (struct sim_err){ 0 }, EXIT_INTERRUPTED;
    if (ok) note(options, "pictures in %s/plots", output.dir);
    return (int)err->code;
}
