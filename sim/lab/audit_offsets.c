/* SPDX-License-Identifier: GPL-3.0-or-later
 * Laws of offsets: within a row, between the rows of a topic, between tables, against counts by state of the same
 * instant, and against the hash of the keys.
 *
 * What a group publishes may be ahead of what it has committed: a batch in hand is done and not committed, and the
 * rows of a table are printed one after another. So "published <= committed" is no law and is not asked here; with a
 * scenario, which knows who feeds whom, it is asked with that batch allowed for. */
#include <math.h>
#include <string.h>

#include "models/kafka/murmur2.h"
#include "sim/lab/auditor.h"
#include "sim/results/number.h"

/* ---- rows ---- */

/* at: "/offsets" or "/snapshots/3". */
static void judge_row(struct auditor *auditor, const char *at, uint32_t i, const struct observed_offset *row)
{
    struct figure_list figures = { 0 };
    const double lag = (double)(row->log_end - row->committed);
    if (row->committed < 0 || row->log_end < 0) return;
    figure(auditor, &figures, "%s/rows/%u/log_end = %lld", at, i, (long long)row->log_end);
    figure(auditor, &figures, "%s/rows/%u/committed = %lld", at, i, (long long)row->committed);
    figure(auditor, &figures, "%s/rows/%u/lag = %lld", at, i, (long long)row->lag);
    if (lag == (double)row->lag)
        return audit_holds(
            auditor, LAW_LAG, &figures,
            audit_say(auditor, "%s, %s, partition %u", "%s, %s, Partition %u", row->group, row->topic, row->partition));
    audit_broken(auditor, LAW_LAG, &figures,
                 audit_say(auditor, "%s, %s, partition %u: %s - %s = %s, not %s.",
                           "%s, %s, Partition %u: %s - %s = %s이며 %s이 아님.", row->group, row->topic, row->partition,
                           number_count((double)row->log_end).s, number_count((double)row->committed).s,
                           number_count(lag).s, number_count((double)row->lag).s),
                 fabs(lag - (double)row->lag), "records", (double)NAN);
}

/* Two groups that read one partition see one log; its rows are printed some seconds apart. */
static void judge_log_ends(struct auditor *auditor)
{
    const struct observations *seen = auditor->seen;
    const struct when when = when_of_offsets(seen);
    const double grows =
        all_arrived(auditor, when) || !auditor->curve ? 0 : auditor->curve->peak_per_s * AUDIT_SIGMAS * when.sigma_s;
    for (uint32_t i = 0; i < seen->n_offsets; i++)
        for (uint32_t k = i + 1; k < seen->n_offsets; k++) {
            const struct observed_offset *a = &seen->offset[i], *b = &seen->offset[k];
            struct figure_list figures = { 0 };
            const double off = fabs((double)(a->log_end - b->log_end));
            if (strcmp(a->topic, b->topic) != 0 || a->partition != b->partition) continue;
            if (a->log_end < 0 || b->log_end < 0 || off <= grows) continue;
            figure(auditor, &figures, "/offsets/rows/%u/log_end = %lld", i, (long long)a->log_end);
            figure(auditor, &figures, "/offsets/rows/%u/log_end = %lld", k, (long long)b->log_end);
            audit_broken(auditor, LAW_INSTANT, &figures,
                         audit_say(auditor, "%s, partition %u: one log cannot end at %s and at %s.",
                                   "%s, Partition %u: 하나의 로그가 %s와 %s에서 동시에 끝날 수 없음.", a->topic,
                                   a->partition, number_count((double)a->log_end).s,
                                   number_count((double)b->log_end).s),
                         off, "records", (double)NAN);
        }
}

void law_offsets(struct auditor *auditor)
{
    const struct observations *seen = auditor->seen;
    for (uint32_t i = 0; i < seen->n_offsets; i++) judge_row(auditor, "/offsets", i, &seen->offset[i]);
    judge_log_ends(auditor);
}

/* ---- tables one after another ---- */

static const struct observed_offset *same_row(const struct observed_table *table, const struct observed_offset *row)
{
    for (uint32_t i = 0; i < table->n_rows; i++)
        if (strcmp(table->row[i].group, row->group) == 0 && strcmp(table->row[i].topic, row->topic) == 0 &&
            table->row[i].partition == row->partition)
            return &table->row[i];
    return NULL;
}

