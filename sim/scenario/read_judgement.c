/* SPDX-License-Identifier: GPL-3.0-or-later
 * What to make of runs: thresholds, values to fit, observations, and what each value rests on. */
#include "sim/scenario/reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/observe.h"
#include "sim/scenario/write.h"

/* ---- thresholds ---- */

static const char *skip_blanks(const char *at)
{
    while (*at == ' ') at++;
    return at;
}

/* k6's aggregations. Returns what stands behind, NULL when there is none. */
static const char *parse_figure(const char *at, const char **figure, struct arena *arena)
{
    static const char *const names[] = { "value", "avg", "min", "med", "max", "count", "rate" };
    size_t length = strcspn(at, " <>=!(");
    if (at[length] == '(') {
        char *end;
        double p = strtod(at + length + 1, &end);
        if (length != 1 || at[0] != 'p' || *end != ')' || !(p > 0 && p < 100)) return NULL;
        length = (size_t)(end + 1 - at);
        *figure = arena_printf(arena, "%.*s", (int)length, at);
        return at + length;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strlen(names[i]) != length || memcmp(names[i], at, length) != 0) continue;
        *figure = i == 0 ? NULL : names[i];
        return at + length;
    }
    return NULL;
}

static const char *parse_operator(const char *at, enum compare_op *op)
{
    static const struct {
        const char *text;
        enum compare_op op;
    } operators[] = {
        { "===", OP_EQ }, { "!==", OP_NE }, { "<=", OP_LE }, { ">=", OP_GE },
        { "==", OP_EQ },  { "!=", OP_NE },  { "<", OP_LT },  { ">", OP_GT },
    };
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        size_t length = strlen(operators[i].text);
        if (strncmp(at, operators[i].text, length) != 0) continue;
        *op = operators[i].op;
        return at + length;
    }
    return NULL;
}

static bool parse_threshold(const char *text, struct threshold_spec *out, struct arena *arena)
{
    const char *at = parse_figure(skip_blanks(text), &out->figure, arena);
    if (at) at = parse_operator(skip_blanks(at), &out->op);
    if (!at) return false;
    at = skip_blanks(at);
    const size_t length = strspn(at, "0123456789+-.eE");
    char *end;
    out->bound = strtod(at, &end);
    return length > 0 && end == at + length && *skip_blanks(end) == '\0' && isfinite(out->bound);
}

static void read_expression(struct cursor *at, struct threshold_spec *out)
{
    const char *text = NULL;
    if (!cursor_text(at, &text)) return;
    out->expression = text;
    if (!parse_threshold(text, out, at->reading->arena))
        cursor_finding(at,
                       "\"%.60s\" is not a threshold; write value>=0.95, avg<2, p(95)<1.5: value, avg, min, med, max, "
                       "count, rate or p(N), then < <= > >= == or !=, then a number",
                       text);
}

/* "value<1", or k6's {"threshold": "value<1", "abortOnFail": true}. */
static void read_threshold(struct cursor *at, struct threshold_spec *out)
{
    bool abort_on_fail;
    if (!cJSON_IsObject(at->node)) {
        read_expression(at, out);
        return;
    }
    cursor_is_object(at);
    struct cursor expression = cursor_at(at, "threshold", REQUIRED);
    read_expression(&expression, out);
    read_bool(at, "abortOnFail", &abort_on_fail, OPTIONAL);
    struct cursor delay = cursor_at(at, "delayAbortEval", OPTIONAL);
    cursor_copy(&delay);
    cursor_close(at);
}

static void read_thresholds(struct reader *reader, struct cursor *document)
{
    struct cursor thresholds = cursor_object(document, "thresholds", "{}");
    uint32_t n = 0, n_max = 0;
    for (const cJSON *metric = cursor_first(&thresholds); metric; metric = cursor_next(metric))
        n_max += (uint32_t)cJSON_GetArraySize(metric);
    struct threshold_spec *out = arena_array(reader->reading.arena, struct threshold_spec, n_max);
    struct finding *at = arena_array(reader->reading.arena, struct finding, n_max);
    for (const cJSON *metric = cursor_first(&thresholds); metric; metric = cursor_next(metric)) {
        struct cursor list = cursor_child(&thresholds, metric, 0);
        uint32_t i = 0;
        cursor_is_array(&list);
        for (const cJSON *child = cursor_first(&list); child; child = cursor_next(child), i++) {
            struct cursor one = cursor_child(&list, child, i);
            out[n].metric = arena_strdup(reader->reading.arena, metric->string);
            at[n] = cursor_place(&one);
            read_threshold(&one, &out[n++]);
        }
    }
    cursor_close_names(&thresholds);
    reader->study->n_thresholds = n;
    reader->study->threshold = out;
    reader->study->threshold_at = at;
}

/* ---- calibrate ---- */

static void read_calibrate(struct reader *reader, struct cursor *document)
{
    struct cursor calibrate = cursor_object(document, "calibrate", "{}");
    struct range_spec *out = arena_array(reader->reading.arena, struct range_spec, cursor_size(&calibrate));
    uint32_t n = 0;
    for (const cJSON *child = cursor_first(&calibrate); child; child = cursor_next(child)) {
        struct cursor range = cursor_child(&calibrate, child, 0);
        if (!cJSON_IsArray(child) || cJSON_GetArraySize(child) != 2) {
            cursor_finding(&range, "[least, greatest] is needed");
            continue;
        }
        cursor_copy(&range);
        out[n++] = (struct range_spec){ arena_strdup(reader->reading.arena, child->string),
                                        write_line(child->child, reader->reading.arena),
                                        write_line(child->child->next, reader->reading.arena) };
    }
    cursor_close_names(&calibrate);
    reader->study->n_calibrate = n;
    reader->study->calibrate = out;
}

