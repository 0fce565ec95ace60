    fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 10000
