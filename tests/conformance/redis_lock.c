/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: the lock's scripts in the model (models/redis/lock_script.h, token.c) answer as a real Redis does.
 * Method: random histories of three to five owners on a key each: acquire, acquire again while holding, renew,
 * unlock, unlock by somebody else, and waiting until a lease of 20 to 200 ms is over. What Redisson's scripts do is
 * written here in Lua of our own and run by the server; each answer comes with the server's own time, at which the
 * model then runs its script. Answers, hold counts, owners and tokens must be equal, times to live within TOLERANCE of
 * one another. Where a command comes within TOLERANCE of the end of a lease both answers are right; the model then
 * takes the server's, and such cases must be few. Hundreds of histories run side by side, each on its own key.
 *
 *   redis_lock PORT HISTORIES SEED */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "models/redis/entry.h"
#include "models/redis/lock_script.h"
#include "sim/engine/random.h"

enum { OPS = 20, SIDE_BY_SIDE = 500, OWNERS_MAX = 5, FORGET_MS = 10000 };

/* Redis keeps ends of leases in whole milliseconds. A script that the machine held up for longer than this has set or read
 * a lease later than it said: by so much the rest of its history may differ. */
#define TOLERANCE_NS (2 * SIM_MS)

/* Each answers { seconds, microseconds, answer, owner's hold count, time to live left (-2: no key), seconds and
 * microseconds at its end, last token }. The token's key has no time to live. */
#define AT_ITS_END "local k = tonumber(redis.call('get', KEYS[2]) or 0) local e = redis.call('time') "
static const char ACQUIRE[] =
    "local t = redis.call('time') local a = -1 "
    "if redis.call('exists', KEYS[1]) == 1 and redis.call('hexists', KEYS[1], ARGV[1]) == 0 then "
    "  a = redis.call('pttl', KEYS[1]) "
    "else redis.call('incr', KEYS[2]) redis.call('hincrby', KEYS[1], ARGV[1], 1) "
    "  redis.call('pexpire', KEYS[1], ARGV[2]) end "
    "local c = tonumber(redis.call('hget', KEYS[1], ARGV[1]) or 0) local p = redis.call('pttl', KEYS[1]) " AT_ITS_END
    "return { t[1], t[2], a, c, p, e[1], e[2], k }";
static const char RELEASE[] =
    "local t = redis.call('time') local a = -1 "
    "if redis.call('hexists', KEYS[1], ARGV[1]) == 1 then "
    "  if redis.call('hincrby', KEYS[1], ARGV[1], -1) > 0 then redis.call('pexpire', KEYS[1], ARGV[2]) a = 0 "
    "  else redis.call('del', KEYS[1]) redis.call('publish', 'channel:' .. KEYS[1], '0') a = 1 end "
    "end "
    "local c = tonumber(redis.call('hget', KEYS[1], ARGV[1]) or 0) local p = redis.call('pttl', KEYS[1]) " AT_ITS_END
    "return { t[1], t[2], a, c, p, e[1], e[2], k }";
static const char RENEW[] =
    "local t = redis.call('time') local a = 0 "
    "if redis.call('hexists', KEYS[1], ARGV[1]) == 1 then redis.call('pexpire', KEYS[1], ARGV[2]) a = 1 end "
    "local c = tonumber(redis.call('hget', KEYS[1], ARGV[1]) or 0) local p = redis.call('pttl', KEYS[1]) " AT_ITS_END
    "return { t[1], t[2], a, c, p, e[1], e[2], k }";

enum op { OP_ACQUIRE, OP_RELEASE, OP_RENEW, OP_KINDS };
static const char *const op_name[OP_KINDS] = { "acquire", "release", "renew" };

struct answer { sim_ns now_ns, took_ns; long long answer, count, ttl_ms, token; };

struct history {
    uint64_t id, state;
    uint32_t n_owners, n_done;
    sim_ns due_ns;
    sim_ns tolerance_ns; /* of instants */
    struct lock_key model;
};

static struct {
    redisContext *redis;
    char *sha[OP_KINDS];
    struct locks locks; /* its counters of tokens */
    uint64_t n_commands, n_borderline, n_held_up, n_by_answer[OP_KINDS][3], n_expired, n_failed;
} test;

static uint32_t draw(struct history *history, uint32_t n)
{
    history->state = random_mix(history->state + 1);
    return (uint32_t)(history->state % n);
}

static sim_ns clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (sim_ns)now.tv_sec * SIM_S + now.tv_nsec;
}

