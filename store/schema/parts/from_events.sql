    countIf(name = 'attempt') AS attempts,
    countIf(name = 'joined') AS joins,
    countIf(name = 'join_failed') AS failed_joins,
    countIf(name = 'reconnect') AS reconnects,
    countIf(name = 'drop') AS drops,
    countIf(name = 'leave') AS leaves,
    sumIf(ifNull(connect_ms, 0), name = 'joined') AS connect_ms_sum,
    countIf(name = 'joined' AND isNotNull(connect_ms)) AS connect_n
