/* SPDX-License-Identifier: GPL-3.0-or-later
 * See gauge.h. */
#include "sim/results/gauge.h"

#include <math.h>

#include "sim/results/held_up.h"
#include "sim/results/pace.h"

/* Of a group: records done so far; the least that waits in any of its partitions that ever had one (INT64_MAX: none
 * had); and since when it has had enough, by records done (UINT64_MAX: it had not); and how long it has waited for
 * other groups at work on the same order. */
struct progress { uint64_t done; int64_t least_waiting; uint64_t enough_from; sim_ns order_waits_ns; };

/* Windows of 1, 2, 4 ... times the layout's, that begin every quarter of it. */
enum { WINDOWS = 6, MARKS_A_WINDOW = 4, MARKS = (MARKS_A_WINDOW << (WINDOWS - 1)) + 1 };

/* So far: what came; and, of the orders alone, the starts of which none came, and those that the load's rates make
 * (NaN: not known). held_by: the fault that holds up what comes then. */
struct mark { sim_ns at_ns; int64_t count, dropped; double meant; struct held_up_by held_by; };

/* What came at once after a fault had held it up. */
struct surge { double per_s; struct held_up_by fault; };

/* Arrivals of one kind, noted at marks of time. */
struct stream {
    struct mark mark[MARKS];       /* ring */
    uint64_t n_marks;
    int64_t first, last;           /* count when the load began, and now */
    sim_ns first_ns, last_ns;      /* when it began; when the last one had come */
    double peak_rate_per_s;        /* but for that of: */
    struct surge surge;
    struct held_up held;
    bool height_is_over;           /* of the load; and the rate until then */
    double height_rate_per_s;
};

struct gauge {
    const struct layout *layout;
    struct group_samples *group;
    struct progress *before;       /* by group, at the look before; */
    struct progress *alone_before; /* the same, but of one consumer alone with the most that waits in one; */
    struct slowed_work *work_before; /* so in a run with faults */
    double *least_s;               /* by group: what a record of it takes that is done soonest, in the mean */
    sim_ns looked_ns;              /* at the levels before */
    struct stream *stream;         /* by group; then of starts that found a VU; then of orders there are */
    uint64_t *happened;            /* by fault, at the look before; */
    bool *holds;                   /* and whether it can hold records up */
    uint64_t dropped, failed;      /* starts that found none, or that the API did not answer with an order */
    struct load_rates *rates;
};

/* Not by more consumers than there were, nor by records that come twice. Where some wait at the beginning nobody knows
 * what comes to others of these, and what of orders. */
static bool *who_holds(const struct scenario *scenario, struct arena *arena)
{
    bool *holds = arena_array(arena, bool, scenario->n_faults), none_waits = true;

    for (uint32_t g = 0; g < scenario->n_groups; g++) none_waits &= scenario->group[g].n_backlog == 0;
    for (uint32_t i = 0; i < scenario->n_faults; i++) {
        const struct fault_spec *fault = &scenario->fault[i];
        const bool more = fault->kind == FAULT_SCALE && fault->consumers >= scenario->group[fault->target].consumers;
        holds[i] = none_waits && !more && fault->kind != FAULT_DUPLICATE;
    }
    return holds;
}

struct gauge *gauge_open(const struct layout *layout, struct group_samples *group, struct arena *arena)
{
    const struct scenario *scenario = &layout->study->scenario;
    struct gauge *gauge = arena_new(arena, struct gauge);

    gauge->layout = layout;
    gauge->group = group;
    gauge->before = arena_array(arena, struct progress, scenario->n_groups);
    gauge->alone_before = arena_array(arena, struct progress, scenario->n_groups);
    gauge->work_before = arena_array(arena, struct slowed_work, scenario->n_groups);
    gauge->least_s = arena_array(arena, double, scenario->n_groups);
    gauge->stream = arena_array(arena, struct stream, scenario->n_groups + 2);
    gauge->happened = arena_array(arena, uint64_t, scenario->n_faults);
    gauge->holds = who_holds(scenario, arena);
    for (uint32_t i = 0; i < scenario->n_groups + 2; i++) gauge->stream[i].held = held_up_none();
    gauge->rates = load_rates_make(scenario, layout->rate_window_ns, arena);
    for (uint32_t i = 0; i < scenario->n_groups; i++)
        gauge->least_s[i] = pace_least_s(scenario, &scenario->group[i]);
    return gauge;
}

