-- A key is a session that a program has: it may do what its scopes say, shows itself as a bearer and never as a cookie. Its name stands in agent.

ALTER TABLE sessions ADD COLUMN scopes text[];     -- NULL: a person at a browser

-- What was answered to a program that changes something, under the key it gave: asked again, it hears the same.
CREATE TABLE answers (
    tenant_id  uuid,
    account_id uuid NOT NULL,
    route      text NOT NULL,
    key        text NOT NULL,
    digest     bytea NOT NULL,                      -- SHA-256 of what was sent
    answer     text NOT NULL DEFAULT '',            -- JSON, to the byte
    at         timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, account_id, route, key),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
);
CREATE INDEX ON answers (tenant_id, at);
CALL tenant_table('answers');
