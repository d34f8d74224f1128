-- Indexes of every write's look-ups, so that there is one right way for each, in the planner's eyes too.
--
-- Of a table that has just begun to grow it knows nothing, and every index that begins with the tenant looks alike: until
-- the first ANALYZE an import went through all of the tenant's memories for each new one, and through all of its scopes.

-- Near-duplicates. The fingerprint stands for a home and its labels already (Wording::within), and homes are numbered
-- across tenants. A hash index is a third of the B-tree's size, and cheaper in the planner's eyes than any other way.
CREATE INDEX memories_by_wording ON memories USING hash (fingerprint) WHERE deleted_at IS NULL;
DROP INDEX memories_by_fingerprint;

-- Neighbours: what was captured alone has none. A partial index does not stand in the way of the foreign keys' look-ups.
CREATE INDEX memories_beside ON memories (enterprise_id, capture_id, capture_position) WHERE capture_id <> id;
DROP INDEX memories_by_capture;

DROP INDEX scopes_children;
CREATE INDEX scopes_children ON scopes (enterprise_id, parent_id) WHERE parent_id IS NOT NULL;
