-- Whoever is known to the database is told in one statement who they are and what they may read: a process that has just
-- begun asks for nobody else.

-- What somebody may read as it was worked out last (mem0.readable_scopes), which holds while both epochs do. Unlogged: it can
-- be worked out again. Nobody but mem0.identify reads or writes it. Nothing is kept of who reads hundreds of scopes: writing that
-- costs more than working it out.
CREATE UNLOGGED TABLE kept_scopes (
    enterprise_id   uuid NOT NULL,
    user_id         uuid NOT NULL,
    tree_epoch      uuid NOT NULL,
    access_epoch    uuid NOT NULL,
    -- Those of the scopes that are searched through the approximate index, ascending.
    broad           bigint[] NOT NULL,
    scope_ids       bigint[],
    kinds           text[],
    parents         bigint[],
    held_on         bigint[],
    held_as         text[],
    named_ids       bigint[],
    node_ids        uuid[],
    names           text[],
    PRIMARY KEY (enterprise_id, user_id)
);
ALTER TABLE kept_scopes ENABLE ROW LEVEL SECURITY;

-- A foreign key would be checked with each answer that is kept.
CREATE FUNCTION mem0.forget_kept_scopes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    DELETE FROM kept_scopes k USING gone g WHERE k.enterprise_id = g.enterprise_id AND k.user_id = g.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER forget_kept_scopes AFTER DELETE ON users REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION mem0.forget_kept_scopes();

-- As in V27, and also by scopes that begin or cease to be searched through the approximate index.
CREATE OR REPLACE FUNCTION mem0.tree_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
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
                         WHERE n.path <> w.path OR n.kind <> w.kind
                            OR (n.search_tier = 'broad') <> (w.search_tier = 'broad'));
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

-- access.principal: who a credential stands for, and every scope that they may read, in one round trip. Exactly one of
-- `key_hash` and `session` is given. No row: the credential is unknown, revoked, or of an inactive account. The epochs are
-- those of an answer that the caller still has: if they hold, the scopes are null, for they are the same. Epochs are
-- read before scopes, so what is newer than its epoch is only asked for once more. mem0.who_asks stays for code that came
-- before.
CREATE FUNCTION mem0.identify(key_hash bytea, session uuid, at timestamptz, known_tree uuid, known_access uuid)
    RETURNS TABLE (enterprise_id uuid, user_id uuid, email text, account_kind text, credential_id uuid, verbs text[],
                   within_scopes bigint[], ceiling text, expired boolean, tree_epoch uuid, access_epoch uuid,
                   broad bigint[], scope_ids bigint[], kinds text[], parents bigint[], held_on bigint[], held_as text[],
                   named_ids bigint[], node_ids uuid[], names text[])
    LANGUAGE plpgsql SECURITY DEFINER ROWS 1
    SET search_path = pg_catalog, public
    SET plan_cache_mode = force_generic_plan
    AS $$
#variable_conflict use_column
DECLARE
    own bigint;
    last_used timestamptz;
BEGIN
    IF key_hash IS NOT NULL THEN
        SELECT u.enterprise_id, u.id, u.email, u.kind, k.id, k.scopes, k.within_scopes, k.ceiling,
               coalesce(k.expires_at <= at, false), e.tree_epoch, u.access_epoch, u.scope_id, k.last_used_at,
               c.broad, c.scope_ids, c.kinds, c.parents, c.held_on, c.held_as, c.named_ids, c.node_ids, c.names
          INTO enterprise_id, user_id, email, account_kind, credential_id, verbs, within_scopes, ceiling,
               expired, tree_epoch, access_epoch, own, last_used,
               broad, scope_ids, kinds, parents, held_on, held_as, named_ids, node_ids, names
          FROM api_keys k
          JOIN users u ON u.enterprise_id = k.enterprise_id AND u.id = k.user_id
          JOIN enterprises e ON e.id = k.enterprise_id
          LEFT JOIN kept_scopes c ON c.enterprise_id = u.enterprise_id AND c.user_id = u.id
                                 AND c.tree_epoch = e.tree_epoch AND c.access_epoch = u.access_epoch
                                 AND (c.tree_epoch, c.access_epoch) IS DISTINCT FROM (known_tree, known_access)
         WHERE k.secret_hash = key_hash AND k.revoked_at IS NULL AND u.status = 'active';
        -- Once a minute is precise enough, and keeps reads from writing. A crash may lose it: nobody waits for the disk.
        IF NOT expired AND (last_used IS NULL OR last_used < at - interval '1 minute') THEN
            PERFORM set_config('synchronous_commit', 'off', true);
            UPDATE api_keys k SET last_used_at = at
             WHERE k.enterprise_id = identify.enterprise_id AND k.id = identify.credential_id;
        END IF;
    ELSE
        SELECT u.enterprise_id, u.id, u.email, u.kind, s.id, s.expires_at <= at, e.tree_epoch, u.access_epoch, u.scope_id,
               c.broad, c.scope_ids, c.kinds, c.parents, c.held_on, c.held_as, c.named_ids, c.node_ids, c.names
          INTO enterprise_id, user_id, email, account_kind, credential_id, expired, tree_epoch, access_epoch, own,
               broad, scope_ids, kinds, parents, held_on, held_as, named_ids, node_ids, names
          FROM sessions s
          JOIN users u ON u.enterprise_id = s.enterprise_id AND u.id = s.user_id
          JOIN enterprises e ON e.id = s.enterprise_id
          LEFT JOIN kept_scopes c ON c.enterprise_id = u.enterprise_id AND c.user_id = u.id
                                 AND c.tree_epoch = e.tree_epoch AND c.access_epoch = u.access_epoch
                                 AND (c.tree_epoch, c.access_epoch) IS DISTINCT FROM (known_tree, known_access)
         WHERE s.id = session AND s.revoked_at IS NULL AND u.status = 'active';
    END IF;
    IF user_id IS NULL THEN
        RETURN;
    END IF;
    IF scope_ids IS NULL AND (tree_epoch, access_epoch) IS DISTINCT FROM (known_tree, known_access) THEN
        SELECT r.scope_ids, r.kinds, r.parents, r.held_on, r.held_as, r.named_ids, r.node_ids, r.names
          INTO scope_ids, kinds, parents, held_on, held_as, named_ids, node_ids, names
          FROM mem0.readable_scopes(enterprise_id, user_id, own) r;
        broad := ARRAY(SELECT s.id FROM scopes s
                        WHERE s.enterprise_id = identify.enterprise_id AND s.search_tier = 'broad' ORDER BY s.id);
        IF cardinality(scope_ids) <= 200 THEN
            PERFORM set_config('synchronous_commit', 'off', true);
            INSERT INTO kept_scopes AS c
            VALUES (enterprise_id, user_id, tree_epoch, access_epoch, broad, scope_ids, kinds, parents, held_on, held_as,
                    named_ids, node_ids, names)
                ON CONFLICT ON CONSTRAINT kept_scopes_pkey DO UPDATE
                   SET tree_epoch = excluded.tree_epoch, access_epoch = excluded.access_epoch, broad = excluded.broad,
                       scope_ids = excluded.scope_ids, kinds = excluded.kinds, parents = excluded.parents,
                       held_on = excluded.held_on, held_as = excluded.held_as, named_ids = excluded.named_ids,
                       node_ids = excluded.node_ids, names = excluded.names;
        END IF;
    END IF;
    RETURN NEXT;
