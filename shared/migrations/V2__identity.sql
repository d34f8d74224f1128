-- Accounts, memberships and credentials. Secrets are stored as hashes only, except signing keys.

CREATE TABLE users (
    enterprise_id   uuid NOT NULL REFERENCES enterprises ON DELETE CASCADE,
    id              uuid NOT NULL UNIQUE,
    scope_id        bigint NOT NULL UNIQUE,
    email           text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    display_name    text NOT NULL DEFAULT '' CHECK (length(display_name) <= 200),
    -- PHC string (argon2id), or an imported bcrypt hash until the next login; null when only SSO may sign in.
    password_hash   text,
    -- When its owner last chose it; a new hash of the same password does not count.
    password_changed_at timestamptz,
    status          text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'deactivated')),
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    deactivated_at  timestamptz,
    PRIMARY KEY (enterprise_id, id),
    FOREIGN KEY (enterprise_id, scope_id) REFERENCES scopes (enterprise_id, id)
);
CREATE UNIQUE INDEX users_email ON users (lower(email));
CREATE INDEX users_by_age ON users (enterprise_id, created_at, id);

CREATE TABLE memberships (
    enterprise_id   uuid NOT NULL,
    user_id         uuid NOT NULL,
    scope_id        bigint NOT NULL,
    role            member_role NOT NULL,
    created_at      timestamptz NOT NULL,
    created_by      uuid,
    PRIMARY KEY (enterprise_id, user_id, scope_id),
    FOREIGN KEY (enterprise_id, user_id) REFERENCES users (enterprise_id, id) ON DELETE CASCADE,
    FOREIGN KEY (enterprise_id, scope_id) REFERENCES scopes (enterprise_id, id) ON DELETE CASCADE
);
CREATE INDEX memberships_of_scope ON memberships (enterprise_id, scope_id, user_id);

CREATE TABLE invitations (
    enterprise_id   uuid NOT NULL REFERENCES enterprises ON DELETE CASCADE,
    id              uuid NOT NULL UNIQUE,
    scope_id        bigint NOT NULL,
    -- In lower case.
    email           text NOT NULL,
    role            member_role NOT NULL,
    token_hash      bytea NOT NULL UNIQUE,
    invited_by      uuid NOT NULL,
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    accepted_at     timestamptz,
    revoked_at      timestamptz,
    PRIMARY KEY (enterprise_id, id),
    FOREIGN KEY (enterprise_id, scope_id) REFERENCES scopes (enterprise_id, id) ON DELETE CASCADE
);

-- Inviting again replaces: an address has one open invitation to a scope.
CREATE UNIQUE INDEX invitations_open ON invitations (enterprise_id, scope_id, email)
    WHERE accepted_at IS NULL AND revoked_at IS NULL;

-- One login; its id is the family of the refresh tokens that descend from it.
CREATE TABLE sessions (
    enterprise_id   uuid NOT NULL,
    id              uuid NOT NULL UNIQUE,
    user_id         uuid NOT NULL,
    ip              text,
    user_agent      text,
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    revoked_at      timestamptz,
    revoke_reason   text,
    PRIMARY KEY (enterprise_id, id),
    FOREIGN KEY (enterprise_id, user_id) REFERENCES users (enterprise_id, id) ON DELETE CASCADE
);
CREATE INDEX sessions_of_user ON sessions (enterprise_id, user_id);

CREATE TABLE refresh_tokens (
    enterprise_id   uuid NOT NULL,
    id              uuid NOT NULL UNIQUE,
    session_id      uuid NOT NULL,
    token_hash      bytea NOT NULL UNIQUE,
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    -- Set when the token was exchanged. The successor is derived from the old token and this salt, so that a retry
    -- within the grace period gets the very same one without it ever being stored.
    rotated_at      timestamptz,
    successor_salt  bytea NOT NULL,
    PRIMARY KEY (enterprise_id, id),
    FOREIGN KEY (enterprise_id, session_id) REFERENCES sessions (enterprise_id, id) ON DELETE CASCADE
);
CREATE INDEX refresh_tokens_of_session ON refresh_tokens (enterprise_id, session_id);

CREATE TABLE api_keys (
    enterprise_id   uuid NOT NULL,
    id              uuid NOT NULL UNIQUE,
    user_id         uuid NOT NULL,
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    -- The first characters of the key, to recognize it by.
    prefix          text NOT NULL,
    secret_hash     bytea NOT NULL UNIQUE,
    scopes          text[] NOT NULL,
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz,
    last_used_at    timestamptz,
    revoked_at      timestamptz,
    PRIMARY KEY (enterprise_id, id),
    FOREIGN KEY (enterprise_id, user_id) REFERENCES users (enterprise_id, id) ON DELETE CASCADE
);
CREATE INDEX api_keys_of_user ON api_keys (enterprise_id, user_id, created_at);

-- Ed25519 keys of access tokens: one signs, the next is already published.
CREATE TABLE signing_keys (
    -- The JWK thumbprint of the public key (RFC 7638).
    id              text PRIMARY KEY,
    -- The 32-byte seed (RFC 8032).
    private_key     bytea NOT NULL CHECK (octet_length(private_key) = 32),
    public_key      bytea NOT NULL CHECK (octet_length(public_key) = 32),
    active_from     timestamptz NOT NULL,
    created_at      timestamptz NOT NULL
);

