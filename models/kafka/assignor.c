/* SPDX-License-Identifier: GPL-3.0-or-later
 * Facts from RangeAssignor, RoundRobinAssignor, AbstractStickyAssignor (all subscriptions equal) and
 * CooperativeStickyAssignor of Kafka 3.x. Where the client walks a hash map of members, which is an order drawn at
 * random by their UUIDs, members are taken in their sorted order. */
#include "models/kafka/assignor.h"

#include <string.h>

/* ---- order of members ---- */

/* Appends `number` and all numbers below n that begin with its digits, in the order of their texts. */
static uint32_t append_with_prefix(uint32_t n, uint64_t number, uint32_t *member, uint32_t count)
{
    if (number >= n) return count;
    member[count++] = (uint32_t)number;
    for (uint64_t digit = 0; number > 0 && digit < 10; digit++)
        count = append_with_prefix(n, number * 10 + digit, member, count);
    return count;
}

void assign_member_order(uint32_t n, uint32_t *member)
{
    uint32_t count = 0;
    for (uint64_t first = 0; first < 10; first++) count = append_with_prefix(n, first, member, count);
}

/* ---- order of topics: by name ---- */

struct slice { const char *name; uint32_t first, partitions; };

static struct slice *slices_by_name(const struct assign_topic *topic, uint32_t n_topics, struct arena *scratch)
{
    struct slice *slice = arena_array(scratch, struct slice, n_topics);
    uint32_t first = 0;
    for (uint32_t t = 0; t < n_topics; t++) {
        uint32_t i = t;
        for (; i > 0 && strcmp(slice[i - 1].name, topic[t].name) > 0; i--) slice[i] = slice[i - 1];
        slice[i] = (struct slice){topic[t].name, first, topic[t].partitions};
        first += topic[t].partitions;
    }
    return slice;
}

/* ---- range: for each topic apart, neighbours to one member, the first members get one more ---- */

static void assign_range(const struct slice *slice, uint32_t n_slices, const uint32_t *member, uint32_t n_members,
                         uint32_t *owner)
{
    for (uint32_t s = 0; s < n_slices; s++) {
        uint32_t least = slice[s].partitions / n_members, larger = slice[s].partitions % n_members;
        uint32_t *at = owner + slice[s].first;
        for (uint32_t m = 0; m < n_members; m++)
            for (uint32_t i = 0; i < least + (m < larger); i++) *at++ = member[m];
    }
}

/* ---- round-robin: all partitions dealt out like cards ---- */

static void assign_round_robin(const struct slice *slice, uint32_t n_slices, const uint32_t *member, uint32_t n_members,
                               uint32_t *owner)
{
    uint32_t next = 0;
    for (uint32_t s = 0; s < n_slices; s++)
        for (uint32_t p = 0; p < slice[s].partitions; p++) owner[slice[s].first + p] = member[next++ % n_members];
}

/* ---- sticky: keep what fits under the quota, deal the rest to those who have too little ---- */

struct sticky {
    const struct slice *slice;
    uint32_t n_slices;
    const uint32_t *member;
    uint32_t n_members;
    uint32_t least;       /* partitions that every member gets */
    uint32_t n_larger;    /* members that get one more */
    uint32_t larger;      /* of these, found so far */
    uint32_t *held;       /* partitions of each member so far */
    uint32_t *owner;
    uint32_t turn;        /* whose turn it is among those below the least */
    uint32_t *waiting;    /* for one more: members at the least, in the order in which they came to it */
    uint32_t n_waiting, n_served;
};

/* A member keeps its first `quota` partitions, by partition and then by topic. */
static void keep(struct sticky *sticky, const uint32_t *before, uint32_t m, uint32_t quota)
{
    uint32_t most = 0;
    for (uint32_t s = 0; s < sticky->n_slices; s++)
        if (sticky->slice[s].partitions > most) most = sticky->slice[s].partitions;
    for (uint32_t p = 0; p < most; p++) {
        for (uint32_t s = 0; s < sticky->n_slices && sticky->held[m] < quota; s++) {
            if (p >= sticky->slice[s].partitions) continue;
            uint32_t i = sticky->slice[s].first + p;
            if (before[i] != sticky->member[m]) continue;
            sticky->owner[i] = sticky->member[m];
            sticky->held[m]++;
        }
    }
}

