/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: whatever the text, the reader ends, and either takes it or says what is wrong and where. Method: 20,000 damaged
 * copies of a text that uses every key, the damage drawn from a fixed seed: bytes changed, cut and doubled, and, so
 * that most get past the syntax, whole values swapped for others of the same text or for awkward ones. What is taken
 * must read back from its resolved text. And each shipped scenario with each of its values left out in turn, so that
 * every rule across sections meets what the others found. Worth most under the sanitizers (make check). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <cjson/cJSON.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/engine/random.h"
#include "sim/scenario/study.h"

enum { COPIES = 20000, TEXT_MAX = 1 << 16, VALUES_MAX = 4096 };

struct piece {
    size_t at, length;
};

struct damage {
    uint64_t state;
    size_t length;
    char text[TEXT_MAX];
    struct piece value[VALUES_MAX]; /* strings, numbers and words of the sound text */
    uint32_t n_values;
    char sound[TEXT_MAX];
    size_t sound_length;
};

static const char *const awkward[] = {
    "0",
    "-1",
    "1.5",
    "1e300",
    "4294967296",
    "9007199254740992",
    "\"\"",
    "\"0s\"",
    "\"-5s\"",
    "\"9999h\"",
    "\"load_end\"",
    "null",
    "true",
    "{}",
    "[]",
    "[[]]",
    "[null]",
    "{\"mean\": \"1ms\", \"cv\": 10}",
    "{\"p1\": \"1ns\", \"p99_9\": \"10h\"}",
    "{\"uniform\": []}",
    "{\"mixture\": [{}]}",
    "{\"histogram\": [[]]}",
    "{\"hot\": {}}",
    "{\"basis\": {\"x\": 1}}",
    "\"../x\"",
    "\"all\"",
    "\"basis\"",
    "\"assumed\"",
    "\"created\"",
    "[{\"work\": \"x\"}]",
    "\"\\ud83d\\ude00\"",
};

static uint64_t draw(struct damage *damage, uint64_t below)
{
    damage->state += 0x9e3779b97f4a7c15u;
    return random_mix(damage->state) % below;
}

static void find_values(struct damage *damage)
{
    const char *text = damage->sound;
    for (size_t i = 0; i < damage->sound_length && damage->n_values < VALUES_MAX; i++) {
        size_t length = 0;
        if (text[i] == '"') length = strcspn(text + i + 1, "\"") + 2;
        else if (strchr("0123456789-tfn", text[i])) length = strcspn(text + i, ",]} \n");
        if (length == 0) continue;
        damage->value[damage->n_values++] = (struct piece){ i, length };
        i += length;
    }
}

/* Puts `with` in place of a piece of the damaged text. */
static void splice(struct damage *damage, size_t at, size_t length, const char *with, size_t with_length)
{
    if (at + length > damage->length || damage->length - length + with_length >= TEXT_MAX) return;
    memmove(damage->text + at + with_length, damage->text + at + length, damage->length - at - length);
    memcpy(damage->text + at, with, with_length);
    damage->length += with_length - length;
    damage->text[damage->length] = '\0';
}

static void damage_bytes(struct damage *damage)
{
    size_t at = draw(damage, damage->length), length = draw(damage, 8);
    char byte = (char)draw(damage, 256), chunk[64];
    switch (draw(damage, 4)) {
    case 0: damage->text[at] = byte; break;
    case 1: splice(damage, at, length, "", 0); break;
    case 2: splice(damage, at, 0, &"{}[],:\"0\\ \n"[draw(damage, 11)], 1); break;
    default:
        length = draw(damage, sizeof chunk);
        if (at + length > damage->length) length = damage->length - at;
        memcpy(chunk, damage->text + at, length);
        splice(damage, draw(damage, damage->length), 0, chunk, length);
    }
}

static void damage_value(struct damage *damage)
{
    const struct piece into = damage->value[draw(damage, damage->n_values)];
    if (draw(damage, 2) == 0) {
        const char *with = awkward[draw(damage, sizeof awkward / sizeof awkward[0])];
        splice(damage, into.at, into.length, with, strlen(with));
    } else {
        const struct piece from = damage->value[draw(damage, damage->n_values)];
        splice(damage, into.at, into.length, damage->sound + from.at, from.length);
    }
}

static void check_findings(const struct findings *findings, const struct damage *damage)
{
    for (uint32_t i = 0; i < findings->n; i++) {
        const struct finding *finding = &findings->finding[i];
        bool placed = finding->line > 0 && finding->column > 0 && finding->message[0] != '\0';
        if (!placed || (finding->pointer[0] != '\0' && finding->pointer[0] != '/'))
            fail_msg("%u:%u: %s: %s in\n%s", finding->line, finding->column, finding->pointer, finding->message,
                     damage->text);
    }
}

