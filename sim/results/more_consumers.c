/* SPDX-License-Identifier: GPL-3.0-or-later
 * The limits are asked for in the order in which they make the others void: what keeps up needs nobody, a hot partition
 * cannot be shared, what has no partition left cannot use anybody, and only then does the split count. */
#include "sim/results/more_consumers.h"

#include <math.h>
#include <stdio.h>

#include "sim/results/bottleneck.h"
#include "sim/results/layout.h"
#include "sim/results/number.h"

/* ---- the limit ---- */

/* Two that wait for one another where nobody else does wait for half of the time: all of what they share is in use. */
#define WAITS_MOSTLY 0.4

/* What is shared has room for less than a tenth more: the waits for it take that. */
#define SHARED_HELPS 1.1

static enum more_limit limit_of(const struct more_consumers *more, const struct group_demand *demand)
{
    if (!isfinite(demand->service_s) || demand->working == 0) return MORE_UNKNOWN;
    if (!bottleneck_fell_behind(demand) && !(demand->pressure >= 1)) return MORE_KEEPS_UP;
    if (demand->scaler && demand->pressure < 1) return MORE_LATE;
    if (bottleneck_goes_round(demand)) return MORE_REPEATS;
    if (demand->next == 0 && (demand->uneven || demand->working < demand->partitions)) return MORE_HOT;
    if (demand->working < demand->consumers) return MORE_IDLE;
    if (demand->working >= demand->partitions) return MORE_PARTITIONS;
    if (more->shared.kind != SHARED_NOTHING && more->next_per_s < SHARED_HELPS * demand->capacity_per_s)
        return MORE_SHARED;
    if (more->waiting_s > WAITS_MOSTLY * demand->service_s) return MORE_WAITING;
    return demand->next == demand->working + 1 ? MORE_HELP : MORE_SPLIT;
}

/* Where more than half of what they share is in use, they wait for one another. */
#define SHARED_WAITS 0.5

static void find_bound(struct more_consumers *more, const struct outcome *outcome, const struct group_demand *demand,
                       const double *came)
{
    const struct shared by = shared_bound(outcome, demand->group, came, demand->service_s, demand->next);
    const double most_per_s = fmax(by.most_per_s, demand->capacity_per_s);

    more->next_at_most = more->waiting_s > 0 || more->next_per_s > SHARED_WAITS * most_per_s;
    if (!(most_per_s < more->next_per_s)) return;
    more->shared = by;
    more->next_per_s = more->shared.most_per_s = most_per_s;
}

/* Records of each of a group's reads. */
static void count_by_read(const struct outcome *outcome, uint32_t group, double *came)
{
    const struct layout *layout = outcome->layout;
    const struct scenario *scenario = &outcome->study->scenario;
    const struct group_spec *spec = &scenario->group[group];
    uint32_t row = layout->group_row[group];

    for (uint32_t r = 0; r < spec->n_reads; r++) {
        came[r] = 0;
        for (uint32_t p = 0; p < scenario->topic[spec->read[r].topic].partitions; p++, row++)
            for (uint32_t i = 0; i < outcome->n; i++) came[r] += outcome->value[layout_log_end(layout, row)][i];
        came[r] /= outcome->n;
    }
}

struct more_consumers more_consumers(const struct outcome *outcome, uint32_t rank)
{
    const struct group_demand *demand = &outcome->demand[rank];
    struct more_consumers more = { .limit = MORE_UNKNOWN };

    if (demand->working == 0) return more;
    more.times_one = 1 / demand->fullest_share;
    more.next = demand->next;
    more.next_most = demand->next_most;
    if (more.next) more.next_per_s = demand->capacity_per_s * demand->fullest_share / demand->next_share;
    if (bottleneck_waits_inside(demand)) {
        more.waiting_s = demand->service_s - demand->alone_s;
        more.waits = waits_mostly_for(outcome, demand->group, more.waiting_s);
    }
    if (more.next) {
        double came[MAX_TOPICS_OF_GROUP];
        count_by_read(outcome, demand->group, came);
        find_bound(&more, outcome, demand, came);
    }
    more.limit = limit_of(&more, demand);
    return more;
}

const char *more_consumers_word(enum more_limit limit)
{
    static const char *const word[] = { [MORE_UNKNOWN] = NULL,        [MORE_KEEPS_UP] = "keeps up",
                                        [MORE_LATE] = "late",        [MORE_REPEATS] = "repeats",
                                        [MORE_IDLE] = "idle",         [MORE_PARTITIONS] = "partitions",
                                        [MORE_HOT] = "hot partition", [MORE_SHARED] = "shared",
                                        [MORE_WAITING] = "waiting",   [MORE_SPLIT] = "split",
                                        [MORE_HELP] = "help" };
    return word[limit];
}

