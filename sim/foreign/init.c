/* SPDX-License-Identifier: GPL-3.0-or-later
 * Order of work: the load; the pipeline with the names and counts that were seen; the service time of the group that
 * holds orders back, from its throughput; what is left is assumed, so that no other group is in the way. Nothing is
 * asked and nothing is fixed in advance: the same code runs on any observations. */
#include "sim/foreign/init.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/engine/ns.h"
#include "sim/foreign/init_pipeline.h"
#include "sim/foreign/k6.h"
#include "sim/foreign/seen.h"
#include "sim/scenario/cursor.h"
#include "sim/scenario/observe.h"

struct init {
    const struct init_input *input;
    struct source *remarks; /* where remarks go */
    struct arena *arena;
    cJSON *observations, *load, *scenario;
    struct seen seen;
    struct load_curve *curve; /* NULL: the load is not known as a curve */
};

static const cJSON *at(const cJSON *object, const char *key) { return cJSON_GetObjectItemCaseSensitive(object, key); }

static const char *time_text(struct arena *arena, double s)
{
    sim_ns ns;
    char *out = arena_alloc(arena, 48);
    return ns_from_s(s, &ns) ? ns_format(ns, out, 48) : "0s";
}

/* Four digits are more than any of these counts can tell. */
static const char *rounded_time(struct arena *arena, double s)
{
    char text[32];
    snprintf(text, sizeof text, "%.4g", s * 1e3);
    double ms = 0;
    sscanf(text, "%lf", &ms);
    return time_text(arena, ms / 1e3);
}

/* ---- load ---- */

/* The load of observations, in k6's words. */
static cJSON *load_of_observations(struct init *init)
{
    const cJSON *load = at(init->observations, "load"), *stages = at(load, "stages"), *stage;
    const double rate = seen_number(load, "rate_per_s", 0), length_s = seen_number(load, "duration_s", 0);
    const double created = seen_number(load, "orders_created", 0);
    const bool constant = length_s > 0 && (rate > 0 || created > 0);
    if (!cJSON_IsArray(stages) && !constant) return NULL;
    cJSON *out = cJSON_CreateObject(),
          *one = cJSON_AddObjectToObject(cJSON_AddObjectToObject(out, "scenarios"), "orders");
    cJSON_AddStringToObject(one, "executor", cJSON_IsArray(stages) ? "ramping-arrival-rate" : "constant-arrival-rate");
    if (!cJSON_IsArray(stages)) {
        cJSON_AddNumberToObject(one, "rate", rate > 0 ? rate : created / length_s);
        cJSON_AddStringToObject(one, "timeUnit", "1s");
        cJSON_AddStringToObject(one, "duration", time_text(init->arena, length_s));
        if (rate <= 0) source_remark(init->remarks, "assumed: the orders came evenly, over %g s", length_s);
        return out;
    }
    cJSON_AddNumberToObject(one, "startRate", seen_number(load, "start_rate_per_s", 0));
    cJSON_AddStringToObject(one, "timeUnit", "1s");
    cJSON *list = cJSON_AddArrayToObject(one, "stages");
    cJSON_ArrayForEach(stage, stages)
    {
        cJSON *piece = cJSON_CreateObject();
        cJSON_AddNumberToObject(piece, "target", seen_number(stage, "target_per_s", 0));
        cJSON_AddStringToObject(piece, "duration", time_text(init->arena, seen_number(stage, "duration_s", 0)));
        cJSON_AddItemToArray(list, piece);
    }
    return out;
}

