/* SPDX-License-Identifier: GPL-3.0-or-later
 * Rules across sections: whether what was read right on its own makes sense together. Names have no / or ~, so pointers
 * are put together from them as they are. Whether a stage's steps make sense in their order: check_stage.c. */
#include "sim/scenario/check.h"

#include <string.h>

#define AT(reader, ...)               arena_printf((reader)->reading.arena, __VA_ARGS__)
#define FINDING(reader, pointer, ...) reading_finding(&(reader)->reading, (pointer), __VA_ARGS__)

enum { API_THREADS_MAX = 100000 }; /* of all instances */

/* ---- time ---- */

static void check_times(struct reader *reader)
{
    const struct scenario *s = reader->scenario;
    const sim_ns end_ns = s->ends == END_AT ? s->end_ns : s->at_most_ns;
    char at[48], end[48];
    for (uint32_t i = 0; i < s->n_checkpoints; i++) {
        if (s->checkpoint[i].at_ns <= end_ns) continue;
        FINDING(reader, AT(reader, "/checkpoints/%s", s->checkpoint[i].name),
                "%s is later than the end of the run, %s (/run/%s)", ns_format(s->checkpoint[i].at_ns, at, sizeof at),
                ns_format(end_ns, end, sizeof end), s->ends == END_AT ? "ends" : "at_most");
    }
}

/* After the last order a system empties; that is no steady state. */
static void check_warm_up(struct reader *reader)
{
    const struct scenario *s = reader->scenario;
    const sim_ns end_ns = scenario_end(s), orders_end_ns = scenario_orders_end(s);
    char at[48], end[48];
    if (s->warm_up_ns == 0 && !s->find_warm_up) return;
    if (s->ends != END_AT || end_ns > orders_end_ns)
        FINDING(reader, "/run/warm_up",
                "a steady state is measured while the load lasts; give /run/ends a time up to %s, %s%s",
                orders_end_ns < scenario_load_end(s) ? "the last order (/orders/at_most)" : "the load's end",
                ns_format(orders_end_ns, end, sizeof end), scenario_orders_end_varies(s) ? " on average" : "");
    else if (s->warm_up_ns >= end_ns)
        FINDING(reader, "/run/warm_up", "%s is not before the end of the run, %s (/run/ends)",
                ns_format(s->warm_up_ns, at, sizeof at), ns_format(end_ns, end, sizeof end));
}

/* ---- processes ---- */

static void check_processes(struct reader *reader)
{
    const struct scenario *s = reader->scenario;
    uint32_t api = NONE;
    for (uint32_t i = 0; i < s->n_processes; i++) {
        const uint64_t n_threads = (uint64_t)s->process[i].api_threads * s->process[i].instances;
        if (n_threads == 0) continue;
        if (n_threads > API_THREADS_MAX)
            FINDING(reader, AT(reader, "/processes/%s/api", s->process[i].name),
                    "%llu threads in %u instances; at most %d are simulated", (unsigned long long)n_threads,
                    s->process[i].instances, API_THREADS_MAX);
        if (api != NONE)
            FINDING(reader, AT(reader, "/processes/%s/api", s->process[i].name),
                    "process %s hosts the API already; one process does", s->process[api].name);
        else api = i;
    }
    if (api == NONE && s->n_loads > 0)
        FINDING(reader, "/processes", "no process hosts the API that the load is for; give one an \"api\"");
    for (uint32_t i = 0; i < s->n_groups; i++)
        if (s->group[i].process == NONE)
            FINDING(reader, AT(reader, "/groups/%s", s->group[i].name),
                    "runs in no process; name it in the \"groups\" of one");
}

uint32_t check_api_stage(const struct scenario *scenario)
{
    for (uint32_t i = 0; i < scenario->n_processes; i++)
        if (scenario->process[i].api_threads > 0) return scenario->process[i].api_stage;
    return NONE;
}

/* ---- the API's stage ---- */

