/* SPDX-License-Identifier: GPL-3.0-or-later
 * sim schema: the rules of scenarios for editors and validators, or a scenario to start from. */
#include "sim/commands.h"

int cmd_schema(const struct options *options, struct arena *arena, struct sim_err *err)
{
    (void)arena, (void)err;
    fputs(options->example ? schema_example : schema_text, stdout);
    return 0;
}
