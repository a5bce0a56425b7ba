/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: a consumer group does what the rules of the poll loop say, instant by instant, and all figures about it are
 * right. Method: a twin that shares nothing with the model. It is told what can be seen from outside (when each record
 * was appended, how long its service took), knows the whole future, and walks each consumer through its life by the
 * rules: no events, no buffers carried along, each answer of the broker looked up in the list of appends. Compared are
 * the instants at which each record starts and ends, every committed offset and position at every millisecond, and all
 * levels, peaks and areas, worked out again from those lists. Groups are drawn at random: both clients' orders and
 * order of arrival, all ways of committing, blocks of few records, late and cold starts, backlogs, bursts and quiet
 * times; and such as commit by time, with whole polls that wait in vain. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/plan.h"
#include "sim/engine/random.h"
#include "tests/support/java_map.h"
#include "tests/support/trial.h"

enum { PARTITIONS = 7, RECORDS = 3000, COMMITS = 4000, NOTHING = 99 };

#define APPEND_NS (700 * SIM_US + 1)
#define POLL_TIMEOUT_NS (5 * SIM_S)

/* ---- what is known ---- */

struct record { uint64_t order_id; sim_ns append_ns, service_ns, seen_start_ns; };

struct log { uint32_t n; struct record *record; };

/* ---- what the twin works out ---- */

struct life { sim_ns polled_ns, start_ns, done_ns, committed_ns; };

struct twin {
    const struct group_spec *spec;
    const struct log *log;
    uint32_t partitions;
    sim_ns fetch_ns, commit_ns, poll_ns;
    struct life *life[PARTITIONS];
    uint32_t first[PARTITIONS];        /* where the group begins */
    uint64_t polls, commits;
};

/* ---- one consumer ---- */

struct walker {
    struct twin *twin;
    uint32_t n, part[PARTITIONS];      /* its partitions */
    uint32_t taken[PARTITIONS];        /* by partition: handed out by poll */
    uint32_t done[PARTITIONS], committed[PARTITIONS];
    sim_ns last_commit_ns;
    uint64_t uncommitted;
    /* the Java client */
    uint32_t next[PARTITIONS];         /* by partition: to be asked for */
    uint32_t session[PARTITIONS], n_session;
    struct { uint32_t part, n; } queue[PARTITIONS], answer[PARTITIONS];
    uint32_t n_queue, n_answer, spent;
    bool asked[PARTITIONS], in_flight;
    sim_ns answer_ns;                  /* when the client has it */
};

static sim_ns later(sim_ns a_ns, sim_ns b_ns) { return a_ns > b_ns ? a_ns : b_ns; }

/* Records of a partition that the log holds at at_ns. */
static uint32_t log_end(const struct walker *walker, uint32_t part, sim_ns at_ns)
{
    const struct log *log = &walker->twin->log[part];
    uint32_t n = 0;
    while (n < log->n && log->record[n].append_ns <= at_ns) n++;
    return n;
}

static sim_ns walker_commit(struct walker *walker, sim_ns at_ns)
{
    struct twin *twin = walker->twin;
    for (uint32_t i = 0; i < walker->n; i++)
        for (uint32_t p = walker->part[i]; walker->committed[p] < walker->done[p]; walker->committed[p]++)
            twin->life[p][walker->committed[p]].committed_ns = at_ns + twin->commit_ns / 2;
    walker->uncommitted = 0;
    walker->last_commit_ns = at_ns;
    twin->commits++;
    return at_ns + twin->commit_ns;
}

static bool is_due(const struct walker *walker)
{
    const struct group_spec *spec = walker->twin->spec;
    if (walker->uncommitted == 0) return false;
    return spec->commit_mode != COMMIT_COUNT || walker->uncommitted >= spec->commit_count;
}

/* The listener works on the next record of a partition from at_ns on; when it may have another. */
static sim_ns serve(struct walker *walker, uint32_t part, sim_ns at_ns)
{
    struct twin *twin = walker->twin;
    uint32_t offset = walker->done[part]++;
    struct life *life = &twin->life[part][offset];
    life->start_ns = at_ns;
    life->done_ns = at_ns + twin->log[part].record[offset].service_ns;
    walker->uncommitted++;
    if (twin->spec->commit_mode == COMMIT_RECORD) return walker_commit(walker, life->done_ns);
    return life->done_ns;
}

/* ---- order of arrival ---- */

static uint32_t first_unread(const struct walker *walker, sim_ns *append_ns)
{
    uint32_t found = NOTHING;
    *append_ns = SIM_NEVER;
    for (uint32_t i = 0; i < walker->n; i++) {
        uint32_t p = walker->part[i];
        if (walker->taken[p] == walker->twin->log[p].n) continue;
        sim_ns at_ns = walker->twin->log[p].record[walker->taken[p]].append_ns;
        if (at_ns >= *append_ns) continue;
        *append_ns = at_ns;
        found = p;
    }
    return found;
}

