"""The tables and functions, as numbered steps. A step that was released is never changed; a new one comes behind it.

Who writes has no right to any table but INSERT on `event`, and there a trigger lets nothing in but the next events of
a log. Everything else goes through functions that run with the owner's rights (SECURITY DEFINER) and a search path of
their own.
"""

from __future__ import annotations

from typing import NamedTuple


class Migration(NamedTuple):
    """One step."""

    version: int
    name: str
    text: str
    """SQL with `{schema}` (an identifier) and `{schema_name}` (a literal)."""


_TABLES = """
CREATE TABLE {schema}.log (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    origin text NOT NULL UNIQUE CHECK (origin <> ''),
    next_seq bigint NOT NULL DEFAULT 0,
    last_digest text,
    begun timestamptz NOT NULL DEFAULT now(),
    changed timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE {schema}.log IS 'Audit logs. next_seq: events so far; last_digest: SHA-256 of the last line.';

CREATE TABLE {schema}.event (
    log integer NOT NULL,
    seq bigint NOT NULL,
    day date NOT NULL,
    line bytea NOT NULL,
    "timestamp" timestamptz,
    event_id text,
    event_type text,
    outcome text,
    agent_id text,
    session_id text,
    user_id text,
    trace_id text,
    call_id text,
    action text,
    PRIMARY KEY (log, seq, day)
) PARTITION BY RANGE (day);
COMMENT ON TABLE {schema}.event IS 'line is the recorded line, byte for byte; the other columns are derived from it.';
CREATE INDEX event_timestamp ON {schema}.event USING brin ("timestamp");
CREATE INDEX event_agent ON {schema}.event (agent_id, "timestamp") WHERE agent_id IS NOT NULL;
CREATE INDEX event_session ON {schema}.event (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX event_user ON {schema}.event (user_id, "timestamp") WHERE user_id IS NOT NULL;
CREATE TABLE {schema}.event_undated PARTITION OF {schema}.event FOR VALUES FROM (MINVALUE) TO ('0002-01-01');

CREATE TABLE {schema}.evidence (
    log integer NOT NULL,
    name text NOT NULL,
    data bytea NOT NULL,
    kept timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (log, name)
);
COMMENT ON TABLE {schema}.evidence IS 'Files that prove the lines: header, keys, checkpoints, tiles, long payloads.';

CREATE TABLE {schema}.gap (
    log integer NOT NULL,
    first_seq bigint NOT NULL,
    end_seq bigint NOT NULL,
    noted timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (log, first_seq)
);
COMMENT ON TABLE {schema}.gap IS 'Events first_seq to end_seq - 1 were gone before they could be shipped.';

CREATE TABLE {schema}.dropped (
    log integer NOT NULL,
    day date NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    events bigint NOT NULL,
    dropped timestamptz NOT NULL DEFAULT now(),
    dropped_by text NOT NULL DEFAULT session_user
);
COMMENT ON TABLE {schema}.dropped IS 'What drop_days has taken out of each log.';

CREATE VIEW {schema}.events AS
    SELECT log.origin, event.* FROM {schema}.event JOIN {schema}.log ON log.id = event.log;
"""

_GUARDS = """
CREATE FUNCTION {schema}.refuse_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'recorded events are neither changed nor deleted; whole days go by drop_days'
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.event
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse_change();

CREATE FUNCTION {schema}.admit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part record;
    known record;
BEGIN
    FOR part IN
        SELECT added.log, min(seq) AS first, max(seq) AS last, count(*) AS events, count(DISTINCT seq) AS places
        FROM added GROUP BY added.log ORDER BY added.log
    LOOP
        SELECT origin, next_seq INTO known FROM {schema}.log WHERE id = part.log FOR UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'there is no log %', part.log USING ERRCODE = 'foreign_key_violation';
        END IF;
        IF part.first < known.next_seq OR part.events <> part.places OR part.last - part.first + 1 <> part.events THEN
            RAISE EXCEPTION 'events % to % of % are not the next ones, % is', part.first, part.last, known.origin,
                known.next_seq USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        IF part.first > known.next_seq THEN
            INSERT INTO {schema}.gap (log, first_seq, end_seq) VALUES (part.log, known.next_seq, part.first);
        END IF;
        UPDATE {schema}.log SET next_seq = part.last + 1, changed = now(), last_digest =
            (SELECT encode(sha256(line), 'hex') FROM added WHERE added.log = part.log AND seq = part.last)
            WHERE id = part.log;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER admit AFTER INSERT ON {schema}.event REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.admit();
"""

