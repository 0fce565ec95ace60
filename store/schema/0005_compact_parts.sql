-- How large a part may be and still be one file. Above `min_bytes_for_wide_part` (10 MiB unless stated) ClickHouse gives each column files of its own, more
-- than a hundred for samples, and flushes each: for an insert of 50,000 samples that was half of the processor time. A part of this size holds a
-- million samples, some 16 MiB on disk; merges take it beyond.

ALTER TABLE samples MODIFY SETTING min_bytes_for_wide_part = 268435456;

ALTER TABLE session_events MODIFY SETTING min_bytes_for_wide_part = 268435456;

ALTER TABLE turns MODIFY SETTING min_bytes_for_wide_part = 268435456;

ALTER TABLE messages MODIFY SETTING min_bytes_for_wide_part = 268435456;

ALTER TABLE session_minutes_rollup MODIFY SETTING min_bytes_for_wide_part = 268435456;

ALTER TABLE sessions_rollup MODIFY SETTING min_bytes_for_wide_part = 268435456;

ALTER TABLE user_hours_rollup MODIFY SETTING min_bytes_for_wide_part = 268435456;
