/* SPDX-License-Identifier: GPL-3.0-or-later
 * Column names are compared without regard to case, and - is _. A file of several replications gives its first. */
#include "sim/foreign/offsets_csv.h"

#include <ctype.h>
#include <string.h>

#include "models/scenario.h"
#include "sim/foreign/csv_table.h"
#include "sim/foreign/describe.h"
#include "sim/foreign/instant.h"
#include "sim/foreign/prometheus.h"
#include "sim/foreign/samples.h"
#include "sim/scenario/json.h"

enum role { ROLE_TIME, ROLE_GROUP, ROLE_TOPIC, ROLE_PARTITION, ROLE_NAME, ROLE_VALUE, ROLE_REPLICATION, ROLES };

struct reading_csv {
    struct table table;
    struct samples samples;
    uint32_t column[ROLES];       /* n_columns: there is none */
    double per_s;                 /* of the time column; 0: as it says */
    uint32_t of_kind[SAMPLE_KINDS];
};

/* ---- names ---- */

static bool same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++) {
        const int x = *a == '-' ? '_' : tolower((unsigned char)*a), y = *b == '-' ? '_' : tolower((unsigned char)*b);
        if (x != y) return false;
    }
    return !*a && !*b;
}

static uint32_t find(const struct table *table, const char *const *name)
{
    for (; *name; name++)
        for (uint32_t c = 0; c < table->n_columns; c++)
            if (same_name(table->column[c], *name)) return c;
    return table->n_columns;
}

static const char *const role_names[ROLES][8] = {
    [ROLE_TIME] = { "t_s", "t_ms", "time", "timestamp", "ts", "at", NULL },
    [ROLE_GROUP] = { "consumergroup", "consumer_group", "group", "group_id", NULL },
    [ROLE_TOPIC] = { "topic", NULL },
    [ROLE_PARTITION] = { "partition", NULL },
    [ROLE_NAME] = { "__name__", "metric", "name", "series", NULL },
    [ROLE_VALUE] = { "value", NULL },
    [ROLE_REPLICATION] = { "replication", NULL },
};
static const char *const kind_names[SAMPLE_KINDS][8] = {
    [SAMPLE_COMMITTED] = { "committed_offset", "committed", "current_offset", "kafka_consumergroup_current_offset",
                           "kafka_consumergroup_group_offset", "offset", NULL },
    [SAMPLE_LAG] = { "lag", "lag_committed", "kafka_consumergroup_lag", "kafka_consumergroup_group_lag", NULL },
    [SAMPLE_LOG_END] = { "log_end_offset", "log_end", "kafka_topic_partition_current_offset",
                         "kafka_partition_latest_offset", NULL },
};

bool offsets_csv_is(const struct source *source)
{
    char head[1024];
    const size_t length = strcspn(source->text, "\r\n");
    if (length >= sizeof head || !memchr(source->text, ',', length)) return false;
    for (size_t i = 0; i < length; i++) head[i] = (char)tolower((unsigned char)source->text[i]);
    head[length] = '\0';
    return strstr(head, "topic") && strstr(head, "partition");
}

/* ---- the head ---- */

static bool need(struct reading_csv *reading, enum role role, const char *what)
{
    if (reading->column[role] < reading->table.n_columns) return true;
    return source_finding(reading->table.source, 0, "", "no column of %s; it may be called %s", what,
                          role_names[role][0]);
}

static bool find_columns(struct reading_csv *reading)
{
    const struct table *table = &reading->table;
    uint32_t n_kinds = 0;
    for (uint32_t r = 0; r < ROLES; r++) reading->column[r] = find(table, role_names[r]);
    for (uint32_t k = 0; k < SAMPLE_KINDS; k++) {
        reading->of_kind[k] = find(table, kind_names[k]);
        n_kinds += reading->of_kind[k] < table->n_columns;
    }
    if (!need(reading, ROLE_TIME, "instants") || !need(reading, ROLE_GROUP, "groups") ||
        !need(reading, ROLE_TOPIC, "topics") || !need(reading, ROLE_PARTITION, "partitions"))
        return false;
    const bool is_long =
        reading->column[ROLE_NAME] < table->n_columns && reading->column[ROLE_VALUE] < table->n_columns;
    if (!is_long && n_kinds < 2)
        return source_finding(table->source, 0, "",
                              "two of committed_offset, log_end_offset and lag are needed, or the "
                              "columns name and value of an exporter's series");
    if (is_long) reading->of_kind[0] = reading->of_kind[1] = reading->of_kind[2] = table->n_columns;
    const char *time = table->column[reading->column[ROLE_TIME]];
    reading->per_s = same_name(time, "t_s") ? 1 : same_name(time, "t_ms") ? 1000 : 0;
    return true;
}

