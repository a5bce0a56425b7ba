/* SPDX-License-Identifier: GPL-3.0-or-later
 * Laws of counts by state: they sum to what has arrived, their shares are shares of it, they move one way with time,
 * and a rate is one of them over the time it took. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/lab/auditor.h"
#include "sim/results/number.h"

static double or_zero(int64_t count) { return count > 0 ? (double)count : 0; }

/* Of all states, where paid and pending were both counted. */
static bool sum_of(const struct observed_status *status, double *sum)
{
    *sum = or_zero(status->paid) + or_zero(status->pending) + or_zero(status->failed);
    return status->paid >= 0 && status->pending >= 0;
}

static void figures_of(struct auditor *auditor, struct figure_list *figures, uint32_t i)
{
    const struct observed_status *status = &auditor->seen->status[i];
    if (status->paid >= 0) figure(auditor, figures, "/statuses/%u/paid = %lld", i, (long long)status->paid);
    if (status->pending >= 0) figure(auditor, figures, "/statuses/%u/pending = %lld", i, (long long)status->pending);
    if (status->failed >= 0) figure(auditor, figures, "/statuses/%u/failed = %lld", i, (long long)status->failed);
    if (status->created >= 0) figure(auditor, figures, "/statuses/%u/created = %lld", i, (long long)status->created);
}

/* ---- sums ---- */

/* Against what had arrived by then: exactly, where all had; else by the curve of the load. */
static void judge_sum(struct auditor *auditor, uint32_t i, double sum)
{
    const struct observed_status *status = &auditor->seen->status[i];
    const struct when when = when_of_status(status);
    struct figure_list figures = { 0 };
    double least = auditor->created, most = auditor->created;
    const bool exact = status->created >= 0 || all_arrived(auditor, when) || !auditor->curve;
    const double slack = AUDIT_SIGMAS * status->sd;
    if (status->created >= 0) least = most = (double)status->created;
    else if (!exact) {
        least = arrived_least(auditor, when.t_s - AUDIT_SIGMAS * when.sigma_s) - auditor->curve->peak_per_s;
        most = arrived_most(auditor, when.t_s + AUDIT_SIGMAS * when.sigma_s) + 1;
    }
    if (!isfinite(least)) return;
    figures_of(auditor, &figures, i);
    if (exact && status->created < 0)
        figure(auditor, &figures, "/load/orders_created = %s", number_json(auditor->created).s);
    if (sum >= least - slack && sum <= most + slack)
        return audit_holds(auditor, LAW_CONSERVATION, &figures,
                           audit_say(auditor, "paid + pending + failed = %s: every order is in one state",
                                     "PAID + PENDING + FAILED = %s: 모든 주문이 하나의 상태", number_count(sum).s));
    const double size = sum < least ? sum - least : sum - most;
    const char *text =
        audit_say(auditor, "paid + pending + failed = %s, but %s orders had arrived: %s%s.",
                  "PAID + PENDING + FAILED = %s건이지만 유입된 주문은 %s건: %s%s건.", number_count(sum).s,
                  number_count(sum < least ? least : most).s, size > 0 ? "+" : "", number_count(size).s);
    audit_broken(auditor, LAW_CONSERVATION, &figures, text, fabs(size), "orders", (double)NAN);
}

static void judge_ids(struct auditor *auditor)
{
    const struct observations *seen = auditor->seen;
    struct figure_list figures = { 0 };
    if (seen->last_id == 0 || seen->load.orders_created < 0) return;
    const double ids = (double)(seen->last_id - seen->first_id) + 1;
    figure(auditor, &figures, "/orders/first_id = %llu", (unsigned long long)seen->first_id);
    figure(auditor, &figures, "/orders/last_id = %llu", (unsigned long long)seen->last_id);
    figure(auditor, &figures, "/load/orders_created = %lld", (long long)seen->load.orders_created);
    if (ids >= auditor->created) /* ids may have gaps: a transaction that was rolled back has used one */
        return audit_holds(auditor, LAW_CONSERVATION, &figures,
                           audit_say(auditor, "the ids are enough for all orders", "주문 ID 범위와 주문 수가 일치"));
    audit_broken(auditor, LAW_CONSERVATION, &figures,
                 audit_say(auditor, "from the first to the last id there are %s, too few for %s orders.",
                           "처음과 마지막 주문 ID 사이는 %s개로, 주문 %s건보다 적음.", number_count(ids).s,
                           number_count(auditor->created).s),
                 auditor->created - ids, "orders", (double)NAN);
}