static const struct step_spec *find_step(const struct stage_spec *stage, enum step_kind kind)
{
    for (uint32_t i = 0; i < stage->n_steps; i++)
        if (stage->step[i].kind == kind) return &stage->step[i];
    return NULL;
}

static uint32_t entry_topic(const struct scenario *scenario)
{
    const uint32_t stage = check_api_stage(scenario);
    const struct step_spec *publish = stage == NONE ? NULL : find_step(&scenario->stage[stage], STEP_PUBLISH);
    return publish ? publish->target : NONE;
}

static void check_api(struct reader *reader)
{
    const struct scenario *s = reader->scenario;
    const uint32_t index = check_api_stage(s);
    if (index == NONE) return;
    const struct stage_spec *stage = &s->stage[index];
    const char *steps = AT(reader, "/stages/%s/steps", stage->name);
    bool inserts = false;
    for (uint32_t i = 0; i < stage->n_steps; i++)
        inserts |= stage->step[i].kind == STEP_INSERT && s->table[stage->step[i].target].key == ROW_ORDER_ID;
    if (!inserts)
        FINDING(reader, steps,
                "the API's stage inserts no order; it needs an \"insert\" into a table with the key order_id");
    if (!find_step(stage, STEP_PUBLISH))
        FINDING(reader, steps, "the API's stage publishes nothing; nobody would learn of the order");
}

/* ---- who runs what ---- */

static void check_stages_used(struct reader *reader)
{
    const struct scenario *s = reader->scenario;
    for (uint32_t k = 0; k < s->n_stages; k++) {
        bool used = check_api_stage(s) == k;
        for (uint32_t g = 0; g < s->n_groups; g++)
            for (uint32_t r = 0; r < s->group[g].n_reads; r++) used |= s->group[g].read[r].stage == k;
        if (!used)
            FINDING(reader, AT(reader, "/stages/%s", s->stage[k].name), "nobody runs this stage: no group and no API");
    }
}

/* ---- what orders are about ---- */

static uint64_t greatest(const struct pick_spec *pick)
{
    uint64_t most = pick->high;
    for (uint32_t i = 0; i < pick->n_hot; i++)
        if (pick->hot[i] > most) most = pick->hot[i];
    return most;
}

/* Orders must say what a part goes by. */
static void check_content(struct reader *reader, bool by_item, bool by_user, const char *pointer)
{
    if (by_item && !reader->has_item) FINDING(reader, pointer, "goes by item, but orders have none; add /orders/item");
    if (by_user && !reader->has_user) FINDING(reader, pointer, "goes by user, but orders have none; add /orders/user");
}

static void check_rows(struct reader *reader, const struct table_spec *table)
{
    const struct orders_spec *orders = &reader->scenario->orders;
    if (table->key != ROW_ITEM && table->key != ROW_USER) return;
    const uint64_t most = greatest(table->key == ROW_ITEM ? &orders->item : &orders->user);
    const char *what = row_key_names[table->key];
    if (most > table->rows)
        FINDING(reader, AT(reader, "/tables/%s/rows", table->name),
                "%llu rows, but orders are for %ss up to %llu (/orders/%s)", (unsigned long long)table->rows, what,
                (unsigned long long)most, what);
}

static void check_keys(struct reader *reader)
{
    const struct scenario *s = reader->scenario;
    for (uint32_t i = 0; i < s->n_tables; i++) {
        const enum row_key key = s->table[i].key;
        const uint32_t before = reader->reading.findings->n_all;
        check_content(reader, key == ROW_ITEM, key == ROW_USER, AT(reader, "/tables/%s/key", s->table[i].name));
        if (reader->reading.findings->n_all == before) check_rows(reader, &s->table[i]);
    }
    for (uint32_t i = 0; i < s->n_locks; i++)
        check_content(reader, s->lock[i].key == ROW_ITEM, s->lock[i].key == ROW_USER,
                      AT(reader, "/locks/%s/key", s->lock[i].name));
    for (uint32_t i = 0; i < s->n_topics; i++)
        check_content(reader, s->topic[i].key == KEY_ITEM, s->topic[i].key == KEY_USER,
                      AT(reader, "/topics/%s/key", s->topic[i].name));
}

