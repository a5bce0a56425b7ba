/* SPDX-License-Identifier: GPL-3.0-or-later
 * Topics and consumer groups. /kafka holds what is the same for all of them; a topic or group says only what differs,
 * and stays so in the resolved scenario: a later --set on /kafka still reaches all that said nothing. */
#include "sim/scenario/reader.h"

#include <string.h>

static const char *const keys[] = { "order_id", "user", "item", "null", "id_modulo" };
static const char *const assignors[] = { "range", "round-robin", "cooperative-sticky" };
static const char *const fetch_orders[] = { "java", "java-3.6", "arrival" };
static const char *const commit_modes[] = { "batch", "record", "manual", "time", "count" };
static const char *const resets[] = { "latest", "earliest" };

#define BYTES_MAX   1000000000
#define BACKLOG_MAX 1000000000 /* records of a partition */

static void read_topic_keys(struct reader *reader, struct cursor *object, struct topic_spec *out)
{
    read_u32(object, "partitions", &out->partitions, "3", 1, MAX_PARTITIONS);
    read_enum(object, "key", out->key, "order_id", keys);
    read_u32(object, "record_bytes", &out->record_bytes, "300", 1, BYTES_MAX);
    read_ns(object, "linger", &out->linger_ns, "0s", 0, LONGEST_NS);
    read_u32(object, "batch_bytes", &out->batch_bytes, "16384", 1, BYTES_MAX);
    read_dist(reader, object, "append", &out->append, "0s");
}

static void read_client_keys(struct reader *reader, struct cursor *object, struct group_spec *out)
{
    read_dist(reader, object, "fetch", &out->fetch, "0s");
    read_dist(reader, object, "commit", &out->commit, "0s");
    read_dist(reader, object, "poll", &out->poll, "0s");
    read_u32(object, "max_poll_records", &out->max_poll_records, "500", 1, 100000000);
    read_u32(object, "max_partition_fetch_bytes", &out->max_partition_fetch_bytes, "1048576", 1, BYTES_MAX);
    read_ns(object, "fetch_max_wait", &out->fetch_max_wait_ns, "500ms", 1, LONGEST_NS);
    read_enum(object, "assignor", out->assignor, "range", assignors);
    read_enum(object, "fetch_order", out->fetch_order, "java", fetch_orders);
    read_enum(object, "commit_mode", out->commit_mode, "batch", commit_modes);
    read_u32(object, "commit_count", &out->commit_count, "1", 1, 100000000);
    read_ns(object, "commit_time", &out->commit_time_ns, "5s", 1, LONGEST_NS);
    read_ns(object, "rebalance_delay", &out->rebalance_delay_ns, "3s", 0, LONGEST_NS);
    read_ns(object, "session_timeout", &out->session_timeout_ns, "45s", SIM_MS, LONGEST_NS);
    read_ns(object, "heartbeat_interval", &out->heartbeat_ns, "3s", SIM_MS, LONGEST_NS);
    read_ns(object, "max_poll_interval", &out->max_poll_interval_ns, "5m", SIM_MS, LONGEST_NS);
    read_ns(object, "rebalance_timeout", &out->rebalance_timeout_ns, OPTIONAL, SIM_MS, LONGEST_NS);
    read_bool(object, "static_members", &out->static_members, "false");
    read_u32(object, "deliveries", &out->deliveries, "10", 1, 1000000);
    read_ns(object, "backoff", &out->backoff_ns, "0s", 0, LONGEST_NS);
    read_number(object, "backoff_multiplier", &out->backoff_multiplier, "1", 1, 1000);
    read_ns(object, "backoff_max", &out->backoff_max_ns, "30s", 0, LONGEST_NS);
    read_bool(object, "reset_on_other_exception", &out->reset_on_other, "true");
}

static void read_topics(struct reader *reader, struct cursor *document)
{
    struct cursor topics = cursor_object(document, "topics", "{}");
    struct topic_spec *out = arena_array(reader->reading.arena, struct topic_spec, reader->topics.n);
    uint32_t n = 0;
    for (const cJSON *child = cursor_first(&topics); child; child = cursor_next(child)) {
        struct cursor one = cursor_child(&topics, child, n);
        out[n] = reader->topic_default;
        out[n].name = reader->topics.name[n];
        one.inherits = true;
        if (cursor_is_object(&one)) read_topic_keys(reader, &one, &out[n]);
        cursor_close(&one);
        n++;
    }
    cursor_close_names(&topics);
    reader->scenario->n_topics = n;
    reader->scenario->topic = out;
}

/* ---- groups ---- */

/* A name that is a key: its index; NONE with a finding. */
static uint32_t name_of_key(struct cursor *at, struct names *names)
{
    uint32_t index = names_find(names, at->key);
    if (index < names->n) return index;
    /* The same words as for a name that is a value. */
    cJSON *word = cJSON_CreateString(at->key);
    struct cursor key = *at;
    key.node = word;
    key.by_key = true;
    key.unwritten = true;
    cursor_name(&key, names, &index);
    cJSON_Delete(word);
    return NONE;
}

