//! Whether a database keeps its promises.
use super::chain;
use super::error::Error;
use super::tx::Store;
use crate::domain::chain::ChainEnd;
use sea_orm::{ConnectionTrait, Statement};

/// One promise that a database was asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The promise.
    pub promise: &'static str,
    /// How many rows break it.
    pub broken: i64,
}

const PROMISES: [(&str, &str); 28] = [
    ("the log is dense from 1", "SELECT COALESCE(MAX(number), 0) - COUNT(number) AS n FROM event"),
    ("the counter stands at the log's end", "SELECT ABS((SELECT n FROM counter WHERE name = 'log') - (SELECT COALESCE(MAX(number), 0) FROM event)) AS n"),
    (
        "each row's versions are in the order of their numbers",
        "SELECT COUNT(*) AS n FROM (SELECT row_version - LAG(row_version) OVER (PARTITION BY noun, row_id ORDER BY number) AS step
          FROM event WHERE number IS NOT NULL) AS steps WHERE step <= 0",
    ),
    (
        "no number is of an earlier instant than the number before it or than its event",
        "SELECT COUNT(*) AS n FROM (SELECT numbered_at, \"at\", LAG(numbered_at) OVER (ORDER BY number) AS earlier
          FROM event WHERE number IS NOT NULL) AS numbers WHERE numbered_at IS NULL OR numbered_at < \"at\" OR numbered_at < earlier",
    ),
    (
        "each unit stands where its last event left it",
        "SELECT COUNT(*) AS n FROM bed_unit u WHERE u.version <> (SELECT COALESCE(MAX(row_version), 0) FROM event e WHERE e.row_id = u.id)",
    ),
    (
        "each handoff stands where its last event left it",
        "SELECT COUNT(*) AS n FROM handoff h WHERE h.version <> (SELECT COALESCE(MAX(row_version), 0) FROM event e WHERE e.row_id = h.id AND e.noun = 'handoff')",
    ),
    (
        "each handoff leads to a unit or to a team",
        "SELECT COUNT(*) AS n FROM handoff h WHERE (h.bed_unit_id IS NULL) = (h.team_id IS NULL)",
    ),
    (
        "each follow-up stands where its last event left it",
        "SELECT COUNT(*) AS n FROM follow_up f WHERE f.version <> (SELECT COALESCE(MAX(row_version), 0) FROM event e WHERE e.row_id = f.id)",
    ),
    (
        // One that was made for a handoff before there were episodes has no event.
        "each episode stands where its last event left it",
        "SELECT COUNT(*) AS n FROM episode s WHERE s.version <> (SELECT COALESCE(MAX(row_version), 1) FROM event e WHERE e.row_id = s.id AND e.noun = 'episode')",
    ),
    (
        "each episode is settled by one handoff, and that one stands",
        "SELECT COUNT(*) AS n FROM episode s WHERE s.state IN ('SETTLED', 'PLACED')
          AND (SELECT COUNT(*) FROM handoff h WHERE h.episode_id = s.id AND h.id = s.handoff_id AND h.state NOT IN
            ('OFFERED', 'ACKNOWLEDGED', 'NEEDS_INFORMATION', 'WAITLISTED', 'AGREED', 'DECLINED', 'EXPIRED', 'WITHDRAWN')) <> 1",
    ),
    (
        "no offer is open where the place is settled or nobody seeks one",
        "SELECT COUNT(*) AS n FROM handoff h JOIN episode s ON s.id = h.episode_id WHERE s.state <> 'SEEKING' AND h.state IN
          ('OFFERED', 'ACKNOWLEDGED', 'NEEDS_INFORMATION', 'WAITLISTED', 'AGREED')",
    ),
    (
        "each team stands where its last event left it",
        "SELECT COUNT(*) AS n FROM team t WHERE t.version <> (SELECT COALESCE(MAX(row_version), 0) FROM event e WHERE e.row_id = t.id)",
    ),
    (
        "each grant stands where its last event left it",
        "SELECT COUNT(*) AS n FROM \"grant\" g WHERE g.version <> (SELECT COALESCE(MAX(row_version), 0) FROM event e WHERE e.row_id = g.id)",
    ),
    (
        "each notice stands where its last event left it",
        "SELECT COUNT(*) AS n FROM notice o WHERE o.version <> (SELECT COALESCE(MAX(row_version), 0) FROM event e WHERE e.row_id = o.id)",
    ),
    (
        "each acknowledgement is in the log",
        "SELECT ABS((SELECT COUNT(*) FROM notice_acknowledgement) - (SELECT COUNT(*) FROM event WHERE kind = 'NOTICE_ACKNOWLEDGED')) AS n",
    ),
    (
        "each request to units is in the log",
        "SELECT COUNT(*) AS n FROM bed_update_request q WHERE NOT EXISTS (SELECT 1 FROM event e WHERE e.row_id = q.id)",
    ),
    (
        "each report that counts is kept",
        "SELECT COUNT(*) AS n FROM bed_unit u WHERE u.report_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM bed_report r WHERE r.id = u.report_id)",
    ),
    (
        "each unit keeps the places that its active holds say",
        "SELECT COUNT(*) AS n FROM bed_unit u WHERE JSON_LENGTH(u.held) <> (SELECT COUNT(*) FROM bed_hold h WHERE h.bed_unit_id = u.id AND h.state = 'ACTIVE')",
    ),
    (
        "each hold stands where its last event left it",
        "SELECT COUNT(*) AS n FROM bed_hold h WHERE h.generation <> (SELECT COALESCE(MAX(row_version), 0) FROM event e WHERE e.row_id = h.id)",
    ),
    (
        "each sealed entry is in the log",
        "SELECT COUNT(*) AS n FROM handoff_entry s WHERE s.version <> (SELECT COALESCE(MAX(row_version), 0) FROM event e WHERE e.row_id = s.id)",
    ),
    (
        "each sealed entry has its handoff's key",
        "SELECT COUNT(*) AS n FROM handoff_entry s WHERE NOT EXISTS (SELECT 1 FROM handoff_key k WHERE k.handoff_id = s.handoff_id)",
    ),
    (
        "each consent stands where its last event left it",
        "SELECT COUNT(*) AS n FROM consent c WHERE c.version <> (SELECT COALESCE(MAX(row_version), 0) FROM event e WHERE e.row_id = c.id)",
    ),
    (
        "no address and no name of staff is in plain",
        "SELECT COUNT(*) AS n FROM on_call WHERE steps LIKE '%\"address\":\"%' OR steps LIKE '%\"label\":\"%'",
    ),
    (
        "who is reached at a browser no more has left nothing of it",
        "SELECT COUNT(*) AS n FROM push_subscription WHERE (state = 'ACTIVE') <> (sealed IS NOT NULL)",
    ),
    (
        "each call stands where its last event left it",
        "SELECT COUNT(*) AS n FROM call c WHERE c.version <> (SELECT COALESCE(MAX(row_version), 0) FROM event e WHERE e.row_id = c.id)",
    ),
    (
        "each call that goes on has its alarm, and no other",
        "SELECT COUNT(*) AS n FROM call c WHERE (c.next_at IS NOT NULL) <>
          EXISTS (SELECT 1 FROM due d WHERE d.row_id = c.id AND d.kind = 'CALL_STEP')",
    ),
    (
        "each line of the ledger is about a handoff that is there",
        "SELECT COUNT(*) AS n FROM disclosure d WHERE NOT EXISTS (SELECT 1 FROM handoff h WHERE h.id = d.handoff_id)",
    ),
    (
        "each change of the log has its audit line",
        "SELECT COUNT(*) AS n FROM (SELECT row_id, row_version FROM event EXCEPT SELECT row_id, row_version FROM audit_entry) AS unaudited",
    ),
];

impl Store {
    /// Asks the database about each promise. Run it with the hub stopped, or after the relay has caught up.
    pub async fn verify(&self) -> Result<Vec<Finding>, Error> {
        self.verify_against(&[]).await
    }

    /// The same, and whether the chain goes on from each of its ends that somebody kept elsewhere.
    pub async fn verify_against(&self, kept: &[ChainEnd]) -> Result<Vec<Finding>, Error> {
        let mut findings = Vec::with_capacity(PROMISES.len());
        let tx = self.dialect().begin_read(&self.pools().readers).await?;
        self.dialect().be_patient(&tx).await?;
        for (promise, sql) in PROMISES {
            let sql = sql.replace("JSON_LENGTH(u.held)", self.dialect().json_length("u.held").as_str());
            let statement = Statement::from_string(self.dialect().backend(), sql);
            let row = tx.query_one_raw(statement).await?;
            let broken = row.map(|row| row.try_get::<i64>("", "n")).transpose()?.unwrap_or(0);
            findings.push(Finding { promise, broken });
        }
        findings.extend(chain::findings(self.dialect(), &tx, kept).await?);
        Ok(findings)
    }
}
