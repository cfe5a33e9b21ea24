-- How long the server had served when a piece was handed in, and when a pair of tokens was issued: what lives for half a year is thrown
-- away by that, and not by one reading of a clock that may be wrong. Of what is here already it begins now.
ALTER TABLE hand_in    ADD COLUMN served INTEGER NOT NULL DEFAULT 0;
ALTER TABLE token_pair ADD COLUMN served INTEGER NOT NULL DEFAULT 0;
