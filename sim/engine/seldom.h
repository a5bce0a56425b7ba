/* SPDX-License-Identifier: GPL-3.0-or-later
 * How often a run comes to a function, where the compiler cannot know. SIM_SELDOM: an ordinary run does not (faults,
 * failures, growth); it is kept out of the way of the functions that might call it every time. SIM_ALWAYS: every record
 * does, and the function is small or has one caller; it becomes part of its callers. */
#ifndef SIM_ENGINE_SELDOM_H
#define SIM_ENGINE_SELDOM_H

#define SIM_SELDOM __attribute__((cold, noinline))
#define SIM_ALWAYS inline __attribute__((always_inline))

#endif
