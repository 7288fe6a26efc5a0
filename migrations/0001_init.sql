-- One text for SQLite and PostgreSQL. Types: TEXT, BIGINT, DOUBLE PRECISION, {blob}; {serial} is a key that counts up.
-- Booleans are BIGINT 0/1, instants BIGINT epoch milliseconds, JSON is TEXT, ids are TEXT (UUIDv7).
-- Owners and retention of every table: docs/sql.md. Statements end with a semicolon at the end of a line.

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE account (
    id TEXT PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    fullname TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL,
    ring TEXT NOT NULL,
    organization TEXT NOT NULL,
    verified BIGINT NOT NULL,
    created BIGINT NOT NULL
);

CREATE TABLE gpg_key (
    account TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    key_id TEXT NOT NULL,
    public_key TEXT NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (account, key_id)
);

CREATE TABLE token (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    last_used BIGINT
);
CREATE INDEX token_owner ON token (owner);
CREATE INDEX token_expires ON token (expires);

CREATE TABLE user_group (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    organization TEXT NOT NULL,
    created BIGINT NOT NULL
);

CREATE TABLE group_member (
    group_id TEXT NOT NULL REFERENCES user_group (id) ON DELETE CASCADE,
    account TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    admin BIGINT NOT NULL,
    PRIMARY KEY (group_id, account)
);
CREATE INDEX group_member_account ON group_member (account);

CREATE TABLE project (
    id TEXT PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    settings TEXT NOT NULL,
    created BIGINT NOT NULL,
    last_modified BIGINT NOT NULL
);

CREATE TABLE project_group (
    project TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    group_id TEXT NOT NULL REFERENCES user_group (id) ON DELETE CASCADE,
    level BIGINT NOT NULL,
    PRIMARY KEY (project, group_id)
);
CREATE INDEX project_group_group ON project_group (group_id);

CREATE TABLE entity (
    id TEXT PRIMARY KEY,
    project TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    def TEXT NOT NULL,
    from_repository TEXT NOT NULL,
    created BIGINT NOT NULL,
    last_modified BIGINT NOT NULL,
    UNIQUE (project, kind, name)
);

-- owner is a project's id, or the id of an application or environment.
CREATE TABLE variable (
    id TEXT PRIMARY KEY,
    project TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    secret BIGINT NOT NULL,
    UNIQUE (owner, name)
);
CREATE INDEX variable_project ON variable (project);

CREATE TABLE key_pair (
    id TEXT PRIMARY KEY,
    project TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    public TEXT NOT NULL,
    private TEXT NOT NULL,
    key_id TEXT NOT NULL,
    disabled BIGINT NOT NULL,
    created BIGINT NOT NULL,
    UNIQUE (owner, name)
);
CREATE INDEX key_pair_project ON key_pair (project);

CREATE TABLE secret_token (
    token TEXT PRIMARY KEY,
    project TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    created BIGINT NOT NULL,
    UNIQUE (project, name)
);

CREATE TABLE workflow (
    id TEXT PRIMARY KEY,
    project TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    def TEXT NOT NULL,
    from_repository TEXT NOT NULL,
    last_number BIGINT NOT NULL,
    created BIGINT NOT NULL,
    last_modified BIGINT NOT NULL,
    UNIQUE (project, name)
);

CREATE TABLE workflow_group (
    workflow TEXT NOT NULL REFERENCES workflow (id) ON DELETE CASCADE,
    group_id TEXT NOT NULL REFERENCES user_group (id) ON DELETE CASCADE,
    level BIGINT NOT NULL,
    PRIMARY KEY (workflow, group_id)
);
CREATE INDEX workflow_group_group ON workflow_group (group_id);

-- Snapshots, shared by the runs that have the same one. data is zstd of JSON.
CREATE TABLE run_spec (
    hash TEXT PRIMARY KEY,
    data {blob} NOT NULL,
    touched BIGINT NOT NULL
);

-- head is empty while the run is sealed and untouched since; sealed is zstd of JSON (head and node runs).
CREATE TABLE run (
    id TEXT PRIMARY KEY,
    workflow TEXT NOT NULL,
    project TEXT NOT NULL,
    number BIGINT NOT NULL,
    version BIGINT NOT NULL,
    status TEXT NOT NULL,
    final BIGINT NOT NULL,
    sub BIGINT NOT NULL,
    label TEXT NOT NULL,
    triggered_by TEXT NOT NULL,
    tags TEXT NOT NULL,
    spec_hash TEXT NOT NULL,
    head TEXT NOT NULL,
    sealed {blob},
    parked TEXT,
    created BIGINT NOT NULL,
    last_execution BIGINT NOT NULL,
    UNIQUE (workflow, number)
);
CREATE INDEX run_project ON run (project, id);
CREATE INDEX run_spec_hash ON run (spec_hash);
CREATE INDEX run_live ON run (id) WHERE final = 0;
CREATE INDEX run_unsealed ON run (last_execution) WHERE final = 1 AND head <> '';
CREATE INDEX run_parked ON run (id) WHERE parked IS NOT NULL;

