/* SPDX-License-Identifier: GPL-3.0-or-later
 * See outbox_limit.h. What limits is told as it is of a group (bottleneck.c): by what waited, and by what is in
 * reserve. */
#include "sim/results/outbox_limit.h"

#include <math.h>
#include <stdio.h>

#include "sim/results/api_limit.h"
#include "sim/results/layout.h"
#include "sim/results/number.h"

/* More waiting than is sent in this time: it fell behind, it does not merely look now and then. */
#define BEHIND_S 5
/* With less in reserve than that, at the load's greatest rate. */
#define TIGHT 0.9

static double orders_per_s(const struct outcome *outcome)
{
    const struct api_limit api = api_limit_of(outcome);
    const double per_s = outcome_mean(outcome, "orders.peak_rate_per_s");
    return api.kind == API_LIMIT_NONE ? per_s : fmin(per_s, api.most_per_s);
}

static struct outbox_limit of_process(const struct outcome *outcome, const struct process_spec *process)
{
    const double rows = outcome_mean(outcome, "processes.%s.outbox.rows", process->name);
    const double send_s = dist_mean_s(&process->outbox_send);

    return (struct outbox_limit){
        .process = process->name, .send_s = send_s, .most_per_s = 1 / send_s,
        .asked_per_s = orders_per_s(outcome) * rows / outcome_mean(outcome, "orders.created"),
        .peak = outcome_mean(outcome, "processes.%s.outbox.peak_rows", process->name),
        .peak_at_s = outcome_mean(outcome, "processes.%s.outbox.peak_at_s", process->name),
        .gone_at_s = outcome_mean(outcome, "processes.%s.outbox.gone_at_s", process->name),
        .left_in = outcome_nulls(outcome, "processes.%s.outbox.gone_at_s", process->name) };
}

static bool limits(const struct outbox_limit *limit)
{
    return limit->asked_per_s >= TIGHT * limit->most_per_s && limit->peak > BEHIND_S * limit->most_per_s;
}

struct outbox_limit outbox_limit_of(const struct outcome *outcome)
{
    const struct scenario *scenario = &outcome->study->scenario;
    struct outbox_limit most = { .process = NULL };

    for (uint32_t i = 0; i < scenario->n_processes; i++) {
        if (!scenario->process[i].has_outbox) continue;
        const struct outbox_limit limit = of_process(outcome, &scenario->process[i]);
        if (!limits(&limit)) continue;
        if (!most.process || limit.asked_per_s * most.most_per_s > most.asked_per_s * limit.most_per_s) most = limit;
    }
    return most;
}

static void rest(const struct outcome *outcome, const struct outbox_limit *limit, bool ko, char *out, size_t size)
{
    const unsigned left = (unsigned)limit->left_in, runs = (unsigned)outcome->n;
    const struct number gone = number_seconds(limit->gone_at_s);

    if (left == 0 && ko) snprintf(out, size, ", %s에 모두 전송", gone.s);
    else if (left == 0) snprintf(out, size, ", none is left at %s", gone.s);
    else if (runs == 1) snprintf(out, size, "%s", ko ? ", 끝까지 남음" : ", and some are left at the end");
    else if (ko) snprintf(out, size, ", 실행 %u회 중 %u회에서 끝까지 남음", runs, left);
    else snprintf(out, size, ", and some are left at the end of %u of %u runs", left, runs);
}

char *outbox_limit_text(const struct outcome *outcome, enum language language, char *out, size_t size)
{
    const struct outbox_limit limit = outbox_limit_of(outcome);
    const struct number most = number_rate(limit.most_per_s), asked = number_rate(limit.asked_per_s);
    const struct number percent = number_percent(limit.asked_per_s / limit.most_per_s);
    const struct number each = number_seconds(limit.send_s), peak = number_count(limit.peak);
    const struct number at = number_seconds(limit.peak_at_s);
    char left[100];

    out[0] = '\0';
    if (!limit.process) return out;
    rest(outcome, &limit, language == LANG_KO, left, sizeof left);
    if (language == LANG_KO)
        snprintf(out, size, "릴레이는 많아야 초당 %s행 (한 번에 하나씩, 행당 %s), 기록은 최대 초당 %s행 (%s); "
                 "최대 대기 %s행 (%s)%s", most.s, each.s, asked.s, percent.s, peak.s, at.s, left);
    else
        snprintf(out, size, "its relay sends %s rows/s at most (%s a row, one after the other), and up to %s/s are "
                 "written (%s); up to %s rows wait (at %s)%s", most.s, each.s, asked.s, percent.s, peak.s, at.s, left);
    return out;
}
