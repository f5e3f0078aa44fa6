-- What was sent back stays as it was, so that whoever decides sees what has changed since.
ALTER TABLE service_versions ADD COLUMN seen jsonb; -- the content as it was sent back last

-- What no version shows any more goes after a while.
ALTER TABLE service_files ADD COLUMN uploaded_at timestamptz NOT NULL DEFAULT now();
GRANT DELETE ON service_files TO welfarex_app;

-- The act on which a guardian or a delegate acts for somebody. It is the account's own, and that of whoever decides.
ALTER TABLE household_members ADD COLUMN act uuid, ADD COLUMN act_at timestamptz,
    ADD FOREIGN KEY (tenant_id, act) REFERENCES files (tenant_id, id),
    ADD CHECK ((act IS NULL) = (act_at IS NULL)),
    ADD CHECK (act IS NULL OR removed_at IS NULL AND relation <> 'parent');
