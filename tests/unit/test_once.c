/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: each way of knowing that a record has been done before stops the repetitions that it stops in the real system,
 * and no others (semantics 9.5). Method: one order, one record, four ways to get it twice: appended twice; taken over
 * while the first thread, paused in mid-transaction and taken for dead, is still to commit; its process dies after the
 * mark and before the commit; it dies after the commit and before the answer. What takes effect is counted at the row,
 * what is answered at the group that reads the answers. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "models/invariant.h"
#include "tests/support/trial.h"

/* clang-format off */
static const char SHOP[] = TRIAL_JSON({
    "name": "once",
    "load": { "scenarios": { "orders": { "executor": "constant-arrival-rate", "rate": 1, "duration": "2s" } } },
    "orders": { "at_most": 1, "item": 1, "quantity": 1 },
    "kafka": { "partitions": 1 },
    "topics": { "created": {}, "done": {} },
    "tables": { "orders": { "key": "order_id" }, "stock": { "key": "item", "rows": 1, "quantity": 10 } },
    "processes": {
        "front": { "connections": 0, "api": { "threads": 1, "stage": "accept" }, "groups": ["office"] },
        "back": { "instances": 2, "connections": 2, "groups": ["servers"] }
    },
    "groups": {
        "servers": { "consumers": 2, "reads": { "created": "serve" } },
        "office": { "consumers": 1, "reads": { "done": "end" } }
    },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "created" }, { "reply": 202 } ] },
        "serve": { "steps": [
            { "begin": "stock" },
            { "once": "order_id", "form": "none" },
            { "work": "think", "time": "10ms" },
            { "write": "stock", "effect": "reserve", "time": "20ms" },
            { "commit": "stock", "time": "20ms" },
            { "publish": "done" } ] },
        "end": { "steps": [ { "status": "PAID" } ] }
    }
});
/* clang-format on */

#define WHEN(step) "\"when\": {\"stage\": \"serve\", \"step\": \"" step "\", \"phase\": \"before\"}"

enum { TWICE, ZOMBIE, DEAD_BEFORE_COMMIT, DEAD_BEFORE_ANSWER, WAYS };

/* A member that sends no heartbeat for 45 s is taken for dead; paused for a minute, it comes back and commits. */
static const char *const faults[WAYS] = {
    "{\"x\": {\"duplicate\": \"created\", \"at\": \"0s\", \"for\": \"10s\"}}",
    "{\"x\": {\"pause\": \"back\", \"for\": \"1m\", " WHEN("write") "}}",
    "{\"x\": {\"crash\": \"back\", \"back_after\": \"1s\", " WHEN("write") "}}",
    "{\"x\": {\"crash\": \"back\", \"back_after\": \"1s\", " WHEN("publish") "}}",
};

struct outcome { uint64_t effects, answers, alone; };

static const struct form {
    const char *name;
    struct outcome of[WAYS]; /* alone: passed over as done while there was no effect yet */
} forms[] = {
    /*                      twice         zombie        before commit  before answer */
    { "same-transaction",  { { 1, 2, 0 }, { 1, 2, 0 }, { 1, 1, 0 }, { 1, 1, 0 } } },
    { "business-state",    { { 1, 2, 0 }, { 1, 2, 0 }, { 1, 1, 0 }, { 1, 1, 0 } } },
    { "check-then-act",    { { 1, 2, 0 }, { 2, 2, 0 }, { 1, 1, 0 }, { 1, 1, 0 } } },
    { "setnx-after",       { { 1, 2, 0 }, { 2, 2, 0 }, { 1, 1, 0 }, { 2, 1, 0 } } },
    { "setnx-before",      { { 1, 2, 0 }, { 1, 2, 1 }, { 0, 1, 1 }, { 1, 1, 0 } } },
    { "other-transaction", { { 1, 2, 0 }, { 1, 2, 1 }, { 0, 1, 1 }, { 1, 1, 0 } } },
    { "none",              { { 2, 2, 0 }, { 2, 2, 0 }, { 1, 1, 0 }, { 2, 1, 0 } } },
};

static uint64_t violations(const struct run_facts *facts, enum invariant_id id) { return facts->invariant[id].violations; }

static void check(const struct form *form, uint32_t way)
{
    struct trial trial;
    const struct outcome expected = form->of[way];
    const struct study_edit edit[] = { { "/faults", faults[way] }, { "/stages/serve/steps/1/form", form->name } };
    trial_open(&trial, SHOP, edit, 2);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    const uint64_t effects = facts->table[1].writes, answers = facts->group[1].processed,
                   alone = facts->mishaps[MISHAP_MARK_ALONE];
    assert_int_equal(facts->fault[0].happened, 1);
    if (effects != expected.effects || answers != expected.answers || alone != expected.alone)
        fail_msg("%s, %s: %llu effects, %llu answers, %llu marks alone", form->name, faults[way],
                 (unsigned long long)effects, (unsigned long long)answers, (unsigned long long)alone);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 1); /* each of them answers */
    const uint64_t again = effects > 1 ? effects - 1 : 0;
    assert_int_equal(facts->mishaps[MISHAP_REPEATED_EFFECT], again);
    assert_int_equal(violations(facts, INVARIANT_S4), again);
    assert_int_equal(violations(facts, INVARIANT_S5) > 0, effects != 1); /* paid for what it has not, or has twice */
    assert_int_equal(violations(facts, INVARIANT_S1) + violations(facts, INVARIANT_S3), 0); /* the row knows nothing */
    assert_int_equal(violations(facts, INVARIANT_O2) + violations(facts, INVARIANT_X4), 0);
    trial_close(&trial);
}

static void test_each_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        for (uint32_t way = 0; way < WAYS; way++) check(&forms[i], way);
}

/* What its transaction does beside the effect goes with the mark as the effect does: a duplicate inserts no second row,
 * and does not move the status once more. Forms that repeat the effect repeat both, and an order whose answer was heard
 * meanwhile, or came from a duplicate that passed over what was still to come, is sent back from PAID. */
static const char WITH_ROWS[] = TRIAL_JSON([
    { "begin": "stock" },
    { "once": "order_id", "form": "none" },
    { "work": "think", "time": "10ms" },
    { "write": "stock", "effect": "reserve", "time": "20ms" },
    { "insert": "audit" },
    { "status": "PAYING" },
    { "commit": "stock", "time": "20ms" },
    { "publish": "done" } ]);

