/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/drawn_trial.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 512 };

const char *drawn_words(struct drawn_trial *at, const char *format, ...)
{
    char text[WORDS];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return arena_strdup(&at->words, text);
}

/* ---- runs ---- */

const char *drawn_run(struct drawn_trial *at, int memory, struct witness *out, struct witness_options options)
{
    struct sim_err err = { 0 };
    arena_reset(&at->own[memory]);
    if (witness_run(out, at->trial.plan, at->trial.study.scenario.seed, 0, &options, &at->own[memory], &err))
        return NULL;
    return drawn_words(at, "the run ended with: %s", err.text);
}

const char *drawn_run_differs(struct drawn_trial *at, const struct witness *plain, const char *how,
                              struct witness_options options)
{
    struct witness other;
    const char *wrong = drawn_run(at, 1, &other, options);
    if (!wrong) wrong = witness_difference(plain, &other, &at->words);
    return wrong ? drawn_words(at, "%s: %s", how, wrong) : NULL;
}

struct work {
    struct drawn_trial *at;
    int memory;
    struct witness witness;
    const char *wrong;
};

static void *work(void *context)
{
    struct work *work = context;
    work->wrong = drawn_run(work->at, work->memory, &work->witness, (struct witness_options){ 0 });
    return NULL;
}

const char *drawn_threads_differ(struct drawn_trial *at, const struct witness *plain)
{
    struct work job[2] = { { .at = at, .memory = 1 }, { .at = at, .memory = 2 } };
    pthread_t thread[2];
    for (int i = 0; i < 2; i++)
        if (pthread_create(&thread[i], NULL, work, &job[i]) != 0) return "no thread";
    for (int i = 0; i < 2; i++) pthread_join(thread[i], NULL);
    for (int i = 0; i < 2; i++) {
        if (job[i].wrong) return job[i].wrong;
        const char *difference = witness_difference(plain, &job[i].witness, &at->words);
        if (difference) return drawn_words(at, "on two threads: %s", difference);
    }
    return NULL;
}

/* ---- seeds ---- */

static void report(const struct drawn_trial *at, const char *program, const char *wrong)
{
    char path[512];
    const char *build = getenv("BUILD"), *name = strrchr(program, '/');
    snprintf(path, sizeof path, "%s/%s-%llu.json", build ? build : "build", name ? name + 1 : program,
             (unsigned long long)at->seed);
    FILE *file = fopen(path, "w");
    if (file) {
        fputs(at->drawn.text, file);
        fclose(file);
    }
    fprintf(stderr, "seed %llu: %s\n  scenario: %s\n  again: %s %llu\n", (unsigned long long)at->seed, wrong,
            file ? path : "(not written)", program, (unsigned long long)at->seed);
}

/* An assertion within the models ends the program: say where. */
static struct drawn_trial *current;
static const char *program_name;

static void on_abort(int signal_number)
{
    report(current, program_name, "a fault in the simulator itself, see above");
    (void)signal_number;
}

struct drawn_seeds drawn_seeds_of(int argc, char **argv, uint64_t n)
{
    struct drawn_seeds seeds = { .first = 1, .n = n, .program = argv[0] };
    if (argc > 1) seeds.first = strtoull(argv[1], NULL, 10), seeds.n = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    return seeds;
}

uint64_t drawn_seeds_check(const struct drawn_seeds *seeds, struct drawn (*draw)(uint64_t seed, struct arena *arena),
                           const char *(*check)(void *context, struct drawn_trial *at), void *context)
{
    uint64_t failed = 0;
    signal(SIGABRT, on_abort);
    program_name = seeds->program;
    for (uint64_t seed = seeds->first; seed < seeds->first + seeds->n; seed++) {
        struct drawn_trial at = { .seed = seed };
        current = &at;
        arena_init(&at.words);
        for (int i = 0; i < DRAWN_MEMORIES; i++) arena_init(&at.own[i]);
        at.drawn = draw(seed, &at.words);
        trial_open(&at.trial, at.drawn.text, NULL, 0);
        const char *wrong = check(context, &at);
        if (wrong) report(&at, seeds->program, wrong);
        failed += wrong != NULL;
        trial_close(&at.trial);
        for (int i = 0; i < DRAWN_MEMORIES; i++) arena_fini(&at.own[i]);
        arena_fini(&at.words);
    }
    return failed;
}
