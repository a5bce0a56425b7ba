/* SPDX-License-Identifier: GPL-3.0-or-later
 * What more consumers of the limiting group would bring, and why nothing when they bring nothing. A partition is read
 * by one consumer of a group at a time, so a group is as fast as the consumer with most of the records lets it be;
 * consumers that wait for the same lock, row or server wait for one another.
 *
 * Counts that are told here suppose what the text says: a record takes as long as before, but for the fetches that it
 * waits for with another number of partitions. */
#ifndef SIM_RESULTS_MORE_CONSUMERS_H
#define SIM_RESULTS_MORE_CONSUMERS_H

#include "sim/results/result.h"
#include "sim/results/shared.h"
#include "sim/results/shorter_polls.h"
#include "sim/results/taken.h"
#include "sim/results/waits.h"

enum more_limit {
    MORE_UNKNOWN,    /* no record reached the group */
    MORE_KEEPS_UP,   /* it has no backlog to work off */
    MORE_LATE,       /* the most that its scaler had ready would keep up: there were fewer when it fell behind; or all
                        would, and started later than records came */
    MORE_FAULT,      /* a fault took some of them: all would keep up, or it is those that are left who are in the way;
                        or one held up what then came at once */
    MORE_REPEATS,    /* it is stuck, or its polls take longer than max.poll.interval and most deliveries are repeats */
    MORE_DUE,        /* with several partitions they wait for records that are not due, while others are overdue */
    MORE_IDLE,       /* some of its consumers have no partition already */
    MORE_PARTITIONS, /* each partition has a consumer of its own */
    MORE_HOT,        /* one partition has more of the records than an even split gives it, and a consumer of its own */
    MORE_SHARED,     /* what they share allows hardly more than they do */
    MORE_WAITING,    /* most of the time of a record is waiting for what its consumers share, and others hardly use */
    MORE_SPLIT,      /* one more leaves the fullest consumer as full as it is */
    MORE_HELP        /* one more relieves the fullest consumer */
};

struct more_consumers {
    enum more_limit limit;
    double times_one;      /* what its consumers do with this split, by what one would */
    uint32_t next;         /* least number of consumers that relieves the fullest one; 0: none does */
    uint32_t next_most;    /* partitions of the fullest one then */
    double next_per_s;     /* what they could do then */
    bool next_at_most;     /* or less: they would wait for one another */
    struct shared shared;  /* what bounds them so that they could do no more; SHARED_NOTHING: the split does */
    struct shared_use use; /* of a pool or store, by the next ones and by all */
    double waiting_s;      /* of a record's service, for locks, rows and servers */
    struct waits waits;    /* what most of that is for */
    struct shorter_polls polls; /* of MORE_REPEATS, where polls come too late */
    struct taken taken;    /* away by a fault */
    bool by_start;         /* most of what waited came before the group started */
    bool by_surge;         /* of MORE_FAULT: none took them away, but one held up what came at once then */
};

/* Of demand[rank] of the outcome. */
struct more_consumers more_consumers(const struct outcome *outcome, uint32_t rank);
/* The limit as one word for machines: "idle", "partitions" ...; of MORE_UNKNOWN NULL. */
const char *more_consumers_word(enum more_limit limit);
/* One sentence with the figures, of the outcome's first group, to stand after "More consumers:". Empty for
 * MORE_UNKNOWN. Returns out. */
char *more_consumers_text(const struct outcome *outcome, enum language language, char *out, size_t size);

#endif
