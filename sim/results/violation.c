/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/results/violation.h"

#include <string.h>

enum { VALUES_MAX = 8 };

/* The formats of the models, as they stand there; {2} is what was printed for the second conversion. That none lacks
 * its words is seen by tests/unit/test_report.c. */
static const struct form {
    const char *en, *ko;
} forms[] = {
    { "stock reserved twice", "재고가 두 번 예약됨" },
    { "stock restored, never reserved", "예약된 적 없는 재고가 복구됨" },
    { "stock restored twice", "재고가 두 번 복구됨" },
    { "points refunded, never debited", "차감된 적 없는 포인트가 환불됨" },
    { "points refunded twice", "포인트가 두 번 환불됨" },
    { "payment took effect twice", "결제가 두 번 적용됨" },
    { "points debited twice", "포인트가 두 번 차감됨" },
    { "points debited, but payment was never asked for", "결제를 요청한 적 없는데 포인트가 차감됨" },
    { "coupon used twice", "쿠폰이 두 번 사용됨" },
    { "coupon restored twice", "쿠폰이 두 번 복구됨" },
    { "paid and compensated", "결제와 보상이 모두 일어남" },
    { "paid, but its stock was given back", "결제되었으나 재고가 복구됨" },
    { "paid, but its stock was never taken", "결제되었으나 재고가 차감된 적 없음" },
    { "paid, but not debited", "결제되었으나 포인트가 차감되지 않음" },
    { "paid, but its coupon is not used", "결제되었으나 쿠폰이 사용되지 않음" },
    { "cancelled, and then every answer came and was ok", "취소된 뒤 모든 응답이 성공으로 도착" },
    { "%s, but its stock is still reserved", "{1}인데 재고가 여전히 예약됨" },
    { "%s, but its coupon is still used", "{1}인데 쿠폰이 여전히 사용됨" },
    { "its coupon is used, but it is %s", "쿠폰이 사용되었으나 주문은 {1}" },
    { "%s, no restore on its way", "{1}인데 진행 중인 복구가 없음" },
    { "%s, but still debited", "{1}인데 포인트가 여전히 차감됨" },
    { "debited, but %s", "포인트가 차감되었으나 주문은 {1}" },
    { "stock is reserved for an order that does not exist", "존재하지 않는 주문에 재고가 예약됨" },
    { "a coupon is used by an order that does not exist", "존재하지 않는 주문이 쿠폰을 사용 중" },
    { "debited for an order that does not exist", "존재하지 않는 주문에 대해 포인트가 차감됨" },
    { "still %s, and nothing is left to happen", "아직 {1}이며, 더 일어날 일이 없음" },
    { "reserved by an order that is still %s", "아직 {1}인 주문이 예약 중" },
    { "coupon used by an order that is still %s", "아직 {1}인 주문이 쿠폰을 사용 중" },
    { "debited for an order that is still %s", "아직 {1}인 주문에 대해 포인트가 차감됨" },
    { "table %s: off by %llu from what orders took", "테이블 {1}: 주문들이 가져간 수량과 {2}만큼 차이" },
    { "%llu created, %llu ended, %llu open", "생성 {1}건, 종료 {2}건, 진행 중 {3}건" },
    { "%lld reservations of orders that are not paid", "결제되지 않은 주문의 예약 {1}건" },
    { "%lld reservations given back that were never taken", "가져간 적 없는 예약의 반환 {1}건" },
    { "table %s: off by %llu from what paid orders bought", "테이블 {1}: 결제된 주문의 구매 수량과 {2}만큼 차이" },
    { "%llu units sold beyond the stock", "재고를 초과한 판매 {1}개" },
    { "table %s, row %u: writes %lld from a read of %lld, but the row holds %lld by now",
      "테이블 {1}, 행 {2}: {4}을(를) 읽고 {3}을(를) 쓰지만, 행의 현재 값은 {5}" },
    { "table %s, row %u, commit: initial %lld, now %lld, but orders hold %lld",
      "테이블 {1}, 행 {2}, 커밋: 초기값 {3}, 현재 {4}, 그러나 주문들의 보유는 {5}" },
    { "table %s, row %u, commit: %lld, allowed 0 to %lld", "테이블 {1}, 행 {2}, 커밋: {3}, 허용 범위는 0 ~ {4}" },
    { "table %s, coupon %u, commit: held by %lld orders", "테이블 {1}, 쿠폰 {2}, 커밋: 주문 {3}개가 보유" },
    { "table %s, row %u: still locked", "테이블 {1}, 행 {2}: 여전히 잠김" },
    { "table %s: versions add up to %llu, %llu commits", "테이블 {1}: version의 합 {2}, 커밋 {3}회" },
    { "%u locks are still held", "해제되지 않은 락 {1}개" },
    { "%u connections are still out", "반환되지 않은 커넥션 {1}개" },
    { "topic %s partition %u: lag %lld, backlog %lld", "Topic {1} Partition {2}: lag {3}, 대기 {4}" },
    { "topic %s partition %u: %lld committed, %lld processed", "Topic {1} Partition {2}: 커밋 {3}건, 처리 {4}건" },
    { "topic %s partition %u: from %lld back to %lld", "Topic {1} Partition {2}: {3}에서 {4}(으)로 되돌아감" },
    { "topic %s partition %u: committed %lld, processed %lld, position %lld, log end %lld",
      "Topic {1} Partition {2}: 커밋 {3}, 처리 {4}, position {5}, log end {6}" },
    { "topic %s partition %u: record %lld delivered again, and nothing had failed",
      "Topic {1} Partition {2}: 이벤트 {3}이(가) 장애 없이 다시 전달됨" },
    { "topic %s partition %u: assigned to consumer %u, but consumer %u still owns it",
      "Topic {1} Partition {2}: consumer {3}에 할당되었으나 consumer {4}이(가) 아직 소유" },
    { "group %s: partition %u has no member", "그룹 {1}: Partition {2}의 소유자가 없음" },
    { "group %s: %lld records left in the logs, %lld by account", "그룹 {1}: 로그에 남은 이벤트 {2}건, 장부상 {3}건" },
    { "group %s: integral %.9g s, sum of times %.9g s", "그룹 {1}: 적분 {2}초, 체류 시간의 합 {3}초" },
    { "group %s: %u partitions, %u owned", "그룹 {1}: Partition {2}개, 소유된 것 {3}개" },
    { "group %s: %u consumers assigned, %u partitions", "그룹 {1}: 할당된 consumer {2}개, Partition {3}개" },
    /* Last, because a stage may have any name: these hold for what others say of a table or a topic, too. */
    { "%s: from %s to %s", "{1}: {2}에서 {3}(으)로 변경" },
    { "%s: overwrites %s with %s", "{1}: {2}을(를) {3}(으)로 덮어씀" },
    { "%s, commit: %s", "{1}, 커밋: {2}" },
};

