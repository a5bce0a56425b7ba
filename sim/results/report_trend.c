/* SPDX-License-Identifier: GPL-3.0-or-later
 * An observed table of lag over time against the other counts of the same observations. Four laws, each told only
 * where the figures at hand break it:
 *   - a committed lag cannot rise while nothing arrives;
 *   - orders that are counted as open wait somewhere: where every other group shows no lag, they wait in this one;
 *   - one consumer has one pace: arrivals less the change of the lag, over time;
 *   - a stated maximum is not above what a row says and what came until the next one: rows bound it from below only;
 *     and no entry is above the one marked as the peak. */
#include <math.h>
#include <string.h>

#include "sim/results/layout.h"
#include "sim/results/number.h"
#include "sim/results/report.h"

struct trend_facts {
    const struct observations *observations;
    double load_end_s;
    double most;                  /* greatest total of the table */
    double most_of_a_partition;
    const double *arrived;        /* by row of the table: records in the log, as simulated; NaN: not known; */
    double arrived_last;          /* and in the end, */
    double fullest_share;         /* of which so much in one partition */
    uint32_t n_broken;            /* laws told so far */
};

static double row_lag(const struct trend_facts *facts, uint32_t row)
{
    return (double)trend_total(&facts->observations->trend[row]);
}

static double row_s(const struct trend_facts *facts, uint32_t row) { return facts->observations->trend[row].t_s; }

/* ---- the laws ---- */

/* Records still came to its logs between two rows: a stage before it sends on what has waited there, long after the
 * load. What is not known is taken for none. */
static bool is_fed(const struct trend_facts *facts, uint32_t from, uint32_t to)
{
    return facts->arrived[to] - facts->arrived[from] >= 0.5;
}

static void rises_without_arrivals(struct page *page, struct trend_facts *facts)
{
    for (uint32_t i = 0; i + 1 < facts->observations->n_trend; i++) {
        const double rise = row_lag(facts, i + 1) - row_lag(facts, i);
        if (row_s(facts, i) < facts->load_end_s || rise <= 0 || is_fed(facts, i, i + 1))
            continue;
        facts->n_broken++;
        page_item(page, TONE_BAD,
                  "Between %g s and %g s its lag rises by %s, though the load ended at %g s: without arrivals a "
                  "committed lag can only fall.",
                  "%g초와 %g초 사이에 Lag이 %s건 증가하지만 부하는 %g초에 끝났음: 유입이 없으면 커밋된 Lag은 줄기만 함.",
                  row_s(facts, i), row_s(facts, i + 1), number_count(rise).s, facts->load_end_s);
        return;
    }
}

/* Middle of the time of a status count; NaN when it is not known. */
static double status_s(const struct observed_status *status)
{
    return isfinite(status->t_s) ? status->t_s : (status->from_s + status->to_s) / 2;
}

/* The last status count before t_s that has open orders. */
static const struct observed_status *open_before(const struct observations *observations, double t_s)
{
    const struct observed_status *last = NULL;
    for (uint32_t i = 0; i < observations->n_statuses; i++) {
        const struct observed_status *status = &observations->status[i];
        if (status->pending > 0 && status_s(status) < t_s && (!last || status_s(status) > status_s(last)))
            last = status;
    }
    return last;
}

/* Of the offsets table: the group that lags most, by how much in all, and the greatest lag of a partition of others. */
struct lagging { const char *group; int64_t total, elsewhere; };

static struct lagging lagging_in(const struct observations *observations)
{
    struct lagging lagging = { "", 0, 0 };

    for (uint32_t i = 0; i < observations->n_offsets; i++) {
        int64_t sum = 0;
        for (uint32_t k = 0; k < observations->n_offsets; k++)
            if (strcmp(observations->offset[k].group, observations->offset[i].group) == 0)
                sum += observations->offset[k].lag;
        if (sum > lagging.total) {
            lagging.total = sum;
            lagging.group = observations->offset[i].group;
        }
    }
    for (uint32_t i = 0; i < observations->n_offsets; i++)
        if (strcmp(observations->offset[i].group, lagging.group) != 0 &&
            observations->offset[i].lag > lagging.elsewhere)
            lagging.elsewhere = observations->offset[i].lag;
    return lagging;
}

/* Open orders at the status count, lag in the offsets table: that is one pace. The table's row in between wants
 * another. */
