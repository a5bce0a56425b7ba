/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/drawn.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/engine/error.h"
#include "sim/engine/random.h"

enum { N_LEGS = 3, N_TABLES = 3, MOST_PARTITIONS = 7, MOST_STAGES = 16, MOST_TOPICS = 20, NOWHERE = 1000 };
enum { MANY = 1000000000 }; /* items, users: some hundred independent orders hardly ever share one */

/* How a stage changes its table, and under which protection. */
enum way { WAY_CONDITIONAL, WAY_LOCKED, WAY_VERSION, WAY_FOR_UPDATE, WAY_ABSOLUTE, WAYS };

struct draw {
    uint64_t state;
    FILE *out;
    struct arena *arena;
    struct drawn *drawn;
    /* what the whole scenario is like */
    bool zero_network, contended, short_lock_wait, short_lease, short_row_wait, short_connection_wait, has_outer, has_store,
        has_redis;
    bool bundled;          /* stock and coupon in one transaction, given back in the other order: deadlocks */
    bool leg[N_LEGS];      /* stock is always there */
    enum way way[N_TABLES];
    bool repeats;          /* a record may be delivered more than once: marks are needed, and patience */
    bool faulty;           /* processes die and servers go away: what is sent goes by outboxes where it must not be lost */
    bool guarded;          /* faulty: every row guards itself, so that a lock may be lost */
    bool crowded;          /* few of everything, and steps without time: much of it changes hands at one instant */
    uint32_t n_processes, instances[3], n_stages;
    struct {
        const char *name;
        uint32_t n_steps;
    } stage[MOST_STAGES]; /* for faults at their steps */
    uint32_t n_keyed;
    const char *keyed[MOST_TOPICS]; /* topics whose records may be sent twice */
    struct waiting {
        const char *topic;
        uint32_t partitions, most[MOST_PARTITIONS];
    } entry, pay; /* where orders may wait */
    /* the stage at hand */
    int n_steps, left;     /* thousandths of the stage's time not dealt yet */
    bool own_times;
    bool ends_at_once;     /* with its last command: what it sends after that takes no time */
};

static const char *const tables[N_TABLES] = { "stock", "coupons", "points" };
static const char *const locks[N_TABLES] = { "item", "coupon", "user" };
/* Process i hosts each n_processes-th of them, from i on. */
static const char *const hosted[] = { "stock", "flow", "payment", "post", "external", "coupon", "risk" };
enum { N_HOSTED = sizeof hosted / sizeof hosted[0] };

/* ---- drawing ---- */

static uint32_t below(struct draw *draw, uint32_t n)
{
    draw->state += 0x9e3779b97f4a7c15u;
    return (uint32_t)((random_mix(draw->state) >> 32) * n >> 32);
}

static uint32_t between(struct draw *draw, uint32_t low, uint32_t high) { return low + below(draw, high - low + 1); }

static bool chance(struct draw *draw, uint32_t percent) { return below(draw, 100) < percent; }

/* After which all other draws are what they would be without it. */
static uint32_t aside(const struct draw *draw, uint32_t n)
{
    return (uint32_t)((random_mix(~draw->state) >> 32) * n >> 32);
}

/* Few mostly, many now and then. */
static uint32_t spread(struct draw *draw, uint32_t high)
{
    uint32_t most = high;
    while (most > 1 && chance(draw, 50)) most = most / 4 + 1;
    return between(draw, 1, most);
}

static const char *pick(struct draw *draw, const char *const *word, uint32_t n) { return word[below(draw, n)]; }

