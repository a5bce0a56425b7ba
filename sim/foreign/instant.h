/* SPDX-License-Identifier: GPL-3.0-or-later
 * Instants as people and tools print them. */
#ifndef SIM_FOREIGN_INSTANT_H
#define SIM_FOREIGN_INSTANT_H

#include <stdbool.h>
#include <stddef.h>

enum instant_kind {
    INSTANT_GIVEN, /* t_s=908: seconds since whatever */
    INSTANT_CLOCK, /* a clock time: seconds since midnight */
    INSTANT_DATE   /* a date with a time: seconds since 1970 */
};

struct instant {
    double s;
    enum instant_kind kind;
    bool has_zone; /* of a date: Z, UTC, GMT, +hh:mm, +hhmm or +hh; without one the clock is taken as it is */
};

/* The first instant in a line. False: none. */
bool instant_read(const char *line, size_t length, struct instant *out);

/* Seconds of a number since 1970 in seconds, milli-, micro- or nanoseconds: from 1973 to 5138 no two of them share one.
 */
double instant_of_number(double number);

#endif