static void give_up(const char *what)
{
    fprintf(stderr, "redis_lock: %s: %s\n", what, test.redis && test.redis->err ? test.redis->errstr : "");
    exit(1);
}

static void scripts_load(void)
{
    static const char *const text[OP_KINDS] = { ACQUIRE, RELEASE, RENEW };
    for (int i = 0; i < OP_KINDS; i++) {
        redisReply *reply = redisCommand(test.redis, "SCRIPT LOAD %s", text[i]);
        if (!reply || reply->type != REDIS_REPLY_STRING) give_up("SCRIPT LOAD");
        test.sha[i] = strdup(reply->str);
        freeReplyObject(reply);
    }
}

static struct answer at_server(enum op op, uint64_t key, uint32_t owner, long lease_ms)
{
    redisReply *reply = redisCommand(test.redis, "EVALSHA %s 2 lock:%llu token:%llu client:%u %ld", test.sha[op],
                                     (unsigned long long)key, (unsigned long long)key, owner, lease_ms);
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 8) give_up("EVALSHA");
    struct answer answer = {
        .now_ns = atoll(reply->element[0]->str) * SIM_S + atoll(reply->element[1]->str) * SIM_US,
        .answer = reply->element[2]->integer, .count = reply->element[3]->integer,
        .ttl_ms = reply->element[4]->integer, .token = reply->element[7]->integer };
    answer.took_ns =
        atoll(reply->element[5]->str) * SIM_S + atoll(reply->element[6]->str) * SIM_US - answer.now_ns;
    freeReplyObject(reply);
    return answer;
}

/* The same script in the model, at the server's time. */
static struct answer in_model(struct lock_key *key, enum op op, uint32_t owner, sim_ns lease_ns, sim_ns now_ns)
{
    struct answer answer = { .now_ns = now_ns };
    test.n_expired += script_expire(key, now_ns);
    switch (op) {
    case OP_ACQUIRE:
        answer.answer = script_acquire(key, owner, lease_ns, now_ns) ? -1 : (key->expires_ns - now_ns) / SIM_MS;
        break;
    case OP_RELEASE: answer.answer = (long long)script_release(key, owner, lease_ns, now_ns) - 1; break;
    case OP_RENEW: answer.answer = script_renew(key, owner, lease_ns, now_ns); break;
    case OP_KINDS: break;
    }
    answer.count = key->owner == owner ? key->count : 0;
    answer.ttl_ms = key->owner ? (key->expires_ns - now_ns) / SIM_MS : -2;
    return answer;
}

static bool is_same(enum op op, const struct answer *real, const struct answer *model, sim_ns tolerance_ns)
{
    long long most_ms = (tolerance_ns + SIM_MS - 1) / SIM_MS;
    bool same = op == OP_ACQUIRE && real->answer >= 0 && model->answer >= 0 ? llabs(real->answer - model->answer) <= most_ms :
                                                                             real->answer == model->answer;
    bool gone = real->ttl_ms < 0 || model->ttl_ms < 0;
    bool ttl = gone ? real->ttl_ms == model->ttl_ms : llabs(real->ttl_ms - model->ttl_ms) <= most_ms;
    return same && real->count == model->count && ttl;
}

static void play(struct history *history)
{
    uint32_t owner = 1 + draw(history, history->n_owners);
    enum op op = (enum op)draw(history, OP_KINDS);
    if (draw(history, 2) && history->model.owner) owner = history->model.owner; /* the holder acts as often as all */
    long lease_ms = 20 + (long)draw(history, 181);
    struct answer real = at_server(op, history->id, owner, lease_ms);
    struct lock_key before = history->model, other = before;
    struct answer model = in_model(&history->model, op, owner, lease_ms * SIM_MS, real.now_ns);
    if (real.took_ns > SIM_MS) {
        history->tolerance_ns += real.took_ns;
        test.n_held_up++;
    }
    bool borderline = before.owner && llabs(before.expires_ns - real.now_ns) <= history->tolerance_ns;
    test.n_commands++;
    test.n_by_answer[op][real.answer < 0 ? 0 : real.answer == 0 ? 1 : 2]++;
    if (!is_same(op, &real, &model, history->tolerance_ns) && borderline) { /* the lease is over, or it is not: as the server has it */
        other.expires_ns = before.expires_ns > real.now_ns ? real.now_ns : real.now_ns + 1;
        model = in_model(&other, op, owner, lease_ms * SIM_MS, real.now_ns);
        if (other.expires_ns == real.now_ns + 1) other.expires_ns = before.expires_ns;
        history->model = other;
        test.n_borderline++;
    }
    if (op == OP_ACQUIRE && model.answer < 0) token_count(&test.locks, 0, history->id);
    model.token = lock_token(&test.locks, 0, history->id);
    if (is_same(op, &real, &model, history->tolerance_ns) && real.token == model.token) return;
    if (test.n_failed++ < 10)
        printf("history %llu, command %u: %s by %u, %ld ms: Redis says %lld, count %lld, ttl %lld ms, token %lld; the "
               "model %lld, %lld, %lld, %lld\n", (unsigned long long)history->id, history->n_done, op_name[op], owner,
               lease_ms, real.answer, real.count, real.ttl_ms, real.token, model.answer, model.count, model.ttl_ms,
               model.token);
}

