-- River made its tables just before (see migrate.go); they are global: a job carries its city and ids, never personal data.
DO $$
DECLARE
    t text;
BEGIN
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'river\_%' AND tablename <> 'river_migration' LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO welfarex_app', t);
    END LOOP;
END $$;
GRANT SELECT ON river_migration, bun_migrations TO welfarex_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO welfarex_app;
