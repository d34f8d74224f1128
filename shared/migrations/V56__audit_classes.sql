-- Rows of the audit log say how confidential what they show or change is at most: `class:restricted`.

-- Asked where the one who writes a row does not know it. Of the caller's tenant only; nobody's without one.
CREATE FUNCTION mem0.class_tags(ids uuid[]) RETURNS text[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT CASE WHEN max(m.classification) IS NULL THEN '{}'::text[] ELSE ARRAY['class:' || max(m.classification)] END
      FROM memories m WHERE m.enterprise_id = mem0.enterprise() AND m.id = ANY (ids)
$$;
REVOKE EXECUTE ON FUNCTION mem0.class_tags(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.class_tags(uuid[]) TO mem0_app, mem0_identity;
