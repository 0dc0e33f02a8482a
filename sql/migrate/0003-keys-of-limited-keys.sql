-- Version 3: a key that a limited key has made is counted with it.

ALTER TABLE api_keys ADD COLUMN counted_with BINARY(16) NULL AFTER created_by;

-- Those that were made before, to the third generation; what made them may be gone.
UPDATE api_keys child JOIN api_keys maker ON maker.id = child.created_by
SET child.counted_with = maker.id
WHERE maker.booking_limit IS NOT NULL OR maker.calendar_limit IS NOT NULL;
UPDATE api_keys child JOIN api_keys maker ON maker.id = child.counted_with
SET child.counted_with = maker.counted_with WHERE maker.counted_with IS NOT NULL;
UPDATE api_keys child JOIN api_keys maker ON maker.id = child.counted_with
SET child.counted_with = maker.counted_with WHERE maker.counted_with IS NOT NULL;
