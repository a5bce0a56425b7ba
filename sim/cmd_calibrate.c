/* SPDX-License-Identifier: GPL-3.0-or-later
 * sim calibrate: values of a scenario fitted to observations. The scenario is never changed: --out writes a new one.
 * That some observations contradict the model is a result, and ends with 0; that they decide none of the values asked
 * for ends with 5. */
#include <string.h>
#include <unistd.h>

#include "sim/commands.h"
#include "sim/deliver.h"
#include "sim/lab/calibrate.h"
#include "sim/lab/fitted_scenario.h"
#include "sim/lab/interrupt.h"
#include "sim/lab/workers.h"
#include "sim/scenario/reader.h"

enum { REPLICATIONS = 20, REPLICATIONS_LEAST = 5, TEXT_COLUMNS = 80 };

struct calibrating {
    const struct options *options;
    struct study_source source;
    struct observations observations;
    struct desk desk; /* with the scenario as it is */
    struct calibrate calibrate;
    struct findings findings;
};

/* ---- what it is given ---- */

static bool print_findings(struct calibrating *calibrating, const char *file)
{
    if (calibrating->findings.n_all > 0) findings_print(&calibrating->findings, file, stderr);
    return false;
}

/* A new scenario names files that lie beside it: those of the old one have to, too. */
static bool check_place(const struct calibrating *calibrating, struct arena *arena, struct sim_err *err)
{
    const struct options *options = calibrating->options;
    const struct study *study = &calibrating->desk.study;
    const uint32_t n_others = study->n_inputs - (study->observations_path != NULL);
    if (!options->out) return true;
    if (!deliver_spares(options, study, options->out, err)) return false;
    if (!options->force && access(options->out, F_OK) == 0)
        return sim_fail(err, SIM_EUSAGE, options->out, "is there already; --force replaces it");
    if (n_others == 0 || strcmp(file_folder(options->out, arena), calibrating->source.folder) == 0) return true;
    return sim_fail(err, SIM_EUSAGE, options->out,
                    "the scenario names files in its folder (%s), so the new one has to be written there, too",
                    calibrating->source.folder);
}

static void warn_of_another_system(const struct calibrating *calibrating)
{
    const struct scenario *scenario = &calibrating->desk.study.scenario;
    const struct observations *seen = &calibrating->observations;
    for (uint32_t i = 0; i < seen->n_groups; i++)
        for (uint32_t g = 0; g < scenario->n_groups; g++)
            if (seen->group[i].consumers > 0 && seen->group[i].consumers != scenario->group[g].consumers &&
                strcmp(seen->group[i].name, scenario->group[g].name) == 0)
                warn("the observed system ran %s with %u consumer(s), this scenario does with %u: what is fitted makes "
                     "up for that",
                     seen->group[i].name, seen->group[i].consumers, scenario->group[g].consumers);
}

/* What was counted was counted from the start, and a warm-up that comes out otherwise at each fitted value would make
 * figures jump. */
static bool open_base(struct calibrating *calibrating, struct sim_err *err)
{
    struct point *base = &calibrating->calibrate.base;
    struct desk *desk = &calibrating->desk;
    if (!desk_open(desk, base, &calibrating->findings, err)) return false;
    if (!desk->study.scenario.find_warm_up) return true;
    note(calibrating->options,
         "/run/warm_up is \"auto\": observations are taken to be of the whole run, and none is left out; give it a "
         "time if they are of what came after that");
    base->warm_up = WARM_UP_UNFOUND;
    desk_fini(desk);
    *desk = (struct desk){ 0 };
    return desk_open(desk, base, &calibrating->findings, err);
}

static bool read_all(struct calibrating *calibrating, struct arena *arena, struct sim_err *err)
{
    const struct options *options = calibrating->options;
    struct calibrate *calibrate = &calibrating->calibrate;
    if (strcmp(options->operand, "-") == 0 && strcmp(options->second, "-") == 0)
        return sim_fail(err, SIM_EUSAGE, NULL, "only one of SCENARIO and OBSERVATIONS can be -, standard input");
    if (options->replications > 0 && options->replications < REPLICATIONS_LEAST)
        return sim_fail(err, SIM_EUSAGE, NULL,
                        "--replications: %u runs at the fitted values do not tell the noise; give %d "
                        "or more",
                        options->replications, REPLICATIONS_LEAST);
    if (!study_source_load(&calibrating->source, options->operand, arena, err)) return false;
    if (!observations_read(&calibrating->observations, options->second, &calibrating->findings, arena, err))
        return print_findings(calibrating, options->second);
    observations_complete(&calibrating->observations, arena);
    calibrate->base = base_point(options, &calibrating->source, arena);
    calibrate->base.observations = &calibrating->observations;
    if (!open_base(calibrating, err) ||
        !free_values_make((struct free_value **)&calibrate->value, &calibrate->n_values, &calibrate->base,
                          options->fit.word, options->fit.n, &calibrating->findings, arena, err))
        return print_findings(calibrating, calibrating->source.file);
    warn_of_another_system(calibrating);
    return check_place(calibrating, arena, err);
}

