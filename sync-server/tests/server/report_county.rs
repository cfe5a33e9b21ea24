//! The report of the demonstration county against SQL of its own over the records' bodies: another hand, the same numbers.

use domain::report::{Counts, Period, What};
use rusqlite::{Connection, params};
use sync_server::demo::{Size, run};
use sync_server::hub::open_folder;
use sync_server::hub::reports::counts_by_cell;
use sync_server::store::Store as _;

use crate::common::scope;

/// A month of the demonstration, its database, and what the server counts in it.
struct Demo {
    _folder: tempfile::TempDir,
    conn: Connection,
    period: Period,
    counts: Counts,
}

impl Demo {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), Size::Village).unwrap();
        let hub = open_folder(folder.path()).unwrap();
        // The month before: all of its days have passed.
        let this = Period::month_of(domain::validate::today(hub.now())).unwrap();
        let period = this.before().unwrap();
        let (lists, rules) = (hub.lists(), hub.review_rules().unwrap());
        let cells =
            hub.store().read(|reading| counts_by_cell(reading, &scope("610722"), period, (&lists, &rules))).unwrap();
        let mut counts = Counts::default();
        cells.values().for_each(|of_cell| counts.plus(of_cell));
        let conn = Connection::open(folder.path().join("county.db")).unwrap();
        conn.execute_batch(
            "CREATE TEMP VIEW r AS SELECT id, kind, cell, body -> '$.fields' AS f FROM record
                WHERE coalesce(body ->> '$.fields.deleted', 0) = 0;
             CREATE TEMP VIEW visit AS SELECT lower(hex(id)) AS id, f FROM r AS v WHERE kind = 'visit' AND NOT EXISTS
                (SELECT 1 FROM r AS w WHERE w.kind = 'visit' AND replace(w.f ->> 'replaces', '-', '') = lower(hex(v.id)));",
        )
        .unwrap();
        Self { _folder: folder, conn, period, counts }
    }

    /// A question with `?1` and `?2` the first and the last day.
    fn ask(&self, sql: &str) -> Vec<(String, i64)> {
        let mut statement = self.conn.prepare(sql).unwrap();
        let days = params![self.period.first.to_string(), self.period.last.to_string()];
        let rows =
            statement.query_map(days, |row| Ok((row.get::<_, Option<String>>(0)?.unwrap_or_default(), row.get(1)?)));
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// By code, of the records of a kind with a moment in this field.
    fn in_period(&self, kind: &str, moment: &str, code: &str, n: &str) -> Vec<(String, i64)> {
        let table =
            if kind == "visit" { "visit".to_owned() } else { format!("(SELECT * FROM r WHERE kind = '{kind}')") };
        self.ask(&format!(
            "SELECT CAST({code} AS TEXT), {n} FROM {table}
             WHERE date((f ->> '{moment}') / 1000 + 28800, 'unixepoch') BETWEEN ?1 AND ?2 GROUP BY 1 HAVING {n} > 0 ORDER BY 1"
        ))
    }

    fn same(&self, what: What, asked: &[(String, i64)]) {
        let counted: Vec<(String, i64)> = self.counts.by(what).map(|(code, n)| (code.to_owned(), n)).collect();
        assert_eq!(counted, asked, "{what:?}");
    }
}

#[test]
fn the_figures_of_the_demonstration_are_those_that_sql_finds_in_the_records() {
    let demo = Demo::new();
    let (n, all) = ("count(*)", "''");
    demo.same(What::Visit, &demo.in_period("visit", "at", "f ->> 'result'", n));
    demo.same(What::Incident, &demo.in_period("incident", "happened_at", "f ->> 'category'", n));
    demo.same(What::Inspection, &demo.in_period("inspection", "at", "f ->> 'checklist'", n));
    demo.same(What::Recheck, &demo.in_period("recheck", "at", "f ->> 'result'", n));
    demo.same(What::Told, &demo.in_period("notice_ack", "at", all, n));
    demo.same(
        What::Evacuation,
        &demo.in_period("evacuation", "ordered_at", "CASE f ->> 'drill' WHEN 1 THEN 'drill' ELSE 'real' END", n),
    );
    let reached = demo.in_period("callback", "at", "CASE f ->> 'reached' WHEN 1 THEN f ->> 'satisfaction' END", n);
    demo.same(What::Reached, &reached.into_iter().filter(|(code, _)| !code.is_empty()).collect::<Vec<_>>());
    let hazards = "SELECT CAST(h.value ->> 'severity' AS TEXT), count(*) FROM r, json_each(f, '$.hazards') AS h WHERE kind = 'inspection'
        AND date((f ->> 'at') / 1000 + 28800, 'unixepoch') BETWEEN ?1 AND ?2 GROUP BY 1 ORDER BY 1";
    demo.same(What::Hazard, &demo.ask(hazards));
    assert!(demo.counts.total(What::Visit) > 100 && demo.counts.total(What::Incident) > 0, "the month says something");
}

