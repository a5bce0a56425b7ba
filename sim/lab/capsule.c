/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/capsule.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "models/invariant.h"
#include "sim/scenario/finding.h"
#include "sim/scenario/json.h"
#include "sim/scenario/reader.h"
#include "sim/scenario/write.h"
#include "sim/version.h"

static const char *const schema = "sim-capsule/1";

/* ---- its name ---- */

const char *capsule_name(const char *invariant, uint64_t seed, struct arena *arena)
{
    return arena_printf(arena, "%s-%" PRIu64 ".json", invariant, seed);
}

bool capsule_is_name(const char *name)
{
    struct invariants invariants;
    invariants_init(&invariants);
    const size_t length = strcspn(name, "-");
    const size_t digits = name[length] ? strspn(name + length + 1, "0123456789") : 0;
    if (digits == 0 || strcmp(name + length + 1 + digits, ".json") != 0) return false;
    for (uint32_t i = 0; i < INVARIANT_COUNT; i++)
        if (strlen(invariants.fact[i].name) == length && strncmp(invariants.fact[i].name, name, length) == 0) return true;
    return false;
}

/* ---- orders ---- */

static uint32_t add_order(uint64_t order_id[STORY_ORDERS], uint32_t n, uint64_t id)
{
    if (id == 0 || n == STORY_ORDERS) return n;
    for (uint32_t i = 0; i < n; i++)
        if (order_id[i] == id) return n;
    order_id[n] = id;
    return n + 1;
}

uint32_t capsule_orders(const struct run_facts *facts, const struct invariant_facts *broken,
                        uint64_t order_id[STORY_ORDERS])
{
    uint32_t n = add_order(order_id, 0, broken->first_order_id);
    for (uint32_t i = 0; i < facts->n_accidents && n < STORY_ORDERS; i++) {
        const struct accident *accident = &facts->accident[i];
        const bool about = n == 0 || accident->order_id == order_id[0] || accident->other_order_id == order_id[0];
        if (!about || accident->at_ns > broken->first_at_ns) continue;
        n = add_order(order_id, n, accident->order_id);
        n = add_order(order_id, n, accident->other_order_id);
    }
    return n;
}

/* ---- writing ---- */

static cJSON *seed_node(uint64_t seed)
{
    if (seed >> 53 == 0) return cJSON_CreateNumber((double)seed);
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, seed);
    return cJSON_CreateString(text);
}

static void add_hex(cJSON *object, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%016" PRIx64, value);
    if (key) cJSON_AddStringToObject(object, key, text);
    else cJSON_AddItemToArray(object, cJSON_CreateString(text));
}

/* Nanoseconds as they are: seconds as a double would lose the last of them. */
static cJSON *ns_node(sim_ns at_ns)
{
    char text[48];
    return cJSON_CreateString(ns_format(at_ns, text, sizeof text));
}

static cJSON *plan_node(const struct specimen *specimen)
{
    cJSON *plan = cJSON_CreateObject();
    cJSON_AddBoolToObject(plan, "ties", specimen->ties);
    cJSON *values = cJSON_AddObjectToObject(plan, "values"), *faults = cJSON_AddObjectToObject(plan, "faults");
    for (uint32_t i = 0; i < specimen->n_values; i++)
        cJSON_AddItemToObject(values, specimen->value[i].pointer, cJSON_Parse(specimen->value[i].value));
    for (uint32_t i = 0; i < specimen->n_faults; i++)
        cJSON_AddItemToObject(faults, specimen->fault[i].name, cJSON_Parse(specimen->fault[i].json));
    return plan;
}

static cJSON *broken_node(const struct invariant_facts *broken)
{
    cJSON *node = cJSON_CreateObject();
    cJSON_AddStringToObject(node, "invariant", broken->name);
    cJSON_AddStringToObject(node, "meaning", broken->meaning);
    cJSON_AddItemToObject(node, "at", ns_node(broken->first_at_ns));
    if (broken->first_order_id) cJSON_AddNumberToObject(node, "order_id", (double)broken->first_order_id);
    else cJSON_AddNullToObject(node, "order_id");
    cJSON_AddStringToObject(node, "what", broken->first_what);
    return node;
}

static cJSON *run_node(const struct run_facts *facts, const struct story *story)
{
    cJSON *run = cJSON_CreateObject();
    cJSON_AddItemToObject(run, "end", ns_node(facts->end_ns));
    cJSON_AddNumberToObject(run, "events", (double)facts->events);
    cJSON_AddNumberToObject(run, "orders", (double)facts->orders.created);
    add_hex(run, "fingerprint", facts->fingerprint);
    cJSON *trail = cJSON_AddArrayToObject(run, "trail");
    for (uint32_t i = 0; i < story->n_steps; i++) {
        cJSON *step = cJSON_CreateArray();
        cJSON_AddItemToArray(step, ns_node(story->trail[i].at_ns));
        add_hex(step, NULL, story->trail[i].fingerprint);
        cJSON_AddItemToArray(trail, step);
    }
    return run;
}

