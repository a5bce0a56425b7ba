/* SPDX-License-Identifier: GPL-3.0-or-later
 * The load block: k6's options as k6 writes them, and three executors of our own. k6's keys that mean nothing to a
 * simulated service (TLS, tags, cookies, k6's own thresholds ...) are kept and named, so that one block serves both. */
#include "sim/scenario/reader.h"

#include <stdlib.h>
#include <string.h>

#include "sim/scenario/nearest.h"

#define RATE_MAX 1e9

/* Options of a test that k6 knows (k6 1.x, lib/options.go) and that change nothing here. */
static const char *const ignored_options[] = {
    "batch",
    "batchPerHost",
    "blacklistIPs",
    "blockHostnames",
    "cloud",
    "discardResponseBodies",
    "dns",
    "executionSegment",
    "executionSegmentSequence",
    "ext",
    "hosts",
    "httpDebug",
    "insecureSkipTLSVerify",
    "linger",
    "localIPs",
    "maxRedirects",
    "metricSamplesBufferSize",
    "minIterationDuration",
    "noConnectionReuse",
    "noCookiesReset",
    "noSetup",
    "noTeardown",
    "noUsageReport",
    "noVUConnectionReuse",
    "paused",
    "rps",
    "setupTimeout",
    "summaryTimeUnit",
    "summaryTrendStats",
    "systemTags",
    "tags",
    "teardownTimeout",
    "thresholds",
    "throw",
    "tlsAuth",
    "tlsCipherSuites",
    "tlsVersion",
    "userAgent",
};

/* k6's ways to run a fixed number of virtual users: how many orders they send depends on how fast they are answered. */
static const char *const closed_shortcuts[] = { "duration", "iterations", "stages", "vus" };

static const char *const executors[] = { "ramping-arrival-rate", "constant-arrival-rate", "poisson", "bursts",
                                         "trace" };
static const char *const closed_executors[] = { "constant-vus", "ramping-vus", "shared-iterations", "per-vu-iterations",
                                                "externally-controlled" };

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof(array)[0])

static void ignore_keys(struct reader *reader, struct cursor *object, const char *const *key, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct cursor at = cursor_at(object, key[i], OPTIONAL);
        if (!at.node) continue;
        cursor_copy(&at);
        bool named = false;
        for (uint32_t k = 0; k < reader->n_ignored; k++) named |= strcmp(reader->ignored[k], key[i]) == 0;
        if (!named && reader->n_ignored < MAX_IGNORED) reader->ignored[reader->n_ignored++] = key[i];
    }
}

#define DAY_NS (24 * 3600 * SIM_S)

static bool read_bare_ms(const char *text, double *ms)
{
    char *end;
    *ms = strtod(text, &end);
    return end != text && *end == '\0' && strspn(text, "0123456789.") == strlen(text);
}

/* Behind the days of "1d12h"; NULL: there are none. */
static const char *behind_days(const char *text)
{
    const size_t digits = strspn(text, "0123456789");
    return digits > 0 && text[digits] == 'd' ? text + digits + 1 : NULL;
}

/* k6's durations, however long: "1m30s", with days ("1d12h"), or milliseconds as a bare number, also in a string. */
static bool is_k6_duration(const cJSON *node)
{
    double ms;
    if (!cJSON_IsString(node)) return cJSON_IsNumber(node);
    const char *text = node->valuestring, *rest = behind_days(text);
    if (!rest) return read_bare_ms(text, &ms) || ns_is_duration(text);
    return *rest == '\0' || (*rest >= '0' && *rest <= '9' && ns_is_duration(rest));
}

/* Of such a one; false: it does not fit into 64 bits. */
static bool parse_k6(const cJSON *node, sim_ns *out)
{
    double ms;
    if (cJSON_IsNumber(node)) return ns_from_s(node->valuedouble * 1e-3, out);
    const char *text = node->valuestring, *rest = behind_days(text);
    if (read_bare_ms(text, &ms)) return ns_from_s(ms * 1e-3, out);
    if (!rest) return ns_parse(text, out);
    *out = 0;
    if (*rest && !ns_parse(rest, out)) return false;
    const long days = strtol(text, NULL, 10);
    if (days > (INT64_MAX - *out) / DAY_NS) return false;
    *out += days * DAY_NS;
    return true;
}

