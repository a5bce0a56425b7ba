/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: durations are read exactly or refused, and written so that they are read back. Method: values worked out by
 * hand, the borders of 64 bits, a list of texts that are no durations, and a round trip over many magnitudes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/engine/ns.h"
#include "sim/engine/random.h"

static void test_parse(void **state)
{
    static const struct { const char *text; sim_ns ns; } cases[] = {
        {"0", 0}, {"-0", 0}, {"0s", 0}, {"150ms", 150000000}, {"2s", 2000000000}, {"1m30s", 90000000000},
        {"1h", 3600000000000}, {"1.5s", 1500000000}, {"-3ms", -3000000}, {"+3ms", 3000000}, {"23.25ms", 23250000},
        {".5s", 500000000}, {"1.s", 1000000000}, {"1us", 1000}, {"1\xc2\xb5s", 1000}, {"1\xce\xbcs", 1000}, {"7ns", 7},
        {"1h2m3s4ms5us6ns", 3723004005006}, {"2s2s", 4000000000}, {"0.001us", 1}, {"0.0009us", 0}, {"1.9ns", 1},
        {"0.1s", 100000000}, {"0.3s", 300000000}, {"4.35s", 4350000000}, {"1.005ms", 1005000}, {"0.000000001s", 1},
        {"39h9m14.425s", 140954425000000}, {"0.3333333333333333333h", 1199999999999},
        {"0.000000000000277777777778h", 1}, {"0.1000000000000000000000000000000000001s", 100000000},
        {"9223372036854775807ns", INT64_MAX}, {"-9223372036854775808ns", INT64_MIN},
        {"9223372036.854775807s", INT64_MAX}, {"-2562047h47m16.854775808s", INT64_MIN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sim_ns ns = 42;
        if (!ns_parse(cases[i].text, &ns) || ns != cases[i].ns)
            fail_msg("\"%s\" gave %lld", cases[i].text, (long long)ns);
    }
}

static void test_parse_refuses(void **state)
{
    static const char *const texts[] = {
        "", " ", "-", "+", ".", "s", ".s", "1", "1.5", "00", "0.0", "5 ms", " 5ms", "5ms ", "5mss", "5sec", "5S", "1d",
        "1e3s", "--5s", "1m-30s", "1..5s", "1.5.5s", "5m3", "0x5s", "1,5s", "inf", "nan", "5\xc2s",
        "9223372036854775808ns", "-9223372036854775809ns", "9223372037s", "2562048h",
        "999999999999999999999999999999999999999999s", "2562047h47m16.854775808s",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        sim_ns ns = 42;
        if (ns_parse(texts[i], &ns) || ns != 42) fail_msg("\"%s\" was read as %lld", texts[i], (long long)ns);
    }
}

/* A message tells what is no duration from what is too long for one. */
static void test_is_duration(void **state)
{
    static const char *const durations[] = {
        "0", "5ms", "1h30m", "-3ms", "9223372036854775807ns", "9223372036854775808ns", "9223372037s", "-2562048h",
        "999999999h", "1h999999999h", "999999999h1ns", "999999999999999999999999999999999999999999s",
        "340282366920938463463374607431768211456h",
    };
    static const char *const others[] = {
        "", "-", "1", "5 ms", "1e30s", "999999999999999999999999999999999999999999", "999999999h5", "999999999hh", "h",
    };
    (void)state;
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++)
        if (!ns_is_duration(durations[i])) fail_msg("\"%s\" is a duration", durations[i]);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (ns_is_duration(others[i])) fail_msg("\"%s\" is none", others[i]);
}

static void test_format(void **state)
{
    static const struct { sim_ns ns; const char *text; } cases[] = {
        {0, "0s"}, {1, "1ns"}, {-1, "-1ns"}, {1500, "1.5us"}, {23250000, "23.25ms"}, {999999999, "999.999999ms"},
        {SIM_S, "1s"}, {90 * SIM_S, "1m30s"}, {600 * SIM_S, "10m"}, {3600 * SIM_S, "1h"}, {3605 * SIM_S, "1h5s"},
        {3600 * SIM_S + 500 * SIM_MS, "1h0.5s"}, {-90500 * SIM_MS, "-1m30.5s"}, {SIM_S + 1, "1.000000001s"},
        {INT64_MAX, "2562047h47m16.854775807s"}, {INT64_MIN, "-2562047h47m16.854775808s"},
    };
    char text[40];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(ns_format(cases[i].ns, text, sizeof text), cases[i].text);
    assert_string_equal(ns_format(90 * SIM_S, text, 4), "1m3"); /* cut, not overrun */
}

static void test_round_trip(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 100000; i++) {
        sim_ns ns = (sim_ns)random_mix(i + 1) >> (i % 64), back = 0;
        if (i % 3 == 0) ns -= ns % 1000000; /* short texts too */
        char text[40];
        if (!ns_parse(ns_format(ns, text, sizeof text), &back) || back != ns)
            fail_msg("%lld became %s", (long long)ns, text);
    }
}

static void test_from_s(void **state)
{
    sim_ns ns = 42;
    (void)state;
    assert_true(ns_from_s(0.02325, &ns) && ns == 23250000);
    assert_true(ns_from_s(-0.5e-9, &ns) && ns == -1);
    assert_true(ns_from_s(0.4e-9, &ns) && ns == 0);
    assert_true(ns_from_s(9e9, &ns) && ns == 9000000000000000000);
    ns = 42;
    assert_false(ns_from_s((double)NAN, &ns));
    assert_false(ns_from_s(HUGE_VAL, &ns));
    assert_false(ns_from_s(-HUGE_VAL, &ns));
    assert_false(ns_from_s(9.3e9, &ns));
    assert_false(ns_from_s(-9.3e9, &ns));
    assert_int_equal(ns, 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse), cmocka_unit_test(test_parse_refuses), cmocka_unit_test(test_is_duration),
        cmocka_unit_test(test_format), cmocka_unit_test(test_round_trip), cmocka_unit_test(test_from_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
