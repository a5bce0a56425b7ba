/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/scenario/study.h"

#include <string.h>

#include "sim/scenario/check.h"
#include "sim/scenario/edit.h"
#include "sim/scenario/reader.h"
#include "sim/scenario/sha256.h"
#include "sim/scenario/write.h"

/* Names first: every section may refer to every other. */
static void read_names(struct reader *reader, struct cursor *document)
{
    reader->topics = names_of_section(document, "topics", "topic", MAX_TOPICS);
    reader->groups = names_of_section(document, "groups", "group", MAX_GROUPS);
    reader->stores = names_of_section(document, "stores", "store", MAX_STORES);
    reader->tables = names_of_section(document, "tables", "table", MAX_TABLES);
    reader->locks = names_of_section(document, "locks", "lock", MAX_LOCKS);
    reader->stages = names_of_section(document, "stages", "stage", MAX_STAGES);
    reader->processes = names_of_section(document, "processes", "process", MAX_PROCESSES);
    reader->group = arena_array(reader->reading.arena, struct group_spec, reader->groups.n);
}

/* An easy slip on the command line, which would otherwise show as a page of unknown keys. */
static bool is_observations(struct reader *reader)
{
    const cJSON *schema = cJSON_GetObjectItemCaseSensitive(reader->reading.json->root, "schema");
    if (!cJSON_IsString(schema) || strncmp(schema->valuestring, "sim-observations/", 17) != 0) return false;
    reading_finding(&reader->reading, "/schema", "these are observations; name them as /observations of a scenario");
    return true;
}

/* The order of the sections here is their order in the resolved scenario. */
static void read_document(struct reader *reader, cJSON *resolved)
{
    struct cursor document = cursor_document(&reader->reading, resolved);
    read_names(reader, &document);
    read_text(&document, "name", &reader->scenario->name, file_stem(reader->study->file, reader->reading.arena));
    read_run(reader, &document);
    read_load(reader, &document);
    read_checkpoints(reader, &document);
    read_orders(reader, &document);
    read_kafka(reader, &document);
    read_servers(reader, &document);
    read_flow(reader, &document);
    read_stages(reader, &document);
    read_scalers(reader, &document);
    read_faults(reader, &document);
    read_judgement(reader, &document);
    read_explore(reader, &document);
    cursor_close(&document);
}

static void keep_inputs(struct reader *reader)
{
    struct arena *arena = reader->reading.arena;
    struct input_file *input = arena_array(arena, struct input_file, reader->n_inputs);
    const char **ignored = arena_array(arena, const char *, reader->n_ignored);
    if (reader->n_inputs > 0) memcpy(input, reader->input, reader->n_inputs * sizeof *input);
    if (reader->n_ignored > 0) memcpy(ignored, reader->ignored, reader->n_ignored * sizeof *ignored);
    reader->study->n_inputs = reader->n_inputs;
    reader->study->input = input;
    reader->study->n_ignored = reader->n_ignored;
    reader->study->ignored = ignored;
}

/* Who says "load_end+30s" thinks of the last order and of the executors' end as one: what is told from it is kept where
 * they are not. */
static void keep_by_load_end(struct reader *reader)
{
    const struct scenario *scenario = reader->scenario;
    if (scenario_orders_end(scenario) >= scenario_load_end(scenario)) return;
    const char **by_load_end = arena_array(reader->reading.arena, const char *, reader->n_by_load_end);
    for (uint32_t i = 0; i < reader->n_by_load_end; i++) by_load_end[i] = reader->by_load_end[i];
    reader->study->n_by_load_end = reader->n_by_load_end;
    reader->study->by_load_end = by_load_end;
}

static void keep_text(struct study *study, const cJSON *resolved, struct arena *arena)
{
    study->text = write_document(resolved, arena);
    sha256_hex(study->text, strlen(study->text), study->sha256);
}

/* Rules across sections are asked only of what was read without a finding: a value that could not be read would make
 * them find what is not there. */
static void read_and_check(struct reader *reader)
{
    struct reading *reading = &reader->reading;
    cJSON *resolved = cJSON_CreateObject();
    reading->defaults = cJSON_CreateArray();
    if (!is_observations(reader)) read_document(reader, resolved);
    if (reading->findings->n_all == 0) {
        check_scenario(reader);
        check_calibrate(reader, resolved);
        check_explore(reader, resolved);
    }
    if (reading->findings->n_all == 0) {
        read_basis_list(reader, resolved);
        keep_inputs(reader);
        keep_by_load_end(reader);
        keep_text(reader->study, resolved, reading->arena);
    }
    cJSON_Delete(reading->defaults);
    cJSON_Delete(resolved);
}

