/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/scenario/reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool seed_parse(const char *text, uint64_t *out)
{
    const bool is_hex = strncmp(text, "0x", 2) == 0;
    const char *digits = is_hex ? text + 2 : text;
    char *end;
    errno = 0;
    const unsigned long long seed = strtoull(digits, &end, is_hex ? 16 : 10);
    const size_t n_digits = strspn(digits, is_hex ? "0123456789abcdefABCDEF" : "0123456789");
    if (n_digits == 0 || digits[n_digits] != '\0' || errno != 0) return false;
    *out = seed;
    return true;
}

/* Seeds are 64 bits wide, JSON numbers 53: the greater ones are strings, decimal or 0x. */
static void read_seed(struct cursor *run, uint64_t *out)
{
    struct cursor at = cursor_at(run, "seed", "1");
    if (cJSON_IsNumber(at.node) && at.node->valuedouble > JSON_WHOLE_MAX) {
        cursor_finding(&at, "above 2^53 - 1 numbers lose digits; write this seed as a string");
        return;
    }
    if (!cJSON_IsString(at.node)) {
        cursor_whole(&at, out, 0, WHOLE_MAX);
        return;
    }
    const char *text = at.node->valuestring;
    if (!seed_parse(text, out)) {
        cursor_finding(&at, "\"%.60s\" is not a seed: a whole number from 0 to 2^64 - 1, decimal or 0x...", text);
        return;
    }
    char decimal[32];
    snprintf(decimal, sizeof decimal, "%llu", (unsigned long long)*out);
    cursor_write(&at, *out <= WHOLE_MAX ? cJSON_CreateNumber((double)*out) : cJSON_CreateString(decimal));
}

static void read_end(struct cursor *run, struct scenario *out)
{
    struct cursor at = cursor_at(run, "ends", "quiescent");
    out->ends = END_QUIESCENT;
    if (!at.node) return;
    if (cJSON_IsString(at.node) && strcmp(at.node->valuestring, "quiescent") == 0) {
        cursor_copy(&at);
        return;
    }
    if (!cJSON_IsString(at.node) || !ns_is_duration(at.node->valuestring)) {
        cursor_finding(&at, "\"quiescent\" (nothing in flight, every lag 0) or a time such as \"45m\" is needed");
        return;
    }
    out->ends = END_AT;
    cursor_ns(&at, &out->end_ns, 1, LONGEST_NS);
}

void read_run(struct reader *reader, struct cursor *document)
{
    struct scenario *out = reader->scenario;
    struct cursor run = cursor_object(document, "run", "{}");
    read_seed(&run, &out->seed);
    read_u32(&run, "replications", &out->replications, "1", 1, 1000000);
    read_end(&run, out);
    read_ns(&run, "at_most", &out->at_most_ns, "24h", 1, LONGEST_NS);
    read_ns(&run, "sample_every", &out->sample_every_ns, "1s", SIM_MS, LONGEST_NS);
    out->find_warm_up = read_ns_or(&run, "warm_up", "auto", &out->warm_up_ns, OPTIONAL, 0, LONGEST_NS);
    cursor_close(&run);
}

void read_instant(struct reader *reader, struct cursor *at, sim_ns *out)
{
    static const char load_end[] = "load_end";
    const char *text = cJSON_IsString(at->node) ? at->node->valuestring : "";
    sim_ns offset_ns = 0;
    if (strncmp(text, load_end, strlen(load_end)) != 0) {
        cursor_ns(at, out, 0, LONGEST_NS);
        return;
    }
    const char *rest = text + strlen(load_end);
    const bool ok = rest[0] == '\0' || ((rest[0] == '+' || rest[0] == '-') && rest[1] != '+' && rest[1] != '-' &&
                                        ns_parse(rest, &offset_ns));
    if (!ok || offset_ns > LONGEST_NS || offset_ns < -LONGEST_NS) {
        cursor_finding(at, "\"%.60s\" is not a time; write \"630s\", \"load_end\" or \"load_end+30s\"", text);
        return;
    }
    if (reader->scenario->n_loads == 0) {
        cursor_finding(at, "there is no load whose end could be meant; write a time such as \"630s\"");
        return;
    }
    *out = scenario_load_end(reader->scenario) + offset_ns;
    if (*out < 0) {
        char early[48];
        cursor_finding(at, "%s lies %s before the start", text, ns_format(-*out, early, sizeof early));
        return;
    }
    if (reader->n_by_load_end < MAX_BY_LOAD_END)
        reader->by_load_end[reader->n_by_load_end++] = cursor_pointer(at);
    cursor_copy(at);
}

static int by_time(const void *a, const void *b)
{
    const struct checkpoint_spec *x = a, *y = b;
    if (x->at_ns != y->at_ns) return x->at_ns < y->at_ns ? -1 : 1;
    return strcmp(x->name, y->name);
}

void read_checkpoints(struct reader *reader, struct cursor *document)
{
    struct names names = names_of_section(document, "checkpoints", "checkpoint", MAX_CHECKPOINTS);
    struct cursor checkpoints = cursor_object(document, "checkpoints", "{}");
    struct checkpoint_spec *out = arena_array(reader->reading.arena, struct checkpoint_spec, names.n);
    uint32_t n = 0;
    for (const cJSON *child = cursor_first(&checkpoints); child; child = cursor_next(child)) {
        struct cursor at = cursor_child(&checkpoints, child, n);
        out[n].name = names.name[n];
        read_instant(reader, &at, &out[n].at_ns);
        n++;
    }
    cursor_close_names(&checkpoints);
    if (n > 0) qsort(out, n, sizeof *out, by_time);
    reader->scenario->n_checkpoints = n;
    reader->scenario->checkpoint = out;
}
