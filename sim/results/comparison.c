/* SPDX-License-Identifier: GPL-3.0-or-later
 * A prediction over the replications beside what was observed. */
#include "sim/results/observed.h"

#include <math.h>

#include "sim/engine/infer.h"
#include "sim/results/layout.h"

/* Rows of a table are asked for one after another: each may be of a record more or less than at its instant. */
static double count_width(const struct prediction *prediction)
{
    return prediction->table == NONE ? 0 : 2 * sqrt(prediction->n_rows);
}

/* Widens the interval to what one further run may give for a watched value. */
static void stretch(struct comparison *comparison, const struct outcome *outcome, const double *value)
{
    const double mean = infer_mean(value, outcome->n, outcome->confidence).mean;
    double lo, hi;

    infer_prediction(value, outcome->n, outcome->confidence, &lo, &hi);
    const double width = hypot((hi - lo) / 2, count_width(comparison->prediction));
    comparison->lo = fmin(comparison->lo, mean - width); /* fmin(NaN, x) is x */
    comparison->hi = fmax(comparison->hi, mean + width);
}

/* One run may be counted anywhere in the window: from the least that it shows there to the most. Few runs may agree
 * better in these than in the figure at an instant, whose interval is inside all the same. Without a window all are
 * one. These are counts: a whole number is inside when the nearest whole numbers of the ends say so. */
static void find_interval(struct comparison *comparison, const struct outcome *outcome, uint32_t watched)
{
    if (infer_mean(outcome->value[watched + WATCH_LEAST], outcome->n, outcome->confidence).n < 2)
        return;
    for (uint32_t which = 0; which < PREDICTION_VALUES; which++)
        stretch(comparison, outcome, outcome->value[watched + which]);
    comparison->lo = fmax(0, round(comparison->lo));
    comparison->hi = round(comparison->hi);
}

struct comparison comparison_make(const struct outcome *outcome, uint32_t prediction)
{
    const uint32_t watched = layout_watched(outcome->layout, prediction);
    struct comparison result = { .prediction = &outcome->layout->prediction[prediction],
                                 .lo = (double)NAN, .hi = (double)NAN, .explained = EXPLAINED_UNKNOWN };

    result.predicted = infer_mean(outcome->value[watched + WATCH_AT], outcome->n, outcome->confidence).mean;
    result.residual = result.prediction->observed - result.predicted;
    find_interval(&result, outcome, watched);
    if (isfinite(result.lo) && isfinite(result.prediction->observed))
        result.explained = result.prediction->observed >= result.lo && result.prediction->observed <= result.hi
                               ? EXPLAINED_YES : EXPLAINED_NO;
    return result;
}

static const char *const kind_name[] = {
    [PREDICT_PAID] = "paid", [PREDICT_PENDING] = "pending", [PREDICT_FAILED] = "failed",
    [PREDICT_LOG_END] = "log end", [PREDICT_LAG] = "lag", [PREDICT_TOTAL_LAG] = "total lag",
    [PREDICT_LAG_SPREAD] = "spread of the partitions' lags", [PREDICT_TABLE_LOG_END] = "log end",
    [PREDICT_TABLE_LAG] = "total lag", [PREDICT_TREND_TOTAL] = "total lag",
    [PREDICT_TREND_LARGEST] = "largest partition lag", [PREDICT_TREND_ARRIVED] = "arrived",
    [PREDICT_PEAK] = "largest lag of one partition"
};

static const char *label_or(const char *label, const char *otherwise) { return label[0] ? label : otherwise; }

/* Counts by state without a label are called by their instant. */
static void status_name(const struct observed_status *status, const char *what, char *out, size_t size)
{
    if (status->label[0]) snprintf(out, size, "%s: %s", status->label, what);
    else if (isfinite(status->t_s)) snprintf(out, size, "statuses at %g s: %s", status->t_s, what);
    else if (isfinite(status->from_s))
        snprintf(out, size, "statuses between %g and %g s: %s", status->from_s, status->to_s, what);
    else snprintf(out, size, "statuses at the end: %s", what);
}

static void peak_name(const struct observations *observations, const struct prediction *peak, char *out, size_t size)
{
    if (observations->peak_label[0] || peak->partition == NONE)
        snprintf(out, size, "%s", label_or(observations->peak_label, kind_name[PREDICT_PEAK]));
    else snprintf(out, size, "largest lag of partition %u", (unsigned)peak->partition);
}

char *prediction_name(const struct observations *observations, const struct prediction *prediction, char *out,
                      size_t size)
{
    const char *what = kind_name[prediction->kind];
    const struct observed_offset *offset = prediction_row(observations, prediction);

    switch (prediction->kind) {
    case PREDICT_PAID:
    case PREDICT_PENDING:
    case PREDICT_FAILED: status_name(&observations->status[prediction->item], what, out, size); break;
    case PREDICT_LOG_END:
    case PREDICT_LAG:
        snprintf(out, size, "%s, %s, partition %u: %s", offset->group, offset->topic, (unsigned)offset->partition,
                 what);
        break;
    case PREDICT_TOTAL_LAG:
    case PREDICT_LAG_SPREAD: snprintf(out, size, "%s: %s", offset->group, what); break;
    case PREDICT_TABLE_LOG_END:
    case PREDICT_TABLE_LAG:
        snprintf(out, size, "%s, t = %g s: %s",
                 prediction->kind == PREDICT_TABLE_LAG ? offset->group : offset->topic,
                 observations->snapshot[prediction->table].t_s, what);
        break;
    case PREDICT_TREND_TOTAL:
    case PREDICT_TREND_LARGEST:
    case PREDICT_TREND_ARRIVED:
        snprintf(out, size, "%s, t = %g s: %s", label_or(observations->trend_label, "lag over time"),
                 observations->trend[prediction->item].t_s, what);
        break;
    case PREDICT_PEAK: peak_name(observations, prediction, out, size); break;
    }
    return out;
}