static void check_stores(struct reader *reader)
{
    const struct scenario *s = reader->scenario;
    for (uint32_t i = 0; i < s->n_stores; i++) {
        const struct dist_spec *flush = &s->store[i].flush;
        const bool none = flush->family == DIST_CONSTANT && flush->mean_s == 0;
        if (s->store[i].group_commit && none)
            FINDING(reader, AT(reader, "/stores/%s/group_commit", s->store[i].name),
                    "commits share flushes, but a flush takes no time; give \"flush\"");
        if (!s->store[i].group_commit && !none)
            FINDING(reader, AT(reader, "/stores/%s/flush", s->store[i].name),
                    "no commit waits for it; it is for \"group_commit\": true, otherwise a commit takes its own time");
    }
}

/* ---- backlog ---- */

static void check_backlog(struct reader *reader)
{
    const struct scenario *s = reader->scenario;
    const uint32_t entry = entry_topic(s);
    for (uint32_t g = 0; g < s->n_groups; g++) {
        for (uint32_t i = 0; i < s->group[g].n_backlog; i++) {
            const uint32_t topic = s->group[g].backlog[i].topic;
            if (topic == entry || (s->flow.given && topic == s->flow.then)) continue;
            if (i > 0 && s->group[g].backlog[i - 1].topic == topic) continue;
            FINDING(reader, AT(reader, "/groups/%s/backlog/%s", s->group[g].name, s->topic[topic].name),
                    "orders can wait at the start on the topic that the API's stage publishes (%s)%s%s",
                    entry == NONE ? "none here" : s->topic[entry].name,
                    s->flow.given ? " or on /flow/then/publish: " : "",
                    s->flow.given ? s->topic[s->flow.then].name : "");
        }
    }
}

static bool has_backlog(const struct scenario *scenario)
{
    for (uint32_t g = 0; g < scenario->n_groups; g++)
        if (scenario->group[g].n_backlog > 0) return true;
    return false;
}

/* ---- members ---- */

/* As Kafka's client has it. */
static bool beats_in_time(const struct group_spec *group) { return group->heartbeat_ns < group->session_timeout_ns; }

static void too_seldom(struct reader *reader, const char *where, const struct group_spec *group)
{
    char heartbeat[48], session[48];
    FINDING(reader, AT(reader, "%s/heartbeat_interval", where),
            "%s is not below session_timeout, %s; Kafka's client refuses that: its session would end between two "
            "heartbeats",
            ns_format(group->heartbeat_ns, heartbeat, sizeof heartbeat),
            ns_format(group->session_timeout_ns, session, sizeof session));
}

static void check_heartbeats(struct reader *reader)
{
    const struct scenario *s = reader->scenario;
    const struct group_spec *all = &reader->group_default;
    if (!beats_in_time(all)) too_seldom(reader, "/kafka", all);
    for (uint32_t i = 0; i < s->n_groups; i++) {
        const struct group_spec *group = &s->group[i];
        const bool inherits =
            group->heartbeat_ns == all->heartbeat_ns && group->session_timeout_ns == all->session_timeout_ns;
        if (!inherits && !beats_in_time(group)) too_seldom(reader, AT(reader, "/groups/%s", group->name), group);
    }
}

/* ---- flow ---- */

static bool stage_joins(const struct stage_spec *stage) { return find_step(stage, STEP_JOIN); }

static bool is_joined(const struct scenario *scenario, uint32_t topic)
{
    for (uint32_t g = 0; g < scenario->n_groups; g++)
        for (uint32_t r = 0; r < scenario->group[g].n_reads; r++)
            if (scenario->group[g].read[r].topic == topic &&
                stage_joins(&scenario->stage[scenario->group[g].read[r].stage]))
                return true;
    return false;
}

struct answers {
    uint32_t n, topic[2 * MAX_LEGS + 2];
    const char *pointer[2 * MAX_LEGS + 2];
};

