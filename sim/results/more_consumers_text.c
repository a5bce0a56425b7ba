/* SPDX-License-Identifier: GPL-3.0-or-later
 * The sentence of more_consumers.h, in two languages. */
#include "sim/results/more_consumers.h"

#include <math.h>
#include <stdio.h>

#include "sim/results/bottleneck.h"
#include "sim/results/number.h"
#include "sim/results/outbox_limit.h"
#include "sim/results/stuck.h"

struct told {
    const struct outcome *outcome;
    const struct group_demand *demand;
    struct more_consumers more;
};

/* By what no shorter polls would end. */
static bool is_stuck_alone(const struct group_demand *demand)
{
    return bottleneck_is_stuck(demand) && !bottleneck_goes_round(demand);
}

static const char *plural(uint32_t n) { return n == 1 ? "" : "s"; }

/* What is in the way, as it stands behind "for". */
static const char *shared_en(const struct shared *shared, char *out, size_t size)
{
    switch (shared->kind) {
    case SHARED_NOTHING: out[0] = '\0'; break;
    case SHARED_LOCK:
        snprintf(out, size, "one key of lock %s has %s of the orders", shared->name,
                 number_percent(shared->key_share).s);
        break;
    case SHARED_ROW:
        snprintf(out, size, "one row of table %s has %s of the orders", shared->name,
                 number_percent(shared->key_share).s);
        break;
    case SHARED_POOL:
        snprintf(out, size, "connection pool %s has %u connection%s", shared->name, (unsigned)shared->places,
                 plural(shared->places));
        break;
    case SHARED_STORE:
        snprintf(out, size, "store %s serves %u command%s at a time", shared->name, (unsigned)shared->places,
                 plural(shared->places));
        break;
    }
    return out;
}

static const char *shared_ko(const struct shared *shared, char *out, size_t size)
{
    switch (shared->kind) {
    case SHARED_NOTHING: out[0] = '\0'; break;
    case SHARED_LOCK:
        snprintf(out, size, "락 %s의 한 키에 주문의 %s 집중", shared->name, number_percent(shared->key_share).s);
        break;
    case SHARED_ROW:
        snprintf(out, size, "테이블 %s의 한 행에 주문의 %s 집중", shared->name, number_percent(shared->key_share).s);
        break;
    case SHARED_POOL: snprintf(out, size, "커넥션 풀 %s의 커넥션이 %u개", shared->name, (unsigned)shared->places); break;
    case SHARED_STORE:
        snprintf(out, size, "저장소 %s의 동시 처리 명령이 %u개", shared->name, (unsigned)shared->places);
        break;
    }
    return out;
}

static int split_en(const struct told *told, char *out, size_t size)
{
    const struct group_demand *demand = told->demand;

    if (demand->working < 2 || told->more.times_one > 0.99 * demand->working) return 0;
    if (!bottleneck_split_is_by_partitions(demand))
        return snprintf(out, size, "%u consumers do %s times what one would, for one gets %s of the work; ",
                        (unsigned)demand->working, number_fixed(told->more.times_one, 1).s,
                        number_percent(demand->fullest_share).s);
    return snprintf(out, size, "%u consumers do %s times what one would, for one has %u of the %u partitions; ",
                    (unsigned)demand->working, number_fixed(told->more.times_one, 1).s,
                    (unsigned)demand->most_partitions, (unsigned)demand->partitions);
}

static const struct group_spec *group_of(const struct told *told)
{
    return &told->outcome->study->scenario.group[told->demand->group];
}

/* " (160.0%)": what is asked of those who do so much; nothing where nothing is. */
static const char *asked(const struct told *told, double per_s, char *out, size_t size)
{
    out[0] = '\0';
    if (told->demand->offered_per_s > 0)
        snprintf(out, size, " (%s)", number_percent(told->demand->offered_per_s / per_s).s);
    return out;
}

/* Nothing bounds a fixed back-off but itself. */
static const char *backoff_bound(const struct group_spec *group)
{
    return group->backoff_multiplier > 1 ? "backoff_max" : "backoff";
}

