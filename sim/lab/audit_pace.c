/* SPDX-License-Identifier: GPL-3.0-or-later
 * When did the load really start, and how fast was the group that is behind? Both at once: counts of what was done are
 * laid on the fluid limit done(t) = least over u of arrived(u) + pace (t - u). Start on a grid, pace by golden section,
 * and both by their means over the likelihood; the stated start is one more observation, known to a minute. */
#include <math.h>
#include <string.h>

#include "sim/lab/auditor.h"
#include "sim/results/number.h"

enum { COUNTS_MAX = 16, STARTS = 121, GOLDEN = 20, PACES = 40, AFRESH = 10 };
#define START_REACH_S 180.0
#define OUTLIER       4.0  /* standard deviations beyond which a count says nothing of start and pace */
#define LEAST_SD      20.0 /* of a count of what was done: some orders are between two groups, */
#define DRIFT         0.01 /* and no pace is the same all along */
#define LEAST_SD_S    2.0  /* of the start: the fluid limit is no better than that */

struct counts {
    uint32_t n;
    struct done_at count[COUNTS_MAX];
};

static void add_status_counts(const struct auditor *auditor, struct counts *counts)
{
    const struct observations *seen = auditor->seen;
    for (uint32_t i = 0; i < seen->n_statuses && counts->n < COUNTS_MAX; i++) {
        const struct observed_status *status = &seen->status[i];
        const struct when when = when_of_status(status);
        const double failed = status->failed > 0 ? (double)status->failed : 0;
        double done = (double)NAN;
        if (status->paid >= 0) done = (double)status->paid + failed;
        else if (status->pending >= 0 && when.t_s > auditor->curve->end_s)
            done = auditor->created - (double)status->pending;
        if (!isfinite(when.t_s) || !isfinite(done)) continue;
        counts->count[counts->n++] =
            (struct done_at){ when.t_s, when.sigma_s, done, hypot(hypot(LEAST_SD, DRIFT * done), status->sd) };
    }
}

/* Committed offsets lag behind what is done by half a batch, on average, for each consumer that has work. Where there
 * are several tables the first may be of a log with a past, and its offsets are no counts since the load's start. */
static void add_table_counts(const struct auditor *auditor, struct counts *counts)
{
    const struct observations *seen = auditor->seen;
    const struct when when = when_of_offsets(seen);
    if (!auditor->behind || !isfinite(when.t_s) || counts->n == COUNTS_MAX || seen->n_snapshots > 1) return;
    const struct group_view view = group_view(auditor, auditor->behind);
    if (!isfinite(view.committed) || view.share < 0.999 || !view.topic) return;
    const double consumers = view.consumers > 0 ? view.consumers : 1;
    const double in_hand = fmin(AUDIT_BATCH * consumers, view.lag) / 2, done = view.committed + in_hand;
    counts->count[counts->n++] =
        (struct done_at){ when.t_s, when.sigma_s, done, hypot(hypot(LEAST_SD, DRIFT * done), in_hand / sqrt(3)) };
}

static double misfit_of(const struct load_curve *curve, const struct counts *counts, double start_s, double pace)
{
    double sum = 0;
    for (uint32_t i = 0; i < counts->n; i++) {
        const struct done_at *count = &counts->count[i];
        const double t_s = count->t_s - start_s, done = load_curve_done(curve, pace, t_s);
        const bool behind = done < load_curve_arrived(curve, t_s) - 1;
        const double residual = (done - count->done) / hypot(count->sigma, behind ? pace * count->sigma_t_s : 1);
        sum += fmin(residual * residual, OUTLIER * OUTLIER);
    }
    return sum;
}

static double golden(const struct load_curve *curve, const struct counts *counts, double start_s, double low,
                     double high, double *least)
{
    const double ratio = 0.6180339887498949;
    double a = high - ratio * (high - low), b = low + ratio * (high - low);
    double at_a = misfit_of(curve, counts, start_s, a), at_b = misfit_of(curve, counts, start_s, b);
    for (int i = 0; i < GOLDEN; i++) {
        if (at_a < at_b) {
            high = b, b = a, at_b = at_a;
            at_a = misfit_of(curve, counts, start_s, a = high - ratio * (high - low));
        } else {
            low = a, a = b, at_a = at_b;
            at_b = misfit_of(curve, counts, start_s, b = low + ratio * (high - low));
        }
    }
    *least = fmin(at_a, at_b);
    return at_a < at_b ? a : b;
}

