/* SPDX-License-Identifier: GPL-3.0-or-later
 * sim import: one foreign file to a scenario or to observations. What had to be assumed goes to stderr. */
#include <string.h>

#include "sim/commands.h"
#include "sim/deliver.h"
#include "sim/draw_durations.h"
#include "sim/foreign/durations.h"
#include "sim/foreign/init.h"
#include "sim/foreign/k6.h"
#include "sim/foreign/offsets_csv.h"
#include "sim/foreign/orders.h"

/* shown: what --plots draws; NULL without. */
typedef cJSON *import_fn(struct source *source, const struct options *options, struct durations_shown *shown);

/* Options make a scenario with the usual pipeline around their load; a summary makes observations. */
static cJSON *import_k6(struct source *source, const struct options *options, struct durations_shown *shown)
{
    (void)shown;
    (void)options;
    if (k6_is_summary(source)) return k6_observations(source);
    const struct init_input input = { .name = "k6", .k6 = source, .arena = source->arena };
    return init_scenario(&input);
}

static cJSON *import_offsets(struct source *source, const struct options *options, struct durations_shown *shown)
{
    (void)shown;
    return offsets_read(source, options->start);
}

static cJSON *import_durations(struct source *source, const struct options *options, struct durations_shown *shown)
{
    const struct durations_options asked = { options->column.n, options->column.word, options->unit };
    return durations_read(source, &asked, shown);
}

static cJSON *import_orders(struct source *source, const struct options *options, struct durations_shown *shown)
{
    (void)shown;
    const struct orders_options asked = { options->column.n, options->column.word, options->time_zone, options->unit,
                                          options->partitions };
    return orders_read(source, &asked);
}

static const struct {
    const char *kind;
    import_fn *import;
} kinds[] = {
    { "k6", import_k6 }, { "offsets", import_offsets }, { "durations", import_durations }, { "orders", import_orders }
};

static import_fn *find(const char *kind, struct sim_err *err)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].kind, kind) == 0) return kinds[i].import;
    sim_fail(err, SIM_EUSAGE, NULL, "sim import knows no kind \"%.60s\"; sim import --help lists those it knows", kind);
    return NULL;
}

static bool may_draw(const struct options *options, const struct durations_shown *shown, struct sim_err *err)
{
    return shown->n > 0 ||
           sim_fail(err, SIM_EUSAGE, options->second,
                    "--plots: the file holds no single durations, of which alone there is a Q-Q picture");
}

/* The folder of pictures is opened first: when it may not be replaced, nothing is written at all. */
static bool deliver_with_plots(const struct options *options, cJSON *document, const struct durations_shown *shown,
                               struct arena *arena, struct sim_err *err)
{
    struct output output;
    if (!may_draw(options, shown, err) ||
        !output_open(&output, deliver_plots_folder(options->out, ".json", arena), options->force, arena, err))
        return cJSON_Delete(document), false;
    const bool ok = deliver(options, document, arena, err) && draw_durations(options, shown, &output, err);
    output_abandon(&output);
    return ok;
}

int cmd_import(const struct options *options, struct arena *arena, struct sim_err *err)
{
    struct findings findings = { 0 };
    struct durations_shown shown = { 0 };
    struct source source;
    import_fn *import = find(options->operand, err);
    if (!import) return (int)err->code;
    if (options->plots && import != import_durations)
        return sim_fail(err, SIM_EUSAGE, NULL, "--plots: only sim import durations draws pictures"), (int)err->code;
    const bool opened = source_open(&source, options->second, &findings, arena, err);
    if (err->code != SIM_OK) return (int)err->code;
    source.korean = options->language == LANG_KO;
    cJSON *document = opened ? import(&source, options, options->plots ? &shown : NULL) : NULL;
    if (!deliver_remarks(options, &source)) return cJSON_Delete(document), SIM_ESCENARIO;
    if (cJSON_GetObjectItemCaseSensitive(document, "load") && !cJSON_GetObjectItemCaseSensitive(document, "schema") &&
        !deliver_runs(options, document, arena, err))
        return cJSON_Delete(document), SIM_ESCENARIO;
    const bool ok = options->plots ? deliver_with_plots(options, document, &shown, arena, err)
                                   : deliver(options, document, arena, err);
    return ok ? 0 : (int)err->code;
}