static int sleeps_en(const struct told *told, char *out, size_t size)
{
    const struct shorter_polls *polls = &told->more.polls;
    const struct group_spec *group = group_of(told);
    const int n = snprintf(out, size, "no help: %s records were delivered again, for a consumer sleeps up to %s after "
                           "a failure, and max.poll.interval is %s: ", number_count(told->demand->repeats).s,
                           number_seconds(polls->sleep_s).s, number_seconds(ns_to_s(group->max_poll_interval_ns)).s);
    if (polls->sleep_under_s > 0)
        return n + snprintf(out + n, size - (size_t)n, "%s must stay under %s, or deliveries under %u",
                            backoff_bound(group), number_seconds(polls->sleep_under_s).s,
                            (unsigned)polls->deliveries_under);
    return n + snprintf(out + n, size - (size_t)n, "%s (or deliveries) and max.poll.records must be so small that a "
                        "sleep and the records of a poll fit into it", backoff_bound(group));
}

/* A poll holds no more than max.poll.records, and takes as long as its records do, and the sleep after a failure. */
static int repeats_en(const struct told *told, char *out, size_t size)
{
    const struct shorter_polls *polls = &told->more.polls;
    const struct group_spec *group = group_of(told);
    const struct number repeats = number_count(told->demand->repeats);
    const struct number interval = number_seconds(ns_to_s(group->max_poll_interval_ns));
    const struct number record = number_seconds(told->demand->service_s);
    char percent[80];

    if (polls->sleeps_too_long) return sleeps_en(told, out, size);
    if (polls->under <= 1 && told->demand->service_s < ns_to_s(group->max_poll_interval_ns))
        return snprintf(out, size, "no help: %s records were delivered again, for a poll takes longer than "
                        "max.poll.interval (%s), and of so many records one alone may: they take %s in the mean, and up "
                        "to %s; the interval must be longer than that, and max.poll.records small", repeats.s,
                        interval.s, record.s, number_seconds(polls->sleep_s + polls->longest_s).s);
    if (polls->under <= 1)
        return snprintf(out, size, "no help: %s records were delivered again, for one takes %s, and max.poll.interval "
                        "is %s", repeats.s, record.s, interval.s);
    if (polls->under > group->max_poll_records && group->max_poll_records == 1)
        return snprintf(out, size, "no help: %s records were delivered again, for polls of one record, which takes %s "
                        "in the mean, took longer than max.poll.interval: it must be longer than %s", repeats.s,
                        record.s, interval.s);
    if (polls->under > group->max_poll_records)
        return snprintf(out, size, "no help alone: %s records were delivered again, for polls took longer than "
                        "max.poll.interval; max.poll.records must be smaller than %u", repeats.s,
                        (unsigned)group->max_poll_records);
    if (polls->sleep_s > 0)
        return snprintf(out, size, "no help alone: %s records were delivered again, for a poll and the sleep of up to "
                        "%s after a failure take longer than max.poll.interval: max.poll.records must stay under %u "
                        "(%s less that sleep, at %s a record%s), or %s be smaller", repeats.s,
                        number_seconds(polls->sleep_s).s, (unsigned)polls->under, interval.s, record.s,
                        polls->varies ? ", more at times" : "", backoff_bound(group));
    int n = snprintf(out, size, "%s records were delivered again, for a poll takes longer than max.poll.interval: "
                     "max.poll.records must stay under %u (%s at %s a record%s), and then these do %s/s%s", repeats.s,
                     (unsigned)polls->under, interval.s, record.s, polls->varies ? ", more at times" : "",
                     number_rate(polls->per_s).s,
                     asked(told, polls->per_s, percent, sizeof percent));
    if (polls->enough)
        n += snprintf(out + n, size - (size_t)n, "; %u, with %s%u partition%s each, would keep up (%s), and few wait "
                      "for a poll", (unsigned)polls->enough, polls->enough_most == 1 ? "" : "up to ",
                      (unsigned)polls->enough_most, plural(polls->enough_most),
                      number_percent(polls->enough_pressure).s);
    else if (told->demand->next)
        n += snprintf(out + n, size - (size_t)n, ", %u could do %s/s", (unsigned)told->demand->next,
                      number_rate(polls->next_per_s).s);
    return n;
}

/* Of a fault and those that took others at the same time: "c and d", "c, d, e and 2 more". */
static const char *together(const struct taken *taken, bool ko, char *out, size_t size)
{
    const uint32_t named = taken->n_with < TAKEN_WITH ? taken->n_with : TAKEN_WITH;
    int n = snprintf(out, size, "%s", taken->fault->name);

    for (uint32_t i = 0; i < named; i++)
        n += snprintf(out + n, size - (size_t)n, "%s%s", !ko && i + 1 == taken->n_with ? " and " : ", ",
                      taken->with[i]->name);
    if (taken->n_with > named)
        snprintf(out + n, size - (size_t)n, ko ? " 외 %u개" : " and %u more", (unsigned)(taken->n_with - named));
    return out;
}