/* The best pace for a start: a grid, since there may be several hollows, then golden section. */
static double best_pace(const struct load_curve *curve, const struct counts *counts, double start_s, double *least)
{
    const double most = 1.5 * curve->peak_per_s;
    double best = most;
    *least = (double)INFINITY;
    for (int i = 1; i <= PACES; i++) {
        const double value = misfit_of(curve, counts, start_s, most * i / PACES);
        if (value < *least) *least = value, best = most * i / PACES;
    }
    return golden(curve, counts, start_s, best - most / PACES, best + most / PACES, least);
}

/* Variance of the pace at a given start, by the curvature of the misfit; infinite where the counts do not tell. */
static double pace_variance(const struct load_curve *curve, const struct counts *counts, double start_s, double pace)
{
    double known = 0;
    const double step = pace * 1e-3;
    for (uint32_t i = 0; i < counts->n; i++) {
        const struct done_at *count = &counts->count[i];
        const double t_s = count->t_s - start_s;
        const double slope =
            (load_curve_done(curve, pace + step, t_s) - load_curve_done(curve, pace - step, t_s)) / (2 * step);
        known += slope * slope / (count->sigma * count->sigma + pace * pace * count->sigma_t_s * count->sigma_t_s);
    }
    return known > 0 ? 1 / known : (double)INFINITY;
}

/* The latest start at which all that was counted as there had arrived. */
static double latest_start(const struct auditor *auditor)
{
    const struct observations *seen = auditor->seen;
    double latest = INFINITY;
    for (uint32_t i = 0; i < seen->n_statuses; i++) {
        const struct observed_status *status = &seen->status[i];
        const struct when when = when_of_status(status);
        if (!isfinite(when.t_s) || status->paid < 0 || status->pending < 0) continue;
        const double there = (double)status->paid + (double)status->pending + fmax((double)status->failed, 0);
        if (there >= auditor->created)
            latest = fmin(latest, when.t_s + AUDIT_SIGMAS * when.sigma_s - auditor->curve->end_s);
    }
    return latest;
}

/* What is hardly narrower than the stated start itself is not fitted to anything. */
static void keep_start(struct auditor *auditor, double mean_s, double sd_s, double latest_s)
{
    auditor->out->has_start = sd_s < AUDIT_START_S / 2;
    if (!auditor->out->has_start && isfinite(latest_s)) auditor->out->latest_s = latest_s;
    auditor->out->start_s = mean_s;
    auditor->out->start_sd_s = sd_s;
    auditor->start_least_s = mean_s - AUDIT_SIGMAS * sd_s;
    auditor->start_most_s = fmax(fmin(mean_s + AUDIT_SIGMAS * sd_s, latest_s), auditor->start_least_s);
}

void fit_start_and_pace(struct auditor *auditor)
{
    struct counts counts = { 0 };
    double start[STARTS], pace[STARTS], misfit[STARTS], least = INFINITY;
    double sum = 0, mean_s = 0, square_s = 0, mean_pace = 0, square_pace = 0;
    if (!auditor->curve) return;
    add_status_counts(auditor, &counts);
    add_table_counts(auditor, &counts);
    const double latest_s = latest_start(auditor);
    if (counts.n == 0) return keep_start(auditor, 0, AUDIT_START_S, latest_s);
    for (uint32_t i = 0; i < STARTS; i++) {
        start[i] = START_REACH_S * (2.0 * i / (STARTS - 1) - 1);
        /* the best pace moves little from start to start; now and then it is looked for everywhere */
        pace[i] = i % AFRESH == 0
                      ? best_pace(auditor->curve, &counts, start[i], &misfit[i])
                      : golden(auditor->curve, &counts, start[i], 0.9 * pace[i - 1], 1.1 * pace[i - 1], &misfit[i]);
        misfit[i] += start[i] * start[i] / (AUDIT_START_S * AUDIT_START_S);
        if (start[i] <= latest_s) least = fmin(least, misfit[i]);
    }
    for (uint32_t i = 0; i < STARTS; i++) {
        const double weight = start[i] <= latest_s ? exp((least - misfit[i]) / 2) : 0;
        if (!(weight > 1e-9)) continue;
        sum += weight;
        mean_s += weight * start[i];
        square_s += weight * start[i] * start[i];
        mean_pace += weight * pace[i];
        square_pace += weight * (pace[i] * pace[i] + pace_variance(auditor->curve, &counts, start[i], pace[i]));
    }
    if (!(sum > 0)) return keep_start(auditor, 0, AUDIT_START_S, INFINITY);
    mean_s /= sum;
    mean_pace /= sum;
    keep_start(auditor, mean_s, fmax(sqrt(fmax(square_s / sum - mean_s * mean_s, 0)), LEAST_SD_S), latest_s);
    const double sd_pace = sqrt(fmax(square_pace / sum - mean_pace * mean_pace, 0));
    if (!(sd_pace < 0.2 * mean_pace)) return;
    auditor->out->pace_per_s = mean_pace;
    auditor->out->pace_sd_per_s = sd_pace;
}