static void read_k6_ns(struct cursor *object, const char *key, sim_ns *out, const char *fallback, sim_ns least_ns)
{
    struct cursor at = cursor_at(object, key, fallback);
    sim_ns ns;
    char text[48], limit[48];
    if (!at.node) return;
    if (!is_k6_duration(at.node)) {
        cursor_finding(&at, "not a duration; write \"1m30s\", or milliseconds as a number, as k6 does");
        return;
    }
    if (!parse_k6(at.node, &ns)) {
        cursor_finding(&at, "a duration from %s to %s is needed", ns_format(least_ns, text, sizeof text),
                       ns_format(LONGEST_NS, limit, sizeof limit));
        return;
    }
    cJSON *canonical = cJSON_CreateString(ns_format(ns, text, sizeof text));
    struct cursor checked = at;
    checked.node = canonical;
    cursor_ns(&checked, out, least_ns, LONGEST_NS);
    cJSON_Delete(canonical);
}

static void read_vus(struct cursor *object, struct load_spec *out)
{
    read_u32(object, "preAllocatedVUs", &out->vus, "0", 0, 10000000);
    out->vus_max = out->vus;
    read_u32(object, "maxVUs", &out->vus_max, OPTIONAL, 0, 10000000);
    const struct cursor most = cursor_at(object, "maxVUs", OPTIONAL);
    if (out->vus_max < out->vus) cursor_finding(&most, "%u is below preAllocatedVUs, %u", out->vus_max, out->vus);
    if (out->vus_max > 0 && out->vus == 0) cursor_finding(&most, "needs preAllocatedVUs of at least 1");
    read_ns(object, "vuInit", &out->vu_init_ns, "5ms", 0, LONGEST_NS);
}

static void read_ramps(struct reader *reader, struct cursor *object, struct load_spec *out)
{
    struct cursor stages = cursor_array(object, "stages", REQUIRED);
    uint32_t n = cursor_size(&stages), i = 0;
    struct load_stage *stage = arena_array(reader->reading.arena, struct load_stage, n);
    if (stages.node && n == 0) cursor_finding(&stages, "no stages; at least one is needed");
    sim_ns total_ns = 0;
    for (const cJSON *child = cursor_first(&stages); child; child = cursor_next(child), i++) {
        struct cursor one = cursor_child(&stages, child, i);
        if (!cursor_is_object(&one)) continue;
        read_number(&one, "target", &stage[i].target, REQUIRED, 0, RATE_MAX);
        read_k6_ns(&one, "duration", &stage[i].duration_ns, REQUIRED, 0);
        cursor_close(&one);
        total_ns += stage[i].duration_ns;
        if (total_ns > LONGEST_NS) cursor_finding(&one, "up to here the stages last longer than 10000h");
        if (total_ns > LONGEST_NS) break;
    }
    out->n_stages = n;
    out->stage = stage;
}

static void read_trace(struct reader *reader, struct cursor *object, struct load_spec *out)
{
    struct cursor path = cursor_at(object, "file", REQUIRED);
    const char *column = NULL;
    const cJSON *named = cJSON_GetObjectItemCaseSensitive(object->node, "column");
    uint32_t n = 0;
    double *seconds = read_csv(reader, &path, cJSON_IsString(named) ? named->valuestring : NULL, &n);
    read_text(object, "column", &column, OPTIONAL);
    if (!seconds) return;
    sim_ns *time_ns = arena_array(reader->reading.arena, sim_ns, n);
    for (uint32_t i = 0; i < n; i++) {
        if (!ns_from_s(seconds[i], &time_ns[i]) || time_ns[i] < 0 || time_ns[i] > LONGEST_NS)
            cursor_finding(&path, "start %u, %.9g s, is not from 0 to 10000h", i + 1, seconds[i]);
        else if (i > 0 && time_ns[i] < time_ns[i - 1])
            cursor_finding(&path, "start %u, %.9g s, is earlier than the one before, %.9g s", i + 1, seconds[i],
                           seconds[i - 1]);
        else continue;
        return;
    }
    out->n_times = n;
    out->time_ns = time_ns;
}

static void read_rate(struct cursor *object, struct load_spec *out)
{
    struct cursor rate = cursor_at(object, "rate", REQUIRED);
    if (cursor_number(&rate, &out->rate, 0, RATE_MAX) && out->rate == 0) cursor_finding(&rate, "a rate is above 0");
}

