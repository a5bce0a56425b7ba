/* SPDX-License-Identifier: GPL-3.0-or-later
 * A part is closed as soon as its replication ends: however many wait to be appended, only those of the runs under way
 * are open. Names are built on the stack, because the threads share no arena. */
#include "sim/lab/parts.h"

#include "sim/results/layout.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *const part_names[PARTS] = { "lag.csv", "status.csv", "groups.csv", "completion.csv",
                                         "scalers.csv", "orders.csv" };

enum { PATH_BYTES = 4096 };

static void part_path(const struct parts *parts, enum part part, uint32_t replication, char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/%s.%u", parts->output->staging, part_names[part], replication);
}

static void write_header(enum part part, const struct layout *layout, FILE *file)
{
    switch (part) {
    case PART_LAG: lag_csv_header(file); break;
    case PART_STATUS: status_csv_header(file); break;
    case PART_GROUPS: groups_csv_header(file); break;
    case PART_COMPLETION: completion_csv_header(file); break;
    case PART_SCALERS: scalers_csv_header(file); break;
    case PART_ORDERS: orders_csv_header(layout, file); break;
    case PARTS: break;
    }
}

static bool is_wanted(enum part part, const struct layout *layout, double orders_share)
{
    if (part == PART_ORDERS) return orders_share > 0;
    return part != PART_SCALERS || layout->study->scenario.n_scalers > 0;
}

bool parts_open(struct parts *parts, const struct layout *layout, const struct output *output, double orders_share,
                struct sim_err *err)
{
    *parts = (struct parts){ .output = output, .orders_share = orders_share };
    for (enum part part = 0; part < PARTS; part++) {
        if (!is_wanted(part, layout, orders_share)) continue;
        parts->whole[part] = output_create(output, part_names[part], err);
        if (!parts->whole[part]) return parts_close(parts, false, err);
        write_header(part, layout, parts->whole[part]);
    }
    return true;
}

bool parts_close(struct parts *parts, bool ok, struct sim_err *err)
{
    for (enum part part = 0; part < PARTS; part++) {
        if (!parts->whole[part]) continue;
        if (!sim_file_close(parts->whole[part], output_path(parts->output, part_names[part]), ok ? err : NULL))
            ok = false;
        parts->whole[part] = NULL;
    }
    return ok;
}

bool part_set_open(struct part_set *set, const struct parts *parts, uint32_t replication, struct sim_err *err)
{
    *set = (struct part_set){ .replication = replication };
    for (enum part part = 0; part < PARTS; part++) {
        char path[PATH_BYTES];
        if (!parts->whole[part]) continue;
        part_path(parts, part, replication, path);
        set->file[part] = fopen(path, "w");
        if (set->file[part]) continue;
        sim_fail(err, SIM_ERUNTIME, path, "cannot be written: %s", strerror(errno));
        return part_set_close(set, parts, false, err);
    }
    return true;
}

bool part_set_close(struct part_set *set, const struct parts *parts, bool ok, struct sim_err *err)
{
    for (enum part part = 0; part < PARTS; part++) {
        char path[PATH_BYTES];
        if (!set->file[part]) continue;
        part_path(parts, part, set->replication, path);
        if (!sim_file_close(set->file[part], path, ok ? err : NULL)) ok = false;
        set->file[part] = NULL;
        if (!ok) unlink(path);
    }
    return ok;
}

struct recorder_files part_set_files(const struct part_set *set, const struct parts *parts)
{
    return (struct recorder_files){
        .lag = set->file[PART_LAG],
        .orders = set->file[PART_ORDERS],
        .orders_share = parts->orders_share,
        .status = set->file[PART_STATUS],
        .groups = set->file[PART_GROUPS],
        .completion = set->file[PART_COMPLETION],
        .scalers = set->file[PART_SCALERS],
    };
}

bool parts_take(struct parts *parts, uint32_t replication, struct sim_err *err)
{
    for (enum part part = 0; part < PARTS; part++) {
        char path[PATH_BYTES];
        if (!parts->whole[part]) continue;
        part_path(parts, part, replication, path);
        FILE *file = fopen(path, "r");
        if (!file) return sim_fail(err, SIM_ERUNTIME, path, "cannot be read: %s", strerror(errno));
        bool ok = file_append(parts->whole[part], file, path, err);
        fclose(file);
        unlink(path);
        if (!ok) return false;
        if (!sim_file_is_sound(parts->whole[part], output_path(parts->output, part_names[part]), err)) return false;
    }
    return true;
}

void parts_drop(const struct parts *parts, uint32_t replication)
{
    for (enum part part = 0; part < PARTS; part++) {
        char path[PATH_BYTES];
        if (!parts->whole[part]) continue;
        part_path(parts, part, replication, path);
        unlink(path);
    }
}