/* ---- throughput ---- */

/* With one record after another, `consumers` of them at once, and a service time s: since any instant u, no more than
 * what had arrived by u and consumers (t - u) / s can be done. The slowest s with which so much was done by t. */
static double slowest_s(const struct auditor *auditor, double done, struct when when, double consumers)
{
    const double t_s = when.t_s + AUDIT_SIGMAS * when.sigma_s;
    if (!auditor->curve) return (double)NAN;
    const double since_s = t_s - auditor->start_least_s;
    double slowest = INFINITY;
    for (uint32_t i = 0; i <= CURVE_POINTS; i++) {
        const double u_s = i * auditor->curve->step_s, left = done - auditor->curve->arrived[i];
        if (left < 1 || u_s >= since_s) break;
        slowest = fmin(slowest, consumers * (since_s - u_s) / left);
    }
    return slowest;
}

struct bound {
    double slowest_s, done;
    struct when when;
    enum { BY_STATUS, BY_OFFSETS, BY_TABLES } by;
    uint32_t status;
};

/* Committed between two tables, in partitions that both have. */
static double committed_between(const struct observed_table *first, const struct observed_table *last,
                                const char *group)
{
    double sum = 0;
    for (uint32_t i = 0; i < last->n_rows; i++) {
        const struct observed_offset *now = &last->row[i];
        if (strcmp(now->group, group) != 0 || now->committed < 0) continue;
        for (uint32_t k = 0; k < first->n_rows; k++) {
            const struct observed_offset *then = &first->row[k];
            if (strcmp(then->group, group) == 0 && strcmp(then->topic, now->topic) == 0 &&
                then->partition == now->partition && then->committed >= 0)
                sum += (double)(now->committed - then->committed);
        }
    }
    return sum;
}

/* Between the first table and the last, whatever arrived: what was committed is done, but for a batch for each consumer
 * that may have been done before the first. */
static struct bound bound_of_tables(const struct auditor *auditor, const char *group, double consumers)
{
    const struct observations *seen = auditor->seen;
    const struct observed_table *first = &seen->snapshot[0], *last = &seen->snapshot[seen->n_snapshots - 1];
    const struct when since = when_of_table(first), until = when_of_table(last);
    const double done = committed_between(first, last, group) - AUDIT_BATCH * consumers;
    const double length_s = until.t_s - since.t_s + AUDIT_SIGMAS * hypot(since.sigma_s, until.sigma_s);
    const bool bounds = done > 0 && length_s > 0;
    return (struct bound){ bounds ? consumers * length_s / done : (double)INFINITY, done, until, BY_TABLES, 0 };
}

