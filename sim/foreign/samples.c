/* SPDX-License-Identifier: GPL-3.0-or-later
 * Instants beyond TABLES are thinned evenly. A group's row needs its committed offset, or its lag and the log end; the
 * missing third is their sum or difference. */
#include "sim/foreign/samples.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/foreign/describe.h"
#include "sim/scenario/json.h"

enum { TABLES = 240, SAMPLES_MAX = 4000000 };

bool samples_kind(const char *name, enum sample_kind *out)
{
    static const struct {
        const char *name;
        enum sample_kind kind;
    } known[] = { { "kafka_consumergroup_current_offset", SAMPLE_COMMITTED },
                  { "kafka_consumergroup_group_offset", SAMPLE_COMMITTED },
                  { "kafka_consumergroup_lag", SAMPLE_LAG },
                  { "kafka_consumergroup_group_lag", SAMPLE_LAG },
                  { "kafka_topic_partition_current_offset", SAMPLE_LOG_END },
                  { "kafka_partition_latest_offset", SAMPLE_LOG_END } };
    for (uint32_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].name, name) == 0) return *out = known[i].kind, true;
    return false;
}

bool samples_is_name(const char *text)
{
    return text && *text && strlen(text) < 250 && !strchr(text, ' ') && text_control(text) == 0;
}

bool samples_keep(struct samples *samples, const struct sample *sample)
{
    if (!(sample->value >= 0)) return true; /* exporters say -1 for none */
    if (samples->n == SAMPLES_MAX) return false;
    if (samples->n == samples->capacity) {
        samples->capacity = 2 * samples->capacity + 1024;
        struct sample *grown = arena_array(samples->source->arena, struct sample, samples->capacity);
        if (samples->n > 0) memcpy(grown, samples->sample, samples->n * sizeof *grown);
        samples->sample = grown;
    }
    samples->sample[samples->n++] = *sample;
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
        double value[SAMPLE_KINDS] = { -1, -1, -1 };
        const struct sample *one = &sample[i];
        for (; i < n && strcmp(sample[i].group, one->group) == 0 && strcmp(sample[i].topic, one->topic) == 0 &&
               sample[i].partition == one->partition;
             i++)
            value[sample[i].kind] = sample[i].value;
        if (one->group[0] == '\0') continue;
        value[SAMPLE_LOG_END] = log_end_of(sample, n, one);
        if (value[SAMPLE_LOG_END] < 0 && value[SAMPLE_COMMITTED] >= 0 && value[SAMPLE_LAG] >= 0)
            value[SAMPLE_LOG_END] = value[SAMPLE_COMMITTED] + value[SAMPLE_LAG];
        if (value[SAMPLE_COMMITTED] < 0 && value[SAMPLE_LOG_END] >= value[SAMPLE_LAG] && value[SAMPLE_LAG] >= 0)
            value[SAMPLE_COMMITTED] = value[SAMPLE_LOG_END] - value[SAMPLE_LAG];
        if (value[SAMPLE_LAG] < 0 && value[SAMPLE_COMMITTED] >= 0)
            value[SAMPLE_LAG] = fmax(value[SAMPLE_LOG_END] - value[SAMPLE_COMMITTED], 0);
        fprintf(out, "%s %s %u ", one->group, one->topic, one->partition);
        for (uint32_t k = 0; k < SAMPLE_KINDS; k++) {
            const double x = value[k == 0 ? SAMPLE_COMMITTED : k == 1 ? SAMPLE_LOG_END : SAMPLE_LAG];
            if (x >= 0) fprintf(out, "%.0f%c", x, k == 2 ? '\n' : ' ');
            else fprintf(out, "-%c", k == 2 ? '\n' : ' ');
        }
    }
}

static uint32_t same_instant(const struct samples *samples, uint32_t from)
{
    uint32_t to = from;
    while (to < samples->n && samples->sample[to].t_s == samples->sample[from].t_s) to++;
    return to - from;
}

cJSON *samples_observations(struct samples *samples, const char *start)
{
    struct source *source = samples->source, text = *source;
    uint32_t instants = 0, nth = 0;
    char *bytes = NULL;
    size_t length = 0;
    qsort(samples->sample, samples->n, sizeof *samples->sample, by_time_and_place);
    for (uint32_t i = 0; i < samples->n; i += same_instant(samples, i)) instants++;
    const uint32_t every = (instants + TABLES - 1) / TABLES;
    FILE *out = open_memstream(&bytes, &length);
    if (!out) return NULL;
    for (uint32_t i = 0; i < samples->n; nth++) {
        const uint32_t n = same_instant(samples, i);
        if (nth % every == 0) print_table(out, &samples->sample[i], n);
        i += n;
    }
    fclose(out);
    text.text = arena_strdup(source->arena, bytes);
    text.length = length;
    free(bytes);
    cJSON *observations = describe_read(&text, start);
    source->n_remarks = text.n_remarks;
    memcpy(source->remark, text.remark, sizeof text.remark);
    if (every > 1) source_remark(source, "%u instants: one of %u is kept", instants, every);
    return observations;
}
