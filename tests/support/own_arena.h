/* SPDX-License-Identifier: GPL-3.0-or-later
 * An arena for the tests of a program: set_up and tear_down are its group's fixture. For sources that include cmocka. */
#ifndef TESTS_SUPPORT_OWN_ARENA_H
#define TESTS_SUPPORT_OWN_ARENA_H

#include "sim/engine/arena.h"

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

#endif
