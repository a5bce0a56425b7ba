/* SPDX-License-Identifier: GPL-3.0-or-later
 * summary.json (contract): figures by the leaves of the layout, nested by their path parts. Numbers go in as text of
 * our own, because cJSON prints 15 digits where 15 come close, and a file must read back to the same doubles.
 * "ci95" is the same tree with the half-widths, always at 95 %, whatever --confidence the text uses. */
#include "sim/results/result.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim/results/api_limit.h"
#include "sim/results/chain_report.h"
#include "sim/results/layout.h"
#include "sim/results/more_consumers.h"
#include "sim/results/outbox_limit.h"
#include "sim/results/number.h"
#include "sim/results/put.h"
#include "sim/version.h"

static void put_text(cJSON *object, const char *key, const char *text)
{
    if (text)
        cJSON_AddStringToObject(object, key, text);
    else
        cJSON_AddNullToObject(object, key);
}

/* ---- trees of figures ---- */

/* The containers from the root down to the leaf written last. */
struct nest {
    cJSON *at[PATH_DEPTH + 1];
    struct path_part part[PATH_DEPTH];
    uint32_t depth;
};

static bool same_part(struct path_part a, struct path_part b)
{
    return a.key && b.key ? strcmp(a.key, b.key) == 0 : a.key == b.key && a.index == b.index;
}

static cJSON *container(cJSON *parent, struct path_part part, bool of_elements)
{
    cJSON *child = part.key ? cJSON_GetObjectItemCaseSensitive(parent, part.key) : NULL;

    if (child)
        return child;
    child = of_elements ? cJSON_CreateArray() : cJSON_CreateObject();
    if (part.key)
        cJSON_AddItemToObject(parent, part.key, child);
    else
        cJSON_AddItemToArray(parent, child);
    return child;
}

/* The object that a leaf stands in; opens what is missing on the way. Leaves come depth first, so what is left behind
 * is never needed again. */
static cJSON *parent_of(struct nest *nest, const struct leaf *leaf)
{
    uint32_t shared = 0;

    while (shared < nest->depth && shared < leaf->n_parts - 1 && same_part(nest->part[shared], leaf->part[shared]))
        shared++;
    for (nest->depth = shared; nest->depth < leaf->n_parts - 1; nest->depth++) {
        const struct path_part part = leaf->part[nest->depth];
        const bool of_elements = leaf->part[nest->depth + 1].key == NULL;
        nest->part[nest->depth] = part;
        nest->at[nest->depth + 1] = container(nest->at[nest->depth], part, of_elements);
    }
    return nest->at[nest->depth];
}

static void put_means(cJSON *root, const struct outcome *outcome)
{
    const struct layout *layout = outcome->layout;
    struct nest nest = { .at = { root } };

    for (uint32_t i = 0; i < layout->n_leaves; i++) {
        const struct leaf *leaf = &layout->leaf[i];
        cJSON *parent = parent_of(&nest, leaf);
        const char *key = leaf->part[leaf->n_parts - 1].key;
        if (leaf->figure != NONE)
            put_number(parent, key, outcome->mean[leaf->figure].mean);
        else if (leaf->text)
            put_text(parent, key, leaf->text);
        else
            put_number(parent, key, leaf->number);
    }
}

static void put_half_widths(cJSON *root, const struct outcome *outcome)
{
    const struct layout *layout = outcome->layout;
    struct nest nest = { .at = { cJSON_AddObjectToObject(root, "ci95") } };

    for (uint32_t i = 0; i < layout->n_leaves; i++) {
        const struct leaf *leaf = &layout->leaf[i];
        if (leaf->figure != NONE)
            put_number(parent_of(&nest, leaf), leaf->part[leaf->n_parts - 1].key,
                       infer_mean(outcome->value[leaf->figure], outcome->n, 0.95).half_width);
    }
}

/* How many replications a mean leaves out because the figure does not exist there: all of them, where it is null. */
static void put_nulls(cJSON *root, const struct outcome *outcome)
{
    cJSON *nulls = cJSON_AddObjectToObject(root, "nulls");

    for (uint32_t i = 0; i < outcome->layout->n_figures; i++)
        if (outcome->mean[i].n < outcome->n)
            put_number(nulls, outcome->layout->figure[i].path, (double)(outcome->n - outcome->mean[i].n));
}

/* ---- what is not a figure ---- */

static void put_head(cJSON *root, const struct outcome *outcome)
{
    const struct study *study = outcome->study;
    char fingerprint[17];

    put_text(root, "schema", "sim-summary/1");
    put_text(root, "version", SIM_VERSION);
    cJSON *scenario = cJSON_AddObjectToObject(root, "scenario");
    put_text(scenario, "name", study->scenario.name);
    put_text(scenario, "sha256", study->sha256);
    cJSON *assumed = cJSON_AddArrayToObject(scenario, "assumed");
    for (uint32_t i = 0; i < study->n_basis; i++)
        if (study->basis[i].basis == BASIS_ASSUMED)
            cJSON_AddItemToArray(assumed, cJSON_CreateString(study->basis[i].pointer));
    put_seed(root, outcome->seed);
    put_number(root, "replications", outcome->n);
    snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64, outcome->fingerprint);
    put_text(root, "fingerprint", fingerprint);
}

