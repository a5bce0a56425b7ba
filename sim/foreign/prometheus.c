/* SPDX-License-Identifier: GPL-3.0-or-later
 * A series has one value for each instant of the query. Instants beyond TABLES are thinned evenly. A group's row needs
 * its committed offset, or its lag and the log end; the missing third is their sum or difference. */
#include "sim/foreign/prometheus.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/scenario.h"
#include "sim/foreign/csv_table.h"
#include "sim/foreign/describe.h"
#include "sim/scenario/json.h"

enum { TABLES = 240, SAMPLES_MAX = 4000000 };
enum kind { COMMITTED, LAG, LOG_END, KINDS };

struct sample {
    double t_s, value;
    const char *group, *topic; /* group "": of a topic */
    uint32_t partition;
    enum kind kind;
};

struct answer {
    struct source *source;
    struct json json;
    uint32_t n, capacity;
    struct sample *sample;
};

bool prometheus_is(const struct source *source)
{
    const char *text = source->text + strspn(source->text, " \t\r\n");
    return *text == '{' && strstr(text, "\"data\"") && strstr(text, "\"result\"");
}

static bool wrong(struct answer *answer, const cJSON *node, const char *what)
{
    const struct text_place place = json_place(&answer->json, node);
    finding_add(answer->source->findings, answer->source->arena, place, "", "%s", what);
    return false;
}

static bool kind_of(const char *name, enum kind *out)
{
    static const struct {
        const char *name;
        enum kind kind;
    } known[] = { { "kafka_consumergroup_current_offset", COMMITTED },
                  { "kafka_consumergroup_group_offset", COMMITTED },
                  { "kafka_consumergroup_lag", LAG },
                  { "kafka_consumergroup_group_lag", LAG },
                  { "kafka_topic_partition_current_offset", LOG_END },
                  { "kafka_partition_latest_offset", LOG_END } };
    for (uint32_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].name, name) == 0) return *out = known[i].kind, true;
    return false;
}

static const char *label(const cJSON *metric, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(metric, key));
}

static void keep(struct answer *answer, const struct sample *sample)
{
    if (answer->n == answer->capacity) {
        answer->capacity = 2 * answer->capacity + 1024;
        struct sample *grown = arena_array(answer->source->arena, struct sample, answer->capacity);
        if (answer->n > 0) memcpy(grown, answer->sample, answer->n * sizeof *grown);
        answer->sample = grown;
    }
    answer->sample[answer->n++] = *sample;
}

static bool is_name(const char *text) { return text && *text && strlen(text) < 250 && !strpbrk(text, " \t\r\n"); }

static bool read_series(struct answer *answer, const cJSON *series)
{
    const cJSON *metric = cJSON_GetObjectItemCaseSensitive(series, "metric"), *pair;
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(series, "values");
    const char *name = label(metric, "__name__"), *group = label(metric, "consumergroup");
    struct sample sample = { .group = group ? group : label(metric, "group"), .topic = label(metric, "topic") };
    double partition;
    if (!name || !kind_of(name, &sample.kind)) {
        source_remark(answer->source, "series %.80s left out: neither an offset nor a lag by partition",
                      name ? name : "without a name");
        return true;
    }
    if (sample.kind == LOG_END) sample.group = "";
    const char *number = label(metric, "partition");
    if (!is_name(sample.topic) || (sample.kind != LOG_END && !is_name(sample.group)) || !number ||
        !table_number(number, &partition) || !(partition >= 0 && partition < MAX_PARTITIONS))
        return wrong(answer, metric ? metric : series,
                     "a series needs the labels topic, partition and consumergroup (or group)");
    if (!cJSON_IsArray(values))
        return wrong(answer, series, "no values: this is no answer of a range query (query_range)");
    sample.partition = (uint32_t)partition;
    cJSON_ArrayForEach(pair, values)
    {
        const cJSON *value = pair->child ? pair->child->next : NULL;
        if (!cJSON_IsNumber(pair->child) || !cJSON_IsString(value) ||
            !table_number(value->valuestring, &sample.value) || !(sample.value <= JSON_WHOLE_MAX))
            return wrong(answer, pair, "a value is [seconds, \"number\"]");
        sample.t_s = pair->child->valuedouble;
        if (answer->n == SAMPLES_MAX) return wrong(answer, pair, "more than 4,000,000 values");
        if (sample.value >= 0) keep(answer, &sample); /* exporters say -1 for none */
    }
    return true;
}