/* One poll that returns records, from at_ns on; SIM_NEVER: none comes any more. When the batch is done. */
static sim_ns arrival_batch(struct walker *walker, sim_ns at_ns)
{
    const struct twin *twin = walker->twin;
    sim_ns append_ns;
    if (first_unread(walker, &append_ns) == NOTHING) return SIM_NEVER;
    sim_ns poll_ns = later(at_ns, append_ns + twin->fetch_ns / 2), cutoff_ns = poll_ns - twin->fetch_ns / 2;
    sim_ns time_ns = poll_ns + twin->poll_ns;
    for (uint32_t i = 0; i < twin->spec->max_poll_records; i++) {
        uint32_t p = first_unread(walker, &append_ns);
        if (p == NOTHING || append_ns > cutoff_ns) break;
        twin->life[p][walker->taken[p]++].polled_ns = time_ns;
        time_ns = serve(walker, p, time_ns);
    }
    walker->twin->polls++;
    return time_ns;
}

/* ---- Kafka's Java client ---- */

static bool is_buffered(const struct walker *walker, uint32_t part)
{
    if (walker->spent == part) return true;
    for (uint32_t i = 0; i < walker->n_queue; i++)
        if (walker->queue[i].part == part) return true;
    return false;
}

static void session_remove(struct walker *walker, uint32_t part)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < walker->n_session; i++)
        if (walker->session[i] != part) walker->session[n++] = walker->session[i];
    walker->n_session = n;
}

static bool in_session(const struct walker *walker, uint32_t part)
{
    for (uint32_t i = 0; i < walker->n_session; i++)
        if (walker->session[i] == part) return true;
    return false;
}

/* The broker has the fetch at arrive_ns: its answer, and when it leaves. */
static sim_ns broker_answers(struct walker *walker, sim_ns arrive_ns)
{
    struct twin *twin = walker->twin;
    sim_ns leaves_ns = arrive_ns + twin->spec->fetch_max_wait_ns;
    for (uint32_t i = 0; i < walker->n_session; i++) {
        uint32_t p = walker->session[i];
        if (walker->next[p] == twin->log[p].n) continue;
        sim_ns has_ns = later(arrive_ns, twin->log[p].record[walker->next[p]].append_ns);
        if (has_ns < leaves_ns) leaves_ns = has_ns;
    }
    uint32_t listed[PARTITIONS], n = walker->n_session;
    memcpy(listed, walker->session, sizeof listed);
    walker->n_answer = 0;
    for (uint32_t i = 0; i < n && leaves_ns < arrive_ns + twin->spec->fetch_max_wait_ns; i++) {
        uint32_t p = listed[i], records = log_end(walker, p, leaves_ns) - walker->next[p];
        uint32_t most = twin->spec->max_partition_fetch_bytes / 1000; /* records of 1000 bytes */
        if (most == 0) most = 1;
        if (records > most) records = most;
        if (records == 0) continue;
        walker->answer[walker->n_answer].part = p;
        walker->answer[walker->n_answer++].n = records;
        walker->next[p] += records;
        session_remove(walker, p);
        walker->session[walker->n_session++] = p;
    }
    return leaves_ns;
}

static void send_fetch(struct walker *walker, sim_ns at_ns)
{
    const struct twin *twin = walker->twin;
    struct java_map fresh;
    uint32_t list[JAVA_MAP_MOST], n = 0;
    bool any = false;
    memset(&fresh, 0, sizeof fresh);
    for (uint32_t i = 0; i < walker->n; i++) any |= !is_buffered(walker, walker->part[i]);
    if (walker->in_flight || !any) return;
    for (uint32_t i = 0; i < walker->n; i++) {
        uint32_t p = walker->part[i];
        if (is_buffered(walker, p)) session_remove(walker, p);
        else if (!in_session(walker, p) && twin->spec->fetch_order == FETCH_JAVA_36) list[n++] = p;
        else if (!in_session(walker, p)) java_map_put(&fresh, java_hash("orders", p), p);
    }
    if (twin->spec->fetch_order == FETCH_JAVA) n = java_map_list(&fresh, list);
    for (uint32_t i = 0; i < n; i++) walker->session[walker->n_session++] = list[i];
    walker->in_flight = true;
    walker->answer_ns = broker_answers(walker, at_ns + twin->fetch_ns / 2) + twin->fetch_ns / 2;
}

static void answer_arrives(struct walker *walker)
{
    for (uint32_t i = 0; i < walker->n_answer; i++) {
        walker->queue[walker->n_queue].part = walker->answer[i].part;
        walker->queue[walker->n_queue++].n = walker->answer[i].n;
    }
    walker->n_answer = 0;
    walker->in_flight = false;
}

