/* SPDX-License-Identifier: GPL-3.0-or-later
 * What sim explore may draw: faults whose values are ranges, and ranges of the scenario's other values. A range is
 * [least, greatest], a choice {"any": [...]}. A fault may leave open when it happens. Both ends of every range must
 * make a fault, or a value, that this scenario accepts; that is found here, not in the middle of a search. */
#include "sim/scenario/reader.h"

#include <string.h>

#include "sim/scenario/write.h"

enum { CHOICES_MAX = 64, MEMBERS_MAX = 24 };

static const char *const when_keys[] = { "at", "every", "rate_per_h", "when" };

/* A number, or a duration; what lies between two of them can be drawn. */
static bool quantity(const cJSON *node, double *out, bool *is_number)
{
    sim_ns ns;
    *is_number = cJSON_IsNumber(node);
    if (*is_number) *out = node->valuedouble;
    else if (!cJSON_IsString(node) || !ns_parse(node->valuestring, &ns)) return false;
    else *out = (double)ns;
    return true;
}

static bool is_whole(const cJSON *node)
{
    return cJSON_IsNumber(node) && node->valuedouble >= (double)(int64_t)node->valuedouble &&
           node->valuedouble <= (double)(int64_t)node->valuedouble;
}

static void read_choices(struct cursor *at, struct explore_range *out)
{
    struct arena *arena = at->reading->arena;
    const cJSON *any = cJSON_GetObjectItemCaseSensitive(at->node, "any");
    const int n = cJSON_GetArraySize(any);
    if (!cJSON_IsArray(any) || at->node->child->next || n < 1 || n > CHOICES_MAX) {
        cursor_finding(at, "{\"any\": [value, value ...]} is needed, with 1 to %d values", CHOICES_MAX);
        return;
    }
    const char **choice = arena_array(arena, const char *, n);
    for (const cJSON *one = any->child; one; one = one->next) choice[out->n_choices++] = write_line(one, arena);
    out->choice = choice;
}

/* True when there is a range, right or wrong. */
static bool read_range(struct cursor *at, struct explore_range *out, bool *whole)
{
    double low, high;
    bool low_is_number, high_is_number;
    if (cJSON_IsObject(at->node) && cJSON_GetObjectItemCaseSensitive(at->node, "any")) {
        read_choices(at, out);
        return true;
    }
    if (!cJSON_IsArray(at->node)) return false;
    const cJSON *first = at->node->child, *second = first ? first->next : NULL;
    if (!second || second->next || !quantity(first, &low, &low_is_number) ||
        !quantity(second, &high, &high_is_number) || low_is_number != high_is_number || !(low < high)) {
        cursor_finding(at, "[least, greatest] is needed: two numbers or two durations, the less one first");
        return true;
    }
    *whole = is_whole(first) && is_whole(second);
    out->low = write_line(first, at->reading->arena);
    out->high = write_line(second, at->reading->arena);
    return true;
}

/* ---- faults ---- */

static enum fault_kind kind_of(const cJSON *fault)
{
    for (uint32_t i = 0; i < FAULT_KINDS; i++)
        if (cJSON_GetObjectItemCaseSensitive(fault, fault_word((enum fault_kind)i))) return (enum fault_kind)i;
    return FAULT_KINDS;
}

static bool is_share(const char *key) { return strcmp(key, "share") == 0 || strcmp(key, "factor") == 0; }

static void read_members(struct cursor *fault, struct explore_fault *out)
{
    struct arena *arena = fault->reading->arena;
    struct explore_member *member = arena_array(arena, struct explore_member, MEMBERS_MAX);
    for (const cJSON *child = cursor_first(fault); child; child = cursor_next(child)) {
        struct cursor at = cursor_child(fault, child, 0);
        struct explore_member *one = &member[out->n_members];
        if (out->n_members == MEMBERS_MAX) {
            cursor_finding(fault, "more than %d keys in one fault", MEMBERS_MAX);
            return;
        }
        one->key = arena_strdup(arena, child->string);
        if (!read_range(&at, &one->range, &one->whole)) one->text = write_line(child, arena);
        one->whole = one->whole && !is_share(one->key);
        out->n_members++;
    }
    out->member = member;
}

