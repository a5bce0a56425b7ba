/* SPDX-License-Identifier: GPL-3.0-or-later
 * What becomes of a record whose listener throws (semantics 6): ten quick deliveries, then it is skipped; the rest of
 * its poll is fetched again; back-off; dead letters; retry topics. Figures are counted by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "models/plan.h"
#include "tests/support/trial.h"

/* clang-format off */
static const char SHOP[] = TRIAL_JSON({
    "name": "shop",
    "load": { "scenarios": { "orders": { "executor": "constant-arrival-rate", "rate": 20, "duration": "50s" } } },
    "orders": { "item": 1, "quantity": 1 },
    "kafka": { "partitions": 1, "fetch": "1ms", "commit": "2ms" },
    "topics": { "orders": {}, "again": {}, "dead": {} },
    "stores": { "db": {} },
    "tables": { "orders": { "key": "order_id" }, "stock": { "key": "item", "rows": 1, "quantity": 100000, "store": "db" } },
    "processes": {
        "front": { "connections": 0, "api": { "threads": 4, "stage": "accept" } },
        "back": { "connections": 0, "groups": "all" }
    },
    "groups": { "servers": { "consumers": 1, "reads": { "orders": "serve" } } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "orders" }, { "reply": 202 } ] },
        "serve": { "steps": [
            { "work": "parse", "time": "4ms" },
            { "begin": "stock" },
            { "write": "stock", "effect": "reserve", "time": "2ms" },
            { "commit": "stock", "time": "2ms" },
            { "status": "PAID" } ] }
    }
});
/* clang-format on */

enum { ORDERS = 1000 };

#define N(edits) (sizeof(edits) / sizeof(edits)[0])

static uint64_t violations(const struct run_facts *facts, const char *name)
{
    for (uint32_t i = 0; i < facts->n_invariants; i++)
        if (strcmp(facts->invariant[i].name, name) == 0) return facts->invariant[i].violations;
    fail_msg("no invariant %s", name);
    return 0;
}

static const struct run_facts *run_with(struct trial *trial, const struct study_edit *edit, uint32_t n)
{
    trial_open(trial, SHOP, edit, n);
    const struct run_facts *facts = trial_run(trial, 0, NULL);
    for (uint32_t i = 0; i < facts->n_invariants; i++)
        if (facts->invariant[i].violations > 0 && strcmp(facts->invariant[i].name, "O2") != 0)
            fail_msg("%s: %s", facts->invariant[i].name, facts->invariant[i].first_what);
    return facts;
}

/* Records that always fail: ten deliveries each, then skipped and logged; their orders hang, all others are paid. */
static void test_ten_deliveries_then_skipped(void **state)
{
    static const struct study_edit edits[] = { { "/stages/serve/steps/0/refuse", "0.02" } };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, edits, N(edits));
    const struct group_facts *group = &facts->group[0];
    assert_in_range(group->skipped, 5, 45);
    assert_int_equal(group->duplicates, 9 * group->skipped);
    assert_int_equal(group->retries, group->duplicates);
    assert_int_equal(group->processed, ORDERS - group->skipped);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], ORDERS - group->skipped);
    assert_int_equal(violations(facts, "O2"), group->skipped);
    assert_true(group->failed_ns == (__int128)group->duplicates * 4 * SIM_MS);
    trial_close(&trial);
}

/* Four deliveries in vain, a second apart, and then the process dies: who comes after it begins to count anew. Of 14
 * deliveries nine are retries of ten that are counted, and the other four that come again are its repeats. */
