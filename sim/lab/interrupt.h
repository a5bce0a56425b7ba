/* SPDX-License-Identifier: GPL-3.0-or-later
 * Ctrl-C without a handler and without state of the process's own: SIGINT and SIGTERM are held back, in this thread and
 * in those it starts from then on, and asked for where stopping leaves things whole. */
#ifndef SIM_LAB_INTERRUPT_H
#define SIM_LAB_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

struct interrupt {
    sigset_t before;
};

void interrupt_hold(struct interrupt *interrupt);
/* Whether one of the two has come since. */
bool interrupt_asked(void);
/* Lets them through again, but for those that have come: they have been asked for. */
void interrupt_release(const struct interrupt *interrupt);

#endif
