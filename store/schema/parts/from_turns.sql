    count() AS turns,
    sum(ifNull(response_ms, 0)) AS response_ms_sum, count(response_ms) AS response_n,
    sum(ifNull(interruption_ms, 0)) AS interruption_ms_sum, count(interruption_ms) AS interruption_n,
    sum(ifNull(s.false_interruptions, 0)) AS false_interruptions,
    sum(ifNull(s.missed_interruptions, 0)) AS missed_interruptions,
    countIf(fallback = true) AS fallbacks
