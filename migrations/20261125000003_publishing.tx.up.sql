-- Providers write, the municipality approves: what is being worked on stands beside the catalogue until it becomes part of it.

-- Of which accreditations one is needed to publish on a shelf; none = whoever is a provider may.
ALTER TABLE categories ADD COLUMN accreditations text[] NOT NULL DEFAULT '{}';
ALTER TABLE services ADD COLUMN capacity int NOT NULL DEFAULT 0 CHECK (capacity >= 0); -- units a month, for information; 0 = not told
ALTER TABLE services ADD COLUMN attachments jsonb NOT NULL DEFAULT '[]';               -- [{"id", "name", "bytes"}]

-- A version of a service as its provider writes it. Its service has no row before the first version is approved.
CREATE TABLE service_versions (
    tenant_id    uuid,
    id           uuid NOT NULL,
    service_id   uuid NOT NULL,
    provider_id  uuid NOT NULL,
    number       int NOT NULL,                 -- 1, 2, … of its service
    state        text NOT NULL CHECK (state IN ('draft', 'submitted', 'returned', 'approved', 'discarded')),
    revision     int NOT NULL DEFAULT 1,       -- raised by every change, so that a form that is out of date is known
    content      jsonb NOT NULL,               -- as it was typed
    authors      uuid[] NOT NULL DEFAULT '{}', -- accounts that wrote in it or sent it: they do not approve it
    reason       text NOT NULL DEFAULT '',     -- why it was sent back
    updated_at   timestamptz NOT NULL,
    submitted_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, service_id, number),
    FOREIGN KEY (tenant_id, provider_id) REFERENCES providers (tenant_id, id)
);
CREATE UNIQUE INDEX service_versions_open ON service_versions (tenant_id, service_id) WHERE state IN ('draft', 'submitted', 'returned');
CREATE INDEX ON service_versions (tenant_id, provider_id);
CALL tenant_table('service_versions');

-- What happened to a service, for the people who work on it.
CREATE TABLE service_events (
    tenant_id   uuid,
    id          uuid NOT NULL,
    service_id  uuid NOT NULL,
    provider_id uuid NOT NULL,
    number      int NOT NULL,                  -- of the version; 0 = the service itself
    verb        text NOT NULL CHECK (verb IN ('begun', 'submitted', 'withdrawn', 'returned', 'approved', 'discarded', 'unpublished', 'lapsed')),
    account_id  uuid,                          -- NULL = the program
    reason      text NOT NULL DEFAULT '',
    at          timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, provider_id) REFERENCES providers (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
);
CREATE INDEX ON service_events (tenant_id, service_id, at);
CALL tenant_table('service_events', 'SELECT, INSERT');

-- Pictures and documents of a version; they are the provider's and the approvers' until it is published.
CREATE TABLE service_files (
    tenant_id   uuid,
    file_id     uuid NOT NULL,
    service_id  uuid NOT NULL,
    provider_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, file_id),
    FOREIGN KEY (tenant_id, file_id) REFERENCES files (tenant_id, id),
    FOREIGN KEY (tenant_id, provider_id) REFERENCES providers (tenant_id, id)
);
CREATE INDEX ON service_files (tenant_id, service_id);
CALL tenant_table('service_files', 'SELECT, INSERT');

-- What a provider is told of its accreditations: each once.
CREATE TABLE accreditation_notices (
    tenant_id   uuid,
    id          uuid NOT NULL,
    provider_id uuid NOT NULL,
    area        text NOT NULL,
    act         text NOT NULL,
    until       date NOT NULL,
    notice      text NOT NULL CHECK (notice IN ('soon', 'ended', 'suspended')),
    reason      text NOT NULL DEFAULT '',
    at          timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, provider_id, area, act, until, notice),
    FOREIGN KEY (tenant_id, provider_id) REFERENCES providers (tenant_id, id)
);
CALL tenant_table('accreditation_notices', 'SELECT, INSERT');
