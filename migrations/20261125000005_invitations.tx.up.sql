-- A role counts once the person has accepted it: NULL = an invitation. The roles there are were accepted.
ALTER TABLE memberships ADD COLUMN accepted_at timestamptz DEFAULT now();
ALTER TABLE memberships ALTER COLUMN accepted_at DROP DEFAULT;
