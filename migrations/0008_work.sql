-- For how long a worker had a job of a run, up to its last_execution, milliseconds: lists tell it beside the time from start
-- to end, in which it may have waited for a person. Runs of before this column have none.
ALTER TABLE run ADD COLUMN work BIGINT;
