/* SPDX-License-Identifier: GPL-3.0-or-later
 * SHA-256 (FIPS 180-4) of a text in memory. Names a scenario in results; not meant to keep secrets. */
#ifndef SIM_SCENARIO_SHA256_H
#define SIM_SCENARIO_SHA256_H

#include <stddef.h>

/* 64 lower-case hexadecimal digits and a NUL. */
void sha256_hex(const void *bytes, size_t length, char out[65]);

#endif