END
$$;
REVOKE EXECUTE ON FUNCTION mem0.identify(bytea, uuid, timestamptz, uuid, uuid), mem0.forget_kept_scopes() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.identify(bytea, uuid, timestamptz, uuid, uuid) TO mem0_app;

-- Takes from all buckets at once, and gives back to all what one did not have: one statement where there is enough.
CREATE OR REPLACE FUNCTION mem0.take(tenant uuid, buckets uuid[], quotas integer[], at timestamptz, want integer,
                                     OUT granted integer, OUT remaining double precision[]) LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    -- A twentieth at a time at most: what a process takes and does not use is lost to the others.
    most integer := least(want, (SELECT min(greatest(1, quota / 20)) FROM unnest(quotas) quota));
    least_left double precision;
BEGIN
    WITH taken AS (
        -- In the order given, which is the one in which all lock them. A new bucket is full.
        INSERT INTO rate_limits AS r (enterprise_id, bucket, tokens, at)
        SELECT tenant, b.bucket, b.quota - most, take.at
          FROM unnest(buckets, quotas) WITH ORDINALITY b (bucket, quota, place) ORDER BY b.place
            ON CONFLICT (enterprise_id, bucket) DO UPDATE
               SET tokens = least(excluded.tokens + most,
                                  r.tokens + greatest(0, extract(epoch FROM excluded.at - r.at))
                                           * (excluded.tokens + most) / 60) - most,
                   at = greatest(r.at, excluded.at)
        RETURNING r.bucket, r.tokens
    )
    SELECT array_agg(t.tokens ORDER BY array_position(buckets, t.bucket)), min(t.tokens) INTO remaining, least_left
      FROM taken t;
    granted := most;
    IF least_left < 0 THEN
        granted := greatest(0, most - ceil(-least_left)::integer);
        UPDATE rate_limits r SET tokens = r.tokens + most - granted
         WHERE r.enterprise_id = tenant AND r.bucket = ANY (buckets);
        remaining := ARRAY(SELECT left_ + most - granted
                             FROM unnest(remaining) WITH ORDINALITY u (left_, place) ORDER BY place);
    END IF;
END
$$;
-- Every taking would write to it; there are no more rows than somebody asked in the last minutes.
DROP INDEX rate_limits_by_age;

CREATE OR REPLACE FUNCTION mem0.take_tokens(tenant uuid, person uuid, key uuid, at timestamptz, want integer,
                                            OUT granted integer, OUT names text[], OUT quotas integer[],
                                            OUT remaining double precision[], OUT body_bytes integer) LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    buckets uuid[];
BEGIN
    SELECT p.body_bytes,
           array_remove(ARRAY[CASE WHEN p.key_per_minute > 0 AND key IS NOT NULL THEN 'key' END,
                              CASE WHEN p.user_per_minute > 0 THEN 'user' END,
                              CASE WHEN p.tenant_per_minute > 0 THEN 'tenant' END], NULL),
           array_remove(ARRAY[CASE WHEN p.key_per_minute > 0 THEN key END,
                              CASE WHEN p.user_per_minute > 0 THEN person END,
                              CASE WHEN p.tenant_per_minute > 0 THEN tenant END], NULL),
           array_remove(ARRAY[CASE WHEN key IS NOT NULL THEN p.key_per_minute END, p.user_per_minute, p.tenant_per_minute],
                        NULL)
      INTO body_bytes, names, buckets, quotas
      FROM plans p
     WHERE p.name = coalesce((SELECT e.plan FROM enterprise_plans e WHERE e.enterprise_id = tenant), 'enterprise');
    IF buckets <> '{}' THEN
        SELECT t.granted, t.remaining INTO granted, remaining FROM mem0.take(tenant, buckets, quotas, at, want) t;
    ELSE
        granted := want;
        remaining := '{}';
    END IF;
END
$$;
