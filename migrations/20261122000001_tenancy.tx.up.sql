-- Tenancy: who the cities are, and the rule that every other table obeys.
-- The owner role migrates; welfarex_app serves: it owns nothing, bypasses nothing, alters nothing.

-- Before PostgreSQL 15 everyone could make tables here.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

-- current_city is the city of this transaction, or NULL when none was set. A transaction-local setting is '' once it has ended.
CREATE FUNCTION current_city() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('app.tenant', true), '')::uuid;

-- Global: everyone may read which cities there are; a city's row is written only from inside that city.
CREATE TABLE cities (
    id         uuid PRIMARY KEY,
    slug       text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9](-?[a-z0-9])*$' AND length(slug) BETWEEN 2 AND 60),
    name       text NOT NULL,
    status     text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'suspended')),
    version    bigint NOT NULL DEFAULT 1,
    settings   jsonb NOT NULL,
    origin     jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE cities ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY everyone_reads ON cities FOR SELECT USING (true);
CREATE POLICY city_adds ON cities FOR INSERT WITH CHECK (id = current_city());
CREATE POLICY city_writes ON cities FOR UPDATE USING (id = current_city()) WITH CHECK (id = current_city());
GRANT SELECT, INSERT, UPDATE ON cities TO welfarex_app;

-- Global: a host name belongs to one city in the whole installation.
CREATE TABLE hosts (
    host      text PRIMARY KEY CHECK (host = lower(host) AND host ~ '^[a-z0-9.-]{1,253}$'),
    tenant_id uuid NOT NULL DEFAULT current_city() REFERENCES cities (id)
);
CREATE INDEX ON hosts (tenant_id);
ALTER TABLE hosts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY everyone_reads ON hosts FOR SELECT USING (true);
CREATE POLICY city_adds ON hosts FOR INSERT WITH CHECK (tenant_id = current_city());
CREATE POLICY city_removes ON hosts FOR DELETE USING (tenant_id = current_city());
GRANT SELECT, INSERT, DELETE ON hosts TO welfarex_app;

-- Every process keeps the cities in memory and hears of changes.
CREATE FUNCTION announce_city() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('cities', CASE TG_TABLE_NAME WHEN 'cities' THEN to_jsonb(NEW) ->> 'id'
        ELSE to_jsonb(COALESCE(NEW, OLD)) ->> 'tenant_id' END);
    RETURN NULL;
END $$;
CREATE TRIGGER announce AFTER INSERT OR UPDATE ON cities FOR EACH ROW EXECUTE FUNCTION announce_city();
CREATE TRIGGER announce AFTER INSERT OR DELETE ON hosts FOR EACH ROW EXECUTE FUNCTION announce_city();

-- tenant_table makes t a city's: its rows take the city of the transaction and are seen by no other, the owner included.
CREATE PROCEDURE tenant_table(t regclass, privileges text DEFAULT 'SELECT, INSERT, UPDATE, DELETE') LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ALTER COLUMN tenant_id SET DEFAULT current_city()', t);
    EXECUTE format('ALTER TABLE %s ALTER COLUMN tenant_id SET NOT NULL', t);
    EXECUTE format('ALTER TABLE %s ADD FOREIGN KEY (tenant_id) REFERENCES cities (id)', t);
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
    -- The sub-select is worked out once a statement, not once a row.
    EXECUTE format('CREATE POLICY city ON %s USING (tenant_id = (SELECT current_city())) WITH CHECK (tenant_id = current_city())', t);
    EXECUTE format('GRANT %s ON %s TO welfarex_app', privileges, t);
END $$;

-- Secrets are sealed by the program with WELFAREX_KEY before they come here.
CREATE TABLE secrets (
    tenant_id  uuid,
    name       text NOT NULL CHECK (name ~ '^[a-z][a-z0-9_.-]{1,62}$'),
    sealed     bytea NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, name)
);
CALL tenant_table('secrets');

-- The audit trail: append-only, one hash chain a city. The head is the chain's end; the trigger alone writes it.
CREATE TABLE audit_heads (
    tenant_id uuid PRIMARY KEY,
    seq       bigint NOT NULL,
    hash      bytea NOT NULL
);
CALL tenant_table('audit_heads', 'SELECT');

