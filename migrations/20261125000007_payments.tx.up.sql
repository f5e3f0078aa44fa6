-- What was asked of a rail, what it told, and what it gave back. Each payment and each return counts once in the ledger.

CREATE TABLE payments (
    tenant_id  uuid,
    id         uuid NOT NULL,
    part_id    uuid NOT NULL,
    account_id uuid NOT NULL,                       -- the payer
    rail       text NOT NULL CHECK (rail IN ('card', 'desk')),
    cents      bigint NOT NULL CHECK (cents > 0),
    state      text NOT NULL CHECK (state IN ('open', 'paid', 'over')),
    page       text NOT NULL DEFAULT '',            -- the rail's ids, and the address of its hosted page
    url        text NOT NULL DEFAULT '',
    charge     text NOT NULL DEFAULT '',
    opened_at  timestamptz NOT NULL,
    paid_at    timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, part_id, rail),
    FOREIGN KEY (tenant_id, part_id) REFERENCES order_parts (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
);
CALL tenant_table('payments', 'SELECT, INSERT, UPDATE');

-- A rail may tell a thing twice; here it stands once.
CREATE TABLE payment_notices (
    tenant_id uuid,
    rail      text NOT NULL,
    notice    text NOT NULL,                        -- the rail's id of it
    kind      text NOT NULL,
    at        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, rail, notice)
);
CALL tenant_table('payment_notices', 'SELECT, INSERT');

CREATE TABLE refunds (
    tenant_id  uuid,
    id         uuid NOT NULL,
    payment_id uuid NOT NULL,
    cents      bigint NOT NULL CHECK (cents > 0),
    state      text NOT NULL CHECK (state IN ('asked', 'done', 'failed')),
    external   text NOT NULL DEFAULT '',            -- the rail's id
    asked_at   timestamptz NOT NULL,
    done_at    timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, payment_id),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id)
);
CALL tenant_table('refunds', 'SELECT, INSERT, UPDATE');
