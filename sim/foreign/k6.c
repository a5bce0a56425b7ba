/* SPDX-License-Identifier: GPL-3.0-or-later
 * Only what decides when iterations start is taken over: the arrival-rate executors with their keys. A key without a
 * meaning for a simulated service (exec, tags, thresholds ...) is left out and named. Executors with a fixed number of
 * virtual users have no arrival rate: how many orders they send depends on how fast they are answered. */
#include "sim/foreign/k6.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sim/engine/ns.h"
#include "sim/foreign/literal.h"
#include "sim/scenario/json.h"
#include "sim/scenario/nearest.h"

static const char *const arrival_executors[] = { "constant-arrival-rate", "ramping-arrival-rate" };
static const char *const closed_executors[] = { "constant-vus", "ramping-vus", "shared-iterations", "per-vu-iterations",
                                                "externally-controlled" };
static const char *const known_executors[] = { "constant-arrival-rate", "ramping-arrival-rate", "constant-vus",
                                               "ramping-vus",           "shared-iterations",    "per-vu-iterations",
                                               "externally-controlled" };
/* Keys of an arrival-rate executor that decide starts. */
static const char *const kept_keys[] = { "executor", "startRate",       "rate",   "timeUnit", "duration",
                                         "stages",   "preAllocatedVUs", "maxVUs", "startTime" };

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof(array)[0])

static bool is_one_of(const char *word, const char *const *name, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(word, name[i]) == 0) return true;
    return false;
}

/* ---- what of the text is not data ---- */

/* Whether a value at this pointer decides when iterations start: /scenarios itself, a scenario, or a kept key of one.
 */
static bool decides_starts(const char *pointer, struct arena *arena)
{
    if (pointer[0] == '\0') return true; /* a spread: what it brings is not known */
    const char *rest = pointer;
    const char *step = json_pointer_step(&rest, arena);
    if (strcmp(step, "scenarios") != 0) return is_one_of(step, (const char *const[]){ "stages", "duration" }, 2);
    if (*rest == '\0') return true;
    json_pointer_step(&rest, arena);
    return *rest == '\0' || is_one_of(json_pointer_step(&rest, arena), kept_keys, COUNT(kept_keys));
}

static bool judge_computed(struct source *source, const struct literal *literal)
{
    bool ok = literal->n_computed <= MAX_COMPUTED;
    if (!ok) source_finding(source, 0, "", "%u values are computed, not data", literal->n_computed);
    for (uint32_t i = 0; i < literal->n_computed && i < MAX_COMPUTED; i++) {
        const struct computed *one = &literal->computed[i];
        const struct text_place place = source_place(source, one->at);
        if (decides_starts(one->pointer, source->arena))
            ok = source_finding(source, one->at, one->pointer,
                                "`%s` is computed by the script, not plain data; write its value there, or give the "
                                "JSON that `k6 inspect SCRIPT` prints",
                                one->word);
        else
            source_remark(source,
                          "%s:%u:%u: %s is computed, not plain data; left out, it does not decide when orders start",
                          source->file, place.line, place.column, one->pointer);
    }
    return ok;
}

/* ---- scenarios ---- */

static bool copy_key(struct source *source, cJSON *out, const cJSON *from, const char *key, bool needed,
                     const char *pointer)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(from, key);
    if (!value || cJSON_IsNull(value))
        return !needed || source_finding(source, literal_at(from), pointer, "the executor needs %s", key);
    cJSON_AddItemToObject(out, key, cJSON_Duplicate(value, true));
    return true;
}

static bool read_stages(struct source *source, cJSON *out, const cJSON *from, const char *pointer)
{
    const cJSON *stages = cJSON_GetObjectItemCaseSensitive(from, "stages"), *stage;
    const char *below = json_pointer_below(pointer, "stages", source->arena);
    if (!cJSON_IsArray(stages) || !stages->child)
        return source_finding(source, literal_at(stages ? stages : from), below,
                              "the executor needs stages: [{target, duration}]");
    cJSON *list = cJSON_AddArrayToObject(out, "stages");
    uint32_t n = 0;
    cJSON_ArrayForEach(stage, stages)
    {
        cJSON *one = cJSON_CreateObject();
        cJSON_AddItemToArray(list, one);
        const char *at = arena_printf(source->arena, "%s/%u", below, n++);
        if (!cJSON_IsObject(stage))
            return source_finding(source, literal_at(stage), at, "a stage is {target, duration}");
        if (!copy_key(source, one, stage, "target", true, at) || !copy_key(source, one, stage, "duration", true, at))
            return false;
    }
    return true;
}

