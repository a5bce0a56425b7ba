/* SPDX-License-Identifier: GPL-3.0-or-later
 * Faults. A fault is an object with one key that says its kind and what it happens to, and options; it happens at a
 * given time ("at"), again and again ("every"), or drawn ("rate_per_h"). */
#include "sim/scenario/reader.h"

/* In the order of enum fault_kind. */
static const char *const kinds[FAULT_KINDS] = { "pause", "crash" };

/* The one key that says what happens; FAULT_KINDS with a finding. */
static uint32_t find_kind(struct cursor *fault)
{
    uint32_t found = FAULT_KINDS;
    for (uint32_t i = 0; i < FAULT_KINDS; i++) {
        if (!cJSON_GetObjectItemCaseSensitive(fault->node, kinds[i])) continue;
        if (found < FAULT_KINDS) {
            cursor_finding(fault, "%s and %s in one fault; a fault does one thing", kinds[found], kinds[i]);
            return FAULT_KINDS;
        }
        found = i;
    }
    if (found < FAULT_KINDS) return found;
    const char *list = kinds[0];
    for (uint32_t i = 1; i < FAULT_KINDS; i++) list = arena_printf(fault->reading->arena, "%s, %s", list, kinds[i]);
    cursor_finding(fault, "the fault does not say what happens; one of %s is needed", list);
    return FAULT_KINDS;
}

static void read_instance(struct reader *reader, struct cursor *fault, struct fault_spec *out)
{
    uint32_t instance = NONE;
    const uint32_t n = out->target == NONE ? 1 : reader->scenario->process[out->target].instances;
    read_u32(fault, "instance", &instance, OPTIONAL, 0, n - 1);
    out->instance = instance;
}

/* An instant under a key; "load_end+30s" as well. */
static void read_time(struct reader *reader, struct cursor *fault, const char *key, const char *fallback, sim_ns *out)
{
    struct cursor at = cursor_at(fault, key, fallback);
    if (at.node) read_instant(reader, &at, out);
}

static void read_when(struct reader *reader, struct cursor *fault, struct fault_spec *out)
{
    const bool at = cursor_has(fault, "at"), every = cursor_has(fault, "every"), rate = cursor_has(fault, "rate_per_h");
    if (at + every + rate != 1) {
        cursor_finding(fault, "when it happens is said by one of at, every, rate_per_h; %s",
                       at + every + rate ? "here are several" : "here is none");
        return;
    }
    out->when = at ? WHEN_AT : every ? WHEN_EVERY : WHEN_RATE;
    if (at) {
        read_time(reader, fault, "at", REQUIRED, &out->at_ns);
        return;
    }
    out->until_ns = SIM_NEVER;
    if (every) read_ns(fault, "every", &out->every_ns, REQUIRED, 1, LONGEST_NS);
    else read_number(fault, "rate_per_h", &out->rate_per_h, REQUIRED, 1e-6, 1e6);
    read_time(reader, fault, "from", "0s", &out->from_ns);
    read_time(reader, fault, "until", OPTIONAL, &out->until_ns);
}

static void read_fault(struct reader *reader, struct cursor *fault, struct fault_spec *out)
{
    const uint32_t kind = find_kind(fault);
    if (kind == FAULT_KINDS) return;
    out->kind = (enum fault_kind)kind;
    read_name(fault, kinds[kind], &out->target, REQUIRED, &reader->processes);
    read_instance(reader, fault, out);
    read_when(reader, fault, out);
    if (out->kind == FAULT_PAUSE) read_dist(reader, fault, "for", &out->lasts, REQUIRED);
    if (out->kind == FAULT_CRASH) {
        out->comes_back = cursor_has(fault, "back_after");
        read_ns(fault, "back_after", &out->back_after_ns, OPTIONAL, 0, LONGEST_NS);
    }
    cursor_close(fault);
}

void read_faults(struct reader *reader, struct cursor *document)
{
    struct names names = names_of_section(document, "faults", "fault", MAX_FAULTS);
    struct cursor faults = cursor_object(document, "faults", OPTIONAL);
    if (!faults.node) return;
    struct fault_spec *out = arena_array(reader->reading.arena, struct fault_spec, names.n);
    uint32_t n = 0;
    for (const cJSON *child = cursor_first(&faults); child; child = cursor_next(child)) {
        struct cursor one = cursor_child(&faults, child, n);
        out[n].name = names.name[n];
        out[n].target = NONE;
        if (cursor_is_object(&one)) read_fault(reader, &one, &out[n]);
        n++;
    }
    cursor_close_names(&faults);
    reader->scenario->n_faults = n;
    reader->scenario->fault = out;
}
