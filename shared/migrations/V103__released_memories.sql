-- A memory is superseded only as long as its successor is there: when that is deleted or expires, it is current again.

-- The last day on which a successor is returned. Null if the memory is not superseded, or without end.
ALTER TABLE memories ADD COLUMN replaced_until date;

-- The last day on which a memory, or what superseded it, is returned; null if there is no such day.
CREATE FUNCTION mem0.lasts_until(expires_on date, replaced_by uuid, replaced_until date) RETURNS date LANGUAGE sql
    IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN expires_on IS NOT NULL AND (replaced_by IS NULL OR replaced_until IS NOT NULL)
                THEN greatest(expires_on, replaced_until) END;

-- Until now, deleting a successor left what it had superseded behind.
DO $$
BEGIN
    LOOP
        UPDATE memories m SET replaced_by = s.replaced_by
          FROM memories s
         WHERE s.enterprise_id = m.enterprise_id AND s.id = m.replaced_by
           AND s.deleted_at IS NOT NULL AND s.replaced_by IS NOT NULL
           AND m.lifecycle = 'superseded' AND m.deleted_at IS NULL;
        EXIT WHEN NOT FOUND;
    END LOOP;
END
$$;
UPDATE memories m SET lifecycle = 'active', replaced_by = NULL
 WHERE m.lifecycle = 'superseded' AND m.deleted_at IS NULL
   AND NOT EXISTS (SELECT FROM memories s
                    WHERE s.enterprise_id = m.enterprise_id AND s.id = m.replaced_by AND s.deleted_at IS NULL);

CREATE FUNCTION mem0.follow_successor() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    SELECT mem0.lasts_until(s.expires_on, s.replaced_by, s.replaced_until) INTO NEW.replaced_until
      FROM memories s WHERE s.enterprise_id = NEW.enterprise_id AND s.id = NEW.replaced_by;
    RETURN NEW;
END
$$;
CREATE TRIGGER follow_successor BEFORE UPDATE ON memories
    FOR EACH ROW WHEN (new.replaced_by IS DISTINCT FROM old.replaced_by) EXECUTE FUNCTION mem0.follow_successor();

-- Tells what it superseded how long it lasts. Their own change tells what they superseded in turn.
CREATE FUNCTION mem0.tell_superseded() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE memories m SET replaced_until = mem0.lasts_until(NEW.expires_on, NEW.replaced_by, NEW.replaced_until)
     WHERE m.enterprise_id = NEW.enterprise_id AND m.replaced_by = NEW.id
       AND m.replaced_until IS DISTINCT FROM mem0.lasts_until(NEW.expires_on, NEW.replaced_by, NEW.replaced_until);
    RETURN NULL;
END
$$;
CREATE TRIGGER tell_superseded AFTER UPDATE ON memories
    FOR EACH ROW WHEN ((new.expires_on, new.replaced_by, new.replaced_until)
                       IS DISTINCT FROM (old.expires_on, old.replaced_by, old.replaced_until))
    EXECUTE FUNCTION mem0.tell_superseded();

-- A leaver's memories are removed for good; nobody makes a version then.
CREATE FUNCTION mem0.release_removed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE memories m
       SET lifecycle = CASE WHEN OLD.replaced_by IS NULL THEN 'active' ELSE m.lifecycle END, replaced_by = OLD.replaced_by
     WHERE m.enterprise_id = OLD.enterprise_id AND m.replaced_by = OLD.id AND m.lifecycle = 'superseded'
       AND m.deleted_at IS NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER release_removed AFTER DELETE ON memories FOR EACH ROW EXECUTE FUNCTION mem0.release_removed();

UPDATE memories m SET replaced_until = mem0.lasts_until(s.expires_on, s.replaced_by, s.replaced_until)
  FROM memories s
 WHERE s.enterprise_id = m.enterprise_id AND s.id = m.replaced_by AND s.expires_on IS NOT NULL;

-- Makes what these forgotten memories superseded current again, or superseded by what has superseded them, each with a
-- version. The caller may not see all of it: it may live elsewhere by now.
CREATE FUNCTION mem0.release_superseded(forgotten uuid[], editor uuid, released_at timestamptz)
    RETURNS TABLE (id uuid, home_scope_id bigint, version integer, classification text, replaced_by uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
#variable_conflict use_column
DECLARE
    tenant uuid := mem0.enterprise();
BEGIN
    RETURN QUERY
    WITH RECURSIVE heirs AS (
        SELECT m.id, s.replaced_by AS heir
          FROM memories s
          JOIN memories m ON m.enterprise_id = tenant AND m.replaced_by = s.id
         WHERE s.enterprise_id = tenant AND s.id = ANY (forgotten) AND s.deleted_at IS NOT NULL
           AND m.lifecycle = 'superseded' AND m.deleted_at IS NULL
         UNION
        SELECT h.id, s.replaced_by
          FROM heirs h
          JOIN memories s ON s.enterprise_id = tenant AND s.id = h.heir AND s.deleted_at IS NOT NULL
    ), released AS (
        UPDATE memories m
           SET lifecycle = CASE WHEN h.heir IS NULL THEN 'active' ELSE m.lifecycle END, replaced_by = h.heir,
               version = m.version + 1, updated_at = released_at
          FROM heirs h
         WHERE m.enterprise_id = tenant AND m.id = h.id AND m.deleted_at IS NULL
           AND (h.heir IS NULL
                OR EXISTS (SELECT FROM memories s
                            WHERE s.enterprise_id = tenant AND s.id = h.heir AND s.deleted_at IS NULL))
        RETURNING m.id, m.home_scope_id, m.version, m.content, m.metadata, m.categories, m.classification, m.replaced_by
    ), noted AS (
        INSERT INTO memory_versions (enterprise_id, memory_id, version, id, event, old_content, new_content, metadata,
                                     categories, editor_id, at, classification)
        SELECT tenant, r.id, r.version, gen_random_uuid(), 'UPDATE', r.content, r.content, r.metadata, r.categories,
               editor, released_at, r.classification
          FROM released r
    )
    SELECT r.id, r.home_scope_id, r.version, r.classification::text, r.replaced_by FROM released r ORDER BY r.id;
END
$$;
REVOKE EXECUTE ON FUNCTION mem0.follow_successor(), mem0.tell_superseded(), mem0.release_removed(),
    mem0.release_superseded(uuid[], uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.release_superseded(uuid[], uuid, timestamptz) TO mem0_app;
