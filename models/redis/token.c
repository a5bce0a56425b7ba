/* SPDX-License-Identifier: GPL-3.0-or-later
 * The counter beside a fenced lock's key: an INCR in the acquire script. It has no time to live, so it stays when the
 * key goes, and counts the acquires of its own key. Only a Redis that lacks what was written (accident.c) sets it back,
 * and then gives numbers that rows have noted before.
 *
 * Source: RedissonFencedLock.tryLockInnerAsync. */
#include "models/redis/entry.h"

struct token { uint64_t key; uint32_t lock /* + 1; 0: free */, value; };

/* An open hash, at most half full. A counter keeps its place to the end of the run. */
struct tokens { struct token *place; uint32_t n, n_places; };

enum { PLACES_AT_FIRST = 64 };

static struct token *places_new(struct locks *locks, uint32_t n)
{
    return arena_array(locks->sim->arena, struct token, n);
}

void tokens_init(struct locks *locks)
{
    bool needed = false;
    for (uint32_t i = 0; i < locks->scenario->n_locks; i++) needed |= locks->scenario->lock[i].kind == LOCK_FENCED;
    if (!needed) return;
    locks->tokens = arena_new(locks->sim->arena, struct tokens);
    *locks->tokens = (struct tokens){ places_new(locks, PLACES_AT_FIRST), 0, PLACES_AT_FIRST };
}

/* The key's place, or the free one that it would get. */
static struct token *place_of(const struct tokens *tokens, uint32_t lock, uint64_t key)
{
    uint32_t i = (uint32_t)random_mix(key * MAX_LOCKS + lock) % tokens->n_places;
    while (tokens->place[i].lock && (tokens->place[i].lock != lock + 1 || tokens->place[i].key != key))
        i = (i + 1) % tokens->n_places;
    return &tokens->place[i];
}

static void grow(struct locks *locks)
{
    struct tokens *tokens = locks->tokens;
    const struct tokens old = *tokens;
    tokens->n_places *= 2;
    tokens->place = places_new(locks, tokens->n_places);
    for (uint32_t i = 0; i < old.n_places; i++)
        if (old.place[i].lock) *place_of(tokens, old.place[i].lock - 1, old.place[i].key) = old.place[i];
}

uint32_t lock_token(const struct locks *locks, uint32_t lock, uint64_t key)
{
    return place_of(locks->tokens, lock, key)->value;
}

uint32_t token_count(struct locks *locks, uint32_t lock, uint64_t key)
{
    struct token *token = place_of(locks->tokens, lock, key);
    if (!token->lock) {
        if (2 * ++locks->tokens->n > locks->tokens->n_places) {
            grow(locks);
            token = place_of(locks->tokens, lock, key);
        }
        token->lock = lock + 1;
        token->key = key;
    }
    return ++token->value;
}

void token_take_back(struct locks *locks, uint32_t lock, uint64_t key)
{
    place_of(locks->tokens, lock, key)->value--;
}

void tokens_vanish(struct locks *locks, uint32_t store)
{
    struct tokens *tokens = locks->tokens;
    if (!tokens) return;
    for (uint32_t i = 0; i < tokens->n_places; i++)
        if (tokens->place[i].lock && locks->scenario->lock[tokens->place[i].lock - 1].store == store)
            tokens->place[i].value = 0;
}
