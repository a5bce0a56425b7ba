/* SPDX-License-Identifier: GPL-3.0-or-later
 * See fetch_walk.h. What the broker answers is known when a fetch leaves: there is always more than it brings, and what
 * comes to a quiet partition while it is parked is known before. */
#include "sim/results/fetch_walk.h"

#include <math.h>

#include "models/kafka/fetch.h"

/* So many polls are gone through, and the second half of them counts: the first one is a cold client's. */
enum { POLLS = 8192 };
/* Where a poll handles many blocks, so many of them in all, but never fewer polls than that. */
enum { BLOCKS_IN_ALL = 8 * POLLS, POLLS_MIN = 128 };
/* From then on, whenever as many again have been gone through, the walk may end: see is_at_hand. */
enum { POLLS_TO_LOOK = 128 };
/* And from these on where what the last half took is, to so much of a record in all, what the half before it did. */
enum { POLLS_TO_AGREE = 1024 };
#define AGREES 0.005
/* Partitions: with fewer a whole walk is short. */
enum { MANY = 8 };
/* Polls in which each partition has its turn, at most: those that take a part of a block are told apart no finer. */
enum { POLLS_OF_A_ROUND = POLLS / 16 };
/* At the broker, of each partition: no walk comes to its end. */
#define ALWAYS_MORE INT64_C(1000000000000)

/* The record at the front of a partition that has failed: deliveries to come, the last of which succeeds or not. */
struct retried { uint32_t deliveries; bool is_given_up; };

struct client {
    const struct fetch_walk *walk;
    struct fetch_buffer buffer;
    struct retried *retried; /* by part */
    int64_t *end;            /* of its log, by part */
    double *until_next;      /* by part that is quiet: of the records that come there in the mean, how many are missing
                                until the next one comes */
    double come_s;           /* of worked_s, when the last of those that are there came, or none did */
    uint32_t came;
    double now_s, worked_s;  /* worked: of it, on records, or asleep before one */
    double waited_s;         /* with nothing at hand */
    double ready_s, home_s;  /* where a fetch is under way: when it is back; and if nothing comes while it is parked */
    bool under_way;
    int64_t done;
    int64_t until_failure;   /* records that succeed before the next one that does not */
    uint32_t drawn;
    struct retried next;     /* how that one will fare */
};

/* How far a client was at some poll. */
struct mark { double now_s, own_s, waited_s; int64_t done; uint32_t blocks; };

/* ---- failures ---- */

/* Spread evenly between 0 and 1, the same in each walk, and out of step with blocks and polls. */
static double spread(uint32_t n, double by)
{
    const double whole = (n + 0.5) * by;
    return whole - floor(whole);
}

static void draw_failure(struct client *client)
{
    const struct fetch_walk *walk = client->walk;
    const uint32_t n = client->drawn++;
    client->until_failure = ALWAYS_MORE;
    if (!(walk->failed > 0)) return;
    const double again = walk->again / walk->failed, left = spread(n, 0.6180339887498949);
    client->until_failure =
        walk->failed < 1 ? (int64_t)fmin(log(1 - left) / log1p(-walk->failed), (double)ALWAYS_MORE) : 0;
    client->next.deliveries = (uint32_t)fmin(again + spread(n, 0.4142135623730950), POLLS);
    client->next.is_given_up = spread(n, 0.7320508075688773) * walk->failed < walk->given_up;
}

/* ---- fetches ---- */

static bool client_is_fed(const struct client *client, uint32_t part)
{
    return client->walk->quiet > 0 && isfinite(client->walk->fed[part].share);
}

/* Records that come to a part in a second of work: its share of what the client does. They are others' answers to what
 * it has done, of the same keys, as undone and repeated orders are: while it waits none come. */
static double comes_per_s(const struct client *client, uint32_t part)
{
    return client->worked_s > 0 ? client->walk->fed[part].share * (double)client->done / client->worked_s : 0;
}

/* As exponential gaps fall, in the mean of 1. */
static double draw_gap(struct client *client) { return -log1p(-spread(client->came++, 0.6457513110645906)); }

/* until_s: of worked_s. */
static void let_come(struct client *client, double until_s)
{
    for (uint32_t i = 0; client->walk->quiet > 0 && i < client->walk->partitions; i++) {
        if (!client_is_fed(client, i)) continue;
        client->until_next[i] -= comes_per_s(client, i) * (until_s - client->come_s);
        for (; client->until_next[i] < 1e-12; client->until_next[i] += draw_gap(client)) {
            client->end[i]++;
            fetch_note(&client->buffer);
        }
    }
    client->come_s = until_s;
}