/* Without a limit on virtual users every start happens; with one, k6's are dropped when answers are slow. */
static bool make_load(struct init *init)
{
    const struct init_input *input = init->input;
    init->load = input->k6 ? k6_load(input->k6) : load_of_observations(init);
    if (!init->load && input->k6) return false;
    if (input->k6 && at(init->observations, "load"))
        source_remark(init->remarks,
                      "orders arrive as the k6 script says (--k6); when the %s have them arrive is not used",
                      input->offsets ? "tables" : "observations");
    if (!init->load && input->offsets) {
        const cJSON *tables = at(init->observations, "snapshots");
        source_remark(init->remarks, "no load: the scenario plays how long what waits in the table%s takes to go",
                      tables ? arena_printf(init->arena, " at %g s, where the run begins,",
                                            seen_number(tables->child, "t_s", 0))
                             : "");
        return true;
    }
    if (!init->load)
        return source_finding(init->remarks, 0, "/load",
                              "nothing says when orders arrive: load has neither stages nor duration_s with a count "
                              "or a rate (of offsets: two tables have one); give the k6 script as well (--k6)");
    cJSON *one;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(init->load, "scenarios"))
        cJSON_AddStringToObject(one, "basis", "measured");
    init->curve = arena_new(init->arena, struct load_curve);
    if (!load_curve_make(init->curve, init->load)) init->curve = NULL;
    else if (init->seen.created > 0 && !input->k6) load_curve_scale(init->curve, init->seen.created);
    return true;
}

/* ---- orders ---- */

static void fill_orders(struct init *init)
{
    cJSON *orders = cJSON_GetObjectItemCaseSensitive(init->scenario, "orders");
    const cJSON *seen = at(init->observations, "orders"), *first = at(seen, "first_id");
    cJSON *basis = cJSON_CreateObject(), *child;
    if (cJSON_IsNumber(first))
        cJSON_ReplaceItemInObjectCaseSensitive(orders, "first_id", cJSON_CreateNumber(first->valuedouble));
    if (init->seen.created > 0) cJSON_AddNumberToObject(orders, "at_most", init->seen.created);
    cJSON_ArrayForEach(child, orders)
    {
        if (strcmp(child->string, "basis") == 0) continue;
        const bool measured =
            strcmp(child->string, "at_most") == 0 || (strcmp(child->string, "first_id") == 0 && cJSON_IsNumber(first));
        cJSON_AddStringToObject(basis, child->string, measured ? "measured" : "assumed");
    }
    cJSON_ReplaceItemInObjectCaseSensitive(orders, "basis", basis);
}

/* ---- checkpoints, thresholds ---- */

static void add_checkpoint(cJSON *checkpoints, const char *name, const char *when)
{
    if (!cJSON_GetObjectItemCaseSensitive(checkpoints, name)) cJSON_AddStringToObject(checkpoints, name, when);
}

static void fill_checkpoints(struct init *init)
{
    cJSON *checkpoints = cJSON_AddObjectToObject(init->scenario, "checkpoints");
    const double wait_s = seen_number(at(init->observations, "claims"), "wait_after_load_s", 30);
    const cJSON *status;
    int n = 0;
    if (!init->load) {
        add_checkpoint(checkpoints, "after_1m", "1m");
        add_checkpoint(checkpoints, "after_5m", "5m");
        return;
    }
    add_checkpoint(checkpoints, "load_end", "load_end");
    add_checkpoint(checkpoints, arena_printf(init->arena, "load_end_%gs", wait_s),
                   arena_printf(init->arena, "load_end+%s", time_text(init->arena, wait_s)));
    cJSON_ArrayForEach(status, at(init->observations, "statuses"))
    {
        const cJSON *between = at(status, "between_s");
        double t_s = seen_number(status, "t_s", (double)NAN);
        if (cJSON_GetArraySize(between) == 2)
            t_s = (between->child->valuedouble + between->child->next->valuedouble) / 2;
        if (isfinite(t_s) && t_s >= 0 && ++n <= 16)
            add_checkpoint(checkpoints, arena_printf(init->arena, "status_%d", n), time_text(init->arena, t_s));
    }
    if (init->seen.offsets_t_s >= 0)
        add_checkpoint(checkpoints, "offsets", time_text(init->arena, init->seen.offsets_t_s));
}

