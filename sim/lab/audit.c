/* SPDX-License-Identifier: GPL-3.0-or-later
 * The book of findings, and the order in which the laws are asked: those of exact counts first, then the fit of start
 * and pace, then those that need it. */
#include "sim/lab/audit.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "sim/lab/auditor.h"
#include "sim/scenario/finding.h"

const char *audit_law_name(enum audit_law law, enum language language)
{
    static const char *const name[LAWS][2] = {
        [LAW_TOTALS] = { "a total is the sum of its rows", "합계는 행의 합" },
        [LAW_SHARES] = { "a share is a count over its total", "비율은 건수 / 총계" },
        [LAW_CONSERVATION] = { "arrived = done + open", "유입 = 완료 + 미완료" },
        [LAW_LAG] = { "lag = log end - committed", "Lag = Log-End - 커밋" },
        [LAW_INSTANT] = { "one instant, one count", "한 시점에는 하나의 값" },
        [LAW_CLOCKS] = { "clocks are in order", "시각의 순서" },
        [LAW_RISE] = { "a lag rises only with arrivals", "유입 없이는 Lag이 늘지 않음" },
        [LAW_PACE] = { "one consumer has one pace", "하나의 Consumer, 하나의 처리 속도" },
        [LAW_THROUGHPUT] = { "throughput <= consumers / service time", "처리량 <= Consumer 수 / 처리 시간" },
        [LAW_RATE] = { "a rate is a count over the time it took", "TPS는 건수 / 걸린 시간" },
        [LAW_DRAIN] = { "what waits is gone after its count over the pace", "대기 건수 / 처리 속도 후 소진" },
        [LAW_PEAK] = { "a stated peak fits its own table", "명시된 피크는 표와 일치" },
        [LAW_LITTLE] = { "Little's law", "리틀의 법칙" },
        [LAW_KEYS] = { "partition counts are the hash of the keys", "Partition별 건수는 키의 해시" }
    };
    return name[law][language == LANG_KO];
}

/* ---- the book ---- */

static const char *vsay(struct arena *arena, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    return text;
}

const char *audit_say(struct auditor *auditor, const char *en, const char *ko, ...)
{
    va_list arguments;
    va_start(arguments, ko);
    const char *text = vsay(auditor->arena, auditor->language == LANG_KO ? ko : en, arguments);
    va_end(arguments);
    return text;
}

void figure(struct auditor *auditor, struct figure_list *list, const char *format, ...)
{
    va_list arguments;
    if (list->n == AUDIT_FIGURES_MAX) return;
    va_start(arguments, format);
    list->text[list->n++] = vsay(auditor->arena, format, arguments);
    va_end(arguments);
}

/* Doubles its room as it fills. */
static void book(struct auditor *auditor, const struct audit_entry **list, uint32_t *n, const struct audit_entry *entry)
{
    if ((*n & (*n - 1)) == 0) {
        struct audit_entry *more = arena_array(auditor->arena, struct audit_entry, *n == 0 ? 1 : 2 * *n);
        if (*n > 0) memcpy(more, *list, *n * sizeof *more);
        *list = more;
    }
    ((struct audit_entry *)*list)[(*n)++] = *entry;
}

static struct audit_entry entry_of(struct auditor *auditor, enum audit_law law, const struct figure_list *figures,
                                   const char *text)
{
    const char **kept = arena_array(auditor->arena, const char *, figures->n);
    if (figures->n > 0) memcpy(kept, figures->text, figures->n * sizeof *kept);
    return (struct audit_entry){
        .law = law, .n_figures = figures->n, .figure = kept, .text = text, .unit = "", .sigmas = (double)NAN
    };
}

void audit_broken(struct auditor *auditor, enum audit_law law, const struct figure_list *figures, const char *text,
                  double size, const char *unit, double sigmas)
{
    struct audit_entry entry = entry_of(auditor, law, figures, text);
    entry.size = size;
    entry.unit = unit;
    entry.sigmas = sigmas;
    book(auditor, &auditor->out->finding, &auditor->out->n_findings, &entry);
}

