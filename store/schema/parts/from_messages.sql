    count() AS messages,
    countIf(lost = true OR delivered = false OR isNotNull(delivery_ms)) AS messages_judged,
    countIf(delivery_ms <= 1000 AND ifNull(lost, false) = false AND ifNull(delivered, true)) AS messages_1s,
    countIf(delivery_ms <= 3000 AND ifNull(lost, false) = false AND ifNull(delivered, true)) AS messages_3s,
    countIf(delivery_ms <= 5000 AND ifNull(lost, false) = false AND ifNull(delivered, true)) AS messages_5s,
    countIf(lost = true) AS messages_lost,
    sum(ifNull(delivery_ms, 0)) AS delivery_ms_sum, count(delivery_ms) AS delivery_n
