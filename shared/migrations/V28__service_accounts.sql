-- Accounts for programs, and keys that take over from others.

-- service_account.create: a user without a password, its personal scope, and the node that owns it, in the caller's tenant.
-- Requests cannot insert users themselves: an account with a password is made by whoever will know the password.
CREATE FUNCTION mem0.create_service_account(account uuid, owner bigint, name text, at timestamptz) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    tenant uuid := mem0.enterprise();
    personal bigint := nextval('scope_ids');
BEGIN
    PERFORM mem0.check_scopes(ARRAY[owner]);
    INSERT INTO scopes (enterprise_id, id, kind, parent_id, path)
    SELECT tenant, personal, 'user', r.id, ARRAY[r.id, personal]
      FROM scopes r WHERE r.enterprise_id = tenant AND r.kind = 'enterprise';
    -- Nobody signs in with this address, and nobody can own it (RFC 2606).
    INSERT INTO users (enterprise_id, id, scope_id, email, display_name, kind, owner_scope_id, created_at, updated_at)
    VALUES (tenant, account, personal, account || '@service-account.invalid', name, 'service', owner, at, at);
END
$$;
REVOKE EXECUTE ON FUNCTION mem0.create_service_account(uuid, bigint, text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.create_service_account(uuid, bigint, text, timestamptz) TO mem0_app;

-- A key is rotated once: its successor is what is rotated next.
CREATE UNIQUE INDEX api_keys_rotated ON api_keys (enterprise_id, rotated_from) WHERE rotated_from IS NOT NULL;

-- What the release before asks, while it still serves: the same answer, a row for each scope. It knows nothing of narrowed
-- keys, which are therefore none to it.
CREATE FUNCTION mem0.principal(key_hash bytea, session uuid, at timestamptz)
    RETURNS TABLE (enterprise_id uuid, user_id uuid, email text, credential_id uuid, verbs text[], expired boolean,
                   scope_id bigint, kind text, path bigint[], search_tier text, role text, node_id uuid, name text)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT p.enterprise_id, p.user_id, p.email, p.credential_id, p.verbs, p.expired,
           s.id, s.kind, s.path, s.search_tier, t.role, t.node_id, t.name
      FROM mem0.principal($1, $2, $3, NULL, NULL) p
      CROSS JOIN LATERAL unnest(p.scope_ids, p.roles, p.node_ids, p.names)
                         WITH ORDINALITY t (scope_id, role, node_id, name, place)
      JOIN scopes s ON s.enterprise_id = p.enterprise_id AND s.id = t.scope_id
     WHERE p.within_scopes IS NULL AND p.ceiling IS NULL
     ORDER BY t.place
$$;
REVOKE EXECUTE ON FUNCTION mem0.principal(bytea, uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.principal(bytea, uuid, timestamptz) TO mem0_app;
