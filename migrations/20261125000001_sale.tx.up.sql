-- What is sold on line: how, and by whom.
ALTER TABLE services ADD COLUMN sale jsonb; -- catalogue.Sale; NULL = not sold on line
ALTER TABLE providers ADD COLUMN vat_number text NOT NULL DEFAULT '' CHECK (vat_number ~ '^([0-9]{11})?$');
