/* SPDX-License-Identifier: GPL-3.0-or-later
 * Autoscalers: the options of a ScaledObject of KEDA with a Kafka trigger, under their own names, and those of the
 * autoscaler that KEDA makes of it. */
#include "sim/scenario/check.h"

#define AT(reader, ...)               arena_printf((reader)->reading.arena, __VA_ARGS__)
#define FINDING(reader, pointer, ...) reading_finding(&(reader)->reading, (pointer), __VA_ARGS__)

static const char *const selects[] = { "max", "min", "disabled" };

#define HOUR_NS      (3600 * SIM_S) /* Kubernetes' longest window, */
#define PERIOD_NS    (1800 * SIM_S) /* and period of a policy */
#define INTERVAL_NS  (24 * HOUR_NS)
#define RECORDS_MAX  1000000000000
enum { PODS_MAX = 500 };

/* ---- behavior ---- */

static void read_policy(struct cursor *policy, struct scale_policy *out)
{
    if (!cursor_is_object(policy)) return;
    const bool pods = cursor_has(policy, "pods");
    out->percent = cursor_has(policy, "percent");
    if (pods == out->percent)
        cursor_finding(policy, "%s; a policy is a number of pods, or a percent of them",
                       pods ? "pods and percent" : "neither pods nor percent");
    else
        read_u32(policy, pods ? "pods" : "percent", &out->value, REQUIRED, 1, 1000000);
    read_ns(policy, "period", &out->period_ns, REQUIRED, SIM_S, PERIOD_NS);
    cursor_close(policy);
}

/* What a rule does not say is as Kubernetes fills it in. */
static void read_rules(struct cursor *behavior, const char *key, const char *window, const char *policies,
                       struct scale_rules *out)
{
    struct cursor rules = cursor_object(behavior, key, "{}");
    read_ns(&rules, "stabilization_window", &out->window_ns, window, 0, HOUR_NS);
    read_enum(&rules, "select_policy", out->select, "max", selects);
    struct cursor list = cursor_array(&rules, "policies", policies);
    if (list.node && (cursor_size(&list) == 0 || cursor_size(&list) > MAX_POLICIES))
        cursor_finding(&list, "%u policies; 1 to %d are read", cursor_size(&list), MAX_POLICIES);
    const cJSON *child = cursor_first(&list);
    for (; child && out->n_policies < MAX_POLICIES; child = cursor_next(child)) {
        struct cursor one = cursor_child(&list, child, out->n_policies);
        read_policy(&one, &out->policy[out->n_policies++]);
    }
    cursor_close(&rules);
}

static void read_behavior(struct reader *reader, struct cursor *scaler, struct scaler_spec *out)
{
    char window[48];
    struct cursor behavior = cursor_object(scaler, "behavior", OPTIONAL);
    out->has_behavior = behavior.node != NULL;
    if (!behavior.node) return;
    ns_format(out->downscale_window_ns, window, sizeof window);
    read_rules(&behavior, "scale_up", "0s",
               "[{\"pods\": 4, \"period\": \"15s\"}, {\"percent\": 100, \"period\": \"15s\"}]", &out->up);
    read_rules(&behavior, "scale_down", arena_strdup(reader->reading.arena, window),
               "[{\"percent\": 100, \"period\": \"15s\"}]", &out->down);
    cursor_close(&behavior);
}

/* ---- the rest ---- */

static void read_scaler(struct reader *reader, struct cursor *scaler, struct scaler_spec *out)
{
    read_name(scaler, "group", &out->group, REQUIRED, &reader->groups);
    read_name(scaler, "topic", &out->topic, OPTIONAL, &reader->topics);
    read_u64(scaler, "lag_threshold", &out->lag_threshold, "10", 1, RECORDS_MAX);
    read_u64(scaler, "activation_lag_threshold", &out->activation_lag_threshold, "0", 0, RECORDS_MAX);
    read_bool(scaler, "allow_idle_consumers", &out->allow_idle_consumers, "false");
    read_bool(scaler, "limit_to_partitions_with_lag", &out->limit_to_partitions_with_lag, "false");
    read_bool(scaler, "ensure_even_distribution_of_partitions", &out->even_distribution, "false");
    read_bool(scaler, "exclude_persistent_lag", &out->exclude_persistent_lag, "false");
    read_bool(scaler, "scale_to_zero_on_invalid_offset", &out->zero_on_invalid_offset, "false");
    read_u32(scaler, "min_replica_count", &out->min_replicas, "0", 0, PODS_MAX);
    read_u32(scaler, "max_replica_count", &out->max_replicas, "100", 1, PODS_MAX);
    read_ns(scaler, "polling_interval", &out->polling_ns, "30s", SIM_S, INTERVAL_NS);
    read_ns(scaler, "cooldown_period", &out->cooldown_ns, "5m", 0, INTERVAL_NS);
    read_bool(scaler, "use_cached_metrics", &out->use_cached_metrics, "false");
    read_ns(scaler, "sync_period", &out->sync_ns, "15s", SIM_S, HOUR_NS);
    read_number(scaler, "tolerance", &out->tolerance, "0.1", 0, 1);
    read_ns(scaler, "downscale_stabilization", &out->downscale_window_ns, "5m", 0, HOUR_NS);
    read_behavior(reader, scaler, out);
    read_dist(reader, scaler, "pod_start", &out->pod_start, REQUIRED);
    read_ns(scaler, "kill_after", &out->kill_after_ns, "30s", 0, LONGEST_NS);
    cursor_close(scaler);
}

