/* SPDX-License-Identifier: GPL-3.0-or-later
 * Durations as Go and k6 write them. All arithmetic is on integers: "23.25ms" is 23,250,000 ns to the last one, where a
 * detour over a double would sometimes lose one. Digits below a nanosecond are cut off, as Go cuts them. */
#include "sim/engine/ns.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define NS_LIMIT ((unsigned __int128)1 << 63)

/* A fraction of 24 digits times the nanoseconds of an hour still fits into 128 bits. */
enum { FRACTION_DIGITS_MAX = 24 };

struct unit { const char *name; uint64_t ns; };

static const struct unit units[] = {
    {"h", 3600000000000}, {"m", 60000000000}, {"s", 1000000000}, {"ms", 1000000}, {"us", 1000},
    {"\xc2\xb5s", 1000} /* micro sign */, {"\xce\xbcs", 1000} /* Greek mu */, {"ns", 1},
};

bool ns_from_s(double s, sim_ns *out)
{
    double ns = s * 1e9;
    if (!(ns >= -0x1p63 && ns < 0x1p63)) return false; /* NaN fails both */
    *out = llround(ns);
    return true;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* The unit at *at, 0 if there is none of that name. Moves *at behind it. */
static uint64_t read_unit(const char **at)
{
    size_t length = strcspn(*at, "0123456789.");
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strlen(units[i].name) == length && memcmp(units[i].name, *at, length) == 0) {
            *at += length;
            return units[i].ns;
        }
    }
    return 0;
}

/* One "1.5h" of a duration, added to *total, which stays just beyond the limit once it is there. */
static bool read_component(const char **at, unsigned __int128 *total)
{
    const char *start = *at;
    unsigned __int128 whole = 0, fraction = 0, scale = 1;
    for (; is_digit(**at); ++*at) {
        whole = whole * 10 + (unsigned)(**at - '0');
        if (whole > NS_LIMIT) whole = NS_LIMIT + 1;
    }
    bool some_digit = *at > start;
    if (**at == '.') {
        const char *point = (*at)++;
        for (; is_digit(**at); ++*at) {
            if (*at - point > FRACTION_DIGITS_MAX) continue;
            fraction = fraction * 10 + (unsigned)(**at - '0');
            scale *= 10;
        }
        some_digit |= *at > point + 1;
    }
    uint64_t unit_ns = some_digit ? read_unit(at) : 0;
    if (unit_ns == 0) return false;
    *total += whole * unit_ns + fraction * unit_ns / scale;
    if (*total > NS_LIMIT) *total = NS_LIMIT + 1;
    return true;
}

/* Without its sign. False: it has not the form of a duration. */
static bool read_total(const char *text, unsigned __int128 *total)
{
    const char *at = text + (*text == '-' || *text == '+');
    *total = 0;
    if (*at == '\0') return false;
    if (strcmp(at, "0") == 0) return true;
    while (*at != '\0')
        if (!read_component(&at, total)) return false;
    return true;
}

bool ns_parse(const char *text, sim_ns *out)
{
    const bool negative = *text == '-';
    unsigned __int128 total;
    if (!read_total(text, &total) || total > NS_LIMIT - !negative) return false;
    *out = negative ? (sim_ns)-(__int128)total : (sim_ns)total;
    return true;
}

bool ns_is_duration(const char *text)
{
    unsigned __int128 total;
    return read_total(text, &total);
}

/* Appends value/unit_ns with the digits it needs, and the unit's name. */
static size_t put(char *out, size_t size, size_t length, uint64_t value, uint64_t unit_ns, const char *name)
{
    uint64_t fraction = value % unit_ns;
    int digits = 0;
    for (uint64_t power = 1; power < unit_ns; power *= 10) digits++;
    while (digits > 0 && fraction % 10 == 0) fraction /= 10, digits--;
    char *at = out + length;
    int n = digits > 0
                ? snprintf(at, size - length, "%" PRIu64 ".%0*" PRIu64 "%s", value / unit_ns, digits, fraction, name)
                : snprintf(at, size - length, "%" PRIu64 "%s", value / unit_ns, name);
    return length + (size_t)n;
}

static size_t put_below_second(char *out, size_t size, size_t length, uint64_t ns)
{
    if (ns >= 1000000) return put(out, size, length, ns, 1000000, "ms");
    if (ns >= 1000) return put(out, size, length, ns, 1000, "us");
    return put(out, size, length, ns, 1, "ns");
}

char *ns_format(sim_ns ns, char *out, size_t size)
{
    const uint64_t second = 1000000000, minute = 60 * second, hour = 60 * minute;
    char text[40];
    uint64_t left = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    size_t length = 0;
    if (ns < 0) text[length++] = '-';
    if (left > 0 && left < second) {
        length = put_below_second(text, sizeof text, length, left);
    } else {
        if (left >= hour) length = put(text, sizeof text, length, left / hour, 1, "h");
        left %= hour;
        if (left >= minute) length = put(text, sizeof text, length, left / minute, 1, "m");
        left %= minute;
        if (left > 0 || ns == 0) length = put(text, sizeof text, length, left, second, "s");
    }
    snprintf(out, size, "%s", text);
    return out;
}