/* Records by partition that a poll takes from the queue, in the order in which they are handed out. */
static uint32_t collect(struct walker *walker, uint32_t *part, uint32_t *records)
{
    struct java_map map;
    uint32_t of[PARTITIONS], taken = 0, max = walker->twin->spec->max_poll_records;
    memset(&map, 0, sizeof map);
    walker->spent = NOTHING;
    while (taken < max && walker->n_queue > 0) {
        uint32_t p = walker->queue[0].part, n = walker->queue[0].n < max - taken ? walker->queue[0].n : max - taken;
        java_map_put(&map, java_hash("orders", p), p);
        of[p] = n;
        taken += n;
        walker->queue[0].n -= n;
        if (walker->queue[0].n > 0) break;
        if (taken == max) walker->spent = p;
        memmove(walker->queue, walker->queue + 1, --walker->n_queue * sizeof *walker->queue);
    }
    uint32_t n = java_map_list(&map, part);
    for (uint32_t i = 0; i < n; i++) records[i] = of[part[i]];
    return n;
}

static bool nothing_comes(const struct walker *walker)
{
    for (uint32_t i = 0; i < walker->n; i++)
        if (walker->taken[walker->part[i]] < walker->twin->log[walker->part[i]].n) return false;
    return true;
}

static sim_ns java_batch(struct walker *walker, sim_ns at_ns)
{
    const struct twin *twin = walker->twin;
    uint32_t part[JAVA_MAP_MOST], records[JAVA_MAP_MOST];
    if (nothing_comes(walker)) return SIM_NEVER;
    for (;;) {
        if (walker->in_flight && walker->answer_ns <= at_ns) answer_arrives(walker);
        if (walker->n_queue > 0) break;
        walker->spent = NOTHING;
        send_fetch(walker, at_ns);
        at_ns = later(at_ns, walker->answer_ns);
    }
    uint32_t n = collect(walker, part, records);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < records[i]; k++) twin->life[part[i]][walker->taken[part[i]]++].polled_ns = at_ns;
    send_fetch(walker, at_ns);
    walker->twin->polls++;
    at_ns += twin->poll_ns;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < records[i]; k++) at_ns = serve(walker, part[i], at_ns);
    return at_ns;
}

/* ---- a life ---- */

static sim_ns next_append(const struct walker *walker)
{
    sim_ns append_ns;
    first_unread(walker, &append_ns);
    return append_ns;
}

/* COMMIT_TIME: the loop looks at the clock at every turn, and sets it anew when its time has come, even where it has
 * nothing to commit. When it can poll. */
static sim_ns timed_turn(struct walker *walker, sim_ns at_ns)
{
    if (at_ns - walker->last_commit_ns < walker->twin->spec->commit_time_ns) return at_ns;
    walker->last_commit_ns = at_ns;
    return walker->uncommitted > 0 ? walker_commit(walker, at_ns) : at_ns;
}

/* A poll that has waited for its time-out without a record lets the loop turn; there is none before seen_ns. The poll
 * goes on from the last commit: without one the fetch in flight does not notice. */
static sim_ns idle_turns(struct walker *walker, sim_ns at_ns, sim_ns seen_ns)
{
    sim_ns turn_ns = at_ns + POLL_TIMEOUT_NS;
    while (turn_ns <= later(next_append(walker), seen_ns) &&
           (walker->uncommitted > 0 || next_append(walker) != SIM_NEVER)) {
        const bool waits = walker->uncommitted > 0;
        const sim_ns poll_ns = timed_turn(walker, turn_ns);
        if (waits && walker->uncommitted == 0) at_ns = poll_ns;
        turn_ns = poll_ns + POLL_TIMEOUT_NS;
    }
    return at_ns;
}

static sim_ns turn(struct walker *walker, sim_ns at_ns)
{
    if (walker->twin->spec->commit_mode == COMMIT_TIME)
        return idle_turns(walker, timed_turn(walker, at_ns), at_ns);
    return is_due(walker) ? walker_commit(walker, at_ns) : at_ns;
}

static void walk(struct walker *walker, sim_ns join_ns)
{
    bool arrival = walker->twin->spec->fetch_order == FETCH_ARRIVAL;
    sim_ns at_ns = join_ns;
    walker->last_commit_ns = walker->twin->spec->start_ns; /* of the thread */
    walker->spent = NOTHING;
    if (walker->twin->spec->commit_mode == COMMIT_TIME)
        at_ns = later(join_ns, idle_turns(walker, walker->last_commit_ns, join_ns));
    for (;;) {
        sim_ns after_ns = arrival ? arrival_batch(walker, at_ns) : java_batch(walker, at_ns);
        if (after_ns == SIM_NEVER) return;
        at_ns = turn(walker, after_ns);
    }
}

/* The range assignor: the first partitions % consumers members have one more. */
static void walk_all(struct twin *twin, sim_ns join_ns)
{
    uint32_t p = 0, consumers = twin->spec->consumers;
    for (uint32_t c = 0; c < consumers; c++) {
        struct walker walker = { .twin = twin };
        uint32_t n = twin->partitions / consumers + (c < twin->partitions % consumers);
        for (; walker.n < n; walker.n++, p++) {
            walker.part[walker.n] = p;
            walker.taken[p] = walker.done[p] = walker.committed[p] = walker.next[p] = twin->first[p];
        }
        if (n > 0) walk(&walker, join_ns);
    }
}

/* ---- the model's run ---- */