bool capsule_write(const struct specimen *specimen, const char *scenario_text, const struct run_facts *facts,
                   const struct invariant_facts *broken, const struct story *story, FILE *out, struct arena *arena,
                   struct sim_err *err)
{
    cJSON *root = cJSON_CreateObject(), *scenario = cJSON_Parse(scenario_text);
    if (!scenario) {
        cJSON_Delete(root);
        return sim_fail(err, SIM_ERUNTIME, NULL, "the scenario cannot be put into a capsule");
    }
    cJSON_AddStringToObject(root, "schema", schema);
    cJSON_AddStringToObject(root, "version", SIM_VERSION);
    cJSON_AddItemToObject(root, "seed", seed_node(specimen->seed));
    cJSON_AddItemToObject(root, "plan", plan_node(specimen));
    cJSON_AddItemToObject(root, "broken", broken_node(broken));
    cJSON *orders = cJSON_AddArrayToObject(root, "story");
    for (uint32_t i = 0; i < story->n_orders; i++)
        cJSON_AddItemToArray(orders, cJSON_CreateNumber((double)story->order_id[i]));
    cJSON_AddItemToObject(root, "run", run_node(facts, story));
    cJSON_AddItemToObject(root, "scenario", scenario);
    fputs(write_document(root, arena), out);
    cJSON_Delete(root);
    return true;
}

/* ---- reading ---- */

struct opening {
    struct reading reading;
    struct capsule *out;
    struct arena *arena;
};

static uint64_t hex_of(struct cursor *at)
{
    const char *text = "";
    char *end = NULL;
    uint64_t value = 0;
    if (cursor_text(at, &text)) value = strtoull(text, &end, 16);
    if (at->node && (!end || *end || strlen(text) != 16)) cursor_finding(at, "16 hexadecimal digits are needed");
    return value;
}

static void read_seed(struct cursor *document, uint64_t *out)
{
    struct cursor at = cursor_at(document, "seed", REQUIRED);
    const char *text;
    if (!at.node) return;
    if (cJSON_IsString(at.node)) {
        if (cursor_text(&at, &text) && !seed_parse(text, out)) cursor_finding(&at, "no seed");
    } else {
        cursor_whole(&at, out, 0, WHOLE_MAX);
    }
}

static void read_plan(struct opening *opening, struct cursor *document)
{
    struct specimen *specimen = &opening->out->specimen;
    struct cursor plan = cursor_object(document, "plan", REQUIRED);
    read_bool(&plan, "ties", &specimen->ties, REQUIRED);
    struct cursor values = cursor_object(&plan, "values", REQUIRED), faults = cursor_object(&plan, "faults", REQUIRED);
    specimen->value = arena_array(opening->arena, struct study_edit, cursor_size(&values));
    specimen->fault = arena_array(opening->arena, struct fault_text, cursor_size(&faults));
    for (const cJSON *child = cursor_first(&values); child; child = cursor_next(child)) {
        struct cursor at = cursor_child(&values, child, 0);
        if (child->string[0] != '/' || !json_pointer_ok(child->string))
            cursor_finding(&at, "the key is no JSON Pointer");
        specimen->value[specimen->n_values++] =
            (struct study_edit){ arena_strdup(opening->arena, child->string), write_line(child, opening->arena) };
    }
    for (const cJSON *child = cursor_first(&faults); child; child = cursor_next(child))
        specimen->fault[specimen->n_faults++] =
            (struct fault_text){ arena_strdup(opening->arena, child->string), write_line(child, opening->arena) };
    cursor_close(&plan);
}

static void read_broken(struct opening *opening, struct cursor *document)
{
    struct cursor broken = cursor_object(document, "broken", REQUIRED);
    const char *text;
    struct invariants invariants;
    bool known = false;
    struct cursor at = cursor_at(&broken, "invariant", REQUIRED);
    if (at.node && cursor_text(&at, &opening->out->invariant)) {
        invariants_init(&invariants);
        for (uint32_t i = 0; i < INVARIANT_COUNT; i++)
            known |= strcmp(invariants.fact[i].name, opening->out->invariant) == 0;
        if (!known) cursor_finding(&at, "there is no invariant \"%.20s\"", opening->out->invariant);
    }
    read_text(&broken, "meaning", &text, OPTIONAL);
    read_text(&broken, "what", &opening->out->broken_what, OPTIONAL);
    struct cursor when = cursor_at(&broken, "at", REQUIRED), order = cursor_at(&broken, "order_id", OPTIONAL);
    if (when.node) cursor_ns(&when, &opening->out->broken_at_ns, 0, SIM_NEVER - 1);
    if (order.node) cursor_whole(&order, &opening->out->broken_order_id, 1, MAX_ID);
    cursor_close(&broken);
}

