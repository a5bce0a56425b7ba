/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: where a fault takes consumers of a group away, it is said what those that are left do, and not that one more
 * would be idle.
 * Oracle: by hand: three consumers do 10 records a second each, 20 or 40 come. Tolerance: 2 %, the client's work. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sim/results/bottleneck.h"
#include "sim/results/more_consumers.h"
#include "tests/support/own_arena.h"
#include "tests/support/small_study.h"
#include "tests/support/trial_outcome.h"

/* clang-format off */
static const char THREE_CONSUMERS[] = TRIAL_JSON({
    "load": { "scenarios": { "orders": { "executor": "constant-arrival-rate", "rate": 20, "duration": "4m" } } },
    "orders": { "item": 1, "quantity": 1 },
    "kafka": { "partitions": 3 },
    "topics": { "orders": {} },
    "tables": { "orders": { "key": "order_id" } },
    "processes": {
        "front": { "connections": 0, "api": { "threads": 4, "stage": "accept" } },
        "back": { "connections": 0, "instances": 3, "groups": "all" }
    },
    "groups": { "servers": { "consumers": 3, "reads": { "orders": "serve" } } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "orders" }, { "reply": 202 } ] },
        "serve": { "steps": [ { "work": "look", "time": "100ms" }, { "status": "PAID" } ] }
    }
});
/* clang-format on */

static struct trial trial;

/* The trial stays open until it is asked no more. */
static struct outcome run_with(const char *faults, const struct study_edit *more, uint32_t n_more)
{
    struct study_edit edit[6] = { { "/faults", faults } };
    if (n_more) memcpy(edit + 1, more, n_more * sizeof *more);
    trial_open(&trial, THREE_CONSUMERS, edit, 1 + n_more);
    return trial_outcome(&trial, NULL, &arena);
}

static void expect_text(const struct outcome *outcome, const char *en, const char *ko)
{
    char text[1024];
    assert_string_equal(more_consumers_text(outcome, LANG_EN, text, sizeof text), en);
    assert_non_null(strstr(more_consumers_text(outcome, LANG_KO, text, sizeof text), ko));
}

static void one_dies_for_good(void **state)
{
    (void)state;
    const struct outcome outcome =
        run_with("{\"c\": {\"crash\": \"back\", \"instance\": 0, \"at\": \"20s\"}}", NULL, 0);
    const struct more_consumers more = more_consumers(&outcome, 0);
    assert_int_equal(more.limit, MORE_FAULT);
    assert_string_equal(more_consumers_word(more.limit), "fault");
    assert_int_equal(more.taken.consumers, 1);
    assert_int_equal(more.taken.left, 2);
    assert_true(isinf(more.taken.for_s));
    assert_close(more.taken.left_per_s, 15, 0.3); /* one has two of the three partitions */
    assert_close(more.taken.spared_per_s, 30, 0.6);
    expect_text(&outcome, "these would keep up, but at 20.0 s fault c took 1 of 3 away for good, and the 2 left do "
                          "15.0/s (133.3%); with one more, in an instance of its own, 3 are left and do 30.0/s (66.7%)",
                "장애 c로 20.0 s에 3개 중 1개가 빠짐 (복귀 없음), 남은 2개는 초당 15.0건 (133.3%)");
    assert_non_null(strstr(outcome.bottleneck_reason, "at first 3 consumers do"));
    trial_close(&trial);
}

/* Of four in three instances, the first has two. */
static void one_instance_has_more(void **state)
{
    const struct study_edit edit = { "/groups/servers/consumers", "4" };
    (void)state;
    const struct outcome outcome =
        run_with("{\"c\": {\"crash\": \"back\", \"instance\": 0, \"at\": \"20s\"}}", &edit, 1);
    assert_int_equal(more_consumers(&outcome, 0).taken.consumers, 2);
    trial_close(&trial);
}

/* The spare takes over when the session has ended. */
static void a_spare_takes_over(void **state)
{
    const struct study_edit edit[] = { { "/groups/servers/consumers", "4" }, { "/processes/back/instances", "4" } };
    (void)state;
    const struct outcome outcome =
        run_with("{\"c\": {\"crash\": \"back\", \"instance\": 0, \"at\": \"20s\"}}", edit, 2);
    expect_text(&outcome, "these would keep up, but at 20.0 s fault c took 1 of 4 away for good, and the 3 left do "
                          "30.0/s (66.7%) once they have taken over", "남은 3개는 넘겨받은 뒤 초당 30.0건 (66.7%)");
    trial_close(&trial);
}

