/* SPDX-License-Identifier: GPL-3.0-or-later
 * The load ends with the last look that found the log longer: what comes after it waits for nobody. Before t = 0 there
 * is no load; of a pair of looks on either side of it, what came did so after it. */
#include "sim/foreign/arrivals.h"

#include <math.h>

#define RATE_MOST_PER_S 1e9
#define SIGMAS          2.0 /* of counting: independent arrivals, n of them err by the root of n */

struct piece {
    double from_s, to_s, records;
};

static double rate_of(const struct piece *piece) { return piece->records / (piece->to_s - piece->from_s); }

static bool is_one_rate(const struct piece *a, const struct piece *b)
{
    const double a_s = a->to_s - a->from_s, b_s = b->to_s - b->from_s;
    const double common = (a->records + b->records) / (a_s + b_s);
    return fabs(rate_of(a) - rate_of(b)) <= SIGMAS * sqrt(common * (1 / a_s + 1 / b_s));
}

/* Into piece[n], or the one before it but for the first n_apart; how many there are then. */
static uint32_t append(struct piece *piece, uint32_t n, uint32_t n_apart, struct piece next)
{
    if (n == n_apart || !is_one_rate(&piece[n - 1], &next)) {
        piece[n] = next;
        return n + 1;
    }
    piece[n - 1].to_s = next.to_s;
    piece[n - 1].records += next.records;
    return n;
}

/* Before the first look nothing is known: n_unknown pieces, of no record, which are one with no other. */
static uint32_t pieces_of(const struct arrived_by *by, uint32_t n, uint32_t n_unknown, struct piece *piece)
{
    uint32_t n_pieces = n_unknown;
    if (n_unknown > 0) piece[0] = (struct piece){ 0, by[0].t_s, 0 };
    for (uint32_t i = 1; i < n; i++)
        if (by[i].t_s > 0)
            n_pieces = append(piece, n_pieces, n_unknown,
                              (struct piece){ fmax(by[i - 1].t_s, 0), by[i].t_s, by[i].records - by[i - 1].records });
    return n_pieces;
}

static void add_stage(cJSON *stages, double target_per_s, double duration_s)
{
    cJSON *stage = cJSON_CreateObject();
    cJSON_AddNumberToObject(stage, "target_per_s", target_per_s);
    cJSON_AddNumberToObject(stage, "duration_s", duration_s);
    cJSON_AddItemToArray(stages, stage);
}

/* One piece is a rate; several are as k6 ramps them: a jump, then level. */
static void add_pieces(cJSON *load, const struct piece *piece, uint32_t n)
{
    if (n == 1) {
        cJSON_AddNumberToObject(load, "rate_per_s", rate_of(piece));
        cJSON_AddNumberToObject(load, "duration_s", piece->to_s);
        return;
    }
    cJSON_AddNumberToObject(load, "start_rate_per_s", rate_of(piece));
    cJSON *stages = cJSON_AddArrayToObject(load, "stages");
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0) add_stage(stages, rate_of(&piece[i]), 0);
        add_stage(stages, rate_of(&piece[i]), piece[i].to_s - piece[i].from_s);
    }
}

static void say_pieces(struct source *source, const char *topic, const struct piece *piece, uint32_t n)
{
    double records = 0, least = INFINITY, most = 0;
    for (uint32_t i = 0; i < n; i++) {
        records += piece[i].records;
        least = fmin(least, rate_of(&piece[i]));
        most = fmax(most, rate_of(&piece[i]));
    }
    if (n == 1)
        source_remark(source, "the log of %.80s grew by %.0f records in %g s: %.3g/s, taken for the load", topic,
                      records, piece->to_s - piece->from_s, rate_of(piece));
    else
        source_remark(source,
                      "the log of %.80s grew by %.0f records in %g s, taken for the load: %u pieces of one rate each, "
                      "from %.3g/s to %.3g/s, between the tables (neighbours that counting noise makes differ are one)",
                      topic, records, piece[n - 1].to_s - piece[0].from_s, n, least, most);
}

bool arrivals_add_load(struct source *source, const char *topic, const struct arrived_by *by, uint32_t n, cJSON *out)
{
    const double last_s = n > 0 ? by[n - 1].t_s : 0;
    while (n > 1 && !(by[n - 1].records > by[n - 2].records)) n--;
    struct piece *piece = arena_array(source->arena, struct piece, n + 1);
    const uint32_t n_unknown = n > 1 && by[0].t_s > 0;
    const uint32_t n_pieces = n > 1 ? pieces_of(by, n, n_unknown, piece) : 0;
    if (n_pieces == 0) return true;
    for (uint32_t i = 0; i < n_pieces; i++)
        if (rate_of(&piece[i]) > RATE_MOST_PER_S)
            return source_finding(source, 0, "", "the log of %.80s grew by %.0f records in %g s: none takes so many",
                                  topic, piece[i].records, piece[i].to_s - piece[i].from_s);
    add_pieces(cJSON_AddObjectToObject(out, "load"), piece, n_pieces);
    say_pieces(source, topic, piece + n_unknown, n_pieces - n_unknown);
    if (last_s > by[n - 1].t_s)
        source_remark(source, "no record came between %g s and %g s: the load ends at %g s", by[n - 1].t_s, last_s,
                      by[n - 1].t_s);
    if (n_unknown > 0)
        source_remark(source,
                      "nothing is known of what came before the first table that has %.80s, at %g s: no load until "
                      "then",
                      topic, by[0].t_s);
    return true;
}
