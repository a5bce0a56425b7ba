/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: whatever the foreign text, its reader ends, and either takes it or says what is wrong and where; what it takes
 * as observations is acceptable as observations. Method: damaged copies of sound texts of every kind, the damage drawn
 * from a fixed seed: bytes and words changed, cut and doubled, numbers swapped for awkward ones, lines doubled and
 * taken out. Worth most under the sanitizers (make check). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "sim/engine/random.h"
#include "sim/foreign/durations.h"
#include "sim/foreign/k6.h"
#include "sim/foreign/offsets_csv.h"
#include "sim/foreign/orders.h"
#include "sim/scenario/observe.h"
#include "tests/support/own_arena.h"

enum { TEXT_MAX = 1 << 17, DAMAGES_MOST = 3 };

struct damage {
    uint64_t state;
    size_t length;
    char text[TEXT_MAX];
};

static const char *const word[] = {
    "-",     "\"", "'", "`",    "${",         "{",       "}",       "[",      "]",   "(",    ")",
    ",",     ";",  ":", "=",    "...",        "//",      "/*",      "*/",     "\n",  "\r\n", "\t",
    "0",     "-1", "1", "1e18", "4294967296", "1e-300",  "1e300",   "1e999",  "nan", "Inf",  "1,5",
    "const", "le", "#", "p99",  "stages",     "09:1:10", "t_s=1e9", "+99:99", "\\",  "%s%n", "\xef\xbb\xbf",
    "\xff",
};

static uint64_t draw(struct damage *damage, uint64_t below)
{
    damage->state += 0x9e3779b97f4a7c15u;
    return random_mix(damage->state) % below;
}

static void splice(struct damage *damage, size_t at, size_t length, const char *with, size_t with_length)
{
    if (at + length > damage->length || damage->length - length + with_length >= TEXT_MAX) return;
    memmove(damage->text + at + with_length, damage->text + at + length, damage->length - at - length);
    memcpy(damage->text + at, with, with_length);
    damage->length += with_length - length;
    damage->text[damage->length] = '\0';
}

/* The run of digits, or the line, that begins at or behind a drawn byte. */
static size_t draw_number(struct damage *damage, size_t *length)
{
    size_t at = draw(damage, damage->length + 1);
    at += strcspn(damage->text + at, "0123456789");
    *length = strspn(damage->text + at, "0123456789.");
    return at;
}

static size_t draw_line(struct damage *damage, size_t *length)
{
    size_t at = draw(damage, damage->length + 1);
    while (at > 0 && damage->text[at - 1] != '\n') at--;
    *length = strcspn(damage->text + at, "\n");
    *length += damage->text[at + *length] == '\n';
    return at;
}

static void damage_once(struct damage *damage)
{
    char chunk[256];
    const char *one = word[draw(damage, sizeof word / sizeof word[0])];
    size_t length, at = draw(damage, damage->length + 1);
    switch (draw(damage, 7)) {
    case 0: splice(damage, at, 1, (const char[]){ (char)(1 + draw(damage, 255)) }, 1); break;
    case 1: splice(damage, at, draw(damage, 20), "", 0); break;
    case 2: splice(damage, at, 0, one, strlen(one)); break;
    case 3:
        at = draw_number(damage, &length);
        splice(damage, at, length, one, strlen(one));
        break;
    case 4:
        at = draw_line(damage, &length);
        if (length <= sizeof chunk) {
            memcpy(chunk, damage->text + at, length);
            splice(damage, draw(damage, 2) ? at : 0, 0, chunk, length);
        }
        break;
    case 5:
        at = draw_line(damage, &length);
        splice(damage, at, length, "", 0);
        break;
    default: splice(damage, at, damage->length - at, "", 0); /* cut short */
    }
}

/* ---- readers ---- */

enum kind { K6, SUMMARY, OFFSETS, DURATIONS, STEPS, ORDERS, KINDS };

