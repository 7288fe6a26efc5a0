-- What each server has of hatcheries and workers, for the others: why a job waits depends on all of them.
ALTER TABLE server ADD COLUMN fleet TEXT NOT NULL DEFAULT '[]';
