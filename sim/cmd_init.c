/* SPDX-License-Identifier: GPL-3.0-or-later
 * sim init: a scenario from what there is. It asks nothing; what it assumed, and the command to run next, go to stderr,
 * the scenario to stdout or --out. The scenario is read once more before it is handed out: what init writes runs. */
#include <string.h>

#include "sim/commands.h"
#include "sim/deliver.h"
#include "sim/foreign/init.h"
#include "sim/scenario/reader.h"

/* A scenario names files below its own folder only. NULL, with a remark, where the observations lie elsewhere. */
static const char *path_from_scenario(const struct options *options, struct arena *arena)
{
    const char *file = options->observations_file, *folder = options->out ? file_folder(options->out, arena) : ".";
    const char *rest = strcmp(folder, ".") == 0 ? file
                       : strncmp(file, folder, strlen(folder)) == 0 && file[strlen(folder)] == '/'
                           ? file + strlen(folder) + 1
                           : NULL;
    while (rest && strncmp(rest, "./", 2) == 0) rest += 2;
    const bool below =
        rest && rest[0] != '/' && strcmp(rest, "-") != 0 && strncmp(rest, "../", 3) != 0 && !strstr(rest, "/../");
    if (below) return rest;
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
    if (options->observations_file) note(options, "then: sim calibrate %s %s", file, options->observations_file);
}

int cmd_init(const struct options *options, struct arena *arena, struct sim_err *err)
{
    struct findings findings = { 0 };
    struct source observations, k6;
    struct init_input input = { .name = options->out ? file_stem(options->out, arena) : "scenario", .arena = arena };
    if (options->observations_file) {
        if (!source_open(&observations, options->observations_file, &findings, arena, err) && err->code != SIM_OK)
            return (int)err->code;
        input.observations = &observations;
        input.observations_path = findings.n_all == 0 ? path_from_scenario(options, arena) : NULL;
    }
    if (options->k6_file && findings.n_all == 0) {
        if (!source_open(&k6, options->k6_file, &findings, arena, err) && err->code != SIM_OK) return (int)err->code;
        input.k6 = &k6;
    }
    cJSON *scenario = findings.n_all == 0 ? init_scenario(&input) : NULL;
    if (!scenario) {
        findings_print(&findings, input.k6 ? options->k6_file : options->observations_file, stderr);
        return SIM_ESCENARIO;
    }
    if (input.observations) deliver_remarks(options, input.observations);
    if (input.k6) deliver_remarks(options, input.k6);
    if (!deliver_runs(options, scenario, arena, err)) return cJSON_Delete(scenario), SIM_ESCENARIO;
    if (!deliver(options, scenario, arena, err)) return (int)err->code;
    say_next(options);
    return 0;
}
