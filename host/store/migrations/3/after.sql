-- Form 3, when the tables fit their definitions: what fills their rows.

-- The role that may do everything, and its copies, are known by a template.
UPDATE "role" SET "roletemplateid" = x'627090ff40a340538790584edc5be201'
WHERE "roletemplateid" IS NULL AND "name" = 'System Administrator';
