/* SPDX-License-Identifier: GPL-3.0-or-later
 * The usual pipeline is a text beside this file, put into the program by the assembler as it is. */
#include "sim/foreign/init_pipeline.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "sim/engine/error.h"

/* clang-format off */
__asm__(".pushsection .rodata\n"
        "sim_usual_pipeline: .incbin \"sim/foreign/usual_pipeline.json\"\n .byte 0\n"
        ".global sim_usual_pipeline\n"
        ".popsection\n");
/* clang-format on */

extern const char sim_usual_pipeline[];

/* The flow manager reads an answer of each leg and payment's. */
static const struct role roles[] = {
    { "stock-service-group", "reserve-stock", { "stock", "inventor" }, 1 },
    { "coupon-service-group", "use-coupon", { "coupon", "voucher" }, 1 },
    { "order-flow-manager-group", "decide", { "flow", "saga", "orchestr" }, 3 },
    { "payment-service-group", "pay", { "payment", "pay" }, 1 },
    { "post-process-group", "post-process", { "post" }, 1 },
    { "external-data-service-group", "send", { "external", "send", "data" }, 1 },
};

enum { ROLES = sizeof roles / sizeof roles[0] };

/* What a part reads that is its own; NULL: nothing is. */
static const char *const own_topic[ROLES] = {
    "order-created", NULL, NULL, "process-payment", NULL, "send-order-data"
};

uint32_t pipeline_roles(void) { return ROLES; }
const struct role *pipeline_role(uint32_t i) { return &roles[i]; }

static bool has_word(const char *name, const struct role *role)
{
    char lower[128];
    snprintf(lower, sizeof lower, "%s", name);
    for (char *c = lower; *c != '\0'; c++) *c = (char)tolower((unsigned char)*c);
    for (uint32_t w = 0; w < 4 && role->words[w]; w++)
        if (strstr(lower, role->words[w])) return true;
    return false;
}

/* False when a group plays no part, or two play the same. */
static bool assign_roles(struct pipeline *out)
{
    bool taken[ROLES] = { false };
    for (uint32_t i = 0; i < out->seen->n_groups; i++) {
        uint32_t r = 0;
        while (r < ROLES && !has_word(out->seen->group[i].name, &roles[r])) r++;
        if (r == ROLES || taken[r]) return false;
        taken[r] = true;
        out->role[i] = r;
    }
    return true;
}

/* The key `from` of an object becomes `to`, in its place. */
static void rename_key(cJSON *object, const char *from, const char *to)
{
    cJSON *child = cJSON_GetObjectItemCaseSensitive(object, from);
    if (!child || strcmp(from, to) == 0 || cJSON_GetObjectItemCaseSensitive(object, to)) return;
    cJSON *copy = cJSON_CreateObject();
    cJSON_AddItemToObject(copy, to, cJSON_Duplicate(child, true));
    cJSON_ReplaceItemViaPointer(object, child, cJSON_DetachItemFromObjectCaseSensitive(copy, to));
    cJSON_Delete(copy);
}

/* A topic is named where it is made, read and published. */
static void rename_topic(cJSON *node, const char *from, const char *to)
{
    for (cJSON *child = node->child; child; child = child->next) {
        rename_topic(child, from, to);
        if (!cJSON_IsString(child) || !child->string || strcmp(child->valuestring, from) != 0) continue;
        const char *key = child->string;
        if (strcmp(key, "publish") == 0 || strcmp(key, "ok") == 0 || strcmp(key, "failed") == 0 ||
            strcmp(key, "undo") == 0)
            cJSON_SetValuestring(child, to);
    }
    if (cJSON_IsObject(node)) rename_key(node, from, to);
}

static void tag(cJSON *object, const char *key, const char *basis)
{
    cJSON *tags = cJSON_GetObjectItemCaseSensitive(object, "basis");
    if (!tags) tags = cJSON_AddObjectToObject(object, "basis");
    cJSON_AddStringToObject(tags, key, basis);
}

