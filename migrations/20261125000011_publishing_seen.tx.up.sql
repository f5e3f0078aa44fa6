-- What was sent back stays as it was, so that whoever decides sees what has changed since.
ALTER TABLE service_versions ADD COLUMN seen jsonb; -- the content as it was sent back last

-- What no version shows any more goes after a while.
ALTER TABLE service_files ADD COLUMN uploaded_at timestamptz NOT NULL DEFAULT now();
GRANT DELETE ON service_files TO welfarex_app;
