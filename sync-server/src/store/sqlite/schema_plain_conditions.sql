-- The conditions of two indexes as plain comparisons. For a condition with a list SQLite makes a table of the list for every
-- statement that writes a record: that was half of what storing one cost.
DROP INDEX record_few;
CREATE INDEX record_few ON record (kind, cell)
    WHERE (kind = 'care_plan' OR kind = 'evacuation' OR kind = 'hazard_point' OR kind = 'notice'
        OR kind = 'threatened_household' OR kind = 'feedback' OR kind = 'dispute');

DROP INDEX record_unapproved;
CREATE INDEX record_unapproved ON record (kind, cell)
    WHERE approved_version IS NOT version
        AND (kind = 'household' OR kind = 'person' OR kind = 'visit' OR kind = 'incident' OR kind = 'dispute'
        OR kind = 'inspection' OR kind = 'hazard_point' OR kind = 'threatened_household');
