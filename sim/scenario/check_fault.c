/* SPDX-License-Identifier: GPL-3.0-or-later
 * Whether faults make sense where they are said to happen. */
#include "sim/scenario/check.h"

#define AT(reader, ...)               arena_printf((reader)->reading.arena, __VA_ARGS__)
#define FINDING(reader, pointer, ...) reading_finding(&(reader)->reading, (pointer), __VA_ARGS__)

bool hosts_stage(const struct scenario *s, uint32_t process, uint32_t stage)
{
    if (s->process[process].api_threads > 0 && s->process[process].api_stage == stage) return true;
    for (uint32_t g = 0; g < s->n_groups; g++)
        for (uint32_t r = 0; s->group[g].process == process && r < s->group[g].n_reads; r++)
            if (s->group[g].read[r].stage == stage) return true;
    return false;
}

static bool has_locks(const struct scenario *s, uint32_t store)
{
    for (uint32_t i = 0; i < s->n_locks; i++)
        if (s->lock[i].store == store) return true;
    return false;
}

static bool has_tables(const struct scenario *s, uint32_t store)
{
    for (uint32_t i = 0; i < s->n_tables; i++)
        if (s->table[i].store == store) return true;
    return false;
}

static void check_time(struct reader *reader, const struct fault_spec *fault)
{
    const sim_ns end_ns = scenario_end(reader->scenario);
    char at[48], end[48];
    if (fault->when == WHEN_AT && fault->at_ns > end_ns)
        FINDING(reader, AT(reader, "/faults/%s/at", fault->name), "%s is later than the end of the run, %s",
                ns_format(fault->at_ns, at, sizeof at), ns_format(end_ns, end, sizeof end));
}

static void check_step(struct reader *reader, const struct fault_spec *fault)
{
    const struct scenario *s = reader->scenario;
    if (fault->when != WHEN_STEP || fault->on != ON_PROCESS) return;
    if (hosts_stage(s, fault->target, fault->stage)) return;
    FINDING(reader, AT(reader, "/faults/%s/when/stage", fault->name), "process %s does not run the stage %s",
            s->process[fault->target].name, s->stage[fault->stage].name);
}

static void check_server(struct reader *reader, const struct fault_spec *fault)
{
    const struct scenario *s = reader->scenario;
    const bool needs_locks = fault->kind == FAULT_FAILOVER || fault->loses_keys || fault->answers_only;
    const char *pointer = AT(reader, "/faults/%s", fault->name);
    if (fault->on != ON_STORE) return;
    if (needs_locks && !has_locks(s, fault->target))
        FINDING(reader, pointer, "no lock is in the store %s (locks.NAME.store), so it has no keys to lose",
                s->store[fault->target].name);
    else if (!has_locks(s, fault->target) && !has_tables(s, fault->target))
        FINDING(reader, pointer, "neither a table nor a lock is in the store %s; nobody would notice",
                s->store[fault->target].name);
}

static void check_duplicate(struct reader *reader, const struct fault_spec *fault)
{
    if (fault->kind != FAULT_DUPLICATE) return;
    const struct topic_spec *topic = &reader->scenario->topic[fault->target];
    if (topic->linger_ns > 0 || topic->key == KEY_NULL)
        FINDING(reader, AT(reader, "/faults/%s/duplicate", fault->name),
                "records of %s wait for others (%s); only those sent one by one can be sent twice here", topic->name,
                topic->linger_ns > 0 ? "linger" : "no key");
}

/* Who decides how many consumers there are. */
static void check_scaled(struct reader *reader, const struct fault_spec *fault)
{
    const struct scenario *s = reader->scenario;
    if (fault->kind != FAULT_SCALE && fault->kind != FAULT_RESTART) return;
    for (uint32_t i = 0; i < s->n_scalers; i++) {
        const uint32_t group = s->scaler[i].group;
        if (fault->target != (fault->kind == FAULT_SCALE ? group : s->group[group].process)) continue;
        FINDING(reader, AT(reader, "/faults/%s/%s", fault->name, fault_word(fault->kind)),
                "the scaler %s starts and stops the consumers of %s; %s", s->scaler[i].name, s->group[group].name,
                fault->kind == FAULT_SCALE ? "it would undo this" : "a deployment of scaled pods is not modelled");
    }
}

void check_faults(struct reader *reader)
{
    for (uint32_t i = 0; i < reader->scenario->n_faults; i++) {
        const struct fault_spec *fault = &reader->scenario->fault[i];
        check_time(reader, fault);
        check_step(reader, fault);
        check_server(reader, fault);
        check_duplicate(reader, fault);
        check_scaled(reader, fault);
    }
}