/* "at 100 s fault c took 1 of 3 away for good"; "fault c took 1 of 3 away for 60.0 s, 5 times from 50.0 s on"; "from
 * 100 s on faults c and d had 2 of 3 away at the same time, for 60.0 s". */
static int taken_en(const struct taken *taken, char *out, size_t size)
{
    const struct number at = number_seconds(taken->at_s);
    const char *fault = taken->fault->name;
    const unsigned took = taken->consumers, all = taken->consumers + taken->left;
    char for_s[80] = "good", faults[480];

    if (isfinite(taken->for_s)) snprintf(for_s, sizeof for_s, "%s", number_seconds(taken->for_s).s);
    if (taken->n_with > 0)
        return snprintf(out, size, "from %s on faults %s had %u of %u away at the same time, for %s", at.s,
                        together(taken, false, faults, sizeof faults), took, all, for_s);
    if (taken->times > 1.5)
        return snprintf(out, size, "fault %s took %u of %u away for %s, %s times from %s on", fault, took, all, for_s,
                        number_count(taken->times).s, at.s);
    return snprintf(out, size, "at %s fault %s took %u of %u away for %s", at.s, fault, took, all, for_s);
}

/* Who waits for the silent member of those that are back. */
static int session_en(const struct taken *taken, char *out, size_t size)
{
    const unsigned all = taken->consumers + taken->left;
    char who[40];

    if (!taken->holds_all) snprintf(who, sizeof who, "its partitions waited");
    else if (all == 1) snprintf(who, sizeof who, "it waited");
    else snprintf(who, sizeof who, "all %u waited", all);
    return snprintf(out, size, ", %sback before the old session had ended: %s until the old member was put out, up to "
                    "%s after the %s; %sstatic_members or a shorter session_timeout would spare that",
                    taken->killed ? "killed and " : "", who, number_seconds(taken->session_s).s,
                    taken->killed ? "kill" : "fault", taken->killed ? "a longer kill_after, " : "");
}

static int fault_en(const struct told *told, char *out, size_t size)
{
    const struct taken *taken = &told->more.taken;
    char percent[80];
    int n = snprintf(out, size, "%s", told->demand->pressure < 1 ? "these would keep up, but " : "");

    n += taken_en(taken, out + n, size - (size_t)n);
    if (taken->session_s > 0) return n + session_en(taken, out + n, size - (size_t)n);
    if (taken->left == 0) {
        n += snprintf(out + n, size - (size_t)n, ", and none was left");
        if (!(taken->spared_per_s > 0) || !taken->is_passed_on) return n;
        return n + snprintf(out + n, size - (size_t)n, "; one more, in an instance of its own, is left and does %s/s%s",
                            number_rate(taken->spared_per_s).s,
                            asked(told, taken->spared_per_s, percent, sizeof percent));
    }
    if (!taken->is_passed_on)
        return n + snprintf(out + n, size - (size_t)n, ", and nobody takes over so soon");
    if (taken->left == 1) n += snprintf(out + n, size - (size_t)n, ", and the one left does");
    else n += snprintf(out + n, size - (size_t)n, ", and the %u left do", (unsigned)taken->left);
    n += snprintf(out + n, size - (size_t)n, " %s/s%s", number_rate(taken->left_per_s).s,
                  asked(told, taken->left_per_s, percent, sizeof percent));
    if (taken->left_per_s > told->demand->offered_per_s)
        return n + snprintf(out + n, size - (size_t)n, " once they have taken over");
    if (taken->spared_per_s > taken->left_per_s)
        n += snprintf(out + n, size - (size_t)n,
                      "; with one more, in an instance of its own, %u are left and do %s/s%s",
                      (unsigned)taken->left + 1, number_rate(taken->spared_per_s).s,
                      asked(told, taken->spared_per_s, percent, sizeof percent));
    return n;
}

