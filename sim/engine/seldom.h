/* SPDX-License-Identifier: GPL-3.0-or-later
 * SIM_SELDOM marks what an ordinary run does not come to (faults, failures): the compiler keeps it out of the way of the
 * functions that might call it every time. */
#ifndef SIM_ENGINE_SELDOM_H
#define SIM_ENGINE_SELDOM_H

#define SIM_SELDOM __attribute__((cold, noinline))

#endif
