/* SPDX-License-Identifier: GPL-3.0-or-later
 * A series has one value for each instant of the query. */
#include "sim/foreign/prometheus.h"

#include <string.h>

#include "models/scenario.h"
#include "sim/foreign/csv_table.h"
#include "sim/foreign/samples.h"
#include "sim/scenario/json.h"

struct answer {
    struct samples samples;
    struct source *source;
    struct json json;
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

static const char *label(const cJSON *metric, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(metric, key));
}

static bool read_series(struct answer *answer, const cJSON *series)
{
    const cJSON *metric = cJSON_GetObjectItemCaseSensitive(series, "metric"), *pair;
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(series, "values");
    const char *name = label(metric, "__name__"), *group = label(metric, "consumergroup");
    struct sample sample = { .group = group ? group : label(metric, "group"), .topic = label(metric, "topic") };
    double partition;
    if (!name || !samples_kind(name, &sample.kind)) {
        source_remark(answer->source, "series %.80s left out: neither an offset nor a lag by partition",
                      name ? name : "without a name");
        return true;
    }
    if (sample.kind == SAMPLE_LOG_END) sample.group = "";
    const char *number = label(metric, "partition");
    if (!samples_is_name(sample.topic) || (sample.kind != SAMPLE_LOG_END && !samples_is_name(sample.group)) ||
        !number || !table_number(number, &partition) || !(partition >= 0 && partition < MAX_PARTITIONS))
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
        if (!samples_keep(&answer->samples, &sample)) return wrong(answer, pair, "more than 4,000,000 values");
    }
    return true;
}

cJSON *prometheus_read(struct source *source, const char *start)
{
    struct answer answer = { .samples = { .source = source }, .source = source };
    cJSON *out = NULL;
    if (json_open(&answer.json, source->text, source->length, source->findings, source->arena)) {
        const cJSON *data = cJSON_GetObjectItemCaseSensitive(answer.json.root, "data"), *one;
        const cJSON *result = cJSON_GetObjectItemCaseSensitive(data, "result");
        bool ok = cJSON_IsArray(result) ||
                  wrong(&answer, answer.json.root, "no /data/result: this is no answer of Prometheus");
        cJSON_ArrayForEach(one, result) ok = ok && read_series(&answer, one);
        if (ok && answer.samples.n == 0)
            ok = wrong(&answer, result,
                       "no offset and no lag by partition in any series: two of the committed offset, the lag and the "
                       "log end are needed, with their names (kafka_consumergroup_current_offset, "
                       "kafka_consumergroup_lag, kafka_topic_partition_current_offset; of "
                       "kafka-lag-exporter kafka_consumergroup_group_offset, "
                       "kafka_consumergroup_group_lag, kafka_partition_latest_offset), not summed");
        if (ok) out = samples_observations(&answer.samples, start);
    }
    json_close(&answer.json);
    return out;
}
