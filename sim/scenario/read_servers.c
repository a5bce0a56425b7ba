/* SPDX-License-Identifier: GPL-3.0-or-later
 * What stages work with and run on: stores, the tables and locks in them, processes. */
#include "sim/scenario/reader.h"

#include <string.h>

const char *const row_key_names[ROW_KEYS] = { "item", "user", "coupon", "order_id" };

static const char *const isolations[] = { "repeatable-read", "read-committed" };

static void read_stores(struct reader *reader, struct cursor *document)
{
    struct cursor stores = cursor_object(document, "stores", "{}");
    struct store_spec *out = arena_array(reader->reading.arena, struct store_spec, reader->stores.n);
    uint32_t n = 0;
    for (const cJSON *child = cursor_first(&stores); child; child = cursor_next(child)) {
        struct cursor one = cursor_child(&stores, child, n);
        out[n].name = reader->stores.name[n];
        cursor_is_object(&one);
        read_u32(&one, "capacity", &out[n].capacity, "0", 0, 1000000);
        read_enum(&one, "isolation", out[n].isolation, "repeatable-read", isolations);
        read_bool(&one, "group_commit", &out[n].group_commit, "false");
        read_dist(reader, &one, "flush", &out[n].flush, "0s");
        cursor_close(&one);
        n++;
    }
    cursor_close_names(&stores);
    reader->scenario->n_stores = n;
    reader->scenario->store = out;
}

static void read_tables(struct reader *reader, struct cursor *document)
{
    struct cursor tables = cursor_object(document, "tables", "{}");
    struct table_spec *out = arena_array(reader->reading.arena, struct table_spec, reader->tables.n);
    uint32_t n = 0;
    for (const cJSON *child = cursor_first(&tables); child; child = cursor_next(child)) {
        struct cursor one = cursor_child(&tables, child, n);
        uint64_t quantity = 1;
        out[n].name = reader->tables.name[n];
        out[n].store = NONE;
        cursor_is_object(&one);
        read_enum(&one, "key", out[n].key, REQUIRED, row_key_names);
        read_u64(&one, "rows", &out[n].rows, out[n].key == ROW_ORDER_ID ? "0" : REQUIRED, 0, MAX_ID);
        read_u64(&one, "quantity", &quantity, "1", 0, WHOLE_MAX);
        read_name(&one, "store", &out[n].store, OPTIONAL, &reader->stores);
        read_ns(&one, "lock_timeout", &out[n].lock_timeout_ns, "50s", 0, LONGEST_NS);
        cursor_close(&one);
        out[n].quantity = (int64_t)quantity;
        n++;
    }
    cursor_close_names(&tables);
    reader->scenario->n_tables = n;
    reader->scenario->table = out;
}

static const char *const lock_kinds[] = { "reentrant", "fair", "spin", "fenced" };
static const char *const renewals[] = { "client", "lock" };

static void read_lease(struct cursor *lock, struct lock_spec *out)
{
    out->watched = read_ns_or(lock, "lease", "watchdog", &out->lease_ns, REQUIRED, 1, LONGEST_NS);
    if (!out->watched) {
        refuse_option(lock, "watchdog", "a lock with a lease has no watchdog; its lease would be \"watchdog\"");
        refuse_option(lock, "renewal", "a lock with a lease has no watchdog; its lease would be \"watchdog\"");
        return;
    }
    read_ns(lock, "watchdog", &out->lease_ns, "30s", 3, LONGEST_NS);
    read_enum(lock, "renewal", out->renewal, "client", renewals);
}

static void read_locks(struct reader *reader, struct cursor *document)
{
    struct cursor locks = cursor_object(document, "locks", "{}");
    struct lock_spec *out = arena_array(reader->reading.arena, struct lock_spec, reader->locks.n);
    uint32_t n = 0;
    for (const cJSON *child = cursor_first(&locks); child; child = cursor_next(child)) {
        struct cursor one = cursor_child(&locks, child, n);
        out[n].name = reader->locks.name[n];
        out[n].store = NONE;
        cursor_is_object(&one);
        read_enum(&one, "key", out[n].key, REQUIRED, row_key_names);
        read_enum(&one, "kind", out[n].kind, "reentrant", lock_kinds);
        if (read_ns_or(&one, "wait", "forever", &out[n].wait_ns, REQUIRED, 0, LONGEST_NS)) out[n].wait_ns = SIM_NEVER;
        read_lease(&one, &out[n]);
        read_ns(&one, "command_timeout", &out[n].command_timeout_ns, "3s", 1, LONGEST_NS);
        read_u32(&one, "replicas", &out[n].replicas, "0", 0, 100);
        read_dist(reader, &one, "push", &out[n].push, "{\"mean\": \"0.3ms\", \"cv\": 0.3}");
        read_name(&one, "store", &out[n].store, OPTIONAL, &reader->stores);
        cursor_close(&one);
        n++;
    }
    cursor_close_names(&locks);
    reader->scenario->n_locks = n;
    reader->scenario->lock = out;
}