static void too_many_come_before(void **state)
{
    const struct study_edit edit = { "/load/scenarios/orders/rate", "40" };
    (void)state;
    const struct outcome outcome =
        run_with("{\"c\": {\"crash\": \"back\", \"instance\": 0, \"at\": \"20s\"}}", &edit, 1);
    const struct more_consumers more = more_consumers(&outcome, 0);
    char text[1024];
    assert_int_equal(more.limit, MORE_FAULT);
    assert_close(more.taken.left_per_s, 15, 0.3);
    assert_close(more.taken.spared_per_s, 30, 0.6);
    more_consumers_text(&outcome, LANG_EN, text, sizeof text);
    assert_ptr_equal(strstr(text, "at 20.0 s fault c took 1 of 3 away for good, and the 2 left do "), text);
    assert_non_null(strstr(text, "; with one more, in an instance of its own, 3 are left and do "));
    trial_close(&trial);
}

static void scaled_down(void **state)
{
    (void)state;
    const struct outcome outcome = run_with("{\"s\": {\"scale\": \"servers\", \"to\": 1, \"at\": \"20s\"}}", NULL, 0);
    expect_text(&outcome, "these would keep up, but at 20.0 s fault s took 2 of 3 away for good, and the one left "
                          "does 10.0/s (200.0%)", "남은 1개는 초당 10.0건 (200.0%)");
    trial_close(&trial);
    const struct outcome back = run_with("{\"s\": {\"scale\": \"servers\", \"to\": 1, \"at\": \"20s\"}, "
                                         "\"t\": {\"scale\": \"servers\", \"to\": 3, \"at\": \"80s\"}}", NULL, 0);
    const struct taken taken = more_consumers(&back, 0).taken;
    assert_close(taken.for_s, 60, 1e-9);
    /* Who leaves says so: 20 a second wait for the round, and of them 10 are left over for a minute. */
    assert_close(taken.behind, 20 * outcome_mean(&back, "groups.servers.rebalance_s") + 10 * 60, 12);
    trial_close(&trial);
}

/* A pause shorter than the session of 45 s is not noticed by the others. */
static void nobody_takes_over(void **state)
{
    (void)state;
    const struct outcome outcome =
        run_with("{\"p\": {\"pause\": \"back\", \"instance\": 1, \"at\": \"20s\", \"for\": \"40s\"}}", NULL, 0);
    expect_text(&outcome, "these would keep up, but at 20.0 s fault p took 1 of 3 away for 40.0 s, and nobody takes "
                          "over so soon", "(40.0 s 동안), 다른 Consumer가 넘겨받기 전에 끝남");
    trial_close(&trial);
}

/* Back after five seconds, beside a silent member whose session of 45 s goes on: all wait for its end, but for
 * cooperative ones; and nobody for a static one, or where a rebalance waits for less. */
static void back_before_the_session_has_ended(void **state)
{
    static const char faults[] = "{\"c\": {\"crash\": \"back\", \"instance\": 0, \"at\": \"20s\", "
                                 "\"back_after\": \"5s\"}}";
    static const struct study_edit cooperative = { "/groups/servers/assignor", "cooperative-sticky" },
                                   statics = { "/groups/servers/static_members", "true" },
                                   shorter[] = { { "/groups/servers/rebalance_timeout", "20s" },
                                                 { "/groups/servers/session_timeout", "45s" } };
    (void)state;
    const struct outcome outcome = run_with(faults, NULL, 0);
    expect_text(&outcome, "these would keep up, but at 20.0 s fault c took 1 of 3 away for 5.00 s, back before the old "
                          "session had ended: all 3 waited until the old member was put out, up to 45.0 s after the "
                          "fault; static_members or a shorter session_timeout would spare that",
                "(5.00 s 동안), 이전 세션이 끝나기 전에 복귀해 이전 멤버가 제외될 때까지 3개 모두 대기 (장애 후 최대 45.0 s); static_members");
    assert_true(outcome.demand[0].peak_backlog > 3 * 5 * 20); /* not that of one for five seconds */
    trial_close(&trial);
    const struct outcome keeps = run_with(faults, &cooperative, 1);
    assert_false(more_consumers(&keeps, 0).taken.holds_all);
    expect_text(&keeps, "these would keep up, but at 20.0 s fault c took 1 of 3 away for 5.00 s, back before the old "
                        "session had ended: its partitions waited until the old member was put out, up to 45.0 s "
                        "after the fault; static_members or a shorter session_timeout would spare that",
                "해당 Partition이 대기");
    trial_close(&trial);
    const struct outcome still = run_with(faults, &statics, 1);
    assert_close(more_consumers(&still, 0).taken.session_s, 0, 0);
    trial_close(&trial);
    const struct outcome soon = run_with(faults, shorter, 2);
    assert_close(more_consumers(&soon, 0).taken.session_s, 25, 1e-9);
    trial_close(&trial);
}

