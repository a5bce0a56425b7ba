/* SPDX-License-Identifier: GPL-3.0-or-later
 * The program: from argv to an exit code. Errors are printed here, once, and stdout is closed here, because a result
 * that did not reach its reader is an error, too. */
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/commands.h"
#include "sim/help.h"
#include "sim/lab/output.h"
#include "sim/lab/ranks.h"
#include "sim/results/load_end.h"
#include "sim/results/result.h"
#include "sim/scenario/finding.h"

#if __has_include("sim/version.h")
#include "sim/version.h"
#else
#define SIM_VERSION "dev"
#endif

const char *shown_file(const struct study *study) { return strcmp(study->file, "-") == 0 ? "stdin" : study->file; }

static void note_ignored(const struct options *options, const struct study *study)
{
    char names[1024] = "";
    for (uint32_t i = 0; i < study->n_ignored; i++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "", study->ignored[i]);
    }
    if (names[0]) note(options, "%s: options of k6 without a meaning here, ignored: %s", shown_file(study), names);
}

/* shown: whose instants these are; of: how many others have some. */
static void say_load_end(const struct options *options, const struct study *study, const char *shown, const char *of)
{
    char text[2048];
    if (*load_end_text(study, LANG_EN, text, sizeof text)) note(options, "%s%s: %s", shown, of, text);
}

void note_load_end(const struct options *options, const struct study *study)
{
    say_load_end(options, study, shown_file(study), "");
}

void note_load_end_of_points(const struct options *options, const struct point *point, uint32_t n, struct desk *desk,
                             struct arena *arena)
{
    struct findings findings = { 0 };
    struct sim_err err = { 0 };
    sim_ns first_ns = SIM_NEVER;
    uint32_t first = n, n_said = 0;
    bool alike = true;
    for (uint32_t i = 0; i < n; i++) {
        if (!desk_open(desk, &point[i], &findings, &err)) return;
        if (desk->study.n_by_load_end == 0) continue;
        const sim_ns orders_end_ns = scenario_orders_end(&desk->study.scenario);
        if (n_said++ == 0) first = i, first_ns = orders_end_ns;
        alike = alike && orders_end_ns == first_ns;
    }
    if (n_said == 0 || !desk_open(desk, &point[first], &findings, &err)) return;
    if (n_said == n && alike) note_load_end(options, &desk->study);
    else say_load_end(options, &desk->study, point_shown(&point[first], arena),
                      arena_printf(arena, ", and so at %u of %u points", n_said, n));
}

bool read_study(struct study *out, const struct options *options, struct findings *findings, struct arena *arena,
                struct sim_err *err)
{
    if (strcmp(options->operand, "-") == 0 && isatty(STDIN_FILENO))
        return sim_fail(err, SIM_EUSAGE, NULL,
                        "- reads the scenario from standard input, which is this terminal; pipe one in, "
                        "as in sim run - < my.json");
    if (!study_read(out, options->operand, options->edit, options->n_edits, findings, arena, err)) {
        findings_print(findings, options->operand, stderr);
        return false;
    }
    note_ignored(options, out);
    note_load_end(options, out);
    return true;
}

const struct layout *layout_of(const struct study *study, struct findings *findings, struct arena *arena)
{
    const struct layout *layout = layout_make(study, arena);
    for (uint32_t i = 0; i < study->n_thresholds; i++) {
        const struct finding *at = &study->threshold_at[i];
        struct sim_err err = { 0 };
        if (layout_has_threshold(layout, i, &err)) continue;
        finding_add(findings, arena, (struct text_place){ at->line, at->column }, at->pointer, "%s", err.text);
    }
    if (findings->n_all == 0) return layout;
    findings_print(findings, study->file, stderr);
    return NULL;
}

struct point base_point(const struct options *options, const struct study_source *source, struct arena *arena)
{
    struct study_edit *edit = arena_array(arena, struct study_edit, options->n_edits + 1);
    struct point point = { .source = source, .edit = edit, .label = "as it is" };
    for (uint32_t i = 0; i < options->n_edits; i++)
        if (strcmp(options->edit[i].pointer, "/run/replications") != 0) edit[point.n_edits++] = options->edit[i];
    return point;
}

bool use_colour(const struct options *options)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    if (options->no_color || (no_color && *no_color)) return false;
    return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
}

/* What has been printed by now comes first: on a terminal both are one page. */
static void say(const char *format, va_list args)
{
    fflush(stdout);
    fputs("sim: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

void note(const struct options *options, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (!options->quiet) say(format, args);
    va_end(args);
}

void warn(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
}

void show_activity(const struct options *options, const char *text)
{
    if (!options->quiet && isatty(STDERR_FILENO)) fprintf(stderr, "\r%s\033[K", text ? text : "");
}

static int run_command(const struct options *options, struct arena *arena, struct sim_err *err)
{
    if (options->help) return help_print(options->command, stdout), 0;
    if (options->version) return puts("sim " SIM_VERSION), 0;
    switch (options->command) {
    case COMMAND_RUN: return cmd_run(options, arena, err);
    case COMMAND_CHECK: return cmd_check(options, arena, err);
    case COMMAND_SCHEMA: return cmd_schema(options, arena, err);
    case COMMAND_PLOT: return cmd_plot(options, arena, err);
    case COMMAND_SWEEP: return cmd_sweep(options, arena, err);
    case COMMAND_INIT: return cmd_init(options, arena, err);
    case COMMAND_IMPORT: return cmd_import(options, arena, err);
    case COMMAND_AUDIT: return cmd_audit(options, arena, err);
    case COMMAND_EXPLORE: return cmd_explore(options, arena, err);
    case COMMAND_REPLAY: return cmd_replay(options, arena, err);
    case COMMAND_CALIBRATE: return cmd_calibrate(options, arena, err);
    case COMMAND_PLAN: return cmd_plan(options, arena, err);
    case COMMAND_COMPARE: return cmd_compare(options, arena, err);
    case COMMAND_NONE:
    case COMMANDS: break; /* options_read lets none of them through */
    }
    return SIM_EUSAGE;
}

int main(int argc, char **argv)
{
    struct arena arena;
    struct options options;
    struct sim_err err = { 0 };
    int code = 0;
    /* A closed pipe, or a file at its limit, is an error of the write, not the end of the program. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    arena_init(&arena);
    struct ranks *ranks = ranks_open(&argc, &argv, &arena, &err);
    const bool speaks = !ranks || ranks_me(ranks) == 0; /* one of several processes is enough */
    if (ranks && options_read(&options, argc, argv, &arena, &err)) {
        options.ranks = ranks;
        if (speaks || options.command == COMMAND_SWEEP) code = run_command(&options, &arena, &err);
    }
    sim_file_close(stdout, "standard output", &err);
    if (err.text[0] && speaks) fprintf(stderr, "sim: %s%s%s\n", err.where, err.where[0] ? ": " : "", err.text);
    code = err.code != SIM_OK ? (int)err.code : code;
    if (ranks) ranks_close(ranks, code);
    arena_fini(&arena);
    return code;
}
