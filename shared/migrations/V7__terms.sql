-- What the text index knows of a text: one function for what is stored and for what is asked.
--
-- Everything here depends on the text alone, never on the collation of the database: PostgreSQL's own case and word
-- classes differ between servers.

-- English stems and stop words. What is no plain word, or is written in other letters, stays as it is.
CREATE TEXT SEARCH CONFIGURATION mem0.words (COPY = pg_catalog.english);
ALTER TEXT SEARCH CONFIGURATION mem0.words
    ALTER MAPPING FOR word, hword, hword_part, numhword, numword WITH simple;

-- Compatible forms as one (fullwidth letters, ligatures), accents and vowel points removed, small letters, other
-- punctuation than ASCII's as spaces.
CREATE FUNCTION mem0.folded(content text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    plain text := regexp_replace(
        normalize(
            regexp_replace(
                normalize(content, NFKD),
                '[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u065f\u0670\ufe00-\ufe0f]+', '', 'g'),
            NFKC),
        '[\u0080-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7\u055a-\u055f\u0589\u058a\u05be\u05c0\u05c3\u05f3\u05f4\u0600-\u060f\u061b-\u061f\u066a-\u066d\u06d4\u0964\u0965\u2000-\u206f\u20a0-\u20cf\u2100-\u25ff\u3000-\u3004\u3008-\u3020\u3030\u30a0\u30fb\ufe10-\ufe6f\ufeff\ufff0-\uffff]+',
        ' ', 'g');
BEGIN
    -- Only for those that need it: for each character, `translate` goes through its whole list.
    IF plain ~ '[ÆØÞÐẞŊƏŁĐĦøłđħı]' THEN
        plain := translate(plain, 'ÆŒÞÐẞŊƏØøŁłĐđĦħı', 'æœþðßŋəoollddhhi');
    END IF;
    IF plain ~ '[А-ЯЂ-Џ]|[ҐҒҖҚҢҮҰҲҺӘӨ]' THEN
        plain := translate(plain, 'АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЂЄЅІЈЉЊЋЏҐҒҖҚҢҮҰҲҺӘӨ',
                                  'абвгдежзийклмнопрстуфхцчшщъыьэюяђєѕіјљњћџґғҗқңүұҳһәө');
    END IF;
    IF plain ~ '[Α-Ως]' THEN
        plain := translate(plain, 'ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩς', 'αβγδεζηθικλμνξοπρστυφχψωσ');
    END IF;
    IF plain ~ '[Ա-Ֆ]' THEN
        plain := translate(plain, 'ԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖ', 'աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ');
    END IF;
    RETURN lower(plain COLLATE "C");
END
$$;

-- The identifiers in a text, each whole: ticket keys, versions, symbols, paths, addresses. Of a composed one also the
-- pieces that are themselves identifiers. `v1.2.3` is `1.2.3`; what is longer than 200 characters counts by its pieces.
CREATE FUNCTION mem0.identifiers(folded text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    SET search_path = pg_catalog AS $$
    SELECT array_agg(DISTINCT regexp_replace(name, '^v(?=[0-9]+[.])', ''))
      FROM (SELECT m[1] AS whole
              FROM regexp_matches(folded,
                   '([^\s!-/:-@[-`{-~]+(?:[-_./\\@:#+~&=%?]+[^\s!-/:-@[-`{-~]+)+|[a-z](?:\+\+|#)(?![a-z0-9]))', 'g') m
             LIMIT 2000) found,
           LATERAL (SELECT whole AS name
                     UNION ALL
                    SELECT btrim(piece, '-_./\@:#+~&=%?')
                      FROM (SELECT regexp_split_to_table(whole, '[:#?]+') AS piece
                             UNION ALL
                            SELECT regexp_split_to_table(whole, '[/\\@:#?&=%]+')) pieces
                     WHERE whole ~ '[/\\@:#?&=%]') every
     -- Words that a hyphen joins are found as words.
     WHERE name ~ '[-_./\\@:#+~&=%?]' AND name ~ '[0-9_./\\@:#+=]' AND length(name) <= 200
$$;

-- Scripts that put no spaces between words, and pictures: each character, and each two that follow one another.
CREATE FUNCTION mem0.characters(folded text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    SET search_path = pg_catalog AS $$
    SELECT array_agg(DISTINCT term)
      FROM (SELECT this, this || lead(this) OVER (ORDER BY place) AS two
              FROM unnest(string_to_array(left(regexp_replace(folded,
                   '[^\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2600-\u27bf\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U0001f000-\U0003ffff]+',
                   ' ', 'g'), 8000), NULL)) WITH ORDINALITY c (this, place)) pairs,
           LATERAL (VALUES (this), (two)) terms (term)
     WHERE term IS NOT NULL AND strpos(term, ' ') = 0
$$;

-- The terms of a text, with the positions of its words. Never fails and never grows past what an index takes: 32,768
-- characters count, and of a word the first 64.
CREATE FUNCTION mem0.terms(content text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    plain text := left(content, 32768);
    words text := plain;
    extra text[] := '{}';
BEGIN
    -- CamelCase is found whole and by its parts.
    IF plain ~ '[a-z][A-Z]|[A-Z]{2}[a-z]{2}' THEN
        words := concat_ws(' ',
            regexp_replace(regexp_replace(plain, '([a-z])([A-Z])', '\1 \2', 'g'), '([A-Z])([A-Z][a-z]{2})', '\1 \2', 'g'),
            (SELECT string_agg(m[1], ' ')
               FROM regexp_matches(plain, '([A-Za-z0-9]*(?:[a-z][A-Z]|[A-Z]{2}[a-z]{2})[A-Za-z0-9]*)', 'g') m));
    END IF;
    IF octet_length(plain) = length(plain) THEN
        plain := lower(plain COLLATE "C");
        words := lower(words COLLATE "C");
    ELSE
        plain := left(mem0.folded(plain), 65536);
        words := left(mem0.folded(words), 65536);
        IF plain ~ '[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2600-\u27bf\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U0001f000-\U0003ffff]' THEN
            extra := mem0.characters(plain);
            words := regexp_replace(words,
                '[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2600-\u27bf\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U0001f000-\U0003ffff]+',
                ' ', 'g');
        END IF;
    END IF;
    IF plain ~ '[^\s!-/:-@[-`{-~][-_./\\@:#+~&=%?]+[^\s!-/:-@[-`{-~]|[a-z][+#]' THEN
        extra := extra || coalesce(mem0.identifiers(plain), '{}');
    END IF;
    words := regexp_replace(words, '[!-/:-@[-`{-~]+', ' ', 'g');
    IF words ~ '\S{65}' THEN
        words := regexp_replace(words, '(\S{64})\S+', '\1', 'g');
    END IF;
    IF extra = '{}' THEN
        RETURN to_tsvector('mem0.words', words);
    END IF;
    RETURN to_tsvector('mem0.words', words) || array_to_tsvector(extra);
END
$$;

-- How many terms those are, repetitions included: the length that BM25 divides by.
CREATE FUNCTION mem0.terms_length(terms tsvector) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN (SELECT coalesce(sum(greatest(1, cardinality(positions))), 0)::integer FROM unnest(terms));

REVOKE EXECUTE ON FUNCTION mem0.folded(text), mem0.identifiers(text), mem0.characters(text), mem0.terms(text),
    mem0.terms_length(tsvector) FROM PUBLIC;