static void add_answer(struct answers *answers, uint32_t topic, const char *pointer)
{
    if (topic == NONE) return;
    answers->topic[answers->n] = topic;
    answers->pointer[answers->n++] = pointer;
}

static struct answers answers_of(struct reader *reader)
{
    const struct flow_spec *flow = &reader->scenario->flow;
    struct answers answers = { 0 };
    for (uint32_t i = 0; i < flow->n_legs; i++) {
        add_answer(&answers, flow->leg[i].ok, AT(reader, "/flow/legs/%s/ok", flow->leg[i].name));
        add_answer(&answers, flow->leg[i].failed, AT(reader, "/flow/legs/%s/failed", flow->leg[i].name));
    }
    add_answer(&answers, flow->then_ok, "/flow/then/ok");
    add_answer(&answers, flow->then_failed, "/flow/then/failed");
    return answers;
}

static void check_joins(struct reader *reader, const struct answers *answers)
{
    const struct scenario *s = reader->scenario;
    for (uint32_t g = 0; g < s->n_groups; g++) {
        for (uint32_t r = 0; r < s->group[g].n_reads; r++) {
            const struct group_read *read = &s->group[g].read[r];
            bool known = !stage_joins(&s->stage[read->stage]);
            for (uint32_t i = 0; i < answers->n; i++) known |= answers->topic[i] == read->topic;
            if (!known)
                FINDING(reader, AT(reader, "/groups/%s/reads/%s", s->group[g].name, s->topic[read->topic].name),
                        "stage %s joins answers, and this topic is none that /flow names", s->stage[read->stage].name);
        }
    }
}

/* The process of the stage that joins; NONE. */
static uint32_t joining_process(const struct scenario *s)
{
    for (uint32_t g = 0; g < s->n_groups; g++)
        for (uint32_t r = 0; r < s->group[g].n_reads; r++)
            if (stage_joins(&s->stage[s->group[g].read[r].stage])) return s->group[g].process;
    return NONE;
}

/* Where the sweeper runs when nobody says so, and whether what is to go through an outbox finds one. */
static void check_saga_senders(struct reader *reader)
{
    struct scenario *s = reader->scenario;
    struct sweeper_spec *sweeper = &s->flow.sweeper;
    const uint32_t joining = joining_process(s);
    if (sweeper->process == NONE) sweeper->process = joining;
    if (!s->flow.outbox) return;
    if (joining != NONE && !s->process[joining].has_outbox)
        FINDING(reader, "/flow/sends", "the process %s, which joins, has no \"outbox\"", s->process[joining].name);
    else if (sweeper->given && sweeper->process != NONE && !s->process[sweeper->process].has_outbox)
        FINDING(reader, "/flow/sweeper", "its process, %s, has no \"outbox\"", s->process[sweeper->process].name);
}

static void check_flow(struct reader *reader)
{
    const struct scenario *s = reader->scenario;
    if (!s->flow.given) return;
    const struct answers answers = answers_of(reader);
    for (uint32_t i = 0; i < answers.n; i++) {
        const char *name = s->topic[answers.topic[i]].name;
        for (uint32_t k = 0; k < i; k++)
            if (answers.topic[k] == answers.topic[i])
                FINDING(reader, answers.pointer[i], "%s is the topic of %s already", name, answers.pointer[k]);
        if (!is_joined(s, answers.topic[i]))
            FINDING(reader, answers.pointer[i], "no group reads %s with a stage that joins", name);
    }
    check_joins(reader, &answers);
    check_saga_senders(reader);
}

/* ---- can an order end? ---- */

/* What an order, or a record of it, can come to. */
struct reach {
    bool topic[MAX_TOPICS], joined[MAX_TOPICS], changed, paid;
};

static void reach_topic(struct reach *reach, uint32_t topic)
{
    if (topic == NONE || reach->topic[topic]) return;
    reach->topic[topic] = true;
    reach->changed = true;
}