/* A heartbeat is sent every 3 s: a session of 45 s ends 42 s after a crash, or later. */
static void back_when_the_session_may_have_ended(void **state)
{
    static const char faults[] = "{\"c\": {\"crash\": \"back\", \"instance\": 0, \"at\": \"20s\", "
                                 "\"back_after\": \"44s\"}}";
    static const struct study_edit still = { "/faults/c/back_after", "\"41s\"" };
    (void)state;
    const struct outcome outcome = run_with(faults, NULL, 0);
    assert_true(outcome_mean(&outcome, "groups.servers.longest_rebalance_s") < 4);
    assert_close(more_consumers(&outcome, 0).taken.session_s, 0, 0);
    expect_text(&outcome, "these would keep up, but at 20.0 s fault c took 1 of 3 away for 44.0 s, and nobody takes "
                          "over so soon", "다른 Consumer가 넘겨받기 전에 끝남");
    trial_close(&trial);
    const struct outcome goes_on = run_with(faults, &still, 1);
    assert_close(more_consumers(&goes_on, 0).taken.session_s, 45, 1e-9);
    trial_close(&trial);
}

/* Killed at once, a consumer is back after five seconds beside its own session, as after a crash; in good order it has
 * left, and one more would take over. */
static void a_restart_that_kills(void **state)
{
    static const char faults[] = "{\"r\": {\"restart\": \"back\", \"instance\": 0, \"at\": \"20s\", "
                                 "\"back_after\": \"5s\", \"kill_after\": \"0s\"}}";
    static const struct study_edit more[] = { { "/groups/servers/consumers", "4" },
                                              { "/processes/back/instances", "4" } },
                                   statics = { "/groups/servers/static_members", "true" },
                                   orderly[] = { { "/faults/r/kill_after", "\"10s\"" },
                                                 { "/faults/r/back_after", "\"60s\"" } };
    (void)state;
    const struct outcome outcome = run_with(faults, NULL, 0);
    expect_text(&outcome, "these would keep up, but at 20.0 s fault r took 1 of 3 away for 5.00 s, killed and back "
                          "before the old session had ended: all 3 waited until the old member was put out, up to "
                          "45.0 s after the kill; a longer kill_after, static_members or a shorter session_timeout "
                          "would spare that",
                "(5.00 s 동안), 강제 종료 뒤 이전 세션이 끝나기 전에 복귀해 이전 멤버가 제외될 때까지 3개 모두 대기 "
                "(강제 종료 후 최대 45.0 s); 더 긴 kill_after, static_members");
    trial_close(&trial);
    const struct outcome spare = run_with(faults, more, 2);
    char text[1024];
    assert_non_null(strstr(more_consumers_text(&spare, LANG_EN, text, sizeof text), "all 4 waited until"));
    trial_close(&trial);
    const struct outcome still = run_with(faults, &statics, 1);
    assert_close(more_consumers(&still, 0).taken.session_s, 0, 0);
    assert_false(more_consumers(&still, 0).taken.is_passed_on);
    trial_close(&trial);
    const struct outcome left = run_with(faults, orderly, 2);
    assert_true(more_consumers(&left, 0).taken.is_passed_on);
    trial_close(&trial);
}