/* As k6 writes them: "1m30s", with days ("1d12h"), milliseconds. */
static bool is_duration(const cJSON *value)
{
    sim_ns ns;
    char *end;
    if (cJSON_IsNumber(value)) return value->valuedouble >= 0;
    if (!cJSON_IsString(value) || value->valuestring[0] == '\0' || value->valuestring[0] == '-') return false;
    const double leading = strtod(value->valuestring, &end);
    if (*end == '\0' || (*end == 'd' && end[1] == '\0')) return leading >= 0;
    return ns_parse(*end == 'd' ? end + 1 : value->valuestring, &ns);
}

/* The values that this program needs to be of a type; their ranges are the scenario reader's. */
static bool check_types(struct source *source, const cJSON *object, const char *pointer)
{
    static const char *const numbers[] = { "startRate", "rate", "preAllocatedVUs", "maxVUs", "target" };
    static const char *const times[] = { "timeUnit", "duration", "startTime" };
    bool ok = true;
    const cJSON *child;
    cJSON_ArrayForEach(child, object)
    {
        const char *below = child->string ? json_pointer_below(pointer, child->string, source->arena) : pointer;
        if (cJSON_IsArray(child) || cJSON_IsObject(child)) ok = check_types(source, child, below) && ok;
        else if (!child->string) continue;
        else if (is_one_of(child->string, numbers, COUNT(numbers)) &&
                 !(cJSON_IsNumber(child) && child->valuedouble >= 0))
            ok = source_finding(source, literal_at(child), below, "a number from 0 is needed");
        else if (is_one_of(child->string, times, COUNT(times)) && !is_duration(child))
            ok = source_finding(source, literal_at(child), below, "a duration is needed: \"1m30s\", or milliseconds");
    }
    return ok;
}

/* How an executor with virtual users decides how many orders there are. */
static const char *closed_rule(const struct source *source, const char *executor)
{
    static const struct {
        const char *executor, *english, *korean;
    } rule[] = {
        { "shared-iterations", "a number of iterations that virtual users take one after another",
          "정해진 횟수의 iteration을 가상 사용자들이 차례로 나누어 실행" },
        { "per-vu-iterations", "a number of iterations for each virtual user, one after another",
          "가상 사용자마다 정해진 횟수의 iteration을 차례로 실행" },
        { "externally-controlled", "virtual users whose number is set from outside while it runs",
          "실행 중에 외부에서 수를 바꾸는 가상 사용자" },
        { "ramping-vus", "a number of virtual users that rises and falls, each of whom starts again when answered",
          "늘었다 줄었다 하는 가상 사용자가 각자 응답을 받으면 다시 시작" },
    };
    for (uint32_t i = 0; i < COUNT(rule); i++)
        if (strcmp(executor, rule[i].executor) == 0) return source->korean ? rule[i].korean : rule[i].english;
    return source->korean ? "정해진 수의 가상 사용자가 각자 응답을 받으면 다시 시작"
                          : "a fixed number of virtual users, each of whom starts again when answered";
}

/* what: the subject of the sentence, with its verb. */
static bool refuse_closed(struct source *source, const cJSON *at, const char *pointer, const char *what,
                          const char *executor)
{
    return source_finding(
        source, literal_at(at), pointer,
        source->korean
            ? "%s: %s. 주문이 들어오는 속도가 응답 속도에 따라 달라지므로 도착률이 정해져 있지 않고, 추정하지도 않음. "
              "테스트에서 실제로 나온 rate(k6 요약의 초당 iterations)로 constant-arrival-rate 또는 "
              "ramping-arrival-rate 시나리오를 쓸 것"
            : "%s: %s. How fast orders come then depends on how fast they are answered: there is no arrival rate "
              "to simulate, and none is guessed. Write a scenario with constant-arrival-rate or "
              "ramping-arrival-rate, with the rate that the test reached (iterations a second in k6's summary)",
        what, closed_rule(source, executor));
}

