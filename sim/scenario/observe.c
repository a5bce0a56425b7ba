/* SPDX-License-Identifier: GPL-3.0-or-later
 * Keys that are not read here (the data, what other tools counted) belong to other commands or to people, and are
 * allowed everywhere: an observations file is a record, not a program. */
#include "sim/scenario/observe.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "sim/scenario/reader.h"

#define SECONDS_MAX 1e9
#define RATE_MAX    1e9
#define NOT_GIVEN   ((double)NAN)

/* ---- values ---- */

/* A count as an observation has it: -1 where it was not counted. */
static void read_seen(struct cursor *object, const char *key, int64_t *out, const char *fallback)
{
    uint64_t value;
    struct cursor at = cursor_at(object, key, fallback);
    *out = -1;
    if (!cJSON_IsNull(at.node) && cursor_whole(&at, &value, 0, WHOLE_MAX)) *out = (int64_t)value;
}

/* NaN where it is not given, or null. */
static void read_value(struct cursor *object, const char *key, double *out, double least, double most)
{
    struct cursor at = cursor_at(object, key, OPTIONAL);
    *out = NOT_GIVEN;
    if (!cJSON_IsNull(at.node)) cursor_number(&at, out, least, most);
}

static void read_seconds(struct cursor *object, const char *key, double *out)
{
    read_value(object, key, out, -SECONDS_MAX, SECONDS_MAX);
}

static void read_length(struct cursor *object, const char *key, double *out)
{
    read_value(object, key, out, 0, SECONDS_MAX);
}

/* hh:mm:ss, seconds of the day; NaN for anything else ("12:xx:xx"): a clock is for people first. */
static double seconds_of_day(const char *clock)
{
    if (strlen(clock) != 8 || clock[2] != ':' || clock[5] != ':') return NOT_GIVEN;
    for (int i = 0; i < 8; i++)
        if (i != 2 && i != 5 && !isdigit((unsigned char)clock[i])) return NOT_GIVEN;
    const int hour = (clock[0] - '0') * 10 + clock[1] - '0', minute = (clock[3] - '0') * 10 + clock[4] - '0';
    const int second = (clock[6] - '0') * 10 + clock[7] - '0';
    return hour < 24 && minute < 60 && second < 60 ? hour * 3600.0 + minute * 60.0 + second : NOT_GIVEN;
}

/* A clock after the start clock; before it, it is of the next day. */
static double read_clock(struct cursor *object, const char *key, double start_of_day_s)
{
    struct cursor at = cursor_at(object, key, OPTIONAL);
    const char *clock;
    if (cJSON_IsNull(at.node) || !cursor_text(&at, &clock)) return NOT_GIVEN;
    const double after = seconds_of_day(clock) - start_of_day_s;
    return after < 0 ? after + 86400 : after;
}

/* t_s, or between_s: [a, b], or neither. */
static void read_when(struct cursor *object, struct observed_status *out)
{
    struct cursor between = cursor_array(object, "between_s", OPTIONAL);
    double ends[2] = { NOT_GIVEN, NOT_GIVEN };
    uint32_t i = 0;
    read_seconds(object, "t_s", &out->t_s);
    read_length(object, "sigma_t_s", &out->sigma_t_s);
    if (between.node && cursor_size(&between) != 2)
        cursor_finding(&between, "%u values where [from, to] is needed", cursor_size(&between));
    for (const cJSON *child = cursor_first(&between); child && i < 2; child = cursor_next(child), i++) {
        struct cursor end = cursor_child(&between, child, i);
        cursor_number(&end, &ends[i], -SECONDS_MAX, SECONDS_MAX);
    }
    if (ends[1] < ends[0]) cursor_finding(&between, "to is before from");
    out->from_s = ends[0];
    out->to_s = ends[1];
    if (!isfinite(ends[0]) && isfinite(out->t_s) && out->sigma_t_s > 0) { /* the same, said otherwise */
        out->from_s = out->t_s - 2 * out->sigma_t_s;
        out->to_s = out->t_s + 2 * out->sigma_t_s;
    }
}