static bool choose_targets(struct calibrating *calibrating, struct arena *arena, struct sim_err *err)
{
    struct calibrate *calibrate = &calibrating->calibrate;
    const struct options *options = calibrating->options;
    const struct layout *layout = calibrating->desk.layout;
    if (!targets_make(&calibrate->targets, layout, options->hold_out.word, options->hold_out.n, arena, err))
        return false;
    uint32_t *kept = arena_array(arena, uint32_t, PREDICTION_VALUES * calibrate->targets.n), n_deciding = 0;
    for (uint32_t i = 0; i < calibrate->targets.n; i++) {
        n_deciding += calibrate->targets.target[i].use == TARGET_DECIDES;
        for (uint32_t k = 0; k < PREDICTION_VALUES; k++)
            kept[PREDICTION_VALUES * i + k] = layout_watched(layout, calibrate->targets.prediction[i]) + k;
    }
    calibrate->kept = kept;
    if (n_deciding > 0) return true;
    return sim_fail(err, SIM_EUSAGE, options->second,
                    "holds no observation that this scenario predicts and that is not held out; counts of orders, "
                    "offsets of its groups, or a peak are needed");
}

/* ---- what it gives ---- */

static cJSON *new_scenario(struct calibrating *calibrating, const struct calibration *found,
                           const struct study_edit *set, struct arena *arena, struct sim_err *err)
{
    struct fitted_edit *edit = arena_array(arena, struct fitted_edit, found->n_values);
    uint32_t n = 0;
    for (uint32_t k = 0; k < found->n_values; k++) {
        const struct calibrated_value *value = &found->value[k];
        const bool decided = calibrated_is_decided(value),
                   moved = value->value < value->before || value->value > value->before;
        if (decided || moved) edit[n++] = (struct fitted_edit){ set[k], decided ? "fitted" : "assumed" };
    }
    cJSON *scenario = fitted_scenario(&calibrating->calibrate.base, edit, n,
                                      deliver_path(calibrating->options, calibrating->options->second, arena),
                                      &calibrating->findings, arena, err);
    if (!scenario) print_findings(calibrating, calibrating->source.file);
    return scenario;
}

static bool write_scenario(struct calibrating *calibrating, struct calibration *found, const struct study_edit *set,
                           struct arena *arena, struct sim_err *err)
{
    const struct options *options = calibrating->options;
    if (!options->out) return true;
    cJSON *scenario = new_scenario(calibrating, found, set, arena, err);
    if (!scenario) return false;
    if (!deliver_path(options, options->second, arena))
        note(options, "%s is not below the folder of %s, so the new scenario does not name it", options->second,
             options->out);
    found->written = options->out;
    if (deliver_runs(options, scenario, arena, err)) return deliver(options, scenario, arena, err);
    cJSON_Delete(scenario);
    return false;
}

static void print(const struct calibrating *calibrating, const struct calibration *found)
{
    const struct options *options = calibrating->options;
    const struct text_style style = { options->language, use_colour(options), options->format == FORMAT_MARKDOWN,
                                      TEXT_COLUMNS };
    if (options->format == FORMAT_JSON) calibration_json(found, stdout);
    else calibration_write(found, &style, stdout);
}

static int exit_of(const struct calibration *found)
{
    for (uint32_t k = 0; k < found->n_values; k++)
        if (calibrated_is_decided(&found->value[k])) return 0;
    return SIM_EIMPRECISE;
}

/* 0 with *found and *set. */
static int fit(struct calibrating *calibrating, struct calibration *found, struct study_edit **set, struct arena *arena,
               struct sim_err *err)
{
    const struct options *options = calibrating->options;
    struct calibrate *calibrate = &calibrating->calibrate;
    struct interrupt interrupt;
    if (!read_all(calibrating, arena, err) || !choose_targets(calibrating, arena, err))
        return err->code != SIM_OK ? (int)err->code : SIM_ESCENARIO;
    calibrate->seed = calibrating->desk.study.scenario.seed;
    calibrate->replications = options->replications ? options->replications : REPLICATIONS;
    calibrate->confidence = options->confidence;
    calibrate->crew = (struct crew){ options->jobs ? options->jobs : workers_cores(),
                                     !options->quiet && isatty(STDERR_FILENO) ? stderr : NULL };
    interrupt_hold(&interrupt);
    const bool ok = calibrate_run(calibrate, found, set, arena, err);
    interrupt_release(&interrupt);
    if (!ok && err->code == SIM_OK) warn("interrupted before the fit was done; nothing is written");
    if (!ok) return err->code == SIM_OK ? EXIT_INTERRUPTED : (int)err->code;
    found->name = arena_strdup(arena, calibrating->desk.study.scenario.name);
    found->observations = options->second;
    return 0;
}

int fit_scenario(const struct options *options, struct calibration *found, struct arena *arena, struct sim_err *err)
{
    struct calibrating *calibrating = arena_new(arena, struct calibrating);
    struct study_edit *set;
    calibrating->options = options;
    const int code = fit(calibrating, found, &set, arena, err);
    desk_fini(&calibrating->desk);
    return code;
}

int cmd_calibrate(const struct options *options, struct arena *arena, struct sim_err *err)
{
    struct calibrating *calibrating = arena_new(arena, struct calibrating);
    struct calibration found;
    struct study_edit *set;
    calibrating->options = options;
    int code = fit(calibrating, &found, &set, arena, err);
    if (code == 0 && !write_scenario(calibrating, &found, set, arena, err))
        code = err->code != SIM_OK ? (int)err->code : SIM_ESCENARIO;
    desk_fini(&calibrating->desk);
    if (code != 0) return code;
    print(calibrating, &found);
    if (!options->out) note(options, "nothing is written without --out FILE");
    return exit_of(&found);
}
