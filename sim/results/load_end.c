/* SPDX-License-Identifier: GPL-3.0-or-later
 * See load_end.h. */
#include "sim/results/load_end.h"

#include <string.h>

#include "sim/results/number.h"

static const char *names_of(const struct study *study, char *out, size_t size)
{
    out[0] = '\0';
    for (uint32_t i = 0; i < study->n_by_load_end; i++) {
        const size_t used = strlen(out);
        snprintf(out + used, size - used, "%s%s", i ? ", " : "", study->by_load_end[i]);
    }
    return out;
}

char *load_end_text(const struct study *study, enum language language, char *out, size_t size)
{
    const double end_s = ns_to_s(scenario_load_end(&study->scenario));
    const double orders_end_s = ns_to_s(scenario_orders_end(&study->scenario));
    const struct number end = number_seconds(end_s), orders_end = number_seconds(orders_end_s);
    const struct number later = number_seconds(end_s - orders_end_s);
    const bool varies = scenario_orders_end_varies(&study->scenario);
    char names[1024];

    out[0] = '\0';
    if (study->n_by_load_end == 0) return out;
    names_of(study, names, sizeof names);
    if (language == LANG_KO)
        snprintf(out, size, "load_end는 executor가 끝나는 %s이지만 마지막 주문은 %s%s (/orders/at_most): load_end 기준 시점은 "
                 "마지막 주문 기준보다 %s 늦어, 밀린 주문이 이미 처리되었을 수 있음 (%s). 의도한 시각을 쓰거나 executor를 거기서 끝낼 것.",
                 end.s, orders_end.s, varies ? " (평균)" : "까지", later.s, names);
    else
        snprintf(out, size, "load_end is when the executors end, %s, but the last order comes %s %s (/orders/at_most): "
                 "what is told from load_end comes %s later than after the last order, when a backlog may be gone (%s). "
                 "Write the time that is meant, or let the executors end there.", end.s,
                 varies ? "on average at" : "by", orders_end.s, later.s, names);
    return out;
}