static void read_story(struct opening *opening, struct cursor *document)
{
    struct cursor story = cursor_array(document, "story", REQUIRED);
    uint32_t i = 0;
    for (const cJSON *child = cursor_first(&story); child; child = cursor_next(child), i++) {
        struct cursor at = cursor_child(&story, child, i);
        if (i == STORY_ORDERS) cursor_finding(&at, "the story is told of at most %d orders", STORY_ORDERS);
        if (i < STORY_ORDERS && cursor_whole(&at, &opening->out->order_id[i], 1, MAX_ID)) opening->out->n_orders++;
    }
}

static void read_trail(struct opening *opening, struct cursor *run)
{
    struct cursor trail = cursor_array(run, "trail", REQUIRED);
    const uint32_t n = cursor_size(&trail);
    struct trail_step *step = arena_array(opening->arena, struct trail_step, n);
    if (n > TRAIL_STEPS) {
        cursor_finding(&trail, "%u steps; a trail has at most %d", n, TRAIL_STEPS);
        return;
    }
    for (const cJSON *child = cursor_first(&trail); child; child = cursor_next(child)) {
        struct cursor one = cursor_child(&trail, child, opening->out->n_steps);
        if (cJSON_GetArraySize(child) != 2) {
            cursor_finding(&one, "[time, fingerprint] is needed");
            return;
        }
        struct cursor at = cursor_child(&one, child->child, 0), mark = cursor_child(&one, child->child->next, 1);
        cursor_ns(&at, &step[opening->out->n_steps].at_ns, 0, SIM_NEVER - 1);
        step[opening->out->n_steps++].fingerprint = hex_of(&mark);
    }
    opening->out->trail = step;
}

static void read_run_of_capsule(struct opening *opening, struct cursor *document)
{
    struct cursor run = cursor_object(document, "run", REQUIRED);
    struct cursor mark = cursor_at(&run, "fingerprint", REQUIRED);
    if (mark.node) opening->out->fingerprint = hex_of(&mark);
    read_trail(opening, &run);
    read_ns(&run, "end", &opening->out->end_ns, REQUIRED, 0, SIM_NEVER - 1);
    read_u64(&run, "events", &opening->out->events, REQUIRED, 0, WHOLE_MAX);
    read_u64(&run, "orders", &opening->out->orders, REQUIRED, 0, WHOLE_MAX);
    cursor_close(&run);
}

static void read_scenario_inside(struct opening *opening, struct cursor *document, const char *file)
{
    struct cursor scenario = cursor_at(document, "scenario", REQUIRED);
    struct study_source *source = arena_new(opening->arena, struct study_source);
    if (!scenario.node) return;
    if (!cJSON_IsObject(scenario.node)) {
        cursor_finding(&scenario, "%s where a scenario is needed", json_type_name(scenario.node));
        return;
    }
    source->file = file;
    source->folder = strcmp(file, "-") == 0 ? "." : file_folder(file, opening->arena);
    source->text = write_line(scenario.node, opening->arena);
    source->length = strlen(source->text);
    opening->out->specimen.source = source;
}

static void read_document(struct opening *opening, const char *file)
{
    struct cursor document = cursor_document(&opening->reading, NULL);
    const char *name = "";
    struct cursor at = cursor_at(&document, "schema", REQUIRED);
    if (at.node && cursor_text(&at, &name) && strcmp(name, schema) != 0)
        cursor_finding(&at, "\"%.40s\" where \"%s\" is needed; sim explore writes capsules", name, schema);
    if (opening->reading.findings->n_all > 0) return; /* some other file */
    read_text(&document, "version", &opening->out->version, REQUIRED);
    read_seed(&document, &opening->out->specimen.seed);
    read_plan(opening, &document);
    read_broken(opening, &document);
    read_story(opening, &document);
    read_run_of_capsule(opening, &document);
    read_scenario_inside(opening, &document, file);
    cursor_close(&document);
}

bool capsule_read(struct capsule *out, const char *file, struct findings *findings, struct arena *arena,
                  struct sim_err *err)
{
    struct json json;
    size_t length;
    struct opening opening = { .out = out, .arena = arena };
    *out = (struct capsule){ 0 };
    *findings = (struct findings){ 0 };
    const char *text = file_read(file, &length, arena, err);
    if (!text) return false;
    opening.reading = (struct reading){ &json, findings, arena, cJSON_CreateArray() };
    if (json_open(&json, text, length, findings, arena)) read_document(&opening, file);
    json_close(&json);
    cJSON_Delete(opening.reading.defaults);
    findings_sort(findings);
    if (findings->n_all > 0 && err->code == SIM_OK) err->code = SIM_ESCENARIO;
    return findings->n_all == 0;
}