static void too_few_waiting(struct page *page, struct trend_facts *facts)
{
    const struct observations *observations = facts->observations;
    const struct lagging lagging = lagging_in(observations);
    const struct observed_status *status = open_before(observations, observations->offsets_t_s);

    if (!status || lagging.total == 0 || lagging.elsewhere * 100 > status->pending)
        return;
    const double from_s = status_s(status), open = (double)status->pending;
    const double pace = (open - (double)lagging.total) / (observations->offsets_t_s - from_s);
    for (uint32_t i = 0; i < observations->n_trend; i++) {
        const double at_s = row_s(facts, i), expected = open - pace * (at_s - from_s);
        if (at_s < from_s || at_s >= observations->offsets_t_s || row_lag(facts, i) > 0.75 * expected)
            continue;
        if (is_fed(facts, i, observations->n_trend - 1)) continue; /* open orders wait before it, too */
        facts->n_broken++;
        page_item(page, TONE_BAD,
                  "%s orders were PENDING at about %g s and no other group lags by more than %s, so they wait for %s; "
                  "from there to the %s of the offsets table (%g s) it takes %s/s. On that line %s wait at %g s; the "
                  "table says %s.",
                  "약 %2$g초에 PENDING %1$s건이고 다른 그룹의 Lag은 최대 %3$s건이므로 모두 %4$s에서 대기 중. Offset 표의 "
                  "%5$s건(%6$g초)까지 초당 %7$s건씩 처리된 것이며, 그 선 위에서 %9$g초의 대기는 %8$s건인데 추이 표는 %10$s건.",
                  number_count(open).s, from_s, number_count((double)lagging.elsewhere).s, lagging.group,
                  number_count((double)lagging.total).s, observations->offsets_t_s, number_rate(pace).s,
                  number_count(expected).s, at_s, number_count(row_lag(facts, i)).s);
        return;
    }
}

struct paces { double least, most; uint32_t n; };

static void add_pace(struct paces *paces, double pace)
{
    paces->least = paces->n ? fmin(paces->least, pace) : pace;
    paces->most = paces->n ? fmax(paces->most, pace) : pace;
    paces->n++;
}

/* Only rows with a lag to work off count: a consumer without work has no pace. */
static void no_single_pace(struct page *page, struct trend_facts *facts)
{
    struct paces under_load = { 0 }, after = { 0 };

    for (uint32_t i = 0; i + 1 < facts->observations->n_trend; i++) {
        const double span_s = row_s(facts, i + 1) - row_s(facts, i);
        const double done = facts->arrived[i + 1] - facts->arrived[i] - (row_lag(facts, i + 1) - row_lag(facts, i));
        if (isnan(done) || !(span_s > 0) || row_lag(facts, i) < 0.1 * facts->most)
            continue;
        add_pace(row_s(facts, i + 1) <= facts->load_end_s ? &under_load : &after, done / span_s);
    }
    if (under_load.n == 0 || after.n == 0 || under_load.least <= 2 * fmax(after.least, 0))
        return;
    facts->n_broken++;
    page_item(page, TONE_BAD,
              "Against the orders that arrive, its rows want %s to %s/s done under load, and %s to %s/s after it: no "
              "single pace does both.",
              "유입된 주문과 비교하면 부하 중에는 초당 %s~%s건, 부하 후에는 초당 %s~%s건을 처리해야 함: 하나의 처리 속도로는 "
              "불가능.",
              number_fixed(under_load.least, 0).s, number_fixed(under_load.most, 0).s, number_fixed(after.least, 0).s,
              number_fixed(after.most, 0).s);
}

static double fullest_partition(const struct observed_trend *row)
{
    double most = 0;
    for (uint32_t k = 0; k < row->n; k++) most = fmax(most, (double)row->lag[k]);
    return most;
}

/* Of so many records the fullest partition got this at most: its share, and what chance adds to it hardly ever. */
static double came_to_one(const struct trend_facts *facts, double records)
{
    const double of_one = fmax(0, records) * facts->fullest_share;
    return of_one + 3 * sqrt(of_one);
}

/* What the lag of one partition can have been: what a row says, and all that came to it until the next one. */
static double possible_peak(const struct trend_facts *facts)
{
    const uint32_t n = facts->observations->n_trend;
    double possible = came_to_one(facts, facts->arrived[0]);

    for (uint32_t i = 0; i < n; i++) {
        const double came = (i + 1 < n ? facts->arrived[i + 1] : facts->arrived_last) - facts->arrived[i];
        if (isnan(came)) return INFINITY;
        possible = fmax(possible, fullest_partition(&facts->observations->trend[i]) + came_to_one(facts, came));
    }
    return floor(possible);
}

static void peak_not_in_table(struct page *page, struct trend_facts *facts)
{
    const struct observations *observations = facts->observations;

    /* a table of totals has no entry of one partition */
    const double possible = possible_peak(facts);
    if (observations->has_peak && facts->most_of_a_partition > 0 && (double)observations->peak_lag > possible) {
        facts->n_broken++;
        page_item(page, TONE_BAD,
                  "The stated maximum of one partition, %s, is above every entry of the table (%s), and with all that "
                  "came between two rows it can have been %s at most.",
                  "명시된 Partition 최대 Lag %s건은 표의 모든 값(최대 %s건)보다 크며, 두 행 사이의 유입을 모두 더해도 최대 %s건까지만 "
                  "가능.",
                  number_count((double)observations->peak_lag).s, number_count(facts->most_of_a_partition).s,
                  number_count(possible).s);
    }
    for (uint32_t i = 0; i < observations->n_trend; i++)
        if (observations->trend[i].marked_as_peak && row_lag(facts, i) < facts->most) {
            facts->n_broken++;
            page_item(page, TONE_BAD, "Its peak is marked at %s, but another row has %s.",
                      "피크로 표시된 값은 %s건이지만 다른 행은 %s건.", number_count(row_lag(facts, i)).s,
                      number_count(facts->most).s);
        }
}