/* topic NONE: the API. */
static void reach_steps(struct reach *reach, const struct step_spec *step, uint32_t n, uint32_t topic)
{
    for (uint32_t i = 0; i < n; i++) {
        if (step[i].kind == STEP_PUBLISH) reach_topic(reach, step[i].target);
        if (step[i].kind == STEP_STATUS && step[i].status == ORDER_PAID) reach->paid = true;
        if (step[i].kind == STEP_JOIN && topic != NONE) reach->joined[topic] = true;
        reach_steps(reach, step[i].otherwise, step[i].n_otherwise, topic);
    }
}

static void reach_flow(struct reach *reach, const struct flow_spec *flow)
{
    bool all = flow->given;
    for (uint32_t i = 0; i < flow->n_legs; i++) {
        all &= reach->joined[flow->leg[i].ok];
        if (reach->joined[flow->leg[i].ok]) reach_topic(reach, flow->leg[i].undo);
    }
    if (!all) return;
    reach_topic(reach, flow->then);
    reach_topic(reach, flow->then_undo);
    if (flow->then_ok != NONE && reach->joined[flow->then_ok]) reach->paid = true;
}

static void reach_all(struct reach *reach, const struct scenario *s)
{
    const uint32_t api = check_api_stage(s);
    if (s->n_loads > 0) reach_steps(reach, s->stage[api].step, s->stage[api].n_steps, NONE);
    for (uint32_t g = 0; g < s->n_groups; g++)
        for (uint32_t i = 0; i < s->group[g].n_backlog; i++) {
            reach_topic(reach, s->group[g].backlog[i].topic);
            /* Orders that wait for payment have been through their legs. */
            if (!s->flow.given || s->group[g].backlog[i].topic != s->flow.then) continue;
            for (uint32_t k = 0; k < s->flow.n_legs; k++) reach->joined[s->flow.leg[k].ok] = true;
        }
    do {
        reach->changed = false;
        for (uint32_t g = 0; g < s->n_groups; g++)
            for (uint32_t r = 0; r < s->group[g].n_reads; r++) {
                const struct group_read *read = &s->group[g].read[r];
                const struct stage_spec *stage = &s->stage[read->stage];
                if (reach->topic[read->topic]) reach_steps(reach, stage->step, stage->n_steps, read->topic);
            }
        reach_flow(reach, &s->flow);
    } while (reach->changed);
}

static void check_end(struct reader *reader)
{
    const struct scenario *s = reader->scenario;
    const struct flow_spec *flow = &s->flow;
    if (s->n_loads == 0 && !has_backlog(s)) {
        FINDING(reader, "/load", "neither a load nor a backlog: there would never be an order");
        return;
    }
    struct reach *reach = arena_new(reader->reading.arena, struct reach);
    reach_all(reach, s);
    if (reach->paid) return;
    for (uint32_t i = 0; i < flow->n_legs; i++) {
        if (reach->joined[flow->leg[i].ok]) continue;
        FINDING(reader, AT(reader, "/flow/legs/%s/ok", flow->leg[i].name),
                "no order can end as PAID: no stage that an order comes to "
                "publishes %s",
                s->topic[flow->leg[i].ok].name);
        return;
    }
    if (flow->given && flow->then_ok != NONE)
        FINDING(reader, "/flow/then/ok", "no order can end as PAID: no stage that an order comes to publishes %s",
                s->topic[flow->then_ok].name);
    else
        FINDING(reader, flow->given ? "/flow/then" : "/stages",
                "no order can end as PAID: there is neither a topic \"ok\" of /flow/then nor a "
                "step {\"status\": \"PAID\"} that an order comes to");
}

void check_scenario(struct reader *reader)
{
    const struct findings *findings = reader->reading.findings;
    check_times(reader);
    check_warm_up(reader);
    check_processes(reader);
    check_api(reader);
    check_stages_used(reader);
    check_keys(reader);
    check_heartbeats(reader);
    check_stores(reader);
    check_stages(reader);
    check_flow(reader);
    check_backlog(reader);
    check_scalers(reader);
    check_faults(reader);
    if (findings->n_all == 0) check_end(reader); /* it would tell the others' findings once more */
}
