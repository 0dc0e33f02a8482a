-- The schema of Slotwire: the truth. sql/migrate/ brings an older one here; a test builds both ways and compares.
-- Ids are UUIDv7 in BINARY(16); times are UTC DATETIME(3); money is an integer in minor units beside its currency.

CREATE TABLE schema_version (
    version     INT UNSIGNED NOT NULL PRIMARY KEY,
    applied_at  DATETIME(3)  NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE companies (
    id           BINARY(16)   NOT NULL PRIMARY KEY,
    name         VARCHAR(200) NOT NULL,
    slug         VARCHAR(64)  NOT NULL,
    category     VARCHAR(64)  NULL,
    description  TEXT         NULL,
    email        VARCHAR(254) NULL,
    phone        VARCHAR(40)  NULL,
    time_zone    VARCHAR(64)  NOT NULL,
    currency     CHAR(3)      NOT NULL,
    owner_id     BINARY(16)   NULL,
    created_at   DATETIME(3)  NOT NULL,
    updated_at   DATETIME(3)  NOT NULL,
    UNIQUE KEY companies_slug (slug)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- Everyone a company knows: staff, customers and leads, told apart by role.
CREATE TABLE users (
    id          BINARY(16)   NOT NULL PRIMARY KEY,
    company_id  BINARY(16)   NOT NULL,
    role        ENUM('superuser','admin','coach','frontdesk','member','non-member','ex-member','lead',
                     'professional','therapist','host') NOT NULL,
    name        VARCHAR(200) NOT NULL,
    email       VARCHAR(254) NULL,
    phone       VARCHAR(40)  NULL,
    time_zone   VARCHAR(64)  NULL,
    notes       TEXT         NULL,
    active      BOOLEAN      NOT NULL DEFAULT TRUE,
    created_at  DATETIME(3)  NOT NULL,
    updated_at  DATETIME(3)  NOT NULL,
    deleted_at  DATETIME(3)  NULL,
    KEY users_company (company_id, id),
    KEY users_role (company_id, role, id),
    KEY users_email (company_id, email),
    CONSTRAINT users_of_company FOREIGN KEY (company_id) REFERENCES companies (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- A login is a separate row: most people of a company never have one.
CREATE TABLE credentials (
    user_id        BINARY(16)   NOT NULL PRIMARY KEY,
    company_id     BINARY(16)   NOT NULL,
    email          VARCHAR(254) NOT NULL,
    password_hash  VARCHAR(255) NOT NULL,
    created_at     DATETIME(3)  NOT NULL,
    updated_at     DATETIME(3)  NOT NULL,
    UNIQUE KEY credentials_email (email),
    CONSTRAINT credentials_of_user FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

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

CREATE TABLE services (
    id                     BINARY(16)   NOT NULL PRIMARY KEY,
    company_id             BINARY(16)   NOT NULL,
    name                   VARCHAR(200) NOT NULL,
    slug                   VARCHAR(64)  NOT NULL,
    description            TEXT         NULL,
    duration_minutes       INT          NOT NULL,
    buffer_before_minutes  INT          NOT NULL DEFAULT 0,
    buffer_after_minutes   INT          NOT NULL DEFAULT 0,
    slot_interval_minutes  INT          NOT NULL,
    price_amount           BIGINT       NOT NULL,
    price_currency         CHAR(3)      NOT NULL,
    price_type             ENUM('hourly','flat','custom') NOT NULL,
    available_days         SMALLINT     NOT NULL,            -- bit 0 Monday … bit 6 Sunday
    available_from         SMALLINT     NOT NULL,            -- minutes since midnight
    available_to           SMALLINT     NOT NULL,
    time_zone              VARCHAR(64)  NOT NULL,
    active                 BOOLEAN      NOT NULL DEFAULT TRUE,
    created_at             DATETIME(3)  NOT NULL,
    updated_at             DATETIME(3)  NOT NULL,
    deleted_at             DATETIME(3)  NULL,
    UNIQUE KEY services_slug (company_id, slug),
    KEY services_company (company_id, id),
    CONSTRAINT services_of_company FOREIGN KEY (company_id) REFERENCES companies (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE service_staff (
    service_id  BINARY(16) NOT NULL,
    user_id     BINARY(16) NOT NULL,
    company_id  BINARY(16) NOT NULL,
    PRIMARY KEY (service_id, user_id),
    KEY service_staff_user (user_id),
    CONSTRAINT service_staff_service FOREIGN KEY (service_id) REFERENCES services (id),
    CONSTRAINT service_staff_person FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- When a staff member works. `weekly` is {"monday":[[540,720],[780,1020]],…}; `overrides` is {"2026-12-24":[[540,720]],
-- "2026-12-25":[]}: minutes since midnight on the wall clock of `time_zone`. One row is read whole or not at all.
CREATE TABLE schedules (
    user_id     BINARY(16)  NOT NULL PRIMARY KEY,
    company_id  BINARY(16)  NOT NULL,
    time_zone   VARCHAR(64) NOT NULL,
    weekly      JSON        NOT NULL,
    overrides   JSON        NOT NULL,
    updated_at  DATETIME(3) NOT NULL,
    KEY schedules_company (company_id),
    CONSTRAINT schedules_of_user FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- Whatever can be occupied. A staff member's resource has the user's id. `revision` moves with every claim: rivals
-- are serialised on this row, and slot answers take their ETag from it.
CREATE TABLE resources (
    id          BINARY(16)      NOT NULL PRIMARY KEY,
    company_id  BINARY(16)      NOT NULL,
    kind        ENUM('staff','room','chair') NOT NULL,
    name        VARCHAR(200)    NOT NULL,
    revision    BIGINT UNSIGNED NOT NULL DEFAULT 0,
    created_at  DATETIME(3)     NOT NULL,
    KEY resources_company (company_id, id),
    CONSTRAINT resources_of_company FOREIGN KEY (company_id) REFERENCES companies (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE bookings (
    id                   BINARY(16)   NOT NULL PRIMARY KEY,
    company_id           BINARY(16)   NOT NULL,
    confirmation_number  CHAR(8)      NOT NULL,
    status               ENUM('pending','confirmed','completed','cancelled','no_show') NOT NULL,
    service_id           BINARY(16)   NOT NULL,
    staff_id             BINARY(16)   NOT NULL,
    customer_id          BINARY(16)   NULL,                  -- NULL: a guest
    customer_name        VARCHAR(200) NOT NULL,              -- as they were when the booking was made
    customer_email       VARCHAR(254) NULL,
    customer_phone       VARCHAR(40)  NULL,
    starts_at            DATETIME(3)  NOT NULL,
    ends_at              DATETIME(3)  NOT NULL,
    duration_minutes     INT          NOT NULL,
    time_zone            VARCHAR(64)  NOT NULL,
    price_amount         BIGINT       NOT NULL,
    price_currency       CHAR(3)      NOT NULL,
    price_type           ENUM('hourly','flat','custom') NOT NULL,
    notes                TEXT         NULL,
    cancellation_reason  VARCHAR(500) NULL,
    cancelled_by         ENUM('customer','staff','business','system') NULL,
    payment_method       VARCHAR(40)  NULL,                  -- how the customer means to pay: bank_transfer
    payment_provider     VARCHAR(40)  NULL,
    payment_reference    VARCHAR(100) NULL,
    payment_verified_at  DATETIME(3)  NULL,
    created_at           DATETIME(3)  NOT NULL,
    updated_at           DATETIME(3)  NOT NULL,
    confirmed_at         DATETIME(3)  NULL,
    cancelled_at         DATETIME(3)  NULL,
    completed_at         DATETIME(3)  NULL,
    no_show_at           DATETIME(3)  NULL,
    UNIQUE KEY bookings_number (company_id, confirmation_number),
    KEY bookings_by_start (company_id, starts_at, id),
    KEY bookings_by_staff (company_id, staff_id, starts_at, id),
    KEY bookings_by_service (company_id, service_id, starts_at, id),
    KEY bookings_by_customer (company_id, customer_id, starts_at, id),
    KEY bookings_by_status (company_id, status, starts_at, id),
    CONSTRAINT bookings_of_company FOREIGN KEY (company_id) REFERENCES companies (id),
    CONSTRAINT bookings_service FOREIGN KEY (service_id) REFERENCES services (id),
    CONSTRAINT bookings_staff FOREIGN KEY (staff_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- Whatever occupies a person, room or chair. Two spans of one seat never overlap: the database refuses it.
CREATE TABLE claims (
    id           BINARY(16)       NOT NULL,
    company_id   BINARY(16)       NOT NULL,
    resource_id  BINARY(16)       NOT NULL,
    seat         TINYINT UNSIGNED NOT NULL DEFAULT 0,
    kind         ENUM('booking','hold','class','time_off','external') NOT NULL,
    booking_id   BINARY(16)       NULL,
    starts_at    DATETIME(3)      NOT NULL,
    ends_at      DATETIME(3)      NOT NULL,
    PERIOD FOR span (starts_at, ends_at),
    PRIMARY KEY (id),
    UNIQUE KEY claims_never_overlap (resource_id, seat, span WITHOUT OVERLAPS),
    KEY claims_by_start (resource_id, starts_at, ends_at),
    KEY claims_booking (booking_id),
    CONSTRAINT claims_resource FOREIGN KEY (resource_id) REFERENCES resources (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- One row per booking, kind and start. Rescheduling voids the old rows and adds new ones.
CREATE TABLE reminders (
    booking_id  BINARY(16)  NOT NULL,
    kind        ENUM('24h','1h','15m') NOT NULL,
    starts_at   DATETIME(3) NOT NULL,
    company_id  BINARY(16)  NOT NULL,
    due_at      DATETIME(3) NOT NULL,
    state       ENUM('due','sent','skipped','void') NOT NULL,
    event_id    BINARY(16)  NULL,
    settled_at  DATETIME(3) NULL,
    PRIMARY KEY (booking_id, kind, starts_at),
    KEY reminders_due (state, due_at),
    KEY reminders_event (event_id),
    CONSTRAINT reminders_of_booking FOREIGN KEY (booking_id) REFERENCES bookings (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE api_keys (
    id                 BINARY(16)    NOT NULL PRIMARY KEY,
    company_id         BINARY(16)    NULL,                   -- NULL: a platform key, or one of several companies
    name               VARCHAR(200)  NOT NULL,
    description        VARCHAR(500)  NULL,
    display_key        VARCHAR(24)   NOT NULL,               -- sk_live_…abcd1234
    scopes             VARCHAR(1000) NOT NULL,               -- space-separated
    allowed_addresses  VARCHAR(1000) NULL,                   -- comma-separated ranges; NULL: from anywhere
    booking_limit      INT           NULL,                   -- bookings a minute; NULL: the setting
    calendar_limit     INT           NULL,                   -- calendar reads an hour; NULL: the setting
    expires_at         DATETIME(3)   NULL,
    revoked_at         DATETIME(3)   NULL,
    last_used_at       DATETIME(3)   NULL,                   -- written at most once a minute
    created_by         BINARY(16)    NULL,                   -- the user or key that made it
    counted_with       BINARY(16)    NULL,                   -- the limited key that it comes from: one count for both
    created_at         DATETIME(3)   NOT NULL,
    KEY api_keys_company (company_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- What opens a key: one secret, or two while it is being rotated. Only their SHA-256 is stored.
CREATE TABLE api_key_secrets (
    key_hash    BINARY(32)  NOT NULL PRIMARY KEY,
    key_id      BINARY(16)  NOT NULL,
    good_until  DATETIME(3) NULL,                            -- NULL: as long as the key
    KEY api_key_secrets_key (key_id),
    CONSTRAINT api_key_secrets_of FOREIGN KEY (key_id) REFERENCES api_keys (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

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

CREATE TABLE webhook_endpoints (
    id               BINARY(16)    NOT NULL PRIMARY KEY,
    company_id       BINARY(16)    NOT NULL,
    url              VARCHAR(2048) NOT NULL,
    format           VARCHAR(32)   NOT NULL,
    name             VARCHAR(200)  NULL,
    description      VARCHAR(500)  NULL,
    notes            VARCHAR(2000) NULL,
    app_id           VARCHAR(64)   NULL,                     -- an app's endpoint: only events of the app
    secret           VARCHAR(255)  NOT NULL,                 -- must be read back to sign
    previous_secret  VARCHAR(255)  NULL,
    previous_until   DATETIME(3)   NULL,                     -- both sign until then
    display_key      VARCHAR(24)   NULL,                     -- of a secret that was shown as a key
    custom_headers   JSON          NULL,                     -- {"X-Tenant":"7"}
    signatures       VARCHAR(100)  NULL,                     -- more header families, space-separated: svix github
    rate_limit       INT           NULL,                     -- deliveries an hour; NULL: as many as there are
    retry_limit      INT           NULL,                     -- attempts at most; NULL: the format's schedule
    active           BOOLEAN       NOT NULL DEFAULT TRUE,
    disabled_reason  VARCHAR(200)  NULL,                     -- why we switched it off
    created_by       BINARY(16)    NULL,                     -- the user or key that made it
    success_count    BIGINT UNSIGNED NOT NULL DEFAULT 0,
    failure_count    BIGINT UNSIGNED NOT NULL DEFAULT 0,
    last_status      SMALLINT      NULL,
    last_attempt_at  DATETIME(3)   NULL,
    last_success_at  DATETIME(3)   NULL,
    failing_since    DATETIME(3)   NULL,                     -- the first failure since the last success
    failing_warned   TINYINT UNSIGNED NOT NULL DEFAULT 0,    -- percent of the way to being disabled last warned of; 100: see HEALTH_TOLD
    breaker_failures INT           NOT NULL DEFAULT 0,       -- failures in a row
    breaker_until    DATETIME(3)   NULL,                     -- nothing but one probe is sent before
    rate_window_at   DATETIME(3)   NULL,
    rate_used        INT           NOT NULL DEFAULT 0,       -- sent since then, one hour at most
    created_at       DATETIME(3)   NOT NULL,
    updated_at       DATETIME(3)   NOT NULL,
    KEY webhook_endpoints_company (company_id, id),
    CONSTRAINT webhook_endpoints_of_company FOREIGN KEY (company_id) REFERENCES companies (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- Which native event types an endpoint receives; `*` is all of them.
CREATE TABLE webhook_subscriptions (
    company_id   BINARY(16)  NOT NULL,
    event_type   VARCHAR(64) NOT NULL,
    endpoint_id  BINARY(16)  NOT NULL,
    PRIMARY KEY (company_id, event_type, endpoint_id),
    KEY webhook_subscriptions_endpoint (endpoint_id),
    CONSTRAINT webhook_subscriptions_of FOREIGN KEY (endpoint_id) REFERENCES webhook_endpoints (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- What happened, with the native snapshot as it was at that moment. One partition a day, by the time in the UUIDv7, so that
-- a day is dropped whole; the dispatcher adds and drops them.
CREATE TABLE events (
    id          BINARY(16)  NOT NULL PRIMARY KEY,
    company_id  BINARY(16)  NOT NULL,
    type        VARCHAR(64) NOT NULL,
    payload     MEDIUMTEXT  NOT NULL,
    created_at  DATETIME(3) NOT NULL,
    KEY events_company (company_id, id),
    KEY events_type (company_id, type, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
PARTITION BY RANGE COLUMNS (id) (PARTITION later VALUES LESS THAN (MAXVALUE));

-- One event on its way to one endpoint. A lane is (state, endpoint_id): what was never tried is `pending`, what is tried
-- again `retrying`, so that fresh events overtake old retries. Claiming moves due_at to the end of the lease and sets the
-- fence, so that a killed dispatcher's rows come due again by themselves.
CREATE TABLE deliveries (
    id            BINARY(16)  NOT NULL PRIMARY KEY,
    company_id    BINARY(16)  NOT NULL,
    endpoint_id   BINARY(16)  NOT NULL,
    event_id      BINARY(16)  NOT NULL,
    state         ENUM('pending','retrying','delivered','failed','held') NOT NULL,
    due_at        DATETIME(3) NOT NULL,
    attempts      INT         NOT NULL DEFAULT 0,            -- those that count against the schedule
    requests      INT         NOT NULL DEFAULT 0,            -- every POST, counted or not
    test          BOOLEAN     NOT NULL DEFAULT FALSE,        -- a test send: once, even where the endpoint is off
    fence         BINARY(16)  NULL,                          -- the claim that may settle it
    created_at    DATETIME(3) NOT NULL,
    settled_at    DATETIME(3) NULL,
    KEY deliveries_lane (state, endpoint_id, due_at),
    KEY deliveries_company (company_id, id),
    KEY deliveries_endpoint (endpoint_id, id),
    KEY deliveries_event (event_id),
    KEY deliveries_test (test)                               -- the few that are, by id
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- Every POST on the wire. One partition a day, as events.
CREATE TABLE attempts (
    id             BINARY(16)   NOT NULL PRIMARY KEY,
    company_id     BINARY(16)   NOT NULL,
    delivery_id    BINARY(16)   NOT NULL,
    number         INT          NOT NULL,
    started_at     DATETIME(3)  NOT NULL,
    address        VARCHAR(64)  NULL,                        -- the socket's, once connected
    status         SMALLINT     NULL,                        -- HTTP; NULL: no answer
    error          VARCHAR(500) NULL,                        -- in words
    response       BLOB         NULL,                        -- first 16 KiB; NULL where the target was allow-listed
    dns_us         INT          NULL,
    connect_us     INT          NULL,
    tls_us         INT          NULL,
    first_byte_us  INT          NULL,
    total_us       INT          NOT NULL,
    KEY attempts_delivery (delivery_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
PARTITION BY RANGE COLUMNS (id) (PARTITION later VALUES LESS THAN (MAXVALUE));

CREATE TABLE idempotency_keys (
    scope         BINARY(32)   NOT NULL PRIMARY KEY,         -- SHA-256 of API key id, method, path and the client's key
    company_id    BINARY(16)   NULL,
    fingerprint   BINARY(32)   NOT NULL,                     -- SHA-256 of the body
    status        SMALLINT     NULL,
    response      MEDIUMBLOB   NULL,                         -- sealed: see api/idempotency.c
    created_at    DATETIME(3)  NOT NULL,
    KEY idempotency_age (created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE audit_log (
    id          BINARY(16)   NOT NULL PRIMARY KEY,
    company_id  BINARY(16)   NULL,
    key_id      BINARY(16)   NULL,                           -- both NULL: the command line
    user_id     BINARY(16)   NULL,
    action      VARCHAR(64)  NOT NULL,                       -- webhook.created
    subject     VARCHAR(64)  NOT NULL,                       -- whk_…
    address     VARCHAR(64)  NULL,
    details     JSON         NULL,
    created_at  DATETIME(3)  NOT NULL,
    KEY audit_company (company_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- Named facts that processes tell each other: `dispatcher` holds when it last ran and who it is.
CREATE TABLE heartbeats (
    name     VARCHAR(64)  NOT NULL PRIMARY KEY,
    holder   VARCHAR(120) NOT NULL,
    seen_at  DATETIME(3)  NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

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
    what         ENUM('all','missing','failed') NOT NULL,    -- never made, given up, or both
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
