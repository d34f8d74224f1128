-- Who may see what, at the price of an unchanged answer: epochs tell whether what a process knows of somebody's scopes
-- still holds. Groups, service accounts and narrowed keys are part of that answer.

-- Drawn anew by every change of what they stand for, and at random, so that no epoch of a database that was restored to an
-- earlier moment means something else than it did. The tree: nodes, their places and names. Access: what somebody holds.
ALTER TABLE enterprises ADD COLUMN tree_epoch uuid NOT NULL DEFAULT gen_random_uuid();
ALTER TABLE users ADD COLUMN access_epoch uuid NOT NULL DEFAULT gen_random_uuid();

-- A service account is a user without a password that a node owns: what acts for a program.
ALTER TABLE users
    ADD COLUMN kind text NOT NULL DEFAULT 'person' CHECK (kind IN ('person', 'service')),
    ADD COLUMN owner_scope_id bigint,
    ADD CHECK ((kind = 'service') = (owner_scope_id IS NOT NULL)),
    ADD CHECK (kind = 'person' OR password_hash IS NULL),
    ADD FOREIGN KEY (enterprise_id, owner_scope_id) REFERENCES scopes (enterprise_id, id);
CREATE INDEX users_owned ON users (enterprise_id, owner_scope_id, created_at, id) WHERE owner_scope_id IS NOT NULL;
GRANT SELECT (kind, owner_scope_id) ON users TO mem0_app;

-- What narrows a key, beside its verbs. Null does not. Asked anew at each authentication: a key never exceeds its owner.
ALTER TABLE api_keys
    -- The scopes whose subtrees it may be used in.
    ADD COLUMN within_scopes bigint[] CHECK (within_scopes <> '{}'),
    -- The highest classification that it may be used for.
    ADD COLUMN ceiling text CHECK (ceiling IN ('public', 'internal', 'confidential', 'restricted')),
    -- The key that this one takes over from.
    ADD COLUMN rotated_from uuid,
    -- Who made it, when that is not its owner.
    ADD COLUMN created_by uuid;

-- Named sets of people, kept at a node.
CREATE TABLE groups (
    enterprise_id   uuid NOT NULL REFERENCES enterprises ON DELETE CASCADE,
    id              uuid NOT NULL UNIQUE,
    scope_id        bigint NOT NULL,
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    -- Whoever says who belongs to it: people here, or a directory, which knows it by its external id.
    managed_by      text NOT NULL DEFAULT 'manual' CHECK (managed_by IN ('manual', 'scim', 'ldap')),
    external_id     text CHECK (length(external_id) BETWEEN 1 AND 255),
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (enterprise_id, id),
    FOREIGN KEY (enterprise_id, scope_id) REFERENCES scopes (enterprise_id, id)
);
CREATE UNIQUE INDEX groups_by_name ON groups (enterprise_id, scope_id, lower(name));
CREATE UNIQUE INDEX groups_by_external_id ON groups (enterprise_id, managed_by, external_id) WHERE external_id IS NOT NULL;

CREATE TABLE group_members (
    enterprise_id   uuid NOT NULL,
    group_id        uuid NOT NULL,
    user_id         uuid NOT NULL,
    created_at      timestamptz NOT NULL,
    created_by      uuid,
    PRIMARY KEY (enterprise_id, group_id, user_id),
    FOREIGN KEY (enterprise_id, group_id) REFERENCES groups (enterprise_id, id) ON DELETE CASCADE,
    FOREIGN KEY (enterprise_id, user_id) REFERENCES users (enterprise_id, id) ON DELETE CASCADE
);
CREATE INDEX group_members_of_user ON group_members (enterprise_id, user_id);

-- A group as a member of a node.
CREATE TABLE group_roles (
    enterprise_id   uuid NOT NULL,
    group_id        uuid NOT NULL,
    scope_id        bigint NOT NULL,
    role            member_role NOT NULL,
    created_at      timestamptz NOT NULL,
    created_by      uuid,
    PRIMARY KEY (enterprise_id, group_id, scope_id),
    FOREIGN KEY (enterprise_id, group_id) REFERENCES groups (enterprise_id, id) ON DELETE CASCADE,
    FOREIGN KEY (enterprise_id, scope_id) REFERENCES scopes (enterprise_id, id) ON DELETE CASCADE
);
CREATE INDEX group_roles_of_scope ON group_roles (enterprise_id, scope_id);

