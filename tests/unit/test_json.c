/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: what is not strict JSON is refused with its exact place, what is gets a tree whose nodes know theirs. Method:
 * tables of texts with the place counted by hand; the refused ones include everything that cJSON lets through. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "sim/scenario/json.h"
#include "sim/scenario/nearest.h"
#include "sim/scenario/write.h"

static int open_arena(void **state)
{
    struct arena *arena = malloc(sizeof *arena);
    if (!arena) return -1;
    arena_init(arena);
    *state = arena;
    return 0;
}

static int close_arena(void **state)
{
    arena_fini(*state);
    free(*state);
    return 0;
}

static void test_refused(void **state)
{
    static const struct {
        const char *text;
        size_t length;
        uint32_t line, column;
        const char *pointer;
    } cases[] = {
        { "", 0, 1, 1, "" },
        { " \n ", 0, 2, 2, "" },
        { "\xef\xbb\xbf{}", 0, 1, 1, "" },
        { "{} x", 0, 1, 4, "" },
        { "{\"a\": 1,}", 0, 1, 8, "" },
        { "[1, 2,\n]", 0, 1, 6, "" },
        { "{\"a\": [1, {\"b\": 01}]}", 0, 1, 17, "/a/1/b" },
        { "[1.]", 0, 1, 2, "/0" },
        { "[.5]", 0, 1, 2, "/0" },
        { "[+5]", 0, 1, 2, "/0" },
        { "[-]", 0, 1, 2, "/0" },
        { "[1e]", 0, 1, 2, "/0" },
        { "[0, 1e400]", 0, 1, 5, "/1" },
        { "[-1e400]", 0, 1, 2, "/0" },
        { "[0x1]", 0, 1, 3, "" },
        { "[1234567890123456789012345678901234567890123456789012345678901234]", 0, 1, 2, "/0" },
        { "[nan]", 0, 1, 2, "/0" },
        { "[Infinity]", 0, 1, 2, "/0" },
        { "[True]", 0, 1, 2, "/0" },
        { "[truex]", 0, 1, 2, "/0" },
        { "[\"a\\u0000b\"]", 0, 1, 4, "/0" },
        { "[\"a\0b\"]", 7, 1, 4, "/0" },
        { "{}\0", 3, 1, 3, "" },
        { "[\"a\tb\"]", 0, 1, 4, "/0" },
        { "[\n\"a\nb\"]", 0, 2, 1, "/0" },
        { "[\"\\x\"]", 0, 1, 3, "/0" },
        { "[\"\\u12g4\"]", 0, 1, 3, "/0" },
        { "[\"\\ud800\"]", 0, 1, 3, "/0" },
        { "[\"\\ud800\\u0041\"]", 0, 1, 3, "/0" },
        { "[\"\\udc00\"]", 0, 1, 3, "/0" },
        { "[\"\xc3\"]", 0, 1, 3, "/0" },
        { "[\"\xc0\x80\"]", 0, 1, 3, "/0" },
        { "[\"\xed\xa0\x80\"]", 0, 1, 3, "/0" },
        { "[\"\xf4\x90\x80\x80\"]", 0, 1, 3, "/0" },
        { "[\"\xe2\x82\"]", 0, 1, 3, "/0" },
        { "['a']", 0, 1, 2, "/0" },
        { "{a: 1}", 0, 1, 2, "" },
        { "{\"a\" 1}", 0, 1, 6, "/a" },
        { "{\"a\":}", 0, 1, 6, "/a" },
        { "[1 2]", 0, 1, 4, "" },
        { "[1, // x\n2]", 0, 1, 5, "/1" },
        { "/* x */ {}", 0, 1, 1, "" },
        { "{\"a\": [1, 2}", 0, 1, 12, "/a" },
        { "[[1], [2]", 0, 1, 10, "" },
        { "{\"a\": 1, \"b\": 2,\n \"a\": 3}", 0, 2, 2, "/a" },
        { "{\"x\": {\"\\u0061\": 1, \"a\": 2}}", 0, 1, 21, "/x/a" },
        { "[{\"a/b~\": 1, \"a/b~\": 2}]", 0, 1, 14, "/0/a~1b~0" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json json;
        struct findings findings = { 0 };
        size_t length = cases[i].length > 0 ? cases[i].length : strlen(cases[i].text);
        if (json_open(&json, cases[i].text, length, &findings, *state)) fail_msg("accepted: %s", cases[i].text);
        json_close(&json);
        const struct finding *finding = &findings.finding[0];
        assert_int_equal(findings.n_all, 1);
        if (finding->line != cases[i].line || finding->column != cases[i].column ||
            strcmp(finding->pointer, cases[i].pointer) != 0)
            fail_msg("%s: found at %u:%u %s: %s", cases[i].text, finding->line, finding->column, finding->pointer,
                     finding->message);
    }
}

static void test_accepted(void **state)
{
    static const char *const texts[] = {
        "{}",
        " [ ] ",
        "0",
        "-0.5e-3",
        "1e308",
        "\"\\ud83d\\ude00 \\\" \\/ \\n\"",
        "\"\xf0\x9f\x98\x80 \xec\xa3\xbc\xeb\xac\xb8\"",
        "null",
        "[true, false, null]",
        "{\"\": {\"\": 1}}",
        "[123456789012345678901234567890123456789012345678901234567890123]",
        "1e-400",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct json json;
        struct findings findings = { 0 };
        if (!json_open(&json, texts[i], strlen(texts[i]), &findings, *state))
            fail_msg("%s: %s", texts[i], findings.finding[0].message);
        json_close(&json);
    }
}

/* Containers nested n deep are taken up to the limit and refused beyond, and a bomb costs nothing. */
static void test_depth(void **state)
{
    char *text = malloc(200001);
    assert_non_null(text);
    for (size_t n = JSON_DEPTH_MAX; n <= 100000; n = n == JSON_DEPTH_MAX ? n + 1 : n * 10) {
        struct json json;
        struct findings findings = { 0 };
        if (n > 100000) n = 100000;
        memset(text, '[', n);
        memset(text + n, ']', n);
        text[2 * n] = '\0';
        assert_int_equal(json_open(&json, text, 2 * n, &findings, *state), n <= JSON_DEPTH_MAX);
        json_close(&json);
        if (n > JSON_DEPTH_MAX) assert_int_equal(findings.finding[0].column, JSON_DEPTH_MAX + 1);
    }
    free(text);
}

static void check_place(struct json *json, const char *pointer, uint32_t line, uint32_t column, uint32_t key_column,
                        struct arena *arena)
{
    cJSON *nearest, *node = json_find(json->root, pointer, &nearest, arena);
    assert_non_null(node);
    struct text_place place = json_place(json, node), key = json_key_place(json, node);
    if (place.line != line || place.column != column || key.column != key_column)
        fail_msg("%s: value %u:%u, key %u:%u", pointer, place.line, place.column, key.line, key.column);
}

static void test_places(void **state)
{
    static const char text[] = "{ \"a\": [10,\n  {\"b/c\": \"\xc3\xa9\", \"~\": 2}],\r\n\t\"d\":  null }";
    struct json json;
    struct findings findings = { 0 };
    assert_true(json_open(&json, text, strlen(text), &findings, *state));
    check_place(&json, "", 1, 1, 1, *state);
    check_place(&json, "/a", 1, 8, 3, *state);
    check_place(&json, "/a/0", 1, 9, 9, *state);
    check_place(&json, "/a/1", 2, 3, 3, *state);
    check_place(&json, "/a/1/b~1c", 2, 11, 4, *state);
    check_place(&json, "/a/1/~0", 2, 22, 17, *state); /* the e with an accent is two bytes */
    check_place(&json, "/d", 3, 8, 2, *state);
    json_close(&json);
}

static void test_pointers(void **state)
{
    static const char text[] = "{\"a\": [10, {\"b\": 1}], \"\": 2}";
    struct json json;
    struct findings findings = { 0 };
    cJSON *nearest;
    assert_true(json_open(&json, text, strlen(text), &findings, *state));
    assert_int_equal(json_find(json.root, "/", &nearest, *state)->valuedouble, 2);
    assert_null(json_find(json.root, "/a/1/x/y", &nearest, *state));
    assert_ptr_equal(nearest, json_find(json.root, "/a/1", &nearest, *state));
    assert_null(json_find(json.root, "/a/01", &nearest, *state));
    assert_null(json_find(json.root, "/a/2", &nearest, *state));
    assert_null(json_find(json.root, "/a/-", &nearest, *state));
    assert_null(json_find(json.root, "/A", &nearest, *state));
    assert_true(json_pointer_ok("") && json_pointer_ok("/a~0b~1") && json_pointer_ok("//"));
    assert_false(json_pointer_ok("a") || json_pointer_ok("/~") || json_pointer_ok("/~2"));
    json_close(&json);
}

static void test_numbers_written(void **state)
{
    static const struct {
        double number;
        const char *text;
    } cases[] = {
        { 0, "0" },
        { -0.0, "0" },
        { 0.1, "0.1" },
        { 1e15, "1e+15" },
        { 999999999999999, "999999999999999" },
        { 9007199254740991, "9007199254740991" },
        { 0.30000000000000004, "0.30000000000000004" },
        { 1e-9, "1e-09" },
        { 23.25, "23.25" },
        { -2.5, "-2.5" },
    };
    char text[32];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(write_number(cases[i].number, text), cases[i].text);
        assert_true(strtod(text, NULL) == cases[i].number);
    }
}