static int surge_en(const struct group_demand *demand, char *out, size_t size)
{
    return snprintf(out, size,
                    "these would keep up, but from %s on fault %s held records up, and then up to %s/s came at once",
                    number_seconds(demand->surge_since_s).s, demand->surge_fault->name,
                    number_rate(demand->surge_per_s).s);
}

static int keeps_up_en(const struct told *told, char *out, size_t size)
{
    const struct outbox_limit outbox = outbox_limit_of(told->outcome);
    if (outbox.process)
        return snprintf(out, size,
                        "nothing changes, it keeps up as it is: what limits is the relay of the outbox of %s",
                        outbox.process);
    if (told->demand->by_api)
        return snprintf(out, size, "nothing changes, it keeps up as it is: what limits is the API");
    if (!bottleneck_lacks_vus(told->demand)) return snprintf(out, size, "little changes, it keeps up as it is");
    return snprintf(out, size, "nothing changes, it keeps up as it is: what limits are the load's VUs; %s of %s starts "
                    "found none free", number_count(outcome_mean(told->outcome, "orders.dropped")).s,
                    number_count(outcome_mean(told->outcome, "orders.scheduled")).s);
}

static int limit_en(const struct told *told, char *out, size_t size)
{
    const struct group_demand *demand = told->demand;
    const struct more_consumers *more = &told->more;
    const unsigned partitions = demand->partitions;
    char shared[256];

    shared_en(&more->shared, shared, sizeof shared);
    switch (more->limit) {
    case MORE_KEEPS_UP: return keeps_up_en(told, out, size);
    case MORE_LATE:
        if (!demand->had_fewer)
            return snprintf(out, size, "these would keep up; most of what waited came before they started, at %s",
                            number_seconds(ns_to_s(group_of(told)->start_ns)).s);
        return snprintf(out, size,
                        "these would keep up, were they always there; what waited came while %s had fewer ready or "
                        "the group rebalanced", demand->scaler);
    case MORE_FAULT: return more->by_surge ? surge_en(demand, out, size) : fault_en(told, out, size);
    case MORE_REPEATS:
        return is_stuck_alone(demand) ? stuck_text(told->outcome, demand, &more->taken, LANG_EN, out, size)
                                      : repeats_en(told, out, size);
    case MORE_DUE:
        return snprintf(out, size,
                        "%u, one for each partition: who has several waits at one for records that are not due yet, "
                        "while those of another are overdue", partitions);
    case MORE_IDLE:
        return snprintf(out, size, "they would be idle as %u %s now: there %s only %u partition%s",
                        (unsigned)(demand->consumers - demand->working),
                        demand->consumers - demand->working == 1 ? "is" : "are", partitions == 1 ? "is" : "are",
                        partitions, plural(partitions));
    case MORE_PARTITIONS:
        return snprintf(out, size, "one more would be idle: there %s only %u partition%s",
                        partitions == 1 ? "is" : "are", partitions, plural(partitions));
    case MORE_HOT:
        return snprintf(out, size,
                        "no help: one partition has %s of the records, and one consumer "
                        "at a time reads it",
                        number_percent(demand->largest_share).s);
    case MORE_SHARED:
        return snprintf(out, size, "little help: %s/s at most, for %s", number_rate(more->next_per_s).s, shared);
    case MORE_WAITING: return snprintf(out, size, "little help, they would wait for one another");
    case MORE_SPLIT:
    case MORE_HELP: {
        const int n = split_en(told, out, size);
        if (!more->next) return n;
        return n + snprintf(out + n, size - (size_t)n, "%s%u, with %s%u partition%s each, could do %s/s%s%s%s",
                            more->limit == MORE_SPLIT ? "one more changes nothing; " : "", (unsigned)more->next,
                            more->next_most == 1 ? "" : "up to ", (unsigned)more->next_most, plural(more->next_most),
                            number_rate(more->next_per_s).s, more->next_at_most ? " at most" : "",
                            *shared ? ", for " : "", shared);
    }
    case MORE_UNKNOWN: break;
    }
    return 0;
}