/* A number, or a duration in ns; what calibration can fit. */
static bool quantity(const cJSON *node, double *out)
{
    sim_ns ns;
    if (cJSON_IsNumber(node)) {
        *out = node->valuedouble;
        return true;
    }
    if (!cJSON_IsString(node) || !ns_parse(node->valuestring, &ns)) return false;
    *out = (double)ns;
    return true;
}

void check_calibrate(struct reader *reader, cJSON *resolved)
{
    const cJSON *ranges = cJSON_GetObjectItemCaseSensitive(resolved, "calibrate");
    for (uint32_t i = 0; i < reader->study->n_calibrate; i++) {
        const char *pointer = reader->study->calibrate[i].pointer;
        const char *at = json_pointer_below("/calibrate", pointer, reader->reading.arena);
        const cJSON *range = cJSON_GetObjectItemCaseSensitive(ranges, pointer);
        cJSON *nearest,
            *value = json_pointer_ok(pointer) ? json_find(resolved, pointer, &nearest, reader->reading.arena) : NULL;
        double now, low, high;
        if (!value || !quantity(value, &now))
            reading_finding(&reader->reading, at,
                            "there is no number or duration at %s; a JSON Pointer such as "
                            "/stages/NAME/time/mean is needed",
                            pointer);
        else if (!quantity(range->child, &low) || !quantity(range->child->next, &high) || !(low < high) ||
                 range->child->type != value->type || range->child->next->type != value->type)
            reading_finding(&reader->reading, at, "[least, greatest] is needed, both like the value at %s, %s", pointer,
                            write_line(value, reader->reading.arena));
    }
}

/* ---- observations ---- */

static void read_observations(struct reader *reader, struct cursor *document)
{
    struct cursor path = cursor_at(document, "observations", OPTIONAL);
    struct arena *arena = reader->reading.arena;
    size_t length;
    if (!path.node) return;
    const char *text = read_input(reader, &path, &length);
    if (!text) return;
    struct findings findings = { 0 };
    struct observations *out = arena_new(arena, struct observations);
    const char *file = reader->input[reader->n_inputs - 1].path;
    observations_read_text(out, text, length, &findings, arena);
    for (uint32_t i = 0; i < findings.n; i++) {
        const struct finding *finding = &findings.finding[i];
        cursor_finding(&path, "%s:%u:%u: %s%s%s", file, finding->line, finding->column, finding->pointer,
                       finding->pointer[0] ? ": " : "", finding->message);
    }
    reader->study->observations = out;
    reader->study->observations_path = file;
}

void read_judgement(struct reader *reader, struct cursor *document)
{
    read_observations(reader, document);
    read_thresholds(reader, document);
    read_calibrate(reader, document);
}

/* ---- basis ---- */

struct basis_walk {
    struct basis_of *out;
    uint32_t n;
    struct arena *arena;
};

static enum basis basis_named(const char *tag)
{
    return strcmp(tag, "measured") == 0 ? BASIS_MEASURED : strcmp(tag, "fitted") == 0 ? BASIS_FITTED : BASIS_ASSUMED;
}

/* What the object says of one of its keys; else what is said of the object. */
static enum basis basis_of_key(const cJSON *object, const char *key, enum basis above)
{
    const cJSON *basis = cJSON_GetObjectItemCaseSensitive(object, "basis");
    const cJSON *named = key && cJSON_IsObject(basis) ? cJSON_GetObjectItemCaseSensitive(basis, key) : basis;
    return cJSON_IsString(named) ? basis_named(named->valuestring) : above;
}

/* A distribution given by a column of a file: one value, however long the column. */
static bool is_measured_column(const cJSON *node) { return node->string && strcmp(node->string, "csv") == 0; }

/* How long to run and what to ask are nobody's guess about the real system. */
static bool is_about_system(const cJSON *section)
{
    static const char *const others[] = { "name", "run", "checkpoints", "thresholds", "observations", "calibrate",
                                          "explore" };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(section->string, others[i]) == 0) return false;
    return true;
}

/* The status that an API answers with is a word in digits; below a stage nothing else bears that key and a number. */
static bool is_code(const cJSON *node, const char *pointer)
{
    return strncmp(pointer, "/stages/", 8) == 0 && node->string && strcmp(node->string, "reply") == 0;
}

/* With out NULL it only counts. */
static void walk_basis(struct basis_walk *walk, const cJSON *node, const char *pointer, enum basis above)
{
    uint32_t index = 0;
    double value;
    for (const cJSON *child = node->child; child; child = child->next, index++) {
        if (child->string && (strcmp(child->string, "basis") == 0 || child->string[0] == '$')) continue;
        if (!*pointer && !is_about_system(child)) continue;
        enum basis basis = basis_of_key(cJSON_IsObject(node) ? node : NULL, child->string, above);
        const char *at = child->string ? json_pointer_below(pointer, child->string, walk->arena)
                                       : arena_printf(walk->arena, "%s/%u", pointer, index);
        if (child->child) walk_basis(walk, child, at, basis);
        else if (basis != BASIS_NONE && !is_code(child, pointer) &&
                 (quantity(child, &value) || is_measured_column(child))) {
            if (walk->out) walk->out[walk->n] = (struct basis_of){ at, basis };
            walk->n++;
        }
    }
}

void read_basis_list(struct reader *reader, const cJSON *resolved)
{
    struct basis_walk walk = { .arena = reader->reading.arena };
    walk_basis(&walk, resolved, "", BASIS_NONE);
    walk.out = arena_array(walk.arena, struct basis_of, walk.n);
    walk.n = 0;
    walk_basis(&walk, resolved, "", BASIS_NONE);
    reader->study->n_basis = walk.n;
    reader->study->basis = walk.out;
}