/* ---- what a group does while it has enough ---- */

static struct progress progress_of(const struct layout *layout, uint32_t group, const struct run_levels *levels)
{
    struct progress progress = { levels->group_done[group], INT64_MAX, UINT64_MAX,
                                 levels->group_work[group].same_order_ns };

    for (uint32_t i = layout->group_row[group]; i < layout->group_row[group + 1]; i++) {
        const struct partition_level *level = &levels->partition[i];
        if (level->log_end && level->backlog < progress.least_waiting)
            progress.least_waiting = level->backlog;
    }
    return progress;
}

/* Whether every partition holds more records than one consumer will do in the interval to come. It must not hang on
 * what is then done: an interval in which much was done would not count, and the mean would be of slow ones. Records
 * that wait for their time (a retry topic) are no work yet. */
static bool has_enough(const struct gauge *gauge, uint32_t group, int64_t waiting, sim_ns span_ns)
{
    const struct scenario *scenario = &gauge->layout->study->scenario;
    const double most = ns_to_s(span_ns) / gauge->least_s[group];

    return scenario->group[group].due_after_ns == 0 && (double)waiting >= 2 * most + 10;
}

/* In the interval that ends now, for a part of it at least. */
static bool is_slowed(const struct gauge *gauge, uint32_t group, const struct run_levels *levels)
{
    return levels->group_slow_until_ns[group] > gauge->looked_ns;
}

/* A stretch in which many wait begins with records that take long, which is what has made the others wait. It counts
 * when each consumer has done some since. */
static bool is_under_way(const struct gauge *gauge, uint32_t group, const struct progress *before)
{
    enum { DONE_EACH = 2 };
    const uint32_t consumers = gauge->layout->study->scenario.group[group].consumers;

    return before->enough_from < UINT64_MAX && before->done - before->enough_from >= DONE_EACH * consumers;
}

/* While the load is at its height, all of the interval that ends now. One consumer that has all partitions lacks no
 * work as long as there is enough in one of them, be it that others get too little to fill the rest. */
static void note_height(struct gauge *gauge, uint32_t group, const struct run_levels *levels, struct progress now,
                        bool all_there)
{
    const struct layout *layout = gauge->layout;
    const bool is_alone = layout->study->scenario.group[group].consumers == 1;
    struct group_samples *samples = &gauge->group[group];
    struct progress *before = &gauge->alone_before[group];
    const sim_ns span_ns = levels->at_ns - gauge->looked_ns;

    if (levels->at_ns < layout->height.from_ns || levels->at_ns > layout->height.until_ns) return;
    for (uint32_t i = layout->group_row[group]; is_alone && i < layout->group_row[group + 1]; i++) {
        const struct partition_level *level = &levels->partition[i];
        if (level->log_end > 0 && (level->backlog > now.least_waiting || now.least_waiting == INT64_MAX))
            now.least_waiting = level->backlog;
    }
    if (all_there && gauge->looked_ns >= layout->height.from_ns &&
        before->least_waiting < INT64_MAX && has_enough(gauge, group, before->least_waiting, span_ns)) {
        now.enough_from = before->enough_from < UINT64_MAX ? before->enough_from : before->done;
        if (is_under_way(gauge, group, before)) {
            samples->done_at_height += now.done - before->done;
            samples->done_at_height_ns += span_ns;
            samples->order_waits_at_height_ns += now.order_waits_ns - before->order_waits_ns;
        }
    }
    *before = now;
}

/* What a group does in an interval in which, whoever owns which partition, no consumer of it lacked work. That is what
 * it can do, fetches and commits included. Intervals before they start, or in which a fault kept one away, say nothing of
 * what they do while they are there. */
