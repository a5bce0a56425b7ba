/* SPDX-License-Identifier: GPL-3.0-or-later
 * See waits.h. How long a group's records wait at locks, at rows and so on is counted by group; at which lock or row,
 * by what is waited for, whoever waits. */
#include "sim/results/waits.h"

#include "sim/results/layout.h"

/* ---- what was counted ---- */

/* Of the deliveries that came to a good end, so much of what one takes. */
static double of_record_s(const struct group_facts *facts, __int128 part_ns)
{
    const __int128 ended_ns = facts->busy_ns - facts->failed_ns - facts->cut_ns;
    if (ended_ns <= 0 || part_ns <= 0 || facts->service.n == 0) return 0;
    return (double)part_ns / (double)ended_ns * tally_mean_s(&facts->service);
}

double waits_counted_s(const struct group_facts *facts, enum path_time wait)
{
    return of_record_s(facts, facts->waited_ns[wait - PATH_LOCK] - facts->same_order_ns[wait - PATH_LOCK]);
}

double waits_order_counted_s(const struct group_facts *facts)
{
    __int128 sum_ns = 0;
    for (uint32_t i = 0; i < PATH_WAITS; i++) sum_ns += facts->same_order_ns[i];
    return of_record_s(facts, sum_ns);
}

uint32_t waits_order_mostly_of(const struct group_facts *facts, uint32_t n_groups)
{
    uint32_t most = n_groups;
    if (!(waits_order_counted_s(facts) > 0)) return most;
    for (uint32_t i = 0; i < n_groups; i++)
        if (facts->same_order_of_ns[i] > facts->same_order_of_ns[most]) most = i;
    return most;
}

double waits_letter_counted_s(const struct group_facts *facts) { return of_record_s(facts, facts->dead_letter_ns); }

static double mean_of(const struct outcome *outcome, uint32_t value)
{
    double sum = 0;
    for (uint32_t r = 0; r < outcome->n; r++) sum += outcome->value[value][r];
    return sum / outcome->n;
}

double waits_s(const struct outcome *outcome, uint32_t group, enum path_time wait)
{
    return mean_of(outcome, layout_wait(outcome->layout, group, wait));
}

double waits_letter_s(const struct outcome *outcome, uint32_t group)
{
    return mean_of(outcome, layout_letter(outcome->layout, group));
}

double waits_order_s(const struct outcome *outcome, uint32_t group)
{
    return mean_of(outcome, layout_order_wait(outcome->layout, group));
}

/* Of the runs that it has waited for one group or another, the one that comes to most. */
uint32_t waits_order_of(const struct outcome *outcome, uint32_t group)
{
    const uint32_t n_groups = outcome->study->scenario.n_groups;
    const double *wait_s = outcome->value[layout_order_wait(outcome->layout, group)];
    const double *of = outcome->value[layout_order_wait_of(outcome->layout, group)];
    uint32_t most = n_groups;
    double most_s = 0;

    for (uint32_t g = 0; g <= n_groups; g++) {
        double sum_s = 0;
        for (uint32_t r = 0; r < outcome->n; r++) sum_s += of[r] == g ? wait_s[r] : 0;
        if (sum_s > most_s) most_s = sum_s, most = g;
    }
    return most;
}

/* ---- who uses what ---- */

static bool connects(const struct step_spec *step)
{
    switch (step->kind) {
    case STEP_CONNECTION: case STEP_BEGIN: case STEP_INSERT: case STEP_JOIN: case STEP_STATUS: return true;
    case STEP_READ: case STEP_WRITE: case STEP_FLUSH: case STEP_COMMIT: case STEP_ROLLBACK: case STEP_LOCK:
    case STEP_UNLOCK: case STEP_WORK: case STEP_PUBLISH: case STEP_REPLY: case STEP_ONCE: case STEP_KINDS: break;
    }
    return false;
}

static bool step_uses(const struct scenario *scenario, const struct step_spec *step, struct use use)
{
    switch (use.kind) {
    case SHARED_NOTHING: break;
    case SHARED_LOCK: return step->kind == STEP_LOCK && step->target == use.target;
    case SHARED_ROW: return (step->kind == STEP_WRITE || step->fenced) && step->target == use.target;
    case SHARED_POOL: return connects(step);
    case SHARED_STORE: return scenario_store_of(scenario, step) == use.target;
    }
    return false;
}

/* Steps of `otherwise` count: whoever is refused may wait there. */
static bool path_uses(const struct scenario *scenario, const struct step_spec *step, uint32_t n, struct use use)
{
    for (uint32_t i = 0; i < n; i++)
        if (step_uses(scenario, &step[i], use) ||
            path_uses(scenario, step[i].otherwise, step[i].n_otherwise, use)) return true;
    return false;
}

