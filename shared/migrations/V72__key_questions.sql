-- access.find_key: what an API key of the caller's tenant is narrowed to, for questions about it. Without its hash.
CREATE FUNCTION mem0.key_limits(key uuid)
    RETURNS TABLE (user_id uuid, verbs text[], within_scopes bigint[], ceiling text, revoked boolean, expires_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT k.user_id, k.scopes, k.within_scopes, k.ceiling::text, k.revoked_at IS NOT NULL, k.expires_at
      FROM api_keys k
     WHERE k.enterprise_id = mem0.enterprise() AND k.id = key
$$;
REVOKE EXECUTE ON FUNCTION mem0.key_limits(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.key_limits(uuid) TO mem0_app;