CREATE TABLE run_node (
    run TEXT NOT NULL,
    no BIGINT NOT NULL,
    data TEXT NOT NULL,
    params TEXT NOT NULL,
    PRIMARY KEY (run, no)
);

CREATE TABLE run_tag (
    run TEXT NOT NULL,
    tag TEXT NOT NULL,
    value TEXT NOT NULL,
    workflow TEXT NOT NULL,
    PRIMARY KEY (run, tag, value)
);
CREATE INDEX run_tag_value ON run_tag (workflow, tag, value);

CREATE TABLE run_version (
    workflow TEXT NOT NULL,
    version TEXT NOT NULL,
    run TEXT NOT NULL,
    PRIMARY KEY (workflow, version)
);
CREATE INDEX run_version_run ON run_version (run);

CREATE TABLE idempotency (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    run TEXT NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_created ON idempotency (created);

CREATE TABLE queue (
    run TEXT NOT NULL,
    job BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    project TEXT NOT NULL,
    workflow TEXT NOT NULL,
    number BIGINT NOT NULL,
    node TEXT NOT NULL,
    name TEXT NOT NULL,
    requirements TEXT NOT NULL,
    groups TEXT NOT NULL,
    region TEXT NOT NULL,
    priority BIGINT NOT NULL,
    triggered_by TEXT NOT NULL,
    queued BIGINT NOT NULL,
    worker TEXT,
    lease_until BIGINT,
    cancelled BIGINT NOT NULL,
    parked TEXT,
    PRIMARY KEY (run, job, attempt)
);
CREATE INDEX queue_lease ON queue (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX queue_worker ON queue (worker) WHERE worker IS NOT NULL;

CREATE TABLE slot (
    workflow TEXT NOT NULL,
    node TEXT NOT NULL,
    run TEXT NOT NULL,
    node_run BIGINT NOT NULL,
    number BIGINT NOT NULL,
    held BIGINT NOT NULL,
    PRIMARY KEY (workflow, node, run, node_run)
);
CREATE UNIQUE INDEX slot_holder ON slot (workflow, node) WHERE held = 1;
CREATE INDEX slot_run ON slot (run);

CREATE TABLE timer (
    run TEXT NOT NULL,
    key TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (run, key)
);
CREATE INDEX timer_at ON timer (at);

CREATE TABLE event (
    id {serial},
    at BIGINT NOT NULL,
    run TEXT,
    data TEXT NOT NULL
);
CREATE INDEX event_at ON event (at);

CREATE TABLE hatchery (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    model_type TEXT NOT NULL,
    version TEXT NOT NULL,
    offer TEXT NOT NULL,
    token TEXT NOT NULL,
    last_error TEXT NOT NULL,
    lastbeat BIGINT NOT NULL
);

CREATE TABLE worker (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    hatchery TEXT NOT NULL,
    status TEXT NOT NULL,
    os TEXT NOT NULL,
    arch TEXT NOT NULL,
    version TEXT NOT NULL,
    info TEXT NOT NULL,
    job TEXT,
    jobs_done BIGINT NOT NULL,
    created BIGINT NOT NULL,
    lastbeat BIGINT
);
CREATE INDEX worker_hatchery ON worker (hatchery);

CREATE TABLE run_result (
    id TEXT PRIMARY KEY,
    run TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    node TEXT NOT NULL,
    sub BIGINT NOT NULL,
    job BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    blob TEXT,
    data TEXT NOT NULL,
    created BIGINT NOT NULL
);
CREATE INDEX run_result_run ON run_result (run, name);
CREATE INDEX run_result_blob ON run_result (blob) WHERE blob IS NOT NULL;

CREATE TABLE cache (
    project TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    tag TEXT NOT NULL,
    blob TEXT NOT NULL,
    size BIGINT NOT NULL,
    created BIGINT NOT NULL,
    last_used BIGINT NOT NULL,
    PRIMARY KEY (project, tag)
);

CREATE TABLE test_report (
    run TEXT NOT NULL,
    job BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    step BIGINT NOT NULL,
    node TEXT NOT NULL,
    suites TEXT NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (run, job, attempt, step)
);
