-- +goose Up
CREATE TABLE log (
    id INTEGER NOT NULL,
    origin TEXT NOT NULL,
    pseudonym BLOB NOT NULL,
    name_mac BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    msp INTEGER NOT NULL,
    sample INTEGER NOT NULL,
    created INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE UNIQUE INDEX log_origin ON log (origin);
CREATE UNIQUE INDEX log_pseudonym ON log (pseudonym);
CREATE UNIQUE INDEX log_name_mac_epoch ON log (name_mac, epoch);

CREATE TABLE head (
    log INTEGER NOT NULL,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    frontier BLOB NOT NULL,
    recorded INTEGER NOT NULL,
    key_version INTEGER NOT NULL,
    erased INTEGER NOT NULL,
    PRIMARY KEY (log)
) STRICT;

CREATE TABLE entry (
    log INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    recorded INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    leaf_hash BLOB NOT NULL,
    key_mac BLOB NOT NULL,
    body BLOB,
    PRIMARY KEY (log, idx)
) STRICT;
CREATE UNIQUE INDEX entry_key_mac ON entry (log, key_mac);

CREATE TABLE tile (
    log INTEGER NOT NULL,
    level INTEGER NOT NULL,
    n INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (log, level, n)
) STRICT;

CREATE TABLE checkpoint (
    log INTEGER NOT NULL,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    note BLOB NOT NULL,
    made INTEGER NOT NULL,
    PRIMARY KEY (log, size)
) STRICT;

CREATE TABLE cosignature (
    log INTEGER NOT NULL,
    size INTEGER NOT NULL,
    witness TEXT NOT NULL,
    line BLOB NOT NULL,
    made INTEGER NOT NULL,
    PRIMARY KEY (log, size, witness)
) STRICT;

CREATE TABLE "timestamp" (
    log INTEGER NOT NULL,
    size INTEGER NOT NULL,
    authority TEXT NOT NULL,
    token BLOB NOT NULL,
    made INTEGER NOT NULL,
    PRIMARY KEY (log, size, authority)
) STRICT;

CREATE TABLE blob (
    log INTEGER NOT NULL,
    name BLOB NOT NULL,
    size INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    disposed INTEGER,
    PRIMARY KEY (log, name)
) STRICT;

CREATE TABLE instance_leaf (
    log INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    recorded INTEGER NOT NULL,
    pseudonym BLOB NOT NULL,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    leaf_hash BLOB NOT NULL,
    PRIMARY KEY (log, idx)
) STRICT;
CREATE INDEX instance_leaf_pseudonym ON instance_leaf (log, pseudonym, idx);

CREATE TABLE meta (
    name TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (name)
) STRICT;

CREATE TABLE wrapped_key (
    log INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    version INTEGER NOT NULL,
    wrapped BLOB,
    made INTEGER NOT NULL,
    destroyed INTEGER,
    PRIMARY KEY (log, purpose, version)
) STRICT;

CREATE TABLE setting (
    log INTEGER NOT NULL,
    area TEXT NOT NULL,
    name_mac BLOB NOT NULL,
    revision INTEGER NOT NULL,
    expires INTEGER,
    sealed BLOB NOT NULL,
    PRIMARY KEY (log, area, name_mac)
) STRICT;

CREATE TABLE job (
    log INTEGER NOT NULL,
    kind TEXT NOT NULL,
    key_mac BLOB NOT NULL,
    run_at INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    last_error TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (log, kind, key_mac)
) STRICT;
CREATE INDEX job_run_at ON job (run_at);

CREATE TABLE lease (
    name TEXT NOT NULL,
    holder TEXT NOT NULL,
    token INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY (name)
) STRICT;

CREATE TABLE snapshot (
    log INTEGER NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (log, name)
) STRICT;

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
