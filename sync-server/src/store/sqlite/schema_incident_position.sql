-- Where an incident is on the map, so that a map needs to read only what has a place on it. NULL: nobody took a position.
ALTER TABLE incident_row ADD COLUMN lat REAL;
ALTER TABLE incident_row ADD COLUMN lng REAL;

-- Existing databases are folded once more: see `incidents.rs`.
INSERT OR REPLACE INTO setting (name, value) VALUES ('fold_incidents', 'yes');