void audit_holds(struct auditor *auditor, enum audit_law law, const struct figure_list *figures, const char *text)
{
    const struct audit_entry entry = entry_of(auditor, law, figures, text);
    book(auditor, &auditor->out->consistent, &auditor->out->n_consistent, &entry);
}

/* ---- instants ---- */

struct when when_of_status(const struct observed_status *status)
{
    if (isfinite(status->from_s) && isfinite(status->to_s))
        return (struct when){ isfinite(status->t_s) ? status->t_s : (status->from_s + status->to_s) / 2,
                              (status->to_s - status->from_s) / 4 };
    return (struct when){ status->t_s, AUDIT_CLOCK_S };
}

struct when when_of_offsets(const struct observations *observations)
{
    const double sigma_s = observations->offsets_sigma_t_s;
    return (struct when){ observations->offsets_t_s, isfinite(sigma_s) ? sigma_s : AUDIT_TABLE_S };
}

struct when when_of_table(const struct observed_table *table)
{
    return (struct when){ table->t_s, isfinite(table->sigma_t_s) ? table->sigma_t_s : AUDIT_TABLE_S };
}

static double arrived_with_start(const struct auditor *auditor, double t_s, double start_s)
{
    return auditor->curve ? load_curve_arrived(auditor->curve, t_s - start_s) : auditor->created;
}

double arrived_by(const struct auditor *auditor, double t_s)
{
    return arrived_with_start(auditor, t_s, auditor->out->start_s);
}

double arrived_most(const struct auditor *auditor, double t_s)
{
    return arrived_with_start(auditor, t_s, auditor->start_least_s);
}

double arrived_least(const struct auditor *auditor, double t_s)
{
    return arrived_with_start(auditor, t_s, auditor->start_most_s);
}

bool all_arrived(const struct auditor *auditor, struct when when)
{
    if (!isfinite(when.t_s)) return true; /* later than everything else */
    return auditor->curve && when.t_s - AUDIT_SIGMAS * when.sigma_s >= auditor->start_most_s + auditor->curve->end_s;
}

/* ---- groups ---- */

/* Of the records of a topic, those in this partition: by a table in which all its partitions stand, else evenly. */
static double share_of(const struct auditor *auditor, uint32_t partition, uint32_t partitions)
{
    const struct observations *seen = auditor->seen;
    double all = 0, here = 0;
    uint32_t n = 0;
    for (uint32_t i = 0; i < seen->n_offsets; i++) {
        const struct observed_offset *row = &seen->offset[i];
        if (strcmp(row->group, seen->offset[0].group) != 0 || strcmp(row->topic, seen->offset[0].topic) != 0) continue;
        if (row->log_end < 0) continue;
        n++;
        all += (double)row->log_end;
        if (row->partition == partition) here = (double)row->log_end;
    }
    return n == partitions && here > 0 ? here / all : 1.0 / partitions;
}

static uint32_t partitions_of(const struct auditor *auditor, const char *group, uint32_t *consumers)
{
    const struct observations *seen = auditor->seen;
    uint32_t partitions = 0;
    *consumers = 0;
    for (uint32_t i = 0; i < seen->n_groups; i++)
        if (strcmp(seen->group[i].name, group) == 0) {
            partitions = seen->group[i].partitions;
            *consumers = seen->group[i].consumers;
        }
    for (uint32_t i = 0; i < seen->n_offsets && partitions == 0; i++)
        if (strcmp(seen->offset[i].group, group) == 0) partitions = 1;
    for (uint32_t i = 0; i < seen->n_offsets; i++)
        if (strcmp(seen->offset[i].group, group) == 0 && seen->offset[i].partition >= partitions)
            partitions = seen->offset[i].partition + 1;
    return partitions;
}