-- Failed sign-ins, by hashed account name and by address.
CREATE TABLE login_attempts (
    bucket          text PRIMARY KEY,
    failures        integer NOT NULL,
    last_failure_at timestamptz NOT NULL,
    blocked_until   timestamptz
);
CREATE INDEX login_attempts_by_age ON login_attempts (last_failure_at);

ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE memberships ENABLE ROW LEVEL SECURITY;
ALTER TABLE invitations ENABLE ROW LEVEL SECURITY;
ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE refresh_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON users TO mem0_app USING (enterprise_id = (SELECT mem0.enterprise()));
CREATE POLICY tenant ON memberships TO mem0_app USING (enterprise_id = (SELECT mem0.enterprise()));
CREATE POLICY tenant ON invitations TO mem0_app USING (enterprise_id = (SELECT mem0.enterprise()));
CREATE POLICY sign_in ON users TO mem0_identity USING (true);
CREATE POLICY sign_in ON memberships TO mem0_identity USING (true);
CREATE POLICY sign_in ON invitations TO mem0_identity USING (true);
CREATE POLICY sign_in ON sessions TO mem0_identity USING (true);
CREATE POLICY sign_in ON refresh_tokens TO mem0_identity USING (true);
CREATE POLICY sign_in ON api_keys TO mem0_identity USING (true);

-- A request never sees a hash: password columns and credentials belong to sign-in.
GRANT SELECT (enterprise_id, id, scope_id, email, display_name, status, created_at, updated_at, deactivated_at)
    ON users TO mem0_app;
GRANT UPDATE (display_name, updated_at) ON users TO mem0_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON memberships, invitations TO mem0_app;
GRANT SELECT, INSERT, UPDATE ON users, sessions, refresh_tokens, api_keys, signing_keys, login_attempts TO mem0_identity;
GRANT DELETE ON sessions, refresh_tokens, signing_keys, login_attempts TO mem0_identity;
GRANT SELECT, INSERT, UPDATE ON memberships, invitations TO mem0_identity;

-- access.principal: who a credential stands for, and every scope that they may read, in one round trip. Exactly one
-- of `key_hash` and `session` is given. No row: the credential is unknown, revoked, or of an inactive account.
-- Readable are the caller's own scope, the public scope, what they are a member of, everything above it (its
-- memories are for all below) and everything below it (roles are inherited).
CREATE FUNCTION mem0.principal(key_hash bytea, session uuid, at timestamptz)
    RETURNS TABLE (enterprise_id uuid, user_id uuid, email text, credential_id uuid, verbs text[], expired boolean,
                   scope_id bigint, kind text, path bigint[], search_tier text, role text, node_id uuid, name text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
#variable_conflict use_column
DECLARE
    who record;
    held bigint[];
    above bigint[];
BEGIN
    IF key_hash IS NOT NULL THEN
        SELECT u.enterprise_id, u.id, u.scope_id, u.email, k.id AS credential_id, k.scopes AS verbs,
               coalesce(k.expires_at <= at, false) AS expired, k.last_used_at
          INTO who
          FROM api_keys k JOIN users u ON u.enterprise_id = k.enterprise_id AND u.id = k.user_id
         WHERE k.secret_hash = key_hash AND k.revoked_at IS NULL AND u.status = 'active';
        -- Once a minute is precise enough, and keeps reads from writing.
        IF FOUND AND NOT who.expired AND (who.last_used_at IS NULL OR who.last_used_at < at - interval '1 minute') THEN
            UPDATE api_keys k SET last_used_at = at
             WHERE k.enterprise_id = who.enterprise_id AND k.id = who.credential_id;
        END IF;
    ELSE
        SELECT u.enterprise_id, u.id, u.scope_id, u.email, s.id AS credential_id, NULL::text[] AS verbs,
               s.expires_at <= at AS expired
          INTO who
          FROM sessions s JOIN users u ON u.enterprise_id = s.enterprise_id AND u.id = s.user_id
         WHERE s.id = session AND s.revoked_at IS NULL AND u.status = 'active';
    END IF;
    IF who.id IS NULL THEN
        RETURN;
    END IF;
    SELECT coalesce(array_agg(m.scope_id), '{}') INTO held
      FROM memberships m WHERE m.enterprise_id = who.enterprise_id AND m.user_id = who.id;
    SELECT coalesce(array_agg(DISTINCT a), '{}') INTO above
      FROM scopes s, unnest(s.path) a WHERE s.enterprise_id = who.enterprise_id AND s.id = ANY (held);
    RETURN QUERY
    SELECT who.enterprise_id, who.id, who.email, who.credential_id, who.verbs, who.expired,
           s.id, s.kind, s.path, s.search_tier, m.role::text, n.id, n.name
      FROM scopes s
      LEFT JOIN memberships m
             ON m.enterprise_id = s.enterprise_id AND m.user_id = who.id AND m.scope_id = s.id
      LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
     WHERE s.enterprise_id = who.enterprise_id
       AND (s.id = who.scope_id
            OR (s.kind <> 'user' AND (s.kind = 'public' OR s.path && held OR s.id = ANY (above))))
     ORDER BY cardinality(s.path), s.id;
END
$$;
REVOKE EXECUTE ON FUNCTION mem0.principal(bytea, uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.principal(bytea, uuid, timestamptz) TO mem0_app;