static void test_what_is_counted_anew_is_no_retry(void **state)
{
    static const struct study_edit edits[] = {
        { "/stages/serve/steps/0/refuse", "1" }, { "/orders/at_most", "1" }, { "/groups/servers/backoff", "1s" },
        { "/faults", "{\"dead\": {\"crash\": \"back\", \"at\": \"3.5s\", \"back_after\": \"1s\"}}" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, edits, N(edits));
    assert_int_equal(facts->group[0].duplicates, 13);
    assert_int_equal(facts->group[0].retries, 9);
    assert_int_equal(facts->group[0].skipped, 1);
    trial_close(&trial);
}

/* Two records that failed while the database was away, and were tried again until it was back: the second begins with
 * its own count, and takes none from the first one's. */
static void test_another_record_counts_for_itself(void **state)
{
    static const struct study_edit edits[] = {
        { "/groups/servers/backoff", "1s" },
        { "/faults", "{\"a\": {\"outage\": \"db\", \"at\": \"10s\", \"for\": \"3s\"}, "
                     "\"b\": {\"outage\": \"db\", \"at\": \"20s\", \"for\": \"3s\"}}" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, edits, N(edits));
    assert_in_range(facts->group[0].duplicates, 4, 8);
    assert_int_equal(facts->group[0].retries, facts->group[0].duplicates);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], ORDERS);
    trial_close(&trial);
}

/* In order of arrival too the record is fetched again: half a fetch until the first delivery, one before each of the
 * nine others. */
static void test_each_delivery_is_fetched(void **state)
{
    static const char *const fetch[] = { "1ms", "3ms" };
    sim_ns gone_ns[2];
    (void)state;
    for (int i = 0; i < 2; i++) {
        const struct study_edit edits[] = {
            { "/stages/serve/steps/0/refuse", "1" }, { "/orders/at_most", "1" },
            { "/kafka/fetch_order", "arrival" },     { "/kafka/fetch", fetch[i] },
        };
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, edits, N(edits));
        assert_int_equal(facts->group[0].duplicates, 9);
        gone_ns[i] = facts->group[0].drained_at_ns;
        trial_close(&trial);
    }
    assert_int_equal(gone_ns[1] - gone_ns[0], (1 + 9 * 2) * SIM_MS);
}

/* One that is not retried is given up at once; with a dead-letter topic it lies there. */
static void test_not_retried_and_dead_letters(void **state)
{
    static const struct study_edit edits[] = {
        { "/stages/serve/steps/0/refuse", "0.02" },
        { "/groups/servers/not_retried", "[\"work\"]" },
        { "/groups/servers/dead_letter", "dead" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, edits, N(edits));
    assert_in_range(facts->group[0].skipped, 5, 45);
    assert_int_equal(facts->group[0].duplicates, 0);
    assert_int_equal(facts->group[0].dead_letters, facts->group[0].skipped);
    trial_close(&trial);
}

/* A database that is away for 2 s: ten quick attempts are over in much less, and the records that come meanwhile are
 * skipped, not delayed. With half a second between attempts, ten of them outlast it. */
static void test_quick_attempts_do_not_outlast_an_outage(void **state)
{
    static const char away[] = "{\"db\": {\"outage\": \"db\", \"at\": \"20.01s\", \"for\": \"2s\"}}";
    static const struct study_edit quick[] = { { "/faults", away } };
    static const struct study_edit patient[] = { { "/faults", away }, { "/kafka/backoff", "500ms" } };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, quick, N(quick));
    assert_in_range(facts->group[0].skipped, 1, 40);
    assert_int_equal(violations(facts, "O2"), facts->group[0].skipped);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], ORDERS - facts->group[0].skipped);
    trial_close(&trial);
    facts = run_with(&trial, patient, N(patient));
    assert_int_equal(facts->group[0].skipped, 0);
    assert_in_range(facts->group[0].duplicates, 4, 5);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], ORDERS);
    assert_true(facts->completion.max_ns >= 2 * SIM_S && facts->completion.max_ns < 3 * SIM_S);
    trial_close(&trial);
}

/* An exponential back-off of 100 ms, doubled up to 1 s: 0.1 + 0.2 + 0.4 + 0.8 + 5 x 1 s = 6.5 s of sleep in the
 * consumer's thread for a record that fails ten times; all that time its partition stands still. */
