/* SPDX-License-Identifier: GPL-3.0-or-later
 * Keys that are not read here (claims, data, orders, the load as it was run) belong to other commands or to people, and
 * are allowed everywhere: an observations file is a record, not a program. */
#include "sim/scenario/observe.h"

#include <math.h>
#include <string.h>

#include "sim/scenario/reader.h"

#define SECONDS_MAX 1e9

/* A count as an observation has it: -1 where it was not counted. */
static void read_seen(struct cursor *object, const char *key, int64_t *out, const char *fallback)
{
    uint64_t value;
    struct cursor at = cursor_at(object, key, fallback);
    *out = -1;
    if (!cJSON_IsNull(at.node) && cursor_whole(&at, &value, 0, WHOLE_MAX)) *out = (int64_t)value;
}

/* t_s, or between_s: [a, b], or neither. */
static void read_when(struct cursor *object, struct observed_status *out)
{
    struct cursor t = cursor_at(object, "t_s", OPTIONAL), between = cursor_array(object, "between_s", OPTIONAL);
    double ends[2] = { (double)NAN, (double)NAN };
    uint32_t i = 0;
    out->t_s = (double)NAN;
    if (!cJSON_IsNull(t.node)) cursor_number(&t, &out->t_s, -SECONDS_MAX, SECONDS_MAX);
    if (between.node && cursor_size(&between) != 2)
        cursor_finding(&between, "%u values where [from, to] is needed", cursor_size(&between));
    for (const cJSON *child = cursor_first(&between); child && i < 2; child = cursor_next(child), i++) {
        struct cursor end = cursor_child(&between, child, i);
        cursor_number(&end, &ends[i], -SECONDS_MAX, SECONDS_MAX);
    }
    if (ends[1] < ends[0]) cursor_finding(&between, "to is before from");
    out->from_s = ends[0];
    out->to_s = ends[1];
}

/* The groups of the system that was observed, as far as it says how many consumers they had. */
static void read_groups_seen(struct cursor *document, struct observations *out)
{
    struct cursor groups = cursor_array(document, "groups", OPTIONAL);
    struct observed_group *group = arena_array(document->reading->arena, struct observed_group, cursor_size(&groups));
    uint32_t n = 0;
    for (const cJSON *child = cursor_first(&groups); child; child = cursor_next(child), n++) {
        struct cursor one = cursor_child(&groups, child, n);
        cursor_is_object(&one);
        read_text(&one, "name", &group[n].name, REQUIRED);
        read_u32(&one, "consumers", &group[n].consumers, "0", 0, MAX_CONSUMERS);
    }
    out->n_groups = n;
    out->group = group;
}

static void read_statuses(struct cursor *document, struct observations *out)
{
    struct cursor statuses = cursor_array(document, "statuses", OPTIONAL);
    struct observed_status *status =
        arena_array(document->reading->arena, struct observed_status, cursor_size(&statuses));
    uint32_t n = 0;
    for (const cJSON *child = cursor_first(&statuses); child; child = cursor_next(child), n++) {
        struct cursor one = cursor_child(&statuses, child, n);
        cursor_is_object(&one);
        status[n].label = "";
        read_text(&one, "label", &status[n].label, OPTIONAL);
        read_when(&one, &status[n]);
        read_seen(&one, "paid", &status[n].paid, OPTIONAL);
        read_seen(&one, "pending", &status[n].pending, OPTIONAL);
        read_seen(&one, "failed", &status[n].failed, OPTIONAL);
    }
    out->n_statuses = n;
    out->status = status;
}

static void read_offsets(struct cursor *document, struct observations *out)
{
    struct cursor offsets = cursor_object(document, "offsets", OPTIONAL);
    if (!offsets.node) return;
    out->offsets_label = "";
    out->offsets_t_s = (double)NAN;
    read_text(&offsets, "label", &out->offsets_label, OPTIONAL);
    read_number(&offsets, "t_s", &out->offsets_t_s, OPTIONAL, -SECONDS_MAX, SECONDS_MAX);
    struct cursor rows = cursor_array(&offsets, "rows", REQUIRED);
    struct observed_offset *row = arena_array(document->reading->arena, struct observed_offset, cursor_size(&rows));
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
    out->n_offsets = n;
    out->offset = row;
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
    read_seen(&peak, "lag", &out->peak_lag, REQUIRED);
}

static void read_trend_row(struct cursor *row, struct observed_trend *out)
{
    cursor_is_object(row);
    out->t_s = (double)NAN;
    read_number(row, "t_s", &out->t_s, REQUIRED, -SECONDS_MAX, SECONDS_MAX);
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
        read_trend_row(&one, &row[n]);
    }
    out->n_trend = n;
    out->trend = row;
}

bool observations_read_text(struct observations *out, const char *text, size_t length, struct findings *findings,
                            struct arena *arena)
{
    static const char *const schemas[] = { "sim-observations/1" };
    struct json json;
    struct reading reading = { .json = &json, .findings = findings, .arena = arena };
    const uint32_t n_before = findings->n_all;
    uint32_t schema = 0;
    *out = (struct observations){ .source = "", .start_clock = "", .offsets_t_s = (double)NAN, .peak_partition = NONE };
    if (json_open(&json, text, length, findings, arena)) {
        reading.defaults = cJSON_CreateArray();
        struct cursor document = cursor_document(&reading, NULL);
        read_enum_of(&document, "schema", &schema, REQUIRED, schemas, 1);
        read_text(&document, "source", &out->source, OPTIONAL);
        read_text(&document, "start_clock", &out->start_clock, OPTIONAL);
        read_groups_seen(&document, out);
        read_statuses(&document, out);
        read_offsets(&document, out);
        read_peak(&document, out);
        read_trend(&document, out);
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