/* ---- the sentence ---- */

struct told {
    const struct outcome *outcome;
    const struct group_demand *demand;
    struct more_consumers more;
};

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

static int limit_en(const struct told *told, char *out, size_t size)
{
    const struct group_demand *demand = told->demand;
    const struct more_consumers *more = &told->more;
    const unsigned partitions = demand->partitions;
    char shared[256];

    shared_en(&more->shared, shared, sizeof shared);
    switch (more->limit) {
    case MORE_KEEPS_UP: return snprintf(out, size, "little changes, it keeps up as it is");
    case MORE_LATE:
        return snprintf(out, size,
                        "these would keep up, were they always there; what waited came while %s had fewer ready or "
                        "the group rebalanced", demand->scaler);
    case MORE_REPEATS:
        return snprintf(out, size,
                        "no help: %s records were delivered again, for a poll takes longer than max.poll.interval; "
                        "a smaller max.poll.records would",
                        number_count(demand->repeats).s);
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
        return snprintf(out, size, "little help: %s/s at most, for %s", number_fixed(more->next_per_s, 1).s, shared);
    case MORE_WAITING: return snprintf(out, size, "little help, they would wait for one another");
    case MORE_SPLIT:
    case MORE_HELP: {
        const int n = split_en(told, out, size);
        if (!more->next) return n;
        return n + snprintf(out + n, size - (size_t)n, "%s%u, with %s%u partition%s each, could do %s/s%s%s%s",
                            more->limit == MORE_SPLIT ? "one more changes nothing; " : "", (unsigned)more->next,
                            more->next_most == 1 ? "" : "up to ", (unsigned)more->next_most, plural(more->next_most),
                            number_fixed(more->next_per_s, 1).s, more->next_at_most ? " at most" : "",
                            *shared ? ", for " : "", shared);
    }
    case MORE_UNKNOWN: break;
    }
    return 0;
}

static int limit_ko(const struct told *told, char *out, size_t size)
{
    const struct group_demand *demand = told->demand;
    const struct more_consumers *more = &told->more;
    char shared[256];
    int n = 0;

    shared_ko(&more->shared, shared, sizeof shared);
    switch (more->limit) {
    case MORE_KEEPS_UP: return snprintf(out, size, "유입을 따라가므로 거의 그대로");
    case MORE_LATE:
        return snprintf(out, size,
                        "항상 준비되어 있었다면 지금 수로 충분함; 대기는 %s의 준비된 Consumer가 적거나 그룹이 리밸런스하는 동안 쌓인 것",
                        demand->scaler);
    case MORE_REPEATS:
        return snprintf(out, size,
                        "효과 없음: poll 하나가 max.poll.interval보다 오래 걸려 %s건이 재전달됨; max.poll.records를 줄일 것",
                        number_count(demand->repeats).s);
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
        return snprintf(out, size, "효과가 적음: %s, 많아야 초당 %s건", shared, number_fixed(more->next_per_s, 1).s);
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
                            number_fixed(more->next_per_s, 1).s, *shared ? " (" : "", shared, *shared ? ")" : "");
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
    const bool by_fault = told->demand->faults && more->waits.kind == SHARED_NOTHING;
    char whom[200];

    out[0] = '\0';
    if (more->limit == MORE_KEEPS_UP || !(more->waiting_s > 0)) return out;
    snprintf(out, size, ko ? "; 건당 %s 중 %s는 대기%s%s" : "; of %s a record %s are waiting%s%s",
             number_seconds(told->demand->service_s).s, number_seconds(more->waiting_s).s,
             !by_fault ? "" : ko ? " 또는 장애로 인한 지연" : ", or a fault's",
             mostly(&more->waits, ko, whom, sizeof whom));
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

char *more_consumers_text(const struct outcome *outcome, enum language language, char *out, size_t size)
{
    const bool ko = language == LANG_KO;
    char limit[512], waiting[256], behind[256];

    out[0] = '\0';
    if (outcome->n_demands == 0) return out;
    const struct told told = { outcome, &outcome->demand[0], more_consumers(outcome, 0) };
    if ((ko ? limit_ko(&told, limit, sizeof limit) : limit_en(&told, limit, sizeof limit)) > 0)
        snprintf(out, size, "%s%s%s", limit, waiting_clause(&told, ko, waiting, sizeof waiting),
                 behind_clause(&told, ko, behind, sizeof behind));
    return out;
}
