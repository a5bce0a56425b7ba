/* SPDX-License-Identifier: GPL-3.0-or-later
 * See shared.h. One walk over the steps of each stage says how long a record has what: its steps' mean times, from the
 * effect of the step that takes a thing to that of the one that gives it back, as models/orders plays them. */
#include "sim/results/shared.h"

#include <math.h>

#include "sim/results/layout.h"
#include "sim/results/pace.h"

/* ---- for how long a record has what ---- */

struct held {
    double connection_s, store_s[MAX_STORES], lock_s[MAX_LOCKS], row_s[MAX_TABLES];
    uint32_t connections;            /* at once, at most */
    sim_ns lock_wait_ns[MAX_LOCKS];  /* the least that somebody waits for it; -1: nobody takes it */
};

/* A record on its way through a stage, which is one of so many (weight) of its group. */
struct way {
    const struct scenario *scenario;
    struct held *held;
    double weight, keyed_weight; /* keyed: 0 where it is not known whose records come */
    double stage_s;
    bool whole_stage;            /* a connection step: it is kept to the end of the record */
    bool has_connection, has_outer, in_transaction, has_lock[MAX_LOCKS], has_row[MAX_TABLES];
};

static bool connects_by_itself(const struct step_spec *step)
{
    return step->kind == STEP_INSERT || step->kind == STEP_JOIN || step->kind == STEP_STATUS;
}

static void pass_connections(struct way *way, const struct step_spec *step, double takes_s)
{
    const bool takes = connects_by_itself(step) || (step->kind == STEP_CONNECTION && !step->outer) ||
                       (step->kind == STEP_BEGIN && !way->whole_stage);
    way->has_outer |= step->kind == STEP_CONNECTION && step->outer;
    const uint32_t has = (way->has_connection || takes ? 1u : 0u) + (way->has_outer ? 1u : 0u);
    way->held->connection_s += way->weight * takes_s * has;
    if (has > way->held->connections) way->held->connections = has;
    if (way->whole_stage) way->has_connection |= takes;
    else if (step->kind == STEP_BEGIN) way->has_connection = true;
    else if (step_ends_transaction(step)) way->has_connection = false;
}

static void note_patience(struct way *way, const struct step_spec *step)
{
    sim_ns *least_ns = &way->held->lock_wait_ns[step->target];
    const sim_ns wait_ns = step->wait_ns < 0 ? way->scenario->lock[step->target].wait_ns : step->wait_ns;
    if (*least_ns < 0 || wait_ns < *least_ns) *least_ns = wait_ns;
}

static void pass_locks(struct way *way, const struct step_spec *step, double takes_s)
{
    for (uint32_t i = 0; i < way->scenario->n_locks; i++) {
        const bool begins = step->kind == STEP_LOCK && step->target == i && !way->has_lock[i];
        const bool ends = step->kind == STEP_UNLOCK && step->target == i;
        if (begins) {
            way->has_lock[i] = true;
            note_patience(way, step);
        }
        if (!way->has_lock[i]) continue;
        way->held->lock_s[i] +=
            way->keyed_weight * takes_s * (begins ? 1 - step->effect_at : ends ? step->effect_at : 1);
        if (ends) way->has_lock[i] = false;
    }
}

/* What a write holds back is sent with the commit; what gives back may have nothing to give. */
static bool takes_row(const struct way *way, const struct step_spec *step)
{
    return step->kind == STEP_WRITE && way->in_transaction && step->style != STYLE_ABSOLUTE &&
           step->effect != EFFECT_RESTORE;
}

static void pass_rows(struct way *way, const struct step_spec *step, double takes_s)
{
    if (step->kind == STEP_BEGIN) way->in_transaction = true;
    for (uint32_t i = 0; i < way->scenario->n_tables; i++) {
        const bool begins = takes_row(way, step) && step->target == i && !way->has_row[i];
        const bool ends = step_ends_transaction(step);
        if (begins) way->has_row[i] = true;
        if (!way->has_row[i]) continue;
        way->held->row_s[i] +=
            way->keyed_weight * takes_s * (begins ? 1 - step->effect_at : ends ? step->effect_at : 1);
        if (ends) way->has_row[i] = false;
    }
    if (step_ends_transaction(step)) way->in_transaction = false;
}