ALTER TABLE groups ENABLE ROW LEVEL SECURITY;
ALTER TABLE group_members ENABLE ROW LEVEL SECURITY;
ALTER TABLE group_roles ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON groups TO mem0_app USING (enterprise_id = (SELECT mem0.enterprise()));
CREATE POLICY tenant ON group_members TO mem0_app USING (enterprise_id = (SELECT mem0.enterprise()));
CREATE POLICY tenant ON group_roles TO mem0_app USING (enterprise_id = (SELECT mem0.enterprise()));
GRANT SELECT, INSERT, UPDATE, DELETE ON groups, group_members, group_roles TO mem0_app;

-- Every role that somebody holds on a scope itself, whether as a member or through a group.
CREATE VIEW mem0.held_roles WITH (security_invoker = true) AS
    SELECT m.enterprise_id, m.user_id, m.scope_id, m.role, NULL::uuid AS group_id FROM memberships m
     UNION ALL
    SELECT g.enterprise_id, g.user_id, r.scope_id, r.role, r.group_id
      FROM group_members g
      JOIN group_roles r ON r.enterprise_id = g.enterprise_id AND r.group_id = g.group_id;
GRANT SELECT ON mem0.held_roles TO mem0_app;

-- New epochs. Of the tree by nodes that come, go, move or get another name; people's own scopes are not in it, and which
-- arm reads a scope is not either (mem0.principal tells that each time).
CREATE FUNCTION mem0.tree_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    IF TG_TABLE_NAME = 'sub_organizations' THEN
        UPDATE enterprises e SET tree_epoch = gen_random_uuid()
         WHERE e.id IN (SELECT n.enterprise_id FROM now_there n
                          JOIN was_there w ON w.enterprise_id = n.enterprise_id AND w.id = n.id
                         WHERE n.name <> w.name);
    ELSIF TG_OP = 'UPDATE' THEN
        UPDATE enterprises e SET tree_epoch = gen_random_uuid()
         WHERE e.id IN (SELECT n.enterprise_id FROM now_there n
                          JOIN was_there w ON w.enterprise_id = n.enterprise_id AND w.id = n.id
                         WHERE n.path <> w.path OR n.kind <> w.kind);
    ELSIF TG_OP = 'INSERT' THEN
        UPDATE enterprises e SET tree_epoch = gen_random_uuid()
         WHERE e.id IN (SELECT n.enterprise_id FROM now_there n WHERE n.kind <> 'user');
    ELSE
        UPDATE enterprises e SET tree_epoch = gen_random_uuid()
         WHERE e.id IN (SELECT w.enterprise_id FROM was_there w WHERE w.kind <> 'user');
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER tree_grew AFTER INSERT ON scopes REFERENCING NEW TABLE AS now_there
    FOR EACH STATEMENT EXECUTE FUNCTION mem0.tree_changed();
CREATE TRIGGER tree_changed AFTER UPDATE ON scopes REFERENCING NEW TABLE AS now_there OLD TABLE AS was_there
    FOR EACH STATEMENT EXECUTE FUNCTION mem0.tree_changed();
CREATE TRIGGER tree_shrank AFTER DELETE ON scopes REFERENCING OLD TABLE AS was_there
    FOR EACH STATEMENT EXECUTE FUNCTION mem0.tree_changed();
CREATE TRIGGER node_renamed AFTER UPDATE ON sub_organizations REFERENCING NEW TABLE AS now_there OLD TABLE AS was_there
    FOR EACH STATEMENT EXECUTE FUNCTION mem0.tree_changed();

-- Of somebody's access by what they hold: the same function for members and for those of groups.
CREATE FUNCTION mem0.access_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        UPDATE users u SET access_epoch = gen_random_uuid()
          FROM (SELECT DISTINCT n.enterprise_id, n.user_id FROM now_there n) c
         WHERE u.enterprise_id = c.enterprise_id AND u.id = c.user_id;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        UPDATE users u SET access_epoch = gen_random_uuid()
          FROM (SELECT DISTINCT w.enterprise_id, w.user_id FROM was_there w) c
         WHERE u.enterprise_id = c.enterprise_id AND u.id = c.user_id;
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION mem0.group_access_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        UPDATE users u SET access_epoch = gen_random_uuid()
          FROM (SELECT DISTINCT g.enterprise_id, g.user_id
                  FROM now_there n
                  JOIN group_members g ON g.enterprise_id = n.enterprise_id AND g.group_id = n.group_id) c
         WHERE u.enterprise_id = c.enterprise_id AND u.id = c.user_id;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        UPDATE users u SET access_epoch = gen_random_uuid()
          FROM (SELECT DISTINCT g.enterprise_id, g.user_id
                  FROM was_there w
                  JOIN group_members g ON g.enterprise_id = w.enterprise_id AND g.group_id = w.group_id) c
         WHERE u.enterprise_id = c.enterprise_id AND u.id = c.user_id;
    END IF;
    RETURN NULL;
