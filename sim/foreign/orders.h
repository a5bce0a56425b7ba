/* SPDX-License-Identifier: GPL-3.0-or-later
 * A table of orders (id, when it was created, when it was paid, perhaps its state) -> observations: the load as rates
 * over time, counts of paid, pending and failed orders at instants, completion times, how fast orders were paid while
 * some waited, and the partition of each order by its key. */
#ifndef SIM_FOREIGN_ORDERS_H
#define SIM_FOREIGN_ORDERS_H

#include "sim/foreign/source.h"

struct orders_options {
    uint32_t n_roles;
    const char *const *role; /* "id=order_id", "created=created_at", "paid=paid_at", "status=status": the defaults */
    const char *time_zone;   /* "+09:00" of times without one; NULL: not said */
    const char *unit;        /* of times that are numbers: "ms", "s"; NULL: s, ms, us or ns since 1970 */
    uint32_t partitions;     /* 0: 3, as Kafka clusters often have */
};

/* NULL with findings. The caller deletes the result. */
cJSON *orders_read(struct source *source, const struct orders_options *options);

#endif
