-- A memory keeps what superseded it before, for those who see that and not the latest.

-- What superseded a memory before `replaced_by` did, latest first: who superseded it anew did not see these. The last eight
-- (memory.update), so that reading stays cheap where a memory is superseded every day.
ALTER TABLE memories ADD COLUMN earlier_successors uuid[] NOT NULL DEFAULT '{}';

-- What superseded this one, latest first, whether the caller sees it or not.
CREATE FUNCTION mem0.replacements_of(id uuid) RETURNS uuid[] LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, public
    AS $$ SELECT array_remove(m.replaced_by || m.earlier_successors, NULL) FROM memories m
           WHERE m.enterprise_id = mem0.enterprise() AND m.id = $1 $$;

-- As in V120, which the code before asks: the first of a memory's successors that is still there and that the caller sees. The latest
-- one and what succeeds it come before the earlier ones.
CREATE FUNCTION mem0.successor(replaced_by uuid, earlier uuid[]) RETURNS uuid LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    tenant uuid := mem0.enterprise();
    today date := (mem0.at() AT TIME ZONE 'UTC')::date;
    heirs uuid[] := replaced_by || earlier;
    tried uuid[] := '{}';
BEGIN
    -- None may keep a request for ever.
    FOR step IN 1..1000 LOOP
        EXIT WHEN cardinality(heirs) = 0;
        IF heirs[1] = ANY (tried) THEN
            heirs := heirs[2:];
            CONTINUE;
        END IF;
        tried := tried || heirs[1];
        IF EXISTS (SELECT FROM public.memories s
                    WHERE s.enterprise_id = tenant AND s.id = heirs[1] AND s.deleted_at IS NULL
                      AND (s.expires_on IS NULL OR s.expires_on >= today)) THEN
            RETURN heirs[1];
        END IF;
        heirs := mem0.replacements_of(heirs[1]) || heirs[2:];
    END LOOP;
    RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION mem0.replacements_of(uuid), mem0.successor(uuid, uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.replacements_of(uuid), mem0.successor(uuid, uuid[]) TO mem0_app;

-- As in V103. What nothing supersedes any more, the latest of those before does again. One that is gone may have been superseded in
-- turn.
CREATE OR REPLACE FUNCTION mem0.follow_successor() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    heir uuid;
    place bigint;
BEGIN
    IF NEW.replaced_by IS NULL AND cardinality(NEW.earlier_successors) > 0 THEN
        SELECT e.id, e.place INTO heir, place
          FROM unnest(NEW.earlier_successors) WITH ORDINALITY e (id, place)
          JOIN memories s ON s.enterprise_id = NEW.enterprise_id AND s.id = e.id
                         AND (s.deleted_at IS NULL OR s.replaced_by IS NOT NULL)
         ORDER BY e.place
         LIMIT 1;
        NEW.earlier_successors := CASE WHEN heir IS NULL THEN '{}' ELSE NEW.earlier_successors[place + 1:] END;
        IF heir IS NOT NULL THEN
            NEW.replaced_by := heir;
            NEW.lifecycle := 'superseded';
        END IF;
    END IF;
    SELECT mem0.lasts_until(s.expires_on, s.replaced_by, s.replaced_until) INTO NEW.replaced_until
      FROM memories s WHERE s.enterprise_id = NEW.enterprise_id AND s.id = NEW.replaced_by;
    RETURN NEW;
END
$$;
