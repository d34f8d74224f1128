-- access.find_refused: whose a credential is that is not let in (any more), and why. Nothing for one that nobody has.
CREATE FUNCTION mem0.refused_credential(key_hash bytea, session uuid, at timestamptz)
    RETURNS TABLE (enterprise_id uuid, user_id uuid, credential_id uuid, reason text)
    LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, public AS $$
    SELECT k.enterprise_id, k.user_id, k.id,
           CASE WHEN u.status <> 'active' THEN 'the account is deactivated'
                WHEN k.revoked_at IS NOT NULL THEN 'the key was revoked'
                ELSE 'the key has expired' END
      FROM api_keys k JOIN users u ON u.enterprise_id = k.enterprise_id AND u.id = k.user_id
     WHERE k.secret_hash = key_hash
       AND (u.status <> 'active' OR k.revoked_at IS NOT NULL OR k.expires_at <= at)
     UNION ALL
    SELECT s.enterprise_id, s.user_id, s.id,
           CASE WHEN u.status <> 'active' THEN 'the account is deactivated'
                WHEN s.revoked_at IS NOT NULL THEN 'the session was ended'
                ELSE 'the session has expired' END
      FROM sessions s JOIN users u ON u.enterprise_id = s.enterprise_id AND u.id = s.user_id
     WHERE s.id = session
       AND (u.status <> 'active' OR s.revoked_at IS NOT NULL OR s.expires_at <= at)
$$;
REVOKE EXECUTE ON FUNCTION mem0.refused_credential(bytea, uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.refused_credential(bytea, uuid, timestamptz) TO mem0_identity;
