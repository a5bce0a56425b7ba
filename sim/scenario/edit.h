/* SPDX-License-Identifier: GPL-3.0-or-later
 * --set PTR=VALUE. PTR is a JSON Pointer, or a path with dots from any key that makes it unambiguous
 * (stock-service-group.consumers). VALUE is JSON, or else a bare string. An edit changes the document before it is
 * read, so that everything is checked again; what it sets has no place in the text. */
#ifndef SIM_SCENARIO_EDIT_H
#define SIM_SCENARIO_EDIT_H

#include "sim/scenario/cursor.h"

/* False when the form is wrong or the path ambiguous (err, SIM_EUSAGE). A place that cannot be set is a finding, and
 * then *at is NULL; else *at is the JSON Pointer of what was set. */
bool edit_apply(struct reading *reading, const struct study_edit *edit, const char **at, struct sim_err *err);

#endif
