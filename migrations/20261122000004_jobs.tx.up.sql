-- River made its tables just before (see migrate.go); they are global: a job carries its city and ids, never personal data.
GRANT SELECT, INSERT, UPDATE, DELETE ON river_job, river_leader, river_queue, river_client, river_client_queue, river_notification TO welfarex_app;
GRANT SELECT ON river_migration, bun_migrations TO welfarex_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO welfarex_app;