/* How long what was asked for is parked: not at all, or until the first record comes if the client works until then, or
 * for as long as it may. */
static double parked_s(struct client *client)
{
    let_come(client, client->worked_s);
    if (fetch_has_data(&client->buffer)) return 0;
    double for_s = client->walk->max_wait_s;
    for (uint32_t i = 0; i < client->walk->partitions; i++)
        if (client->buffer.part[i].in_session && client_is_fed(client, i))
            for_s = fmin(for_s, client->until_next[i] / comes_per_s(client, i));
    let_come(client, client->worked_s + for_s);
    return for_s;
}

static void client_send(struct client *client)
{
    const double fetch_s = client->walk->fetch_s;
    if (client->under_way || !fetch_ask(&client->buffer)) return;
    const double for_s = parked_s(client);
    client->ready_s = client->now_s + fetch_s + for_s;
    client->home_s = for_s > 0 ? client->now_s + fetch_s + client->walk->max_wait_s : client->ready_s;
    fetch_answer(&client->buffer);
    client->under_way = true;
}

static void client_receive(struct client *client)
{
    if (!client->under_way || client->ready_s > client->now_s) return;
    fetch_arrive(&client->buffer);
    client->under_way = false;
}

/* ---- polls ---- */

static void client_works(struct client *client, double for_s)
{
    client->now_s += for_s;
    client->worked_s += for_s;
}

/* It waits where nothing is left, and again where nothing came, or all that did was dropped meanwhile. */
static void client_poll(struct client *client)
{
    client_receive(client);
    while (client->buffer.n_blocks == 0) {
        fetch_collect(&client->buffer, 0); /* what filled the poll before is no longer unread */
        client_send(client);
        if (client->ready_s > client->now_s) client->ready_s = client->home_s;
        client->waited_s += fmax(0, client->ready_s - client->now_s);
        client->now_s = fmax(client->now_s, client->ready_s);
        client_receive(client);
    }
    fetch_collect(&client->buffer, (int64_t)client->walk->poll);
    client_send(client);
    client->now_s += client->walk->poll_s;
}

/* Records of a segment that succeed, one after the other; returns where it ends, or the first that fails. */
static int64_t do_some(struct client *client, const struct fetch_block *segment, int64_t first)
{
    const int64_t left = segment->end - first;
    const int64_t n = left < client->until_failure ? left : client->until_failure;
    client_works(client, (double)n * client->walk->record_s);
    client->until_failure -= n;
    client->done += n;
    return first + n;
}

/* The delivery of a record that fails this time, or has done so before. */
static bool succeeds(struct client *client, struct retried *retried, bool before)
{
    client_works(client, client->walk->record_s);
    if (before) return --retried->deliveries == 0 && !retried->is_given_up;
    *retried = client->next;
    draw_failure(client);
    return retried->deliveries == 0 && !retried->is_given_up;
}

/* False: the poll ended there, with this record. */
static bool deliver(struct client *client, uint32_t segment, int64_t offset)
{
    struct retried *retried = &client->retried[client->buffer.segment[segment].part];
    if (succeeds(client, retried, retried->deliveries > 0)) {
        client->done++;
        return true;
    }
    const bool is_given_up = retried->deliveries == 0;
    /* What is behind it goes back, and it too unless it is given up. */
    fetch_return(&client->buffer, segment, is_given_up ? offset + 1 : offset);
    client->done += is_given_up;
    if (!is_given_up) client_works(client, client->walk->sleep_s);
    return false;
}

/* What was done before a record that fails is committed; where that is nothing there is no commit. */
static void hand_out(struct client *client)
{
    const int64_t before = client->done;
    bool goes_on = true;
    for (uint32_t i = 0; goes_on && i < client->buffer.n_segments; i++) {
        const struct fetch_block segment = client->buffer.segment[i];
        int64_t at = segment.first;
        if (client->retried[segment.part].deliveries > 0) goes_on = deliver(client, i, at++);
        while (goes_on && (at = do_some(client, &segment, at)) < segment.end) goes_on = deliver(client, i, at++);
    }
    if (client->done > before) client->now_s += client->walk->commit_s;
}

/* ---- the walk ---- */