static void test_what_goes_with_the_effect(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        for (uint32_t way = 0; way < WAYS; way++) {
            const struct outcome *of = &forms[i].of[way];
            const bool sent_back = way <= ZOMBIE && (of->effects > 1 || of->alone);
            const struct study_edit edit[] = { { "/faults", faults[way] },
                                               { "/tables/audit", TRIAL_JSON({ "key": "order_id" }) },
                                               { "/stages/serve/steps", WITH_ROWS },
                                               { "/stages/serve/steps/1/form", forms[i].name } };
            struct trial trial;
            trial_open(&trial, SHOP, edit, 4);
            const struct run_facts *facts = trial_run(&trial, 0, NULL);
            if (facts->table[2].writes != of->effects || violations(facts, INVARIANT_O1) != sent_back)
                fail_msg("%s, %s: %llu rows, sent back %llu times", forms[i].name, faults[way],
                         (unsigned long long)facts->table[2].writes,
                         (unsigned long long)violations(facts, INVARIANT_O1));
            trial_close(&trial);
        }
}

/* Hears of the answer, and does nothing. */
static const char HEARS[] = TRIAL_JSON([
    { "work": "hear", "refuse": 1, "time": "1ms", "otherwise": [ { "work": "file", "time": "1ms" } ] },
    { "status": "PAID" } ]);

/* What the mark's transaction does not take along is done again: whoever died behind its commit has not done it. The
 * mark's is the open one, or the next; a mark that is set at the end of the record is behind all of it. */
