/* SPDX-License-Identifier: GPL-3.0-or-later
 * sim init: a scenario from what there is. It asks nothing; what it assumed, and the command to run next, go to stderr,
 * the scenario to stdout or --out. The scenario is read once more before it is handed out: what init writes runs. */
#include <string.h>

#include "sim/commands.h"
#include "sim/deliver.h"
#include "sim/foreign/durations.h"
#include "sim/foreign/init.h"
#include "sim/foreign/offsets_csv.h"
#include "sim/foreign/orders.h"
#include "sim/scenario/reader.h"

/* NULL, with a remark, where the observations lie elsewhere than below the scenario's folder. */
static const char *path_from_scenario(const struct options *options, struct arena *arena)
{
    const char *file = options->observations_file, *path = deliver_path(options, file, arena);
    if (path) return path;
    note(options,
         "%s is not below the scenario's folder, so the scenario does not name it; put a copy beside it and "
         "write \"observations\": \"FILE\" to see predicted beside observed",
         file);
    return NULL;
}

static void say_next(const struct options *options)
{
    const char *file = options->out ? options->out : "FILE";
    note(options, "next: sim run %s --replications 20", file);
    if (options->observations_file)
        note(options, "then: sim audit %s says which of its figures contradict one another",
             options->observations_file);
}

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
        in->input.observations_path = path_from_scenario(options, arena);
    }
    if (options->k6_file) {
        if (!open_source(&in->k6, options->k6_file, findings, arena, err)) return false;
        in->input.k6 = &in->k6;
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

static bool write_scenario(struct inputs *in, const struct options *options, struct findings *findings,
                           struct arena *arena, struct sim_err *err)
{
    cJSON *scenario = init_scenario(&in->input);
    struct source *remarks = in->input.observations ? &in->observations : in->input.k6 ? &in->k6 : &in->offsets;
    if (!scenario) return findings_print(findings, in->input.k6 ? in->k6.file : remarks->file, stderr), false;
    deliver_remarks(options, remarks);
    if (in->input.k6 && remarks != &in->k6) deliver_remarks(options, &in->k6);
    if (deliver_runs(options, scenario, arena, err)) return deliver(options, scenario, arena, err);
    cJSON_Delete(scenario);
    return false;
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
    say_next(options);
    return 0;
}
