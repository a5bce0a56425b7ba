/* SPDX-License-Identifier: GPL-3.0-or-later
 * What orders are about: who buys what, how much, for how much, with which coupon. */
#include "sim/scenario/reader.h"

enum { HOT_MAX = 4096 };

struct limits {
    uint64_t least, most;
};

/* An end that is not there, or was refused, is not compared: that one finding says all. */
static void read_from_to(struct cursor *object, struct pick_spec *out, struct limits limits)
{
    struct cursor from = cursor_at(object, "from", "1"), to = cursor_at(object, "to", REQUIRED);
    const bool has_from = cursor_whole(&from, &out->low, limits.least, limits.most);
    const bool has_to = cursor_whole(&to, &out->high, limits.least, limits.most);
    if (has_from && has_to && out->high < out->low) cursor_finding(object, "to is below from");
}

static void read_uniform_pick(struct cursor *pick, struct pick_spec *out, struct limits limits)
{
    struct cursor ends = cursor_array(pick, "uniform", REQUIRED);
    uint64_t value[2] = { 0, 0 };
    bool both = true;
    out->kind = PICK_UNIFORM;
    if (!ends.node) return;
    if (cursor_size(&ends) != 2) {
        cursor_finding(&ends, "%u values where [least, greatest] is needed", cursor_size(&ends));
        return;
    }
    for (uint32_t i = 0; i < 2; i++) {
        struct cursor end = cursor_child(&ends, i == 0 ? ends.node->child : ends.node->child->next, i);
        both &= cursor_whole(&end, &value[i], limits.least, limits.most);
    }
    if (both && value[1] < value[0]) cursor_finding(&ends, "the greatest value is below the least");
    out->low = value[0];
    out->high = value[1];
}

static void read_zipf(struct cursor *pick, struct pick_spec *out, struct limits limits)
{
    struct cursor zipf = cursor_object(pick, "zipf", REQUIRED);
    out->kind = PICK_ZIPF;
    read_from_to(&zipf, out, limits);
    read_number(&zipf, "exponent", &out->exponent, "1", 0, 20);
    cursor_close(&zipf);
}

static void read_hot(struct reader *reader, struct cursor *pick, struct pick_spec *out, struct limits limits)
{
    struct cursor hot = cursor_object(pick, "hot", REQUIRED);
    struct cursor values = cursor_array(&hot, "values", REQUIRED);
    uint32_t n = cursor_size(&values), i = 0;
    uint64_t *value = arena_array(reader->reading.arena, uint64_t, n);
    out->kind = PICK_HOT;
    if (values.node && (n == 0 || n > HOT_MAX))
        cursor_finding(&values, "%u values where 1 to %d are needed", n, HOT_MAX);
    for (const cJSON *child = cursor_first(&values); child; child = cursor_next(child), i++) {
        struct cursor one = cursor_child(&values, child, i);
        cursor_whole(&one, &value[i], limits.least, limits.most);
    }
    read_number(&hot, "share", &out->share, REQUIRED, 0, 1);
    read_from_to(&hot, out, limits);
    cursor_close(&hot);
    out->n_hot = n;
    out->hot = value;
}

/* Two of them contradict each other; which of them is meant, nobody knows. */
static bool is_said_twice(struct cursor *pick)
{
    static const char *const form[] = { "uniform", "zipf", "hot", "value" };
    const char *said[4];
    uint32_t n = 0;
    for (uint32_t i = 0; i < 4; i++)
        if (cursor_has(pick, form[i])) said[n++] = form[i];
    if (n > 1) cursor_finding(pick, "%s and %s; one of uniform, zipf, hot or value is needed", said[0], said[1]);
    return n > 1;
}

/* True when the order's content is said, rightly or not. */
static bool read_pick(struct reader *reader, struct cursor *orders, const char *key, struct pick_spec *out,
                      const char *fallback, struct limits limits)
{
    struct cursor pick = cursor_at(orders, key, fallback);
    if (!pick.node) return false;
    out->kind = PICK_CONSTANT;
    if (cJSON_IsNumber(pick.node)) {
        cursor_whole(&pick, &out->low, limits.least, limits.most);
        out->high = out->low;
        return true;
    }
    if (!cJSON_IsObject(pick.node)) {
        cursor_finding(
            &pick, "%s where a whole number, {\"uniform\": [1, 100]}, {\"zipf\": {...}} or {\"hot\": {...}} is needed",
            json_type_name(pick.node));
        return true;
    }
    cursor_is_object(&pick);
    if (is_said_twice(&pick)) return true;
    if (cursor_has(&pick, "zipf")) read_zipf(&pick, out, limits);
    else if (cursor_has(&pick, "hot")) read_hot(reader, &pick, out, limits);
    else if (cursor_has(&pick, "value"))
        read_u64(&pick, "value", &out->low, REQUIRED, limits.least, limits.most), out->high = out->low;
    else if (cursor_has(&pick, "uniform")) read_uniform_pick(&pick, out, limits);
    else cursor_finding(&pick, "one of uniform, zipf, hot or value is needed");
    read_number(&pick, "given", &out->given, OPTIONAL, 0, 1);
    cursor_close(&pick);
    return true;
}

void read_orders(struct reader *reader, struct cursor *document)
{
    struct orders_spec *out = &reader->scenario->orders;
    const struct pick_spec one = { .kind = PICK_CONSTANT, .low = 1, .high = 1, .given = 1 };
    *out = (struct orders_spec){ .first_id = 1,
                                 .at_most = UINT64_MAX,
                                 .user = one,
                                 .item = one,
                                 .quantity = one,
                                 .amount = one,
                                 .coupon = { .kind = PICK_NOTHING, .given = 1 } };
    struct cursor orders = cursor_object(document, "orders", "{}");
    read_u64(&orders, "first_id", &out->first_id, "1", 1, MAX_ID);
    read_u64(&orders, "at_most", &out->at_most, OPTIONAL, 1, MAX_ID);
    const struct limits ids = { 1, MAX_ID };
    reader->has_user = read_pick(reader, &orders, "user", &out->user, OPTIONAL, ids);
    reader->has_item = read_pick(reader, &orders, "item", &out->item, OPTIONAL, ids);
    read_pick(reader, &orders, "quantity", &out->quantity, "1", (struct limits){ 1, MAX_QUANTITY });
    read_pick(reader, &orders, "amount", &out->amount, "1", (struct limits){ 0, MAX_ID });
    read_pick(reader, &orders, "coupon", &out->coupon, OPTIONAL, ids);
    cursor_close(&orders);
    if (out->at_most != UINT64_MAX && out->first_id + out->at_most - 1 > MAX_ID)
        cursor_finding(&orders, "first_id and at_most lead to order %llu; the greatest id is %u",
                       (unsigned long long)(out->first_id + out->at_most - 1), MAX_ID);
}
