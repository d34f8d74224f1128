-- A process that has just begun asks about its caller in one statement that names few tables: what depends on the enterprise's
-- plan and on its policy for the log is kept with the scopes (V63), as long as the epoch of the tree holds.

-- The schema's version, for every new connection: a function costs a new session an eighth of what the table costs.
CREATE FUNCTION mem0.tell_schema_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    EXECUTE format('CREATE OR REPLACE FUNCTION mem0.schema_version() RETURNS integer LANGUAGE sql STABLE PARALLEL SAFE
                        RETURN %s', (SELECT coalesce(max(h.version), 0) FROM refinery_schema_history h));
    RETURN NULL;
END
$$;
CREATE TRIGGER tell_schema_version AFTER INSERT OR UPDATE OR DELETE ON refinery_schema_history
    FOR EACH STATEMENT EXECUTE FUNCTION mem0.tell_schema_version();

-- What was told besides the scopes, and for which epoch of the tree: mem0.identify, which code that came before calls, changes
-- the other epoch without it. Requests a minute of a key, of a user and of the tenant.
ALTER TABLE kept_scopes ADD COLUMN told_epoch uuid, ADD COLUMN rates integer[], ADD COLUMN body_bytes integer,
    ADD COLUMN policy text[];

CREATE FUNCTION mem0.terms_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE enterprises e SET tree_epoch = gen_random_uuid()
     WHERE e.id = CASE TG_OP WHEN 'DELETE' THEN OLD.enterprise_id ELSE NEW.enterprise_id END;
    RETURN NULL;
END
$$;
CREATE TRIGGER terms_changed AFTER INSERT OR UPDATE OR DELETE ON enterprise_plans
    FOR EACH ROW EXECUTE FUNCTION mem0.terms_changed();
CREATE TRIGGER terms_changed AFTER INSERT OR UPDATE OR DELETE ON audit_policies
    FOR EACH ROW EXECUTE FUNCTION mem0.terms_changed();

CREATE FUNCTION mem0.plan_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE enterprises e SET tree_epoch = gen_random_uuid()
     WHERE coalesce((SELECT p.plan FROM enterprise_plans p WHERE p.enterprise_id = e.id), 'enterprise') IN (OLD.name, NEW.name);
    RETURN NULL;
END
$$;
CREATE TRIGGER plan_changed AFTER UPDATE ON plans FOR EACH ROW
    WHEN ((OLD.name, OLD.key_per_minute, OLD.user_per_minute, OLD.tenant_per_minute, OLD.body_bytes)
          IS DISTINCT FROM (NEW.name, NEW.key_per_minute, NEW.user_per_minute, NEW.tenant_per_minute, NEW.body_bytes))
    EXECUTE FUNCTION mem0.plan_changed();
CREATE TRIGGER plan_made AFTER INSERT OR DELETE ON plans FOR EACH ROW EXECUTE FUNCTION mem0.plan_changed();

-- access.principal: as mem0.identify (V63), and also takes tokens from the caller's buckets, as many as are wanted, and says what
-- the enterprise asks of its log. Who has no kept row that holds is identified anew.
CREATE FUNCTION mem0.admit(key_hash bytea, session uuid, at timestamptz, known_tree uuid, known_access uuid, by_key boolean,
                           want integer)
    RETURNS TABLE (enterprise_id uuid, user_id uuid, email text, account_kind text, credential_id uuid, verbs text[],
                   within_scopes bigint[], ceiling text, expired boolean, tree_epoch uuid, access_epoch uuid,
                   broad bigint[], packed bigint[], scope_ids bigint[], kinds text[], parents bigint[], held_on bigint[],
                   held_as text[], named_ids bigint[], node_ids uuid[], names text[],
                   granted integer, limits text[], quotas integer[], remaining double precision[], body_bytes integer,
                   policy text[])
    LANGUAGE plpgsql SECURITY DEFINER ROWS 1
    SET search_path = pg_catalog, public
    SET plan_cache_mode = force_generic_plan
    AS $$
#variable_conflict use_column
DECLARE
    kept boolean;
    same boolean;
    last_used timestamptz;
    per_minute integer[];
    buckets uuid[];
BEGIN
    IF key_hash IS NOT NULL THEN
        SELECT u.enterprise_id, u.id, u.email, u.kind, k.id, k.scopes, k.within_scopes, k.ceiling,
               coalesce(k.expires_at <= at, false), e.tree_epoch, u.access_epoch, k.last_used_at, c.user_id IS NOT NULL,
               c.broad, c.packed, c.scope_ids, c.kinds, c.parents, c.held_on, c.held_as, c.named_ids, c.node_ids, c.names,
               c.rates, c.body_bytes, c.policy
          INTO enterprise_id, user_id, email, account_kind, credential_id, verbs, within_scopes, ceiling,
               expired, tree_epoch, access_epoch, last_used, kept,
               broad, packed, scope_ids, kinds, parents, held_on, held_as, named_ids, node_ids, names,
               per_minute, body_bytes, policy
          FROM api_keys k
          JOIN users u ON u.enterprise_id = k.enterprise_id AND u.id = k.user_id
          JOIN enterprises e ON e.id = k.enterprise_id
          LEFT JOIN kept_scopes c ON c.enterprise_id = u.enterprise_id AND c.user_id = u.id
                                 AND c.tree_epoch = e.tree_epoch AND c.access_epoch = u.access_epoch
                                 AND c.told_epoch = e.tree_epoch
         WHERE k.secret_hash = key_hash AND k.revoked_at IS NULL AND u.status = 'active';
    ELSE
        SELECT u.enterprise_id, u.id, u.email, u.kind, s.id, s.expires_at <= at, e.tree_epoch, u.access_epoch,
               c.user_id IS NOT NULL,
               c.broad, c.packed, c.scope_ids, c.kinds, c.parents, c.held_on, c.held_as, c.named_ids, c.node_ids, c.names,
               c.rates, c.body_bytes, c.policy
          INTO enterprise_id, user_id, email, account_kind, credential_id, expired, tree_epoch, access_epoch,
               kept,
               broad, packed, scope_ids, kinds, parents, held_on, held_as, named_ids, node_ids, names,
               per_minute, body_bytes, policy
          FROM sessions s
          JOIN users u ON u.enterprise_id = s.enterprise_id AND u.id = s.user_id
          JOIN enterprises e ON e.id = s.enterprise_id
          LEFT JOIN kept_scopes c ON c.enterprise_id = u.enterprise_id AND c.user_id = u.id
                                 AND c.tree_epoch = e.tree_epoch AND c.access_epoch = u.access_epoch
                                 AND c.told_epoch = e.tree_epoch
         WHERE s.id = session AND s.revoked_at IS NULL AND u.status = 'active';
    END IF;
    IF user_id IS NULL THEN
        RETURN;
    END IF;
    same := (tree_epoch, access_epoch) IS NOT DISTINCT FROM (known_tree, known_access);
    IF NOT kept AND NOT same THEN
        SELECT i.* INTO enterprise_id, user_id, email, account_kind, credential_id, verbs, within_scopes, ceiling, expired,
                        tree_epoch, access_epoch, broad, packed, scope_ids, kinds, parents, held_on, held_as, named_ids,
                        node_ids, names
          FROM mem0.identify(key_hash, session, at, known_tree, known_access) i;
        IF user_id IS NULL THEN
            RETURN;
        END IF;
    ELSIF key_hash IS NOT NULL AND NOT expired AND (last_used IS NULL OR last_used < at - interval '1 minute') THEN
        -- Once a minute is precise enough, and keeps reads from writing. A crash may lose it: nobody waits for the disk.
        PERFORM set_config('synchronous_commit', 'off', true);
        UPDATE api_keys k SET last_used_at = at
         WHERE k.enterprise_id = admit.enterprise_id AND k.id = admit.credential_id;
    END IF;
    IF NOT kept THEN
        SELECT ARRAY[p.key_per_minute, p.user_per_minute, p.tenant_per_minute], p.body_bytes INTO per_minute, body_bytes
          FROM plans p
         WHERE p.name = coalesce((SELECT n.plan FROM enterprise_plans n WHERE n.enterprise_id = admit.enterprise_id),
                                 'enterprise');
        policy := coalesce((SELECT a.reads || a.frameworks FROM audit_policies a
                             WHERE a.enterprise_id = admit.enterprise_id), '{}');
        -- Read after the epoch: if it has changed meanwhile, this row no longer holds. Nobody waits for its being written.
        PERFORM set_config('synchronous_commit', 'off', true);
        UPDATE kept_scopes c SET told_epoch = admit.tree_epoch, rates = per_minute, body_bytes = admit.body_bytes,
                                 policy = admit.policy
         WHERE c.enterprise_id = admit.enterprise_id AND c.user_id = admit.user_id AND c.tree_epoch = admit.tree_epoch
           AND c.access_epoch = admit.access_epoch AND c.told_epoch IS DISTINCT FROM admit.tree_epoch;
    ELSIF same THEN
        -- They are the same, so they need not be sent.
        broad := NULL; packed := NULL; scope_ids := NULL; kinds := NULL; parents := NULL; held_on := NULL; held_as := NULL;
        named_ids := NULL; node_ids := NULL; names := NULL;
    END IF;
    IF want > 0 AND NOT expired THEN
        limits := array_remove(ARRAY[CASE WHEN per_minute[1] > 0 AND by_key THEN 'key' END,
                                     CASE WHEN per_minute[2] > 0 THEN 'user' END,
                                     CASE WHEN per_minute[3] > 0 THEN 'tenant' END], NULL);
        buckets := array_remove(ARRAY[CASE WHEN per_minute[1] > 0 AND by_key THEN credential_id END,
                                      CASE WHEN per_minute[2] > 0 THEN user_id END,
                                      CASE WHEN per_minute[3] > 0 THEN enterprise_id END], NULL);
        quotas := array_remove(ARRAY[CASE WHEN by_key THEN per_minute[1] END, per_minute[2], per_minute[3]], NULL);
        IF buckets <> '{}' THEN
            SELECT t.granted, t.remaining INTO granted, remaining FROM mem0.take(enterprise_id, buckets, quotas, at, want) t;
        ELSE
            granted := want;
            remaining := '{}';
        END IF;
    END IF;
    RETURN NEXT;
END
$$;

REVOKE EXECUTE ON FUNCTION mem0.tell_schema_version(), mem0.terms_changed(), mem0.plan_changed(),
    mem0.admit(bytea, uuid, timestamptz, uuid, uuid, boolean, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.admit(bytea, uuid, timestamptz, uuid, uuid, boolean, integer) TO mem0_app;