/* ---- the system and its load ---- */

static void read_groups_seen(struct cursor *document, struct observations *out)
{
    struct cursor groups = cursor_array(document, "groups", OPTIONAL);
    struct observed_group *group = arena_array(document->reading->arena, struct observed_group, cursor_size(&groups));
    uint32_t n = 0;
    for (const cJSON *child = cursor_first(&groups); child; child = cursor_next(child), n++) {
        struct cursor one = cursor_child(&groups, child, n);
        cursor_is_object(&one);
        group[n].topic = "";
        read_text(&one, "name", &group[n].name, REQUIRED);
        read_text(&one, "topic", &group[n].topic, OPTIONAL);
        read_u32(&one, "partitions", &group[n].partitions, "0", 0, MAX_PARTITIONS);
        read_u32(&one, "consumers", &group[n].consumers, "0", 0, MAX_CONSUMERS);
        read_length(&one, "service_s", &group[n].service_s);
        read_length(&one, "service_sigma_s", &group[n].service_sigma_s);
    }
    out->n_groups = n;
    out->group = group;
}

static void read_load_seen(struct cursor *document, struct observed_load *out)
{
    struct cursor load = cursor_object(document, "load", OPTIONAL);
    struct cursor stages = cursor_array(&load, "stages", OPTIONAL);
    struct observed_ramp *stage = arena_array(document->reading->arena, struct observed_ramp, cursor_size(&stages));
    *out = (struct observed_load){ .stage = stage, .orders_created = -1, .dropped = -1 };
    read_number(&load, "start_rate_per_s", &out->start_rate_per_s, OPTIONAL, 0, RATE_MAX);
    read_value(&load, "rate_per_s", &out->rate_per_s, 0, RATE_MAX);
    read_length(&load, "duration_s", &out->duration_s);
    read_seen(&load, "orders_created", &out->orders_created, OPTIONAL);
    read_seen(&load, "dropped", &out->dropped, OPTIONAL);
    for (const cJSON *child = cursor_first(&stages); child; child = cursor_next(child), out->n_stages++) {
        struct cursor one = cursor_child(&stages, child, out->n_stages);
        cursor_is_object(&one);
        read_number(&one, "target_per_s", &stage[out->n_stages].target_per_s, REQUIRED, 0, RATE_MAX);
        read_number(&one, "duration_s", &stage[out->n_stages].duration_s, REQUIRED, 0, SECONDS_MAX);
    }
}

/* ---- counts ---- */

static void read_status(struct cursor *one, struct observed_status *status, double start_of_day_s)
{
    cursor_is_object(one);
    status->label = "";
    read_text(one, "label", &status->label, OPTIONAL);
    read_when(one, status);
    status->printed_t_s = read_clock(one, "printed_clock", start_of_day_s);
    read_number(one, "sd", &status->sd, OPTIONAL, 0, RATE_MAX);
    read_seen(one, "created", &status->created, OPTIONAL);
    read_seen(one, "paid", &status->paid, OPTIONAL);
    read_seen(one, "pending", &status->pending, OPTIONAL);
    read_seen(one, "failed", &status->failed, OPTIONAL);
    read_value(one, "paid_percent", &status->paid_percent, 0, 1000);
    read_value(one, "pending_percent", &status->pending_percent, 0, 1000);
    read_value(one, "failed_percent", &status->failed_percent, 0, 1000);
}

static void read_statuses(struct cursor *document, struct observations *out)
{
    struct cursor statuses = cursor_array(document, "statuses", OPTIONAL);
    struct observed_status *status =
        arena_array(document->reading->arena, struct observed_status, cursor_size(&statuses));
    uint32_t n = 0;
    for (const cJSON *child = cursor_first(&statuses); child; child = cursor_next(child), n++) {
        struct cursor one = cursor_child(&statuses, child, n);
        read_status(&one, &status[n], out->start_of_day_s);
    }
    out->n_statuses = n;
    out->status = status;
}