/* The sharpest bound on the service time of a group: by its offsets, or by the orders that passed through it. */
static struct bound bound_of(const struct auditor *auditor, const char *group, const struct group_view *view)
{
    const struct observations *seen = auditor->seen;
    const double consumers = view->consumers > 0 ? view->consumers : 1;
    struct bound best = { .slowest_s = INFINITY };
    if (seen->n_snapshots > 1) {
        best = bound_of_tables(auditor, group, consumers);
    } else if (view->n_rows > 0 && view->topic && isfinite(view->committed) && isfinite(seen->offsets_t_s)) {
        best.done = view->committed / view->share;
        if (view->share < 0.999) best.done -= AUDIT_SIGMAS * sqrt(best.done); /* of the shares of other partitions */
        best.when = when_of_offsets(seen);
        best.by = BY_OFFSETS;
        best.slowest_s = slowest_s(auditor, best.done, best.when, consumers);
    }
    for (uint32_t i = 0; i < seen->n_statuses; i++) {
        const struct when when = when_of_status(&seen->status[i]);
        if (!isfinite(when.t_s) || seen->status[i].paid <= 0) continue;
        const double s = slowest_s(auditor, (double)seen->status[i].paid, when, consumers);
        if (s < best.slowest_s) best = (struct bound){ s, (double)seen->status[i].paid, when, BY_STATUS, i };
    }
    return best;
}

static void figures_of_bound(struct auditor *auditor, struct figure_list *figures, const char *group,
                             const struct bound *bound)
{
    const struct observations *seen = auditor->seen;
    if (bound->by == BY_STATUS) {
        figure(auditor, figures, "/statuses/%u/paid = %lld", bound->status,
               (long long)seen->status[bound->status].paid);
        return;
    }
    for (uint32_t i = 0; i < seen->n_offsets; i++)
        if (strcmp(seen->offset[i].group, group) == 0)
            figure(auditor, figures, "/offsets/rows/%u/committed = %lld", i, (long long)seen->offset[i].committed);
    figure(auditor, figures, "/offsets/t_s = %g", seen->offsets_t_s);
    if (bound->by == BY_TABLES) figure(auditor, figures, "/snapshots/0/t_s = %g", seen->snapshot[0].t_s);
}

static const char *done_by(struct auditor *auditor, const char *group, const struct bound *bound, double consumers,
                           const char *verdict, double asked_s)
{
    return audit_say(
        auditor,
        "%s has done about %s records by %g s, with %g consumer(s): as a mean it takes at most %s a record; %s. At %s "
        "a record it could not have done more than %s/s.",
        "%1$s은(는) %3$g초까지 약 %2$s건을 처리 (Consumer %4$g개): 평균 처리 시간은 최대 %5$s; %6$s. 건당 %7$s이면 "
        "초당 %8$s건이 한계.",
        group, number_count(bound->done).s, bound->when.t_s, consumers, number_seconds(bound->slowest_s).s, verdict,
        number_seconds(asked_s).s, number_rate(consumers / asked_s).s);
}

static const char *done_between(struct auditor *auditor, const char *group, const struct bound *bound, double consumers,
                                const char *verdict)
{
    return audit_say(
        auditor,
        "%s has done at least %s records between %g s and %g s, with %g consumer(s): as a mean it takes at most %s a "
        "record; %s.",
        "%1$s은(는) %3$g초 ~ %4$g초에 적어도 %2$s건을 처리 (Consumer %5$g개): 평균 처리 시간은 최대 %6$s; %7$s.", group,
        number_count(bound->done).s, auditor->seen->snapshot[0].t_s, bound->when.t_s, consumers,
        number_seconds(bound->slowest_s).s, verdict);
}

static void judge_service(struct auditor *auditor, const char *group, const char *where, double low_s, double high_s)
{
    const struct group_view view = group_view(auditor, group);
    const struct bound bound = bound_of(auditor, group, &view);
    const double consumers = view.consumers > 0 ? view.consumers : 1;
    struct figure_list figures = { 0 };
    if (!isfinite(bound.slowest_s)) return;
    figure(auditor, &figures, "%s", where);
    if (high_s <= bound.slowest_s)
        return audit_holds(auditor, LAW_THROUGHPUT, &figures,
                           audit_say(auditor, "%s: what it has done allows up to %s a record",
                                     "%s: 처리된 건수로 보면 건당 최대 %s까지 가능", group,
                                     number_seconds(bound.slowest_s).s));
    figures_of_bound(auditor, &figures, group, &bound);
    const bool none = low_s > bound.slowest_s;
    const char *verdict =
        none ? audit_say(auditor, "%s cannot hold", "%s은(는) 성립할 수 없음", number_seconds(low_s).s)
             : audit_say(auditor, "of %s to %s only what is below the bound can hold", "%s ~ %s 중 이 한계 아래만 가능",
                         number_seconds(low_s).s, number_seconds(high_s).s);
    const double asked_s = none ? low_s : high_s;
    const char *text = bound.by == BY_TABLES ? done_between(auditor, group, &bound, consumers, verdict)
                                             : done_by(auditor, group, &bound, consumers, verdict, asked_s);
    audit_broken(auditor, LAW_THROUGHPUT, &figures, text, (asked_s - bound.slowest_s) * 1e3, "ms", (double)NAN);
}

