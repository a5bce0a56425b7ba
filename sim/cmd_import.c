/* SPDX-License-Identifier: GPL-3.0-or-later
 * sim import: one foreign file to a scenario or to observations. What had to be assumed goes to stderr. */
#include <string.h>

#include "sim/commands.h"
#include "sim/deliver.h"
#include "sim/foreign/durations.h"
#include "sim/foreign/init.h"
#include "sim/foreign/k6.h"
#include "sim/foreign/offsets_csv.h"
#include "sim/foreign/orders.h"

typedef cJSON *import_fn(struct source *source, const struct options *options);

/* Options make a scenario with the usual pipeline around their load; a summary makes observations. */
static cJSON *import_k6(struct source *source, const struct options *options)
{
    (void)options;
    if (k6_is_summary(source)) return k6_observations(source);
    const struct init_input input = { .name = "k6", .k6 = source, .arena = source->arena };
    return init_scenario(&input);
}

static cJSON *import_offsets(struct source *source, const struct options *options)
{
    return offsets_read(source, options->start);
}

static cJSON *import_durations(struct source *source, const struct options *options)
{
    const struct durations_options asked = { options->column.n, options->column.word, options->unit };
    return durations_read(source, &asked);
}

static cJSON *import_orders(struct source *source, const struct options *options)
{
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

int cmd_import(const struct options *options, struct arena *arena, struct sim_err *err)
{
    struct findings findings = { 0 };
    struct source source;
    import_fn *import = find(options->operand, err);
    if (!import) return (int)err->code;
    const bool opened = source_open(&source, options->second, &findings, arena, err);
    if (err->code != SIM_OK) return (int)err->code;
    cJSON *document = opened ? import(&source, options) : NULL;
    if (!deliver_remarks(options, &source)) return cJSON_Delete(document), SIM_ESCENARIO;
    if (cJSON_GetObjectItemCaseSensitive(document, "load") && !cJSON_GetObjectItemCaseSensitive(document, "schema") &&
        !deliver_runs(options, document, arena, err))
        return cJSON_Delete(document), SIM_ESCENARIO;
    return deliver(options, document, arena, err) ? 0 : (int)err->code;
}