END
$$;
DO $$
DECLARE
    held text;
    noted text;
BEGIN
    FOREACH held IN ARRAY ARRAY['memberships', 'group_members', 'group_roles'] LOOP
        noted := CASE held WHEN 'group_roles' THEN 'mem0.group_access_changed()' ELSE 'mem0.access_changed()' END;
        EXECUTE format('CREATE TRIGGER access_given AFTER INSERT ON %I REFERENCING NEW TABLE AS now_there
                        FOR EACH STATEMENT EXECUTE FUNCTION %s', held, noted);
        EXECUTE format('CREATE TRIGGER access_changed AFTER UPDATE ON %I
                        REFERENCING NEW TABLE AS now_there OLD TABLE AS was_there
                        FOR EACH STATEMENT EXECUTE FUNCTION %s', held, noted);
        EXECUTE format('CREATE TRIGGER access_taken AFTER DELETE ON %I REFERENCING OLD TABLE AS was_there
                        FOR EACH STATEMENT EXECUTE FUNCTION %s', held, noted);
    END LOOP;
END
$$;

-- What is below a scope is found by it, without a look at the whole tree.
CREATE INDEX scopes_by_path ON scopes USING gin (path) WITH (fastupdate = off) WHERE kind <> 'user';
CREATE INDEX scopes_broad ON scopes (enterprise_id, id) WHERE search_tier = 'broad';

-- Every scope that somebody may read, from the enterprise down, in arrays of equal length: their own scope, the public
-- scope, what they hold a role on, everything above it (its memories are for all below) and everything below it (roles are
-- inherited). Roles are those held on the scope itself. Planned once for each connection.
CREATE FUNCTION mem0.expand_scopes(tenant uuid, person uuid, own bigint,
        OUT scope_ids bigint[], OUT kinds text[], OUT parents bigint[], OUT roles text[],
        OUT node_ids uuid[], OUT names text[])
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, public
    SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off
    AS $$
DECLARE
    held bigint[];
    held_as text[];
    above bigint[];
BEGIN
    SELECT coalesce(array_agg(h.scope_id), '{}'), coalesce(array_agg(h.role), '{}') INTO held, held_as
      FROM (SELECT r.scope_id, max(r.role)::text AS role FROM mem0.held_roles r
             WHERE r.enterprise_id = tenant AND r.user_id = person GROUP BY r.scope_id) h;
    SELECT coalesce(array_agg(DISTINCT a.id), '{}') INTO above
      FROM unnest(held) h (id)
      JOIN scopes s ON s.enterprise_id = tenant AND s.id = h.id
      CROSS JOIN LATERAL unnest(s.path) a (id);
    SELECT array_agg(t.id), array_agg(t.kind), array_agg(t.parent_id), array_agg(t.role), array_agg(t.node_id),
           array_agg(t.name)
      INTO scope_ids, kinds, parents, roles, node_ids, names
      FROM (SELECT found.id, found.kind, found.parent_id, h.role, n.id AS node_id, n.name
              FROM (SELECT s.id, s.kind, s.parent_id, cardinality(s.path) AS level
                      FROM scopes s
                     WHERE s.kind <> 'user' AND s.path && held AND s.enterprise_id = tenant
                     UNION
                    SELECT s.id, s.kind, s.parent_id, cardinality(s.path)
                      FROM scopes s WHERE s.enterprise_id = tenant AND s.id = ANY (above || own)
                     UNION
                    SELECT s.id, s.kind, s.parent_id, cardinality(s.path)
                      FROM scopes s WHERE s.enterprise_id = tenant AND s.kind = 'public' AND s.kind <> 'user') found
              LEFT JOIN unnest(held, held_as) h (id, role) ON h.id = found.id
              LEFT JOIN sub_organizations n ON n.enterprise_id = tenant AND n.scope_id = found.id
             ORDER BY found.level, found.id) t;
END
$$;

-- access.principal: who a credential stands for, and every scope that they may read, in one round trip. Exactly one of
-- `key_hash` and `session` is given. No row: the credential is unknown, revoked, or of an inactive account. The epochs are
-- those of an answer that the caller still has: if they hold, the scopes are null, for they are the same. They are read
-- before the scopes, so what is newer than its epoch is only asked for once more.
DROP FUNCTION mem0.principal(bytea, uuid, timestamptz);
CREATE FUNCTION mem0.principal(key_hash bytea, session uuid, at timestamptz, known_tree uuid, known_access uuid)
    RETURNS TABLE (enterprise_id uuid, user_id uuid, email text, account_kind text, credential_id uuid, verbs text[],
                   within_scopes bigint[], ceiling text, expired boolean, tree_epoch uuid, access_epoch uuid,
                   broad bigint[], scope_ids bigint[], kinds text[], parents bigint[], roles text[], node_ids uuid[],
                   names text[])
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
#variable_conflict use_column
DECLARE
    who record;
    seen record;
BEGIN
    IF key_hash IS NOT NULL THEN
        SELECT u.enterprise_id, u.id, u.scope_id, u.email, u.kind, u.access_epoch, e.tree_epoch,
               k.id AS credential_id, k.scopes AS verbs, k.within_scopes, k.ceiling,
               coalesce(k.expires_at <= at, false) AS expired, k.last_used_at
          INTO who
          FROM api_keys k
          JOIN users u ON u.enterprise_id = k.enterprise_id AND u.id = k.user_id
          JOIN enterprises e ON e.id = k.enterprise_id
         WHERE k.secret_hash = key_hash AND k.revoked_at IS NULL AND u.status = 'active';
        -- Once a minute is precise enough, and keeps reads from writing.
        IF FOUND AND NOT who.expired AND (who.last_used_at IS NULL OR who.last_used_at < at - interval '1 minute') THEN
            UPDATE api_keys k SET last_used_at = at
             WHERE k.enterprise_id = who.enterprise_id AND k.id = who.credential_id;
        END IF;
    ELSE
        SELECT u.enterprise_id, u.id, u.scope_id, u.email, u.kind, u.access_epoch, e.tree_epoch,
               s.id AS credential_id, NULL::text[] AS verbs, NULL::bigint[] AS within_scopes, NULL::text AS ceiling,
               s.expires_at <= at AS expired
          INTO who
          FROM sessions s
          JOIN users u ON u.enterprise_id = s.enterprise_id AND u.id = s.user_id
          JOIN enterprises e ON e.id = s.enterprise_id
         WHERE s.id = session AND s.revoked_at IS NULL AND u.status = 'active';
    END IF;
    IF who.id IS NULL THEN
        RETURN;
    END IF;
    enterprise_id := who.enterprise_id;
    user_id := who.id;
    email := who.email;
    account_kind := who.kind;
    credential_id := who.credential_id;
    verbs := who.verbs;
    within_scopes := who.within_scopes;
    ceiling := who.ceiling;
    expired := who.expired;
    tree_epoch := who.tree_epoch;
    access_epoch := who.access_epoch;
    broad := ARRAY(SELECT s.id FROM scopes s
                    WHERE s.enterprise_id = who.enterprise_id AND s.search_tier = 'broad' ORDER BY s.id);
    IF who.tree_epoch IS DISTINCT FROM known_tree OR who.access_epoch IS DISTINCT FROM known_access THEN
        SELECT * INTO seen FROM mem0.expand_scopes(who.enterprise_id, who.id, who.scope_id);
        scope_ids := seen.scope_ids;
        kinds := seen.kinds;
        parents := seen.parents;
        roles := seen.roles;
        node_ids := seen.node_ids;
        names := seen.names;
    END IF;
    RETURN NEXT;
END
$$;

REVOKE EXECUTE ON FUNCTION mem0.principal(bytea, uuid, timestamptz, uuid, uuid), mem0.expand_scopes(uuid, uuid, bigint),
    mem0.tree_changed(), mem0.access_changed(), mem0.group_access_changed() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.principal(bytea, uuid, timestamptz, uuid, uuid), mem0.expand_scopes(uuid, uuid, bigint)
    TO mem0_app;
