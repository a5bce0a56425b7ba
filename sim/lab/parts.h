/* SPDX-License-Identifier: GPL-3.0-or-later
 * The CSV files of a study of several replications. Each replication writes files of its own while it runs, on
 * whatever thread; they are appended to the whole ones in the order of replications and removed. So memory stays flat,
 * and the bytes are the same for any number of threads. */
#ifndef SIM_LAB_PARTS_H
#define SIM_LAB_PARTS_H

#include "sim/lab/output.h"
#include "sim/results/result.h"

enum part { PART_LAG, PART_STATUS, PART_GROUPS, PART_COMPLETION, PART_SCALERS, PART_ORDERS, PARTS };

struct parts {
    const struct output *output;
    double orders_share; /* 0: no orders.csv */
    FILE *whole[PARTS];  /* NULL: not wanted */
};

/* The part files of one replication. */
struct part_set {
    uint32_t replication;
    FILE *file[PARTS];
};

/* Opens the whole files and writes their headers. */
bool parts_open(struct parts *parts, const struct layout *layout, const struct output *output, double orders_share,
                struct sim_err *err);
/* Closes them. Without `ok` their contents do not matter any more. */
bool parts_close(struct parts *parts, bool ok, struct sim_err *err);

/* On any thread: opens and closes the files of one replication. part_set_close with ok false removes them. */
bool part_set_open(struct part_set *set, const struct parts *parts, uint32_t replication, struct sim_err *err);
bool part_set_close(struct part_set *set, const struct parts *parts, bool ok, struct sim_err *err);
struct recorder_files part_set_files(const struct part_set *set, const struct parts *parts);

/* In the order of replications: appends and removes the files of one. */
bool parts_take(struct parts *parts, uint32_t replication, struct sim_err *err);
/* Removes the files of one that nobody wants. */
void parts_drop(const struct parts *parts, uint32_t replication);

/* Names of all files that parts_open may make. */
extern const char *const part_names[PARTS];

#endif
