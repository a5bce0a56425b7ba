/* SPDX-License-Identifier: GPL-3.0-or-later
 * The reader of scenarios, section by section; private to this room. Sections refer to one another by name, so all
 * names are gathered before the first section is read. */
#ifndef SIM_SCENARIO_READER_H
#define SIM_SCENARIO_READER_H

#include "sim/scenario/cursor.h"

enum { MAX_INPUTS = 64, MAX_IGNORED = 64 };
enum { MAX_BY_LOAD_END = MAX_CHECKPOINTS + 2 * MAX_FAULTS }; /* of a fault from, until */
#define WHOLE_MAX ((uint64_t)JSON_WHOLE_MAX)

/* In the order of their enums. */
enum { ROW_KEYS = ROW_ORDER_ID + 1, EFFECTS = EFFECT_DEBIT + 1 };
extern const char *const row_key_names[ROW_KEYS], *const effect_names[EFFECTS];

struct reader {
    struct reading reading;
    struct study *study;
    struct scenario *scenario; /* of study */
    const char *folder;        /* paths in the scenario start here */
    struct names topics, groups, stores, tables, locks, stages, processes;
    struct topic_spec topic_default;
    struct group_spec group_default;
    struct group_spec *group; /* scenario->group, while it is being filled */
    struct process_spec *process; /* scenario->process, likewise */
    bool has_user, has_item;  /* orders say which */
    uint32_t n_by_load_end;   /* instants that are told from load_end */
    const char *by_load_end[MAX_BY_LOAD_END];
    uint32_t n_inputs;
    struct input_file input[MAX_INPUTS];
    uint32_t n_ignored;
    const char *ignored[MAX_IGNORED];
};

void read_run(struct reader *reader, struct cursor *document);
void read_load(struct reader *reader, struct cursor *document);
void read_checkpoints(struct reader *reader, struct cursor *document);
void read_orders(struct reader *reader, struct cursor *document);
void read_kafka(struct reader *reader, struct cursor *document);   /* and topics, groups */
void read_servers(struct reader *reader, struct cursor *document); /* stores, tables, locks, processes */
void read_flow(struct reader *reader, struct cursor *document);
void read_stages(struct reader *reader, struct cursor *document);
void read_scalers(struct reader *reader, struct cursor *document);
void read_faults(struct reader *reader, struct cursor *document);
void read_judgement(struct reader *reader, struct cursor *document); /* thresholds, calibrate, observations */
void read_explore(struct reader *reader, struct cursor *document);

/* A known key where it means nothing. */
void refuse_option(struct cursor *object, const char *key, const char *why);

/* After all sections: what each value rests on; ranges of values to fit. Reads the resolved document. */
void read_basis_list(struct reader *reader, const cJSON *resolved);
void check_calibrate(struct reader *reader, cJSON *resolved);
/* Whether both ends of what explore may draw are faults and values of this scenario. */
void check_explore(struct reader *reader, cJSON *resolved);

/* The faults of an object, one behind the other. */
void read_fault_list(struct reader *reader, struct cursor *faults, const struct names *names, struct fault_spec *out);
/* The word that says what a fault does, in the order of enum fault_kind. */
const char *fault_word(enum fault_kind kind);
/* A fault of this kind may happen at a step. */
bool fault_has_step(enum fault_kind kind);

/* Rules across sections. Only on a scenario that was read without a finding. */
void check_scenario(struct reader *reader);

/* In the order of enum step_kind. */
const char *const *step_kind_names(void);

/* What a step is called where something refers to it: the label of a work step, else its kind. */
const char *step_name(const struct step_spec *step);

/* An instant: "630s", "load_end", "load_end+30s". */
void read_instant(struct reader *reader, struct cursor *at, sim_ns *out);

/* A distribution of durations. */
void read_dist(struct reader *reader, struct cursor *object, const char *key, struct dist_spec *out,
               const char *fallback);

/* A file that the scenario names at `cursor`, its text and length; NULL with a finding. Written as "inputs/NAME": where
 * it is copied to beside a result, and where it is looked for first when the resolved scenario is read. */
const char *read_input(struct reader *reader, struct cursor *cursor, size_t *length);

/* A column of numbers of the CSV file named at `path`: by its name in the first line, or (column NULL) the first one.
 */
double *read_csv(struct reader *reader, struct cursor *path, const char *column, uint32_t *n);

/* Whole files. The text ends with a NUL at text[*length]. err: SIM_ERUNTIME. */
const char *file_read(const char *path, size_t *length, struct arena *arena, struct sim_err *err);

/* "a/b.json" -> "b", and -> "a"; "b.json" -> "." */
const char *file_stem(const char *path, struct arena *arena);
const char *file_folder(const char *path, struct arena *arena);

#endif