static bool bad_executor(struct source *source, const cJSON *executor, const char *word, const char *pointer)
{
    if (is_one_of(word, closed_executors, COUNT(closed_executors)))
        return refuse_closed(source, executor, pointer, word, word);
    const char *nearest = nearest_name(word, known_executors, COUNT(known_executors));
    return source_finding(source, literal_at(executor), pointer, "k6 has no executor \"%.60s\"%s%s", word,
                          nearest ? "; did you mean " : "", nearest ? nearest : "");
}

static void name_left_out(struct source *source, const cJSON *scenario)
{
    const cJSON *child;
    const char *names = "";
    cJSON_ArrayForEach(child, scenario)
    {
        if (cJSON_IsNull(child) || is_one_of(child->string, kept_keys, COUNT(kept_keys))) continue;
        names = arena_printf(source->arena, "%s%s%s", names, *names ? ", " : "", child->string);
    }
    if (*names) source_remark(source, "scenario %s: %s left out, without a meaning here", scenario->string, names);
}

static bool read_scenario(struct source *source, cJSON *out, const cJSON *scenario)
{
    const char *pointer = json_pointer_below("/scenarios", scenario->string, source->arena);
    if (!cJSON_IsObject(scenario)) return source_finding(source, literal_at(scenario), pointer, "an object is needed");
    const cJSON *executor = cJSON_GetObjectItemCaseSensitive(scenario, "executor");
    const char *word = cJSON_GetStringValue(executor);
    const char *below = json_pointer_below(pointer, "executor", source->arena);
    if (!word)
        return source_finding(source, literal_at(executor ? executor : scenario), below, "an executor is needed");
    if (!is_one_of(word, arrival_executors, COUNT(arrival_executors)))
        return bad_executor(source, executor, word, below);
    cJSON *one = cJSON_AddObjectToObject(out, scenario->string);
    cJSON_AddStringToObject(one, "executor", word);
    const bool ramping = strcmp(word, "ramping-arrival-rate") == 0;
    bool ok = copy_key(source, one, scenario, ramping ? "startRate" : "rate", !ramping, pointer) &&
              copy_key(source, one, scenario, "timeUnit", false, pointer) &&
              copy_key(source, one, scenario, "startTime", false, pointer) &&
              copy_key(source, one, scenario, "preAllocatedVUs", true, pointer) &&
              copy_key(source, one, scenario, "maxVUs", false, pointer) &&
              (ramping ? read_stages(source, one, scenario, pointer)
                       : copy_key(source, one, scenario, "duration", true, pointer));
    name_left_out(source, scenario);
    return ok && check_types(source, one, pointer);
}

/* k6's short forms, in the order in which it looks for them; each becomes an executor with virtual users. */
static const struct {
    const char *key, *executor;
} short_forms[] = {
    { "iterations", "shared-iterations" }, { "duration", "constant-vus" }, { "stages", "ramping-vus" }, { "vus", NULL }
};

static const cJSON *short_form(const cJSON *options, uint32_t form)
{
    const cJSON *given = cJSON_GetObjectItemCaseSensitive(options, short_forms[form].key);
    return given && !cJSON_IsNull(given) && !(cJSON_IsArray(given) && !given->child) ? given : NULL;
}

static bool refuse_short_forms(struct source *source, const cJSON *options)
{
    for (uint32_t i = 0; i < COUNT(short_forms); i++) {
        const cJSON *given = short_form(options, i);
        const char *key = short_forms[i].key, *executor = short_forms[i].executor;
        if (!given) continue;
        const char *pointer = json_pointer_below("", key, source->arena);
        if (executor)
            return refuse_closed(source, given, pointer,
                                 arena_printf(source->arena,
                                              source->korean ? "시나리오 밖의 %s = k6 %s의 단축형"
                                                             : "%s outside of a scenario is k6's short form of %s",
                                              key, executor),
                                 executor);
        return source_finding(
            source, literal_at(given), pointer,
            source->korean ? "vus만으로는 언제 주문이 시작되는지 정해지지 않음: k6는 이를 무시하고 iteration을 한 번만 "
                             "실행. constant-arrival-rate 또는 ramping-arrival-rate 시나리오를 쓸 것"
                           : "vus alone says nothing of when orders start: k6 ignores it and runs one iteration. "
                             "Write a scenario with constant-arrival-rate or ramping-arrival-rate");
    }
    return source_finding(source, literal_at(options), "",
                          "no scenarios: there is nothing that says when orders start");
}