static void note_capacity(struct gauge *gauge, uint32_t group, const struct run_levels *levels)
{
    struct group_samples *samples = &gauge->group[group];
    struct progress *before = &gauge->before[group];
    struct progress now = progress_of(gauge->layout, group, levels);
    const bool all_there = levels->group_whole_ns[group] <= gauge->looked_ns && !is_slowed(gauge, group, levels) &&
        gauge->looked_ns >= gauge->layout->study->scenario.warm_up_ns;
    const sim_ns span_ns = levels->at_ns - gauge->looked_ns;

    note_height(gauge, group, levels, now, all_there);
    if (all_there && before->least_waiting < INT64_MAX && has_enough(gauge, group, before->least_waiting, span_ns)) {
        now.enough_from = before->enough_from < UINT64_MAX ? before->enough_from : before->done;
        if (is_under_way(gauge, group, before)) {
            samples->done += now.done - before->done;
            samples->done_ns += span_ns;
            samples->order_waits_ns += now.order_waits_ns - before->order_waits_ns;
        }
    }
    *before = now;
}

/* ---- what it does while a fault makes its records slow ---- */

static void add_work(struct group_work *sum, const struct group_work *from, const struct group_work *to)
{
    sum->ended += to->ended - from->ended;
    sum->failed += to->failed - from->failed;
    sum->skipped += to->skipped - from->skipped;
    sum->duplicates += to->duplicates - from->duplicates;
    sum->evictions += to->evictions - from->evictions;
    sum->retries += to->retries - from->retries;
    sum->backoff_ns += to->backoff_ns - from->backoff_ns;
    sum->same_order_ns += to->same_order_ns - from->same_order_ns;
    sum->paused_ns += to->paused_ns - from->paused_ns;
}

static void note_slowed(struct gauge *gauge, uint32_t group, const struct run_levels *levels)
{
    struct slowed_work *slowed = &gauge->group[group].slowed;
    struct slowed_work *before = &gauge->work_before[group];
    const struct slowed_work now = { levels->group_work[group], levels->group_busy_ns[group] };

    if (is_slowed(gauge, group, levels) && gauge->looked_ns >= gauge->layout->study->scenario.warm_up_ns) {
        add_work(&slowed->work, &before->work, &now.work);
        slowed->busy_ns += now.busy_ns - before->busy_ns;
    }
    *before = now;
}

/* ---- how fast records come ---- */

static int64_t appended(const struct layout *layout, uint32_t group, const struct run_levels *levels)
{
    int64_t records = 0;

    for (uint32_t i = layout->group_row[group]; i < layout->group_row[group + 1]; i++)
        records += levels->partition[i].log_end;
    return records;
}

/* What chance adds to n arrivals hardly ever: three standard deviations. The greatest of many windows would have one of
 * those to which it has added most. */
static double beyond_chance(double n) { return n - 3 * sqrt(n); }

/* Starts are as many as the rates make: what is drawn beyond them is chance, and what is missing was dropped. Only of
 * those that were dropped chance may have taken less. */
static double surely_came(const struct mark *from, const struct mark *to)
{
    const double n = (double)(to->count - from->count), dropped = (double)(to->dropped - from->dropped);
    const double meant = to->meant - from->meant;
    if (isnan(meant)) return beyond_chance(n);
    return fmin(n, meant - dropped) - 3 * sqrt(fmax(0, fmin(n, dropped)));
}

static const struct held_up_by no_fault = { NONE, 0 };

/* More than orders bring can only come where something was held up before. */
static void note_rate(struct stream *stream, const struct mark *from, double per_s)
{
    if (from->held_by.index != NONE) {
        if (per_s > stream->surge.per_s) stream->surge = (struct surge){ per_s, from->held_by };
    } else if (per_s > stream->peak_rate_per_s) {
        stream->peak_rate_per_s = per_s;
    }
}

static void note_windows(struct stream *stream)
{
    const uint64_t now = stream->n_marks - 1;
    for (uint64_t k = 0, back = MARKS_A_WINDOW; k < WINDOWS && back <= now; k++, back *= 2) {
        const struct mark *from = &stream->mark[(now - back) % MARKS], *to = &stream->mark[now % MARKS];
        note_rate(stream, from, surely_came(from, to) / ns_to_s(to->at_ns - from->at_ns));
    }
}

