/* SPDX-License-Identifier: GPL-3.0-or-later
 * Answers of Prometheus range queries on kafka_exporter (kafka_consumergroup_current_offset, _lag,
 * kafka_topic_partition_current_offset) or kafka-lag-exporter (kafka_consumergroup_group_offset, _group_lag,
 * kafka_partition_latest_offset); one answer with several series. They become the tables that describe.h reads. */
#ifndef SIM_FOREIGN_PROMETHEUS_H
#define SIM_FOREIGN_PROMETHEUS_H

#include "sim/foreign/source.h"

/* Whether the text is such an answer: an object with data. */
bool prometheus_is(const struct source *source);

/* Observations, or NULL with findings. The caller deletes them. */
cJSON *prometheus_read(struct source *source, const char *start);

#endif
