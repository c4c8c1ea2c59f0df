-- +goose Up
CREATE TABLE log (
    id BIGINT NOT NULL,
    origin TEXT NOT NULL,
    pseudonym BYTEA NOT NULL,
    name_mac BYTEA NOT NULL,
    epoch BIGINT NOT NULL,
    msp BIGINT NOT NULL,
    sample BIGINT NOT NULL,
    created BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX log_origin ON log (origin);
CREATE UNIQUE INDEX log_pseudonym ON log (pseudonym);
CREATE UNIQUE INDEX log_name_mac_epoch ON log (name_mac, epoch);

CREATE TABLE head (
    log BIGINT NOT NULL,
    size BIGINT NOT NULL,
    root BYTEA NOT NULL,
    frontier BYTEA NOT NULL,
    recorded BIGINT NOT NULL,
    key_version BIGINT NOT NULL,
    erased BIGINT NOT NULL,
    PRIMARY KEY (log)
);

CREATE TABLE entry (
    log BIGINT NOT NULL,
    idx BIGINT NOT NULL,
    recorded BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    leaf_hash BYTEA NOT NULL,
    key_mac BYTEA NOT NULL,
    body BYTEA,
    PRIMARY KEY (log, idx)
);
ALTER TABLE entry ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX entry_key_mac ON entry (log, key_mac);

CREATE TABLE tile (
    log BIGINT NOT NULL,
    level BIGINT NOT NULL,
    n BIGINT NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (log, level, n)
);

CREATE TABLE checkpoint (
    log BIGINT NOT NULL,
    size BIGINT NOT NULL,
    root BYTEA NOT NULL,
    note BYTEA NOT NULL,
    made BIGINT NOT NULL,
    PRIMARY KEY (log, size)
);

CREATE TABLE cosignature (
    log BIGINT NOT NULL,
    size BIGINT NOT NULL,
    witness TEXT NOT NULL,
    line BYTEA NOT NULL,
    made BIGINT NOT NULL,
    PRIMARY KEY (log, size, witness)
);

CREATE TABLE "timestamp" (
    log BIGINT NOT NULL,
    size BIGINT NOT NULL,
    authority TEXT NOT NULL,
    token BYTEA NOT NULL,
    made BIGINT NOT NULL,
    PRIMARY KEY (log, size, authority)
);

CREATE TABLE blob (
    log BIGINT NOT NULL,
    name BYTEA NOT NULL,
    size BIGINT NOT NULL,
    idx BIGINT NOT NULL,
    disposed BIGINT,
    PRIMARY KEY (log, name)
);

CREATE TABLE instance_leaf (
    log BIGINT NOT NULL,
    idx BIGINT NOT NULL,
    recorded BIGINT NOT NULL,
    pseudonym BYTEA NOT NULL,
    size BIGINT NOT NULL,
    root BYTEA NOT NULL,
    leaf_hash BYTEA NOT NULL,
    PRIMARY KEY (log, idx)
);
CREATE INDEX instance_leaf_pseudonym ON instance_leaf (log, pseudonym, idx);

CREATE TABLE meta (
    name TEXT NOT NULL,
    value BYTEA NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE wrapped_key (
    log BIGINT NOT NULL,
    purpose TEXT NOT NULL,
    version BIGINT NOT NULL,
    wrapped BYTEA,
    made BIGINT NOT NULL,
    destroyed BIGINT,
    PRIMARY KEY (log, purpose, version)
);

CREATE TABLE setting (
    log BIGINT NOT NULL,
    area TEXT NOT NULL,
    name_mac BYTEA NOT NULL,
    revision BIGINT NOT NULL,
    expires BIGINT,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (log, area, name_mac)
);

CREATE TABLE job (
    log BIGINT NOT NULL,
    kind TEXT NOT NULL,
    key_mac BYTEA NOT NULL,
    run_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    last_error TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (log, kind, key_mac)
);
CREATE INDEX job_run_at ON job (run_at);

CREATE TABLE lease (
    name TEXT NOT NULL,
    holder TEXT NOT NULL,
    token BIGINT NOT NULL,
    until_ms BIGINT NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE snapshot (
    log BIGINT NOT NULL,
    name TEXT NOT NULL,
    size BIGINT NOT NULL,
    root BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (log, name)
);

-- +goose Down
DROP TABLE snapshot;
DROP TABLE lease;
DROP TABLE job;
DROP TABLE setting;
DROP TABLE wrapped_key;
DROP TABLE meta;
DROP TABLE instance_leaf;
DROP TABLE blob;
DROP TABLE "timestamp";
DROP TABLE cosignature;
DROP TABLE checkpoint;
DROP TABLE tile;
DROP TABLE entry;
DROP TABLE head;
DROP TABLE log;