static void judge_steps(struct auditor *auditor, uint32_t a, uint32_t row, const char *what, int64_t before,
                        int64_t after)
{
    const struct observations *seen = auditor->seen;
    const struct observed_offset *of = &seen->snapshot[a].row[row];
    struct figure_list figures = { 0 };
    if (before < 0 || after < 0 || after >= before) return;
    figure(auditor, &figures, "/snapshots/%u/rows/%u/%s = %lld", a, row, what, (long long)before);
    figure(auditor, &figures, "/snapshots/%u %s = %lld", a + 1, what, (long long)after);
    audit_broken(auditor, LAW_CLOCKS, &figures,
                 audit_say(auditor, "%s, %s, partition %u: %s falls from %s to %s between %g s and %g s.",
                           "%s, %s, Partition %u: %s이(가) %s에서 %s로 감소 (%g초 ~ %g초).", of->group, of->topic,
                           of->partition, what, number_count((double)before).s, number_count((double)after).s,
                           seen->snapshot[a].t_s, seen->snapshot[a + 1].t_s),
                 (double)(before - after), "records", (double)NAN);
}

void law_tables(struct auditor *auditor)
{
    const struct observations *seen = auditor->seen;
    for (uint32_t a = 0; a < seen->n_snapshots; a++) {
        const struct observed_table *table = &seen->snapshot[a];
        const char *at = audit_say(auditor, "/snapshots/%u", "/snapshots/%u", a);
        for (uint32_t i = 0; i < table->n_rows; i++) judge_row(auditor, at, i, &table->row[i]);
        if (a + 1 == seen->n_snapshots) break;
        if (table[1].t_s < table[0].t_s) {
            struct figure_list figures = { 0 };
            figure(auditor, &figures, "/snapshots/%u/t_s = %g", a, table[0].t_s);
            figure(auditor, &figures, "/snapshots/%u/t_s = %g", a + 1, table[1].t_s);
            audit_broken(
                auditor, LAW_CLOCKS, &figures,
                audit_say(auditor, "table %u was taken before table %u.", "표 %u가 표 %u보다 먼저 찍힘.", a + 2, a + 1),
                table[0].t_s - table[1].t_s, "s", (double)NAN);
            continue;
        }
        for (uint32_t i = 0; i < table->n_rows; i++) {
            const struct observed_offset *later = same_row(&table[1], &table->row[i]);
            if (!later) continue;
            judge_steps(auditor, a, i, "committed", table->row[i].committed, later->committed);
            judge_steps(auditor, a, i, "log_end", table->row[i].log_end, later->log_end);
        }
    }
}

/* ---- counts by state against the table ---- */

/* What waits by the offsets, all groups together. An open order waits in one group at least; a batch in hand, and what
 * is on its way between two groups, make the difference. */
struct waiting {
    double most, least;
};

static struct waiting waiting_in(const struct auditor *auditor)
{
    const struct observations *seen = auditor->seen;
    struct waiting waiting = { 0, 0 };
    for (uint32_t i = 0; i < seen->n_offsets; i++) {
        bool first = true;
        for (uint32_t k = 0; k < i; k++) first = first && strcmp(seen->offset[k].group, seen->offset[i].group) != 0;
        if (!first) continue;
        const struct group_view view = group_view(auditor, seen->offset[i].group);
        const double consumers = view.consumers > 0 ? view.consumers : 1;
        waiting.most += view.lag / fmax(view.share, 0.01);
        if (view.topic) waiting.least = fmax(waiting.least, view.lag - AUDIT_BATCH * consumers);
    }
    return waiting;
}

/* The table and the count may be some seconds apart: what the pace, or else the load's peak rate, moves in that time.
 */
static double moves_in(const struct auditor *auditor, double sigma_s)
{
    const double pace = isfinite(auditor->out->pace_per_s) ? auditor->out->pace_per_s
                        : auditor->curve                   ? auditor->curve->peak_per_s
                                                           : 100;
    const double rate = auditor->curve ? fmax(pace, auditor->curve->peak_per_s) : pace;
    return AUDIT_SIGMAS * sigma_s * rate;
}

