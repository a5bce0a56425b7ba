/* SPDX-License-Identifier: GPL-3.0-or-later
 * Laws of completion times: percentiles ascend, a mean lies where they let it, and Little's law: over a time at whose
 * ends nothing is open, the orders open add up to the sum of their times. */
#include <math.h>

#include "sim/lab/auditor.h"
#include "sim/results/number.h"

static void percentiles_ascend(struct auditor *auditor)
{
    const struct observed_completion *times = &auditor->seen->completion;
    const char *const name[] = { "p50", "p95", "p99", "max" };
    const double value[] = { times->p50_s, times->p95_s, times->p99_s, times->max_s };
    for (int i = 0; i < 4; i++)
        for (int k = i + 1; k < 4; k++) {
            struct figure_list figures = { 0 };
            if (!(value[k] < value[i])) continue;
            figure(auditor, &figures, "/completion_s/%s = %g", name[i], value[i]);
            figure(auditor, &figures, "/completion_s/%s = %g", name[k], value[k]);
            audit_broken(auditor, LAW_TOTALS, &figures,
                         audit_say(auditor, "%s (%g s) is above %s (%g s).", "%s(%g초)가 %s(%g초)보다 큼.", name[i],
                                   value[i], name[k], value[k]),
                         value[i] - value[k], "s", (double)NAN);
            return;
        }
}

/* Half of all are at or above p50 and the others above 0; none is above the greatest. */
static void mean_is_possible(struct auditor *auditor)
{
    const struct observed_completion *times = &auditor->seen->completion;
    struct figure_list figures = { 0 };
    const double least = isfinite(times->p50_s) ? times->p50_s / 2 : 0;
    const double most = isfinite(times->max_s) ? times->max_s : (double)INFINITY;
    if (!isfinite(times->mean_s) || (times->mean_s >= least && times->mean_s <= most)) return;
    const double bound = times->mean_s < least ? least : most;
    figure(auditor, &figures, "/completion_s/mean = %g", times->mean_s);
    if (isfinite(times->p50_s)) figure(auditor, &figures, "/completion_s/p50 = %g", times->p50_s);
    if (isfinite(times->max_s)) figure(auditor, &figures, "/completion_s/max = %g", times->max_s);
    audit_broken(auditor, LAW_TOTALS, &figures,
                 audit_say(auditor, "a mean of %g s is not possible beside them; the bound is %g s.",
                           "평균 %g초는 불가능하며, 한계는 %g초.", times->mean_s, bound),
                 fabs(times->mean_s - bound), "s", (double)NAN);
}

/* The orders open, added up over time, can be known to the width of the bins: within a bin all may have come first, or
 * all may have gone first. */
struct open_time {
    double created, paid, least_s, most_s;
    bool usable;
};

static struct open_time open_time(const struct observations *seen)
{
    struct open_time sum = { .usable = seen->n_bins > 0 };
    double before_s = -1e300;
    for (uint32_t i = 0; i < seen->n_bins; i++) {
        const struct observed_bin *bin = &seen->bin[i];
        const double width_s = bin->to_s - bin->from_s, open = sum.created - sum.paid;
        sum.usable = sum.usable && bin->created >= 0 && bin->paid >= 0 && width_s > 0 && bin->from_s >= before_s;
        sum.least_s += fmax(open - (double)bin->paid, 0) * width_s;
        sum.most_s += (open + (double)bin->created) * width_s;
        if (before_s > -1e300 && bin->from_s > before_s) { /* between two bins nothing moves */
            sum.least_s += open * (bin->from_s - before_s);
            sum.most_s += open * (bin->from_s - before_s);
        }
        sum.created += (double)bin->created;
        sum.paid += (double)bin->paid;
        before_s = bin->to_s;
    }
    return sum;
}

static void little(struct auditor *auditor)
{
    const struct observations *seen = auditor->seen;
    const struct open_time sum = open_time(seen);
    const double mean_s = seen->completion.mean_s;
    struct figure_list figures = { 0 };
    if (!sum.usable || !isfinite(mean_s) || !(sum.paid > 0) || sum.paid < 0.999 * sum.created) return;
    const double least_s = sum.least_s / sum.paid, most_s = sum.most_s / sum.paid;
    figure(auditor, &figures, "/completion_s/mean = %g", mean_s);
    figure(auditor, &figures, "/throughput (%u bins, %s created, %s paid)", seen->n_bins, number_count(sum.created).s,
           number_count(sum.paid).s);
    if (mean_s >= least_s && mean_s <= most_s)
        return audit_holds(auditor, LAW_LITTLE, &figures,
                           audit_say(auditor, "the orders open add up to %s to %s a paid order",
                                     "미완료 주문의 합은 완료 주문당 %s ~ %s", number_seconds(least_s).s,
                                     number_seconds(most_s).s));
    audit_broken(auditor, LAW_LITTLE, &figures,
                 audit_say(auditor,
                           "the orders open, added up over time, are %s to %s for each paid order; a mean completion "
                           "time of %s does not go with that.",
                           "시간에 따라 더한 미완료 주문은 완료 주문당 %s ~ %s; 평균 완료 시간 %s와 맞지 않음.",
                           number_seconds(least_s).s, number_seconds(most_s).s, number_seconds(mean_s).s),
                 mean_s < least_s ? least_s - mean_s : mean_s - most_s, "s", (double)NAN);
}

/* Bin by bin, no more can be paid than was created. */
static void paid_after_created(struct auditor *auditor)
{
    const struct observations *seen = auditor->seen;
    double created = 0, paid = 0;
    for (uint32_t i = 0; i < seen->n_bins; i++) {
        struct figure_list figures = { 0 };
        if (seen->bin[i].created < 0 || seen->bin[i].paid < 0) return;
        created += (double)seen->bin[i].created;
        paid += (double)seen->bin[i].paid;
        if (paid <= created) continue;
        figure(auditor, &figures, "/throughput/%u/paid = %lld", i, (long long)seen->bin[i].paid);
        figure(auditor, &figures, "/throughput/%u/created = %lld", i, (long long)seen->bin[i].created);
        audit_broken(auditor, LAW_CONSERVATION, &figures,
                     audit_say(auditor, "by %g s %s orders were paid, but only %s created.",
                               "%g초까지 완료 %s건이지만 생성은 %s건.", seen->bin[i].to_s, number_count(paid).s,
                               number_count(created).s),
                     paid - created, "orders", (double)NAN);
        return;
    }
    if (seen->n_bins == 0 || seen->load.orders_created < 0 || created == auditor->created) return;
    struct figure_list figures = { 0 };
    figure(auditor, &figures, "/throughput (%u bins, %s created)", seen->n_bins, number_count(created).s);
    figure(auditor, &figures, "/load/orders_created = %s", number_json(auditor->created).s);
    audit_broken(auditor, LAW_TOTALS, &figures,
                 audit_say(auditor, "the bins sum to %s orders created, not %s.",
                           "구간별 생성 합계는 %s건이며 %s건이 아님.", number_count(created).s,
                           number_count(auditor->created).s),
                 fabs(created - auditor->created), "orders", (double)NAN);
}

void law_times(struct auditor *auditor)
{
    percentiles_ascend(auditor);
    mean_is_possible(auditor);
    paid_after_created(auditor);
    little(auditor);
}
