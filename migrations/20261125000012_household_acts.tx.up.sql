-- The act on which a guardian or a delegate acts for somebody. It is the account's own, and that of whoever decides.
ALTER TABLE household_members ADD COLUMN act uuid, ADD COLUMN act_at timestamptz,
    ADD FOREIGN KEY (tenant_id, act) REFERENCES files (tenant_id, id),
    ADD CHECK ((act IS NULL) = (act_at IS NULL)),
    ADD CHECK (act IS NULL OR removed_at IS NULL AND relation <> 'parent');