static void judge_with_table(struct auditor *auditor, uint32_t i, bool by_print)
{
    const struct observations *seen = auditor->seen;
    const struct observed_status *status = &seen->status[i];
    const struct waiting waiting = waiting_in(auditor);
    const struct when when = when_of_offsets(seen), at = when_of_status(status);
    const double slack = 50 + moves_in(auditor, by_print ? when.sigma_s : hypot(when.sigma_s, at.sigma_s));
    const double open = (double)status->pending;
    struct figure_list figures = { 0 };
    figure(auditor, &figures, "/statuses/%u/pending = %lld", i, (long long)status->pending);
    if (by_print) figure(auditor, &figures, "/statuses/%u/printed_clock", i);
    for (uint32_t k = 0; k < seen->n_offsets; k++)
        if (seen->offset[k].lag > 0)
            figure(auditor, &figures, "/offsets/rows/%u/lag = %lld", k, (long long)seen->offset[k].lag);
    if (open <= waiting.most + slack && open >= waiting.least - slack)
        return audit_holds(auditor, LAW_INSTANT, &figures,
                           audit_say(auditor, "%s open orders go with %s records that wait at %g s",
                                     "%3$g초의 미완료 %1$s건은 대기 이벤트 %2$s건과 일치", number_count(open).s,
                                     number_count(waiting.most).s, seen->offsets_t_s));
    const double size = open > waiting.most ? open - waiting.most : waiting.least - open;
    const char *apart =
        isfinite(auditor->out->pace_per_s) && open > waiting.most
            ? audit_say(auditor, " At %s/s that is %s s earlier.", " 초당 %s건이면 %s초 이전의 값.",
                        number_rate(auditor->out->pace_per_s).s, number_fixed(size / auditor->out->pace_per_s, 0).s)
            : "";
    const char *text = audit_say(
        auditor, "%s orders open and %s records waiting in all groups (%g s) cannot be of the same instant.%s",
        "미완료 주문 %s건과 전체 그룹의 대기 이벤트 %s건(%g초)은 같은 시점의 값일 수 없음.%s", number_count(open).s,
        number_count(open > waiting.most ? waiting.most : waiting.least).s, seen->offsets_t_s, apart);
    audit_broken(auditor, LAW_INSTANT, &figures, text, size, "orders", (double)NAN);
}

/* Two counts of one thing whose clocks do not tell them apart. */
static void judge_two_counts(struct auditor *auditor, uint32_t a, uint32_t b)
{
    const struct observed_status *first = &auditor->seen->status[a], *second = &auditor->seen->status[b];
    const double off = fabs((double)(first->pending - second->pending)), pace = auditor->out->pace_per_s;
    const struct when at = when_of_status(first), other = when_of_status(second);
    struct figure_list figures = { 0 };
    if (first->pending < 0 || second->pending < 0 || off <= AUDIT_SIGMAS * hypot(first->sd, second->sd)) return;
    if (!isfinite(at.t_s) || !isfinite(other.t_s)) return;
    if (fabs(at.t_s - other.t_s) > 2 * (at.sigma_s + other.sigma_s)) return; /* two instants, by their own clocks */
    if (at.sigma_s <= AUDIT_CLOCK_S && other.sigma_s <= AUDIT_CLOCK_S && at.t_s != other.t_s) return;
    figure(auditor, &figures, "/statuses/%u/pending = %lld", a, (long long)first->pending);
    figure(auditor, &figures, "/statuses/%u/pending = %lld", b, (long long)second->pending);
    const char *apart = isfinite(pace)
                            ? audit_say(auditor, " At %s/s they are %s s apart.", " 초당 %s건이면 %s초 차이.",
                                        number_rate(pace).s, number_fixed(off / pace, 1).s)
                            : "";
    audit_broken(auditor, LAW_INSTANT, &figures,
                 audit_say(auditor, "%s and %s orders pending are two queries at two times: %s apart.%s",
                           "PENDING %s건과 %s건은 서로 다른 시점의 두 조회: %s건 차이.%s",
                           number_count((double)first->pending).s, number_count((double)second->pending).s,
                           number_count(off).s, apart),
                 off, "orders", (double)NAN);
}

void law_one_instant(struct auditor *auditor)
{
    const struct observations *seen = auditor->seen;
    for (uint32_t i = 0; i < seen->n_statuses; i++) {
        const struct observed_status *status = &seen->status[i];
        const struct when at = when_of_status(status), when = when_of_offsets(seen);
        for (uint32_t k = i + 1; k < seen->n_statuses; k++) judge_two_counts(auditor, i, k);
        if (status->pending < 0 || seen->n_offsets == 0 || !isfinite(when.t_s)) continue;
        if (fabs(status->printed_t_s - when.t_s) < 0.5) judge_with_table(auditor, i, true);
        else if (fabs(at.t_s - when.t_s) <= at.sigma_s + when.sigma_s) judge_with_table(auditor, i, false);
    }
}

/* ---- keys ---- */

struct topic_view {
    const char *name;
    uint32_t partitions;
    double records;
    double by_partition[MAX_PARTITIONS];
    uint32_t row[MAX_PARTITIONS];
};

/* Rows of the topic of row i, if all its partitions are there once, from 0 on. */
static bool view_topic(const struct observations *seen, uint32_t i, struct topic_view *out)
{
    const struct observed_offset *first = &seen->offset[i];
    uint32_t n = 0;
    *out = (struct topic_view){ .name = first->topic };
    for (uint32_t k = 0; k < seen->n_offsets; k++) {
        const struct observed_offset *row = &seen->offset[k];
        if (strcmp(row->group, first->group) != 0 || strcmp(row->topic, first->topic) != 0) continue;
        if (row->log_end < 0) return false;
        n++;
        out->by_partition[row->partition] = (double)row->log_end;
        out->row[row->partition] = k;
        out->records += (double)row->log_end;
        if (row->partition >= out->partitions) out->partitions = row->partition + 1;
    }
    return n == out->partitions && n > 1;
}