static void add_threshold(cJSON *thresholds, const char *metric, const char *expression)
{
    cJSON *list = cJSON_AddArrayToObject(thresholds, metric);
    cJSON_AddItemToArray(list, cJSON_CreateString(expression));
}

static void fill_thresholds(struct init *init)
{
    const cJSON *claims = at(init->observations, "claims"), *targets = at(claims, "targets");
    const char *when = arena_printf(init->arena, "load_end_%gs", seen_number(claims, "wait_after_load_s", 30));
    cJSON *thresholds = cJSON_AddObjectToObject(init->scenario, "thresholds");
    const double paid = seen_number(targets, "paid_ratio", -1), pending = seen_number(targets, "pending_ratio", -1);
    const double failed = seen_number(targets, "failed_ratio", -1);
    if (paid >= 0)
        add_threshold(thresholds, arena_printf(init->arena, "checkpoints.%s.paid_ratio", when),
                      arena_printf(init->arena, "value>=%g", paid));
    if (pending >= 0)
        add_threshold(thresholds, arena_printf(init->arena, "checkpoints.%s.pending_ratio", when),
                      arena_printf(init->arena, "value<%g", pending));
    if (failed >= 0) add_threshold(thresholds, "orders.failed_ratio", arena_printf(init->arena, "value<%g", failed));
    add_threshold(thresholds, "orders.oversold", "value==0");
    const uint32_t behind = seen_behind(&init->seen);
    const double most = seen_number(targets, "max_lag", -1);
    if (most >= 0 && behind < init->seen.n_groups && !strchr(init->seen.group[behind].name, '.'))
        add_threshold(thresholds,
                      arena_printf(init->arena, "groups.%s.sampled_peak_lag", init->seen.group[behind].name),
                      arena_printf(init->arena, "value<%g", most));
}

/* ---- service times ---- */

static void set_mean(struct init *init, const char *stage, double mean_s, const char *basis)
{
    cJSON *time = cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(init->scenario, "stages"), stage), "time");
    if (!time) return;
    cJSON *tags = cJSON_CreateObject();
    cJSON_AddStringToObject(tags, "mean", basis);
    cJSON_AddStringToObject(tags, "cv", "assumed");
    cJSON_ReplaceItemInObjectCaseSensitive(time, "mean", cJSON_CreateString(rounded_time(init->arena, mean_s)));
    cJSON_ReplaceItemInObjectCaseSensitive(time, "basis", tags);
}

static void add_range(struct init *init, const char *stage, double low_s, double high_s)
{
    cJSON *calibrate = cJSON_GetObjectItemCaseSensitive(init->scenario, "calibrate");
    if (!calibrate) calibrate = cJSON_AddObjectToObject(init->scenario, "calibrate");
    cJSON *range = cJSON_AddArrayToObject(calibrate, arena_printf(init->arena, "/stages/%s/time/mean", stage));
    cJSON_AddItemToArray(range, cJSON_CreateString(rounded_time(init->arena, low_s)));
    cJSON_AddItemToArray(range, cJSON_CreateString(rounded_time(init->arena, high_s)));
}

/* The others keep up by assumption: a quarter busy when most orders come, and no slower than 5 ms. */
static void assume_means(struct init *init)
{
    const double peak = init->curve ? init->curve->peak_per_s : 100;
    for (uint32_t i = 0; i < pipeline_roles(); i++) {
        const struct role *role = pipeline_role(i);
        const double mean_s = fmin(0.005, 0.25 / (peak * role->records_per_order));
        set_mean(init, role->stage, mean_s, "assumed");
    }
}