/* ---- processes ---- */

static void claim(struct reader *reader, const struct cursor *at, const struct names *processes, uint32_t group,
                  uint32_t process)
{
    uint32_t *owner = &reader->group[group].process;
    if (*owner == NONE) *owner = process;
    else if (*owner == process) cursor_finding(at, "%s stands here twice", reader->groups.name[group]);
    else
        cursor_finding(at, "%s runs in process %s already; a group has one process", reader->groups.name[group],
                       processes->name[*owner]);
}

/* "all", or names. */
static void read_hosted(struct reader *reader, struct cursor *process, const struct names *processes, uint32_t index)
{
    struct cursor groups = cursor_at(process, "groups", "[]");
    if (cJSON_IsString(groups.node) && strcmp(groups.node->valuestring, "all") == 0) {
        for (uint32_t i = 0; i < reader->groups.n; i++) claim(reader, &groups, processes, i, index);
        cursor_copy(&groups);
        return;
    }
    if (groups.node && !cJSON_IsArray(groups.node)) {
        cursor_finding(&groups, "\"all\" or an array of names of groups is needed");
        return;
    }
    cursor_is_array(&groups);
    uint32_t i = 0;
    for (const cJSON *child = cursor_first(&groups); child; child = cursor_next(child), i++) {
        struct cursor one = cursor_child(&groups, child, i);
        uint32_t group;
        if (cursor_name(&one, &reader->groups, &group)) claim(reader, &one, processes, group, index);
    }
}

static void read_api(struct reader *reader, struct cursor *process, struct process_spec *out)
{
    struct cursor api = cursor_object(process, "api", OPTIONAL);
    if (!api.node) return;
    read_u32(&api, "threads", &out->api_threads, "200", 1, 100000);
    read_name(&api, "stage", &out->api_stage, REQUIRED, &reader->stages);
    cursor_close(&api);
}

/* The relay of a transactional outbox. */
static void read_outbox(struct reader *reader, struct cursor *process, struct process_spec *out)
{
    struct cursor outbox = cursor_object(process, "outbox", OPTIONAL);
    if (!outbox.node) return;
    out->has_outbox = true;
    read_ns(&outbox, "poll", &out->outbox_poll_ns, "100ms", 1, LONGEST_NS);
    read_u32(&outbox, "batch", &out->outbox_batch, "100", 1, 1000000);
    read_dist(reader, &outbox, "time", &out->outbox_send, "1ms");
    cursor_close(&outbox);
}

static void read_processes(struct reader *reader, struct cursor *document)
{
    const struct names names = reader->processes;
    struct cursor processes = cursor_object(document, "processes", "{}");
    struct process_spec *out = arena_array(reader->reading.arena, struct process_spec, names.n);
    uint32_t n = 0;
    for (const cJSON *child = cursor_first(&processes); child; child = cursor_next(child)) {
        struct cursor one = cursor_child(&processes, child, n);
        out[n].name = names.name[n];
        out[n].api_stage = NONE;
        cursor_is_object(&one);
        read_u32(&one, "instances", &out[n].instances, "1", 1, 10000);
        read_u32(&one, "connections", &out[n].connections, "10", 0, 100000);
        read_ns(&one, "connection_timeout", &out[n].connection_timeout_ns, "30s", 0, LONGEST_NS);
        read_api(reader, &one, &out[n]);
        read_outbox(reader, &one, &out[n]);
        read_hosted(reader, &one, &names, n);
        cursor_close(&one);
        n++;
    }
    cursor_close_names(&processes);
    reader->scenario->n_processes = n;
    reader->scenario->process = reader->process = out;
}

void read_servers(struct reader *reader, struct cursor *document)
{
    read_stores(reader, document);
    read_tables(reader, document);
    read_locks(reader, document);
    read_processes(reader, document);
}
