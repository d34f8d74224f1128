-- Whoever a process has let in a moment ago is not asked for twice (docs/adr/0027): that they are still who they were is checked
-- where they are answered, in the same round trip and the same transaction as what they read.

-- access.bind_known: binds the transaction to a caller whom the process knows. Raises what makes a request begin anew (40001)
-- unless the credential is valid and everything that mem0.identify answered of it is still so; then nothing of what the process
-- knows may be used.
CREATE FUNCTION mem0.bind_known(
    key_hash bytea, session uuid, at timestamptz, enterprise uuid, person uuid, credential uuid, email text, kind text,
    verbs text[], within bigint[], key_ceiling text, tree uuid, access uuid, readable text, ceiling text) RETURNS text[]
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public
    AS $$
DECLARE
    same boolean;
    policy text[];
    bound boolean;
BEGIN
    IF key_hash IS NOT NULL THEN
        SELECT (k.id, u.id, e.id, u.access_epoch, e.tree_epoch) = (credential, person, enterprise, access, tree)
               AND (k.expires_at <= bind_known.at) IS NOT TRUE AND u.email = bind_known.email AND u.kind = bind_known.kind
               AND k.scopes = verbs AND k.within_scopes IS NOT DISTINCT FROM within AND k.ceiling IS NOT DISTINCT FROM key_ceiling,
               CASE WHEN p.reads IS NOT NULL THEN p.reads || p.frameworks END
          INTO same, policy
          FROM api_keys k
          JOIN users u ON u.enterprise_id = k.enterprise_id AND u.id = k.user_id
          JOIN enterprises e ON e.id = k.enterprise_id
          LEFT JOIN audit_policies p ON p.enterprise_id = k.enterprise_id
         WHERE k.secret_hash = key_hash AND k.revoked_at IS NULL AND u.status = 'active';
    ELSE
        SELECT (u.id, e.id, u.access_epoch, e.tree_epoch) = (person, enterprise, access, tree)
               AND s.expires_at > bind_known.at AND u.email = bind_known.email AND u.kind = bind_known.kind,
               CASE WHEN p.reads IS NOT NULL THEN p.reads || p.frameworks END
          INTO same, policy
          FROM sessions s
          JOIN users u ON u.enterprise_id = s.enterprise_id AND u.id = s.user_id
          JOIN enterprises e ON e.id = s.enterprise_id
          LEFT JOIN audit_policies p ON p.enterprise_id = s.enterprise_id
         WHERE s.id = session AND s.revoked_at IS NULL AND u.status = 'active';
    END IF;
    IF same IS NOT TRUE THEN
        RAISE EXCEPTION 'the caller is not who they were' USING ERRCODE = 'serialization_failure';
    END IF;
    -- An expression without a query in it is evaluated without the executor.
    bound := set_config('mem0.enterprise', enterprise::text, true) IS NOT NULL
         AND set_config('mem0.readable', readable, true) IS NOT NULL
         AND set_config('mem0.ceiling', ceiling, true) IS NOT NULL
         AND set_config('mem0.at', bind_known.at::text, true) IS NOT NULL
         AND set_config('mem0.person', person::text, true) IS NOT NULL;
    RETURN coalesce(policy, '{}');
END
$$;

-- memory.read_known: one memory for such a caller, under row-level security, recorded as shown (audit.insert says how). Of one
-- that they may not see, that is forgotten or has expired by `day`, every column is null and nothing is recorded. A statement of
-- its own is a transaction of its own.
CREATE FUNCTION mem0.read_known(
    key_hash bytea, session uuid, at timestamptz, enterprise uuid, person uuid, credential uuid, email text, kind text,
    verbs text[], within bigint[], key_ceiling text, tree uuid, access uuid, readable text, ceiling text,
    memory uuid, day date, entry uuid, method text, acting uuid, target text, operation text, request uuid, ip text,
    user_agent text, tag text, required_by text[], own_scope bigint) RETURNS public.memories
    LANGUAGE plpgsql
    AS $$
#variable_conflict use_column
DECLARE
    policy text[] := mem0.bind_known(key_hash, session, at, enterprise, person, credential, email, kind, verbs, within,
                                     key_ceiling, tree, access, readable, ceiling);
    shown public.memories;
    tags text[];
BEGIN
    SELECT m.* INTO shown
      FROM public.memories m
     WHERE m.enterprise_id = enterprise AND m.id = memory AND m.deleted_at IS NULL
       AND (m.expires_on IS NULL OR m.expires_on >= day);
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    tags := ARRAY[tag, 'class:' || shown.classification];
    IF policy <> '{}' THEN
        tags := tags || ARRAY(SELECT f FROM unnest(policy[2:]) f WHERE f = ANY (required_by) ORDER BY f);
        PERFORM set_config('synchronous_commit', 'off', true) WHERE policy[1] = 'buffered';
    END IF;
    INSERT INTO public.audit_log (enterprise_id, id, at, actor_id, actor_method, credential_id, action, target, memory_ids,
                                  scope_id, operation, request_id, ip, user_agent, tags, place)
    VALUES (enterprise, entry, at, person, method, acting, 'memory.read', target, ARRAY[shown.id],
            shown.home_scope_id, operation, request, ip, user_agent, tags,
            CASE WHEN shown.home_scope_id = own_scope THEN 'user:' || person
                 ELSE mem0.place_of(enterprise, shown.home_scope_id) END);
    RETURN shown;
END
$$;

REVOKE EXECUTE ON FUNCTION
    mem0.bind_known(bytea, uuid, timestamptz, uuid, uuid, uuid, text, text, text[], bigint[], text, uuid, uuid, text, text),
    mem0.read_known(bytea, uuid, timestamptz, uuid, uuid, uuid, text, text, text[], bigint[], text, uuid, uuid, text, text,
                    uuid, date, uuid, text, uuid, text, text, uuid, text, text, text, text[], bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    mem0.bind_known(bytea, uuid, timestamptz, uuid, uuid, uuid, text, text, text[], bigint[], text, uuid, uuid, text, text),
    mem0.read_known(bytea, uuid, timestamptz, uuid, uuid, uuid, text, text, text[], bigint[], text, uuid, uuid, text, text,
                    uuid, date, uuid, text, uuid, text, text, uuid, text, text, text, text[], bigint)
    TO mem0_app;