static void fit_bottleneck(struct init *init, struct pipeline *pipeline)
{
    const uint32_t group = seen_behind(&init->seen);
    double rate, error;
    if (group < init->seen.n_groups && init->seen.group[group].service_s > 0) return; /* measured */
    uint32_t n_counts = 0;
    const char *stage = pipeline_stage_of(pipeline, group < init->seen.n_groups ? init->seen.group[group].name : NULL);
    const char *name = group < init->seen.n_groups ? init->seen.group[group].name : "stock-service-group";
    if (!init->curve || !stage ||
        !seen_rate(&init->seen, group, init->observations, init->curve, &rate, &error, &n_counts)) {
        source_remark(init->remarks,
                      "assumed: all service times; no count says how fast a group that was behind worked");
        return;
    }
    const uint32_t all = pipeline_consumers(pipeline, name);
    const uint32_t consumers =
        group < init->seen.n_groups ? seen_working(&init->seen.group[group], init->observations, all) : all;
    const double mean_s = consumers / rate, sigma_s = mean_s * error / rate;
    set_mean(init, stage, mean_s, "fitted");
    add_range(init, stage, mean_s / 4, mean_s * 4);
    source_remark(init->remarks,
                  "fitted: %s works %.2f records/s while it is behind, from %u count%s: with %u consumer%s %.2f ms a "
                  "record (standard error %.2f ms), as /stages/%s/time/mean",
                  name, rate, n_counts, n_counts == 1 ? "" : "s", consumers, consumers == 1 ? "" : "s", mean_s * 1e3,
                  sigma_s * 1e3, stage);
    if (consumers < all)
        source_remark(init->remarks,
                      "of the %u consumers of %s no more than %u had work while it was behind: what waited was in as "
                      "many partitions",
                      all, name, consumers);
}

/* Two dumps under lag have measured some groups' times. */
static void take_measured_services(struct init *init, struct pipeline *pipeline)
{
    for (uint32_t i = 0; i < init->seen.n_groups; i++) {
        const struct seen_group *group = &init->seen.group[i];
        const char *stage = pipeline_stage_of(pipeline, group->name);
        if (!(group->service_s > 0) || !stage) continue;
        const bool counted = group->consumers > 0; /* else one is assumed, and of more each takes longer */
        set_mean(init, stage, group->service_s, counted ? "measured" : "fitted");
        source_remark(init->remarks, "%s: %s takes %.2f ms a record (standard error %.2f ms), between two dumps%s",
                      counted ? "measured" : "fitted", group->name, group->service_s * 1e3,
                      group->service_sigma_s * 1e3,
                      counted ? "" : "; nothing says how many consumers it has: of n each takes n times as long");
    }
}

static cJSON *find_stage(struct init *init, struct pipeline *pipeline, const char *word, const char **name)
{
    cJSON *stages = cJSON_GetObjectItemCaseSensitive(init->scenario, "stages");
    *name = cJSON_GetObjectItemCaseSensitive(stages, word) ? word : pipeline_stage_for(pipeline, word);
    return *name ? cJSON_GetObjectItemCaseSensitive(stages, *name) : NULL;
}

/* Durations with a stage and no step, or one step only, are that stage's time. Several steps of a stage are as many
 * times; their means add up, and the stage keeps the shares in which the usual pipeline deals its time. */
static void take_durations(struct init *init, struct pipeline *pipeline)
{
    const cJSON *one, *other, *list = at(init->input->durations, "durations");
    cJSON_ArrayForEach(one, list)
    {
        const char *word = cJSON_GetStringValue(at(one, "stage")), *name = NULL;
        cJSON *stage = word ? find_stage(init, pipeline, word, &name) : NULL;
        double mean_s = 0, variance = 0;
        uint32_t n = 0;
        bool first = true, before = true;
        if (!stage) {
            source_remark(init->remarks, "durations of \"%.60s\" are of no stage or group of the scenario; left out",
                          word ? word : "");
            continue;
        }
        cJSON_ArrayForEach(other, list)
        {
            const char *its = cJSON_GetStringValue(at(other, "stage"));
            before = before && other != one;
            if (!its || strcmp(its, word) != 0) continue;
            const double mean = seen_number(other, "mean_s", 0), cv = seen_number(other, "cv", 0);
            first = first && !before;
            mean_s += mean;
            variance += cv * cv * mean * mean;
            n++;
        }
        if (!first && n > 1) continue; /* summed with its first step */
        cJSON *time = n == 1 ? cJSON_Duplicate(at(one, "time"), true) : cJSON_CreateObject();
        if (n > 1) {
            cJSON_AddStringToObject(time, "mean", rounded_time(init->arena, mean_s));
            cJSON_AddNumberToObject(time, "cv", round(sqrt(variance) / mean_s * 1e4) / 1e4);
            cJSON_AddStringToObject(time, "basis", "measured");
            source_remark(init->remarks,
                          "%s: the means of %u measured steps of \"%s\" add up to %.2f ms; their "
                          "variances are added as if steps were independent",
                          name, n, word, mean_s * 1e3);
        }
        if (time) cJSON_ReplaceItemInObjectCaseSensitive(stage, "time", time);
    }
}

