-- Roles, tenants and their scopes.
--
-- mem0_app       what a request runs as: row-level security binds it to one enterprise.
-- mem0_identity  what sign-in runs as, before the tenant is known: sees accounts and credentials of all tenants,
--                and no memory of any.
-- Neither logs in here: operators give mem0_app a password or RDS IAM, or let another login SET ROLE to it.
--
-- Roles are the server's, not the database's: another installation on it, or its administrator, may have made them.
-- Then only its administrator can grant them, and has to where that is still needed.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mem0_app') THEN
        CREATE ROLE mem0_app NOLOGIN NOINHERIT;
        GRANT mem0_app TO CURRENT_USER;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mem0_identity') THEN
        CREATE ROLE mem0_identity NOLOGIN NOINHERIT;
        GRANT mem0_identity TO CURRENT_USER;
    END IF;
    IF NOT pg_has_role('mem0_app', 'mem0_identity', 'MEMBER') THEN
        GRANT mem0_identity TO mem0_app;
    END IF;
END
$$;

CREATE EXTENSION IF NOT EXISTS vector;
CREATE EXTENSION IF NOT EXISTS btree_gin;

CREATE SCHEMA mem0;
GRANT USAGE ON SCHEMA public, mem0 TO mem0_app, mem0_identity;
GRANT SELECT ON refinery_schema_history TO mem0_app, mem0_identity;

-- Who asks, as the transaction was bound by access::TenantTx. Unset means nobody, and every policy then fails.
CREATE FUNCTION mem0.enterprise() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('mem0.enterprise', true), '')::uuid $$;
CREATE FUNCTION mem0.readable() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT coalesce(nullif(current_setting('mem0.readable', true), ''), '{}')::bigint[] $$;

CREATE TYPE member_role AS ENUM ('viewer', 'member', 'admin', 'owner');

CREATE TABLE enterprises (
    id              uuid PRIMARY KEY,
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    created_at      timestamptz NOT NULL
);

-- Every scope there is, on one sequence: ids are unique across tenants, so a search needs no tenant column beside it.
CREATE SEQUENCE scope_ids AS bigint;
CREATE TABLE scopes (
    enterprise_id   uuid NOT NULL REFERENCES enterprises ON DELETE CASCADE,
    id              bigint NOT NULL DEFAULT nextval('scope_ids') UNIQUE,
    kind            text NOT NULL CHECK (kind IN
                        ('enterprise', 'organization', 'division', 'department', 'unit', 'team', 'user', 'public')),
    parent_id       bigint,
    -- Ancestors from the enterprise down to this scope itself.
    -- At most eight levels, the enterprise being the first (nodes::placement).
    path            bigint[] NOT NULL CHECK (path[cardinality(path)] = id AND cardinality(path) <= 8),
    -- How search reads it: exactly (small, and on the way to or from broad) or through the approximate index (broad).
    search_tier     text NOT NULL DEFAULT 'small' CHECK (search_tier IN ('small', 'promoting', 'broad', 'demoting')),
    PRIMARY KEY (enterprise_id, id),
    FOREIGN KEY (enterprise_id, parent_id) REFERENCES scopes (enterprise_id, id)
);
CREATE INDEX scopes_of_tree ON scopes (enterprise_id, kind) WHERE kind <> 'user';
CREATE INDEX scopes_children ON scopes (enterprise_id, parent_id);

CREATE TABLE sub_organizations (
    enterprise_id   uuid NOT NULL,
    id              uuid NOT NULL UNIQUE,
    scope_id        bigint NOT NULL UNIQUE,
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    settings        jsonb NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (enterprise_id, id),
    FOREIGN KEY (enterprise_id, scope_id) REFERENCES scopes (enterprise_id, id) ON DELETE CASCADE
);
CREATE INDEX sub_organizations_by_age ON sub_organizations (enterprise_id, created_at, id);

ALTER TABLE enterprises ENABLE ROW LEVEL SECURITY;
ALTER TABLE scopes ENABLE ROW LEVEL SECURITY;
ALTER TABLE sub_organizations ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON enterprises TO mem0_app USING (id = (SELECT mem0.enterprise()));
CREATE POLICY tenant ON scopes TO mem0_app USING (enterprise_id = (SELECT mem0.enterprise()));
CREATE POLICY tenant ON sub_organizations TO mem0_app USING (enterprise_id = (SELECT mem0.enterprise()));
CREATE POLICY sign_in ON enterprises TO mem0_identity USING (true);
CREATE POLICY sign_in ON scopes TO mem0_identity USING (true);

GRANT SELECT, UPDATE ON enterprises TO mem0_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON scopes, sub_organizations TO mem0_app;
GRANT SELECT, INSERT ON enterprises, scopes TO mem0_identity;
GRANT USAGE ON SEQUENCE scope_ids TO mem0_app, mem0_identity;
