-- The audit log says why and what of (`detail`), and every entry is linked to the one before: see `store/chain.rs`. Entries that are
-- there are linked once, in their order; then nothing may be changed again: see `audit.rs`.
DROP TRIGGER audit_is_never_changed;
ALTER TABLE audit ADD COLUMN detail TEXT NOT NULL DEFAULT ''; -- JSON: reason, fields …; no personal data
ALTER TABLE audit ADD COLUMN link   BLOB NOT NULL DEFAULT x'';
CREATE INDEX audit_who ON audit (who, seq);
CREATE INDEX audit_action ON audit (action, seq);
CREATE INDEX audit_subject ON audit (subject, seq);