#define PICK(draw, ...) \
    pick((draw), (const char *const[]){ __VA_ARGS__ }, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

__attribute__((format(printf, 2, 3))) static const char *words(struct draw *draw, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    SIM_ASSERT(n >= 0 && (size_t)n < sizeof text);
    return arena_strdup(draw->arena, text);
}

/* A time that does not come twice. */
static const char *time_of(struct draw *draw, uint32_t mean_us)
{
    uint32_t mean = mean_us / 2 + below(draw, mean_us) + 1;
    switch (below(draw, 8)) {
    case 0: return words(draw, "{\"family\": \"exponential\", \"mean\": \"%uus\"}", mean);
    case 1: return words(draw, "{\"uniform\": [\"%uus\", \"%uus\"]}", mean / 2, mean * 3 / 2);
    case 2: return words(draw, "{\"mean\": \"%uus\", \"cv\": 1}", mean);
    default: return words(draw, "{\"mean\": \"%uus\", \"cv\": 0.3}", mean);
    }
}

static const char *network(struct draw *draw, uint32_t mean_us)
{
    return draw->zero_network ? "\"0s\"" : time_of(draw, mean_us);
}

#define SAY(draw, ...) fprintf((draw)->out, __VA_ARGS__)

/* ---- steps ---- */

static void stage_open(struct draw *draw, const char *name, uint32_t mean_us)
{
    draw->own_times = chance(draw, draw->crowded ? 100 : 25);
    draw->ends_at_once = draw->crowded && chance(draw, 70);
    draw->left = 1000;
    draw->n_steps = 0;
    if (draw->n_stages < MOST_STAGES) draw->stage[draw->n_stages++].name = name;
    SAY(draw, "  \"%s\": { ", name);
    if (!draw->own_times) SAY(draw, "\"time\": %s, ", time_of(draw, mean_us));
    SAY(draw, "\"steps\": [");
}

/* Opens a step without its closing brace; a draw decides whether it takes a part of the stage's time. The first one
 * does: else what a thread gives back at the end of a record it would ask for again at the same instant. So do all
 * where a store serves few commands at once, but in a crowd (scenario_draw_crowded). */
__attribute__((format(printf, 2, 3))) static void step(struct draw *draw, const char *format, ...)
{
    bool is_first = draw->n_steps++ == 0;
    bool takes_time = !draw->crowded && (is_first || draw->has_store || draw->has_redis);
    va_list args;
    SAY(draw, "%s\n    { ", is_first ? "" : " },");
    va_start(args, format);
    vfprintf(draw->out, format, args);
    va_end(args);
    if (draw->own_times) {
        if (takes_time || chance(draw, 70)) SAY(draw, ", \"time\": %s", time_of(draw, 2000));
        return;
    }
    int share = chance(draw, 20) ? 0 : (int)between(draw, 0, (uint32_t)draw->left / 2);
    if (takes_time) share = (int)between(draw, 1, (uint32_t)draw->left / 4);
    draw->left -= share;
    if (share > 0) SAY(draw, ", \"share\": %.3f", share / 1000.0);
}

/* The last step takes what is left. */
static void stage_close(struct draw *draw, const char *last, bool is_last_stage)
{
    SAY(draw, "%s\n    { %s", draw->n_steps++ ? " }," : "", last);
    if (draw->own_times && !draw->ends_at_once) SAY(draw, ", \"time\": %s", time_of(draw, 1000));
    else if (!draw->own_times && draw->left > 0) SAY(draw, ", \"share\": %.3f", draw->left / 1000.0);
    SAY(draw, " } ] }%s\n", is_last_stage ? "" : ",");
    draw->stage[draw->n_stages - 1].n_steps = (uint32_t)draw->n_steps;
}

static bool is_locked(enum way way) { return way == WAY_LOCKED || way == WAY_ABSOLUTE; }

static void step_write(struct draw *draw, int table, const char *effect, const char *refused_topic)
{
    static const char *const style[WAYS] = { "conditional", "conditional", "version", "for-update", "absolute" };
    enum way way = draw->way[table];
    step(draw, "\"write\": \"%s\", \"style\": \"%s\", \"effect\": \"%s\"", tables[table], style[way], effect);
    if (way == WAY_VERSION)
        SAY(draw, ", \"tries\": %u, \"backoff\": %s", between(draw, 1, 5), time_of(draw, 3000));
    if (!refused_topic) return;
    if (chance(draw, draw->crowded ? 80 : 40)) SAY(draw, ", \"refuse\": %.2f", between(draw, 1, 30) / 100.0);
    SAY(draw, ", \"otherwise\": [ { \"rollback\": \"%s\" }", tables[table]);
    if (is_locked(way)) SAY(draw, ", { \"unlock\": \"%s\" }", locks[table]);
    SAY(draw, ", { \"publish\": \"%s\" } ]", refused_topic);
}

static void step_once(struct draw *draw, int table, const char *ok_topic)
{
    step(draw, "\"once\": \"order_id\"");
    if (!ok_topic || chance(draw, 70)) return;
    SAY(draw, ", \"otherwise\": [ { \"rollback\": \"%s\" }", tables[table]);
    if (is_locked(draw->way[table])) SAY(draw, ", { \"unlock\": \"%s\" }", locks[table]);
    SAY(draw, ", { \"publish\": \"%s\" } ]", ok_topic);
}

/* A stage that changes one row in the right order: lock, begin, read, write, commit, unlock, answer. */
static void stage_write(struct draw *draw, const char *name, uint32_t mean_us, int table, const char *effect,
                        const char *ok_topic, const char *refused_topic)
{
    enum way way = draw->way[table];
    stage_open(draw, name, mean_us);
    if (!draw->crowded) step(draw, "\"work\": \"before\"");
    if (draw->has_outer && chance(draw, 50)) step(draw, "\"connection\": \"outer\"");
    if (!is_locked(way) && chance(draw, 15)) step(draw, "\"connection\": \"pool\"");
    /* A repeated record must not be told that the lock is taken: its order has had its answer. */
    bool asks_first = is_locked(way) && ok_topic && draw->repeats && !draw->faulty;
    bool by_outbox = draw->faulty && ok_topic && chance(draw, 30);
    if (asks_first) step(draw, "\"once\": \"order_id\", \"otherwise\": [ { \"publish\": \"%s\" } ]", ok_topic);
    if (is_locked(way)) {
        step(draw, "\"lock\": \"%s\"", locks[table]);
        /* Of a record that comes again, refused would not be the answer: its effect may be there already. */
        if (refused_topic && !draw->faulty) SAY(draw, ", \"otherwise\": [ { \"publish\": \"%s\" } ]", refused_topic);
    }
    step(draw, "\"begin\": \"%s\"", tables[table]);
    if (!asks_first && (draw->repeats || chance(draw, 40))) step_once(draw, table, ok_topic);
    if (way != WAY_FOR_UPDATE && chance(draw, 70)) step(draw, "\"read\": \"%s\"", tables[table]);
    if (chance(draw, 30)) step(draw, "\"work\": \"inside\"");
    step_write(draw, table, effect, refused_topic);
    if (chance(draw, 20)) step(draw, "\"flush\": \"%s\"", tables[table]);
    if (by_outbox) step(draw, "\"publish\": \"%s\", \"via\": \"outbox\"", ok_topic);
    step(draw, "\"commit\": \"%s\"", tables[table]);
    if (is_locked(way)) step(draw, "\"unlock\": \"%s\"", locks[table]);
    if (by_outbox) ok_topic = NULL;
    if (ok_topic && chance(draw, 70)) {
        stage_close(draw, words(draw, "\"publish\": \"%s\"", ok_topic), false);
        return;
    }
    if (ok_topic) step(draw, "\"publish\": \"%s\"", ok_topic);
    stage_close(draw, "\"work\": \"after\"", false);
}

static void step_bundled(struct draw *draw, int table, const char *effect, bool refusable)
{
    step(draw, "\"write\": \"%s\", \"style\": \"%s\", \"effect\": \"%s\"", tables[table],
         PICK(draw, "conditional", "for-update"), effect);
    if (refusable) SAY(draw, ", \"otherwise\": [ { \"rollback\": \"stock\" }, { \"publish\": \"stock-failed\" } ]");
}

/* Two rows in one transaction; the compensation takes them the other way round. */
static void stage_bundle(struct draw *draw, bool gives_back)
{
    stage_open(draw, gives_back ? "restore-stock" : "reserve-stock", 8000);
    step(draw, "\"work\": \"before\"");
    step(draw, "\"begin\": \"stock\"");
    step(draw, "\"once\": \"order_id\"");
    step_bundled(draw, gives_back ? 1 : 0, gives_back ? "restore" : "reserve", !gives_back);
    if (chance(draw, 50)) step(draw, "\"work\": \"between\"");
    step_bundled(draw, gives_back ? 0 : 1, gives_back ? "restore" : "use", !gives_back);
    step(draw, "\"commit\": \"stock\"");
    stage_close(draw, gives_back ? "\"work\": \"after\"" : "\"publish\": \"stock-reserved\"", false);
}

/* A stage whose answer is a matter of luck. */
static void stage_luck(struct draw *draw, const char *name, const char *ok_topic, const char *refused_topic)
{
    stage_open(draw, name, 3000);
    step(draw, "\"work\": \"decide\", \"refuse\": %.2f, \"otherwise\": [ { \"publish\": \"%s\" } ]",
         between(draw, 1, 50) / 100.0, refused_topic);
    if (chance(draw, 30)) step(draw, "\"work\": \"after\"");
    stage_close(draw, words(draw, "\"publish\": \"%s\"", ok_topic), false);
}

static void stage_accept(struct draw *draw)
{
    bool transaction = chance(draw, 30) || draw->faulty;
    stage_open(draw, "accept", 10000);
    if (!draw->crowded) step(draw, "\"work\": \"validate\"");
    if (transaction) step(draw, "\"begin\": \"orders\"");
    step(draw, "\"insert\": \"orders\"");
    if (draw->faulty) step(draw, "\"publish\": \"order-created\", \"via\": \"outbox\"");
    if (transaction) step(draw, "\"commit\": \"orders\"");
    bool replies_first = chance(draw, 25);
    if (replies_first) step(draw, "\"reply\": 202");
    if (!draw->faulty) step(draw, "\"publish\": \"order-created\"");
    if (chance(draw, 20)) {
        step(draw, "\"lock\": \"user\", \"otherwise\": [ { \"work\": \"give up\" } ]");
        step(draw, "\"unlock\": \"user\"");
    }
    if (chance(draw, 30)) step(draw, "\"work\": \"log\"");
    stage_close(draw, replies_first ? "\"work\": \"end\"" : "\"reply\": 202", false);
}

static void say_stages(struct draw *draw)
{
    SAY(draw, "\"stages\": {\n");
    stage_accept(draw);
    if (draw->bundled) {
        stage_bundle(draw, false);
        stage_bundle(draw, true);
    } else {
        stage_write(draw, "reserve-stock", 8000, 0, "reserve", "stock-reserved", "stock-failed");
        stage_write(draw, "restore-stock", 4000, 0, "restore", NULL, NULL);
    }
    if (draw->leg[1]) {
        stage_write(draw, "use-coupon", 3000, 1, "use", "coupon-used", "coupon-failed");
        stage_write(draw, "restore-coupon", 2000, 1, "restore", NULL, NULL);
    }
    if (draw->leg[2]) stage_luck(draw, "check-risk", "risk-ok", "risk-failed");
    stage_open(draw, "decide", 1000);
    step(draw, "\"work\": \"look up\"");
    stage_close(draw, "\"join\": \"order\"", false);
    if (chance(draw, 80))
        stage_write(draw, "pay", 5000, 2, "debit", "order-completed", "payment-failed");
    else
        stage_luck(draw, "pay", "order-completed", "payment-failed");
    if (draw->faulty) stage_write(draw, "refund", 3000, 2, "restore", NULL, NULL);
    SAY(draw, "  \"post-process\": { \"time\": %s, \"steps\": [ { \"work\": \"prepare\", \"share\": 1 }, "
        "{ \"publish\": \"send-order-data\" } ] },\n", time_of(draw, 1000));
    SAY(draw, "  \"send\": { \"time\": %s, \"steps\": [ { \"work\": \"http\", \"share\": 1 } ] }\n",
        time_of(draw, 5000));
    SAY(draw, "},\n");
}

/* ---- load and orders ---- */

static void say_executor(struct draw *draw, int index, uint32_t orders)
{
    uint32_t seconds = between(draw, 1, draw->crowded ? 4 : 12);
    SAY(draw, "  \"load-%d\": { \"startTime\": \"%us\", ", index, chance(draw, 40) ? below(draw, 5) : 0);
    if (draw->contended && chance(draw, 30)) { /* who is dropped depends on how busy the pool is */
        uint32_t vus = spread(draw, 20);
        SAY(draw, "\"preAllocatedVUs\": %u, \"maxVUs\": %u, ", vus, vus + below(draw, 5));
    }
    switch (below(draw, 4)) {
    case 0:
        SAY(draw, "\"executor\": \"constant-arrival-rate\", \"rate\": %u, \"duration\": \"%us\" }",
            orders / seconds + 1, seconds);
        break;
    case 1:
        SAY(draw, "\"executor\": \"poisson\", \"rate\": %u, \"duration\": \"%us\" }", orders / seconds + 1, seconds);
        break;
    case 2:
        SAY(draw, "\"executor\": \"bursts\", \"size\": %u, \"every\": \"%ums\", \"duration\": \"%us\" }",
            orders / 4 + 1, seconds * 250 + 1, seconds);
        break;
    default:
        SAY(draw, "\"executor\": \"ramping-arrival-rate\", \"startRate\": %u, \"stages\": [ { \"target\": %u, "
            "\"duration\": \"%us\" }, { \"target\": 0, \"duration\": \"%us\" } ] }", below(draw, 5),
            orders / seconds + 1, seconds, seconds);
    }
}

static void say_load(struct draw *draw)
{
    uint32_t n = spread(draw, 3), orders = between(draw, 50, 400);
    SAY(draw, "\"load\": { \"scenarios\": {\n");
    for (uint32_t i = 0; i < n; i++) {
        say_executor(draw, (int)i, orders / n);
        SAY(draw, "%s\n", i + 1 < n ? "," : "");
    }
    SAY(draw, "} },\n");
}

static const char *choice(struct draw *draw, uint32_t few)
{
    if (!draw->contended) return words(draw, "{ \"uniform\": [1, %u] }", MANY);
    switch (below(draw, 3)) {
    case 0: return words(draw, "{ \"zipf\": { \"from\": 1, \"to\": %u, \"exponent\": 1.2 } }", few);
    case 1: return words(draw, "{ \"hot\": { \"values\": [%u], \"share\": 0.%u, \"to\": %u } }", between(draw, 1, few),
                         between(draw, 10, 95), few);
    default: return words(draw, "{ \"uniform\": [1, %u] }", few);
    }
}

static void say_orders(struct draw *draw)
{
    SAY(draw, "\"orders\": { \"first_id\": %u, ", chance(draw, 50) ? 1 : between(draw, 1, 100000));
    if (chance(draw, 20)) SAY(draw, "\"at_most\": %u, ", between(draw, 20, 200));
    SAY(draw, "\"user\": %s, \"item\": %s, ", choice(draw, spread(draw, 40)), choice(draw, spread(draw, 20)));
    SAY(draw, "\"quantity\": { \"uniform\": [1, 3] }, \"amount\": { \"uniform\": [1, 100] }");
    if (draw->bundled || (draw->leg[1] && chance(draw, 80))) {
        uint32_t few = draw->bundled ? spread(draw, 5) : between(draw, 2, 200);
        const char *values =
            draw->contended ? words(draw, "\"uniform\": [1, %u]", few) : "\"uniform\": [1, 1000000000]";
        SAY(draw, ", \"coupon\": { %s, \"given\": 0.%u }", values, between(draw, 1, 9));
    }
    SAY(draw, " },\n");
}

/* ---- kafka ---- */

static void say_topic(struct draw *draw, const char *name, bool is_last)
{
    uint32_t partitions = between(draw, 1, MOST_PARTITIONS);
    if (strcmp(name, draw->entry.topic) == 0) draw->entry.partitions = partitions;
    if (strcmp(name, draw->pay.topic) == 0) draw->pay.partitions = partitions;
    const char *key = chance(draw, 60) ? "order_id" : PICK(draw, "null", "user", "item", "id_modulo");
    if (strcmp(key, "null") != 0) draw->keyed[draw->n_keyed++] = name;
    SAY(draw, "  \"%s\": { \"partitions\": %u, \"key\": \"%s\", \"record_bytes\": %u, ", name, partitions, key,
        between(draw, 100, 30000));
    if (!draw->faulty && chance(draw, 20)) /* what waits in a client dies with it */
        SAY(draw, "\"linger\": \"%ums\", \"batch_bytes\": %u, ", between(draw, 1, 8), between(draw, 1000, 100000));
    SAY(draw, "\"append\": %s }%s\n", network(draw, 1500), is_last ? "" : ",");
}

static void say_topics(struct draw *draw)
{
    static const char *const always[] = { "order-created", "stock-reserved", "stock-failed", "restore-stock",
                                          "process-payment", "order-completed", "payment-failed" };
    static const char *const coupon[] = { "coupon-used", "coupon-failed", "restore-coupon" };
    static const char *const risk[] = { "risk-ok", "risk-failed" };
    SAY(draw, "\"topics\": {\n");
    for (int i = 0; i < 7; i++) say_topic(draw, always[i], false);
    for (int i = 0; i < 3 && draw->leg[1]; i++) say_topic(draw, coupon[i], false);
    for (int i = 0; i < 2 && draw->leg[2]; i++) say_topic(draw, risk[i], false);
    if (draw->faulty) say_topic(draw, "refund-points", false);
    say_topic(draw, "send-order-data", true);
    SAY(draw, "},\n");
}

/* Not in a crowd: consumers that start at one instant would ask for what they need at one instant, a tie. */
static void say_start(struct draw *draw)
{
    if (chance(draw, 15) && !draw->crowded) SAY(draw, "\"start\": \"%ums\", ", between(draw, 1, 8000));
    if (!chance(draw, 10)) return;
    bool latest = !draw->drawn->independent && !draw->faulty && chance(draw, 30);
    SAY(draw, "\"cold\": true, \"reset\": \"%s\", \"rebalance_delay\": \"%ums\", ", latest ? "latest" : "earliest",
        between(draw, 0, 3000));
    draw->drawn->misses |= latest;
}

/* What waits for one group waits for another, too, as far back as its own backlog goes. */
static void say_backlog(struct draw *draw, struct waiting *waiting)
{
    SAY(draw, "\"backlog\": { \"%s\": [", waiting->topic);
    for (uint32_t p = 0; p < waiting->partitions; p++) {
        uint32_t records = below(draw, 40);
        SAY(draw, "%s%u", p ? ", " : "", records);
        if (records <= waiting->most[p]) continue;
        draw->drawn->waiting += records - waiting->most[p];
        waiting->most[p] = records;
    }
    SAY(draw, "] }, ");
}

/* A batch fits into the time between two polls, unless something is slow: then its consumer is put out. Not where a
 * lease is short (say_group): records that lose it again and again would put out whoever tries, without end. */
static void say_members(struct draw *draw, bool polls_often)
{
    uint32_t session_s = between(draw, 6, 45);
    SAY(draw, "\"session_timeout\": \"%us\", \"heartbeat_interval\": \"%ums\", ", session_s,
        between(draw, 100, session_s * 300));
    SAY(draw, "\"max_poll_interval\": \"%us\", ", polls_often ? between(draw, 1, 6) : between(draw, 100, 300));
    if (chance(draw, 20)) SAY(draw, "\"rebalance_timeout\": \"%us\", ", between(draw, 1, 60));
    SAY(draw, "\"static_members\": %s, ", chance(draw, 30) ? "true" : "false");
    SAY(draw, "\"backoff\": \"%ums\", \"backoff_multiplier\": %u, \"backoff_max\": \"2s\", ", between(draw, 1, 1000),
        between(draw, 1, 3));
}

/* In one group of ten, and not in a crowd: what waits in a log from the start would be due at one instant. */
static void say_due_after(struct draw *draw)
{
    if (draw->crowded) return;
    const uint32_t due_ms = aside(draw, 5000);
    if (due_ms > 0 && due_ms <= 500) SAY(draw, "\"due_after\": \"%ums\", ", due_ms);
}

static void say_group(struct draw *draw, const char *name, const char *reads, bool is_last)
{
    const char *mode = chance(draw, 40) ? "batch" : PICK(draw, "record", "manual", "time", "count");
    const bool polls_often = draw->faulty && chance(draw, 30) && !draw->short_lease;
    SAY(draw, "  \"%s\": { \"consumers\": %u, ", name, between(draw, 1, 6));
    say_start(draw);
    SAY(draw, "\"assignor\": \"%s\", ", PICK(draw, "range", "round-robin", "cooperative-sticky"));
    SAY(draw, "\"fetch_order\": \"%s\", ", PICK(draw, "java", "java-3.6", "arrival"));
    SAY(draw, "\"commit_mode\": \"%s\", \"commit_count\": %u, \"commit_time\": \"%ums\", ", mode, spread(draw, 50),
        between(draw, 1, 6000));
    SAY(draw, "\"max_poll_records\": %u, \"max_partition_fetch_bytes\": %u, ", spread(draw, polls_often ? 10 : 500),
        between(draw, 1000, 300000));
    SAY(draw, "\"fetch_max_wait\": \"%ums\", ", chance(draw, 50) ? 500 : between(draw, 1, 100));
    SAY(draw, "\"fetch\": %s, \"commit\": %s, ", network(draw, 1000), network(draw, 3000));
    if (chance(draw, 30)) SAY(draw, "\"poll\": %s, ", time_of(draw, 500));
    say_due_after(draw);
    if (draw->repeats) SAY(draw, "\"deliveries\": 1000000, ");
    if (draw->faulty) say_members(draw, polls_often);
    if (strstr(reads, draw->entry.topic) && chance(draw, 15)) say_backlog(draw, &draw->entry);
    if (strstr(reads, draw->pay.topic) && chance(draw, 10)) say_backlog(draw, &draw->pay);
    SAY(draw, "\"reads\": { %s } }%s\n", reads, is_last ? "" : ",");
}

static void say_groups(struct draw *draw)
{
    SAY(draw, "\"groups\": {\n");
    say_group(draw, "stock", "\"order-created\": \"reserve-stock\", \"restore-stock\": \"restore-stock\"", false);
    if (draw->leg[1])
        say_group(draw, "coupon", "\"order-created\": \"use-coupon\", \"restore-coupon\": \"restore-coupon\"", false);
    if (draw->leg[2]) say_group(draw, "risk", "\"order-created\": \"check-risk\"", false);
    say_group(draw, "flow", words(draw, "\"stock-reserved\": \"decide\", \"stock-failed\": \"decide\", %s%s"
                                  "\"order-completed\": \"decide\", \"payment-failed\": \"decide\"",
                                  draw->leg[1] ? "\"coupon-used\": \"decide\", \"coupon-failed\": \"decide\", " : "",
                                  draw->leg[2] ? "\"risk-ok\": \"decide\", \"risk-failed\": \"decide\", " : ""), false);
    say_group(draw, "payment",
              draw->faulty ? "\"process-payment\": \"pay\", \"refund-points\": \"refund\"" : "\"process-payment\": \"pay\"",
              false);
    say_group(draw, "post", "\"order-completed\": \"post-process\"", false);
    say_group(draw, "external", "\"send-order-data\": \"send\"", true);
    SAY(draw, "},\n");
}

static void say_flow(struct draw *draw)
{
    SAY(draw,
        "\"flow\": { \"guard\": \"%s\",%s\n  \"then\": { \"publish\": \"process-payment\", \"ok\": \"order-completed\", "
        "\"failed\": \"payment-failed\"%s },\n  \"legs\": {\n",
        PICK(draw, "compare-and-set", "row-lock"), draw->faulty ? " \"sends\": \"outbox\"," : "",
        draw->faulty ? ", \"undo\": \"refund-points\"" : "");
    if (draw->leg[1])
        SAY(draw, "    \"coupon\": { \"ok\": \"coupon-used\", \"failed\": \"coupon-failed\", \"undo\": "
                  "\"restore-coupon\" },\n");
    if (draw->leg[2]) SAY(draw, "    \"risk\": { \"ok\": \"risk-ok\", \"failed\": \"risk-failed\" },\n");
    SAY(draw, "    \"stock\": { \"ok\": \"stock-reserved\", \"failed\": \"stock-failed\", \"undo\": \"restore-stock\" "
              "} } },\n");
}

/* ---- servers ---- */

static void say_tables(struct draw *draw)
{
    const char *store = draw->has_store ? ", \"store\": \"database\"" : "";
    uint32_t stock = !draw->contended ? 2 : chance(draw, 40) ? between(draw, 1, 200) : MANY;
    uint32_t points = !draw->contended ? 90 : chance(draw, 40) ? between(draw, 50, 5000) : MANY;
    if (draw->has_store || draw->has_redis) {
        SAY(draw, "\"stores\": {\n");
        if (draw->has_store) {
            const uint32_t capacity = draw->crowded ? between(draw, 1, 2) : chance(draw, 60) ? between(draw, 1, 4) : 0;
            SAY(draw, "  \"database\": { \"capacity\": %u", capacity);
            if (chance(draw, 50)) SAY(draw, ", \"group_commit\": true, \"flush\": %s", time_of(draw, 2000));
            SAY(draw, " }%s\n", draw->has_redis ? "," : "");
        }
        if (draw->has_redis) SAY(draw, "  \"redis\": { \"capacity\": %u }\n", between(draw, 1, 3));
        SAY(draw, "},\n");
    }
    const char *wait = draw->short_row_wait ? words(draw, ", \"lock_timeout\": \"%ums\"", between(draw, 1, 30)) : "";
    SAY(draw, "\"tables\": {\n  \"stock\": { \"key\": \"item\", \"rows\": %u, \"quantity\": %u%s%s },\n", MANY, stock,
        store, wait);
    SAY(draw, "  \"points\": { \"key\": \"user\", \"rows\": %u, \"quantity\": %u%s%s },\n", MANY, points, store, wait);
    if (draw->leg[1] || draw->bundled)
        SAY(draw, "  \"coupons\": { \"key\": \"coupon\", \"rows\": %u, \"quantity\": %u%s },\n",
            chance(draw, 90) ? 1000000000u : 0, draw->bundled ? between(draw, 1, 100) : 1, store);
    SAY(draw, "  \"orders\": { \"key\": \"order_id\"%s }\n},\n", store);
}

/* Whoever dies in a lock leaves it to its time to live: hours would be too long. */
static const char *faulty_lease(struct draw *draw, int table, const char *kind)
{
    bool watched = draw->way[table] == WAY_ABSOLUTE || chance(draw, 40);
    if (watched)
        return words(draw, "\"kind\": \"%s\", \"lease\": \"watchdog\", \"renewal\": \"%s\", \"command_timeout\": \"%ums\"",
                     kind, draw->guarded ? PICK(draw, "client", "lock") : "client", between(draw, 100, 3000));
    return words(draw, "\"kind\": \"%s\", \"lease\": \"%ums\"", kind,
                 draw->short_lease ? between(draw, 15, 45) : between(draw, 500, 10000));
}

static void say_locks(struct draw *draw)
{
    const char *store = draw->has_redis ? ", \"store\": \"redis\"" : "";
    SAY(draw, "\"locks\": {\n");
    for (int i = 0; i < N_TABLES; i++) {
        uint32_t wait_ms = draw->short_lock_wait ? between(draw, 0, 40) : 3600000;
        uint32_t lease_ms = draw->short_lease ? between(draw, 15, 45) : 3600000;
        const char *lease = words(draw, "\"lease\": \"%ums\"", lease_ms);
        if (draw->faulty) {
            const char *kind = PICK(draw, "reentrant", "reentrant", "fair", "spin", "fenced");
            /* Behind the place of one who died nobody is woken: a long wait for a free lock could follow another. */
            if (strcmp(kind, "fair") == 0) wait_ms = between(draw, 20, 500);
            lease = faulty_lease(draw, i, kind);
        }
        SAY(draw, "  \"%s\": { \"key\": \"%s\", \"wait\": \"%ums\", %s, \"push\": %s%s }%s\n", locks[i], locks[i], wait_ms,
            lease, network(draw, 300), store, i + 1 < N_TABLES ? "," : "");
    }
    SAY(draw, "},\n");
}

/* A wait beyond the lease never ends, nor does one that waits for itself. */
static uint32_t connections(struct draw *draw)
{
    if (draw->crowded) return between(draw, 1, 2);
    return chance(draw, 30) ? 0 : draw->short_lease || draw->has_outer ? 50 : spread(draw, 10);
}

static void say_processes(struct draw *draw)
{
    uint32_t n = draw->n_processes = between(draw, 1, 3);
    SAY(draw, "\"processes\": {\n");
    for (uint32_t p = 0; p < n; p++) {
        bool api = p == 0, first = true;
        draw->instances[p] = between(draw, 1, 3);
        SAY(draw, "  \"process-%u\": { \"instances\": %u, \"connections\": %u, ", p, draw->instances[p],
            connections(draw));
        if (api)
            SAY(draw, "\"api\": { \"threads\": %u, \"stage\": \"accept\" }, ", spread(draw, draw->crowded ? 4 : 50));
        else if (draw->short_connection_wait) SAY(draw, "\"connection_timeout\": \"%ums\", ", between(draw, 1, 30));
        if (draw->faulty)
            SAY(draw, "\"outbox\": { \"poll\": \"%ums\", \"batch\": %u, \"time\": %s }, ", between(draw, 1, 500),
                spread(draw, 100), network(draw, 500));
        SAY(draw, "\"groups\": [");
        for (uint32_t g = 0; g < N_HOSTED; g++) {
            if (g % n != p || (g == 5 && !draw->leg[1]) || (g == 6 && !draw->leg[2])) continue;
            SAY(draw, "%s\"%s\"", first ? "" : ", ", hosted[g]);
            first = false;
        }
        SAY(draw, "] }%s\n", p + 1 < n ? "," : "");
    }
    SAY(draw, "},\n");
}

/* ---- faults ---- */

/* A stage that the process runs; of any process with N_HOSTED. */
static uint32_t stage_of(struct draw *draw, uint32_t process)
{
    static const struct {
        const char *stage;
        uint32_t group; /* in hosted; N_HOSTED: the API */
    } at[] = { { "accept", N_HOSTED }, { "reserve-stock", 0 }, { "restore-stock", 0 }, { "decide", 1 }, { "pay", 2 },
               { "refund", 2 }, { "use-coupon", 5 }, { "restore-coupon", 5 }, { "check-risk", 6 } };
    const uint32_t first = below(draw, draw->n_stages);
    for (uint32_t i = 0; i < draw->n_stages; i++) {
        const uint32_t which = (first + i) % draw->n_stages;
        for (uint32_t k = 0; k < sizeof at / sizeof at[0]; k++)
            if (strcmp(at[k].stage, draw->stage[which].name) == 0 &&
                (process == N_HOSTED || (at[k].group == N_HOSTED ? process == 0 : at[k].group % draw->n_processes == process)))
                return which;
    }
    return NOWHERE;
}

/* For so long, at times that follow one another at some distance. */
static void say_when(struct draw *draw, uint32_t process, uint32_t for_ms, bool by_step)
{
    const uint32_t stage = by_step ? stage_of(draw, process) : NOWHERE;
    if (stage != NOWHERE && chance(draw, 40)) {
        SAY(draw, "\"when\": { \"stage\": \"%s\", \"step\": %u, \"phase\": \"%s\", \"nth\": %u }", draw->stage[stage].name,
            below(draw, draw->stage[stage].n_steps), PICK(draw, "before", "after"), between(draw, 1, 40));
        return;
    }
    switch (draw->guarded ? below(draw, 5) : 4) {
    case 0:
        SAY(draw, "\"every\": \"%ums\", \"from\": \"%ums\", \"until\": \"20s\"", 500 + 3 * for_ms, below(draw, 10000));
        return;
    case 1: SAY(draw, "\"rate_per_h\": %u, \"until\": \"%us\"", between(draw, 100, 3000), between(draw, 1, 30)); return;
    default: SAY(draw, "\"at\": \"%ums\"", below(draw, 20000)); return;
    }
}

static void say_process_fault(struct draw *draw, const char *kind)
{
    const uint32_t process = below(draw, draw->n_processes), for_ms = spread(draw, draw->guarded ? 60000 : 4000);
    const bool pauses = strcmp(kind, "pause") == 0, restarts = strcmp(kind, "restart") == 0;
    SAY(draw, "\"%s\": \"process-%u\", ", kind, process);
    if (chance(draw, 50)) SAY(draw, "\"instance\": %u, ", below(draw, draw->instances[process]));
    if (restarts)
        SAY(draw, "\"rolling\": %s, \"kill_after\": \"%ums\", ", chance(draw, 60) ? "true" : "false", spread(draw, 10000));
    SAY(draw, "\"%s\": \"%ums\", ", pauses ? "for" : "back_after", for_ms);
    say_when(draw, process, for_ms, !restarts);
}

static void say_server_fault(struct draw *draw, const char *kind)
{
    const bool fails_over = strcmp(kind, "failover") == 0;
    const uint32_t for_ms = spread(draw, 10000);
    const char *server = fails_over ? "redis" : draw->guarded ? PICK(draw, "database", "redis", "kafka")
                                                              : PICK(draw, "database", "kafka");
    SAY(draw, "\"%s\": \"%s\", ", kind, server);
    if (fails_over) SAY(draw, "\"lost\": \"%ums\", ", spread(draw, 2000));
    else if (strcmp(server, "redis") == 0)
        SAY(draw, "\"answers_only\": %s, \"loses_keys\": %s, ", chance(draw, 60) ? "true" : "false",
            chance(draw, 30) ? "true" : "false");
    SAY(draw, "\"for\": \"%ums\", ", for_ms);
    say_when(draw, N_HOSTED, for_ms, true);
}

static void say_slow(struct draw *draw)
{
    const char *what = chance(draw, 50) ? draw->stage[below(draw, draw->n_stages)].name
                                        : PICK(draw, "database", "redis", "kafka");
    const uint32_t for_ms = spread(draw, 5000);
    SAY(draw, "\"slow\": \"%s\", \"factor\": %u.%u, \"for\": \"%ums\", ", what, spread(draw, 30), below(draw, 10), for_ms);
    say_when(draw, N_HOSTED, for_ms, true);
}

static void say_shared_fault(struct draw *draw, const char *kind, const char *target)
{
    const uint32_t for_ms = spread(draw, 8000);
    SAY(draw, "\"%s\": \"%s\", \"share\": 0.%u, \"for\": \"%ums\", ", kind, target, between(draw, 1, 9), for_ms);
    say_when(draw, N_HOSTED, for_ms, false);
}

static void say_fault(struct draw *draw)
{
    switch (below(draw, draw->guarded ? 10 : 9)) {
    case 0: say_process_fault(draw, "pause"); return;
    case 1:
    case 2: say_process_fault(draw, "crash"); return;
    case 3: say_process_fault(draw, "restart"); return;
    case 4:
        SAY(draw, "\"scale\": \"%s\", \"to\": %u, ", PICK(draw, "stock", "flow", "payment", "post"), between(draw, 1, 6));
        say_when(draw, N_HOSTED, 1000, false);
        return;
    case 5: say_server_fault(draw, "outage"); return;
    case 6: say_slow(draw); return;
    case 7:
        if (draw->n_keyed > 0) say_shared_fault(draw, "duplicate", draw->keyed[below(draw, draw->n_keyed)]);
        else say_slow(draw);
        return;
    case 8: say_shared_fault(draw, "drop", PICK(draw, "item", "coupon", "user")); return;
    default: say_server_fault(draw, "failover"); return;
    }
}

static void say_faults(struct draw *draw)
{
    const uint32_t n = spread(draw, 8);
    SAY(draw, "\"faults\": {\n");
    for (uint32_t i = 0; i < n; i++) {
        SAY(draw, "  \"fault-%u\": { ", i);
        say_fault(draw);
        SAY(draw, " }%s\n", i + 1 < n ? "," : "");
    }
    SAY(draw, "},\n");
}

/* ---- the whole ---- */

static void draw_character(struct draw *draw)
{
    draw->contended = chance(draw, 75);
    draw->drawn->independent = !draw->contended;
    draw->zero_network = chance(draw, 20);
    draw->short_lock_wait = draw->contended && chance(draw, 25);
    draw->short_lease = draw->contended && chance(draw, 25);
    draw->short_connection_wait = draw->contended && chance(draw, 15);
    draw->has_outer = chance(draw, 15);
    draw->has_store = chance(draw, 40);
    draw->has_redis = chance(draw, 20);
    draw->leg[0] = true;
    draw->leg[1] = chance(draw, 70);
    draw->leg[2] = chance(draw, 25);
    draw->bundled = !draw->leg[1] && chance(draw, 60);
    draw->short_row_wait = draw->contended && chance(draw, 10);
    for (int i = 0; i < N_TABLES; i++) {
        draw->way[i] = (enum way)below(draw, WAYS);
        /* An absolute write is right only while its lock holds. */
        if (draw->short_lease && draw->way[i] == WAY_ABSOLUTE) draw->way[i] = WAY_LOCKED;
        draw->repeats |= draw->way[i] == WAY_VERSION;
    }
    draw->repeats |= draw->faulty || draw->short_lock_wait || draw->short_lease || draw->short_connection_wait ||
                     draw->short_row_wait || draw->bundled;
}

/* Servers that may go away, and marks for whatever may come again. */
static void draw_faulty_character(struct draw *draw)
{
    draw->has_store = draw->has_redis = true;
    draw->guarded = true;
    for (int i = 0; i < N_TABLES; i++) draw->guarded &= draw->way[i] != WAY_ABSOLUTE;
}

static void draw_crowded_character(struct draw *draw)
{
    draw->has_store = true;
    /* A record that is there at once would come to its reader at the instant at which its sender ends: a tie. */
    draw->zero_network = false;
    draw->has_outer = draw->short_lease = false;
}

enum kind { USUAL, FAULTY, CROWDED };

static struct drawn scenario_drawn(uint64_t seed, enum kind kind, struct arena *arena)
{
    struct drawn drawn = { .seed = seed };
    struct draw draw = { .state = seed * 0x632be59bd9b4e019u, .arena = arena, .drawn = &drawn,
                         .faulty = kind == FAULTY, .crowded = kind == CROWDED,
                         .entry = { .topic = "order-created" }, .pay = { .topic = "process-payment" } };
    size_t length = 0;
    char *text = NULL;
    draw.out = open_memstream(&text, &length);
    SIM_ASSERT(draw.out);
    draw_character(&draw);
    if (draw.faulty) draw_faulty_character(&draw);
    if (draw.crowded) draw_crowded_character(&draw);
    SAY(&draw, "{\n\"name\": \"drawn\",\n\"run\": { \"seed\": %u, \"at_most\": \"1000h\" },\n",
        between(&draw, 1, 1000));
    say_load(&draw);
    say_orders(&draw);
    say_topics(&draw);
    say_tables(&draw);
    say_locks(&draw);
    say_processes(&draw);
    say_groups(&draw);
    say_stages(&draw);
    say_flow(&draw);
    if (draw.faulty) say_faults(&draw);
    SAY(&draw, "\"checkpoints\": { \"early\": \"1s\", \"later\": \"7s\" }\n}\n");
    fclose(draw.out);
    drawn.text = arena_strdup(arena, text);
    free(text);
    return drawn;
}

struct drawn scenario_draw(uint64_t seed, struct arena *arena) { return scenario_drawn(seed, USUAL, arena); }

struct drawn scenario_draw_faulty(uint64_t seed, struct arena *arena) { return scenario_drawn(seed, FAULTY, arena); }

struct drawn scenario_draw_crowded(uint64_t seed, struct arena *arena) { return scenario_drawn(seed, CROWDED, arena); }