/* k6 itself refuses them; vus alone is ignored. */
static bool check_no_short_form(struct source *source, const cJSON *options)
{
    for (uint32_t i = 0; i < COUNT(short_forms); i++) {
        const cJSON *given = short_form(options, i);
        if (given && short_forms[i].executor)
            return source_finding(source, literal_at(given), json_pointer_below("", short_forms[i].key, source->arena),
                                  "k6 refuses %s beside scenarios, since it is a scenario of its own (%s); leave out "
                                  "one of them",
                                  short_forms[i].key, short_forms[i].executor);
    }
    return true;
}

/* One of several instances of k6 makes only a part of the starts. */
static bool check_no_segment(struct source *source, const cJSON *options)
{
    const cJSON *given = cJSON_GetObjectItemCaseSensitive(options, "executionSegment");
    const char *segment = cJSON_GetStringValue(given);
    if (!segment || strcmp(segment, "") == 0 || strcmp(segment, "0:1") == 0) return true;
    return source_finding(source, literal_at(given), "/executionSegment",
                          source->korean ? "여러 k6 인스턴스 중 하나가 맡은 부하의 일부. 이 옵션을 빼고 전체 부하를 쓸 것"
                                         : "a part of the load, for one of several instances of k6; give the whole "
                                           "load, without it");
}

static cJSON *read_options(struct source *source, const cJSON *options)
{
    const cJSON *scenarios = cJSON_GetObjectItemCaseSensitive(options, "scenarios"), *child;
    if (!cJSON_IsObject(options)) return source_finding(source, literal_at(options), "", "an object is needed"), NULL;
    if (!scenarios || cJSON_IsNull(scenarios)) return refuse_short_forms(source, options), NULL;
    if (!cJSON_IsObject(scenarios) || !scenarios->child)
        return source_finding(source, literal_at(scenarios), "/scenarios", "an object with a scenario is needed"), NULL;
    cJSON *load = cJSON_CreateObject(), *out = cJSON_AddObjectToObject(load, "scenarios");
    bool ok = check_no_short_form(source, options) && check_no_segment(source, options);
    cJSON_ArrayForEach(child, scenarios) ok = read_scenario(source, out, child) && ok;
    const char *names = "";
    cJSON_ArrayForEach(child, options) if (strcmp(child->string, "scenarios") != 0 && !cJSON_IsNull(child)) names =
        arena_printf(source->arena, "%s%s%s", names, *names ? ", " : "", child->string);
    if (*names) source_remark(source, "options of k6 without a meaning here, left out: %s", names);
    if (ok) return load;
    cJSON_Delete(load);
    return NULL;
}

/* The options object of a script, or of a text that is the object itself (k6 inspect; a summary holds it as options).
 */
static bool find_options(struct source *source, struct literal *literal)
{
    const char *text = source->text;
    const size_t begin = strspn(text, " \t\r\n");
    size_t at = text[begin] == '{' ? begin : literal_find(source, "options");
    if (at == SIZE_MAX)
        return source_finding(source, 0, "",
                              "no options here: a script has `export const options = { ... }`; or give "
                              "the JSON that `k6 inspect SCRIPT` prints");
    const size_t changed_at = at == begin ? SIZE_MAX : literal_changed_at(source, "options", strlen("options"));
    if (changed_at != SIZE_MAX)
        return source_finding(source, changed_at, "",
                              "the script changes its options here; give the JSON that `k6 inspect SCRIPT` prints");
    if (!literal_read(literal, source, at)) return false;
    if (at != begin || text[literal->end + strspn(text + literal->end, " \t\r\n;")] == '\0') return true;
    return source_finding(source, literal->end, "", "text behind the end of the object");
}

cJSON *k6_load(struct source *source)
{
    struct literal literal = { 0 };
    cJSON *load = NULL;
    if (find_options(source, &literal) && judge_computed(source, &literal)) {
        const cJSON *inner = cJSON_GetObjectItemCaseSensitive(literal.root, "options");
        load = read_options(source, cJSON_IsObject(inner) ? inner : literal.root);
    }
    cJSON_Delete(literal.root);
    return load;
}
