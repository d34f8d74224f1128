-- A memory carries what people think of it: a search does not ask again for each of a hundred.

-- The sum of memory_feedback: 1 for each who found it helpful, -1 for each who did not, -2 for each who found it harmful.
ALTER TABLE memories ADD COLUMN opinion integer NOT NULL DEFAULT 0;

CREATE FUNCTION mem0.opinion_value(feedback text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE feedback WHEN 'POSITIVE' THEN 1 WHEN 'NEGATIVE' THEN -1 ELSE -2 END;

UPDATE memories m SET opinion = f.opinion
  FROM (SELECT f.enterprise_id, f.memory_id, sum(mem0.opinion_value(f.feedback)) AS opinion
          FROM memory_feedback f GROUP BY 1, 2) f
 WHERE m.enterprise_id = f.enterprise_id AND m.id = f.memory_id;

-- Adds the difference, so that opinions given at the same time all count.
CREATE FUNCTION mem0.opinion_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    difference integer := coalesce(mem0.opinion_value(NEW.feedback), 0) - coalesce(mem0.opinion_value(OLD.feedback), 0);
BEGIN
    UPDATE memories m SET opinion = m.opinion + difference
     WHERE m.enterprise_id = coalesce(NEW.enterprise_id, OLD.enterprise_id) AND m.id = coalesce(NEW.memory_id, OLD.memory_id)
       AND difference <> 0;
    RETURN NULL;
END
$$;
CREATE TRIGGER opinion_changed AFTER INSERT OR UPDATE OR DELETE ON memory_feedback
    FOR EACH ROW EXECUTE FUNCTION mem0.opinion_changed();
REVOKE EXECUTE ON FUNCTION mem0.opinion_value(text), mem0.opinion_changed() FROM PUBLIC;