static void test_what_comes_after_the_effect(void **state)
{
#define ONCE   "{\"once\": \"order_id\", \"form\": \"same-transaction\"}"
#define BEGIN  "{\"begin\": \"stock\"}"
#define WRITE  "{\"write\": \"stock\", \"effect\": \"reserve\", \"time\": \"20ms\"}"
#define COMMIT "{\"commit\": \"stock\", \"time\": \"20ms\"}"
#define REST   "{\"work\": \"rest\", \"time\": \"1ms\"}, {\"publish\": \"done\"}"
#define ROWS   "{\"insert\": \"audit\"}, {\"status\": \"PAYING\"}"
    static const char dies[] = "{\"x\": {\"crash\": \"back\", \"back_after\": \"1s\", " WHEN("rest") "}}";
    static const struct { const char *steps; uint64_t twice, dead; } table[] = {
        { "[" BEGIN "," ONCE "," WRITE "," COMMIT "," REST "," ROWS "]", 2, 1 },
        { "[" BEGIN "," ONCE "," WRITE "," COMMIT "," REST "," BEGIN "," ROWS "," COMMIT "]", 2, 1 },
        { "[" BEGIN "," ONCE "," WRITE "," ROWS "," COMMIT "," REST "]", 1, 1 },
        { "[" ONCE "," BEGIN "," WRITE "," ROWS "," COMMIT "," REST "]", 1, 1 },
        { "[" ONCE "," BEGIN "," WRITE "," COMMIT "," REST "," BEGIN "," ROWS "," COMMIT "]", 2, 1 },
        { "[{\"connection\": \"outer\"}," ONCE "," ROWS "," REST "]", 1, 2 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (uint32_t dead = 0; dead < 2; dead++) {
            const struct study_edit edit[] = { { "/faults", dead ? dies : faults[TWICE] },
                                               { "/tables/audit", TRIAL_JSON({ "key": "order_id" }) },
                                               { "/stages/serve/steps", table[i].steps },
                                               { "/stages/end/steps", HEARS } };
            struct trial trial;
            trial_open(&trial, SHOP, edit, 4);
            const struct run_facts *facts = trial_run(&trial, 0, NULL);
            assert_int_equal(facts->fault[0].happened, 1);
            if (facts->table[2].writes != (dead ? table[i].dead : table[i].twice))
                fail_msg("%s, %s: %llu rows", table[i].steps, dead ? "dead" : "twice",
                         (unsigned long long)facts->table[2].writes);
            assert_int_equal(facts->orders.by_status[ORDER_PAYING], 1);
            trial_close(&trial);
        }
#undef ONCE
#undef BEGIN
#undef WRITE
#undef COMMIT
#undef REST
#undef ROWS
}

/* An answer that was "no" is given again, and what its transaction did beside it is not done again either. */
static void test_what_goes_with_a_refusal(void **state)
{
    static const char refused[] = TRIAL_JSON([ { "insert": "audit" }, { "status": "FAILED" },
                                               { "commit": "stock", "time": "20ms" }, { "publish": "done" } ]);
    static const char already[] = TRIAL_JSON([ { "insert": "audit" }, { "commit": "stock" } ]);
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        const struct study_edit edit[] = {
            { "/faults", faults[TWICE] },
            { "/tables/audit", TRIAL_JSON({ "key": "order_id" }) },
            { "/tables/stock/quantity", "0" },
            { "/stages/serve/steps/1/form", "same-transaction" },
            { "/stages/serve/steps/3/otherwise", refused },
            { "/stages/end/steps", HEARS },
            { "/stages/serve/steps/1/otherwise", already }, /* that of the mark is for duplicates alone: it is done */
        };
        struct trial trial;
        trial_open(&trial, SHOP, edit, 6 + i);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_int_equal(facts->table[2].writes, 1 + i);
        assert_int_equal(facts->group[1].processed, 2 - i);
        assert_int_equal(facts->orders.by_status[ORDER_FAILED], 1);
        trial_expect_invariants(facts);
        trial_close(&trial);
    }
}

/* Two roads lead to one stage, so that threads meet over an order though nobody was taken for dead: two groups read its
 * topic, or two topics of one group hold a record of it, or one without a key holds two. */
enum { TWO_GROUPS, TWO_TOPICS, NO_KEY, ROADS };

#define OFFICE "\"office\": { \"consumers\": 1, \"reads\": { \"done\": \"end\" } }"
#define ACCEPT(sends) "[ { \"insert\": \"orders\" }, " sends ", { \"reply\": 202 } ]"
#define SEND(topic) "{ \"publish\": \"" topic "\" }"

static const struct { const char *groups, *of_back, *topics, *accept; } roads[ROADS] = {
    { "{ \"servers\": { \"consumers\": 1, \"reads\": { \"created\": \"serve\" } }, " OFFICE ","
      "  \"others\": { \"consumers\": 1, \"reads\": { \"created\": \"serve\" } } }",
      "[\"servers\", \"others\"]", "{ \"created\": {}, \"done\": {} }", ACCEPT(SEND("created")) },
    { "{ \"servers\": { \"consumers\": 2, \"assignor\": \"round-robin\","
      "                \"reads\": { \"created\": \"serve\", \"again\": \"serve\" } }, " OFFICE " }",
      "[\"servers\"]", "{ \"created\": {}, \"done\": {}, \"again\": {} }",
      ACCEPT(SEND("created") ", " SEND("again")) },
    { "{ \"servers\": { \"consumers\": 2, \"reads\": { \"created\": \"serve\" } }, " OFFICE " }",
      "[\"servers\"]", "{ \"created\": { \"key\": \"null\", \"partitions\": 2, \"batch_bytes\": 1 }, \"done\": {} }",
      ACCEPT(SEND("created") ", " SEND("created")) },
};

static const char never[] = "{\"x\": {\"pause\": \"back\", \"at\": \"1h\", \"for\": \"1us\"}}";

enum { EDITS_OF_ROADS = 6 };

static void trial_on_road(struct trial *trial, uint32_t road, const char *form, bool disturbed,
                          const struct study_edit *more, uint32_t n_more)
{
    struct study_edit edit[EDITS_OF_ROADS + 8] = {
        { "/groups", roads[road].groups },
        { "/processes/back/groups", roads[road].of_back },
        { "/topics", roads[road].topics },
        { "/stages/accept/steps", roads[road].accept },
        { "/stages/serve/steps/1/form", form },
        { "/faults", disturbed ? never : "{}" },
    };
    for (uint32_t i = 0; i < n_more; i++) edit[EDITS_OF_ROADS + i] = more[i];
    trial_open(trial, SHOP, edit, EDITS_OF_ROADS + n_more);
}

/* Both begin at one instant. */
static void test_a_key_holds_where_roads_meet(void **state)
{
    static const struct { const char *form; struct outcome of; } table[] = {
        { "same-transaction", { 1, 2, 0 } },  { "business-state", { 1, 2, 0 } }, { "check-then-act", { 2, 2, 0 } },
        { "setnx-after", { 2, 2, 0 } },       { "setnx-before", { 1, 2, 1 } },   { "none", { 2, 2, 0 } },
        { "other-transaction", { 1, 2, 1 } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (uint32_t way = 0; way < 4; way++) {
            struct trial trial;
            trial_on_road(&trial, way % 2 ? TWO_TOPICS : TWO_GROUPS, table[i].form, way >= 2, NULL, 0);
            const struct run_facts *facts = trial_run(&trial, 0, NULL);
            const uint64_t effects = facts->table[1].writes, answers = facts->group[1].processed,
                           alone = facts->mishaps[MISHAP_MARK_ALONE];
            if (effects != table[i].of.effects || answers != table[i].of.answers || alone != table[i].of.alone)
                fail_msg("%s, %u: %llu effects, %llu answers, %llu marks alone", table[i].form, way,
                         (unsigned long long)effects, (unsigned long long)answers, (unsigned long long)alone);
            assert_int_equal(violations(facts, INVARIANT_S4), effects - 1);
            trial_close(&trial);
        }
}

/* In front of the transaction both look at one instant, and find nothing. What is unique in the database is so at the
 * commit: the second one's waits for the first one's (with a shared flush, of 30 ms, they are under way at once) and
 * fails, and its record comes again. A SELECT finds nothing, and nothing stops what comes of it. */
static void test_a_key_that_was_looked_up_before(void **state)
{
    static const struct { const char *form; struct outcome of; } table[] = {
        { "same-transaction", { 1, 2, 0 } },  { "business-state", { 1, 2, 0 } }, { "check-then-act", { 2, 2, 0 } },
        { "setnx-after", { 2, 2, 0 } },       { "setnx-before", { 1, 2, 1 } },   { "none", { 2, 2, 0 } },
        { "other-transaction", { 1, 2, 1 } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (uint32_t way = 0; way < 8; way++) {
            struct trial trial;
            const struct study_edit more[] = {
                { "/stages/serve/steps/0", TRIAL_JSON({ "once": "order_id" }) },
                { "/stages/serve/steps/0/form", table[i].form },
                { "/stages/serve/steps/1", TRIAL_JSON({ "begin": "stock" }) },
                { "/stages/serve/steps/3/style", way >= 4 ? "absolute" : "conditional" },
                { "/stores", "{\"db\": {\"group_commit\": true, \"flush\": \"30ms\"}}" },
                { "/tables/stock/store", "db" },
            };
            trial_on_road(&trial, way % 2 ? TWO_TOPICS : TWO_GROUPS, "none", way / 2 % 2, more, way >= 4 ? 6 : 4);
            const struct run_facts *facts = trial_run(&trial, 0, NULL);
            const uint64_t effects = facts->table[1].writes, answers = facts->group[1].processed,
                           alone = facts->mishaps[MISHAP_MARK_ALONE];
            if (effects != table[i].of.effects || answers != table[i].of.answers || alone != table[i].of.alone)
                fail_msg("%s, %u: %llu effects, %llu answers, %llu marks alone", table[i].form, way,
                         (unsigned long long)effects, (unsigned long long)answers, (unsigned long long)alone);
            assert_int_equal(violations(facts, INVARIANT_S4), effects - 1);
            assert_int_equal(violations(facts, INVARIANT_X4), 0);
            trial_close(&trial);
        }
}

#define LOOK TRIAL_JSON({ "once": "order_id", "form": "business-state", "time": "1ms" })
#define BEGIN TRIAL_JSON({ "begin": "stock" })
#define AUDIT TRIAL_JSON({ "insert": "audit", "time": "1ms" })
#define COMMIT TRIAL_JSON({ "commit": "stock", "time": "2ms" })
#define ROLLBACK TRIAL_JSON({ "rollback": "stock", "time": "2ms" })
#define WRITE TRIAL_JSON({ "write": "stock", "effect": "reserve", "time": "1ms" })
#define BEHIND BEGIN "," WRITE "," COMMIT "," TRIAL_JSON({ "publish": "done" }) "]"

/* The key of a business state is the row that the write inserts: it is unique in the transaction that has the write,
 * wherever the look was, and whatever was committed, rolled back or not written at all in between. */
static void test_a_key_goes_with_its_write(void **state)
{
    static const char *const steps[] = {
        "[" LOOK "," BEGIN "," AUDIT "," COMMIT "," BEHIND,     "[" BEGIN "," LOOK "," AUDIT "," COMMIT "," BEHIND,
        "[" BEGIN "," LOOK "," COMMIT "," BEHIND,
        "[" LOOK "," BEGIN "," AUDIT "," ROLLBACK "," BEHIND,   "[" BEGIN "," LOOK "," AUDIT "," ROLLBACK "," BEHIND,
    };
    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        for (uint32_t way = 0; way < 4; way++) {
            struct trial trial;
            const struct study_edit more[] = { { "/tables/audit", TRIAL_JSON({ "key": "order_id" }) },
                                               { "/stages/serve/steps", steps[i] } };
            trial_on_road(&trial, way % 2 ? TWO_TOPICS : TWO_GROUPS, "none", way / 2, more, 2);
            const struct run_facts *facts = trial_run(&trial, 0, NULL);
            if (facts->table[1].writes != 1 || facts->group[1].processed != 2)
                fail_msg("%zu, %u: %llu effects, %llu answers", i, way, (unsigned long long)facts->table[1].writes,
                         (unsigned long long)facts->group[1].processed);
            assert_int_equal(violations(facts, INVARIANT_S4), 0);
            trial_close(&trial);
        }
}

/* The effect's own row is unique whichever stage inserts it: what stops a record of the same stage stops one of
 * another, at one instant, too. A mark is one of its own stage. */
static void test_one_effect_of_two_stages(void **state)
{
    static const struct { const char *form; uint64_t effects; } table[] = {
        { "business-state", 1 }, { "same-transaction", 2 }, { "none", 2 },
    };
    (void)state;
    for (size_t i = 0; i < 2 * sizeof table / sizeof *table; i++) {
        static const char STAGE[] = "{ \"steps\": [ { \"begin\": \"stock\" },"
            "  { \"once\": \"order_id\", \"form\": \"%s\" }, { \"work\": \"think\", \"time\": \"10ms\" },"
            "  { \"write\": \"stock\", \"effect\": \"reserve\", \"time\": \"20ms\" },"
            "  { \"commit\": \"stock\", \"time\": \"20ms\" }, { \"publish\": \"done\" } ] }";
        char stage[sizeof STAGE + 32];
        snprintf(stage, sizeof stage, STAGE, table[i / 2].form);
        const struct study_edit edit[] = { { "/stages/serve-too", stage },
                                           { "/groups/others/reads/created", "serve-too" } };
        struct trial trial;
        trial_on_road(&trial, TWO_GROUPS, table[i / 2].form, i % 2, edit, 2);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_int_equal(facts->table[1].writes, table[i / 2].effects);
        assert_int_equal(facts->group[1].processed, 2);
        trial_close(&trial);
    }
}

/* Another stage does without a mark what this one asks for, and has committed it at 10 ms. This one asks at 30 ms. */
static void test_an_effect_of_another_stage(void **state)
{
    (void)state;
    for (uint32_t disturbed = 0; disturbed < 2; disturbed++) {
        const struct study_edit edit[] = {
            { "/stages/serve/steps", TRIAL_JSON([
                { "work": "think", "time": "30ms" }, { "once": "order_id", "form": "business-state" },
                { "begin": "stock" }, { "write": "stock", "effect": "reserve", "time": "20ms" },
                { "commit": "stock", "time": "20ms" }, { "publish": "done" } ]) },
            { "/stages/swift", TRIAL_JSON({ "steps": [
                { "begin": "stock" }, { "write": "stock", "effect": "reserve", "time": "8ms" },
                { "commit": "stock", "time": "4ms" } ] }) },
            { "/groups/others", TRIAL_JSON({ "consumers": 1, "reads": { "created": "swift" } }) },
            { "/processes/back/groups", TRIAL_JSON([ "servers", "others" ]) },
            { "/faults", disturbed ? never : "{}" } };
        struct trial trial;
        trial_open(&trial, SHOP, edit, 5);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_int_equal(facts->table[1].writes, 1);
        assert_int_equal(violations(facts, INVARIANT_S4), 0);
        trial_close(&trial);
    }
}

/* Both insert the key in 4 ms. The first one works until 14, writes until 34, and its commit takes effect at 44 and is
 * answered at 54. At 44 ms the second is told that the key is there; it works until 54, and asks for what is done
 * already until 74 and 94. */
static void test_how_long_a_key_is_waited_for(void **state)
{
    static const struct study_edit takes = { "/stages/serve/steps/1/time", "\"4ms\"" };
    static const char *const waiting[] = { "same-transaction", "business-state" };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct trial trial;
        trial_on_road(&trial, TWO_GROUPS, waiting[i % 2], i >= 2, &takes, 1);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        const sim_ns one_ns = facts->group[0].service.max_ns, other_ns = facts->group[2].service.max_ns;
        assert_int_equal(one_ns < other_ns ? one_ns : other_ns, 54 * SIM_MS);
        assert_int_equal(one_ns < other_ns ? other_ns : one_ns, 94 * SIM_MS);
        trial_close(&trial);
    }
}

/* Of three, two wait for the first one, and none for another that was told the same: a key that is there is not held by
 * those who find it. */
static void test_duplicates_do_not_wait_for_each_other(void **state)
{
    static const struct study_edit third[] = {
        { "/stages/serve/steps/1/time", "\"4ms\"" },
        { "/groups/third", "{ \"consumers\": 1, \"reads\": { \"created\": \"serve\" } }" },
        { "/processes/back/groups", "[\"servers\", \"others\", \"third\"]" },
        { "/processes/back/connections", "3" },
    };
    static const char *const waiting[] = { "same-transaction", "business-state" };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct trial trial;
        trial_on_road(&trial, TWO_GROUPS, waiting[i % 2], i >= 2, third, sizeof third / sizeof *third);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        uint32_t n_first = 0, n_later = 0;
        for (uint32_t g = 0; g < 4; g++) {
            n_first += facts->group[g].service.max_ns == 54 * SIM_MS;
            n_later += facts->group[g].service.max_ns == 94 * SIM_MS;
        }
        assert_int_equal(n_first, 1);
        assert_int_equal(n_later, 2);
        trial_close(&trial);
    }
}

/* Two stages, each of them read by two groups, meet over one order. In the second one a thread waits from the start,
 * and for longer: the end of the first one's transaction is not for it. */
static void test_each_key_is_waited_for_by_its_own(void **state)
{
    static const struct study_edit second[] = {
        { "/tables/points", "{ \"key\": \"user\", \"rows\": 1, \"quantity\": 10 }" },
        { "/orders/user", "1" },
        { "/orders/amount", "1" },
        { "/stages/serve/steps/1/time", "\"4ms\"" },
        { "/stages/charge", "{ \"steps\": [ { \"begin\": \"points\" }, { \"once\": \"order_id\" },"
                            "  { \"write\": \"points\", \"effect\": \"debit\", \"time\": \"1s\" },"
                            "  { \"commit\": \"points\" } ] }" },
        { "/groups/cash", "{ \"consumers\": 1, \"reads\": { \"created\": \"charge\" } }" },
        { "/groups/till", "{ \"consumers\": 1, \"reads\": { \"created\": \"charge\" } }" },
        { "/processes/back", "{ \"connections\": 4, \"groups\": [\"servers\", \"others\", \"cash\", \"till\"] }" },
    };
    (void)state;
    for (int disturbed = 0; disturbed < 2; disturbed++) {
        struct trial trial;
        trial_on_road(&trial, TWO_GROUPS, "same-transaction", disturbed, second, sizeof second / sizeof *second);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_int_equal(facts->group[0].service.max_ns + facts->group[2].service.max_ns, (54 + 94) * SIM_MS);
        assert_int_equal(facts->group[3].service.max_ns + facts->group[4].service.max_ns, (1 + 2) * SIM_S);
        trial_close(&trial);
    }
}

/* Two hundred orders, and times that differ: a fault that never happens changes nothing of it. */
static void test_roads_step_by_step(void **state)
{
    static const struct study_edit many[] = {
        { "/orders", "{ \"at_most\": 200, \"quantity\": 1, \"item\": { \"uniform\": [1, 20] } }" },
        { "/tables/stock", "{ \"key\": \"item\", \"rows\": 20, \"quantity\": 1000 }" },
        { "/load/scenarios/orders/rate", "100" },
        { "/processes/front/api/threads", "20" },
        { "/stages/serve/steps/1/time", "{ \"mean\": \"2ms\", \"cv\": 0.5 }" },
        { "/stages/serve/steps/2/time", "{ \"mean\": \"3ms\", \"cv\": 0.5 }" },
        { "/stages/serve/steps/3/time", "{ \"mean\": \"2ms\", \"cv\": 0.5 }" },
        { "/stages/serve/steps/4/time", "{ \"mean\": \"2ms\", \"cv\": 0.5 }" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        for (uint32_t road = 0; road < ROADS; road++) {
            uint64_t fingerprint[2];
            const bool holds = strcmp(forms[i].name, "same-transaction") == 0 ||
                               strcmp(forms[i].name, "business-state") == 0;
            for (size_t disturbed = 0; disturbed < 2; disturbed++) {
                struct trial trial;
                trial_on_road(&trial, road, forms[i].name, disturbed, many, sizeof many / sizeof *many);
                const struct run_facts *facts = trial_run(&trial, 0, NULL);
                assert_int_equal(facts->group[1].processed, 400);
                if (holds) assert_int_equal(facts->table[1].writes, 200);
                if (strcmp(forms[i].name, "check-then-act") == 0) assert_in_range(facts->table[1].writes, 210, 400);
                fingerprint[disturbed] = facts->fingerprint;
                trial_close(&trial);
            }
            if (fingerprint[0] != fingerprint[1]) fail_msg("%s, road %u, step by step", forms[i].name, road);
        }
}

/* No transaction is open at the step, and none follows: an INSERT commits by itself, and what comes with the effect
 * comes behind it. A transaction around the stage commits at its end. Whoever hears that it is done does not answer. */
static void test_without_a_transaction(void **state)
{
    static const char STEPS[] = "[ %s { \"once\": \"order_id\", \"form\": \"%s\", \"time\": \"1ms\","
        "  \"otherwise\": [ { \"work\": \"nothing\", \"time\": \"1ms\" } ] },"
        "  { \"work\": \"think\", \"time\": \"10ms\" }, { \"publish\": \"done\" } ]";
    static const char outer[] = "{ \"connection\": \"outer\" },";
    static const struct { const char *before, *form; uint64_t twice, dead, meeting; } table[] = {
        { "", "same-transaction", 1, 0, 1 },  { outer, "same-transaction", 1, 1, 2 }, { "", "check-then-act", 1, 1, 2 },
        { outer, "check-then-act", 1, 1, 2 }, { "", "other-transaction", 1, 0, 1 },   { "", "setnx-before", 1, 0, 1 },
        { "", "setnx-after", 1, 1, 2 },       { "", "none", 2, 1, 2 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (uint32_t way = 0; way < 3; way++) {
            char steps[sizeof STEPS + 64];
            snprintf(steps, sizeof steps, STEPS, table[i].before, table[i].form);
            const struct study_edit edit[] = { { "/stages/serve/steps", steps },
                                               { "/faults", faults[way == 0 ? TWICE : DEAD_BEFORE_ANSWER] } };
            struct trial trial;
            if (way < 2) trial_open(&trial, SHOP, edit, 2);
            else trial_on_road(&trial, TWO_GROUPS, "none", false, edit, 1);
            const struct run_facts *facts = trial_run(&trial, 0, NULL);
            const uint64_t expected = way == 0 ? table[i].twice : way == 1 ? table[i].dead : table[i].meeting;
            if (facts->group[1].processed != expected)
                fail_msg("%s%s, %u: %llu answers", table[i].before, table[i].form, way,
                         (unsigned long long)facts->group[1].processed);
            trial_close(&trial);
        }
}

/* Whoever waits for the mark of a transaction that is still open waits for its end, and then answers again. */
static void test_a_mark_is_waited_for(void **state)
{
    static const struct { const char *form; sim_ns least, most; } table[] = {
        { "same-transaction", 60 * SIM_S, 61 * SIM_S },  /* the pause ends, and then it commits */
        { "check-then-act", 43 * SIM_S, 49 * SIM_S },    /* detection, and the next heartbeat: no wait */
    };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct trial trial;
        const struct study_edit edit[] = { { "/faults", faults[ZOMBIE] }, { "/stages/serve/steps/1/form", table[i].form } };
        trial_open(&trial, SHOP, edit, 2);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_in_range(facts->completion.min_ns, table[i].least, table[i].most);
        trial_close(&trial);
    }
}

/* A duplicate that is dropped without an answer: right where the first one has answered, and an order that hangs where
 * the first one died before it could (semantics 9.5, re-emit). */
static void test_without_the_answer(void **state)
{
    static const char quiet[] = TRIAL_JSON([ { "rollback": "stock" } ]);
    (void)state;
    for (uint32_t way = 0; way < WAYS; way++) {
        struct trial trial;
        const bool hangs = way == DEAD_BEFORE_ANSWER;
        const struct study_edit edit[] = { { "/faults", faults[way] },
                                           { "/stages/serve/steps/1/form", "same-transaction" },
                                           { "/stages/serve/steps/1/otherwise", quiet } };
        trial_open(&trial, SHOP, edit, 3);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_int_equal(facts->table[1].writes, 1);
        assert_int_equal(facts->group[1].processed, !hangs);
        assert_int_equal(facts->orders.by_status[ORDER_PENDING], hangs);
        assert_int_equal(violations(facts, INVARIANT_O2), hangs);
        trial_close(&trial);
    }
}

/* A transaction that has written nothing has no log to flush. There is nothing to give back here: the order is PAID after
 * 10 + 20 + 20 ms, whether a fault is to come in the next hour or not (with one, keys are waited for). With the
 * default form the key is inserted, and 30 ms are flushed. */
static void test_a_key_alone_is_not_flushed(void **state)
{
    static const struct { const char *form, *faults; sim_ns takes_ns; } table[] = {
        { "business-state", "{}", 50 * SIM_MS },
        { "business-state", "{\"x\": {\"pause\": \"back\", \"at\": \"1h\", \"for\": \"1s\"}}", 50 * SIM_MS },
        { "same-transaction", "{}", 80 * SIM_MS },
        { "same-transaction", "{\"x\": {\"pause\": \"back\", \"at\": \"1h\", \"for\": \"1s\"}}", 80 * SIM_MS },
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct trial trial;
        const struct study_edit edit[] = {
            { "/faults", table[i].faults },
            { "/stages/serve/steps/1/form", table[i].form },
            { "/stages/serve/steps/3/effect", "restore" },
            { "/stages/serve/steps/3/unknown", "skip" },
            { "/stores", "{\"db\": {\"group_commit\": true, \"flush\": \"30ms\"}}" },
            { "/tables/stock/store", "db" },
        };
        trial_open(&trial, SHOP, edit, sizeof edit / sizeof *edit);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_int_equal(facts->completion.min_ns, table[i].takes_ns);
        trial_close(&trial);
    }
}

/* Nor has a duplicate: an INSERT that has failed, or a SELECT, leaves nothing in the log. Two records of one order, one
 * after the other, are 10 + 20 + 20 ms at work, and of these only the first one's commit waits for 30 ms of a flush. */
static void test_a_duplicate_is_not_flushed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * sizeof forms / sizeof *forms; i++) {
        const bool has_rows = i % 2 == 1;
        const struct form *form = &forms[i / 2];
        const struct study_edit edit[] = {
            { "/stores", "{\"db\": {\"group_commit\": true, \"flush\": \"30ms\"}}" },
            { "/tables/stock/store", "db" },
            { "/tables/audit", TRIAL_JSON({ "key": "order_id" }) },
            { has_rows ? "/stages/serve/steps" : "/kafka/partitions", has_rows ? WITH_ROWS : "1" },
            { "/stages/serve/steps/1/form", form->name },
            { "/faults", faults[TWICE] },
        };
        const bool is_done_again = strcmp(form->name, "none") == 0;
        struct trial trial;
        trial_open(&trial, SHOP, edit, sizeof edit / sizeof *edit);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_int_equal(facts->group[0].service.max_ns, 80 * SIM_MS);
        assert_int_equal(facts->group[0].service.min_ns, is_done_again ? 80 * SIM_MS : 50 * SIM_MS);
        trial_close(&trial);
    }
}

/* A delivery that was refused, and commits its mark with the refusal, is refused at the same step when it comes again:
 * appended twice, or in a process that dies while it is still to answer. Its "no" is the row's (10 units, 20 are
 * wanted), the order's luck, or that of a step behind another refusal; `done` is for whoever is not refused. */
#define NO                                                                                                             \
    "\"otherwise\": [ { \"commit\": \"stock\" }, { \"work\": \"log\", \"time\": \"1s\" }, { \"publish\": \"no\" } ] }"
#define RESERVE "{ \"write\": \"stock\", \"effect\": \"reserve\", "
#define LUCK    "\"refuse\": 1, "
#define WORKS   "/stages/serve/steps/2"
#define WRITES  "/stages/serve/steps/3"

static const struct { const char *quantity, *at, *step; } noes[] = {
    { "20", WRITES, RESERVE NO },
    { "1", WRITES, RESERVE LUCK NO },
    { "1", WORKS, "{ \"work\": \"ask\", " LUCK NO },
    { "1", WRITES, RESERVE LUCK "\"otherwise\": [ { \"work\": \"ask again\", " LUCK NO ","
           "  { \"commit\": \"stock\" }, { \"publish\": \"done\" } ] }" },
    { "20", WRITES, RESERVE "\"otherwise\": [ { \"work\": \"ask again\", " LUCK NO ","
            "  { \"commit\": \"stock\" }, { \"publish\": \"done\" } ] }" },
};

static void check_no(size_t which, const char *form, bool crashes)
{
    static const char crash[] = "{\"x\": {\"crash\": \"back\", \"back_after\": \"1s\", \"at\": \"500ms\"}}";
    const struct study_edit edit[] = {
        { "/topics/no", "{}" }, { noes[which].at, noes[which].step }, { "/stages/serve/steps/1/form", form },
        { "/stages/refuse", "{ \"steps\": [ { \"status\": \"FAILED\" } ] }" },
        { "/groups/office/reads/no", "refuse" }, { "/orders/quantity", noes[which].quantity },
        { "/faults", crashes ? crash : faults[TWICE] },
    };
    struct trial trial;
    trial_open(&trial, SHOP, edit, sizeof edit / sizeof *edit);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    trial_expect_invariants(facts);
    assert_int_equal(facts->fault[0].happened, 1);
    assert_int_equal(facts->table[1].writes, 0);
    assert_int_equal(facts->orders.by_status[ORDER_FAILED], 1);
    assert_int_equal(facts->group[1].processed, crashes ? 1 : 2);
    assert_int_equal(facts->mishaps[MISHAP_MARK_ALONE], 0);
    trial_close(&trial);
}

static void test_a_refusal_is_answered_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        for (size_t k = 0; k < sizeof noes / sizeof *noes; k++) {
            check_no(k, forms[i].name, false);
            check_no(k, forms[i].name, true);
        }
}

/* Two threads look at 0 and at 1 ms whether they have done their orders; then they take the lock, read, and commit
 * under it, one after the other. A plain SELECT is where the second one's view begins: it waits for the lock until the
 * first has committed, and still reads what was there before (semantics 8.3, wrong B). An INSERT begins none, nor does
 * what lies in Redis or in another transaction, and at READ COMMITTED there is none. */
static uint64_t lost_behind_the_lock(const char *begins_with, const char *looks, const char *isolation,
                                     const char *orders_store)
{
    static const char STORES[] = "{ \"database\": { \"isolation\": \"%s\" }, \"other\": {}, \"redis\": {} }";
    static const char STEPS[] = "[ { \"begin\": \"%s\" }, %s,"
        "  { \"lock\": \"item\" }, { \"read\": \"stock\" }, { \"work\": \"think\", \"time\": \"20ms\" },"
        "  { \"write\": \"stock\", \"effect\": \"reserve\", \"style\": \"absolute\" },"
        "  { \"commit\": \"%s\", \"time\": \"2ms\" }, { \"unlock\": \"item\" }, { \"publish\": \"done\" } ]";
    char stores[sizeof STORES + 32], steps[sizeof STEPS + 256];
    snprintf(stores, sizeof stores, STORES, isolation);
    snprintf(steps, sizeof steps, STEPS, begins_with, looks, begins_with);
    const struct study_edit edit[] = {
        { "/orders/at_most", "2" }, { "/load/scenarios/orders/rate", "1000" }, { "/processes/front/api/threads", "2" },
        { "/kafka", "{ \"partitions\": 2, \"append\": \"0s\", \"fetch\": \"0s\", \"commit\": \"0s\" }" },
        { "/topics/created", "{ \"key\": \"id_modulo\" }" }, { "/stores", stores },
        { "/tables/stock/store", "database" }, { "/stages/serve/steps", steps },
        { "/tables/orders/store", orders_store },
        { "/tables/audit", "{ \"key\": \"order_id\", \"store\": \"other\" }" },
        { "/locks", "{ \"item\": { \"key\": \"item\", \"wait\": \"1s\", \"lease\": \"9s\","
                    "              \"store\": \"redis\" } }" },
    };
    struct trial trial;
    trial_open(&trial, SHOP, edit, sizeof edit / sizeof *edit);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    const uint64_t lost = facts->table[1].lost_updates;
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 2);
    assert_int_equal(facts->table[1].writes, 2);
    assert_int_equal(violations(facts, INVARIANT_S3), lost);
    trial_close(&trial);
    return lost;
}

static void test_a_look_up_begins_the_view(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const bool is_select = strcmp(forms[i].name, "check-then-act") == 0;
        char once[64];
        snprintf(once, sizeof once, "{ \"once\": \"order_id\", \"form\": \"%s\" }", forms[i].name);
        assert_int_equal(lost_behind_the_lock("stock", once, "repeatable-read", "database"), is_select);
        assert_int_equal(lost_behind_the_lock("stock", once, "read-committed", "database"), 0);
        assert_int_equal(lost_behind_the_lock("audit", once, "repeatable-read", "database"), 0); /* at another server */
    }
}

/* A view is one of a server: what is read at another one begins none here. */
static void test_a_view_is_of_one_server(void **state)
{
    static const struct { const char *looks, *isolation, *orders_store; uint64_t lost; } table[] = {
        { "{ \"read\": \"orders\" }", "repeatable-read", "database", 1 },
        { "{ \"read\": \"orders\" }", "read-committed", "database", 0 },
        { "{ \"read\": \"orders\" }", "repeatable-read", "other", 0 },
        { "{ \"read\": \"orders\" }, { \"read\": \"audit\" }", "repeatable-read", "other", 0 },
        { "{ \"read\": \"audit\" }, { \"read\": \"orders\" }", "repeatable-read", "database", 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(lost_behind_the_lock("stock", table[i].looks, table[i].isolation, table[i].orders_store),
                         table[i].lost);
}

/* A second road brings each order again, some ms after the first. From the first one's start: its mark is set at 0.5 ms
 * and its write refused at 10 ms; the write of the other, 7 ms (3 ms) behind, has its effect at 17 ms (13 ms), and is
 * refused again, whether a fault is to come or not. A work that refuses is no other. */
/* clang-format off */
static const char REFUSED_AGAIN[] = TRIAL_JSON({
    "name": "t",
    "run": {"seed": 1, "ends": "quiescent", "at_most": "10m"},
    "load": {"scenarios": {"sale": {"executor": "constant-arrival-rate", "rate": 7, "duration": "10s"}}},
    "orders": {"item": 1, "quantity": 1, "user": 1, "amount": 10},
    "kafka": {"partitions": 1, "append": "1ms", "fetch": "1ms", "commit": "1ms"},
    "topics": {"created": {"key": "order_id"}, "ok": {}, "no": {}, "again": {}},
    "stores": {"db": {}},
    "tables": {
        "stock": {"key": "item", "rows": 10, "quantity": 0, "store": "db"},
        "orders": {"key": "order_id", "store": "db"}
    },
    "processes": {"api": {"api": {"threads": 50, "stage": "accept"}}, "shop": {"groups": "all"}},
    "groups": {
        "g": {"consumers": 1, "reads": {"created": "work"}},
        "k": {"consumers": 1, "reads": {"again": "work"}},
        "r": {"consumers": 1, "reads": {"ok": "paid", "no": "failed"}}
    },
    "stages": {
        "accept": { "steps": [
            {"insert": "orders", "time": "1ms"},
            {"publish": "created"},
            {"work": "w", "time": "7ms"},
            {"publish": "again"},
            {"reply": 202} ] },
        "work": { "steps": [
            {"once": "order_id", "form": "other-transaction", "time": "1ms"},
            {"work": "price", "time": "4ms"},
            {"begin": "stock"},
            {"write": "stock", "effect": "reserve", "time": "10ms",
             "otherwise": [{"rollback": "stock"}, {"publish": "no"}]},
            {"commit": "stock", "time": "1ms"},
            {"publish": "ok"} ] },
        "paid": {"steps": [{"status": "PAID"}]},
        "failed": {"steps": [{"status": "FAILED"}]}
    }
});
/* clang-format on */

static void test_an_answer_is_looked_up_in_its_time(void **state)
{
    static const char *const behind[] = { "\"7ms\"", "\"3ms\"" };
    static const char late[] = "{\"late\": {\"pause\": \"shop\", \"at\": \"9m59s\", \"for\": \"1ms\"}}";
    static const char work[] = TRIAL_JSON({ "work": "ask", "refuse": 1, "time": "10ms",
                                            "otherwise": [ { "rollback": "stock" }, { "publish": "no" } ] });
    (void)state;
    for (uint32_t i = 0; i < 8; i++) {
        const struct study_edit edits[] = { { "/stages/accept/steps/2/time", behind[i % 2] },
                                            { "/faults", i / 2 % 2 ? late : "{}" },
                                            { "/stages/work/steps/3", work } };
        struct trial trial;
        trial_open(&trial, REFUSED_AGAIN, edits, 2 + i / 4);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_int_equal(facts->orders.by_status[ORDER_FAILED], 71);
        trial_expect_sound(&trial, facts);
        trial_close(&trial);
    }
}

/* The API's own stage may be a group's, too. One order: its request holds the key from 0 ms on, has sent the record, and
 * commits at 100 ms; the record, which comes at once, waits for that long, finds the key there, and does nothing. */
/* clang-format off */
static const char OWN_RECORD[] = TRIAL_JSON({
    "name": "own record",
    "load": { "scenarios": { "orders": { "executor": "constant-arrival-rate", "rate": 1, "duration": "2s" } } },
    "orders": { "at_most": 1, "item": 1, "quantity": 1 },
    "kafka": { "partitions": 1, "linger": "0s", "append": "0s", "fetch": "0s", "commit": "0s" },
    "topics": { "created": {} },
    "tables": { "orders": { "key": "order_id" }, "stock": { "key": "item", "rows": 1, "quantity": 10 } },
    "processes": { "shop": { "connections": 0, "api": { "threads": 1, "stage": "both" }, "groups": "all" } },
    "groups": { "servers": { "consumers": 1, "reads": { "created": "both" } } },
    "stages": {
        "both": { "steps": [
            { "insert": "orders" },
            { "begin": "stock" },
            { "once": "order_id", "otherwise": [ { "rollback": "stock" } ] },
            { "publish": "created" },
            { "work": "think", "time": "100ms" },
            { "write": "stock", "effect": "reserve" },
            { "commit": "stock" },
            { "status": "PAID" } ] }
    }
});
/* clang-format on */

static void test_the_api_meets_a_group(void **state)
{
    static const char late[] = "{\"late\": {\"pause\": \"shop\", \"at\": \"1.9s\", \"for\": \"1ms\"}}";
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        const struct study_edit edit[] = { { "/faults", i ? late : "{}" } };
        struct trial trial;
        trial_open(&trial, OWN_RECORD, edit, 1);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_int_equal(facts->table[1].writes, 1);
        assert_int_equal(facts->group[0].processed, 1);
        assert_int_equal(facts->group[0].busy_ns, 100 * SIM_MS);
        trial_expect_sound(&trial, facts);
        trial_close(&trial);
    }
}

/* A write of 40 s has its effect after 20 s. The first delivery has set its mark and stands still from 15 s on; taken for
 * dead, it goes on at 65 s and is refused at 70 s. The second one has the record from 57 s to 60 s on, when nobody has
 * been refused yet, and comes to the same place 20 s later: it hears the same no. */
static void test_an_answer_comes_from_somebody_taken_for_dead(void **state)
{
    static const struct study_edit edits[] = {
        { "/load/scenarios/sale/rate", "1" },
        { "/orders/at_most", "1" },
        { "/processes", "{\"api\": {\"api\": {\"threads\": 1, \"stage\": \"accept\"}, \"groups\": [\"r\"]},"
                        " \"shop\": {\"instances\": 2, \"groups\": [\"g\"]}}" },
        { "/groups", "{\"g\": {\"consumers\": 2, \"reads\": {\"created\": \"work\"}},"
                     " \"r\": {\"consumers\": 1, \"reads\": {\"ok\": \"paid\", \"no\": \"failed\"}}}" },
        { "/stages/work/steps/3/time", "40s" },
        { "/faults", "{\"x\": {\"pause\": \"shop\", \"instance\": 0, \"at\": \"15s\", \"for\": \"50s\"}}" },
    };
    struct trial trial;
    (void)state;
    trial_open(&trial, REFUSED_AGAIN, edits, sizeof edits / sizeof *edits);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    assert_int_equal(facts->fault[0].happened, 1);
    assert_int_equal(facts->group[0].duplicates, 1);
    assert_int_equal(facts->group[1].processed, 2);
    assert_int_equal(facts->orders.by_status[ORDER_FAILED], 1);
    assert_int_equal(facts->mishaps[MISHAP_MARK_ALONE], 1); /* nobody had answered yet */
    trial_expect_invariants(facts);
    trial_close(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_form),
        cmocka_unit_test(test_what_goes_with_the_effect),
        cmocka_unit_test(test_what_comes_after_the_effect),
        cmocka_unit_test(test_what_goes_with_a_refusal),
        cmocka_unit_test(test_a_key_holds_where_roads_meet),
        cmocka_unit_test(test_a_key_that_was_looked_up_before),
        cmocka_unit_test(test_the_api_meets_a_group),
        cmocka_unit_test(test_a_key_goes_with_its_write),
        cmocka_unit_test(test_one_effect_of_two_stages),
        cmocka_unit_test(test_an_effect_of_another_stage),
        cmocka_unit_test(test_how_long_a_key_is_waited_for),
        cmocka_unit_test(test_duplicates_do_not_wait_for_each_other),
        cmocka_unit_test(test_each_key_is_waited_for_by_its_own),
        cmocka_unit_test(test_roads_step_by_step),
        cmocka_unit_test(test_without_a_transaction),
        cmocka_unit_test(test_a_mark_is_waited_for),
        cmocka_unit_test(test_a_look_up_begins_the_view),
        cmocka_unit_test(test_a_view_is_of_one_server),
        cmocka_unit_test(test_a_refusal_is_answered_again),
        cmocka_unit_test(test_an_answer_is_looked_up_in_its_time),
        cmocka_unit_test(test_an_answer_comes_from_somebody_taken_for_dead),
        cmocka_unit_test(test_without_the_answer),
        cmocka_unit_test(test_a_key_alone_is_not_flushed),
        cmocka_unit_test(test_a_duplicate_is_not_flushed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
