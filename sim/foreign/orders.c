/* SPDX-License-Identifier: GPL-3.0-or-later
 * t = 0 is the first order's creation. Rates are means over bins of whole seconds, at most BINS of them; the service
 * time of whoever holds orders back is taken from bins that begin and end with orders waiting: nothing was idle then.
 *
 * An order that is not paid need not wait. Two things say that it does not: a column of states, and that others passed
 * it. Whoever works on orders in their order has passed it when an order that was created later is paid; where that is
 * longer ago than any but the odd paid order was passed for, nobody works on it any more. */
#include "sim/foreign/orders.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/kafka/murmur2.h"
#include "sim/foreign/csv_table.h"
#include "sim/foreign/instant.h"

enum { BINS = 60, WAITING = 50, STATUSES = 8 };
#define PASSED_SHARE  0.99 /* of the paid orders were passed for less; */
#define PASSED_TIMES  2.0  /* an order that was passed for so many times as long does not wait, */
#define PASSED_LEAST_S 1.0 /* nor is one judged by less than clocks tell */

struct order {
    double created_s, paid_s; /* paid_s NaN: not paid */
    bool has_ended;           /* not paid, and its state says that it will not be */
};

struct reading_orders {
    struct source *source;
    const struct orders_options *options;
    struct table table;
    uint32_t id, created, paid, status, n, n_paid, n_failed; /* status n_columns: there is none */
    struct order *order; /* by creation */
    double *paid_s;      /* of the paid, ascending */
    double *failed_s;    /* of those that neither are paid nor wait: when they are taken to have ended, ascending */
    bool zoneless;
};

