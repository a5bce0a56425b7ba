/* SPDX-License-Identifier: GPL-3.0-or-later
 * Instants as people and tools print them. Days are counted in the proleptic Gregorian calendar, without leap seconds.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/foreign/describe.h"

static double days_from_civil(int year, int month, int day)
{
    year -= month <= 2;
    const int era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    const int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097.0 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool is_day(int year, int month, int day)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + (leap && month == 2);
}

/* hh:mm:ss with a fraction perhaps, at text; *used bytes. */
static bool clock_at(const char *text, double *seconds, int *used)
{
    int hour, minute;
    double second;
    *used = 0;
    if (!isdigit((unsigned char)text[0]) || !isdigit((unsigned char)text[1]) || text[2] != ':' || text[5] != ':')
        return false;
    if (sscanf(text, "%2d:%2d:%n", &hour, &minute, used) != 2 || *used != 6) return false;
    char digits[24];
    size_t n = strspn(text + 6, "0123456789.,");
    if (n < 2 || n >= sizeof digits) return false;
    memcpy(digits, text + 6, n);
    digits[n] = '\0';
    if (strchr(digits, ',')) *strchr(digits, ',') = '.';
    second = strtod(digits, NULL);
    *used = 6 + (int)n;
    if (hour > 23 || minute > 59 || second >= 61) return false;
    *seconds = hour * 3600 + minute * 60 + second;
    return true;
}

/* Z, +hh:mm, +hhmm or nothing. */
static double zone_at(const char *text)
{
    int hour = 0, minute = 0;
    const char sign = text[0];
    if (sign != '+' && sign != '-') return 0;
    if (sscanf(text + 1, "%2d:%2d", &hour, &minute) != 2) sscanf(text + 1, "%2d%2d", &hour, &minute);
    return (sign == '-' ? -1 : 1) * (hour * 3600.0 + minute * 60.0);
}

bool instant_read(const char *line, size_t length, double *seconds, bool *has_date)
{
    char text[160];
    int year, month, day, used = 0;
    const size_t n = length < sizeof text - 8 ? length : sizeof text - 8;
    memset(text, 0, sizeof text);
    memcpy(text, line, n);
    *has_date = false;
    const char *given = strstr(text, "t_s=");
    if (given && sscanf(given + 4, "%lf", seconds) == 1) return *seconds > -1e12 && *seconds < 1e12;
    for (const char *c = text; *c != '\0'; c++) {
        const bool begins = c == text || !isdigit((unsigned char)c[-1]);
        if (begins && sscanf(c, "%4d-%2d-%2d%n", &year, &month, &day, &used) == 3 && used == 10 &&
            is_day(year, month, day) && (c[10] == 'T' || c[10] == ' ') && clock_at(c + 11, seconds, &used)) {
            *has_date = true;
            *seconds += days_from_civil(year, month, day) * 86400 - zone_at(c + 11 + used);
            return true;
        }
        if (begins && clock_at(c, seconds, &used)) return true;
    }
    return false;
}