static int sleeps_ko(const struct told *told, char *out, size_t size)
{
    const struct shorter_polls *polls = &told->more.polls;
    const struct group_spec *group = group_of(told);
    const int n = snprintf(out, size, "효과 없음: 실패 뒤 Consumer가 최대 %s 대기해 max.poll.interval(%s)을 넘으므로 %s건이 "
                           "재전달됨: ", number_seconds(polls->sleep_s).s,
                           number_seconds(ns_to_s(group->max_poll_interval_ns)).s,
                           number_count(told->demand->repeats).s);
    if (polls->sleep_under_s > 0)
        return n + snprintf(out + n, size - (size_t)n, "%s를 %s 미만으로, 또는 deliveries를 %u 미만으로 줄일 것",
                            backoff_bound(group), number_seconds(polls->sleep_under_s).s,
                            (unsigned)polls->deliveries_under);
    return n + snprintf(out + n, size - (size_t)n, "한 poll의 이벤트와 그 대기가 들어가도록 %s(또는 deliveries)와 "
                        "max.poll.records를 줄일 것", backoff_bound(group));
}

static int repeats_ko(const struct told *told, char *out, size_t size)
{
    const struct shorter_polls *polls = &told->more.polls;
    const struct group_spec *group = group_of(told);
    const struct number repeats = number_count(told->demand->repeats);
    const struct number interval = number_seconds(ns_to_s(group->max_poll_interval_ns));
    const struct number record = number_seconds(told->demand->service_s);
    char percent[80];

    if (polls->sleeps_too_long) return sleeps_ko(told, out, size);
    if (polls->under <= 1 && told->demand->service_s < ns_to_s(group->max_poll_interval_ns))
        return snprintf(out, size, "효과 없음: poll이 max.poll.interval(%s)보다 오래 걸려 %s건이 재전달되며, 이만큼의 이벤트 중에는 "
                        "혼자서도 그보다 오래 걸리는 것이 있을 수 있음: 평균 %s, 최대 %s; max.poll.interval은 그보다 길게, max.poll.records는 작게 할 것",
                        interval.s, repeats.s, record.s, number_seconds(polls->sleep_s + polls->longest_s).s);
    if (polls->under <= 1)
        return snprintf(out, size, "효과 없음: 이벤트 하나가 %s 걸려 max.poll.interval(%s)을 넘으므로 %s건이 재전달됨",
                        record.s, interval.s, repeats.s);
    if (polls->under > group->max_poll_records && group->max_poll_records == 1)
        return snprintf(out, size, "효과 없음: 이벤트 하나(평균 %s)의 poll이 max.poll.interval보다 오래 걸려 %s건이 재전달됨; "
                        "max.poll.interval을 %s보다 늘릴 것", record.s, repeats.s, interval.s);
    if (polls->under > group->max_poll_records)
        return snprintf(out, size, "그것만으로는 효과 없음: poll이 max.poll.interval보다 오래 걸려 %s건이 재전달됨; "
                        "max.poll.records를 %u보다 줄일 것", repeats.s, (unsigned)group->max_poll_records);
    if (polls->sleep_s > 0)
        return snprintf(out, size, "그것만으로는 효과 없음: poll과 실패 뒤 최대 %s의 대기가 max.poll.interval보다 오래 걸려 "
                        "%s건이 재전달됨: max.poll.records를 %u 미만으로 (%s에서 그 대기를 뺀 시간, 건당 %s%s), 또는 %s를 "
                        "줄일 것", number_seconds(polls->sleep_s).s, repeats.s, (unsigned)polls->under, interval.s,
                        record.s, polls->varies ? "이며 더 걸릴 때도 있음" : "", backoff_bound(group));
    int n = snprintf(out, size, "poll 하나가 max.poll.interval보다 오래 걸려 %s건이 재전달됨: max.poll.records를 %u "
                     "미만으로 (건당 %s%s, %s 이내), 그러면 지금 수로 초당 %s건%s", repeats.s, (unsigned)polls->under,
                     record.s, polls->varies ? "이며 더 걸릴 때도 있음" : "", interval.s,
                     number_rate(polls->per_s).s, asked(told, polls->per_s, percent, sizeof percent));
    if (polls->enough)
        n += snprintf(out + n, size - (size_t)n, "; %u개면 각각 Partition %u개 이하로 유입을 따라가며 (%s) poll을 "
                      "기다리는 이벤트가 적음", (unsigned)polls->enough, (unsigned)polls->enough_most,
                      number_percent(polls->enough_pressure).s);
    else if (told->demand->next)
        n += snprintf(out + n, size - (size_t)n, ", %u개면 초당 %s건까지 가능", (unsigned)told->demand->next,
                      number_rate(polls->next_per_s).s);
    return n;
}

