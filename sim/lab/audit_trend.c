/* SPDX-License-Identifier: GPL-3.0-or-later
 * Laws of a lag table over time: its totals, its clock, the peak that it marks and the one that is stated beside it;
 * that a lag rises only with arrivals, wherever the load's start may be; and that its rows go with what was counted,
 * at the pace and from the start that the counts have. */
#include <math.h>
#include <string.h>

#include "sim/lab/auditor.h"
#include "sim/results/number.h"
#include "sim/results/observed.h"

enum { STARTS_TRIED = 31, ASKED_AT = 8 /* instants looked at within the time of a batch */ };
#define DRIFT 0.03 /* of what is done: a service time need not be the same all along */

static double row_lag(const struct auditor *auditor, uint32_t i)
{
    return (double)trend_total(&auditor->seen->trend[i]);
}

static void figure_of_row(struct auditor *auditor, struct figure_list *figures, uint32_t i)
{
    figure(auditor, figures, "/lag_trend/rows/%u/total = %s", i, number_json(row_lag(auditor, i)).s);
}

/* Most that can arrive between two readings, over all starts there can be, and with clocks as far apart as they can
 * be. */
static double most_arrivals(const struct auditor *auditor, double from_s, double to_s)
{
    const double slack_s = AUDIT_SIGMAS * AUDIT_TABLE_S;
    double most = 0;
    if (!auditor->curve) return INFINITY;
    for (int i = 0; i < STARTS_TRIED; i++) {
        const double start_s =
            auditor->start_least_s + (auditor->start_most_s - auditor->start_least_s) * i / (STARTS_TRIED - 1.0);
        most = fmax(most, load_curve_arrived(auditor->curve, to_s + slack_s - start_s) -
                              load_curve_arrived(auditor->curve, from_s - slack_s - start_s));
    }
    return most;
}

/* ---- the table itself ---- */

static void judge_totals(struct auditor *auditor)
{
    for (uint32_t i = 0; i < auditor->seen->n_trend; i++) {
        const struct observed_trend *row = &auditor->seen->trend[i];
        struct figure_list figures = { 0 };
        int64_t sum = 0;
        for (uint32_t k = 0; k < row->n; k++) sum += row->lag[k];
        if (row->n == 0 || row->total < 0 || sum == row->total) continue;
        figure_of_row(auditor, &figures, i);
        for (uint32_t k = 0; k < row->n; k++)
            figure(auditor, &figures, "/lag_trend/rows/%u/lag/%u = %lld", i, k, (long long)row->lag[k]);
        audit_broken(auditor, LAW_TOTALS, &figures,
                     audit_say(auditor, "at %g s the partitions sum to %s, not %s.",
                               "%g초의 Partition 합계는 %s이며 %s이 아님.", row->t_s, number_count((double)sum).s,
                               number_count((double)row->total).s),
                     fabs((double)(sum - row->total)), "records", (double)NAN);
    }
}

static void judge_row_clocks(struct auditor *auditor)
{
    for (uint32_t i = 0; i < auditor->seen->n_trend; i++) {
        const struct observed_trend *row = &auditor->seen->trend[i];
        struct figure_list figures = { 0 };
        figure(auditor, &figures, "/lag_trend/rows/%u/t_s = %g", i, row->t_s);
        if (fabs(row->clock_t_s - row->t_s) > 1) {
            figure(auditor, &figures, "/lag_trend/rows/%u/clock", i);
            audit_broken(auditor, LAW_CLOCKS, &figures,
                         audit_say(auditor, "its clock is %g s after the start, not %g s.",
                                   "시각은 시작 %g초 후이며 %g초가 아님.", row->clock_t_s, row->t_s),
                         fabs(row->clock_t_s - row->t_s), "s", (double)NAN);
        }
        if (i == 0 || row->t_s > row[-1].t_s) continue;
        figure(auditor, &figures, "/lag_trend/rows/%u/t_s = %g", i - 1, row[-1].t_s);
        audit_broken(auditor, LAW_CLOCKS, &figures,
                     audit_say(auditor, "the rows are not in the order of their instants.", "행이 시간 순서가 아님."),
                     row[-1].t_s - row->t_s, "s", (double)NAN);
    }
}

