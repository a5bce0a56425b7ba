/* SPDX-License-Identifier: GPL-3.0-or-later
 * Numbers as text: for machines (shortest form that reads back to the same double) and for people (thousands apart,
 * times with a fitting unit). Returned by value, so that a call can stand in an argument: number_count(n).s lives to
 * the end of the statement. NaN is "null" for machines and "-" for people. */
#ifndef SIM_RESULTS_NUMBER_H
#define SIM_RESULTS_NUMBER_H

#include <stdbool.h>

struct number { char s[64]; };

struct number number_json(double value);
struct number number_count(double value);                /* nearest whole number: "40,730" */
struct number number_times(double mean);                 /* the same, but below one two digits: "0.05" is not "0" */
struct number number_fixed(double value, int decimals);  /* "42.8", thousands apart */
struct number number_rate(double per_s);                 /* "42.8", below one two digits: "0.062" is not "0.1" */
struct number number_percent(double ratio);              /* "58.4%"; "99.97%", not "100.0%" */
struct number number_limit(double ratio);                /* an upper limit, never rounded down: "14.0%", "0.15%" */
struct number number_seconds(double s);                  /* "23.3 ms", "8.12 s", "373 s" */
/* As people read a figure of summary.json, by its path: a ratio as a percentage, times with their unit. */
struct number number_of_metric(const char *path, double value);
/* The same with so many more decimals; *back is what one reads there. */
struct number number_with_more(const char *path, double value, int more, double *back);

/* Whether a number for people shows a digit other than 0. */
bool number_is_seen(const char *shown);

#endif
