-- What is a person's is theirs alone under row-level security as well: what they sent twice, and what became of it.

-- Who asks, as access::TenantTx bound it. Null: the release before, which does not say.
CREATE FUNCTION mem0.person() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('mem0.person', true), '')::uuid $$;

ALTER POLICY tenant ON idempotency_keys
    USING (enterprise_id = (SELECT mem0.enterprise())
           AND ((SELECT mem0.person()) IS NULL OR user_id = (SELECT mem0.person())));
ALTER POLICY tenant ON events
    USING (enterprise_id = (SELECT mem0.enterprise())
           AND ((SELECT mem0.person()) IS NULL OR user_id = (SELECT mem0.person())));