static void tokens_open(void)
{
    static struct arena arena;
    static struct sim sim;
    static const struct lock_spec fenced = { .kind = LOCK_FENCED };
    static const struct scenario scenario = { .n_locks = 1, .lock = &fenced };
    arena_init(&arena);
    sim_init(&sim, &arena);
    test.locks = (struct locks){ .sim = &sim, .scenario = &scenario };
    tokens_init(&test.locks);
}

static struct history *next_due(struct history *history, uint32_t n)
{
    struct history *next = NULL;
    for (uint32_t i = 0; i < n; i++)
        if (history[i].n_done < OPS && (!next || history[i].due_ns < next->due_ns)) next = &history[i];
    return next;
}

static void wait_until(sim_ns due_ns)
{
    sim_ns wait_ns = due_ns - clock_ns();
    if (wait_ns <= 0) return;
    struct timespec pause = { .tv_sec = wait_ns / SIM_S, .tv_nsec = wait_ns % SIM_S };
    nanosleep(&pause, NULL);
}

static void play_side_by_side(uint64_t first, uint32_t n, uint64_t seed)
{
    static struct history history[SIDE_BY_SIDE];
    sim_ns start_ns = clock_ns();
    for (uint32_t i = 0; i < n; i++) {
        history[i] = (struct history){ .id = first + i, .state = random_mix(seed ^ random_mix(first + i)) };
        history[i].tolerance_ns = TOLERANCE_NS;
        history[i].n_owners = 3 + draw(&history[i], OWNERS_MAX - 2);
        history[i].due_ns = start_ns + (sim_ns)draw(&history[i], 100) * SIM_MS;
    }
    for (struct history *next; (next = next_due(history, n)); next->n_done++) {
        wait_until(next->due_ns);
        play(next);
        /* Gaps of 0 to 60 ms, and now and then long enough for any lease to end. */
        next->due_ns += (sim_ns)(draw(next, 12) ? draw(next, 60000) : 210000) * SIM_US;
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "redis_lock PORT HISTORIES SEED\n");
        return 2;
    }
    uint64_t n = strtoull(argv[2], NULL, 10), seed = strtoull(argv[3], NULL, 10);
    test.redis = redisConnect("127.0.0.1", atoi(argv[1]));
    if (!test.redis || test.redis->err) give_up("connect");
    scripts_load();
    tokens_open();
    for (uint64_t first = 0; first < n; first += SIDE_BY_SIDE)
        play_side_by_side(first, n - first < SIDE_BY_SIDE ? (uint32_t)(n - first) : SIDE_BY_SIDE, seed);
    printf("%llu histories, %llu commands: acquire got %llu, refused %llu; unlock not owner %llu, still held %llu, "
           "freed %llu; renew no %llu, yes %llu; %llu leases ended; %llu at the very end of a lease, %llu held up\n",
           (unsigned long long)n, (unsigned long long)test.n_commands,
           (unsigned long long)test.n_by_answer[OP_ACQUIRE][0],
           (unsigned long long)(test.n_by_answer[OP_ACQUIRE][1] + test.n_by_answer[OP_ACQUIRE][2]),
           (unsigned long long)test.n_by_answer[OP_RELEASE][0], (unsigned long long)test.n_by_answer[OP_RELEASE][1],
           (unsigned long long)test.n_by_answer[OP_RELEASE][2], (unsigned long long)test.n_by_answer[OP_RENEW][1],
           (unsigned long long)test.n_by_answer[OP_RENEW][2], (unsigned long long)test.n_expired,
           (unsigned long long)test.n_borderline, (unsigned long long)test.n_held_up);
    bool few = test.n_borderline * 20 <= test.n_commands;
    if (!few) printf("too many commands came at the very end of a lease\n");
    printf("%llu passed, %llu failed\n", (unsigned long long)(test.n_commands - test.n_failed) + few,
           (unsigned long long)test.n_failed + !few);
    return test.n_failed > 0 || !few;
}
