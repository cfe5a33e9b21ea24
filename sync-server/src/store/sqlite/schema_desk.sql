-- What the desk's pages ask for beside the inbox. Partial indexes: a query has to repeat their condition word by word.

-- Notices and tasks, which go to many cells at once: all of one batch carry the same moment.
CREATE INDEX record_batch ON record (kind, json_extract(body, '$.fields.at'), cell) WHERE kind IN ('notice', 'task');

-- Households told of a notice.
CREATE INDEX record_told ON record (refers, cell, json_extract(body, '$.fields.household')) WHERE kind = 'notice_ack';

-- Households in which somebody lives.
CREATE INDEX record_lived_in ON record (cell, refers) WHERE kind = 'person'
    AND json_extract(body, '$.fields.moved_out_on') IS NULL AND json_extract(body, '$.fields.died_on') IS NULL
    AND json_extract(body, '$.fields.deleted') IS NOT 1;

-- Finding a resident by name, and by the end of a telephone or document number.
CREATE INDEX record_person_name ON record (cell, json_extract(body, '$.fields.name')) WHERE kind = 'person';
CREATE INDEX record_person_phone ON record (substr(json_extract(body, '$.fields.phone'), -4), cell) WHERE kind = 'person';
CREATE INDEX record_person_document ON record (substr(json_extract(body, '$.fields.document_number'), -4), cell) WHERE kind = 'person';