/* ---- rows ---- */

/* A number is seconds, or of the unit that its size tells; else an instant as tools print it. */
static bool read_time(struct reading_csv *reading, uint32_t row, double *t_s)
{
    const char *cell = table_cell(&reading->table, row, reading->column[ROLE_TIME]);
    struct instant instant;
    double number;
    if (table_number(cell, &number)) {
        *t_s = reading->per_s > 0 ? number / reading->per_s : instant_of_number(number);
        if (reading->per_s > 0 || *t_s < 1e11) return true;
        return table_finding(&reading->table, row, reading->column[ROLE_TIME],
                             "no instant: seconds, milli-, micro- or nanoseconds since 1970, or a date with a time");
    }
    if (reading->per_s <= 0 && instant_read(cell, strlen(cell), &instant)) return *t_s = instant.s, true;
    return table_finding(&reading->table, row, reading->column[ROLE_TIME], "no instant");
}

static bool read_place(struct reading_csv *reading, uint32_t row, struct sample *sample)
{
    double partition;
    sample->group = table_cell(&reading->table, row, reading->column[ROLE_GROUP]);
    sample->topic = table_cell(&reading->table, row, reading->column[ROLE_TOPIC]);
    if (!samples_is_name(sample->topic))
        return table_finding(&reading->table, row, reading->column[ROLE_TOPIC], "no name");
    if (!table_number(table_cell(&reading->table, row, reading->column[ROLE_PARTITION]), &partition) ||
        !(partition >= 0 && partition < MAX_PARTITIONS))
        return table_finding(&reading->table, row, reading->column[ROLE_PARTITION], "no partition from 0 to 1023");
    sample->partition = (uint32_t)partition;
    return true;
}

static bool keep(struct reading_csv *reading, uint32_t row, uint32_t column, struct sample *sample)
{
    const char *cell = table_cell(&reading->table, row, column);
    if (!*cell || strcmp(cell, "-") == 0) return true;
    if (!table_number(cell, &sample->value) || !(sample->value <= JSON_WHOLE_MAX))
        return table_finding(&reading->table, row, column, "no number");
    if (sample->kind != SAMPLE_LOG_END && !samples_is_name(sample->group))
        return table_finding(&reading->table, row, reading->column[ROLE_GROUP], "no name");
    struct sample kept = *sample;
    if (kept.kind == SAMPLE_LOG_END) kept.group = "";
    return samples_keep(&reading->samples, &kept) ||
           table_finding(&reading->table, row, column, "more than 4,000,000 values");
}

static bool read_row(struct reading_csv *reading, uint32_t row)
{
    const struct table *table = &reading->table;
    struct sample sample = { 0 };
    if (reading->column[ROLE_REPLICATION] < table->n_columns &&
        strcmp(table_cell(table, row, reading->column[ROLE_REPLICATION]),
               table_cell(table, 0, reading->column[ROLE_REPLICATION])) != 0)
        return true;
    if (!read_time(reading, row, &sample.t_s) || !read_place(reading, row, &sample)) return false;
    if (reading->column[ROLE_NAME] < table->n_columns && reading->column[ROLE_VALUE] < table->n_columns)
        return !samples_kind(table_cell(table, row, reading->column[ROLE_NAME]), &sample.kind) ||
               keep(reading, row, reading->column[ROLE_VALUE], &sample);
    for (uint32_t k = 0; k < SAMPLE_KINDS; k++) {
        sample.kind = (enum sample_kind)k;
        if (reading->of_kind[k] < table->n_columns && !keep(reading, row, reading->of_kind[k], &sample)) return false;
    }
    return true;
}

cJSON *offsets_csv_read(struct source *source, const char *start)
{
    struct reading_csv *reading = arena_new(source->arena, struct reading_csv);
    reading->samples.source = source;
    if (!table_read(&reading->table, source) || !find_columns(reading)) return NULL;
    for (uint32_t row = 0; row < reading->table.n_rows; row++)
        if (!read_row(reading, row)) return NULL;
    if (reading->samples.n == 0) return source_finding(source, 0, "", "no offset and no lag in any row"), NULL;
    return samples_observations(&reading->samples, start);
}

cJSON *offsets_read(struct source *source, const char *start)
{
    if (prometheus_is(source)) return prometheus_read(source, start);
    return offsets_csv_is(source) ? offsets_csv_read(source, start) : describe_read(source, start);
}