static void set_consumers(cJSON *group, uint32_t consumers)
{
    if (consumers > 0) cJSON_ReplaceItemInObjectCaseSensitive(group, "consumers", cJSON_CreateNumber(consumers));
    tag(group, "consumers", consumers > 0 ? "measured" : "assumed");
}

static const char *made_topic(const struct seen_group *group, struct arena *arena)
{
    return arena_printf(arena, "%s-topic", group->name);
}

/* The topic of a group that names none. */
static const char *topic_without_name(const struct pipeline *pipeline, uint32_t group)
{
    if (pipeline->usual) return own_topic[pipeline->role[group]];
    return made_topic(&pipeline->seen->group[group], pipeline->arena);
}

static uint32_t partitions_of(const struct pipeline *pipeline, const char *topic)
{
    uint32_t most = seen_partitions(pipeline->seen, topic);
    for (uint32_t i = 0; i < pipeline->seen->n_groups; i++) {
        const struct seen_group *group = &pipeline->seen->group[i];
        const char *its = group->n_topics == 0 ? topic_without_name(pipeline, i) : NULL;
        if (its && strcmp(its, topic) == 0 && group->partitions > most) most = group->partitions;
    }
    return most;
}

/* What is known of partitions: the count that most topics have (of two, the greater), and whether all have it. */
struct partition_count {
    uint32_t usual, topics; /* 0: nothing is known */
    bool alike;
};

static void count_topic(struct partition_count *out, uint32_t *topics_of, uint32_t partitions)
{
    if (partitions == 0) return;
    topics_of[partitions]++;
    out->alike = out->alike && (out->topics == 0 || partitions == out->usual);
    out->topics++;
    const uint32_t now = topics_of[partitions], before = topics_of[out->usual];
    if (out->usual == 0 || now > before || (now == before && partitions > out->usual)) out->usual = partitions;
}

/* Topics of the scenario that somebody saw, and groups that say how many partitions of no topic that is here. */
static struct partition_count count_partitions(const struct pipeline *pipeline, const cJSON *topics)
{
    const struct seen *seen = pipeline->seen;
    uint32_t topics_of[1025] = { 0 };
    struct partition_count out = { .alike = true };
    const cJSON *topic;
    cJSON_ArrayForEach(topic, topics) count_topic(&out, topics_of, partitions_of(pipeline, topic->string));
    for (uint32_t i = 0; i < seen->n_groups; i++) {
        bool here = seen->group[i].n_topics == 0 && topic_without_name(pipeline, i);
        for (uint32_t t = 0; t < seen->group[i].n_topics; t++)
            here = here || cJSON_GetObjectItemCaseSensitive(topics, seen->group[i].topic[t]);
        if (!here) count_topic(&out, topics_of, seen->group[i].partitions);
    }
    return out;
}

/* One count for all topics where all that were seen are alike; else each has its own, and the others the usual one. */
static void set_partitions(struct pipeline *pipeline, cJSON *scenario, struct source *remarks)
{
    cJSON *kafka = cJSON_GetObjectItemCaseSensitive(scenario, "kafka"), *child, *tags = cJSON_CreateObject();
    cJSON *topics = cJSON_GetObjectItemCaseSensitive(scenario, "topics");
    const struct partition_count count = count_partitions(pipeline, topics);
    if (count.topics > 0)
        cJSON_ReplaceItemInObjectCaseSensitive(kafka, "partitions", cJSON_CreateNumber(count.usual));
    else source_remark(remarks, "assumed: 3 partitions a topic");
    cJSON_ArrayForEach(child, kafka) if (strcmp(child->string, "basis") != 0) cJSON_AddStringToObject(
        tags, child->string,
        count.topics > 0 && count.alike && strcmp(child->string, "partitions") == 0 ? "measured" : "assumed");
    cJSON_ReplaceItemInObjectCaseSensitive(kafka, "basis", tags);
    if (count.alike) return;
    cJSON_ArrayForEach(child, topics)
    {
        const uint32_t partitions = partitions_of(pipeline, child->string);
        if (partitions == 0) continue;
        cJSON_AddNumberToObject(child, "partitions", partitions);
        tag(child, "partitions", "measured");
    }
    source_remark(remarks,
                  "the topics that were seen differ in their partitions: each has its own; assumed: %u of each other",
                  count.usual);
}