/* ---- the answer ---- */

/* In the logs that the prediction looks at. */
static void learn_the_end(const struct outcome *outcome, const struct prediction *prediction, struct trend_facts *facts)
{
    double sum = 0, most = 0;
    for (uint32_t i = 0; i < prediction->n_rows; i++) {
        const uint32_t row = prediction->row ? prediction->row[i] : prediction->first_row + i;
        double records = 0;
        for (uint32_t r = 0; r < outcome->n; r++)
            records += outcome->value[layout_log_end(outcome->layout, row)][r] / outcome->n;
        sum += records;
        most = fmax(most, records);
    }
    if (sum <= 0) return;
    facts->arrived_last = sum;
    facts->fullest_share = most / sum;
}

static void learn(struct page *page, const struct outcome *outcome, struct trend_facts *facts)
{
    const struct layout *layout = outcome->layout;
    double *arrived = arena_array(page->arena, double, facts->observations->n_trend);

    for (uint32_t i = 0; i < facts->observations->n_trend; i++) {
        const struct observed_trend *trend = &facts->observations->trend[i];
        arrived[i] = (double)NAN;
        facts->most = fmax(facts->most, row_lag(facts, i));
        facts->most_of_a_partition = fmax(facts->most_of_a_partition, fullest_partition(trend));
    }
    facts->arrived_last = (double)NAN;
    for (uint32_t i = 0; i < layout->n_predictions; i++) {
        if (layout->prediction[i].kind != PREDICT_TREND_ARRIVED) continue;
        arrived[layout->prediction[i].item] = comparison_make(outcome, i).predicted;
        learn_the_end(outcome, &layout->prediction[i], facts);
    }
    facts->arrived = arrived;
}

/* The count of open orders that the prediction comes closest to, if it comes close; else nothing to call upon. */
static bool agreeing_count(const struct outcome *outcome, struct comparison *best)
{
    double least = 0.05;
    bool found = false;

    for (uint32_t i = 0; i < outcome->layout->n_predictions; i++) {
        const struct comparison comparison = comparison_make(outcome, i);
        const double off = fabs(comparison.residual) / comparison.prediction->observed;
        if (comparison.prediction->kind != PREDICT_PENDING || !(off < least))
            continue;
        least = off;
        *best = comparison;
        found = true;
    }
    return found;
}

static void why_not_that_peak(struct page *page, const struct outcome *outcome, const struct trend_facts *facts)
{
    const struct group_demand *worst = &outcome->demand[0];
    struct comparison count;

    if (facts->n_broken == 0 || worst->peak_backlog < 1.25 * facts->most)
        return;
    const char *agrees =
        !agreeing_count(outcome, &count) ? ""
        : page_format(page, page_word(page, " The count of %s PENDING agrees with that (predicted: %s).",
                                      " PENDING %s건이라는 집계는 이와 일치함 (예측: %s)."),
                      number_count(count.prediction->observed).s, number_count(count.predicted).s);
    page_gap(page);
    page_say(page, TONE_STRONG,
             "So the peak here is %s waiting (at %s), not the table's %s: orders created less orders paid must wait "
             "somewhere.%s",
             "따라서 여기의 피크는 표의 %3$s건이 아니라 대기 %1$s건(%2$s): 생성된 주문에서 완료된 주문을 뺀 만큼은 어딘가에서 "
             "기다려야 함.%4$s",
             number_count(worst->peak_backlog).s, number_seconds(worst->peak_backlog_at_s).s,
             number_count(facts->most).s, agrees);
}

void report_trend(struct page *page, const struct outcome *outcome)
{
    const struct observations *observations = outcome->study->observations;
    struct trend_facts facts = { .observations = observations };

    if (observations->n_trend == 0 || outcome->n_demands == 0)
        return;
    for (uint32_t i = 0; i < observations->n_trend; i++)
        if (row_lag(&facts, i) < 0)
            return;
    facts.load_end_s = ns_to_s(scenario_load_end(&outcome->study->scenario));
    learn(page, outcome, &facts);
    page_gap(page);
    page_say(page, TONE_STRONG, "The lag table over time against the other counts, with the load begun at %s:",
             "Lag 추이 표와 다른 집계의 비교 (부하 시작 %s 기준):",
             *observations->start_clock ? observations->start_clock : "0 s");
    rises_without_arrivals(page, &facts);
    too_few_waiting(page, &facts);
    no_single_pace(page, &facts);
    peak_not_in_table(page, &facts);
    if (facts.n_broken == 0)
        page_item(page, TONE_GOOD, "No contradiction found.", "모순 없음.");
    why_not_that_peak(page, outcome, &facts);
}