#[test]
fn registers_and_disputes_of_the_demonstration_are_those_that_sql_finds() {
    let demo = Demo::new();
    let stock = |what, filter: &str| {
        let sql = format!("SELECT '', count(*) FROM r WHERE {filter} AND ?1 <= ?2 HAVING count(*) > 0");
        demo.same(what, &demo.ask(&sql));
    };
    stock(What::Household, "kind = 'household'");
    stock(What::Resident, "kind = 'person' AND f ->> 'moved_out_on' IS NULL AND f ->> 'died_on' IS NULL");
    stock(What::Threatened, "kind = 'threatened_household'");
    for (what, field) in [(What::MovedOut, "moved_out_on"), (What::Died, "died_on")] {
        stock(what, &format!("kind = 'person' AND f ->> '{field}' BETWEEN ?1 AND ?2"));
    }
    stock(
        What::PeopleThreatened,
        "kind = 'person' AND f ->> 'moved_out_on' IS NULL AND f ->> 'died_on' IS NULL AND f ->> 'household' IN
            (SELECT t.f ->> 'household' FROM r AS t JOIN r AS p ON p.kind = 'hazard_point' AND p.f ->> 'retired_on' IS NULL
                AND lower(hex(p.id)) = replace(t.f ->> 'hazard_point', '-', '') WHERE t.kind = 'threatened_household')",
    );
    let points = "SELECT f ->> 'hazard_kind', count(*) FROM r WHERE kind = 'hazard_point' AND f ->> 'retired_on' IS NULL AND ?1 <= ?2
        GROUP BY 1 ORDER BY 1";
    demo.same(What::HazardPoint, &demo.ask(points));
    let disputes = |what, code: &str, n: &str, filter: &str| {
        let sql = format!(
            "SELECT {code}, {n} FROM r WHERE kind = 'dispute' AND f ->> 'accepted_on' BETWEEN ?1 AND ?2 AND {filter} GROUP BY 1
             HAVING {n} > 0 ORDER BY 1"
        );
        demo.same(what, &demo.ask(&sql));
    };
    let settled = "f ->> 'agreement' IN ('written', 'oral')";
    disputes(What::Dispute, "f ->> 'type'", "count(*)", "1");
    disputes(What::DisputeSource, "f ->> 'source'", "count(*)", "1");
    disputes(What::DisputeSettled, "f ->> 'type'", "count(*)", settled);
    disputes(What::DisputeSettledSource, "f ->> 'source'", "count(*)", settled);
    disputes(What::DisputeParty, "f ->> 'type'", "sum(json_array_length(f, '$.parties'))", "1");
    disputes(
        What::DisputeCents,
        "f ->> 'type'",
        "sum(CAST(replace(coalesce(f ->> 'amount', '0'), '.', '') AS INTEGER))",
        "1",
    );
}

#[test]
fn care_visits_and_closings_of_the_demonstration_are_those_that_sql_finds() {
    let demo = Demo::new();
    // The day that answers a check: the last one up to it, or else the first one after it.
    let answer = |person: &str, since: &str, due: &str, last: &str| {
        format!(
            "coalesce((SELECT max(day) FROM met WHERE met.person = {person} AND day BETWEEN {since} AND {due}),
                (SELECT min(day) FROM met WHERE met.person = {person} AND day > {due} AND day <= {last}))"
        )
    };
    let (next_since, next_due) = ("date(answered, '+1 day')", "date(answered, '+' || days || ' days')");
    let checks = format!(
        "WITH RECURSIVE plan AS (SELECT f ->> 'person' AS person, f ->> 'level' AS level, f ->> 'starts_on' AS starts,
            min(?2, coalesce(f ->> 'ends_on', ?2)) AS last,
            CASE f ->> 'level' WHEN 'a' THEN 7 WHEN 'b' THEN 30 WHEN 'c' THEN 90 END AS days FROM r WHERE kind = 'care_plan'),
        met AS (SELECT plan.person, date((visit.f ->> 'at') / 1000 + 28800, 'unixepoch') AS day FROM plan JOIN visit
            ON visit.f ->> 'result' IN ('met', 'proxy') AND visit.f ->> 'target' IN (plan.person,
                (SELECT p.f ->> 'household' FROM r AS p WHERE lower(hex(p.id)) = replace(plan.person, '-', '')))),
        asked AS (SELECT person, level, last, days, starts AS due, {} AS answered FROM plan WHERE starts <= last AND last >= ?1
            UNION ALL SELECT person, level, last, days, {next_due}, {} FROM asked WHERE answered IS NOT NULL AND {next_due} <= last),
        counted AS (SELECT * FROM asked WHERE due >= ?1 OR answered IS NULL OR answered >= ?1)",
        answer("plan.person", "starts", "starts", "last"),
        answer("asked.person", next_since, next_due, "asked.last"),
    );
    let by_level =
        |filter: &str| format!("{checks} SELECT level, count(*) FROM counted WHERE {filter} GROUP BY 1 ORDER BY 1");
    demo.same(What::CareDue, &demo.ask(&by_level("1")));
    demo.same(What::CareDone, &demo.ask(&by_level("answered IS NOT NULL")));
    let closed = "WITH step AS (SELECT replace(f ->> 'incident', '-', '') AS incident, f ->> 'action' AS action, f ->> 'at' AS at FROM r WHERE kind = 'incident_step')
        SELECT i.f ->> 'category', count(*) FROM r AS i WHERE i.kind = 'incident'
        AND date((SELECT max(at) FROM step WHERE incident = lower(hex(i.id)) AND action = 'close') / 1000 + 28800, 'unixepoch') BETWEEN ?1 AND ?2
        AND NOT EXISTS (SELECT 1 FROM step WHERE incident = lower(hex(i.id)) AND action = 'reopen'
            AND at > (SELECT max(at) FROM step WHERE incident = lower(hex(i.id)) AND action = 'close'))
        GROUP BY 1 ORDER BY 1";
    demo.same(What::IncidentClosed, &demo.ask(closed));
}
