/* SPDX-License-Identifier: GPL-3.0-or-later
 * sim run: one scenario, from its file to a result. Files are complete and in place before anything is printed, and
 * before any exit code. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "plots/plots.h"
#include "sim/commands.h"
#include "sim/deliver.h"
#include "sim/lab/interrupt.h"
#include "sim/lab/output.h"
#include "sim/lab/overlay.h"
#include "sim/lab/parts.h"
#include "sim/lab/replicate.h"
#include "sim/lab/workers.h"
#include "sim/results/chain_report.h"
#include "sim/results/typed.h"

enum { TEXT_COLUMNS = 80 };

/* ---- the folder of results ---- */

static bool write_text(const struct output *output, const char *name, const char *text, struct sim_err *err)
{
    FILE *file = output_create(output, name, err);
    if (!file) return false;
    fputs(text, file);
    return sim_file_close(file, output_path(output, name), err);
}

static bool write_summary(const struct output *output, const struct outcome *outcome, struct sim_err *err)
{
    FILE *file = output_create(output, "summary.json", err);
    if (!file) return false;
    bool ok = summary_write(outcome, file);
    if (!sim_file_close(file, output_path(output, "summary.json"), err)) return false;
    return ok || sim_fail(err, SIM_ERUNTIME, output_path(output, "summary.json"), "writing failed");
}

static bool write_observed(const struct output *output, const struct study *study, struct arena *arena,
                           struct sim_err *err)
{
    if (!study->observations) return true;
    FILE *file = output_create(output, "observed.csv", err);
    if (!file) return false;
    overlay_write(study->observations, file, arena);
    return sim_file_close(file, output_path(output, "observed.csv"), err);
}

static bool has_causes(const struct outcome *outcome)
{
    for (uint32_t i = 0; i < outcome->n_invariants; i++)
        if (outcome->invariant[i].chain) return true;
    return false;
}

static bool write_causes(const struct output *output, const struct outcome *outcome, struct sim_err *err)
{
    if (!has_causes(outcome)) return true;
    FILE *file = output_create(output, "causes.csv", err);
    if (!file) return false;
    causes_csv(outcome, file);
    return sim_file_close(file, output_path(output, "causes.csv"), err);
}

static bool copy_inputs(const struct output *output, const struct study *study, struct sim_err *err)
{
    if (study->n_inputs > 0 && !output_make_folder(output, "inputs", err)) return false;
    for (uint32_t i = 0; i < study->n_inputs; i++)
        if (!output_copy(output, study->input[i].full_path, study->input[i].copy, err)) return false;
    return true;
}

/* A missing gnuplot is no error here: the data and the scripts are there for one that comes later. */
static bool draw(const struct options *options, const struct output *output, struct arena *arena, struct sim_err *err)
{
    if (!output_make_folder(output, "plots", err)) return false;
    show_activity(options, "drawing pictures");
    enum drawn drawn = plots_draw(output->staging, output_path(output, "plots"), options->language == LANG_KO, err);
    show_activity(options, NULL);
    if (drawn == DRAWN_SCRIPTS)
        warn("there is no gnuplot here, so no pictures were drawn; their data and scripts are in %s/plots, and with "
             "gnuplot installed (Debian, Ubuntu: gnuplot-nox) they are drawn by: sim plot %s",
             output->dir, typed_word(output->dir, arena));
    return drawn != DRAWN_NOT;
}

static bool write_files(const struct output *output, const struct study *study, const struct outcome *outcome,
                        struct arena *arena, struct sim_err *err)
{
    return write_summary(output, outcome, err) && write_text(output, "scenario.json", study->text, err) &&
           write_observed(output, study, arena, err) && write_causes(output, outcome, err) &&
           copy_inputs(output, study, err);
}

/* What a run might have left in this folder before, and this one need not leave. */
static const char *const *stale_names(struct arena *arena)
{
    size_t n_plots = 0, n = 0;
    while (plots_files[n_plots]) n_plots++;
    const char **name = arena_array(arena, const char *, PARTS + n_plots + 4);
    for (enum part part = 0; part < PARTS; part++) name[n++] = part_names[part];
    name[n++] = "observed.csv";
    name[n++] = "causes.csv";
    for (size_t i = 0; i < n_plots; i++) {
        size_t size = sizeof "plots/" + strlen(plots_files[i]);
        char *path = arena_alloc(arena, size);
        snprintf(path, size, "plots/%s", plots_files[i]);
        name[n++] = path;
    }
    name[n++] = "plots"; /* goes when it is empty by then */
    return name;
}

/* ---- the run ---- */

struct walk_of_data {
    const struct options *options;
    struct study study;
    const struct layout *layout;
    struct output output;
    struct precision precision; /* asked for, or watched for the progress line */
    struct replicated replicated;
    bool interrupted;
};

/* Runs, writes, draws and puts in place; everything in the folder, nothing on stdout. A picture that fails keeps
 * nothing else from being kept. */