/* The batch in hand takes longer than kill_after: 10 records a second, and many wait at 20 s. */
static void a_batch_that_is_killed(void **state)
{
    static const struct study_edit more[] = { { "/load/scenarios/orders/rate", "28" },
                                              { "/groups/servers/backlog", "{\"orders\": [200, 200, 200]}" } };
    (void)state;
    const struct outcome outcome =
        run_with("{\"r\": {\"restart\": \"back\", \"instance\": 0, \"at\": \"5s\", \"back_after\": \"5s\", "
                 "\"kill_after\": \"1s\"}}", more, 2);
    const struct taken taken = more_consumers(&outcome, 0).taken;
    assert_close(taken.session_s, 45, 1e-9);
    trial_close(&trial);
}

/* Of two faults that take one each, the shorter one makes all wait: 1 x 5 + 3 x 40 s are more than 1 x 44 s. */
static void who_makes_all_wait_took_more(void **state)
{
    (void)state;
    const struct outcome outcome =
        run_with("{\"p\": {\"pause\": \"back\", \"instance\": 1, \"at\": \"20s\", \"for\": \"44s\"}, "
                 "\"c\": {\"crash\": \"back\", \"instance\": 0, \"at\": \"120s\", \"back_after\": \"5s\"}}", NULL, 0);
    assert_string_equal(more_consumers(&outcome, 0).taken.fault->name, "c");
    trial_close(&trial);
}

/* Of three two die for good at the same time: the one that is left does 10 of the 20 a second, and with one more two
 * would be left. One that dies is not away twice when its instance is paused, too. */
static void several_are_away_together(void **state)
{
    (void)state;
    const struct outcome both =
        run_with("{\"c\": {\"crash\": \"back\", \"instance\": 0, \"at\": \"20s\"}, "
                 "\"d\": {\"crash\": \"back\", \"instance\": 1, \"at\": \"20s\"}}", NULL, 0);
    const struct more_consumers more = more_consumers(&both, 0);
    assert_int_equal(more.limit, MORE_FAULT);
    assert_int_equal(more.taken.consumers, 2);
    assert_int_equal(more.taken.left, 1);
    assert_close(more.taken.left_per_s, 10, 0.2);
    assert_close(more.taken.spared_per_s, 15, 0.3);
    expect_text(&both, "these would keep up, but from 20.0 s on faults c and d had 2 of 3 away at the same time, for "
                       "good, and the one left does 10.0/s (200.0%); with one more, in an instance of its own, 2 are "
                       "left and do 15.0/s (133.3%)",
                "장애 c, d로 20.0 s부터 동시에 3개 중 2개가 빠짐 (복귀 없음), 남은 1개는 초당 10.0건 (200.0%)");
    trial_close(&trial);

    const struct outcome all =
        run_with("{\"c\": {\"crash\": \"back\", \"instance\": 0, \"at\": \"20s\", \"back_after\": \"60s\"}, "
                 "\"d\": {\"crash\": \"back\", \"instance\": 1, \"at\": \"20s\", \"back_after\": \"60s\"}, "
                 "\"e\": {\"crash\": \"back\", \"instance\": 2, \"at\": \"20s\", \"back_after\": \"60s\"}}", NULL, 0);
    expect_text(&all, "these would keep up, but from 20.0 s on faults c, d and e had 3 of 3 away at the same time, for "
                      "60.0 s, and none was left; one more, in an instance of its own, is left and does 10.0/s "
                      "(200.0%)",
                "장애 c, d, e로 20.0 s부터 동시에 3개 중 3개가 빠짐 (60.0 s 동안), 남은 Consumer 없음; 별도 인스턴스에 하나 더 있으면 1개가");
    ((struct group_demand *)all.demand)[0].capacity_per_s = 0.15; /* three, were they so slow */
    char text[1024];
    assert_non_null(strstr(more_consumers_text(&all, LANG_EN, text, sizeof text), "is left and does 0.050/s"));
    assert_non_null(strstr(more_consumers_text(&all, LANG_KO, text, sizeof text), "초당 0.050건"));
    trial_close(&trial);

    const struct outcome same =
        run_with("{\"c\": {\"crash\": \"back\", \"instance\": 0, \"at\": \"20s\"}, "
                 "\"p\": {\"pause\": \"back\", \"instance\": 0, \"at\": \"30s\", \"for\": \"60s\"}}", NULL, 0);
    assert_int_equal(more_consumers(&same, 0).taken.consumers, 1);
    assert_int_equal(more_consumers(&same, 0).taken.n_with, 0);
    trial_close(&trial);
}

