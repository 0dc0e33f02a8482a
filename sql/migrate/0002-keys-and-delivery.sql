-- Version 2: logins, keys with several secrets and companies, payment of bookings, endpoints with limits and health, daily
-- partitions, dispatchers that share lanes, recovery, messages, figures.

-- A login that is at work: its refresh cookie, of which only the hash is stored. Each use gives a new one; the one before is
-- kept so that a copy that comes back late ends the session.
CREATE TABLE sessions (
    id             BINARY(16)   NOT NULL PRIMARY KEY,
    company_id     BINARY(16)   NOT NULL,
    user_id        BINARY(16)   NOT NULL,
    refresh_hash   BINARY(32)   NOT NULL,
    previous_hash  BINARY(32)   NULL,
    address        VARCHAR(64)  NULL,
    user_agent     VARCHAR(200) NULL,
    created_at     DATETIME(3)  NOT NULL,
    refreshed_at   DATETIME(3)  NOT NULL,
    expires_at     DATETIME(3)  NOT NULL,
    ended_at       DATETIME(3)  NULL,
    UNIQUE KEY sessions_refresh (refresh_hash),
    KEY sessions_previous (previous_hash),
    KEY sessions_user (user_id),
    KEY sessions_age (expires_at),
    CONSTRAINT sessions_of_user FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- Failed logins by SHA-256 of what they were tried on (an e-mail address, a network address), known or not.
CREATE TABLE login_failures (
    subject        BINARY(32)   NOT NULL PRIMARY KEY,
    failures       INT          NOT NULL,
    blocked_until  DATETIME(3)  NULL,
    updated_at     DATETIME(3)  NOT NULL,
    KEY login_failures_age (updated_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- One-time links that set a password, mailed to the person.
CREATE TABLE password_resets (
    token_hash  BINARY(32)   NOT NULL PRIMARY KEY,
    company_id  BINARY(16)   NOT NULL,
    user_id     BINARY(16)   NOT NULL,
    email       VARCHAR(254) NOT NULL,                       -- of the login that it opens or makes
    created_at  DATETIME(3)  NOT NULL,
    expires_at  DATETIME(3)  NOT NULL,
    used_at     DATETIME(3)  NULL,
    KEY password_resets_user (user_id),
    KEY password_resets_age (expires_at),
    CONSTRAINT password_resets_of_user FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

ALTER TABLE bookings
    ADD COLUMN payment_method VARCHAR(40) NULL AFTER cancelled_by,
    ADD COLUMN payment_provider VARCHAR(40) NULL AFTER payment_method,
    ADD COLUMN payment_reference VARCHAR(100) NULL AFTER payment_provider,
    ADD COLUMN payment_verified_at DATETIME(3) NULL AFTER payment_reference;

-- What opens a key: one secret, or two while it is being rotated. Only their SHA-256 is stored.
CREATE TABLE api_key_secrets (
    key_hash    BINARY(32)  NOT NULL PRIMARY KEY,
    key_id      BINARY(16)  NOT NULL,
    good_until  DATETIME(3) NULL,                            -- NULL: as long as the key
    KEY api_key_secrets_key (key_id),
    CONSTRAINT api_key_secrets_of FOREIGN KEY (key_id) REFERENCES api_keys (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

INSERT INTO api_key_secrets (key_hash, key_id) SELECT key_hash, id FROM api_keys;

ALTER TABLE api_keys
    DROP KEY api_keys_hash,
    DROP COLUMN key_hash,
    ADD COLUMN description VARCHAR(500) NULL AFTER name,
    ADD COLUMN allowed_addresses VARCHAR(1000) NULL AFTER scopes,
    ADD COLUMN booking_limit INT NULL AFTER allowed_addresses,
    ADD COLUMN calendar_limit INT NULL AFTER booking_limit,
    ADD COLUMN created_by BINARY(16) NULL AFTER last_used_at;

-- The companies of a key that spans several.
CREATE TABLE api_key_companies (
    key_id      BINARY(16) NOT NULL,
    company_id  BINARY(16) NOT NULL,
    PRIMARY KEY (key_id, company_id),
    KEY api_key_companies_company (company_id),
    CONSTRAINT api_key_companies_key FOREIGN KEY (key_id) REFERENCES api_keys (id) ON DELETE CASCADE,
    CONSTRAINT api_key_companies_of FOREIGN KEY (company_id) REFERENCES companies (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- Requests counted against a limit. In memory: counting costs no write to disk, survives a refusal's rollback, and may be
-- forgotten with the server's restart.
CREATE TABLE rate_windows (
    subject    BINARY(16)       NOT NULL,                    -- the key or session
    bucket     TINYINT UNSIGNED NOT NULL,                    -- which limit: api/rate.h
    window_at  BIGINT           NOT NULL,                    -- Unix seconds
    used       INT              NOT NULL,
    PRIMARY KEY (subject, bucket)
) ENGINE=MEMORY DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

ALTER TABLE webhook_endpoints
    ADD COLUMN name VARCHAR(200) NULL AFTER format,
    ADD COLUMN notes VARCHAR(2000) NULL AFTER description,
    ADD COLUMN app_id VARCHAR(64) NULL AFTER notes,
    ADD COLUMN display_key VARCHAR(24) NULL AFTER previous_until,
    ADD COLUMN custom_headers JSON NULL AFTER display_key,
    ADD COLUMN signatures VARCHAR(100) NULL AFTER custom_headers,
    ADD COLUMN rate_limit INT NULL AFTER signatures,
    ADD COLUMN retry_limit INT NULL AFTER rate_limit,
    ADD COLUMN created_by BINARY(16) NULL AFTER disabled_reason,
    ADD COLUMN failing_since DATETIME(3) NULL AFTER last_success_at,
    ADD COLUMN failing_warned TINYINT UNSIGNED NOT NULL DEFAULT 0 AFTER failing_since,
    ADD COLUMN breaker_failures INT NOT NULL DEFAULT 0 AFTER failing_warned,
    ADD COLUMN breaker_until DATETIME(3) NULL AFTER breaker_failures,
    ADD COLUMN rate_window_at DATETIME(3) NULL AFTER breaker_until,
    ADD COLUMN rate_used INT NOT NULL DEFAULT 0 AFTER rate_window_at;

ALTER TABLE events ADD KEY events_type (company_id, type, id);
-- What is there already becomes one partition, named by its last day, so that the dispatcher never has to move it.
SET @day = (SELECT CAST(CONV(HEX(LEFT(MAX(id), 6)), 16, 10) AS UNSIGNED) DIV 86400000 FROM events);
EXECUTE IMMEDIATE CONCAT('ALTER TABLE events PARTITION BY RANGE COLUMNS (id) (', IF(@day IS NULL, '', CONCAT('PARTITION p',
    DATE_FORMAT('1970-01-01' + INTERVAL @day DAY, '%Y%m%d'), ' VALUES LESS THAN (x''',
    LPAD(LOWER(HEX((@day + 1) * 86400000)), 12, '0'), REPEAT('0', 20), '''), ')),
    'PARTITION later VALUES LESS THAN (MAXVALUE))');
SET @day = (SELECT CAST(CONV(HEX(LEFT(MAX(id), 6)), 16, 10) AS UNSIGNED) DIV 86400000 FROM attempts);
EXECUTE IMMEDIATE CONCAT('ALTER TABLE attempts PARTITION BY RANGE COLUMNS (id) (', IF(@day IS NULL, '', CONCAT('PARTITION p',
    DATE_FORMAT('1970-01-01' + INTERVAL @day DAY, '%Y%m%d'), ' VALUES LESS THAN (x''',
    LPAD(LOWER(HEX((@day + 1) * 86400000)), 12, '0'), REPEAT('0', 20), '''), ')),
    'PARTITION later VALUES LESS THAN (MAXVALUE))');

ALTER TABLE deliveries
    MODIFY COLUMN state ENUM('pending','retrying','delivered','failed','held') NOT NULL,
    ADD COLUMN requests INT NOT NULL DEFAULT 0 AFTER attempts,
    ADD COLUMN test BOOLEAN NOT NULL DEFAULT FALSE AFTER requests,
    DROP KEY deliveries_endpoint,
    DROP KEY deliveries_event,
    ADD KEY deliveries_company (company_id, id),
    ADD KEY deliveries_endpoint (endpoint_id, id),
    ADD KEY deliveries_event (event_id),
    ADD KEY deliveries_test (test);

UPDATE deliveries SET requests =
    (SELECT COALESCE(MAX(number), 0) FROM attempts
     WHERE attempts.company_id = deliveries.company_id AND attempts.delivery_id = deliveries.id);
UPDATE deliveries SET state = 'retrying' WHERE state = 'pending' AND requests > 0;

ALTER TABLE audit_log ADD COLUMN user_id BINARY(16) NULL AFTER key_id;

-- Who sends: one row per dispatcher, and the shards of lanes that they share. Leases run on the database's clock.
CREATE TABLE dispatchers (
    id       BINARY(16)   NOT NULL PRIMARY KEY,
    name     VARCHAR(120) NOT NULL,
    seen_at  DATETIME(3)  NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE dispatcher_shards (
    shard         TINYINT UNSIGNED NOT NULL PRIMARY KEY,
    holder        BINARY(16)       NULL,
    leased_until  DATETIME(3)      NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

INSERT INTO dispatcher_shards (shard) VALUES
    (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14), (15),
    (16), (17), (18), (19), (20), (21), (22), (23), (24), (25), (26), (27), (28), (29), (30), (31);

-- Sending again what an endpoint missed since a time: the dispatcher moves the cursor over the company's events.
CREATE TABLE recoveries (
    id           BINARY(16)  NOT NULL PRIMARY KEY,
    company_id   BINARY(16)  NOT NULL,
    endpoint_id  BINARY(16)  NOT NULL,
    since        DATETIME(3) NOT NULL,
    until        DATETIME(3) NOT NULL,
    rate         INT         NOT NULL,                       -- deliveries a second
    what         ENUM('all','missing','failed') NOT NULL,
    cursor_id    BINARY(16)  NULL,                           -- the event last looked at
    recovered    BIGINT UNSIGNED NOT NULL DEFAULT 0,
    state        ENUM('running','done','stopped') NOT NULL,
    created_at   DATETIME(3) NOT NULL,
    updated_at   DATETIME(3) NOT NULL,
    KEY recoveries_state (state, id),
    KEY recoveries_endpoint (company_id, endpoint_id, id),
    CONSTRAINT recoveries_of FOREIGN KEY (endpoint_id) REFERENCES webhook_endpoints (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- Messages to people, in the same outbox manner as deliveries. The text is emptied once it is sent.
CREATE TABLE messages (
    id          BINARY(16)   NOT NULL PRIMARY KEY,
    company_id  BINARY(16)   NULL,                           -- NULL: to the operator
    channel     ENUM('email') NOT NULL,
    recipient   VARCHAR(254) NOT NULL,
    subject     VARCHAR(250) NOT NULL,
    body        MEDIUMTEXT   NOT NULL,
    state       ENUM('pending','sent','failed') NOT NULL,
    due_at      DATETIME(3)  NOT NULL,
    attempts    INT          NOT NULL DEFAULT 0,
    fence       BINARY(16)   NULL,
    error       VARCHAR(500) NULL,
    created_at  DATETIME(3)  NOT NULL,
    settled_at  DATETIME(3)  NULL,
    KEY messages_due (state, due_at),
    KEY messages_company (company_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- Totals that /metrics shows, added to by the dispatchers: attempts_delivered, reminders_sent.
CREATE TABLE counters (
    name   VARCHAR(64)     NOT NULL PRIMARY KEY,
    value  BIGINT UNSIGNED NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- What is wrong now and who was told: one row per kind of alarm.
CREATE TABLE alarms (
    name       VARCHAR(64)  NOT NULL PRIMARY KEY,
    raised_at  DATETIME(3)  NULL,                            -- NULL: all is well
    told_at    DATETIME(3)  NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