static void note_count(struct stream *stream, const struct mark *now, sim_ns from_ns)
{
    if (now->at_ns <= from_ns) {
        stream->first = stream->last = now->count;
        stream->first_ns = stream->last_ns = now->at_ns;
    }
    if (now->count > stream->last) stream->last = now->count, stream->last_ns = now->at_ns;
}

static bool mark_is_due(const struct stream *stream, sim_ns now_ns, sim_ns every_ns)
{
    return stream->n_marks == 0 || now_ns - stream->mark[(stream->n_marks - 1) % MARKS].at_ns >= every_ns;
}

static void note_mark(struct stream *stream, const struct mark *now)
{
    stream->mark[stream->n_marks++ % MARKS] = *now;
    note_windows(stream);
}

/* No less than the mean, which chance hardly touches: so many gaps lie before the last one. */
static double peak_of(const struct stream *stream)
{
    if (stream->last_ns == stream->first_ns) return stream->peak_rate_per_s;
    const double span_s = ns_to_s(stream->last_ns - stream->first_ns);
    return fmax(stream->peak_rate_per_s, (double)(stream->last - stream->first - 1) / span_s);
}

/* What comes later than this look, others may have held back until the load was past its height. */
static void note_end_of_height(struct stream *stream, const struct layout *layout, sim_ns now_ns)
{
    if (stream->height_is_over || now_ns <= layout->height.until_ns) return;
    stream->height_is_over = true;
    stream->height_rate_per_s = peak_of(stream);
}

/* Of scheduled starts, so many came to something. */
static void note_orders(struct gauge *gauge, struct stream *orders, const struct run_levels *levels, int64_t came)
{
    const sim_ns from_ns = gauge->layout->load_from_ns, every_ns = gauge->layout->rate_window_ns / MARKS_A_WINDOW;
    struct mark now = { levels->at_ns, came, (int64_t)levels->orders.scheduled - came, (double)NAN, no_fault };
    note_count(orders, &now, from_ns);
    if (!mark_is_due(orders, now.at_ns, every_ns)) return;
    now.meant = load_rates_starts(gauge->rates, now.at_ns);
    note_mark(orders, &now);
}

/* Since the look before; the last of the scenario, of several. */
static struct held_up_by fault_begun(struct gauge *gauge, const struct run_levels *levels)
{
    struct held_up_by begun = no_fault;

    for (uint32_t i = 0; i < gauge->layout->study->scenario.n_faults; i++) {
        if (gauge->holds[i] && levels->fault[i].happened != gauge->happened[i])
            begun = (struct held_up_by){ i, levels->fault[i].last_at_ns };
        gauge->happened[i] = levels->fault[i].happened;
    }
    return begun;
}

/* Due are starts that found a VU, and have not failed. */
static struct held_up_by held_by(struct stream *stream, const struct run_levels *levels, int64_t came,
                                 struct held_up_by begun)
{
    const struct order_counts *orders = &levels->orders;
    const int64_t due = (int64_t)(orders->scheduled - orders->dropped - orders->requests_failed);
    const struct held_up_at now = { (double)(came - stream->first), (double)due };

    return held_up_look(&stream->held, now, begun) ? stream->held.fault : no_fault;
}

static void note_records(struct gauge *gauge, uint32_t group, const struct run_levels *levels,
                         struct held_up_by begun)
{
    const sim_ns from_ns = gauge->layout->load_from_ns, every_ns = gauge->layout->rate_window_ns / MARKS_A_WINDOW;
    struct stream *stream = &gauge->stream[group];
    struct mark now = { levels->at_ns, appended(gauge->layout, group, levels), 0, (double)NAN, no_fault };

    note_end_of_height(stream, gauge->layout, levels->at_ns);
    note_count(stream, &now, from_ns);
    if (gauge->layout->study->scenario.n_faults > 0) now.held_by = held_by(stream, levels, now.count, begun);
    if (mark_is_due(stream, now.at_ns, every_ns)) note_mark(stream, &now);
}

static void note_rates(struct gauge *gauge, const struct run_levels *levels)
{
    const uint32_t n_groups = gauge->layout->study->scenario.n_groups;
    const struct held_up_by begun = fault_begun(gauge, levels);

    for (uint32_t g = 0; g < n_groups; g++) note_records(gauge, g, levels, begun);
    note_orders(gauge, &gauge->stream[n_groups], levels, (int64_t)(levels->orders.scheduled - levels->orders.dropped));
    note_orders(gauge, &gauge->stream[n_groups + 1], levels, (int64_t)levels->orders.created);
    gauge->dropped = levels->orders.dropped;
    gauge->failed = levels->orders.requests_failed;
}

