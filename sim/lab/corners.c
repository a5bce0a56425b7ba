/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/corners.h"

#include <math.h>

/* Of one threshold, over the corners. */
struct rooms { double least, most, unit; };

static struct rooms rooms_of(const struct corners *corners, uint32_t threshold)
{
    struct rooms rooms = { (double)INFINITY, -(double)INFINITY, 0 };
    for (uint32_t c = 0; c < corners->n; c++) {
        const double room = corners->judged[c].room[threshold];
        rooms.least = fmin(rooms.least, room);
        rooms.most = fmax(rooms.most, room);
        if (isfinite(room)) rooms.unit = fmax(rooms.unit, fabs(room));
    }
    return rooms;
}

static bool tells(const struct rooms *rooms) { return rooms->least < rooms->most; }

/* What is left of the threshold that has least left; INFINITY where none tells corners apart. */
static double room_left(const struct corners *corners, uint32_t corner)
{
    double left = (double)INFINITY;
    for (uint32_t i = 0; i < corners->judged[corner].n_thresholds; i++) {
        const struct rooms rooms = rooms_of(corners, i);
        const double room = corners->judged[corner].room[i];
        if (tells(&rooms)) left = fmin(left, isfinite(room) && rooms.unit > 0 ? room / rooms.unit : room);
    }
    return left;
}

int corners_compare(const struct corners *corners, uint32_t a, uint32_t b)
{
    const double met_a = judged_met_share(&corners->judged[a]), met_b = judged_met_share(&corners->judged[b]);
    if (met_a < met_b || met_a > met_b) return met_a < met_b ? -1 : 1;
    const double left_a = room_left(corners, a), left_b = room_left(corners, b);
    return (left_a > left_b) - (left_a < left_b);
}

uint32_t corners_worst(const struct corners *corners)
{
    uint32_t worst = 0;
    for (uint32_t c = 1; c < corners->n; c++)
        if (corners_compare(corners, c, worst) < 0) worst = c;
    return worst;
}

uint32_t corners_best(const struct corners *corners)
{
    uint32_t best = 0;
    for (uint32_t c = 1; c < corners->n; c++)
        if (corners_compare(corners, c, best) > 0) best = c;
    return best;
}

bool corners_is_worst_of_one(const struct corners *corners, uint32_t corner)
{
    for (uint32_t i = 0; i < corners->judged[corner].n_thresholds; i++) {
        const struct rooms rooms = rooms_of(corners, i);
        if (tells(&rooms) && corners->judged[corner].room[i] <= rooms.least) return true;
    }
    return false;
}