struct seen { const struct scenario *scenario; struct log log[PARTITIONS]; uint64_t first_arrival_id; };

static uint32_t stage_named(const struct scenario *scenario, const char *name)
{
    uint32_t i = 0;
    while (strcmp(scenario->stage[i].name, name) != 0) i++;
    return i;
}

static void on_order(void *context, const struct order_fact *order)
{
    struct seen *seen = context;
    uint32_t partitions = seen->scenario->topic[0].partitions, stage = stage_named(seen->scenario, "serve");
    struct log *log = &seen->log[order->order_id % partitions];
    bool waited_before = order->order_id < seen->first_arrival_id;
    assert_true(log->n < RECORDS);
    log->record[log->n++] = (struct record){
        .order_id = order->order_id, .append_ns = waited_before ? 0 : order->created_ns + APPEND_NS,
        .service_ns = order->service_ns[stage] == SIM_NEVER ? 0 : order->service_ns[stage],
        .seen_start_ns = order->wait_ns[stage] };
    if (order->wait_ns[stage] != SIM_NEVER) log->record[log->n - 1].seen_start_ns += log->record[log->n - 1].append_ns;
}

static int by_id(const void *a, const void *b)
{
    const struct record *x = a, *y = b;
    return (x->order_id > y->order_id) - (x->order_id < y->order_id);
}

/* ---- levels at a sample, worked out again ---- */

struct watch { const struct twin *twin; uint32_t group; uint64_t n; const char *wrong; char text[256]; };

static void wrong_level(struct watch *watch, const char *what, const struct run_levels *levels, uint32_t p, int64_t is,
                        int64_t should)
{
    if (is == should || watch->wrong) return;
    snprintf(watch->text, sizeof watch->text, "group %u at %.9f s, partition %u: %s is %lld, should be %lld",
             watch->group, ns_to_s(levels->at_ns), p, what, (long long)is, (long long)should);
    watch->wrong = watch->text;
}

static void check_partition(struct watch *watch, const struct run_levels *levels, const struct partition_level *level)
{
    const struct twin *twin = watch->twin;
    uint32_t p = level->partition;
    const struct log *log = &twin->log[p];
    int64_t end = 0, committed = twin->first[p], done = twin->first[p], polled = twin->first[p];
    for (uint32_t i = 0; i < log->n; i++) end += log->record[i].append_ns <= levels->at_ns;
    for (uint32_t i = twin->first[p]; i < log->n; i++) {
        committed += twin->life[p][i].committed_ns <= levels->at_ns;
        done += twin->life[p][i].done_ns <= levels->at_ns;
        polled += twin->life[p][i].polled_ns <= levels->at_ns;
    }
    wrong_level(watch, "log end", levels, p, level->log_end, end);
    wrong_level(watch, "committed", levels, p, level->committed, committed);
    wrong_level(watch, "lag", levels, p, level->lag, end - committed);
    wrong_level(watch, "client lag", levels, p, level->client_lag, end - polled);
    wrong_level(watch, "backlog", levels, p, level->backlog, end - done);
    wrong_level(watch, "age", levels, p, level->lag_ns,
                end > committed ? levels->at_ns - log->record[committed].append_ns : 0);
}

static void check_levels(struct watch *watch, const struct run_levels *levels)
{
    const struct twin *twin = watch->twin;
    int64_t busy = 0;
    sim_ns busy_ns = 0;
    for (uint32_t i = 0; i < levels->n_partitions; i++)
        if (levels->partition[i].group == watch->group) check_partition(watch, levels, &levels->partition[i]);
    for (uint32_t p = 0; p < twin->partitions; p++)
        for (uint32_t i = twin->first[p]; i < twin->log[p].n; i++) {
            const struct life *life = &twin->life[p][i];
            if (life->start_ns > levels->at_ns) continue;
            busy += life->done_ns > levels->at_ns;
            busy_ns += (life->done_ns < levels->at_ns ? life->done_ns : levels->at_ns) - life->start_ns;
        }
    wrong_level(watch, "busy", levels, NONE, levels->group_busy[watch->group], busy);
    wrong_level(watch, "time busy", levels, NONE, levels->group_busy_ns[watch->group], busy_ns);
    watch->n++;
}

/* Two groups at most. */
struct watches { struct watch watch[2]; uint32_t n; };

static void on_sample(void *context, const struct run_levels *levels)
{
    struct watches *watches = context;
    for (uint32_t i = 0; i < watches->n; i++) check_levels(&watches->watch[i], levels);
}

/* ---- peaks and areas, worked out again ---- */

struct change { sim_ns at_ns; int lag, backlog; uint32_t partition; };

/* What ends at an instant ends before what is appended at it. */
static int by_time(const void *a, const void *b)
{
    const struct change *x = a, *y = b;
    if (x->at_ns != y->at_ns) return x->at_ns < y->at_ns ? -1 : 1;
    return x->lag + x->backlog - y->lag - y->backlog;
}