/* ---- tables of consumer groups ---- */

static void read_table(struct cursor *table, struct observed_table *out)
{
    out->label = "";
    read_text(table, "label", &out->label, OPTIONAL);
    read_seconds(table, "t_s", &out->t_s);
    read_length(table, "sigma_t_s", &out->sigma_t_s);
    struct cursor rows = cursor_array(table, "rows", REQUIRED);
    struct observed_offset *row = arena_array(table->reading->arena, struct observed_offset, cursor_size(&rows));
    uint32_t n = 0;
    for (const cJSON *child = cursor_first(&rows); child; child = cursor_next(child), n++) {
        struct cursor one = cursor_child(&rows, child, n);
        cursor_is_object(&one);
        read_text(&one, "group", &row[n].group, REQUIRED);
        read_text(&one, "topic", &row[n].topic, REQUIRED);
        read_u32(&one, "partition", &row[n].partition, REQUIRED, 0, MAX_PARTITIONS - 1);
        read_seen(&one, "committed", &row[n].committed, OPTIONAL);
        read_seen(&one, "log_end", &row[n].log_end, OPTIONAL);
        read_seen(&one, "lag", &row[n].lag, REQUIRED);
    }
    out->n_rows = n;
    out->row = row;
}

static void read_offsets(struct cursor *document, struct observations *out)
{
    struct cursor offsets = cursor_object(document, "offsets", OPTIONAL);
    struct observed_table last = { 0 };
    if (!offsets.node) return;
    read_table(&offsets, &last);
    out->offsets_label = last.label;
    out->offsets_t_s = last.t_s;
    out->offsets_sigma_t_s = last.sigma_t_s;
    out->n_offsets = last.n_rows;
    out->offset = last.row;
}

static void read_snapshots(struct cursor *document, struct observations *out)
{
    struct cursor tables = cursor_array(document, "snapshots", OPTIONAL);
    struct observed_table *table = arena_array(document->reading->arena, struct observed_table, cursor_size(&tables));
    for (const cJSON *child = cursor_first(&tables); child; child = cursor_next(child), out->n_snapshots++) {
        struct cursor one = cursor_child(&tables, child, out->n_snapshots);
        cursor_is_object(&one);
        read_table(&one, &table[out->n_snapshots]);
    }
    out->snapshot = table;
}

static void read_peak(struct cursor *document, struct observations *out)
{
    struct cursor peak = cursor_object(document, "peak_lag", OPTIONAL);
    if (!peak.node) return;
    out->has_peak = true;
    out->peak_label = "";
    out->peak_partition = NONE;
    read_text(&peak, "label", &out->peak_label, OPTIONAL);
    read_u32(&peak, "partition", &out->peak_partition, OPTIONAL, 0, MAX_PARTITIONS - 1);
    read_bool(&peak, "of_all", &out->peak_is_of_all, OPTIONAL);
    read_seen(&peak, "lag", &out->peak_lag, REQUIRED);
}

/* ---- curves ---- */

static void read_trend_row(struct cursor *row, struct observed_trend *out, double start_of_day_s)
{
    cursor_is_object(row);
    out->t_s = NOT_GIVEN;
    read_number(row, "t_s", &out->t_s, REQUIRED, -SECONDS_MAX, SECONDS_MAX);
    read_length(row, "sigma_t_s", &out->sigma_t_s);
    out->clock_t_s = read_clock(row, "clock", start_of_day_s);
    read_seen(row, "total", &out->total, OPTIONAL);
    read_bool(row, "marked_as_peak", &out->marked_as_peak, OPTIONAL);
    struct cursor lags = cursor_array(row, "lag", OPTIONAL);
    int64_t *lag = arena_array(row->reading->arena, int64_t, cursor_size(&lags));
    for (const cJSON *child = cursor_first(&lags); child; child = cursor_next(child), out->n++) {
        struct cursor one = cursor_child(&lags, child, out->n);
        uint64_t value = 0;
        cursor_whole(&one, &value, 0, WHOLE_MAX);
        lag[out->n] = (int64_t)value;
    }
    out->lag = lag;
}