static void read_reads(struct reader *reader, struct cursor *group, struct group_spec *out)
{
    struct cursor reads = cursor_object(group, "reads", REQUIRED);
    uint32_t n = cursor_size(&reads), i = 0;
    struct group_read *read = arena_array(reader->reading.arena, struct group_read, n);
    if (reads.node && (n == 0 || n > MAX_TOPICS_OF_GROUP))
        cursor_finding(&reads, "%u topics; a group reads 1 to %d", n, MAX_TOPICS_OF_GROUP);
    for (const cJSON *child = cursor_first(&reads); child; child = cursor_next(child), i++) {
        struct cursor one = cursor_child(&reads, child, 0);
        read[i].topic = name_of_key(&one, &reader->topics);
        cursor_name(&one, &reader->stages, &read[i].stage);
    }
    cursor_close_names(&reads);
    out->n_reads = n;
    out->read = read;
}

static bool reads_topic(const struct group_spec *group, uint32_t topic)
{
    for (uint32_t i = 0; i < group->n_reads; i++)
        if (group->read[i].topic == topic) return true;
    return false;
}

/* The partitions of one topic, those without records left out. */
static uint32_t read_backlog_of(struct reader *reader, struct cursor *at, uint32_t topic, struct backlog_spec *out)
{
    const uint32_t n_partitions = topic < reader->scenario->n_topics ? reader->scenario->topic[topic].partitions : 0;
    uint32_t n = 0, partition = 0;
    if (!cursor_is_array(at) || n_partitions == 0) return 0;
    if (cursor_size(at) != n_partitions) {
        cursor_finding(at, "%u values for the %u partitions of %s; one for each is needed", cursor_size(at),
                       n_partitions, reader->topics.name[topic]);
        return 0;
    }
    for (const cJSON *child = cursor_first(at); child; child = cursor_next(child), partition++) {
        struct cursor one = cursor_child(at, child, partition);
        uint64_t records = 0;
        cursor_whole(&one, &records, 0, BACKLOG_MAX);
        if (records > 0) out[n++] = (struct backlog_spec){ topic, partition, records };
    }
    return n;
}

static void read_backlog(struct reader *reader, struct cursor *group, struct group_spec *out)
{
    struct cursor backlog = cursor_object(group, "backlog", OPTIONAL);
    struct backlog_spec *spec =
        arena_array(reader->reading.arena, struct backlog_spec, (size_t)cursor_size(&backlog) * MAX_PARTITIONS);
    for (const cJSON *child = cursor_first(&backlog); child; child = cursor_next(child)) {
        struct cursor one = cursor_child(&backlog, child, 0);
        uint32_t topic = name_of_key(&one, &reader->topics);
        if (topic == NONE) continue;
        one.by_key = !reads_topic(out, topic);
        if (one.by_key) cursor_finding(&one, "the group does not read this topic");
        out->n_backlog += read_backlog_of(reader, &one, topic, spec + out->n_backlog);
    }
    cursor_close_names(&backlog);
    out->backlog = spec;
}

/* Exceptions are known by the step that throws them. */
static void read_not_retried(struct cursor *group, struct group_spec *out)
{
    struct cursor steps = cursor_array(group, "not_retried", OPTIONAL);
    uint32_t i = 0, kind;
    for (const cJSON *child = cursor_first(&steps); child; child = cursor_next(child), i++) {
        struct cursor one = cursor_child(&steps, child, i);
        if (cursor_enum(&one, step_kind_names(), STEP_KINDS, &kind)) out->not_retried |= (uint64_t)1 << kind;
    }
}

static void read_group(struct reader *reader, struct cursor *group, struct group_spec *out)
{
    read_u32(group, "consumers", &out->consumers, REQUIRED, 1, MAX_CONSUMERS);
    read_reads(reader, group, out);
    read_ns(group, "start", &out->start_ns, "0s", 0, LONGEST_NS);
    read_bool(group, "cold", &out->cold, "false");
    read_enum(group, "reset", out->reset, "latest", resets);
    read_backlog(reader, group, out);
    read_name(group, "dead_letter", &out->dead_letter, OPTIONAL, &reader->topics);
    read_ns(group, "due_after", &out->due_after_ns, OPTIONAL, 0, LONGEST_NS);
    read_not_retried(group, out);
    group->inherits = true;
    read_client_keys(reader, group, out);
    cursor_close(group);
}

static void read_groups(struct reader *reader, struct cursor *document)
{
    struct cursor groups = cursor_object(document, "groups", "{}");
    uint32_t n = 0;
    for (const cJSON *child = cursor_first(&groups); child; child = cursor_next(child)) {
        struct cursor one = cursor_child(&groups, child, n);
        reader->group[n] = reader->group_default;
        reader->group[n].name = reader->groups.name[n];
        reader->group[n].process = reader->group[n].dead_letter = NONE;
        if (cursor_is_object(&one)) read_group(reader, &one, &reader->group[n]);
        n++;
    }
    cursor_close_names(&groups);
    reader->scenario->n_groups = n;
    reader->scenario->group = reader->group;
}

void read_kafka(struct reader *reader, struct cursor *document)
{
    struct cursor kafka = cursor_object(document, "kafka", "{}");
    read_topic_keys(reader, &kafka, &reader->topic_default);
    read_client_keys(reader, &kafka, &reader->group_default);
    cursor_close(&kafka);
    read_topics(reader, document);
    read_groups(reader, document);
}
