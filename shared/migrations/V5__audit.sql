-- Who did what, written in the transaction that did it. By month, so that retention drops whole partitions.
CREATE TABLE audit_log (
    enterprise_id   uuid NOT NULL,
    id              uuid NOT NULL,
    at              timestamptz NOT NULL,
    actor_id        uuid,
    -- How the actor proved who they are: session, api_key, none.
    actor_method    text NOT NULL,
    action          text NOT NULL,
    -- What it was done to, printed ids.
    target          text,
    scope_id        bigint,
    outcome         text NOT NULL DEFAULT 'success' CHECK (outcome IN ('success', 'denied')),
    request_id      uuid,
    ip              text,
    user_agent      text,
    details         jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (enterprise_id, at, id)
) PARTITION BY RANGE (at);

CREATE FUNCTION mem0.ensure_audit_partitions(ahead integer DEFAULT 12) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    month date;
BEGIN
    FOR i IN -1..ahead LOOP
        month := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => i))::date;
        EXECUTE format(
            'CREATE TABLE IF NOT EXISTS %I PARTITION OF audit_log FOR VALUES FROM (%L) TO (%L)',
            'audit_log_' || to_char(month, 'YYYY_MM'), month || ' 00:00:00+00',
            (month + interval '1 month')::date || ' 00:00:00+00');
    END LOOP;
END
$$;
REVOKE EXECUTE ON FUNCTION mem0.ensure_audit_partitions(integer) FROM PUBLIC;
SELECT mem0.ensure_audit_partitions();
-- Whatever no month covers still has a place: nothing is refused for want of a partition.
CREATE TABLE audit_log_other PARTITION OF audit_log DEFAULT;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION mem0.refuse();
ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit_log TO mem0_app USING (enterprise_id = (SELECT mem0.enterprise()));
CREATE POLICY sign_in ON audit_log TO mem0_identity WITH CHECK (true);
GRANT SELECT, INSERT ON audit_log TO mem0_app;
GRANT INSERT ON audit_log TO mem0_identity;

-- Answers of writes that a client may send twice with the same Idempotency-Key.
CREATE TABLE idempotency_keys (
    enterprise_id   uuid NOT NULL REFERENCES enterprises ON DELETE CASCADE,
    user_id         uuid NOT NULL,
    key             text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request_hash    bytea NOT NULL,
    -- Null only within the transaction that does the work.
    answer          jsonb,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (enterprise_id, user_id, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (enterprise_id, created_at);
ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON idempotency_keys TO mem0_app USING (enterprise_id = (SELECT mem0.enterprise()));
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO mem0_app;
