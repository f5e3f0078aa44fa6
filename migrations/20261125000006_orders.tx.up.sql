-- A purchase: a basket, an order with a part for each creditor, and what was paid.

CREATE TABLE baskets (
    tenant_id   uuid,
    id          uuid NOT NULL,
    account_id  uuid,                               -- NULL: a visitor's, known by a cookie
    token       bytea,                              -- SHA-256 of that cookie
    provider_id uuid NOT NULL,                      -- one creditor for now
    touched_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, account_id),
    UNIQUE (tenant_id, token),
    CHECK (num_nonnulls(account_id, token) = 1),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id),
    FOREIGN KEY (tenant_id, provider_id) REFERENCES providers (tenant_id, id)
);
CALL tenant_table('baskets');

CREATE TABLE basket_lines (
    tenant_id  uuid,
    basket_id  uuid NOT NULL,
    service_id uuid NOT NULL,
    quantity   int NOT NULL CHECK (quantity BETWEEN 1 AND 99),
    added_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, basket_id, service_id),
    FOREIGN KEY (tenant_id, basket_id) REFERENCES baskets (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, service_id) REFERENCES services (tenant_id, id)
);
CALL tenant_table('basket_lines');

-- The last order number of each year: numbers that people see tell nothing of another city.
CREATE TABLE order_numbers (
    tenant_id uuid,
    year      int NOT NULL,
    last      int NOT NULL,
    PRIMARY KEY (tenant_id, year)
);
CALL tenant_table('order_numbers', 'SELECT, INSERT, UPDATE');

CREATE TABLE orders (
    tenant_id   uuid,
    id          uuid NOT NULL,
    year        int NOT NULL,
    number      int NOT NULL,
    actor_id    uuid NOT NULL,                      -- who pressed the button
    subject_id  uuid NOT NULL,                      -- in whose name
    payer_id    uuid NOT NULL,                      -- who pays
    member_id   uuid,                               -- for whom, of the household; NULL: for the subject
    payer       text NOT NULL,                      -- names, address and telephone as they were
    beneficiary text NOT NULL,
    reason      text NOT NULL DEFAULT '' CHECK (reason IN ('', 'parent', 'guardian', 'delegate')),
    address     text NOT NULL DEFAULT '',
    phone       text NOT NULL DEFAULT '',
    note        text NOT NULL DEFAULT '',
    key         uuid NOT NULL,                      -- the form's, so that sending it twice orders once
    digest      bytea NOT NULL,                     -- of what was sent under that key
    cents       bigint NOT NULL CHECK (cents > 0),
    placed_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, year, number),
    UNIQUE (tenant_id, actor_id, key),
    FOREIGN KEY (tenant_id, actor_id) REFERENCES accounts (tenant_id, id),
    FOREIGN KEY (tenant_id, subject_id) REFERENCES accounts (tenant_id, id),
    FOREIGN KEY (tenant_id, payer_id) REFERENCES accounts (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES household_members (tenant_id, id)
);
CREATE INDEX ON orders (tenant_id, payer_id, placed_at);
CALL tenant_table('orders', 'SELECT, INSERT');

CREATE TABLE order_parts (
    tenant_id    uuid,
    id           uuid NOT NULL,
    order_id     uuid NOT NULL,
    provider_id  uuid NOT NULL,
    seller       text NOT NULL,                     -- as the law wants it shown, as it was
    seller_address text NOT NULL,
    seller_vat   text NOT NULL,
    cents        bigint NOT NULL CHECK (cents > 0),
    vat_cents    bigint NOT NULL CHECK (vat_cents >= 0),
    cancel_days  int NOT NULL,
    state        text NOT NULL CHECK (state IN ('placed', 'paid', 'accepted', 'delivered', 'refused', 'cancelled', 'expired')),
    why          text NOT NULL DEFAULT '',          -- of a refusal
    ended_by     text NOT NULL DEFAULT '' CHECK (ended_by IN ('', 'citizen', 'provider', 'nobody')),
    expires_at   timestamptz NOT NULL,              -- unpaid
    answer_by    timestamptz,                       -- paid, and not answered yet
    paid_at      timestamptz,
    accepted_at  timestamptz,
    ended_at     timestamptz,                       -- delivered, refused, cancelled or expired
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, order_id, provider_id),
    FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id),
    FOREIGN KEY (tenant_id, provider_id) REFERENCES providers (tenant_id, id)
);
CREATE INDEX ON order_parts (tenant_id, provider_id, state);
CALL tenant_table('order_parts', 'SELECT, INSERT, UPDATE');

CREATE TABLE order_lines (
    tenant_id  uuid,
    part_id    uuid NOT NULL,
    line       int NOT NULL,
    service_id uuid NOT NULL,
    title      text NOT NULL,                       -- prices and VAT as they were
    unit       text NOT NULL,
    quantity   int NOT NULL CHECK (quantity > 0),
    unit_cents bigint NOT NULL CHECK (unit_cents > 0),
    vat        text NOT NULL CHECK (vat IN ('exempt', '5', '22')),
    cents      bigint NOT NULL,
    vat_cents  bigint NOT NULL,
    PRIMARY KEY (tenant_id, part_id, line),
    CHECK (cents = quantity * unit_cents),
    FOREIGN KEY (tenant_id, part_id) REFERENCES order_parts (tenant_id, id),
    FOREIGN KEY (tenant_id, service_id) REFERENCES services (tenant_id, id)
);
CALL tenant_table('order_lines', 'SELECT, INSERT');

-- What was done, as it is done: twelve hours in twelve weeks are twelve rows.
CREATE TABLE order_deliveries (
    tenant_id   uuid,
    id          uuid NOT NULL,
    part_id     uuid NOT NULL,
    line        int NOT NULL,
    quantity    int NOT NULL CHECK (quantity > 0),
    day         date NOT NULL,
    worker      text NOT NULL,                      -- by whom
    note        text NOT NULL DEFAULT '',
    recorded_by uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, part_id, line) REFERENCES order_lines (tenant_id, part_id, line),
    FOREIGN KEY (tenant_id, recorded_by) REFERENCES accounts (tenant_id, id)
);
CREATE INDEX ON order_deliveries (tenant_id, part_id);
CALL tenant_table('order_deliveries', 'SELECT, INSERT');

CREATE TABLE order_messages (
    tenant_id uuid,
    id        uuid NOT NULL,
    part_id   uuid NOT NULL,
    side      text NOT NULL CHECK (side IN ('citizen', 'provider')),
    author_id uuid NOT NULL,
    body      text NOT NULL,
    at        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, part_id) REFERENCES order_parts (tenant_id, id),
    FOREIGN KEY (tenant_id, author_id) REFERENCES accounts (tenant_id, id)
);
CREATE INDEX ON order_messages (tenant_id, part_id);
CALL tenant_table('order_messages', 'SELECT, INSERT');
