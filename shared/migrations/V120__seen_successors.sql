-- A memory is superseded only for those who see what superseded it: it may have moved away, have a higher class, or not be shared
-- with them.
--
-- The previous version of the code reads memories.replaced_until (V103) instead, so that column and its triggers stay for now.

-- What superseded this one, whether the caller sees it or not.
CREATE FUNCTION mem0.replacement_of(id uuid) RETURNS uuid LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, public
    AS $$ SELECT m.replaced_by FROM memories m WHERE m.enterprise_id = mem0.enterprise() AND m.id = $1 $$;

-- The first of a memory's successors that is still there and that the caller sees; null if there is none, and then the memory is
-- current for them. Given what replaced it, which is null for most memories: then this is not even called. Row-level security
-- decides what the caller sees.
CREATE FUNCTION mem0.successor(replaced_by uuid) RETURNS uuid LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    tenant uuid := mem0.enterprise();
    today date := (mem0.at() AT TIME ZONE 'UTC')::date;
    heir uuid := replaced_by;
BEGIN
    -- No chain is as long, and none may keep a request for ever.
    FOR step IN 1..1000 LOOP
        EXIT WHEN heir IS NULL;
        IF EXISTS (SELECT FROM public.memories s
                    WHERE s.enterprise_id = tenant AND s.id = heir AND s.deleted_at IS NULL
                      AND (s.expires_on IS NULL OR s.expires_on >= today)) THEN
            RETURN heir;
        END IF;
        heir := mem0.replacement_of(heir);
    END LOOP;
    RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION mem0.replacement_of(uuid), mem0.successor(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.replacement_of(uuid), mem0.successor(uuid) TO mem0_app;
