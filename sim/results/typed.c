/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/results/typed.h"

#include <string.h>

static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./+@%:,=-";
static const char quote[] = "'\\''"; /* the quotes end, one by itself, and they begin anew */

const char *typed_word(const char *text, struct arena *arena)
{
    if (*text && text[strspn(text, plain)] == '\0') return text;
    char *quoted = arena_array(arena, char, strlen(text) * (sizeof quote - 1) + sizeof "''"), *at = quoted;
    *at++ = '\'';
    for (; *text; text++) {
        if (*text == '\'') at = (char *)memcpy(at, quote, sizeof quote - 1) + sizeof quote - 1;
        else *at++ = *text;
    }
    *at++ = '\'';
    *at = '\0';
    return quoted;
}
