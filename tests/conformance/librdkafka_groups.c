/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: keys go to the partitions, and partitions to the members, that a Kafka client library gives them.
 * Method: murmur2 partitions of random keys against rd_kafka_msg_partitioner_murmur2. For the range and round-robin
 * assignors, groups of random size over random topics join the library's own mock cluster, whose leader assigns as in
 * life; who got what is compared with models/kafka/assignor.h, members in the order of their ids. Some groups the mock
 * cluster leaves in a rebalance that does not end: they are counted, not compared, and others are played in their place.
 * It has no cooperative rebalance that ends, so the cooperative-sticky assignor is not played here: its tables were
 * made with Kafka's own (tests/unit/test_assignor.c).
 *
 *   librdkafka_groups KEYS GROUPS SEED */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "models/kafka/assignor.h"
#include "models/kafka/murmur2.h"
#include "sim/engine/arena.h"
#include "sim/engine/random.h"

enum { TOPICS = 4, MEMBERS_MAX = 6, PARTITIONS_MAX = 12, SIDE_BY_SIDE = 4, PATIENCE_S = 20, CALM_LOOKS = 40, BATCHES_IN_PLACE = 6 };

static uint64_t state, n_passed, n_failed;

static uint32_t draw(uint32_t n)
{
    state = random_mix(state + 1);
    return (uint32_t)(state % n);
}

static void verdict(bool ok, const char *what)
{
    n_passed += ok;
    n_failed += !ok;
    if (!ok) printf("not ok: %s\n", what);
}

/* ---- the partitioner ---- */

static void play_keys(uint64_t n)
{
    uint64_t different = 0;
    for (uint64_t i = 0; i < n; i++) {
        unsigned char key[64];
        size_t length = 1 + draw(sizeof key);
        uint32_t partitions = 1 + draw(100);
        for (size_t k = 0; k < length; k++) key[k] = (unsigned char)draw(256);
        int32_t theirs = rd_kafka_msg_partitioner_murmur2(NULL, key, length, (int32_t)partitions, NULL, NULL);
        different += (uint32_t)theirs != murmur2_partition(key, length, partitions);
    }
    printf("%llu keys, %llu of them to other partitions\n", (unsigned long long)n, (unsigned long long)different);
    n_passed += n - different;
    n_failed += different;
}

/* ---- groups ---- */

static struct assign_topic topics[TOPICS] = { { "alpha", 0 }, { "beta", 0 }, { "gamma", 0 }, { "delta", 0 } };

struct group {
    enum assignor assignor;
    uint32_t n_members, n_topics, topic[TOPICS]; /* in the order of their names */
    rd_kafka_t *member[MEMBERS_MAX];
    uint32_t calm; /* looks at it in a row that found all partitions owned */
};

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char error[200];
    if (rd_kafka_conf_set(conf, name, value, error, sizeof error) != RD_KAFKA_CONF_OK) {
        fprintf(stderr, "librdkafka_groups: %s: %s\n", name, error);
        exit(1);
    }
}

static void member_join(struct group *group, uint32_t index, uint32_t id, const char *servers)
{
    char error[200], name[40];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    snprintf(name, sizeof name, "group-%u", id);
    set(conf, "bootstrap.servers", servers);
    set(conf, "group.id", name);
    set(conf, "partition.assignment.strategy", group->assignor == ASSIGN_RANGE ? "range" : "roundrobin");
    set(conf, "session.timeout.ms", "30000");
    set(conf, "log_level", "2");
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
    if (!rk) {
        fprintf(stderr, "librdkafka_groups: %s\n", error);
        exit(1);
    }
    rd_kafka_poll_set_consumer(rk);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)group->n_topics);
    for (uint32_t i = 0; i < group->n_topics; i++)
        rd_kafka_topic_partition_list_add(list, topics[group->topic[i]].name, RD_KAFKA_PARTITION_UA);
    rd_kafka_subscribe(rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    group->member[index] = rk;
}

static void group_open(struct group *group, uint32_t id, const char *servers)
{
    static const uint32_t by_name[TOPICS] = { 0, 1, 3, 2 };
    memset(group, 0, sizeof *group);
    group->assignor = draw(2) ? ASSIGN_RANGE : ASSIGN_ROUND_ROBIN;
    group->n_members = 1 + draw(MEMBERS_MAX);
    for (uint32_t i = 0; i < TOPICS; i++)
        if (draw(2) || (i + 1 == TOPICS && group->n_topics == 0)) group->topic[group->n_topics++] = by_name[i];
    for (uint32_t i = 0; i < group->n_members; i++) member_join(group, i, id, servers);
}

static uint32_t partitions_of(const struct group *group)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < group->n_topics; i++) n += topics[group->topic[i]].partitions;
    return n;
}

