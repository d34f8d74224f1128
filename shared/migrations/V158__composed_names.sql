-- Labels and categories are kept in the composed form of Unicode (NFC), as they are filtered: “ë” written as two characters
-- is the same name. Only rows with another form are written. Versions are append-only and keep the form of their time.
-- `fingerprint` covers the labels as they were written and is left as it is: the same text with the same labels is no duplicate of
-- such a memory, until it is revised.
UPDATE memories m
   SET user_id = normalize(m.user_id, NFC), agent_id = normalize(m.agent_id, NFC), app_id = normalize(m.app_id, NFC),
       run_id = normalize(m.run_id, NFC),
       categories = ARRAY(SELECT normalize(c.name, NFC) FROM unnest(m.categories) WITH ORDINALITY c (name, place) ORDER BY c.place)
 WHERE m.user_id IS NOT NFC NORMALIZED OR m.agent_id IS NOT NFC NORMALIZED OR m.app_id IS NOT NFC NORMALIZED
    OR m.run_id IS NOT NFC NORMALIZED OR array_to_string(m.categories, ' ') IS NOT NFC NORMALIZED;