static int taken_ko(const struct taken *taken, char *out, size_t size)
{
    const struct number at = number_seconds(taken->at_s);
    const char *fault = taken->fault->name;
    const unsigned took = taken->consumers, all = taken->consumers + taken->left;
    char for_s[80] = "복귀 없음", faults[480];

    if (isfinite(taken->for_s)) snprintf(for_s, sizeof for_s, "%s 동안", number_seconds(taken->for_s).s);
    if (taken->n_with > 0)
        return snprintf(out, size, "장애 %s로 %s부터 동시에 %u개 중 %u개가 빠짐 (%s)",
                        together(taken, true, faults, sizeof faults), at.s, all, took, for_s);
    if (taken->times > 1.5)
        return snprintf(out, size, "장애 %s로 %s부터 %s회 %u개 중 %u개가 빠짐 (%s)", fault, at.s,
                        number_count(taken->times).s, all, took, for_s);
    return snprintf(out, size, "장애 %s로 %s에 %u개 중 %u개가 빠짐 (%s)", fault, at.s, all, took, for_s);
}

static int session_ko(const struct taken *taken, char *out, size_t size)
{
    const unsigned all = taken->consumers + taken->left;
    char who[60];

    if (!taken->holds_all) snprintf(who, sizeof who, "해당 Partition이 대기");
    else if (all == 1) snprintf(who, sizeof who, "대기");
    else snprintf(who, sizeof who, "%u개 모두 대기", all);
    return snprintf(out, size, ", %s이전 세션이 끝나기 전에 복귀해 이전 멤버가 제외될 때까지 %s (%s 후 최대 %s); "
                    "%sstatic_members 또는 더 짧은 session_timeout으로 피할 수 있음",
                    taken->killed ? "강제 종료 뒤 " : "", who, taken->killed ? "강제 종료" : "장애",
                    number_seconds(taken->session_s).s, taken->killed ? "더 긴 kill_after, " : "");
}

static int fault_ko(const struct told *told, char *out, size_t size)
{
    const struct taken *taken = &told->more.taken;
    char percent[80];
    int n = snprintf(out, size, "%s", told->demand->pressure < 1 ? "모두 있었다면 지금 수로 충분함; " : "");

    n += taken_ko(taken, out + n, size - (size_t)n);
    if (taken->session_s > 0) return n + session_ko(taken, out + n, size - (size_t)n);
    if (taken->left == 0) {
        n += snprintf(out + n, size - (size_t)n, ", 남은 Consumer 없음");
        if (!(taken->spared_per_s > 0) || !taken->is_passed_on) return n;
        return n + snprintf(out + n, size - (size_t)n, "; 별도 인스턴스에 하나 더 있으면 1개가 남아 초당 %s건%s",
                            number_rate(taken->spared_per_s).s,
                            asked(told, taken->spared_per_s, percent, sizeof percent));
    }
    if (!taken->is_passed_on)
        return n + snprintf(out + n, size - (size_t)n, ", 다른 Consumer가 넘겨받기 전에 끝남");
    n += snprintf(out + n, size - (size_t)n, ", 남은 %u개는%s 초당 %s건%s", (unsigned)taken->left,
                  taken->left_per_s > told->demand->offered_per_s ? " 넘겨받은 뒤" : "",
                  number_rate(taken->left_per_s).s, asked(told, taken->left_per_s, percent, sizeof percent));
    if (!(taken->left_per_s > told->demand->offered_per_s) && taken->spared_per_s > taken->left_per_s)
        n += snprintf(out + n, size - (size_t)n, "; 별도 인스턴스에 하나 더 있으면 %u개가 남아 초당 %s건%s",
                      (unsigned)taken->left + 1, number_rate(taken->spared_per_s).s,
                      asked(told, taken->spared_per_s, percent, sizeof percent));
    return n;
}

static int surge_ko(const struct group_demand *demand, char *out, size_t size)
{
    return snprintf(out, size, "지금 수로 충분함; %s부터 장애 %s로 밀린 이벤트가 한꺼번에 (최대 초당 %s건) 유입",
                    number_seconds(demand->surge_since_s).s, demand->surge_fault->name,
                    number_rate(demand->surge_per_s).s);
}