static void read_trend(struct cursor *document, struct observations *out)
{
    struct cursor trend = cursor_object(document, "lag_trend", OPTIONAL);
    if (!trend.node) return;
    out->trend_label = "";
    read_text(&trend, "label", &out->trend_label, OPTIONAL);
    struct cursor rows = cursor_array(&trend, "rows", REQUIRED);
    struct observed_trend *row = arena_array(document->reading->arena, struct observed_trend, cursor_size(&rows));
    uint32_t n = 0;
    for (const cJSON *child = cursor_first(&rows); child; child = cursor_next(child), n++) {
        struct cursor one = cursor_child(&rows, child, n);
        read_trend_row(&one, &row[n], out->start_of_day_s);
    }
    out->n_trend = n;
    out->trend = row;
}

static void read_bins(struct cursor *document, struct observations *out)
{
    struct cursor bins = cursor_array(document, "throughput", OPTIONAL);
    struct observed_bin *bin = arena_array(document->reading->arena, struct observed_bin, cursor_size(&bins));
    for (const cJSON *child = cursor_first(&bins); child; child = cursor_next(child), out->n_bins++) {
        struct cursor one = cursor_child(&bins, child, out->n_bins);
        cursor_is_object(&one);
        read_number(&one, "from_s", &bin[out->n_bins].from_s, REQUIRED, -SECONDS_MAX, SECONDS_MAX);
        read_number(&one, "to_s", &bin[out->n_bins].to_s, REQUIRED, -SECONDS_MAX, SECONDS_MAX);
        read_seen(&one, "created", &bin[out->n_bins].created, OPTIONAL);
        read_seen(&one, "paid", &bin[out->n_bins].paid, OPTIONAL);
    }
    out->bin = bin;
}

static void read_completion(struct cursor *document, struct observed_completion *out)
{
    struct cursor completion = cursor_object(document, "completion_s", OPTIONAL);
    read_length(&completion, "mean", &out->mean_s);
    read_length(&completion, "p50", &out->p50_s);
    read_length(&completion, "p95", &out->p95_s);
    read_length(&completion, "p99", &out->p99_s);
    read_length(&completion, "max", &out->max_s);
}

/* ---- ids, claims ---- */

static void read_order_ids(struct cursor *document, struct observations *out)
{
    struct cursor orders = cursor_object(document, "orders", OPTIONAL);
    out->key = "";
    read_u64(&orders, "first_id", &out->first_id, OPTIONAL, 0, WHOLE_MAX);
    read_u64(&orders, "last_id", &out->last_id, OPTIONAL, 0, WHOLE_MAX);
    read_text(&orders, "key", &out->key, OPTIONAL);
    if (orders.node && out->last_id > 0 && out->last_id < out->first_id)
        cursor_finding(&orders, "last_id is below first_id");
}

/* "stock_service_ms" -> "stock"; NULL for other keys. */
static const char *claimed_word(const char *key, struct arena *arena)
{
    static const char ending[] = "_service_ms";
    const size_t n = strlen(key), e = sizeof ending - 1;
    if (n <= e || strcmp(key + n - e, ending) != 0) return NULL;
    char *word = arena_strdup(arena, key);
    word[n - e] = '\0';
    return word;
}