static void test_backoff_sleeps_in_the_thread(void **state)
{
    static const struct study_edit edits[] = {
        { "/kafka/backoff", "100ms" }, { "/kafka/backoff_multiplier", "2" },    { "/kafka/backoff_max", "1s" },
        { "/orders/at_most", "1" },    { "/stages/serve/steps/0/refuse", "1" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, edits, N(edits));
    assert_int_equal(facts->group[0].skipped, 1);
    sim_ns quick_ns = 10 * 4 * SIM_MS, sleeps_ns = 6500 * SIM_MS;
    assert_in_range(facts->end_ns, sleeps_ns + quick_ns, sleeps_ns + quick_ns + 10 * 510 * SIM_MS);
    trial_close(&trial);
}

/* A fixed back-off has no upper bound: 1 min between attempts is 1 min, although an exponential one would stop at 30 s. */
static void test_a_fixed_backoff_is_not_cut(void **state)
{
    static const struct study_edit edits[] = {
        { "/kafka/backoff", "1m" },
        { "/kafka/deliveries", "3" },
        { "/orders/at_most", "1" },
        { "/stages/serve/steps/0/refuse", "1" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, edits, N(edits));
    assert_int_equal(facts->group[0].skipped, 1);
    assert_in_range(facts->end_ns, 120 * SIM_S, 122 * SIM_S);
    trial_close(&trial);
}

/* @RetryableTopic: the record goes to a retry topic at once and is processed there when it is due; its order is the
 * same one, with the same luck, so a transient failure (the outage) is healed and nothing waits behind it. */
static void test_a_retry_topic_does_not_block(void **state)
{
    static const struct study_edit edits[] = {
        { "/faults", "{\"db\": {\"outage\": \"db\", \"at\": \"20.01s\", \"for\": \"2s\"}}" },
        { "/groups/servers/dead_letter", "again" },
        { "/groups/servers/deliveries", "1" },
        { "/groups/retries", "{\"consumers\": 1, \"reads\": {\"again\": \"serve\"}, \"due_after\": \"3s\"}" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, edits, N(edits));
    assert_in_range(facts->group[0].skipped, 38, 41); /* 20 orders/s for 2 s */
    assert_int_equal(facts->group[0].dead_letters, facts->group[0].skipped);
    assert_int_equal(facts->group[1].processed, facts->group[0].skipped);
    assert_int_equal(facts->group[1].skipped + facts->group[0].duplicates, 0);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], ORDERS);
    assert_true(facts->completion.max_ns >= 3 * SIM_S && facts->completion.max_ns < 3100 * SIM_MS);
    assert_true(facts->group[0].wait.max_ns < 500 * SIM_MS);
    trial_close(&trial);
}

/* Who may poll too late is known before the run: a member is put out, whether or not a fault makes one look; and where
 * none can be late, steps are no events. */
static void test_late_polls_are_foreseen(void **state)
{
    static const struct { struct study_edit edit[3]; bool foreseen; } cases[] = {
        { { { "/stages/serve/steps/0/refuse", "0.02" }, { "/kafka/backoff", "6m" } }, true },
        { { { "/stages/serve/steps/0/refuse", "0.02" }, { "/kafka/backoff", "1s" }, { "/kafka/backoff_multiplier", "3" } },
          false }, /* up to 30 s */
        { { { "/groups/servers/due_after", "301s" } }, true },
        { { { "/groups/servers/due_after", "200s" } }, false },
        { { { "/stages/serve/steps/0/time", "{\"mean\": \"40ms\", \"cv\": 3}" }, { "/kafka/max_poll_interval", "500ms" },
            { "/kafka/max_poll_records", "1" } }, true },
        { { { "/stages/serve/steps/0/time", "{\"mean\": \"40ms\", \"cv\": 0.3}" }, { "/kafka/max_poll_interval", "500ms" },
            { "/kafka/max_poll_records", "1" } }, false },
        { { { "/stages/serve/steps/0/time", "{\"mixture\": [{\"weight\": 0.99, \"time\": \"3ms\"}, "
              "{\"weight\": 0.01, \"time\": \"5s\"}]}" }, { "/kafka/max_poll_interval", "2s" },
            { "/kafka/max_poll_records", "1" } }, true },
        { { { "/kafka/commit", "20ms" }, { "/kafka/commit_mode", "\"record\"" }, { "/kafka/max_poll_interval", "30s" } },
          true }, /* 3 x 500 x (8 + 20) ms */
    };
    /* Where records put their consumers out again and again the run is cut; by then nobody is in the API. */
    static const struct study_edit far = { "/faults",
                                           "{\"far\": {\"pause\": \"front\", \"at\": \"7199s\", \"for\": \"1us\"}}" };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t n = 0;
        struct study_edit edits[7] = { { "/run", "{\"at_most\": \"2h\"}" },
                                       { "/groups/servers/consumers", "2" },
                                       { "/kafka/partitions", "2" } };
        struct trial trial;
        while (n < 3 && cases[i].edit[n].pointer) n++;
        memcpy(edits + 3, cases[i].edit, n * sizeof *edits);
        trial_open(&trial, SHOP, edits, n + 3);
        assert_true(trial.plan->disturbed == cases[i].foreseen);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        const uint64_t fingerprint = facts->fingerprint, evictions = facts->group[0].evictions;
        trial_close(&trial);
        edits[n + 3] = far;
        trial_open(&trial, SHOP, edits, n + 4);
        facts = trial_run(&trial, 0, NULL);
        assert_true(facts->fingerprint == fingerprint);
        assert_int_equal(facts->group[0].evictions, evictions);
        if (!cases[i].foreseen) assert_int_equal(evictions, 0);
        trial_close(&trial);
    }
}

