-- Whether a report counted what was approved last, or what stood; reports of before counted what stood.
ALTER TABLE report ADD COLUMN official INTEGER NOT NULL DEFAULT 0;

-- Records whose present version is not the approved one: what a report that counts the approved versions takes off its sums. Kinds
-- that nobody reviews, and those that no report counts, are not among them.
CREATE INDEX record_unapproved ON record (kind, cell)
    WHERE approved_version IS NOT version AND kind IN
    ('household', 'person', 'visit', 'incident', 'dispute', 'inspection', 'hazard_point', 'threatened_household');
