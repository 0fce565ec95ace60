-- Calls told apart by a number that their names make: of a million sessions to count calls by it takes half of what their names take. Two calls of one number
-- are to be expected once in thirty million such counts.

CREATE OR REPLACE VIEW sessions AS SELECT *, cityHash64(call_id) AS call_number FROM sessions_rollup FINAL;