/* ---- what waits at t = 0 ---- */

/* Lags of a group on a topic, as many as it has partitions; NULL when a partition is missing. */
static cJSON *lags_of(const cJSON *rows, const char *group, const char *topic, uint32_t partitions)
{
    cJSON *list = cJSON_CreateArray();
    for (uint32_t p = 0; p < partitions; p++) {
        const cJSON *row, *found = NULL;
        cJSON_ArrayForEach(row, rows)
        {
            const char *its = cJSON_GetStringValue(at(row, "group")), *of = cJSON_GetStringValue(at(row, "topic"));
            if (its && of && strcmp(its, group) == 0 && strcmp(of, topic) == 0 &&
                seen_number(row, "partition", -1) == p)
                found = row;
        }
        if (!found) return cJSON_Delete(list), NULL;
        cJSON_AddItemToArray(list, cJSON_CreateNumber(seen_number(found, "lag", 0)));
    }
    return list;
}

/* Whether the API publishes to the topic: what waits in the middle of the pipeline has no order behind it. */
static bool is_entry(struct init *init, const char *topic)
{
    const cJSON *step, *steps = at(at(at(init->scenario, "stages"), "accept"), "steps");
    cJSON_ArrayForEach(step, steps)
    {
        const char *published = cJSON_GetStringValue(at(step, "publish"));
        if (published && strcmp(published, topic) == 0) return true;
    }
    return false;
}

/* The first of several tables is that of t = 0, with one it is that one; but one after the start of a load is what came
 * of it. */
static bool add_backlogs(struct init *init)
{
    if (init->load && init->seen.has_past && init->seen.offsets_t_s > 0) return false;
    bool any = false;
    const cJSON *tables = at(init->observations, "snapshots");
    const cJSON *rows = at(tables ? tables->child : at(init->observations, "offsets"), "rows");
    cJSON *groups = cJSON_GetObjectItemCaseSensitive(init->scenario, "groups");
    for (uint32_t i = 0; i < init->seen.n_groups; i++) {
        const struct seen_group *group = &init->seen.group[i];
        cJSON *one = cJSON_GetObjectItemCaseSensitive(groups, group->name), *backlog = NULL;
        for (uint32_t t = 0; t < group->n_topics && one; t++) {
            if (!at(at(one, "reads"), group->topic[t]) || !is_entry(init, group->topic[t])) continue;
            cJSON *lags = lags_of(rows, group->name, group->topic[t],
                                  seen_partitions(&init->seen, group->topic[t]));
            if (!lags) continue;
            if (!backlog) backlog = cJSON_AddObjectToObject(one, "backlog");
            cJSON_AddItemToObject(backlog, group->topic[t], lags);
            any = true;
        }
        cJSON *basis = backlog ? cJSON_GetObjectItemCaseSensitive(one, "basis") : NULL;
        if (basis) cJSON_AddStringToObject(basis, "backlog", "measured");
    }
    return any;
}

