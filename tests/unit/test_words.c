/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: words that were drawn ahead are the record's own, and the time that goes with them; where a group is far behind
 * nothing is drawn for it, nor for what lies behind it. Method: a shop whose stock and coupon are side by side, and the
 * keyed draw of each place worked out anew. (That results do not hang on it: every golden file and fingerprint.) */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "models/orders/machine.h"
#include "models/purpose.h"
#include "tests/support/trial.h"

/* clang-format off */
static const char SHOP[] = TRIAL_JSON({
    "name": "words",
    "load": { "scenarios": { "orders": { "executor": "constant-arrival-rate", "rate": 20, "duration": "2s" } } },
    "topics": { "created": {}, "reserved": {}, "discounted": {}, "sold-out": {}, "pay": {}, "back": {} },
    "flow": { "legs": { "stock": { "ok": "reserved", "failed": "sold-out" }, "coupon": { "ok": "discounted" } },
              "then": { "publish": "pay" } },
    "tables": { "orders": { "key": "order_id" } },
    "processes": { "shop": { "api": { "threads": 9, "stage": "accept" }, "groups": "all" } },
    "groups": { "stock": { "consumers": 1, "reads": { "created": "reserve", "back": "reserve" } },
                "coupon": { "consumers": 1, "reads": { "created": "use" } },
                "flow": { "consumers": 1,
                          "reads": { "reserved": "decide", "discounted": "decide", "sold-out": "decide" } },
                "payment": { "consumers": 1, "reads": { "pay": "settle" } } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders", "time": "4ms" }, { "publish": "created" }, { "reply": 202 } ] },
        "reserve": { "time": { "mean": "20ms", "cv": 0.5 }, "steps": [
            { "work": "reserve", "share": 1, "refuse": 0.1, "otherwise": [ { "publish": "sold-out" } ] },
            { "publish": "reserved" } ] },
        "use": { "time": { "mean": "2ms", "cv": 1 },
                 "steps": [ { "work": "use", "share": 1 }, { "publish": "discounted" } ] },
        "decide": { "time": { "mean": "2ms", "cv": 0.3 }, "steps": [ { "join": "order", "share": 1 } ] },
        "settle": { "time": { "mean": "5ms", "cv": 0.3 },
                    "steps": [ { "work": "bank", "share": 1 }, { "status": "PAID" } ] }
    }
});
/* clang-format on */

struct desk { struct trial trial; struct sim sim; struct machine machine; };

static void open_desk(struct desk *desk)
{
    memset(desk, 0, sizeof *desk);
    trial_open(&desk->trial, SHOP, NULL, 0);
    sim_init(&desk->sim, &desk->trial.own);
    machine_init(&desk->machine, &desk->sim, desk->trial.plan, random_key(5, 0), &(struct run_options){ 0 });
}

static uint32_t stage_of(const struct desk *desk, const char *name)
{
    const struct scenario *scenario = desk->trial.plan->scenario;
    for (uint32_t i = 0; i < scenario->n_stages; i++)
        if (strcmp(scenario->stage[i].name, name) == 0) return i;
    fail_msg("no stage %s", name);
    return 0;
}

static struct group *group_of(struct desk *desk, const char *name)
{
    const struct scenario *scenario = desk->trial.plan->scenario;
    for (uint32_t i = 0; i < scenario->n_groups; i++)
        if (strcmp(scenario->group[i].name, name) == 0) return &desk->machine.kafka.group[i];
    fail_msg("no group %s", name);
    return NULL;
}

static struct record_words *place_of(struct desk *desk, uint32_t order_id, uint32_t read)
{
    return &desk->machine.words.place[(order_id % WORDS_ROWS) * desk->machine.words.n_reads + read];
}

/* Reads that have been drawn for the order, as "stage<topic", in the plan's order; each is what it should be. */
static void drawn(struct desk *desk, uint32_t order_id, char *out)
{
    const struct plan *plan = desk->trial.plan;
    out[0] = '\0';
    for (uint32_t i = 0; i < plan->n_draws; i++) {
        const struct plan_draw *draw = &plan->draw[i];
        const struct record_words *place = place_of(desk, order_id, i);
        if (place->order_id != order_id) continue;
        const struct random_words words = random_block(desk->machine.key, PURPOSE_STAGE,
                                                       entity_of_record(draw->stage, draw->origin, order_id), 0);
        assert_memory_equal(&words, &place->words, sizeof words);
        assert_int_equal(place->time_ns, dist_draw(&plan->stage[draw->stage].time, words.word[0]));
        sprintf(out + strlen(out), "%s<%s ", plan->scenario->stage[draw->stage].name,
                plan->scenario->topic[draw->origin].name);
    }
}

static void test_all_that_comes(void **state)
{
    struct desk desk;
    char text[400];
    (void)state;
    open_desk(&desk);
    const struct plan_stage *accept = &desk.trial.plan->stage[stage_of(&desk, "accept")];
    words_ahead(&desk.machine, accept, 4711);
    drawn(&desk, 4711, text);
    assert_string_equal(text, "reserve<created use<created decide<reserved decide<discounted settle<pay ");
    drawn(&desk, 4711 + WORDS_ROWS, text);
    assert_string_equal(text, "");
    words_ahead(&desk.machine, accept, 4711 + WORDS_ROWS); /* the row is another order's now */
    drawn(&desk, 4711, text);
    assert_string_equal(text, "");
    trial_close(&desk.trial);
}

static void test_far_behind(void **state)
{
    struct desk desk;
    char text[400];
    (void)state;
    open_desk(&desk);
    const struct plan *plan = desk.trial.plan;
    const struct plan_stage *accept = &plan->stage[stage_of(&desk, "accept")];
    group_of(&desk, "stock")->backlog.value = 1000;
    words_ahead(&desk.machine, accept, 8);
    drawn(&desk, 8, text);
    assert_string_equal(text, "use<created decide<discounted ");
    assert_int_equal(plan->draw[0].stage, stage_of(&desk, "reserve"));
    words_missed(&desk.machine, 8, 0);
    drawn(&desk, 8, text);
    assert_string_equal(text, "reserve<created use<created decide<reserved decide<discounted settle<pay ");
    trial_close(&desk.trial);
}

/* What only a refusal leads to is drawn when it comes. */
static void test_missed(void **state)
{
    struct desk desk;
    (void)state;
    open_desk(&desk);
    const struct plan *plan = desk.trial.plan;
    for (uint32_t i = 0; i < plan->n_draws; i++) {
        const struct record_words *known = words_known(&desk.machine, &desk.machine.words, 3, i);
        assert_int_equal(known->order_id, 3);
    }
    char text[400];
    drawn(&desk, 3, text);
    assert_non_null(strstr(text, "decide<sold-out "));
    assert_non_null(strstr(text, "reserve<back "));
    trial_close(&desk.trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_all_that_comes), cmocka_unit_test(test_far_behind),
                                        cmocka_unit_test(test_missed) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