/* Owners as the members have them; the number of partitions that have one. */
static uint32_t owners_of(const struct group *group, uint32_t *owner)
{
    uint32_t n = 0, n_partitions = partitions_of(group);
    for (uint32_t i = 0; i < n_partitions; i++) owner[i] = NONE;
    for (uint32_t m = 0; m < group->n_members; m++) {
        rd_kafka_topic_partition_list_t *list = NULL;
        if (rd_kafka_assignment(group->member[m], &list) != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
        for (int i = 0; i < list->cnt; i++) {
            uint32_t at = 0;
            for (uint32_t t = 0; t < group->n_topics; at += topics[group->topic[t++]].partitions)
                if (strcmp(topics[group->topic[t]].name, list->elems[i].topic) == 0) break;
            n += owner[at + (uint32_t)list->elems[i].partition] == NONE;
            owner[at + (uint32_t)list->elems[i].partition] = m;
        }
        rd_kafka_topic_partition_list_destroy(list);
    }
    return n;
}

/* Members by their ids, as the assignors have them. */
static void order_members(const struct group *group, uint32_t *member)
{
    char *id[MEMBERS_MAX];
    for (uint32_t i = 0; i < group->n_members; i++) {
        id[i] = rd_kafka_memberid(group->member[i]);
        member[i] = i;
    }
    for (uint32_t i = 1; i < group->n_members; i++)
        for (uint32_t k = i; k > 0 && strcmp(id[member[k]], id[member[k - 1]]) < 0; k--) {
            uint32_t swap = member[k];
            member[k] = member[k - 1];
            member[k - 1] = swap;
        }
    for (uint32_t i = 0; i < group->n_members; i++) rd_kafka_mem_free(group->member[i], id[i]);
}

static void compare(const struct group *group, uint32_t id)
{
    uint32_t theirs[TOPICS * PARTITIONS_MAX], ours[TOPICS * PARTITIONS_MAX], member[MEMBERS_MAX];
    struct assign_topic topic[TOPICS];
    struct arena arena;
    char what[100];
    arena_init(&arena);
    for (uint32_t i = 0; i < group->n_topics; i++) topic[i] = topics[group->topic[i]];
    owners_of(group, theirs);
    order_members(group, member);
    assign_partitions(group->assignor, topic, group->n_topics, member, group->n_members, NULL, ours, &arena);
    snprintf(what, sizeof what, "group %u: %s, %u members, %u topics, %u partitions", id,
             group->assignor == ASSIGN_RANGE ? "range" : "round-robin", group->n_members, group->n_topics,
             partitions_of(group));
    verdict(memcmp(theirs, ours, partitions_of(group) * sizeof *ours) == 0, what);
    arena_fini(&arena);
}

/* A group has settled when every partition has an owner, and still has it a while later: a member that comes late
 * begins a new round. Until all have, or patience ends. */
static void settle(struct group *group, uint32_t n)
{
    uint32_t owner[TOPICS * PARTITIONS_MAX], n_settled = 0;
    time_t start = time(NULL);
    while (n_settled < n && time(NULL) - start < PATIENCE_S) {
        n_settled = 0;
        for (uint32_t g = 0; g < n; g++) {
            for (uint32_t m = 0; m < group[g].n_members; m++) {
                rd_kafka_message_t *message = rd_kafka_consumer_poll(group[g].member[m], 0);
                if (message) rd_kafka_message_destroy(message);
            }
            group[g].calm = owners_of(&group[g], owner) == partitions_of(&group[g]) ? group[g].calm + 1 : 0;
            n_settled += group[g].calm >= CALM_LOOKS;
        }
        nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
    }
}

static rd_kafka_mock_cluster_t *cluster_open(rd_kafka_t **owner)
{
    char error[200];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "log_level", "2");
    *owner = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    rd_kafka_mock_cluster_t *cluster = *owner ? rd_kafka_mock_cluster_new(*owner, 1) : NULL;
    if (!cluster) {
        fprintf(stderr, "librdkafka_groups: no mock cluster\n");
        exit(1);
    }
    for (uint32_t i = 0; i < TOPICS; i++) {
        topics[i].partitions = 1 + draw(PARTITIONS_MAX);
        rd_kafka_mock_topic_create(cluster, topics[i].name, (int)topics[i].partitions, 1);
    }
    return cluster;
}

/* A few groups at a time, on a cluster of their own; how many have settled. */
static uint32_t play_batch(uint32_t first, uint32_t n)
{
    static struct group group[SIDE_BY_SIDE];
    rd_kafka_t *owner;
    rd_kafka_mock_cluster_t *cluster = cluster_open(&owner);
    for (uint32_t i = 0; i < n; i++) group_open(&group[i], first + i, rd_kafka_mock_cluster_bootstraps(cluster));
    settle(group, n);
    uint32_t n_settled = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (group[i].calm < CALM_LOOKS) continue;
        compare(&group[i], first + i);
        n_settled++;
    }
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t m = 0; m < group[i].n_members; m++) /* no farewell: it would wait for the rebalance to end */
            rd_kafka_destroy_flags(group[i].member[m], RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(owner);
    return n_settled;
}

/* n groups that have settled, or as many as some batches more than that takes can give. */
static void play_groups(uint32_t n)
{
    uint32_t n_begun = 0, n_settled = 0, batches_left = (n + SIDE_BY_SIDE - 1) / SIDE_BY_SIDE + BATCHES_IN_PLACE;
    while (n_settled < n && batches_left-- > 0) {
        uint32_t left = n - n_settled, now = left < SIDE_BY_SIDE ? left : SIDE_BY_SIDE;
        n_settled += play_batch(n_begun, now);
        n_begun += now;
    }
    printf("%u groups compared; %u more the mock cluster has left without a complete assignment\n", (unsigned)n_settled,
           (unsigned)(n_begun - n_settled));
    verdict(n_settled > 0, "the mock cluster serves no group at all");
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "librdkafka_groups KEYS GROUPS SEED\n");
        return 2;
    }
    state = random_mix(strtoull(argv[3], NULL, 10));
    play_keys(strtoull(argv[1], NULL, 10));
    play_groups((uint32_t)strtoul(argv[2], NULL, 10));
    printf("%llu passed, %llu failed\n", (unsigned long long)n_passed, (unsigned long long)n_failed);
    return n_failed > 0;
}