static double zone_s(const char *zone)
{
    const char *digits = zone ? zone + (*zone == '+' || *zone == '-') : "";
    const double hours = strtod(digits, NULL), minutes = strlen(digits) == 5 ? strtod(digits + 3, NULL) : 0;
    return (zone && *zone == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

/* A text with a date, or a number. */
static bool time_of(struct reading_orders *r, const char *text, double *seconds)
{
    const char *unit = r->options->unit;
    struct instant instant;
    if (table_number(text, seconds)) {
        if (unit)
            *seconds *= strcmp(unit, "ms") == 0   ? 1e-3
                        : strcmp(unit, "us") == 0 ? 1e-6
                        : strcmp(unit, "ns") == 0 ? 1e-9
                                                  : 1;
        else if (*seconds < 1e8) return false; /* 1973 */
        else *seconds = instant_of_number(*seconds);
        return fabs(*seconds) < (unit ? 1e13 : 1e11);
    }
    if (!instant_read(text, strlen(text), &instant) || instant.kind != INSTANT_DATE) return false;
    *seconds = instant.s;
    if (instant.has_zone) return true;
    r->zoneless = true;
    *seconds -= zone_s(r->options->time_zone);
    return true;
}

static bool need(struct reading_orders *r, const char *role, const char *fallback, uint32_t *column)
{
    const char *name = role_name(r->options->n_roles, r->options->role, role);
    return table_need_column(&r->table, name ? name : fallback, column);
}

static int by_creation(const void *a, const void *b)
{
    const struct order *x = a, *y = b;
    return (x->created_s > y->created_s) - (x->created_s < y->created_s);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool is_none(const char *text)
{
    return *text == '\0' || strcmp(text, "NULL") == 0 || strcmp(text, "null") == 0 || strcmp(text, "\\N") == 0;
}

/* Whether a state says that the order will not be paid, in the words of shops. */
static bool is_end(const char *status)
{
    static const char *const word[] = { "FAIL",  "CANCEL", "REJECT", "DECLIN", "EXPIR", "ABORT", "TIMEOUT", "TIMED",
                                        "ERROR", "VOID",   "실패",   "취소",   "거절",  "만료" };
    char upper[64];
    size_t n = 0;
    for (; status[n] != '\0' && n + 1 < sizeof upper; n++) upper[n] = (char)toupper((unsigned char)status[n]);
    upper[n] = '\0';
    for (size_t i = 0; i < sizeof word / sizeof *word; i++)
        if (strstr(upper, word[i])) return true;
    return false;
}

static bool find_status(struct reading_orders *r)
{
    const char *name = role_name(r->options->n_roles, r->options->role, "status");
    r->status = table_column(&r->table, name ? name : "status");
    return r->status < r->table.n_columns || !name || table_need_column(&r->table, name, &r->status);
}

static bool read_rows(struct reading_orders *r)
{
    static const char what[] = "no instant: ISO 8601, a MySQL datetime, or seconds, milli-, micro- or nanoseconds "
                               "since 1970 (other numbers: --unit)";
    r->order = arena_array(r->source->arena, struct order, r->table.n_rows);
    for (uint32_t i = 0; i < r->table.n_rows; i++) {
        struct order *order = &r->order[r->n++];
        const char *paid = table_cell(&r->table, i, r->paid);
        order->paid_s = (double)NAN;
        if (!time_of(r, table_cell(&r->table, i, r->created), &order->created_s))
            return table_finding(&r->table, i, r->created, what);
        order->has_ended =
            is_none(paid) && r->status < r->table.n_columns && is_end(table_cell(&r->table, i, r->status));
        if (is_none(paid)) continue;
        if (!time_of(r, paid, &order->paid_s)) return table_finding(&r->table, i, r->paid, what);
        if (order->paid_s < order->created_s)
            return table_finding(&r->table, i, r->paid,
                                 "before the order was created; are both of one clock and zone?");
    }
    return true;
}

static void place_in_time(struct reading_orders *r)
{
    qsort(r->order, r->n, sizeof *r->order, by_creation);
    const double zero = r->order[0].created_s;
    r->paid_s = arena_array(r->source->arena, double, r->n);
    for (uint32_t i = 0; i < r->n; i++) {
        r->order[i].created_s -= zero;
        r->order[i].paid_s -= zero;
        if (isfinite(r->order[i].paid_s)) r->paid_s[r->n_paid++] = r->order[i].paid_s;
    }
    qsort(r->paid_s, r->n_paid, sizeof *r->paid_s, by_value);
}

/* ---- who waits ---- */

/* When each order was passed: the first payment of one that was created later. Infinite: never. */
static double *passed_at(const struct reading_orders *r)
{
    double *passed_s = arena_array(r->source->arena, double, r->n), first = INFINITY;
    for (uint32_t i = r->n; i-- > 0;) {
        passed_s[i] = first;
        if (r->order[i].paid_s < first) first = r->order[i].paid_s;
    }
    return passed_s;
}

/* For how long an order may have been passed and still wait, by those that were paid in the end. */
static double passed_most_s(const struct reading_orders *r, const double *passed_s)
{
    double *for_s = arena_array(r->source->arena, double, r->n_paid);
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->n; i++)
        if (isfinite(r->order[i].paid_s)) for_s[n++] = fmax(r->order[i].paid_s - passed_s[i], 0);
    qsort(for_s, n, sizeof *for_s, by_value);
    return fmax(PASSED_TIMES * for_s[(uint32_t)(PASSED_SHARE * (n - 1) + 0.5)], PASSED_LEAST_S);
}

static void say_failed(const struct reading_orders *r, uint32_t n_ended, uint32_t n_passed, double most_s)
{
    const bool has_states = r->status < r->table.n_columns;
    if (n_ended > 0)
        source_remark(r->source,
                      "%u orders that were not paid have ended, by the column %s: they do not wait. When they ended is "
                      "assumed: when an order that was created later was paid first",
                      n_ended, r->table.column[r->status]);
    if (n_passed > 0)
        source_remark(r->source,
                      "%u orders without a payment %sare taken to have failed, and not to wait: orders that were "
                      "created later were paid more than %.3g s before the last payment (99 of 100 paid orders were "
                      "passed for less than half of that)%s",
                      n_passed, has_states ? "whose state is no end " : "", most_s,
                      has_states ? "" : "; a column of states (--column status=NAME) would say what became of them");
}

/* Of those that were not paid, who has failed, and when. */
static void find_failed(struct reading_orders *r)
{
    uint32_t n_ended = 0, n_passed = 0;
    r->failed_s = arena_array(r->source->arena, double, r->n);
    const double *passed_s = passed_at(r), last_s = r->n_paid > 0 ? r->paid_s[r->n_paid - 1] : 0;
    const double most_s = r->n_paid > 0 ? passed_most_s(r, passed_s) : (double)INFINITY;
    for (uint32_t i = 0; i < r->n; i++) {
        const struct order *order = &r->order[i];
        if (isfinite(order->paid_s)) continue;
        const bool is_passed = last_s - passed_s[i] > most_s;
        if (!order->has_ended && !is_passed) continue;
        r->failed_s[r->n_failed++] = isfinite(passed_s[i]) ? passed_s[i] : order->created_s; /* never in the line */
        n_ended += order->has_ended;
        n_passed += !order->has_ended;
    }
    qsort(r->failed_s, r->n_failed, sizeof *r->failed_s, by_value);
    say_failed(r, n_ended, n_passed, most_s);
}

/* ---- counts ---- */

static uint32_t created_by(const struct reading_orders *r, double t_s)
{
    uint32_t low = 0, high = r->n;
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        if (r->order[middle].created_s <= t_s) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* How many of n ascending instants are not after t_s. */
static uint32_t count_by(const double *at_s, uint32_t n, double t_s)
{
    uint32_t low = 0, high = n;
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        if (at_s[middle] <= t_s) low = middle + 1;
        else high = middle;
    }
    return low;
}

static uint32_t paid_by(const struct reading_orders *r, double t_s) { return count_by(r->paid_s, r->n_paid, t_s); }
static uint32_t failed_by(const struct reading_orders *r, double t_s)
{
    return count_by(r->failed_s, r->n_failed, t_s);
}

static uint32_t waiting_at(const struct reading_orders *r, double t_s)
{
    return created_by(r, t_s) - paid_by(r, t_s) - failed_by(r, t_s);
}

/* Bins are open below and closed above, but for the first: an order at t = 0 belongs to it. */
static uint32_t created_in(const struct reading_orders *r, double from_s, double to_s)
{
    return created_by(r, to_s) - (from_s > 0 ? created_by(r, from_s) : 0);
}

static uint32_t paid_in(const struct reading_orders *r, double from_s, double to_s)
{
    return paid_by(r, to_s) - (from_s > 0 ? paid_by(r, from_s) : 0);
}

static uint32_t failed_in(const struct reading_orders *r, double from_s, double to_s)
{
    return failed_by(r, to_s) - (from_s > 0 ? failed_by(r, from_s) : 0);
}

static double round3(double x) { return round(x * 1e3) / 1e3; }

/* Rates as k6 ramps them: a jump, then level. */
static void add_load(const struct reading_orders *r, cJSON *out)
{
    const double last_s = r->order[r->n - 1].created_s, bin_s = fmax(1, ceil((last_s + 1e-3) / BINS));
    const uint32_t bins = (uint32_t)ceil((last_s + 1e-3) / bin_s);
    cJSON *load = cJSON_AddObjectToObject(out, "load");
    cJSON_AddNumberToObject(load, "orders_created", r->n);
    cJSON_AddNumberToObject(load, "start_rate_per_s", created_in(r, 0, bin_s) / bin_s);
    cJSON *stages = cJSON_AddArrayToObject(load, "stages");
    for (uint32_t b = 0; b < bins; b++) {
        const double rate = created_in(r, b * bin_s, (b + 1) * bin_s) / bin_s;
        for (int level = b == 0; level < 2; level++) {
            cJSON *stage = cJSON_CreateObject();
            cJSON_AddNumberToObject(stage, "target_per_s", rate);
            cJSON_AddNumberToObject(stage, "duration_s", level ? bin_s : 0);
            cJSON_AddItemToArray(stages, stage);
        }
    }
}

static void add_statuses(const struct reading_orders *r, cJSON *out)
{
    cJSON *statuses = cJSON_AddArrayToObject(out, "statuses");
    const double load_end_s = r->order[r->n - 1].created_s,
                 end_s = r->n_paid > 0 ? fmax(r->paid_s[r->n_paid - 1], load_end_s) : load_end_s;
    for (uint32_t i = 1; i <= STATUSES; i++) {
        const double t_s = floor(end_s * i / STATUSES);
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "label", i == STATUSES ? "orders table, last payment" : "orders table");
        cJSON_AddNumberToObject(one, "t_s", t_s);
        cJSON_AddNumberToObject(one, "paid", paid_by(r, t_s));
        cJSON_AddNumberToObject(one, "pending", waiting_at(r, t_s));
        if (r->n_failed > 0) cJSON_AddNumberToObject(one, "failed", failed_by(r, t_s));
        cJSON_AddItemToArray(statuses, one);
    }
}

static void add_completion(const struct reading_orders *r, cJSON *out)
{
    static const double p[] = { 0.5, 0.95, 0.99, 1 };
    static const char *const name[] = { "p50", "p95", "p99", "max" };
    double *took = arena_array(r->source->arena, double, r->n), sum = 0;
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->n; i++)
        if (isfinite(r->order[i].paid_s)) sum += took[n++] = r->order[i].paid_s - r->order[i].created_s;
    if (n == 0) return;
    qsort(took, n, sizeof *took, by_value);
    cJSON *times = cJSON_AddObjectToObject(out, "completion_s");
    cJSON_AddNumberToObject(times, "mean", round3(sum / n));
    for (uint32_t i = 0; i < 4; i++)
        cJSON_AddNumberToObject(times, name[i], round3(took[(uint32_t)(p[i] * (n - 1) + 0.5)]));
}