/* What the reader of scenarios would refuse, in the words of what was read. */
static bool nothing_to_play(struct init *init)
{
    const cJSON *tables = at(init->observations, "snapshots");
    return source_finding(init->remarks, 0, "",
                          "neither a load nor a backlog: %s, and %s has of no group a lag in each partition of a topic "
                          "that the API fills; give more tables, or the k6 script as well (--k6)",
                          tables ? "no log grew between the tables" : "one table has no load",
                          tables ? "the one where the run begins" : "it");
}

/* ---- the document ---- */

/* Why an order fails is in no count, and no part of the usual pipeline fails by itself. */
static void say_failures(struct init *init)
{
    const cJSON *status;
    double failed = 0;
    cJSON_ArrayForEach(status, at(init->observations, "statuses")) failed =
        fmax(failed, seen_number(status, "failed", 0));
    if (failed > 0)
        source_remark(init->remarks,
                      "up to %.0f orders had failed: nothing says why, and in the scenario none does until you say so; "
                      "they are PAID there",
                      failed);
}

static bool read_observations(struct init *init)
{
    struct source *source = init->input->observations;
    struct observations checked;
    if (init->input->offsets) {
        init->observations = cJSON_Duplicate(init->input->offsets, true);
        seen_read(&init->seen, init->observations);
        init->seen.has_past = !at(init->observations, "snapshots");
    }
    if (!source) return true;
    if (!observations_read_text(&checked, source->text, source->length, source->findings, init->arena)) return false;
    init->observations = cJSON_ParseWithLength(source->text, source->length);
    seen_read(&init->seen, init->observations);
    return true;
}

/* A day; of a load or of tables that go on for longer twice as long, as what waits at the end has to go as well. */
static double run_at_most_s(const struct init *init)
{
    const double end_s = fmax(init->curve ? init->curve->end_s : 0, init->seen.offsets_t_s); /* fmax passes over NaN */
    return fmin(fmax(86400, 2 * end_s), (double)LONGEST_NS / SIM_S);
}

static void head(struct init *init)
{
    cJSON *run = cJSON_CreateObject();
    cJSON_AddStringToObject(init->scenario, "name", init->input->name);
    cJSON_AddItemToObject(init->scenario, "run", run);
    cJSON_AddNumberToObject(run, "seed", 1);
    cJSON_AddStringToObject(run, "ends", "quiescent");
    cJSON_AddStringToObject(run, "at_most", time_text(init->arena, run_at_most_s(init)));
    if (init->input->observations_path)
        cJSON_AddStringToObject(init->scenario, "observations", init->input->observations_path);
}

static bool assemble(struct init *init)
{
    struct pipeline pipeline;
    init->scenario = cJSON_CreateObject();
    head(init);
    if (init->load) cJSON_AddItemToObject(init->scenario, "load", cJSON_Duplicate(init->load, true));
    fill_checkpoints(init);
    pipeline_add(&pipeline, init->scenario, &init->seen, init->remarks);
    fill_orders(init);
    if (pipeline.usual) assume_means(init);
    if (init->observations) fit_bottleneck(init, &pipeline);
    take_measured_services(init, &pipeline);
    const bool backlog = init->input->offsets && add_backlogs(init);
    if (!init->load && !backlog) return nothing_to_play(init);
    if (init->input->durations) take_durations(init, &pipeline);
    fill_thresholds(init);
    say_failures(init);
    source_remark(init->remarks, "assumed: everything tagged so; what each result rests on is said with it");
    return true;
}

cJSON *init_scenario(const struct init_input *input)
{
    struct init init = { .input = input, .arena = input->arena };
    init.seen.offsets_t_s = (double)NAN;
    init.remarks = input->observations ? input->observations : input->k6 ? input->k6 : input->offsets_source;
    if (!read_observations(&init) || !make_load(&init) || !assemble(&init)) {
        cJSON_Delete(init.scenario);
        init.scenario = NULL;
    }
    cJSON_Delete(init.load);
    cJSON_Delete(init.observations);
    return init.scenario;
}
