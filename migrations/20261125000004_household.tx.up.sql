-- People one may act for. Each list is its account's own: the same child on two parents' lists is two rows that know nothing of each other.
CREATE TABLE household_members (
    tenant_id      uuid,
    id             uuid NOT NULL,
    account_id     uuid NOT NULL,
    name           text NOT NULL,
    birth_date     date,
    codice_fiscale text NOT NULL DEFAULT '',
    relation       text NOT NULL CHECK (relation IN ('parent', 'guardian', 'delegate')),
    created_at     timestamptz NOT NULL,
    removed_at     timestamptz,                     -- the row stays for what refers to it, and holds no more than the name
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id),
    CHECK (CASE WHEN removed_at IS NULL THEN name <> '' AND birth_date IS NOT NULL ELSE codice_fiscale = '' AND birth_date IS NULL END)
);
CREATE INDEX ON household_members (tenant_id, account_id);
CREATE UNIQUE INDEX household_members_once ON household_members (tenant_id, account_id, codice_fiscale) WHERE removed_at IS NULL AND codice_fiscale <> '';
CALL tenant_table('household_members', 'SELECT, INSERT, UPDATE');