static void read_fault(struct cursor *faults, const cJSON *child, struct explore_fault *out)
{
    struct cursor at = cursor_child(faults, child, 0);
    out->name = arena_strdup(faults->reading->arena, child->string);
    cursor_copy(&at);
    if (!cJSON_IsObject(child)) {
        cursor_finding(&at, "%s where a fault is needed", json_type_name(child));
        return;
    }
    out->kind = kind_of(child);
    out->by_step = out->kind != FAULT_KINDS && fault_has_step(out->kind);
    const cJSON *subject =
        out->kind == FAULT_KINDS ? NULL : cJSON_GetObjectItemCaseSensitive(child, fault_word(out->kind));
    out->subject = cJSON_IsString(subject) ? arena_strdup(faults->reading->arena, subject->valuestring) : "";
    for (size_t i = 0; i < sizeof when_keys / sizeof when_keys[0]; i++)
        out->says_when |= cJSON_GetObjectItemCaseSensitive(child, when_keys[i]) != NULL;
    if (out->kind == FAULT_SCALE) cursor_finding(&at, "scale is no accident to search for; it belongs in /faults");
    read_members(&at, out);
}

static void read_explore_faults(struct cursor *explore, struct explore_spec *out)
{
    struct names names = names_of_section(explore, "faults", "fault", EXPLORE_FAULTS_MAX);
    struct cursor faults = cursor_object(explore, "faults", "{}");
    struct explore_fault *fault = arena_array(explore->reading->arena, struct explore_fault, names.n);
    for (const cJSON *child = cursor_first(&faults); child; child = cursor_next(child))
        read_fault(&faults, child, &fault[out->n_faults++]);
    cursor_close_names(&faults);
    out->fault = fault;
}

/* ---- values ---- */

static void read_explore_values(struct cursor *explore, struct explore_spec *out)
{
    struct arena *arena = explore->reading->arena;
    struct cursor vary = cursor_object(explore, "vary", "{}");
    struct explore_value *value = arena_array(arena, struct explore_value, cursor_size(&vary));
    for (const cJSON *child = cursor_first(&vary); child; child = cursor_next(child)) {
        struct cursor at = cursor_child(&vary, child, 0);
        struct explore_value *one = &value[out->n_values++];
        one->pointer = arena_strdup(arena, child->string);
        cursor_copy(&at);
        if (!read_range(&at, &one->range, &one->whole))
            cursor_finding(&at, "[least, greatest] or {\"any\": [value, value ...]} is needed");
    }
    cursor_close_names(&vary);
    out->value = value;
}

void read_explore(struct reader *reader, struct cursor *document)
{
    struct explore_spec *out = &reader->study->explore;
    struct cursor explore = cursor_object(document, "explore", OPTIONAL);
    if (!explore.node) return;
    out->given = true;
    read_u32(&explore, "most_faults", &out->most_faults, "4", 0, EXPLORE_FAULTS_MAX);
    read_bool(&explore, "ties", &out->ties, "true");
    read_explore_faults(&explore, out);
    read_explore_values(&explore, out);
    cursor_close(&explore);
}

/* ---- both ends, all choices ---- */

/* The nth value that is looked at: the ends of a range, or each choice. The last one stays where there are fewer. */
static const char *nth_of(const struct explore_range *range, uint32_t n)
{
    if (range->n_choices > 0) return range->choice[n < range->n_choices ? n : range->n_choices - 1];
    return n == 0 ? range->low : range->high;
}

/* The fault with the nth value of each range; a time where it says none. */
static const char *fault_at(const struct explore_fault *fault, uint32_t n, struct arena *arena)
{
    const char *text = "{", *comma = "";
    for (uint32_t i = 0; i < fault->n_members; i++) {
        const struct explore_member *member = &fault->member[i];
        const char *value = member->text ? member->text : nth_of(&member->range, n);
        text = arena_printf(arena, "%s%s\"%s\": %s", text, comma, member->key, value);
        comma = ", ";
    }
    return arena_printf(arena, "%s%s}", text, fault->says_when ? "" : arena_printf(arena, "%s\"at\": \"0s\"", comma));
}

