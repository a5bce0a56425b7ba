/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/candidate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- prices ---- */

bool price_parse(struct price *out, const char *text, struct arena *arena, struct sim_err *err)
{
    char *pointer = arena_strdup(arena, text), *equals = strrchr(pointer, '='), *end;
    if (!equals || equals == pointer)
        return sim_fail(err, SIM_EUSAGE, NULL, "--cost: \"%s\" is not of the form PTR=NUMBER, as in "
                                               "stock-service-group.consumers=1", text);
    *equals = '\0';
    out->pointer = pointer;
    out->each = strtod(equals + 1, &end);
    if (!strchr("0123456789.", equals[1]) || !equals[1] || *end || !isfinite(out->each))
        return sim_fail(err, SIM_EUSAGE, NULL, "--cost: \"%s\" is not a number from 0", equals + 1);
    return true;
}

/* Consumers, or what brings them: instances and pods of a process, consumers that a fault adds. */
static bool counts_consumers(const char *at)
{
    static const struct { const char *section, *key; } count[] = {
        { "/groups/", "/consumers" },          { "/processes/", "/instances" },        { "/faults/", "/to" },
        { "/scalers/", "/min_replica_count" }, { "/scalers/", "/max_replica_count" },
    };
    const char *key = strrchr(at, '/');
    for (size_t i = 0; key && i < sizeof count / sizeof count[0]; i++)
        if (strncmp(at, count[i].section, strlen(count[i].section)) == 0 && strcmp(key, count[i].key) == 0) return true;
    return false;
}

static struct axis *axis_priced(struct axis *axis, uint32_t n, const struct price *price)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(axis[i].at, price->pointer) == 0 || strcmp(axis[i].variation.pointer, price->pointer) == 0)
            return &axis[i];
    return NULL;
}

bool axes_make(struct axis *axis, const struct variation *variation, const char *const *at, uint32_t n,
               const struct price *price, uint32_t n_prices, struct sim_err *err)
{
    for (uint32_t i = 0; i < n; i++) axis[i] = (struct axis){ variation[i], at[i], counts_consumers(at[i]) };
    for (uint32_t p = 0; p < n_prices; p++) {
        struct axis *priced = axis_priced(axis, n, &price[p]);
        if (!priced)
            return sim_fail(err, SIM_EUSAGE, NULL, "--cost: %s is not varied; a cost is of a place that --vary names",
                            price[p].pointer);
        priced->each = price[p].each;
    }
    return true;
}

bool axes_cost_nothing(const struct axis *axis, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (axis[i].each > 0) return false;
    return true;
}

/* ---- candidates ---- */

static bool cost_of(const struct axis *axis, uint32_t n_axes, const char *const *value, double *cost,
                    struct sim_err *err)
{
    *cost = 0;
    for (uint32_t i = 0; i < n_axes; i++) {
        struct quantity quantity;
        if (!(axis[i].each > 0)) continue;
        if (!quantity_parse(value[i], &quantity))
            return sim_fail(err, SIM_EUSAGE, NULL,
                            "%s is varied over %s, which is not a number: say what it costs with "
                            "--cost of other places, or vary numbers",
                            axis[i].variation.pointer, value[i]);
        *cost += axis[i].each * (quantity.is_duration ? quantity.value / SIM_S : quantity.value);
    }
    return true;
}

static int by_cost(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->cost < y->cost || x->cost > y->cost) return x->cost < y->cost ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

struct candidate *candidates_make(const struct axis *axis, uint32_t n_axes, const struct point *point, uint32_t n,
                                  struct arena *arena, struct sim_err *err)
{
    struct candidate *candidate = arena_array(arena, struct candidate, n);
    for (uint32_t c = 0; c < n; c++) {
        const char **value = arena_array(arena, const char *, n_axes);
        for (uint32_t i = 0; i < n_axes; i++) value[i] = point[c].edit[point[c].n_edits - n_axes + i].value;
        candidate[c] = (struct candidate){ .point = point[c], .value = value, .order = c, .best = NONE, .worst = NONE };
        if (!cost_of(axis, n_axes, value, &candidate[c].cost, err)) return NULL;
    }
    qsort(candidate, n, sizeof *candidate, by_cost);
    return candidate;
}