static bool run_and_keep(struct walk_of_data *walk, struct arena *arena, struct sim_err *err)
{
    const struct options *options = walk->options;
    const struct replicate replicate = {
        .study = &walk->study,
        .layout = walk->layout,
        .jobs = options->jobs ? options->jobs : workers_cores(),
        .confidence = options->confidence,
        .output = options->out ? &walk->output : NULL,
        .orders_share = options->orders ? options->orders_share : 0,
        .terminal = !options->quiet && isatty(STDERR_FILENO) ? stderr : NULL,
        .precision = &walk->precision,
    };
    if (!replicate_run(&replicate, &walk->replicated, arena, err)) return false;
    walk->interrupted = walk->replicated.outcome.interrupted;
    if (options->n_goals > 0 && !walk->interrupted)
        study_set_replications(&walk->study, walk->replicated.outcome.n, arena);
    if (!options->out || walk->replicated.outcome.n == 0) return true;
    if (!write_files(&walk->output, &walk->study, &walk->replicated.outcome, arena, err)) return false;
    struct sim_err drawing = { 0 };
    bool drawn = !options->plots || draw(options, &walk->output, arena, &drawing);
    if (interrupt_asked()) walk->interrupted = drawn = true;
    if (!output_commit(&walk->output, stale_names(arena), err)) return false;
    return drawn || sim_fail(err, drawing.code, drawing.where, "%s", drawing.text);
}

static void print_result(const struct options *options, const struct outcome *outcome)
{
    const struct text_style style = { .language = options->language,
                                      .colour = use_colour(options),
                                      .markdown = options->format == FORMAT_MARKDOWN,
                                      .width = TEXT_COLUMNS };
    /* A write that fails is seen when stdout is closed. */
    if (options->format == FORMAT_JSON) summary_write(outcome, stdout);
    else report_write(outcome, &style, stdout);
}

/* How narrow the intervals became; false when that is not what was asked for. */
static bool say_precision(const struct walk_of_data *walk)
{
    const struct precision *precision = &walk->precision;
    char line[256];
    if (walk->options->n_goals == 0) return true;
    precision_line(precision, line, sizeof line);
    if (precision_enough(precision)) {
        note(walk->options, "precise enough after %u replications: %s", precision->n, line);
        return true;
    }
    warn("not precise enough after %u replications: %s; --max-replications allows more", precision->n,
         line[0] ? line : "a figure asked for does not exist in two of them");
    return false;
}

/* What the run is made from may lie in the folder of its results, also under one of their names: the scenario that a
 * run leaves is the resolved one, and old data go. */
static bool spares_what_it_reads(const struct options *options, const struct study *study, struct arena *arena,
                                 struct sim_err *err)
{
    static const char *const always[] = { "summary.json", "scenario.json", NULL };
    return deliver_spares_all(options, study, options->out, always, arena, err) &&
           deliver_spares_all(options, study, options->out, stale_names(arena), arena, err);
}

/* Finishes what is on disk whether the run went well or not, then prints. */
static int run_study(struct walk_of_data *walk, struct arena *arena, struct sim_err *err)
{
    const struct options *options = walk->options;
    const struct outcome *outcome = &walk->replicated.outcome;
    struct interrupt interrupt;
    if (options->out && !spares_what_it_reads(options, &walk->study, arena, err)) return (int)err->code;
    if (options->out && !output_open(&walk->output, options->out, options->force, arena, err)) return (int)err->code;
    interrupt_hold(&interrupt);
    bool ok = run_and_keep(walk, arena, err);
    if (options->out) output_abandon(&walk->output);
    interrupt_release(&interrupt);
    if (outcome->n > 0) print_result(options, outcome);
    if (!ok) return (int)err->code;
    if (walk->interrupted && outcome->n == 0) warn("interrupted before a replication was done; nothing is kept");
    else if (walk->interrupted)
        warn("interrupted; %u of %u replications are kept", outcome->n, walk->study.scenario.replications);
    if (options->out && outcome->n > 0) note(options, "results in %s", walk->output.dir);
    if (walk->interrupted) return EXIT_INTERRUPTED;
    int code = outcome_exit(outcome);
    return say_precision(walk) || code != 0 ? code : SIM_EIMPRECISE;
}

/* From here on the study asks for the most replications there may be; those it asked for are the least. */
static bool prepare_precision(struct walk_of_data *walk, struct arena *arena, struct sim_err *err)
{
    const struct options *options = walk->options;
    uint32_t least = walk->study.scenario.replications;
    if (!precision_init(&walk->precision, options->goal, options->n_goals, least, options->confidence, &walk->study,
                        walk->layout, arena, err))
        return false;
    if (options->n_goals == 0) return true;
    study_set_replications(&walk->study, least > options->most_replications ? least : options->most_replications,
                           arena);
    return true;
}

int cmd_run(const struct options *options, struct arena *arena, struct sim_err *err)
{
    struct walk_of_data walk = { .options = options };
    struct findings findings = { 0 };
    if (!read_study(&walk.study, options, &findings, arena, err)) return (int)err->code;
    walk.layout = layout_of(&walk.study, &findings, arena);
    if (!walk.layout) return SIM_ESCENARIO;
    if (!prepare_precision(&walk, arena, err)) return (int)err->code;
    int code = run_study(&walk, arena, err);
    replicated_fini(&walk.replicated);
    return code;
}
