/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/interrupt.h"

#include <stddef.h>

static sigset_t held_signals(void)
{
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGTERM);
    return held;
}

void interrupt_hold(struct interrupt *interrupt)
{
    sigset_t held = held_signals();
    pthread_sigmask(SIG_BLOCK, &held, &interrupt->before);
}

bool interrupt_asked(void)
{
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1;
}

void interrupt_release(const struct interrupt *interrupt)
{
    sigset_t held = held_signals();
    int got;
    while (interrupt_asked()) sigwait(&held, &got);
    pthread_sigmask(SIG_SETMASK, &interrupt->before, NULL);
}