/* From 20 to 120 s the first is away, from 60 to 160 s another one, or all but the first: what is told is of the time
 * that they share. One that is drawn may be the first again: nobody knows. */
static void some_of_the_time_is_shared(void **state)
{
    static const char first[] = "{\"c\": {\"crash\": \"back\", \"instance\": 0, \"at\": \"20s\", "
                                "\"back_after\": \"100s\"}, \"d\": %s}";
    static const struct { const char *other; uint32_t left; double at_s, for_s; } of[] = {
        { "{\"crash\": \"back\", \"instance\": 1, \"at\": \"60s\", \"back_after\": \"100s\"}", 1, 60, 60 },
        { "{\"crash\": \"back\", \"at\": \"60s\", \"back_after\": \"90s\"}", 2, 20, 100 },
        { "{\"scale\": \"servers\", \"to\": 1, \"at\": \"60s\"}, "
          "\"e\": {\"scale\": \"servers\", \"to\": 3, \"at\": \"160s\"}", 0, 60, 60 } };
    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        char faults[300];
        snprintf(faults, sizeof faults, first, of[i].other);
        const struct outcome outcome = run_with(faults, NULL, 0);
        const struct taken taken = more_consumers(&outcome, 0).taken;
        assert_int_equal(taken.left, of[i].left);
        assert_close(taken.at_s, of[i].at_s, 1e-9);
        assert_close(taken.for_s, of[i].for_s, 1e-9);
        assert_int_equal(taken.n_with, of[i].left == 2 ? 0 : 1);
        trial_close(&trial);
    }
}

/* Nobody is a member before the group starts at 30 s: who is back by then was not missed, and of who is not, the others
 * have the partitions from the start on. Each of these waits of 600 records is the late start's. */
static void before_the_group_starts(void **state)
{
    static const struct study_edit late[] = { { "/groups/servers/start", "\"30s\"" },
                                              { "/groups/servers/max_poll_records", "5" },
                                              { "/groups/servers/cold", "true" },
                                              { "/groups/servers/reset", "\"earliest\"" } };
    static const struct { const char *faults; bool took; } of[] = {
        { "{\"c\": {\"crash\": \"back\", \"instance\": 1, \"at\": \"10s\", \"back_after\": \"5s\"}}", false },
        { "{\"c\": {\"crash\": \"back\", \"instance\": 1, \"at\": \"30s\", \"back_after\": \"5s\"}}", true },
        { "{\"c\": {\"restart\": \"back\", \"at\": \"5s\", \"back_after\": \"8s\", \"kill_after\": \"0s\"}}", false },
        { "{\"c\": {\"pause\": \"back\", \"instance\": 1, \"at\": \"25s\", \"for\": \"20s\"}}", true } };
    (void)state;
    for (uint32_t i = 0; i < 8; i++) {
        const struct outcome outcome = run_with(of[i / 2].faults, late, i % 2 ? 4 : 2);
        const struct more_consumers more = more_consumers(&outcome, 0);
        assert_int_equal(more.taken.fault != NULL, of[i / 2].took);
        assert_close(more.taken.session_s, 0, 0);
        assert_int_not_equal(more.limit, MORE_FAULT);
        if (of[i / 2].took) assert_true(more.taken.is_passed_on);
        trial_close(&trial);
    }
}

/* Three restarts one after another, of 12 s each: the last consumer is back at 41 s, and not at 17 s. */
static void one_after_another_past_the_start(void **state)
{
    static const struct study_edit late = { "/groups/servers/start", "\"30s\"" };
    (void)state;
    const struct outcome outcome = run_with(
        "{\"c\": {\"restart\": \"back\", \"at\": \"5s\", \"back_after\": \"12s\", \"kill_after\": \"0s\"}}", &late, 1);
    assert_non_null(more_consumers(&outcome, 0).taken.fault);
    trial_close(&trial);
}

/* Of 100 s the first takes the 20 s from the group's start on: 5 a second more come than the two left do. The second
 * one takes 50 s of a consumer, and is the one that is told. */
