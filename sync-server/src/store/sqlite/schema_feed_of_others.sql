-- Where somebody else wrote before a run wrote again: what a run is sent of its own records, in the order in which it is sent. With it
-- a page reads as much of the feed as it holds, not all that follows.
CREATE INDEX feed_of_others ON feed (cell, run, n_of_others) WHERE n_of_others > 0;