static void put_measurements(cJSON *root, const struct outcome *outcome)
{
    cJSON *sim = cJSON_GetObjectItemCaseSensitive(root, "sim");

    put_number(sim, "wall_s", outcome->wall_s);
    put_number(sim, "events_per_s",
               outcome->wall_s > 0 ? (double)outcome->events / outcome->wall_s : (double)NAN);
    put_number(sim, "peak_rss_bytes", outcome->peak_rss_bytes);
}

static void put_first(cJSON *item, const struct scenario *scenario, const struct outcome_invariant *invariant)
{
    if (!invariant->first) {
        cJSON_AddNullToObject(item, "first");
        return;
    }
    cJSON *first = cJSON_AddObjectToObject(item, "first");
    const uint64_t order_id = invariant->first->first_order_id;
    put_number(first, "replication", invariant->first_replication);
    put_number(first, "t_s", ns_to_s(invariant->first->first_at_ns));
    put_number(first, "order_id", order_id ? (double)order_id : (double)NAN);
    put_text(first, "what", invariant->first->first_what);
    cJSON_AddItemToObject(first, "cause", chain_json(scenario, invariant->chain));
}

/* Of a run that was cut, what is eventual is neither. */
static void put_passed(cJSON *item, enum verdict verdict)
{
    if (verdict == VERDICT_OPEN)
        cJSON_AddNullToObject(item, "passed");
    else
        cJSON_AddBoolToObject(item, "passed", verdict == VERDICT_HOLDS);
}

static void put_verdict(cJSON *verdicts, const char *key, const char *judged, const struct outcome_verdict *verdict)
{
    cJSON *item = cJSON_AddObjectToObject(verdicts, key);

    put_text(item, "judged", judged);
    put_passed(item, verdict->verdict);
    put_number(item, "invariants", verdict->invariants);
    put_number(item, "broken", verdict->broken);
    put_number(item, "open", verdict->open);
    put_number(item, "runs_broken", verdict->runs_broken);
    put_number(item, "runs_judged", verdict->runs_judged);
    put_number(item, "upper_limit_95", verdict->upper_limit_95);
}

/* upper_limit_95: as in sim explore, the share of runs that may still break any of them. */
static void put_verdicts(cJSON *root, const struct outcome *outcome)
{
    cJSON *verdicts = cJSON_AddObjectToObject(root, "verdicts");

    put_verdict(verdicts, "safety", "at every commit", &outcome->safety);
    put_verdict(verdicts, "liveness", "at quiescence, after the faults have ended", &outcome->liveness);
    put_number(root, "upper_limit_95", outcome->all.upper_limit_95);
}

static void put_invariants(cJSON *root, const struct outcome *outcome)
{
    cJSON *list = cJSON_AddArrayToObject(root, "invariants");

    for (uint32_t i = 0; i < outcome->n_invariants; i++) {
        const struct outcome_invariant *invariant = &outcome->invariant[i];
        cJSON *item = cJSON_CreateObject();
        cJSON_AddItemToArray(list, item);
        put_text(item, "name", invariant->name);
        put_text(item, "meaning", invariant->meaning);
        put_text(item, "kind", invariant->eventual ? "liveness" : "safety");
        put_passed(item, invariant->verdict);
        put_number(item, "violations", (double)invariant->violations);
        put_first(item, &outcome->study->scenario, invariant);
    }
}

static void put_thresholds(cJSON *root, const struct outcome *outcome)
{
    cJSON *list = cJSON_AddArrayToObject(root, "thresholds");

    for (uint32_t i = 0; i < outcome->n_thresholds; i++) {
        const struct outcome_threshold *threshold = &outcome->threshold[i];
        cJSON *item = cJSON_CreateObject();
        cJSON_AddItemToArray(list, item);
        put_text(item, "metric", threshold->spec->metric);
        put_text(item, "expression", threshold->spec->expression);
        put_number(item, "value", threshold->value);
        put_number(item, "nulls", threshold->nulls);
        cJSON_AddBoolToObject(item, "passed", threshold->passed);
        put_number(item, "passed_share", threshold->passed_share);
    }
}

static void put_more_consumers(cJSON *bottleneck, const struct outcome *outcome)
{
    char text[2048];

    if (outcome->n_demands == 0)
        return;
    const struct more_consumers more = more_consumers(outcome, 0);
    cJSON *item = cJSON_AddObjectToObject(bottleneck, "more_consumers");
    put_text(item, "limit", more_consumers_word(more.limit));
    put_text(item, "text", more_consumers_text(outcome, LANG_EN, text, sizeof text));
}

