-- Rows of the audit log say how confidential what they show or change is at most: `class:restricted`.

-- Asked where the one who writes a row does not know it. Of the caller's tenant only; nobody's without one. Planned once for
-- each connection.
CREATE FUNCTION mem0.class_tags(ids uuid[]) RETURNS text[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, public
    SET plan_cache_mode = force_generic_plan
    AS $$
DECLARE
    highest classification;
BEGIN
    SELECT max(m.classification) INTO highest FROM memories m
     WHERE m.enterprise_id = mem0.enterprise() AND m.id = ANY (ids);
    RETURN CASE WHEN highest IS NULL THEN '{}'::text[] ELSE ARRAY['class:' || highest] END;
END
$$;
REVOKE EXECUTE ON FUNCTION mem0.class_tags(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.class_tags(uuid[]) TO mem0_app, mem0_identity;