/* Where a part reads one topic of its own, the topic is called as it was seen. */
static void rename_seen_topic(cJSON *scenario, const struct seen_group *group, const struct role *role)
{
    const char *from = own_topic[role - roles];
    if (!from || group->n_topics != 1 || strcmp(group->topic[0], from) == 0) return;
    if (cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(scenario, "topics"), group->topic[0])) return;
    rename_topic(scenario, from, group->topic[0]);
}

static void rename_parts(struct pipeline *pipeline, cJSON *scenario, struct source *remarks)
{
    cJSON *groups = cJSON_GetObjectItemCaseSensitive(scenario, "groups");
    bool seen_part[ROLES] = { false };
    for (uint32_t i = 0; i < pipeline->seen->n_groups; i++) {
        const struct seen_group *group = &pipeline->seen->group[i];
        const struct role *role = &roles[pipeline->role[i]];
        seen_part[pipeline->role[i]] = true;
        set_consumers(cJSON_GetObjectItemCaseSensitive(groups, role->group), group->consumers);
        rename_key(groups, role->group, group->name);
        rename_seen_topic(scenario, group, role);
    }
    const char *assumed = "";
    for (uint32_t r = 0; r < ROLES; r++) {
        if (seen_part[r]) continue;
        set_consumers(cJSON_GetObjectItemCaseSensitive(groups, roles[r].group), 0);
        assumed = arena_printf(remarks->arena, "%s%s%s", assumed, *assumed ? ", " : "", roles[r].group);
    }
    if (*assumed) source_remark(remarks, "assumed: these groups of the usual pipeline, one consumer each: %s", assumed);
}

/* ---- groups that play no known part ---- */

static const char *own_stage(const struct seen_group *group, struct arena *arena)
{
    return arena_printf(arena, "%s-work", group->name);
}

static cJSON *time_of(const char *mean)
{
    cJSON *time = cJSON_CreateObject();
    cJSON_AddStringToObject(time, "mean", mean);
    cJSON_AddNumberToObject(time, "cv", 0.3);
    cJSON_AddStringToObject(time, "basis", "assumed");
    return time;
}

static void add_step(cJSON *steps, const char *kind, const char *what)
{
    cJSON *step = cJSON_CreateObject();
    cJSON_AddStringToObject(step, kind, what);
    cJSON_AddItemToArray(steps, step);
}

static void add_own_group(cJSON *scenario, const struct seen_group *group, bool marks_paid, struct arena *arena)
{
    cJSON *one = cJSON_AddObjectToObject(cJSON_GetObjectItemCaseSensitive(scenario, "groups"), group->name);
    cJSON *topics = cJSON_GetObjectItemCaseSensitive(scenario, "topics");
    cJSON *stages = cJSON_GetObjectItemCaseSensitive(scenario, "stages");
    cJSON *accept = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(stages, "accept"), "steps");
    const char *stage = own_stage(group, arena);
    cJSON_AddNumberToObject(one, "consumers", 1);
    set_consumers(one, group->consumers);
    cJSON *reads = cJSON_AddObjectToObject(one, "reads");
    const uint32_t n = group->n_topics > 0 ? group->n_topics : 1;
    for (uint32_t t = 0; t < n; t++) {
        const char *topic = group->n_topics > 0 ? group->topic[t] : made_topic(group, arena);
        cJSON_AddStringToObject(reads, topic, stage);
        if (cJSON_GetObjectItemCaseSensitive(topics, topic)) continue;
        cJSON_AddStringToObject(cJSON_AddObjectToObject(topics, topic), "key", "order_id");
        add_step(accept, "publish", topic);
    }
    cJSON *work = cJSON_AddObjectToObject(stages, stage);
    cJSON_AddItemToObject(work, "time", time_of("5ms"));
    cJSON *steps = cJSON_AddArrayToObject(work, "steps"), *step = cJSON_CreateObject();
    cJSON_AddStringToObject(step, "work", "record");
    cJSON_AddNumberToObject(step, "share", 1);
    cJSON_AddItemToArray(steps, step);
    if (marks_paid) add_step(steps, "status", "PAID");
}