static bool stage_uses(const struct scenario *scenario, uint32_t stage, struct use use)
{
    return path_uses(scenario, scenario->stage[stage].step, scenario->stage[stage].n_steps, use);
}

bool waits_use(const struct scenario *scenario, uint32_t group, struct use use)
{
    const struct group_spec *spec = &scenario->group[group];

    if (use.kind == SHARED_POOL && spec->process != use.target) return false;
    for (uint32_t r = 0; r < spec->n_reads; r++)
        if (stage_uses(scenario, spec->read[r].stage, use)) return true;
    return false;
}

static bool others_use(const struct scenario *scenario, uint32_t group, struct use use)
{
    for (uint32_t g = 0; g < scenario->n_groups; g++)
        if (g != group && waits_use(scenario, g, use)) return true;
    for (uint32_t i = 0; i < scenario->n_processes; i++) {
        const struct process_spec *process = &scenario->process[i];
        if (process->api_threads == 0 || (use.kind == SHARED_POOL && i != use.target)) continue;
        if (stage_uses(scenario, process->api_stage, use)) return true;
    }
    return false;
}

/* ---- the cause ---- */

/* So much of the waits has to be at one kind of thing for that to be told. */
static const double mostly = 0.5;

static enum shared_kind kind_of(enum path_time wait)
{
    switch (wait) {
    case PATH_LOCK: return SHARED_LOCK;
    case PATH_ROW: return SHARED_ROW;
    case PATH_POOL: return SHARED_POOL;
    case PATH_STORE: return SHARED_STORE;
    case PATH_ADMISSION: case PATH_SERVICE: case PATH_RETRY: case PATH_REBALANCE: case PATH_OUTBOX: case PATH_PARTS:
        break;
    }
    return SHARED_NOTHING;
}

static enum shared_kind longest_of(const struct outcome *outcome, uint32_t group)
{
    double all_s = 0, most_s = 0;
    enum shared_kind longest = SHARED_NOTHING;

    for (uint32_t i = 0; i < PATH_WAITS; i++) {
        const double wait_s = waits_s(outcome, group, (enum path_time)(PATH_LOCK + i));
        all_s += wait_s;
        if (wait_s > most_s) {
            most_s = wait_s;
            longest = kind_of((enum path_time)(PATH_LOCK + i));
        }
    }
    return most_s >= mostly * all_s ? longest : SHARED_NOTHING;
}

struct search {
    const struct outcome *outcome;
    uint32_t group, n;       /* n: used, and waited for by somebody */
    double most_s;
    struct waits found;
};

static void weigh(struct search *search, struct use use, const char *name, double wait_s)
{
    const struct scenario *scenario = &search->outcome->study->scenario;
    if (!(wait_s > 0) || !waits_use(scenario, search->group, use)) return;
    search->n++;
    if (!(wait_s > search->most_s)) return;
    search->most_s = wait_s;
    search->found = (struct waits){ use.kind, name, others_use(scenario, search->group, use) };
}

static void weigh_locks(struct search *search)
{
    const struct scenario *scenario = &search->outcome->study->scenario;
    for (uint32_t i = 0; i < scenario->n_locks; i++) {
        const char *name = scenario->lock[i].name;
        weigh(search, (struct use){ SHARED_LOCK, i }, name,
              outcome_mean(search->outcome, "locks.%s.wait_s.mean", name));
    }
}

static void weigh_tables(struct search *search)
{
    const struct scenario *scenario = &search->outcome->study->scenario;
    for (uint32_t i = 0; i < scenario->n_tables; i++) {
        const char *name = scenario->table[i].name;
        weigh(search, (struct use){ SHARED_ROW, i }, name,
              outcome_mean(search->outcome, "tables.%s.wait_s.mean", name));
    }
}

/* Nobody counts at which of several stores. */
static void weigh_stores(struct search *search)
{
    const struct scenario *scenario = &search->outcome->study->scenario;
    for (uint32_t i = 0; i < scenario->n_stores; i++)
        if (scenario->store[i].capacity > 0 || scenario->store[i].group_commit)
            weigh(search, (struct use){ SHARED_STORE, i }, scenario->store[i].name, 1);
    if (search->n > 1) search->found.kind = SHARED_NOTHING;
}

struct waits waits_mostly_for(const struct outcome *outcome, uint32_t group)
{
    const struct scenario *scenario = &outcome->study->scenario;
    struct search search = { .outcome = outcome, .group = group };

    switch (longest_of(outcome, group)) {
    case SHARED_NOTHING: break;
    case SHARED_LOCK: weigh_locks(&search); break;
    case SHARED_ROW: weigh_tables(&search); break;
    case SHARED_POOL:
        return (struct waits){ SHARED_POOL, scenario->process[scenario->group[group].process].name, false };
    case SHARED_STORE: weigh_stores(&search); break;
    }
    search.found.of_all &= search.n > 1;
    return search.found;
}