static void pass_stage(struct way *way, const struct stage_spec *stage)
{
    way->stage_s = stage->has_time ? dist_mean_s(&stage->time) : 0;
    for (uint32_t i = 0; i < stage->n_steps; i++)
        way->whole_stage |= stage->step[i].kind == STEP_CONNECTION && !stage->step[i].outer;
    for (uint32_t i = 0; i < stage->n_steps; i++) {
        const struct step_spec *step = &stage->step[i];
        const double takes_s = step->has_time ? dist_mean_s(&step->time) : step->share * way->stage_s;
        const uint32_t store = scenario_store_of(way->scenario, step);
        if (store != NONE) way->held->store_s[store] += way->weight * takes_s;
        pass_connections(way, step, takes_s);
        pass_locks(way, step, takes_s);
        pass_rows(way, step, takes_s);
    }
}

/* Of a record of the group in the mean. A group that gets fewer records than there are orders may have few of the most
 * popular key: they were refused before, stock being out. */
static struct held held_by(const struct outcome *outcome, const struct group_spec *group, const double *came)
{
    const struct scenario *scenario = &outcome->study->scenario;
    const double orders = outcome_mean(outcome, "orders.created");
    struct held held = { 0 };
    double all = 0;

    for (uint32_t i = 0; i < scenario->n_locks; i++) held.lock_wait_ns[i] = -1;
    for (uint32_t r = 0; r < group->n_reads; r++) all += came[r];
    for (uint32_t r = 0; r < group->n_reads && all > 0; r++) {
        struct way way = { .scenario = scenario, .held = &held, .weight = came[r] / all };
        way.keyed_weight = came[r] >= 0.99 * orders ? way.weight : 0;
        pass_stage(&way, &scenario->stage[group->read[r].stage]);
    }
    return held;
}

double shared_connection_s(const struct scenario *scenario, uint32_t stage)
{
    struct held held = { 0 };
    struct way way = { .scenario = scenario, .held = &held, .weight = 1 };
    pass_stage(&way, &scenario->stage[stage]);
    return held.connection_s;
}

void shared_count(const struct outcome *outcome, uint32_t group, double *came)
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

/* ---- keys ---- */

/* Of r^-exponent over the ranks: the first ones one by one, the others by the integral at midpoints. */
static double zipf_mass(const struct pick_spec *pick)
{
    enum { HEAD = 1024 };
    const double low = (double)pick->low, high = (double)pick->high, s = pick->exponent;
    const double last = fmin(high, low + HEAD - 1), from = last + 0.5, to = high + 0.5;
    double mass = 0;

    for (double rank = low; rank <= last; rank++) mass += pow(rank, -s);
    if (to <= from) return mass;
    return mass + (fabs(s - 1) < 1e-9 ? log(to / from) : (pow(to, 1 - s) - pow(from, 1 - s)) / (1 - s));
}

static double hot_share(const struct pick_spec *pick)
{
    const double evenly = (1 - pick->share) / ((double)(pick->high - pick->low) + 1);
    double most = evenly;

    for (uint32_t i = 0; i < pick->n_hot; i++) {
        const bool is_among = pick->hot[i] >= pick->low && pick->hot[i] <= pick->high;
        most = fmax(most, pick->share / pick->n_hot + (is_among ? evenly : 0));
    }
    return most;
}

double shared_key_share(const struct pick_spec *pick)
{
    switch (pick->kind) {
    case PICK_NOTHING: return 0;
    case PICK_CONSTANT: return pick->given;
    case PICK_UNIFORM: return pick->given / ((double)(pick->high - pick->low) + 1);
    case PICK_ZIPF: return pick->given * pow((double)pick->low, -pick->exponent) / zipf_mass(pick);
    case PICK_HOT: return pick->given * hot_share(pick);
    }
    return 0;
}