CREATE TABLE audit_entries (
    tenant_id    uuid,
    seq          bigint NOT NULL,
    at           timestamptz NOT NULL,
    actor        text NOT NULL,           -- account:<uuid> · staff:<uuid> · job:<kind> · operator
    subject_kind text NOT NULL,
    subject      text NOT NULL,           -- an id, never a name
    verb         text NOT NULL,
    purpose      text NOT NULL,           -- why, in the program's words; no personal data
    before       bytea,                   -- SHA-256 of the subject before and after, where there was one
    after        bytea,
    request      text NOT NULL DEFAULT '',
    prev         bytea NOT NULL,
    hash         bytea NOT NULL,
    PRIMARY KEY (tenant_id, seq)
);
CREATE INDEX ON audit_entries (tenant_id, subject_kind, subject, seq);
CALL tenant_table('audit_entries', 'SELECT, INSERT');

CREATE FUNCTION audit_hash(e audit_entries) RETURNS bytea LANGUAGE sql STABLE
    RETURN sha256(convert_to(jsonb_build_array(e.tenant_id, e.seq, extract(epoch FROM e.at)::text, e.actor, e.subject_kind, e.subject, e.verb,
        e.purpose, encode(e.before, 'hex'), encode(e.after, 'hex'), e.request, encode(e.prev, 'hex'))::text, 'UTF8'));

-- The definer's rights are needed only for the head; forced row security holds for the definer too.
CREATE FUNCTION chain_audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    head audit_heads;
BEGIN
    INSERT INTO audit_heads (seq, hash) VALUES (0, '\x00') ON CONFLICT DO NOTHING;
    SELECT * INTO STRICT head FROM audit_heads WHERE tenant_id = NEW.tenant_id FOR UPDATE;
    NEW.seq := head.seq + 1;
    NEW.prev := head.hash;
    NEW.at := clock_timestamp();
    NEW.hash := audit_hash(NEW);
    UPDATE audit_heads SET seq = NEW.seq, hash = NEW.hash WHERE tenant_id = NEW.tenant_id;
    RETURN NEW;
END $$;
CREATE TRIGGER chain BEFORE INSERT ON audit_entries FOR EACH ROW EXECUTE FUNCTION chain_audit();

-- audit_broken_at gives the first entry of this city at which the chain does not hold, or NULL.
CREATE FUNCTION audit_broken_at() RETURNS bigint LANGUAGE sql STABLE AS $$
    WITH chain AS (
        SELECT e.seq, e.hash, e.hash = audit_hash(e) AND e.prev = lag(e.hash, 1, '\x00'::bytea) OVER w
                 AND e.seq = lag(e.seq, 1, 0::bigint) OVER w + 1 AS holds
        FROM audit_entries e WINDOW w AS (ORDER BY e.seq))
    SELECT LEAST((SELECT min(seq) FROM chain WHERE NOT holds),
        (SELECT h.seq FROM audit_heads h WHERE h.seq > 0 AND NOT EXISTS (SELECT FROM chain c WHERE c.seq = h.seq AND c.hash = h.hash)))
$$;

-- Files: the row first, the object after. Public ones are pictures and marks; others ask the policy of their module.
CREATE TABLE files (
    tenant_id    uuid,
    id           uuid NOT NULL,
    module       text NOT NULL,
    name         text NOT NULL DEFAULT '',
    content_type text NOT NULL,
    bytes        bigint NOT NULL CHECK (bytes >= 0),
    sha256       bytea NOT NULL,
    public       boolean NOT NULL DEFAULT false,
    owner        uuid,
    state        text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'stored', 'removed')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX ON files (tenant_id, module, sha256);
CALL tenant_table('files');

-- Throttles count attempts per city and key, so that one city's storm spends nothing of another's.
CREATE TABLE throttles (
    tenant_id uuid,
    key       bytea NOT NULL,
    since     timestamptz NOT NULL,
    hits      int NOT NULL,
    PRIMARY KEY (tenant_id, key)
);
CALL tenant_table('throttles');

-- A city's exceptions to the common policy; a deny beats an allow.
CREATE TABLE policy_exceptions (
    tenant_id uuid,
    role      text NOT NULL,
    verb      text NOT NULL,
    kind      text NOT NULL,
    effect    text NOT NULL CHECK (effect IN ('allow', 'deny')),
    PRIMARY KEY (tenant_id, role, verb, kind)
);
CALL tenant_table('policy_exceptions');
