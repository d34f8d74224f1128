-- How far a memory may go: its class, the ceiling of whoever reads, and what nodes say about both.

-- Ordered: each is for fewer eyes than those before it.
CREATE TYPE classification AS ENUM ('public', 'internal', 'confidential', 'restricted');

-- The highest class that the transaction's caller may see, as it was bound by access::TenantTx. Unset means no ceiling:
-- what nobody may read is hidden by the scopes.
CREATE FUNCTION mem0.ceiling() RETURNS classification LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT coalesce(nullif(current_setting('mem0.ceiling', true), ''), 'restricted')::public.classification $$;

ALTER TABLE memories ADD COLUMN classification classification NOT NULL DEFAULT 'internal';
UPDATE memories m SET classification = 'public'
  FROM scopes s WHERE s.enterprise_id = m.enterprise_id AND s.id = m.home_scope_id AND s.kind = 'public';
-- The higher of the classes before and after the change, because a version shows both texts.
ALTER TABLE memory_versions ADD COLUMN classification classification NOT NULL DEFAULT 'internal';

-- Everything else that is derived from a memory (versions, feedback) is visible through it.
ALTER POLICY visible ON memories
    USING (enterprise_id = (SELECT mem0.enterprise()) AND scope_ids && (SELECT mem0.readable())
           AND classification <= (SELECT mem0.ceiling()))
    WITH CHECK (enterprise_id = (SELECT mem0.enterprise()) AND scope_ids && (SELECT mem0.readable())
           AND classification <= (SELECT mem0.ceiling()));
-- A version keeps its class when the memory gets a lower one.
ALTER POLICY visible ON memory_versions
    USING (enterprise_id = (SELECT mem0.enterprise()) AND classification <= (SELECT mem0.ceiling())
           AND EXISTS (SELECT FROM memories m WHERE m.enterprise_id = memory_versions.enterprise_id AND m.id = memory_id))
    WITH CHECK (enterprise_id = (SELECT mem0.enterprise()) AND classification <= (SELECT mem0.ceiling()));

-- What a node says about the memories at and below it; the enterprise is a node, too.
CREATE TABLE sharing_policies (
    enterprise_id   uuid NOT NULL,
    scope_id        bigint NOT NULL,
    -- The class of what is added without one; null: as above.
    default_classification classification,
    -- The widest audience by class, {"confidential": "team"}: only ever narrower than what holds above.
    audiences       jsonb NOT NULL DEFAULT '{}',
    updated_by      uuid NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (enterprise_id, scope_id),
    FOREIGN KEY (enterprise_id, scope_id) REFERENCES scopes (enterprise_id, id) ON DELETE CASCADE
);
ALTER TABLE sharing_policies ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON sharing_policies TO mem0_app USING (enterprise_id = (SELECT mem0.enterprise()));
GRANT SELECT, INSERT, UPDATE, DELETE ON sharing_policies TO mem0_app;

REVOKE EXECUTE ON FUNCTION mem0.ceiling() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.ceiling() TO mem0_app;