/* One time or [low, high], in ms. */
static void read_claimed_service(struct cursor *claims, const cJSON *child, const char *word,
                                 struct claimed_service *out)
{
    struct cursor at = cursor_child(claims, child, 0);
    double ms[2] = { 0, 0 };
    uint32_t n = 0;
    *out = (struct claimed_service){ .key = arena_strdup(claims->reading->arena, child->string), .word = word };
    if (cJSON_IsArray(child) && cursor_is_array(&at)) {
        if (cursor_size(&at) != 2) cursor_finding(&at, "%u values where [low, high] is needed", cursor_size(&at));
        bool both = cursor_size(&at) == 2;
        for (const cJSON *end = cursor_first(&at); end && n < 2; end = cursor_next(end), n++) {
            struct cursor one = cursor_child(&at, end, n);
            both &= cursor_number(&one, &ms[n], 0, SECONDS_MAX);
        }
        if (both && ms[1] < ms[0]) cursor_finding(&at, "high is below low");
    } else if (cursor_number(&at, &ms[0], 0, SECONDS_MAX)) {
        ms[1] = ms[0];
    }
    out->low_s = ms[0] / 1e3;
    out->high_s = ms[1] / 1e3;
}

static void read_claims(struct cursor *document, struct observed_claims *out)
{
    struct cursor claims = cursor_object(document, "claims", OPTIONAL);
    struct claimed_service *service =
        arena_array(document->reading->arena, struct claimed_service, cursor_size(&claims));
    read_value(&claims, "producer_rate_per_s", &out->producer_rate_per_s, 0, RATE_MAX);
    read_value(&claims, "consumer_rate_per_s", &out->consumer_rate_per_s, 0, RATE_MAX);
    read_length(&claims, "duration_s_used_for_rates", &out->rate_window_s);
    read_length(&claims, "catch_up_at_most_hours", &out->catch_up_hours);
    for (const cJSON *child = cursor_first(&claims); child; child = cursor_next(child)) {
        const char *word = claimed_word(child->string, document->reading->arena);
        if (word && text_control(word) != 0) {
            struct cursor at = cursor_child(&claims, child, 0);
            cursor_finding(&at, "a control character, U+%04X, in a key that is printed", text_control(word));
        }
        if (word) read_claimed_service(&claims, child, word, &service[out->n_services++]);
    }
    out->service = service;
}

/* ---- the document ---- */

static void read_observations(struct cursor *document, struct observations *out)
{
    static const char *const schemas[] = { "sim-observations/1" };
    uint32_t schema = 0;
    read_enum_of(document, "schema", &schema, REQUIRED, schemas, 1);
    struct cursor source = cursor_at(document, "source", OPTIONAL); /* for people: it is not printed */
    cursor_text(&source, &out->source);
    read_text(document, "start_clock", &out->start_clock, OPTIONAL);
    out->start_of_day_s = seconds_of_day(out->start_clock);
    read_load_seen(document, &out->load);
    read_groups_seen(document, out);
    read_statuses(document, out);
    read_offsets(document, out);
    read_snapshots(document, out);
    read_peak(document, out);
    read_trend(document, out);
    read_bins(document, out);
    read_completion(document, &out->completion);
    read_order_ids(document, out);
    read_claims(document, &out->claims);
}

bool observations_read_text(struct observations *out, const char *text, size_t length, struct findings *findings,
                            struct arena *arena)
{
    struct json json;
    struct reading reading = { .json = &json, .findings = findings, .arena = arena };
    const uint32_t n_before = findings->n_all;
    *out = (struct observations){ .source = "", .start_clock = "", .offsets_t_s = NOT_GIVEN, .peak_partition = NONE };
    if (json_open(&json, text, length, findings, arena)) {
        reading.defaults = cJSON_CreateArray();
        struct cursor document = cursor_document(&reading, NULL);
        read_observations(&document, out);
        cJSON_Delete(reading.defaults);
    }
    json_close(&json);
    return findings->n_all == n_before;
}

bool observations_read(struct observations *out, const char *file, struct findings *findings, struct arena *arena,
                       struct sim_err *err)
{
    size_t length;
    const char *text = file_read(file, &length, arena, err);
    if (!text) return false;
    if (observations_read_text(out, text, length, findings, arena)) return true;
    if (err) err->code = SIM_ESCENARIO;
    return false;
}
