/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/targets.h"

#include <math.h>
#include <string.h>

#include "sim/lab/audit.h"

/* ---- clocks ---- */

void observations_complete(struct observations *observations, struct arena *arena)
{
    struct observed_status *status = arena_array(arena, struct observed_status, observations->n_statuses);
    struct observed_trend *trend = arena_array(arena, struct observed_trend, observations->n_trend);
    struct observed_table *table = arena_array(arena, struct observed_table, observations->n_snapshots);
    if (!isfinite(observations->offsets_sigma_t_s)) observations->offsets_sigma_t_s = AUDIT_TABLE_S;
    for (uint32_t i = 0; i < observations->n_statuses; i++) {
        status[i] = observations->status[i];
        if (isfinite(status[i].from_s) || !isfinite(status[i].t_s)) continue;
        status[i].from_s = status[i].t_s - 2 * AUDIT_CLOCK_S;
        status[i].to_s = status[i].t_s + 2 * AUDIT_CLOCK_S;
    }
    for (uint32_t i = 0; i < observations->n_trend; i++) {
        trend[i] = observations->trend[i];
        if (!isfinite(trend[i].sigma_t_s)) trend[i].sigma_t_s = AUDIT_CLOCK_S;
    }
    for (uint32_t i = 0; i < observations->n_snapshots; i++) {
        table[i] = observations->snapshot[i];
        if (!isfinite(table[i].sigma_t_s)) table[i].sigma_t_s = AUDIT_TABLE_S;
    }
    observations->snapshot = table;
    observations->status = status;
    observations->trend = trend;
}

/* Statuses, then the table of offsets, then the rows of a lag table; a peak has a clock that nobody reads; then the
 * tables before the last. */
static uint32_t clock_of(const struct observations *seen, const struct prediction *prediction)
{
    if (prediction->kind <= PREDICT_FAILED) return prediction->item;
    if (prediction->table != NONE) return seen->n_statuses + seen->n_trend + 2 + prediction->table;
    if (prediction->kind <= PREDICT_LAG_SPREAD) return seen->n_statuses;
    return seen->n_statuses + 1 + (prediction->kind == PREDICT_PEAK ? seen->n_trend : prediction->item);
}

/* ---- what repeats what ---- */

static uint32_t rows_of_group(const struct observations *seen, const char *group)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < seen->n_offsets; i++) n += strcmp(seen->offset[i].group, group) == 0;
    return n;
}

static bool is_offsets_again(const struct layout *layout, const struct prediction *prediction)
{
    const struct observations *seen = layout->study->observations;
    for (uint32_t i = 0; i < layout->n_predictions; i++) {
        const struct prediction *sum = &layout->prediction[i];
        if ((sum->kind == PREDICT_TOTAL_LAG || sum->kind == PREDICT_TABLE_LAG) &&
            sum->at_ns[WATCH_AT] == prediction->at_ns[WATCH_AT] &&
            !(fabs(sum->observed - (double)trend_total(&seen->trend[prediction->item])) > 0))
            return true;
    }
    return false;
}

static bool repeats(const struct layout *layout, const struct prediction *prediction)
{
    const struct observations *seen = layout->study->observations;
    switch (prediction->kind) {
    case PREDICT_PENDING: return seen->status[prediction->item].paid >= 0;
    case PREDICT_LAG: return rows_of_group(seen, seen->offset[prediction->item].group) > 1;
    case PREDICT_TREND_TOTAL: return is_offsets_again(layout, prediction);
    case PREDICT_TREND_LARGEST: return true;
    case PREDICT_PAID:
    case PREDICT_FAILED:
    case PREDICT_LOG_END:
    case PREDICT_TOTAL_LAG:
    case PREDICT_LAG_SPREAD:
    case PREDICT_TABLE_LOG_END:
    case PREDICT_TABLE_LAG:
    case PREDICT_TREND_ARRIVED:
    case PREDICT_PEAK: break;
    }
    return false;
}

static bool peak_is_seen(const struct layout *layout, const struct prediction *peak)
{
    for (uint32_t i = 0; i < layout->n_rows; i++)
        if (prediction_takes(peak, &layout->row[i])) return true;
    return false;
}

