-- Who agrees to a context sees what they agree to.

-- Of what a context holds that is asked for, what lives below these nodes, newest first: by those who decide for them.
CREATE FUNCTION mem0.approval_memories(approval uuid, nodes bigint[], most integer)
    RETURNS TABLE (id uuid, content text, classification text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT m.id, m.content, m.classification::text
      FROM approvals a
      JOIN memories m ON m.enterprise_id = a.enterprise_id AND m.id = ANY (mem0.memories_of_context(a.home_scope_id))
      JOIN scopes s ON s.enterprise_id = m.enterprise_id AND s.id = m.home_scope_id
     WHERE a.enterprise_id = mem0.enterprise() AND a.id = approval AND a.context_id IS NOT NULL
       AND m.deleted_at IS NULL AND m.classification <= mem0.ceiling()
       AND (s.path && nodes
            -- A context hangs below nothing, and yet belongs to the enterprise.
            OR (s.kind = 'context' AND EXISTS (SELECT FROM scopes e WHERE e.enterprise_id = a.enterprise_id
                                                                      AND e.kind = 'enterprise' AND e.id = ANY (nodes))))
     ORDER BY m.created_at DESC, m.id DESC
     LIMIT most
$$;
REVOKE EXECUTE ON FUNCTION mem0.approval_memories(uuid, bigint[], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.approval_memories(uuid, bigint[], integer) TO mem0_app;
