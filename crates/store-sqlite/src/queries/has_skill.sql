EXISTS (
    SELECT 1
    FROM json_each(iif(json_valid(document), document, '{}'), '$.skills') AS skill
    WHERE CASE skill.type WHEN 'object' THEN skill.value ->> '$.name' ELSE skill.value END = ?
)