/* True when the damaged text was taken all the same. */
static bool read_damaged(const struct damage *damage, struct arena *arena)
{
    struct study study, again;
    struct findings findings;
    struct sim_err err = { 0 };
    if (study_read_text(&study, damage->text, damage->length, "damaged.json", "tests/scenario", NULL, 0, &findings,
                        arena, &err)) {
        bool ok = study_read_text(&again, study.text, strlen(study.text), "x.json", "tests/scenario", NULL, 0,
                                  &findings, arena, &err);
        if (!ok || strcmp(study.text, again.text) != 0) fail_msg("not read back:\n%s", study.text);
        return true;
    }
    if (err.code != SIM_ESCENARIO || findings.n == 0 || findings.n_all < findings.n)
        fail_msg("no finding for\n%s", damage->text);
    check_findings(&findings, damage);
    return false;
}

static void test_damaged(void **state)
{
    struct damage *damage = calloc(1, sizeof *damage);
    struct arena arena;
    uint32_t n_taken = 0;
    (void)state;
    assert_non_null(damage);
    FILE *stream = fopen("tests/scenario/everything.json", "rb");
    assert_non_null(stream);
    damage->sound_length = fread(damage->sound, 1, TEXT_MAX - 1, stream);
    fclose(stream);
    find_values(damage);
    assert_in_range(damage->n_values, 500, VALUES_MAX);
    arena_init(&arena);
    for (uint32_t i = 0; i < COPIES; i++) {
        damage->state = i;
        damage->length = damage->sound_length;
        memcpy(damage->text, damage->sound, damage->sound_length + 1);
        if (i % 4 == 0) damage_bytes(damage);
        else damage_value(damage);
        n_taken += read_damaged(damage, &arena);
        arena_reset(&arena);
    }
    arena_fini(&arena);
    free(damage);
    print_message("%u of %u damaged texts were still acceptable\n", n_taken, COPIES);
    assert_in_range(n_taken, COPIES / 50, COPIES / 2); /* neither all cut at the syntax nor all let through */
}

/* ---- each value left out ---- */

struct gaps {
    cJSON *root;
    const char *folder;
    struct arena arena;
    uint32_t n, n_taken;
};

static void read_with_gap(struct gaps *gaps)
{
    struct study study;
    struct findings findings;
    struct sim_err err = { 0 };
    char *text = cJSON_Print(gaps->root);
    gaps->n++;
    if (study_read_text(&study, text, strlen(text), "gap.json", gaps->folder, NULL, 0, &findings, &gaps->arena, &err))
        gaps->n_taken++;
    else if (err.code != SIM_ESCENARIO || findings.n == 0) fail_msg("no finding for\n%s", text);
    cJSON_free(text);
    arena_reset(&gaps->arena);
}

/* The first goes and comes back behind the last: once all have, they stand as they did. */
static void leave_out_each(struct gaps *gaps, cJSON *parent)
{
    const int n = cJSON_GetArraySize(parent);
    for (int i = 0; i < n; i++) {
        cJSON *child = parent->child;
        leave_out_each(gaps, child);
        cJSON_DetachItemViaPointer(parent, child);
        read_with_gap(gaps);
        assert_true(cJSON_AddItemToArray(parent, child));
    }
}

static void leave_out_of(struct gaps *gaps, const char *path)
{
    char *text = calloc(1, TEXT_MAX);
    FILE *stream = fopen(path, "rb");
    assert_true(text && stream);
    assert_in_range(fread(text, 1, TEXT_MAX - 1, stream), 1, TEXT_MAX - 2);
    fclose(stream);
    gaps->root = cJSON_Parse(text);
    if (!gaps->root) fail_msg("%s is no JSON", path);
    if (!cJSON_HasObjectItem(gaps->root, "schema")) leave_out_each(gaps, gaps->root); /* observations have one */
    cJSON_Delete(gaps->root);
    free(text);
}

static void test_left_out(void **state)
{
    static const struct {
        const char *pattern, *folder;
    } all[] = { { "tests/scenario/*.json", "tests/scenario" },
                { "tests/bad/scaler-*.json", "tests/bad" },
                { "scenarios/[a-rt-z]*.json", "scenarios" },
                { "scenarios/s[d-l]*.json", "scenarios" } }; /* not the schema */
    struct gaps gaps = { 0 };
    (void)state;
    arena_init(&gaps.arena);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        glob_t found;
        gaps.folder = all[i].folder;
        assert_int_equal(glob(all[i].pattern, 0, NULL, &found), 0);
        for (size_t k = 0; k < found.gl_pathc; k++) leave_out_of(&gaps, found.gl_pathv[k]);
        globfree(&found);
    }
    arena_fini(&gaps.arena);
    print_message("%u of %u with something left out were still acceptable\n", gaps.n_taken, gaps.n);
    assert_in_range(gaps.n, 5000, 50000);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_damaged), cmocka_unit_test(test_left_out) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