void law_states(struct auditor *auditor)
{
    double sum;
    for (uint32_t i = 0; i < auditor->seen->n_statuses; i++)
        if (sum_of(&auditor->seen->status[i], &sum)) judge_sum(auditor, i, sum);
    judge_ids(auditor);
}

/* ---- shares ---- */

/* Half a unit of the last digit that is shown: 41.58 -> 0.005. JSON does not keep a trailing zero, so a share may have
 * been shown with more digits, never with fewer. */
static double rounding_of(double percent)
{
    const struct number text = number_json(percent);
    const char *point = strchr(text.s, '.');
    return 0.5 * pow(10, -(point ? (double)strspn(point + 1, "0123456789") : 0));
}

static void judge_share(struct auditor *auditor, uint32_t i, const char *state, double percent, int64_t count,
                        double total)
{
    struct figure_list figures = { 0 };
    if (!isfinite(percent) || count < 0 || !(total > 0)) return;
    const double share = (double)count / total * 100, off = fabs(percent - share);
    figure(auditor, &figures, "/statuses/%u/%s_percent = %g", i, state, percent);
    figure(auditor, &figures, "/statuses/%u/%s = %lld", i, state, (long long)count);
    if (off <= rounding_of(percent) * 1.0001)
        return audit_holds(auditor, LAW_SHARES, &figures,
                           audit_say(auditor, "%g %% is %s of %s", "%g%%는 %s / %s", percent,
                                     number_count((double)count).s, number_count(total).s));
    audit_broken(auditor, LAW_SHARES, &figures,
                 audit_say(auditor, "%s of %s is %s %%, not %g %%.", "%s / %s는 %s%%이며 %g%%가 아님.",
                           number_count((double)count).s, number_count(total).s, number_fixed(share, 3).s, percent),
                 off, "percent", (double)NAN);
}

static void judge_sum_of_shares(struct auditor *auditor, uint32_t i)
{
    const struct observed_status *status = &auditor->seen->status[i];
    const double share[] = { status->paid_percent, status->pending_percent, status->failed_percent };
    double sum = 0, slack = 0;
    struct figure_list figures = { 0 };
    for (int k = 0; k < 3; k++) {
        sum += share[k];
        slack += isfinite(share[k]) ? rounding_of(share[k]) : 0;
    }
    if (!isfinite(sum) || fabs(sum - 100) <= slack * 1.0001) return;
    figure(auditor, &figures, "/statuses/%u/paid_percent = %g", i, share[0]);
    figure(auditor, &figures, "/statuses/%u/pending_percent = %g", i, share[1]);
    figure(auditor, &figures, "/statuses/%u/failed_percent = %g", i, share[2]);
    audit_broken(auditor, LAW_SHARES, &figures,
                 audit_say(auditor, "the shares sum to %g %%, which rounding does not explain.",
                           "비율의 합이 %g%%이며 반올림으로 설명되지 않음.", sum),
                 fabs(sum - 100), "percent", (double)NAN);
}

void law_shares(struct auditor *auditor)
{
    for (uint32_t i = 0; i < auditor->seen->n_statuses; i++) {
        const struct observed_status *status = &auditor->seen->status[i];
        double total;
        if (!sum_of(status, &total)) total = all_arrived(auditor, when_of_status(status)) ? auditor->created : 0;
        judge_share(auditor, i, "paid", status->paid_percent, status->paid, total);
        judge_share(auditor, i, "pending", status->pending_percent, status->pending, total);
        judge_share(auditor, i, "failed", status->failed_percent, status->failed, total);
        judge_sum_of_shares(auditor, i);
    }
}

