-- The ledger: money as double entries, in cents. What is written stays; a mistake is put right by a reversal. Positive = the account
-- receives: a payment takes from the rail and gives to the citizen, a sale takes from the citizen and gives to the provider.

CREATE TABLE ledger_accounts (
    tenant_id uuid,
    id        uuid NOT NULL,
    kind      text NOT NULL CHECK (kind IN ('citizen', 'provider', 'rail', 'fees')),
    owner     uuid,                                -- an account or a provider; NULL = the city's own
    name      text NOT NULL DEFAULT '',            -- of a rail: card, desk
    PRIMARY KEY (tenant_id, id),
    UNIQUE NULLS NOT DISTINCT (tenant_id, kind, owner, name),
    CHECK ((kind IN ('citizen', 'provider')) = (owner IS NOT NULL)),
    CHECK ((kind = 'rail') = (name <> ''))
);
CALL tenant_table('ledger_accounts', 'SELECT, INSERT');

CREATE TABLE ledger_transfers (
    tenant_id uuid,
    id        uuid NOT NULL,
    kind      text NOT NULL CHECK (kind IN ('sale', 'payment', 'refund', 'reversal')),
    key       text NOT NULL CHECK (key <> ''),     -- what happened, which happens once
    reference uuid NOT NULL,                       -- the order part or the payment it is about
    pending   boolean NOT NULL,                    -- counts once its outcome is "posted"
    reverses  uuid,
    lines     int NOT NULL CHECK (lines >= 2),     -- how many entries it has, for ever
    cents     bigint NOT NULL CHECK (cents > 0),   -- the sum of its positive entries
    at        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, key),
    UNIQUE (tenant_id, reverses),
    FOREIGN KEY (tenant_id, reverses) REFERENCES ledger_transfers (tenant_id, id),
    CHECK ((kind = 'reversal') = (reverses IS NOT NULL)),
    CHECK (NOT (pending AND kind = 'reversal'))
);
CREATE INDEX ON ledger_transfers (tenant_id, at);
CALL tenant_table('ledger_transfers', 'SELECT, INSERT');

CREATE TABLE ledger_entries (
    tenant_id   uuid,
    transfer_id uuid NOT NULL,
    line        int NOT NULL,
    account_id  uuid NOT NULL,
    cents       bigint NOT NULL CHECK (cents <> 0),
    PRIMARY KEY (tenant_id, transfer_id, line),
    FOREIGN KEY (tenant_id, transfer_id) REFERENCES ledger_transfers (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES ledger_accounts (tenant_id, id)
);
CREATE INDEX ON ledger_entries (tenant_id, account_id, transfer_id) INCLUDE (cents);
CALL tenant_table('ledger_entries', 'SELECT, INSERT');

-- What became of a pending transfer, once.
CREATE TABLE ledger_outcomes (
    tenant_id   uuid,
    transfer_id uuid NOT NULL,
    outcome     text NOT NULL CHECK (outcome IN ('posted', 'voided')),
    at          timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, transfer_id),
    FOREIGN KEY (tenant_id, transfer_id) REFERENCES ledger_transfers (tenant_id, id)
);
CALL tenant_table('ledger_outcomes', 'SELECT, INSERT');

-- The functions run with the caller's rights: row security shows them the city of the transaction, and whoever has left it by the time
-- of the commit is refused, for the transfer is not found. Their search_path keeps a caller's temporary tables from standing in for ours.

-- check_transfer looks, at commit, at the whole transfer to which something was added: its entries sum to zero, are as many and as large
-- as it says. So nothing can be added to a transfer that is there already.
CREATE FUNCTION check_transfer(transfer uuid, city uuid) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    t ledger_transfers;
    found record;
BEGIN
    SELECT * INTO t FROM ledger_transfers WHERE tenant_id = city AND id = transfer;
    IF t.id IS NULL THEN
        RAISE EXCEPTION 'ledger: transfer % is not of this city', transfer USING ERRCODE = 'check_violation';
    END IF;
    SELECT count(*) AS lines, COALESCE(sum(cents), 0) AS total, COALESCE(sum(cents) FILTER (WHERE cents > 0), 0) AS cents INTO found
        FROM ledger_entries WHERE tenant_id = city AND transfer_id = transfer;
    IF found.total <> 0 OR found.lines <> t.lines OR found.cents <> t.cents THEN
        RAISE EXCEPTION 'ledger: transfer % has % entries of % cents that sum to %, not % of %', transfer, found.lines, found.cents, found.total, t.lines, t.cents
            USING ERRCODE = 'check_violation';
    END IF;
    IF t.reverses IS NOT NULL THEN
        PERFORM check_reversal(t);
    END IF;
END $$;

-- check_reversal: what is reversed was posted, is no reversal itself, and comes back line by line.
CREATE FUNCTION check_reversal(t ledger_transfers) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM ledger_transfers o LEFT JOIN ledger_outcomes x ON x.tenant_id = o.tenant_id AND x.transfer_id = o.id
            WHERE o.tenant_id = t.tenant_id AND o.id = t.reverses AND o.kind <> 'reversal' AND (NOT o.pending OR x.outcome = 'posted')) THEN
        RAISE EXCEPTION 'ledger: reversal % of what was not posted', t.id USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM (SELECT * FROM ledger_entries WHERE tenant_id = t.tenant_id AND transfer_id = t.id) r
            FULL JOIN (SELECT * FROM ledger_entries WHERE tenant_id = t.tenant_id AND transfer_id = t.reverses) o USING (line)
            WHERE (r.account_id, r.cents) IS DISTINCT FROM (o.account_id, -o.cents)) THEN
        RAISE EXCEPTION 'ledger: reversal % does not fit', t.id USING ERRCODE = 'check_violation';
    END IF;
END $$;

CREATE FUNCTION check_new_transfer() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM check_transfer(NEW.id, NEW.tenant_id);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER whole AFTER INSERT ON ledger_transfers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_new_transfer();

CREATE FUNCTION check_new_entry() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM check_transfer(NEW.transfer_id, NEW.tenant_id);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER whole AFTER INSERT ON ledger_entries DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_new_entry();

CREATE FUNCTION check_outcome() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM ledger_transfers WHERE tenant_id = NEW.tenant_id AND id = NEW.transfer_id AND pending) THEN
        RAISE EXCEPTION 'ledger: transfer % is not pending', NEW.transfer_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pending BEFORE INSERT ON ledger_outcomes FOR EACH ROW EXECUTE FUNCTION check_outcome();

-- What counts: the entries of posted transfers, with the moment from which they do. A balance is their sum.
CREATE VIEW ledger_posted WITH (security_invoker = true) AS
    SELECT e.account_id, e.transfer_id, e.line, e.cents, COALESCE(o.at, t.at) AS at
    FROM ledger_entries e JOIN ledger_transfers t ON t.tenant_id = e.tenant_id AND t.id = e.transfer_id
    LEFT JOIN ledger_outcomes o ON o.tenant_id = t.tenant_id AND o.transfer_id = t.id
    WHERE NOT t.pending OR o.outcome = 'posted';
GRANT SELECT ON ledger_posted TO welfarex_app;