static double share_of_key(const struct scenario *scenario, enum row_key key)
{
    switch (key) {
    case ROW_ITEM: return shared_key_share(&scenario->orders.item);
    case ROW_USER: return shared_key_share(&scenario->orders.user);
    case ROW_COUPON: return shared_key_share(&scenario->orders.coupon);
    case ROW_ORDER_ID: break;
    }
    return 0;
}

/* ---- the bound ---- */

/* Consumers that might all wait for the same, of records that have one place each for so long. Those who would wait for
 * longer than anybody does give up, and are not bound by it. */
struct asking { uint32_t consumers; double cut_s; };

static void bound(struct shared *least, const struct asking *asking, struct shared by, double held_s,
                  sim_ns patience_ns)
{
    const double each_s = fmax(0, held_s - asking->cut_s);
    if (!(each_s > 0)) return;
    if (patience_ns != SIM_NEVER && asking->consumers * each_s / by.places > ns_to_s(patience_ns)) return;
    by.most_per_s = by.places / each_s / (by.key_share > 0 ? by.key_share : 1);
    if (by.most_per_s < least->most_per_s) *least = by;
}

static uint32_t instances_of(const struct scenario *scenario, uint32_t group, uint32_t consumers)
{
    const struct group_spec *spec = &scenario->group[group];
    const uint32_t instances = scenario->process[spec->process].instances;

    for (uint32_t i = 0; i < scenario->n_scalers; i++) {
        const uint32_t of_pod = spec->consumers / instances;
        if (scenario->scaler[i].group == group && of_pod > 0) return (consumers + of_pod - 1) / of_pod;
    }
    return instances;
}

static void bound_by_pool(struct shared *least, const struct asking *asking, const struct scenario *scenario,
                          uint32_t group, const struct held *held)
{
    const struct process_spec *process = &scenario->process[scenario->group[group].process];
    const uint32_t places = process->connections * instances_of(scenario, group, asking->consumers);

    if (places > 0 && asking->consumers * held->connections > places)
        bound(least, asking, (struct shared){ .kind = SHARED_POOL, .name = process->name, .places = places },
              held->connection_s, process->connection_timeout_ns);
}

static void bound_by_stores(struct shared *least, const struct asking *asking, const struct scenario *scenario,
                            const struct held *held)
{
    for (uint32_t i = 0; i < scenario->n_stores; i++)
        if (scenario->store[i].capacity > 0 && asking->consumers > scenario->store[i].capacity)
            bound(least, asking,
                  (struct shared){ .kind = SHARED_STORE, .name = scenario->store[i].name,
                                   .places = scenario->store[i].capacity },
                  held->store_s[i], SIM_NEVER);
}

/* A lock whose lease ends while it is held is free before its time. */
static void bound_by_keys(struct shared *least, const struct asking *asking, const struct outcome *outcome,
                          const struct held *held)
{
    const struct scenario *scenario = &outcome->study->scenario;

    for (uint32_t i = 0; i < scenario->n_locks; i++) {
        const struct lock_spec *lock = &scenario->lock[i];
        const struct shared by = { .kind = SHARED_LOCK, .name = lock->name, .places = 1,
                                   .key_share = share_of_key(scenario, lock->key) };
        if (by.key_share > 0 && !(outcome_mean(outcome, "locks.%s.expired_while_held", lock->name) > 0))
            bound(least, asking, by, held->lock_s[i], held->lock_wait_ns[i]);
    }
    for (uint32_t i = 0; i < scenario->n_tables; i++) {
        const struct table_spec *table = &scenario->table[i];
        const struct shared by = { .kind = SHARED_ROW, .name = table->name, .places = 1,
                                   .key_share = share_of_key(scenario, table->key) };
        if (by.key_share > 0) bound(least, asking, by, held->row_s[i], table->lock_timeout_ns);
    }
}

