-- Forgotten passwords: a token with which a person chooses a new one, once. A new token replaces the one before.

CREATE TABLE password_resets (
    enterprise_id   uuid NOT NULL,
    user_id         uuid NOT NULL,
    token_hash      bytea NOT NULL UNIQUE,
    -- The administrator who made it; null for the operator of the installation.
    created_by      uuid,
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    PRIMARY KEY (enterprise_id, user_id),
    FOREIGN KEY (enterprise_id, user_id) REFERENCES users (enterprise_id, id) ON DELETE CASCADE
);
ALTER TABLE password_resets ENABLE ROW LEVEL SECURITY;
CREATE POLICY sign_in ON password_resets TO mem0_identity USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON password_resets TO mem0_identity;

-- password_reset.stands: whether the administrator who made a token could still make it.
CREATE FUNCTION mem0.password_reset_stands(tenant uuid, person uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT EXISTS (
        SELECT FROM password_resets r
         WHERE r.enterprise_id = tenant AND r.user_id = person
           AND (r.created_by IS NULL OR EXISTS (
                SELECT FROM users u
                  JOIN scopes s ON s.enterprise_id = tenant AND s.kind = 'enterprise'
                  JOIN mem0.held_roles h ON h.enterprise_id = tenant AND h.user_id = u.id AND h.scope_id = s.id
                 WHERE u.enterprise_id = tenant AND u.id = r.created_by AND u.status = 'active' AND h.role >= 'admin'
                   AND NOT EXISTS (
                       SELECT FROM mem0.held_roles o
                         JOIN scopes os ON os.enterprise_id = tenant AND os.id = o.scope_id AND os.kind <> 'context'
                        WHERE o.enterprise_id = tenant AND o.user_id = person
                          AND NOT EXISTS (SELECT FROM mem0.held_roles m
                                           WHERE m.enterprise_id = tenant AND m.user_id = u.id
                                             AND m.scope_id = ANY (os.path) AND m.role >= o.role)))))
$$;
REVOKE EXECUTE ON FUNCTION mem0.password_reset_stands(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.password_reset_stands(uuid, uuid) TO mem0_identity;

-- Who chose an account's password by a token that they made: they may act as that person, so nobody decides about a request of the
-- other. It stays when the password is changed, which they could do themselves.
ALTER TABLE users ADD COLUMN password_by uuid;

-- The accounts that may be the same person's doing: whoever made a service account's keys, and whoever had a password reset.
CREATE OR REPLACE FUNCTION mem0.behind(account uuid) RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT ARRAY(SELECT account
                  UNION
                 SELECT k.created_by FROM api_keys k
                  WHERE k.enterprise_id = mem0.enterprise() AND k.user_id = account AND k.created_by IS NOT NULL
                  UNION
                 SELECT u.password_by FROM users u
                  WHERE u.enterprise_id = mem0.enterprise() AND u.id = account AND u.password_by IS NOT NULL
                  UNION
                 SELECT u.id FROM users u
                  WHERE u.enterprise_id = mem0.enterprise() AND u.password_by = account)
$$;

-- password_reset.redeem: what follows from an administrator's token. The person decides in nobody's place any more.
CREATE FUNCTION mem0.password_was_reset(tenant uuid, person uuid, maker uuid, at timestamptz) RETURNS void
    LANGUAGE sql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    UPDATE users SET password_by = maker WHERE enterprise_id = tenant AND id = person;
    UPDATE approval_delegates SET revoked_at = at WHERE enterprise_id = tenant AND to_user_id = person AND revoked_at IS NULL;
$$;
REVOKE EXECUTE ON FUNCTION mem0.password_was_reset(uuid, uuid, uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.password_was_reset(uuid, uuid, uuid, timestamptz) TO mem0_identity;