static cJSON *read_as(enum kind kind, struct source *source)
{
    static const char *const columns[] = { "stage=group", "value=lock_ms", "at=t_start" };
    const struct durations_options plain = { .unit = "ms" }, steps = { 3, columns, "ms" };
    const struct orders_options orders = { .time_zone = "+09:00" };
    switch (kind) {
    case K6: return k6_load(source);
    case SUMMARY: return k6_observations(source);
    case OFFSETS: return offsets_read(source, NULL);
    case DURATIONS: return durations_read(source, &plain, NULL);
    case STEPS: return durations_read(source, &steps, NULL);
    case ORDERS: return orders_read(source, &orders);
    case KINDS: break;
    }
    return NULL;
}

static void expect_observations(const cJSON *taken, const struct damage *damage)
{
    struct observations observations;
    struct findings findings = { 0 };
    char *printed = cJSON_Print(taken);
    assert_non_null(printed);
    const char *text = arena_strdup(&arena, printed);
    cJSON_free(printed);
    if (!observations_read_text(&observations, text, strlen(text), &findings, &arena))
        fail_msg("taken, but %s: %s in\n%s\nof\n%s", findings.finding[0].pointer, findings.finding[0].message, text,
                 damage->text);
}

/* True when the damaged text was taken all the same. */
static bool read_damaged(enum kind kind, const struct damage *damage)
{
    struct findings findings = { 0 };
    struct source source = {
        .file = "damaged", .text = damage->text, .length = damage->length, .findings = &findings, .arena = &arena
    };
    cJSON *taken = source_is_text(&source) ? read_as(kind, &source) : NULL;
    if ((taken != NULL) != (findings.n_all == 0))
        fail_msg("%s, with %u findings:\n%s", taken ? "taken" : "refused", findings.n_all, damage->text);
    for (uint32_t i = 0; i < findings.n; i++)
        if (findings.finding[i].line == 0 || findings.finding[i].column == 0 || findings.finding[i].message[0] == '\0')
            fail_msg("a finding without a place in\n%s", damage->text);
    if (taken && (kind == SUMMARY || kind == OFFSETS || kind == ORDERS)) expect_observations(taken, damage);
    cJSON_Delete(taken);
    return taken != NULL;
}

static void test_damaged(void **state)
{
    static const struct {
        const char *file;
        enum kind kind;
        uint32_t copies;
    } sound[] = {
        { "script.js", K6, 3000 },
        { "two-scenarios.js", K6, 3000 },
        { "constants.js", K6, 3000 },
        { "handle-summary.json", SUMMARY, 1000 },
        { "summary-export.json", SUMMARY, 1000 },
        { "describe.txt", OFFSETS, 3000 },
        { "range.json", OFFSETS, 1000 },
        { "range.csv", OFFSETS, 1000 },
        { "latency.hgrm", DURATIONS, 300 },
        { "listener.prom", DURATIONS, 500 },
        { "steps.csv", STEPS, 50 },
        { "orders.csv", ORDERS, 500 },
    };
    struct damage *damage = calloc(1, sizeof *damage);
    uint64_t seed = 0;
    (void)state;
    assert_non_null(damage);
    for (size_t f = 0; f < sizeof sound / sizeof sound[0]; f++) {
        char path[128], *text = calloc(1, TEXT_MAX);
        uint32_t n_taken = 0;
        assert_non_null(text);
        snprintf(path, sizeof path, "tests/support/foreign/%s", sound[f].file);
        FILE *stream = fopen(path, "rb");
        assert_non_null(stream);
        const size_t length = fread(text, 1, TEXT_MAX - 1, stream);
        fclose(stream);
        assert_in_range(length, 1, TEXT_MAX - 2);
        for (uint32_t i = 0; i < sound[f].copies; i++) {
            memcpy(damage->text, text, length + 1);
            damage->length = length;
            damage->state = ++seed << 20;
            if (i > 0)
                for (uint64_t k = 1 + draw(damage, DAMAGES_MOST); k > 0; k--) damage_once(damage);
            const bool taken = read_damaged(sound[f].kind, damage);
            if (i == 0 && !taken) fail_msg("%s is not taken as it is", path);
            n_taken += taken;
            arena_reset(&arena);
        }
        print_message("%s: %u of %u taken\n", sound[f].file, n_taken, sound[f].copies);
        assert_in_range(n_taken, 2, sound[f].copies - 2); /* neither all refused nor all let through */
        free(text);
    }
    free(damage);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_damaged) };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
