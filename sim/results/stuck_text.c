/* SPDX-License-Identifier: GPL-3.0-or-later
 * The sentence of stuck.h, in two languages. */
#include "sim/results/stuck.h"

#include <math.h>
#include <stdio.h>

#include "sim/results/number.h"

/* ---- how long a consumer lives ---- */

/* From its return to its next death; NaN: not known, for it is drawn. A session of before that has to end first is none
 * of its life. */
static double lives_s(const struct scenario *scenario, const struct taken *taken)
{
    const struct fault_spec *fault = taken->fault;

    if (fault->when != WHEN_EVERY || !isfinite(taken->for_s)) return (double)NAN;
    if (fault->on != ON_PROCESS || (fault->instance == NONE && scenario->process[fault->target].instances > 1))
        return (double)NAN;
    return ns_to_s(fault->every_ns) - fmax(taken->for_s, taken->session_s);
}

/* ---- the sentences ---- */

struct told {
    const struct group_spec *group;
    const struct stuck *stuck;
    const char *fault;     /* NULL: not known */
    unsigned times;        /* it came */
    double record_s, lives_s;
    unsigned under;        /* so many take as long as it lives; 0: not known */
};

static int retries_en(const struct told *told, char *out, size_t size)
{
    const struct number deliveries = number_count(told->group->deliveries);
    const int n = snprintf(out, size, "no help: records that fail are delivered again and again (%s times since %s), "
                           "and %s wait in their partitions: with fewer deliveries (%s) they are given up and the rest "
                           "is done", number_count(told->stuck->retries).s, number_seconds(told->stuck->since_s).s,
                           number_count(told->stuck->records).s, deliveries.s);
    if (told->group->dead_letter != NONE) return n;
    return n + snprintf(out + n, size - (size_t)n, "; a dead_letter topic keeps them");
}

static int retries_ko(const struct told *told, char *out, size_t size)
{
    const struct number deliveries = number_count(told->group->deliveries);
    const int n = snprintf(out, size, "효과 없음: 실패한 이벤트가 계속 재전달되어 (%s부터 %s회) 같은 Partition의 %s건이 대기: "
                           "deliveries(%s)를 줄여야 포기하고 나머지를 처리함", number_seconds(told->stuck->since_s).s,
                           number_count(told->stuck->retries).s, number_count(told->stuck->records).s, deliveries.s);
    if (told->group->dead_letter != NONE) return n;
    return n + snprintf(out + n, size - (size_t)n, "; dead_letter 토픽을 두면 보존됨");
}

/* What has to be smaller for something to be committed in a life. */
static const char *knob(const struct group_spec *group)
{
    switch (group->commit_mode) {
    case COMMIT_COUNT: return "max.poll.records and commit_count together";
    case COMMIT_TIME: return "commit_time and the time of a poll together";
    case COMMIT_BATCH: case COMMIT_MANUAL: case COMMIT_RECORD: break;
    }
    return "max.poll.records";
}

static const char *knob_ko(const struct group_spec *group)
{
    switch (group->commit_mode) {
    case COMMIT_COUNT: return "max.poll.records와 commit_count의 합을";
    case COMMIT_TIME: return "commit_time과 poll 하나의 시간의 합을";
    case COMMIT_BATCH: case COMMIT_MANUAL: case COMMIT_RECORD: break;
    }
    return "max.poll.records를";
}

static int deaths_en(const struct told *told, char *out, size_t size)
{
    const struct number again = number_count(told->stuck->deliveries);
    int n;

    if (!told->fault)
        return snprintf(out, size, "no help: %s records were delivered again, and none of the %s that wait there has "
                        "been committed since %s", again.s, number_count(told->stuck->records).s,
                        number_seconds(told->stuck->since_s).s);
    n = snprintf(out, size, "no help: %s records were delivered again, for fault %s comes (%u times) before they are "
                 "committed: ", again.s, told->fault, told->times);
    if (told->under == 1)
        return n + snprintf(out + n, size - (size_t)n, "a record takes %s, and a consumer lives for %s",
                            number_seconds(told->record_s).s, number_seconds(told->lives_s).s);
    if (told->under == 0)
        return n + snprintf(out + n, size - (size_t)n, "%s must be so small that a commit comes in between, or "
                            "commit_mode be record", knob(told->group));
    if (told->group->commit_mode == COMMIT_TIME)
        return n + snprintf(out + n, size - (size_t)n, "%s must stay under %s, for so long a consumer lives, "
                            "or commit_mode be record", knob(told->group), number_seconds(told->lives_s).s);
    return n + snprintf(out + n, size - (size_t)n, "%s must stay under %s (a consumer lives for %s, at %s a record), "
                        "or commit_mode be record", knob(told->group), number_count(told->under).s,
                        number_seconds(told->lives_s).s, number_seconds(told->record_s).s);
}

static int deaths_ko(const struct told *told, char *out, size_t size)
{
    const struct number again = number_count(told->stuck->deliveries);
    int n;

    if (!told->fault)
        return snprintf(out, size, "효과 없음: %s건이 재전달되며 %s부터 커밋이 나아가지 않아 %s건이 대기", again.s,
                        number_seconds(told->stuck->since_s).s, number_count(told->stuck->records).s);
    n = snprintf(out, size, "효과 없음: 커밋 전에 장애 %s가 일어나 (%u회) %s건이 재전달됨: ", told->fault, told->times,
                 again.s);
    if (told->under == 1)
        return n + snprintf(out + n, size - (size_t)n, "이벤트 하나가 %s 걸리고 Consumer는 %s 동안만 살아 있음",
                            number_seconds(told->record_s).s, number_seconds(told->lives_s).s);
    if (told->under == 0)
        return n + snprintf(out + n, size - (size_t)n, "그 사이에 커밋이 되도록 %s 줄이거나 commit_mode를 record로 할 것",
                            knob_ko(told->group));
    if (told->group->commit_mode == COMMIT_TIME)
        return n + snprintf(out + n, size - (size_t)n, "%s %s (Consumer가 살아 있는 시간) 미만으로 줄이거나 commit_mode를 "
                            "record로 할 것", knob_ko(told->group), number_seconds(told->lives_s).s);
    return n + snprintf(out + n, size - (size_t)n, "%s %s 미만으로 줄이거나 (Consumer가 살아 있는 시간 %s, 건당 %s) "
                        "commit_mode를 record로 할 것", knob_ko(told->group), number_count(told->under).s,
                        number_seconds(told->lives_s).s, number_seconds(told->record_s).s);
}

int stuck_text(const struct outcome *outcome, const struct group_demand *demand, const struct taken *taken,
               enum language language, char *out, size_t size)
{
    const struct scenario *scenario = &outcome->study->scenario;
    struct told told = { .group = &scenario->group[demand->group], .stuck = &demand->stuck,
                         .record_s = 1 / demand->one_per_s, .lives_s = (double)NAN };

    if (stuck_by(&demand->stuck) == STUCK_BY_RETRIES)
        return language == LANG_KO ? retries_ko(&told, out, size) : retries_en(&told, out, size);
    if (taken->fault && taken->times > 1.5) {
        told.fault = taken->fault->name;
        told.times = (unsigned)(taken->times + 0.5);
        told.lives_s = lives_s(scenario, taken);
        if (told.lives_s > 0) told.under = (unsigned)fmin(fmax(1, ceil(told.lives_s / told.record_s - 1e-9)), 1e9);
    }
    return language == LANG_KO ? deaths_ko(&told, out, size) : deaths_en(&told, out, size);
}
