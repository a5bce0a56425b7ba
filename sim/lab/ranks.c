/* SPDX-License-Identifier: GPL-3.0-or-later
 * All of MPI. Nobody waits inside of it: it would burn a core for each that waits. Who waits looks again after a
 * thirty-second of the time it has waited already, so that what is lost is a share of what the job took. One mutex lets
 * one thread at a time into MPI. */
#include "sim/lab/ranks.h"

#ifdef SIM_MPI

#include <limits.h>
#include <mpi.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "sim/engine/ns.h"
#include "sim/lab/interrupt.h"
#include "sim/lab/run.h"

enum tag { TAG_JOB = 1, TAG_HOME, TAG_ANSWER, TAG_REFUSAL };
enum { INTERRUPTED = 130 };

struct ranks {
    uint32_t me, n;
    pthread_mutex_t mutex;
};

struct ranks *ranks_open(int *argc, char ***argv, struct arena *arena, struct sim_err *err)
{
    struct ranks *ranks = arena_new(arena, struct ranks);
    int given, me, n;
    if (MPI_Init_thread(argc, argv, MPI_THREAD_SERIALIZED, &given) != MPI_SUCCESS || given < MPI_THREAD_SERIALIZED) {
        sim_fail(err, SIM_ERUNTIME, NULL, "this MPI cannot be used by several threads in turn");
        return NULL;
    }
    MPI_Comm_rank(MPI_COMM_WORLD, &me);
    MPI_Comm_size(MPI_COMM_WORLD, &n);
    ranks->me = (uint32_t)me;
    ranks->n = (uint32_t)n;
    pthread_mutex_init(&ranks->mutex, NULL);
    return ranks;
}

uint32_t ranks_me(const struct ranks *ranks) { return ranks->me; }
uint32_t ranks_n(const struct ranks *ranks) { return ranks->n; }

void ranks_close(struct ranks *ranks, int code)
{
    if (code == INTERRUPTED) MPI_Abort(MPI_COMM_WORLD, code);
    for (uint32_t i = 1; ranks->me == 0 && i < ranks->n; i++)
        MPI_Send(NULL, 0, MPI_BYTE, (int)i, TAG_HOME, MPI_COMM_WORLD);
    MPI_Finalize();
    pthread_mutex_destroy(&ranks->mutex);
}

/* Whether something has come from a rank. */
static bool has_come(struct ranks *ranks, uint32_t from, MPI_Status *status)
{
    int there;
    pthread_mutex_lock(&ranks->mutex);
    MPI_Iprobe((int)from, MPI_ANY_TAG, MPI_COMM_WORLD, &there, status);
    pthread_mutex_unlock(&ranks->mutex);
    return there;
}

/* False when stop is set, or an interrupt comes where stop is NULL. */
static bool await(struct ranks *ranks, uint32_t from, const atomic_bool *stop, MPI_Status *status)
{
    static const double least_s = 20e-6, most_s = 2e-3;
    const double start_s = wall_now_s();
    while (!has_come(ranks, from, status)) {
        if (stop ? atomic_load(stop) : interrupt_asked()) return false;
        double nap_s = (wall_now_s() - start_s) / 32;
        nap_s = nap_s < least_s ? least_s : nap_s > most_s ? most_s : nap_s;
        nanosleep(&(struct timespec){ .tv_nsec = (long)(nap_s * 1e9) }, NULL);
    }
    return true;
}

static void *receive(struct ranks *ranks, MPI_Status *status, size_t *size, struct arena *arena)
{
    int n;
    pthread_mutex_lock(&ranks->mutex);
    MPI_Get_count(status, MPI_BYTE, &n);
    void *bytes = arena_alloc(arena, (size_t)n + 1);
    MPI_Recv(bytes, n, MPI_BYTE, status->MPI_SOURCE, status->MPI_TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    pthread_mutex_unlock(&ranks->mutex);
    *size = (size_t)n;
    return bytes;
}

static void deliver(struct ranks *ranks, uint32_t to, enum tag tag, const void *bytes, size_t size)
{
    SIM_ASSERT(size <= INT_MAX);
    pthread_mutex_lock(&ranks->mutex);
    MPI_Send(bytes, (int)size, MPI_BYTE, (int)to, (int)tag, MPI_COMM_WORLD);
    pthread_mutex_unlock(&ranks->mutex);
}

void *ranks_ask(struct ranks *ranks, uint32_t rank, const void *job, size_t size, const atomic_bool *stop,
                size_t *answer_size, struct arena *arena, struct sim_err *err)
{
    MPI_Status status;
    deliver(ranks, rank, TAG_JOB, job, size);
    if (!await(ranks, rank, stop, &status)) return NULL;
    void *answer = receive(ranks, &status, answer_size, arena);
    if (status.MPI_TAG == TAG_ANSWER) return answer;
    const struct sim_err *refusal = answer;
    sim_fail(err, refusal->code, refusal->where, "%s (said by rank %u)", refusal->text, rank);
    return NULL;
}

bool ranks_next(struct ranks *ranks, void *job, size_t size)
{
    MPI_Status status;
    struct arena arena;
    size_t got;
    if (!await(ranks, 0, NULL, &status)) return false;
    arena_init(&arena);
    const void *bytes = receive(ranks, &status, &got, &arena);
    const bool is_job = status.MPI_TAG == TAG_JOB;
    SIM_ASSERT(!is_job || got == size);
    if (is_job) memcpy(job, bytes, size);
    arena_fini(&arena);
    return is_job;
}

void ranks_answer(struct ranks *ranks, const void *answer, size_t size) { deliver(ranks, 0, TAG_ANSWER, answer, size); }

void ranks_refuse(struct ranks *ranks, const struct sim_err *err) { deliver(ranks, 0, TAG_REFUSAL, err, sizeof *err); }

#else

/* Alone. Nobody can be asked, and nobody asks. */
struct ranks {
    uint32_t n;
};

struct ranks *ranks_open(int *argc, char ***argv, struct arena *arena, struct sim_err *err)
{
    struct ranks *ranks = arena_new(arena, struct ranks);
    (void)argc, (void)argv, (void)err;
    ranks->n = 1;
    return ranks;
}

uint32_t ranks_me(const struct ranks *ranks)
{
    (void)ranks;
    return 0;
}

uint32_t ranks_n(const struct ranks *ranks) { return ranks->n; }

void ranks_close(struct ranks *ranks, int code) { (void)ranks, (void)code; }

void *ranks_ask(struct ranks *ranks, uint32_t rank, const void *job, size_t size, const atomic_bool *stop,
                size_t *answer_size, struct arena *arena, struct sim_err *err)
{
    (void)ranks, (void)job, (void)size, (void)stop, (void)answer_size, (void)arena;
    sim_fail(err, SIM_ERUNTIME, NULL, "there is no rank %u: this program was made without MPI", rank);
    return NULL;
}

bool ranks_next(struct ranks *ranks, void *job, size_t size)
{
    (void)ranks, (void)job, (void)size;
    return false;
}

void ranks_answer(struct ranks *ranks, const void *answer, size_t size) { (void)ranks, (void)answer, (void)size; }

void ranks_refuse(struct ranks *ranks, const struct sim_err *err) { (void)ranks, (void)err; }

#endif