static void judge_marked_peak(struct auditor *auditor)
{
    const struct observations *seen = auditor->seen;
    for (uint32_t i = 0; i < seen->n_trend; i++)
        for (uint32_t k = 0; k < seen->n_trend && seen->trend[i].marked_as_peak; k++) {
            struct figure_list figures = { 0 };
            if (row_lag(auditor, k) <= row_lag(auditor, i)) continue;
            figure_of_row(auditor, &figures, i);
            figure_of_row(auditor, &figures, k);
            audit_broken(auditor, LAW_PEAK, &figures,
                         audit_say(auditor, "the peak is marked at %s, but at %g s the lag is %s.",
                                   "피크로 표시된 값은 %s건이지만 %g초의 Lag은 %s건.",
                                   number_count(row_lag(auditor, i)).s, seen->trend[k].t_s,
                                   number_count(row_lag(auditor, k)).s),
                         row_lag(auditor, k) - row_lag(auditor, i), "records", (double)NAN);
        }
}

/* ---- arrivals ---- */

static void judge_rises(struct auditor *auditor)
{
    const struct observations *seen = auditor->seen;
    for (uint32_t i = 0; i < seen->n_trend; i++) {
        const double before = i > 0 ? row_lag(auditor, i - 1) : 0, from_s = i > 0 ? seen->trend[i - 1].t_s : -1e9;
        const double rise = row_lag(auditor, i) - before;
        const double arrivals = most_arrivals(auditor, from_s, seen->trend[i].t_s);
        struct figure_list figures = { 0 };
        if (!(rise > arrivals)) continue;
        if (i > 0) figure_of_row(auditor, &figures, i - 1);
        figure_of_row(auditor, &figures, i);
        const char *text =
            audit_say(auditor,
                      "by %g s the lag has risen by %s, but at most %s orders had arrived since the row before, "
                      "wherever the load "
                      "began between %s and %s s: a committed lag rises only with arrivals.",
                      "%g초까지 Lag이 %s건 늘었지만 직전 행 이후 유입은 최대 %s건 (부하 시작이 %s ~ %s초 중 어디라도): "
                      "커밋된 Lag은 유입이 "
                      "있어야만 늘어남.",
                      seen->trend[i].t_s, number_count(rise).s, number_count(arrivals).s,
                      number_fixed(auditor->start_least_s, 0).s, number_fixed(auditor->start_most_s, 0).s);
        audit_broken(auditor, LAW_RISE, &figures, text, rise - arrivals, "records", (double)NAN);
    }
}

/* ---- the counts ---- */

static double backlog_at(const struct auditor *auditor, double t_s, double start_s, double pace)
{
    const double at_s = t_s - start_s;
    return load_curve_arrived(auditor->curve, at_s) - load_curve_done(auditor->curve, pace, at_s);
}

/* How far the backlog is off when an instant, the start or the pace is: to the worse side, since it stops at 0. */
static double backlog_spread(const struct auditor *auditor, double t_s, double by_t_s, double by_start_s,
                             double by_pace)
{
    const double start_s = auditor->out->start_s, pace = auditor->out->pace_per_s;
    const double lag = backlog_at(auditor, t_s, start_s, pace);
    const double above = backlog_at(auditor, t_s + by_t_s, start_s + by_start_s, pace + by_pace) - lag;
    const double below = backlog_at(auditor, t_s - by_t_s, start_s - by_start_s, fmax(pace - by_pace, 0)) - lag;
    return fmax(fabs(above), fabs(below));
}

/* The consumers that the table over time is of: those of the group that is behind, else the most that a group has. One
 * without a partition has nothing in hand. */
static double consumers_of_trend(const struct auditor *auditor)
{
    const struct observations *seen = auditor->seen;
    uint32_t n = auditor->behind ? group_view(auditor, auditor->behind).consumers : 0;
    for (uint32_t i = 0; i < seen->n_groups && !auditor->behind; i++)
        if (seen->group[i].consumers > n) n = seen->group[i].consumers;
    if (seen->trend[0].n > 0 && n > seen->trend[0].n) n = seen->trend[0].n;
    return n > 0 ? n : 1;
}

/* Most that is done at t and not committed: a batch for each consumer, of what waited at some instant since it can have
 * been asked for. So the last batches are in hand when nothing waits any more. */
static double most_in_hand(const struct auditor *auditor, double t_s)
{
    const double start_s = auditor->out->start_s, pace = auditor->out->pace_per_s;
    const double batches = AUDIT_BATCH * consumers_of_trend(auditor), batch_s = batches / pace;
    double waited = 0;
    for (int i = 0; i <= ASKED_AT; i++)
        waited = fmax(waited, backlog_at(auditor, t_s - batch_s * i / ASKED_AT, start_s, pace));
    return fmin(batches, waited);
}

