-- memory.find_too_wide_as: what mem0.too_wide would find if a memory had another class. It is given the class and gets its own
-- back, so that no second account of who may see what can differ from the first.
CREATE FUNCTION mem0.too_wide_as(memory uuid, class classification)
    RETURNS TABLE (classification classification, home bigint, kind text, abroad boolean)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
#variable_conflict use_column
DECLARE
    wide record;
BEGIN
    BEGIN
        UPDATE memories m SET classification = class
         WHERE m.enterprise_id = mem0.enterprise() AND m.id = memory AND m.deleted_at IS NULL
           AND m.scope_ids && mem0.readable() AND m.classification <= mem0.ceiling();
        SELECT w.classification, w.home, w.kind, w.abroad INTO wide FROM mem0.too_wide(ARRAY[memory]) w;
        RAISE EXCEPTION USING ERRCODE = 'MZ000', MESSAGE = 'only asked';
    EXCEPTION WHEN SQLSTATE 'MZ000' THEN
        -- The update is undone; what was found stays.
        NULL;
    END;
    IF wide.home IS NOT NULL THEN
        RETURN QUERY SELECT wide.classification, wide.home, wide.kind, wide.abroad;
    END IF;
END
$$;
REVOKE EXECUTE ON FUNCTION mem0.too_wide_as(uuid, classification) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.too_wide_as(uuid, classification) TO mem0_app;
