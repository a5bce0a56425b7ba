/* SPDX-License-Identifier: GPL-3.0-or-later
 * sim init: a scenario from what there is. It asks nothing; what it assumed, and the command to run next, go to stderr,
 * the scenario to stdout or --out. The scenario is read once more before it is handed out: what init writes runs. */
#include <string.h>
#include <unistd.h>

#include "sim/commands.h"
#include "sim/deliver.h"
#include "sim/foreign/durations.h"
#include "sim/foreign/init.h"
#include "sim/foreign/init_observations.h"
#include "sim/foreign/offsets_csv.h"
#include "sim/foreign/orders.h"
#include "sim/results/typed.h"
#include "sim/scenario/reader.h"
#include "sim/scenario/write.h"

static const char *join_texts(struct arena *arena, const char *a, const char *b)
{
    const size_t n = strlen(a), m = strlen(b);
    char *out = arena_alloc(arena, n + m + 2);
    memcpy(out, a, n);
    out[n] = '\n';
    memcpy(out + n + 1, b, m + 1);
    return out;
}

/* The files of the command line, read; what they hold beside text. */
struct inputs {
    struct source observations, k6, durations, offsets; /* offsets: or the orders table */
    cJSON *tables, *measured;
    struct init_input input;
    const char *compared;    /* the file of observations that the scenario names; NULL: none */
    const char *copied_text; /* to be written there; NULL: it is there already */
};

/* False with err, or with findings (printed). */
static bool open_source(struct source *source, const char *file, struct findings *findings, struct arena *arena,
                        struct sim_err *err)
{
    if (source_open(source, file, findings, arena, err)) return true;
    if (err->code == SIM_OK) findings_print(findings, file, stderr);
    return false;
}

/* Several files are one text below one another. */
static bool open_offsets(struct source *out, const struct options *options, struct findings *findings,
                         struct arena *arena, struct sim_err *err)
{
    const char *text = "";
    for (uint32_t i = 0; i < options->offsets.n; i++) {
        if (!open_source(out, options->offsets.word[i], findings, arena, err)) return false;
        text = i == 0 ? out->text : join_texts(arena, text, out->text);
    }
    out->text = text;
    out->length = strlen(text);
    return true;
}

static bool read_inputs(struct inputs *in, const struct options *options, struct findings *findings,
                        struct arena *arena, struct sim_err *err)
{
    if (options->observations_file) {
        if (!open_source(&in->observations, options->observations_file, findings, arena, err)) return false;
        in->input.observations = &in->observations;
    }
    if (options->k6_file) {
        if (!open_source(&in->k6, options->k6_file, findings, arena, err)) return false;
        in->input.k6 = &in->k6;
        in->k6.korean = options->language == LANG_KO;
    }
    if (options->offsets.n > 0) {
        if (!open_offsets(&in->offsets, options, findings, arena, err)) return false;
        in->tables = offsets_read(&in->offsets, options->start);
        if (!deliver_remarks(options, &in->offsets)) return false;
        in->offsets.n_remarks = 0;
        in->input.offsets = in->tables;
        in->input.offsets_source = &in->offsets;
    }
    if (options->orders_file) {
        const struct orders_options asked = { options->column.n, options->column.word, options->time_zone,
                                              options->unit, options->partitions };
        if (!open_source(&in->offsets, options->orders_file, findings, arena, err)) return false;
        in->tables = orders_read(&in->offsets, &asked);
        if (!deliver_remarks(options, &in->offsets)) return false;
        in->offsets.n_remarks = 0;
        in->input.offsets = in->tables;
        in->input.offsets_source = &in->offsets;
    }
    if (options->durations_file) {
        const struct durations_options asked = { options->column.n, options->column.word, options->unit };
        if (!open_source(&in->durations, options->durations_file, findings, arena, err)) return false;
        in->measured = durations_read(&in->durations, &asked, NULL);
        if (!deliver_remarks(options, &in->durations)) return false;
        in->input.durations = in->measured;
    }
    return true;
}

/* Observations below the scenario's folder are named as they are. Others, and those made of tables here, are written
 * beside the scenario. */
static void name_observations(struct inputs *in, const struct options *options, struct arena *arena)
{
    const char *given = options->observations_file, *path = given ? deliver_path(options, given, arena) : NULL;
    if (path) {
        in->compared = given;
        in->input.observations_path = path;
        return;
    }
    cJSON *made = in->tables ? init_observations(in->tables, &in->offsets) : NULL;
    const char *text = given ? in->observations.text : made ? write_document(made, arena) : NULL;
    cJSON_Delete(made);
    if (text && !options->out)
        note(options, "with --out FILE the observations are written beside the scenario, which then names them: "
                      "sim run shows predicted beside observed");
    if (!text || !options->out) return;
    const char *stem = file_stem(options->out, arena), *slash = strrchr(options->out, '/');
    in->input.observations_path = arena_printf(arena, "%s.observations.json", stem);
    in->compared = arena_printf(arena, "%.*s%s", slash ? (int)(slash + 1 - options->out) : 0, options->out,
                                in->input.observations_path);
    in->copied_text = text;
}

/* Both files, or neither. */
static bool deliver_both(const struct inputs *in, const struct options *options, cJSON *scenario, struct arena *arena,
                         struct sim_err *err)
{
    if (in->copied_text && (!deliver_is_free(options, options->out, err) ||
                            !deliver_beside(options, in->compared, in->copied_text, arena, err)))
        return cJSON_Delete(scenario), false;
    if (!deliver_runs(options, scenario, arena, err)) cJSON_Delete(scenario);
    else if (deliver(options, scenario, arena, err)) return true;
    if (in->copied_text) unlink(in->compared);
    return false;
}

static bool write_scenario(struct inputs *in, const struct options *options, struct findings *findings,
                           struct arena *arena, struct sim_err *err)
{
    name_observations(in, options, arena);
    cJSON *scenario = init_scenario(&in->input);
    struct source *remarks = in->input.observations ? &in->observations : in->input.k6 ? &in->k6 : &in->offsets;
    if (!scenario) return findings_print(findings, in->input.k6 ? in->k6.file : remarks->file, stderr), false;
    deliver_remarks(options, remarks);
    if (in->input.k6 && remarks != &in->k6) deliver_remarks(options, &in->k6);
    return deliver_both(in, options, scenario, arena, err);
}

/* Commands stand last in their lines, as one types them. */
static void say_next(const struct inputs *in, const struct options *options, struct arena *arena)
{
    const char *program = typed_word(options->program, arena);
    if (options->out) note(options, "next: %s run %s --replications 20", program, typed_word(options->out, arena));
    else note(options, "next: keep it with --out FILE, or pipe it into: %s run - --replications 20", program);
    const char *observations = in->compared ? in->compared : options->observations_file;
    if (observations && strcmp(observations, "-") != 0)
        note(options, "then, which of its figures contradict one another: %s audit %s", program,
             typed_word(observations, arena));
}

int cmd_init(const struct options *options, struct arena *arena, struct sim_err *err)
{
    struct findings findings = { 0 };
    struct inputs *in = arena_new(arena, struct inputs);
    in->input.name = options->out ? file_stem(options->out, arena) : "scenario";
    in->input.arena = arena;
    const bool ok =
        read_inputs(in, options, &findings, arena, err) && write_scenario(in, options, &findings, arena, err);
    cJSON_Delete(in->tables);
    cJSON_Delete(in->measured);
    if (!ok) return err->code != SIM_OK ? (int)err->code : SIM_ESCENARIO;
    say_next(in, options, arena);
    return 0;
}