void read_scalers(struct reader *reader, struct cursor *document)
{
    struct names names = names_of_section(document, "scalers", "scaler", MAX_SCALERS);
    struct cursor scalers = cursor_object(document, "scalers", OPTIONAL);
    if (!scalers.node) return;
    struct scaler_spec *out = arena_array(reader->reading.arena, struct scaler_spec, names.n);
    uint32_t n = 0;
    for (const cJSON *child = cursor_first(&scalers); child; child = cursor_next(child)) {
        struct cursor one = cursor_child(&scalers, child, n);
        out[n].name = names.name[n];
        out[n].group = out[n].topic = NONE;
        if (cursor_is_object(&one)) read_scaler(reader, &one, &out[n]);
        n++;
    }
    cursor_close_names(&scalers);
    reader->scenario->n_scalers = n;
    reader->scenario->scaler = out;
}

/* ---- rules across sections ---- */

static bool reads(const struct group_spec *group, uint32_t topic)
{
    for (uint32_t i = 0; i < group->n_reads; i++)
        if (group->read[i].topic == topic) return true;
    return false;
}

/* Something else that lives in the pods and would be scaled, too; NULL: nothing. */
static const char *also_hosted(const struct scenario *s, uint32_t group)
{
    const uint32_t process = s->group[group].process;
    for (uint32_t g = 0; g < s->n_groups; g++)
        if (g != group && s->group[g].process == process) return s->group[g].name;
    if (s->process[process].api_threads > 0) return "the API";
    if (s->process[process].has_outbox) return "an outbox's relay";
    if (s->flow.given && s->flow.sweeper.given && s->flow.sweeper.process == process) return "the sweeper";
    return NULL;
}

static void check_pods(struct reader *reader, const struct scaler_spec *scaler, const char *pointer)
{
    const struct scenario *s = reader->scenario;
    const struct group_spec *group = &s->group[scaler->group];
    if (group->process == NONE) return; /* it has no pods, which is said of the group */
    const struct process_spec *process = &s->process[group->process];
    const char *other = also_hosted(s, scaler->group);
    if (other)
        FINDING(reader, pointer, "the pods of %s host %s, too (/processes/%s), which would be scaled with it; give the "
                "group a process of its own", group->name, other, process->name);
    if (group->consumers % process->instances != 0)
        FINDING(reader, pointer, "%u consumers in %u instances of %s; each pod has the same number of them",
                group->consumers, process->instances, process->name);
    if (process->instances > scaler->max_replicas)
        FINDING(reader, pointer, "%s starts with %u instances, more than max_replica_count, %u", process->name,
                process->instances, scaler->max_replicas);
    if (group->start_ns > 0)
        FINDING(reader, pointer, "/groups/%s/start is not 0; whether its pods are there is up to the scaler",
                group->name);
}

/* What KEDA refuses (parseKafkaMetadata of kafka_scaler.go). */
static void check_keda(struct reader *reader, const struct scaler_spec *scaler, const char *pointer)
{
    const char *limits = AT(reader, "%s/limit_to_partitions_with_lag", pointer);
    const char *evens = AT(reader, "%s/ensure_even_distribution_of_partitions", pointer);
    if (scaler->limit_to_partitions_with_lag && scaler->allow_idle_consumers)
        FINDING(reader, limits, "together with allow_idle_consumers, which lifts the limit; KEDA refuses this");
    if (scaler->limit_to_partitions_with_lag && scaler->even_distribution)
        FINDING(reader, limits, "together with ensure_even_distribution_of_partitions; KEDA refuses this");
    if (scaler->topic == NONE && scaler->limit_to_partitions_with_lag)
        FINDING(reader, limits, "needs a \"topic\"; without one KEDA refuses this");
    if (scaler->topic == NONE && scaler->even_distribution)
        FINDING(reader, evens, "needs a \"topic\"; without one KEDA refuses this");
}

static void check_room(struct reader *reader, const struct scaler_spec *scaler, const char *pointer)
{
    struct group_spec *group = &reader->group[scaler->group];
    struct process_spec *process = &reader->process[group->process];
    const uint32_t of_pod = group->consumers / process->instances, slots = scaler_slots(scaler);
    if ((uint64_t)slots * of_pod > MAX_CONSUMERS) {
        FINDING(reader, AT(reader, "%s/max_replica_count", pointer),
                "%u pods of %u consumers, and as many that are on their way out, are more than the %d of a group that "
                "are simulated", scaler->max_replicas, of_pod, MAX_CONSUMERS);
        return;
    }
    process->instances_max = slots;
    group->consumers_max = slots * of_pod;
}

void check_scalers(struct reader *reader)
{
    const struct scenario *s = reader->scenario;
    for (uint32_t i = 0; i < s->n_scalers; i++) {
        const struct scaler_spec *scaler = &s->scaler[i];
        const char *pointer = AT(reader, "/scalers/%s", scaler->name);
        const uint32_t before = reader->reading.findings->n_all;
        if (scaler->min_replicas > scaler->max_replicas)
            FINDING(reader, AT(reader, "%s/min_replica_count", pointer), "%u is above max_replica_count, %u",
                    scaler->min_replicas, scaler->max_replicas);
        if (scaler->topic != NONE && !reads(&s->group[scaler->group], scaler->topic))
            FINDING(reader, AT(reader, "%s/topic", pointer), "%s does not read this topic",
                    s->group[scaler->group].name);
        for (uint32_t k = 0; k < i; k++)
            if (s->scaler[k].group == scaler->group)
                FINDING(reader, AT(reader, "%s/group", pointer), "%s has a scaler already, %s",
                        s->group[scaler->group].name, s->scaler[k].name);
        check_keda(reader, scaler, pointer);
        check_pods(reader, scaler, AT(reader, "%s/group", pointer));
        if (reader->reading.findings->n_all == before && s->group[scaler->group].process != NONE)
            check_room(reader, scaler, pointer);
    }
}