/* The group that a word of a claim means: the only one whose name has it. */
static const char *group_with(const struct observations *seen, const char *word)
{
    const char *found = NULL;
    for (uint32_t i = 0; i < seen->n_groups; i++)
        if (strstr(seen->group[i].name, word)) {
            if (found) return NULL;
            found = seen->group[i].name;
        }
    for (uint32_t i = 0; i < seen->n_offsets && seen->n_groups == 0; i++)
        if (strstr(seen->offset[i].group, word)) found = seen->offset[i].group;
    return found;
}

void law_throughput(struct auditor *auditor)
{
    const struct observations *seen = auditor->seen;
    for (uint32_t i = 0; i < seen->claims.n_services; i++) {
        const struct claimed_service *claim = &seen->claims.service[i];
        const char *group = group_with(seen, claim->word);
        if (!group) continue;
        judge_service(auditor, group,
                      audit_say(auditor, "/claims/%s = %g..%g", "/claims/%s = %g..%g", claim->key, claim->low_s * 1e3,
                                claim->high_s * 1e3),
                      claim->low_s, claim->high_s);
    }
    for (uint32_t i = 0; i < seen->n_groups; i++) {
        const struct observed_group *group = &seen->group[i];
        const double sigma_s = isfinite(group->service_sigma_s) ? group->service_sigma_s : 0;
        if (!(group->service_s > 0)) continue;
        const double least_s = group->service_s - AUDIT_SIGMAS * sigma_s;
        judge_service(auditor, group->name,
                      audit_say(auditor, "/groups/%u/service_s = %g", "/groups/%u/service_s = %g", i, group->service_s),
                      least_s, least_s);
    }
}

/* ---- drain ---- */

void law_drain(struct auditor *auditor)
{
    const struct observations *seen = auditor->seen;
    const double pace = auditor->out->pace_per_s, stated_s = seen->claims.catch_up_hours * 3600;
    struct figure_list figures = { 0 };
    if (!isfinite(stated_s) || !(pace > 0) || !auditor->behind || !isfinite(seen->offsets_t_s)) return;
    const double drain_s = auditor->behind_lag / pace;
    const double after_load_s =
        fmax(seen->offsets_t_s + drain_s - auditor->curve->end_s - auditor->out->start_s, drain_s);
    if (stated_s < 2 * after_load_s) return;
    figure(auditor, &figures, "/claims/catch_up_at_most_hours = %g", seen->claims.catch_up_hours);
    for (uint32_t i = 0; i < seen->n_offsets; i++)
        if (strcmp(seen->offset[i].group, auditor->behind) == 0)
            figure(auditor, &figures, "/offsets/rows/%u/lag = %lld", i, (long long)seen->offset[i].lag);
    const char *text = audit_say(
        auditor,
        "%s waited for %s at %g s; at %s +- %s/s they are gone %s later, %s after the load's end. %g hours is when "
        "somebody looked again, not how long it took.",
        "%3$g초에 %2$s에서 %1$s건 대기; 초당 %4$s +- %5$s건이면 %6$s 후, 부하 종료 %7$s 후에 소진. %8$g시간은 다시 "
        "확인한 "
        "시점일 뿐 걸린 시간이 아님.",
        number_count(auditor->behind_lag).s, auditor->behind, seen->offsets_t_s, number_rate(pace).s,
        number_fixed(auditor->out->pace_sd_per_s, 1).s, number_seconds(drain_s).s, number_seconds(after_load_s).s,
        seen->claims.catch_up_hours);
    audit_broken(auditor, LAW_DRAIN, &figures, text, stated_s - after_load_s, "s", (double)NAN);
}