struct value {
    const char *at;
    size_t length;
};

/* What was printed for each conversion, when the text has the form. A value ends where the words behind it begin: names
 * and numbers hold none. */
static bool has_form(const char *text, const char *form, struct value *value)
{
    for (uint32_t n = 0;;) {
        const size_t words = strcspn(form, "%");
        if (strncmp(text, form, words) != 0) return false;
        text += words;
        form += words;
        if (*form == '\0') return *text == '\0';
        form += strcspn(form, "sudg") + 1;
        const size_t behind = strcspn(form, "%");
        const char *end = text + (behind > 0 ? 0 : strlen(text));
        while (*end != '\0' && strncmp(end, form, behind) != 0) end++;
        if (n == VALUES_MAX) return false;
        value[n++] = (struct value){ text, (size_t)(end - text) };
        text = end;
    }
}

static const char *filled(struct page *page, const char *korean, const struct value *value)
{
    const char *out = "";
    for (const char *open; (open = strchr(korean, '{')) != NULL; korean = open + 3) {
        const struct value *one = &value[open[1] - '1'];
        const char *words = violation_words(page, page_format(page, "%.*s", (int)one->length, one->at));
        out = page_format(page, "%s%.*s%s", out, (int)(open - korean), korean, words);
    }
    return page_format(page, "%s%s", out, korean);
}

const char *violation_words(struct page *page, const char *english)
{
    struct value value[VALUES_MAX];
    if (page->style->language != LANG_KO) return english;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (has_form(english, forms[i].en, value)) return filled(page, forms[i].ko, value);
    return english;
}
