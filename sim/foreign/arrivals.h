/* SPDX-License-Identifier: GPL-3.0-or-later
 * The load of a log that was looked at now and then: between two looks as many records came as the log grew by, at one
 * rate. Neighbours whose rates differ by no more than counting makes them differ are one piece. */
#ifndef SIM_FOREIGN_ARRIVALS_H
#define SIM_FOREIGN_ARRIVALS_H

#include "sim/foreign/source.h"

/* What had come by the instant, since the first one. */
struct arrived_by {
    double t_s, records;
};

/* Adds `load` as observations have it, and says how it was made; nothing where nothing came. By: ascending in t_s and
 * records. False with a finding where no log takes so many. */
bool arrivals_add_load(struct source *source, const char *topic, const struct arrived_by *by, uint32_t n, cJSON *out);

#endif