static bool is_seen(const struct layout *layout, const struct prediction *prediction)
{
    const bool of_partitions = prediction->kind >= PREDICT_LOG_END && prediction->kind <= PREDICT_TABLE_LAG;
    if (prediction->kind == PREDICT_PEAK) return peak_is_seen(layout, prediction);
    return (!of_partitions || prediction->n_rows > 0) && layout->n_rows > 0;
}

/* ---- the list ---- */

/* How many counts the figure was made of. */
static double counts_behind(const struct observations *seen, const struct prediction *prediction)
{
    switch (prediction->kind) {
    case PREDICT_LAG:
    case PREDICT_PEAK: return 2;
    case PREDICT_LAG_SPREAD: return 4;
    case PREDICT_TOTAL_LAG: return 2 * rows_of_group(seen, seen->offset[prediction->item].group);
    case PREDICT_TABLE_LOG_END: return prediction->n_rows;
    case PREDICT_TABLE_LAG: return 2 * prediction->n_rows;
    case PREDICT_TREND_TOTAL: return 2 * fmax(seen->trend[prediction->item].n, 1);
    case PREDICT_TREND_LARGEST: return 2;
    case PREDICT_PAID:
    case PREDICT_PENDING:
    case PREDICT_FAILED:
    case PREDICT_LOG_END:
    case PREDICT_TREND_ARRIVED: break;
    }
    return 1;
}

static double sd_of(const struct observations *seen, const struct prediction *prediction)
{
    const double said = prediction->kind <= PREDICT_FAILED ? seen->status[prediction->item].sd : 0;
    return fmax(said, TARGET_SD * sqrt(counts_behind(seen, prediction)));
}

static struct target target_of(const struct layout *layout, const struct prediction *prediction, struct arena *arena)
{
    const struct observations *seen = layout->study->observations;
    char name[1024];
    prediction_name(seen, prediction, name, sizeof name);
    return (struct target){ arena_strdup(arena, name), prediction->observed, sd_of(seen, prediction),
                            clock_of(seen, prediction),
                            !is_seen(layout, prediction)  ? TARGET_UNSEEN
                            : repeats(layout, prediction) ? TARGET_REPEATS
                                                          : TARGET_DECIDES, NONE };
}

/* The largest lag of a row is one of those that its total is the sum of. */
static void link_rows(struct targets *targets, const struct layout *layout)
{
    for (uint32_t i = 0; i < targets->n; i++) {
        const struct prediction *part = &layout->prediction[targets->prediction[i]];
        if (part->kind != PREDICT_TREND_LARGEST) continue;
        for (uint32_t w = 0; w < targets->n; w++) {
            const struct prediction *whole = &layout->prediction[targets->prediction[w]];
            if (whole->kind == PREDICT_TREND_TOTAL && whole->item == part->item) targets->target[i].whole = w;
        }
    }
}

static bool hold_out_word(struct targets *targets, const char *word, struct sim_err *err)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < targets->n; i++) {
        if (!strstr(targets->target[i].name, word)) continue;
        targets->target[i].use = targets->target[i].use == TARGET_UNSEEN ? TARGET_UNSEEN : TARGET_HELD_OUT;
        n++;
    }
    return n > 0 || sim_fail(err, SIM_EUSAGE, NULL,
                             "--hold-out: no observation's name holds \"%s\"; one of them is called \"%s\"", word,
                             targets->n > 0 ? targets->target[0].name : "");
}

bool targets_make(struct targets *out, const struct layout *layout, const char *const *hold_out, uint32_t n_hold_out,
                  struct arena *arena, struct sim_err *err)
{
    const struct observations *seen = layout->study->observations;
    double *observed = arena_array(arena, double, layout->n_predictions);
    uint32_t *which = arena_array(arena, uint32_t, layout->n_predictions);
    *out = (struct targets){ .n_clocks = seen->n_statuses + seen->n_trend + 2 + seen->n_snapshots, .observed = observed,
                             .prediction = which };
    out->target = arena_array(arena, struct target, layout->n_predictions);
    for (uint32_t i = 0; i < layout->n_predictions; i++) {
        const struct prediction *prediction = &layout->prediction[i];
        if (!isfinite(prediction->observed)) continue; /* nobody observed it */
        which[out->n] = i;
        observed[out->n] = prediction->observed;
        out->target[out->n++] = target_of(layout, prediction, arena);
    }
    link_rows(out, layout);
    for (uint32_t i = 0; i < n_hold_out; i++)
        if (!hold_out_word(out, hold_out[i], err)) return false;
    return true;
}