struct figures {
    int64_t peak_lag, peak_backlog, peak_partition_lag;
    sim_ns peak_lag_at_ns, peak_backlog_at_ns, peak_age_ns, drained_at_ns, worked_off_ns;
    __int128 area, busy_ns, wait_ns, service_ns;
    uint64_t processed;
};

static void count_record(struct figures *figures, const struct twin *twin, uint32_t p, uint32_t i, sim_ns end_ns)
{
    const struct life *life = &twin->life[p][i];
    sim_ns append_ns = twin->log[p].record[i].append_ns;
    /* The oldest uncommitted record: it gets old until its commit. */
    sim_ns age_ns = (life->committed_ns == SIM_NEVER ? end_ns : life->committed_ns) - append_ns;
    if (age_ns > figures->peak_age_ns) figures->peak_age_ns = age_ns;
    figures->processed++;
    figures->busy_ns += life->done_ns - life->start_ns;
    figures->wait_ns += life->start_ns - append_ns;
    figures->service_ns += life->done_ns - life->start_ns;
    figures->area += life->done_ns - append_ns;
    if (life->done_ns > figures->drained_at_ns) figures->drained_at_ns = life->done_ns;
}

/* When the last record ended before the backlog grew beyond `few` again, or the run ended. */
static void work_off(struct figures *figures, int64_t few, int64_t backlog, sim_ns last_done_ns)
{
    if (figures->worked_off_ns == SIM_NEVER && backlog <= few && figures->peak_backlog > few)
        figures->worked_off_ns =
            last_done_ns > figures->peak_backlog_at_ns ? last_done_ns : figures->peak_backlog_at_ns;
}

static struct figures work_out(const struct twin *twin, int64_t few, sim_ns end_ns, struct change *change)
{
    struct figures figures = { .worked_off_ns = SIM_NEVER };
    sim_ns last_done_ns = 0;
    uint32_t n = 0;
    int64_t lag = 0, backlog = 0, partition_lag[PARTITIONS] = { 0 };
    for (uint32_t p = 0; p < twin->partitions; p++)
        for (uint32_t i = twin->first[p]; i < twin->log[p].n; i++) {
            const struct life *life = &twin->life[p][i];
            change[n++] = (struct change){ twin->log[p].record[i].append_ns, 1, 1, p };
            change[n++] = (struct change){ life->done_ns, 0, -1, p };
            if (life->committed_ns != SIM_NEVER) change[n++] = (struct change){ life->committed_ns, -1, 0, p };
            count_record(&figures, twin, p, i, end_ns);
        }
    qsort(change, n, sizeof *change, by_time);
    for (uint32_t i = 0; i < n; i++) {
        if (change[i].backlog > 0) work_off(&figures, few, backlog, last_done_ns);
        else if (change[i].backlog < 0) last_done_ns = change[i].at_ns;
        lag += change[i].lag;
        backlog += change[i].backlog;
        partition_lag[change[i].partition] += change[i].lag;
        if (lag > figures.peak_lag) {
            figures.peak_lag = lag;
            figures.peak_lag_at_ns = change[i].at_ns;
        }
        if (backlog > figures.peak_backlog) {
            figures.peak_backlog = backlog;
            figures.peak_backlog_at_ns = change[i].at_ns;
            figures.worked_off_ns = SIM_NEVER;
        }
        if (partition_lag[change[i].partition] > figures.peak_partition_lag)
            figures.peak_partition_lag = partition_lag[change[i].partition];
    }
    work_off(&figures, few, backlog, last_done_ns);
    return figures;
}

/* ---- one drawn group ---- */

static uint32_t below(uint64_t *state, uint32_t n)
{
    *state += 0x9e3779b97f4a7c15u;
    return (uint32_t)((random_mix(*state) >> 32) * n >> 32);
}

static void say_group(FILE *out, uint64_t *state, const char *name, uint32_t partitions, bool quiet)
{
    static const char *const orders[] = { "java", "java-3.6", "arrival" };
    static const char *const modes[] = { "batch", "record", "manual", "time", "count" };
    fprintf(out, "\"%s\": { \"consumers\": %u, \"fetch_order\": \"%s\", \"commit_mode\": \"%s\", ", name,
            1 + below(state, 4), orders[below(state, 3)], modes[quiet ? 3 : below(state, 5)]);
    fprintf(out, "\"commit_count\": %u, \"commit_time\": \"%uus\", ", 1 + below(state, 40),
            (quiet ? 8 : 1) * (1000 + below(state, 3000000)));
    fprintf(out, "\"max_poll_records\": %u, \"max_partition_fetch_bytes\": %u, ",
            1 + below(state, below(state, 2) ? 5 : 100), 500 + below(state, 40000));
    fprintf(out, "\"fetch_max_wait\": \"%uus\", \"fetch\": \"%uus\", \"commit\": \"%uus\", \"poll\": \"%uus\", ",
            1 + below(state, below(state, 2) ? 500000 : 9000), below(state, 3000), below(state, 5000),
            below(state, 900));
    if (below(state, 4) == 0) fprintf(out, "\"start\": \"%uus\", ", 1 + below(state, 3000000));
    if (below(state, 5) == 0)
        fprintf(out, "\"cold\": true, \"reset\": \"%s\", \"rebalance_delay\": \"%uus\", ",
                below(state, 2) ? "latest" : "earliest", 1 + below(state, 900000));
    if (below(state, 4) == 0) {
        fprintf(out, "\"backlog\": { \"orders\": [");
        for (uint32_t p = 0; p < partitions; p++) fprintf(out, "%s%u", p ? ", " : "", below(state, 60));
        fprintf(out, "] }, ");
    }
    fprintf(out, "\"reads\": { \"orders\": \"%s\" } }", name[0] == 'o' ? "serve" : "glance");
}

