-- A dump could not be restored. pg_restore works without a search path, in which IS DISTINCT FROM finds no operator for vectors;
-- so the condition of this trigger names the operator with its schema.
CREATE OR REPLACE TRIGGER note_vector AFTER UPDATE ON memory_scopes FOR EACH ROW
    WHEN ((OLD.embedding IS NULL) <> (NEW.embedding IS NULL) OR OLD.embedding OPERATOR(public.<>) NEW.embedding
          OR OLD.model IS DISTINCT FROM NEW.model)
    EXECUTE FUNCTION mem0.note_vector();