static int keeps_up_ko(const struct told *told, char *out, size_t size)
{
    const struct outbox_limit outbox = outbox_limit_of(told->outcome);
    if (outbox.process) return snprintf(out, size, "유입을 따라가므로 그대로: 제한은 %s의 아웃박스 릴레이", outbox.process);
    if (told->demand->by_api) return snprintf(out, size, "유입을 따라가므로 그대로: 제한은 API");
    if (!bottleneck_lacks_vus(told->demand)) return snprintf(out, size, "유입을 따라가므로 거의 그대로");
    return snprintf(out, size, "유입을 따라가므로 그대로: 제한은 부하의 VU이며, 요청 %s건 중 %s건이 가용 VU 없이 누락됨",
                    number_count(outcome_mean(told->outcome, "orders.scheduled")).s,
                    number_count(outcome_mean(told->outcome, "orders.dropped")).s);
}

static int limit_ko(const struct told *told, char *out, size_t size)
{
    const struct group_demand *demand = told->demand;
    const struct more_consumers *more = &told->more;
    char shared[256];
    int n = 0;

    shared_ko(&more->shared, shared, sizeof shared);
    switch (more->limit) {
    case MORE_KEEPS_UP: return keeps_up_ko(told, out, size);
    case MORE_LATE:
        if (!demand->had_fewer)
            return snprintf(out, size, "지금 수로 충분함; 대기의 대부분은 %s에 시작하기 전에 쌓인 것",
                            number_seconds(ns_to_s(group_of(told)->start_ns)).s);
        return snprintf(out, size,
                        "항상 준비되어 있었다면 지금 수로 충분함; 대기는 %s의 준비된 Consumer가 적거나 그룹이 리밸런스하는 동안 쌓인 것",
                        demand->scaler);
    case MORE_FAULT: return more->by_surge ? surge_ko(demand, out, size) : fault_ko(told, out, size);
    case MORE_REPEATS:
        return is_stuck_alone(demand) ? stuck_text(told->outcome, demand, &more->taken, LANG_KO, out, size)
                                      : repeats_ko(told, out, size);
    case MORE_DUE:
        return snprintf(out, size,
                        "Partition마다 하나씩 %u개: 여러 Partition을 맡으면 한 곳에서 아직 때가 되지 않은 이벤트를 기다리는 동안 다른 곳의 "
                        "이벤트가 늦어짐", (unsigned)demand->partitions);
    case MORE_IDLE:
        return snprintf(out, size, "Partition이 %u개뿐이라 지금도 %u개가 유휴이며, 더 늘려도 유휴",
                        (unsigned)demand->partitions, (unsigned)(demand->consumers - demand->working));
    case MORE_PARTITIONS:
        return snprintf(out, size, "Partition이 %u개뿐이라 하나 더 늘려도 유휴", (unsigned)demand->partitions);
    case MORE_HOT:
        return snprintf(out, size,
                        "한 Partition에 이벤트의 %s가 몰려 있고 한 번에 한 Consumer만 읽으므로 "
                        "효과 없음",
                        number_percent(demand->largest_share).s);
    case MORE_SHARED:
        return snprintf(out, size, "효과가 적음: %s, 많아야 초당 %s건", shared, number_rate(more->next_per_s).s);
    case MORE_WAITING: return snprintf(out, size, "서로 기다리므로 효과가 적음");
    case MORE_SPLIT:
    case MORE_HELP:
        if (demand->working < 2 || more->times_one > 0.99 * demand->working) n = 0;
        else if (!bottleneck_split_is_by_partitions(demand))
            n = snprintf(out, size, "한 Consumer에 작업의 %s가 몰려 %u개가 1개의 %s배만 처리; ",
                         number_percent(demand->fullest_share).s, (unsigned)demand->working,
                         number_fixed(more->times_one, 1).s);
        else
            n = snprintf(out, size, "한 Consumer가 Partition %u개 중 %u개를 맡아 %u개가 1개의 %s배만 처리; ",
                         (unsigned)demand->partitions, (unsigned)demand->most_partitions, (unsigned)demand->working,
                         number_fixed(more->times_one, 1).s);
        if (!more->next) return n;
        return n + snprintf(out + n, size - (size_t)n, "%s%u개면 각각 Partition %u개 이하로 초당 %s%s건까지 가능%s%s%s",
                            more->limit == MORE_SPLIT ? "하나 더 늘려도 그대로; " : "", (unsigned)more->next,
                            (unsigned)more->next_most, more->next_at_most ? "많아야 " : "",
                            number_rate(more->next_per_s).s, *shared ? " (" : "", shared, *shared ? ")" : "");
    case MORE_UNKNOWN: break;
    }
    return 0;
}