/* ---- clocks ---- */

/* Whether a is before b for certain; a count without an instant is the latest of all. */
static bool is_before(const struct observed_status *a, const struct observed_status *b)
{
    const struct when at = when_of_status(a), other = when_of_status(b);
    if (!isfinite(at.t_s)) return false;
    return !isfinite(other.t_s) || other.t_s - at.t_s > AUDIT_SIGMAS * hypot(at.sigma_s, other.sigma_s);
}

static void judge_growth(struct auditor *auditor, uint32_t a, uint32_t b, const char *state, int64_t before,
                         int64_t after)
{
    const struct observed_status *first = &auditor->seen->status[a], *second = &auditor->seen->status[b];
    const double fall = (double)(before - after), sd = hypot(first->sd, second->sd);
    struct figure_list figures = { 0 };
    if (before < 0 || after < 0 || fall <= AUDIT_SIGMAS * sd) return;
    figure(auditor, &figures, "/statuses/%u/%s = %lld", a, state, (long long)before);
    figure(auditor, &figures, "/statuses/%u/%s = %lld", b, state, (long long)after);
    audit_broken(auditor, LAW_CLOCKS, &figures,
                 audit_say(auditor, "%s orders were %s, and later only %s: an order does not come back from there.",
                           "%2$s 주문이 %1$s건에서 이후 %3$s건으로 줄어듦: 최종 상태에서 되돌아오지 않음.",
                           number_count((double)before).s, state, number_count((double)after).s),
                 fall, "orders", (double)NAN);
}

void law_clocks_of_states(struct auditor *auditor)
{
    const struct observations *seen = auditor->seen;
    for (uint32_t a = 0; a < seen->n_statuses; a++)
        for (uint32_t b = 0; b < seen->n_statuses; b++) {
            if (!is_before(&seen->status[a], &seen->status[b])) continue;
            judge_growth(auditor, a, b, "paid", seen->status[a].paid, seen->status[b].paid);
            judge_growth(auditor, a, b, "failed", seen->status[a].failed, seen->status[b].failed);
        }
}

/* ---- rates ---- */

static void judge_consumer_rate(struct auditor *auditor, uint32_t i)
{
    const struct observations *seen = auditor->seen;
    const struct observed_claims *claims = &seen->claims;
    const struct observed_status *status = &seen->status[i];
    const struct when when = when_of_status(status);
    const double took_s = when.t_s - auditor->out->start_s;
    const double sd_s = hypot(when.sigma_s, auditor->out->start_sd_s), rate = (double)status->paid / took_s;
    struct figure_list figures = { 0 };
    if (fabs(claims->rate_window_s - took_s) <= AUDIT_SIGMAS * sd_s) return;
    figure(auditor, &figures, "/claims/consumer_rate_per_s = %g", claims->consumer_rate_per_s);
    figure(auditor, &figures, "/claims/duration_s_used_for_rates = %g", claims->rate_window_s);
    figure(auditor, &figures, "/statuses/%u/paid = %lld", i, (long long)status->paid);
    const char *pace =
        isfinite(auditor->out->pace_per_s)
            ? audit_say(auditor, " While it was behind, it did %s +- %s/s.", " 밀려 있는 동안은 초당 %s +- %s건.",
                        number_rate(auditor->out->pace_per_s).s, number_fixed(auditor->out->pace_sd_per_s, 1).s)
            : "";
    const char *text = audit_say(
        auditor,
        "%g/s is %s paid over %g s, but they were counted %s s (+- %s s) after the start: %s/s over the whole time.%s",
        "초당 %g건은 완료 %s건 / %g초이지만, 집계는 시작 %s초(+- %s초) 후: 전체 기간 평균은 초당 %s건.%s",
        claims->consumer_rate_per_s, number_count((double)status->paid).s, claims->rate_window_s,
        number_fixed(took_s, 0).s, number_fixed(sd_s, 0).s, number_rate(rate).s, pace);
    audit_broken(auditor, LAW_RATE, &figures, text, fabs(rate - claims->consumer_rate_per_s), "1/s",
                 fabs(claims->rate_window_s - took_s) / sd_s);
}

