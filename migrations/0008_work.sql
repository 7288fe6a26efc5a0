-- How long anything of a run that has ended was in progress, milliseconds: from its start to its last end it may have
-- waited for a person. Runs that ended before this column was there have none.
ALTER TABLE run ADD COLUMN work BIGINT;
