-- Servers on this database, so that they find what only one of them has (logs, files).
CREATE TABLE server (
    id TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    lastbeat BIGINT NOT NULL
);
