/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/results/meaning.h"

#include <string.h>

#include "models/invariant.h"

/* By id, so that a new invariant is seen to lack its words (tests/unit/test_report.c). */
static const char *const korean[INVARIANT_COUNT] = {
    [INVARIANT_S1] = "재고: 매 커밋마다 초기 수량 = 수량 + 복구되지 않은 예약",
    [INVARIANT_S2] = "재고: 수량이 0 미만이거나 초기값을 넘지 않음",
    [INVARIANT_S3] = "재고: 갱신 손실 없음, 수량은 모든 변경의 합만큼만 움직임",
    [INVARIANT_S4] = "재고: 주문마다 예약과 복구는 최대 한 번, 예약한 만큼만 복구",
    [INVARIANT_S5] = "재고: 최종적으로 초기 수량 = 수량 + 결제된 주문의 구매량, 오버셀링 없음",
    [INVARIANT_C1] = "쿠폰: 동시에 한 주문만 보유",
    [INVARIANT_C2] = "쿠폰: 최종적으로 결제된 주문 하나가 보유한 때에만 사용됨",
    [INVARIANT_C3] = "쿠폰: 진행 중이거나 결제된 주문, 또는 복구 직전의 주문만 사용",
    [INVARIANT_C4] = "쿠폰: version이 커밋된 변경 횟수와 같음",
    [INVARIANT_C5] = "쿠폰: 잔여 수량이 음수가 아님, 사용 + 잔여 = 전체",
    [INVARIANT_P1] = "포인트: 음수가 아님",
    [INVARIANT_P2] = "포인트: 잔액 = 초기값 - 차감 + 환불",
    [INVARIANT_P3] = "포인트: 주문마다 차감은 최대 한 번, 환불은 차감액 이하",
    [INVARIANT_P4] = "포인트: 최종적으로 결제된 주문만 차감됨",
    [INVARIANT_P5] = "포인트: 결제 요청 시점에 재고와 쿠폰이 모두 성공한 주문만 차감",
    [INVARIANT_O1] = "주문: 상태는 하나, 종료 상태는 불변, 허용된 전이만 일어남",
    [INVARIANT_O2] = "주문: 최종적으로 모든 주문이 결제, 실패, 취소 중 하나",
    [INVARIANT_O3] = "주문: 결제와 보상이 함께 일어나지 않음",
    [INVARIANT_O4] = "주문: 실패한 주문이 가져간 것은 모두 반환됨",
    [INVARIANT_O5] = "주문: 결제는 최대 한 번만 적용됨",
    [INVARIANT_O6] = "주문: 접수 = 결제 + 실패 + 취소 + 진행 중",
    [INVARIANT_O7] = "주문: 모든 응답이 성공으로 도착할 주문이 취소되지 않음",
    [INVARIANT_K1] = "Kafka: 커밋된 offset은 뒤로 가지 않음",
    [INVARIANT_K2] = "Kafka: log start <= committed <= processed <= position <= log end",
    [INVARIANT_K3] = "Kafka: 커밋된 offset의 이벤트는 모두 처리되었거나 건너뜀",
    [INVARIANT_K4] = "Kafka: 앞선 장애 없이 같은 이벤트가 두 번 전달되지 않음",
    [INVARIANT_K5] = "Kafka: 한 producer가 같은 key로 보낸 이벤트는 보낸 순서대로 추가됨",
    [INVARIANT_K6] = "Kafka: 한 그룹에서 Partition의 소유자는 최대 하나",
    [INVARIANT_K7] = "Kafka: lag >= backlog >= 0",
    [INVARIANT_K8] = "Kafka: Partition을 할당받은 consumer 수 <= Partition 수",
    [INVARIANT_K9] = "Kafka: Topic과 그룹마다 추가 = 처리 + 건너뜀 + 놓침 + backlog",
    [INVARIANT_L1] = "Little의 법칙: 그룹마다 backlog의 적분 = 체류 시간의 합",
    [INVARIANT_X1] = "락: Redis에서 한 key의 소유자는 최대 하나",
    [INVARIANT_X4] = "트랜잭션은 모두 끝남, 종료 시점에 남은 row lock, 커넥션, 락이 없음",
};

static const char *const name_of[INVARIANT_COUNT] = {
#define X(id, eventual, meaning) #id,
    INVARIANTS(X)
#undef X
};

const char *invariant_meaning(const struct page *page, const char *name, const char *english)
{
    for (uint32_t i = 0; i < INVARIANT_COUNT; i++)
        if (strcmp(name_of[i], name) == 0 && korean[i]) return page_word(page, english, korean[i]);
    return english;
}