/* What each executor has of its own. */
static void read_profile(struct reader *reader, struct cursor *object, struct load_spec *out)
{
    switch (out->executor) {
    case LOAD_RAMPING_ARRIVAL_RATE:
        read_number(object, "startRate", &out->rate, "0", 0, RATE_MAX);
        read_k6_ns(object, "timeUnit", &out->time_unit_ns, "1s", 1);
        read_ramps(reader, object, out);
        read_number(object, "phase", &out->phase, "1", 0, 1);
        break;
    case LOAD_CONSTANT_ARRIVAL_RATE:
    case LOAD_POISSON:
        read_rate(object, out);
        read_k6_ns(object, "timeUnit", &out->time_unit_ns, "1s", 1);
        read_k6_ns(object, "duration", &out->duration_ns, REQUIRED, 1);
        break;
    case LOAD_BURSTS:
        read_u32(object, "size", &out->burst_size, REQUIRED, 1, 10000000);
        read_k6_ns(object, "every", &out->burst_every_ns, REQUIRED, 1);
        read_k6_ns(object, "duration", &out->duration_ns, REQUIRED, 1);
        break;
    case LOAD_TRACE: read_trace(reader, object, out); break;
    }
}

/* Which keys are known hangs on the executor, so without one only its own name can be looked for. */
static void find_misspelt_executor(struct cursor *object)
{
    static const char *const name[] = { "executor" };
    for (const cJSON *child = cursor_first(object); child; child = cursor_next(child)) {
        if (!nearest_name(child->string, name, COUNT(name))) continue;
        struct cursor unknown = cursor_child(object, child, 0);
        unknown.by_key = true;
        cursor_finding(&unknown, "unknown key; did you mean \"executor\"?");
    }
}

static bool read_executor(struct cursor *object, struct load_spec *out)
{
    struct cursor at = cursor_at(object, "executor", REQUIRED);
    uint32_t executor;
    if (!at.node) find_misspelt_executor(object);
    for (uint32_t i = 0; cJSON_IsString(at.node) && i < COUNT(closed_executors); i++) {
        if (strcmp(at.node->valuestring, closed_executors[i]) != 0) continue;
        cursor_finding(
            &at,
            "%s sends as fast as it is answered and has no arrival rate; simulated are ramping-arrival-rate, "
            "constant-arrival-rate, poisson, bursts and trace",
            closed_executors[i]);
        return false;
    }
    if (!cursor_enum(&at, executors, COUNT(executors), &executor)) return false;
    out->executor = (enum load_executor)executor;
    return true;
}

static void read_executor_block(struct reader *reader, struct cursor *object, struct load_spec *out)
{
    static const char *const ignored[] = { "gracefulStop", "exec", "env", "tags", "options" };
    out->time_unit_ns = SIM_S;
    out->phase = 1;
    if (!read_executor(object, out)) return;
    read_k6_ns(object, "startTime", &out->start_ns, "0s", 0);
    read_profile(reader, object, out);
    read_vus(object, out);
    ignore_keys(reader, object, ignored, COUNT(ignored));
    cursor_close(object);
}

/* One of several instances of k6 makes only a part of the starts. */
static void refuse_segment(struct cursor *load)
{
    struct cursor at = cursor_at(load, "executionSegment", OPTIONAL);
    if (!cJSON_IsString(at.node) || strcmp(at.node->valuestring, "") == 0 || strcmp(at.node->valuestring, "0:1") == 0)
        return;
    cursor_finding(&at, "a part of the load, for one of several instances of k6; give the whole load, without it");
}

static void refuse_shortcuts(struct cursor *load)
{
    for (uint32_t i = 0; i < COUNT(closed_shortcuts); i++) {
        struct cursor at = cursor_at(load, closed_shortcuts[i], OPTIONAL);
        if (at.node)
            cursor_finding(&at, "k6's shortcut for virtual users without an arrival rate; write an executor under "
                                "/load/scenarios, such as ramping-arrival-rate");
    }
}

void read_load(struct reader *reader, struct cursor *document)
{
    struct cursor load = cursor_object(document, "load", OPTIONAL);
    if (!load.node) return;
    struct names names = names_of_section(&load, "scenarios", "load scenario", MAX_LOADS);
    struct cursor scenarios = cursor_object(&load, "scenarios", REQUIRED);
    struct load_spec *out = arena_array(reader->reading.arena, struct load_spec, names.n);
    uint32_t n = 0;
    for (const cJSON *child = cursor_first(&scenarios); child; child = cursor_next(child)) {
        struct cursor one = cursor_child(&scenarios, child, n);
        out[n].name = names.name[n];
        if (cursor_is_object(&one)) read_executor_block(reader, &one, &out[n]);
        n++;
    }
    cursor_close_names(&scenarios);
    refuse_shortcuts(&load);
    refuse_segment(&load);
    ignore_keys(reader, &load, ignored_options, COUNT(ignored_options));
    cursor_close(&load);
    reader->scenario->n_loads = n;
    reader->scenario->load = out;
}
