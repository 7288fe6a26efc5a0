-- Workers number what they ask for: the last take that was answered with a job, and that job. A repeated question is told
-- the same, an older one nothing. 0: none yet.
ALTER TABLE worker ADD COLUMN take BIGINT NOT NULL DEFAULT 0;
ALTER TABLE worker ADD COLUMN take_job TEXT;
ALTER TABLE worker ADD COLUMN take_attempt BIGINT;
