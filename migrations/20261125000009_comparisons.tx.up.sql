-- What a city and its gateway say of the same money. A comparison replaces the one before; what it finds stays until another, of the same stretch of time, no longer does.

CREATE TABLE rail_comparisons (
    tenant_id      uuid,
    rail           text NOT NULL CHECK (rail = ANY ('{card}')),
    since          timestamptz NOT NULL,               -- the stretch of time that was compared
    until          timestamptz NOT NULL,
    at             timestamptz NOT NULL,
    taken          int NOT NULL,                       -- what the rail says that it took and gave back
    taken_cents    bigint NOT NULL,
    returned       int NOT NULL,
    returned_cents bigint NOT NULL,
    PRIMARY KEY (tenant_id, rail)
);
CALL tenant_table('rail_comparisons', 'SELECT, INSERT, UPDATE');

CREATE TABLE rail_findings (
    tenant_id uuid,
    rail      text NOT NULL CHECK (rail = ANY ('{card}')),
    code      text NOT NULL CHECK (code = ANY ('{charge_unknown,charge_unnoted,charge_amount,charge_missing,charge_books,refund_unknown,refund_unnoted,refund_amount,refund_missing,refund_failed,refund_books}')),
    subject   text NOT NULL,                           -- the rail's id of what it is about, or ours
    part_id   uuid,                                    -- the order it is about, if that is known
    ours      bigint NOT NULL,                         -- cents, by our word and by theirs
    theirs    bigint NOT NULL,
    at        timestamptz NOT NULL,                    -- when it happened
    found_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, rail, code, subject),
    FOREIGN KEY (tenant_id, part_id) REFERENCES order_parts (tenant_id, id)
);
CREATE INDEX ON rail_findings (tenant_id, part_id);
CALL tenant_table('rail_findings', 'SELECT, INSERT, DELETE');