bool study_read_text(struct study *out, const char *text, size_t length, const char *file, const char *folder,
                     const struct study_edit *edit, uint32_t n_edits, struct findings *findings, struct arena *arena,
                     struct sim_err *err)
{
    struct json json;
    struct reader *reader = arena_new(arena, struct reader);
    const char **edit_at = arena_array(arena, const char *, n_edits);
    bool usable = true;
    *out = (struct study){
        .file = arena_strdup(arena, file), .n_edits = n_edits, .edit = edit, .edit_at = edit_at
    };
    *findings = (struct findings){ 0 };
    reader->reading = (struct reading){ .json = &json, .findings = findings, .arena = arena };
    reader->study = out;
    reader->scenario = &out->scenario;
    reader->folder = folder;
    if (json_open(&json, text, length, findings, arena)) {
        for (uint32_t i = 0; i < n_edits && usable; i++) 
            usable = edit_apply(&reader->reading, &edit[i], &edit_at[i], err);
        if (usable && findings->n_all == 0) read_and_check(reader);
    }
    json_close(&json);
    findings_sort(findings);
    if (usable && findings->n_all > 0 && err && err->code == SIM_OK) err->code = SIM_ESCENARIO;
    return usable && findings->n_all == 0;
}

bool study_source_load(struct study_source *out, const char *file, struct arena *arena, struct sim_err *err)
{
    out->file = file;
    out->folder = strcmp(file, "-") == 0 ? "." : file_folder(file, arena);
    out->text = file_read(file, &out->length, arena, err);
    return out->text != NULL;
}

bool study_read(struct study *out, const char *file, const struct study_edit *edit, uint32_t n_edits,
                struct findings *findings, struct arena *arena, struct sim_err *err)
{
    struct study_source source;
    *findings = (struct findings){ 0 };
    if (!study_source_load(&source, file, arena, err)) return false;
    return study_read_text(out, source.text, source.length, file, source.folder, edit, n_edits, findings, arena, err);
}

void study_set_replications(struct study *study, uint32_t n, struct arena *arena)
{
    cJSON *resolved = cJSON_Parse(study->text), *run = cJSON_GetObjectItemCaseSensitive(resolved, "run");
    SIM_ASSERT(run);
    cJSON_ReplaceItemInObjectCaseSensitive(run, "replications", cJSON_CreateNumber(n));
    study->scenario.replications = n;
    keep_text(study, resolved, arena);
    cJSON_Delete(resolved);
}

/* ---- faults that were drawn ---- */

static struct names room_for_names(const char *what, uint32_t n, struct arena *arena, const char ***name)
{
    *name = arena_array(arena, const char *, n);
    return (struct names){ .what = what, .n = n, .name = *name };
}

/* What a fault may refer to, from a scenario that was read before. */
static void find_names(struct reader *reader)
{
    const struct scenario *s = reader->scenario;
    struct arena *arena = reader->reading.arena;
    const char **topic, **group, **store, **lock, **stage, **process;
    reader->topics = room_for_names("topic", s->n_topics, arena, &topic);
    reader->groups = room_for_names("group", s->n_groups, arena, &group);
    reader->stores = room_for_names("store", s->n_stores, arena, &store);
    reader->locks = room_for_names("lock", s->n_locks, arena, &lock);
    reader->stages = room_for_names("stage", s->n_stages, arena, &stage);
    reader->processes = room_for_names("process", s->n_processes, arena, &process);
    for (uint32_t i = 0; i < s->n_topics; i++) topic[i] = s->topic[i].name;
    for (uint32_t i = 0; i < s->n_groups; i++) group[i] = s->group[i].name;
    for (uint32_t i = 0; i < s->n_stores; i++) store[i] = s->store[i].name;
    for (uint32_t i = 0; i < s->n_locks; i++) lock[i] = s->lock[i].name;
    for (uint32_t i = 0; i < s->n_stages; i++) stage[i] = s->stage[i].name;
    for (uint32_t i = 0; i < s->n_processes; i++) process[i] = s->process[i].name;
}

static cJSON *faults_document(const struct fault_text *text, uint32_t n, struct arena *arena)
{
    cJSON *root = cJSON_CreateObject(), *faults = cJSON_AddObjectToObject(root, "faults");
    for (uint32_t i = 0; i < n; i++) {
        cJSON *value = json_value(text[i].json, arena);
        cJSON_AddItemToObject(faults, text[i].name, value ? value : cJSON_CreateNull());
    }
    return root;
}

bool study_faults(const struct study *study, const struct fault_text *text, uint32_t n, const struct fault_spec **out,
                  uint32_t *n_out, struct findings *findings, struct arena *arena)
{
    struct scenario scenario = study->scenario;
    struct json json = { .root = faults_document(text, n, arena) };
    struct reader *reader = arena_new(arena, struct reader);
    const uint32_t n_own = scenario.n_faults;
    struct fault_spec *all = arena_array(arena, struct fault_spec, n_own + n);
    *findings = (struct findings){ 0 };
    reader->reading = (struct reading){ &json, findings, arena, cJSON_CreateArray() };
    reader->scenario = &scenario;
    find_names(reader);
    if (n_own > 0) memcpy(all, scenario.fault, n_own * sizeof *all);
    struct cursor document = cursor_document(&reader->reading, NULL);
    scenario.n_faults = 0;
    read_faults(reader, &document);
    if (n_own + n > MAX_FAULTS)
        reading_finding(&reader->reading, "/faults", "%u faults; at most %d are read", n_own + n, MAX_FAULTS);
    if (findings->n_all == 0) check_faults(reader);
    if (findings->n_all == 0 && n > 0) memcpy(all + n_own, scenario.fault, n * sizeof *all);
    cJSON_Delete(reader->reading.defaults);
    cJSON_Delete(json.root);
    *out = all;
    *n_out = n_own + n;
    return findings->n_all == 0;
}