/* Time an order where some waited all along, by bin; and how it changes when the load is gone. A table that was taken
 * while orders waited ends within a bin: nobody knows of payments after its last one. */
static void add_throughput(struct reading_orders *r, cJSON *out)
{
    if (r->n_paid == 0) return;
    const double end_s = r->paid_s[r->n_paid - 1], load_end_s = r->order[r->n - 1].created_s;
    const double bin_s = fmax(1, ceil((end_s + 1e-3) / BINS));
    double seconds[2] = { 0 }, done[2] = { 0 };
    cJSON *list = cJSON_AddArrayToObject(out, "throughput");
    for (double from = 0; from < end_s; from += bin_s) {
        const double to = from + bin_s, known_s = fmin(to, end_s) - from;
        const uint32_t paid = paid_in(r, from, to), ended = paid + failed_in(r, from, to);
        const bool behind = waiting_at(r, from) >= WAITING && waiting_at(r, to) >= WAITING && paid > 0;
        cJSON *one = cJSON_CreateObject();
        cJSON_AddNumberToObject(one, "from_s", from);
        cJSON_AddNumberToObject(one, "to_s", to);
        cJSON_AddNumberToObject(one, "created", created_in(r, from, to));
        cJSON_AddNumberToObject(one, "paid", paid);
        if (r->n_failed > 0) cJSON_AddNumberToObject(one, "failed", ended - paid);
        if (behind) cJSON_AddNumberToObject(one, "order_s", round(known_s / ended * 1e6) / 1e6);
        cJSON_AddItemToArray(list, one);
        if (behind) seconds[from >= load_end_s] += known_s, done[from >= load_end_s] += ended;
    }
    if (done[0] > 0)
        source_remark(r->source,
                      "while orders came and at least %d waited, one was paid%s every %.2f ms (from %.0f orders)",
                      WAITING, r->n_failed > 0 ? ", or failed," : "", seconds[0] / done[0] * 1e3, done[0]);
    if (done[0] > 0 && done[1] > 0)
        source_remark(r->source,
                      "after the last order, every %.2f ms (from %.0f): %+.1f %%, the drift of service time with load",
                      seconds[1] / done[1] * 1e3, done[1], (seconds[1] / done[1] / (seconds[0] / done[0]) - 1) * 100);
}