static void keep_all(struct sticky *sticky, const uint32_t *before, uint32_t n_partitions)
{
    for (uint32_t m = 0; m < sticky->n_members; m++) {
        uint32_t owned = 0;
        for (uint32_t i = 0; i < n_partitions; i++) owned += before[i] == sticky->member[m];
        bool larger = owned > sticky->least && sticky->larger < sticky->n_larger;
        keep(sticky, before, m, sticky->least + larger);
        sticky->larger += larger;
    }
}

/* The member that gets the next partition: in turn those below the least, then, each once, those at it. */
static uint32_t next_member(struct sticky *sticky)
{
    for (uint32_t i = 0; i < sticky->n_members; i++) {
        uint32_t m = (sticky->turn + i) % sticky->n_members;
        if (sticky->held[m] >= sticky->least) continue;
        sticky->turn = m + 1;
        return m;
    }
    return sticky->waiting[sticky->n_served++];
}

static void note_held(struct sticky *sticky, uint32_t m)
{
    if (sticky->held[m] == sticky->least) sticky->waiting[sticky->n_waiting++] = m;
}

static void assign_sticky(struct sticky *sticky, uint32_t n_partitions, const uint32_t *before)
{
    if (before) keep_all(sticky, before, n_partitions);
    for (uint32_t m = 0; m < sticky->n_members; m++) note_held(sticky, m);
    for (uint32_t s = 0; s < sticky->n_slices; s++) {
        for (uint32_t p = 0; p < sticky->slice[s].partitions; p++) {
            uint32_t i = sticky->slice[s].first + p;
            if (sticky->owner[i] != NONE) continue;
            uint32_t m = next_member(sticky);
            sticky->owner[i] = sticky->member[m];
            sticky->held[m]++;
            note_held(sticky, m);
        }
    }
}

/* ---- entry ---- */

void assign_partitions(enum assignor assignor, const struct assign_topic *topic, uint32_t n_topics,
                       const uint32_t *member, uint32_t n_members, const uint32_t *before, uint32_t *owner,
                       struct arena *scratch)
{
    struct slice *slice = slices_by_name(topic, n_topics, scratch);
    uint32_t n = 0;
    for (uint32_t t = 0; t < n_topics; t++) n += topic[t].partitions;
    for (uint32_t i = 0; i < n; i++) owner[i] = NONE;
    if (n_members == 0) return;
    if (assignor == ASSIGN_RANGE) {
        assign_range(slice, n_topics, member, n_members, owner);
    } else if (assignor == ASSIGN_ROUND_ROBIN) {
        assign_round_robin(slice, n_topics, member, n_members, owner);
    } else {
        struct sticky sticky = {
            .slice = slice, .n_slices = n_topics, .member = member, .n_members = n_members,
            .least = n / n_members, .n_larger = n % n_members,
            .held = arena_array(scratch, uint32_t, n_members), .owner = owner,
            .waiting = arena_array(scratch, uint32_t, n_members),
        };
        assign_sticky(&sticky, n, before);
    }
}

uint32_t assign_withhold(const uint32_t *member, uint32_t n_members, const uint32_t *before, uint32_t *owner,
                         uint32_t n_partitions)
{
    uint32_t withheld = 0;
    for (uint32_t i = 0; i < n_partitions; i++) {
        bool moves = before[i] != NONE && before[i] != owner[i], owner_lives = false;
        for (uint32_t m = 0; moves && m < n_members; m++) owner_lives |= member[m] == before[i];
        if (owner_lives) owner[i] = NONE, withheld++;
    }
    return withheld;
}