/* What must have waited at t by the counts, and how well that is known. */
static double expected_lag(const struct auditor *auditor, double t_s, double *sd)
{
    const struct audit *known = auditor->out;
    const double in_hand = most_in_hand(auditor, t_s) / 2;
    const double by_start = backlog_spread(auditor, t_s, 0, known->start_sd_s, 0);
    const double by_pace = backlog_spread(auditor, t_s, 0, 0, known->pace_sd_per_s);
    const double by_clock = backlog_spread(auditor, t_s, AUDIT_TABLE_S, 0, 0);
    const double by_drift = backlog_spread(auditor, t_s, 0, 0, known->pace_per_s * DRIFT);
    *sd = sqrt(by_start * by_start + by_pace * by_pace + by_clock * by_clock + by_drift * by_drift +
               in_hand * in_hand / 3 + 20 * 20);
    return backlog_at(auditor, t_s, known->start_s, known->pace_per_s) + in_hand;
}

static void judge_with_counts(struct auditor *auditor)
{
    const struct observations *seen = auditor->seen;
    const struct audit *known = auditor->out;
    struct figure_list figures = { 0 };
    double worst = 0, off = 0, wanted = 0;
    uint32_t at = 0, n_off = 0;
    if (!(known->pace_per_s > 0) || seen->n_trend == 0) return;
    for (uint32_t i = 0; i < seen->n_trend; i++) {
        double sd;
        const double lag = expected_lag(auditor, seen->trend[i].t_s, &sd), residual = row_lag(auditor, i) - lag;
        if (row_lag(auditor, i) < 0) return;
        if (fabs(residual) <= AUDIT_SIGMAS * sd) continue;
        n_off++;
        figure_of_row(auditor, &figures, i);
        if (fabs(residual) > off) worst = fabs(residual) / sd, off = fabs(residual), wanted = lag, at = i;
    }
    if (n_off == 0)
        return audit_holds(auditor, LAW_PACE, &figures,
                           audit_say(auditor, "the lag table over time goes with the counts, at %s/s",
                                     "Lag 추이 표는 집계와 일치 (초당 %s건)", number_rate(known->pace_per_s).s));
    if (auditor->behind)
        figure(auditor, &figures, "/offsets (%s, lag %s)", auditor->behind, number_count(auditor->behind_lag).s);
    const char *text = audit_say(
        auditor,
        "offsets and counts by state want %s +- %s records/s and a load that began at %s +- %s s. At %g s %s must then "
        "have waited; the lag table over time says %s. %u of its %u rows are off like that.",
        "Offset 표와 주문 상태 집계에 따르면 초당 %s +- %s건, 부하 시작은 %s +- %s초. 그렇다면 %g초의 대기는 "
        "%s건이어야 하는데 "
        "Lag 추이 표는 %s건. %u개 행이 이렇게 어긋남 (전체 %u개).",
        number_rate(known->pace_per_s).s, number_fixed(known->pace_sd_per_s, 1).s,
        number_fixed(known->start_s, 0).s, number_fixed(known->start_sd_s, 0).s, seen->trend[at].t_s,
        number_count(wanted).s, number_count(row_lag(auditor, at)).s, n_off, seen->n_trend);
    audit_broken(auditor, LAW_PACE, &figures, text, off, "records", worst);
}

void law_trend(struct auditor *auditor)
{
    judge_totals(auditor);
    judge_row_clocks(auditor);
    judge_marked_peak(auditor);
    judge_rises(auditor);
    judge_with_counts(auditor);
}

/* ---- the stated peak ---- */

/* The lag of the partition that the peak is of, or of the fullest one. */
static double lag_of(const struct observed_trend *row, uint32_t partition)
{
    double most = 0;
    for (uint32_t k = 0; k < row->n; k++)
        if (partition == k || partition >= row->n) most = fmax(most, (double)row->lag[k]);
    return most;
}

/* The greatest entry of the table, and what the lag may have been between two entries at most. */
struct table_peak {
    double entry, possible;
    uint32_t at;
};