static void what_precedes_takes_less(void **state)
{
    static const struct study_edit late = { "/groups/servers/start", "\"90s\"" };
    static const char first[] = "\"a\": {\"crash\": \"back\", \"instance\": 1, \"at\": \"10s\", \"back_after\": "
                                "\"100s\"}";
    char both[512], alone[256];
    (void)state;
    snprintf(both, sizeof both, "{%s, \"b\": {\"crash\": \"back\", \"instance\": 2, \"at\": \"120s\", "
             "\"back_after\": \"50s\"}}", first);
    snprintf(alone, sizeof alone, "{%s}", first);
    const struct outcome outcome = run_with(both, &late, 1);
    assert_string_equal(more_consumers(&outcome, 0).taken.fault->name, "b");
    trial_close(&trial);
    const struct outcome of_one = run_with(alone, &late, 1);
    const double rebalances_s = outcome_mean(&of_one, "groups.servers.rebalance_s");
    assert_close(more_consumers(&of_one, 0).taken.behind, 5 * 20 + 20 * rebalances_s, 10);
    trial_close(&trial);
}

static void none_is_left(void **state)
{
    (void)state;
    const struct outcome outcome = run_with("{\"r\": {\"restart\": \"back\", \"at\": \"20s\", \"back_after\": \"60s\", "
                                            "\"rolling\": false}}", NULL, 0);
    expect_text(&outcome, "these would keep up, but at 20.0 s fault r took 3 of 3 away for 60.0 s, and none was "
                          "left", "3개 중 3개가 빠짐 (60.0 s 동안), 남은 Consumer 없음");
    trial_close(&trial);
}

static void again_and_again(void **state)
{
    (void)state;
    const struct outcome outcome = run_with("{\"p\": {\"pause\": \"back\", \"instance\": 1, \"every\": \"60s\", "
                                            "\"from\": \"30s\", \"until\": \"200s\", \"for\": \"40s\"}}", NULL, 0);
    expect_text(&outcome, "these would keep up, but fault p took 1 of 3 away for 40.0 s, 3 times from 30.0 s on, "
                          "and nobody takes over so soon", "장애 p로 30.0 s부터 3회 3개 중 1개가 빠짐 (40.0 s 동안)");
    trial_close(&trial);
}

/* A pause of 20 ms leaves not one record behind: the burst of 190 did it, or the group that started 60 s after the
 * load; and 230 such pauses add up to 4.6 s only where what one leaves still waits when the next begins. While one of
 * three is away for 40 s, more than a hundred come for it beside its part of the burst. */
static void a_short_one_is_not_blamed(void **state)
{
    static const char shorter[] = "{\"p\": {\"pause\": \"back\", \"at\": \"50s\", \"for\": \"20ms\"}}",
                      often[] = "{\"p\": {\"pause\": \"back\", \"every\": \"1s\", \"from\": \"10s\", \"until\": "
                                "\"4m\", \"for\": \"20ms\"}}",
                      longer[] = "{\"p\": {\"pause\": \"back\", \"instance\": 0, \"at\": \"99s\", \"for\": \"40s\"}}",
                      early[] = "{\"p\": {\"pause\": \"back\", \"at\": \"5s\", \"for\": \"20ms\"}}";
    static const char load[] = "{\"a\": {\"executor\": \"constant-arrival-rate\", \"rate\": 10, \"duration\": \"4m\"}, "
                               "\"b\": {\"executor\": \"bursts\", \"size\": 190, \"every\": \"10m\", \"duration\": "
                               "\"1m\", \"startTime\": \"100s\"}}";
    static const struct study_edit burst = { "/load/scenarios", load }, late = { "/groups/servers/start", "60s" };
    static const struct { const char *faults; const struct study_edit *edit; bool blamed; } of[] = {
        { shorter, &burst, false }, { often, &burst, false }, { longer, &burst, true }, { early, &late, false } };
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        const struct outcome outcome = run_with(of[i].faults, of[i].edit, 1);
        assert_true(outcome.demand[0].pressure < 1);
        assert_true(bottleneck_fell_behind(&outcome.demand[0]));
        assert_int_equal(more_consumers(&outcome, 0).limit == MORE_FAULT, of[i].blamed);
        trial_close(&trial);
    }
}

