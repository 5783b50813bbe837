-- Form 4, before the tables are made to fit their definitions: an organisation has a base language, by which its
-- texts compare. Those of before get English (United States); their indexes are made anew.
INSERT OR IGNORE INTO "_meta" VALUES ('language', 1033), ('collation', 0);
