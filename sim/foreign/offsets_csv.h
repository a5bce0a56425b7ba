/* SPDX-License-Identifier: GPL-3.0-or-later
 * Offsets and lags by partition as CSV, in one of two forms. Wide: a row for each instant, group, topic and partition,
 * with columns of committed offset, log end and lag (as sim's own lag.csv). Long: a row for each value of a series of
 * kafka_exporter or kafka-lag-exporter, with the series' name and value. */
#ifndef SIM_FOREIGN_OFFSETS_CSV_H
#define SIM_FOREIGN_OFFSETS_CSV_H

#include "sim/foreign/source.h"

/* Whether the first line names columns of topics and partitions. */
bool offsets_csv_is(const struct source *source);

/* Observations, or NULL with findings; start as for describe_read. The caller deletes them. */
cJSON *offsets_csv_read(struct source *source, const char *start);

/* Whatever it is: CSV, an answer of Prometheus, or the tables of kafka-consumer-groups.sh. */
cJSON *offsets_read(struct source *source, const char *start);

#endif
