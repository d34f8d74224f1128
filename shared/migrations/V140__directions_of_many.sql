-- Who joins a context is asked about for everything in it at once.

-- The directions in which things go: of each home, author and scope given at the same place of the arrays, as mem0.direction_of (V130)
-- says. Where somebody belongs is found once for each person, however many things they wrote and however often they are among those
-- who would see them. Nothing is returned for scopes that are not there any more.
CREATE FUNCTION mem0.directions_of(tenant uuid, homes bigint[], authors uuid[], grantees bigint[])
    RETURNS TABLE (home bigint, author uuid, grantee bigint, direction text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    WITH asked AS MATERIALIZED (
        SELECT DISTINCT a.home, a.author, a.grantee FROM unnest(homes, authors, grantees) a (home, author, grantee)
    ), placed AS MATERIALIZED (
        SELECT s.id, s.kind, s.path, s.kind IN ('user', 'context') AS of_people
          FROM scopes s
         WHERE s.enterprise_id = tenant AND s.id IN (SELECT a.home FROM asked a UNION SELECT a.grantee FROM asked a)
    ), writers AS MATERIALIZED (
        SELECT DISTINCT a.author FROM asked a JOIN placed h ON h.id = a.home AND h.of_people
    ), readers AS MATERIALIZED (
        -- The persons behind a scope, as in mem0.belong_to.
        SELECT g.id AS scope_id, u.id AS person
          FROM placed g JOIN users u ON u.enterprise_id = tenant AND u.scope_id = g.id
         WHERE g.of_people AND g.id IN (SELECT a.grantee FROM asked a)
         UNION
        SELECT g.id, h.user_id
          FROM placed g JOIN mem0.held_roles h ON h.enterprise_id = tenant AND h.scope_id = g.id
         WHERE g.of_people AND g.id IN (SELECT a.grantee FROM asked a)
    ), belonging AS MATERIALIZED (
        SELECT p.person, mem0.organizations_of(tenant, p.person) AS organizations
          FROM (SELECT w.author AS person FROM writers w UNION SELECT r.person FROM readers r) p
    ), standing AS MATERIALIZED (
        SELECT r.user_id AS person, s.id, s.path
          FROM writers w
          JOIN mem0.held_roles r ON r.enterprise_id = tenant AND r.user_id = w.author
          JOIN scopes s ON s.enterprise_id = tenant AND s.id = r.scope_id AND s.kind <> 'context'
    )
    SELECT a.home, a.author, a.grantee,
           CASE
               WHEN g.kind = 'public' THEN 'public'
               -- Everyone sees the public scope already.
               WHEN h.kind = 'public' THEN 'down'
               WHEN g.of_people THEN CASE
                   WHEN NOT h.of_people AND cardinality(h.path) = 1 THEN 'across'
                   WHEN EXISTS (SELECT FROM readers r JOIN belonging o ON o.person = r.person
                                 WHERE r.scope_id = g.id AND NOT o.organizations && w.organizations) THEN 'out'
                   ELSE 'across' END
               WHEN h.of_people THEN CASE
                   WHEN EXISTS (SELECT FROM standing s
                                 WHERE s.person = a.author AND (g.id = ANY (s.path) OR s.id = ANY (g.path))) THEN 'up'
                   WHEN g.path[2] = ANY (w.organizations) THEN 'across'
                   ELSE 'out' END
               WHEN g.id = ANY (h.path) THEN 'up'
               WHEN h.id = ANY (g.path) THEN 'down'
               WHEN h.path[2] = g.path[2] THEN 'across'
               ELSE 'out' END
      FROM asked a
      JOIN placed h ON h.id = a.home
      JOIN placed g ON g.id = a.grantee
      LEFT JOIN belonging b ON b.person = a.author AND h.of_people
     CROSS JOIN LATERAL (SELECT CASE WHEN h.of_people THEN b.organizations ELSE ARRAY[h.path[2]] END AS organizations) w
$$;

-- The same for one, which the code before asks.
CREATE OR REPLACE FUNCTION mem0.direction_of(tenant uuid, home bigint, author uuid, grantee bigint) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT d.direction FROM mem0.directions_of(tenant, ARRAY[home], ARRAY[author], ARRAY[grantee]) d
$$;

REVOKE EXECUTE ON FUNCTION mem0.directions_of(uuid, bigint[], uuid[], bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.directions_of(uuid, bigint[], uuid[], bigint[]) TO mem0_app;
