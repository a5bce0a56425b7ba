/* SPDX-License-Identifier: GPL-3.0-or-later
 * A result and its curves as bytes that another process of the same program can open. Names and meanings of invariants
 * stay behind: they are texts of the program. */
#ifndef SIM_LAB_PARCEL_H
#define SIM_LAB_PARCEL_H

#include "sim/results/result.h"
#include "sim/results/thin.h"

/* thin may be NULL. In the arena. */
void *parcel_make(const struct result *result, const struct thin *thin, size_t *size, struct arena *arena);
/* False when these bytes are no parcel. *thin is NULL where there was none. */
bool parcel_open(const void *bytes, size_t size, struct result **result, struct thin **thin, struct arena *arena);

#endif
