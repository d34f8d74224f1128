-- Whoever reads the whole tree is told it as it stands: without sorting it, joining names to it, or a role beside each scope.
-- The functions of V27 stay for code that came before.

-- Every scope that somebody may read, each once and in any order: their own scope, the public scope, what they hold a role on,
-- everything above it (its memories are for all below) and everything below it (roles are inherited). Beside them the roles
-- that they hold, by scope, and the names of nodes, by scope: those of all nodes for whoever reads them all. Planned once for
-- each connection.
CREATE FUNCTION mem0.readable_scopes(tenant uuid, person uuid, own bigint,
        OUT scope_ids bigint[], OUT kinds text[], OUT parents bigint[],
        OUT held_on bigint[], OUT held_as text[],
        OUT named_ids bigint[], OUT node_ids uuid[], OUT names text[])
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, public
    SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off
    AS $$
DECLARE
    root bigint;
    above bigint[];
BEGIN
    SELECT coalesce(array_agg(h.scope_id), '{}'), coalesce(array_agg(h.role), '{}') INTO held_on, held_as
      FROM (SELECT r.scope_id, max(r.role)::text AS role FROM mem0.held_roles r
             WHERE r.enterprise_id = tenant AND r.user_id = person GROUP BY r.scope_id) h;
    SELECT s.parent_id INTO root FROM scopes s WHERE s.enterprise_id = tenant AND s.id = own;
    IF root = ANY (held_on) THEN
        -- All of the tree, and of what hangs below nothing that on which a role is held.
        SELECT array_agg(t.id), array_agg(t.kind), array_agg(t.parent_id) INTO scope_ids, kinds, parents
          FROM (SELECT s.id, s.kind, s.parent_id FROM scopes s
                 WHERE s.enterprise_id = tenant AND s.kind <> 'user' AND (s.kind <> 'context' OR s.id = ANY (held_on))
                 UNION ALL
                SELECT own, 'user', root) t;
        SELECT array_agg(n.scope_id), array_agg(n.id), array_agg(n.name) INTO named_ids, node_ids, names
          FROM sub_organizations n WHERE n.enterprise_id = tenant;
    ELSE
        SELECT coalesce(array_agg(DISTINCT a.id), '{}') INTO above
          FROM unnest(held_on) h (id)
          JOIN scopes s ON s.enterprise_id = tenant AND s.id = h.id
          CROSS JOIN LATERAL unnest(s.path) a (id);
        SELECT array_agg(t.id), array_agg(t.kind), array_agg(t.parent_id) INTO scope_ids, kinds, parents
          FROM (SELECT s.id, s.kind, s.parent_id FROM scopes s
                 WHERE s.kind <> 'user' AND s.path && held_on AND s.enterprise_id = tenant
                 UNION
                SELECT s.id, s.kind, s.parent_id FROM scopes s
                 WHERE s.enterprise_id = tenant AND s.id = ANY (above || own)
                 UNION
                SELECT s.id, s.kind, s.parent_id FROM scopes s
                 WHERE s.enterprise_id = tenant AND s.kind = 'public' AND s.kind <> 'user') t;
        SELECT array_agg(n.scope_id), array_agg(n.id), array_agg(n.name) INTO named_ids, node_ids, names
          FROM sub_organizations n WHERE n.enterprise_id = tenant AND n.scope_id = ANY (scope_ids);
    END IF;
END
$$;

-- access.principal: who a credential stands for, and every scope that they may read, in one round trip. Exactly one of
-- `key_hash` and `session` is given. No row: the credential is unknown, revoked, or of an inactive account. The epochs are
-- those of an answer that the caller still has: if they hold, the scopes are null, for they are the same. They are read
-- before the scopes, so what is newer than its epoch is only asked for once more.
CREATE FUNCTION mem0.who_asks(key_hash bytea, session uuid, at timestamptz, known_tree uuid, known_access uuid)
    RETURNS TABLE (enterprise_id uuid, user_id uuid, email text, account_kind text, credential_id uuid, verbs text[],
                   within_scopes bigint[], ceiling text, expired boolean, tree_epoch uuid, access_epoch uuid,
                   broad bigint[], scope_ids bigint[], kinds text[], parents bigint[], held_on bigint[], held_as text[],
                   named_ids bigint[], node_ids uuid[], names text[])
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
#variable_conflict use_column
DECLARE
    who record;
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
        -- Once a minute is precise enough, and keeps reads from writing. A crash may lose it: nobody waits for the disk.
        IF FOUND AND NOT who.expired AND (who.last_used_at IS NULL OR who.last_used_at < at - interval '1 minute') THEN
            PERFORM set_config('synchronous_commit', 'off', true);
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
        SELECT r.scope_ids, r.kinds, r.parents, r.held_on, r.held_as, r.named_ids, r.node_ids, r.names
          INTO scope_ids, kinds, parents, held_on, held_as, named_ids, node_ids, names
          FROM mem0.readable_scopes(who.enterprise_id, who.id, who.scope_id) r;
    END IF;
    RETURN NEXT;
END
$$;

REVOKE EXECUTE ON FUNCTION mem0.readable_scopes(uuid, uuid, bigint), mem0.who_asks(bytea, uuid, timestamptz, uuid, uuid)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.readable_scopes(uuid, uuid, bigint), mem0.who_asks(bytea, uuid, timestamptz, uuid, uuid)
    TO mem0_app;
