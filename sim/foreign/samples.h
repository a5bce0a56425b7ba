/* SPDX-License-Identifier: GPL-3.0-or-later
 * Offsets and lags by partition, one at a time, in any order -> the tables that describe.h reads, one for each instant.
 */
#ifndef SIM_FOREIGN_SAMPLES_H
#define SIM_FOREIGN_SAMPLES_H

#include "sim/foreign/source.h"

enum sample_kind { SAMPLE_COMMITTED, SAMPLE_LAG, SAMPLE_LOG_END, SAMPLE_KINDS };

struct sample {
    double t_s, value;
    const char *group, *topic; /* group "": of a topic */
    uint32_t partition;
    enum sample_kind kind;
};

/* Zeroed but for the source. */
struct samples {
    struct source *source;
    uint32_t n, capacity;
    struct sample *sample;
};

/* What a series of kafka_exporter or kafka-lag-exporter of this name holds; false for any other. */
bool samples_kind(const char *name, enum sample_kind *out);
/* A name that a table can hold. */
bool samples_is_name(const char *text);
/* False when there are too many. A value below 0 is none. */
bool samples_keep(struct samples *samples, const struct sample *sample);
/* Observations, or NULL with findings; start as for describe_read. The caller deletes them. */
cJSON *samples_observations(struct samples *samples, const char *start);

#endif