static void check_fault_at(struct reader *reader, const struct explore_fault *fault, uint32_t nth)
{
    struct arena *arena = reader->reading.arena;
    const struct fault_text text = { fault->name, fault_at(fault, nth, arena) };
    const struct fault_spec *spec;
    struct study alone = *reader->study; /* how many there are beside it is asked by itself */
    struct findings findings;
    uint32_t n;
    alone.scenario.n_faults = 0;
    if (study_faults(&alone, &text, 1, &spec, &n, &findings, arena)) return;
    for (uint32_t i = 0; i < findings.n; i++)
        reading_finding(&reader->reading, arena_printf(arena, "/explore%s", findings.finding[i].pointer), "%s",
                        findings.finding[i].message);
}

static void check_fault(struct reader *reader, const struct explore_fault *fault)
{
    const uint32_t n_before = reader->reading.findings->n_all;
    uint32_t most = 2;
    for (uint32_t i = 0; i < fault->n_members; i++)
        if (fault->member[i].range.n_choices > most) most = fault->member[i].range.n_choices;
    for (uint32_t n = 0; n < most && reader->reading.findings->n_all == n_before; n++)
        check_fault_at(reader, fault, n);
}

static void check_how_many(struct reader *reader, const struct explore_spec *explore)
{
    const uint32_t n_own = reader->study->scenario.n_faults;
    if (explore->n_faults == 0 || n_own > MAX_FAULTS || n_own + explore->most_faults <= MAX_FAULTS) return;
    reading_finding(&reader->reading, "/explore/most_faults",
                    "up to %u drawn faults beside the %u of /faults; a run has at most %d, so that %u can be drawn",
                    explore->most_faults, n_own, MAX_FAULTS, MAX_FAULTS - n_own);
}

/* Runs are counted by the parts of the scenario: these must be the same in all of them. */
static bool holds_parts(const char *pointer)
{
    static const char *const sections[] = { "", "/topics", "/groups", "/stores", "/tables", "/locks", "/processes",
                                            "/scalers", "/faults" };
    for (uint32_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (strcmp(pointer, sections[i]) == 0) return true;
    return false;
}

static void check_value(struct reader *reader, cJSON *resolved, struct explore_value *value)
{
    struct arena *arena = reader->reading.arena;
    cJSON *nearest;
    const char *at = json_pointer_below("/explore/vary", value->pointer, arena);
    const cJSON *now = json_pointer_ok(value->pointer) ? json_find(resolved, value->pointer, &nearest, arena) : NULL;
    double number;
    bool now_is_number;
    if (!now) {
        reading_finding(&reader->reading, at,
                        "there is no value at %s; a JSON Pointer such as /groups/NAME/consumers "
                        "is needed",
                        value->pointer);
        return;
    }
    if (holds_parts(value->pointer)) {
        reading_finding(&reader->reading, at,
                        "all parts at once cannot be drawn; name one of them, as in %s/NAME",
                        *value->pointer ? value->pointer : "/groups");
        return;
    }
    value->whole = value->whole && is_whole(now);
    if (!value->range.low) return;
    if (!quantity(now, &number, &now_is_number) || now_is_number == (value->range.low[0] == '"'))
        reading_finding(&reader->reading, at, "[least, greatest] is needed, both like the value at %s, %s",
                        value->pointer, write_line(now, arena));
}

void check_explore(struct reader *reader, cJSON *resolved)
{
    const struct explore_spec *explore = &reader->study->explore;
    for (uint32_t i = 0; i < explore->n_faults; i++) check_fault(reader, &explore->fault[i]);
    check_how_many(reader, explore);
    for (uint32_t i = 0; i < explore->n_values; i++) check_value(reader, resolved, &explore->value[i]);
    if (explore->given && explore->n_faults == 0 && explore->n_values == 0 && !explore->ties)
        reading_finding(&reader->reading, "/explore", "nothing is drawn; give it faults, vary, or ties");
}
