-- The records of the cells themselves, found without reading everything in them: lists and maps of places.
CREATE INDEX record_of_cells ON record (cell) WHERE kind = 'cell';