_FUNCTIONS = """
CREATE FUNCTION {schema}.enter(named text, OUT id integer, OUT next_seq bigint) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT log.id, log.next_seq INTO id, next_seq FROM {schema}.log WHERE origin = named FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO {schema}.log (origin) VALUES (named) ON CONFLICT (origin) DO NOTHING;
        SELECT log.id, log.next_seq INTO id, next_seq FROM {schema}.log WHERE origin = named FOR UPDATE;
    END IF;
END $$;
COMMENT ON FUNCTION {schema}.enter(text) IS 'Where a log goes on; nobody else writes to it until the transaction ends.';

CREATE FUNCTION {schema}.known(named text, OUT next_seq bigint, OUT last_digest text) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT log.next_seq, log.last_digest FROM {schema}.log WHERE origin = named
$$;
COMMENT ON FUNCTION {schema}.known(text) IS 'How far a log is here.';

CREATE FUNCTION {schema}.holds(named text, at bigint, on_day date, digest text) RETURNS boolean LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM {schema}.event JOIN {schema}.log ON log.id = event.log
        WHERE origin = named AND seq = at AND day = on_day AND encode(sha256(line), 'hex') = digest
    )
$$;
COMMENT ON FUNCTION {schema}.holds(text, bigint, date, text) IS 'Whether the line with that SHA-256 is there.';

CREATE FUNCTION {schema}.parted(named text, at bigint, digest text) RETURNS boolean LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM {schema}.event JOIN {schema}.log ON log.id = event.log
        WHERE origin = named AND seq = at AND encode(sha256(line), 'hex') <> digest
    )
$$;
COMMENT ON FUNCTION {schema}.parted(text, bigint, text) IS 'Whether another line than that with the SHA-256 is there.';

CREATE FUNCTION {schema}.keep(named text, file text, content bytea) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    known integer;
BEGIN
    SELECT id INTO known FROM {schema}.log WHERE origin = named;
    IF NOT FOUND THEN
        known := (SELECT id FROM {schema}.enter(named));
    END IF;
    INSERT INTO {schema}.evidence (log, name, data) VALUES (known, file, content) ON CONFLICT (log, name) DO NOTHING;
    RETURN FOUND OR (SELECT data = content FROM {schema}.evidence WHERE log = known AND name = file);
END $$;
COMMENT ON FUNCTION {schema}.keep(text, text, bytea) IS 'Keeps a file; false when another one of that name is there.';

CREATE FUNCTION {schema}.make_days(days date[]) RETURNS SETOF date LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    one date;
    part text;
BEGIN
    FOREACH one IN ARRAY days LOOP
        CONTINUE WHEN one < DATE '2000-01-01' OR one > (now() AT TIME ZONE 'UTC')::date + 1;
        part := 'event_' || to_char(one, 'YYYYMMDD');
        IF to_regclass(format('%I.%I', {schema_name}, part)) IS NULL THEN
            PERFORM pg_advisory_xact_lock(hashtextextended({schema_name} || '.event', 0));
        END IF;
        IF to_regclass(format('%I.%I', {schema_name}, part)) IS NULL THEN
            -- Made apart and attached: PARTITION OF would wait for every query that is running.
            EXECUTE format('CREATE TABLE %1$I.%2$I (LIKE %1$I.event INCLUDING DEFAULTS INCLUDING STORAGE, '
                'CONSTRAINT of_day CHECK (day >= %3$L AND day < %4$L))', {schema_name}, part, one, one + 1);
            EXECUTE format('ALTER TABLE %1$I.event ATTACH PARTITION %1$I.%2$I FOR VALUES FROM (%3$L) TO (%4$L)',
                {schema_name}, part, one, one + 1);
            EXECUTE format('ALTER TABLE %I.%I DROP CONSTRAINT of_day', {schema_name}, part);
        END IF;
        RETURN NEXT one;
    END LOOP;
END $$;
COMMENT ON FUNCTION {schema}.make_days(date[]) IS 'Makes the partitions; returns the days that may have one.';

CREATE FUNCTION {schema}.drop_days(before date) RETURNS SETOF date LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part record;
BEGIN
    FOR part IN
        SELECT relname, to_date(substr(relname, 7), 'YYYYMMDD') AS day
        FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = to_regclass(format('%I.event', {schema_name})) AND relname ~ '^event_[0-9]{{8}}$'
        ORDER BY relname
    LOOP
        CONTINUE WHEN part.day >= before;
        -- Nobody adds to the day between the count and the end of it.
        EXECUTE format('LOCK TABLE %I.%I IN SHARE MODE', {schema_name}, part.relname);
        EXECUTE format('INSERT INTO %1$I.dropped (log, day, first_seq, last_seq, events) '
            'SELECT log, day, min(seq), max(seq), count(*) FROM %1$I.%2$I GROUP BY log, day',
            {schema_name}, part.relname);
        EXECUTE format('DROP TABLE %I.%I', {schema_name}, part.relname);
        RETURN NEXT part.day;
    END LOOP;
END $$;
COMMENT ON FUNCTION {schema}.drop_days(date) IS 'Retention: drops the days before that one, and notes what went.';

-- One by one: the schema may hold things of others.
REVOKE ALL ON {schema}.log, {schema}.event, {schema}.event_undated, {schema}.events, {schema}.evidence, {schema}.gap,
    {schema}.dropped, {schema}.schema_version FROM PUBLIC;
REVOKE ALL ON FUNCTION {schema}.refuse_change(), {schema}.admit(), {schema}.enter(text), {schema}.known(text),
    {schema}.holds(text, bigint, date, text), {schema}.parted(text, bigint, text), {schema}.keep(text, text, bytea),
    {schema}.make_days(date[]), {schema}.drop_days(date) FROM PUBLIC;
"""

MIGRATIONS = (Migration(1, "logs, events by day, evidence, retention", _TABLES + _GUARDS + _FUNCTIONS),)

VERSION = MIGRATIONS[-1].version
"""Version of the tables that this library writes and reads."""