/* What comes before all groups. */
static void put_api(cJSON *bottleneck, const struct outcome *outcome)
{
    const struct api_limit limit = api_limit_of(outcome);
    char text[1024];

    if (limit.kind == API_LIMIT_NONE) return;
    cJSON *item = cJSON_AddObjectToObject(bottleneck, "api");
    put_text(item, "process", limit.process);
    put_text(item, "limit", limit.kind == API_LIMIT_POOL ? "pool" : "threads");
    put_number(item, "most_per_s", limit.most_per_s);
    put_number(item, "asked_per_s", limit.asked_per_s);
    put_text(item, "text", api_limit_text(outcome, LANG_EN, text, sizeof text));
}

static void put_outbox(cJSON *bottleneck, const struct outcome *outcome)
{
    const struct outbox_limit limit = outbox_limit_of(outcome);
    char text[1024];

    if (!limit.process) return;
    cJSON *item = cJSON_AddObjectToObject(bottleneck, "outbox");
    put_text(item, "process", limit.process);
    put_number(item, "most_per_s", limit.most_per_s);
    put_number(item, "asked_per_s", limit.asked_per_s);
    put_text(item, "text", outbox_limit_text(outcome, LANG_EN, text, sizeof text));
}

/* All groups, the bottleneck first. */
static void put_demands(cJSON *bottleneck, const struct outcome *outcome)
{
    cJSON *list = cJSON_AddArrayToObject(bottleneck, "groups");

    for (uint32_t i = 0; i < outcome->n_demands; i++) {
        const struct group_demand *demand = &outcome->demand[i];
        cJSON *item = cJSON_CreateObject();
        cJSON_AddItemToArray(list, item);
        put_text(item, "group", demand->name);
        put_number(item, "offered_per_s", demand->offered_per_s);
        put_number(item, "capacity_per_s", demand->capacity_per_s);
        put_number(item, "saturation", demand->pressure);
        put_number(item, "utilisation", demand->utilisation);
    }
}

static void put_bottleneck(cJSON *root, const struct outcome *outcome)
{
    cJSON *bottleneck = cJSON_AddObjectToObject(root, "bottleneck");

    put_text(bottleneck, "group", outcome->bottleneck_group);
    put_text(bottleneck, "reason", outcome->bottleneck_reason);
    put_api(bottleneck, outcome);
    put_outbox(bottleneck, outcome);
    put_more_consumers(bottleneck, outcome);
    put_demands(bottleneck, outcome);
}

static void put_observations(cJSON *root, const struct outcome *outcome)
{
    static const char *const verdict[] = { [EXPLAINED_YES] = "explained", [EXPLAINED_NO] = "not explained",
                                           [EXPLAINED_UNKNOWN] = "undetermined" };
    cJSON *list = cJSON_AddArrayToObject(root, "observations");

    for (uint32_t i = 0; i < outcome->layout->n_predictions; i++) {
        const struct comparison comparison = comparison_make(outcome, i);
        char name[1024];
        if (isnan(comparison.prediction->observed))
            continue;
        cJSON *item = cJSON_CreateObject();
        cJSON_AddItemToArray(list, item);
        put_text(item, "name", prediction_name(outcome->study->observations, comparison.prediction, name, sizeof name));
        put_number(item, "observed", comparison.prediction->observed);
        put_number(item, "predicted", comparison.predicted);
        put_number(item, "lo", comparison.lo);
        put_number(item, "hi", comparison.hi);
        put_number(item, "residual", comparison.residual);
        put_text(item, "verdict", verdict[comparison.explained]);
    }
}

bool summary_write(const struct outcome *outcome, FILE *out)
{
    /* There even when the scenario has nothing to put into them. */
    static const char *const always[] = { "sim", "orders", "checkpoints", "completion_s", "groups", "locks", "tables" };
    cJSON *root = cJSON_CreateObject();

    put_head(root, outcome);
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        cJSON_AddObjectToObject(root, always[i]);
    put_means(root, outcome);
    put_measurements(root, outcome);
    put_invariants(root, outcome);
    put_verdicts(root, outcome);
    put_thresholds(root, outcome);
    put_bottleneck(root, outcome);
    if (outcome->study->observations)
        put_observations(root, outcome);
    if (outcome->n >= 2) {
        put_half_widths(root, outcome);
        put_nulls(root, outcome);
    }
    if (outcome->interrupted)
        cJSON_AddTrueToObject(root, "interrupted");
    char *text = cJSON_Print(root);
    const bool written = text && fputs(text, out) >= 0 && fputc('\n', out) != EOF;
    cJSON_free(text);
    cJSON_Delete(root);
    return written;
}
