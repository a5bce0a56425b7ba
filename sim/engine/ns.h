/* SPDX-License-Identifier: GPL-3.0-or-later
 * Simulated time: signed 64-bit nanoseconds, instants and durations alike (docs/decisions/0001).
 * Doubles in seconds live only in JSON, inside a distribution, and in printed statistics. */
#ifndef SIM_ENGINE_NS_H
#define SIM_ENGINE_NS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t sim_ns;

#define SIM_US ((sim_ns)1000)
#define SIM_MS ((sim_ns)1000000)
#define SIM_S ((sim_ns)1000000000)
#define SIM_NEVER INT64_MAX

/* Divided, not multiplied: 7 s is 7, and 23250000 ns is the double nearest to 0.02325. */
static inline double ns_to_s(sim_ns ns) { return (double)ns / 1e9; }

/* Nearest nanosecond of a time in seconds. False for NaN, infinities and what does not fit into 64 bits. */
bool ns_from_s(double s, sim_ns *out);

/* Reads a Go/k6 duration: "150ms", "2s", "1m30s", "1h", "1.5s", "-3ms", "0". Units h m s ms us (or µs) ns.
 * A number without unit is refused, but for a bare 0. False on anything else, trailing text and overflow. */
bool ns_parse(const char *text, sim_ns *out);
/* Whether a text has that form, however many nanoseconds it is: for a message about what ns_parse refuses. */
bool ns_is_duration(const char *text);

/* Writes the shortest Go-style duration that ns_parse reads back to the same value ("1m30s", "23.25ms", "0s").
 * size >= 40 always suffices. Returns out. */
char *ns_format(sim_ns ns, char *out, size_t size);

#endif
