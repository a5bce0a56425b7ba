/* SPDX-License-Identifier: GPL-3.0-or-later
 * sim explore: many small runs, each with faults, values and ties drawn from its own seed; what breaks an invariant is
 * made smaller and kept as a capsule, which sim replay plays again. */
#include <string.h>
#include <unistd.h>

#include "sim/commands.h"
#include "sim/deliver.h"
#include "sim/lab/capsule.h"
#include "sim/lab/explore.h"
#include "sim/lab/interrupt.h"
#include "sim/lab/output.h"
#include "sim/lab/run.h"
#include "sim/lab/shrink.h"
#include "sim/lab/workers.h"
#include "sim/results/search_report.h"
#include "sim/scenario/finding.h"

enum { TEXT_COLUMNS = 80, RUNS = 2000 };
#define RUNS_MAX ((uint64_t)1000000000)

struct exploring {
    const struct options *options;
    struct study_source source;
    struct study study;
    struct explore explore;
    struct explored explored;
    struct output output;
    uint32_t n_violations;
    struct search_violation violation[INVARIANT_COUNT];
    double took_s, keep_from_s;
};

/* ---- reading ---- */

static bool read_scenario(struct exploring *exploring, struct arena *arena, struct sim_err *err)
{
    const struct options *options = exploring->options;
    struct findings findings = { 0 };
    if (strcmp(options->operand, "-") == 0 && isatty(STDIN_FILENO))
        return sim_fail(err, SIM_EUSAGE, NULL, "- reads the scenario from standard input, which is this terminal");
    struct study_source *source = &exploring->source;
    if (!study_source_load(source, options->operand, arena, err)) return false;
    if (!study_read_text(&exploring->study, source->text, source->length, source->file, source->folder, options->edit,
                         options->n_edits, &findings, arena, err)) {
        findings_print(&findings, options->operand, stderr);
        return false;
    }
    if (exploring->study.explore.given) return true;
    finding_add(&findings, arena, (struct text_place){ 0 }, "/explore",
                "missing; it says what the search may draw, as in \"explore\": {\"faults\": {\"gc\": {\"pause\": "
                "\"NAME\", \"for\": [\"1s\", \"12s\"]}}}");
    findings_print(&findings, options->operand, stderr);
    err->code = SIM_ESCENARIO;
    return false;
}

static void prepare(struct exploring *exploring)
{
    const struct options *options = exploring->options;
    exploring->explore = (struct explore){
        .source = &exploring->source,
        .n_edits = options->n_edits,
        .edit = options->edit,
        .study = &exploring->study,
        .first_seed = exploring->study.scenario.seed,
        .runs = options->runs         ? options->runs
                : options->time_s > 0 ? RUNS_MAX
                                      : RUNS,
        .time_s = options->time_s,
        .only_first = options->only_first,
        .n_threads = options->jobs ? options->jobs : workers_cores(),
        .terminal = !options->quiet && isatty(STDERR_FILENO) ? stderr : NULL,
    };
}

/* ---- what was found ---- */

/* The smallest run, played with its story, into the folder of results. */
static bool write_capsule(struct exploring *exploring, const struct shrunk *shrunk, const char *name,
                          const struct run_facts **facts, struct stand *stand, struct arena *arena, struct sim_err *err)
{
    struct findings findings;
    struct story story;
    const struct specimen *specimen = &shrunk->specimen;
    if (!stand_open(stand, specimen, &findings, err)) return false;
    *facts = stand_run(stand, specimen, NULL, err);
    if (!*facts || !exploring->options->out) return *facts != NULL;
    uint64_t order_id[STORY_ORDERS];
    const uint32_t n = capsule_orders(*facts, &(*facts)->invariant[shrunk->invariant], order_id);
    story_init(&story, order_id, n, arena);
    *facts = stand_run(stand, specimen, &story, err);
    FILE *file = *facts ? output_create(&exploring->output, name, err) : NULL;
    if (!file) return false;
    bool ok = capsule_write(specimen, exploring->study.text, *facts, &(*facts)->invariant[shrunk->invariant], &story,
                            file, arena, err);
    return sim_file_close(file, output_path(&exploring->output, name), err) && ok;
}

/* What was found is made smaller for as long as the search may last. */
static bool has_patience(void *context)
{
    struct exploring *exploring = context;
    const double time_s = exploring->options->time_s;
    if (interrupt_asked()) exploring->explored.interrupted = true;
    return !exploring->explored.interrupted && !(time_s > 0 && wall_now_s() - exploring->keep_from_s >= time_s);
}