/* What a record took less than its steps do was refused on the way, and may all be missing from what it held. */
static double cut_short_s(const struct scenario *scenario, const struct group_spec *group, const double *came,
                          double service_s)
{
    double all = 0, alone_s = 0;

    for (uint32_t r = 0; r < group->n_reads; r++) {
        all += came[r];
        alone_s += came[r] * pace_stage_alone_s(&scenario->stage[group->read[r].stage]);
    }
    return all > 0 ? fmax(0, alone_s / all - service_s) : 0;
}

struct shared shared_bound(const struct outcome *outcome, uint32_t group, const double *came, double service_s,
                           uint32_t consumers)
{
    const struct scenario *scenario = &outcome->study->scenario;
    const struct group_spec *spec = &scenario->group[group];
    const struct held held = held_by(outcome, spec, came);
    const struct asking asking = { consumers, cut_short_s(scenario, spec, came, service_s) };
    struct shared least = { .kind = SHARED_NOTHING, .most_per_s = INFINITY };

    bound_by_keys(&least, &asking, outcome, &held);
    bound_by_pool(&least, &asking, scenario, group, &held);
    bound_by_stores(&least, &asking, scenario, &held);
    return least;
}

/* ---- what is in use ---- */

/* Places in the mean. */
struct places { double store[MAX_STORES], pool[MAX_PROCESSES]; };

static void add_use(struct places *places, const struct scenario *scenario, const struct held *held, uint32_t process,
                    double per_s)
{
    if (!(per_s > 0) || isinf(per_s)) return;
    for (uint32_t i = 0; i < scenario->n_stores; i++) places->store[i] += per_s * held->store_s[i];
    places->pool[process] += per_s * held->connection_s;
}

static void add_group(struct places *places, const struct outcome *outcome, uint32_t group, double per_s)
{
    const struct scenario *scenario = &outcome->study->scenario;
    double came[MAX_TOPICS_OF_GROUP];
    shared_count(outcome, group, came);
    const struct held held = held_by(outcome, &scenario->group[group], came);
    add_use(places, scenario, &held, scenario->group[group].process, per_s);
}

static void add_apis(struct places *places, const struct outcome *outcome)
{
    const struct scenario *scenario = &outcome->study->scenario;
    for (uint32_t i = 0; i < scenario->n_processes; i++) {
        struct held held = { 0 };
        struct way way = { .scenario = scenario, .held = &held, .weight = 1 };
        if (scenario->process[i].api_threads == 0) continue;
        pass_stage(&way, &scenario->stage[scenario->process[i].api_stage]);
        add_use(places, scenario, &held, i, outcome_mean(outcome, "orders.peak_rate_per_s"));
    }
}

static void find_fullest(struct shared_use *fullest, double own, double others, double places)
{
    if (!(own > 0) || !((own + others) / places > fullest->all)) return;
    *fullest = (struct shared_use){ own / places, (own + others) / places };
}

struct shared_use shared_in_use(const struct outcome *outcome, uint32_t group, double per_s)
{
    const struct scenario *scenario = &outcome->study->scenario;
    struct places own = { 0 }, others = { 0 };
    struct shared_use fullest = { 0 };

    add_group(&own, outcome, group, per_s);
    add_apis(&others, outcome);
    for (uint32_t i = 0; i < outcome->n_demands; i++) {
        const struct group_demand *demand = &outcome->demand[i];
        if (demand->group == group) continue;
        add_group(&others, outcome, demand->group, fmin(demand->offered_per_s, demand->capacity_per_s));
    }
    for (uint32_t i = 0; i < scenario->n_stores; i++)
        if (scenario->store[i].capacity > 0)
            find_fullest(&fullest, own.store[i], others.store[i], scenario->store[i].capacity);
    for (uint32_t i = 0; i < scenario->n_processes; i++) {
        const uint32_t places = scenario->process[i].connections * scenario->process[i].instances;
        if (places > 0) find_fullest(&fullest, own.pool[i], others.pool[i], places);
    }
    return fullest;
}
