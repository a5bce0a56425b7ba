/* SPDX-License-Identifier: GPL-3.0-or-later
 * Days are counted in the proleptic Gregorian calendar, without leap seconds. */
#include "sim/foreign/instant.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* AM, PM, a.m. or p.m. at text, after blanks: 'A' or 'P', and *used bytes more; 0: none. */
static int half_of_day_at(const char *text, int *used)
{
    const char *at = text + strspn(text, " ");
    const int half = toupper((unsigned char)*at);
    if (half != 'A' && half != 'P') return 0;
    at++;
    at += *at == '.';
    if (toupper((unsigned char)*at++) != 'M') return 0;
    at += *at == '.';
    if (isalnum((unsigned char)*at)) return 0;
    *used += (int)(at - text);
    return half;
}

/* In Korean it stands before the clock; first: of the whole text. */
static int half_of_day_before(const char *first, const char *text)
{
    static const char am[] = "오전 ", pm[] = "오후 ";
    const size_t n = (size_t)(text - first);
    if (n >= sizeof am - 1 && strncmp(text - (sizeof am - 1), am, sizeof am - 1) == 0) return 'A';
    return n >= sizeof pm - 1 && strncmp(text - (sizeof pm - 1), pm, sizeof pm - 1) == 0 ? 'P' : 0;
}

/* hh:mm:ss with a fraction perhaps, and AM or PM, at text, which is of the text at first; *used bytes. */
static bool clock_at(const char *first, const char *text, double *seconds, int *used)
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
    int half = half_of_day_at(text + *used, used);
    if (half == 0) half = half_of_day_before(first, text);
    if (half != 0 && hour <= 12) hour = hour % 12 + (half == 'P' ? 12 : 0);
    *seconds = hour * 3600 + minute * 60 + second;
    return true;
}

/* Digits at text, of which there must be n and no more. */
static bool digits_at(const char *text, size_t n) { return strspn(text, "0123456789") == n; }

/* Z, UTC, GMT, +hh:mm, +hhmm or +hh, perhaps behind blanks; false for anything else. */
static bool zone_at(const char *text, double *zone_s)
{
    int hour = 0, minute = 0;
    *zone_s = 0;
    text += strspn(text, " ");
    const size_t letters = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    if (letters == 1) return *text == 'Z' || *text == 'z';
    if (letters == 3) return strncmp(text, "UTC", 3) == 0 || strncmp(text, "GMT", 3) == 0;
    const char sign = *text++;
    if (sign != '+' && sign != '-') return false;
    if (digits_at(text, 2) && text[2] == ':' && digits_at(text + 3, 2)) sscanf(text, "%2d:%2d", &hour, &minute);
    else if (digits_at(text, 4) || digits_at(text, 2)) sscanf(text, "%2d%2d", &hour, &minute);
    else return false;
    *zone_s = (sign == '-' ? -1 : 1) * (hour * 3600.0 + minute * 60.0);
    return true;
}

/* A date with a time at text, of "2025-12-24 09:05:00 +0900" and its like. */
static bool date_at(const char *first, const char *text, struct instant *out)
{
    int year, month, day, used = 0;
    double zone_s;
    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3 || used != 10 || !is_day(year, month, day) ||
        (text[10] != 'T' && text[10] != ' ') || !clock_at(first, text + 11, &out->s, &used))
        return false;
    out->kind = INSTANT_DATE;
    out->has_zone = zone_at(text + 11 + used, &zone_s);
    out->s += days_from_civil(year, month, day) * 86400 - zone_s;
    return true;
}

bool instant_read(const char *line, size_t length, struct instant *out)
{
    char text[160];
    int used = 0;
    const size_t n = length < sizeof text - 8 ? length : sizeof text - 8;
    memset(text, 0, sizeof text);
    memcpy(text, line, n);
    *out = (struct instant){ .kind = INSTANT_GIVEN };
    const char *given = strstr(text, "t_s=");
    if (given && sscanf(given + 4, "%lf", &out->s) == 1) return out->s > -1e12 && out->s < 1e12;
    for (const char *c = text; *c != '\0'; c++) {
        if (c != text && isdigit((unsigned char)c[-1])) continue;
        if (date_at(text, c, out)) return true;
        out->kind = INSTANT_CLOCK;
        if (clock_at(text, c, &out->s, &used)) return true;
    }
    return false;
}

double instant_of_number(double number)
{
    enum { THOUSANDS = 3 };
    for (int i = 0; i < THOUSANDS && number >= 1e11; i++) number /= 1e3;
    return number;
}
