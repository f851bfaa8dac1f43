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

const PROMISES: [(&str, &str); 43] = [
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
        "each legal hold stands where its last event left it",
        "SELECT COUNT(*) AS n FROM legal_hold l WHERE l.version <> (SELECT COALESCE(MAX(row_version), 0) FROM event e WHERE e.row_id = l.id)",
    ),
    (
        "each legal hold that goes on has its alarm, and no other",
        "SELECT COUNT(*) AS n FROM legal_hold l WHERE (l.due_at IS NOT NULL) <>
          EXISTS (SELECT 1 FROM due d WHERE d.row_id = l.id AND d.kind = 'LEGAL_HOLD_CLOCK')",
    ),
    (
        "each guardian's step stands where its last event left it",
        "SELECT COUNT(*) AS n FROM guardian g WHERE g.version <> (SELECT COALESCE(MAX(row_version), 0) FROM event e WHERE e.row_id = g.id)",
    ),
    (
        "each guardian's step that waits has its alarm, and no other",
        "SELECT COUNT(*) AS n FROM guardian g WHERE (g.due_at IS NOT NULL) <>
          EXISTS (SELECT 1 FROM due d WHERE d.row_id = g.id AND d.kind = 'GUARDIAN_CLOCK')",
    ),
    (
        "no clock of law runs in a search that has ended",
        "SELECT (SELECT COUNT(*) FROM legal_hold l JOIN episode s ON s.id = l.episode_id WHERE l.ended_at IS NULL AND s.ended_at IS NOT NULL)
          + (SELECT COUNT(*) FROM guardian g JOIN episode s ON s.id = g.episode_id WHERE g.ended_at IS NULL AND s.ended_at IS NOT NULL) AS n",
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
        "each share stands where its last event left it",
        "SELECT COUNT(*) AS n FROM handoff_share s WHERE s.version <> (SELECT COALESCE(MAX(row_version), 0) FROM event e WHERE e.row_id = s.id)",
    ),
    (
        "nobody is told under a consent that is revoked",
        "SELECT COUNT(*) AS n FROM handoff_share s JOIN consent c ON c.id = s.consent_id WHERE c.revoked_at IS NOT NULL AND s.ended_at IS NULL",
    ),
    (
        "each threat that was told is in the log",
        "SELECT COUNT(*) AS n FROM threat_disclosure t WHERE t.version <> (SELECT COALESCE(MAX(row_version), 0) FROM event e WHERE e.row_id = t.id)",
    ),
    (
        "the ledger has a line of each threat that was told, and of each agency that is told by consent",
        "SELECT (SELECT COUNT(*) FROM threat_disclosure t WHERE NOT EXISTS (SELECT 1 FROM disclosure d
            WHERE d.handoff_id = t.handoff_id AND d.basis = 'THREAT' AND d.organization_id = t.to_id AND d.author_id = t.from_id))
          + (SELECT COUNT(*) FROM handoff_share s WHERE NOT EXISTS (SELECT 1 FROM disclosure d
            WHERE d.consent_id = s.consent_id AND d.basis = 'TOLD_BY_CONSENT' AND d.organization_id = s.agency_id)) AS n",
    ),
    (
        "each opening in an emergency stands where its last event left it",
        "SELECT COUNT(*) AS n FROM emergency_disclosure o WHERE o.version <> (SELECT COALESCE(MAX(row_version), 0) FROM event e WHERE e.row_id = o.id)",
    ),
    (
        "each opening in an emergency is in the ledger",
        "SELECT COUNT(*) AS n FROM emergency_disclosure o WHERE NOT EXISTS (SELECT 1 FROM disclosure d
          WHERE d.handoff_id = o.handoff_id AND d.basis = 'MEDICAL_EMERGENCY' AND d.grant_id = o.grant_id)",
    ),
    (
        "each opening in an emergency that nobody has reviewed has its alarm until it is late",
        "SELECT COUNT(*) AS n FROM emergency_disclosure o WHERE (o.review_by IS NOT NULL AND NOT o.late) <>
          EXISTS (SELECT 1 FROM due d WHERE d.row_id = o.id AND d.kind = 'EMERGENCY_REVIEW')",
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
        "each preservation stands where its last event left it",
        "SELECT COUNT(*) AS n FROM preservation p WHERE p.version <> (SELECT COALESCE(MAX(row_version), 0) FROM event e WHERE e.row_id = p.id)",
    ),
    (
        "nothing sealed is left of what was shredded",
        "SELECT COUNT(*) AS n FROM handoff h WHERE h.text_shredded_at IS NOT NULL AND NOT h.text_kept AND (h.on_behalf_of IS NOT NULL
          OR EXISTS (SELECT 1 FROM handoff_entry s WHERE s.handoff_id = h.id) OR EXISTS (SELECT 1 FROM handoff_key k WHERE k.handoff_id = h.id)
          OR EXISTS (SELECT 1 FROM threat_disclosure t WHERE t.handoff_id = h.id AND LENGTH(t.sealed) > 0)
          OR EXISTS (SELECT 1 FROM emergency_disclosure o WHERE o.handoff_id = h.id AND LENGTH(o.sealed) > 0))",
    ),
    (
        "each follow-up that is due has its alarm, and no other",
        "SELECT COUNT(*) AS n FROM follow_up f WHERE (f.state = 'DUE') <>
          EXISTS (SELECT 1 FROM due d WHERE d.row_id = f.id AND d.kind = 'FOLLOW_UP_CLOCK')",
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