/* How far the counts are from those of the ids first ... last, summed over partitions. */
static double off_the_hash(const struct topic_view *topic, uint64_t first, uint64_t last, struct arena *arena)
{
    double *count = arena_array(arena, double, topic->partitions), off = 0;
    for (uint64_t id = first; id <= last; id++) count[murmur2_partition_of_id(id, topic->partitions)]++;
    for (uint32_t p = 0; p < topic->partitions; p++) off += fabs(count[p] - topic->by_partition[p]);
    return off;
}

static void judge_arrivals(struct auditor *auditor, const struct topic_view *topic, const struct figure_list *figures)
{
    const struct when when = when_of_offsets(auditor->seen);
    const bool all = all_arrived(auditor, when);
    const double least = all ? auditor->created
                             : arrived_least(auditor, when.t_s - AUDIT_SIGMAS * when.sigma_s) -
                                   (auditor->curve ? auditor->curve->peak_per_s : 0);
    const double most = all ? auditor->created : arrived_most(auditor, when.t_s + AUDIT_SIGMAS * when.sigma_s) + 1;
    if (!isfinite(least) || !auditor->curve || auditor->seen->load.orders_created < 0) return;
    if (topic->records >= least && topic->records <= most)
        return audit_holds(auditor, LAW_CONSERVATION, figures,
                           audit_say(auditor, "%s holds a record for each order that had arrived",
                                     "%s의 이벤트 수는 유입된 주문 수와 일치", topic->name));
    const double bound = topic->records < least ? least : most;
    audit_broken(auditor, LAW_CONSERVATION, figures,
                 audit_say(auditor, "%s holds %s records, but %s orders had arrived.",
                           "%s의 이벤트는 %s건이지만 유입된 주문은 %s건.", topic->name, number_count(topic->records).s,
                           number_count(bound).s),
                 fabs(topic->records - bound), "records", (double)NAN);
}

static void judge_hash(struct auditor *auditor, const struct topic_view *topic, const struct figure_list *figures)
{
    const struct observations *seen = auditor->seen;
    const bool said = seen->last_id > 0;
    const uint64_t first = said ? seen->first_id : 1, n = (uint64_t)topic->records;
    const uint64_t last = said && seen->last_id - first + 1 < n ? seen->last_id : first + n - 1;
    if (n == 0 || n > 20000000) return;
    const double off = off_the_hash(topic, first, last, auditor->arena);
    if (off == 0)
        return audit_holds(
            auditor, LAW_KEYS, figures,
            audit_say(auditor,
                      "the log ends of %s are the murmur2 counts of the order ids %llu to %llu as text: "
                      "one record an order, none twice",
                      "%s의 Log-End는 주문 ID %llu ~ %llu(문자열)의 murmur2 분포와 정확히 일치: 주문당 이벤트 "
                      "1건, 중복 없음",
                      topic->name, (unsigned long long)first, (unsigned long long)last));
    if (!*seen->key || !strstr(seen->key, "order id") || !all_arrived(auditor, when_of_offsets(seen))) return;
    audit_broken(
        auditor, LAW_KEYS, figures,
        audit_say(auditor,
                  "the key is said to be the order id, but murmur2 deals the ids %llu to %llu otherwise: %s "
                  "records are in other partitions.",
                  "키가 주문 ID라고 하지만 murmur2로는 ID %llu ~ %llu이(가) 다르게 나뉨: %s건이 다른 Partition.",
                  (unsigned long long)first, (unsigned long long)last, number_count(off / 2).s),
        off / 2, "records", (double)NAN);
}

/* The topic that the orders come in by: the one with most records, of those whose partitions are all there. */
void law_keys(struct auditor *auditor)
{
    const struct observations *seen = auditor->seen;
    struct topic_view *topic = arena_new(auditor->arena, struct topic_view);
    struct topic_view *most = arena_new(auditor->arena, struct topic_view);
    struct figure_list figures = { 0 };
    for (uint32_t i = 0; i < seen->n_offsets; i++)
        if (view_topic(seen, i, topic) && topic->records > most->records) *most = *topic;
    if (!(most->records > 0)) return;
    for (uint32_t p = 0; p < most->partitions; p++)
        figure(auditor, &figures, "/offsets/rows/%u/log_end = %s", most->row[p], number_json(most->by_partition[p]).s);
    judge_arrivals(auditor, most, &figures);
    judge_hash(auditor, most, &figures);
}