static int by_time_and_place(const void *a, const void *b)
{
    const struct sample *x = a, *y = b;
    if (x->t_s != y->t_s) return x->t_s < y->t_s ? -1 : 1;
    const int group = strcmp(x->group, y->group), topic = strcmp(x->topic, y->topic);
    if (group != 0) return group;
    if (topic != 0) return topic;
    if (x->partition != y->partition) return x->partition < y->partition ? -1 : 1;
    return (int)x->kind - (int)y->kind;
}

/* Of a topic's partition among the samples of one instant; -1. */
static double log_end_of(const struct sample *sample, uint32_t n, const struct sample *of)
{
    for (uint32_t i = 0; i < n && sample[i].group[0] == '\0'; i++)
        if (strcmp(sample[i].topic, of->topic) == 0 && sample[i].partition == of->partition) return sample[i].value;
    return -1;
}

/* Rows of one instant, as kafka-consumer-groups.sh prints them. */
static void print_table(FILE *out, const struct sample *sample, uint32_t n)
{
    fprintf(out, "t_s=%.3f\nGROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG\n", sample[0].t_s);
    for (uint32_t i = 0; i < n;) {
        double value[KINDS] = { -1, -1, -1 };
        const struct sample *one = &sample[i];
        for (; i < n && strcmp(sample[i].group, one->group) == 0 && strcmp(sample[i].topic, one->topic) == 0 &&
               sample[i].partition == one->partition;
             i++)
            value[sample[i].kind] = sample[i].value;
        if (one->group[0] == '\0') continue;
        value[LOG_END] = log_end_of(sample, n, one);
        if (value[LOG_END] < 0 && value[COMMITTED] >= 0 && value[LAG] >= 0)
            value[LOG_END] = value[COMMITTED] + value[LAG];
        if (value[COMMITTED] < 0 && value[LOG_END] >= value[LAG] && value[LAG] >= 0)
            value[COMMITTED] = value[LOG_END] - value[LAG];
        if (value[LAG] < 0 && value[COMMITTED] >= 0) value[LAG] = fmax(value[LOG_END] - value[COMMITTED], 0);
        fprintf(out, "%s %s %u ", one->group, one->topic, one->partition);
        for (uint32_t k = 0; k < KINDS; k++) {
            const double x = value[k == 0 ? COMMITTED : k == 1 ? LOG_END : LAG];
            if (x >= 0) fprintf(out, "%.0f%c", x, k == 2 ? '\n' : ' ');
            else fprintf(out, "-%c", k == 2 ? '\n' : ' ');
        }
    }
}

static uint32_t same_instant(const struct answer *answer, uint32_t from)
{
    uint32_t to = from;
    while (to < answer->n && answer->sample[to].t_s == answer->sample[from].t_s) to++;
    return to - from;
}

static cJSON *tables(struct answer *answer, const char *start)
{
    struct source *source = answer->source, text = *source;
    uint32_t instants = 0, nth = 0;
    char *bytes = NULL;
    size_t length = 0;
    qsort(answer->sample, answer->n, sizeof *answer->sample, by_time_and_place);
    for (uint32_t i = 0; i < answer->n; i += same_instant(answer, i)) instants++;
    const uint32_t every = (instants + TABLES - 1) / TABLES;
    FILE *out = open_memstream(&bytes, &length);
    if (!out) return NULL;
    for (uint32_t i = 0; i < answer->n; nth++) {
        const uint32_t n = same_instant(answer, i);
        if (nth % every == 0) print_table(out, &answer->sample[i], n);
        i += n;
    }
    fclose(out);
    text.text = arena_strdup(source->arena, bytes);
    text.length = length;
    free(bytes);
    cJSON *observations = describe_read(&text, start);
    source->n_remarks = text.n_remarks;
    memcpy(source->remark, text.remark, sizeof text.remark);
    if (every > 1) source_remark(source, "%u instants: every %uth is kept", instants, every);
    return observations;
}

cJSON *prometheus_read(struct source *source, const char *start)
{
    struct answer answer = { .source = source };
    cJSON *out = NULL;
    if (json_open(&answer.json, source->text, source->length, source->findings, source->arena)) {
        const cJSON *data = cJSON_GetObjectItemCaseSensitive(answer.json.root, "data"), *one;
        const cJSON *result = cJSON_GetObjectItemCaseSensitive(data, "result");
        bool ok = cJSON_IsArray(result) ||
                  wrong(&answer, answer.json.root, "no /data/result: this is no answer of Prometheus");
        cJSON_ArrayForEach(one, result) ok = ok && read_series(&answer, one);
        if (ok && answer.n == 0) ok = wrong(&answer, result, "no offset and no lag in any series");
        if (ok) out = tables(&answer, start);
    }
    json_close(&answer.json);
    return out;
}