static void add_own_pipeline(struct pipeline *out, cJSON *scenario, struct source *remarks)
{
    static const char *const dropped[] = { "groups", "topics", "stages", "tables", "locks", "flow" };
    const uint32_t behind = seen_behind(out->seen), last = behind < out->seen->n_groups ? behind : 0;
    for (uint32_t i = 0; i < sizeof dropped / sizeof dropped[0]; i++)
        cJSON_DeleteItemFromObjectCaseSensitive(scenario, dropped[i]);
    cJSON_AddObjectToObject(scenario, "topics");
    cJSON *orders = cJSON_AddObjectToObject(cJSON_AddObjectToObject(scenario, "tables"), "orders");
    cJSON_AddStringToObject(orders, "key", "order_id");
    cJSON_AddObjectToObject(scenario, "groups");
    cJSON *accept = cJSON_AddObjectToObject(cJSON_AddObjectToObject(scenario, "stages"), "accept");
    cJSON_AddItemToObject(accept, "time", time_of("5ms"));
    cJSON *steps = cJSON_AddArrayToObject(accept, "steps"), *insert = cJSON_CreateObject(),
          *reply = cJSON_CreateObject();
    cJSON_AddStringToObject(insert, "insert", "orders");
    cJSON_AddNumberToObject(insert, "share", 1);
    cJSON_AddItemToArray(steps, insert);
    for (uint32_t i = 0; i < out->seen->n_groups; i++)
        add_own_group(scenario, &out->seen->group[i], i == last, remarks->arena);
    cJSON_AddNumberToObject(reply, "reply", 202);
    cJSON_AddItemToArray(steps, reply);
    source_remark(remarks,
                  "assumed: every order is published once to each topic that was seen, each group works on it "
                  "in one step, and it is PAID when %s has done so; these groups are not those of the usual "
                  "pipeline",
                  out->seen->group[last].name);
}

void pipeline_add(struct pipeline *out, cJSON *scenario, const struct seen *seen, struct source *remarks)
{
    *out = (struct pipeline){ .seen = seen, .arena = remarks->arena };
    cJSON *usual = cJSON_Parse(sim_usual_pipeline);
    SIM_ASSERT(usual);
    while (usual->child) {
        cJSON *child = cJSON_DetachItemViaPointer(usual, usual->child);
        char *key = arena_strdup(remarks->arena, child->string);
        cJSON_AddItemToObject(scenario, key, child);
    }
    cJSON_Delete(usual);
    out->usual = assign_roles(out);
    if (out->usual) rename_parts(out, scenario, remarks);
    else add_own_pipeline(out, scenario, remarks);
    set_partitions(out, scenario, remarks);
}

static const struct seen_group *find(const struct pipeline *pipeline, const char *group, uint32_t *index)
{
    for (*index = 0; group && *index < pipeline->seen->n_groups; ++*index)
        if (strcmp(pipeline->seen->group[*index].name, group) == 0) return &pipeline->seen->group[*index];
    return NULL;
}

const char *pipeline_stage_of(const struct pipeline *pipeline, const char *group)
{
    uint32_t i;
    const struct seen_group *one = find(pipeline, group, &i);
    if (pipeline->usual) return one ? roles[pipeline->role[i]].stage : group ? NULL : roles[0].stage;
    return one ? own_stage(one, pipeline->arena) : NULL;
}

const char *pipeline_stage_for(const struct pipeline *pipeline, const char *word)
{
    const char *stage = pipeline_stage_of(pipeline, word);
    for (uint32_t r = 0; r < ROLES && pipeline->usual && !stage; r++)
        if (has_word(word, &roles[r])) stage = roles[r].stage;
    return stage;
}

uint32_t pipeline_consumers(const struct pipeline *pipeline, const char *group)
{
    uint32_t i;
    const struct seen_group *one = find(pipeline, group, &i);
    const uint32_t consumers = one && one->consumers > 0 ? one->consumers : 1;
    return one && one->partitions > 0 && consumers > one->partitions ? one->partitions : consumers;
}
