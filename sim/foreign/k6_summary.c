/* SPDX-License-Identifier: GPL-3.0-or-later
 * The end-of-test summary. --summary-export puts the figures of a metric beside one another, handleSummary puts them
 * under "values"; both are read. An iteration is taken for an order. Times are k6's: milliseconds. */
#include "sim/foreign/k6.h"

#include <math.h>
#include <string.h>

#include "sim/foreign/literal.h"
#include "sim/scenario/json.h"

#define LONGEST_S 1e9 /* of observations */

static const cJSON *member(const cJSON *object, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNull(value) ? NULL : value;
}

/* A figure of a metric, NULL where there is none. */
static const cJSON *figure(const cJSON *metrics, const char *metric, const char *key)
{
    const cJSON *one = member(metrics, metric), *values = member(one, "values");
    return member(values ? values : one, key);
}

static bool add_number(struct source *source, cJSON *out, const char *name, const cJSON *value, const char *pointer)
{
    if (!value) return true;
    if (!cJSON_IsNumber(value) || !(value->valuedouble >= 0) || value->valuedouble > JSON_WHOLE_MAX)
        return source_finding(source, literal_at(value), pointer, "a number from 0 is needed");
    cJSON_AddNumberToObject(out, name, value->valuedouble);
    return true;
}

static bool add_count(struct source *source, cJSON *out, const char *name, const cJSON *value, const char *pointer)
{
    const double count = cJSON_IsNumber(value) ? value->valuedouble : 0;
    if (value && (!cJSON_IsNumber(value) || !(count >= 0 && count <= JSON_WHOLE_MAX) || count != floor(count)))
        return source_finding(source, literal_at(value), pointer, "a count from 0 is needed");
    return add_number(source, out, name, value, pointer);
}

static bool add_times(struct source *source, cJSON *out, const cJSON *metrics)
{
    static const char *const keys[][2] = { { "avg", "mean" },  { "min", "min" },   { "med", "p50" }, { "p(90)", "p90" },
                                           { "p(95)", "p95" }, { "p(99)", "p99" }, { "max", "max" } };
    cJSON *times = cJSON_CreateObject();
    bool ok = true;
    for (uint32_t i = 0; i < sizeof keys / sizeof keys[0] && ok; i++)
        ok = add_number(source, times, keys[i][1], figure(metrics, "http_req_duration", keys[i][0]),
                        "/metrics/http_req_duration");
    if (ok && times->child) cJSON_AddItemToObject(out, "api_response_ms", times);
    else cJSON_Delete(times);
    return ok;
}

/* How long the test ran: said by handleSummary, else a count over its own rate. */
static double duration_s(const cJSON *root, const cJSON *count, const cJSON *rate)
{
    const cJSON *ms = member(member(root, "state"), "testRunDurationMs");
    if (cJSON_IsNumber(ms) && ms->valuedouble > 0) return ms->valuedouble / 1000;
    return cJSON_IsNumber(rate) && rate->valuedouble > 0 ? count->valuedouble / rate->valuedouble : 0;
}

static bool fill(struct source *source, cJSON *out, const cJSON *root)
{
    const cJSON *metrics = member(root, "metrics"), *count = figure(metrics, "iterations", "count");
    if (!cJSON_IsObject(metrics))
        return source_finding(source, literal_at(root), "/metrics", "no metrics; this is no summary of k6");
    if (!count)
        return source_finding(source, literal_at(metrics), "/metrics/iterations",
                              "no count of iterations: nothing says how many orders were sent");
    cJSON *load = cJSON_AddObjectToObject(out, "load");
    cJSON_AddStringToObject(load, "tool", "k6");
    if (!add_count(source, load, "orders_created", count, "/metrics/iterations/count") ||
        !add_count(source, load, "dropped", figure(metrics, "dropped_iterations", "count"),
                   "/metrics/dropped_iterations/count") ||
        !add_times(source, out, metrics))
        return false;
    const double seconds = duration_s(root, count, figure(metrics, "iterations", "rate"));
    if (seconds > LONGEST_S)
        return source_finding(source, literal_at(count), "/metrics/iterations", "the test ran for %g s, longer than %g",
                              seconds, LONGEST_S);
    if (seconds > 0) cJSON_AddNumberToObject(load, "duration_s", round(seconds * 1e3) / 1e3);
    source_remark(source, "assumed: each iteration of k6 created one order (%.0f)", count->valuedouble);
    const cJSON *failed = figure(metrics, "http_req_failed", "passes"), *checks = figure(metrics, "checks", "fails");
    if (cJSON_IsNumber(failed) && failed->valuedouble > 0)
        source_remark(source, "k6 counted %.0f failed requests: there may be that many orders fewer",
                      failed->valuedouble);
    if (cJSON_IsNumber(checks) && checks->valuedouble > 0)
        source_remark(source, "k6 counted %.0f failed checks", checks->valuedouble);
    return true;
}

static bool has_scenarios(const cJSON *root) { return cJSON_IsObject(member(member(root, "options"), "scenarios")); }

cJSON *k6_observations(struct source *source)
{
    struct literal literal = { 0 };
    cJSON *out = cJSON_CreateObject();
    cJSON_AddStringToObject(out, "schema", "sim-observations/1");
    cJSON_AddStringToObject(out, "source", arena_printf(source->arena, "k6 summary %s", source->file));
    const bool ok = literal_read(&literal, source, 0) && fill(source, out, literal.root);
    if (ok && has_scenarios(literal.root))
        source_remark(source, "the summary holds the options, too: sim init --k6 %s makes a load of them",
                      source->file);
    cJSON_Delete(literal.root);
    if (ok) return out;
    cJSON_Delete(out);
    return NULL;
}

/* Only looked at: what is wrong with it is found when it is read. */
bool k6_is_summary(const struct source *source)
{
    struct findings unused = { 0 };
    struct source look = *source;
    struct literal literal = { 0 };
    look.findings = &unused;
    if (source->text[strspn(source->text, " \t\r\n")] != '{') return false;
    const bool is = literal_read(&literal, &look, 0) && member(literal.root, "metrics");
    cJSON_Delete(literal.root);
    return is;
}