static const char *waited_for(enum shared_kind kind, bool ko)
{
    switch (kind) {
    case SHARED_NOTHING: break;
    case SHARED_LOCK: return ko ? "락" : "lock";
    case SHARED_ROW: return ko ? "테이블" : "table";
    case SHARED_POOL: return ko ? "커넥션 풀" : "connection pool";
    case SHARED_STORE: return ko ? "저장소" : "store";
    }
    return "";
}

static const char *mostly(const struct waits *waits, bool ko, char *out, size_t size)
{
    const char *of_all = !waits->of_all ? "" : ko ? ", 모든 사용자의 평균 기준" : " by the mean of all its users";

    out[0] = '\0';
    if (waits->kind != SHARED_NOTHING)
        snprintf(out, size, ko ? " (주로 %s %s%s)" : ", mostly for %s %s%s", waited_for(waits->kind, ko), waits->name,
                 of_all);
    return out;
}

/* What stays in the way of those that help: waiting, and the next group. */
static const char *waiting_clause(const struct told *told, bool ko, char *out, size_t size)
{
    const struct more_consumers *more = &told->more;
    char whom[200];

    out[0] = '\0';
    if (more->limit == MORE_KEEPS_UP || !(more->waiting_s > 0)) return out;
    snprintf(out, size, ko ? "; 건당 %s 중 %s는 대기%s" : "; of %s a record %s are waiting%s",
             number_seconds(told->demand->service_s).s, number_seconds(more->waiting_s).s,
             mostly(&more->waits, ko, whom, sizeof whom));
    return out;
}

/* The figures are for all of them: until a fault has taken some for long. */
static const char *taken_clause(const struct told *told, bool ko, char *out, size_t size)
{
    const struct taken *taken = &told->more.taken;
    char what[700];

    out[0] = '\0';
    if (told->more.limit == MORE_KEEPS_UP || told->more.limit == MORE_FAULT) return out;
    if (!taken->fault || !(taken->for_s > ns_to_s(group_of(told)->session_timeout_ns))) return out;
    if (ko) taken_ko(taken, what, sizeof what);
    else taken_en(taken, what, sizeof what);
    snprintf(out, size, "; %s", what);
    return out;
}

static const char *behind_clause(const struct told *told, bool ko, char *out, size_t size)
{
    const struct outcome *outcome = told->outcome;

    out[0] = '\0';
    if (told->more.limit == MORE_KEEPS_UP || outcome->n_demands < 2 || !(outcome->demand[1].pressure >= 1)) return out;
    snprintf(out, size, ko ? "; 그다음은 %s가 막음 (%s)" : "; then %s is in the way (%s)", outcome->demand[1].name,
             number_percent(outcome->demand[1].pressure).s);
    return out;
}

/* Their figures, but for what they can do, are those of two kinds of runs. */
static const char *stuck_clause(const struct told *told, bool ko, char *out, size_t size)
{
    const struct group_demand *demand = told->demand;

    out[0] = '\0';
    if (demand->stuck.runs == 0 || demand->stuck.runs == demand->runs) return out;
    snprintf(out, size, ko ? "; 실행 %2$u회 중 %1$u회에서는 같은 이벤트가 끝까지 재전달됨"
                           : "; in %u of %u runs the same records come again and again until the end",
             (unsigned)demand->stuck.runs, (unsigned)demand->runs);
    return out;
}

char *more_consumers_text(const struct outcome *outcome, enum language language, char *out, size_t size)
{
    const bool ko = language == LANG_KO;
    char limit[1280], waiting[320], taken[720], behind[320], stuck[160];

    out[0] = '\0';
    if (outcome->n_demands == 0) return out;
    const struct told told = { outcome, &outcome->demand[0], more_consumers(outcome, 0) };
    if ((ko ? limit_ko(&told, limit, sizeof limit) : limit_en(&told, limit, sizeof limit)) > 0)
        snprintf(out, size, "%s%s%s%s%s", limit, stuck_clause(&told, ko, stuck, sizeof stuck),
                 waiting_clause(&told, ko, waiting, sizeof waiting), taken_clause(&told, ko, taken, sizeof taken),
                 behind_clause(&told, ko, behind, sizeof behind));
    return out;
}