/* A rush, a quiet time with a record now and then, a second rush. Quiet: all groups commit by time, and there is but a
 * record now and then, with whole polls in between that wait in vain. */
static char *draw(uint64_t seed, bool quiet)
{
    uint64_t state = seed;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    uint32_t partitions = 1 + below(&state, PARTITIONS), rate = 50 + below(&state, 400);
    fprintf(out, "{ \"name\": \"twin\", \"run\": { \"seed\": %u, \"at_most\": \"1h\", \"sample_every\": \"%s\" }, ",
            1 + below(&state, 1000000), quiet ? "9ms" : "1ms");
    if (quiet)
        fprintf(out,
                "\"load\": { \"scenarios\": { \"a\": { \"executor\": \"poisson\", \"rate\": %u, "
                "\"timeUnit\": \"100s\", \"duration\": \"200s\" } } }, ", 2 + below(&state, 25));
    else
        fprintf(out,
                "\"load\": { \"scenarios\": { \"a\": { \"executor\": \"poisson\", \"rate\": %u, "
                "\"duration\": \"1s\" }, "
                "\"b\": { \"executor\": \"poisson\", \"rate\": %u, \"duration\": \"4s\", "
                "\"startTime\": \"500ms\" }, "
                "\"c\": { \"executor\": \"poisson\", \"rate\": %u, \"duration\": \"500ms\", "
                "\"startTime\": \"%us\" } } }, ",
                rate, 2 + below(&state, 60), 1 + rate / 2, 3 + below(&state, 9));
    fprintf(out, "\"kafka\": { \"record_bytes\": 1000, \"append\": \"700001ns\" }, "
            "\"topics\": { \"orders\": { \"partitions\": %u, \"key\": \"id_modulo\" } }, ", partitions);
    fprintf(out,
            "\"tables\": { \"orders\": { \"key\": \"order_id\" } }, \"processes\": { \"shop\": { \"connections\": 0, "
            "\"api\": { \"threads\": 1, \"stage\": \"accept\" }, \"groups\": \"all\" } }, \"groups\": { ");
    say_group(out, &state, "one", partitions, quiet);
    fprintf(out, ", ");
    say_group(out, &state, "two", partitions, quiet);
    fprintf(out,
            " }, \"stages\": { \"accept\": { \"steps\": [ { \"insert\": \"orders\" }, { \"publish\": \"orders\" }, "
            "{ \"reply\": 202 } ] }, ");
    for (int i = 0; i < 2; i++)
        fprintf(out,
                "\"%s\": { \"time\": { \"mean\": \"%uus\", \"cv\": 0.7 }, \"steps\": [ { \"work\": \"serve\", "
                "\"share\": 1 }%s ] }%s",
                i ? "glance" : "serve", 500 + below(&state, 20000), i ? "" : ", { \"status\": \"PAID\" }",
                i ? "" : ", ");
    fprintf(out, " } }");
    fclose(out);
    return text;
}

/* The second group's services are those of another stage: the first run tells them, too. */
struct both { struct seen seen[2]; };

static void on_order_of_both(void *context, const struct order_fact *order)
{
    struct both *both = context;
    struct order_fact second = *order;
    sim_ns wait_ns[MAX_STAGES], service_ns[MAX_STAGES];
    const struct scenario *scenario = both->seen[0].scenario;
    uint32_t serve_stage = stage_named(scenario, "serve"), glance = stage_named(scenario, "glance");
    on_order(&both->seen[0], order);
    wait_ns[serve_stage] = order->wait_ns[glance];
    service_ns[serve_stage] = order->service_ns[glance];
    second.wait_ns = wait_ns;
    second.service_ns = service_ns;
    on_order(&both->seen[1], &second);
}

static sim_ns constant(const struct dist_spec *spec)
{
    sim_ns ns = 0;
    assert_int_equal(spec->family, DIST_CONSTANT);
    assert_true(ns_from_s(spec->mean_s, &ns));
    return ns;
}

/* A new group: the first request is told the member's id, the second one joins (a round trip and a half); the group waits
 * once, and once more where others came; the leader gets the members and sends the assignment (a round trip), half of one
 * and the assignment is at the client, a whole one more and its offsets are. */