/* How long a poll of 16 may take: eight deviations beyond its mean, and the longest time beside. RARE is 1 s in the
 * mean, with a variance of 9 and 10 s at most, and so is a step that a tenth of the records is refused at, for 10 s, or
 * half of them for RARE in place of RARE: 16 + 8 x 12 + 10 s. Where nobody knows how many are refused for 3 s in place
 * of RARE, it may be all of them, and what they are apart in the mean adds its half to the deviation: 48 + 8 x 4 x
 * sqrt(9 + 1) + 10 s. A write that is tried twice goes through the same draw twice, of a variance of 36 then: 32 + 8 x
 * 24 + 20 s. */
/* clang-format off */
static void test_how_long_a_poll_may_be(void **state)
{
#define STEPS_OF(...) #__VA_ARGS__
#define STEPS(...) STEPS_OF(__VA_ARGS__)
#define RARE { "mixture": [ { "weight": 0.9, "time": "0s" }, { "weight": 0.1, "time": "10s" } ] }
    static const struct { const char *steps; double most_s; } table[] = {
        { STEPS([ { "work": "look", "time": RARE }, { "status": "PAID" } ]), 122 },
        { STEPS([ { "work": "look", "time": "0s", "refuse": 0.1,
                    "otherwise": [ { "work": "long", "time": "10s" }, { "status": "FAILED" } ] },
                  { "status": "PAID" } ]), 122 },
        { STEPS([ { "work": "look", "time": "0s", "refuse": 0.5,
                    "otherwise": [ { "work": "long", "time": RARE }, { "status": "FAILED" } ] },
                  { "work": "go on", "time": RARE }, { "status": "PAID" } ]), 122 },
        { STEPS([ { "begin": "stock" },
                  { "write": "stock", "effect": "reserve", "time": "0s",
                    "otherwise": [ { "rollback": "stock" }, { "work": "long", "time": "3s" },
                                   { "status": "FAILED" } ] },
                  { "commit": "stock" }, { "work": "look", "time": RARE }, { "status": "PAID" } ]), 159.2 },
        { STEPS([ { "begin": "stock" }, { "work": "look", "time": RARE },
                  { "write": "stock", "effect": "reserve", "style": "version", "tries": 2, "backoff": "0s",
                    "time": "0s" },
                  { "commit": "stock" }, { "status": "PAID" } ]), 244 },
    };
#undef RARE
#undef STEPS
#undef STEPS_OF
    (void)state;
    for (size_t i = 0; i < N(table); i++) {
        for (int over = -1; over <= 1; over += 2) {
            struct trial trial;
            char interval[32];
            snprintf(interval, sizeof interval, "%gs", table[i].most_s + over);
            const struct study_edit edits[] = {
                { "/stages/serve/steps", table[i].steps }, { "/kafka/max_poll_interval", interval },
                { "/kafka/max_poll_records", "16" },       { "/kafka/commit", "0s" },
                { "/kafka/partitions", "2" },              { "/groups/servers/consumers", "2" },
            };
            trial_open(&trial, SHOP, edits, N(edits));
            print_message("case %zu, %s\n", i, interval);
            assert_int_equal(trial.plan->disturbed, over < 0);
            trial_close(&trial);
        }
    }
}
/* clang-format on */