/* The load lasts as long as the tool was told to. */
static void judge_producer_rate(struct auditor *auditor)
{
    const struct observed_claims *claims = &auditor->seen->claims;
    struct figure_list figures = { 0 };
    if (!isfinite(claims->producer_rate_per_s) || !auditor->curve || !(auditor->created > 0)) return;
    const double rate = auditor->created / auditor->curve->end_s;
    figure(auditor, &figures, "/claims/producer_rate_per_s = %g", claims->producer_rate_per_s);
    figure(auditor, &figures, "/load/orders_created = %s", number_json(auditor->created).s);
    if (fabs(claims->producer_rate_per_s - rate) <= 0.01 * rate)
        return audit_holds(auditor, LAW_RATE, &figures,
                           audit_say(auditor, "%g/s over the %g s of the load", "부하 %2$g초 동안 초당 %1$g건",
                                     claims->producer_rate_per_s, auditor->curve->end_s));
    audit_broken(auditor, LAW_RATE, &figures,
                 audit_say(auditor, "%s orders in the %g s of the load are %s/s, not %g/s.",
                           "부하 %2$g초 동안의 주문 %1$s건은 초당 %3$s건이며 %4$g건이 아님.",
                           number_count(auditor->created).s, auditor->curve->end_s, number_rate(rate).s,
                           claims->producer_rate_per_s),
                 fabs(rate - claims->producer_rate_per_s), "1/s", (double)NAN);
}

/* Without a window of its own, a rate of work is held against the pace. */
static void judge_plain_rate(struct auditor *auditor)
{
    const double rate = auditor->seen->claims.consumer_rate_per_s, pace = auditor->out->pace_per_s;
    const double sd = auditor->out->pace_sd_per_s;
    struct figure_list figures = { 0 };
    if (!isfinite(rate) || !isfinite(pace)) return;
    figure(auditor, &figures, "/claims/consumer_rate_per_s = %g", rate);
    if (fabs(rate - pace) <= AUDIT_SIGMAS * hypot(sd, 0.01 * pace))
        return audit_holds(auditor, LAW_RATE, &figures,
                           audit_say(auditor, "%g/s is the pace of %s while it was behind",
                                     "초당 %g건은 밀려 있는 동안 %s의 처리 속도와 일치", rate,
                                     auditor->behind ? auditor->behind : ""));
    audit_broken(auditor, LAW_RATE, &figures,
                 audit_say(auditor, "the counts say %s +- %s/s, not %g/s.",
                           "집계로 보면 초당 %s +- %s건이며 %g건이 아님.", number_rate(pace).s,
                           number_fixed(sd, 1).s, rate),
                 fabs(rate - pace), "1/s", fabs(rate - pace) / sd);
}

void law_rates(struct auditor *auditor)
{
    const struct observations *seen = auditor->seen;
    const struct observed_claims *claims = &seen->claims;
    bool with_window = false;
    judge_producer_rate(auditor);
    for (uint32_t i = 0; i < seen->n_statuses && auditor->curve; i++) {
        const double count = claims->consumer_rate_per_s * claims->rate_window_s;
        const struct observed_status *status = &seen->status[i];
        if (!isfinite(count) || status->paid <= 0 || !isfinite(when_of_status(status).t_s)) continue;
        if (fabs(count - (double)status->paid) > 0.005 * count) continue; /* not this count over this window */
        judge_consumer_rate(auditor, i);
        with_window = true;
    }
    if (!with_window) judge_plain_rate(auditor);
}
