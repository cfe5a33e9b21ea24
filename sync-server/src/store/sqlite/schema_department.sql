-- For whom somebody answers who works for a department: a code of the county's list of departments.
ALTER TABLE account ADD COLUMN department TEXT;