struct ends { uint32_t n; sim_ns at_ns[8]; };

static void on_order(void *context, const struct order_fact *order)
{
    struct ends *ends = context;
    if (ends->n < 8) ends->at_ns[ends->n++] = order->ended_ns;
}

/* Three records come at 0 s and are due at 5 s: the first one is handed to a consumer that is idle, and waits as well as
 * the two behind it. 10 ms each: 5.01, 5.02, 5.03 s, whoever hands them out, and whether or not each step is an event. */
static void test_nothing_begins_before_it_is_due(void **state)
{
    static const char *const order[] = { "\"java\"", "\"java-3.6\"", "\"arrival\"" };
    static const char far[] = "{\"far\": {\"pause\": \"back\", \"at\": \"1h\", \"for\": \"1s\"}}";
    (void)state;
    for (uint32_t i = 0; i < 6; i++) {
        const struct study_edit edits[] = {
            { "/stages/serve/steps", "[{\"work\": \"parse\", \"time\": \"10ms\"}, {\"status\": \"PAID\"}]" },
            { "/load/scenarios/orders", "{\"executor\": \"bursts\", \"size\": 3, \"every\": \"10s\", "
                                        "\"duration\": \"5s\"}" },
            { "/kafka/fetch", "0s" },
            { "/kafka/commit", "0s" },
            { "/groups/servers/due_after", "5s" },
            { "/groups/servers/fetch_order", order[i % 3] },
            { "/faults", i < 3 ? "{}" : far },
        };
        struct ends ends = { 0 };
        const struct observer observer = { .context = &ends, .on_order = on_order };
        struct trial trial;
        trial_open(&trial, SHOP, edits, N(edits));
        const struct run_facts *facts = trial_run(&trial, 0, &observer);
        trial_expect_invariants(facts);
        assert_int_equal(ends.n, 3);
        for (uint32_t k = 0; k < 3; k++) assert_int_equal(ends.at_ns[k], 5 * SIM_S + (k + 1) * 10 * SIM_MS);
        assert_true(facts->group[0].wait.sum_ns == (5000 + 5010 + 5020) * SIM_MS);
        trial_close(&trial);
    }
}

/* A failure gives the rest of its poll back: the ones behind it are fetched again, in order, and none is delivered
 * twice but the one that failed. */
