/* SPDX-License-Identifier: GPL-3.0-or-later
 * The program never sets a locale, so printf writes a point. */
#include "sim/results/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct number number_json(double value)
{
    struct number n = { "null" };

    if (!isfinite(value))
        return n;
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(n.s, sizeof n.s, "%.*g", digits, value == 0 ? 0.0 : value);
        const double back = strtod(n.s, NULL);
        if (memcmp(&back, &value, sizeof back) == 0)
            break;
    }
    return n;
}

/* Commas between groups of three digits before the point. */
static struct number apart(const char *plain)
{
    struct number n;
    const char *first = plain + (*plain == '-');
    size_t whole = strcspn(first, "."), out = 0;

    if (*plain == '-')
        n.s[out++] = '-';
    for (; *first && out < sizeof n.s - 2; first++) {
        n.s[out++] = *first;
        if (whole > 1 && --whole % 3 == 0)
            n.s[out++] = ',';
    }
    n.s[out] = '\0';
    return n;
}

struct number number_fixed(double value, int decimals)
{
    char plain[48];

    if (!isfinite(value))
        return (struct number){ "-" };
    snprintf(plain, sizeof plain, fabs(value) < 1e15 ? "%.*f" : "%.*g", decimals, value);
    if (strspn(plain, "-0.") == strlen(plain)) /* no minus before a zero */
        return apart(plain + (*plain == '-'));
    return apart(plain);
}

struct number number_count(double value) { return number_fixed(value, 0); }

/* Below this a rate is the last bits of a sum. */
#define RATE_LEAST 1e-9

/* At least so many, and as many as show two digits of a rate, after rounding: of 0.0996 it is "0.10". */
static int decimals_of_rate(double per_s, int least)
{
    char text[32];
    if (!isfinite(per_s) || fabs(per_s) < RATE_LEAST) return least;
    snprintf(text, sizeof text, "%.1e", fabs(per_s));
    const int decimals = 1 - atoi(strchr(text, 'e') + 1);
    return decimals > least ? decimals : least;
}

struct number number_rate(double per_s) { return number_fixed(per_s, decimals_of_rate(per_s, 1)); }

struct number number_times(double mean)
{
    if (!(mean > 0 && mean < 1)) return number_count(mean);
    struct number n = number_fixed(mean, 1 - (int)floor(log10(mean)));
    for (size_t end = strlen(n.s); n.s[end - 1] == '0'; end--) n.s[end - 1] = '\0';
    if (n.s[strlen(n.s) - 1] == '.') return number_count(mean); /* 0.999 */
    return n;
}

struct number number_limit(double ratio)
{
    const double percent = ratio * 100;
    int decimals = 1;
    if (percent > 0 && percent < 1) decimals = 1 - (int)floor(log10(percent)); /* two digits */
    if (decimals > 8) decimals = 8;
    const double unit = pow(10, -decimals);
    /* The last bits of a product may lie above it. */
    struct number n = number_fixed(ceil(percent / unit * (1 - 1e-12)) * unit, decimals);
    if (isfinite(ratio)) strcat(n.s, "%");
    return n;
}

/* ---- figures, by what they are ---- */

/* "42.8%" is 42.8e-2. */
struct form { double shown; int decimals; const char *unit, *scale; };

static struct number in_form(struct form form)
{
    struct number n = number_fixed(form.shown, form.decimals);
    if (isfinite(form.shown)) strcat(n.s, form.unit);
    return n;
}

/* Whether what is none or all at these decimals is so: 99.97 is not "100.0", and 0.03 not "0.0". */
static bool is_rounded_to_none_or_all(double percent, int decimals)
{
    const double scale = pow(10, decimals), shown = round(fabs(percent) * scale);
    return (!(shown > 0) && fabs(percent) > 0) || (!(fabs(shown - 100 * scale) > 0) && fabs(fabs(percent) - 100) > 0);
}

/* As many decimals as tell a share from none and all; what is nearer than they show is the last bit of a sum. */
static struct form form_percent(double ratio)
{
    enum { DECIMALS = 1, DECIMALS_MOST = 8 };
    const double percent = ratio * 100;
    int decimals = DECIMALS;
    while (decimals <= DECIMALS_MOST && is_rounded_to_none_or_all(percent, decimals)) decimals++;
    return (struct form){ percent, decimals <= DECIMALS_MOST ? decimals : DECIMALS, "%", "e-2" };
}

static int decimals_for(double value) { return value >= 100 ? 0 : value >= 10 ? 1 : 2; }

static struct form form_seconds(double s)
{
    if (s == 0) return (struct form){ 0, 0, " s", "" };
    if (fabs(s) < 0.9995) return (struct form){ s * 1e3, decimals_for(fabs(s * 1e3)), " ms", "e-3" };
    return (struct form){ s, decimals_for(fabs(s)), " s", "" };
}

struct number number_percent(double ratio) { return in_form(form_percent(ratio)); }
struct number number_seconds(double s) { return in_form(form_seconds(s)); }

static int ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), of_end = strlen(end);
    return length > of_end && strcmp(text + length - of_end, end) == 0;
}

/* What a spread of times has: "p99_9", "mean". */
static int is_of_spread(const char *key)
{
    return (key[0] == 'p' && key[1] >= '0' && key[1] <= '9') || strcmp(key, "mean") == 0 || strcmp(key, "min") == 0 ||
        strcmp(key, "max") == 0;
}

/* By its own key, not by the names in it: a group, or a checkpoint, may be called "after_30_s". Of a spread it is the key
 * before the last, and the wait in a group's log ends with the name of the group. */
static int is_time(const char *path)
{
    static const char log_wait[] = ".log_wait_s.";
    const char *last = strrchr(path, '.');

    if (strncmp(path, "order_time.", strlen("order_time.")) == 0 && strstr(path, log_wait)) return 1;
    if (ends_with(path, "_s")) return !ends_with(path, "_per_s");
    return last && last - path > 2 && strncmp(last - 2, "_s", 2) == 0 && is_of_spread(last + 1);
}

static struct form form_of_metric(const char *path, double value)
{
    if (ends_with(path, "_ratio"))
        return form_percent(value);
    if (is_time(path))
        return form_seconds(value);
    if (ends_with(path, "_per_s") && fabs(value) < 1)
        return (struct form){ value, fabs(value) > 0 ? decimals_of_rate(value, 2) : 0, "", "" };
    const int whole = value >= 10 || !(fabs(value - round(value)) > 0);
    return (struct form){ value, whole ? 0 : 2, "", "" };
}

struct number number_of_metric(const char *path, double value) { return in_form(form_of_metric(path, value)); }

struct number number_with_more(const char *path, double value, int more, double *back)
{
    struct form form = form_of_metric(path, value);
    char read[64];

    form.decimals += more;
    snprintf(read, sizeof read, "%.*f%s", form.decimals, form.shown, form.scale);
    *back = strtod(read, NULL);
    return in_form(form);
}

bool number_is_seen(const char *shown)
{
    return strpbrk(shown, "123456789") != NULL;
}
