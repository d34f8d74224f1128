-- The audit log of everything: what was read and refused as well, and with which credential.

ALTER TABLE audit_log
    -- The API key, session or grant that the actor used.
    ADD COLUMN credential_id uuid,
    -- Through what: `POST /v3/memories/search/`, `tool search_memories`.
    ADD COLUMN operation     text,
    -- The memories that were shown or changed; one row holds all of a request's.
    ADD COLUMN memory_ids    uuid[] NOT NULL DEFAULT '{}',
    -- For compliance reports: what kind of thing happened, the frameworks that ask for it, the highest class.
    ADD COLUMN tags          text[] NOT NULL DEFAULT '{}',
    -- The transaction that wrote it. The job that chains rows takes those of finished transactions only.
    ADD COLUMN xid           xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX audit_log_by_transaction ON audit_log (xid);

-- What an enterprise asks of its log. No row: the defaults.
CREATE TABLE audit_policies (
    enterprise_id   uuid PRIMARY KEY REFERENCES enterprises ON DELETE CASCADE,
    -- durable: a read is answered when its row is on disk. buffered: a crash of the database server may lose the rows
    -- of reads of its last moments (three times wal_writer_delay), never those of changes or refusals.
    reads           text NOT NULL DEFAULT 'durable' CHECK (reads IN ('durable', 'buffered')),
    frameworks      text[] NOT NULL DEFAULT '{}' CHECK (frameworks <@ ARRAY['gdpr', 'hipaa', 'iso27001', 'soc2']),
    updated_at      timestamptz NOT NULL
);
ALTER TABLE audit_policies ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit_policies TO mem0_app USING (enterprise_id = (SELECT mem0.enterprise()));
CREATE POLICY sign_in ON audit_policies FOR SELECT TO mem0_identity USING (true);
GRANT SELECT, INSERT, UPDATE ON audit_policies TO mem0_app;
GRANT SELECT ON audit_policies TO mem0_identity;

-- The triggers of a partitioned table's rows are its partitions' too, those of statements are not.
CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION mem0.refuse();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION mem0.refuse();

-- Months are attached beside the running inserts, which PARTITION OF would lock out.
DROP FUNCTION mem0.ensure_audit_partitions(integer);
CREATE FUNCTION mem0.ensure_audit_partitions(ahead integer DEFAULT 12) RETURNS integer LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    month date;
    name text;
    made integer := 0;
BEGIN
    FOR i IN -1..ahead LOOP
        month := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => i))::date;
        name := 'audit_log_' || to_char(month, 'YYYY_MM');
        CONTINUE WHEN to_regclass('public.' || quote_ident(name)) IS NOT NULL;
        BEGIN
            EXECUTE format('CREATE TABLE public.%I (LIKE public.audit_log INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
            EXECUTE format('ALTER TABLE public.audit_log ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                           name, month || ' 00:00:00+00', (month + interval '1 month')::date || ' 00:00:00+00');
            EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.%I
                            FOR EACH STATEMENT EXECUTE FUNCTION mem0.refuse()', name);
            made := made + 1;
        EXCEPTION WHEN check_violation THEN
            -- Rows of that month are in the default partition already, and stay there.
            RAISE WARNING 'no partition of its own for %', month;
        END;
    END LOOP;
    RETURN made;
END
$$;
REVOKE EXECUTE ON FUNCTION mem0.ensure_audit_partitions(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.ensure_audit_partitions(integer) TO mem0_app;

DO $$
DECLARE
    part regclass;
BEGIN
    FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'audit_log'::regclass LOOP
        EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %s
                        FOR EACH STATEMENT EXECUTE FUNCTION mem0.refuse()', part);
    END LOOP;
END
$$;
