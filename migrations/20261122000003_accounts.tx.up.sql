-- People and permission. An account belongs to one city: the same address in two cities is two accounts that know nothing of each other.

CREATE TABLE accounts (
    tenant_id       uuid,
    id              uuid NOT NULL,
    email           text NOT NULL CHECK (email = lower(email)),
    new_email       text NOT NULL DEFAULT '' CHECK (new_email = lower(new_email)), -- asked for, and not yet proved
    name            text NOT NULL,
    password        text NOT NULL DEFAULT '',       -- argon2id; empty until an invitation is taken
    verified_at     timestamptz,
    codice_fiscale  text NOT NULL DEFAULT '',
    birth_date      date,
    phone           text NOT NULL DEFAULT '',
    language        text NOT NULL DEFAULT 'it',
    totp_sealed     bytea,                          -- sealed with WELFAREX_KEY
    totp_since      timestamptz,                    -- NULL until a first code was given
    totp_last_step  bigint NOT NULL DEFAULT 0,      -- a code counts once
    closed_at       timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX accounts_email ON accounts (tenant_id, email) WHERE closed_at IS NULL;
CALL tenant_table('accounts');

-- (person, role, scope): the scope is a provider, an office, or the whole city.
CREATE TABLE memberships (
    tenant_id   uuid,
    id          uuid NOT NULL,
    account_id  uuid NOT NULL,
    role        text NOT NULL CHECK (role IN ('provider', 'welfare_manager', 'municipality', 'city_admin')),
    provider_id uuid,
    office_id   uuid,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id),
    FOREIGN KEY (tenant_id, provider_id) REFERENCES providers (tenant_id, id),
    FOREIGN KEY (tenant_id, office_id) REFERENCES offices (tenant_id, id),
    CHECK (num_nonnulls(provider_id, office_id) <= 1),
    CHECK ((role = 'provider') = (provider_id IS NOT NULL))
);
CREATE UNIQUE INDEX memberships_once ON memberships (tenant_id, account_id, role,
    COALESCE(provider_id, office_id, '00000000-0000-0000-0000-000000000000'));
CALL tenant_table('memberships');

CREATE TABLE sessions (
    tenant_id  uuid,
    id         uuid NOT NULL,
    token      bytea NOT NULL,                      -- SHA-256 of the cookie
    account_id uuid NOT NULL,
    strong     boolean NOT NULL DEFAULT false,      -- the second factor was given
    agent      text NOT NULL DEFAULT '',            -- browser and system, in short, for the list of sessions
    created_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,                -- to a few minutes
    idle       interval NOT NULL,                   -- ends this long after it was last seen
    expires_at timestamptz NOT NULL,                -- and then in any case
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, token),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
);
CREATE INDEX ON sessions (tenant_id, account_id);
CALL tenant_table('sessions');

-- One-time links sent by mail.
CREATE TABLE tokens (
    tenant_id  uuid,
    token      bytea NOT NULL,                      -- SHA-256 of what the mail carries
    account_id uuid NOT NULL,
    purpose    text NOT NULL CHECK (purpose IN ('verify', 'reset', 'change_email', 'invite')),
    email      text NOT NULL DEFAULT '',            -- the address it proves
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    PRIMARY KEY (tenant_id, token),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
);
CREATE INDEX ON tokens (tenant_id, account_id, purpose);
CALL tenant_table('tokens');

CREATE TABLE recovery_codes (
    tenant_id  uuid,
    account_id uuid NOT NULL,
    code       bytea NOT NULL,                      -- SHA-256: 80 random bits need no slow hash
    used_at    timestamptz,
    PRIMARY KEY (tenant_id, account_id, code),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
);
CALL tenant_table('recovery_codes');

-- Which version of which document a person accepted, and when.
CREATE TABLE acceptances (
    tenant_id  uuid,
    account_id uuid NOT NULL,
    document   text NOT NULL CHECK (document IN ('privacy', 'termini')),
    version    text NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, account_id, document, version),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
);
CALL tenant_table('acceptances', 'SELECT, INSERT');