static sim_ns join_instant(const struct group_spec *spec)
{
    const sim_ns round_trip_ns = constant(&spec->fetch);
    if (!spec->cold) return spec->start_ns;
    return spec->start_ns + spec->rebalance_delay_ns * (spec->consumers > 1 ? 2 : 1) + 3 * round_trip_ns +
        2 * (round_trip_ns / 2);
}

static uint32_t backlog_of(const struct group_spec *spec, uint32_t partition)
{
    for (uint32_t i = 0; i < spec->n_backlog; i++)
        if (spec->backlog[i].partition == partition) return (uint32_t)spec->backlog[i].records;
    return 0;
}

static void twin_open(struct twin *twin, const struct scenario *scenario, uint32_t group, const struct log *log)
{
    const struct group_spec *spec = &scenario->group[group];
    *twin = (struct twin){ .spec = spec,
                           .log = log,
                           .partitions = scenario->topic[0].partitions,
                           .fetch_ns = constant(&spec->fetch),
                           .commit_ns = constant(&spec->commit),
                           .poll_ns = constant(&spec->poll) };
    for (uint32_t p = 0; p < twin->partitions; p++) {
        uint32_t waiting = 0;
        twin->life[p] = malloc(sizeof *twin->life[p] * RECORDS);
        assert_non_null(twin->life[p]);
        for (uint32_t i = 0; i < RECORDS; i++)
            twin->life[p][i] = (struct life){ SIM_NEVER, SIM_NEVER, SIM_NEVER, SIM_NEVER };
        for (uint32_t i = 0; i < log[p].n; i++) waiting += log[p].record[i].append_ns == 0;
        twin->first[p] = waiting - backlog_of(spec, p);
        if (!spec->cold || spec->reset != RESET_LATEST) continue;
        twin->first[p] = 0;
        while (twin->first[p] < log[p].n && log[p].record[twin->first[p]].append_ns < join_instant(spec))
            twin->first[p]++;
    }
    walk_all(twin, join_instant(spec));
}

static void twin_close(struct twin *twin)
{
    for (uint32_t p = 0; p < twin->partitions; p++) free(twin->life[p]);
}

static bool misses(const struct group_spec *spec) { return spec->cold && spec->reset == RESET_LATEST; }

static void compare_starts(uint64_t seed, uint32_t group, const struct twin *twin)
{
    for (uint32_t p = 0; p < twin->partitions; p++)
        for (uint32_t i = twin->first[p]; i < twin->log[p].n; i++)
            if (twin->log[p].record[i].seen_start_ns != twin->life[p][i].start_ns)
                fail_msg("seed %llu, group %u, partition %u, offset %u: starts at %lld, should at %lld",
                         (unsigned long long)seed, group, p, i, (long long)twin->log[p].record[i].seen_start_ns,
                         (long long)twin->life[p][i].start_ns);
}

static void compare_facts(uint64_t seed, const struct twin *twin, const struct group_facts *fact, sim_ns end_ns)
{
    struct change *change = malloc(sizeof *change * 3 * PARTITIONS * RECORDS);
    assert_non_null(change);
    struct figures figures = work_out(twin, twin->spec->consumers, end_ns, change);
    const struct { const char *what; __int128 is, should; } compared[] = {
        { "processed", fact->processed, figures.processed },
        { "polls", fact->polls, twin->polls },
        { "commits", fact->commits, twin->commits },
        { "drained", fact->drained_at_ns, figures.drained_at_ns },
        { "area of the backlog", fact->backlog_area, figures.area },
        { "sojourn times", fact->sojourn_ns, figures.area },
        { "busy", fact->busy_ns, figures.busy_ns },
        { "waits", fact->wait.sum_ns, figures.wait_ns },
        { "services", fact->service.sum_ns, figures.service_ns },
        { "peak of the age", fact->peak_lag_ns, figures.peak_age_ns },
        { "peak of the lag", fact->peak_lag, figures.peak_lag },
        { "peak of the lag at", fact->peak_lag_at_ns, figures.peak_lag_at_ns },
        { "peak of the backlog", fact->peak_backlog, figures.peak_backlog },
        { "peak of the backlog worked off", fact->worked_off_ns, figures.worked_off_ns },
        { "peak of the backlog at", fact->peak_backlog_at_ns, figures.peak_backlog_at_ns },
        { "peak of a partition", fact->peak_partition_lag, figures.peak_partition_lag },
    };
    for (uint32_t i = 0; i < sizeof compared / sizeof *compared; i++) {
        /* A cold group that begins at the end has had a lag and a backlog before: only its own records are compared. */
        if (misses(twin->spec) && (i == 3 || i == 4 || i == 5 || i >= 9)) continue;
        if (compared[i].is != compared[i].should)
            fail_msg("seed %llu, group %s: %s: %.15g, should be %.15g", (unsigned long long)seed, twin->spec->name,
                     compared[i].what, (double)compared[i].is, (double)compared[i].should);
    }
    free(change);
}

