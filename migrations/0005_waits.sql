-- Lists show what waits for somebody without decoding a run: nodes that only a person keeps waiting, and since when a
-- run has wanted a mutex (0: asked for before this was kept).
ALTER TABLE run ADD COLUMN gates BIGINT NOT NULL DEFAULT 0;
CREATE INDEX run_gates ON run (id) WHERE gates > 0;
ALTER TABLE slot ADD COLUMN since BIGINT NOT NULL DEFAULT 0;