void gauge_end(struct gauge *gauge, const struct run_levels *levels) { note_rates(gauge, levels); }

static void close_group(struct group_samples *group, const struct stream *stream)
{
    group->free_rate_per_s = peak_of(stream);
    group->height_rate_per_s = stream->height_is_over ? stream->height_rate_per_s : group->free_rate_per_s;
    group->peak_rate_per_s = fmax(group->free_rate_per_s, stream->surge.per_s);
    group->surge_per_s = stream->surge.per_s;
    group->surge_since_s = ns_to_s(stream->surge.fault.at_ns);
    group->surge_fault = stream->surge.fault.index;
}

void gauge_close(struct gauge *gauge)
{
    for (uint32_t g = 0; g < gauge->layout->study->scenario.n_groups; g++)
        close_group(&gauge->group[g], &gauge->stream[g]);
}

/* A start without a VU is never made up for, nor is a request that has failed: what such a load brings is what was seen
 * of it, and no less than if all that is missing had been missing at its height. Where requests fail those that will
 * are not known before they have: there only the orders count. */
double gauge_peak_rate_per_s(const struct gauge *gauge)
{
    const double of_load = gauge->layout->load_rate_per_s;
    const double missing = (double)(gauge->dropped + gauge->failed);
    const double seen = peak_of(&gauge->stream[gauge->layout->study->scenario.n_groups + (gauge->failed > 0)]);
    if (isnan(of_load)) return seen;
    return fmin(of_load, fmax(seen, of_load - missing / ns_to_s(gauge->layout->rate_window_ns)));
}

/* ---- when to look ---- */

/* Records of all groups from one look to the next: few enough that who falls behind is seen while it is behind, and so
 * many that looking costs next to nothing beside them. */
enum { RECORDS_A_LOOK = 256 };
#define LOOK_LEAST_NS SIM_MS
#define LOOK_MOST_NS SIM_S

static uint64_t all_done(const struct gauge *gauge, const uint64_t *by_group)
{
    uint64_t done = 0;
    for (uint32_t g = 0; g < gauge->layout->study->scenario.n_groups; g++) done += by_group[g];
    return done;
}

/* The load's beginning is looked at. */
static sim_ns next_look(const struct gauge *gauge, sim_ns now_ns, sim_ns span_ns)
{
    const sim_ns from_ns = gauge->layout->load_from_ns, next_ns = now_ns + span_ns;
    return now_ns < from_ns && next_ns > from_ns ? from_ns : next_ns;
}

/* As long as the last ones took that many, but at most twice and at least an eighth of what the last span was. */
static sim_ns next_span(sim_ns span_ns, uint64_t done)
{
    sim_ns next_ns = done * 2 < RECORDS_A_LOOK   ? 2 * span_ns
                     : done > 8 * RECORDS_A_LOOK ? span_ns / 8
                                                 : span_ns * RECORDS_A_LOOK / (sim_ns)done;
    if (next_ns < LOOK_LEAST_NS) next_ns = LOOK_LEAST_NS;
    return next_ns > LOOK_MOST_NS ? LOOK_MOST_NS : next_ns;
}

sim_ns gauge_look(struct gauge *gauge, const struct run_levels *levels)
{
    const uint32_t n_groups = gauge->layout->study->scenario.n_groups;
    const sim_ns span_ns = levels->at_ns - gauge->looked_ns;
    uint64_t before = 0;

    for (uint32_t g = 0; g < n_groups; g++) {
        before += gauge->before[g].done;
        note_capacity(gauge, g, levels);
        if (gauge->layout->study->scenario.n_faults > 0) note_slowed(gauge, g, levels);
    }
    note_rates(gauge, levels);
    gauge->looked_ns = levels->at_ns;
    const sim_ns next_ns = next_span(span_ns, all_done(gauge, levels->group_done) - before);
    return next_look(gauge, levels->at_ns, next_ns);
}
