-- The projection's triggers look scopes up one by one, by their key. Joined as tables, the planner read all of the tenant's
-- scopes for each statement that adds a memory: ten thousand in a company of as many people. `LIMIT 1` keeps it from that.

CREATE OR REPLACE FUNCTION mem0.hold_scopes(tenant uuid, ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(mem0.scope_lock(id)) FROM unnest(ids) id;
    -- A new statement, so that it sees what was deleted while this one waited.
    IF EXISTS (SELECT FROM unnest(ids) wanted(id)
                 LEFT JOIN LATERAL (SELECT s.id FROM scopes s
                                     WHERE s.enterprise_id = tenant AND s.id = wanted.id LIMIT 1) known ON true
                WHERE known.id IS NULL) THEN
        RAISE EXCEPTION 'a scope of the memory does not exist'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'memories_scopes';
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION mem0.project_inserted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM mem0.hold_scopes(named.enterprise_id, array_agg(named.id ORDER BY named.id))
       FROM (SELECT DISTINCT i.enterprise_id, unnest(i.scope_ids) AS id FROM inserted i) named
      GROUP BY named.enterprise_id;
    WITH analysed AS MATERIALIZED (
        SELECT i.enterprise_id, i.id, i.scope_ids, i.embedding, mem0.model_number(i.embedding_model) AS model,
               mem0.terms(i.content) AS terms
          FROM inserted i
         WHERE i.deleted_at IS NULL AND i.lifecycle <> 'merged'
    )
    INSERT INTO memory_scopes (enterprise_id, scope_id, memory_id, broad, embedding, model, terms, length)
    SELECT a.enterprise_id, s.id, a.id, s.search_tier IN ('promoting', 'broad'), a.embedding, a.model,
           a.terms, mem0.terms_length(a.terms)
      FROM analysed a
     CROSS JOIN LATERAL (SELECT DISTINCT unnest(a.scope_ids) AS id) named
     CROSS JOIN LATERAL (SELECT s.id, s.search_tier FROM scopes s
                          WHERE s.enterprise_id = a.enterprise_id AND s.id = named.id LIMIT 1) s;
    RETURN NULL;
END
$$;