struct id {
    const char *text;
    uint32_t row;
};

static int by_text(const void *a, const void *b)
{
    const struct id *x = a, *y = b;
    const int order = strcmp(x->text, y->text);
    return order != 0 ? order : (x->row > y->row) - (x->row < y->row);
}

/* A table of order lines, or of a join, would count an order as often as it stands there. */
static bool ids_differ(struct reading_orders *r)
{
    const uint32_t n = r->table.n_rows;
    struct id *id = arena_array(r->source->arena, struct id, n);
    for (uint32_t i = 0; i < n; i++) id[i] = (struct id){ table_cell(&r->table, i, r->id), i };
    qsort(id, n, sizeof *id, by_text);
    for (uint32_t i = 1; i < n; i++)
        if (strcmp(id[i - 1].text, id[i].text) == 0)
            return table_finding(&r->table, id[i].row, r->id, "there a second time; a row is an order");
    return true;
}

static bool add_ids(struct reading_orders *r, cJSON *out)
{
    const uint32_t partitions = r->options->partitions > 0 ? r->options->partitions : 3;
    uint32_t *count = arena_array(r->source->arena, uint32_t, partitions);
    double first = INFINITY, last = -INFINITY;
    bool numbers = true;
    for (uint32_t i = 0; i < r->table.n_rows; i++) {
        const char *id = table_cell(&r->table, i, r->id);
        const double value = strtod(id, NULL);
        numbers = numbers && *id != '\0' && strlen(id) < 16 && strspn(id, "0123456789") == strlen(id);
        if (*id == '\0') return table_finding(&r->table, i, r->id, "no id");
        count[murmur2_partition(id, strlen(id), partitions)]++;
        first = fmin(first, value);
        last = fmax(last, value);
    }
    if (!ids_differ(r)) return false;
    cJSON *orders = cJSON_AddObjectToObject(out, "orders"), *list;
    if (numbers) cJSON_AddNumberToObject(orders, "first_id", first);
    if (numbers) cJSON_AddNumberToObject(orders, "last_id", last);
    list = cJSON_AddArrayToObject(orders, "by_partition");
    for (uint32_t p = 0; p < partitions; p++) cJSON_AddItemToArray(list, cJSON_CreateNumber(count[p]));
    source_remark(r->source, "orders by partition: the murmur2 of the id as text, over %u partitions%s", partitions,
                  r->options->partitions > 0 ? "" : " (assumed; --partitions)");
    return true;
}

cJSON *orders_read(struct source *source, const struct orders_options *options)
{
    struct reading_orders r = { .source = source, .options = options };
    if (!table_read(&r.table, source) || !need(&r, "id", "id", &r.id) ||
        !need(&r, "created", "created_at", &r.created) || !need(&r, "paid", "paid_at", &r.paid) ||
        !find_status(&r) || !read_rows(&r))
        return NULL;
    place_in_time(&r);
    if (!(r.order[r.n - 1].created_s > 0))
        return source_finding(source, 0, "", "all orders are of one instant: there is no rate"), NULL;
    find_failed(&r);
    cJSON *out = cJSON_CreateObject();
    cJSON_AddStringToObject(out, "schema", "sim-observations/1");
    cJSON_AddStringToObject(out, "source", arena_printf(source->arena, "orders table %s", source->file));
    add_load(&r, out);
    add_statuses(&r, out);
    add_completion(&r, out);
    add_throughput(&r, out);
    if (r.zoneless && !options->time_zone)
        source_remark(source, "times without a zone are taken as they stand; --time-zone +09:00 says which they are");
    if (add_ids(&r, out)) return out;
    cJSON_Delete(out);
    return NULL;
}