static uint64_t first_arrival(const struct scenario *scenario)
{
    uint64_t id = 1;
    uint32_t left[PARTITIONS], open = 0, partitions = scenario->topic[0].partitions;
    for (uint32_t p = 0; p < partitions; p++) {
        uint32_t a = backlog_of(&scenario->group[0], p), b = backlog_of(&scenario->group[1], p);
        open += left[p] = a > b ? a : b;
    }
    for (; open > 0; id++) {
        if (left[id % partitions] == 0) continue;
        left[id % partitions]--;
        open--;
    }
    return id;
}

static const struct run_facts *run(struct trial *trial, const struct observer *observer, bool step_by_step)
{
    const struct run_options options = { .observer = observer, .keep_stage_times = true, .step_by_step = step_by_step };
    struct sim_err err = { 0 };
    arena_reset(&trial->own);
    const struct run_facts *facts =
        pipeline_run(trial->plan, trial->study.scenario.seed, 0, &options, &trial->own, &err);
    if (!facts) fail_msg("%s", err.text);
    return facts;
}

static void check_seed(uint64_t seed, bool quiet)
{
    struct trial trial;
    struct both *both = calloc(1, sizeof *both);
    struct twin twin[2];
    char *text = draw(seed, quiet);
    assert_non_null(both);
    trial_open(&trial, text, NULL, 0);
    const struct scenario *scenario = &trial.study.scenario;
    for (int g = 0; g < 2; g++) {
        both->seen[g] = (struct seen){ .scenario = scenario, .first_arrival_id = first_arrival(scenario) };
        for (uint32_t p = 0; p < PARTITIONS; p++) both->seen[g].log[p].record = malloc(sizeof(struct record) * RECORDS);
    }
    const struct observer teller = { .context = both, .on_order = on_order_of_both };
    run(&trial, &teller, false);
    for (uint32_t g = 0; g < 2; g++) {
        for (uint32_t p = 0; p < PARTITIONS; p++)
            qsort(both->seen[g].log[p].record, both->seen[g].log[p].n, sizeof(struct record), by_id);
        twin_open(&twin[g], scenario, g, both->seen[g].log);
        compare_starts(seed, g, &twin[g]);
    }
    for (int stepped = 0; stepped < 2; stepped++) {
        struct watches watches = { .n = 0 };
        for (uint32_t g = 0; g < 2; g++)
            if (!misses(&scenario->group[g]))
                watches.watch[watches.n++] = (struct watch){ .twin = &twin[g], .group = g };
        const struct observer watcher = { .context = &watches, .on_sample = on_sample };
        const struct run_facts *facts = run(&trial, &watcher, stepped);
        for (uint32_t g = 0; g < watches.n; g++)
            if (watches.watch[g].wrong) fail_msg("seed %llu: %s", (unsigned long long)seed, watches.watch[g].wrong);
        for (uint32_t g = 0; g < 2; g++) compare_facts(seed, &twin[g], &facts->group[g], facts->end_ns);
    }
    for (uint32_t g = 0; g < 2; g++) {
        twin_close(&twin[g]);
        for (uint32_t p = 0; p < PARTITIONS; p++) free(both->seen[g].log[p].record);
    }
    trial_close(&trial);
    free(both);
    free(text);
}

static void test_drawn_groups(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 25; seed++) check_seed(seed, false);
}

static void test_drawn_quiet_groups(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 25; seed++) check_seed(seed, true);
}

/* What a producer sends as one batch is in the log at once: a fetch that waits for it brings all of it. */
static void test_a_batch_comes_whole(void **state)
{
    static const char *const orders[] = { "java", "java-3.6", "arrival" };
    static const struct study_edit at_once[] = {
        { "/load/scenarios/orders",
          TRIAL_JSON({ "executor": "bursts", "size": 5, "every": "1s", "duration": "3s" }) },
        { "/processes/shop/api/threads", "5" },
        { "/kafka/linger", "5ms" },
        { "/kafka/fetch", "1ms" },
        { "/kafka/commit", "2ms" },
    };
    (void)state;
    for (int linger = 0; linger < 2; linger++)
        for (int i = 0; i < 3; i++) {
            struct trial trial;
            struct study_edit edit[6];
            memcpy(edit, at_once, sizeof at_once);
            if (!linger) edit[2].value = "0s";
            edit[5] = (struct study_edit){ "/kafka/fetch_order", orders[i] };
            trial_open(&trial, QUEUE_SCENARIO, edit, 6);
            const struct run_facts *facts = trial_run(&trial, 0, NULL);
            assert_int_equal(facts->group[0].processed, 15);
            /* Sent one by one they are five batches: the first one alone answers a fetch of the Java client that waits.
             * (The first fetch of all arrives when five are there.) */
            assert_int_equal(facts->group[0].polls, linger || i == 2 ? 3 : 5);
            trial_close(&trial);
        }
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        uint64_t first = strtoull(argv[1], NULL, 10), n = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
        for (uint64_t seed = first; seed < first + n; seed++)
            for (int quiet = 0; quiet < 2; quiet++) check_seed(seed, quiet);
        return 0;
    }
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_drawn_groups),
                                        cmocka_unit_test(test_drawn_quiet_groups),
                                        cmocka_unit_test(test_a_batch_comes_whole) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
