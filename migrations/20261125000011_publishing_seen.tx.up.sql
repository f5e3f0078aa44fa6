-- What was sent back stays as it was, so that whoever decides sees what has changed since.
ALTER TABLE service_versions ADD COLUMN seen jsonb; -- the content as it was sent back last