/* What strikes another process, or lies behind the end, took none. */
static void none_is_taken(void **state)
{
    const struct study_edit edit = { "/load/scenarios/orders/rate", "40" };
    (void)state;
    const struct outcome outcome =
        run_with("{\"c\": {\"pause\": \"front\", \"at\": \"20s\", \"for\": \"1s\"}, "
                 "\"d\": {\"crash\": \"back\", \"at\": \"10h\"}, "
                 "\"s\": {\"scale\": \"servers\", \"to\": 4, \"at\": \"200s\"}}", &edit, 1);
    assert_null(more_consumers(&outcome, 0).taken.fault);
    assert_int_equal(more_consumers(&outcome, 0).limit, MORE_PARTITIONS);
    trial_close(&trial);
}

/* One consumer does 10 a second, 6 come. Away for 9 s of 20, it leaves 54 each time and works 44 of them off before the
 * next: they pile up to more than a pause leaves. Away for 5 s, it leaves 30, less than 5 s of its work. */
static void before_it_is_worked_off_again(void **state)
{
    static const struct { const char *faults; enum more_limit limit; } of[] = {
        { "{\"c\": {\"pause\": \"back\", \"every\": \"20s\", \"for\": \"9s\"}}", MORE_FAULT },
        { "{\"c\": {\"pause\": \"back\", \"every\": \"20s\", \"for\": \"5s\"}}", MORE_KEEPS_UP } };
    static const struct study_edit one[] = { { "/groups/servers/consumers", "1" }, { "/processes/back/instances", "1" },
                                             { "/load/scenarios/orders/rate", "6" } };
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        const struct outcome outcome = run_with(of[i].faults, one, 3);
        assert_int_equal(more_consumers(&outcome, 0).limit, of[i].limit);
        trial_close(&trial);
    }
}

/* Two consumers, one of two partitions of three: 1.5 / 30 ms = 50 a second. The first round after a return gives the one
 * that is back nothing, and the other goes on with 500 records before it gives something up: they are not all there. */
static void withheld_until_the_next_round(void **state)
{
    static const struct study_edit more[] = {
        { "/groups/servers", "{\"consumers\": 2, \"reads\": {\"orders\": \"serve\"}, "
                             "\"assignor\": \"cooperative-sticky\", \"static_members\": true}" },
        { "/processes/back/instances", "2" }, { "/load/scenarios/orders/rate", "30" },
        { "/stages/serve/steps/0/time", "30ms" }, { "/load/scenarios/orders/duration", "400s" } };
    (void)state;
    const struct outcome outcome =
        run_with("{\"f\": {\"restart\": \"back\", \"at\": \"100s\", \"rolling\": true, \"back_after\": \"60s\"}}",
                 more, 5);
    assert_close(outcome.demand[0].capacity_per_s, 50, 1.5);
    trial_close(&trial);
}

/* From 20 s on one after the other is away for 40 s, to 140 s. A group that starts meanwhile loses those whose turn
 * comes later, from when it comes, and what is left of the one that is away at its start: two do 15 of the 25. */
static void a_rolling_restart_that_has_begun(void **state)
{
    static const struct { const char *start; double at_s, before_s, turns, behind; } of[] = {
        { "\"10s\"", 20, 0, 3, 1200 }, { "\"20s\"", 20, 0, 3, 1200 },  { "\"50s\"", 60, 0, 2.25, 900 },
        { "\"60s\"", 60, 0, 2, 800 },  { "\"110s\"", 100, 10, 1, 300 }, { "\"140s\"", 0, 0, 0, 0 }
    };
    (void)state;
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        const struct study_edit more[] = { { "/groups/servers/start", of[i].start },
                                           { "/groups/servers/max_poll_records", "10" },
                                           { "/load/scenarios/orders/rate", "25" } };
        const struct outcome outcome =
            run_with("{\"f\": {\"restart\": \"back\", \"at\": \"20s\", \"back_after\": \"40s\"}}", more, 3);
        const struct taken taken = more_consumers(&outcome, 0).taken;
        const double rebalances_s = outcome_mean(&outcome, "groups.servers.rebalance_s");
        assert_int_equal(taken.fault != NULL, of[i].turns > 0);
        assert_close(taken.at_s, of[i].at_s, 0);
        assert_close(taken.before_s, of[i].before_s, 1e-9);
        assert_close(taken.turns, of[i].turns, 1e-9);
        if (taken.fault) assert_close(taken.behind, of[i].behind + 25 * rebalances_s, 0.03 * of[i].behind + 10);
        trial_close(&trial);
    }
}

