-- Whatever stores a memory, its labels and categories are in the composed form of Unicode (NFC), as they are filtered. That
-- includes the release before, which may go on writing after the upgrade. V158 composes what is there.
CREATE FUNCTION mem0.compose_names() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    NEW.user_id := normalize(NEW.user_id, NFC);
    NEW.agent_id := normalize(NEW.agent_id, NFC);
    NEW.app_id := normalize(NEW.app_id, NFC);
    NEW.run_id := normalize(NEW.run_id, NFC);
    NEW.categories := ARRAY(SELECT normalize(c.name, NFC) FROM unnest(NEW.categories) WITH ORDINALITY c (name, place)
                             ORDER BY c.place);
    RETURN NEW;
END
$$;

CREATE TRIGGER compose_names BEFORE INSERT OR UPDATE OF user_id, agent_id, app_id, run_id, categories ON memories FOR EACH ROW
    WHEN (NEW.user_id IS NOT NFC NORMALIZED OR NEW.agent_id IS NOT NFC NORMALIZED OR NEW.app_id IS NOT NFC NORMALIZED
          OR NEW.run_id IS NOT NFC NORMALIZED OR array_to_string(NEW.categories, ' ') IS NOT NFC NORMALIZED)
    EXECUTE FUNCTION mem0.compose_names();