static void client_open(struct client *client, const struct fetch_walk *walk, struct arena *scratch)
{
    *client = (struct client){ .walk = walk };
    fetch_init(&client->buffer, walk->partitions, true, scratch);
    client->end = arena_array(scratch, int64_t, walk->partitions);
    client->until_next = arena_array(scratch, double, walk->partitions);
    for (uint32_t i = 0; i < walk->partitions; i++) {
        client->end[i] = client_is_fed(client, i) ? 0 : ALWAYS_MORE;
        client->until_next[i] = draw_gap(client);
        client->buffer.part[i].log_end = &client->end[i];
        client->buffer.part[i].hash = walk->quiet > 0 ? walk->fed[i].hash : 0;
        client->buffer.part[i].block_records = (int64_t)walk->block;
    }
    fetch_recount(&client->buffer);
    client->retried = arena_array(scratch, struct retried, walk->partitions);
    draw_failure(client);
}

/* Polls of many to a block, and no failure between them: some of them as one. */
static struct fetch_walk coarse(const struct fetch_walk *walk)
{
    struct fetch_walk of = *walk;
    const double polls = ceil(walk->block / walk->poll);
    const double grain = fmin(polls, ceil(walk->partitions * polls / POLLS_OF_A_ROUND));
    if (walk->failed > 0 || !(grain > 1)) return of;
    of.poll *= grain, of.poll_s *= grain, of.commit_s *= grain;
    return of;
}

/* Blocks that a poll handles: those it takes, and where it fails those at hand, or what came to quiet ones, which are
 * searched, and quickly. */
static double blocks_of_poll(const struct fetch_walk *walk)
{
    const double taken = fmin(walk->partitions, ceil(walk->poll / walk->block));
    return walk->failed > 0 || walk->quiet > 0 ? taken + walk->partitions / 8.0 : taken;
}

static uint32_t polls_of(const struct fetch_walk *walk)
{
    return (uint32_t)fmin(POLLS, fmax(POLLS_MIN, BLOCKS_IN_ALL / blocks_of_poll(walk)));
}

static struct mark mark_of(const struct client *client)
{
    return (struct mark){ .now_s = client->now_s, .own_s = client->now_s - client->worked_s,
                          .waited_s = client->waited_s, .done = client->done, .blocks = client->buffer.n_blocks };
}

/* Nobody waited for a fetch since the mark, one would have been less than a hundredth of the time, and if blocks at
 * hand become fewer as they did, some are left where a whole walk ends. */
static bool is_at_hand(const struct client *client, const struct mark *mark, uint32_t polls)
{
    const double lost = (double)mark->blocks - client->buffer.n_blocks;
    return !(client->waited_s > mark->waited_s) &&
        fetch_walk_longest_s(client->walk) < 0.01 * (client->now_s - mark->now_s) &&
        lost * (POLLS / (double)polls) < client->buffer.n_blocks;
}

static double all_since_s(const struct client *client, const struct mark *mark)
{
    return (client->now_s - mark->now_s) / (double)(client->done - mark->done);
}

static double own_since_s(const struct client *client, const struct mark *mark)
{
    return (client->now_s - client->worked_s - mark->own_s) / (double)(client->done - mark->done);
}

/* NaN: nobody waits. Without failures that cannot be told before each partition has had its turn. */
static double go_through_s(struct client *client)
{
    const uint32_t polls = polls_of(client->walk);
    const bool may_end = client->walk->failed > 0 && client->walk->partitions >= MANY;
    struct mark half = mark_of(client), look = half;
    double before_s = (double)NAN;

    for (uint32_t i = 0, next = POLLS_TO_LOOK / 2; i < polls; i++) {
        if (i == polls / 2) half = mark_of(client);
        if (may_end && i == next) {
            const double own_s = own_since_s(client, &look), all_s = all_since_s(client, &look);
            if (i >= POLLS_TO_LOOK && is_at_hand(client, &look, i / 2)) return (double)NAN;
            if (i >= POLLS_TO_AGREE && fabs(own_s - before_s) < AGREES * all_s) return own_s;
            before_s = own_s;
            look = mark_of(client);
            next *= 2;
        }
        client_poll(client);
        hand_out(client);
    }
    return own_since_s(client, &half);
}

double fetch_walk_longest_s(const struct fetch_walk *walk)
{
    return walk->fetch_s + (walk->quiet > 0 ? walk->max_wait_s : 0);
}

double fetch_walk_client_s(const struct fetch_walk *walk)
{
    const struct fetch_walk of = coarse(walk);
    struct arena scratch;
    struct client client;

    arena_init(&scratch);
    client_open(&client, &of, &scratch);
    const double own_s = go_through_s(&client);
    arena_fini(&scratch);
    return own_s;
}
