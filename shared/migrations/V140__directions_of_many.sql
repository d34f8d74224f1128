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
    ), ways AS MATERIALIZED (
        SELECT a.home, a.author, a.grantee, h.id AS from_id, h.kind AS from_kind, h.path AS from_path, h.of_people AS from_people,
               g.kind AS to_kind, g.path AS to_path, g.of_people AS to_people,
               CASE WHEN h.of_people THEN coalesce(b.organizations, '{}') ELSE ARRAY[h.path[2]] END AS organizations
          FROM asked a
          JOIN placed h ON h.id = a.home
          JOIN placed g ON g.id = a.grantee
          LEFT JOIN belonging b ON b.person = a.author AND h.of_people
    ), strange AS (
        -- Where one of the readers belongs to none of these organizations.
        SELECT DISTINCT w.home, w.author, w.grantee
          FROM ways w
          JOIN readers r ON r.scope_id = w.grantee
          JOIN belonging o ON o.person = r.person
         WHERE w.to_people AND NOT o.organizations && w.organizations
    ), near AS (
        -- Scopes below or above which the author holds a role.
        SELECT DISTINCT w.author, w.grantee
          FROM ways w
          JOIN standing s ON s.person = w.author
         WHERE w.from_people AND NOT w.to_people AND (w.grantee = ANY (s.path) OR s.id = ANY (w.to_path))
    )
    SELECT w.home, w.author, w.grantee,
           CASE
               WHEN w.to_kind = 'public' THEN 'public'
               -- Everyone sees the public scope already.
               WHEN w.from_kind = 'public' THEN 'down'
               WHEN w.to_people THEN CASE
                   WHEN NOT w.from_people AND cardinality(w.from_path) = 1 THEN 'across'
                   WHEN strange.home IS NOT NULL THEN 'out'
                   ELSE 'across' END
               WHEN w.from_people THEN CASE
                   WHEN near.author IS NOT NULL THEN 'up'
                   WHEN w.to_path[2] = ANY (w.organizations) THEN 'across'
                   ELSE 'out' END
               WHEN w.grantee = ANY (w.from_path) THEN 'up'
               WHEN w.from_id = ANY (w.to_path) THEN 'down'
               WHEN w.from_path[2] = w.to_path[2] THEN 'across'
               ELSE 'out' END
      FROM ways w
      LEFT JOIN strange ON strange.home = w.home AND strange.grantee = w.grantee AND strange.author IS NOT DISTINCT FROM w.author
      LEFT JOIN near ON near.author = w.author AND near.grantee = w.grantee
$$;

-- The same for one, which the code before asks.
CREATE OR REPLACE FUNCTION mem0.direction_of(tenant uuid, home bigint, author uuid, grantee bigint) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT d.direction FROM mem0.directions_of(tenant, ARRAY[home], ARRAY[author], ARRAY[grantee]) d
$$;

REVOKE EXECUTE ON FUNCTION mem0.directions_of(uuid, bigint[], uuid[], bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.directions_of(uuid, bigint[], uuid[], bigint[]) TO mem0_app;
