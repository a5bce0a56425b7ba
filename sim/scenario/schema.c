/* SPDX-License-Identifier: GPL-3.0-or-later
 * The schema and the skeleton are files of scenarios/, put into the program by the assembler as they are. The paths
 * start at the root of the repository, where the compiler runs. */
#include "sim/scenario/study.h"

/* clang-format off */
__asm__(".pushsection .rodata\n"
        "sim_schema_bytes: .incbin \"scenarios/scenario.schema.json\"\n .byte 0\n"
        "sim_skeleton_bytes: .incbin \"scenarios/skeleton.json\"\n .byte 0\n"
        ".global sim_schema_bytes, sim_skeleton_bytes\n"
        ".popsection\n");
/* clang-format on */

extern const char sim_schema_bytes[], sim_skeleton_bytes[];

const char *const schema_text = sim_schema_bytes;
const char *const schema_example = sim_skeleton_bytes;
