-- What a request with an idempotency key asked for, so that the key cannot stand for another request. Empty: not known,
-- the key is from before this migration.
ALTER TABLE idempotency ADD COLUMN digest TEXT NOT NULL DEFAULT '';