/* 600 wait when all three start, who do 30 of the 20 that come. Who has started in time has none that waited before. */
static void who_starts_late(void **state)
{
    static const char *const burst = "{\"orders\": {\"executor\": \"constant-arrival-rate\", \"rate\": 20, "
                                     "\"duration\": \"4m\"}, \"more\": {\"executor\": \"constant-arrival-rate\", "
                                     "\"rate\": 200, \"duration\": \"10s\", \"startTime\": \"60s\"}}";
    const struct study_edit late = { "/groups/servers/start", "\"30s\"" };
    const struct study_edit early[] = { { "/groups/servers/start", "\"2s\"" }, { "/load/scenarios", burst } };
    (void)state;
    struct outcome outcome = run_with("{}", &late, 1);
    assert_int_equal(more_consumers(&outcome, 0).limit, MORE_LATE);
    expect_text(&outcome, "these would keep up; most of what waited came before they started, at 30.0 s",
                "지금 수로 충분함; 대기의 대부분은 30.0 s에 시작하기 전에 쌓인 것");
    trial_close(&trial);
    outcome = run_with("{}", early, 2);
    assert_true(bottleneck_fell_behind(&outcome.demand[0]));
    assert_int_not_equal(more_consumers(&outcome, 0).limit, MORE_LATE);
    trial_close(&trial);
}

/* Three pods from the beginning, and never others: what waits at the start is no scaler's doing. Where there is one at
 * first, it is. */
static void a_scaler_that_had_them_all(void **state)
{
    static const char scaler[] = "{\"k\": {\"group\": \"servers\", \"lag_threshold\": 50, "
                                 "\"min_replica_count\": %u, \"max_replica_count\": 3, \"pod_start\": \"20s\"}}";
    (void)state;
    for (uint32_t least = 1; least <= 3; least += 2) {
        char text[200];
        snprintf(text, sizeof text, scaler, (unsigned)least);
        const char *pods = least == 1 ? "1" : "3";
        const struct study_edit edits[] = { { "/scalers", text }, { "/processes/back/instances", pods },
                                            { "/groups/servers/consumers", pods },
                                            { "/groups/servers/backlog", "{\"orders\": [200, 200, 200]}" } };
        const struct outcome outcome = run_with("{}", edits, 4);
        assert_true(bottleneck_fell_behind(&outcome.demand[0]));
        assert_int_equal(more_consumers(&outcome, 0).limit, least == 1 ? MORE_LATE : MORE_PARTITIONS);
        trial_close(&trial);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_dies_for_good),
        cmocka_unit_test(one_instance_has_more),
        cmocka_unit_test(a_spare_takes_over),
        cmocka_unit_test(too_many_come_before),
        cmocka_unit_test(scaled_down),
        cmocka_unit_test(nobody_takes_over),
        cmocka_unit_test(back_before_the_session_has_ended),
        cmocka_unit_test(back_when_the_session_may_have_ended),
        cmocka_unit_test(a_restart_that_kills),
        cmocka_unit_test(a_batch_that_is_killed),
        cmocka_unit_test(who_makes_all_wait_took_more),
        cmocka_unit_test(several_are_away_together),
        cmocka_unit_test(some_of_the_time_is_shared),
        cmocka_unit_test(before_the_group_starts),
        cmocka_unit_test(one_after_another_past_the_start),
        cmocka_unit_test(what_precedes_takes_less),
        cmocka_unit_test(none_is_left),
        cmocka_unit_test(again_and_again),
        cmocka_unit_test(a_short_one_is_not_blamed),
        cmocka_unit_test(none_is_taken),
        cmocka_unit_test(before_it_is_worked_off_again),
        cmocka_unit_test(withheld_until_the_next_round),
        cmocka_unit_test(a_rolling_restart_that_has_begun),
        cmocka_unit_test(who_starts_late),
        cmocka_unit_test(a_scaler_that_had_them_all),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