static void test_the_rest_of_the_poll_comes_again(void **state)
{
    static const struct study_edit edits[] = {
        { "/groups/servers/backlog", "{\"orders\": [800]}" },
        { "/orders/at_most", "1" },
        { "/stages/serve/steps/0/refuse", "0.02" },
        { "/kafka/deliveries", "3" },
        { "/faults", "{\"far\": {\"pause\": \"back\", \"at\": \"1h\", \"for\": \"1s\"}}" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, edits, N(edits));
    const struct group_facts *group = &facts->group[0];
    assert_int_equal(group->duplicates, 2 * group->skipped);
    assert_int_equal(group->processed, 801 - group->skipped);
    assert_true(group->polls >= 1 + 3 * group->skipped);
    trial_close(&trial);
}

/* A record counts once, however often it comes to an end. 100 orders are served by 5 s and nothing is committed; the
 * consumer dies at 9 s, and its successor has all of them again, with the same luck. What was given up is sent to the
 * dead-letter topic each time. */
static void test_given_up_twice_is_one_record(void **state)
{
    static const struct study_edit edits[] = {
        { "/stages/serve/steps",
          "[{\"work\": \"parse\", \"time\": \"4ms\", \"refuse\": 0.3}, {\"status\": \"PAID\"}]" },
        { "/orders/at_most", "100" },
        { "/kafka/deliveries", "1" },
        { "/kafka/session_timeout", "6s" },
        { "/groups/servers/commit_mode", "\"time\"" },
        { "/groups/servers/commit_time", "1h" },
        { "/groups/servers/consumers", "2" },
        { "/groups/servers/dead_letter", "dead" },
        { "/processes/back/instances", "2" },
        { "/faults", "{\"kill\": {\"crash\": \"back\", \"instance\": 0, \"at\": \"9s\"}}" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, edits, N(edits));
    const struct group_facts *group = &facts->group[0];
    assert_int_equal(group->duplicates, 100);
    assert_in_range(facts->orders.by_status[ORDER_PAID], 50, 90);
    assert_int_equal(group->processed, facts->orders.by_status[ORDER_PAID]);
    assert_int_equal(group->skipped, 100 - group->processed);
    assert_int_equal(group->dead_letters, 2 * group->skipped);
    assert_int_equal(group->service.n, 100);
    trial_close(&trial);
}

/* The listener takes 3 s and throws; after 1 s another consumer has the record, too, and throws as well. */
static void test_given_up_by_an_evicted_consumer(void **state)
{
    static const struct study_edit edits[] = {
        { "/stages/serve/steps/0/time", "3s" },    { "/stages/serve/steps/0/refuse", "1" },
        { "/orders/at_most", "1" },                { "/kafka/deliveries", "1" },
        { "/kafka/max_poll_interval", "1s" },      { "/groups/servers/consumers", "2" },
        { "/processes/back/instances", "2" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, edits, N(edits));
    assert_true(facts->group[0].evictions > 0 && facts->group[0].duplicates > 0);
    assert_int_equal(facts->group[0].processed, 0);
    assert_int_equal(facts->group[0].skipped, 1);
    trial_close(&trial);
}

/* Thrown at 4 ms, in the dead-letter topic at 10 s, and the run ends at 2 s: the record has not come to an end. */
static void test_on_its_way_to_the_dead_letters(void **state)
{
    static const struct study_edit edits[] = {
        { "/stages/serve/steps/0/refuse", "1" }, { "/orders/at_most", "1" },
        { "/kafka/deliveries", "1" },            { "/groups/servers/dead_letter", "dead" },
        { "/topics/dead/append", "10s" },        { "/run", "{\"at_most\": \"2s\"}" },
    };
    struct trial trial;
    (void)state;
    trial_open(&trial, SHOP, edits, N(edits));
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    assert_true(facts->cut);
    assert_int_equal(facts->group[0].processed, 0);
    assert_int_equal(facts->group[0].skipped, 0);
    trial_close(&trial);
}

#define SLOW_KAFKA "{\"slow\": {\"slow\": \"kafka\", \"factor\": 5, \"at\": \"0s\", \"for\": \"2m\"}}"

/* One record, thrown 4 ms after it began, and its letter takes 100 ms to get into its log: multiplied while Kafka is
 * slow, behind the wait for company where the topic lingers, at once where its batch is full. */
static void test_a_dead_letter_takes_its_time(void **state)
{
    static const struct { struct study_edit edit[2]; sim_ns service_ms; } cases[] = {
        { { { "/topics/dead/linger", "0s" } }, 104 },
        { { { "/faults", SLOW_KAFKA } }, 504 },
        { { { "/topics/dead/linger", "200ms" } }, 304 },
        { { { "/topics/dead/linger", "200ms" }, { "/kafka/batch_bytes", "10" } }, 104 },
        { { { "/topics/dead/linger", "200ms" },
            { "/faults", SLOW_KAFKA } }, 704 },
    };
    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        const struct study_edit edits[] = {
            { "/stages/serve/steps/0/refuse", "1" },    { "/orders/at_most", "1" },
            { "/kafka/deliveries", "1" },               { "/groups/servers/dead_letter", "dead" },
            { "/topics/dead/append", "100ms" },         cases[i].edit[0],
            cases[i].edit[1].pointer ? cases[i].edit[1] : cases[i].edit[0],
        };
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, edits, N(edits));
        assert_int_equal(facts->group[0].dead_letters, 1);
        assert_int_equal(facts->group[0].skipped, 1);
        assert_int_equal(facts->group[0].service.max_ns, cases[i].service_ms * SIM_MS);
        trial_close(&trial);
    }
}

/* Begun at 1 ms, thrown at 5 ms, while the broker is away from 1 ms on. For 119 s: the producer tries until it is
 * back, and its thread waits. For 121 s: it gives up after 120 s, the publish has failed, and the record is delivered
 * again when the broker is back; that time it goes through. */
static void test_a_dead_letter_in_an_outage(void **state)
{
    static const struct { const char *faults; uint64_t again; sim_ns failed_ms, service_us; } cases[] = {
        { "{\"out\": {\"outage\": \"kafka\", \"at\": \"1ms\", \"for\": \"119s\"}}", 0, 0, 119000000 },
        { "{\"out\": {\"outage\": \"kafka\", \"at\": \"1ms\", \"for\": \"121s\"}}", 1, 120004, 4000 },
    };
    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        const struct study_edit edits[] = {
            { "/stages/serve/steps/0/refuse", "1" }, { "/orders/at_most", "1" },
            { "/kafka/deliveries", "1" },            { "/groups/servers/dead_letter", "dead" },
            { "/stages/bury", "{\"steps\": [{\"status\": \"FAILED\"}]}" },
            { "/groups/graves", "{\"consumers\": 1, \"reads\": {\"dead\": \"bury\"}}" },
            { "/faults", cases[i].faults },
        };
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, edits, N(edits));
        const struct group_facts *group = &facts->group[0];
        assert_int_equal(group->duplicates, cases[i].again);
        assert_true(group->failed_ns == cases[i].failed_ms * SIM_MS);
        assert_int_equal(group->service.max_ns, cases[i].service_us * SIM_US);
        assert_int_equal(group->skipped, 1);
        assert_int_equal(group->dead_letters, 1);
        assert_int_equal(facts->mishaps[MISHAP_GIVEN_UP], 1);
        assert_int_equal(facts->group[1].processed, 1);
        assert_int_equal(facts->orders.by_status[ORDER_FAILED], 1);
        assert_int_equal(facts->orders.records_lost, 0);
        trial_close(&trial);
    }
}