static bool keep_one(struct exploring *exploring, const struct broken_run *broken, struct stand *stand,
                     struct arena *arena, struct sim_err *err)
{
    struct shrunk shrunk;
    const struct patience patience = { has_patience, exploring };
    const struct run_facts *facts;
    show_activity(exploring->options, "making what was found smaller");
    if (!shrink(&broken->specimen, broken->invariant, &patience, &shrunk, arena, err)) return false;
    show_activity(exploring->options, NULL);
    struct search_violation *out = &exploring->violation[exploring->n_violations];
    *out = (struct search_violation){ .seed = shrunk.specimen.seed,
                                      .ties = shrunk.specimen.ties,
                                      .n_faults = shrunk.specimen.n_faults,
                                      .fault = shrunk.specimen.fault,
                                      .n_values = shrunk.specimen.n_values,
                                      .value = shrunk.specimen.value,
                                      .faults_before = broken->specimen.n_faults,
                                      .unfinished = shrunk.unfinished };
    struct invariants names;
    invariants_init(&names);
    const char *name = capsule_name(names.fact[broken->invariant].name, out->seed, arena);
    if (!write_capsule(exploring, &shrunk, name, &facts, stand, arena, err)) return false;
    const struct invariant_facts *fact = &facts->invariant[broken->invariant];
    out->invariant = fact->name;
    out->meaning = fact->meaning;
    out->orders = facts->orders.created;
    out->at_ns = fact->first_at_ns;
    out->order_id = fact->first_order_id;
    out->what = arena_strdup(arena, fact->first_what);
    if (exploring->options->out) out->capsule = arena_printf(arena, "%s/%s", exploring->options->out, name);
    exploring->n_violations++;
    return true;
}

static bool keep_found(struct exploring *exploring, struct arena *arena, struct sim_err *err)
{
    struct stand stand = { 0 };
    bool ok = true;
    exploring->keep_from_s = wall_now_s();
    for (uint32_t i = 0; ok && i < INVARIANT_COUNT; i++)
        if (exploring->explored.first[i].found)
            ok = keep_one(exploring, &exploring->explored.first[i], &stand, arena, err);
    stand_fini(&stand);
    return ok;
}

static struct search search_of(const struct exploring *exploring)
{
    const struct explored *explored = &exploring->explored;
    return (struct search){ .name = exploring->study.scenario.name,
                            .file = exploring->study.file,
                            .first_seed = exploring->explore.first_seed,
                            .runs = explored->runs,
                            .span = explored->span,
                            .broken = explored->broken,
                            .open = explored->open,
                            .interrupted = explored->interrupted,
                            .runs_per_s = exploring->took_s > 0 ? (double)explored->runs / exploring->took_s : 0,
                            .n_violations = exploring->n_violations,
                            .violation = exploring->violation,
                            .n_coverage = explored->coverage.n,
                            .coverage_name = explored->coverage.name,
                            .coverage_runs = explored->coverage.runs };
}

/* Files that a capsule's scenario names lie beside it, as they lie beside scenario.json of sim run. */
static bool write_rest(const struct exploring *exploring, struct sim_err *err)
{
    const struct output *output = &exploring->output;
    const struct study *study = &exploring->study;
    const struct search search = search_of(exploring);
    if (study->n_inputs > 0 && !output_make_folder(output, "inputs", err)) return false;
    for (uint32_t i = 0; i < study->n_inputs; i++)
        if (!output_copy(output, study->input[i].full_path, study->input[i].copy, err)) return false;
    FILE *file = output_create(output, "explore.json", err);
    if (!file) return false;
    search_json(&search, file);
    return sim_file_close(file, output_path(output, "explore.json"), err);
}

/* ---- the search ---- */

static bool search_and_keep(struct exploring *exploring, struct arena *arena, struct sim_err *err)
{
    const double start_s = wall_now_s();
    if (!explore_run(&exploring->explore, &exploring->explored, arena, err)) return false;
    exploring->took_s = wall_now_s() - start_s;
    if (!keep_found(exploring, arena, err)) return false;
    if (!exploring->options->out) return true;
    if (!write_rest(exploring, err)) return false;
    const char *const *before = output_names(&exploring->output, capsule_is_name, err);
    return before && output_commit(&exploring->output, before, err);
}

static void print(const struct exploring *exploring)
{
    const struct options *options = exploring->options;
    const struct search search = search_of(exploring);
    const struct text_style style = { options->language, use_colour(options), options->format == FORMAT_MARKDOWN,
                                      TEXT_COLUMNS };
    if (options->format == FORMAT_JSON) search_json(&search, stdout);
    else search_write(&search, &style, stdout);
}

int cmd_explore(const struct options *options, struct arena *arena, struct sim_err *err)
{
    struct exploring *exploring = arena_new(arena, struct exploring);
    struct interrupt interrupt;
    exploring->options = options;
    if (!read_scenario(exploring, arena, err)) return (int)err->code;
    prepare(exploring);
    if (options->out && !deliver_spares(options, &exploring->study, arena_printf(arena, "%s/explore.json", options->out),
                                        err))
        return (int)err->code;
    if (options->out && !output_open(&exploring->output, options->out, options->force, arena, err))
        return (int)err->code;
    interrupt_hold(&interrupt);
    const bool ok = search_and_keep(exploring, arena, err);
    if (options->out) output_abandon(&exploring->output);
    interrupt_release(&interrupt);
    if (!ok) return (int)err->code;
    print(exploring);
    if (exploring->explored.interrupted) return EXIT_INTERRUPTED;
    return exploring->explored.broken > 0 ? 4 : 0;
}