struct group_view group_view(const struct auditor *auditor, const char *group)
{
    const struct observations *seen = auditor->seen;
    struct group_view view = { 0 };
    const uint32_t partitions = partitions_of(auditor, group, &view.consumers);
    for (uint32_t i = 0; i < seen->n_offsets; i++) {
        const struct observed_offset *row = &seen->offset[i];
        if (strcmp(row->group, group) != 0) continue;
        if (view.n_rows == 0) view.topic = row->topic;
        else if (view.topic && strcmp(view.topic, row->topic) != 0) view.topic = NULL;
        view.n_rows++;
        view.share += share_of(auditor, row->partition, partitions);
        view.lag += (double)row->lag;
        view.committed += row->committed < 0 ? (double)NAN : (double)row->committed;
        view.log_end += row->log_end < 0 ? (double)NAN : (double)row->log_end;
    }
    view.share = fmin(view.share, 1);
    return view;
}

static void find_behind(struct auditor *auditor)
{
    const struct observations *seen = auditor->seen;
    for (uint32_t i = 0; i < seen->n_offsets; i++) {
        const struct group_view view = group_view(auditor, seen->offset[i].group);
        if (!(view.lag > auditor->behind_lag)) continue;
        auditor->behind_lag = view.lag;
        auditor->behind = seen->offset[i].group;
    }
    auditor->out->behind = auditor->behind;
}

/* ---- load ---- */

/* Starts up to t of the load as it was run. */
static double load_area(const struct observed_load *load, double t_s, double *end_s, double *peak_per_s)
{
    double from_s = 0, rate = load->start_rate_per_s, area = 0;
    *peak_per_s = rate;
    for (uint32_t i = 0; i < load->n_stages; i++) {
        const double d = load->stage[i].duration_s, x = fmin(fmax(t_s - from_s, 0), d);
        if (d > 0) area += rate * x + (load->stage[i].target_per_s - rate) / d * x * x / 2;
        rate = load->stage[i].target_per_s;
        from_s += d;
        *peak_per_s = fmax(*peak_per_s, rate);
    }
    *end_s = from_s;
    return area;
}

static bool make_curve(struct load_curve *curve, const struct observed_load *load)
{
    const double evenly = isfinite(load->rate_per_s) ? load->rate_per_s
                          : load->orders_created > 0 ? (double)load->orders_created / load->duration_s
                                                     : (double)NAN;
    const struct observed_ramp constant = { evenly, load->duration_s };
    struct observed_load as_run = *load;
    double unused;
    if (load->n_stages == 0) {
        if (!(evenly > 0) || !(load->duration_s > 0)) return false;
        as_run = (struct observed_load){ .start_rate_per_s = evenly, .n_stages = 1, .stage = &constant };
    }
    load_area(&as_run, 0, &curve->end_s, &curve->peak_per_s);
    curve->step_s = curve->end_s / CURVE_POINTS;
    for (uint32_t i = 0; i <= CURVE_POINTS; i++)
        curve->arrived[i] = load_area(&as_run, i * curve->step_s, &unused, &unused);
    curve->total = curve->arrived[CURVE_POINTS];
    if (!(curve->total > 0)) return false;
    if (load->orders_created > 0) load_curve_scale(curve, (double)load->orders_created);
    return true;
}

static void learn(struct auditor *auditor)
{
    const struct observed_load *load = &auditor->seen->load;
    struct load_curve *curve = arena_new(auditor->arena, struct load_curve);
    if (make_curve(curve, load)) auditor->curve = curve;
    auditor->created = load->orders_created >= 0 ? (double)load->orders_created
                       : auditor->curve          ? curve->total
                                                 : (double)NAN;
    find_behind(auditor);
}

void audit_observations(struct audit *out, const struct observations *observations, enum language language,
                        struct arena *arena)
{
    struct auditor auditor = { .seen = observations, .language = language, .arena = arena, .out = out };
    *out = (struct audit){ .latest_s = (double)NAN, .pace_per_s = (double)NAN, .pace_sd_per_s = (double)NAN };
    learn(&auditor);
    fit_start_and_pace(&auditor);
    law_states(&auditor);
    law_shares(&auditor);
    law_offsets(&auditor);
    law_tables(&auditor);
    law_keys(&auditor);
    law_clocks_of_states(&auditor);
    law_one_instant(&auditor);
    law_times(&auditor);
    law_trend(&auditor);
    law_peak(&auditor);
    law_throughput(&auditor);
    law_rates(&auditor);
    law_drain(&auditor);
}