static struct table_peak peak_of_table(const struct auditor *auditor)
{
    const struct observations *seen = auditor->seen;
    const uint32_t partition = seen->peak_partition;
    struct table_peak peak = { 0 };
    double before = 0, before_s = -1e9;
    for (uint32_t i = 0; i <= seen->n_trend; i++) {
        const bool last = i == seen->n_trend;
        const double arrivals = most_arrivals(auditor, before_s, last ? 1e9 : seen->trend[i].t_s);
        const double share = seen->trend[0].n > 0 ? 1.0 / seen->trend[0].n : 1;
        peak.possible = fmax(peak.possible, before + arrivals * share + AUDIT_SIGMAS * sqrt(arrivals * share));
        if (last) break;
        before = lag_of(&seen->trend[i], partition);
        before_s = seen->trend[i].t_s;
        if (before > peak.entry) peak.entry = before, peak.at = i;
    }
    return peak;
}

static void judge_peak_of_table(struct auditor *auditor)
{
    const struct observations *seen = auditor->seen;
    struct figure_list figures = { 0 };
    if (seen->n_trend == 0 || seen->trend[0].n == 0) return;
    const struct table_peak table = peak_of_table(auditor);
    const double peak = (double)seen->peak_lag;
    figure(auditor, &figures, "/peak_lag/lag = %lld", (long long)seen->peak_lag);
    figure(auditor, &figures, "/lag_trend/rows/%u (largest entry = %s)", table.at, number_json(table.entry).s);
    if (peak >= table.entry && peak <= fmax(table.possible, table.entry))
        return audit_holds(auditor, LAW_PEAK, &figures,
                           audit_say(auditor, "between two rows of the table the lag can have been %s",
                                     "표의 두 행 사이에서 Lag %s건은 가능", number_count(peak).s));
    const char *text =
        peak < table.entry
            ? audit_say(auditor, "the stated maximum of one partition, %s, is below the %s that the table has at %g s.",
                        "명시된 Partition 최대 Lag %s건이 표의 %s건(%g초)보다 작음.", number_count(peak).s,
                        number_count(table.entry).s, seen->trend[table.at].t_s)
            : audit_say(
                  auditor,
                  "the stated maximum of one partition, %s, is above every entry of the table over time (%s), and "
                  "with the orders that arrived between two rows it can have been %s at most.",
                  "명시된 Partition 최대 Lag %s건은 추이 표의 모든 값(최대 %s건)보다 크며, 두 행 사이의 유입을 더해도 "
                  "최대 "
                  "%s건.",
                  number_count(peak).s, number_count(table.entry).s, number_count(table.possible).s);
    audit_broken(auditor, LAW_PEAK, &figures, text, fabs(peak - table.entry), "records", (double)NAN);
}

/* No partition of the last table may be above the greatest lag there was; and no lag above its log. */
static void judge_peak_of_offsets(struct auditor *auditor)
{
    const struct observations *seen = auditor->seen;
    double log_end = 0;
    for (uint32_t i = 0; i < seen->n_offsets; i++) {
        const struct observed_offset *row = &seen->offset[i];
        struct figure_list figures = { 0 };
        if (seen->peak_partition != NONE && row->partition != seen->peak_partition) continue;
        log_end = fmax(log_end, (double)row->log_end);
        if (row->lag <= seen->peak_lag) continue;
        figure(auditor, &figures, "/peak_lag/lag = %lld", (long long)seen->peak_lag);
        figure(auditor, &figures, "/offsets/rows/%u/lag = %lld", i, (long long)row->lag);
        audit_broken(auditor, LAW_PEAK, &figures,
                     audit_say(auditor, "the stated maximum, %s, is below the lag of %s in the table of offsets.",
                               "명시된 최대 Lag %s건이 Offset 표의 %s건보다 작음.",
                               number_count((double)seen->peak_lag).s, number_count((double)row->lag).s),
                     (double)(row->lag - seen->peak_lag), "records", (double)NAN);
    }
    struct figure_list figures = { 0 };
    if (!(log_end > 0) || (double)seen->peak_lag <= log_end) return;
    if (!all_arrived(auditor, when_of_offsets(seen))) return;
    figure(auditor, &figures, "/peak_lag/lag = %lld", (long long)seen->peak_lag);
    audit_broken(auditor, LAW_PEAK, &figures,
                 audit_say(auditor, "the stated maximum, %s, is more than its log ever held (%s).",
                           "명시된 최대 Lag %s건이 로그 전체(%s건)보다 큼.", number_count((double)seen->peak_lag).s,
                           number_count(log_end).s),
                 (double)seen->peak_lag - log_end, "records", (double)NAN);
}

void law_peak(struct auditor *auditor)
{
    if (!auditor->seen->has_peak) return;
    judge_peak_of_table(auditor);
    judge_peak_of_offsets(auditor);
}