/* Its process dies while the letter waits for company: nothing is lost, for nothing is committed, and whoever comes
 * after it has the record again, and its letter. */
static void test_a_crash_while_a_dead_letter_waits(void **state)
{
    static const struct study_edit edits[] = {
        { "/stages/serve/steps/0/refuse", "1" }, { "/orders/at_most", "1" },
        { "/kafka/deliveries", "1" },            { "/groups/servers/dead_letter", "dead" },
        { "/topics/dead/linger", "200ms" },
        { "/faults", "{\"kill\": {\"crash\": \"back\", \"at\": \"100ms\", \"back_after\": \"10ms\"}}" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, edits, N(edits));
    assert_int_equal(facts->group[0].duplicates, 1);
    assert_int_equal(facts->group[0].dead_letters, 1);
    assert_int_equal(facts->group[0].skipped, 1);
    assert_int_equal(facts->group[0].service.max_ns, 204 * SIM_MS);
    assert_int_equal(facts->orders.records_lost, 0);
    assert_int_equal(facts->mishaps[MISHAP_UNSENT], 0);
    trial_close(&trial);
}

/* Its letter waits for a broker that is away from 1 ms to 50 ms as its process dies at 20 ms: there is one letter, of
 * whoever has the record after it. */
static void test_a_crash_in_an_outage_takes_the_letter(void **state)
{
    static const struct study_edit edits[] = {
        { "/stages/serve/steps/0/refuse", "1" }, { "/orders/at_most", "1" },
        { "/kafka/deliveries", "1" },            { "/groups/servers/dead_letter", "dead" },
        { "/stages/bury", "{\"steps\": [{\"status\": \"FAILED\"}]}" },
        { "/groups/graves", "{\"consumers\": 1, \"reads\": {\"dead\": \"bury\"}}" },
        { "/processes/back/groups", "[\"servers\"]" },
        { "/processes/graves", "{\"connections\": 0, \"groups\": [\"graves\"]}" },
        { "/faults", "{\"out\": {\"outage\": \"kafka\", \"at\": \"1ms\", \"for\": \"49ms\"}, "
                     "\"kill\": {\"crash\": \"back\", \"at\": \"20ms\", \"back_after\": \"10ms\"}}" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, edits, N(edits));
    assert_int_equal(facts->group[0].duplicates, 1);
    assert_int_equal(facts->group[0].dead_letters, 1);
    assert_int_equal(facts->group[1].processed, 1);
    assert_int_equal(facts->orders.records_lost, 0);
    trial_close(&trial);
}

/* Dead letters among records that succeed: a fault that never happens changes nothing of it. */
static void test_dead_letters_step_by_step(void **state)
{
    static const char far[] = "{\"far\": {\"pause\": \"front\", \"at\": \"1h\", \"for\": \"1us\"}}";
    uint64_t fingerprint[2];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct study_edit edits[] = {
            { "/stages/serve/steps/0/refuse", "0.1" }, { "/kafka/deliveries", "2" },
            { "/groups/servers/dead_letter", "dead" },
            { "/topics/dead/append", "{\"mean\": \"30ms\", \"cv\": 1}" },
            { "/topics/dead/linger", "20ms" },         { "/faults", i == 0 ? "{}" : far },
        };
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, edits, N(edits));
        assert_in_range(facts->group[0].dead_letters, 50, 150);
        fingerprint[i] = facts->fingerprint;
        trial_close(&trial);
    }
    assert_true(fingerprint[0] == fingerprint[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ten_deliveries_then_skipped),
        cmocka_unit_test(test_what_is_counted_anew_is_no_retry),
        cmocka_unit_test(test_another_record_counts_for_itself),
        cmocka_unit_test(test_each_delivery_is_fetched),
        cmocka_unit_test(test_not_retried_and_dead_letters),
        cmocka_unit_test(test_quick_attempts_do_not_outlast_an_outage),
        cmocka_unit_test(test_backoff_sleeps_in_the_thread),
        cmocka_unit_test(test_a_fixed_backoff_is_not_cut),
        cmocka_unit_test(test_a_retry_topic_does_not_block),
        cmocka_unit_test(test_late_polls_are_foreseen),
        cmocka_unit_test(test_how_long_a_poll_may_be),
        cmocka_unit_test(test_nothing_begins_before_it_is_due),
        cmocka_unit_test(test_the_rest_of_the_poll_comes_again),
        cmocka_unit_test(test_given_up_twice_is_one_record),
        cmocka_unit_test(test_given_up_by_an_evicted_consumer),
        cmocka_unit_test(test_on_its_way_to_the_dead_letters),
        cmocka_unit_test(test_a_dead_letter_takes_its_time),
        cmocka_unit_test(test_a_dead_letter_in_an_outage),
        cmocka_unit_test(test_a_crash_in_an_outage_takes_the_letter),
        cmocka_unit_test(test_a_crash_while_a_dead_letter_waits),
        cmocka_unit_test(test_dead_letters_step_by_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
