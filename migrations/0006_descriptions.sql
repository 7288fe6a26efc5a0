-- Searches look into descriptions without decoding definitions. What is there already is filled in by the program,
-- because a definition may be one that can't be read.
ALTER TABLE workflow ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE entity ADD COLUMN description TEXT NOT NULL DEFAULT '';