static void test_text_written(void **state)
{
    struct json json;
    struct findings findings = { 0 };
    static const char text[] = "{\"a\":[1,{\"b\":\"\\u0001\\t\\\"\\\\\\u00e9\"}],\"c\":{},\"d\":[]}";
    assert_true(json_open(&json, text, strlen(text), &findings, *state));
    assert_string_equal(write_line(json.root, *state),
                        "{\"a\": [1, {\"b\": \"\\u0001\\t\\\"\\\\\xc3\xa9\"}], \"c\": {}, \"d\": []}");
    assert_string_equal(write_document(json.root, *state),
                        "{\n  \"a\": [1, {\"b\": \"\\u0001\\t\\\"\\\\\xc3\xa9\"}],\n  \"c\": {},\n  \"d\": []\n}\n");
    json_close(&json);
}

static void test_nearest(void **state)
{
    static const char *const names[] = { "name", "consumers", "cv", "round-robin" };
    (void)state;
    assert_string_equal(nearest_name("nmae", names, 4), "name");
    assert_string_equal(nearest_name("consumer", names, 4), "consumers");
    assert_string_equal(nearest_name("Consumers", names, 4), "consumers");
    assert_string_equal(nearest_name("roundrobin", names, 4), "round-robin");
    assert_string_equal(nearest_name("cb", names, 4), "cv");
    assert_null(nearest_name("zebra", names, 4));
    assert_null(nearest_name("x", names, 4));
    assert_null(nearest_name("", names, 4));
    assert_null(nearest_name("name", names, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),      cmocka_unit_test(test_accepted), cmocka_unit_test(test_depth),
        cmocka_unit_test(test_places),       cmocka_unit_test(test_pointers), cmocka_unit_test(test_numbers_written),
        cmocka_unit_test(test_text_written), cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
